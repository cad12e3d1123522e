import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Event, type JournalEntry, journalFormat} from '../../source/model/events.js';
import {activeStep, interrupted, noProgress, type Progress, progressOf, totalOf} from '../../source/model/progress.js';
import {entries, finished, planned, started} from '../_helpers/events.js';

const after = (...events: Event[]): Progress => entries(...events).reduce(progressOf, noProgress);

const plan = started({
	steps: [
		planned({id: 'preflight', title: 'Check this machine', done: true}),
		planned({id: 'pull', title: 'Fetch the images'}),
		planned({id: 'database', title: 'Load the database'}),
		planned({id: 'specify', title: 'Start Specify 7'}),
	],
});

type Counted = Extract<Event, {type: 'progress'}>;

const fetched = (item: string, current: number, total: number, over: Partial<Counted> = {}): Event => ({
	type: 'progress',
	step: 'pull',
	item,
	current,
	total,
	unit: 'bytes',
	state: current < total ? 'downloading' : 'done',
	...over,
});

const journal = readFileSync(new URL('../fixtures/install.jsonl', import.meta.url), 'utf8')
	.split('\n')
	.filter(line => line !== '')
	.map(line => JSON.parse(line) as JournalEntry);

describe('steps', () => {
	it('wait, except those that were done before', () => {
		const {about, steps} = after(plan);
		expect(about).toMatchObject({command: 'install', directory: '/opt/specify'});
		expect(steps.map(({state}) => state)).toEqual(['kept', 'waiting', 'waiting', 'waiting']);
	});

	it('are active from their beginning, and done with what came of them and how long it took', () => {
		const begun = after(plan, {type: 'step.started', step: 'pull'});
		expect(activeStep(begun)).toMatchObject({id: 'pull', state: 'active', startedAt: begun.at});
		const done = progressOf(begun, {
			at: begun.at + 5000,
			type: 'step.finished',
			step: 'pull',
			changed: true,
			summary: '6 images fetched.',
			ms: 5000,
		});
		expect(activeStep(done)).toBeNull();
		expect(done.steps[1]).toMatchObject({state: 'done', summary: '6 images fetched.', ms: 5000});
	});

	it('fail with the reason, the remedy and the lines of the log', () => {
		const failed = after(
			plan,
			{type: 'step.started', step: 'specify'},
			{type: 'step.failed', step: 'specify', message: 'It ended.', hint: 'Read on.', details: ['Traceback']},
			finished({outcome: 'failed', exitCode: 1, message: 'It ended.', hint: 'Read on.', addresses: [], next: []}),
		);
		expect(failed.steps.at(-1)).toMatchObject({state: 'failed', ms: 1000});
		expect(failed.failure).toEqual({step: 'specify', message: 'It ended.', hint: 'Read on.', details: ['Traceback']});
		expect(failed.ending).toMatchObject({outcome: 'failed', exitCode: 1});
	});

	it('are stopped rather than failed when somebody stopped the run', () => {
		const stopped = after(
			plan,
			{type: 'step.started', step: 'pull'},
			{type: 'step.failed', step: 'pull', message: 'Stopped, as you asked.', hint: '', details: []},
			finished({outcome: 'cancelled', exitCode: 130}),
		);
		expect(stopped.steps[1]!.state).toBe('cancelled');
	});

	it('are told by a newer program with a note', () => {
		const noteOf = (format?: number) => after(started({format, version: '9.9.0'})).about!.note;
		expect([noteOf(), noteOf(journalFormat)]).toEqual(['', '']);
		expect(noteOf(journalFormat + 1)).toContain('A newer specify-setup (9.9.0) made this journal');
	});

	it('are not left active by a run that ended without saying so', () => {
		const dead = interrupted(after(plan, {type: 'step.started', step: 'pull'}));
		expect(dead.steps[1]!.state).toBe('cut');
		expect(dead.failure).toMatchObject({step: 'pull'});
		expect(dead.ending).toMatchObject({outcome: 'interrupted', exitCode: 1});
		expect(dead.ending!.hint).toContain('the same command');
		const written = started({steps: [planned({id: 'files', done: true}), planned({id: 'pull'})]});
		expect(interrupted(after(written)).ending!.hint).toContain('"specify-setup --dir /opt/specify"');
		const told = finished({outcome: 'interrupted', exitCode: 1, message: 'The run ended without finishing.'});
		expect(after(plan, {type: 'step.started', step: 'pull'}, told)).toMatchObject({
			steps: dead.steps.map(({id, state}) => ({id, state})),
			ending: {outcome: 'interrupted', message: dead.ending!.message},
		});
	});
});

describe('what is counted', () => {
	it('is an image with its layers', () => {
		const {counters} = after(
			plan,
			fetched('redis:8.0', 0, 40),
			fetched('layer', 10, 30, {parent: 'redis:8.0'}),
			fetched('redis:8.0', 10, 40, {rate: 5, secondsLeft: 6}),
		);
		expect(counters).toHaveLength(1);
		expect(counters[0]).toMatchObject({item: 'redis:8.0', current: 10, total: 40, rate: 5, secondsLeft: 6});
		expect(counters[0]!.parts).toMatchObject([{item: 'layer', current: 10, total: 30, state: 'downloading'}]);
	});

	it('adds up to a total in which a layer that two images share counts once', () => {
		const {counters} = after(
			plan,
			fetched('a', 30, 50, {rate: 4}),
			fetched('shared', 30, 30, {parent: 'a'}),
			fetched('b', 30, 40, {rate: 6}),
			fetched('shared', 30, 30, {parent: 'b'}),
		);
		expect(totalOf(counters)).toMatchObject({current: 30, total: 60, rate: 10, secondsLeft: 3});
	});

	it('has no total where only one thing is counted, nor a number where one size is unknown', () => {
		expect(totalOf(after(plan, fetched('a', 1, 2)).counters)).toBeNull();
		const {counters} = after(plan, fetched('a', 1, 2), fetched('b', 1, 2, {total: null}));
		expect(totalOf(counters)).toMatchObject({current: 2, total: null, secondsLeft: null});
	});

	it('is a dump with the rows and the table it is at', () => {
		const {counters} = after(
			plan,
			fetched('museum.sql.gz', 10, 40, {step: 'database', state: 'loading'}),
			fetched('rows', 1234, 0, {step: 'database', parent: 'museum.sql.gz', total: null, unit: 'rows', state: 'agent'}),
		);
		expect(counters[0]!.parts[0]).toMatchObject({current: 1234, unit: 'rows', state: 'agent'});
	});

	it('is migrations, whose number is not forgotten while Specify does something else', () => {
		const migration = (current: number, total: number | null, state: string): Event => ({
			...(fetched('specify7', current, 0, {step: 'specify', unit: 'migrations', state}) as Counted),
			total,
		});
		const {counters} = after(plan, migration(81, 81, 'workbench.0006'), migration(81, null, 'setting defaults'));
		expect(counters[0]).toMatchObject({current: 81, total: 81, state: 'setting defaults'});
	});
});

describe('services, checks and notes', () => {
	it('are known by their last state', () => {
		const {services, checks, notes} = after(
			plan,
			{type: 'service', step: 'pull', service: 'db', state: 'starting'},
			{type: 'service', step: 'pull', service: 'db', state: 'healthy'},
			{type: 'check', step: 'pull', name: 'worker', ok: false, detail: 'no'},
			{type: 'check', step: 'pull', name: 'worker', ok: true, detail: 'answered'},
			{type: 'note', step: 'pull', level: 'warning', message: 'memory', hint: 'Add swap.'},
			{type: 'note', step: 'pull', level: 'warning', message: 'memory', hint: 'Add swap.'},
		);
		expect(services).toEqual([{step: 'pull', service: 'db', state: 'healthy'}]);
		expect(checks).toMatchObject([{name: 'worker', ok: true}]);
		expect(notes).toEqual([{step: 'pull', level: 'warning', message: 'memory', hint: 'Add swap.'}]);
	});
});

describe('what is tried again', () => {
	const redis = 'localhost:5000/library/redis:8.0';
	const retry = (item: string, attempt = 2): Event => ({
		...{type: 'retry', step: 'pull', item, reason: 'connection refused', attempt, of: 6, until: 1_785_578_410_000},
	});
	const items = (...events: Event[]) =>
		after(plan, {type: 'step.started', step: 'pull'}, ...events).retries.map(({item, attempt}) => `${item} ${attempt}`);

	it('is known by its last attempt, until it goes on', () => {
		const begun = fetched(redis, 10, 42);
		expect(items(begun, retry(redis), retry(redis, 3))).toEqual([`${redis} 3`]);
		expect(items(begun, retry(redis), fetched(redis, 12, 42))).toEqual([]);
		expect(items(begun, retry(redis), fetched('aaaaaaaaaaaa', 12, 42, {parent: redis}))).toEqual([]);
	});

	it('is not taken for over because something else goes on', () => {
		const both = [fetched(redis, 10, 42), fetched('mariadb', 1, 9)];
		expect(items(...both, retry(redis), fetched('mariadb', 2, 9))).toEqual([`${redis} 2`]);
		expect(items(...both, retry(redis), retry('mariadb'))).toEqual([`${redis} 2`, 'mariadb 2']);
		expect(items(...both, retry(redis), {type: 'log', step: 'pull', source: 'x', line: 'y'})).toEqual([`${redis} 2`]);
	});

	it('is over for a registry or the engine as soon as anything goes on', () => {
		expect(items(retry('localhost:5000'))).toEqual(['localhost:5000 2']);
		expect(items(retry('localhost:5000'), fetched(redis, 0, 42))).toEqual([]);
		expect(items(retry('Docker'), {type: 'service', step: 'pull', service: 'db', state: 'starting'})).toEqual([]);
	});

	it('is over with its step', () => {
		const end: Event = {type: 'step.finished', step: 'pull', changed: true, summary: '', ms: 1};
		expect(items(retry('localhost:5000'), end)).toEqual([]);
	});
});

describe('a run', () => {
	it('of a real journal ends done, with every step done, all bytes and its addresses', () => {
		const progress = journal.reduce(progressOf, noProgress);
		expect(progress.steps.map(({state}) => state)).toEqual(progress.steps.map(() => 'done'));
		expect(progress.ending).toMatchObject({outcome: 'done', exitCode: 0});
		expect(progress.ending!.addresses.map(({name}) => name)).toContain('Specify 7');
		const total = totalOf(progress.counters.filter(({step}) => step === 'pull'))!;
		expect(total.current).toBe(total.total);
		expect(progress.services.every(({state}) => state === 'healthy')).toBe(true);
		expect(progress.checks.length).toBeGreaterThan(10);
		expect(progress.log.length).toBeGreaterThan(50);
	});

	it('never counts more than there is in a real pull', () => {
		let progress = noProgress;
		for (const entry of journal) {
			progress = progressOf(progress, entry);
			const total = totalOf(progress.counters.filter(({step}) => step === 'pull'));
			if (total?.total) expect(total.current).toBeLessThanOrEqual(total.total);
		}
	});

	it('begins anew with another run of the same journal', () => {
		const progress = after(plan, fetched('a', 1, 2), started());
		expect(progress.counters).toEqual([]);
		expect(progress.steps).toHaveLength(1);
	});

	it('is not disturbed by entries of a newer version', () => {
		const before = after(plan);
		const strange = {at: before.at + 1, type: 'telepathy', step: 'pull'} as unknown as JournalEntry;
		expect(progressOf(before, strange)).toEqual({...before, at: before.at + 1});
		expect(
			progressOf(before, {at: 1, type: 'step.started', step: 'teleport'} as unknown as JournalEntry).steps,
		).toEqual(before.steps);
	});

	it('shows no control characters, whoever wrote them', () => {
		const evil = '\u001b[2J\u001b]0;title\u0007wiped\rover\nnext\ttab\u009b31m';
		const progress = after(
			started({steps: [planned({title: evil})], directory: evil}),
			{type: 'log', step: 'files', source: evil, line: evil},
			{type: 'check', step: 'files', name: evil, ok: true, detail: evil},
			{type: 'note', step: 'files', level: 'info', message: evil, hint: evil},
			fetched(evil, 1, 2, {state: evil}),
			{type: 'step.failed', step: 'files', message: evil, hint: evil, details: [evil]},
			finished({message: evil, hint: evil, next: [evil], addresses: [{name: evil, url: evil}], authority: evil}),
		);
		const text = JSON.stringify(progress);
		expect(text).toContain('wiped');
		expect(text).not.toMatch(/\\u00[01]|\\u009|\\[nrt]/);
	});

	it('stays small and quick however much is said', () => {
		const line = 'x'.repeat(5000);
		const many = (index: number): Event => {
			const step = 'pull' as const;
			if (index % 4 === 0) return {type: 'log', step, source: 'db', line: `${index} ${line}`};
			if (index % 4 === 1) return fetched(`image ${index % 400}`, index, 40_000);
			if (index % 4 === 2) return fetched(`layer ${index}`, 1, 2, {parent: `image ${(index - 1) % 400}`});
			return {type: 'note', step, level: 'info', message: `${index}`};
		};
		const events = entries(plan, ...Array.from({length: 10_000}, (_, index) => many(index)));
		const began = process.cpuUsage();
		const progress = events.reduce(progressOf, noProgress);
		// Computing time: whatever else the machine does at the moment is no matter of this.
		const {user, system} = process.cpuUsage(began);
		expect((user + system) / 1000).toBeLessThan(1000);
		expect(progress.log).toHaveLength(500);
		expect(progress.forgotten).toBe(2000);
		expect(progress.log.at(-1)!.line).toMatch(/^9996 x+$/);
		expect(JSON.stringify(progress).length).toBeLessThan(3_000_000);
	});

	it('takes any order of events without failing or changing what it was given', () => {
		const types = journal.filter((_, index) => index % 5 === 0 || index < 5);
		fc.assert(
			fc.property(fc.array(fc.constantFrom(...types), {maxLength: 60}), list => {
				let progress = noProgress;
				for (const entry of list) {
					const before = JSON.stringify(progress);
					const next = progressOf(progress, entry);
					expect(JSON.stringify(progress)).toBe(before);
					progress = next;
				}
				expect(progress.at).toBe(list.at(-1)?.at ?? 0);
			}),
			{numRuns: 60},
		);
	});
});
