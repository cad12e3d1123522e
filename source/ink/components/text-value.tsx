import {Text} from 'ink';
import {charactersOf} from '../../model/wizard.js';
import {columnsOf} from '../spans.js';
import {useTheme} from '../theme.js';

/** The part of a text that fits the columns and holds the cursor, which may stand behind the last character. */
const windowAround = (characters: readonly string[], cursor: number, columns: number, ellipsis: string) => {
	const widths = characters.map(columnsOf);
	let taken = widths[cursor] ?? 1;
	let from = cursor;
	const fits = (index: number) => taken + widths[index]! + (index > 0 ? columnsOf(ellipsis) : 0) <= columns;
	while (from > 0 && fits(from - 1)) taken += widths[--from]!;
	if (from > 0) taken += columnsOf(ellipsis);
	let to = Math.min(cursor + 1, characters.length);
	while (to < characters.length && taken + widths[to]! <= columns) taken += widths[to++]!;
	return {from, to};
};

/** A value being typed, with its cursor; the cursor is kept in view when the value is wider than `width` columns. */
export const TextValue = ({
	value,
	cursor,
	placeholder,
	active,
	width,
	masked = false,
}: {
	value: string;
	cursor: number;
	/** Shown dim while nothing is typed. */
	placeholder: string;
	active: boolean;
	width: number;
	masked?: boolean;
}) => {
	const {symbols} = useTheme();
	const mask = (text: string) => (masked ? symbols.bullet.repeat(charactersOf(text).length) : text);
	if (value === '') {
		const [first = ' ', ...rest] = charactersOf(mask(placeholder));
		return (
			<Text dimColor>
				<Text inverse={active}>{first}</Text>
				{rest.join('')}
			</Text>
		);
	}
	const characters = charactersOf(mask(value));
	if (!active) return <Text>{characters.join('')}</Text>;
	const at = Math.min(cursor, characters.length);
	const {from, to} = windowAround(characters, at, width, symbols.ellipsis);
	return (
		<Text>
			{from > 0 ? symbols.ellipsis : ''}
			{characters.slice(from, at).join('')}
			<Text inverse>{characters[at] ?? ' '}</Text>
			{characters.slice(at + 1, to).join('')}
		</Text>
	);
};
