import {join} from 'node:path';
import {type GeneratedFile, hashOf, isKeepable} from '../files/installation.js';
import {keptFile, previousFolder, stateFolder} from '../files/names.js';
import type {Host} from '../host/host.js';
import {readRecord} from '../host/record.js';
import type {EditState, Observation} from '../model/observation.js';
import type {Context} from './context.js';

type Place = Pick<Context, 'host' | 'directory'>;

/** Hashes by path: of what was written, two of them while a file is being replaced; or what is noted of edits that stay. */
export type Hashes = Record<string, string>;

export const hashesPath = (directory: string) => join(directory, stateFolder, 'hashes.json');

export const readHashes = async (host: Host, directory: string): Promise<Hashes> =>
	readRecord(host, hashesPath(directory));

/** What is noted of edits that stay: what was generated instead, what was when the edit was made, and the edit, as hashes. */
export const readKept = ({host, directory}: Place): Promise<Hashes> => readRecord(host, join(directory, keptFile));

/** Whether a hash is one of those that are noted. */
export const isAmong = (hash: string, noted: string | undefined) => noted?.split(' ').includes(hash) ?? false;

/**
 * Texts of files edited by hand that are to stay: those named now, and those kept earlier as long as what would be written
 * instead is the same. Paths are relative to the folder.
 * @param take files whose edits are to give way
 */
export const keptTexts = async (
	place: Place,
	files: readonly GeneratedFile[],
	keep: readonly string[],
	take: readonly string[] = [],
): Promise<Record<string, string>> => {
	const kept = await readKept(place);
	const texts = await Promise.all(
		files.map(async ({path, text, generated = text}) => {
			if (!isKeepable(path) || take.includes(path)) return [];
			if (!keep.includes(path) && kept[path]?.split(' ')[0] !== hashOf(generated)) return [];
			const current = await place.host.read(join(place.directory, path));
			return current === null || current === generated ? [] : [[path, current] as const];
		}),
	);
	return Object.fromEntries(texts.flat());
};

/** What was generated when an edit on disk was made, as a hash; undefined where that is not known. */
const originOf = (text: string, kept: string | undefined, written: string | undefined): string | undefined => {
	if (kept === undefined) return written?.split(' ')[0];
	const [instead, origin, edit] = kept.split(' ');
	// Whoever edits it again after it was kept may have put in what was missing.
	return edit === hashOf(text) ? origin : instead;
};

/** The edits that stand in place of generated files, or are to: how they relate to these, and what is noted of them. */
const editsIn = async ({host, directory, files}: Pick<Context, 'host' | 'directory' | 'files'>) => {
	const [kept, hashes] = await Promise.all([readKept({host, directory}), readHashes(host, directory)]);
	const edits = files.map(async ({path, text, generated}) => {
		if (generated === undefined) return [];
		const instead = hashOf(generated);
		const returns = (await host.read(join(directory, path))) !== text;
		const origin = (returns ? undefined : originOf(text, kept[path], hashes[path])) ?? instead;
		const state: EditState = returns ? 'returns' : origin === instead ? 'kept' : 'behind';
		const isNoted = isAmong(instead, kept[path]?.split(' ')[0]);
		return [{path, state, isNoted, note: `${instead} ${origin} ${hashOf(text)}`}];
	});
	return (await Promise.all(edits)).flat();
};

/** Generated files that are, or become again, as the user has edited them. */
export const keptEdits = async (
	context: Parameters<typeof editsIn>[0],
): Promise<Pick<Observation, 'edits' | 'keeping'>> => {
	const found = await editsIn(context);
	return {
		edits: Object.fromEntries(found.map(({path, state}) => [path, state])),
		keeping: found.flatMap(({path, state, isNoted}) => (isNoted || state === 'returns' ? [] : [path])),
	};
};

/** What is to be noted of the edits that stay; asked before they are written. */
export const keptNotes = async (context: Parameters<typeof editsIn>[0]): Promise<Hashes> =>
	Object.fromEntries((await editsIn(context)).map(({path, note}) => [path, note]));

/** Files that are not wanted any more and are not as they were written. */
export const staleEdits = async ({host, directory}: Place, stale: readonly string[]) => {
	const recorded = await readHashes(host, directory);
	const texts = await Promise.all(stale.map(async path => [path, await host.read(join(directory, path))] as const));
	return texts.flatMap(([path, text]) => (text !== null && !isAmong(hashOf(text), recorded[path]) ? [path] : []));
};

/** In a folder of earlier versions: which configuration replaced them, and which of them had been edited by hand. */
const replacedFile = 'replaced.json';

type Replaced = {
	/** The `specify.yaml` that was written, as a hash. */
	by: string;
	/** What was generated in their place then, by path. */
	edits: Hashes;
};

/** Notes, beside the copies in `folder`, what a run is about to replace. */
export const noteReplaced = (host: Host, folder: string, answers: string, edits: Hashes) =>
	host.write(join(folder, replacedFile), JSON.stringify({by: hashOf(answers), edits} satisfies Replaced), 0o600);

/** A configuration that was installed: its `specify.yaml`, and when it and the next one were, as `stampOf` writes it. */
export type Reign = {answers: string; from: string; until: string | undefined};

/** A file as it had been edited by hand under an earlier configuration. */
export type EarlierEdit = {
	text: string;
	/** What was generated in its place then, as hashes. */
	instead: string;
	/** Where it is kept. */
	copy: string;
};

/** The files that were edited by hand when a configuration gave way to another one, by path. */
export const editsUnder = async (
	{host, directory}: Place,
	{answers, from, until}: Reign,
): Promise<Record<string, EarlierEdit>> => {
	const previous = join(directory, previousFolder);
	const names = (await host.list(previous)).filter(name => name > from && (until === undefined || name < until));
	const own = hashOf(answers);
	let ended: {folder: string; edits: Hashes} | undefined;
	// The first run for other answers after the last one for these: what it replaced was theirs, what came later was not.
	for (const name of names.sort().reverse()) {
		const folder = join(previous, name);
		const {by, edits = {}} = (await readRecord<unknown>(host, join(folder, replacedFile))) as Partial<Replaced>;
		if (by === own) break;
		if (by !== undefined) ended = {folder, edits};
	}
	if (ended === undefined) return {};
	const {folder, edits} = ended;
	const found = Object.entries(edits)
		.filter(([path]) => isKeepable(path))
		.map(async ([path, instead]) => {
			const copy = join(folder, path);
			const text = await host.read(copy);
			return text === null ? [] : [[path, {text, instead, copy}] as const];
		});
	return Object.fromEntries((await Promise.all(found)).flat());
};

/**
 * Texts of an earlier configuration's edits that may come back: where something else would be generated now than then,
 * such as by another version of this program, nobody knows whether the edit still fits the other files.
 */
export const fittingTexts = (
	files: readonly GeneratedFile[],
	earlier: Readonly<Record<string, EarlierEdit>>,
): Record<string, string> =>
	Object.fromEntries(
		files.flatMap(({path, text, generated = text}) => {
			const edit = earlier[path];
			return edit && isAmong(hashOf(generated), edit.instead) ? [[path, edit.text]] : [];
		}),
	);
