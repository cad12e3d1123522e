import {readFileSync} from 'node:fs';
import {afterEach, describe, expect, it} from 'vitest';
import {type ProgressProps, type ProgressResult, ProgressScreen} from '../../source/ink/screens/progress.js';
import {columnsOf} from '../../source/ink/spans.js';
import type {Event, JournalEntry} from '../../source/model/events.js';
import {entries, finished, planned, started} from '../_helpers/events.js';
import {draw, keys} from '../_helpers/screen.js';
import {until} from '../_helpers/until.js';

const sizes = [
	{columns: 60, rows: 20},
	{columns: 80, rows: 24},
	{columns: 140, rows: 45},
	{columns: 32, rows: 10},
];

const journal = readFileSync(new URL('../fixtures/install.jsonl', import.meta.url), 'utf8')
	.split('\n')
	.filter(line => line !== '')
	.map(line => JSON.parse(line) as JournalEntry);

/** A run that says what it is told to, when it is told to. */
const run = () => {
	const waiting: JournalEntry[] = [];
	let ended = false;
	let wake = () => {};
	return {
		say(...said: JournalEntry[]) {
			waiting.push(...said);
			wake();
		},
		end() {
			ended = true;
			wake();
		},
		async *entries() {
			for (;;) {
				while (waiting.length > 0) yield waiting.shift()!;
				if (ended) return;
				await new Promise<void>(resolve => {
					wake = resolve;
				});
			}
		},
	};
};

const open: {unmount(): void}[] = [];
afterEach(() => {
	for (const screen of open.splice(0)) screen.unmount();
});

const show = (said: readonly JournalEntry[], props: Partial<ProgressProps> = {}, size = sizes[1]!) => {
	const results: ProgressResult[] = [];
	const source = run();
	source.say(...said);
	const stream = source.entries();
	const screen = draw(<ProgressScreen entries={stream} onLeave={result => results.push(result)} {...props} />, size);
	open.push(screen);
	return {...screen, ...source, results};
};

const steps = [
	planned({id: 'preflight', title: 'Check this machine', done: true}),
	planned({id: 'pull', title: 'Fetch the images'}),
	planned({id: 'up', title: 'Start the services'}),
	planned({id: 'database', title: 'Load the database'}),
	planned({id: 'specify', title: 'Start Specify 7'}),
	planned({id: 'verify', title: 'Check that everything answers'}),
];
const begun = (...events: Event[]) => entries(started({steps}), ...events);

const fetching = (item: string, current: number, total: number, over: object = {}): Event => ({
	type: 'progress',
	step: 'pull',
	item,
	current,
	total,
	unit: 'bytes',
	state: 'downloading',
	...over,
});

const pull = begun(
	{type: 'step.started', step: 'pull'},
	fetching('localhost:5000/library/redis:8.0', 35_000_000, 35_000_000, {state: 'done'}),
	fetching('localhost:5000/library/mariadb:11.8', 50_000_000, 110_000_000, {rate: 12_000_000, secondsLeft: 5}),
	fetching('9aba3ef4bf8d', 20_000_000, 32_000_000, {parent: 'localhost:5000/library/mariadb:11.8'}),
	fetching('localhost:5000/library/caddy:2.11', 0, 51_000_000, {state: 'waiting'}),
);

const broken = begun(
	{type: 'step.started', step: 'pull'},
	{type: 'step.finished', step: 'pull', changed: true, summary: '6 images fetched.', ms: 1000},
	{type: 'step.started', step: 'specify'},
	{type: 'log', step: 'specify', source: 'specify7', line: 'Running Django migrations...'},
	{
		type: 'step.failed',
		step: 'specify',
		message: 'Specify 7 could not start: the disk is full.',
		hint: 'Free some space, then run this again.',
		details: ['Traceback (most recent call last):', 'OSError: [Errno 28] No space left on device'],
	},
	finished({outcome: 'failed', exitCode: 1, ms: 65_000, message: 'It failed.', hint: 'x', addresses: [], next: []}),
);

const well = begun(
	{type: 'note', step: 'preflight', level: 'warning', message: 'memory: 3.0 GiB.', hint: 'Add swap.'},
	finished({
		next: ['Log in as curator. The password is in /opt/specify/.env.', 'There is no backup yet.'],
		authority: '/opt/specify/certificates/root.crt',
	}),
);

describe('the progress screen', () => {
	it('shows every step with its state in words, and the open one with bytes, rate and time left', async () => {
		const {shows} = show(pull);
		const frame = await shows('mariadb');
		expect(frame).toContain('Installing Specify');
		expect(frame).toContain('step 2 of 6');
		expect(frame).toMatch(/Check this machine +done already/);
		expect(frame).toMatch(/Fetch the images +now/);
		expect(frame).toMatch(/Start Specify 7 +waiting/);
		expect(frame).toMatch(/redis +done, 35\.0 MB/);
		expect(frame).toMatch(/mariadb .*50 of 110 MB +12\.0 MB\/s +5 s left/);
		expect(frame).toMatch(/caddy +waiting, 51\.0 MB/);
		expect(frame).toMatch(/1 of 3 images .*85 of 196 MB/);
		expect(frame).toMatch(/layer 9aba3ef4bf8d .*20\.0 of 32\.0 MB +downloading/);
	});

	it('shows services with their health, the load with table and rows, migrations and checks', async () => {
		const {shows, say} = show(
			begun({type: 'step.started', step: 'up'}, {type: 'service', step: 'up', service: 'db', state: 'starting'}),
		);
		await shows(/db +starting/);
		say(
			...entries(
				{type: 'step.finished', step: 'up', changed: true, summary: '', ms: 1},
				{type: 'step.started', step: 'database'},
				fetching('museum.sql.gz', 10_000_000, 40_000_000, {step: 'database', state: 'loading'}),
				{
					...fetching('rows', 123_456, 0),
					total: null,
					step: 'database',
					parent: 'museum.sql.gz',
					unit: 'rows',
					state: 'collectionobject',
				} as Event,
			),
		);
		expect(await shows('123,456 rows, now table collectionobject')).toMatch(/museum\.sql\.gz .*10\.0 of 40\.0 MB/);
		say(
			...entries(
				{type: 'step.finished', step: 'database', changed: true, summary: '', ms: 1},
				{type: 'step.started', step: 'specify'},
				fetching('specify7', 34, 81, {step: 'specify', unit: 'migrations', state: 'specify.0035_version'}),
				{type: 'log', step: 'specify', source: 'specify7', line: '  Applying specify.0035_version... OK'},
			),
		);
		const frame = await shows('34 of 81');
		expect(frame).toContain('now: specify.0035_version');
		expect(frame).toContain('specify7 |   Applying specify.0035_version... OK');
		say(
			...entries(
				{type: 'step.finished', step: 'specify', changed: true, summary: '', ms: 1},
				{type: 'step.started', step: 'verify'},
				{type: 'check', step: 'verify', name: 'worker', ok: false, detail: 'no answer'},
			),
		);
		await shows('worker: FAILED: no answer');
	});

	it('counts down, in its row, to when something is tried again', async () => {
		const waiting = {step: 'pull', reason: 'connection refused', attempt: 2, of: 6} as const;
		const image = 'localhost:5000/library/mariadb:11.8';
		const {shows, say} = show([
			...pull,
			{at: Date.now(), type: 'retry', ...waiting, item: image, until: Date.now() + 60_000},
		]);
		const frame = await shows(/mariadb +connection refused, again in \d+ s \(2 of 6\)/);
		expect(frame).toMatch(/1 of 3 images .*85 of 196 MB/);
		const seconds = () => Number(/again in (\d+) s/.exec(frame)![1]);
		await shows(new RegExp(`again in ${seconds() - 1} s`));
		say({at: Date.now(), type: 'retry', ...waiting, item: image, attempt: 3, until: Date.now() - 1});
		await shows(/mariadb +connection refused, again now \(3 of 6\)/);
		say({at: Date.now(), ...fetching(image, 60_000_000, 110_000_000)});
		expect(await shows(/mariadb .*60 of 110 MB/)).not.toContain('connection refused');
		say({at: Date.now(), type: 'retry', ...waiting, item: 'localhost:5000', until: Date.now() + 60_000});
		await shows(/! localhost:5000: connection refused, again in|⚠ localhost:5000: connection refused, again in/);
	});

	it.each(sizes)('fits $columns×$rows while things are tried again', async size => {
		const long = 'registry.of.a.museum.with.a.long.name.example:5000';
		const retry = {type: 'retry', step: 'pull', reason: 'TLS handshake timeout', attempt: 2, of: 6} as const;
		const {shows, frame} = show(
			[
				...pull,
				{at: Date.now(), ...retry, item: long, until: Date.now() + 60_000},
				{at: Date.now(), ...retry, item: 'localhost:5000/library/mariadb:11.8', until: Date.now() + 60_000},
			],
			{},
			size,
		);
		await shows(/TLS|registry\.of/);
		for (const line of frame().split('\n')) expect(columnsOf(line), line).toBeLessThanOrEqual(size.columns);
	});

	it.each(sizes)('fits $columns×$rows at every moment of a real run', async ({columns, rows}) => {
		const {shows, say, frame} = show([], {}, {columns, rows});
		await shows('begin');
		for (let index = 0; index < journal.length; index += 60) {
			say(...journal.slice(index, index + 60));
			await new Promise(resolve => setTimeout(resolve, 130));
			const lines = frame().split('\n');
			expect(lines.length, frame()).toBeLessThan(rows);
			expect(Math.max(...lines.map(columnsOf)), frame()).toBeLessThanOrEqual(columns);
		}
		await shows('Done');
	});

	it('keeps wide and joined characters inside the window', async () => {
		const title = '标本馆のデータベースを読み込む 👩‍🔬👩‍🔬 naïve Überführung der Sammlungsgegenstände';
		const wide = entries(
			started({steps: [planned({id: 'database', title})]}),
			{type: 'step.started', step: 'database'},
			fetching('植物标本馆数据库备份文件二零二六年.sql.gz', 5, 10, {step: 'database', state: 'loading'}),
			{type: 'log', step: 'database', source: 'db', line: '読'.repeat(200)},
		);
		for (const size of sizes) {
			const {shows, unmount} = show(wide, {}, size);
			const frame = await shows('标本');
			for (const line of frame.split('\n')) expect(columnsOf(line), line).toBeLessThanOrEqual(size.columns);
			unmount();
		}
	});

	it('puts finished and coming steps together where there is little room, and keeps the open one', async () => {
		const {shows} = show(pull, {}, {columns: 60, rows: 12});
		const frame = await shows('images');
		expect(frame).toMatch(/Fetch the images +now/);
		expect(frame).toMatch(/more steps: waiting/);
		expect(frame.split('\n').length).toBeLessThan(12);
	});

	it('draws at most ten pictures a second, however fast events come', async () => {
		const {say, frames, shows} = show(begun({type: 'step.started', step: 'pull'}));
		await shows('Fetch');
		const before = frames.length;
		const began = performance.now();
		for (let index = 1; performance.now() - began < 1500; index += 1) {
			say(...entries(fetching('redis', index, 1_000_000)));
			await new Promise(resolve => setTimeout(resolve, 1));
		}
		expect((frames.length - before) / ((performance.now() - began) / 1000)).toBeLessThanOrEqual(10.5);
	});
});

describe('leaving a run under way', () => {
	it('asks, and goes back with nothing changed', async () => {
		const {press, shows, results} = show(pull, {stop: () => {}});
		await shows('mariadb');
		await press(keys.ctrlC);
		expect(await shows('Leave?')).toContain('specify-setup attach --dir /opt/specify');
		await press(keys.escape);
		await shows('mariadb');
		expect(results).toEqual([]);
	});

	it('keeps it running', async () => {
		let stopped = 0;
		const {press, shows, results} = show(pull, {stop: () => (stopped += 1)});
		await shows('mariadb');
		await press(keys.ctrlC);
		await shows('Leave?');
		await press('k');
		await until(() => results.length === 1);
		expect(results[0]!.how).toBe('left');
		expect(stopped).toBe(0);
	});

	it('leaves the view alone at the second Ctrl-C', async () => {
		let stopped = 0;
		const {press, shows, results} = show(pull, {stop: () => (stopped += 1)});
		await shows('mariadb');
		await press(keys.ctrlC, keys.ctrlC);
		await until(() => results.length === 1);
		expect(results[0]!.how).toBe('left');
		expect(stopped).toBe(0);
	});

	it('stops it safely, says so, and shows that it has stopped', async () => {
		let stopped = 0;
		const {press, shows, say, results} = show(pull, {stop: () => (stopped += 1)});
		await shows('mariadb');
		await press('q');
		await shows('Leave?');
		await press(keys.down, keys.enter);
		await shows('Stopping as soon as it is safe');
		expect(stopped).toBe(1);
		say(
			...entries(
				{type: 'step.failed', step: 'pull', message: 'Stopped, as you asked.', hint: 'Nothing is lost.', details: []},
				finished({outcome: 'cancelled', exitCode: 130, next: []}),
			),
		);
		expect(await shows('Fetch the images: stopped')).toContain('Nothing is lost.');
		await press('q');
		await until(() => results.length === 1);
		expect(results[0]).toMatchObject({how: 'ended', progress: {ending: {exitCode: 130}}});
	});

	it('stops it at once when that is asked for again, and leaves the view at Ctrl-C', async () => {
		let stopped = 0;
		const {press, shows, results} = show(pull, {stop: () => (stopped += 1)});
		await shows('mariadb');
		await press(keys.ctrlC);
		await shows('Leave?');
		await press('s');
		await shows('s stops it at once');
		await press('s');
		await until(() => stopped === 2);
		await press(keys.ctrlC);
		await until(() => results.length === 1);
		expect(results[0]!.how).toBe('left');
	});

	it('offers no stop where there is none to be had', async () => {
		const {press, shows, results} = show(pull);
		await shows('mariadb');
		await press(keys.ctrlC);
		expect(await shows('Leave?')).not.toContain('Stop it');
		await press('s');
		expect(results).toEqual([]);
		await shows('Leave?');
	});

	it('asks nothing of a replay, which is left at once', async () => {
		const {press, shows, results} = show(pull, {live: false});
		expect(await shows('mariadb')).toContain('replay');
		await press(keys.ctrlC);
		await until(() => results.length === 1);
	});

	it('asks no longer once the run has ended', async () => {
		const {press, shows, say} = show(pull, {stop: () => {}});
		await shows('mariadb');
		await press(keys.ctrlC);
		await shows('Leave?');
		say(...entries(finished()));
		await shows('Specify is installed');
	});

	it('puts the view aside with Ctrl-Z', async () => {
		let aside = 0;
		const {press, shows} = show(pull, {suspend: () => (aside += 1)});
		await shows('mariadb');
		await press(keys.ctrlZ);
		expect(aside).toBe(1);
	});
});

describe('the log', () => {
	const lines = Array.from(
		{length: 120},
		(_, index): Event => ({type: 'log', step: 'specify', source: 'specify7', line: `line ${index + 1}.`}),
	);

	it('follows its end, scrolls back, stays there while more is said, and goes back to the run', async () => {
		const {press, shows, say, frame} = show(begun({type: 'step.started', step: 'specify'}, ...lines));
		await shows('Start Specify 7');
		await press('l');
		expect(await shows('following')).toContain('line 120.');
		await press(keys.home);
		expect(await shows('line 1.')).not.toContain('following');
		say(...entries({type: 'log', step: 'specify', source: 'specify7', line: 'something new'}));
		await shows('of 121');
		expect(frame()).toContain('line 1.');
		await press(keys.pageDown);
		expect(await shows('line 19.')).not.toContain('line 18.');
		await press(keys.end);
		await shows('something new');
		await press(keys.escape);
		await shows('Fetch the images');
	});
});

describe('a journal of a newer program', () => {
	const newer = started({steps, format: 9, version: '9.9.0'});
	const note = /! A newer specify-setup \(9\.9\.0\) made this journal/;

	it.each(sizes)('says so while it is shown, in $columns×$rows', async size => {
		const {shows} = show(entries(newer, {type: 'step.started', step: 'pull'}), {live: false}, size);
		const frame = await shows(/Fetch the imag.* now/);
		expect(frame.includes('A newer')).toBe(size.rows > 10);
		for (const line of frame.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(size.columns);
		expect(frame.split('\n').length).toBeLessThanOrEqual(size.rows);
	});

	it('says so at its end', async () => {
		const good = show(entries(newer, finished()), {live: false});
		expect(await good.shows('Specify is installed')).toMatch(note);
		const bad = show(entries(newer, finished({outcome: 'failed', message: 'Oops.'})), {live: false});
		expect(await bad.shows('Oops.')).toMatch(note);
	});
});

describe('a failure', () => {
	it('says what failed, what to do, the lines that tell why, what holds and what is left', async () => {
		const {shows} = show(broken);
		const frame = await shows('Start Specify 7: failed');
		expect(frame).toContain('Specify 7 could not start: the disk is full.');
		expect(frame).toContain('Free some space, then run this again.');
		expect(frame).toContain('OSError: [Errno 28] No space left on device');
		expect(frame).toMatch(/✔ Fetch the images: done +6 images fetched\./);
		expect(frame).toContain('Check that everything answers');
		expect(frame).not.toContain('retry');
	});

	it('is read to its end in a small window, and shows the log', async () => {
		const {shows, press} = show(broken, {}, sizes[0]);
		await shows('rows 1 to');
		await press(keys.end);
		await shows('Check that everything answers');
		await press('l');
		await shows('Running Django migrations...');
		await press(keys.escape);
		await shows('Start Specify 7');
	});

	it('is retried on demand, with the entries of the new run', async () => {
		let retried = 0;
		const {shows, press} = show(broken, {retry: () => (retried += 1)});
		expect(await shows('failed')).toContain('r retry');
		await press('r');
		expect(retried).toBe(1);
	});

	it('is also a journal that ends without saying how', async () => {
		const {shows, end, press, results} = show(pull);
		await shows('mariadb');
		end();
		const frame = await shows('The run ended without finishing.');
		expect(frame).toMatch(/continues where this one\s+stopped/);
		expect(frame).toMatch(/Interrupted[\s\S]*! Fetch the images: cut off/);
		expect(frame).not.toMatch(/failed|✖/);
		await press('q');
		await until(() => results.length === 1);
		expect(results[0]).toMatchObject({how: 'ended', progress: {ending: {exitCode: 1}}});
	});
});

describe('the end of a run that went well', () => {
	it('shows addresses, the first login, what is next and what was noted', async () => {
		const {shows, press, results} = show(well);
		const frame = await shows('Specify is installed and answers.');
		expect(frame).toContain('https://specify7.specify.localhost/');
		expect(frame).toContain('1. Log in as curator. The password is in /opt/specify/.env.');
		expect(frame).toContain('2. There is no backup yet.');
		expect(frame).toContain('memory: 3.0 GiB. Add swap.');
		await press(keys.enter);
		await until(() => results.length === 1);
		expect(results[0]).toMatchObject({how: 'ended', progress: {ending: {outcome: 'done'}}});
	});

	it('tells for each system how its browsers are made to trust the installation', async () => {
		const {shows, press} = show(well, {}, sizes[2]);
		await shows('t make browsers trust it');
		await press('t');
		const frame = await shows('Trusting the certificates');
		for (const text of [
			'certutil -addstore',
			'security add-trusted-cert',
			'update-ca-certificates',
			'update-ca-trust',
			'Firefox',
		])
			expect(frame).toContain(text);
		await press(keys.escape);
		await shows('Specify is installed');
	});

	it('has nothing to tell about trust where browsers trust already', async () => {
		const {shows, press, frame} = show(begun(finished()));
		expect(await shows('Specify is installed')).not.toContain('trust');
		await press('t');
		expect(frame()).toContain('Specify is installed');
	});

	it('still shows the steps', async () => {
		const {shows, press} = show(well);
		await shows('Specify is installed');
		await press('s');
		await shows(/Check this machine +done already/);
		await press(keys.escape);
		await shows('Specify is installed');
	});
});
