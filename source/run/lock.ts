import {linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {exitCodes, isForbidden, mayNotRead, SetupError} from '../errors.js';
import {stateFolder} from '../files/names.js';
import {userName} from '../host/facts.js';

/** Who runs: a process is known by its number and the moment it began, because numbers are used again, also after a restart of the machine. */
export type Holder = {
	pid: number;
	began: string | null;
	run: string;
	/** The command that is at work, where no run is and so no journal tells of it: "certs renew". */
	work?: string;
	/** When it took the lock, ISO 8601, and as which user; absent in locks of version 0.1. */
	since?: string;
	user?: string;
};

const gateTimeoutMs = 5000;
const retryMs = 20;

const lockPath = (directory: string) => join(directory, stateFolder, 'lock');

/** Which start of the machine this is; empty where there is no /proc. */
const bootOf = () => {
	try {
		return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
	} catch {
		return '';
	}
};

/**
 * State and start (clock ticks since which boot) of a process: fields 3 and 22 of /proc/PID/stat; null where there is no /proc
 * or no such process.
 */
const processFacts = (pid: number): {state: string; began: string} | null => {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		return {state: fields[0]!, began: `${fields[19]} ${bootOf()}`};
	} catch {
		return null;
	}
};

/** Whether a process still works: one that has ended and only waits to be collected does not. */
export const isAlive = ({pid, began}: Pick<Holder, 'pid' | 'began'>) => {
	try {
		process.kill(pid, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
	}
	const facts = processFacts(pid);
	if (facts && /[ZX]/.test(facts.state)) return false;
	return began === null || facts?.began === began;
};

const readHolder = (path: string): Holder | null => {
	try {
		return JSON.parse(readFileSync(path, 'utf8')) as Holder;
	} catch (error) {
		// What is kept from this user may well be held.
		if (isForbidden(error)) throw mayNotRead(path, error);
		return null;
	}
};

/** Who changes an installation at the moment, or null. @throws SetupError (exit code 3) when this user may not know */
export const holderOf = async (directory: string): Promise<Holder | null> => {
	const holder = readHolder(lockPath(directory));
	return holder && isAlive(holder) ? holder : null;
};

/** Links a finished file into place, so that nobody ever reads half a lock; false when there is one already. */
const place = (draft: string, path: string) => {
	try {
		linkSync(draft, path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		return false;
	}
};

const ageMs = (path: string) => {
	try {
		return Date.now() - statSync(path).ctimeMs;
	} catch {
		return 0;
	}
};

/** Removes a dead holder's lock and places ours. Behind a gate, because only one may judge and remove at a time. */
const takeOver = (draft: string, path: string): 'taken' | 'held' | 'again' => {
	const gate = `${path}.gate`;
	if (!place(draft, gate)) {
		if (ageMs(gate) > gateTimeoutMs) rmSync(gate, {force: true});
		return 'again';
	}
	try {
		const holder = readHolder(path);
		if (holder && isAlive(holder)) return 'held';
		rmSync(path, {force: true});
		return place(draft, path) ? 'taken' : 'again';
	} finally {
		rmSync(gate, {force: true});
	}
};

/**
 * Takes the lock of an installation for this process; a dead holder's is taken over.
 * @param work the command, where it is no run and writes no journal
 * @returns a function that gives it back, once
 * @throws SetupError (exit code 4) when another run holds it
 */
export const lock = async (directory: string, run: string, work?: string): Promise<() => Promise<void>> => {
	const path = lockPath(directory);
	const own: Holder = {
		pid: process.pid,
		began: processFacts(process.pid)?.began ?? null,
		run,
		...(work === undefined ? {} : {work}),
		since: new Date().toISOString(),
		user: userName(),
	};
	const text = JSON.stringify(own);
	const draft = `${path}.${process.pid}.${run.replace(/\W/g, '')}`;
	try {
		mkdirSync(join(directory, stateFolder), {recursive: true, mode: 0o700});
		writeFileSync(draft, text, {mode: 0o600});
	} catch (error) {
		// The draft's name tells people nothing.
		throw Object.assign(error as Error, {path});
	}
	const release = async () => {
		const holder = readHolder(path);
		if (!holder || JSON.stringify(holder) !== text) return;
		try {
			rmSync(path, {force: true});
		} catch {
			// On a disk that takes no changes any more it stays, as that of a dead holder.
		}
	};
	try {
		for (const deadline = Date.now() + 2 * gateTimeoutMs; Date.now() < deadline; await sleep(retryMs)) {
			if (place(draft, path)) return release;
			const result = takeOver(draft, path);
			if (result === 'taken') return release;
			if (result === 'held') break;
		}
		throw lockedError(directory, readHolder(path));
	} finally {
		rmSync(draft, {force: true});
	}
};

/** What people are told who must wait for another one. @param holder null when it has just gone */
export const lockedError = (directory: string, holder: Holder | null) => {
	const {work, since, user} = holder ?? {};
	const details = since ? [`Begun ${since.slice(0, 16).replace('T', ' ')} UTC by ${user}.`] : [];
	const exitCode = exitCodes.locked;
	return work === undefined
		? new SetupError(`Another run is changing ${directory}.`, {
				hint: `Watch it with "specify-setup attach --dir ${directory}".`,
				details,
				exitCode,
			})
		: new SetupError(`"specify-setup ${work}" is at work in ${directory}.`, {
				hint: 'Wait until it has ended, then run this again.',
				details,
				exitCode,
			});
};

/** @throws SetupError (exit code 4) when somebody changes an installation at the moment */
export const requireUnlocked = async (directory: string) => {
	const holder = await holderOf(directory);
	if (holder) throw lockedError(directory, holder);
};
