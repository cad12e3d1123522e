import {formatNote, type JournalEntry, type PlannedStep} from '../model/events.js';
import {formatBytes, formatCount, formatSeconds} from '../model/format.js';
import {againIn} from '../model/retry.js';

const progressEveryMs = 5000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const control = /[\u0000-\u001f\u007f-\u009f]/g;

type Progress = Extract<JournalEntry, {type: 'progress'}>;

const amount = ({current, total, unit, state}: Progress) => {
	if (unit === 'bytes')
		return total === null ? formatBytes(current) : `${formatBytes(current)} of ${formatBytes(total)}`;
	const counted = `${unit} ${formatCount(current)}${total === null ? '' : ` of ${formatCount(total)}`}`;
	return state ? `${counted}: ${state}` : counted;
};

const speed = ({rate, unit, secondsLeft}: Progress) => {
	const parts = [];
	if (rate !== undefined) parts.push(`${unit === 'bytes' ? formatBytes(rate) : `${formatCount(rate)} ${unit}`}/s`);
	if (secondsLeft !== undefined && secondsLeft >= 1) parts.push(`${formatSeconds(secondsLeft)} left`);
	return parts.length > 0 ? `, ${parts.join(', ')}` : '';
};

/** A short name of an image: the part people know it by. */
const shortName = (item: string) => item.split('/').pop() ?? item;

/** Lines of a plan, for people. */
export const planLines = (steps: readonly PlannedStep[]): string[] =>
	steps.flatMap(({title, done, begun, changes}, index) => [
		`${String(index + 1).padStart(2)}  ${title}${done ? ' (done already)' : begun ? ' (half done; it continues)' : ''}`,
		...changes.map(change => `      - ${change}`),
	]);

/**
 * Turns events into plain lines: quiet enough for a log, rich enough to follow. Progress is told every five seconds.
 */
export class PlainReporter {
	private steps: PlannedStep[] = [];
	private command = '';
	private shown = new Map<string, {at: number; state: string | undefined}>();
	private rows: Progress | undefined;

	/** The lines an entry is worth; often none. A journal may come from anybody: no control character passes. */
	take(entry: JournalEntry): string[] {
		return this.lines(entry).map(line => line.replace(control, ''));
	}

	private lines(entry: JournalEntry): string[] {
		switch (entry.type) {
			case 'run.started':
				this.steps = entry.steps;
				this.command = entry.command;
				return [
					`specify-setup ${entry.version}: ${entry.command} in ${entry.directory} (run ${entry.run})`,
					...(formatNote(entry) ? [`Note: ${formatNote(entry)}`] : []),
				];
			case 'step.started': {
				const index = this.steps.findIndex(({id}) => id === entry.step);
				this.shown.clear();
				if (index < 0) return ['', entry.title ?? entry.step];
				return ['', `[${index + 1}/${this.steps.length}] ${this.steps[index]!.title}`];
			}
			case 'progress':
				return this.progress(entry);
			case 'service':
				return [`      ${entry.service}: ${entry.state}`];
			case 'check':
				return [`      ${entry.ok ? 'ok' : 'FAILED'}  ${entry.name}: ${entry.detail}`];
			case 'note':
				return [
					`      ${entry.level === 'warning' ? 'Note: ' : ''}${entry.message}`,
					...(entry.hint ? [`      ${entry.hint}`] : []),
				];
			case 'retry':
				return [`      ${shortName(entry.item)}: ${entry.reason}; trying ${againIn(entry, entry.at)}`];
			case 'log':
				return [];
			case 'step.finished':
				return [`      ${entry.summary} (${formatSeconds(entry.ms / 1000)})`];
			case 'step.failed':
				return ['', ...entry.details.map(line => `      | ${line}`)];
			case 'run.finished':
				return this.finished(entry);
			default:
				// An entry of a newer version: nothing this reader knows to say.
				return [];
		}
	}

	private progress(entry: Progress): string[] {
		if (entry.parent !== undefined) {
			if (entry.unit === 'rows') this.rows = entry;
			return [];
		}
		const last = this.shown.get(entry.item);
		const finished = entry.state === 'done';
		if (finished && last?.state === 'done') return [];
		const due = last === undefined ? entry.unit === 'migrations' : entry.at - last.at >= progressEveryMs;
		if (last === undefined) this.shown.set(entry.item, {at: entry.at, state: entry.state});
		if (!due && !finished) return [];
		this.shown.set(entry.item, {at: entry.at, state: entry.state});
		if (finished) return [`      ${shortName(entry.item)}: ${formatBytes(entry.total ?? entry.current)}, done`];
		const rows =
			this.rows && entry.unit === 'bytes' && entry.state === 'loading'
				? `, ${formatCount(this.rows.current)} rows, table ${this.rows.state}`
				: '';
		return [`      ${shortName(entry.item)}: ${amount(entry)}${speed(entry)}${rows}`];
	}

	private outcome(outcome: string) {
		if (outcome === 'unchanged') return 'Nothing had to be changed.';
		return this.command === 'reconfigure' ? 'The change is made and Specify answers.' : 'Specify is installed.';
	}

	private finished(entry: Extract<JournalEntry, {type: 'run.finished'}>): string[] {
		const took = formatSeconds(entry.ms / 1000);
		if (entry.outcome !== 'done' && entry.outcome !== 'unchanged')
			return [entry.message ?? 'The run failed.', ...(entry.hint ? [`What to do: ${entry.hint}`] : [])];
		return [
			'',
			`${this.outcome(entry.outcome)} (${took})`,
			...entry.addresses.map(({name, url}) => `  ${name}: ${url}`),
			...entry.next.map(line => `  - ${line}`),
		];
	}
}
