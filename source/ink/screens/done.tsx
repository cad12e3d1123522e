import {formatSeconds} from '../../model/format.js';
import type {Ending, Progress} from '../../model/progress.js';
import {trustRecipes} from '../../model/trust.js';
import {Page, wrapped} from '../components/pages.js';
import type {Press} from '../hooks/use-keys.js';
import {useSize} from '../hooks/use-size.js';
import {columnsOf, type Line, type Symbols} from '../spans.js';
import {useTheme} from '../theme.js';

const headline = ({about}: Progress, {outcome}: Ending) => {
	if (outcome === 'unchanged') return 'Nothing had to be changed. Everything runs.';
	return about?.command === 'reconfigure'
		? 'The change is made and Specify answers.'
		: 'Specify is installed and answers.';
};

/** What a finished run leaves one with: where Specify is, what comes next, and what was noted on the way. */
export const doneLines = (
	progress: Progress,
	ending: Ending,
	{columns, symbols}: {columns: number; symbols: Symbols},
) => {
	const names = Math.max(0, ...ending.addresses.map(({name}) => columnsOf(name)));
	const lines: Line[] = [
		[{text: symbols.tick, role: 'good'}, ' ', {text: headline(progress, ending), bold: true}],
		[],
		...ending.addresses.flatMap(({name, url}): Line[] =>
			4 + names + columnsOf(url) <= columns
				? [['  ', name.padEnd(names), '  ', {text: url, role: 'accent'}]]
				: [['  ', name], ...wrapped(url, columns, 4)],
		),
	];
	if (ending.next.length > 0) {
		lines.push([], [{text: 'What next', bold: true}]);
		ending.next.forEach((text, index) => {
			const number = `${index + 1}. `;
			wrapped(text, columns, 2 + number.length).forEach((line, row) => {
				lines.push(row === 0 ? ['  ', number, String(line[0]).trimStart()] : line);
			});
		});
	}
	const warnings = [
		...(progress.about?.note ? [progress.about.note] : []),
		...progress.notes.flatMap(({level, message, hint}) => (level === 'warning' ? [`${message} ${hint}`] : [])),
	];
	if (warnings.length > 0) {
		lines.push([], [{text: 'Noted on the way', bold: true}]);
		for (const warning of warnings)
			wrapped(warning, columns, 4).forEach((line, row) => {
				lines.push(row === 0 ? ['  ', {text: symbols.warning, role: 'warn'}, ' ', String(line[0]).trimStart()] : line);
			});
	}
	return lines;
};

/** The end of a run that went well. */
export const DoneScreen = ({
	progress,
	ending,
	onPress,
}: {
	progress: Progress;
	ending: Ending;
	onPress(press: Press): void;
}) => {
	const {columns} = useSize();
	const {symbols} = useTheme();
	return (
		<Page
			title="Done"
			position={`in ${formatSeconds(ending.ms / 1000)}`}
			keys={[
				'Enter leave',
				...(ending.authority ? ['t make browsers trust it'] : []),
				's the steps',
				'l log',
				'? help',
			]}
			lines={doneLines(progress, ending, {columns: columns - 1, symbols})}
			onPress={onPress}
		/>
	);
};

/** How browsers are told to trust the installation's own authority, system by system. */
export const trustLines = (root: string, columns: number): Line[] => [
	...wrapped(
		'This installation vouches for its own addresses, so browsers warn until each computer has been told to trust its root certificate:',
		columns,
	),
	[`  ${root}`],
	...trustRecipes(root).flatMap(({system, steps, commands}): Line[] => [
		[],
		[{text: system, bold: true}],
		...steps.flatMap(step => wrapped(step, columns, 2)),
		...commands.flatMap(command =>
			wrapped(command, columns, 4).map((line): Line => [{text: String(line[0]), role: 'accent'}]),
		),
	]),
];
