import type {DumpFacts} from '../database/inspect.js';
import type {Answers} from '../model/answers.js';
import type {JournalEntry} from '../model/events.js';
import type {Secrets} from '../model/secrets.js';
import {followJournal, journalPath, latestJournal, newRunName} from '../run/journal.js';
import {startDetached} from '../run/process.js';
import type {EarlierEdit} from '../steps/edits.js';
import {version} from '../version.js';
import {commandLine} from './command-line.js';

export type BegunRun = {
	run: string;
	/** The run's journal from its beginning, as it is written. */
	entries(signal?: AbortSignal): AsyncGenerator<JournalEntry>;
	/** Asks the run to stop safely. */
	stop(): void;
};

/** Starts a run as a process of its own and returns how to watch it. */
export const beginRun = async (request: {
	command: string;
	directory: string;
	answers: Answers;
	dump: DumpFacts | null;
	secrets?: Partial<Secrets>;
	keep?: readonly string[];
	take?: readonly string[];
	earlier?: Readonly<Record<string, EarlierEdit>>;
}): Promise<BegunRun> => {
	const {directory} = request;
	const run = newRunName(new Date(), latestJournal(directory));
	const reconfigure = commandLine('reconfigure', directory);
	const {isAlive, stop} = await startDetached({run, version, reconfigure, ...request});
	return {run, stop, entries: signal => followJournal(journalPath(directory, run), {isAlive, signal})};
};
