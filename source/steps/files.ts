import {join} from 'node:path';
import {hashOf, isKeepable} from '../files/installation.js';
import {keptFile, previousFolder, stampOf, stateFolder, userFolders} from '../files/names.js';
import type {Context, Step} from './context.js';
import {type Hashes, hashesPath, isAmong, keptNotes, noteReplaced, readHashes, staleEdits} from './edits.js';
import {preparePrivate} from './proxy.js';

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
			return [path, isAmong(hashOf(current), recorded[path]) ? 'different' : 'edited'] as const;
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

/** What to do about an edit that is kept although the answers change its file. */
export const standsInTheWay =
	'"specify-setup reconfigure" shows the difference (d), and takes the new one if you like (n, or --take); a copy of yours is kept.';

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
	const kept = context.kept ?? (await keptNotes(context));
	const edited = [
		...changing.map(({path}) => path).filter(path => observation.files[path] === 'edited'),
		...(await staleEdits(context, stale)),
	];
	// Edits that stay belong to the configuration of before as well.
	const edits = [...edited, ...Object.keys(observation.edits).filter(path => observation.edits[path] !== 'returns')];
	if (changing.length + stale.length > 0) {
		// Every earlier version is safe before the first one is replaced.
		for (const path of new Set([...changing.map(({path}) => path), ...stale, ...edits])) {
			const text = await host.read(join(directory, path));
			if (text !== null) await host.write(join(previous, path), text, 0o600);
		}
		const known = edits.filter(path => isKeepable(path) && before[path] !== undefined);
		const {text} = files.find(({path}) => path === 'specify.yaml')!;
		if (Object.keys(before).length > 0)
			await noteReplaced(host, previous, text, Object.fromEntries(known.map(path => [path, before[path]!])));
	}
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
	for (const {path, generated} of files) {
		if (generated === undefined) continue;
		if (observation.edits[path] === 'returns')
			yield {type: 'note', level: 'info', message: `${path} is again as you had edited it.`};
		else if (observation.edits[path] === 'behind' && !isAmong(hashOf(generated), before[path]))
			yield {
				type: 'note',
				level: 'warning',
				message: `${path} stays as you edited it: what the answers change in it does not take effect.`,
				hint: standsInTheWay,
			};
	}
	for (const {path, copy} of context.outdated ?? [])
		yield {
			type: 'note',
			level: 'warning',
			message: `${path} does not come back as you had edited it: something else would be generated in its place now.`,
			hint: `Your version is ${copy}.`,
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
	if (Object.keys(kept).length > 0 || (await host.stat(join(directory, keptFile))) !== null)
		await host.write(join(directory, keptFile), JSON.stringify(kept, null, '\t'), 0o600);
	const {keeping} = observation;
	if (changing.length + stale.length === 0 && keeping.length > 0)
		return {changed: true, summary: `${keeping.join(', ')} stays as you edited it.`};
	return {
		changed: changing.length + stale.length > 0,
		summary:
			changing.length + stale.length === 0
				? `The files in ${directory} are as they should be.`
				: `${changing.length} files written in ${directory}${stale.length > 0 ? `, ${stale.length} removed` : ''}.`,
	};
};
