import {type ChildProcess, fork, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {afterEach, expect, test} from 'vitest';
import {temporaryFolder} from '../_helpers/folder.js';
import {isAlive} from '../_helpers/processes.js';
import {openTerminal, programEnvironment, type Terminal} from '../_helpers/terminal.js';
import {until} from '../_helpers/until.js';
import {program} from './program.js';

/** Ctrl-C while plain lines are shown: what attach does is what install does once its run has begun. */

const {fresh} = temporaryFolder();
const runs: ChildProcess[] = [];
const opened: Terminal[] = [];
afterEach(async () => {
	await Promise.all(opened.splice(0).map(terminal => terminal.close()));
	for (const run of runs.splice(0)) run.kill('SIGKILL');
});

const beginRun = async () => {
	const directory = fresh('museum');
	const run = fork(join(import.meta.dirname, '../_helpers/slow-run.ts'), [directory], {execArgv: ['--import', 'tsx']});
	runs.push(run);
	await once(run, 'message');
	return {directory, run};
};

const watchRun = async () => {
	const {directory, run} = await beginRun();
	const terminal = openTerminal({
		command: process.execPath,
		args: [program, 'attach', '--plain', '--dir', directory],
		reads: 'lines',
	});
	opened.push(terminal);
	await terminal.waitFor('beat 2');
	return {directory, run, terminal};
};

const question = '[k]eep it running and leave, [s]top safely, [b]ack:';
const beatsOf = (terminal: Terminal) =>
	[...`${terminal.scrollback()}\n${terminal.screen()}`.matchAll(/beat (\d+)/g)].map(([, beat]) => Number(beat));
const goesOn = async (terminal: Terminal) => {
	const last = Math.max(...beatsOf(terminal));
	await terminal.waitFor(() => Math.max(...beatsOf(terminal)) > last + 2);
};
const left = (directory: string) => `The run goes on. Watch it with "specify-setup attach --dir ${directory}".`;

test('asks, while the lines go on; b goes back, and it asks again', {timeout: 30_000}, async () => {
	const {run, terminal} = await watchRun();
	await terminal.press('ctrl-c');
	await terminal.waitFor(question);
	await goesOn(terminal);
	await terminal.type('b');
	await terminal.press('enter');
	await goesOn(terminal);
	await terminal.press('ctrl-c');
	await terminal.waitFor(() => `${terminal.scrollback()}\n${terminal.screen()}`.split(question).length === 3);
	await terminal.type('k');
	await terminal.press('enter');
	expect(await terminal.exit).toEqual({exitCode: 0, signal: null});
	expect(isAlive(run.pid!)).toBe(true);
});

test('k leaves, and the run goes on', {timeout: 30_000}, async () => {
	const {directory, run, terminal} = await watchRun();
	await terminal.press('ctrl-c');
	await terminal.waitFor(question);
	await terminal.type('k');
	await terminal.press('enter');
	expect(await terminal.exit).toEqual({exitCode: 0, signal: null});
	expect(terminal.screen().replaceAll(/\s+/g, ' ')).toContain(left(directory));
	expect(isAlive(run.pid!)).toBe(true);
});

test('a second Ctrl-C leaves too', {timeout: 30_000}, async () => {
	const {run, terminal} = await watchRun();
	await terminal.press('ctrl-c');
	await terminal.waitFor(question);
	await terminal.press('ctrl-c');
	expect(await terminal.exit).toEqual({exitCode: 0, signal: null});
	expect(terminal.screen()).toContain('The run goes on.');
	expect(isAlive(run.pid!)).toBe(true);
});

test('s stops the run safely; what it says last is shown, and its exit code given', {timeout: 30_000}, async () => {
	const {run, terminal} = await watchRun();
	await terminal.press('ctrl-c');
	await terminal.waitFor(question);
	await terminal.type('s');
	await terminal.press('enter');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	expect(terminal.screen()).toContain('Stopped, as you asked.');
	await until(() => !isAlive(run.pid!));
});

test('what is no answer asks again; the end of a run ends the question', {timeout: 30_000}, async () => {
	const {run, terminal} = await watchRun();
	await terminal.press('ctrl-c');
	await terminal.waitFor(question);
	await terminal.type('what');
	await terminal.press('enter');
	await terminal.waitFor(() => `${terminal.scrollback()}\n${terminal.screen()}`.split(question).length === 3);
	run.kill('SIGTERM');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	expect(terminal.screen()).toContain('Stopped, as you asked.');
});

test.each([[['--plain']], [['--json']]])(
	'without a terminal nobody is asked: attach %j is left, the run goes on',
	{
		timeout: 30_000,
	},
	async how => {
		const {directory, run} = await beginRun();
		const view = spawn(process.execPath, [program, 'attach', ...how, '--dir', directory], {env: programEnvironment()});
		let said = '';
		view.stdout.on('data', part => {
			said += part;
		});
		await until(() => said.includes('beat 2'), {timeoutMs: 10_000});
		view.kill('SIGINT');
		await once(view, 'exit');
		expect(said).not.toContain('[k]eep');
		expect(isAlive(run.pid!)).toBe(true);
	},
);
