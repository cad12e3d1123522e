import type {ServiceState} from '../../model/events.js';
import {formatBytes, formatCount} from '../../model/format.js';
import {
	type Amount,
	type Counter,
	isOver,
	type Progress,
	type Retry,
	type StepProgress,
	totalOf,
} from '../../model/progress.js';
import {againIn} from '../../model/retry.js';
import {cell, columnsOf, type Line, type Span, type Symbols} from '../spans.js';
import {paragraph} from './frame.js';
import {progressBar} from './progress-bar.js';

const amountColumns = 16;
const rateColumns = 10;
const leftColumns = 12;
/** "layer " and the twelve digits by which people know it. */
const layerColumns = 18;
const smallestBar = 4;
const largestBar = 32;
const shownLogLines = 5;
const shownNoteRows = 4;

/** Both numbers in the unit of the larger: "45.1 of 97.6 MB". */
const partOf = (current: number, total: number | null): string => {
	if (total === null) return formatBytes(current);
	const [whole, unit] = formatBytes(total).split(' ') as [string, string];
	const scale = {B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12}[unit] ?? 1;
	const part = current / scale;
	return `${whole.includes('.') || (part < 10 && scale > 1) ? part.toFixed(1) : Math.round(part)} of ${whole} ${unit}`;
};

/** Rough on purpose, because it is an estimate: "12 s left", "3 min left". @param seconds */
const timeLeft = (seconds: number): string => {
	if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s left`;
	const minutes = Math.ceil(seconds / 60);
	return minutes < 90 ? `${minutes} min left` : `${Math.round(minutes / 60)} h left`;
};

const countOf = ({current, total, unit}: Amount): string =>
	unit === 'bytes'
		? partOf(current, total)
		: `${formatCount(current)}${total === null ? ` ${unit}` : ` of ${formatCount(total)}`}`;

const rateOf = ({rate, unit}: Amount): string =>
	rate === null || rate <= 0 ? '' : unit === 'bytes' ? `${formatBytes(rate)}/s` : `${formatCount(rate)}/s`;

type Layout = {
	indent: number;
	nameColumns: number;
	columns: number;
	symbols: Symbols;
	retries: readonly Retry[];
	now: number;
};

/** Why something waits to be tried again, and how long still. */
const retryText = (retry: Retry, now: number) => `${retry.reason}, ${againIn(retry, now)}`;

/** Symbol, name, bar, amount, rate and time left in columns; bar and rate give way where there is little room. */
const amountLine = (amount: Amount, name: string, layout: Layout): Line => {
	const {indent, nameColumns, columns, symbols} = layout;
	const retry = layout.retries.find(({item}) => item === amount.item);
	if (retry)
		return [
			' '.repeat(indent),
			{text: symbols.warning, role: 'warn'},
			` ${cell(name, nameColumns, symbols.ellipsis)} ${retryText(retry, layout.now)}`,
		];
	const over = isOver(amount);
	const waiting = amount.state === 'waiting';
	const mark: Span = over
		? {text: symbols.tick, role: 'good'}
		: waiting
			? {text: symbols.waiting, dim: true}
			: {text: symbols.active, role: 'accent'};
	const head: Span[] = [' '.repeat(indent), mark, ' ', cell(name, nameColumns, symbols.ellipsis), ' '];
	if (over)
		return [
			...head,
			`done, ${amount.unit === 'bytes' ? formatBytes(amount.total ?? amount.current) : countOf(amount)}`,
		];
	if (waiting)
		return [...head, {text: `waiting${amount.total === null ? '' : `, ${formatBytes(amount.total)}`}`, dim: true}];
	const room = columns - indent - 2 - nameColumns - 1;
	const tail = cell(countOf(amount), amountColumns, symbols.ellipsis, 'right');
	const left = amount.secondsLeft === null ? '' : timeLeft(amount.secondsLeft);
	const full = room - 1 - amountColumns - rateColumns - leftColumns;
	const withRate = full >= smallestBar;
	const barColumns = withRate ? full : room - 1 - amountColumns - leftColumns;
	const share = amount.total ? amount.current / amount.total : 0;
	return [
		...head,
		...(barColumns >= smallestBar && amount.total !== null
			? [...progressBar(share, Math.min(largestBar, barColumns), symbols), ' ']
			: []),
		tail,
		...(withRate ? [cell(rateOf(amount), rateColumns, symbols.ellipsis, 'right')] : []),
		cell(amount.state === 'unpacking' ? 'unpacking' : left, leftColumns, symbols.ellipsis, 'right'),
	];
};

/** The part of an image's name that people know it by; its tag too where there is room. */
const imageName = (reference: string, columns: number) => {
	const name = reference.split('/').pop() ?? reference;
	return columns >= 100 ? name : name.replace(/:[^:]*$/, '');
};

const isBusy = (amount: Amount) => !isOver(amount) && amount.state !== 'waiting';

/** Images with their bytes, the active ones first where not all fit, their layers in what is left. */
const imageLines = (images: readonly Counter[], layout: Layout, budget: number): Line[] => {
	const {columns, symbols} = layout;
	const names = images.map(({item}) => imageName(item, columns));
	const over = images.filter(isOver);
	const title = `${over.length} of ${images.length} images`;
	const total = totalOf(images);
	const longest = Math.max(layerColumns, ...[title, ...names].map(columnsOf));
	const inner = {...layout, nameColumns: Math.min(longest, Math.max(12, Math.floor(columns * 0.36)))};
	const head = total ? [amountLine(total, title, inner)] : [];
	const room = budget - head.length;
	const collapsed = images.length > room && over.length > 1;
	const rest = collapsed ? images.filter(image => !isOver(image)) : images;
	const rows = rest.slice(0, Math.max(0, room - (collapsed ? 1 : 0)));
	const lines: Line[] = [...head];
	if (collapsed && room > 0)
		lines.push([' '.repeat(layout.indent), {text: symbols.tick, role: 'good'}, ` ${over.length} images done`]);
	let spare = room - rows.length - (collapsed ? 1 : 0);
	for (const image of rows) {
		lines.push(amountLine(image, imageName(image.item, columns), inner));
		if (!isBusy(image)) continue;
		const whole = image.total !== null && image.current >= image.total;
		for (const layer of image.parts.filter(part => isBusy(part) && !(whole && part.state === 'downloading'))) {
			if (spare <= 0) break;
			spare -= 1;
			const share = layer.total ? layer.current / layer.total : 0;
			lines.push([
				' '.repeat(layout.indent + 2),
				{text: cell(`layer ${layer.item}`, inner.nameColumns, symbols.ellipsis), dim: true},
				' ',
				...progressBar(share, 8, symbols),
				' ',
				{
					text: `${cell(partOf(layer.current, layer.total), amountColumns, symbols.ellipsis, 'right')}  ${layer.state}`,
					dim: true,
				},
			]);
		}
	}
	return lines;
};

/** A dump that is read or loaded, Specify's migrations, and whatever else is counted. */
const counterLines = (counter: Counter, layout: Layout): Line[] => {
	const name = counter.unit === 'migrations' ? 'migrations' : (counter.item.split('/').pop() ?? counter.item);
	const inner = {...layout, nameColumns: Math.min(columnsOf(name), Math.floor(layout.columns * 0.36))};
	const below = ' '.repeat(layout.indent + 2);
	if (counter.unit === 'migrations')
		return [
			...(counter.total === null ? [] : [amountLine({...counter, state: '', secondsLeft: null}, name, inner)]),
			[below, `now: ${counter.state}`],
		];
	const rows = counter.parts.find(({unit}) => unit === 'rows');
	const lines = [amountLine(counter, name, inner)];
	if (rows) {
		const table = rows.state && !isOver(counter) ? `, now table ${rows.state}` : '';
		lines.push([below, `${formatCount(rows.current)} rows${table}`]);
	} else if (isBusy(counter) && counter.state) lines.push([below, {text: counter.state, dim: true}]);
	return lines;
};

/** How a service's state looks; the word always stands beside it. */
export const serviceMark = (state: ServiceState, symbols: Symbols): Span => {
	if (state === 'healthy') return {text: symbols.tick, role: 'good'};
	if (state === 'unhealthy' || state === 'exited' || state === 'restarting') return {text: symbols.cross, role: 'bad'};
	return {text: state === 'missing' ? symbols.waiting : symbols.active, role: 'accent'};
};

/** What happens in a step at the moment, in at most `budget` lines. */
export const stepDetails = (
	progress: Progress,
	step: StepProgress,
	{columns, symbols, budget, now}: {columns: number; symbols: Symbols; budget: number; now: number},
): Line[] => {
	const indent = 4;
	const blank = ' '.repeat(indent);
	const ofStep = <T extends {step: StepProgress['id']}>(list: readonly T[]) =>
		list.filter(other => other.step === step.id);
	const retries = ofStep(progress.retries);
	const layout: Layout = {indent, nameColumns: 0, columns, symbols, retries, now};

	const notes = ofStep(progress.notes)
		.flatMap(({level, message, hint}) =>
			paragraph(`${message}${hint ? ` ${hint}` : ''}`, columns - indent - 2).map(
				(text, index): Line => [
					blank,
					index > 0 || level === 'info' ? '  ' : {text: `${symbols.warning} `, role: 'warn'},
					text,
				],
			),
		)
		.slice(-Math.min(shownNoteRows, Math.floor(budget / 2)));
	const services = ofStep(progress.services);
	const serviceColumns = Math.max(0, ...services.map(({service}) => service.length));
	const serviceLines = services.map(
		({service, state}): Line => [blank, serviceMark(state, symbols), ` ${service.padEnd(serviceColumns)}  ${state}`],
	);
	const counters = ofStep(progress.counters);
	const retryLines = retries
		.filter(({item}) => !counters.some(counter => counter.item === item))
		.map((retry): Line => [blank, {text: symbols.warning, role: 'warn'}, ` ${retry.item}: ${retryText(retry, now)}`]);
	const room = budget - notes.length - serviceLines.length - retryLines.length;
	const countLines =
		counters.length > 1 || (step.id === 'pull' && counters.length > 0)
			? imageLines(counters, layout, room)
			: counters.flatMap(counter => counterLines(counter, layout));
	const checks = ofStep(progress.checks).map(
		({name, ok, detail}): Line => [
			blank,
			ok ? {text: symbols.tick, role: 'good'} : {text: symbols.cross, role: 'bad'},
			` ${name}: ${ok ? '' : 'FAILED: '}${detail}`,
		],
	);
	const lines = [...retryLines, ...serviceLines, ...countLines, ...notes].slice(0, budget);
	const checkRoom = Math.max(0, budget - lines.length);
	lines.push(...(checks.length > checkRoom && checkRoom > 0 ? checks.slice(-checkRoom) : checks.slice(0, checkRoom)));
	const logRoom = Math.min(shownLogLines, budget - lines.length);
	if (logRoom > 1)
		for (const {source, line} of ofStep(progress.log.slice(-40)).slice(-logRoom))
			lines.push([blank, {text: `${source} | ${line}`, dim: true}]);
	return lines;
};
