import {describe, expect, it} from 'vitest';
import {type Difference, type DriftSeen, driftAndPlan, driftLines, driftOf} from '../../source/model/drift.js';
import type {FileState, Observation} from '../../source/model/observation.js';
import {answersWith} from '../_helpers/answers.js';
import {allThere, databaseSeen, serviceSeen} from '../_helpers/observation.js';

const answers = answersWith();
const failed = {run: 'r', at: '2026-08-01T10:00:00Z', outcome: 'failed', message: 'The disk is full.'};

const seen = (over: Partial<DriftSeen> = {}, observed: Partial<Observation> = {}): DriftSeen => ({
	directory: '/opt/specify',
	answers,
	installed: answers,
	observation: allThere(observed, answers),
	consequences: [],
	settings: false,
	madeFrom: null,
	strangers: [],
	leftovers: [],
	lastRun: {run: 'r', at: '2026-08-01T10:00:00Z', outcome: 'done', message: null},
	underWay: false,
	...over,
});

const {services, files, proxy, images} = allThere({}, answers);
const withFile = (path: string, state: FileState) => ({files: {...files, [path]: state}});
const withService = (over: Parameters<typeof serviceSeen>[0]) => ({services: {...services, redis: serviceSeen(over)}});
const {redis: _, ...withoutRedis} = services;
const stopped = {reachable: false, reason: 'stopped', detail: ''} as const;

describe('the differences of an installation', () => {
	it('are none where everything is as it was left', () => {
		expect(driftAndPlan(seen())).toEqual({drift: [], reconfigure: []});
		expect(driftLines(driftAndPlan(seen()))).toEqual([]);
	});

	it.each<[string, DriftSeen, Difference['kind'], RegExp]>([
		[
			'an answer',
			seen({answers: answersWith({timezone: 'Asia/Tokyo'})}),
			'answers',
			/timezone is Asia\/Tokyo, installed is /,
		],
		['a hand edit', seen({}, withFile('compose.yaml', 'edited')), 'edits', /^edited by hand: compose\.yaml$/],
		[
			'an edit that is kept',
			seen({}, {edits: {'landing/index.html': 'kept'}}),
			'kept',
			/^kept.*: landing\/index\.html$/,
		],
		[
			'an edit that is kept and lacks something',
			seen({}, {edits: {'proxy/Caddyfile': 'behind'}}),
			'kept',
			/without what the answers have changed in it since: proxy\/Caddyfile$/,
		],
		['a file that is gone', seen({}, withFile('proxy/Caddyfile', 'missing')), 'files', /missing: proxy\/Caddyfile/],
		['a file of another version', seen({}, withFile('landing/index.html', 'different')), 'files', /landing/],
		[
			'own settings',
			seen({settings: true, consequences: ['compose.yaml']}, withFile('compose.yaml', 'different')),
			'settings',
			/local_settings\.d/,
		],
		['changed passwords', seen({}, {passwords: ['master', 'root']}), 'passwords', /for master, root/],
		['another key', seen({}, {newSecrets: ['SECRET_KEY']}), 'secrets', /^SECRET_KEY in \.env: not as installed$/],
		[
			'another password of a login',
			seen({}, {newSecrets: ['ADMINISTRATOR_PASSWORD']}),
			'secrets',
			/ADMINISTRATOR_PASSWORD.*changes no login/,
		],
		['an .env that was exchanged', seen({}, {accounts: false}), 'passwords', /brought in line/],
		['a folder that was moved', seen({madeFrom: '/srv/old'}), 'folder', /made from \/srv\/old/],
		['a service without a container', seen({}, {services: withoutRedis}), 'stopped', /without a container: redis/],
		['no containers', seen({}, {services: {}}), 'stopped', /there are no containers/],
		['a stopped service', seen({}, withService({state: 'exited', current: false})), 'stopped', /^stopped: redis$/],
		['an earlier setting', seen({}, withService({current: false})), 'services', /earlier settings.*: redis$/],
		['other images', seen({}, {images: {...images, media: false}}), 'images', /: media$/],
		['a stranger', seen({strangers: ['specify-old-1']}), 'containers', /specify-old-1/],
		['a leftover', seen({leftovers: ['0123456789ab_specify-db-1']}), 'leftovers', /0123456789ab_specify-db-1/],
		['files the proxy has not loaded', seen({}, {proxy: {...proxy, loaded: false}}), 'proxy', /Caddyfile\.d/],
		['other certificates', seen({}, {proxy: {...proxy, certificates: 'other'}}), 'certificates', /another way/],
		['a broken gate', seen({}, {proxy: {...proxy, gate: 'missing'}}), 'gate', /missing/],
		[
			'an open gate',
			seen({}, {proxy: {...proxy, gate: 'open'}, database: databaseSeen({users: 0})}),
			'gate',
			/no user/,
		],
		['a run that stopped', seen({lastRun: failed}, {services: withoutRedis}), 'run', /The disk is full/],
	])('tell of %s', (_, given, kind, what) => {
		const told = driftOf(given).filter(difference => difference.kind === kind);
		expect(told).toHaveLength(1);
		expect(told[0]!.what).toMatch(what);
		expect(told[0]!.remedy).toMatch(/\.$/);
		// What follows from it is not told once more; a run that stopped leaves something else to do.
		expect(driftOf(given)).toHaveLength(kind === 'run' ? 2 : 1);
	});

	it('of changed answers do not name what follows from them', () => {
		const given = seen(
			{answers: answersWith({timezone: 'Asia/Tokyo'})},
			{files: {...files, 'compose.yaml': 'different', 'specify.yaml': 'edited'}, images: {...images, media: false}},
		);
		expect(driftOf(given).map(({kind}) => kind)).toEqual(['answers']);
		expect(driftAndPlan(given).reconfigure).toContain('rewrite compose.yaml');
	});

	it('are not told of services while their files are to be written, nor without an engine', () => {
		const current = {services: {...services, redis: serviceSeen({current: false})}};
		expect(driftOf(seen({}, {...current, ...withFile('.env', 'edited')})).map(({kind}) => kind)).toEqual(['edits']);
		expect(driftOf(seen({}, {engine: stopped, services: {}, images: {}, proxy: {...proxy, loaded: false}}))).toEqual(
			[],
		);
	});

	it('tell a stopped run as long as it goes on to matter', () => {
		expect(driftOf(seen({lastRun: failed}))).toEqual([]);
		expect(driftOf(seen({lastRun: failed, underWay: true}, {services: withoutRedis})).map(({kind}) => kind)).toEqual([
			'stopped',
		]);
	});

	it('need nothing done for what is only starting', () => {
		const given = seen({strangers: ['specify-old-1']}, withService({state: 'starting'}));
		expect(driftAndPlan(given).reconfigure).toEqual([]);
	});

	it('without a record of what was installed say nothing of answers', () => {
		expect(driftOf(seen({installed: null}))).toEqual([]);
	});

	it('of passwords of the database are told once, and those of a login that is yet to come change something', () => {
		const both = driftOf(seen({}, {newSecrets: ['MASTER_PASSWORD'], passwords: ['master']}));
		expect(both.map(({kind}) => kind)).toEqual(['passwords']);
		const [first] = driftOf(
			seen(
				{},
				{newSecrets: ['ADMINISTRATOR_PASSWORD'], database: databaseSeen({users: 0}), proxy: {...proxy, gate: 'closed'}},
			),
		);
		expect(first!.remedy).not.toContain('User Tools');
	});

	it('in values of .env are said to be taken over', () => {
		expect(driftOf(seen({}, withFile('.env', 'edited')))[0]!.remedy).toContain('taken over');
		expect(driftOf(seen({}, withFile('compose.yaml', 'edited')))[0]!.remedy).not.toContain('taken over');
	});

	it('that are kept edits leave nothing to do, and can be given up', () => {
		const {drift, reconfigure} = driftAndPlan(seen({}, {edits: {'proxy/Caddyfile': 'behind', 'compose.yaml': 'kept'}}));
		expect(reconfigure).toEqual([]);
		expect(drift.map(({remedy}) => /--take (.*)\.$/.exec(remedy)?.[1])).toEqual(['proxy/Caddyfile', 'compose.yaml']);
	});

	it('suggest to keep only what can be kept', () => {
		const remedy = (path: string) => driftOf(seen({}, withFile(path, 'edited')))[0]!.remedy;
		expect(remedy('proxy/Caddyfile')).toContain('--keep proxy/Caddyfile');
		for (const path of ['specify.yaml', '.env']) expect(remedy(path)).not.toContain('--keep');
	});
});
