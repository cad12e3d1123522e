import {join} from 'node:path';
import {type GeneratedFile, hashOf, isKeepable} from '../files/installation.js';
import {keptFile, previousFolder, stampOf, stateFolder, userFolders} from '../files/names.js';
import type {Host} from '../host/host.js';
import {readRecord} from '../host/record.js';
import type {Context, Step} from './context.js';
import {preparePrivate} from './proxy.js';

const hashesPath = (directory: string) => join(directory, stateFolder, 'hashes.json');

/** Hashes of what was written, by path; two of them while a file is being replaced. */
type Hashes = Record<string, string>;

/** How a generated file on disk compares to its new text, and to what was written last; also those that were written and are not wanted any more. */
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
			return [path, known?.split(' ').includes(hashOf(current)) ? 'different' : 'edited'] as const;
		}),
	);
	const wanted = new Set(files.map(({path}) => path));
	const stale = await Promise.all(
		Object.keys(recorded)
			.filter(path => !wanted.has(path))
			.map(async path => ((await host.stat(join(directory, path))) === null ? [] : [[path, 'stale'] as const])),
	);
	return Object.fromEntries([...entries, ...stale.flat()]);
};

export const readHashes = async (host: Host, directory: string): Promise<Hashes> =>
	readRecord(host, hashesPath(directory));

const writeHashes = ({host, directory}: Pick<Context, 'host' | 'directory'>, hashes: Hashes) =>
	host.write(hashesPath(directory), JSON.stringify(hashes, null, '\t'), 0o600);

/** Records again what was written where the record is lost: later it would be taken for hand edits. */
export const completeHashes = async (context: Pick<Context, 'host' | 'directory' | 'files'>) => {
	const {host, directory, files} = context;
	const recorded = await readHashes(host, directory);
	const found = files.map(async ({path, text, generated = text}) =>
		recorded[path] === undefined && (await host.read(join(directory, path))) === text
			? [[path, hashOf(generated)] as const]
			: [],
	);
	const lost = (await Promise.all(found)).flat();
	if (lost.length > 0) await writeHashes(context, {...recorded, ...Object.fromEntries(lost)});
};

/**
 * Texts of files edited by hand that are to stay: those named now, and those kept earlier as long as what would be written
 * instead is the same. Paths are relative to the folder.
 */
export const keptTexts = async (
	{host, directory}: Pick<Context, 'host' | 'directory'>,
	files: readonly GeneratedFile[],
	keep: readonly string[],
): Promise<Record<string, string>> => {
	const kept = await readRecord(host, join(directory, keptFile));
	const texts = await Promise.all(
		files.map(async ({path, text, generated = text}) => {
			if (!isKeepable(path) || (!keep.includes(path) && kept[path] !== hashOf(generated))) return [];
			const current = await host.read(join(directory, path));
			return current === null || current === generated ? [] : [[path, current] as const];
		}),
	);
	return Object.fromEntries(texts.flat());
};

/** The list of files that had been edited by hand, in a folder of earlier versions. */
const editedList = 'edited.json';

/**
 * Files that were edited by hand when a run last replaced some, with their texts, by path.
 * @param since a moment as `stampOf` writes it; what was replaced before does not count
 */
export const replacedEdits = async (
	{host, directory}: Pick<Context, 'host' | 'directory'>,
	since: string,
): Promise<Record<string, string>> => {
	const previous = join(directory, previousFolder);
	const names = (await host.list(previous)).filter(name => name > since).sort();
	for (const name of names.reverse()) {
		const folder = join(previous, name);
		const list = join(folder, editedList);
		if ((await host.stat(list)) === null) continue;
		const paths = Object.values(await readRecord(host, list)).filter(isKeepable);
		const texts = paths.map(async path => [path, (await host.read(join(folder, path))) ?? ''] as const);
		return Object.fromEntries(await Promise.all(texts));
	}
	return {};
};

/** Files that are not wanted any more and are not as they were written. */
export const staleEdits = async ({host, directory}: Pick<Context, 'host' | 'directory'>, stale: readonly string[]) => {
	const recorded = await readHashes(host, directory);
	const texts = await Promise.all(stale.map(async path => [path, await host.read(join(directory, path))] as const));
	return texts.flatMap(([path, text]) =>
		text !== null && !recorded[path]?.split(' ').includes(hashOf(text)) ? [path] : [],
	);
};

/** What to do about an edit that is kept although the answers change its file. */
export const standsInTheWay =
	'"specify-setup reconfigure" shows the difference (d), and takes the new one if you like; a copy of yours is kept.';

/** Writes the generated files; keeps a copy of each version it replaces. */
export const writeFiles: Step = async function* (context) {
	const {host, directory, files, observation} = context;
	await host.makeFolder(directory, 0o755);
	await host.makeFolder(join(directory, stateFolder), 0o700);
	// Secret files in it are readable by the users of containers: the folder keeps everybody else out.
	await host.setMode(join(directory, stateFolder), 0o700);
	for (const folder of [...userFolders, 'backups', 'specify7/authorities'])
		await host.makeFolder(join(directory, folder), folder === 'backups' ? 0o700 : 0o755);
	const previous = join(directory, previousFolder, stampOf());
	const changing = files.filter(({path}) => observation.files[path] !== 'same');
	const stale = Object.keys(observation.files).filter(path => observation.files[path] === 'stale');
	const before = await readHashes(host, directory);
	const edited = [
		...changing.map(({path}) => path).filter(path => observation.files[path] === 'edited'),
		...(await staleEdits(context, stale)),
	];
	// Every earlier version is safe before the first one is replaced.
	for (const path of [...changing.map(({path}) => path), ...stale]) {
		const text = await host.read(join(directory, path));
		if (text !== null) await host.write(join(previous, path), text, 0o600);
	}
	if (edited.length > 0) await host.write(join(previous, editedList), JSON.stringify(edited), 0o600);
	const hashes: Hashes = Object.fromEntries(files.map(({path, text, generated = text}) => [path, hashOf(generated)]));
	// A run that ends in the middle leaves old and new files: neither is a hand edit.
	if (changing.length + stale.length > 0)
		await writeHashes(
			context,
			Object.fromEntries(
				[...files.map(({path}) => path), ...stale].map(path => [
					path,
					[before[path], hashes[path]].filter(Boolean).join(' '),
				]),
			),
		);
	for (const {path, text, mode} of changing) {
		await host.write(join(directory, path), text, mode);
		if (edited.includes(path))
			yield {
				type: 'note',
				level: 'warning',
				message: `${path} was edited by hand; your version is kept as ${join(previous, path)}.`,
				hint:
					path === 'specify.yaml' || path === '.env'
						? `${path} now holds the ${path === '.env' ? 'secrets' : 'answers'} of this run.`
						: `To keep your version instead: --keep ${path}. Lasting changes belong into compose.override.yaml, Caddyfile.d/ or local_settings.d/.`,
			};
	}
	for (const {path, generated} of files)
		if (generated !== undefined && before[path] && !before[path].split(' ').includes(hashOf(generated)))
			yield {
				type: 'note',
				level: 'warning',
				message: `${path} stays as you edited it: what the answers change in it does not take effect.`,
				hint: standsInTheWay,
			};
	for (const path of stale) {
		await host.remove(join(directory, path));
		if (edited.includes(path))
			yield {
				type: 'note',
				level: 'warning',
				message: `${path}, which you had edited by hand, is not used any more and was removed; it is kept as ${join(previous, path)}.`,
			};
	}
	await preparePrivate(context);
	await writeHashes(context, hashes);
	const kept: Hashes = Object.fromEntries(
		files.flatMap(({path, generated}) => (generated === undefined ? [] : [[path, hashOf(generated)]])),
	);
	if (Object.keys(kept).length > 0 || (await host.stat(join(directory, keptFile))) !== null)
		await host.write(join(directory, keptFile), JSON.stringify(kept, null, '\t'), 0o600);
	return {
		changed: changing.length + stale.length > 0,
		summary:
			changing.length + stale.length === 0
				? `The files in ${directory} are as they should be.`
				: `${changing.length} files written in ${directory}${stale.length > 0 ? `, ${stale.length} removed` : ''}.`,
	};
};
