import {type ChildProcess, fork, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {holderOf, lock} from '../../source/run/lock.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {makeZombie} from '../_helpers/processes.js';
import {asSomebodyElse} from '../_helpers/somebody.js';

const {fresh} = temporaryFolder();
const fileOf = (directory: string) => join(directory, '.specify-setup', 'lock');

/** Leaves a lock as some other process would have. */
const leave = async (directory: string, holder: unknown) => {
	await mkdir(join(directory, '.specify-setup'), {recursive: true});
	await writeFile(fileOf(directory), typeof holder === 'string' ? holder : JSON.stringify(holder));
};

/** The number of a process that has ended. */
const deadPid = () => spawnSync('true').pid;

describe('a lock', () => {
	it('is held until it is given back', async () => {
		const directory = fresh();
		expect(await holderOf(directory)).toBeNull();
		const release = await lock(directory, 'run-1');
		expect(await holderOf(directory)).toMatchObject({pid: process.pid, run: 'run-1'});
		await release();
		expect(await holderOf(directory)).toBeNull();
		await (await lock(directory, 'run-2'))();
	});

	it('that is held refuses the next one, with the exit code for it and how to watch', async () => {
		const directory = fresh();
		const release = await lock(directory, 'run-1');
		const error = await failureOf(lock(directory, 'run-2'));
		expect(error).toMatchObject({
			exitCode: 4,
			message: `Another run is changing ${directory}.`,
			hint: `Watch it with "specify-setup attach --dir ${directory}".`,
		});
		expect(await holderOf(directory)).toMatchObject({run: 'run-1'});
		await release();
	});

	it('of a command that is no run tells to wait for it, and offers nobody to watch it', async () => {
		const directory = fresh();
		const release = await lock(directory, 'run-1', 'certs renew');
		const error = await failureOf(lock(directory, 'run-2'));
		expect(error).toMatchObject({exitCode: 4, message: `"specify-setup certs renew" is at work in ${directory}.`});
		expect(error.hint).toContain('Wait');
		expect(error.hint).not.toContain('attach');
		expect(error.details).toEqual([expect.stringMatching(/^Begun \d{4}-\d\d-\d\d \d\d:\d\d UTC by \S+\.$/)]);
		await release();
	});

	it('of an earlier version, which does not say what it is for, is that of a run', async () => {
		const directory = fresh();
		await leave(directory, {pid: process.pid, began: null, run: 'run-1'});
		expect(await failureOf(lock(directory, 'run-2'))).toMatchObject({
			exitCode: 4,
			hint: expect.stringContaining('attach'),
			details: [],
		});
	});

	it('that this user may not see is not taken for none', async () => {
		const directory = fresh();
		const release = await lock(directory, 'run-1');
		const folder = join(directory, '.specify-setup');
		expect(await asSomebodyElse(folder, () => failureOf(holderOf(directory)))).toMatchObject({
			exitCode: 3,
			message: `You may not read ${fileOf(directory)}.`,
			hint: expect.stringContaining('sudo'),
		});
		expect(await asSomebodyElse(folder, async () => lock(directory, 'run-2').catch(error => error))).toMatchObject({
			code: 'EACCES',
			path: fileOf(directory),
		});
		await release();
	});

	it('leaves nothing else behind, and shows itself to its owner alone', async () => {
		const directory = fresh();
		const release = await lock(directory, 'run-1');
		expect(await readdir(join(directory, '.specify-setup'))).toEqual(['lock']);
		expect((await stat(join(directory, '.specify-setup'))).mode & 0o777).toBe(0o700);
		await release();
		expect(await readdir(join(directory, '.specify-setup'))).toEqual([]);
	});

	it('of a process that died is taken over', async () => {
		const directory = fresh();
		await leave(directory, {pid: deadPid(), began: '1', run: 'dead'});
		expect(await holderOf(directory)).toBeNull();
		const release = await lock(directory, 'run-2');
		expect(await holderOf(directory)).toMatchObject({run: 'run-2'});
		await release();
	});

	it('of a process whose number another one has now is taken over', async () => {
		const directory = fresh();
		await leave(directory, {pid: process.pid, began: '1', run: 'long ago'});
		expect(await holderOf(directory)).toBeNull();
		await (await lock(directory, 'run-2'))();
	});

	it('of a process that died is taken over even if nobody has asked for its end yet, as in a container without init', async () => {
		const directory = fresh();
		const {pid, began, parent} = await makeZombie();
		try {
			await leave(directory, {pid, began, run: 'dead'});
			expect(await holderOf(directory)).toBeNull();
			await (await lock(directory, 'run-2'))();
		} finally {
			parent.kill();
		}
	});

	it('that cannot be read is taken over', async () => {
		const directory = fresh();
		await leave(directory, '{"pid": 1');
		const release = await lock(directory, 'run-2');
		expect(JSON.parse(await readFile(fileOf(directory), 'utf8'))).toMatchObject({run: 'run-2'});
		await release();
	});

	it('given back twice is not taken from the next holder', async () => {
		const directory = fresh();
		const first = await lock(directory, 'run-1');
		await first();
		const second = await lock(directory, 'run-2');
		await first();
		expect(await holderOf(directory)).toMatchObject({run: 'run-2'});
		await second();
	});
});

describe('several processes at once', () => {
	const program = fileURLToPath(new URL('../_helpers/lock-taker.ts', import.meta.url));
	const rounds = 40;
	let takers: ChildProcess[] = [];

	/** Lets every process try to lock one folder at the same moment. */
	const race = async (directory: string) => {
		const answers = Promise.all(takers.map(child => once(child, 'message').then(([answer]) => answer as string)));
		for (const child of takers) child.send(directory);
		return (await answers).sort();
	};

	beforeAll(async () => {
		takers = Array.from({length: 3}, () => fork(program, {execArgv: ['--import', 'tsx'], stdio: 'ignore'}));
		await Promise.all(takers.map(child => once(child, 'message')));
	});

	afterAll(() => {
		for (const child of takers) child.kill();
	});

	it('exactly one takes the lock, the others are refused with exit code 4', async () => {
		for (let round = 0; round < rounds; round += 1)
			expect(await race(fresh())).toEqual(['refused 4', 'refused 4', 'taken']);
	});

	it('exactly one takes over from a process that died, the others are refused', async () => {
		const pid = deadPid();
		for (let round = 0; round < rounds; round += 1) {
			const directory = fresh();
			await leave(directory, {pid, began: '1', run: 'dead'});
			expect(await race(directory)).toEqual(['refused 4', 'refused 4', 'taken']);
		}
	});

	it('one that ends without giving it back loses it', async () => {
		const directory = fresh();
		await race(directory);
		const {pid} = (await holderOf(directory))!;
		const holder = takers.find(child => child.pid === pid)!;
		const ended = once(holder, 'exit');
		holder.kill('SIGKILL');
		await ended;
		expect(await holderOf(directory)).toBeNull();
	});
});
