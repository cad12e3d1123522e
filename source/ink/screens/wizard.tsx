import {Text} from 'ink';
import {useEffect, useRef, useState} from 'react';
import stringWidth from 'string-width';
import type {Answers} from '../../model/answers.js';
import type {Consequence} from '../../model/consequences.js';
import type {FileDifference} from '../../model/differences.js';
import type {PlannedStep} from '../../model/events.js';
import type {PreflightCheck} from '../../model/preflight.js';
import {type Secrets, secretRule} from '../../model/secrets.js';
import {terms} from '../../model/terms.js';
import {
	answersOf,
	changeOf,
	currentValue,
	type Draft,
	type Effect,
	type Facts,
	type Field,
	fieldAt,
	labelOf,
	machineAdvice,
	obstacleOf,
	type Press,
	positionOf,
	pressFiles,
	pressWizard,
	problemOf,
	readable,
	reviewKeys,
	reviewRows,
	screenOf,
	screens,
	secretsOf,
	shownScreens,
	startWizard,
	strengthOf,
	titleOf,
	type WizardState,
	withCompletion,
	withFinding,
} from '../../model/wizard.js';
import {Differences} from '../components/differences.js';
import {bodyRows, Frame, paragraph, type RowContent, windowOf} from '../components/frame.js';
import {TextValue} from '../components/text-value.js';
import {useKeys} from '../hooks/use-keys.js';
import {useSize} from '../hooks/use-size.js';
import {type Line, Spans} from '../spans.js';
import {useTheme} from '../theme.js';

/** What was found out about a value: lines for people, and whether it is as it should be. */
export type Found = {ok: boolean; reason: string; lines: string[]};

export type FilePreview = {path: string; text: string; state: string};

/** What the wizard needs done for it; everything that touches the world. */
export type WizardServices = {
	/** Keeps the draft, without secrets. */
	save(draft: Draft, screen: string): void;
	lookUpNames(draft: Draft, signal: AbortSignal): Promise<Found>;
	readDump(path: string, signal: AbortSignal, onProgress: (line: string) => void): Promise<Found>;
	readAttachments(path: string, signal: AbortSignal): Promise<Found>;
	completePath(text: string): Promise<{completion: string; candidates: string[]}>;
	plan(wanted: Wanted, signal: AbortSignal): Promise<Plan>;
	/** Every file, where nothing is installed yet. */
	files(answers: Answers): Promise<FilePreview[]>;
	/** What becomes of the files of an installation that is changed. */
	differences(wanted: Wanted): Promise<FileDifference[]>;
	suspend(): void;
};

/** Answers, secrets that a person gave, and files edited by hand that are to stay and to give way, by path. */
export type Wanted = {
	answers: Answers;
	secrets: Partial<Secrets>;
	keep: readonly string[];
	take: readonly string[];
};

/** What would be done. */
export type Plan = {
	steps: PlannedStep[];
	checks: PreflightCheck[];
	/** What follows from each change of an installation. */
	consequences: Consequence[];
	/** Files edited by hand that would be replaced, by path. */
	edited: string[];
	/** Nothing is left to do. */
	done: boolean;
};

export type WizardResult = {kind: 'left'} | {kind: 'unchanged'} | ({kind: 'begin'} & Wanted);

const settleMs = 500;
const lookAgainMs = 10_000;

/** Looks a value up once it has settled, and again while it is not as it should be; the last answer's lines are returned. */
const useFinding = (
	key: string,
	state: WizardState,
	facts: Facts,
	update: (change: (state: WizardState) => WizardState) => void,
	look: ((signal: AbortSignal, tell: (line: string) => void) => Promise<Found>) | null,
	{soft, busy, again}: {soft: boolean; busy: string; again: number},
): string[] => {
	const [lines, setLines] = useState<string[]>([]);
	const [round, setRound] = useState(0);
	const value = currentValue(state.draft, facts, key);
	const field = screens.flatMap(({fields}) => fields).find(other => other.key === key)!;
	const active = look !== null && value !== '' && problemOf(state.draft, facts, field) === null;
	useEffect(() => {
		if (!active) return;
		const controller = new AbortController();
		let later: NodeJS.Timeout | undefined;
		const find = async () => {
			const tell = (line: string) => {
				if (!controller.signal.aborted) setLines([line]);
			};
			try {
				const found = await look(controller.signal, tell);
				if (controller.signal.aborted) return;
				setLines(found.lines);
				update(current =>
					withFinding(current, key, {value, soft, state: found.ok ? 'good' : 'bad', reason: found.reason}),
				);
				if (!found.ok && soft) later = setTimeout(() => setRound(count => count + 1), lookAgainMs);
			} catch (error) {
				if (controller.signal.aborted) return;
				const reason = error instanceof Error ? error.message : String(error);
				setLines([]);
				update(current => withFinding(current, key, {value, soft, state: 'bad', reason}));
			}
		};
		if (round === 0) {
			setLines([]);
			update(current => withFinding(current, key, {value, soft, state: 'busy', reason: busy}));
		}
		const timer = setTimeout(() => void find(), round === 0 ? settleMs : 0);
		return () => {
			controller.abort();
			clearTimeout(timer);
			clearTimeout(later);
		};
	}, [active, value, round, again]);
	// A new value begins a new count of rounds.
	useEffect(() => setRound(0), [value]);
	return lines;
};

/** What would be done for the answers as they are, or why that cannot be told; null while that is being looked at. */
const usePlan = (
	active: boolean,
	state: WizardState,
	facts: Facts,
	services: WizardServices,
	round: number,
): Plan | string | null => {
	const [seen, setSeen] = useState<{key: string; plan: Plan | string} | null>(null);
	const key = `${round} ${JSON.stringify([state.draft, state.keep, state.take])}`;
	useEffect(() => {
		if (!active) return;
		const {answers, problems} = answersOf(state.draft, facts);
		if (!answers) return setSeen({key, plan: problems.map(({key: at, reason}) => `${at} ${reason}.`).join(' ')});
		const controller = new AbortController();
		const see = (plan: Plan | string) => {
			if (!controller.signal.aborted) setSeen({key, plan});
		};
		const {keep, take} = state;
		const wanted = {answers, secrets: secretsOf(state.draft, facts), keep, take};
		services.plan(wanted, controller.signal).then(see, (error: unknown) => see(messageOf(error)));
		return () => controller.abort();
	}, [active, key]);
	return seen?.key === key ? seen.plan : null;
};

/** What happened and, where it is known, what to do. */
const messageOf = (error: unknown) => {
	if (!(error instanceof Error)) return String(error);
	return 'hint' in error ? `${error.message} ${error.hint}` : error.message;
};

const refusedBy = (plan: Plan | string | null) =>
	plan === null || typeof plan === 'string' ? [] : plan.checks.filter(({result}) => result === 'refused');

/** Files are made of answers that are right. */
const notYet = 'First put right what the review marks.';

const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

/** The guided installation: one question or small form a screen, answers kept as they are given. */
export const WizardScreen = ({
	facts,
	initial,
	services,
	onLeave,
}: {
	facts: Facts;
	initial: {draft: Draft; screen?: string};
	services: WizardServices;
	onLeave(result: WizardResult): void;
}) => {
	const {columns, rows: terminalRows} = useSize();
	const height = bodyRows(terminalRows);
	const {symbols, color} = useTheme();
	const [state, setState] = useState(() => startWizard(initial.draft, facts, initial.screen));
	const latest = useRef(state);
	const [candidates, setCandidates] = useState<string[]>([]);
	const [again, setAgain] = useState(0);
	const [files, setFiles] = useState<FilePreview[] | string>([]);
	const [differences, setDifferences] = useState<FileDifference[] | string | null>(null);
	/** How often the machine was to be looked at again. */
	const [looks, setLooks] = useState(0);
	/** The installation begins as soon as the machine was looked at and is ready. */
	const [beginning, setBeginning] = useState(false);
	/** It did not begin, because there is something to read first. */
	const [held, setHeld] = useState(false);
	/** The farthest the body can be scrolled, as it was drawn last. */
	const mostScroll = useRef(0);
	const update = (change: (current: WizardState) => WizardState) => {
		latest.current = change(latest.current);
		setState(latest.current);
	};

	const asksForDump = shownScreens(state.draft, facts).some(({id}) => id === 'dump');
	const names = useFinding(
		'domain',
		state,
		facts,
		update,
		state.screen === 'domain' ? signal => services.lookUpNames(latest.current.draft, signal) : null,
		{soft: true, busy: 'is being looked up', again},
	);
	const dump = useFinding(
		'database.dump',
		state,
		facts,
		update,
		asksForDump && (state.screen === 'dump' || state.screen === 'review')
			? (signal, tell) => services.readDump(currentValue(latest.current.draft, facts, 'database.dump'), signal, tell)
			: null,
		{soft: false, busy: 'is being read; one moment', again},
	);
	const attachments = useFinding(
		'database.attachments',
		state,
		facts,
		update,
		asksForDump && (state.screen === 'dump' || state.screen === 'review')
			? signal => services.readAttachments(currentValue(latest.current.draft, facts, 'database.attachments'), signal)
			: null,
		{soft: false, busy: 'is being counted; one moment', again},
	);
	const plan = usePlan(state.screen === 'review', state, facts, services, looks);
	const refused = refusedBy(plan);
	/** What the person has been told: what follows, and which files edited by hand are replaced. */
	const told = useRef(facts.existing ? '' : JSON.stringify([[], []]));
	useEffect(() => {
		if (plan === null) return setHeld(false);
		// Behind an overlay nobody has read it.
		if (state.overlay !== 'none') return;
		if (beginning) setBeginning(false);
		if (typeof plan === 'string') return;
		const isNothing = facts.existing !== undefined && plan.done;
		const tells = isNothing ? '' : JSON.stringify([plan.consequences, plan.edited]);
		const isNews = !isNothing && tells !== told.current;
		told.current = tells;
		if (!beginning) return;
		// Nothing is changed or replaced that nobody was told of.
		if (isNews) return setHeld(true);
		const {draft, keep, take} = latest.current;
		const {answers} = answersOf(draft, facts);
		if (!answers) return;
		if (isNothing) onLeave({kind: 'unchanged'});
		else if (refused.length === 0) onLeave({kind: 'begin', answers, secrets: secretsOf(draft, facts), keep, take});
	}, [beginning, plan, state.overlay]);

	const perform = (effect: Effect) => {
		const {current} = latest;
		if (effect === 'save') services.save(current.draft, current.screen);
		else if (effect === 'leave') onLeave({kind: 'left'});
		else if (effect === 'suspend') services.suspend();
		else if (effect === 'look-again') setAgain(count => count + 1);
		else if (effect === 'complete') {
			const field = fieldAt(current)!;
			const typed = current.draft[field.key] ?? '';
			void services.completePath(typed).then(found => {
				setCandidates(found.candidates.length > 1 ? found.candidates : []);
				if ((latest.current.draft[field.key] ?? '') === typed)
					update(now => withCompletion(now, field.key, found.completion));
			});
		} else {
			setBeginning(true);
			// What was seen may be old: the person may have mended what was refused.
			if (plan !== null) setLooks(count => count + 1);
		}
	};
	useKeys((press: Press) => {
		if (press.name !== 'tab') setCandidates([]);
		if (press.name !== 'enter') setBeginning(false);
		const isFile = facts.existing && latest.current.overlay === 'files' && press.name !== 'control';
		const [pressed, ...effects] = isFile
			? [pressFiles(latest.current, press, Array.isArray(differences) ? differences : [])]
			: pressWizard(latest.current, press, facts);
		const next = {...pressed, scroll: Math.min(pressed.scroll, mostScroll.current)};
		if (next.overlay === 'files' && latest.current.overlay !== 'files') {
			const {answers} = answersOf(next.draft, facts);
			setDifferences(answers ? null : notYet);
			setFiles(answers ? [] : notYet);
			if (answers && facts.existing) {
				const {keep, take} = next;
				const wanted = {answers, secrets: secretsOf(next.draft, facts), keep, take};
				void services.differences(wanted).then(setDifferences, (error: unknown) => setDifferences(messageOf(error)));
			} else if (answers) void services.files(answers).then(setFiles, (error: unknown) => setFiles(messageOf(error)));
		}
		update(() => next);
		for (const effect of effects) perform(effect);
	});

	const screen = screenOf(state);
	const width = columns - 1;
	const {number, count} = positionOf(state, facts);
	const marked = facts.existing ? reviewRows(state.draft, facts).filter(({was}) => was !== null).length : 0;
	// An answer that is not asked may have changed too.
	const changes = plan === null || typeof plan === 'string' ? marked : plan.consequences.length;
	const position = facts.existing
		? changes === 0
			? 'nothing changed'
			: `${changes} changed`
		: `${number} of ${count}`;
	const dim = (text: string, indent = 0) =>
		paragraph(text, width - indent).map(line => (
			<Spans key={line} line={[{text: `${' '.repeat(indent)}${line}`, dim: true}]} columns={columns} />
		));

	/** The row around which the frame's window lies, when the body is scrolled on from where the focus puts it. */
	const scrolled = (count: number, focus: number) => {
		const {from} = windowOf(count, height, focus);
		mostScroll.current = Math.max(0, count - height - from);
		return from + Math.min(state.scroll, mostScroll.current) + Math.floor(height / 2);
	};

	if (state.overlay === 'leave')
		return (
			<Frame
				title="Leave?"
				position={position}
				keys={['Enter leave', 'Esc go on', 'Ctrl-C leave']}
				rows={paragraph(
					facts.existing
						? 'Nothing has been changed. What you changed here is forgotten.'
						: 'Nothing has been installed. Your answers are kept, passwords apart; the next start continues here.',
					width,
				)}
			/>
		);
	if (state.overlay === 'help') {
		const rows: RowContent[] = [];
		const explain = ([name, meaning]: readonly [name: string, meaning: string]) =>
			rows.push(
				<Text bold key={name}>
					{name}
				</Text>,
				...dim(meaning, 2),
			);
		if (state.screen === 'review') for (const key of reviewKeys(facts)) explain(key);
		for (const field of screen.fields) rows.push(...paragraph(`${field.label}: ${field.why}`, width), '');
		for (const term of screen.terms) explain(terms[term]);
		return (
			<Frame
				title={`Help: ${titleOf(screen, facts)}`}
				position={position}
				keys={['any key back', `${symbols.upDown} scroll`]}
				rows={rows}
				focus={scrolled(rows.length, 0)}
			/>
		);
	}
	if (state.overlay === 'files') {
		const failed = facts.existing ? differences : files;
		if (typeof failed === 'string')
			return (
				<Frame
					title="The files cannot be shown"
					position={position}
					keys={['Esc back']}
					rows={paragraph(failed, width)}
				/>
			);
		if (facts.existing)
			return (
				<Differences
					files={differences === null || typeof differences === 'string' ? null : differences}
					state={state}
					focus={count => scrolled(count, 0)}
				/>
			);
		const rows = (typeof files === 'string' ? [] : files).flatMap(({path, text, state: how}) => [
			<Text bold key={path}>{`${path} (${how})`}</Text>,
			...text
				.split('\n')
				.map((line, index) => <Text key={`${path} ${index}`}>{`  ${line.replaceAll('\t', '  ')}`}</Text>),
		]);
		return (
			<Frame
				title="The files that will be written"
				position={`${files.length} files`}
				keys={[`${symbols.upDown} PgUp PgDn scroll`, 'Esc back']}
				rows={rows.length > 0 ? rows : [`One moment${symbols.ellipsis}`]}
				focus={scrolled(rows.length, 0)}
			/>
		);
	}

	const rows: RowContent[] = [...dim(screen.intro), ''];
	const keys = ['Enter next', (number > 1 && !facts.existing) || state.fromReview ? 'Esc back' : 'Esc leave', '? help'];
	const mark = (was: string): Line => [{text: ` * changed, was ${was || 'none'}`, role: 'warn'}];
	let focus = 0;

	if (state.screen === 'review') {
		const changing = facts.existing !== undefined;
		const reviewed = reviewRows(state.draft, facts);
		const labelWidth = Math.max(...reviewed.map(({label}) => stringWidth(label))) + 2;
		const pointer = (index: number) => (state.field === index ? `${symbols.pointer} ` : '  ');
		const seen = plan === null || typeof plan === 'string' ? null : plan;
		const begin = !changing ? 'Install now' : seen?.done ? 'Leave everything as it is' : 'Change it now';
		focus = rows.length;
		rows.push(
			<Text key="begin" bold={state.field === 0} color={state.field === 0 ? color('accent') : undefined}>
				{`${pointer(0)}${begin}`}
			</Text>,
		);
		// What keeps it from beginning stands where it begins.
		const obstacles =
			typeof plan === 'string'
				? [`${symbols.cross} ${plan}`]
				: refused.map(({name, detail, hint}) => `${symbols.cross} ${name}: ${detail}. ${hint}`);
		rows.push(
			...obstacles
				.flatMap(text => paragraph(text, width - 2))
				.map(line => <Text key={line} color={color('bad')}>{`  ${line}`}</Text>),
		);
		if (plan === null) rows.push(<Text dimColor key="looking">{`  Looking at this machine${symbols.ellipsis}`}</Text>);
		else if (held) rows.push(<Text color={color('warn')}>{'  Read what follows, then press Enter again.'}</Text>);
		else if (changing && seen?.done) rows.push(...dim('Everything is as the answers say.', 2));
		for (const path of seen?.edited ?? [])
			rows.push(
				...paragraph(
					`${symbols.warning} ${path} was edited by hand: d shows it, and keeps it if you like. Else yours is saved and it is written anew.`,
					width - 2,
				).map(line => <Text key={line} color={color('warn')}>{`  ${line}`}</Text>),
			);
		for (const [index, {label, value, secret, was, fixed}] of reviewed.entries()) {
			const active = state.field === index + 1;
			if (active) focus = rows.length;
			const shown = secret ? `${symbols.bullet.repeat(8)} (${strengthOf(value)})` : value || 'none';
			const look: {bold?: boolean; role?: 'accent'} = active ? {bold: true, role: 'accent'} : {};
			rows.push(
				<Spans
					key={`${label}${index}`}
					line={[
						{text: `${pointer(index + 1)}${pad(label, labelWidth)}${shown}`, ...look},
						...(was === null ? [] : mark(was)),
						...(fixed === null ? [] : [{text: '  fixed', dim: true}]),
					]}
					columns={width}
				/>,
			);
			if (active && fixed !== null) rows.push(...dim(fixed, 4));
		}
		if (seen && seen.consequences.length > 0) {
			rows.push('', <Text bold>What follows</Text>);
			for (const {key, before, after, meaning} of seen.consequences)
				rows.push(
					...paragraph(`${labelOf(key)}: ${after} (was ${before})`, width - 4).map(
						(line, index) => `  ${index === 0 ? symbols.bullet : ' '} ${line}`,
					),
					...meaning.flatMap(sentence => dim(sentence, 6)),
				);
		}
		const steps = changing ? (seen?.steps ?? []).filter(({done}) => !done) : (seen?.steps ?? []);
		if (seen && (!changing || steps.length > 0)) {
			rows.push('');
			for (const check of seen.checks.filter(({result}) => result === 'advice'))
				rows.push(...paragraph(`${symbols.warning} ${check.name}: ${check.detail}. ${check.hint}`, width));
			rows.push(<Text bold>What will be done</Text>);
			for (const {title, changes} of steps)
				rows.push(`  ${symbols.bullet} ${title}`, ...changes.flatMap(change => dim(change, 6)));
		}
		const row = reviewed[state.field - 1];
		const enter =
			obstacles.length > 0
				? 'Enter look again'
				: seen?.done
					? 'Enter leave'
					: changing
						? 'Enter do it'
						: 'Enter install';
		if (row?.fixed) keys.splice(0, 1);
		else keys.splice(0, 1, row ? 'Enter change' : enter);
		keys.push('d files');
		if (row && row.was !== null) keys.push('u undo');
		if (marked > 0 || changes > 0) keys.push('r undo all');
		keys.push(`${symbols.upDown} choose`);
		if (rows.length > height) keys.splice(1, 0, 'PgDn more');
		return (
			<Frame
				title={titleOf(screen, facts)}
				position={position}
				keys={keys}
				rows={rows}
				focus={scrolled(rows.length, focus)}
			/>
		);
	}

	const alone = screen.fields.length === 1;
	const labelWidth = Math.max(...screen.fields.map(({label}) => stringWidth(label))) + 2;
	const below = (field: Field, index: number) => {
		if (index !== state.field) return;
		const obstacle = obstacleOf(state, facts, field);
		const typed = (state.draft[field.key] ?? '') !== '';
		const busy = state.findings[field.key]?.state === 'busy';
		if (obstacle && !obstacle.soft && (state.tried || typed) && !busy)
			rows.push(
				...paragraph(`${symbols.cross} ${field.label} ${obstacle.reason}`, width - 2).map(line => (
					<Text key={line} color={color('bad')}>{`  ${line}`}</Text>
				)),
			);
		else if (obstacle && state.tried)
			rows.push(
				...paragraph(
					obstacle.soft
						? `${symbols.warning} ${obstacle.reason} Press Enter again to go on all the same.`
						: `${field.label} ${obstacle.reason}.`,
					width - 2,
				).map(line => <Text key={line} color={color('warn')}>{`  ${line}`}</Text>),
			);
		else rows.push(...dim(field.why, 2));
		const was = changeOf(state.draft, facts, field.key);
		if (was === null) return;
		rows.push(<Spans key="changed" line={[' ', ...mark(readable(field, was))]} columns={columns} />);
		keys.push('Ctrl-O undo');
	};

	for (const [index, field] of screen.fields.entries()) {
		const active = index === state.field;
		if (active) focus = rows.length + 2;
		const value = currentValue(state.draft, facts, field.key);
		if (field.kind === 'choice' && alone) {
			for (const option of field.options!) {
				const chosen = option.value === value;
				if (chosen) focus = rows.length;
				rows.push(
					<Spans
						key={option.value}
						line={[
							{text: `${chosen ? symbols.pointer : ' '} ${option.label}`, ...(chosen && {bold: true, role: 'accent'})},
							{text: option.detail && `  ${option.detail}`, dim: true},
						]}
						columns={columns}
					/>,
				);
			}
			rows.push('');
			below(field, index);
			continue;
		}
		const pointer = active ? `${symbols.pointer} ` : '  ';
		const space = Math.max(8, width - labelWidth - 4);
		const label = (
			<Text
				bold={active}
				color={active ? color('accent') : undefined}
			>{`${pointer}${pad(field.label, labelWidth)}`}</Text>
		);
		if (field.kind === 'choice')
			rows.push(
				<Text key={field.key}>
					{label}
					<Text dimColor>{active ? '< ' : ''}</Text>
					{field.options!.find(option => option.value === value)?.label ?? value}
					<Text dimColor>{active ? ' >' : ''}</Text>
				</Text>,
			);
		else
			rows.push(
				<Text key={field.key}>
					{label}
					<TextValue
						value={state.draft[field.key] ?? ''}
						cursor={state.cursor}
						placeholder={value}
						active={active}
						width={space}
						masked={field.kind === 'secret' && !(active && state.revealed)}
					/>
				</Text>,
			);
		if (active && field.kind === 'secret') {
			const own = (state.draft[field.key] ?? '') !== '';
			rows.push(
				<Text
					dimColor
					key="strength"
				>{`  ${own ? 'yours' : 'made for you'}: ${strengthOf(value)}. Your own: ${secretRule}.`}</Text>,
			);
			keys.push(state.revealed ? 'Ctrl-R hide' : 'Ctrl-R show');
		}
		below(field, index);
		if (active && field.kind === 'choice') keys.push(`${symbols.leftRight} choose`);
	}
	if (alone && screen.fields[0]?.kind === 'choice') keys.push(`${symbols.upDown} choose`);
	if (!alone) keys.push(`${symbols.upDown} field`);
	const current = fieldAt(state);
	if (current?.kind === 'text' && !state.draft[current.key]) keys.push('Tab edit');
	if (current?.kind === 'path') keys.push('Tab complete');

	if (state.screen === 'where')
		rows.push('', ...machineAdvice(facts).flatMap(line => dim(line)), ...dim(`Folder: ${facts.directory}`));
	if (state.screen === 'domain') {
		const busy = state.findings.domain?.state === 'busy';
		rows.push('');
		if (busy && names.length === 0) rows.push(...dim(`Looking the names up${symbols.ellipsis}`));
		// Indented lines are records to copy: they keep their columns.
		for (const line of names) rows.push(...(line.startsWith(' ') || line === '' ? [line] : paragraph(line, width)));
		if (state.findings.domain?.state === 'bad') keys.push('Ctrl-L look again');
	}
	if (state.screen === 'dump')
		rows.push(
			'',
			...candidates.map(name => <Text dimColor key={name}>{`  ${name}`}</Text>),
			...[...dump, ...attachments].flatMap(line => paragraph(line, width)),
		);
	keys.push('Ctrl-C leave');
	if (rows.length > height) keys.splice(1, 0, 'PgDn more');
	return (
		<Frame title={screen.title} position={position} keys={keys} rows={rows} focus={scrolled(rows.length, focus)} />
	);
};
