import {Box, Text} from 'ink';
import {Fragment, isValidElement, type ReactElement, type ReactNode} from 'react';
import wrapAnsi from 'wrap-ansi';
import {useSize} from '../hooks/use-size.js';
import {Spans, SpansBlock} from '../spans.js';
import {useTheme} from '../theme.js';

/** One row of the screen: never wider than the terminal, because it is cut instead of wrapped. */
export const Row = ({children = ' '}: {children?: ReactNode}) => <Text wrap="truncate">{children}</Text>;

/** Whether a node is a row by itself. */
const isLine = (node: ReactNode): node is ReactElement<Parameters<typeof Spans>[0]> =>
	isValidElement(node) && node.type === Spans;

/** The rows that are shown; those made of lines alone are laid out as one, which is much cheaper. */
const Rows = ({rows}: {rows: readonly ReactNode[]}) =>
	rows.length > 0 && rows.every(isLine) ? (
		<SpansBlock rows={rows.map(({props}) => props)} />
	) : (
		rows.map((row, index) =>
			isLine(row) ? <Fragment key={index}>{row}</Fragment> : <Row key={index}>{row || ' '}</Row>,
		)
	);

/** A text as rows of words that fit the width. */
export const paragraph = (text: string, width: number): string[] =>
	wrapAnsi(text, Math.max(10, width), {hard: true, trim: true}).split('\n');

export type FrameProps = {
	title: string;
	/** At the right of the title, such as "3 of 8". */
	position?: string;
	/** What the keys do, such as "Enter next". Those that do not fit are left out from the end. */
	keys: readonly string[];
	/** The body, an element a row. */
	rows: readonly ReactNode[];
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
	const {symbols, color} = useTheme();
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
	return (
		<Box flexDirection="column" width={width}>
			<Row>
				<Text bold color={color('accent')}>
					{title}
				</Text>
				{' '.repeat(gap)}
				<Text dimColor>{position}</Text>
			</Row>
			<Row>
				<Text dimColor>{symbols.line.repeat(Math.max(1, width - 1))}</Text>
			</Row>
			<Rows rows={rows.slice(from, to)} />
			<Row>
				<Text dimColor>{symbols.line.repeat(Math.max(1, width - 1))}</Text>
			</Row>
			<Row>
				<Text dimColor>
					{line}
					{hidden > 0 ? `  (+${hidden} rows)` : ''}
				</Text>
			</Row>
		</Box>
	);
};
