import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {canDraw} from '../ink/can-draw.js';
import {followJournal, journalPath, latestJournal} from '../run/journal.js';
import {holderOf, lockedError, isAlive as works} from '../run/lock.js';
import {stopper} from '../run/process.js';
import {folderOf} from './folder.js';
import {watch} from './output.js';
import {viewRun} from './view.js';

export const help = `specify-setup attach [--dir DIR] [--plain | --json]

Shows the run under way from its beginning, or the last one. Leaving it stops
nothing; Ctrl-C asks whether to leave it or to stop the run.

  --plain, --json    lines for people, or one JSON object a line

Example
  specify-setup attach

Exit codes: the run's own when it ended while it was watched, 0 when it was
left, 2 when no run is known there, 3 when this user may not read it, 4 while a
command is at work that is no run, such as "certs renew": wait for that one.`;

/** Sends a run a signal, if it is still the one that holds the lock. */
const signalRun = async (directory: string, run: string, signal: NodeJS.Signals) => {
	const holder = await holderOf(directory);
	if (holder?.run === run) process.kill(holder.pid, signal);
};

/** Whether this person may send signals to a process. */
const maySignal = (pid: number) => {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
};

export const attach = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('attach', argv, {
		dir: {type: 'string'},
		plain: {type: 'boolean'},
		json: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	const holder = await holderOf(directory);
	// What writes no journal cannot be watched, nor must it be stopped as a run is.
	if (holder?.work !== undefined) throw lockedError(directory, holder);
	const path = holder ? journalPath(directory, holder.run) : latestJournal(directory);
	if (!path)
		throw new SetupError(`No run is known in ${directory}.`, {
			hint: 'Begin one with "specify-setup", or name the folder with --dir.',
			exitCode: exitCodes.usage,
		});
	const isAlive = () => holder !== null && works(holder);
	const run = {
		directory,
		entries: (signal: AbortSignal) => followJournal(path, {isAlive, signal}),
		stop:
			holder && maySignal(holder.pid) ? stopper(signal => void signalRun(directory, holder.run, signal)) : undefined,
	};
	if (values.json || values.plain || !canDraw()) return watch(run, values.json ? 'json' : 'plain');
	return (await viewRun(run)) as number;
};
