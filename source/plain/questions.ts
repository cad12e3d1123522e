import confirm from '@inquirer/confirm';
import input from '@inquirer/input';
import password from '@inquirer/password';
import select from '@inquirer/select';
import type {Answers} from '../model/answers.js';
import {type Secrets, secretRule} from '../model/secrets.js';
import {terms} from '../model/terms.js';
import {
	answersOf,
	changeOf,
	currentValue,
	type Draft,
	decided,
	type Facts,
	type Field,
	machineAdvice,
	problemOf,
	type ReviewRow,
	reviewRows,
	type Screen,
	secretsOf,
	shownScreens,
	strengthOf,
	unchanged,
	withoutChange,
} from '../model/wizard.js';

/** What was found out about a value: lines for people, and whether it is as it should be. */
export type Finding = {ok: boolean; reason: string; lines: string[]};

export type QuestionServices = {
	save(draft: Draft, screen: string): void;
	/** Looks a value up or reads it, where there is something to find out; null otherwise. */
	find(key: string, draft: Draft): Promise<Finding | null>;
	/** The plan, as lines; files edited by hand that would be replaced and that would stay, by path; whether nothing is left to do. */
	plan(wanted: Wanted): Promise<{lines: string[]; edited: string[]; kept: string[]; done: boolean}>;
	/** The differences of the files, as lines; asked for where an installation is changed. */
	differences(wanted: Wanted): Promise<string[]>;
	print(...lines: string[]): void;
	/** Without breaking lines, for what is compared. */
	printAsIs(...lines: string[]): void;
};

/** Answers, secrets that were given, and files edited by hand that are to stay and to give way, by path. */
export type Wanted = {
	answers: Answers;
	secrets: Partial<Secrets>;
	keep: readonly string[];
	take: readonly string[];
};

type Validate = (typed: string) => true | string;

/** How one question is put to a person; each resolves to the answer. */
export type Prompts = {
	select(question: {
		message: string;
		default?: string;
		choices: {value: string; name: string; short?: string}[];
	}): Promise<string>;
	/** The default is taken for an empty answer. */
	input(question: {message: string; default?: string; validate: Validate}): Promise<string>;
	password(question: {message: string; mask: string; validate: Validate}): Promise<string>;
	confirm(question: {message: string; default: boolean}): Promise<boolean>;
};

const terminalPrompts: Prompts = {select, input, password, confirm};

export type QuestionResult = Wanted | null;

const help = (screen: Screen) =>
	screen.terms.map(term => {
		const [name, meaning] = terms[term];
		return `  ${name}: ${meaning}`;
	});

const ask = async (field: Field, draft: Draft, facts: Facts, {select, password, input}: Prompts): Promise<string> => {
	const current = currentValue(draft, facts, field.key);
	const was = changeOf(draft, facts, field.key);
	const message = `${field.label}. ${field.why}${was === null ? '' : ` (changed, was ${was || 'none'})`}`;
	if (field.kind === 'choice')
		return select({
			message,
			default: current,
			choices: field.options!.map(({value, label, detail}) => ({
				value,
				name: detail ? `${label}: ${detail}` : label,
				short: label,
			})),
		});
	const validate = (typed: string) => {
		const reason = problemOf({...draft, [field.key]: typed}, facts, field);
		return reason === null ? true : `${field.label} ${reason}`;
	};
	if (field.kind === 'secret')
		return password({
			message: `${message} (empty: the one made for you, ${strengthOf(current)}; your own: ${secretRule})`,
			mask: '*',
			validate,
		});
	// The default is shown and taken on Enter; what equals it need not be kept.
	const typed = await input({message, default: current || undefined, validate});
	return typed.trim() === currentValue({...draft, [field.key]: ''}, facts, field.key) ? '' : typed.trim();
};

/** Asks for a field until what is found out about the value is right, or the person goes on all the same. */
const settle = async (
	field: Field,
	given: Draft,
	facts: Facts,
	services: QuestionServices,
	prompts: Prompts,
): Promise<Draft> => {
	for (;;) {
		const draft = {...given, [field.key]: await ask(field, given, facts, prompts)};
		const found = await services.find(field.key, draft);
		if (!found) return draft;
		services.print(...found.lines.map(line => `  ${line}`));
		if (found.ok) return draft;
		services.print(`  ${field.label} ${found.reason}`);
		if (field.kind !== 'path' && (await prompts.confirm({message: 'Go on all the same?', default: false})))
			return draft;
	}
};

/** An answer as the list of them says it. */
const reviewed = ({label, value, secret, was, fixed}: ReviewRow) => {
	if (fixed !== null) return `  ${label}: ${value} (fixed: ${fixed})`;
	const mark = was === null ? '' : ` * changed, was ${was || 'none'}`;
	return `${mark ? '*' : ' '} ${label}: ${secret ? `(${strengthOf(value)})` : value || 'none'}${mark}`;
};

type Choice = {value: string; name: string};

/** What can be done about answers and files of an installation that is changed. */
const changeChoices = (
	rows: readonly ReviewRow[],
	edited: readonly string[],
	kept: readonly string[],
	canShow: boolean,
): Choice[] => {
	const changed = rows.filter(({was}) => was !== null);
	return [
		...(canShow ? [{value: 'differences', name: 'Show the differences of the files'}] : []),
		...edited.map(path => ({value: `keep ${path}`, name: `Keep ${path} as it was edited by hand`})),
		...kept.map(path => ({value: `take ${path}`, name: `Take the new ${path}; yours is saved`})),
		...changed.map(({key, label}) => ({value: `undo ${key}`, name: `Undo: ${label}`})),
		...(changed.length > 1 ? [{value: 'undo', name: 'Undo everything: as it is installed'}] : []),
	];
};

/**
 * The guided installation as plain questions, one at a time: the same screens, answers and defaults as the live ones.
 * Where an installation is changed, it begins with the list of its answers.
 * Returns null when the person decides against it. Ctrl-C rejects with inquirer's ExitPromptError.
 * @param from the screen to begin with: those before it were answered another time
 */
export const askAll = async (
	facts: Facts,
	initial: Draft,
	services: QuestionServices,
	{from, prompts = terminalPrompts}: {from?: string; prompts?: Prompts} = {},
): Promise<QuestionResult> => {
	let draft = initial;
	let edits: Pick<Wanted, 'keep' | 'take'> = {keep: [], take: []};
	const {existing} = facts;
	const askScreen = async (screen: Screen) => {
		const shown = shownScreens(draft, facts);
		services.print(
			'',
			`${shown.findIndex(({id}) => id === screen.id) + 1} of ${shown.length}. ${screen.title}`,
			screen.intro,
		);
		if (screen.id === 'where') services.print(...machineAdvice(facts), `Folder: ${facts.directory}`);
		services.print(...help(screen));
		for (const field of screen.fields) {
			draft = await settle(field, draft, facts, services, prompts);
			services.save(draft, screen.id);
		}
	};
	const first = existing ? 'review' : from;
	const before = shownScreens(draft, facts).findIndex(({id}) => id === first);
	const asked = new Set(
		shownScreens(draft, facts)
			.slice(0, Math.max(0, before))
			.map(({id}) => id),
	);
	const askNew = async () => {
		for (;;) {
			const next = shownScreens(draft, facts).find(({id}) => id !== 'review' && !asked.has(id));
			if (!next) return;
			await askScreen(next);
			asked.add(next.id);
		}
	};
	for (;;) {
		await askNew();
		services.save(draft, 'review');
		const shown = shownScreens(draft, facts);
		services.print(
			'',
			existing
				? 'What shall be changed? Nothing has been changed yet.'
				: `${shown.length} of ${shown.length}. Is this right? Nothing has been changed yet.`,
		);
		const rows = reviewRows(draft, facts);
		services.print(...rows.map(reviewed));
		const {answers, problems} = answersOf(draft, facts);
		const wanted = answers && {answers, secrets: secretsOf(draft, facts), ...edits};
		const plan = wanted && (await services.plan(wanted));
		services.print('', ...(plan ? plan.lines : problems.map(({key, reason}) => `${key} ${reason}`)));
		const canShow = plan !== null && (!plan.done || plan.kept.length > 0);
		const begin = existing ? (plan?.done ? 'Leave everything as it is' : 'Change it now') : 'Install now';
		const choice = await prompts.select({
			message: 'What now?',
			choices: [
				...(wanted ? [{value: 'begin', name: begin}] : []),
				...(existing ? changeChoices(rows, plan?.edited ?? [], plan?.kept ?? [], canShow) : []),
				...shown.filter(({fields}) => fields.length > 0).map(({id, title}) => ({value: id, name: `Change: ${title}`})),
				{value: 'leave', name: existing ? 'Leave; nothing is changed' : 'Leave; the answers are kept'},
			],
		});
		const [verb, subject] = choice.split(' ');
		if (choice === 'leave') return null;
		if (choice === 'begin') return wanted;
		if (choice === 'differences') services.printAsIs('', ...(await services.differences(wanted!)));
		else if (choice === 'undo') draft = unchanged;
		else if (verb === 'undo') draft = withoutChange(draft, facts, subject!);
		else if (verb === 'keep' || verb === 'take') edits = decided(edits, subject!, verb === 'keep');
		else await askScreen(shown.find(({id}) => id === choice)!);
	}
};
