import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Ajv} from 'ajv';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {readYaml, specifySchema, specifyYaml} from '../../source/files/specify-yaml.js';
import {answerKeys, disciplines, parseAnswers, setAnswer} from '../../source/model/answers.js';
import {answersSchema, type JsonSchema} from '../../source/model/answers-schema.js';

const schema = answersSchema();
// Patterns, formats and keywords that the validator does not know are errors.
const validate = new Ajv({strict: true, allErrors: true}).compile(schema);
const mistakes = (value: unknown) => (validate(value) ? [] : validate.errors!.map(({instancePath}) => instancePath));

/** What the schema says of a dotted key. */
const at = (key: string) =>
	key
		.split('.')
		.reduce<JsonSchema>(
			(place, part) =>
				[place, ...(place.anyOf ?? [])].find(({properties}) => properties)?.properties?.[part] ?? ({} as JsonSchema),
			schema,
		);

const keys = answerKeys();
const leaves = keys.filter(key => !keys.some(other => other.startsWith(`${key}.`)));

describe('the schema', () => {
	it('is one of draft 7, which editors understand, and says no more than JSON can', () => {
		expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
		expect(JSON.parse(specifySchema())).toEqual(schema);
	});

	it('explains every key in a sentence', () => {
		expect(keys.length).toBeGreaterThan(50);
		for (const key of keys) expect(at(key).description, key).toMatch(/^\S.{10,}/);
	});

	it('names the choices where there are some', () => {
		expect(at('certificates').enum).toEqual(['letsencrypt', 'letsencrypt-staging', 'own', 'internal']);
		expect(at('database.start').enum).toEqual(['empty', 'dump']);
		expect(at('institution.discipline.type').enum).toEqual(disciplines);
	});

	it('has defaults that, written down, change nothing', () => {
		const usual = parseAnswers({}).answers;
		const withDefault = keys.filter(key => 'default' in at(key));
		expect(withDefault).toEqual(expect.arrayContaining(['certificates', 'ports.https', 'privacy.publicAttachments']));
		expect(withDefault).not.toEqual(expect.arrayContaining(['email']));
		const all = {};
		for (const key of withDefault) {
			const one = {};
			setAnswer(one, key, at(key).default);
			setAnswer(all, key, at(key).default);
			expect(parseAnswers(one).answers, key).toEqual(usual);
			expect(mistakes(one), key).toEqual([]);
		}
		expect(parseAnswers(all).answers).toEqual(usual);
		expect(mistakes(all)).toEqual([]);
	});
});

const institution = {
	name: 'Museum',
	code: 'M',
	division: 'Zoology',
	discipline: {type: 'fish', name: 'Fishes'},
	collection: {name: 'Fishes, dry', code: 'FD'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
};

describe('what is accepted as answers is accepted by the schema', () => {
	const golden = join(import.meta.dirname, '../files/golden');
	const files = [
		join(import.meta.dirname, '../fixtures/answers.yaml'),
		...readdirSync(golden).map(name => join(golden, name, 'specify.yaml')),
	];

	it.each(files)('%s', file => {
		const value = parse(readFileSync(file, 'utf8'));
		expect(parseAnswers(value).problems).toEqual([]);
		expect(mistakes(value)).toEqual([]);
	});

	/** Texts as people write them, spaces around them and other alphabets too. */
	const spaced = (...values: string[]) =>
		fc
			.tuple(fc.constantFrom('', ' ', '\t '), fc.constantFrom(...values), fc.constantFrom('', '  '))
			.map(parts => parts.join(''));
	const hostname = spaced(
		'nrm.example',
		'Museum.Example.',
		'kärlväxter.example',
		`${'a'.repeat(60)}.lan`,
		'a.localhost',
	);
	const text = fc.oneof(
		spaced('Riksmuseet', 'M', 'Ørsted & Söner', 'x'.repeat(50), '植物'),
		fc.string({unit: 'grapheme'}),
	);
	const path = fc.oneof(fc.constantFrom('/srv/a b.sql', 'x', './ö.pem'), fc.string({minLength: 1}));
	const address = spaced('https://acme.lan/directory', 'HTTPS://münchen.example/a?b=c', 'https://[::1]:14000/dir');
	const port = fc.oneof(fc.integer({min: 1, max: 65535}), fc.constantFrom(0, 80.5));
	const of = <T extends Record<string, fc.Arbitrary<unknown>>>(model: T) => fc.record(model, {requiredKeys: []});
	const nullable = (value: fc.Arbitrary<unknown>) => fc.option(value, {nil: null});
	const given = of({
		version: fc.constant(1),
		where: fc.constantFrom('this-computer', 'server'),
		specify7: fc.constantFrom('v7.12.0.7', 'v7.12', 'v8.0', 'v7.9'),
		specify6: fc.constant(false),
		domain: hostname,
		hostnames: of({specify7: hostname, media: hostname, landing: nullable(hostname)}),
		ports: of({http: port, https: port}),
		proxy: fc.constantFrom('public', 'behind'),
		certificates: fc.constantFrom('letsencrypt', 'letsencrypt-staging', 'own', 'internal'),
		acme: of({
			directory: nullable(address),
			staging: nullable(address),
			ca: nullable(path),
			eab: nullable(fc.record({kid: fc.constantFrom('kid-1', '~'), keyFile: path})),
		}),
		own: of({certificate: nullable(path), key: nullable(path), authority: nullable(path)}),
		hsts: fc.boolean(),
		email: spaced('a@nrm.example', 'it+specify@kärlväxter.example'),
		timezone: fc.constantFrom('Europe/Stockholm', 'utc', 'europe/kiev', 'Asia/Katmandu'),
		database: of({
			name: fc.constantFrom('specify', 'a_1'),
			start: fc.constantFrom('empty', 'dump'),
			dump: nullable(path),
			attachments: nullable(path),
		}),
		institution: nullable(
			fc.record({
				name: text,
				code: text,
				division: text,
				discipline: fc.record({type: fc.constantFrom(...disciplines), name: text}),
				collection: fc.record({name: text, code: text}),
				administrator: fc.record({name: spaced('ada', 'jörg', 'jo\u0308rg', 'a.b@c-d+e_f', '植物'), lastname: text}),
			}),
		),
		privacy: of({telemetry: fc.boolean(), publicAttachments: fc.boolean()}),
		images: of({
			registry: nullable(fc.constantFrom('localhost:5000', '[::1]:5000', 'mirror.nrm.lan/hub', 'a.b:1/c/d')),
		}),
		engine: of({repository: fc.constantFrom('docker', 'distribution', 'https://mirror.lan/x')}),
	});
	/** Each key alone, so that rules between them refuse little. */
	const some = fc.oneof(
		given,
		given.chain(all =>
			fc
				.subarray(Object.keys(all), {maxLength: 2})
				.map(names => Object.fromEntries(names.map(name => [name, all[name as keyof typeof all]]))),
		),
	);

	it('whatever it is, and so is the file written of it', {timeout: 60_000}, () => {
		let accepted = 0;
		fc.assert(
			fc.property(some, value => {
				const {answers} = parseAnswers(value);
				if (!answers) return;
				accepted += 1;
				expect(mistakes(value)).toEqual([]);
				expect(mistakes(readYaml(specifyYaml(answers)).value)).toEqual([]);
			}),
			{numRuns: 700},
		);
		expect(accepted).toBeGreaterThan(100);
	});
});

describe('what is wrong in kind is refused by both', () => {
	const wrong = (key: string, value: unknown) => {
		const tree: Record<string, unknown> = key.startsWith('institution.')
			? {institution: structuredClone(institution)}
			: key.startsWith('acme.eab.')
				? {acme: {eab: {kid: 'k', keyFile: '/k'}}}
				: {};
		setAnswer(tree, key, value);
		return tree;
	};

	it.each(keys)('%s', key => {
		const isSection = !leaves.includes(key);
		for (const value of [isSection ? 'words' : {a: 1}, ['a list'], isSection ? 7 : {}, isSection ? true : []]) {
			const tree = wrong(key, value);
			expect(parseAnswers(tree).answers, JSON.stringify(tree)).toBeNull();
			expect(mistakes(tree), JSON.stringify(tree)).toContain(`/${key.replaceAll('.', '/')}`);
		}
	});

	const cases: [string, unknown][] = [
		['version', 2],
		['version', '1'],
		['where', 'the cellar'],
		['specify7', 'latest'],
		['specify7', 7.12],
		['specify6', 'yes'],
		['ports.http', 0],
		['ports.http', 65536],
		['ports.https', '443'],
		['ports.https', 80.5],
		['ports.https', null],
		['proxy', 'front'],
		['certificates', null],
		['acme.directory', 7],
		['acme.eab.kid', 'a b'],
		['own.key', ''],
		['hsts', 1],
		['domain', null],
		['email', 7],
		['timezone', false],
		['database.name', 'Specify'],
		['database.name', '1a'],
		['database.start', 'full'],
		['institution.code', 7],
		['institution.name', ''],
		['institution.discipline.type', 'mycology'],
		['images.registry', 'https://mirror.lan'],
		['images.registry', 'mirror'],
		['engine.repository', 'apt'],
	];
	it.each(cases)('%s: %j', (key, value) => {
		const tree = wrong(key, value);
		expect(parseAnswers(tree).answers).toBeNull();
		expect(mistakes(tree)).toContain(`/${key.replaceAll('.', '/')}`);
	});

	it('keys nobody knows, in every section', () => {
		const sections = ['', ...keys.filter(key => !leaves.includes(key))];
		expect(sections.length).toBeGreaterThan(8);
		for (const section of sections) {
			const tree = wrong(section === '' ? 'colour' : `${section}.colour`, 'green');
			expect(parseAnswers(tree).answers).toBeNull();
			expect(mistakes(tree), section).toContain(section === '' ? '' : `/${section.replaceAll('.', '/')}`);
		}
	});

	it('a list and a word in place of the answers', () => {
		for (const value of [[], 'words', null, 7]) {
			expect(parseAnswers(value).answers).toBeNull();
			expect(mistakes(value)).not.toEqual([]);
		}
	});
});

describe('the schema takes what only the program refuses', () => {
	const cases: [why: string, value: object][] = [
		['host names are text to it', {domain: 'museum'}],
		['e-mail addresses are text to it', {email: 'nobody'}],
		['and so are addresses', {acme: {directory: 'http://acme.lan'}, certificates: 'letsencrypt', domain: 'a.lan'}],
		['time zones are text to it', {timezone: 'Europe/Atlantis'}],
		['of texts it knows no greatest length', {institution: {...institution, code: 'x'.repeat(65)}}],
		[
			'nor the signs in the name of the administrator',
			{institution: {...institution, administrator: {name: 'a b', lastname: 'c'}}},
		],
		['names of databases that are taken', {database: {name: 'mysql'}}],
		[
			'signs that the proxy reads otherwise',
			{acme: {directory: 'https://acme.lan/{x}'}, certificates: 'letsencrypt', domain: 'a.lan'},
		],
		['what goes together', {ports: {http: 80, https: 80}}],
		['what this version cannot install yet', {specify6: true}],
	];
	it.each(cases)('%s', (_, value) => {
		expect(parseAnswers(value).answers).toBeNull();
		expect(mistakes(value)).toEqual([]);
	});
});
