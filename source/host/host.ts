import type {Readable} from 'node:stream';
import type {Listener} from './listeners.js';

/** A program and its arguments; never a shell line, never a secret. */
export type Command = {file: string; args: readonly string[]; cwd?: string; env?: Record<string, string | undefined>};

export type Finished = {exitCode: number; stdout: string; stderr: string};

/** Everything steps do to the world, so that a test can watch each command and another host can take its place. */
export type Host = {
	/** Runs to the end; a failing command is a result, not an error. Throws `Cancelled` when the signal fires. */
	run(command: Command, options?: {input?: string; signal?: AbortSignal; timeoutMs?: number}): Promise<Finished>;
	/** Runs and yields each line of output as it comes; returns the exit code. */
	lines(
		command: Command,
		options?: {signal?: AbortSignal},
	): AsyncGenerator<{source: 'stdout' | 'stderr'; line: string}, number>;
	/** Runs with a stream as standard input. Ends when the command does. */
	feed(command: Command, input: Readable, options?: {signal?: AbortSignal}): Promise<Finished>;
	/** The text of a file, or null when there is none. */
	read(path: string): Promise<string | null>;
	/**
	 * Replaces a file at once: temporary file, fsync, rename. Makes missing folders (0755).
	 * What goes wrong leaves the old file as it was; the error's `path` is the file's.
	 */
	write(path: string, text: string, mode: number): Promise<void>;
	/** Makes a folder and its missing parents with these permissions; those that are there keep theirs. */
	makeFolder(path: string, mode: number): Promise<void>;
	setMode(path: string, mode: number): Promise<void>;
	/** Removes a file; nothing happens when there is none. */
	remove(path: string): Promise<void>;
	/** Names in a folder; empty when there is none. */
	list(path: string): Promise<string[]>;
	/** Permission bits and size (bytes), or null when there is nothing. */
	stat(path: string): Promise<{mode: number; bytes: number; isFolder: boolean} | null>;
	/** Free bytes for an ordinary user at the nearest existing parent of a path. */
	freeBytes(path: string): Promise<number>;
	/** Which file system the nearest existing parent of a path is on: the same number, the same disk. */
	fileSystem(path: string): Promise<number>;
	/** Which of these TCP ports something listens on. */
	listeners(ports: readonly number[]): Promise<Listener[]>;
	/** Every process that can be seen; none where there is no /proc. */
	processes(): Promise<Process[]>;
	/** Memory and swap in bytes, processors, the user's name, the time zone (IANA). */
	facts(): Promise<MachineFacts>;
};

/** A process: its arguments, and the folder it works in where that can be seen. */
export type Process = {args: string[]; folder: string | null};

export type MachineFacts = {memory: number; swap: number; processors: number; user: string; timezone: string};
