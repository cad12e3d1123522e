import {Box, Text} from 'ink';
import type {ReactElement} from 'react';
import wrapAnsi from 'wrap-ansi';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans, SpansBlock, type SpansProps} from '../spans.js';
import {useTheme} from '../theme.js';

/** What stands in a row of the screen: an element, or a text. */
export type RowContent = ReactElement | string;

/** A row that is a line alone, or null when it must be laid out. */
const lineOf = (row: RowContent, columns: number): SpansProps | null =>
	typeof row === 'string' ? {line: [row], columns} : row.type === Spans ? (row.props as SpansProps) : null;

/**
 * Rows of the screen, none wider than the terminal: they are cut instead of wrapped. Lines that follow one another are
 * laid out as one, which is much cheaper.
 */
const Rows = ({rows, columns}: {rows: readonly RowContent[]; columns: number}) => {
	const parts: ({lines: SpansProps[]} | {row: RowContent})[] = [];
	for (const row of rows) {
		const line = lineOf(row, columns);
		const last = parts.at(-1);
		if (line === null) parts.push({row});
		else if (last && 'lines' in last) last.lines.push(line);
		else parts.push({lines: [line]});
	}
	return parts.map((part, index) =>
		'lines' in part ? (
			<SpansBlock key={index} rows={part.lines} />
		) : (
			<Text key={index} wrap="truncate">
				{part.row}
			</Text>
		),
	);
};

/** A text as rows of words that fit the width. */
export const paragraph = (text: string, width: number): string[] =>
	wrapAnsi(text, Math.max(10, width), {hard: true, trim: true}).split('\n');

export type FrameProps = {
	title: string;
	/** At the right of the title, such as "3 of 8". */
	position?: string;
	/** What the keys do, such as "Enter next". Those that do not fit are left out from the end. */
	keys: readonly string[];
	/** The body. */
	rows: readonly RowContent[];
	/** The row that must be visible when not all fit. */
	focus?: number;
};

const chromeRows = 4;

/** Rows a body may have in a terminal, so that the frame stays smaller than the screen. */
export const bodyRows = (terminalRows: number) => Math.max(1, terminalRows - 1 - chromeRows);

/** The part of a list that is shown: `size` rows around `focus`. */
export const windowOf = (count: number, size: number, focus: number) => {
	if (count <= size) return {from: 0, to: count};
	const from = Math.min(Math.max(0, focus - Math.floor(size / 2)), count - size);
	return {from, to: from + size};
};

/**
 * Every screen's outline: title and position, a body, a line of keys. Never as tall as the terminal:
 * a body that does not fit is windowed around its focus, and says so.
 */
export const Frame = ({title, position = '', keys, rows, focus = 0}: FrameProps) => {
	const size = useSize();
	const {symbols} = useTheme();
	const width = size.columns;
	const height = bodyRows(size.rows);
	const {from, to} = windowOf(rows.length, height, focus);
	const hidden = rows.length - (to - from);
	if (size.settling) return <Text> </Text>;
	let line = '';
	for (const key of keys) {
		const longer = line === '' ? key : `${line}  ${key}`;
		if (longer.length > width - (hidden > 0 ? 12 : 1)) break;
		line = longer;
	}
	const gap = Math.max(1, width - title.length - position.length - 1);
	const rule: Line = [{text: symbols.line.repeat(Math.max(1, width - 1)), dim: true}];
	const lines = (...all: Line[]) => all.map((one, index) => <Spans key={index} line={one} columns={width} />);
	return (
		<Box flexDirection="column" width={width}>
			<Rows
				columns={width}
				rows={[
					...lines([{text: title, role: 'accent', bold: true}, ' '.repeat(gap), {text: position, dim: true}], rule),
					...rows.slice(from, to),
					...lines(rule, [{text: hidden > 0 ? `${line}  (+${hidden} rows)` : line, dim: true}]),
				]}
			/>
		</Box>
	);
};
