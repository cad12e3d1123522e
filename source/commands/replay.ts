import {setTimeout as sleep} from 'node:timers/promises';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {canDraw} from '../ink/can-draw.js';
import type {JournalEntry} from '../model/events.js';
import {readJournal} from '../run/journal.js';
import {show} from './output.js';
import {viewReplay} from './view.js';

/** Nobody wants to watch a machine wait: longer gaps of a journal are shortened to this on the live screen. */
const longestGapMs = 3000;

export const help = `specify-setup replay JOURNAL [--speed N] [--plain | --json]

Shows a run again from its journal (DIR/.specify-setup/journals/). It changes
nothing.

  --speed N          N times as fast as it was; 0 shows the end at once. Without
                     it the live screen runs as fast as it was, gaps of more
                     than 3 seconds shortened; lines do not wait
  --plain, --json    lines for people, or one JSON object a line

Example
  specify-setup replay run.jsonl --speed 10`;

/** Yields entries at the pace they were written in, times `speed`; 0 does not wait. Ends when the signal fires. */
export async function* paced(
	entries: readonly JournalEntry[],
	{speed, longestMs = Number.POSITIVE_INFINITY, signal}: {speed: number; longestMs?: number; signal?: AbortSignal},
) {
	let before = entries[0]?.at ?? 0;
	// Kept as a time to be reached, so that what each pause takes too long does not add up.
	let due = performance.now();
	for (const entry of entries) {
		if (speed > 0) {
			due += Math.min(longestMs, Math.max(0, entry.at - before)) / speed;
			const pauseMs = due - performance.now();
			if (pauseMs > 1) await sleep(pauseMs, undefined, {signal}).catch(() => {});
		}
		if (signal?.aborted) return;
		before = entry.at;
		yield entry;
	}
}

export const replay = async (argv: readonly string[]): Promise<number> => {
	const {values, positionals} = readFlags(
		'replay',
		argv,
		{speed: {type: 'string'}, plain: {type: 'boolean'}, json: {type: 'boolean'}, verbose: {type: 'boolean'}},
		{positionals: 1},
	);
	const [path] = positionals;
	const usage = (message: string) =>
		new SetupError(message, {hint: 'See "specify-setup replay --help".', exitCode: exitCodes.usage});
	if (!path) throw usage('Which journal shall be replayed?');
	const draw = canDraw() && !values.plain && !values.json;
	const speed = Number(values.speed ?? (draw ? 1 : 0));
	if (!(speed >= 0)) throw usage(`--speed ${values.speed} is not a number.`);
	const entries = await readJournal(path).catch(error => {
		throw usage(`The journal ${path} cannot be read: ${messageOf(error)}`);
	});
	if (entries.length === 0) throw usage(`${path} holds no journal.`);
	if (draw) await viewReplay(signal => paced(entries, {speed, longestMs: longestGapMs, signal}));
	else await show(paced(entries, {speed}), values.json ? 'json' : 'plain');
	return exitCodes.done;
};
