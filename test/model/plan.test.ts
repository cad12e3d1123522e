import {describe, expect, it} from 'vitest';
import type {PlannedStep, StepId} from '../../source/model/events.js';
import type {Observation} from '../../source/model/observation.js';
import {isDone, planOf} from '../../source/model/plan.js';
import {answersWith} from '../_helpers/answers.js';
import {allThere, databaseSeen, nothingThere, serviceSeen} from '../_helpers/observation.js';

const answers = answersWith();
const dumped = answersWith({database: {start: 'dump', dump: '/srv/dumps/nrm.sql.gz'}});

const step = (steps: readonly PlannedStep[], id: StepId) => steps.find(step => step.id === id)!;
/** The changes a plan announces, by step; steps that are done are left out. */
const changesOf = (observation: Observation, given = answers) =>
	Object.fromEntries(
		planOf(given, observation)
			.filter(({done}) => !done)
			.map(({id, changes}) => [id, changes]),
	);
const withService = (name: string, seen: ReturnType<typeof serviceSeen>) =>
	allThere({services: {...allThere().services, [name]: seen}});

describe('a plan', () => {
	it('has the same steps in the same order, whatever was observed', () => {
		const order = ['preflight', 'files', 'pull', 'certificates', 'up', 'database', 'specify', 'gate', 'verify'];
		for (const observation of [nothingThere(), allThere()])
			expect(planOf(answers, observation).map(({id}) => id)).toEqual(order);
	});

	it('of a first install does everything', () => {
		const steps = planOf(answers, nothingThere());
		expect(steps.every(({done}) => !done)).toBe(true);
		expect(isDone(steps)).toBe(false);
		expect(step(steps, 'files').changes).toContain('write compose.yaml');
		expect(step(steps, 'pull').changes).toEqual([
			'fetch caddy:2.11',
			'fetch mariadb:11.8',
			'fetch redis:8.0',
			'fetch specifyconsortium/specify-asset-service:latest',
			'fetch specifyconsortium/report-runner:latest',
			'fetch specifyconsortium/specify7-service:v7.12.0.7',
		]);
		expect(step(steps, 'certificates').changes).toEqual([
			'start proxy',
			'make a certificate authority of its own and export its root',
		]);
		expect(step(steps, 'up').changes).toEqual(['start db', 'start redis', 'start media', 'start report']);
		expect(step(steps, 'database').changes).toEqual([
			'prepare the database server; Specify will make the database specify itself',
		]);
		expect(step(steps, 'specify').changes).toEqual(['start specify7', 'start worker']);
	});

	it('of an installation that is as the answers say does nothing, not even checks', () => {
		const steps = planOf(answers, allThere());
		expect(isDone(steps)).toBe(true);
		expect(steps.flatMap(({changes}) => changes)).toEqual([]);
	});

	it('checks the machine and the result as soon as anything changes', () => {
		const changes = changesOf(allThere({authorities: false}));
		expect(Object.keys(changes)).toEqual(['preflight', 'certificates', 'verify']);
	});
});

describe('one difference brings one change', () => {
	it.each<[what: string, observation: Observation, changes: Record<string, string[]>]>([
		['an image is missing', allThere({images: {...allThere().images, redis: false}}), {pull: ['fetch redis:8.0']}],
		[
			'an image that two services share is missing',
			allThere({images: {...allThere().images, specify7: false, worker: false}}),
			{pull: ['fetch specifyconsortium/specify7-service:v7.12.0.7']},
		],
		['a file is missing', allThere({files: {...allThere().files, '.env': 'missing'}}), {files: ['write .env']}],
		[
			'a file is another one',
			allThere({files: {...allThere().files, 'compose.yaml': 'different'}}),
			{files: ['rewrite compose.yaml']},
		],
		[
			'a file was edited by hand',
			allThere({files: {...allThere().files, 'proxy/Caddyfile': 'edited'}}),
			{
				files: ['rewrite (your edits are kept as a copy) proxy/Caddyfile'],
				certificates: ['let the proxy load its configuration'],
			},
		],
		[
			'.env was edited by hand',
			allThere({files: {...allThere().files, '.env': 'edited'}}),
			{files: ['rewrite .env (values you edited are taken over; your version is kept as a copy)']},
		],
		[
			'the proxy was not told of its configuration',
			allThere({proxy: {...allThere().proxy, loaded: false}}),
			{certificates: ['let the proxy load its configuration']},
		],
		[
			'the ways to the certificates are others',
			allThere({proxy: {...allThere().proxy, certificates: 'other'}}),
			{certificates: ['let the proxy load its configuration']},
		],
		[
			'Specify 7 has users and the gate is closed',
			allThere({proxy: {...allThere().proxy, gate: 'closed'}}),
			{gate: ['open Specify 7 to visitors: it has users']},
		],
		[
			'Specify 7 has no user and the gate is open',
			allThere({database: databaseSeen({users: 0})}),
			{gate: ['put a password before Specify 7, which has no user']},
		],
		['a service is gone', withService('media', serviceSeen({state: 'missing'})), {up: ['start media']}],
		[
			'a service is not healthy',
			withService('db', serviceSeen({state: 'unhealthy'})),
			{up: ['wait for db, which is unhealthy']},
		],
		[
			'the settings of a service changed',
			withService('worker', serviceSeen({current: false})),
			{specify: ['start worker again, where its settings changed']},
		],
		[
			'the settings of the proxy changed',
			withService('proxy', serviceSeen({current: false})),
			{certificates: ['start proxy again, where its settings changed']},
		],
		[
			'the exported authority is missing',
			allThere({authorities: false}),
			{certificates: ['make a certificate authority of its own and export its root']},
		],
		[
			'the database could not be asked',
			allThere({database: null}),
			{
				database: ['look whether the database is as it should be'],
				gate: ['look whether Specify has its first user'],
			},
		],
	])('%s', (_, observation, changes) => {
		const {preflight, verify, ...rest} = changesOf(observation);
		expect(rest).toEqual(changes);
		expect(preflight).toEqual([]);
		expect(verify).toEqual([]);
	});
});

describe('a service that has ended', () => {
	it('is started, not waited for', () => {
		const [change] = changesOf(withService('redis', serviceSeen({state: 'exited'}))).up!;
		expect(change).toMatch(/^start redis/);
	});
});

describe('the database', () => {
	const databaseChanges = (observation: Observation, given = answers) =>
		step(planOf(given, observation), 'database').changes;

	it('is loaded from the dump when there is none', () => {
		expect(databaseChanges(nothingThere(), dumped)).toEqual(['load nrm.sql.gz into the database specify']);
		expect(step(planOf(dumped, nothingThere()), 'database').title).toBe('Load the database');
	});

	it('is kept when its start was finished, from a dump or empty', () => {
		const finished = databaseSeen({
			start: {kind: 'dump', source: '/srv/dumps/nrm.sql.gz', begunAt: 0, finished: true},
		});
		expect(databaseChanges(allThere({database: finished}), dumped)).toEqual([]);
		expect(databaseChanges(allThere(), answersWith())).toEqual([]);
	});

	it('that was loaded from another dump, or begun empty, is not loaded over', () => {
		const finished = databaseSeen({start: {kind: 'dump', source: '/srv/dumps/old.sql', begunAt: 0, finished: true}});
		expect(databaseChanges(allThere({database: finished}), dumped)).toEqual([expect.stringContaining('refuse')]);
		expect(databaseChanges(allThere(), dumped)).toEqual([expect.stringContaining('refuse')]);
	});

	it('whose users do not have the passwords of .env is brought in line', () => {
		expect(databaseChanges(allThere({accounts: false}), answersWith())).toEqual([
			"bring the database's users in line with .env",
		]);
	});

	it('that holds tables nobody recorded is kept', () => {
		expect(databaseChanges(allThere({database: databaseSeen({start: null})}), dumped)).toEqual([]);
	});

	it('whose load was interrupted is loaded afresh, and the plan says why', () => {
		const interrupted = databaseSeen({
			start: {kind: 'dump', source: '/srv/dumps/nrm.sql.gz', begunAt: Date.now(), finished: false},
		});
		expect(databaseChanges(allThere({database: interrupted}), dumped)).toEqual([
			'load nrm.sql.gz into the database specify afresh, because an earlier start was interrupted',
		]);
	});

	it('whose empty start is under way is left to Specify', () => {
		const begun = databaseSeen({
			tables: 12,
			users: 0,
			start: {kind: 'empty', source: null, begunAt: 0, finished: false},
		});
		expect(databaseChanges(allThere({database: begun}))).toEqual([]);
	});

	it('whose data are there but cannot be asked is not announced to be loaded', () => {
		// What "docker compose down" leaves: volumes without containers.
		const {services: _, ...down} = allThere({database: null}, dumped);
		const changes = databaseChanges({...down, services: {}}, dumped);
		expect(changes).toEqual(['look whether the database is as it should be']);
	});
});

describe('the certificates', () => {
	const planned = (given: Parameters<typeof answersWith>[0], over: Partial<Observation> = {}) => {
		const wanted = answersWith({domain: 'nrm.org', ...given});
		return step(planOf(wanted, allThere(over, wanted)), 'certificates').changes;
	};
	const other = {proxy: {gate: 'open', certificates: 'other', loaded: false}} as const;
	const names = 'specify7.nrm.org, media.nrm.org, nrm.org';
	const directory = 'https://acme.ca.example/directory';
	const own = {certificate: '/etc/ssl/a.crt', key: '/etc/ssl/a.key'};

	it.each<[what: string, given: Parameters<typeof answersWith>[0], over: Partial<Observation>, changes: string[]]>([
		[
			"of Let's Encrypt are asked for in its test environment first",
			{certificates: 'letsencrypt'},
			other,
			[
				`ask acme-staging-v02.api.letsencrypt.org whether it would issue for ${names}`,
				`let acme-v02.api.letsencrypt.org issue certificates for ${names}`,
			],
		],
		[
			'of the test environment are asked for once',
			{certificates: 'letsencrypt-staging'},
			other,
			[`let acme-staging-v02.api.letsencrypt.org issue certificates for ${names}`],
		],
		[
			'of another authority are asked for there, and nowhere else',
			{certificates: 'letsencrypt', acme: {directory}},
			other,
			[`let acme.ca.example issue certificates for ${names}`],
		],
		[
			"of one's own are taken from their file, and whom they need is trusted",
			{certificates: 'own', own},
			{...other, authorities: false},
			['take the certificate in /etc/ssl/a.crt', 'write down which authorities Specify trusts'],
		],
		[
			'of another web server are no matter of ours, but the authority between the two is',
			{proxy: 'behind'},
			{...other, authorities: false},
			['write down which authorities Specify trusts'],
		],
		['that are there already are left alone', {certificates: 'letsencrypt'}, {}, []],
	])('%s', (_, given, over, changes) => {
		expect(planned(given, over)).toEqual(changes);
	});
});

describe('the gate', () => {
	const planned = (given: Parameters<typeof answersWith>[0], over: Partial<Observation>) => {
		const wanted = answersWith(given);
		return step(planOf(wanted, allThere(over, wanted)), 'gate').changes;
	};
	const gateIs = (gate: Observation['proxy']['gate']) => ({gate, certificates: 'final', loaded: true}) as const;
	const institution = {
		name: 'Museum',
		code: 'M',
		division: 'Zoology',
		discipline: {type: 'fish' as const, name: 'Fishes'},
		collection: {name: 'Fishes', code: 'F'},
		administrator: {name: 'ada', lastname: 'Lovelace'},
	};
	const opens = ['open Specify 7 to visitors once it has its first user'];

	it.each<[what: string, given: Parameters<typeof answersWith>[0], over: Partial<Observation>, changes: string[]]>([
		['is closed at first', {}, nothingThere(), ['put a password before Specify 7 until it has its first user']],
		['opens at the end of a run that makes a user', {institution}, nothingThere(), opens],
		['opens at the end of a run that loads users', {database: {start: 'dump', dump: '/a.sql'}}, nothingThere(), opens],
		['stays closed while there is no user', {}, {proxy: gateIs('closed'), database: databaseSeen({users: 0})}, []],
		[
			'opens when somebody has gone through the guided set-up',
			{},
			{proxy: gateIs('closed'), database: databaseSeen({users: 1})},
			['open Specify 7 to visitors: it has users'],
		],
		[
			'closes when the users are gone',
			{},
			{proxy: gateIs('open'), database: databaseSeen({users: 0})},
			['put a password before Specify 7, which has no user'],
		],
		[
			'closes before Specify begins anew where a dump was loaded in half',
			{},
			{
				proxy: gateIs('open'),
				services: {},
				database: databaseSeen({
					users: 5,
					start: {kind: 'dump', source: '/a.sql', begunAt: Date.parse('2026-08-01T09:00:00Z'), finished: false},
				}),
			},
			['put a password before Specify 7, which has no user'],
		],
		[
			'has nothing left to do behind a whole dump that has no users',
			{database: {start: 'dump', dump: '/a.sql'}},
			{
				proxy: gateIs('closed'),
				database: databaseSeen({users: 0, start: {kind: 'dump', source: '/a.sql', begunAt: 1, finished: true}}),
			},
			[],
		],
		[
			'stays as it is while users cannot be counted',
			{},
			{proxy: gateIs('open'), database: databaseSeen({users: null})},
			[],
		],
		[
			'is looked at again while the database cannot be asked',
			{institution},
			{proxy: gateIs('open'), database: null},
			['look whether Specify has its first user'],
		],
	])('%s', (_, given, over, changes) => {
		expect(planned(given, over)).toEqual(changes);
	});
});
