import type {Answers} from './answers.js';
import type {ObservedDatabase} from './observation.js';

/**
 * What to do about the database of the answers. Nothing anybody may have worked in is ever removed: `drop` is for what
 * an interrupted first start or load of ours left and nobody used; `aside` renames the tables into another database.
 */
export type StartDecision =
	| {kind: 'keep'; finish: boolean; warning: string | null}
	| {kind: 'refuse'; message: string; hint: string}
	| {kind: 'make'; clear: 'nothing' | 'drop' | 'aside'; note: string | null};

const keep = (finish = false, warning: string | null = null): StartDecision => ({kind: 'keep', finish, warning});
const make = (clear: 'nothing' | 'drop' | 'aside', note: string | null = null): StartDecision => ({
	kind: 'make',
	clear,
	note,
});

/** @param startedAt when the container of Specify 7 started last, milliseconds since 1970; null when there is none */
export const decideStart = (
	{name, start, dump}: Answers['database'],
	found: ObservedDatabase,
	startedAt: number | null,
): StartDecision => {
	// A container that was made and never started says the year 1.
	const specifyStartedAt = startedAt !== null && startedAt > 0 ? startedAt : null;
	const holdsData = (found.tables ?? 0) > 0;
	if (!holdsData) {
		const [other] = found.others;
		if (other !== undefined)
			return {
				kind: 'refuse',
				message: `the data of this installation are in the database ${other}, not in ${name}`,
				hint: `The name cannot be changed once there are data. Set database.name back: --set database.name=${other}`,
			};
		// Specify cannot start on an empty database that it did not make itself (specify/specify7#8107).
		return found.tables === 0
			? make('drop', `The database ${name} had no tables and is removed, so that it can be made anew.`)
			: make('nothing');
	}
	if (found.start === null) return keep();
	const {kind, source, finished, begunAt} = found.start;
	if (finished) {
		if (start === 'empty' || (kind === 'dump' && source === dump)) return keep();
		return {
			kind: 'refuse',
			message:
				kind === 'dump'
					? `the database ${name} was loaded from ${source} already`
					: `the database ${name} was begun empty and is in use`,
			hint: `Another dump cannot be loaded over it: ${kind === 'dump' ? `set database.dump back to ${source}` : 'set database.start back to empty and database.dump to null'}, or install into a folder of another name.`,
		};
	}
	if (kind === 'empty') {
		if (found.users === null) return keep();
		if (found.users > 0) return keep(true);
		return start === 'empty'
			? make('nothing')
			: make('drop', 'The empty database that Specify had begun to make is removed; it held nothing yet.');
	}
	if (specifyStartedAt !== null && specifyStartedAt > begunAt)
		return keep(
			true,
			`The load of ${source} was not recorded as finished, but Specify has been started on the database since: it is kept as it is. Check that nothing is missing.`,
		);
	if (!found.migrator || specifyStartedAt !== null)
		return make('drop', 'An earlier load was interrupted; what it left is removed and the load begins afresh.');
	return make('aside', 'An earlier load was interrupted; what it left is set aside and the load begins afresh.');
};
