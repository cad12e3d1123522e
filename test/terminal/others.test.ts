import {type ChildProcess, fork, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, describe, expect, test} from 'vitest';
import {lock} from '../../source/run/lock.js';
import {finished, started} from '../_helpers/events.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {isAlive} from '../_helpers/processes.js';
import {openTerminal, programEnvironment, type Terminal} from '../_helpers/terminal.js';
import {program} from './program.js';

/** The built program beside others at work in the same installation: other commands, runs that died, other users. */

const {fresh} = temporaryFolder();
const runs: ChildProcess[] = [];
const opened: Terminal[] = [];
afterEach(async () => {
	await Promise.all(opened.splice(0).map(terminal => terminal.close()));
	for (const run of runs.splice(0)) run.kill('SIGKILL');
});

const call = (args: readonly string[], uid = process.getuid!()) => {
	const home = fresh('home');
	mkdirSync(home);
	const {status, stdout, stderr} = spawnSync(process.execPath, [program, ...args], {
		encoding: 'utf8',
		cwd: '/',
		uid,
		env: programEnvironment({HOME: home, DOCKER_HOST: 'unix:///nowhere/docker.sock', TZ: 'Europe/Stockholm'}),
	});
	return {status, stdout, stderr};
};

/** A folder that looks like an installation's. */
const museum = () => {
	const directory = fresh('museum');
	mkdirSync(join(directory, '.specify-setup', 'journals'), {recursive: true});
	chmodSync(join(directory, '.specify-setup'), 0o700);
	writeFileSync(join(directory, 'specify.yaml'), 'version: 1\n');
	return directory;
};

describe('beside a command that is no run', () => {
	test.each([['attach'], ['attach', '--json'], ['doctor', '--fix'], ['certs', 'renew'], ['install', '--files-only']])(
		'%s %s waits for it (exit code 4), and stops nothing',
		async (...args) => {
			const directory = museum();
			const release = await lock(directory, 'r', 'certs renew');
			const {status, stdout, stderr} = call([...args, '--dir', directory]);
			await release();
			expect(status).toBe(4);
			expect(stdout + stderr).toMatch(/\\?"specify-setup certs renew\\?" is at work/);
			expect(stdout + stderr).toContain('Wait until it has ended');
			expect(stdout + stderr).not.toMatch(/specify-setup attach|Waiting for the run/);
		},
	);
});

describe('a run that was killed', () => {
	test('ends in a last line for scripts too', async () => {
		const directory = fresh('museum');
		const run = fork(join(import.meta.dirname, '../_helpers/slow-run.ts'), [directory], {
			execArgv: ['--import', 'tsx'],
		});
		runs.push(run);
		await once(run, 'message');
		run.kill('SIGKILL');
		await once(run, 'exit');
		expect(isAlive(run.pid!)).toBe(false);
		const {status, stdout, stderr} = call(['attach', '--json', '--dir', directory]);
		expect({status, stderr}).toEqual({status: 1, stderr: ''});
		expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({
			type: 'run.finished',
			outcome: 'interrupted',
			exitCode: 1,
		});
	});
});

describe('a run that did not finish', () => {
	test('is told with what is left of it, and asked for once', {timeout: 30_000}, async () => {
		const directory = fresh('museum');
		expect(call(['install', '--files-only', '--dir', directory]).status).toBe(0);
		const hour = Date.parse('2026-08-01T10:00:00Z');
		const journal = join(directory, '.specify-setup', 'journals', '20260801T100000-abcd.jsonl');
		mkdirSync(dirname(journal), {recursive: true});
		const told = finished({outcome: 'cancelled', exitCode: 130, message: 'Stopped, as you asked.', hint: 'Again.'});
		const events = [started({directory}), told].map(event => JSON.stringify({at: hour, ...event}));
		writeFileSync(journal, `${events.join('\n')}\n`);
		const home = fresh('home');
		mkdirSync(home);
		const terminal = openTerminal({
			command: process.execPath,
			args: [program, '--plain', '--dir', directory],
			env: {HOME: home, DOCKER_HOST: 'unix:///nowhere/docker.sock', TZ: 'Europe/Stockholm'},
			reads: 'lines',
		});
		opened.push(terminal);
		const everything = () => `${terminal.scrollback()}\n${terminal.screen()}`;
		await terminal.waitFor('Continue it now? [Y/n]');
		expect(everything().replaceAll(/\s+/g, ' ')).toContain(`in ${directory} did not finish (Stopped, as you asked).`);
		expect(everything()).toMatch(/ 3 {2}Fetch/);
		await terminal.press('enter');
		// It goes on, as far as it comes without an engine.
		expect(await terminal.exit).toEqual({exitCode: 3, signal: null});
		expect(everything()).not.toContain('Do this now?');
		expect(everything().replaceAll(/\s+/g, ' ')).toContain('This machine is not ready');
	});
});

describe.skipIf(process.getuid!() !== 0)('another user', () => {
	test.each([
		[['attach'], /^You may not read .*\/\.specify-setup\/lock\./],
		[['certs', 'renew'], /^You may not write to .*\/\.specify-setup\/lock\./],
		[['bundle', '--output', '/tmp/specify-setup-never-written.tar.gz'], /^You may not read .*\/\.specify-setup\//m],
		[['doctor', '--fix'], /^You may not read .*\/\.specify-setup\/lock\./],
	])('is told by %j whose it is', (args, what) => {
		const directory = museum();
		chmodSync(dirname(directory), 0o755);
		const {status, stderr} = call([...args, '--dir', directory], 65534);
		expect(stderr).toMatch(what);
		expect(stderr).toMatch(/as (that|the) user|with sudo/);
		expect(stderr).not.toMatch(/EACCES|unexpected|lock\.\d/);
		expect(status).not.toBe(0);
	});

	test('reads no system words in what the doctor says', () => {
		const directory = museum();
		chmodSync(dirname(directory), 0o755);
		const {stdout} = call(['doctor', '--dir', directory], 65534);
		expect(stdout).toContain('You may not read');
		expect(stdout).not.toMatch(/EACCES|Mend what else/);
	});
});
