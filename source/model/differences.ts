import type {DifferentFile} from './wizard.js';

/** A line of a unified difference; `@` says where the following lines stand. */
export type DifferenceLine = {sign: '+' | '-' | ' ' | '@'; text: string};

/** What is to become of a generated file. Secrets are blotted out of the lines. */
export type FileDifference = DifferentFile & {
	/** `kept`: an edit that stays unless it is given up, because it was kept before and nothing else would be written since. */
	state: 'new' | 'changed' | 'edited' | 'kept' | 'removed';
	/** From the file on disk to what would be written. */
	lines: DifferenceLine[];
	/** From what was written last to the file on disk: what the person changed. Empty where that is not known. */
	own: DifferenceLine[];
	/** What a person should know of it, in sentences. */
	advice: string[];
};

export const stateWords: Record<FileDifference['state'], string> = {
	new: 'new',
	changed: 'changed',
	edited: 'edited by hand',
	kept: 'edited by hand, yours stays',
	removed: 'removed',
};

/** Where a change of this generated file belongs, so that it lasts; null where there is no such place. */
export const lastingPlace = (path: string): string | null => {
	if (path === 'compose.yaml') return 'compose.override.yaml';
	if (path === 'proxy/Caddyfile') return 'Caddyfile.d/ (files ending in .caddy)';
	if (path === 'specify7/local_settings.py') return 'local_settings.d/ (files ending in .py)';
	if (path === 'landing/index.html') return 'a page of your own, by a site in Caddyfile.d/ and hostnames.landing: null';
	if (path.startsWith('web-server/')) return "your web server's own folder, as a copy";
	return null;
};

/** A difference as lines for people, as `diff --unified` writes it. */
export const differenceText = ({path, state, lines, advice}: FileDifference): string[] => [
	`${path} (${stateWords[state]})`,
	...advice.map(sentence => `  ${sentence}`),
	...lines.map(({sign, text}) => (sign === '@' ? text : `${sign}${text}`)),
];
