import {readFileSync} from 'node:fs';
import {link, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {exitCodes, SetupError} from '../errors.js';
import {stateFolder} from '../files/names.js';

/** Who runs: a process is known by its number and the moment it began, because numbers are used again. */
export type Holder = {pid: number; began: string | null; run: string};

const lockPath = (directory: string) => join(directory, stateFolder, 'lock');

/** When a process began, in clock ticks since boot (field 22 of /proc/PID/stat); null where there is no /proc or no such process. */
const beganAt = (pid: number): string | null => {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
	} catch {
		return null;
	}
};

const isAlive = ({pid, began}: Holder) => {
	try {
		process.kill(pid, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
	}
	return began === null || beganAt(pid) === began;
};

/** The live run of an installation, or null. */
export const holderOf = async (directory: string): Promise<Holder | null> => {
	try {
		const holder = JSON.parse(await readFile(lockPath(directory), 'utf8')) as Holder;
		return isAlive(holder) ? holder : null;
	} catch {
		return null;
	}
};

/**
 * Takes the lock of an installation for this process; a dead holder's is taken over.
 * @returns a function that gives it back
 * @throws SetupError (exit code 4) when another run holds it
 */
export const lock = async (directory: string, run: string): Promise<() => Promise<void>> => {
	const path = lockPath(directory);
	const own: Holder = {pid: process.pid, began: beganAt(process.pid), run};
	await mkdir(join(directory, stateFolder), {recursive: true, mode: 0o700});
	// A finished file is linked into place, so that nobody ever reads half a lock.
	const draft = `${path}.${process.pid}`;
	await writeFile(draft, JSON.stringify(own), {mode: 0o600});
	try {
		for (let attempt = 0; attempt < 5; attempt += 1) {
			try {
				await link(draft, path);
				return () => rm(path, {force: true});
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
			}
			if (await holderOf(directory)) break;
			await rm(path, {force: true});
		}
		throw lockedError(directory);
	} finally {
		await rm(draft, {force: true});
	}
};

export const lockedError = (directory: string) =>
	new SetupError(`Another run is changing ${directory}.`, {
		hint: `Watch it with "specify-setup attach --dir ${directory}".`,
		exitCode: exitCodes.locked,
	});
