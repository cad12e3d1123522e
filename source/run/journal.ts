import {closeSync, fsyncSync, openSync, readdirSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {mkdir, open, readFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {isForbidden, mayNotRead} from '../errors.js';
import {stateFolder} from '../files/names.js';
import type {Event, JournalEntry} from '../model/events.js';

const pollMs = 80;
const keptJournals = 30;
/** From this size on a run's progress and log are written every few seconds only. */
const fullBytes = 32 * 2 ** 20;
const fullIntervalMs = 5000;
/** Room for a run's last words on a disk that is full. */
const reserveBytes = 64 * 1024;

const durable = new Set<Event['type']>(['run.started', 'step.started', 'step.finished', 'step.failed', 'run.finished']);

/** What comes many times a second. */
const frequent = new Set<Event['type']>(['progress', 'log']);

const noSpace = new Set(['ENOSPC', 'EDQUOT']);

/** Fields whose values come from this program alone. */
const namesOfOurs = new Set(['type', 'step', 'id', 'unit', 'outcome', 'level', 'service', 'run', 'version', 'command']);

export const journalFolder = (directory: string) => join(directory, stateFolder, 'journals');
export const journalPath = (directory: string, run: string) => join(journalFolder(directory), `${run}.jsonl`);

/** When a run's name says that it began, milliseconds since 1970; 0 for another name. */
const namedTime = (run: string) => {
	const [, date, hours, minutes, seconds] = /^(\d{8})T(\d\d)(\d\d)(\d\d)-/.exec(run) ?? [];
	if (!date) return 0;
	const day = date.replace(/(....)(..)(..)/, '$1-$2-$3');
	return Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`) || 0;
};

/**
 * A run's name: sorts by time, unique enough for one machine.
 * @param newest the journal it must sort after, also when a clock that was ahead has been set back
 */
export const newRunName = (now = new Date(), newest: string | null = null) => {
	const after = newest === null ? 0 : namedTime(basename(newest)) + 1000;
	const stamp = new Date(Math.max(now.getTime(), after)).toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
	return `${stamp}-${Math.random().toString(36).slice(2, 6)}`;
};

/** The newest journal of an installation, or null. @throws SetupError (exit code 3) when this user may not look */
export const latestJournal = (directory: string): string | null => {
	const folder = journalFolder(directory);
	try {
		const names = readdirSync(folder).filter(name => name.endsWith('.jsonl'));
		const newest = names.sort().at(-1);
		return newest ? join(folder, newest) : null;
	} catch (error) {
		if (isForbidden(error)) throw mayNotRead(folder, error);
		return null;
	}
};

/** Takes away the oldest journals, and what is left of runs that were killed. */
const rotate = (folder: string) => {
	const names = readdirSync(folder).sort();
	const old = names.filter(name => name.endsWith('.jsonl')).slice(0, -(keptJournals - 1));
	for (const name of [...old, ...names.filter(name => name.endsWith('.reserve'))])
		rmSync(join(folder, name), {force: true});
};

/**
 * Appends events to a file, one JSON object a line, secrets blotted out; borders of steps reach the disk before it returns.
 * On a full disk what is not a border may be missing; the borders have room set aside.
 */
export class JournalWriter {
	private readonly file: number;
	private readonly reserve: string;
	private bytes = 0;
	private writtenAt = 0;
	private isCut = false;

	private constructor(
		path: string,
		private readonly secrets: readonly string[],
	) {
		this.file = openSync(path, 'ax', 0o600);
		this.reserve = path.replace(/\.jsonl$/, '.reserve');
		writeFileSync(this.reserve, Buffer.alloc(reserveBytes, ' '), {mode: 0o600});
	}

	/** The one writer of an installation's journals: whoever calls this holds the lock. */
	static async create(path: string, secrets: readonly string[]) {
		await mkdir(dirname(path), {recursive: true, mode: 0o700});
		rotate(dirname(path));
		return new JournalWriter(
			path,
			secrets.filter(secret => secret.length >= 6),
		);
	}

	append(event: Event, at = Date.now()): JournalEntry {
		const entry = {at, ...(this.blot(event) as Event)};
		const isBorder = durable.has(event.type);
		if (frequent.has(event.type) && this.bytes > fullBytes && at - this.writtenAt < fullIntervalMs) return entry;
		this.writtenAt = at;
		const line = `${JSON.stringify(entry)}\n`;
		try {
			this.write(line);
		} catch (error) {
			if (!noSpace.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
			if (!isBorder) return entry;
			rmSync(this.reserve, {force: true});
			this.write(line);
		}
		if (isBorder) fsyncSync(this.file);
		return entry;
	}

	/** What is left of a line that did not fit must not spoil the next one. */
	private write(line: string) {
		const text = Buffer.from(this.isCut ? `\n${line}` : line);
		for (let written = 0; written < text.length; ) {
			this.isCut = true;
			written += writeSync(this.file, text, written);
		}
		this.isCut = false;
		this.bytes += text.length;
	}

	/** Secrets are blotted out of texts people read; names an event is told by are ours. */
	private blot(value: unknown, key = ''): unknown {
		if (typeof value === 'string')
			return namesOfOurs.has(key)
				? value
				: this.secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), value);
		if (Array.isArray(value)) return value.map(item => this.blot(item, key));
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.blot(item, name)]));
	}

	close() {
		rmSync(this.reserve, {force: true});
		closeSync(this.file);
	}
}

const parse = (line: string): JournalEntry | null => {
	try {
		return JSON.parse(line) as JournalEntry;
	} catch {
		return null;
	}
};

/** A whole journal; a line cut at the end is left out. */
export const readJournal = async (path: string): Promise<JournalEntry[]> =>
	(await readFile(path, 'utf8')).split('\n').flatMap(line => parse(line) ?? []);

/**
 * Yields a journal's entries from its beginning and then as they are written, until the run has finished,
 * `isAlive` says that nobody writes any more, or the signal fires.
 */
export async function* followJournal(
	path: string,
	{signal, isAlive}: {signal?: AbortSignal; isAlive(): boolean},
): AsyncGenerator<JournalEntry> {
	let file: Awaited<ReturnType<typeof open>> | undefined;
	const buffer = Buffer.alloc(256 * 1024);
	let rest = Buffer.alloc(0);
	try {
		while (!signal?.aborted) {
			// Asked before reading: what a writer wrote before it died is still read.
			const alive = isAlive();
			file ??= await open(path).catch(() => undefined);
			const {bytesRead} = file ? await file.read(buffer, 0, buffer.length, null) : {bytesRead: 0};
			if (bytesRead === 0) {
				if (!alive) return;
				await sleep(pollMs, undefined, {signal}).catch(() => {});
				continue;
			}
			rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
			for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
				const entry = parse(rest.subarray(0, end).toString('utf8'));
				rest = rest.subarray(end + 1);
				if (!entry) continue;
				yield entry;
				if (entry.type === 'run.finished') return;
			}
		}
	} finally {
		await file?.close();
	}
}
