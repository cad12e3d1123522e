import {useRef, useState} from 'react';
import {adviceOf, type Installation, nameOf, summaryOf} from '../../model/installations.js';
import {bodyRows, Frame} from '../components/frame.js';
import {wrapped} from '../components/pages.js';
import type {Press} from '../hooks/use-keys.js';
import {Pages, usePageKeys} from '../hooks/use-page-keys.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans} from '../spans.js';
import {type Role, useTheme} from '../theme.js';

/** What somebody chose: an installation, one more, or nothing. */
export type InstallationsLeft = {open: string} | {another: true} | null;

export type InstallationsScreenProps = {
	installations: readonly Installation[];
	/** Drops a folder from this person's list; nothing else is touched. */
	onDrop(directory: string): void;
	/** Puts the program into the background (Ctrl-Z). */
	suspend?(): void;
	onLeave(left: InstallationsLeft): void;
};

const isWell = (installation: Installation) => installation.kind === 'here' && installation.glance === 'healthy';

/** All installations that are known, to choose one. */
export const InstallationsScreen = (props: InstallationsScreenProps) => (
	<Pages>
		<List {...props} />
	</Pages>
);

const List = ({installations: given, onDrop, suspend, onLeave}: InstallationsScreenProps) => {
	const {columns, rows} = useSize();
	const {symbols} = useTheme();
	const width = columns - 1;
	const [list, setList] = useState(given);
	const [at, setAt] = useState(0);
	// Keys that come together must not act on what was drawn before.
	const latest = useRef({list, at});
	latest.current = {list, at};
	const chosen = list[at];
	const canDrop = chosen?.kind === 'gone' && chosen.remembered;

	const move = (to: number) => {
		// Behind the last one is "install another one".
		latest.current.at = Math.max(0, Math.min(to, latest.current.list.length));
		setAt(latest.current.at);
	};
	const drop = (installation: Installation | undefined) => {
		if (installation?.kind !== 'gone' || !installation.remembered) return;
		onDrop(installation.directory);
		latest.current.list = latest.current.list.filter(other => other !== installation);
		setList(latest.current.list);
		move(latest.current.at);
	};
	const press = ({name, text}: Press) => {
		const now = latest.current;
		if (name === 'control' && text === 'z') return suspend?.();
		if (name === 'escape' || (name === 'control' && text === 'c') || (name === 'text' && /^[qQ]$/.test(text)))
			return onLeave(null);
		if (name === 'text' && /^[nN]$/.test(text)) return onLeave({another: true});
		if (name === 'text' && /^[xX]$/.test(text)) return drop(now.list[now.at]);
		if (name === 'enter') {
			const installation = now.list[now.at];
			if (!installation) return onLeave({another: true});
			return installation.kind === 'here' ? onLeave({open: installation.directory}) : undefined;
		}
		const moves: Record<string, number> = {
			up: now.at - 1,
			down: now.at + 1,
			home: 0,
			end: now.list.length,
			'page-up': 0,
			'page-down': now.list.length,
		};
		if (moves[name] !== undefined) move(moves[name]);
	};
	usePageKeys(press);

	const pointer = (index: number): Line[number] =>
		index === at ? {text: `${symbols.pointer} `, role: 'accent'} : '  ';
	const lines: Line[] = [];
	const places: number[] = [];
	list.forEach((installation, index) => {
		places.push(lines.length);
		const role: Role = isWell(installation) ? 'good' : 'warn';
		const mark = isWell(installation) ? symbols.tick : symbols.warning;
		lines.push([pointer(index), {text: nameOf(installation), bold: true}]);
		lines.push(['  ', {text: `${mark} `, role}, {text: summaryOf(installation), dim: true}]);
	});
	places.push(lines.length + 1);
	lines.push([], [pointer(list.length), {text: 'Install another one', bold: true}]);
	const advice = chosen ? adviceOf(chosen) : '';
	if (advice !== '') lines.push([], ...wrapped(advice, width, 2));
	const isLong = lines.length > bodyRows(rows);
	return (
		<Frame
			title="Installations of Specify"
			position={list.length === 1 ? '1 known' : `${list.length} known`}
			keys={[
				...(chosen === undefined || chosen.kind === 'here' ? ['Enter choose'] : []),
				...(canDrop ? ['x drop it from this list'] : []),
				'n install another one',
				'q leave',
				'Up/Down',
			]}
			rows={lines.map((line, index) => <Spans key={index} line={line} columns={width} />)}
			focus={isLong && advice !== '' ? lines.length - 1 : places[at]}
		/>
	);
};
