import type {ServiceName} from './releases.js';

/** A step as the plan shows it. `changes` are sentences; an empty list means that nothing will be changed. */
export type PlannedStep = {
	id: StepId;
	title: string;
	done: boolean;
	/** Half done: an earlier run stopped in it, and this one continues. */
	begun?: true;
	changes: string[];
};

export const stepIds = [
	'preflight',
	'passwords',
	'files',
	'pull',
	'certificates',
	'up',
	'database',
	'attachments',
	'specify',
	'institution',
	'gate',
	'verify',
	'rollback',
] as const;
export type StepId = (typeof stepIds)[number];

export type ServiceState = 'missing' | 'created' | 'starting' | 'healthy' | 'unhealthy' | 'restarting' | 'exited';

/** Raised when an entry changes its meaning. Readers pass over entries and fields they do not know. */
export const journalFormat = 1;

/** What a reader of a journal must be told that newer programs wrote; empty when this one understands all of it. */
export const formatNote = ({format = 0, version}: {format?: number; version: string}) =>
	format > journalFormat
		? `A newer specify-setup (${version}) made this journal: some of it may be missing here, or not be shown as it was.`
		: '';

/**
 * Everything a run says. Views read only these; a journal is a list of them, one JSON object a line, each with `at`.
 * Sizes are bytes, rates are units per second, durations are milliseconds.
 */
export type Event =
	| {
			type: 'run.started';
			/** Of the journal; absent in those of version 0.1. */
			format?: number;
			run: string;
			version: string;
			command: string;
			directory: string;
			pid: number;
			steps: PlannedStep[];
	  }
	| {
			type: 'step.started';
			step: StepId;
			/** Of a step that the plan did not name. */
			title?: string;
	  }
	| {
			type: 'progress';
			step: StepId;
			/** What is counted: an image, a layer, a table, a migration. */
			item: string;
			/** The item this one is part of: a layer's image. */
			parent?: string;
			current: number;
			total: number | null;
			unit: 'bytes' | 'rows' | 'migrations' | 'services' | 'checks' | 'seconds';
			rate?: number;
			secondsLeft?: number;
			/** What happens to the item at the moment: "downloading", the table's name. */
			state?: string;
	  }
	| {type: 'service'; step: StepId; service: ServiceName; state: ServiceState}
	| {type: 'log'; step: StepId; source: string; line: string}
	| {type: 'check'; step: StepId; name: string; ok: boolean; detail: string}
	| {type: 'note'; step: StepId; level: 'info' | 'warning'; message: string; hint?: string}
	| {
			/** Something did not answer or broke off, and is tried again by itself. */
			type: 'retry';
			step: StepId;
			/** What is tried again: something counted, such as an image, or a registry or the engine. */
			item: string;
			/** In few words: "connection refused". */
			reason: string;
			/** The attempt that comes, of how many in all; null where that is known to nobody. */
			attempt: number;
			of: number | null;
			/** When it comes, milliseconds since 1970. */
			until: number;
	  }
	| {type: 'step.finished'; step: StepId; changed: boolean; summary: string; ms: number}
	| {type: 'step.failed'; step: StepId; message: string; hint: string; details: string[]}
	| {
			type: 'run.finished';
			/** No journal says "interrupted" of itself: whoever shows one that ends without this entry does. */
			outcome: 'done' | 'unchanged' | 'failed' | 'cancelled' | 'interrupted';
			exitCode: number;
			ms: number;
			addresses: {name: string; url: string}[];
			message?: string;
			hint?: string;
			next: string[];
			/** The root certificate that browsers must be told to trust; absent where they trust the certificates already. */
			authority?: string;
	  };

/** An event as the journal keeps it. `at` is milliseconds since 1970. */
export type JournalEntry = Event & {at: number};

/** What a step yields; the runner adds which step it was. */
export type StepEvent = DistributiveOmit<
	Extract<Event, {type: 'progress' | 'service' | 'log' | 'check' | 'note' | 'retry'}>,
	'step'
>;

/** What a step returns when it is finished. */
export type StepResult = {changed: boolean; summary: string};

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
