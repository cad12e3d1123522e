import {stripVTControlCharacters} from 'node:util';
import {formatNote, type JournalEntry, type PlannedStep, type ServiceState, type StepId} from './events.js';
import {interruption} from './last-run.js';
import type {ServiceName} from './releases.js';

/** `kept` was done before the run began; `cut` was under way when the run ended without a word. */
export type StepState = 'waiting' | 'active' | 'done' | 'kept' | 'failed' | 'cancelled' | 'cut';

export type StepProgress = {
	id: StepId;
	title: string;
	state: StepState;
	/** Milliseconds since 1970. */
	startedAt: number | null;
	/** Milliseconds it took; null until it ended. */
	ms: number | null;
	summary: string;
};

/** How far something counted is. Rates are units per second. */
export type Amount = {
	item: string;
	current: number;
	total: number | null;
	unit: Extract<JournalEntry, {type: 'progress'}>['unit'];
	rate: number | null;
	secondsLeft: number | null;
	/** What happens to it at the moment: "downloading", a table's or a migration's name. */
	state: string;
};

/** Something counted in a step, such as an image, a dump or Specify's migrations, with its parts, such as layers or rows. */
export type Counter = Amount & {step: StepId; parts: readonly Amount[]};

export type ServiceProgress = {step: StepId; service: ServiceName; state: ServiceState};
export type Check = {step: StepId; name: string; ok: boolean; detail: string};
export type Note = {step: StepId; level: 'info' | 'warning'; message: string; hint: string};
/** Something that is tried again; `of` and `until` as in the event. */
export type Retry = {step: StepId; item: string; reason: string; attempt: number; of: number | null; until: number};
export type LogLine = {step: StepId; source: string; line: string};

export type Failure = {step: StepId; message: string; hint: string; details: readonly string[]};

export type Ending = {
	outcome: 'done' | 'unchanged' | 'failed' | 'cancelled' | 'interrupted';
	exitCode: number;
	/** Milliseconds of the whole run. */
	ms: number;
	addresses: readonly {name: string; url: string}[];
	message: string;
	hint: string;
	next: readonly string[];
	/** The root certificate browsers must be told to trust; null where they trust the certificates already. */
	authority: string | null;
};

/** All a screen needs to know of a run: a value of bounded size, however long the journal is. */
export type Progress = {
	about: {
		run: string;
		version: string;
		command: string;
		directory: string;
		/** What the reader must know of the journal itself; mostly empty. */
		note: string;
	} | null;
	/** Milliseconds since 1970; 0 before the first entry. */
	startedAt: number;
	/** When the last entry was written, milliseconds since 1970. */
	at: number;
	steps: readonly StepProgress[];
	counters: readonly Counter[];
	services: readonly ServiceProgress[];
	checks: readonly Check[];
	notes: readonly Note[];
	/** What waits to be tried again at the moment. */
	retries: readonly Retry[];
	/** The last lines that services said. */
	log: readonly LogLine[];
	/** Lines that are no longer in `log`. */
	forgotten: number;
	failure: Failure | null;
	ending: Ending | null;
};

const keptLines = 500;
const keptItems = 100;
const keptLayers = 200;
const keptCharacters = 1000;

export const noProgress: Progress = {
	about: null,
	startedAt: 0,
	at: 0,
	steps: [],
	counters: [],
	services: [],
	checks: [],
	notes: [],
	retries: [],
	log: [],
	forgotten: 0,
	failure: null,
	ending: null,
};

const unsuitable = /\p{Cc}/u;

/** A text as a terminal can show it in one row: no control sequences, tabs and line ends as blanks, not endless. */
const plain = (text: string): string => {
	const part = text.slice(0, keptCharacters);
	if (!unsuitable.test(part)) return part;
	return stripVTControlCharacters(part)
		.replaceAll('\t', '    ')
		.replaceAll(/[\r\n]+/g, ' ')
		.replaceAll(/\p{Cc}/gu, '');
};

/** An entry whose texts are plain: services, registries and file names say what they like, and journals are sent around. */
const plainValue = <T>(value: T): T => {
	if (typeof value === 'string') return plain(value) as T;
	if (Array.isArray(value)) return value.slice(-keptItems).map(plainValue) as T;
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainValue(part)])) as T;
};

const planned = ({id, title, done}: PlannedStep): StepProgress => ({
	id,
	title,
	state: done ? 'kept' : 'waiting',
	startedAt: null,
	ms: null,
	summary: '',
});

/** Puts a value in the place of the one it replaces, or at the end; the oldest leave when there are too many. */
const placed = <T>(list: readonly T[], value: T, isSame: (other: T) => boolean, limit: number): readonly T[] => {
	const index = list.findIndex(isSame);
	if (index >= 0) return list.with(index, value);
	return [...(list.length < limit ? list : list.slice(1 - limit)), value];
};

const amount = (entry: Extract<JournalEntry, {type: 'progress'}>, before: Amount | undefined): Amount => ({
	item: entry.item,
	current: entry.current,
	// A phase between two counted ones does not know the total, which stays what it was.
	total: entry.total ?? before?.total ?? null,
	unit: entry.unit,
	rate: entry.rate ?? null,
	secondsLeft: entry.secondsLeft ?? null,
	state: entry.state ?? '',
});

const counted = (
	counters: readonly Counter[],
	entry: Extract<JournalEntry, {type: 'progress'}>,
): readonly Counter[] => {
	const {step, item, parent} = entry;
	const name = parent ?? item;
	const isSame = (other: Counter) => other.step === step && other.item === name;
	const before = counters.find(isSame);
	if (parent === undefined)
		return placed(counters, {...amount(entry, before), step, parts: before?.parts ?? []}, isSame, keptItems);
	if (!before) return counters;
	const part = amount(
		entry,
		before.parts.find(other => other.item === item),
	);
	const parts = placed(before.parts, part, other => other.item === item, keptLayers);
	return placed(counters, {...before, parts}, isSame, keptItems);
};

/** What is still to be tried again: an entry about the same thing says that it goes on, any other one about what is not counted. */
const stillTried = ({retries, counters}: Progress, entry: JournalEntry): readonly Retry[] => {
	if (retries.length === 0 || !('step' in entry) || entry.type === 'log' || entry.type === 'note') return retries;
	if (entry.type === 'retry') return retries.filter(({item}) => item !== entry.item);
	const about = entry.type === 'progress' ? (entry.parent ?? entry.item) : null;
	const isCounted = (item: string) => counters.some(counter => counter.item === item);
	return retries.filter(({step, item}) => step === entry.step && item !== about && isCounted(item));
};

const stepChanged = (progress: Progress, id: StepId, change: Partial<StepProgress>): readonly StepProgress[] =>
	progress.steps.map(step => (step.id === id ? {...step, ...change} : step));

/** A step under way; one with a title of its own was not planned and comes last. */
const stepBegun = (progress: Progress, {step: id, title, at}: Extract<JournalEntry, {type: 'step.started'}>) => {
	const known = title === undefined || progress.steps.some(step => step.id === id);
	const steps = known ? progress.steps : [...progress.steps, planned({id, title, done: false, changes: []})];
	return stepChanged({...progress, steps}, id, {state: 'active', startedAt: at});
};

const reduced = (progress: Progress, entry: JournalEntry): Partial<Progress> => {
	switch (entry.type) {
		case 'run.started': {
			const {run, version, command, directory, steps} = entry;
			return {
				...noProgress,
				about: {run, version, command, directory, note: formatNote(entry)},
				startedAt: entry.at,
				steps: steps.map(planned),
			};
		}
		case 'step.started':
			return {steps: stepBegun(progress, entry)};
		case 'progress':
			return {counters: counted(progress.counters, entry)};
		case 'service': {
			const {step, service, state} = entry;
			const isSame = (other: ServiceProgress) => other.service === service;
			return {services: placed(progress.services, {step, service, state}, isSame, keptItems)};
		}
		case 'check': {
			const {step, name, ok, detail} = entry;
			const isSame = (other: Check) => other.step === step && other.name === name;
			return {checks: placed(progress.checks, {step, name, ok, detail}, isSame, keptItems)};
		}
		case 'note': {
			const {step, level, message, hint = ''} = entry;
			const isSame = (other: Note) => other.step === step && other.message === message;
			return {notes: placed(progress.notes, {step, level, message, hint}, isSame, keptItems)};
		}
		case 'retry': {
			const {step, item, reason, attempt, of, until} = entry;
			return {retries: [...progress.retries, {step, item, reason, attempt, of, until}].slice(-keptItems)};
		}
		case 'log': {
			const {log, forgotten} = progress;
			const full = log.length >= keptLines;
			const {step, source, line} = entry;
			return {
				log: [...(full ? log.slice(1 - keptLines) : log), {step, source, line}],
				forgotten: forgotten + (full ? 1 : 0),
			};
		}
		case 'step.finished':
			return {
				steps: stepChanged(progress, entry.step, {state: 'done', ms: entry.ms, summary: entry.summary}),
			};
		case 'step.failed': {
			const {step, message, hint, details} = entry;
			const startedAt = progress.steps.find(({id}) => id === step)?.startedAt ?? entry.at;
			return {
				steps: stepChanged(progress, step, {state: 'failed', ms: entry.at - startedAt}),
				failure: {step, message, hint, details},
			};
		}
		case 'run.finished': {
			if (entry.outcome === 'interrupted') return interrupted(progress, entry.message);
			const {outcome, exitCode, ms, addresses, message = '', hint = '', next, authority = null} = entry;
			return {
				ending: {
					outcome,
					exitCode,
					ms,
					addresses,
					message,
					hint,
					next,
					authority,
				},
				steps:
					outcome === 'cancelled'
						? progress.steps.map(step => (step.state === 'failed' ? {...step, state: 'cancelled'} : step))
						: progress.steps,
			};
		}
		default:
			// An entry of a newer version: nothing this one knows to show.
			return {};
	}
};

/** What is known of a run after one more entry of its journal; entries of unknown types change nothing but the time. */
export const progressOf = (before: Progress, entry: JournalEntry): Progress => {
	const plainEntry = plainValue(entry);
	const progress = {...before, retries: stillTried(before, plainEntry)};
	return {...progress, ...reduced(progress, plainEntry), at: entry.at};
};

/** A run whose journal ended without saying how it ended: its process is gone, or, with a reason, it cannot be read. */
export const interrupted = (progress: Progress, reason = ''): Progress => {
	const {about} = progress;
	const isWritten = progress.steps.some(({id, state}) => id === 'files' && (state === 'done' || state === 'kept'));
	const told = interruption(about && isWritten ? `specify-setup --dir ${about.directory}` : null);
	const message = reason || told.message;
	const {hint} = told;
	const active = progress.steps.find(({state}) => state === 'active');
	return {
		...progress,
		steps: progress.steps.map(step =>
			step === active ? {...step, state: 'cut', ms: progress.at - (step.startedAt ?? progress.at)} : step,
		),
		failure: active ? {step: active.id, message, hint, details: []} : null,
		ending: {
			outcome: 'interrupted',
			exitCode: 1,
			ms: progress.at - progress.startedAt,
			addresses: [],
			message,
			hint,
			next: [],
			authority: null,
		},
	};
};

/** The step under way, or null. */
export const activeStep = ({steps}: Progress): StepProgress | null =>
	steps.find(({state}) => state === 'active') ?? null;

/** Whether what a counter counts is over. */
export const isOver = ({state}: Pick<Amount, 'state'>) => state === 'done';

/**
 * All bytes of a step's counters as one amount; parts that several of them share, as images share layers, count once.
 * Null when there is nothing to add up.
 */
export const totalOf = (counters: readonly Counter[]): Amount | null => {
	const sized = counters.filter(({unit}) => unit === 'bytes');
	if (sized.length < 2) return null;
	let current = 0;
	let total: number | null = 0;
	let rate = 0;
	const parts = new Map<string, Amount>();
	for (const counter of sized) {
		current += counter.current;
		total = total === null || counter.total === null ? null : total + counter.total;
		if (!isOver(counter)) rate += counter.rate ?? 0;
		for (const part of counter.parts) {
			const known = parts.get(part.item);
			if (known) {
				current -= Math.min(known.current, part.current);
				if (total !== null) total -= part.total ?? 0;
			}
			if (!known || part.current > known.current) parts.set(part.item, part);
		}
	}
	if (total !== null) current = Math.min(current, total);
	const over = sized.every(isOver);
	return {
		item: 'total',
		current,
		total,
		unit: 'bytes',
		rate: rate > 0 ? rate : null,
		secondsLeft: total !== null && rate > 0 ? (total - current) / rate : null,
		state: over ? 'done' : '',
	};
};
