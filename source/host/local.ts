import {createHash, randomBytes} from 'node:crypto';
import {chmod, mkdir, open, readdir, readFile, rename, rm, stat, statfs} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import type {Readable} from 'node:stream';
import {stripVTControlCharacters} from 'node:util';
import {execa, type ResultPromise} from 'execa';
import {Cancelled, isForbidden, mayNotRead} from '../errors.js';
import {machineFacts} from './facts.js';
import type {Command, Finished, Host} from './host.js';
import {listenersOn} from './listeners.js';
import {processes} from './processes.js';

const isMissing = (error: unknown) => {
	const code = (error as NodeJS.ErrnoException).code;
	return code === 'ENOENT' || code === 'ENOTDIR';
};

const isPrematureClose = (error: unknown) =>
	(error as NodeJS.ErrnoException | undefined)?.code === 'ERR_STREAM_PREMATURE_CLOSE';

/** What a look at a path comes to that found nothing, or may not be made. */
const failedAs =
	<T>(value: T, path: string) =>
	(error: unknown): T => {
		if (isMissing(error)) return value;
		throw isForbidden(error) ? mayNotRead(path, error) : error;
	};

/** Starts a command in a process group of its own, so that stopping it stops what it started. */
const start = ({file, args, cwd, env}: Command, options: object) =>
	execa(file, args, {cwd, env, reject: false, detached: true, stripFinalNewline: false, ...options});

const killAfterMs = 5000;

/** Ends a command and all it started when the signal fires or its time is over; what does not listen is killed. */
const stopWith = (child: ResultPromise, signal?: AbortSignal, timeoutMs?: number) => {
	const timers: NodeJS.Timeout[] = [];
	const send = (name: NodeJS.Signals) => {
		try {
			if (child.pid) process.kill(-child.pid, name);
		} catch {
			// it has ended already
		}
	};
	const stop = () => {
		send('SIGTERM');
		timers.push(setTimeout(() => send('SIGKILL'), killAfterMs));
	};
	if (signal?.aborted) stop();
	signal?.addEventListener('abort', stop, {once: true});
	if (timeoutMs !== undefined) timers.push(setTimeout(stop, timeoutMs));
	return () => {
		for (const timer of timers) clearTimeout(timer);
		signal?.removeEventListener('abort', stop);
	};
};

type Outcome = {
	exitCode?: number;
	stdout?: unknown;
	stderr?: unknown;
	failed?: boolean;
	message?: string;
	code?: string;
};

const finished = (result: Outcome): Finished => ({
	exitCode: result.exitCode ?? (result.code === 'ENOENT' ? 127 : 1),
	stdout: typeof result.stdout === 'string' ? result.stdout : '',
	stderr: (typeof result.stderr === 'string' && result.stderr) || (result.failed ? (result.message ?? '') : ''),
});

/** Makes a folder and its missing parents with these permissions, whatever the umask; folders that are there keep theirs. */
const makeFolder = async (path: string, mode: number) => {
	const first = await mkdir(path, {recursive: true, mode});
	if (first === undefined) return;
	for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await chmod(folder, mode);
};

/** What is found at a path or, where there is nothing or others may not look, at the nearest parent. */
const nearest = async <T>(path: string, look: (folder: string) => Promise<T>): Promise<T> => {
	for (let folder = path; ; folder = dirname(folder)) {
		try {
			return await look(folder);
		} catch (error) {
			if (folder === dirname(folder) || !(isMissing(error) || isForbidden(error))) throw error;
		}
	}
};

/** How the names of a file begin while it is written; whose process it is follows. */
const unfinished = (path: string) => `.${createHash('sha256').update(basename(path)).digest('hex').slice(0, 8)}-`;

const lives = (pid: number) => {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
};

/** Removes what a process that was killed while it wrote this file has left. */
const removeUnfinished = async (path: string) => {
	const start = unfinished(path);
	for (const name of await readdir(dirname(path))) {
		const pid = name.startsWith(start) && /^(\d+)-[0-9a-f]+\.tmp$/.exec(name.slice(start.length))?.[1];
		if (pid && !lives(Number(pid))) await rm(join(dirname(path), name), {force: true});
	}
};

/** The machine this process runs on. */
export const localHost: Host = {
	async run(command, {input, signal, timeoutMs} = {}) {
		if (signal?.aborted) throw new Cancelled();
		const child = start(command, input === undefined ? {stdin: 'ignore'} : {input});
		const release = stopWith(child, signal, timeoutMs);
		const result = await child;
		release();
		if (signal?.aborted) throw new Cancelled();
		return finished(result);
	},

	async *lines(command, {signal} = {}) {
		const child = start(command, {stdin: 'ignore', all: true, lines: true, buffer: false});
		const release = stopWith(child, signal);
		try {
			const queue: {source: 'stdout' | 'stderr'; line: string}[] = [];
			let wake = () => {};
			let open = 2;
			for (const source of ['stdout', 'stderr'] as const)
				void (async () => {
					for await (const line of child.iterable({from: source})) {
						queue.push({source, line: stripVTControlCharacters(line as string)});
						wake();
					}
				})()
					.catch(() => {})
					.finally(() => {
						open -= 1;
						wake();
					});
			while (open > 0 || queue.length > 0) {
				const next = queue.shift();
				if (next) yield next;
				else
					await new Promise<void>(resolve => {
						wake = resolve;
						if (open === 0 || queue.length > 0) resolve();
					});
			}
			const result = await child;
			if (signal?.aborted) throw new Cancelled();
			return result.exitCode ?? 1;
		} finally {
			release();
			try {
				if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
			} catch {
				// it has ended already
			}
		}
	},

	async feed(command, input: Readable, {signal} = {}) {
		const child = start(command, {stdin: 'pipe', buffer: {stdout: true, stderr: true}});
		const release = stopWith(child, signal);
		let inputError: unknown;
		input.once('error', error => {
			inputError = error;
			child.stdin?.destroy();
		});
		// A client that stops reading has something to say on its standard error: that is the error to show.
		child.stdin?.on('error', () => input.destroy());
		input.pipe(child.stdin!);
		const result = await child;
		release();
		input.destroy();
		if (signal?.aborted) throw new Cancelled();
		// A command that failed has something to say; that it did not take everything follows from it.
		const isCutByCommand = result.exitCode !== 0 && isPrematureClose(inputError);
		if (inputError && !isCutByCommand) throw inputError;
		return finished(result);
	},

	read: path => readFile(path, 'utf8').catch(failedAs(null, path)),

	async write(path, text, mode) {
		await makeFolder(dirname(path), 0o755);
		// What cannot be cleaned up is no reason not to write.
		await removeUnfinished(path).catch(() => {});
		const temporary = join(dirname(path), `${unfinished(path)}${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
		try {
			const file = await open(temporary, 'wx', 0o600);
			try {
				await file.writeFile(text);
				await file.chmod(mode);
				await file.sync();
			} finally {
				await file.close();
			}
			await rename(temporary, path);
			// After a power cut the name must be there too.
			const folder = await open(dirname(path));
			await folder.sync().finally(() => folder.close());
		} catch (error) {
			await rm(temporary, {force: true}).catch(() => {});
			throw Object.assign(error as Error, {path});
		}
	},

	makeFolder,

	setMode: chmod,

	remove: path => rm(path, {force: true}),

	list: path => readdir(path).catch(failedAs([], path)),

	stat: path =>
		stat(path).then(
			facts => ({mode: facts.mode & 0o7777, bytes: facts.size, isFolder: facts.isDirectory()}),
			failedAs(null, path),
		),

	freeBytes: path =>
		nearest(path, async folder => {
			const {bavail, bsize} = await statfs(folder);
			return bavail * bsize;
		}),

	fileSystem: path => nearest(path, async folder => (await stat(folder)).dev),

	listeners: listenersOn,

	processes,

	facts: machineFacts,
};
