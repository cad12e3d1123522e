import {copyFileSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {gatherAnswers} from '../../source/commands/answers.js';
import {absolute} from '../../source/commands/guide.js';
import {installationFiles} from '../../source/files/installation.js';
import {type Answers, disciplines} from '../../source/model/answers.js';
import type {Secrets} from '../../source/model/secrets.js';
import {
	answersOf,
	charactersOf,
	currentValue,
	type Draft,
	type Facts,
	type Field,
	fieldAt,
	type Press,
	pressWizard,
	problemOf,
	screens,
	secretsOf,
	shownScreens,
	startWizard,
	treeOf,
} from '../../source/model/wizard.js';
import {askAll, type Prompts} from '../../source/plain/questions.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';
import {programEnvironment, type Terminal} from '../_helpers/terminal.js';
import {wholeDump} from '../database/dumps.js';
import {bodyOf, environmentOf, type Person, program, realProgram, seesScreen} from './program.js';

const facts: Facts = {
	directory: '/opt/specify',
	domain: 'specify.localhost',
	timezone: 'Europe/Stockholm',
	memory: 8 * GiB,
	swap: 0,
	processors: 4,
	secrets: {ADMINISTRATOR_PASSWORD: 'Abcdefgh12345678', MASTER_PASSWORD: 'Zyxwvuts87654321Zyxwvuts'},
	presets: {},
};

const fields = screens.flatMap(screen => screen.fields);

/** Texts that mean something else to YAML, to a shell or to a terminal than what is written. */
const tricky = [
	'yes',
	'null',
	'007',
	'1e3',
	'a: b # c',
	'- x',
	"O'Hara",
	'"',
	'{{x}}',
	'$HOME `x`',
	'国立科学博物館',
	'?!',
	'\\n',
	'~',
];
const name = fc.oneof(fc.constantFrom(...tricky), fc.string({unit: 'grapheme', minLength: 1, maxLength: 10}));
const password = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
const values: Record<string, fc.Arbitrary<string>> = {
	where: fc.constant('this-computer'),
	domain: fc.oneof(fc.domain(), fc.constantFrom('Samling.Museum.example', 'växter.example', 'specify.localhost')),
	tls: fc.constantFrom('letsencrypt', 'internal', 'own', 'behind'),
	'own.certificate': fc.constantFrom('/etc/ssl/a b #1.crt', 'nyckel: å.pem'),
	'own.key': fc.constantFrom("/etc/ssl/it's.key", './a.key'),
	'own.authority': fc.constantFrom('/etc/ssl/$root.pem', '~root.pem'),
	email: fc.emailAddress(),
	timezone: fc.constantFrom('UTC', 'America/Chicago', 'europe/stockholm'),
	data: fc.constantFrom('new', 'dump', 'later'),
	'database.dump': fc.constantFrom('/srv/a dump #1.sql', 'dumps/kärlväxter: 2.sql.gz', './x.sql'),
	'database.attachments': fc.constantFrom('/srv/attachments', 'bilder: å #2'),
	'institution.discipline.type': fc.constantFrom(...disciplines),
	'privacy.telemetry': fc.constantFrom('true', 'false'),
	ADMINISTRATOR_PASSWORD: password,
	MASTER_PASSWORD: password,
};

/** What somebody wants to answer; a key without a value leaves the default. */
const anyDraft = fc
	.record(
		Object.fromEntries(fields.map(({key}) => [key, values[key] ?? name])) as Record<string, fc.Arbitrary<string>>,
		{
			requiredKeys: [],
		},
	)
	.map(draft => {
		const sound: Draft = {data: draft.data === 'dump' && !draft['database.dump'] ? 'new' : (draft.data ?? 'new')};
		for (const field of fields) {
			const value = draft[field.key]?.trim();
			if (value && value !== '?' && problemOf({...sound, [field.key]: value}, facts, field) === null)
				sound[field.key] = value;
		}
		const applying = new Set(shownScreens(sound, facts).flatMap(screen => screen.fields.map(({key}) => key)));
		return Object.fromEntries(Object.entries(sound).filter(([key]) => applying.has(key)));
	})
	.filter(draft => answersOf(draft, facts).answers !== null);

type Given = {answers: Answers; secrets: Partial<Secrets>};

/** Answers every field with keys, as a person at the live screens. */
const typed = (wanted: Draft): Given => {
	let state = startWizard({}, facts);
	const press = (name: Press['name'], text = '') => {
		const [next, ...effects] = pressWizard(state, {name, text}, facts);
		state = next;
		return effects;
	};
	for (let steps = 0; steps < 100; steps += 1) {
		const field = fieldAt(state);
		const value = field && wanted[field.key];
		if (field?.kind === 'choice') {
			const key =
				shownScreens(state.draft, facts).find(({id}) => id === state.screen)!.fields.length === 1 ? 'down' : 'right';
			const chosen = () => currentValue(state.draft, facts, field.key);
			for (let tries = 0; value && chosen() !== value && tries < 20; tries += 1) press(key);
		} else if (value) {
			// A question mark at the beginning asks for help, unless it is pasted with the rest.
			for (const text of value.startsWith('?') ? [value] : charactersOf(value)) press('text', text);
		}
		if (press('enter').includes('begin')) break;
		expect(state, `${field?.key} was not taken`).toMatchObject({tried: false, overlay: 'none'});
	}
	const {answers} = answersOf(state.draft, facts);
	return {answers: absolute(answers!), secrets: secretsOf(state.draft, facts)};
};

const fieldIn = (message: string) => fields.find(({label, why}) => message.startsWith(`${label}. ${why}`))!;

/** Answers every question, as a person at the plain ones; the prompts do what inquirer does. */
const asked = async (wanted: Draft): Promise<Given> => {
	const checked = (value: string, validate: (value: string) => true | string) => {
		expect(validate(value)).toBe(true);
		return value;
	};
	const prompts: Prompts = {
		select: async ({message, default: fallback, choices}) => {
			const value = message === 'What now?' ? 'begin' : (wanted[fieldIn(message).key] ?? fallback);
			return choices.find(choice => choice.value === value)!.value;
		},
		input: async ({message, default: fallback = '', validate}) =>
			checked(wanted[fieldIn(message).key] || fallback, validate),
		password: async ({message, validate}) => checked(wanted[fieldIn(message).key] ?? '', validate),
		confirm: async () => true,
	};
	const services = {
		save: () => {},
		find: async () => null,
		plan: async () => ({lines: [], edited: [], kept: [], done: false}),
		differences: async () => [],
		print: () => {},
		printAsIs: () => {},
	};
	const result = await askAll(facts, {}, services, {prompts});
	return {answers: absolute(result!.answers), secrets: result!.secrets};
};

/** Writes the answers down, as a person who has installed Specify before. */
const written = async (wanted: Draft): Promise<Given> => {
	const host = new FakeHost();
	const file = '/home/curator/answers.yaml';
	await host.write(file, stringify(treeOf(wanted, facts)), 0o644);
	const answers = await gatherAnswers({host, directory: '/opt/specify', file, settings: []});
	return {answers, secrets: secretsOf(wanted, facts)};
};

const filesOf = ({answers, secrets}: Given) =>
	installationFiles({
		project: 'specify',
		answers,
		secrets: {...knownSecrets, ...secrets} as Secrets,
		memory: 8 * GiB,
	});

test('the same answers by keys, by plain questions and from a file give byte-identical files', {
	timeout: 60_000,
}, async () => {
	await fc.assert(
		fc.asyncProperty(anyDraft, async draft => {
			const files = filesOf(typed(draft));
			expect(filesOf(await asked(draft))).toEqual(files);
			expect(filesOf(await written(draft))).toEqual(files);
		}),
		{numRuns: 150},
	);
});

describe('in a real terminal the same files come from live screens, plain questions and an answers file', () => {
	const {newPerson, open} = realProgram();
	const examples: [name: string, draft: Draft][] = [
		['defaults', {}],
		[
			'a collection of its own',
			{
				domain: 'herbariet.localhost',
				email: 'vaxter+1@museum.example',
				'institution.name': "Göteborgs O'Botaniska: #1",
				'institution.code': 'GB',
				'institution.discipline.type': 'paleobotany',
				'institution.discipline.name': '古植物学',
				'institution.collection.code': '007',
				'institution.administrator.name': 'linnéa',
				MASTER_PASSWORD: 'TypedByThePerson2024',
				'privacy.telemetry': 'true',
			},
		],
		['nothing yet', {data: 'later', timezone: 'UTC', 'privacy.telemetry': 'true'}],
		['a dump', {data: 'dump', 'database.dump': 'dumps/kärlväxter: 1.sql', timezone: 'Pacific/Auckland'}],
	];

	/** Wide and high enough for every file at once. */
	const huge = [300, 1200] as const;
	const shown = [
		'specify.yaml',
		'proxy/Caddyfile',
		'media/web_asset_store.xml',
		'landing/index.html',
		'specify7/local_settings.py',
		'specify7/health.py',
		'compose.yaml',
	];
	const asShown = (text: string) =>
		text
			.replaceAll('\t', '  ')
			.split('\n')
			.map(line => line.trimEnd())
			.join('\n')
			.trimEnd();

	/** The files as the review shows them. */
	const filesIn = async (terminal: Terminal) => {
		await seesScreen(terminal, 'Is this right?', '❯ Install now', 'What will be done');
		await terminal.type('d');
		const screen = await seesScreen(terminal, 'The files that will be written', '7 files');
		const files: Record<string, string> = {};
		let path = '';
		for (const line of bodyOf(screen)) {
			const [, title] = /^(\S+) \(missing\)$/.exec(line) ?? [];
			if (title) path = title;
			files[path] = title ? '' : `${files[path]}${line.slice(2)}\n`;
		}
		return Object.fromEntries(Object.entries(files).map(([file, text]) => [file, asShown(text)]));
	};

	/** How often the key to the next option is pressed; behind the last one comes the first. */
	const stepsTo = ({options = []}: Field, from: string, to: string) => {
		const placeOf = (wanted: string) => options.findIndex(({value}) => value === wanted);
		return (placeOf(to) - placeOf(from) + options.length) % options.length;
	};

	const byLiveScreens = async (person: Person, wanted: Draft) => {
		const terminal = open(person, {size: huge});
		let draft: Draft = {};
		for (let index = 0; shownScreens(draft, facts)[index]!.id !== 'review'; index += 1) {
			const screen = shownScreens(draft, facts)[index]!;
			for (const field of screen.fields) {
				const alone = screen.fields.length === 1 && field.kind === 'choice';
				await seesScreen(terminal, screen.title, alone ? '❯' : `❯ ${field.label}`);
				const value = wanted[field.key];
				if (value && field.kind === 'choice') {
					const key = alone ? 'down' : 'right';
					for (let step = stepsTo(field, currentValue(draft, facts, field.key), value); step > 0; step -= 1)
						await terminal.press(key);
					const {label} = field.options!.find(option => option.value === value)!;
					await seesScreen(terminal, screen.title, alone ? `❯ ${label}` : `< ${label} >`);
				} else if (value) {
					await terminal.paste(value, {bracketed: false});
				}
				if (field.key === 'database.dump') await seesScreen(terminal, screen.title, '; complete.');
				await terminal.press('enter');
				if (value) draft = {...draft, [field.key]: value};
			}
		}
		return filesIn(terminal);
	};

	const byPlainQuestions = async (person: Person, wanted: Draft) => {
		const terminal = open(person, {size: [200, 60], args: ['--plain']});
		let draft: Draft = {};
		const isAsked = (label: string) => terminal.waitFor(new RegExp(`^\\? ${label}\\. `, 'm'));
		for (let index = 0; shownScreens(draft, facts)[index]!.id !== 'review'; index += 1)
			for (const field of shownScreens(draft, facts)[index]!.fields) {
				await isAsked(field.label);
				const value = wanted[field.key];
				if (value && field.kind === 'choice') {
					for (let step = stepsTo(field, currentValue(draft, facts, field.key), value); step > 0; step -= 1)
						await terminal.press('down');
					const {label} = field.options!.find(option => option.value === value)!;
					await terminal.waitFor(`❯ ${label}`);
				} else if (value) {
					await terminal.paste(value, {bracketed: false});
				}
				await terminal.press('enter');
				await terminal.waitFor(screen => !new RegExp(`^\\? ${field.label}\\. `, 'm').test(screen));
				if (value) draft = {...draft, [field.key]: value};
			}
		await terminal.waitFor('? What now?');
		await terminal.press('up');
		await terminal.waitFor('❯ Leave; the answers are kept');
		await terminal.press('enter');
		expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
		const live = open(person, {size: huge});
		await live.waitFor('❯');
		for (let presses = 0; !live.screen().startsWith('Is this right?') && presses < 5; presses += 1) {
			await live.press('enter');
			await live.settled();
		}
		return filesIn(live);
	};

	const fromFile = async (person: Person, wanted: Draft) => {
		const file = join(person.home, 'answers.yaml');
		writeFileSync(file, stringify(treeOf(wanted, facts)));
		await execa(process.execPath, [program, 'install', '--dir', person.directory, '--answers', file, '--files-only'], {
			cwd: person.home,
			env: programEnvironment(environmentOf(person)),
			extendEnv: false,
		});
		return Object.fromEntries(shown.map(path => [path, asShown(readFileSync(join(person.directory, path), 'utf8'))]));
	};

	test.each(examples)('%s', {timeout: 30_000}, async (_, draft) => {
		const people = [newPerson(), newPerson(), newPerson()] as const;
		// One home for the dump, so that its path is the same, and the same secrets for all.
		const [, {home}] = people;
		mkdirSync(join(home, 'dumps'));
		writeFileSync(join(home, 'dumps/kärlväxter: 1.sql'), wholeDump);
		const given = draft['database.dump'] ? {...draft, 'database.dump': join(home, draft['database.dump'])} : draft;
		const [file, live, plain] = people;
		const expected = await fromFile(file, given);
		for (const {directory} of [live, plain]) {
			mkdirSync(directory, {mode: 0o700});
			copyFileSync(join(file.directory, '.env'), join(directory, '.env'));
		}
		expect(await byLiveScreens(live, given)).toEqual(expected);
		expect(await byPlainQuestions(plain, given)).toEqual(expected);
	});
});
