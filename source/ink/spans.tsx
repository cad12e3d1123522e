import {stripVTControlCharacters, styleText} from 'node:util';
import {Transform} from 'ink';
import stringWidth from 'string-width';
import {control, narrow} from './characters.js';
import {type Role, type Theme, useTheme} from './theme.js';

/** A piece of a row with its look. */
export type Span = string | {text: string; role?: Role; dim?: boolean; bold?: boolean};

/** A row of the screen, as data. */
export type Line = readonly Span[];

export type Symbols = Theme['symbols'];

const segmenter = new Intl.Segmenter();

/** Columns a text takes on the screen; wide characters take two. */
export const columnsOf = (text: string) => (narrow.test(text) ? text.length : stringWidth(text));

/** The part of a text that fits the columns; where something had to go, it ends in the ellipsis. */
export const cut = (text: string, columns: number, ellipsis: string): string => {
	if (columnsOf(text) <= columns) return text;
	const room = columns - columnsOf(ellipsis);
	if (room < 0) return '';
	if (narrow.test(text)) return text.slice(0, room) + ellipsis;
	let kept = '';
	let taken = 0;
	for (const {segment} of segmenter.segment(text)) {
		taken += stringWidth(segment);
		if (taken > room) break;
		kept += segment;
	}
	return kept + ellipsis;
};

/** A text cut or filled up with blanks to exactly the columns. */
export const cell = (text: string, columns: number, ellipsis: string, align: 'left' | 'right' = 'left'): string => {
	const kept = cut(text, columns, ellipsis);
	const blank = ' '.repeat(Math.max(0, columns - columnsOf(kept)));
	return align === 'left' ? kept + blank : blank + kept;
};

/** The text of a span, without what a terminal would take for a command. */
const textOf = (span: Span) => {
	const text = typeof span === 'string' ? span : span.text;
	return narrow.test(text) ? text : stripVTControlCharacters(text).replace(control, '');
};

/** The columns of a whole line. */
export const lineColumns = (line: Line) => line.reduce((sum, span) => sum + columnsOf(textOf(span)), 0);

/** A line that fits the columns. */
export const cutLine = (line: Line, columns: number, ellipsis: string): Line => {
	let left = columns;
	const kept: Span[] = [];
	for (const span of line) {
		const text = cut(textOf(span), left, ellipsis);
		if (text !== '') kept.push(typeof span === 'string' ? text : {...span, text});
		left -= columnsOf(textOf(span));
		if (left <= 0) break;
	}
	return kept;
};

type Format = Parameters<typeof styleText>[0];

const paint = (line: Line, {color}: Pick<Theme, 'color'>): string =>
	line
		.map(span => {
			if (typeof span === 'string') return span;
			const formats = [span.role && color(span.role), span.dim && 'dim', span.bold && 'bold'].filter(Boolean);
			return formats.length === 0 ? span.text : styleText(formats as unknown as Format, span.text);
		})
		.join('');

export type SpansProps = {line: Line; columns: number};

/**
 * Draws lines. Ink is given a text of the same shape to lay out, and the lines as it writes: it would measure every
 * character of them several times, which costs half of a picture.
 */
export const SpansBlock = ({rows}: {rows: readonly SpansProps[]}) => {
	const theme = useTheme();
	const lines = rows.map(({line, columns}) => cutLine(line, columns, theme.symbols.ellipsis));
	const drawn = lines.map(line => paint(line, theme));
	return (
		<Transform transform={(_, index) => drawn[index] ?? ''}>
			{lines.map(line => '.'.repeat(lineColumns(line)) || ' ').join('\n')}
		</Transform>
	);
};

/** A line as a row of a `<Frame>`. */
export const Spans = (props: SpansProps) => <SpansBlock rows={[props]} />;
