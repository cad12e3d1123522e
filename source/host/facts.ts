import {readFile} from 'node:fs/promises';
import {availableParallelism, totalmem, userInfo} from 'node:os';
import type {MachineFacts} from './host.js';

/** The user's name, or number where there is no entry for it. */
export const userName = () => {
	try {
		return userInfo().username;
	} catch {
		return String(process.getuid?.() ?? 'unknown');
	}
};

/** Memory and swap (bytes), processors, user and time zone of the machine this process runs on. */
export const machineFacts = async (): Promise<MachineFacts> => {
	const swap = /^SwapTotal:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8').catch(() => ''));
	return {
		memory: totalmem(),
		swap: Number(swap?.[1] ?? 0) * 1024,
		processors: availableParallelism(),
		user: userName(),
		// Asked of Node when it is read: loading its tables of dates takes 10 ms, and the first screen shows no time zone.
		get timezone() {
			return Intl.DateTimeFormat().resolvedOptions().timeZone;
		},
	};
};
