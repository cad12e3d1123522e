import {exitCodes} from '../errors.js';
import type {JournalEntry} from '../model/events.js';
import {PlainReporter} from '../plain/reporter.js';
import {commandLine} from './command-line.js';
import {tell} from './output.js';

/**
 * Shows a run on the live screen; when it is left, what came of it stays behind as lines.
 * @param entries gives the run's journal from its beginning, until the signal fires
 * @param stop asks the run to stop safely; absent when that is not possible
 * @returns the run's exit code; 0 when the view was left and the run goes on; "retry" when that was asked for after a failure
 */
export const viewRun = async ({
	directory,
	entries,
	stop,
	canRetry = false,
}: {
	directory: string;
	entries(signal: AbortSignal): AsyncIterable<JournalEntry>;
	stop?(): void;
	canRetry?: boolean;
}): Promise<number | 'retry'> => {
	const {view} = await import('../ink/view.js');
	const controller = new AbortController();
	const reporter = new PlainReporter();
	let finished: JournalEntry | undefined;
	async function* noted() {
		for await (const entry of entries(controller.signal)) {
			if (entry.type === 'run.started') reporter.take(entry);
			if (entry.type === 'run.finished') finished = entry;
			yield entry;
		}
	}
	const result = await view({entries: noted(), stop, canRetry});
	controller.abort();
	if (result.how === 'retry') return 'retry';
	const {ending} = result.progress;
	if (result.how === 'left' || !ending) {
		tell(`The run goes on. Watch it with "${commandLine('attach', directory)}".`);
		return exitCodes.done;
	}
	if (finished) tell(...reporter.take(finished).filter(line => line !== ''));
	else tell(ending.message, `What to do: ${ending.hint}`);
	return ending.exitCode;
};

/** Shows a run of the past on the live screen, until it is left. */
export const viewReplay = async (entries: (signal: AbortSignal) => AsyncIterable<JournalEntry>): Promise<void> => {
	const {view} = await import('../ink/view.js');
	const controller = new AbortController();
	await view({entries: entries(controller.signal), live: false});
	controller.abort();
};
