import {exitCodes, type SetupError} from '../errors.js';
import type {JournalEntry} from '../model/events.js';
import {PlainReporter} from '../plain/reporter.js';

export type Output = 'plain' | 'json';

export const print = (...lines: string[]) => {
	for (const line of lines) process.stdout.write(`${line}\n`);
};

/** An error for people: what happened, details, what to do. */
export const errorLines = (error: SetupError, {verbose = false} = {}): string[] => [
	error.message,
	...error.details.map(line => `  ${line}`),
	`What to do: ${error.hint}`,
	...(verbose && error.stack ? [error.stack] : []),
	...(verbose && error.cause instanceof Error && error.cause.stack ? [error.cause.stack] : []),
];

/** Shows a journal's entries as they come; returns the run's exit code, or 1 when it ended without one. */
export const show = async (entries: AsyncIterable<JournalEntry>, output: Output): Promise<number> => {
	const reporter = new PlainReporter();
	let exitCode: number | undefined;
	for await (const entry of entries) {
		if (output === 'json') print(JSON.stringify(entry));
		else print(...reporter.take(entry));
		if (entry.type === 'run.finished') exitCode = entry.exitCode;
	}
	if (exitCode === undefined && output === 'plain')
		print(
			'',
			'The run ended without finishing.',
			'What to do: run specify-setup again; it continues where this one stopped.',
		);
	return exitCode ?? exitCodes.failed;
};
