import {createInterface, type Interface} from 'node:readline';
import {exitCodes, type SetupError} from '../errors.js';
import type {JournalEntry} from '../model/events.js';
import {interruption} from '../model/last-run.js';
import {brokenLines} from '../plain/broken-lines.js';
import {PlainReporter} from '../plain/reporter.js';
import {commandLine} from './command-line.js';

export type Output = 'plain' | 'json';

export const print = (...lines: string[]) => {
	for (const line of lines) process.stdout.write(`${line}\n`);
};

/** Lines as they fit a stream: broken between words on a terminal, as they are for a program that reads them. */
export const fitting = (lines: readonly string[], stream: {isTTY?: boolean; columns?: number}): readonly string[] =>
	stream.isTTY ? brokenLines(lines, stream.columns || 80) : lines;

/** Prints lines that people read, not those they copy or compare. */
export const tell = (...lines: string[]) => print(...fitting(lines, process.stdout));

/** An error for people: what happened, details, what to do. */
export const errorLines = (error: SetupError, {verbose = false} = {}): string[] => [
	error.message,
	...error.details.map(line => `  ${line}`),
	`What to do: ${error.hint}`,
	...(verbose && error.stack ? [error.stack] : []),
	...(verbose && error.cause instanceof Error && error.cause.stack ? [error.cause.stack] : []),
];

/**
 * Shows a journal's entries as lines, as they come.
 * @param signal fires when the entries end because nobody watches any more
 * @returns the run's exit code, or 1 when it ended without one
 */
export const show = async (
	entries: AsyncIterable<JournalEntry>,
	output: Output,
	{signal}: {signal?: AbortSignal} = {},
): Promise<number> => {
	const reporter = new PlainReporter();
	const tellEntry = (entry: JournalEntry) =>
		output === 'json' ? print(JSON.stringify(entry)) : tell(...reporter.take(entry));
	let first: JournalEntry | undefined;
	let last: JournalEntry | undefined;
	let again: string | null = null;
	for await (const entry of entries) {
		tellEntry(entry);
		first ??= entry;
		const isWritten =
			(entry.type === 'step.finished' && entry.step === 'files') ||
			(entry.type === 'run.started' && entry.steps.some(({id, done}) => id === 'files' && done));
		if (isWritten && first.type === 'run.started') again = commandLine('', first.directory);
		last = entry;
	}
	if (last?.type === 'run.finished') return last.exitCode;
	if (signal?.aborted) return exitCodes.failed;
	const at = last?.at ?? Date.now();
	const ended = {type: 'run.finished', outcome: 'interrupted', exitCode: exitCodes.failed} as const;
	if (output === 'plain') print('');
	tellEntry({...ended, at, ms: at - (first?.at ?? at), addresses: [], next: [], ...interruption(again)});
	return ended.exitCode;
};

/** Whether a person watches plain lines and can answer. */
export const canAnswer = (output: Output) => output === 'plain' && Boolean(process.stdin.isTTY && process.stdout.isTTY);

/** Asks on Ctrl-C what is wanted, while lines go on; a second Ctrl-C leaves. Returns how to end that. */
const askOnInterrupt = ({leave, stop}: {leave(): void; stop?(): void}) => {
	let keys: Interface | undefined;
	const close = () => {
		keys?.close();
		keys = undefined;
		process.stdin.unref();
	};
	const ask = () => print(`[k]eep it running and leave${stop ? ', [s]top safely' : ''}, [b]ack:`);
	const answer = (typed: string) => {
		const choice = typed.trim().slice(0, 1).toLowerCase();
		if (choice === 's' && stop) stop();
		else if (choice === 'k') leave();
		else if (choice !== 'b') return ask();
		close();
	};
	const interrupted = () => {
		if (keys) return leave();
		print('');
		ask();
		process.stdin.ref();
		// Whole lines, as the terminal gives them: it goes on to turn Ctrl-C into a signal.
		keys = createInterface({input: process.stdin, terminal: false});
		keys.on('line', answer);
		keys.once('close', close);
	};
	process.on('SIGINT', interrupted);
	return () => {
		process.off('SIGINT', interrupted);
		close();
	};
};

/**
 * Shows a run as lines. Where a person can answer, Ctrl-C asks whether to leave, to stop the run or to go on.
 * @param entries gives the run's journal from its beginning, until the signal fires
 * @param stop asks the run to stop safely; absent when that is not possible
 * @returns the run's exit code; 0 when it was left and goes on
 */
export const watch = async (
	{
		directory,
		entries,
		stop,
	}: {directory: string; entries(signal: AbortSignal): AsyncIterable<JournalEntry>; stop?(): void},
	output: Output,
): Promise<number> => {
	const controller = new AbortController();
	const {signal} = controller;
	if (!canAnswer(output)) return show(entries(signal), output);
	const release = askOnInterrupt({leave: () => controller.abort(), stop});
	try {
		const exitCode = await show(entries(signal), output, {signal});
		if (!signal.aborted) return exitCode;
		tell(`The run goes on. Watch it with "${commandLine('attach', directory)}".`);
		return exitCodes.done;
	} finally {
		release();
	}
};
