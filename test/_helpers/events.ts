import type {Event, JournalEntry, PlannedStep} from '../../source/model/events.js';

export const planned = (over: Partial<PlannedStep> = {}): PlannedStep => ({
	id: 'files',
	title: 'Write the files of the installation',
	done: false,
	changes: ['write compose.yaml'],
	...over,
});

export const started = (over: Partial<Extract<Event, {type: 'run.started'}>> = {}): Event => ({
	type: 'run.started',
	run: '20260801T100000-abcd',
	version: '0.1.0',
	command: 'install',
	directory: '/opt/specify',
	pid: 4711,
	steps: [planned()],
	...over,
});

export const finished = (over: Partial<Extract<Event, {type: 'run.finished'}>> = {}): Event => ({
	type: 'run.finished',
	outcome: 'done',
	exitCode: 0,
	ms: 61_000,
	addresses: [{name: 'Specify 7', url: 'https://specify7.specify.localhost/'}],
	next: ['There is no backup yet.'],
	...over,
});

/** Events as a journal has them, one a second. */
export const entries = (...events: Event[]): JournalEntry[] =>
	events.map((event, index) => ({at: 1_785_578_400_000 + index * 1000, ...event}));
