import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {diagnose} from '../../source/doctor/doctor.js';
import {SetupError} from '../../source/errors.js';
import {openGate} from '../../source/files/proxy-private.js';
import {JournalWriter, journalPath} from '../../source/run/journal.js';
import {lock} from '../../source/run/lock.js';
import type {Context} from '../../source/steps/context.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {finished, started} from '../_helpers/events.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {allThere, databaseSeen, knownSecrets, nothingThere, serviceSeen} from '../_helpers/observation.js';

const {fresh} = temporaryFolder();
/** Ports where nothing answers. */
const answers = offlineAnswers({ports: {http: 1, https: 2}});
const databaseRows = [
	'version\t11.8.6-MariaDB',
	'packet\t1073741824',
	'bytes\t1000000',
	...['spversion', 'specifyuser', 'collection'].map(table => `table\t${table}`),
	...['migrator', 'specify'].flatMap(account =>
		[
			...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES'],
			...['CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE'],
		].map(right => `right\t'${account}'@'%'\t${right}\tspecify`),
	),
	'specify\t6.8.03\t2.10',
].join('\n');

/** An installation in memory, all well but for its pages, which nobody serves; its folder is real for lock and journals. */
const installation = async (over: Parameters<typeof allThere>[0] = {}) => {
	const directory = fresh();
	const context = contextWith({directory, answers, observation: allThere(over, answers)});
	const {host} = context;
	for (const {path, text, mode} of context.files) await host.write(join(directory, path), text, mode);
	for (const [folder, mode] of [
		['.specify-setup', 0o700],
		['backups', 0o700],
	] as const)
		host.folders.set(join(directory, folder), mode);
	host.on('@@version', {stdout: databaseRows});
	host.on('INFO persistence', {stdout: 'aof_enabled:1\naof_last_write_status:ok\n'});
	host.on('active_queues', {stdout: '{"celery@1": [{"name": "specify"}]}'});
	host.on('X-Timestamp', {stdout: `${Date.now() / 1000} ${Math.floor(Date.now() / 1000)}\n`});
	host.on('docker ps', {stdout: 'specify\tspecify-redis-1\n'});
	mkdirSync(directory);
	const journal = await JournalWriter.create(journalPath(directory, '20260801T100000-abcd'), []);
	journal.append(started());
	journal.append(finished());
	journal.close();
	return context;
};

type Fake = Awaited<ReturnType<typeof installation>>;

const examine = (context: Fake, over: Partial<Parameters<typeof diagnose>[0]> = {}) =>
	diagnose({
		host: context.host,
		directory: context.directory,
		open: async () => context,
		installed: true,
		signal: context.signal,
		tool: '0.1.0',
		...over,
	});

const named = (report: Awaited<ReturnType<typeof diagnose>>, id: string) =>
	report.checks.find(check => check.id === id);
const troubles = (report: Awaited<ReturnType<typeof diagnose>>) =>
	report.checks.filter(({result, group}) => result !== 'ok' && group !== 'use' && group !== 'names').map(({id}) => id);
/** No registry answers these tests, whose clock this machine's could be compared with. */
const unknownClock = 'machine.clock';

describe('the doctor', () => {
	it('looks at everything and changes nothing', async () => {
		const context = await installation();
		const before = structuredClone([...context.host.files]);
		const report = await examine(context);
		expect(troubles(report)).toEqual([unknownClock]);
		expect(named(report, unknownClock)).toMatchObject({result: 'advice', remedy: expect.stringContaining('"date"')});
		expect(report.checks.length).toBeGreaterThan(40);
		expect(new Set(report.checks.map(({group}) => group)).size).toBe(6);
		expect(new Set(report.checks.map(({id}) => id)).size).toBe(report.checks.length);
		expect([...context.host.files]).toEqual(before);
		expect(context.host.ran(/ (up|start|stop|restart|rm|reload|kill) /)).toEqual([]);
		expect(report.fixed).toEqual([]);
		expect(existsSync(join(context.directory, '.specify-setup', 'lock'))).toBe(false);
	});

	it('tells pages that do not answer, each with a remedy', async () => {
		const report = await examine(await installation());
		const bad = report.checks.filter(({group, result}) => group === 'use' && result === 'bad');
		expect(bad.map(({id}) => id)).toContain('use.login-form');
		expect(bad.every(({detail, remedy}) => detail !== '' && remedy !== '')).toBe(true);
		expect(named(report, 'use.login-form')!.detail).toContain('ECONNREFUSED');
		expect(named(report, 'use.closed-attachments')).toBeUndefined();
		expect(report.result).toBe('bad');
	});

	it('holds what is named in the report of each of the fifteen problems', async () => {
		const report = await examine(await installation());
		expect(report.problems.map(({number}) => number)).toEqual(Array.from({length: 15}, (_, index) => index + 1));
		expect(report.problems.filter(({checks}) => checks.length === 0)).toEqual([]);
		expect(report.problems.filter(({result}) => result === null)).toEqual([]);
	});

	it('finds permissions, a dead lock, a run that did not finish, and passwords the database does not know', async () => {
		const context = await installation({proxy: {gate: 'closed', certificates: 'final', loaded: false}});
		const {host, directory} = context;
		await host.setMode(join(directory, '.env'), 0o644);
		await host.write(join(directory, '.specify-setup', 'lock'), '{"pid": 1, "began": "0", "run": "gone"}', 0o600);
		writeFileSync(journalPath(directory, '20260802T100000-abcd'), `${JSON.stringify({at: 1, ...started()})}\n`);
		host.on(/mariadb migrator /, {exitCode: 1, stderr: 'ERROR 1045 (28000): Access denied'});
		const report = await examine(context);
		expect(troubles(report)).toEqual([
			unknownClock,
			'folder.permissions',
			'folder.lock',
			'folder.last-run',
			'folder.reconfigure',
			'data.passwords',
		]);
		expect(named(report, 'data.passwords')!.detail).toContain('migrator');
		expect(named(report, 'use.gate')).toMatchObject({result: 'bad', fix: 'gate'});
		expect(named(report, 'use.proxy-configuration')).toMatchObject({result: 'advice', fix: 'proxy'});
	});

	it('asks no service that does not run, and says so', async () => {
		const services = {...allThere({}, answers).services, db: serviceSeen({state: 'exited', container: 'id-of-db'})};
		const context = await installation({services, database: null});
		const report = await examine(context);
		expect(named(report, 'services.db')).toMatchObject({result: 'bad', fix: 'start'});
		expect(report.notLookedAt).toEqual(['the database, passwords: db does not run']);
		expect(context.host.ran('mariadb')).toEqual([]);
		expect(report.problems[14]).toMatchObject({result: null});
	});

	it.each([null, '# mine\n'])('finds lost answers, and brings back those that were installed last: %j', async text => {
		const context = await installation();
		const {host, directory} = context;
		const path = join(directory, 'specify.yaml');
		const kept = join(directory, '.specify-setup/answers/2026-08-01T10-00-00-000Z.yaml');
		const whole = (await host.read(path))!;
		await host.write(kept, whole, 0o600);
		await host.remove(path);
		if (text !== null) await host.write(path, text, 0o644);
		const open = async () => {
			expect(await host.read(path), 'opened without its answers').toBe(whole);
			return context;
		};
		const report = await examine(context, {open});
		expect(named(report, 'folder.answers')).toMatchObject({
			result: 'bad',
			detail: expect.stringContaining(`specify.yaml is ${text === null ? 'missing' : 'empty'}.`),
			remedy: expect.stringContaining(kept),
			fix: 'answers',
		});
		const mended = await examine(context, {open, fix: true});
		expect(mended.fixed).toEqual([{fix: 'answers', done: true, detail: path}]);
		expect(host.files.get(path)).toEqual({text: whole, mode: 0o644});
		expect(named(mended, 'folder.answers')).toMatchObject({result: 'ok'});
		const saved = [...host.files].filter(([name]) => name.includes('/previous/'));
		expect(saved.map(([, file]) => file.text)).toEqual(text === null ? [] : [text]);
	});

	it('tells lost answers that nothing is kept of, and makes none up', async () => {
		const context = await installation();
		const {host, directory} = context;
		await host.remove(join(directory, 'specify.yaml'));
		const report = await examine(context, {fix: true});
		expect(named(report, 'folder.answers')).toMatchObject({result: 'bad', remedy: expect.stringContaining('copy')});
		expect(named(report, 'folder.answers')).not.toHaveProperty('fix');
		expect(report.fixed).toEqual([]);
		expect(await host.read(join(directory, 'specify.yaml'))).toBeNull();
	});

	it('looks at the folder alone when the installation cannot be opened', async () => {
		const context = await installation();
		const error = new SetupError('One answer is not right (specify.yaml):', {
			details: ['ports.http is no port'],
			hint: 'Correct it.',
		});
		const report = await examine(context, {open: () => Promise.reject(error)});
		expect(named(report, 'folder.installation')).toMatchObject({
			result: 'bad',
			detail: 'One answer is not right (specify.yaml): ports.http is no port',
			remedy: 'Correct it.',
		});
		expect(new Set(report.checks.map(({group}) => group))).toEqual(new Set(['folder']));
		expect(named(report, 'folder.permissions')!.result).toBe('ok');
		expect(report.notLookedAt).toHaveLength(1);
	});

	it('says what it could not look at because the engine does not answer', async () => {
		const engine = {reachable: false as const, reason: 'stopped' as const, detail: ''};
		const report = await examine(await installation({engine, services: {}, database: null}));
		expect(named(report, 'machine.docker-engine')).toMatchObject({
			result: 'bad',
			remedy: expect.stringContaining('systemctl'),
		});
		expect(named(report, 'folder.generated-files')!.result).toBe('ok');
		expect(report.checks.some(({group}) => group === 'services')).toBe(false);
		expect(report.notLookedAt).toEqual([expect.stringContaining('the Docker engine does not answer')]);
	});

	it('goes on when one of its checks fails', async () => {
		const context = await installation();
		context.host.on('INFO persistence', {exitCode: 1, stderr: 'Could not connect to Redis'});
		const report = await examine(context);
		expect(named(report, 'data.redis-keeps-its-data')).toMatchObject({
			result: 'bad',
			detail: 'could not be looked at: Could not connect to Redis',
		});
		expect(named(report, 'data.passwords')!.result).toBe('ok');
	});

	it('looks at the machine where nothing is installed', async () => {
		const context = await installation();
		const bare = {...context, observation: nothingThere({images: {}}, answers)};
		context.host.on('manifest inspect', {stdout: '{"layers": []}'});
		const report = await examine(context, {installed: false, open: async () => bare as Context});
		expect(new Set(report.checks.map(({group}) => group))).toEqual(new Set(['machine', 'names']));
		expect(report).toMatchObject({installed: false, result: 'advice', counts: {bad: 0}, problems: []});
		const poor = {...bare, observation: nothingThere({memory: 1, images: {}}, answers)};
		expect((await examine(context, {installed: false, open: async () => poor as Context})).result).toBe('bad');
	});

	it('tells no secret, whatever a service says', async () => {
		const healthOutput = `no login with ${knownSecrets.APP_USER_PASSWORD}`;
		const services = {...allThere({}, answers).services, specify7: serviceSeen({state: 'unhealthy', healthOutput})};
		const report = await examine(await installation({services}));
		expect(named(report, 'services.specify7')!.detail).toContain('no login with [secret]');
		expect(JSON.stringify(report)).not.toContain(knownSecrets.APP_USER_PASSWORD);
	});
});

describe('doctor --fix', () => {
	it('restores .env from its copy and sets permissions, then looks again', async () => {
		const context = await installation();
		const {host, directory} = context;
		host.files.delete(join(directory, '.env'));
		await host.setMode(join(directory, '.specify-setup'), 0o755);
		const report = await examine(context, {fix: true});
		expect(report.fixed).toEqual([
			{fix: 'environment', done: true, detail: join(directory, '.env')},
			{fix: 'modes', done: true, detail: '.specify-setup'},
		]);
		expect(host.files.get(join(directory, '.env'))).toEqual(
			host.files.get(join(directory, '.specify-setup/environment')),
		);
		expect(host.files.get(join(directory, '.env'))!.mode).toBe(0o600);
		expect(host.folders.get(join(directory, '.specify-setup'))).toBe(0o700);
		expect(troubles(report)).toEqual([unknownClock]);
		expect(existsSync(join(directory, '.specify-setup', 'lock'))).toBe(false);
	});

	const stopped = (state: 'exited' | 'created' = 'exited') => ({
		...allThere({}, answers).services,
		media: serviceSeen({state, container: 'id-of-media'}),
	});

	it('starts what is stopped, and nothing else', async () => {
		const context = await installation({services: stopped()});
		context.engine.service('media');
		context.engine.service('specify7');
		context.engine.service('worker');
		const report = await examine(context, {fix: true});
		expect(report.fixed).toEqual([{fix: 'start', done: true, detail: 'media'}]);
		expect(context.host.ran(/docker start/)).toEqual(['docker start id-of-media']);
	});

	it('removes a container that never took the place of another, also after a run that did not finish', async () => {
		const context = await installation();
		const id = '0123456789ab';
		context.engine.service('db', {}, {id, name: 'specify-db-1'});
		context.engine.service('db', {}, {id: 'new', name: `${id}_specify-db-1`, state: 'created'});
		context.host.on('docker rm', () => {
			context.engine.remove('new');
			return {};
		});
		expect(named(await examine(context), 'folder.unfinished-containers')).toMatchObject({fix: 'leftovers'});
		const report = await examine(context, {fix: true});
		expect(report.fixed).toEqual([{fix: 'leftovers', done: true, detail: `${id}_specify-db-1`}]);
		expect(context.host.ran('docker rm')).toEqual(['docker rm new']);
		expect(named(report, 'folder.unfinished-containers')!.result).toBe('ok');
	});

	it('starts nothing after a run that did not finish: it may be stopped on purpose', async () => {
		const context = await installation({services: stopped()});
		writeFileSync(journalPath(context.directory, '20260802T100000-abcd'), `${JSON.stringify({at: 1, ...started()})}\n`);
		const report = await examine(context, {fix: true});
		expect(context.host.ran(/docker start/)).toEqual([]);
		expect(report.fixed).toEqual([]);
		expect(named(report, 'services.media')!.remedy).toContain('install --yes');
	});

	it('starts database and proxy before Specify, and Specify not on a load that did not finish', async () => {
		const container = (name: string) => serviceSeen({state: 'exited', container: `id-of-${name}`});
		const services = {
			...allThere({}, answers).services,
			worker: container('worker'),
			specify7: container('specify7'),
			db: container('db'),
		};
		const asked = 'schema\t1\ntables\t220\nuser table\t1\nmigrator\t1\nusers\t2\n';
		const look = async (rows: string) => {
			const context = await installation({services, database: null});
			for (const name of ['db', 'specify7', 'worker']) context.engine.service(name);
			context.host.on("'user table'", {stdout: rows});
			const {fixed} = await examine(context, {fix: true});
			return {started: context.host.ran('docker start'), fixed};
		};
		const whole = await look(`${asked}start\tdump\t/dump.sql\t1\t1\n`);
		expect(whole.started).toEqual(['db', 'specify7', 'worker'].map(name => `docker start id-of-${name}`));
		expect(whole.fixed).toEqual([{fix: 'start', done: true, detail: 'db, specify7, worker'}]);
		const half = await look(`${asked}start\tdump\t/dump.sql\t1\t0\n`);
		expect(half.started).toEqual(['docker start id-of-db']);
		expect(half.fixed).toEqual([
			{fix: 'start', done: false, detail: expect.stringContaining('/dump.sql did not finish')},
		]);
	});

	it('tells what could not be mended, and goes on', async () => {
		const context = await installation({
			services: stopped(),
			proxy: {gate: 'closed', certificates: 'final', loaded: false},
		});
		context.host.on('docker start', {exitCode: 1, stderr: 'Error: no space left on device'});
		context.host.on('@@version', {stdout: databaseRows});
		context.host.on("'user table'", {stdout: 'schema\t1\ntables\t220\nuser table\t1\nmigrator\t1\nusers\t2\n'});
		const report = await examine(context, {fix: true});
		expect(report.fixed.map(({fix, done}) => [fix, done])).toEqual([
			['start', false],
			['proxy', true],
			['gate', false],
		]);
		expect(report.fixed[0]!.detail).toContain('no space left on device');
		// Nobody answers at the address, so that it cannot be known to be open.
		expect(report.fixed[2]!.detail).toContain('ECONNREFUSED');
		expect(context.host.ran('caddy reload').length).toBeGreaterThan(0);
	});

	it('leaves the gate alone when Specify has no user after all', async () => {
		const context = await installation({
			proxy: {gate: 'closed', certificates: 'final', loaded: true},
			database: databaseSeen({users: 1}),
		});
		context.host.on("'user table'", {stdout: 'schema\t1\ntables\t220\nuser table\t1\nmigrator\t1\nusers\t0\n'});
		const report = await examine(context, {fix: true});
		expect(report.fixed).toEqual([{fix: 'gate', done: true, detail: expect.stringContaining('has no user')}]);
		expect([...context.host.files.values()].some(({text}) => text === openGate)).toBe(false);
		expect(context.host.ran('caddy reload')).toEqual([]);
	});

	it('changes nothing while a run is under way (exit code 4)', async () => {
		const context = await installation();
		await context.host.setMode(join(context.directory, '.env'), 0o644);
		const unlock = await lock(context.directory, 'a-run');
		try {
			expect((await failureOf(examine(context, {fix: true}))).exitCode).toBe(4);
			expect(context.host.files.get(join(context.directory, '.env'))!.mode).toBe(0o644);
		} finally {
			await unlock();
		}
	});
});
