import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {until} from './until.js';

/** State and beginning of a process, from /proc; null when there is none. */
export const processSeen = (pid: number): {state: string; began: string} | null => {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		return {state: fields[0]!, began: fields[19]!};
	} catch {
		return null;
	}
};

/** Whether a process runs; one that has ended and that nobody asked about since does not. */
export const isAlive = (pid: number) => ![undefined, 'Z', 'X'].includes(processSeen(pid)?.state);

/** A process that has ended while its parent, which lives on, never asks for it. End the parent afterwards. */
export const makeZombie = async (): Promise<{pid: number; began: string; parent: ChildProcess}> => {
	const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {stdio: ['ignore', 'pipe', 'ignore']});
	const pid = await new Promise<number>(resolve =>
		parent.stdout!.once('data', text => resolve(Number(String(text).trim()))),
	);
	await until(() => processSeen(pid)?.state === 'Z');
	return {pid, began: processSeen(pid)!.began, parent};
};
