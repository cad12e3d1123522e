import {describe, expect, it} from 'vitest';
import {
	type DatabaseFacts,
	type Finding,
	type Judgement,
	judgeAssetClock,
	judgeCertificate,
	judgeCharacters,
	judgeContent,
	judgeDrift,
	judgeFiles,
	judgeGate,
	judgeImages,
	judgeLastRun,
	judgeLock,
	judgeLogins,
	judgeModes,
	judgeName,
	judgePacket,
	judgePreflight,
	judgeProxyLoaded,
	judgeQueue,
	judgeRedis,
	judgeRedisAlone,
	judgeRights,
	judgeSecrets,
	judgeServer,
	judgeService,
	judgeUse,
	judgeVersionOfContent,
	neededTables,
	placed,
	problems,
	reportLines,
	reportOf,
} from '../../source/model/doctor.js';
import type {Difference} from '../../source/model/drift.js';
import {isUnfinished} from '../../source/model/last-run.js';
import type {NameJudgement} from '../../source/model/names.js';
import {databaseSeen, GiB, serviceSeen} from '../_helpers/observation.js';

const now = Date.parse('2026-08-01T12:00:00Z');
const inDays = (days: number) => new Date(now + days * 86_400_000).toISOString();
const about = {tool: '0.1.0', at: '2026-08-01T12:00:00Z', directory: '/opt/specify', installed: true, notLookedAt: []};
const finding = (over: Partial<Judgement> & {group?: Finding['group']} = {}): Finding => {
	const {group = 'data', ...judgement} = over;
	return placed(group, {name: 'passwords', result: 'ok', detail: 'as they should be', remedy: '', ...judgement});
};
/** Whoever is told of a trouble is told what to do, and whoever is not has nothing to do. */
const expectRemedy = ({result, remedy}: Judgement) => {
	if (result === 'ok') expect(remedy).toBe('');
	else expect(remedy).toMatch(/\.$|chmod \d+ \S+$|\)$/);
};

describe('permissions', () => {
	const seen = (mode: number | null, wanted = 0o600) => judgeModes([{path: '.env', mode, wanted}]);

	it.each([0o644, 0o640, 0o604, 0o620, 0o700])('%s on a file for its owner alone is bad', mode => {
		expect(seen(mode)).toMatchObject({result: 'bad', fix: 'modes', remedy: expect.stringContaining('chmod 0600 .env')});
	});

	it('stricter ones are worth a word, and nothing is said of a file that is not there', () => {
		expect(seen(0o400)).toMatchObject({result: 'advice', fix: 'modes'});
		expect(seen(0o600).result).toBe('ok');
		expect(seen(null).result).toBe('ok');
	});
});

describe('secrets', () => {
	const whole = {environment: true, copy: true, missing: [], odd: []};

	it('are restored from their copy alone', () => {
		expect(judgeSecrets(whole).result).toBe('ok');
		expect(judgeSecrets({...whole, environment: false})).toMatchObject({result: 'bad', fix: 'environment'});
		expect(judgeSecrets({...whole, environment: false, copy: false})).not.toHaveProperty('fix');
		expect(judgeSecrets({...whole, missing: ['SETUP_PASSWORD']})).toMatchObject({result: 'advice'});
	});

	it('must hold letters and digits only', () => {
		expect(judgeCharacters(whole).result).toBe('ok');
		expect(judgeCharacters({odd: ['MASTER_PASSWORD']})).toMatchObject({
			result: 'bad',
			detail: expect.stringContaining('MASTER_PASSWORD'),
		});
	});
});

describe('generated files', () => {
	it('are bad when one is missing, and worth a word when one has changed', () => {
		const none = new Set<string>();
		expect(judgeFiles({'compose.yaml': 'same'}, none).result).toBe('ok');
		expect(judgeFiles({'compose.yaml': 'missing'}, none).result).toBe('bad');
		const edited = judgeFiles({'compose.yaml': 'edited', 'proxy/Caddyfile': 'different'}, none);
		expect(edited.result).toBe('advice');
		expect(edited.detail).toBe('edited by hand: compose.yaml; not as specify.yaml says: proxy/Caddyfile');
		expect(edited.remedy).toContain('keeps a copy of your edits');
	});

	it('that stay as edited are told, with how to take the new one', () => {
		const files = {'compose.yaml': 'same', 'proxy/Caddyfile': 'same'} as const;
		const judged = judgeFiles(files, new Set(), {'compose.yaml': 'kept', 'proxy/Caddyfile': 'behind'});
		expect(judged.result).toBe('advice');
		expect(judged.detail).toMatch(
			/^2 files, kept as edited by hand: compose\.yaml; kept .* changed in it since: proxy/,
		);
		expect(judged.remedy).toContain('--take compose.yaml --take proxy/Caddyfile');
		const missing = judgeFiles({...files, 'compose.yaml': 'missing'}, new Set(), {'proxy/Caddyfile': 'kept'});
		expect(missing.result).toBe('bad');
		expect(missing.detail).toContain('kept as edited by hand: proxy/Caddyfile');
	});

	it('leave permissions and a lost .env to their own checks', () => {
		expect(judgeFiles({'.env': 'different'}, new Set(['.env'])).result).toBe('ok');
		expect(judgeFiles({'.env': 'missing'}, new Set()).result).toBe('ok');
	});
});

describe('runs', () => {
	const last = (outcome: string) => ({run: 'r', at: '2026-08-01T10:00:00Z', outcome, message: null});

	it('a dead one leaves its lock, a live one explains what is seen', () => {
		expect(judgeLock(null).result).toBe('ok');
		expect(judgeLock({run: 'r', alive: false})).toMatchObject({result: 'advice', fix: 'lock'});
		expect(judgeLock({run: 'r', alive: true})).not.toHaveProperty('fix');
		expect(judgeLock({run: 'r', alive: true}).remedy).toContain('attach');
		const renewal = judgeLock({run: 'r', work: 'certs renew', alive: true});
		expect(renewal.detail).toContain('"specify-setup certs renew"');
		expect(renewal.remedy).not.toContain('attach');
	});

	it('one that did not finish is bad as long as something is left to do', () => {
		const judged = (outcome: string, planDone: boolean | null) =>
			judgeLastRun(last(outcome), {underWay: false, planDone}).result;
		expect([judged('done', true), judged('unchanged', null)]).toEqual(['ok', 'ok']);
		expect([judged('failed', false), judged('cancelled', null)]).toEqual(['bad', 'bad']);
		expect(judged('interrupted', true)).toBe('advice');
		expect(judgeLastRun(last('failed'), {underWay: true, planDone: false}).result).toBe('ok');
		expect(judgeLastRun(null, {underWay: false, planDone: true}).result).toBe('advice');
		expect([last('done'), last('failed'), null].map(isUnfinished)).toEqual([false, true, false]);
	});
});

describe('what differs', () => {
	const judged = (kinds: Difference['kind'][], changes: string[] = [], isRecorded = true) =>
		judgeDrift(
			kinds.map(kind => ({kind, what: `about ${kind}`, remedy: `mend ${kind}`})),
			{isRecorded, changes},
		);

	it('is in order when nothing does', () => {
		expect(judged([]).map(({result}) => result)).toEqual(Array(7).fill('ok'));
		expect(judged([], [], false)[0]).toMatchObject({result: 'ok', detail: 'what was installed is not recorded yet'});
	});

	it.each([
		['answers', 'answers'],
		['settings', 'settings of your own'],
		['secrets', 'changed secrets'],
		['folder', 'folder of the containers'],
		['containers', 'other containers'],
	] as const)('is advice with its remedy: %s', (kind, name) => {
		expect(judged([kind]).filter(({result}) => result !== 'ok')).toEqual([
			{name, result: 'advice', detail: `about ${kind}`, remedy: `mend ${kind}`},
		]);
	});

	it('is mended where containers were left that never ran', () => {
		expect(judged(['leftovers']).filter(({result}) => result !== 'ok')).toMatchObject([
			{name: 'unfinished containers', result: 'advice', fix: 'leftovers'},
		]);
	});

	it('leaves to other checks what they judge', () => {
		expect(judged(['files', 'services', 'gate', 'run']).every(({result}) => result === 'ok')).toBe(true);
	});

	it('tells what a reconfigure would do, and how much more', () => {
		const changes = Array.from({length: 8}, (_, index) => `change ${index}`);
		expect(judged([], changes).at(-1)).toMatchObject({
			name: 'reconfigure',
			result: 'advice',
			detail: 'would: change 0; change 1; change 2; change 3; change 4; change 5; 2 more',
		});
	});
});

describe('a service', () => {
	const usual = {comparable: true, unfinished: false};
	const judged = (over: Parameters<typeof serviceSeen>[0], circumstances = usual) =>
		judgeService('worker', serviceSeen(over), circumstances);

	it('that is stopped may be started, but not while a run waits to be continued', () => {
		for (const state of ['exited', 'created'] as const) {
			expect(judged({state})).toMatchObject({result: 'bad', fix: 'start'});
			expect(judged({state}, {...usual, unfinished: true})).not.toHaveProperty('fix');
		}
	});

	it('is bad without a container, ill, or when it does not stay up', () => {
		expect(judgeService('db', undefined, usual).result).toBe('bad');
		expect(judged({state: 'unhealthy', healthOutput: 'no answer\nmore'})).toMatchObject({
			result: 'bad',
			detail: 'runs, but does not pass its health check: no answer',
		});
		expect(judged({state: 'restarting', restarts: 7}).detail).toContain('7 times');
		expect(judged({state: 'starting'}).result).toBe('advice');
	});

	it('that crashed, or runs with earlier settings, is worth a word', () => {
		expect(judged({}).result).toBe('ok');
		expect(judged({restarts: 1})).toMatchObject({
			result: 'advice',
			detail: 'healthy; was started again once after a crash',
		});
		expect(judged({restarts: 3}).detail).toContain('3 times');
		expect(judged({current: false}).result).toBe('advice');
		expect(judged({current: false}, {...usual, comparable: false}).result).toBe('ok');
	});
});

describe('a certificate', () => {
	const shown = (from: number, to: number) => ({
		ok: true as const,
		issuer: 'Museum CA',
		validFrom: inDays(from),
		validTo: inDays(to),
	});
	const judged = (to: number, renewed: boolean, from = -76) =>
		judgeCertificate('specify7.museum.example', shown(from, to), {renewed, now}).result;

	it('that nobody renews is told 14 days before its end, and is bad 3 days before', () => {
		expect([judged(15, false), judged(13.5, false), judged(2.9, false)]).toEqual(['ok', 'advice', 'bad']);
	});

	it('that renews itself is told only when it should have done so', () => {
		expect([judged(14, true), judged(25, true)]).toEqual(['advice', 'ok']);
		// The proxy's own live twelve hours and are renewed after eight.
		expect([judged(0.3, true, -0.2), judged(0.05, true, -0.45)]).toEqual(['ok', 'advice']);
	});

	it('that does not verify is bad', () => {
		const judgement = judgeCertificate(
			'a.example',
			{ok: false, reason: 'certificate has expired'},
			{renewed: true, now},
		);
		expect(judgement).toMatchObject({result: 'bad', name: 'certificate of a.example'});
		expect(judgement.detail).toContain('certificate has expired');
	});
});

describe('a host name', () => {
	const name = (verdict: NameJudgement['verdict']): NameJudgement => ({
		name: 'specify7.museum.example',
		state: 'elsewhere',
		verdict,
		addresses: [],
		aliases: [],
		explanation: 'leads to 192.0.2.7.',
	});

	it('that leads elsewhere is bad where everybody should find it', () => {
		expect(judgeName(name('wrong'), ['Correct the record.'], true)).toMatchObject({
			result: 'bad',
			remedy: 'Correct the record.',
		});
		expect(judgeName(name('wrong'), [], false).result).toBe('advice');
		expect(judgeName(name('uncertain'), [], true).result).toBe('advice');
		expect(judgeName(name('fine'), [], true).result).toBe('ok');
	});
});

describe('the database', () => {
	const facts: DatabaseFacts = {
		version: '11.8.6-MariaDB-ubu2404',
		largestPacket: GiB,
		tables: neededTables,
		specify: {app: '6.8.03', schema: '2.10'},
		bytes: 12_345_678,
		privileges: {
			migrator: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES'],
			specify: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE'],
		},
	};

	it('must be a MariaDB that is not too old', () => {
		const judged = (version: string) => judgeServer({...facts, version}).result;
		expect(['11.8.6-MariaDB', '10.11.2-MariaDB-log', '12.1.0-MariaDB'].map(judged)).toEqual(['ok', 'ok', 'ok']);
		expect(['8.0.36', '5.7.44-log', '10.6.18-MariaDB'].map(judged)).toEqual(['bad', 'bad', 'bad']);
	});

	it('must take the largest rows', () => {
		expect(judgePacket(facts).result).toBe('ok');
		expect(judgePacket({largestPacket: 16 * 2 ** 20})).toMatchObject({result: 'bad'});
	});

	it('must not have been made empty, nor a load have been cut', () => {
		const judged = (over: Parameters<typeof databaseSeen>[0]) =>
			judgeContent(databaseSeen(over), 'specify', 1000).result;
		const start = {kind: 'dump' as const, source: '/dump.sql', begunAt: 0, finished: false};
		expect(judged({})).toBe('ok');
		expect(judged({tables: null})).toBe('advice');
		expect(judged({tables: 0})).toBe('bad');
		expect(judged({start, users: 0})).toBe('bad');
		expect(judged({start: {...start, kind: 'empty'}, users: 0})).toBe('advice');
		expect(judged({start, users: 3})).toBe('ok');
	});

	it('must hold the tables of a Specify that is new enough', () => {
		expect(judgeVersionOfContent(facts).result).toBe('ok');
		expect(judgeVersionOfContent({...facts, specify: {app: '6.7.04', schema: '2.7'}}).result).toBe('bad');
		expect(judgeVersionOfContent({...facts, tables: ['spversion']}).detail).toContain('specifyuser, collection');
		expect(judgeVersionOfContent({...facts, specify: null}).result).toBe('ok');
	});

	it('must give its accounts the rights they need', () => {
		const given = {database: 'specify', made: true};
		expect(judgeRights(facts, given).result).toBe('ok');
		const privileges = {...facts.privileges, migrator: ['SELECT', 'INSERT', 'UPDATE', 'DELETE']};
		expect(judgeRights({privileges}, given)).toMatchObject({
			result: 'bad',
			detail: 'migrator lacks CREATE, ALTER, DROP, INDEX, REFERENCES',
			remedy: expect.stringContaining("GRANT CREATE, ALTER, DROP, INDEX, REFERENCES ON `specify`.* TO 'migrator'@'%';"),
		});
		expect(judgeRights({privileges: {}}, given).result).toBe('bad');
		expect(judgeRights({privileges: {}}, {...given, made: false}).result).toBe('ok');
	});

	it('must know the passwords of .env', () => {
		expect(judgeLogins([], true).result).toBe('ok');
		expect(judgeLogins([], false).result).toBe('advice');
		// A run would not bring in line what is recorded as being so.
		expect(judgeLogins(['migrator'], true).remedy).toContain('.specify-setup/accounts');
		expect(judgeLogins(['migrator'], false).remedy).toMatch(/^Run "specify-setup install/);
		expect(judgeLogins(['migrator'], true)).toMatchObject({result: 'bad', detail: expect.stringContaining('1045')});
	});
});

describe('Redis and the worker', () => {
	const info = (over: Record<string, string> = {}) =>
		Object.entries({
			loading: '0',
			rdb_last_bgsave_status: 'ok',
			aof_enabled: '1',
			aof_last_bgrewrite_status: 'ok',
			aof_last_write_status: 'ok',
			...over,
		})
			.map(([key, value]) => `${key}:${value}\r\n`)
			.join('');

	it('Redis must write what it is told', () => {
		expect(judgeRedis(info()).result).toBe('ok');
		expect(judgeRedis(info({aof_enabled: '0'})).result).toBe('bad');
		expect(judgeRedis(info({aof_last_write_status: 'err'})).detail).toContain('aof_last_write_status');
		expect(judgeRedis('-NOAUTH').result).toBe('bad');
	});

	it('Redis must serve one instance alone', () => {
		expect(judgeRedisAlone([]).result).toBe('ok');
		expect(judgeRedisAlone(['other-worker-1']).detail).toContain('other-worker-1');
	});

	it('the worker must wait where Specify 7 sends', () => {
		expect(judgeQueue(['specify'], 'specify').result).toBe('ok');
		expect(judgeQueue(['celery'], 'specify')).toMatchObject({result: 'bad', detail: expect.stringContaining('celery')});
		expect(judgeQueue(null, 'specify').result).toBe('bad');
	});
});

describe('what people meet', () => {
	it('the gate must be open when there are users, and closed when there are none', () => {
		const judged = (gate: 'open' | 'closed' | 'missing', users: number | null) =>
			judgeGate(gate, databaseSeen({users}));
		expect([judged('open', 3), judged('closed', 0), judged('closed', null)].map(({result}) => result)).toEqual([
			...['ok', 'ok', 'ok'],
		]);
		expect(judged('closed', 1)).toMatchObject({result: 'bad', fix: 'gate'});
		expect(judged('open', 0)).toMatchObject({result: 'bad'});
		expect(judged('open', 0)).not.toHaveProperty('fix');
		expect(judged('missing', 1).result).toBe('bad');
	});

	it('clocks may differ by 150 seconds', () => {
		const judged = (seconds: number) => judgeAssetClock(seconds * 1000).result;
		expect([0, 149, -149, 151, -151].map(judged)).toEqual(['ok', 'ok', 'ok', 'bad', 'bad']);
		expect(judgeAssetClock(-151_000).detail).toContain("ahead of Specify's");
		expect(judgeAssetClock(null).result).toBe('advice');
	});

	it('every check of the running system has a remedy of its own, and an unknown one has a general one', () => {
		expect(judgeUse('worker', 'no answer', false).remedy).toContain('restart worker');
		expect(judgeUse('something new', 'no answer', false).remedy).toMatch(/install --yes/);
		expect(judgeUse('worker', 'answered', true)).toMatchObject({result: 'ok', remedy: ''});
	});

	it('what refuses an installation is bad', () => {
		const check = {name: 'disk', result: 'refused' as const, detail: '1 GB free', hint: 'Free some.'};
		expect(judgePreflight(check)).toMatchObject({result: 'bad', remedy: 'Free some.'});
		expect(judgePreflight({...check, result: 'advice'}).result).toBe('advice');
	});

	it('images and the proxy are as they were recorded', () => {
		expect(judgeImages({db: true, redis: true}).result).toBe('ok');
		expect(judgeImages({db: false, redis: true})).toMatchObject({result: 'bad', detail: expect.stringContaining('db')});
		expect(judgeProxyLoaded(false)).toMatchObject({result: 'advice', fix: 'proxy'});
		expect(judgeProxyLoaded(true).result).toBe('ok');
	});
});

describe('the report', () => {
	it('says of all that is not well what to do', () => {
		for (const judgement of [
			judgeModes([{path: '.env', mode: 0o644, wanted: 0o600}]),
			judgeSecrets({environment: false, copy: false, missing: [], odd: []}),
			judgeFiles({'compose.yaml': 'edited'}, new Set()),
			judgeLock({run: 'r', alive: true}),
			judgeLastRun(null, {underWay: false, planDone: null}),
			judgeService('db', undefined, {comparable: true, unfinished: false}),
			judgeRedis(''),
			judgeRedis('aof_enabled:0'),
			judgeQueue(null, 'specify'),
			judgeGate('open', databaseSeen({users: 0})),
			judgeGate('open', databaseSeen({users: 1})),
			judgeAssetClock(null),
			judgeLogins(['master'], false),
		])
			expectRemedy(judgement);
	});

	it('has stable ids: group and name', () => {
		expect(finding({name: 'Redis of its own'}).id).toBe('data.redis-of-its-own');
		expect(finding({group: 'names', name: 'DNS of a.example'}).id).toBe('names.dns-of-a.example');
	});

	it('is as bad as its worst finding', () => {
		const result = (...results: Judgement['result'][]) =>
			reportOf(
				about,
				results.map(one => finding({result: one})),
			).result;
		expect([result('ok'), result('ok', 'advice'), result('advice', 'bad', 'ok')]).toEqual(['ok', 'advice', 'bad']);
		expect(reportOf(about, [finding(), finding({result: 'bad'})]).counts).toEqual({ok: 1, advice: 0, bad: 1});
	});

	it('names each of the fifteen problems, and does not call well what was not looked at', () => {
		expect(problems).toHaveLength(15);
		const {problems: seen} = reportOf(about, [
			finding({result: 'ok'}),
			finding({group: 'use', name: 'login form', result: 'bad'}),
		]);
		expect(seen[8]).toEqual({
			number: 9,
			title: 'passwords that the database does not know (error 1045)',
			result: 'ok',
			checks: ['data.passwords'],
		});
		expect(seen[2]).toMatchObject({result: 'bad', checks: ['use.login-form']});
		expect(seen.filter(({result}) => result === null)).toHaveLength(13);
		// A worker that seems to run is no proof that it works.
		const worker = finding({group: 'services', name: 'worker'});
		expect(reportOf(about, [worker]).problems[9]).toMatchObject({result: null, checks: ['services.worker']});
		expect(reportOf(about, [{...worker, result: 'bad'}]).problems[9]!.result).toBe('bad');
	});

	it('is read without colours and in ASCII: a word beside every symbol, a remedy below what is bad, counts at the end', () => {
		const report = reportOf(
			{...about, notLookedAt: ['passwords: db does not run']},
			[
				finding({group: 'machine', name: 'disk', detail: '80 GB free'}),
				finding({result: 'bad', detail: 'wrong', remedy: 'Run something.', fix: 'modes'}),
			],
			[
				{fix: 'start', done: true, detail: 'db'},
				{fix: 'gate', done: false, detail: 'no answer'},
			],
		);
		const lines = reportLines(report, {tick: '+', cross: 'x', warning: '!'});
		expect(lines.slice(0, 12)).toEqual([
			'Specify in /opt/specify',
			'  Mended: start the services that are stopped: db',
			'  NOT mended: open Specify 7 to visitors: no answer',
			'',
			'This machine',
			'  + ok     disk: 80 GB free',
			'',
			'Database and Redis',
			'  x BAD    passwords: wrong',
			'           Run something.',
			'',
			'What goes wrong most with Specify',
		]);
		expect(lines).toContain('  x BAD  9. passwords that the database does not know (error 1045)');
		expect(lines).toContain('Not looked at: passwords: db does not run');
		expect(lines.at(-1)).toBe(
			'2 checks: 1 ok, 0 advice, 1 bad. "specify-setup doctor --fix" mends what can be mended safely.',
		);
		expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
	});
});
