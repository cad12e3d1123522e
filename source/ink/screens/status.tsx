import {useCallback, useEffect, useMemo, useRef, useState} from 'react';
import {driftLines} from '../../model/drift.js';
import type {ServiceState} from '../../model/events.js';
import {formatBytes} from '../../model/format.js';
import {type HomeAction, homeActions} from '../../model/home.js';
import type {ServiceName} from '../../model/releases.js';
import {type AddressStatus, certificateTime, type LiveService, type LiveStatus, uptime} from '../../model/status.js';
import {terms} from '../../model/terms.js';
import {formatMemoryUse, formatPercent} from '../../model/usage.js';
import {bodyRows, Frame, paragraph} from '../components/frame.js';
import {Page, wrapped} from '../components/pages.js';
import {useClock} from '../hooks/use-clock.js';
import type {Press} from '../hooks/use-keys.js';
import {useLatest} from '../hooks/use-latest.js';
import {Pages, usePageKeys} from '../hooks/use-page-keys.js';
import {useSize} from '../hooks/use-size.js';
import {cell, columnsOf, type Line, type Span, Spans, type Symbols} from '../spans.js';
import {type Role, useTheme} from '../theme.js';
import {ServiceLog} from './service-log.js';

export type HomeLeft = {error?: unknown; next?: HomeAction};

export type StatusScreenProps = {
	/** How the installation is doing, from now on; read once. */
	statuses: AsyncIterable<LiveStatus>;
	/** A service's log: its last lines, then each as it is written. */
	logOf(service: ServiceName, signal: AbortSignal): AsyncIterable<string>;
	/** Resolves when the service has been started again. */
	restart(service: ServiceName): Promise<void>;
	/** Puts the program into the background (Ctrl-Z). */
	suspend?(): void;
	/** With what is wanted next, or with the error when the statuses ended with one. */
	onLeave(left: HomeLeft): void;
};

const symbolOf: Record<ServiceState | 'unknown', {symbol: keyof Symbols | '?'; role?: Role}> = {
	healthy: {symbol: 'tick', role: 'good'},
	starting: {symbol: 'active', role: 'warn'},
	created: {symbol: 'waiting', role: 'warn'},
	restarting: {symbol: 'warning', role: 'bad'},
	unhealthy: {symbol: 'cross', role: 'bad'},
	exited: {symbol: 'cross', role: 'bad'},
	missing: {symbol: 'cross', role: 'bad'},
	unknown: {symbol: '?', role: 'warn'},
};

type Seen = {service: LiveService; known: boolean; now: number; symbols: Symbols};

type Column = {
	title: string;
	width: number;
	align?: 'right';
	/** Loses its beginning when it does not fit: what tells apart is at the end. */
	endMatters?: boolean;
	span(seen: Seen): Span;
};

/** In the order they are given room. The image takes what is left, when that is enough to read it. */
const columns: readonly Column[] = [
	{title: 'Service', width: 8, span: ({service}) => ({text: service.service, bold: true})},
	{
		title: 'State',
		width: 12,
		span: ({service, known, symbols}) => {
			const state = known ? service.state : 'unknown';
			const {symbol, role} = symbolOf[state];
			return {text: `${symbol === '?' ? symbol : symbols[symbol]} ${state}`, role};
		},
	},
	{
		title: 'CPU',
		width: 6,
		align: 'right',
		span: ({service: {usage}}) => (usage?.cpuPercent == null ? '' : formatPercent(usage.cpuPercent)),
	},
	{title: 'Memory', width: 20, span: ({service: {usage}}) => (usage ? formatMemoryUse(usage) : '')},
	{
		title: 'Uptime',
		width: 11,
		span: ({service: {startedAt}, known, now}) => (startedAt && known ? uptime(now - Date.parse(startedAt)) : ''),
	},
	{
		title: 'Restarts',
		width: 8,
		align: 'right',
		span: ({service: {restarts}}) => (restarts > 0 ? {text: String(restarts), role: 'warn'} : '0'),
	},
	{title: 'Image', width: 30, endMatters: true, span: ({service: {image}}) => ({text: image ?? '', dim: true})},
];

const pointerWidth = 2;
const gap = '  ';

/** The columns a terminal has room for. */
export const columnsFor = (width: number): readonly Column[] => {
	const kept: Column[] = [];
	let left = width - pointerWidth;
	for (const column of columns) {
		if (column.width > left) break;
		kept.push(column);
		left -= column.width + gap.length;
	}
	const last = kept.at(-1);
	if (last?.title === 'Image') kept[kept.length - 1] = {...last, width: last.width + left + gap.length};
	return kept;
};

const textOf = (span: Span) => (typeof span === 'string' ? span : span.text);

const rowOf = (shown: readonly Column[], spans: readonly Span[], symbols: Symbols): Span[] =>
	shown.flatMap(({width, align, endMatters}, index) => {
		const span = spans[index]!;
		const whole = textOf(span);
		const surplus = columnsOf(whole) - width;
		const kept = endMatters && surplus > 0 ? symbols.ellipsis + whole.slice(surplus + symbols.ellipsis.length) : whole;
		const text = cell(kept, width, symbols.ellipsis, align);
		return [...(index > 0 ? [gap] : []), typeof span === 'string' ? text : {...span, text}];
	});

const labelWidth = 13;

/** A fact behind its name; a long one takes the next rows too. */
const fact = (name: string, text: string, width: number, role?: Role): Line[] =>
	paragraph(text, width - labelWidth).map((line, index) => [
		{text: (index === 0 ? name : '').padEnd(labelWidth), bold: true},
		role ? {text: line, role} : line,
	]);

/** What is said of a certificate: what must be known, and what is good to know where there is room. */
const certificateOf = (
	{certificate, behind}: AddressStatus,
	renewed: boolean,
	now: number,
): {span: Span; more: string} => {
	if (behind) return {span: {text: 'behind your web server', dim: true}, more: ''};
	if (!certificate) return {span: {text: 'no valid certificate', role: 'bad'}, more: ''};
	const time = certificateTime(certificate, now);
	if (time === 'expired') return {span: {text: 'certificate expired', role: 'bad'}, more: ''};
	const text = `certificate ${time}`;
	if (renewed) return {span: {text, dim: true}, more: ', renews by itself'};
	return {span: certificate.daysLeft < 21 ? {text: `${text} left`, role: 'warn'} : {text, dim: true}, more: ''};
};

const widthOf = (line: Line) => line.reduce((sum, span) => sum + columnsOf(textOf(span)), 0);

/** The addresses, one row each where the terminal is wide enough for all of them, else two. */
const addressLines = (
	addresses: readonly AddressStatus[],
	{width, now, renewed, symbols}: {width: number; now: number; renewed: boolean; symbols: Symbols},
): Line[] => {
	const urlWidth = Math.max(0, ...addresses.map(({url}) => columnsOf(url)));
	const parts = addresses.map(address => {
		const {status, problem} = address;
		const works = status !== null && status < 500;
		const answer: Span = {
			text:
				status === null
					? `${symbols.cross} does not answer: ${problem}`
					: `${symbols[works ? 'tick' : 'cross']} answers ${status}`,
			role: works ? 'good' : 'bad',
		};
		const {span, more} = certificateOf(address, renewed, now);
		return {address, short: status === null ? [answer] : [answer, gap, span], more: status === null ? '' : more};
	});
	const isWide = parts.every(({short}) => labelWidth + urlWidth + gap.length + widthOf(short) <= width);
	return parts.flatMap(({address: {name, url}, short, more}): Line[] => {
		const head: Span[] = [{text: name.padEnd(labelWidth), bold: true}];
		const facts = (before: number): Span[] =>
			more && before + widthOf(short) + more.length <= width ? [...short, {text: more, dim: true}] : short;
		return isWide
			? [[...head, url.padEnd(urlWidth), gap, ...facts(labelWidth + urlWidth + gap.length)]]
			: [
					[...head, url],
					[' '.repeat(labelWidth), ...facts(labelWidth)],
				];
	});
};

const timeOf = (at: string) => `${at.slice(0, 16).replace('T', ' ')} UTC`;

const toldMs = 8000;

/** What cannot be used while a service restarts. */
const interrupted: Record<ServiceName, string> = {
	proxy: 'Nobody reaches Specify for a few seconds.',
	db: 'Specify cannot be used until the database is ready again; what people have not saved may be lost.',
	redis: 'Tasks in the background, such as WorkBench uploads, may have to be begun again.',
	media: 'Attachments cannot be seen or uploaded for a few seconds.',
	report: 'Reports and labels cannot be made for a few seconds.',
	specify7: 'Specify 7 cannot be used for about a minute. What people have not saved may be lost.',
	worker: 'A WorkBench upload or backup that runs now is interrupted.',
};

/** A restart as it is told: asked about, under way, over. */
type Restart =
	| {service: ServiceName; at: number; state: 'asked' | 'stopping' | 'started'}
	| {state: 'healthy'; service: ServiceName; seconds: number}
	| {state: 'failed'; problem: string};

const help = (width: number): Line[] => {
	const table = (rows: readonly (readonly [string, string])[]): Line[] =>
		rows.flatMap(([term, text]): Line[] =>
			paragraph(text, width - labelWidth).map((line, index) => [
				{text: (index === 0 ? term : '').padEnd(labelWidth), bold: true},
				line,
			]),
		);
	const head = (text: string): Line[] => [[], [{text, bold: true, role: 'accent'}]];
	return [
		...wrapped(
			'This is how your installation is doing at this moment. Looking at it changes nothing, and leaving it stops nothing.',
			width,
		),
		...head('Keys'),
		...table([
			['Up/Down', 'choose a service; below the last one, the rest of a screen that does not fit'],
			['Enter', 'what the chosen service writes: its log'],
			['r', 'restart the chosen service, after asking'],
			['m', 'everything else that can be done: change the settings, look for what is wrong, certificates'],
			['d', 'what differs from your answers, and what a reconfigure would do about it'],
			['w', 'watch the run under way, or the last one'],
			['q, Esc', 'leave; so does Ctrl-C'],
		]),
		...head('Services'),
		...table([
			['proxy', 'the web server: takes every request and looks after the certificates'],
			['db', 'the database with your collections'],
			['redis', 'a memory of tasks that Specify 7 and its worker share'],
			['media', 'the asset server: keeps attachments such as photographs'],
			['report', 'makes reports and labels'],
			['specify7', 'Specify 7 itself'],
			['worker', 'does for Specify 7 what takes long: WorkBench uploads, backups'],
		]),
		...head('Columns'),
		...table([
			['State', 'whether the service does its work; see below'],
			['CPU', 'its share of one processor during the last second; 200% is two processors'],
			['Memory', 'what it uses, of what it may use. At its limit it is stopped and started again.'],
			['Uptime', 'how long it has run since it was last started'],
			['Restarts', 'how often it ended by itself and Docker started it again. It should be 0.'],
			['Image', 'the packed program it runs, with its version'],
		]),
		...head('States'),
		...table([
			['healthy', 'it answers as it should'],
			['starting', 'it runs, but has not answered its first check yet'],
			['unhealthy', 'it runs, but does not answer; its log tells more'],
			['restarting', 'it ends again and again, and Docker tries again; its log tells why'],
			['exited', 'it has ended and is not started again'],
			['created', 'it was made, but not started'],
			['missing', 'it has no container: "specify-setup reconfigure" makes it'],
			['unknown', 'Docker does not answer, so nobody can tell'],
		]),
		...head('Below'),
		...table([
			['Addresses', 'what people type into their browser; asked every 45 seconds, on this machine'],
			['Answers', '200 is good; 500 and more is a fault; "does not answer": nothing is reached'],
			['Certificate', 'how long it is valid. Those that renew by themselves need nothing from you.'],
			['Disk', 'free space where Docker keeps images and data. A full disk stops the database.'],
			['Last run', 'when specify-setup last changed something here, and how it ended'],
			['Differences', 'how many things are not as your answers, the files or the last run left them; d shows them'],
		]),
		...head('Words'),
		...[terms.image, terms.container, terms.authority, terms.certificate].flatMap(([term, text]): Line[] => [
			[{text: term, bold: true}],
			...wrapped(text, width, 2),
		]),
	];
};

/** What differs and what to do about it, as lines that fit. */
const differences = (status: LiveStatus | null, width: number): Line[] => {
	if (!status || status.drift.length === 0)
		return wrapped('Answers, files and services agree: nothing differs.', width);
	return driftLines(status).flatMap(line => {
		const indent = line.length - line.trimStart().length;
		return wrapped(line.trimStart(), width, indent);
	});
};

/** What can be done besides looking: chosen with the arrows or by its letter. */
const Menu = ({
	onChoose,
	onPress,
}: {
	onChoose(action: HomeAction | 'differences'): void;
	onPress(press: Press): void;
}) => {
	const {columns} = useSize();
	const {symbols} = useTheme();
	const [at, setAt] = useState(0);
	const latest = useRef(at);
	const move = (to: number) => {
		latest.current = Math.max(0, Math.min(to, homeActions.length - 1));
		setAt(latest.current);
	};
	const press = (given: Press) => {
		const {name, text} = given;
		const lettered = homeActions.find(({key}) => name === 'text' && key === text.toLowerCase());
		if (lettered) return onChoose(lettered.action);
		if (name === 'enter') return onChoose(homeActions[latest.current]!.action);
		const moves: Record<string, number> = {
			up: latest.current - 1,
			down: latest.current + 1,
			home: 0,
			end: homeActions.length - 1,
		};
		if (moves[name] !== undefined) return move(moves[name]);
		onPress(given);
	};
	const titleWidth = Math.max(...homeActions.map(({title}) => title.length));
	return (
		<>
			<Keys onPress={press} />
			<Frame
				title="What can be done"
				keys={['Enter choose', 'Esc back', 'Up/Down']}
				focus={at}
				rows={homeActions.map(({action, key, title, detail}, index) => (
					<Spans
						key={action}
						columns={columns - 1}
						line={[
							index === at ? {text: `${symbols.pointer} `, role: 'accent'} : '  ',
							{text: `${key}  `, dim: true},
							{text: title.padEnd(titleWidth), bold: true},
							{text: `  ${detail}`, dim: true},
						]}
					/>
				))}
			/>
		</>
	);
};

/** Reads the keys while it is drawn. */
const Keys = ({onPress}: {onPress(press: Press): void}) => {
	usePageKeys(onPress);
	return null;
};

/** The home of an installation: its services and addresses as they change, a log, a restart. */
export const StatusScreen = (props: StatusScreenProps) => (
	<Pages>
		<StatusPages {...props} />
	</Pages>
);

const StatusPages = ({statuses, logOf, restart: restartService, suspend, onLeave}: StatusScreenProps) => {
	const {columns: terminalColumns, rows: terminalRows} = useSize();
	const {symbols} = useTheme();
	const width = terminalColumns - 1;
	const status = useLatest(statuses, error => onLeave({error}));
	const [page, setPage] = useState<'home' | 'log' | 'help' | 'differences' | 'menu'>('home');
	const [cursor, setCursor] = useState(0);
	const [restart, setRestart] = useState<Restart | null>(null);
	const services = status?.services ?? [];
	const known = status?.engine.connected ?? false;
	const isYoung = services.some(({startedAt}) => startedAt && Date.now() - Date.parse(startedAt) < 60_000);
	const now = useClock(isYoung ? 1000 : 15_000, page === 'home');

	const body = useMemo(
		() => (status ? bodyOf(status, {width, now: Math.max(now, Date.now()), cursor, restart, symbols}) : null),
		[status, width, now, cursor, restart, symbols],
	);
	const fits = body === null || body.lines.length <= bodyRows(terminalRows);
	const last = services.length - (fits ? 1 : 0);
	const at = Math.max(0, Math.min(cursor, last));
	const chosen = services[at];
	const asked = restart?.state === 'asked' ? restart : null;

	const begin = async (service: ServiceName) => {
		setRestart({service, at: Date.now(), state: 'stopping'});
		try {
			await restartService(service);
			setRestart(current =>
				current?.state === 'stopping' && current.service === service ? {...current, state: 'started'} : current,
			);
		} catch (error) {
			setRestart({
				state: 'failed',
				problem: `${service} could not be restarted: ${error instanceof Error ? error.message : String(error)}`,
			});
		}
	};

	// Keys that come together must not act on what was drawn before.
	const latest = useRef({at, last, chosen, asked});
	latest.current = {at, last, chosen, asked};

	const back = useCallback(
		(press: Press) => {
			if (press.name === 'control' && press.text === 'c') return onLeave({});
			if (press.name === 'control' && press.text === 'z') return suspend?.();
			if (press.name === 'escape' || (press.name === 'text' && /^[qQ?]$/.test(press.text))) setPage('home');
		},
		[onLeave, suspend],
	);

	const act = (press: Press) => {
		const {name, text} = press;
		const current = {...latest.current};
		if (name === 'control' && text === 'c') return onLeave({});
		if (name === 'control' && text === 'z') return suspend?.();
		if (current.asked) {
			latest.current.asked = null;
			if (name === 'text' && /^[yY]$/.test(text)) return void begin(current.asked.service);
			return setRestart(null);
		}
		const key = name === 'text' ? text.toLowerCase() : name;
		if (key === 'q' || key === 'escape') return onLeave({});
		if (key === '?') return setPage('help');
		if (key === 'd') return setPage('differences');
		if (key === 'm') return setPage('menu');
		if (key === 'w') return onLeave({next: 'watch'});
		const moves: Record<string, number> = {
			up: current.at - 1,
			down: current.at + 1,
			home: 0,
			end: current.last,
			'page-up': 0,
			'page-down': current.last,
		};
		const to = moves[key];
		if (to !== undefined) {
			latest.current.at = Math.max(0, Math.min(to, current.last));
			return setCursor(latest.current.at);
		}
		if (!current.chosen) return;
		if (key === 'enter') return setPage('log');
		if (key === 'r') setRestart({service: current.chosen.service, at: Date.now(), state: 'asked'});
	};

	const service = chosen?.service;
	const openLog = useCallback(
		(signal: AbortSignal) => (service ? logOf(service, signal) : (async function* () {})()),
		[service, logOf],
	);
	const helpText = useMemo(() => help(width), [width]);

	// A restart that was seen through is told with the time it took, and needs no word any more after a while.
	const isOver = restart?.state === 'started' && isBack(status, restart);
	useEffect(() => {
		if (restart?.state === 'started' && isOver)
			setRestart({
				state: 'healthy',
				service: restart.service,
				seconds: Math.max(1, Math.round((Date.now() - restart.at) / 1000)),
			});
		if (restart?.state !== 'healthy') return;
		const timer = setTimeout(() => setRestart(current => (current === restart ? null : current)), toldMs);
		return () => clearTimeout(timer);
	}, [isOver, restart]);

	if (page === 'help') return <Page title="What this shows" keys={['Esc back']} lines={helpText} onPress={back} />;
	if (page === 'differences')
		return <Page title="What differs" keys={['Esc back']} lines={differences(status, width)} onPress={back} />;
	if (page === 'menu')
		return <Menu onChoose={next => (next === 'differences' ? setPage(next) : onLeave({next}))} onPress={back} />;
	if (page === 'log' && service) return <ServiceLog service={service} open={openLog} onPress={back} />;

	const titles = status
		? [`Specify 7 ${status.specify7} in ${status.directory}`, `Specify 7 ${status.specify7}`, 'Specify 7']
		: ['Specify 7'];
	const health =
		status === null
			? ''
			: !known
				? '? unknown'
				: status.healthy
					? `${symbols.tick} healthy`
					: `${symbols.cross} not healthy`;
	const title = titles.find(text => columnsOf(text) + columnsOf(health) + 1 <= width) ?? 'Specify 7';
	const lines: readonly Line[] = body?.lines ?? [
		[],
		[{text: `Looking at the installation${symbols.ellipsis}`, dim: true}],
	];
	return (
		<>
			<Keys onPress={act} />
			<Frame
				title={title}
				position={health}
				keys={
					asked
						? ['y restart it', 'n leave it running']
						: chosen
							? ['Enter log', 'r restart', 'm more', '? help', 'q leave', 'Up/Down choose']
							: ['m more', '? help', 'q leave', 'Up/Down choose']
				}
				rows={lines.map((line, index) => <Spans key={index} line={line} columns={width} />)}
				focus={asked ? body?.notice : chosen ? (body?.places[at] ?? 0) : lines.length - 1}
			/>
		</>
	);
};

/** Whether a service that was restarted is healthy again. */
const isBack = (status: LiveStatus | null, {service, at}: {service: ServiceName; at: number}) => {
	const seen = status?.services.find(candidate => candidate.service === service);
	return seen?.state === 'healthy' && seen.startedAt !== null && Date.parse(seen.startedAt) >= at;
};

const noticeOf = (restart: Restart | null, {width, symbols}: {width: number; symbols: Symbols}): Line[] => {
	if (!restart) return [];
	if (restart.state === 'failed') return [[], ...fact('Restart', `${symbols.cross} ${restart.problem}`, width, 'bad')];
	const {service, state} = restart;
	if (state === 'asked')
		return [
			[],
			[
				{text: `Restart ${service}? `, bold: true, role: 'warn'},
				{text: 'y', bold: true},
				' yes   ',
				{text: 'n', bold: true},
				' no',
			],
			...wrapped(interrupted[service], width, 2),
		];
	if (state === 'healthy')
		return [
			[],
			...fact('Restart', `${symbols.tick} ${service} is healthy again after ${restart.seconds} s.`, width, 'good'),
		];
	return [
		[],
		...fact(
			'Restart',
			state === 'stopping'
				? `${service} is being stopped and started again${symbols.ellipsis}`
				: `${service} was started again; it is ready when it is healthy.`,
			width,
		),
	];
};

/** The rows of the home screen, and where things are among them. */
const bodyOf = (
	status: LiveStatus,
	{
		width,
		now,
		cursor,
		restart,
		symbols,
	}: {width: number; now: number; cursor: number; restart: Restart | null; symbols: Symbols},
): {lines: Line[]; places: number[]; notice: number} => {
	const known = status.engine.connected;
	const shown = columnsFor(width);
	const lines: Line[] = [];
	const warn = (text: string) => {
		for (const [index, row] of paragraph(text, width - 2).entries())
			lines.push([{text: `${index === 0 ? symbols.warning : ' '} ${row}`, role: 'warn'}]);
	};
	if (!status.engine.connected)
		warn(
			`No word from Docker since ${status.engine.since.slice(11, 19)} UTC. ${status.engine.problem} It is tried again; below is what was known before.`,
		);
	if (status.problem) warn(`The installation could not be looked at again: ${status.problem}`);
	if (status.underWay) {
		const {at, work} = status.underWay;
		const since = at ? ` since ${timeOf(at)}` : '';
		warn(
			work === undefined
				? `A run is changing this installation${since}: press w to watch it.`
				: `"specify-setup ${work}" is at work${since}.`,
		);
	}
	if (lines.length > 0) lines.push([]);

	lines.push([
		' '.repeat(pointerWidth),
		...rowOf(
			shown,
			shown.map(({title}): Span => ({text: title, dim: true})),
			symbols,
		),
	]);
	const places: number[] = [];
	status.services.forEach((service, index) => {
		places.push(lines.length);
		const pointed = index === cursor;
		lines.push([
			pointed ? {text: `${symbols.pointer} `, role: 'accent'} : ' '.repeat(pointerWidth),
			...rowOf(
				shown,
				shown.map(column => column.span({service, known, now, symbols})),
				symbols,
			),
		]);
		const [reason] = service.problem.split('\n');
		if (known && reason) lines.push([' '.repeat(pointerWidth + 8 + gap.length), {text: reason, role: 'bad'}]);
	});
	const notice = lines.length + 1;
	lines.push(...noticeOf(restart, {width, symbols}), []);
	lines.push(...addressLines(status.addresses, {width, now, renewed: status.renewed, symbols}));
	lines.push(...fact('Disk', `${formatBytes(status.disk.freeBytes)} free at ${status.disk.folder}`, width));
	if (status.lastRun && !status.underWay) {
		const {at, outcome, message} = status.lastRun;
		lines.push(
			...fact(
				'Last run',
				`${timeOf(at)}, ${outcome}${message ? `: ${message}` : ''}`,
				width,
				outcome === 'failed' ? 'bad' : undefined,
			),
		);
	}
	if (status.gate === 'closed')
		lines.push(
			...fact(
				'Gate',
				`${symbols.warning} closed: Specify 7 waits for its guided set-up. Until it has its first user it wants the user setup and SETUP_PASSWORD in .env.`,
				width,
				'warn',
			),
		);
	const {length} = status.drift;
	if (length > 0 && !status.underWay)
		lines.push(
			...fact(
				'Differences',
				`${symbols.warning} ${length === 1 ? 'one thing differs' : `${length} things differ`} from your answers: d shows ${length === 1 ? 'it' : 'them'}.`,
				width,
				'warn',
			),
		);
	return {lines, places, notice};
};
