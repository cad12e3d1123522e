import {describe, expect, it} from 'vitest';
import {type Event, type JournalEntry, journalFormat} from '../../source/model/events.js';
import {PlainReporter, planLines} from '../../source/plain/reporter.js';
import {entries, finished, planned, started} from '../_helpers/events.js';

const linesOf = (given: readonly JournalEntry[]) => {
	const reporter = new PlainReporter();
	return given.flatMap(entry => reporter.take(entry));
};
const told = (...events: Event[]) => linesOf(entries(...events));

const steps = [
	planned({id: 'preflight', title: 'Check this machine', changes: []}),
	planned({id: 'pull', title: 'Fetch the images', changes: ['fetch redis:8.0']}),
	planned({id: 'database', title: 'Load the database', changes: ['load nrm.sql.gz into the database specify']}),
	planned({id: 'specify', title: 'Start Specify 7 and its worker', changes: ['start specify7']}),
];

const image = 'localhost:5000/library/redis:8.0';
const bytes = (current: number, state: string, over: object = {}): Event => ({
	type: 'progress',
	step: 'pull',
	item: image,
	current,
	total: 42_000_000,
	unit: 'bytes',
	state,
	...over,
});

describe('a run in plain lines', () => {
	it('says so when a newer program wrote the journal', () => {
		expect(told(started({format: journalFormat}))).toHaveLength(1);
		expect(told(started({format: 9, version: '9.9.0'}))[1]).toBe(
			'Note: A newer specify-setup (9.9.0) made this journal: some of it may be missing here, or not be shown as it was.',
		);
	});

	it('reads as a log', () => {
		expect(
			told(
				started({steps}),
				{type: 'step.started', step: 'preflight'},
				{type: 'check', step: 'preflight', name: 'memory', ok: true, detail: '8.0 GiB'},
				{type: 'check', step: 'preflight', name: 'port 443', ok: false, detail: 'used by nginx'},
				{type: 'note', step: 'preflight', level: 'warning', message: 'memory: 3.0 GiB.', hint: 'Add swap at least.'},
				{type: 'step.finished', step: 'preflight', changed: false, summary: '10 checks passed.', ms: 1400},
				{type: 'step.started', step: 'pull'},
				bytes(0, 'waiting'),
				{...bytes(1_000_000, 'downloading'), parent: image, item: 'aaaaaaaaaaaa'} as Event,
				bytes(10_000_000, 'downloading'),
				bytes(12_000_000, 'downloading', {rate: 2e6, secondsLeft: 15}),
				bytes(14_000_000, 'downloading'),
				bytes(16_000_000, 'downloading', {rate: 2e6, secondsLeft: 13}),
				bytes(42_000_000, 'done'),
				bytes(42_000_000, 'done'),
				{type: 'step.finished', step: 'pull', changed: true, summary: '1 images fetched (42.0 MB).', ms: 12_000},
				{type: 'step.started', step: 'specify'},
				{type: 'service', step: 'specify', service: 'specify7', state: 'starting'},
				{type: 'log', step: 'specify', source: 'specify7', line: 'Running Django migrations...'},
				{
					type: 'progress',
					step: 'specify',
					item: 'specify7',
					current: 3,
					total: 81,
					unit: 'migrations',
					state: 'specify.0003',
				},
				{
					type: 'step.finished',
					step: 'specify',
					changed: true,
					summary: 'Specify 7 and its worker answer.',
					ms: 190_000,
				},
				finished(),
			),
		).toMatchInlineSnapshot(`
			[
			  "specify-setup 0.1.0: install in /opt/specify (run 20260801T100000-abcd)",
			  "",
			  "[1/4] Check this machine",
			  "      ok  memory: 8.0 GiB",
			  "      FAILED  port 443: used by nginx",
			  "      Note: memory: 3.0 GiB.",
			  "      Add swap at least.",
			  "      10 checks passed. (1 s)",
			  "",
			  "[2/4] Fetch the images",
			  "      redis:8.0: 16.0 MB of 42.0 MB, 2.0 MB/s, 13 s left",
			  "      redis:8.0: 42.0 MB, done",
			  "      1 images fetched (42.0 MB). (12 s)",
			  "",
			  "[4/4] Start Specify 7 and its worker",
			  "      specify7: starting",
			  "      specify7: migrations 3 of 81: specify.0003",
			  "      Specify 7 and its worker answer. (3 min 10 s)",
			  "",
			  "Specify is installed. (1 min 1 s)",
			  "  Specify 7: https://specify7.specify.localhost/",
			  "  - There is no backup yet.",
			]
		`);
	});

	it('says what went wrong, what was seen, and what to do', () => {
		expect(
			told(
				started({steps}),
				{type: 'step.started', step: 'specify'},
				{
					type: 'step.failed',
					step: 'specify',
					message: 'Specify 7 could not start: no space',
					hint: 'Free some space.',
					details: ['OSError: [Errno 28]', 'Database setup failed; exiting.'],
				},
				finished({
					outcome: 'failed',
					exitCode: 1,
					addresses: [],
					next: [],
					message: 'Specify 7 could not start: no space',
					hint: 'Free some space.',
				}),
			).slice(3),
		).toEqual([
			'',
			'      | OSError: [Errno 28]',
			'      | Database setup failed; exiting.',
			'Specify 7 could not start: no space',
			'What to do: Free some space.',
		]);
	});

	it('says that nothing had to be changed', () => {
		expect(told(started(), finished({outcome: 'unchanged', ms: 900, next: []})).slice(1)).toEqual([
			'',
			'Nothing had to be changed. (1 s)',
			'  Specify 7: https://specify7.specify.localhost/',
		]);
	});
});

describe('progress', () => {
	const load = (seconds: number, current: number, state = 'loading'): JournalEntry => ({
		at: seconds * 1000,
		type: 'progress',
		step: 'database',
		item: 'nrm.sql.gz',
		current,
		total: 10_000_000,
		unit: 'bytes',
		state,
	});
	const rows = (seconds: number, current: number, table: string): JournalEntry => ({
		at: seconds * 1000,
		type: 'progress',
		step: 'database',
		item: 'rows',
		parent: 'nrm.sql.gz',
		current,
		total: null,
		unit: 'rows',
		state: table,
	});

	it('is told every five seconds, not more often', () => {
		const lines = linesOf(Array.from({length: 40}, (_, second) => load(second / 2, second * 1000)));
		expect(lines).toHaveLength(3);
	});

	it('of a load tells rows and the table too', () => {
		expect(linesOf([load(0, 0), rows(4, 1234, 'taxon'), load(6, 4_000_000)])).toEqual([
			'      nrm.sql.gz: 4.0 MB of 10.0 MB, 1,234 rows, table taxon',
		]);
	});

	it('of something quick tells its end once', () => {
		expect(linesOf([load(0, 0), load(1, 10_000_000, 'done'), load(2, 10_000_000, 'done')])).toEqual([
			'      nrm.sql.gz: 10.0 MB, done',
		]);
	});
});

describe('what is tried again', () => {
	it('is told in one line, with how long it waits', () => {
		const retry = (over: object): JournalEntry =>
			({
				...{at: 1000, type: 'retry', step: 'pull', item: 'localhost:5000', reason: 'connection refused'},
				...{attempt: 2, of: 6, until: 5000},
				...over,
			}) as JournalEntry;
		expect(linesOf([retry({}), retry({item: image, of: null, attempt: 3, until: 999})])).toEqual([
			'      localhost:5000: connection refused; trying again in 4 s (2 of 6)',
			'      redis:8.0: connection refused; trying again now (attempt 3)',
		]);
	});
});

describe('what others said', () => {
	it('is passed over where it is of a kind that came later', () => {
		const later = {at: 1, type: 'backup.finished', bytes: 7} as unknown as JournalEntry;
		expect(linesOf([later])).toEqual([]);
	});

	it('brings no control characters to the terminal: a journal may come from anybody', () => {
		const evil = '\u001b]0;title\u0007\u001b[2Jwiped\rover\u009b31m';
		const lines = told(
			started({directory: evil, steps: [planned({title: evil})]}),
			{type: 'step.started', step: 'files'},
			{type: 'progress', step: 'files', item: evil, current: 1, total: 1, unit: 'bytes', state: 'done'},
			{type: 'check', step: 'files', name: evil, ok: false, detail: evil},
			{type: 'note', step: 'files', level: 'info', message: evil, hint: evil},
			{type: 'step.failed', step: 'files', message: evil, hint: evil, details: [evil]},
			finished({outcome: 'failed', message: evil, hint: evil}),
		);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
		expect(lines.filter(line => /[\u0000-\u001f\u007f-\u009f]/.test(line))).toEqual([]);
		expect(lines.join()).toContain('wiped');
	});
});

describe('a plan', () => {
	it('is numbered, with its changes below', () => {
		expect(planLines([steps[1]!, planned({title: 'Write the files', done: true, changes: []})])).toEqual([
			' 1  Fetch the images',
			'      - fetch redis:8.0',
			' 2  Write the files (done already)',
		]);
	});
});
