import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, constants} from 'node:fs/promises';
import type {DumpFacts} from '../database/inspect.js';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {localHost} from '../host/local.js';
import type {Answers} from '../model/answers.js';
import type {Secrets} from '../model/secrets.js';
import type {EarlierEdit} from '../steps/edits.js';
import {completeHashes} from '../steps/files.js';
import {worldError} from '../steps/trouble.js';
import {runCommand} from './command.js';
import {recordInstalled} from './history.js';
import {openInstallation, planFor} from './installation.js';
import {JournalWriter, journalPath} from './journal.js';
import {holderOf, lock, lockedError} from './lock.js';
import {runPlan} from './runner.js';
import {wayBackOf} from './way-back.js';

/** What a run is told, as JSON on its standard input. */
export type RunRequest = {
	run: string;
	version: string;
	command: string;
	/** What changes this installation, as it is typed. */
	reconfigure?: string;
	directory: string;
	answers: Answers;
	dump: DumpFacts | null;
	/** Secrets a person gave; the others are kept or made. */
	secrets?: Partial<Secrets>;
	/** Files edited by hand that are to stay, by path. */
	keep?: readonly string[];
	/** Files edited by hand that are to be as generated, by path. */
	take?: readonly string[];
	/** Edits of an earlier configuration that come back with it, by path. */
	earlier?: Readonly<Record<string, EarlierEdit>>;
};

/** Tells a run that it need not let a replacement of containers end. */
const hurrySignal = 'SIGUSR2';

/** Asks a run to stop: safely, and at once when the same person asks again. */
export const stopper = (send: (signal: 'SIGTERM' | typeof hurrySignal) => void) => {
	let asked = false;
	return () => {
		send(asked ? hurrySignal : 'SIGTERM');
		asked = true;
	};
};

/**
 * Starts a run as a process of its own, in a session of its own: it goes on when this one ends.
 * Resolves when the run writes its journal.
 * @throws SetupError (exit code 4) when another run holds the lock
 */
export const startDetached = async (request: RunRequest): Promise<{isAlive(): boolean; stop(): void}> => {
	const child = spawn(process.execPath, [process.argv[1]!, runCommand], {
		detached: true,
		stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
		cwd: '/',
	});
	let said = '';
	child.stderr!.on('data', part => {
		said = `${said}${part}`.slice(-4000);
	});
	child.stdin!.on('error', () => {});
	child.stdin!.end(JSON.stringify(request));
	const [reason, code] = await Promise.race([
		once(child, 'message').then(() => ['ready', 0] as const),
		once(child, 'exit').then(([exitCode]) => ['exit', exitCode as number | null] as const),
	]);
	if (reason === 'exit') {
		if (code === exitCodes.locked) throw lockedError(request.directory, await holderOf(request.directory));
		const refusal = parseRefusal(said);
		if (refusal) throw refusal;
		throw new SetupError(`The run could not begin: ${said.trim().split('\n').pop() || `exit code ${code}`}`, {
			hint: `Check that you may write to ${request.directory}, then run this again.`,
		});
	}
	child.disconnect();
	(child.stderr as unknown as {unref(): void}).unref();
	child.unref();
	let alive = true;
	child.once('exit', () => {
		alive = false;
	});
	return {
		isAlive: () => alive,
		stop: stopper(signal => {
			if (alive && child.pid) process.kill(child.pid, signal);
		}),
	};
};

/** Says why a run could not begin, so that it is told as if it had happened at the caller's; returns the exit code. */
const tellRefusal = async (thrown: unknown, directory: string): Promise<number> => {
	const error = await worldError(thrown, {host: localHost, directory, engineFolder: null});
	if (!(error instanceof SetupError)) {
		process.stderr.write(`${messageOf(error)}\n`);
		return exitCodes.failed;
	}
	const {message, hint, details, exitCode} = error;
	process.stderr.write(`${JSON.stringify({message, hint, details, exitCode})}\n`);
	return exitCode;
};

const parseRefusal = (said: string): SetupError | null => {
	try {
		const {message, ...options} = JSON.parse(said.trim().split('\n').pop() ?? '');
		return new SetupError(message, options);
	} catch {
		return null;
	}
};

const readInput = async () => {
	let text = '';
	for await (const part of process.stdin) text += part;
	return JSON.parse(text) as RunRequest;
};

/** The run itself: takes the lock, writes the journal, does the plan. Returns the exit code. */
export const runDetached = async (): Promise<number> => {
	const {directory, answers, dump, secrets, keep, take, earlier, ...about} = await readInput();
	let unlock: () => Promise<void>;
	try {
		await localHost.makeFolder(directory, 0o755);
		// Of a file system that cannot be written to, Node would say that a folder in it is missing.
		await access(directory, constants.W_OK);
		unlock = await lock(directory, about.run);
	} catch (error) {
		return tellRefusal(error, directory);
	}
	const [controller, hurry] = [new AbortController(), new AbortController()];
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
	process.on(hurrySignal, () => {
		controller.abort();
		hurry.abort();
	});
	process.on('SIGHUP', () => {});
	try {
		const opened = await openInstallation({
			host: localHost,
			directory,
			answers,
			dump,
			given: secrets,
			keep,
			take,
			earlier,
			signal: controller.signal,
		});
		const context = {...opened, hurry: hurry.signal};
		const journal = await JournalWriter.create(journalPath(directory, about.run), [
			...Object.values(context.secrets),
			...Object.values(context.former),
		]);
		const plan = planFor(context);
		const wayBack = await wayBackOf(context);
		process.send?.('ready');
		if (process.connected) process.disconnect?.();
		let exitCode: number = exitCodes.failed;
		for await (const event of runPlan(context, plan, {...about, wayBack})) {
			if (event.type === 'run.finished') {
				exitCode = event.exitCode;
				// What cannot be written down now is no reason to call a good run a bad one.
				if (exitCode === exitCodes.done)
					await Promise.all([recordInstalled({host: localHost, directory}, answers), completeHashes(context)]).catch(
						() => {},
					);
				// Whoever reads that the run has finished may begin the next one.
				await unlock();
			}
			journal.append(event);
		}
		journal.close();
		return exitCode;
	} catch (error) {
		return tellRefusal(error, directory);
	} finally {
		await unlock();
	}
};
