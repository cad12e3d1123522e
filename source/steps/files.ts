import {join} from 'node:path';
import {hashOf} from '../files/installation.js';
import {stateFolder, userFolders} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Context, Step} from './context.js';
import {preparePrivate} from './proxy.js';

const hashesPath = (directory: string) => join(directory, stateFolder, 'hashes.json');

type Hashes = Record<string, string>;

/** How a generated file on disk compares to its new text, and to what was written last. */
export const compareFiles = async ({
	host,
	directory,
	files,
}: Pick<Context, 'host' | 'directory' | 'files'>): Promise<Context['observation']['files']> => {
	const recorded = await readHashes(host, directory);
	const entries = await Promise.all(
		files.map(async ({path, text, mode}) => {
			const full = join(directory, path);
			const [current, facts] = await Promise.all([host.read(full), host.stat(full)]);
			if (current === null) return [path, 'missing'] as const;
			if (current === text) return [path, facts?.mode === mode ? 'same' : 'different'] as const;
			const known = recorded[path];
			return [path, known === hashOf(current) ? 'different' : 'edited'] as const;
		}),
	);
	return Object.fromEntries(entries);
};

const readHashes = async (host: Host, directory: string): Promise<Hashes> =>
	JSON.parse((await host.read(hashesPath(directory))) ?? '{}') as Hashes;

/** Writes the generated files; keeps a copy of each version it replaces. */
export const writeFiles: Step = async function* (context) {
	const {host, directory, files, observation} = context;
	await host.makeFolder(directory, 0o755);
	await host.makeFolder(join(directory, stateFolder), 0o700);
	// Secret files in it are readable by the users of containers: the folder keeps everybody else out.
	await host.setMode(join(directory, stateFolder), 0o700);
	for (const folder of [...userFolders, 'backups', 'specify7/authorities'])
		await host.makeFolder(join(directory, folder), folder === 'backups' ? 0o700 : 0o755);
	const previous = join(directory, stateFolder, 'previous', new Date().toISOString().replace(/[:.]/g, '-'));
	let written = 0;
	for (const {path, text, mode} of files) {
		const state = observation.files[path];
		if (state === 'same') continue;
		const full = join(directory, path);
		if (state !== 'missing') {
			await host.write(join(previous, path), (await host.read(full)) ?? '', 0o600);
			if (state === 'edited')
				yield {
					type: 'note',
					level: 'warning',
					message: `${path} was edited by hand; your version is kept as ${join(previous, path)}.`,
					hint:
						path === 'specify.yaml'
							? 'specify.yaml now holds the answers of this run.'
							: 'Lasting changes belong into compose.override.yaml, Caddyfile.d/ or local_settings.d/.',
				};
		}
		await host.write(full, text, mode);
		written += 1;
	}
	await preparePrivate(context);
	const hashes: Hashes = Object.fromEntries(files.map(({path, text}) => [path, hashOf(text)]));
	await host.write(hashesPath(directory), JSON.stringify(hashes, null, '\t'), 0o600);
	return {
		changed: written > 0,
		summary:
			written === 0 ? `The files in ${directory} are as they should be.` : `${written} files written in ${directory}.`,
	};
};
