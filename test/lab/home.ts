import {appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';

/** What the laboratory offers once it is up: where images come from, and where its files are. */
export type Lab = {registry: string; home: string};

/** A failure of the laboratory that a person can do something about; its message says what. */
export class LabError extends Error {}

/** The laboratory's folder: `$SPECIFY_LAB_HOME`, or `~/.cache/specify-setup-lab`. It is not created here. */
export const labHome = (): string => process.env.SPECIFY_LAB_HOME || join(homedir(), '.cache', 'specify-setup-lab');

/** Writes one line for a person to standard error, so that standard output stays the product's. */
export const say = (line: string): void => {
	process.stderr.write(`lab: ${line}\n`);
};

/** The path of a log file in the lab home; its folder is created. */
export const logFile = (home: string, name: string): string => {
	mkdirSync(join(home, 'logs'), {recursive: true});
	return join(home, 'logs', `${name}.log`);
};

/** The last lines of a log, without the colours and carriage returns of progress bars; empty when there is none. */
export const tailOf = (file: string, lines = 20): string => {
	if (!existsSync(file)) return '';
	const text = readFileSync(file, 'utf8')
		// biome-ignore lint/suspicious/noControlCharactersInRegex: colours in a log begin with an escape character.
		.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
		.replace(/^.*\r(?=[^\n])/gm, '');
	return text.trimEnd().split('\n').slice(-lines).join('\n');
};

/** Reads one of the lab home's JSON files; `fallback` when it is missing or was cut short. */
export const readState = <T>(home: string, name: string, fallback: T): T => {
	try {
		return JSON.parse(readFileSync(join(home, `${name}.json`), 'utf8')) as T;
	} catch {
		return fallback;
	}
};

/** Writes one of the lab home's JSON files as a whole, or leaves the old one. */
export const writeState = (home: string, name: string, value: unknown): void => {
	mkdirSync(home, {recursive: true});
	const file = join(home, `${name}.json`);
	writeFileSync(`${file}.part`, `${JSON.stringify(value, null, '\t')}\n`);
	renameSync(`${file}.part`, file);
};

/** Forgets one of the lab home's JSON files. */
export const removeState = (home: string, name: string): void => rmSync(join(home, `${name}.json`), {force: true});

/**
 * Runs a command to its end with its output in a log file.
 * Throws a LabError that names the log and quotes its last lines when the command fails.
 */
export const runLogged = async (
	[command, ...args]: readonly [string, ...string[]],
	{log, env, cwd}: {log: string; env?: Record<string, string>; cwd?: string},
): Promise<void> => {
	appendFileSync(log, `\n$ ${[command, ...args].join(' ')}\n`);
	const result = await execa(command, args, {
		...(env ? {env} : {}),
		...(cwd ? {cwd} : {}),
		reject: false,
		stdin: 'ignore',
		stdout: {file: log, append: true},
		stderr: {file: log, append: true},
	});
	if (result.failed) {
		const reason = result.exitCode === undefined ? result.shortMessage : `exit ${result.exitCode}`;
		const doing = [command, ...args].slice(0, 3).join(' ');
		throw new LabError(`\`${doing}\` failed (${reason}). The end of ${log}:\n${tailOf(log)}`);
	}
};

/** Runs a command and gives its standard output, trimmed; undefined when it fails or does not exist. */
export const ask = async (
	[command, ...args]: readonly [string, ...string[]],
	{timeoutMs = 20_000}: {timeoutMs?: number} = {},
): Promise<string | undefined> => {
	const result = await execa(command, args, {reject: false, timeout: timeoutMs, stdin: 'ignore'});
	return result.failed ? undefined : result.stdout.trim();
};

/** What /proc says of a process's command line, its arguments separated by blanks; undefined when it is gone. */
export const commandLineOf = (pid: number): string | undefined => {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
	} catch {
		return undefined;
	}
};

/** Asks a process to end and waits until it is gone; after `graceMs` it is killed. */
export const endProcess = async (pid: number, graceMs: number): Promise<void> => {
	const before = commandLineOf(pid);
	if (before === undefined) return;
	process.kill(pid, 'SIGTERM');
	const deadline = Date.now() + graceMs;
	while (commandLineOf(pid) === before) {
		if (Date.now() > deadline) {
			process.kill(pid, 'SIGKILL');
			return;
		}
		await delay(100);
	}
};

/**
 * Does something while no other process of the laboratory with the same home does.
 * The lock of a process that died is taken over. Throws a LabError after `patienceMs`.
 */
export const withLock = async <T>(home: string, work: () => Promise<T>, patienceMs = 1_800_000): Promise<T> => {
	mkdirSync(home, {recursive: true});
	const file = join(home, 'lock');
	const deadline = Date.now() + patienceMs;
	for (let told = false; ; await delay(500)) {
		try {
			writeFileSync(file, `${process.pid}\n`, {flag: 'wx'});
			break;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		}
		const holder = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN;
		if (Number.isInteger(holder) && commandLineOf(holder) === undefined) {
			rmSync(file, {force: true});
			continue;
		}
		if (Date.now() > deadline) throw new LabError(`Process ${holder} still holds ${file}.`);
		if (!told) say(`waiting for process ${holder}, which prepares the same laboratory`);
		told = true;
	}
	try {
		return await work();
	} finally {
		rmSync(file, {force: true});
	}
};

/** Times something and gives its result with the duration in words, such as `21 s`. */
export const timed = async <T>(work: () => Promise<T>): Promise<{result: T; took: string}> => {
	const start = performance.now();
	const result = await work();
	const seconds = (performance.now() - start) / 1000;
	return {result, took: seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`};
};
