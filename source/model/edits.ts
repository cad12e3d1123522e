import type {EditState, Observation} from './observation.js';

/** What becomes of a file that somebody edited by hand, as the end of a sentence that begins with its path. */
export const editMeanings = {
	kept: 'stays as it was edited by hand',
	behind: 'stays as it was edited by hand, and is not as the answers want it: what they change in it takes no effect',
	returns: 'becomes again what it had been edited to by hand',
	outdated:
		'does not come back as it had been edited by hand: something else would be generated in its place now than then',
} as const satisfies Record<EditState | 'outdated', string>;

/** An edit by hand as the plan tells it. */
export type PlannedEdit = {path: string; state: EditState | 'outdated'; meaning: string; copy?: string};

/** What becomes of edits that are not just replaced. @param outdated those that do not come back, with their copies */
export const plannedEdits = (
	{edits}: Pick<Observation, 'edits'>,
	outdated: readonly {path: string; copy: string}[],
): PlannedEdit[] => [
	...Object.entries(edits).map(([path, state]) => ({path, state, meaning: `${path} ${editMeanings[state]}.`})),
	...outdated.map(({path, copy}) => ({
		path,
		state: 'outdated' as const,
		meaning: `${path} ${editMeanings.outdated}; it is kept as ${copy}.`,
		copy,
	})),
];
