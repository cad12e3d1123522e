import confirm from '@inquirer/confirm';
import input from '@inquirer/input';
import password from '@inquirer/password';
import select from '@inquirer/select';
import type {Answers} from '../model/answers.js';
import {terms} from '../model/terms.js';
import {
	answersOf,
	currentValue,
	type Draft,
	type Facts,
	type Field,
	machineAdvice,
	problemOf,
	reviewRows,
	type Screen,
	secretRule,
	secretsOf,
	shownScreens,
	strengthOf,
} from '../model/wizard.js';

/** What was found out about a value: lines for people, and whether it is as it should be. */
export type Finding = {ok: boolean; reason: string; lines: string[]};

export type QuestionServices = {
	save(draft: Draft, screen: string): void;
	/** Looks a value up or reads it, where there is something to find out; null otherwise. */
	find(key: string, draft: Draft): Promise<Finding | null>;
	/** The plan for these answers, as lines. */
	plan(answers: Answers): Promise<string[]>;
	print(...lines: string[]): void;
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

export type QuestionResult = {answers: Answers; secrets: Facts['secrets']} | null;

const help = (screen: Screen) =>
	screen.terms.map(term => {
		const [name, meaning] = terms[term];
		return `  ${name}: ${meaning}`;
	});

const ask = async (field: Field, draft: Draft, facts: Facts, {select, password, input}: Prompts): Promise<string> => {
	const current = currentValue(draft, facts, field.key);
	const message = `${field.label}. ${field.why}`;
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

/**
 * The guided installation as plain questions, one at a time: the same screens, answers and defaults as the live ones.
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
	const before = shownScreens(draft, facts).findIndex(({id}) => id === from);
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
		services.print('', `${shown.length} of ${shown.length}. Is this right? Nothing has been changed yet.`);
		for (const {label, value, secret} of reviewRows(draft, facts))
			services.print(`  ${label}: ${secret ? `(${strengthOf(value)})` : value || 'none'}`);
		const {answers} = answersOf(draft, facts);
		if (answers) services.print('', ...(await services.plan(answers)));
		const choice = await prompts.select({
			message: 'What now?',
			choices: [
				...(answers ? [{value: 'begin', name: 'Install now'}] : []),
				...shown.filter(({fields}) => fields.length > 0).map(({id, title}) => ({value: id, name: `Change: ${title}`})),
				{value: 'leave', name: 'Leave; the answers are kept'},
			],
		});
		if (choice === 'leave') return null;
		if (choice === 'begin') return {answers: answers!, secrets: secretsOf(draft, facts)};
		await askScreen(shown.find(({id}) => id === choice)!);
	}
};
