import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa, type ResultPromise} from 'execa';
import {complete} from '../../source/model/answers.js';
import type {JournalEntry, StepId} from '../../source/model/events.js';
import {runCommand} from '../../source/run/command.js';
import {bundle, docker, Installation} from '../e2e/installation.js';
import {institution} from '../e2e/starts.js';
import {bytesOf} from './random.js';

/** What is installed: nothing but an institution, or a dump with attachments. */
export type Kind = 'empty' | 'dump';

/** A place in a run: where a step begins, or that share of its usual time later. */
export type Moment = {step: StepId; share: number};

/** The last words of a run: what its view, or who looked afterwards, read. */
export type Words = {exitCode: number; text: string};

export const defaultAnswers = complete({}, {timezone: 'UTC'});

const dumpBytes = '5MB';
const attachmentCount = 60;
const pollMs = 20;
const pageBytes = 4096;
/** Between a run's last entry and the end of its process. */
const endsWithinMs = 10_000;
const longestRunMs = 900_000;

/**
 * Specify's stand-in waits where the original works, and its health is asked for seldom: both are made shorter. Docker has
 * room for some thirty networks of its own choice; those of these installations are chosen here.
 */
const override = (http: number) => `services:
  specify7: {environment: {LAB_PACE: '0.1'}, healthcheck: {interval: 4s}}
  worker: {environment: {LAB_PACE: '0.1'}, healthcheck: {interval: 15s}}
networks:
${['web', 'data', 'reports'].map((name, index) => `  ${name}: {ipam: {config: [{subnet: 10.213.${(http % 64) * 4 + index}.0/24}]}}\n`).join('')}`;

/** What the installations of a test are made from. */
export class Material {
	private readonly folder = mkdtempSync(join(tmpdir(), 'specify-faults-'));
	readonly dump = join(this.folder, 'museum.sql');
	readonly attachments = join(this.folder, 'assets');

	async make() {
		await execa('npx', ['tsx', 'test/lab/dump/main.ts', '--out', this.dump, '--size', dumpBytes]);
		mkdirSync(join(this.attachments, 'originals'), {recursive: true});
		for (let index = 0; index < attachmentCount; index++)
			writeFileSync(join(this.attachments, 'originals', `${index}.jpg`), bytesOf(`${index}`, 10_000 + 20_000 * index));
	}

	settings(kind: Kind) {
		return kind === 'empty'
			? [institution]
			: ['database.start=dump', `database.dump=${this.dump}`, `database.attachments=${this.attachments}`];
	}

	remove() {
		rmSync(this.folder, {recursive: true, force: true});
	}
}

/** The command line of a process; empty when it has ended. */
const commandLineOf = (pid: number) => {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
	} catch {
		return '';
	}
};

/** Processes whose arguments name something. */
export const processesNaming = (text: string) =>
	readdirSync('/proc')
		.filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
		.map(name => ({pid: Number(name), line: commandLineOf(Number(name))}))
		.filter(({line}) => line.includes(text));

/** An installation that something happens to. */
export class Museum extends Installation {
	private readonly mounts: string[] = [];

	/** Makes the folder, with what makes the laboratory quicker. */
	begin() {
		mkdirSync(this.directory, {recursive: true});
		writeFileSync(this.path('compose.override.yaml'), override(this.ports.http));
	}

	/** The answers as the command line takes them. */
	get given() {
		return this.answers;
	}

	private get journals() {
		const folder = this.path('.specify-setup', 'journals');
		return existsSync(folder)
			? readdirSync(folder)
					.filter(name => name.endsWith('.jsonl'))
					.sort()
					.map(name => join(folder, name))
			: [];
	}

	get journalPath() {
		return this.journals.at(-1) ?? null;
	}

	/** What the newest run has written so far; a last line that is cut is left out. */
	events(): JournalEntry[] {
		const path = this.journalPath;
		if (path === null) return [];
		return readFileSync(path, 'utf8')
			.split('\n')
			.flatMap(line => {
				try {
					return [JSON.parse(line) as JournalEntry];
				} catch {
					return [];
				}
			});
	}

	/** The process of the newest run. */
	get pid() {
		const first = this.events()[0];
		if (first?.type !== 'run.started') throw new Error('No run has begun.');
		return first.pid;
	}

	/** Whether the newest run's process has ended, or does so in a moment. */
	async hasEnded() {
		for (const since = Date.now(); Date.now() - since < endsWithinMs; await sleep(100))
			if (!commandLineOf(this.pid).includes(runCommand)) return true;
		return false;
	}

	/** Everything that was ever written into a journal. */
	allJournals() {
		return this.journals.map(path => readFileSync(path, 'utf8')).join('');
	}

	/** Starts `install --yes`, `reconfigure --yes` or `attach` as into a pipe. */
	startView(
		command: 'install' | 'reconfigure' | 'attach',
		environment: Record<string, string> = {},
		...args: string[]
	): ResultPromise {
		const own = {install: ['--yes', ...this.answers], reconfigure: ['--yes'], attach: []};
		const given = [...own[command], ...args];
		return execa(process.execPath, [bundle, command, '--dir', this.directory, '--plain', ...given], {
			reject: false,
			stdin: 'ignore',
			all: true,
			timeout: longestRunMs,
			env: environment,
		});
	}

	/** The last words of a view that was started; null when it was killed. */
	async wordsOf(view: ResultPromise): Promise<Words | null> {
		const {exitCode, all, timedOut} = await view;
		if (timedOut) throw new Error(`Nothing came to an end in ${longestRunMs / 60_000} minutes:\n${all}`);
		return exitCode === undefined ? null : {exitCode, text: String(all)};
	}

	/** Waits for a moment of the run that begins now. False when the view ends before, or the run is over. */
	async reach({step, share}: Moment, usualMs: number, view: ResultPromise): Promise<boolean> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		view.then(end, end);
		const before = this.journalPath;
		const border = `"type":"step.started","step":"${step}"`;
		for (let seenBytes = 0; !ended; await sleep(pollMs)) {
			const path = this.journalPath;
			if (path === null || path === before) continue;
			const {size} = statSync(path);
			if (size === seenBytes) continue;
			seenBytes = size;
			if (readFileSync(path, 'utf8').includes(border)) break;
		}
		if (share > 0) await sleep(usualMs * share);
		return !ended && this.events().at(-1)?.type !== 'run.finished';
	}

	/** Waits until Compose has made the container that is to replace a service's. False when the view ends before. */
	async replaces(service: string, view: ResultPromise): Promise<boolean> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		view.then(end, end);
		const own = ['--filter', `label=com.docker.compose.project=${this.project}`, '--filter', 'status=created'];
		const name = new RegExp(`^[0-9a-f]{12}_${this.project}-${service}-1$`, 'm');
		while (!ended) if (name.test(await docker('ps', '--all', ...own, '--format', '{{.Names}}'))) return true;
		return false;
	}

	/** How long the steps of the newest run took, milliseconds. */
	stepTimes(): Partial<Record<StepId, number>> {
		return Object.fromEntries(
			this.events().flatMap(event => (event.type === 'step.finished' ? [[event.step, event.ms]] : [])),
		);
	}

	/** The step that the newest run was in last. */
	lastStep(): StepId | null {
		return (
			this.events()
				.flatMap(event => (event.type === 'step.started' ? [event.step] : []))
				.at(-1) ?? null
		);
	}

	/** Kills what Docker started in a service's container, as a crash would: the engine takes `docker kill` for a wish. */
	async crash(service: string) {
		const container = (await this.containers()).find(candidate => candidate.service === service);
		if (container?.state !== 'running') throw new Error(`${service} does not run.`);
		const main = Number(await docker('inspect', '--format', '{{.State.Pid}}', container.id));
		const children = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').split(' ').filter(Boolean);
		for (const pid of container.host.Init ? children.map(Number) : [main]) process.kill(pid, 'SIGKILL');
	}

	/** Puts a small file system of memory in place of a folder. */
	mountMemory(folder: string, bytes: number) {
		mkdirSync(folder, {recursive: true});
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'specify-faults', folder]);
		this.mounts.push(folder);
	}

	/** Changes the size of such a file system. */
	resize(folder: string, bytes: number) {
		execFileSync('mount', ['-o', `remount,size=${bytes}`, folder], {stdio: 'pipe'});
	}

	/** Leaves so many bytes on such a file system, and a few more when it grows meanwhile. */
	leave(folder: string, bytes: number) {
		for (let more = 0; ; more += pageBytes) {
			try {
				return this.resize(folder, this.used(folder) + bytes + more);
			} catch (error) {
				if (more > 16 * pageBytes) throw error;
			}
		}
	}

	private used(folder: string) {
		return Number(execFileSync('df', ['--output=used', '--block-size=1', folder], {encoding: 'utf8'}).split('\n')[1]);
	}

	/** Makes the folder readable only, for everybody who opens something in it from now on. */
	makeReadOnly() {
		execFileSync('mount', ['--bind', this.directory, this.directory]);
		this.mounts.push(this.directory);
		execFileSync('mount', ['-o', 'remount,bind,ro', this.directory]);
	}

	makeWritable() {
		execFileSync('umount', [this.directory]);
		this.mounts.splice(this.mounts.lastIndexOf(this.directory), 1);
	}

	/** Makes a data volume whose files are in a folder. */
	async makeVolume(role: string, folder: string) {
		const name = `${this.project}_${role}`;
		const options = ['type=none', 'o=bind', `device=${folder}`].flatMap(option => ['--opt', option]);
		await docker('volume', 'create', '--label', `specify-setup.project=${this.project}`, ...options, name);
	}

	/** A folder beside the installation's. */
	beside(name: string) {
		return join(dirname(this.directory), name);
	}

	override async remove() {
		for (const {pid} of processesNaming(this.directory)) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// it ended meanwhile
			}
		}
		const label = `label=com.docker.compose.project=${this.project}`;
		const containers = (await docker('ps', '--all', '--quiet', '--filter', label)).split('\n').filter(Boolean);
		if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
		// Lazily: who was killed may hold it for a moment.
		for (const folder of this.mounts.splice(0).reverse()) execFileSync('umount', ['--lazy', folder]);
		await super.remove();
	}
}
