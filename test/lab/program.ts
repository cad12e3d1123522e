import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {LabError, tailOf} from './home.js';

const graceMs = 5000;

/** A program that runs as long as this process, or until it is stopped. */
export type Program = {running(): boolean; stop(): Promise<void>};

/** Starts a program whose output it writes to a file by itself; of this process's environment it gets nothing but `env`. */
export const launch = (
	[file, ...args]: readonly [string, ...string[]],
	{log, env = {}}: {log: string; env?: Record<string, string>},
): Program => {
	const output = openSync(log, 'a');
	const child = spawn(file, args, {
		env: {PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env},
		stdio: ['ignore', output, output],
	});
	closeSync(output);
	const ended = once(child, 'exit').catch(() => {});
	const end = () => child.kill();
	process.once('exit', end);
	const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
	return {
		running,
		async stop() {
			process.off('exit', end);
			if (!running()) return;
			child.kill();
			const patience = setTimeout(() => child.kill('SIGKILL'), graceMs);
			await ended;
			clearTimeout(patience);
		},
	};
};

/** Waits until programs do what they are for. Throws a LabError with the end of their logs when one ends or time is up. */
export const started = async (
	what: string,
	works: () => Promise<unknown>,
	{programs, logs, timeoutMs = 15_000}: {programs: readonly Program[]; logs: readonly string[]; timeoutMs?: number},
): Promise<void> => {
	for (const deadline = Date.now() + timeoutMs; ; await delay(50)) {
		try {
			await works();
			return;
		} catch (cause) {
			if (programs.every(program => program.running()) && Date.now() < deadline) continue;
			throw new LabError(`${what} did not start. The end of its log:\n${logs.map(log => tailOf(log)).join('\n')}`, {
				cause,
			});
		}
	}
};
