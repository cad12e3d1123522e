import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmodSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {extract} from 'tar-stream';
import {describe, expect, it} from 'vitest';
import {type BundleRequest, writeBundle} from '../../source/doctor/bundle.js';
import {environment} from '../../source/files/environment.js';
import {hashOf} from '../../source/files/installation.js';
import {closedGate} from '../../source/files/proxy-private.js';
import {localHost} from '../../source/host/local.js';
import {reportOf} from '../../source/model/doctor.js';
import {secretNames} from '../../source/model/secrets.js';
import {answersWith} from '../_helpers/answers.js';
import {failureOf} from '../_helpers/failure.js';
import {FakeEngine} from '../_helpers/fake-engine.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {knownSecrets} from '../_helpers/observation.js';

const {fresh} = temporaryFolder();

const base64 = (text: string) => Buffer.from(text).toString('base64');
const ownSecret = 'ldap/bind+pass word';
const eabKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
const earlier = 'EarlierMasterPassword1234567890abcdefghi';
/** A hash that others can be tried against. */
const seal = createHash('sha256').update(knownSecrets.DATABASE_ROOT_PASSWORD).digest('hex');
const privateKey = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg\n-----END EC PRIVATE KEY-----';
const secrets = [...secretNames.map(name => knownSecrets[name]), ownSecret, eabKey, earlier];
/** Every secret, in each way it might stand in a log. */
const leak = secrets
	.flatMap(secret => [secret, base64(secret), base64(`setup:${secret}`), encodeURIComponent(secret)])
	.join(' ')
	.concat(` ${privateKey} curator@museum.example`);

/** The files of an archive, by name below its folder. */
const unpack = async (path: string) => {
	const files: Record<string, string> = {};
	const modes: number[] = [];
	const archive = extract();
	archive.end(gunzipSync(readFileSync(path)));
	for await (const entry of archive) {
		const parts: Buffer[] = [];
		for await (const part of entry) parts.push(part as Buffer);
		files[entry.header.name.replace(/^[^/]+\//, '')] = Buffer.concat(parts).toString('utf8');
		modes.push(entry.header.mode ?? 0);
	}
	return {files, modes};
};

/** A folder with a secret in every place where one might be, and an engine whose services tell all they know. */
const museum = (over: Partial<BundleRequest> = {}) => {
	const directory = fresh('museum');
	const at = (...parts: string[]) => join(directory, ...parts);
	const previous = at('.specify-setup', 'previous', '2026-07-01');
	for (const folder of [at('.specify-setup', 'journals'), at('.specify-setup', 'proxy'), previous])
		mkdirSync(folder, {recursive: true});
	writeFileSync(at('.env'), environment(knownSecrets, [`LDAP_BIND='${ownSecret}'`]), {mode: 0o600});
	writeFileSync(join(previous, '.env'), `MASTER_PASSWORD='${earlier}'\n`);
	writeFileSync(at('.specify-setup', 'proxy', 'eab.key'), `${eabKey}\n`);
	writeFileSync(at('.specify-setup', 'proxy', 'gate.caddy'), closedGate(knownSecrets.SETUP_PASSWORD));
	writeFileSync(at('specify.yaml'), `email: curator@museum.example\n# ${leak}\n`);
	writeFileSync(at('.specify-setup', 'journals', '20260801T100000-abcd.jsonl'), `${JSON.stringify({at: 1, leak})}\n`);
	const fake = new FakeHost();
	const container = {
		Name: '/museum-db-1',
		State: {Status: 'running', Health: {Log: [{Output: leak}]}},
		Config: {
			Env: [`MASTER_PASSWORD=${knownSecrets.MASTER_PASSWORD}`, 'TZ=UTC'],
			Labels: {
				'com.docker.compose.config-hash': seal,
				'specify-setup.content': seal,
				'specify-setup.project': 'specify',
			},
		},
	};
	fake.on('docker inspect', {stdout: JSON.stringify([container])});
	fake.on('--no-interpolate', {
		stdout: `services:\n  db:\n    labels:\n      specify-setup.content: ${seal}\n    environment:\n      OWN_TOKEN: literal\n# ${leak}\n`,
	});
	fake.on('compose version', {stdout: '2.38.1\n'});
	fake.on('system df', {stdout: `VOLUME NAME  SIZE\nmuseum_other 7MB\nspecify_database  12MB\n${leak}\n`});
	fake.on('df -P', {stdout: 'Filesystem 1024-blocks\n'});
	const engine = new FakeEngine();
	engine.service('db');
	writeFileSync(at('.specify-setup', 'project'), '# The project.\nspecify\n');
	const output = fresh('bundle.tar.gz');
	const request: BundleRequest = {
		host: {...localHost, run: fake.run.bind(fake)},
		directory,
		output,
		answers: answersWith(),
		tool: '0.1.0',
		signal: new AbortController().signal,
		diagnose: async () => reportOf({tool: '0.1.0', at: '', directory, installed: true, notLookedAt: [leak]}, []),
		engine: Object.assign(engine, {
			async *logs(_: string, {tail}: {tail?: number} = {}) {
				expect(tail).toBe(2000);
				yield {source: 'stdout' as const, at: '2026-08-01T10:00:00Z', line: `one line ${leak}`};
				for (const line of privateKey.split('\n')) yield {source: 'stderr' as const, at: '2026-08-01T10:00:01Z', line};
			},
		}),
		...over,
	};
	return {directory, output, request, fake};
};

describe('a bundle', () => {
	it('holds what a helper needs, for its owner alone', async () => {
		const {output, request} = museum();
		const {path, files: told} = await writeBundle(request);
		const {files, modes} = await unpack(output);
		expect(path).toBe(output);
		expect(statSync(output).mode & 0o777).toBe(0o600);
		expect(new Set(modes)).toEqual(new Set([0o600]));
		const names = [
			...[
				'doctor.json',
				'specify.yaml',
				'composition.yaml',
				'versions.json',
				'files.txt',
				'disk.txt',
				'containers.json',
			],
			...['logs/db.log', 'journals/20260801T100000-abcd.jsonl'],
		];
		expect(Object.keys(files).sort()).toEqual([...names, 'readme.txt'].sort());
		expect(told.map(({name}) => name)).toEqual(names);
		expect(told.filter(({problem}) => problem !== null)).toEqual([]);
		for (const {name, why} of told) expect(files['readme.txt']).toContain(`${name}: ${why}`);
		expect(JSON.parse(files['versions.json']!)).toMatchObject({
			'specify-setup': '0.1.0',
			node: process.version,
			compose: '2.38.1',
			engine: {version: '28.3.0'},
		});
		expect(files['logs/db.log']).toContain('2026-08-01T10:00:00Z   one line');
		expect(files['files.txt']).toMatch(/^0600 \d+:\d+ \d+ - \.env$/m);
	});

	it('tells by hashes which generated files are as they were written, and gives none that a guess could be tried on', async () => {
		const {directory, output, request} = museum();
		const texts = {
			'landing/index.html': 'landing\n',
			'compose.yaml': 'services: {}\n',
			'.env': 'x',
			'specify.yaml': 'y',
		};
		for (const folder of ['landing', 'local_settings.d', '.specify-setup/secrets'])
			mkdirSync(join(directory, folder), {recursive: true});
		for (const [name, text] of Object.entries({
			...texts,
			'compose.yaml': 'services: {mine: {environment: {TOKEN: weak}}}\n',
			'compose.override.yaml': 'services: {}\n',
			'local_settings.d/ldap.py': 'PASSWORD = "weak"\n',
			'.specify-setup/secrets/database-root-password': 'weakpassword1',
		}))
			writeFileSync(join(directory, name), text);
		const all = {...texts, '.specify-setup/secrets/database-root-password': 'weakpassword1'};
		const hashes = Object.fromEntries(Object.entries(all).map(([path, text]) => [path, hashOf(text)]));
		writeFileSync(join(directory, '.specify-setup', 'hashes.json'), JSON.stringify(hashes));
		await writeBundle(request);
		const rows = (await unpack(output)).files['files.txt']!.trimEnd().split('\n');
		const said = Object.fromEntries(rows.map(row => row.split(' ').slice(3)).map(([content, name]) => [name, content]));
		const {'landing/index.html': landing, 'compose.yaml': edited, ...others} = said;
		expect(landing).toBe(createHash('sha256').update('landing\n').digest('hex'));
		expect(edited).toBe('edited');
		expect(Object.keys(others)).toContain('.specify-setup/secrets/database-root-password');
		expect(Object.values(others).filter(content => content !== '-' && content !== 'folder')).toEqual([]);
	});

	it('holds no secret, in whatever form, and keeps e-mail addresses', async () => {
		const {output, request} = museum();
		await writeBundle(request);
		const {files} = await unpack(output);
		const forms = ['MHcCAQEEIBkg', ...secrets].flatMap(secret => [
			secret,
			base64(secret).replace(/=+$/, ''),
			base64(`setup:${secret}`),
			encodeURIComponent(secret),
		]);
		expect(JSON.parse(files['containers.json']!)[0].Config.Labels['specify-setup.project']).toBe('specify');
		for (const [name, text] of Object.entries(files))
			for (const form of [...forms, seal]) expect(text.includes(form), `${name} holds ${form}`).toBe(false);
		for (const name of ['specify.yaml', 'logs/db.log', 'containers.json', 'composition.yaml', 'doctor.json'])
			expect(files[name], name).toMatch(/\[secret\]/);
		expect(files['specify.yaml']).toContain('curator@museum.example');
		expect(files['composition.yaml']).not.toContain('literal');
	});

	it('names the environment of containers without its values, and of volumes the own ones', async () => {
		const {output, request} = museum();
		await writeBundle(request);
		const {files} = await unpack(output);
		expect(JSON.parse(files['containers.json']!)[0].Config.Env).toEqual(['MASTER_PASSWORD', 'TZ']);
		expect(files['disk.txt']).toContain('specify_database  12MB');
		expect(files['disk.txt']).not.toContain('museum_other');
	});

	it('says in the place of a part why it could not be had', async () => {
		const refused = Object.assign(new FakeEngine(), {
			containers: () => Promise.reject(new Error('The Docker engine does not answer.')),
			info: () => Promise.reject(new Error('The Docker engine does not answer.')),
			async *logs() {},
		});
		const {output, request, fake, directory} = museum({engine: refused as unknown as BundleRequest['engine']});
		fake.on('--no-interpolate', {exitCode: 1, stderr: `yaml: line 3: ${knownSecrets.SECRET_KEY}`});
		chmodSync(directory, 0o755);
		const {files: told} = await writeBundle(request);
		const {files} = await unpack(output);
		expect(told.filter(({problem}) => problem !== null).map(({name}) => name)).toEqual([
			'composition.yaml',
			'containers.json',
		]);
		expect(files['containers.json']).toBe('could not be had: The Docker engine does not answer.\n');
		expect(files['composition.yaml']).toBe('could not be had: yaml: line 3: [secret]\n');
		expect(files['journals/20260801T100000-abcd.jsonl']).toContain('"at":1');
	});

	it('never writes over a file (exit code 2)', async () => {
		const {output, request} = museum();
		writeFileSync(output, 'dear');
		expect((await failureOf(writeBundle(request))).exitCode).toBe(2);
		expect(readFileSync(output, 'utf8')).toBe('dear');
	});

	it('looks at nothing where it cannot be written (exit code 2), and leaves nothing', async () => {
		const diagnose = () => Promise.reject(new Error('looked'));
		const away = fresh('nowhere');
		const {request} = museum({output: join(away, 'x.tar.gz'), diagnose});
		const error = await failureOf(writeBundle(request));
		expect(error).toMatchObject({exitCode: 2, message: `The bundle cannot be written: there is no folder ${away}.`});
	});

	it('is unpacked by tar', async () => {
		const {output, request} = museum();
		await writeBundle(request);
		const listed = execFileSync('tar', ['-tzf', output], {encoding: 'utf8'}).trim().split('\n');
		expect(listed).toHaveLength(10);
		expect(new Set(listed.map(name => name.split('/')[0])).size).toBe(1);
	});
});
