import wrapAnsi from 'wrap-ansi';
import {type DifferenceLine, type FileDifference, stateWords} from '../../model/differences.js';
import type {WizardState} from '../../model/wizard.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, type Span, Spans} from '../spans.js';
import {useTheme} from '../theme.js';
import {Frame, paragraph, type RowContent} from './frame.js';

const looks: Record<DifferenceLine['sign'], Exclude<Span, string>> = {
	'+': {text: '', role: 'good'},
	'-': {text: '', role: 'bad'},
	'@': {text: '', dim: true},
	' ': {text: ''},
};

/** A line as rows that fit: what differs may stand at its end. Each begins with the sign. */
const rowsOf = ({sign, text}: DifferenceLine, columns: number, ellipsis: string): Line[] => {
	const mark = sign === '@' ? '' : sign;
	const shown = wrapAnsi(text.replaceAll('\t', '    '), Math.max(10, columns - 3 - ellipsis.length), {
		hard: true,
		trim: false,
		wordWrap: false,
	});
	return shown
		.split('\n')
		.map((part, index) => [{...looks[sign], text: index === 0 ? `${mark}${part}` : `${mark} ${ellipsis}${part}`}]);
};

/** One generated file: what it is now against what would be written, line by line. */
export const Differences = ({
	files,
	state: {file, own, keep, take},
	focus,
}: {
	/** Null while they are being looked at. */
	files: readonly FileDifference[] | null;
	state: Pick<WizardState, 'file' | 'own' | 'keep' | 'take'>;
	/** The row around which the window lies, of so many. */
	focus(rows: number): number;
}) => {
	const {columns} = useSize();
	const {symbols} = useTheme();
	const width = columns - 1;
	const shown = files?.[file];
	if (!shown) {
		const said = files ? 'All files are as they would be written.' : `One moment${symbols.ellipsis}`;
		return <Frame title="The files" keys={['Esc back']} rows={[said]} />;
	}
	const {path, state, keepable, hasOwn, advice} = shown;
	const stays = keep.includes(path) || (state === 'kept' && !take.includes(path));
	const choice = stays ? 'yours stays' : 'replaced, yours saved';
	const words = keepable ? `${stateWords.edited}: ${choice}` : stateWords[state];
	const rows: RowContent[] = [
		...advice.flatMap(sentence => paragraph(sentence, width)),
		...(advice.length > 0 ? [''] : []),
		<Spans
			key="legend"
			line={[{text: own ? '- as it was written last, + as you changed it' : '- as it is, + as it would be', dim: true}]}
			columns={columns}
		/>,
		...(own ? shown.own : shown.lines)
			.flatMap(line => rowsOf(line, width, symbols.ellipsis))
			.map((line, index) => <Spans key={index} line={line} columns={width} />),
	];
	return (
		<Frame
			title={`${path} (${words})`}
			position={`${file + 1} of ${files.length}`}
			keys={[
				'Esc back',
				...(keepable ? [stays ? 'n take new' : 'k keep mine'] : []),
				...(hasOwn ? [own ? 'm what comes' : 'm my changes'] : []),
				...(files.length > 1 ? [`${symbols.leftRight} file`] : []),
				`${symbols.upDown} PgUp PgDn scroll`,
			]}
			rows={rows}
			focus={focus(rows.length)}
		/>
	);
};
