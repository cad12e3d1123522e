import {Text} from 'ink';
import {charactersOf} from '../../model/wizard.js';
import {useTheme} from '../theme.js';

/** A value being typed, with its cursor; the end is kept in view when it is longer than `width` characters. */
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
	const characters = charactersOf(masked ? mask(value) : value);
	const from = Math.max(0, Math.min(cursor - width + 1, characters.length - width + 1));
	const shown = characters.slice(from, from + width);
	const at = cursor - from;
	if (!active) return <Text>{shown.join('')}</Text>;
	return (
		<Text>
			{from > 0 ? symbols.ellipsis : ''}
			{shown.slice(0, at).join('')}
			<Text inverse>{shown[at] ?? ' '}</Text>
			{shown.slice(at + 1).join('')}
		</Text>
	);
};
