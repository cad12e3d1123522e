import {readdir, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';

export type PathCompletion = {
	/** The text, continued as far as there is no choice. */
	completion: string;
	/** Names that fit, without the folder they are in; folders end with a slash. */
	candidates: string[];
};

const maxCandidates = 50;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a name with control characters would draw on the terminal
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** A path as people type it, with the home folder for `~`. */
export const expandHome = (path: string) =>
	path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;

/** The beginning all names have in common, never half a character. */
const commonStart = (names: readonly string[]) => {
	const [first = '', ...rest] = names;
	let start = '';
	for (const character of first) {
		if (!rest.every(name => name.startsWith(start + character))) break;
		start += character;
	}
	return start;
};

const collator = new Intl.Collator('en', {numeric: true});

const entriesOf = async (folder: string, start: string) => {
	const entries = await readdir(folder, {withFileTypes: true});
	const fitting = entries.filter(
		({name}) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')) && !control.test(name),
	);
	return Promise.all(
		fitting.map(async entry => {
			// What a link leads to counts; one that leads nowhere is neither.
			const facts = entry.isSymbolicLink() ? await stat(join(folder, entry.name)).catch(() => null) : entry;
			return {name: entry.name, isFolder: facts?.isDirectory() ?? false, isFile: facts?.isFile() ?? false};
		}),
	);
};

/**
 * Completes a path as a shell does: `~` is the home folder, hidden names fit only when their dot is typed. Never throws:
 * a folder that cannot be read has nothing in it. At most 50 candidates are told, the completion regards all.
 * @param extensions files must end with one of these, such as `.sql.gz`, in any case; folders always fit
 */
export const completePath = async (
	text: string,
	{extensions = [], foldersOnly = false}: {extensions?: readonly string[]; foldersOnly?: boolean} = {},
): Promise<PathCompletion> => {
	if (text === '~') return {completion: '~/', candidates: ['~/']};
	const cut = text.lastIndexOf('/') + 1;
	const start = text.slice(cut);
	const endings = extensions.map(extension => extension.toLowerCase());
	const fits = (name: string) => endings.length === 0 || endings.some(ending => name.toLowerCase().endsWith(ending));
	try {
		const entries = await entriesOf(expandHome(text.slice(0, cut)) || '.', start);
		const names = entries.flatMap(({name, isFolder, isFile}) => {
			if (isFolder) return [`${name}/`];
			return isFile && !foldersOnly && fits(name) ? [name] : [];
		});
		if (start === '..') names.push('../');
		names.sort(collator.compare);
		return {completion: text + commonStart(names).slice(start.length), candidates: names.slice(0, maxCandidates)};
	} catch {
		return {completion: text, candidates: []};
	}
};
