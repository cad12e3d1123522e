import {useEffect, useRef, useState} from 'react';
import type {JournalEntry} from '../../model/events.js';
import {formatSeconds} from '../../model/format.js';
import type {Ending, Progress, StepProgress} from '../../model/progress.js';
import {terms} from '../../model/terms.js';
import {bodyRows, Frame} from '../components/frame.js';
import {LogView} from '../components/log-view.js';
import {Page, wrapped} from '../components/pages.js';
import {stepLines} from '../components/step-list.js';
import {useClock} from '../hooks/use-clock.js';
import type {Press} from '../hooks/use-keys.js';
import {Pages, usePageKeys} from '../hooks/use-page-keys.js';
import {useProgress} from '../hooks/use-progress.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans, type Symbols} from '../spans.js';
import {useTheme} from '../theme.js';
import {DoneScreen, trustLines} from './done.js';

export type ProgressResult = {
	/** `ended`: the run was over when the view was left; `left`: it goes on without the view. */
	how: 'ended' | 'left';
	progress: Progress;
};

export type ProgressProps = {
	/** A run's journal from its beginning; read once. Other entries begin the screen anew. */
	entries: AsyncIterable<JournalEntry>;
	onLeave(result: ProgressResult): void;
	/** Asks the run to stop safely. Without it, the view can only be left. */
	stop?(): void;
	/** Begins the run again after a failure. */
	retry?(): void;
	/** Puts the program into the background (Ctrl-Z). */
	suspend?(): void;
	/** False for a run of the past: time is the journal's, and nothing needs to be asked before leaving. */
	live?: boolean;
};

type PageName = 'run' | 'steps' | 'log' | 'help' | 'leave' | 'trust';

const clockIntervalMs = 1000;
const roomForNotes = 12;

const titles: Record<string, string> = {install: 'Installing Specify', reconfigure: 'Changing the installation'};

const titleOf = ({about}: Progress) =>
	about ? (titles[about.command] ?? `specify-setup ${about.command}`) : 'specify-setup';

const positionOf = ({steps}: Progress) => {
	const ended = steps.filter(({state}) => state !== 'waiting' && state !== 'active').length;
	const active = steps.findIndex(({state}) => state === 'active');
	return steps.length === 0 ? '' : `step ${active < 0 ? ended : active + 1} of ${steps.length}`;
};

const own = [
	['Step', 'What is done, in order. A step that was done before is recognised and not repeated.'],
	['Layer', 'A part of an image. Images share layers, which are fetched once.'],
	[
		'Service',
		'A container with a task: web server, database, asset server. It is healthy when it answers as it should.',
	],
] as const;

const helpLines = (columns: number): Line[] => [
	...wrapped(
		'You see the run that installs or changes Specify. It is a process of its own: when this view is left, the terminal closed or the connection lost, it goes on, and "specify-setup attach" shows it again.',
		columns,
	),
	[],
	...(
		[
			['l', 'what the services say'],
			['Ctrl-C', 'asks whether to leave the view or stop the run; pressed again, it leaves the view'],
			['Ctrl-Z', 'puts the view aside; "fg" brings it back'],
			['Esc', 'back'],
		] as const
	).flatMap(([key, what]) =>
		wrapped(what, columns, 10).map(
			(line, row): Line => (row === 0 ? [{text: `  ${key.padEnd(8)}`, bold: true}, String(line[0]).trimStart()] : line),
		),
	),
	...[...own, terms.image, terms.container, terms.migration, terms.dump, terms.assetServer, terms.authority].flatMap(
		([term, text]): Line[] => [[], [{text: term, bold: true}], ...wrapped(text, columns, 2)],
	),
];

const failedTitle: Record<Extract<Ending['outcome'], 'failed' | 'cancelled' | 'interrupted'>, string> = {
	failed: 'Failed',
	cancelled: 'Stopped',
	interrupted: 'Interrupted',
};

/** What the reader must know besides, with a mark. */
const noteLines = (note: string, columns: number, symbols: Symbols): Line[] =>
	note === ''
		? []
		: wrapped(note, columns - 2).map((line, row) => [
				row === 0 ? {text: `${symbols.warning} `, role: 'warn'} : '  ',
				...line,
			]);

const holds = (step: StepProgress) => step.state === 'done' || step.state === 'kept';

/** What failed, what to do, the lines that tell the cause, and what still holds. */
export const failureLines = (
	progress: Progress,
	ending: Ending,
	{columns, symbols}: {columns: number; symbols: Symbols},
): Line[] => {
	const {about, failure, steps} = progress;
	const step = steps.find(({id}) => id === failure?.step);
	const {outcome} = ending;
	const how = outcome === 'cancelled' ? 'stopped' : outcome === 'interrupted' ? 'cut off' : 'failed';
	const message = failure?.message || ending.message || 'The run failed.';
	const hint = failure?.hint || ending.hint;
	const details = failure?.details ?? [];
	const kept = steps.filter(holds);
	const left = steps.filter(({state}) => state === 'waiting');
	return [
		[
			how === 'failed' ? {text: symbols.cross, role: 'bad'} : {text: symbols.warning, role: 'warn'},
			' ',
			{text: step ? `${step.title}: ${how}` : failedTitle[outcome as keyof typeof failedTitle], bold: true},
		],
		...wrapped(message, columns, 2),
		...noteLines(about?.note ?? '', columns, symbols),
		...(hint ? [[], [{text: 'What to do', bold: true}], ...wrapped(hint, columns, 2)] : []),
		...(details.length > 0
			? [
					[],
					[{text: 'What it said', bold: true}],
					...details.flatMap(detail =>
						wrapped(detail, columns, 4).map(
							(line, row): Line => (row === 0 ? [`  | ${String(line[0]).trimStart()}`] : line),
						),
					),
				]
			: []),
		...(kept.length > 0
			? [
					[],
					[{text: 'What holds', bold: true}],
					...kept.map(
						({title, state, summary}): Line => [
							'  ',
							{text: symbols.tick, role: 'good'},
							` ${title}: ${state === 'kept' ? 'done already' : 'done'}`,
							...(summary ? [{text: `  ${summary}`, dim: true}] : []),
						],
					),
				]
			: []),
		...(left.length > 0
			? [
					[],
					[{text: 'What is left', bold: true}],
					...left.map(({title}): Line => [{text: `  ${symbols.waiting} ${title}`, dim: true}]),
				]
			: []),
	];
};

const stoppingNote = 'Stopping as soon as it is safe. s stops it at once, Ctrl-C leaves the view.';

const choices = ['keep', 'stop', 'back'] as const;
type Choice = (typeof choices)[number];

/** Asks what shall happen to a run under way when somebody wants to leave. */
const LeaveQuestion = ({
	directory,
	canStop,
	onChoice,
}: {
	directory: string;
	canStop: boolean;
	onChoice(choice: Choice): void;
}) => {
	const {columns} = useSize();
	const {symbols} = useTheme();
	const [at, setAt] = useState(0);
	// A key may come before the picture that answers the one before it.
	const chosen = useRef(0);
	const choose = (index: number) => {
		chosen.current = index;
		setAt(index);
	};
	const offered = choices.filter(choice => canStop || choice !== 'stop');
	usePageKeys(({name, text}) => {
		if (name === 'control' && text === 'c') return onChoice('keep');
		if (name === 'escape') return onChoice('back');
		if (name === 'enter') return onChoice(offered[chosen.current]!);
		if (name === 'down' || name === 'tab') return choose((chosen.current + 1) % offered.length);
		if (name === 'up' || name === 'shift-tab') return choose((chosen.current + offered.length - 1) % offered.length);
		if (name !== 'text') return;
		if (text === 'k') onChoice('keep');
		if (text === 's' && canStop) onChoice('stop');
	});
	const about: Record<Choice, {label: string; text: string}> = {
		keep: {
			label: 'k    Keep it running and leave',
			text: `Nothing stops. To see it again: specify-setup attach --dir ${directory}`,
		},
		stop: {
			label: 's    Stop it safely',
			text: 'It ends what it is doing as soon as it can. Nothing is lost: the next run continues there.',
		},
		back: {label: 'Esc  Back', text: 'Watch on.'},
	};
	const lines = [
		...wrapped('The run goes on by itself, with or without this view. What shall happen to it?', columns - 1),
		...offered.flatMap((choice, index): Line[] => [
			[],
			[
				{text: index === at ? `${symbols.pointer} ` : '  ', role: 'accent'},
				{text: about[choice].label, bold: index === at},
			],
			...wrapped(about[choice].text, columns - 1, 7).map((line): Line => [{text: String(line[0]), dim: true}]),
		]),
	];
	return (
		<Frame
			title="Leave?"
			keys={['Enter choose', 'k keep running', ...(canStop ? ['s stop'] : []), 'Esc back', 'Ctrl-C leave']}
			rows={lines.map((line, index) => <Spans key={index} line={line} columns={columns - 1} />)}
		/>
	);
};

/** The steps as they are, the one under way opened. */
const StepsView = ({
	progress,
	now,
	position,
	keys,
	stopping,
	onPress,
}: {
	progress: Progress;
	now: number;
	position: string;
	keys: readonly string[];
	stopping: boolean;
	onPress(press: Press): void;
}) => {
	const {columns, rows} = useSize();
	const {symbols} = useTheme();
	const height = bodyRows(rows);
	usePageKeys(onPress);
	const below = [
		// In a small window the steps come first; the note is there again at the end.
		...(height < roomForNotes ? [] : noteLines(progress.about?.note ?? '', columns - 1, symbols)),
		...(stopping ? noteLines(stoppingNote, columns - 1, symbols) : []),
	];
	const lines: Line[] = stepLines(progress, {columns: columns - 1, height: height - below.length, now, symbols});
	if (progress.steps.length === 0) lines.push([{text: 'Waiting for the run to begin', dim: true}]);
	lines.push(...below);
	// The frame keeps the height it once had, so that the keys below do not jump.
	const tallest = useRef({rows: 0, screen: ''});
	const screen = `${columns}×${rows}`;
	if (tallest.current.screen !== screen) tallest.current = {rows: 0, screen};
	tallest.current.rows = Math.min(height, Math.max(tallest.current.rows, lines.length));
	while (lines.length < tallest.current.rows) lines.push([]);
	return (
		<Frame
			title={titleOf(progress)}
			position={position}
			keys={keys}
			rows={lines.map((line, index) => <Spans key={index} line={line} columns={columns - 1} />)}
		/>
	);
};

/** A run as it happens, and how it ended. */
export const ProgressScreen = (props: ProgressProps) => (
	<Pages>
		<Run {...props} />
	</Pages>
);

const Run = ({entries, onLeave, stop, retry, suspend, live = true}: ProgressProps) => {
	const progress = useProgress(entries);
	const {columns} = useSize();
	const {symbols} = useTheme();
	const [page, setPage] = useState<PageName>('run');
	const [stopping, setStopping] = useState(false);
	const {ending} = progress;
	const clock = useClock(clockIntervalMs, live && !ending);
	const now = live && !ending ? Math.max(clock, progress.at) : progress.at;
	const good = ending?.outcome === 'done' || ending?.outcome === 'unchanged';

	useEffect(() => {
		setPage('run');
		setStopping(false);
	}, [entries]);
	// There is nothing left to ask once the run has ended.
	useEffect(() => {
		if (ending) setPage(current => (current === 'leave' ? 'run' : current));
	}, [ending]);

	const leave = () => onLeave({how: ending ? 'ended' : 'left', progress});
	const press = ({name, text}: Press) => {
		if (name === 'control' && text === 'z') return suspend?.();
		if (name === 'control' && text === 'c') return ending || stopping || !live ? leave() : setPage('leave');
		if (page !== 'run') {
			if (name === 'escape' || name === 'backspace' || (name === 'text' && text === 'q')) setPage('run');
			return;
		}
		if (name === 'enter') return good ? leave() : undefined;
		if (name !== 'text') return;
		if (text === 's' && stopping && !ending) stop?.();
		else if (text === 'l') setPage('log');
		else if (text === '?') setPage('help');
		else if (text === 't' && good && ending.authority) setPage('trust');
		else if (text === 's' && good) setPage('steps');
		else if (text === 'r' && ending && !good) retry?.();
		else if (text === 'q') ending || !live ? leave() : setPage('leave');
	};

	if (page === 'log') return <LogView log={progress.log} forgotten={progress.forgotten} onPress={press} />;
	if (page === 'help')
		return <Page key="help" title="Help" keys={['Esc back']} lines={helpLines(columns - 1)} onPress={press} />;
	if (page === 'trust' && ending?.authority)
		return (
			<Page
				key="trust"
				title="Trusting the certificates"
				keys={['Esc back']}
				lines={trustLines(ending.authority, columns - 1)}
				onPress={press}
			/>
		);
	if (page === 'leave' && !ending)
		return (
			<LeaveQuestion
				directory={progress.about?.directory ?? 'DIR'}
				canStop={stop !== undefined}
				onChoice={choice => {
					if (choice === 'keep') return leave();
					setPage('run');
					if (choice === 'stop') {
						setStopping(true);
						stop?.();
					}
				}}
			/>
		);
	if (ending && good && page !== 'steps') return <DoneScreen progress={progress} ending={ending} onPress={press} />;
	if (ending && !good)
		return (
			<Page
				key="failure"
				title={failedTitle[ending.outcome as keyof typeof failedTitle]}
				position={`after ${formatSeconds(ending.ms / 1000)}`}
				keys={[...(retry ? ['r retry'] : []), 'l log', 'q quit', '? help']}
				lines={failureLines(progress, ending, {columns: columns - 1, symbols})}
				onPress={press}
			/>
		);
	const elapsed = progress.startedAt === 0 ? '' : formatSeconds((ending?.ms ?? now - progress.startedAt) / 1000);
	return (
		<StepsView
			progress={progress}
			now={now}
			position={[live ? '' : 'replay', positionOf(progress), elapsed].filter(Boolean).join(', ')}
			keys={page === 'steps' ? ['Esc back'] : ['l log', '? help', live ? 'Ctrl-C leave or stop' : 'q leave']}
			stopping={stopping && !ending}
			onPress={press}
		/>
	);
};
