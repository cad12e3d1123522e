import {readdir, readFile, readlink} from 'node:fs/promises';
import type {Process} from './host.js';

/** Every process that this user can see (Linux; elsewhere nothing is found). */
export const processes = async (): Promise<Process[]> => {
	const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
	const found = pids.map(async pid => {
		const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
		if (line === '') return [];
		return [{args: line.replace(/\0$/, '').split('\0'), folder: await readlink(`/proc/${pid}/cwd`).catch(() => null)}];
	});
	return (await Promise.all(found)).flat();
};
