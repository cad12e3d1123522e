import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {type Answers, complete, parseAnswers} from '../../source/model/answers.js';
import {answersAt, askAuthority, example, journeys, takeOwn, travel} from './journeys.js';
import {answersOf, type Combination, combinationOf, institution, starts} from './starts.js';

/** What is combined, and which answers each value stands for. */
const factors = {
	certificates: {
		internal: {certificates: 'internal'},
		own: {certificates: 'own', own: {certificate: '/c.pem', key: '/k.pem'}},
		acme: {certificates: 'letsencrypt', acme: {directory: 'https://authority.test/dir'}},
	},
	names: {
		four: {},
		one: {hostnames: {specify7: 'a.museum.test', media: 'a.museum.test'}},
		bare: {hostnames: {specify7: 'museum.test'}},
	},
	ports: {default: {ports: {https: 443}}, other: {ports: {https: 8443}}},
	attachments: {open: {privacy: {publicAttachments: true}}, closed: {privacy: {publicAttachments: false}}},
	start: {
		institution: {institution: parse(institution.slice('institution='.length)) as object},
		dump: {database: {start: 'dump', dump: '/museum.sql'}},
		nothing: {},
	},
	proxy: {public: {proxy: 'public'}, behind: {proxy: 'behind'}},
} as const satisfies Record<keyof Combination, object>;
const factorNames = Object.keys(factors) as (keyof Combination)[];

const pairsOf = (combination: Combination) =>
	factorNames.flatMap((one, index) =>
		factorNames.slice(index + 1).map(other => `${one}: ${combination[one]}, ${other}: ${combination[other]}`),
	);

/** Every combination there could be. */
const combinations = factorNames.reduce<Combination[]>(
	(all, factor) => all.flatMap(some => Object.keys(factors[factor]).map(value => ({...some, [factor]: value}))),
	[{} as Combination],
);
const isAllowed = (combination: Combination) => {
	const answers = factorNames.map(factor => (factors[factor] as Record<string, object>)[combination[factor]]!);
	return parseAnswers(Object.assign({domain: 'museum.test'}, ...answers)).answers !== null;
};

/** Ports that are not the default ones. */
const ports = {http: 8080, https: 8443};

/** What the end-to-end tests start, file by file. `says` is what must stand in a file. */
const started: {file: string; says: RegExp; answers: Answers}[] = [
	{
		file: 'install.test.ts',
		says: /new Installation\(\{.*\}, \['timezone=[\w/]+'\]\)/,
		answers: complete({ports}),
	},
	{
		file: 'institution.test.ts',
		says: /museumWith\(\{institution\}\)/,
		answers: answersOf({ports, settings: [institution]}),
	},
	{
		file: 'dump.test.ts',
		says: /\['database\.start=dump', `database\.dump=\$\{path\}`\]/,
		answers: answersOf({ports, settings: ['database.start=dump', 'database.dump=/museum.sql']}),
	},
	...[askAuthority, takeOwn].map(way => ({
		file: 'certificates.test.ts',
		says: way === takeOwn ? /--set=certificates=own/ : /--set=certificates=letsencrypt/,
		answers: answersOf({ports, settings: ['domain=nrm.test', institution, ...way(example)]}),
	})),
	...(['gate', 'behind', 'visitor'] as const).map(name => ({
		file: `${name}.test.ts`,
		says: new RegExp(`starts\\.${name};`),
		answers: answersOf(starts[name]),
	})),
	...(['dump', 'empty'] as const).flatMap(name =>
		journeys[name].stages.map((_, stage) => ({
			file: name === 'dump' ? 'pairwise.test.ts' : 'pairwise-empty.test.ts',
			says: new RegExp(`travel\\(journeys\\.${name}\\);`),
			answers: answersAt(journeys[name], stage),
		})),
	),
];

describe('the combinations that are started for real', () => {
	const allowed = new Set(combinations.filter(isAllowed).flatMap(pairsOf));

	test('are those of the files', () => {
		for (const {file, says} of started)
			expect(readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8'), file).toMatch(says);
	});

	test('hold every pair of answers that is allowed', () => {
		const table = started.map(({file, answers}) => ({file, ...combinationOf(answers)}));
		console.table(table);
		const covered = new Set(table.flatMap(pairsOf));
		expect([...allowed].filter(pair => !covered.has(pair))).toEqual([]);
		expect([...covered].filter(pair => !allowed.has(pair))).toEqual([]);
	});

	test('leave out only what is refused', () => {
		const refused = new Set(combinations.flatMap(pairsOf).filter(pair => !allowed.has(pair)));
		expect([...refused]).toEqual(['certificates: own, proxy: behind', 'certificates: acme, proxy: behind']);
	});
});

describe(journeys.dump.title, () => {
	travel(journeys.dump);
});
