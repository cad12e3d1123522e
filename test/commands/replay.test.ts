import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {paced} from '../../source/commands/replay.js';
import type {JournalEntry} from '../../source/model/events.js';
import {journalPath} from '../../source/run/journal.js';
import {entries, finished, planned, started} from '../_helpers/events.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {handedBack, openTerminal} from '../_helpers/terminal.js';

const fixture = fileURLToPath(new URL('../fixtures/install.jsonl', import.meta.url));
/** The bundle, as `npm test` has just built it. */
const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const {fresh} = temporaryFolder();

const sizes = [
	{cols: 60, rows: 20},
	{cols: 80, rows: 24},
	{cols: 140, rows: 45},
];

const terminal = (args: string[], {cols, rows} = sizes[1]!) =>
	openTerminal({command: process.execPath, args: [bundle, ...args], cols, rows});

const failedRun = entries(
	started({steps: [planned({id: 'up', title: 'Start the services'})]}),
	{type: 'step.started', step: 'up'},
	{type: 'step.failed', step: 'up', message: 'The service db does not stay up.', hint: 'Look why.', details: ['oops']},
	finished({outcome: 'failed', exitCode: 1, message: 'The service db does not stay up.', addresses: [], next: []}),
);

/** An installation's folder with this as its last run. */
const installationWith = (journal: readonly JournalEntry[]) => {
	const directory = fresh('museum');
	const path = journalPath(directory, '20260801T100000-abcd');
	mkdirSync(dirname(path), {recursive: true});
	writeFileSync(path, journal.map(entry => `${JSON.stringify(entry)}\n`).join(''));
	return directory;
};

describe('the pace of a replay', () => {
	const at = (...ms: number[]) => ms.map(time => ({at: time, type: 'step.started', step: 'up'}) as JournalEntry);

	it('is that of the run, times the speed, with long gaps shortened', async () => {
		const began = performance.now();
		const seen: number[] = [];
		for await (const _ of paced(at(0, 200, 100_000), {speed: 2, longestMs: 400})) seen.push(performance.now() - began);
		expect(seen[1]).toBeGreaterThan(90);
		expect(seen[2]).toBeGreaterThan(290);
		expect(seen[2]).toBeLessThan(900);
	});

	it('does not wait at speed 0', async () => {
		const began = performance.now();
		for await (const _ of paced(at(0, 100_000, 200_000), {speed: 0}));
		expect(performance.now() - began).toBeLessThan(200);
	});

	it('ends when it is no longer wanted', async () => {
		const controller = new AbortController();
		setTimeout(() => controller.abort(), 50);
		let count = 0;
		for await (const _ of paced(at(0, 100_000), {speed: 1, signal: controller.signal})) count += 1;
		expect(count).toBe(1);
	});
});

describe('replay', () => {
	it.each(sizes)('plays a real run at $cols×$rows: no frame too tall, the terminal handed back', async size => {
		const window = terminal(['replay', fixture, '--speed', '40'], size);
		await window.waitFor('Fetch the images');
		await window.waitFor('Specify is installed', {timeoutMs: 15_000});
		await window.press('enter');
		expect(await window.exit).toEqual({exitCode: 0, signal: null});
		expect(await window.restored()).toEqual(handedBack);
		expect(window.overflowed).toBe(false);
		await window.close();
	});

	it('can be left at any moment', async () => {
		const window = terminal(['replay', fixture]);
		await window.waitFor('Fetch the images');
		await window.press('ctrl-c');
		expect(await window.exit).toEqual({exitCode: 0, signal: null});
		expect(await window.restored()).toEqual(handedBack);
		await window.close();
	});

	it('speaks lines in a pipe, with --plain and with --json', () => {
		const run = (...args: string[]) =>
			spawnSync(process.execPath, [bundle, 'replay', fixture, ...args], {encoding: 'utf8'});
		expect(run().stdout).toContain('[3/8] Fetch the images');
		expect(run('--plain').stdout).toBe(run().stdout);
		const parsed = (text: string) =>
			text
				.trim()
				.split('\n')
				.map(line => JSON.parse(line) as unknown);
		expect(parsed(run('--json').stdout)).toEqual(parsed(readFileSync(fixture, 'utf8')));
	});

	it('loads no screens for lines', () => {
		const chunks = join(dirname(bundle), 'chunks');
		const ofReact = readdirSync(chunks).filter(name =>
			readFileSync(join(chunks, name), 'utf8').includes('Minified React error'),
		);
		expect(ofReact.length).toBeGreaterThan(0);
		const {stderr} = spawnSync(process.execPath, [bundle, 'replay', fixture, '--plain'], {
			encoding: 'utf8',
			env: {...process.env, NODE_DEBUG: 'esm'},
		});
		const loaded = new Set(stderr.match(/[\w-]+\.js/g));
		expect(loaded.has('main.js')).toBe(true);
		expect(ofReact.filter(name => loaded.has(name))).toEqual([]);
	});
});

describe('attach', () => {
	it('shows how the last run failed, and gives its exit code', async () => {
		const window = terminal(['attach', '--dir', installationWith(failedRun)]);
		expect(await window.waitFor('Start the services: failed')).toContain('Look why.');
		await window.type('q');
		expect((await window.exit).exitCode).toBe(1);
		expect(window.screen()).toContain('The service db does not stay up.');
		await window.close();
	});

	it('says that a run ended without finishing, and gives 1', async () => {
		const window = terminal(['attach', '--dir', installationWith(failedRun.slice(0, 2))]);
		await window.waitFor('The run ended without finishing.');
		await window.type('q');
		expect((await window.exit).exitCode).toBe(1);
		await window.close();
	});
});
