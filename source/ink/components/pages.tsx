import type {Press} from '../hooks/use-keys.js';
import {usePageKeys} from '../hooks/use-page-keys.js';
import {useScroll} from '../hooks/use-scroll.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans} from '../spans.js';
import {bodyRows, Frame, paragraph} from './frame.js';

/** A text as lines that fit, each behind an indent. */
export const wrapped = (text: string, columns: number, indent = 0): Line[] =>
	paragraph(text, columns - indent).map(line => [`${' '.repeat(indent)}${line}`]);

/** A screen of lines, scrolled when they are more than fit; it says so. */
export const Page = ({
	title,
	position = '',
	keys,
	lines,
	onPress,
}: {
	title: string;
	position?: string;
	keys: readonly string[];
	lines: readonly Line[];
	/** Keys that do not scroll. */
	onPress(press: Press): void;
}) => {
	const {columns, rows} = useSize();
	const height = bodyRows(rows);
	const scroll = useScroll(lines.length, height);
	usePageKeys(press => {
		if (lines.length > height && scroll.press(press)) return;
		onPress(press);
	});
	const partly = lines.length > height;
	const place = `rows ${scroll.from + 1} to ${scroll.to} of ${lines.length}`;
	return (
		<Frame
			title={title}
			position={partly ? [position, place].filter(Boolean).join(', ') : position}
			keys={partly ? [keys[0]!, 'Up/Down more', ...keys.slice(1)] : keys}
			rows={lines
				.slice(scroll.from, scroll.to)
				.map((line, index) => <Spans key={index} line={line} columns={columns - 1} />)}
		/>
	);
};
