import {formatSeconds} from '../../model/format.js';
import type {Progress, StepProgress, StepState} from '../../model/progress.js';
import {cell, columnsOf, type Line, type Span, type Symbols} from '../spans.js';
import {stepDetails} from './step-details.js';

/** Rows an opened step has at least, even where finished steps must be put together for it. */
const smallestDetail = 4;
const summaryFrom = 100;

const markOf = (state: StepState, symbols: Symbols): Span =>
	({
		waiting: {text: symbols.waiting, dim: true},
		active: {text: symbols.active, role: 'accent' as const, bold: true},
		done: {text: symbols.tick, role: 'good' as const},
		kept: {text: symbols.tick, dim: true},
		failed: {text: symbols.cross, role: 'bad' as const, bold: true},
		cancelled: {text: symbols.warning, role: 'warn' as const},
		cut: {text: symbols.warning, role: 'warn' as const},
	})[state];

/** @param now milliseconds since 1970 */
const stateText = ({state, ms, startedAt}: StepProgress, now: number): string => {
	const took = ms === null ? '' : ` ${formatSeconds(ms / 1000)}`;
	if (state === 'active') return `now ${formatSeconds(Math.max(0, now - (startedAt ?? now)) / 1000)}`;
	if (state === 'kept') return 'done already';
	if (state === 'done') return `done${took}`;
	if (state === 'failed') return `failed${took}`;
	if (state === 'cancelled') return `stopped${took}`;
	if (state === 'cut') return `cut off${took && ` after${took}`}`;
	return 'waiting';
};

/** A step in one line: symbol, title, state in words with its time, and what came of it where there is room. */
const stepLine = (
	step: StepProgress,
	{columns, now, symbols, stateColumns}: {columns: number; now: number; symbols: Symbols; stateColumns: number},
	titleColumns: number,
): Line => {
	const quiet = step.state === 'waiting' || step.state === 'kept';
	const text = (part: string): Span => ({text: part, dim: quiet, bold: step.state === 'active'});
	return [
		markOf(step.state, symbols),
		' ',
		text(cell(step.title, titleColumns, symbols.ellipsis)),
		'  ',
		text(cell(stateText(step, now), stateColumns, symbols.ellipsis)),
		...(columns >= summaryFrom && step.summary ? ['  ', {text: step.summary, dim: true}] : []),
	];
};

/**
 * All steps, the one under way opened underneath, in at most `height` lines;
 * where that is too little, finished and coming steps are put together.
 */
export const stepLines = (
	progress: Progress,
	{columns, height, now, symbols}: {columns: number; height: number; now: number; symbols: Symbols},
): Line[] => {
	const {steps} = progress;
	const open = steps.findIndex(({state}) => ['active', 'failed', 'cancelled', 'cut'].includes(state));
	const detailRows = open < 0 ? 0 : smallestDetail;
	let from = 0;
	let to = steps.length;
	if (steps.length + detailRows > height) {
		const focus = open < 0 ? 0 : open;
		const count = Math.max(1, height - detailRows - 2);
		from = Math.min(focus, Math.max(0, steps.length - count));
		to = Math.min(steps.length, from + count);
	}
	const stateColumns = Math.max(0, ...steps.map(step => columnsOf(stateText(step, now))));
	const titleColumns = Math.max(
		8,
		Math.min(Math.max(0, ...steps.map(({title}) => columnsOf(title))), columns - 4 - stateColumns),
	);
	const frame = {columns, now, symbols, stateColumns};
	const lines: Line[] = [];
	if (from > 0) lines.push([{text: symbols.tick, role: 'good'}, ` ${from} steps before: done`]);
	const around = to - from + (from > 0 ? 1 : 0) + (to < steps.length ? 1 : 0);
	steps.slice(from, to).forEach((step, index) => {
		lines.push(stepLine(step, frame, titleColumns));
		if (from + index === open)
			lines.push(...stepDetails(progress, step, {columns, symbols, budget: Math.max(0, height - around), now}));
	});
	if (to < steps.length) lines.push([{text: `${symbols.waiting} ${steps.length - to} more steps: waiting`, dim: true}]);
	return lines.slice(0, height);
};
