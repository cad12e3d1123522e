import {chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {closedGate} from '../../source/files/proxy-private.js';
import type {Report} from '../../source/model/doctor.js';
import {secretNames} from '../../source/model/secrets.js';
import {lock} from '../../source/run/lock.js';
import {until} from '../_helpers/until.js';
import {Installation} from './installation.js';
import {ask, secretIn} from './visits.js';

const ports = {http: 18910, https: 18943};
const name = 'specify7.specify.localhost';
const museum = new Installation(ports);
const outside = mkdtempSync(join(tmpdir(), 'specify-doctor-'));
const institution = {
	name: 'Museum of the doctor',
	code: 'MD',
	division: 'Fish',
	discipline: {type: 'fish', name: 'Fish'},
	collection: {name: 'Fish', code: 'F'},
	administrator: {name: 'curator', lastname: 'Pike'},
};

const examine = async (...args: string[]) => {
	const {exitCode, stdout, stderr} = await museum.run('doctor', '--json', ...args);
	expect(stderr).toBe('');
	return {exitCode, report: JSON.parse(stdout) as Report};
};
const found = (report: Report, id: string) => report.checks.find(check => check.id === id);
const troubles = (report: Report) => report.checks.filter(({result}) => result !== 'ok').map(({id}) => id);
const service = async (wanted: string) => (await museum.containers()).find(container => container.service === wanted)!;
const secretsOf = () => secretNames.map(secret => secretIn(museum.read('.env'), secret));

/** Sends a signal to every process of the worker but the container's first. */
const signalWorker = (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') =>
	museum.compose(
		...['exec', '-T', 'worker', 've/bin/python', '-c'],
		`
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if pid != '1' and b'celery\\0-A\\0specifyweb\\0worker' in open('/proc/%s/cmdline' % pid, 'rb').read():
            os.kill(int(pid), signal.${signal})
    except OSError:
        pass
`,
	);

const closeGate = () => {
	const path = museum.path('.specify-setup', 'proxy', 'gate.caddy');
	rmSync(path);
	writeFileSync(path, closedGate(secretIn(museum.read('.env'), 'SETUP_PASSWORD')), {mode: 0o444});
};
const visitor = () => ask({port: ports.https, ca: museum.read('certificates', 'root.crt')}, name, '/specify/');

beforeAll(async () => {
	const answers = join(outside, 'answers.yaml');
	writeFileSync(answers, stringify({version: 1, institution}));
	const {exitCode, stdout, stderr} = await museum.install('--answers', answers);
	expect(exitCode, stdout + stderr).toBe(0);
});
afterAll(async () => {
	await museum.remove();
	rmSync(outside, {recursive: true, force: true});
});

describe('an installation that is well', () => {
	test('has nothing that is bad or worth a word, and is left as it is (exit code 0)', async () => {
		const before = {files: museum.snapshot(), containers: await museum.containers()};
		const {exitCode, report} = await examine();
		expect(troubles(report)).toEqual([]);
		expect(exitCode).toBe(0);
		expect(report).toMatchObject({version: 1, installed: true, result: 'ok', notLookedAt: [], fixed: []});
		expect(report.counts.ok).toBeGreaterThan(45);
		expect({files: museum.snapshot(), containers: await museum.containers()}).toEqual(before);
	});

	test('has none of the fifteen problems, and each was looked at', async () => {
		const {problems} = (await examine()).report;
		expect(problems.map(({result}) => result)).toEqual(Array(15).fill('ok'));
		expect(problems.every(({checks}) => checks.length > 0)).toBe(true);
	});

	test('is told in plain lines that need neither colours nor Unicode', async () => {
		const {stdout, exitCode} = await execa(
			process.execPath,
			[fileURLToPath(new URL('../../dist/cli.js', import.meta.url)), 'doctor', '--dir', museum.directory],
			{env: {SPECIFY_SETUP_ASCII: '1'}, reject: false},
		);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
		expect(stdout).toContain('  + ok     db: healthy');
		expect(stdout.split('\n').at(-1)).toMatch(/^\d+ checks: \d+ ok, 0 advice, 0 bad\.$/);
	});
});

describe('an installation that was broken', () => {
	test('several troubles at once are found, each with a remedy, and nothing is changed (exit code 1)', async () => {
		expect(await museum.compose('stop', '--timeout', '3', 'media')).toMatchObject({exitCode: 0});
		expect(await signalWorker('SIGKILL')).toMatchObject({exitCode: expect.any(Number)});
		chmodSync(museum.path('.env'), 0o644);
		chmodSync(museum.path('.specify-setup'), 0o755);
		writeFileSync(museum.path('.specify-setup', 'lock'), JSON.stringify({pid: 1, began: '0', run: 'gone'}));
		closeGate();
		const reload = ['caddy', 'reload', '--config', '/etc/caddy/Caddyfile'];
		expect(await museum.compose('exec', '-T', 'proxy', ...reload)).toMatchObject({exitCode: 0});
		expect((await visitor()).status).toBe(401);
		await until(async () => (await service('worker')).restarts > 0, {timeoutMs: 60_000});
		const {exitCode, report} = await examine();
		expect(exitCode).toBe(1);
		expect(found(report, 'services.media')).toMatchObject({result: 'bad', fix: 'start'});
		expect(found(report, 'folder.permissions')).toMatchObject({
			result: 'bad',
			detail: expect.stringMatching(/\.env is 0644.*\.specify-setup is 0755/),
		});
		expect(found(report, 'folder.lock')).toMatchObject({result: 'advice', fix: 'lock'});
		expect(found(report, 'use.gate')).toMatchObject({result: 'bad', fix: 'gate'});
		expect(found(report, 'use.proxy-configuration')).toMatchObject({result: 'advice', fix: 'proxy'});
		expect(found(report, 'use.attachments')!.result).toBe('bad');
		expect(found(report, 'services.worker')!.result).not.toBe('ok');
		expect(report.problems[4]).toMatchObject({number: 5, result: 'bad'});
		for (const {id, result, remedy} of report.checks)
			if (result !== 'ok') expect(remedy.length, id).toBeGreaterThan(10);
		expect(museum.mode('.env')).toBe('644');
		expect((await service('media')).state).toBe('exited');
	});

	test('--fix mends what is safe, says what it did, and looks again (exit code 0)', async () => {
		const before = await museum.containers();
		const {exitCode, report} = await examine('--fix');
		expect(report.fixed.map(({fix, done}) => [fix, done])).toEqual([
			['modes', true],
			['lock', true],
			['start', true],
			['proxy', true],
			['gate', true],
		]);
		// That the worker crashed once cannot be undone.
		expect(troubles(report)).toEqual(['services.worker']);
		expect(found(report, 'services.worker')!.detail).toContain('started again');
		expect(exitCode).toBe(0);
		expect(museum.mode('.env')).toBe('600');
		expect(museum.mode('.specify-setup')).toBe('700');
		// To the page where people log in.
		expect((await visitor()).status).toBe(302);
		expect(readdirSync(museum.path('.specify-setup'))).not.toContain('lock');
		const after = await museum.containers();
		expect(after.map(({id}) => id)).toEqual(before.map(({id}) => id));
		expect(after.every(({state}) => state === 'running')).toBe(true);
	});

	test('a lost .env is restored from its copy', async () => {
		const text = museum.read('.env');
		rmSync(museum.path('.env'));
		const broken = await examine();
		expect(broken.exitCode).toBe(1);
		expect(found(broken.report, 'folder.secrets')).toMatchObject({result: 'bad', fix: 'environment'});
		expect(broken.report.notLookedAt.join()).toContain('.env is missing');
		const {exitCode, report} = await examine('--fix');
		expect(report.fixed).toEqual([{fix: 'environment', done: true, detail: museum.path('.env')}]);
		expect(exitCode).toBe(0);
		expect(museum.read('.env')).toBe(text);
		expect(museum.mode('.env')).toBe('600');
	});

	test('a worker that hangs does not count as working', async () => {
		await signalWorker('SIGSTOP');
		try {
			const {exitCode, report} = await examine();
			expect(exitCode).toBe(1);
			expect(troubles(report)).toEqual(expect.arrayContaining(['services.queue-of-the-worker', 'use.worker']));
			expect(report.problems[9]).toMatchObject({number: 10, result: 'bad'});
		} finally {
			await signalWorker('SIGCONT');
		}
		await until(async () => found((await examine()).report, 'use.worker')!.result === 'ok', {timeoutMs: 120_000});
	});

	test('passwords and rights that somebody changed in the database are found, and the remedies help', async () => {
		await museum.sql(
			"ALTER USER 'migrator'@'%' IDENTIFIED BY 'another'; REVOKE ALTER, DROP ON specify.* FROM 'migrator'@'%';",
		);
		const {report} = await examine();
		expect(found(report, 'data.passwords')).toMatchObject({
			result: 'bad',
			detail: expect.stringContaining('in migrator with'),
		});
		expect(found(report, 'data.rights-in-the-database')).toMatchObject({
			result: 'bad',
			detail: 'migrator lacks ALTER, DROP',
		});
		expect(report.problems.filter(({result}) => result === 'bad').map(({number}) => number)).toEqual([8, 9]);
		const {remedy} = found(report, 'data.rights-in-the-database')!;
		await museum.sql(/GRANT .*?;/.exec(remedy)![0]);
		rmSync(museum.path('.specify-setup', 'accounts'));
		const mended = await museum.run('install', '--yes');
		expect(mended.exitCode, mended.stdout + mended.stderr).toBe(0);
		expect(troubles((await examine()).report)).toEqual(['services.worker']);
	});

	test('files edited by hand are found and left alone', async () => {
		const text = museum.read('compose.yaml');
		writeFileSync(museum.path('compose.yaml'), `${text}# by hand\n`);
		try {
			const {report} = await examine('--fix');
			expect(found(report, 'folder.generated-files')).toMatchObject({
				result: 'advice',
				detail: 'edited by hand: compose.yaml',
			});
			expect(museum.read('compose.yaml')).toContain('# by hand');
		} finally {
			writeFileSync(museum.path('compose.yaml'), text);
		}
	});

	test('answers that are not right are the finding, not the end', async () => {
		const text = museum.read('specify.yaml');
		writeFileSync(museum.path('specify.yaml'), text.replace(/^timezone: .*$/m, 'timezone: Atlantis'));
		try {
			const {exitCode, report} = await examine();
			expect(exitCode).toBe(1);
			expect(found(report, 'folder.installation')!.detail).toContain('timezone');
			expect(found(report, 'folder.permissions')!.result).toBe('ok');
		} finally {
			writeFileSync(museum.path('specify.yaml'), text);
		}
	});

	test('nothing is mended while a run is under way (exit code 4)', async () => {
		const release = await lock(museum.directory, 'a-run');
		try {
			expect(await museum.run('doctor', '--fix')).toMatchObject({exitCode: 4});
			expect(found((await examine()).report, 'folder.lock')).toMatchObject({
				result: 'advice',
				detail: expect.stringContaining('a-run'),
			});
		} finally {
			await release();
		}
	});
});

describe('an installation that was stopped', () => {
	test('is started again in its order by --fix, all seven services (exit code 0)', async () => {
		expect(await museum.compose('stop', '--timeout', '20')).toMatchObject({exitCode: 0});
		const before = await museum.containers();
		expect(before.map(({state}) => state)).toEqual(Array(7).fill('exited'));
		const {exitCode, report} = await examine('--fix');
		expect(report.fixed).toEqual([
			{fix: 'start', done: true, detail: 'proxy, db, redis, media, report, specify7, worker'},
		]);
		expect(troubles(report)).toEqual([]);
		expect(exitCode).toBe(0);
		expect((await museum.containers()).map(({id}) => id)).toEqual(before.map(({id}) => id));
	});
});

describe('where nothing is installed', () => {
	test('the machine alone is looked at, and no folder made (exit code 2, or 3 when it is refused)', async () => {
		const nowhere = join(outside, 'nothing');
		const {exitCode, stdout} = await museum.run('doctor', '--json', '--dir', nowhere);
		const report = JSON.parse(stdout) as Report;
		expect(report).toMatchObject({installed: false, problems: [], directory: nowhere});
		expect(new Set(report.checks.map(({group}) => group))).toEqual(new Set(['machine', 'names']));
		expect(found(report, 'machine.docker-engine')!.result).toBe('ok');
		expect(exitCode).toBe(report.result === 'bad' ? 3 : 2);
		expect(readdirSync(outside)).not.toContain('nothing');
		expect(await museum.run('bundle', '--dir', nowhere)).toMatchObject({exitCode: 2});
	});
});

describe('the bundle', () => {
	const output = join(outside, 'bundle.tar.gz');
	const unpacked = join(outside, 'bundle');
	let said: string;

	beforeAll(async () => {
		// Where a secret should never be, but might.
		const secrets = secretsOf().join(' ');
		for (const where of ['worker', 'specify7'] as const)
			await museum.compose('exec', '-T', where, 'sh', '-c', `echo 'canary ${secrets}' > /proc/1/fd/2`);
		writeFileSync(
			museum.path('.specify-setup', 'journals', '20200101T000000-test.jsonl'),
			`${JSON.stringify({at: 1, type: 'log', line: `canary ${secrets} ${Buffer.from(`setup:${secretsOf().at(-1)}`).toString('base64')}`})}\n`,
		);
		const ran = await museum.run('bundle', '--output', output);
		expect(ran, ran.stdout + ran.stderr).toMatchObject({exitCode: 0});
		said = ran.stdout;
		await execa('tar', ['-xzf', output, '-C', outside]);
	});

	const files = () =>
		readdirSync(unpacked, {recursive: true, withFileTypes: true})
			.filter(entry => entry.isFile())
			.map(entry => join(entry.parentPath, entry.name));

	test('is for its owner alone, says where it is, what is in it and to look first', () => {
		expect(statSync(output).mode & 0o777).toBe(0o600);
		expect(said).toContain(`Written: ${output}`);
		expect(said).toContain('look into it before you send it');
		for (const path of files())
			if (!path.endsWith('readme.txt')) expect(said).toContain(path.slice(unpacked.length + 1));
		expect(said).not.toContain('could not be had');
	});

	test('holds what a helper needs', () => {
		const text = (path: string) => readFileSync(join(unpacked, path), 'utf8');
		for (const log of ['proxy', 'db', 'redis', 'media', 'report', 'specify7', 'worker'])
			expect(text(`logs/${log}.log`).length, log).toBeGreaterThan(20);
		expect((JSON.parse(text('doctor.json')) as Report).checks.length).toBeGreaterThan(40);
		expect(JSON.parse(text('containers.json'))).toHaveLength(7);
		expect(JSON.parse(text('versions.json'))).toMatchObject({
			node: process.version,
			engine: {version: expect.any(String)},
		});
		expect(text('composition.yaml')).toContain('MASTER_PASSWORD: $');
		expect(text('specify.yaml')).toBe(museum.read('specify.yaml'));
		expect(text('files.txt')).toMatch(/^0600 .* \.env$/m);
		expect(text('disk.txt')).toContain(`${museum.project}_database`);
		expect(readdirSync(join(unpacked, 'journals')).length).toBeGreaterThan(1);
	});

	test('holds no secret, though services and journals told them', () => {
		const forms = secretsOf().flatMap(secret => [
			secret,
			Buffer.from(secret).toString('base64').replace(/=+$/, ''),
			Buffer.from(`setup:${secret}`).toString('base64').replace(/=+$/, ''),
		]);
		expect(files().length).toBeGreaterThan(14);
		for (const path of files()) {
			const text = readFileSync(path, 'utf8');
			for (const form of forms) expect(text.includes(form), `${path} holds a secret`).toBe(false);
			expect(text).not.toContain('PRIVATE KEY-----');
		}
		expect(readFileSync(join(unpacked, 'logs', 'worker.log'), 'utf8')).toContain('canary [secret]');
		expect(readFileSync(join(unpacked, 'journals', '20200101T000000-test.jsonl'), 'utf8')).toContain('canary [secret]');
	});

	test('is never written over a file (exit code 2)', async () => {
		expect(await museum.run('bundle', '--output', output)).toMatchObject({exitCode: 2});
	});
});
