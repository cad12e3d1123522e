import {join} from 'node:path';
import {structuredPatch} from 'diff';
import {redactorOf} from '../doctor/secrets.js';
import {ownLines} from '../files/environment.js';
import {type GeneratedFile, hashOf, installationFiles, isKeepable} from '../files/installation.js';
import {environmentCopy, previousFolder, secretsFolder, stateFolder} from '../files/names.js';
import type {Answers} from '../model/answers.js';
import {type DifferenceLine, type FileDifference, lastingPlace} from '../model/differences.js';
import type {FileState} from '../model/observation.js';
import {redactor, withoutNamedSecrets} from '../model/redact.js';
import type {Context} from '../steps/context.js';
import {readHashes} from '../steps/edits.js';

const contextLines = 3;
/** A text that has nothing in common with the other is shown as removed and added. */
const patienceMs = 2000;

const signs = new Set(['+', '-', ' ']);

const linesOf = (before: string, after: string): DifferenceLine[] => {
	const patch = structuredPatch('', '', before, after, '', '', {context: contextLines, timeout: patienceMs});
	if (!patch) {
		const rows = (text: string, sign: '+' | '-') => text.split('\n').map(row => ({sign, text: row}));
		return [...rows(before, '-'), ...rows(after, '+')];
	}
	return patch.hunks.flatMap(({oldStart, oldLines, newStart, newLines, lines}) => [
		{sign: '@' as const, text: `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`},
		...lines.map((line): DifferenceLine => {
			const sign = line.slice(0, 1);
			return signs.has(sign) ? {sign: sign as '+', text: line.slice(1)} : {sign: ' ', text: line};
		}),
	]);
};

const holdsSecrets = (path: string) =>
	path === '.env' || path === environmentCopy || path.startsWith(`${secretsFolder}/`);

const adviceOn = (path: string, state: FileDifference['state']): string[] => {
	const lasting = lastingPlace(path);
	const place = lasting === null ? [] : [`Lasting changes belong into ${lasting}.`];
	if (state === 'kept')
		return [
			`It stays as you edited it, unless you take the new one: yours is saved in ${previousFolder}/ then.`,
			...place,
		];
	if (state === 'removed') return [`It is not needed any more: it is saved in ${previousFolder}/ and removed.`];
	if (state !== 'edited') return [];
	if (path === 'specify.yaml')
		return [`Its answers are taken over, its comments are not; yours is saved in ${previousFolder}/.`];
	return [
		`You have edited it. Unless you keep it, yours is saved in ${previousFolder}/ and the new one written.`,
		...place,
	];
};

const stateOf = ({generated}: GeneratedFile, seen: FileState): FileDifference['state'] | null => {
	if (seen === 'same') return generated === undefined ? null : 'kept';
	return seen === 'missing' ? 'new' : seen === 'different' ? 'changed' : 'edited';
};

/** What was written last, by path, as far as it can be told: made again, and recognised by its hash. */
const writtenLast = async (context: Context, installed: Answers): Promise<Map<string, string>> => {
	const {host, directory, project, secrets, former, observation} = context;
	const [hashes, environment] = await Promise.all([readHashes(host, directory), host.read(join(directory, '.env'))]);
	const own = environment === null ? [] : ownLines(environment);
	const {memory} = observation;
	return new Map(
		installationFiles({project, answers: installed, secrets: {...secrets, ...former}, memory, own}).flatMap(
			({path, text}) => (hashes[path]?.split(' ').includes(hashOf(text)) ? [[path, text] as const] : []),
		),
	);
};

/**
 * Every generated file that is not as it would be written, and those that stay as somebody edited them.
 * Texts of secret files are left out, and secrets of the installation are blotted out of all the others.
 */
export const differencesOf = async (context: Context, installed: Answers): Promise<FileDifference[]> => {
	const {host, directory, answers, files, observation, secrets} = context;
	const [redactKnown, last] = await Promise.all([
		redactorOf({host, directory}, answers),
		writtenLast(context, installed),
	]);
	const redactNew = redactor(Object.values(secrets));
	const safe = (text: string) => withoutNamedSecrets(redactNew(redactKnown(text)));
	const removed = Object.entries(observation.files)
		.filter(([path, state]) => state === 'stale' && !path.startsWith(`${stateFolder}/`))
		.map(async ([path]): Promise<FileDifference> => {
			const lines = linesOf(safe((await host.read(join(directory, path))) ?? ''), '');
			const advice = adviceOn(path, 'removed');
			return {path, state: 'removed', keepable: false, hasOwn: false, lines, own: [], advice};
		});
	const differences = files.map(async (file): Promise<FileDifference[]> => {
		const {path, text, generated = text} = file;
		const state = stateOf(file, observation.files[path] ?? 'missing');
		if (state === null) return [];
		const difference = {path, state, keepable: false, hasOwn: false, lines: [], own: []};
		if (holdsSecrets(path)) return [{...difference, advice: ['It holds secrets; it is not shown.']}];
		if (path.startsWith(`${stateFolder}/`))
			return [{...difference, advice: ["It is the tool's own; it is not shown."]}];
		const disk = (await host.read(join(directory, path))) ?? '';
		const lines = linesOf(safe(disk), safe(generated));
		const before = last.get(path);
		const own =
			state === 'edited' && before !== undefined && before !== generated ? linesOf(safe(before), safe(disk)) : [];
		const advice = adviceOn(path, state);
		if (own.length > 0 || observation.edits[path] === 'behind')
			advice.push('What the answers change in it takes effect with the new one only.');
		if (lines.length === 0 && state !== 'new')
			advice.push('Its lines are the same; what differs is its mode, or a secret, which is not shown.');
		return [
			{
				...difference,
				lines,
				own,
				hasOwn: own.length > 0,
				keepable: (state === 'edited' || state === 'kept') && isKeepable(path),
				advice,
			},
		];
	});
	const found = [...(await Promise.all(differences)).flat(), ...(await Promise.all(removed))];
	// Those about which there is something to decide come first.
	const urgency = ({keepable, state}: FileDifference) => (keepable ? (state === 'edited' ? 0 : 1) : 2);
	return found.sort((one, other) => urgency(one) - urgency(other));
};
