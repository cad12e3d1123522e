import {useState} from 'react';
import type {LogLine} from '../../model/progress.js';
import type {Press} from '../hooks/use-keys.js';
import {usePageKeys} from '../hooks/use-page-keys.js';
import {useScroll} from '../hooks/use-scroll.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans} from '../spans.js';
import {useTheme} from '../theme.js';
import {bodyRows, Frame} from './frame.js';

const sideStep = 20;

/** The last lines of a log, followed until one scrolls up; long lines are read by moving sideways. */
export const LogView = ({
	log,
	forgotten,
	onPress,
}: {
	log: readonly LogLine[];
	/** Lines that came before and are gone. */
	forgotten: number;
	/** Keys that are not the log's own, such as the one that leaves it. */
	onPress(press: Press): void;
}) => {
	const {columns, rows} = useSize();
	const {symbols} = useTheme();
	const [side, setSide] = useState(0);
	const height = bodyRows(rows);
	const scroll = useScroll(log.length, height, {gone: forgotten, follow: true});
	usePageKeys(press => {
		if (scroll.press(press)) return;
		if (press.name === 'right') return setSide(current => current + sideStep);
		if (press.name === 'left') return setSide(current => Math.max(0, current - sideStep));
		onPress(press);
	});
	const lines = log
		.slice(scroll.from, scroll.to)
		.map(
			({source, line}): Line => [
				{text: `${source} ${side > 0 ? symbols.ellipsis : '|'} `, dim: true},
				[...line].slice(side).join(''),
			],
		);
	while (lines.length < Math.min(height, 6)) lines.push([]);
	if (log.length === 0) lines[0] = [{text: 'No service has said anything in this run yet.', dim: true}];
	return (
		<Frame
			title="Log"
			position={
				log.length === 0
					? ''
					: `lines ${forgotten + scroll.from + 1} to ${forgotten + scroll.to} of ${forgotten + log.length}${scroll.following ? ', following' : ''}`
			}
			keys={['Esc back', 'Up/Down PgUp/PgDn scroll', 'Left/Right sideways', 'End follow']}
			rows={lines.map((line, index) => <Spans key={index} line={line} columns={columns - 1} />)}
		/>
	);
};
