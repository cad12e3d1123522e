import {setTimeout as sleep} from 'node:timers/promises';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import type {JournalEntry} from '../model/events.js';
import {readJournal} from '../run/journal.js';
import {show} from './output.js';

export const help = `specify-setup replay JOURNAL [--speed N] [--plain | --json]

Shows a run again from its journal (DIR/.specify-setup/journals/). It changes nothing.

  --speed N          N times as fast as it was; 0, the default, without waiting

Example
  specify-setup replay run.jsonl --speed 10`;

async function* paced(entries: readonly JournalEntry[], speed: number) {
	let before: number | undefined;
	for (const entry of entries) {
		if (speed > 0 && before !== undefined) await sleep(Math.max(0, entry.at - before) / speed);
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
	const speed = Number(values.speed ?? 0);
	if (!(speed >= 0)) throw usage(`--speed ${values.speed} is not a number.`);
	const entries = await readJournal(path).catch(error => {
		throw usage(`The journal ${path} cannot be read: ${messageOf(error)}`);
	});
	if (entries.length === 0) throw usage(`${path} holds no journal.`);
	await show(paced(entries, speed), values.json ? 'json' : 'plain');
	return exitCodes.done;
};
