import {dirname} from 'node:path';
import type {Readable} from 'node:stream';
import {Cancelled} from '../../source/errors.js';
import type {Command, Finished, Host, MachineFacts, Process} from '../../source/host/host.js';
import type {Listener} from '../../source/host/listeners.js';

/** What a fake program does: its exit code and output, or a function of what it is given. */
type Reply = Partial<Finished> | ((given: {command: Command; line: string; input: string}) => Partial<Finished>);

/** A machine in memory. It keeps files with their modes, and every command that was run, as one line each. */
export class FakeHost implements Host {
	readonly files = new Map<string, {text: string; mode: number}>();
	readonly folders = new Map<string, number>();
	readonly commands: string[] = [];
	/** What was given to commands as standard input, in order. */
	readonly inputs: string[] = [];
	free = 100 * 2 ** 30;
	/** Paths that are on disks of their own. */
	readonly disks = new Map<string, {id: number; free: number}>();
	listening: Listener[] = [];
	/** What runs. */
	running: Process[] = [];
	machine: MachineFacts = {
		memory: 8 * 2 ** 30,
		swap: 0,
		processors: 4,
		user: 'curator',
		timezone: 'Europe/Stockholm',
	};

	private readonly replies: {pattern: RegExp | string; reply: Reply}[] = [];
	private readonly logs: {pattern: RegExp | string; lines: readonly string[]}[] = [];

	/** Answers commands whose line contains or matches the pattern; what was said last counts. Others succeed silently. */
	on(pattern: RegExp | string, reply: Reply) {
		this.replies.unshift({pattern, reply});
		return this;
	}

	/** Lines that a followed command prints before it waits to be stopped. */
	prints(pattern: RegExp | string, lines: readonly string[]) {
		this.logs.unshift({pattern, lines});
		return this;
	}

	ran(pattern: RegExp | string) {
		return this.commands.filter(line => matches(pattern, line));
	}

	async run(command: Command, {input = '', signal}: {input?: string; signal?: AbortSignal} = {}): Promise<Finished> {
		if (signal?.aborted) throw new Cancelled();
		return this.answer(command, input);
	}

	async *lines(command: Command, {signal}: {signal?: AbortSignal} = {}) {
		const line = lineOf(command);
		this.commands.push(line);
		for (const text of this.logs.find(({pattern}) => matches(pattern, line))?.lines ?? [])
			yield {source: 'stdout' as const, line: text};
		if (signal && !signal.aborted)
			await new Promise(resolve => signal.addEventListener('abort', resolve, {once: true}));
		return 0;
	}

	async feed(command: Command, input: Readable, {signal}: {signal?: AbortSignal} = {}): Promise<Finished> {
		const parts: Buffer[] = [];
		for await (const part of input) parts.push(Buffer.from(part));
		if (signal?.aborted) throw new Cancelled();
		return this.answer(command, Buffer.concat(parts).toString('utf8'));
	}

	read = async (path: string) => this.files.get(path)?.text ?? null;

	async write(path: string, text: string, mode: number) {
		for (let folder = dirname(path); folder !== '/'; folder = dirname(folder))
			if (!this.folders.has(folder)) this.folders.set(folder, 0o755);
		this.files.set(path, {text, mode});
	}

	setMode = async (path: string, mode: number) => {
		const file = this.files.get(path);
		if (file) file.mode = mode;
		else this.folders.set(path, mode);
	};

	remove = async (path: string) => {
		this.files.delete(path);
	};

	makeFolder = async (path: string, mode: number) => {
		this.folders.set(path, mode);
	};

	async list(path: string) {
		const inside = [...this.files.keys(), ...this.folders.keys()].filter(name => name.startsWith(`${path}/`));
		return [...new Set(inside.map(name => name.slice(path.length + 1).split('/')[0]!))];
	}

	async stat(path: string) {
		const file = this.files.get(path);
		if (file) return {mode: file.mode, bytes: Buffer.byteLength(file.text), isFolder: false};
		const mode = this.folders.get(path);
		return mode === undefined ? null : {mode, bytes: 0, isFolder: true};
	}

	freeBytes = async (path: string) => this.disks.get(path)?.free ?? this.free;
	fileSystem = async (path: string) => this.disks.get(path)?.id ?? 1;
	listeners = async (ports: readonly number[]) => this.listening.filter(({port}) => ports.includes(port));
	processes = async () => this.running;
	facts = async () => this.machine;

	private answer(command: Command, input: string): Finished {
		const line = lineOf(command);
		this.commands.push(line);
		this.inputs.push(input);
		const reply = this.replies.find(({pattern}) => matches(pattern, line) || matches(pattern, input))?.reply ?? {};
		const given = typeof reply === 'function' ? reply({command, line, input}) : reply;
		return {exitCode: 0, stdout: '', stderr: '', ...given};
	}
}

const lineOf = ({file, args}: Command) => [file, ...args].join(' ');
const matches = (pattern: RegExp | string, line: string) =>
	typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line);
