import {describe, expect, it} from 'vitest';
import {EngineUnreachable} from '../../source/engine/api.js';
import {hashOf} from '../../source/files/installation.js';
import {userFolders} from '../../source/files/names.js';
import {type ServiceName, serviceNames} from '../../source/model/releases.js';
import {observe} from '../../source/run/observe.js';
import {database} from '../../source/steps/database.js';
import {privateFiles, reloadProxy, setGate, writePrivate} from '../../source/steps/proxy.js';
import {imagesOf} from '../../source/steps/pull.js';
import {contextWith} from '../_helpers/context.js';
import {drain} from '../_helpers/generators.js';

type FakeContext = ReturnType<typeof contextWith>;

const composeVersion = 'compose version';
const configHashes = 'config --hash';

/** A machine where everything of the installation is there and runs. */
const installed = async (): Promise<FakeContext> => {
	const context = contextWith();
	const {host, engine, files, directory, answers} = context;
	for (const {path, text, mode} of files) await host.write(`${directory}/${path}`, text, mode);
	for (const folder of userFolders) await host.makeFolder(`${directory}/${folder}`, 0o755);
	for (const path of ['certificates/root.crt', 'specify7/authorities/own.pem', 'specify7/authorities/bundle.pem'])
		await host.write(`${directory}/${path}`, 'PEM', 0o644);
	await setGate(context, 'open');
	await writePrivate(context, await privateFiles(context));
	await reloadProxy(context);
	host.commands.length = 0;
	const {certificates, proxy, acme, own} = answers;
	const trusted = hashOf(JSON.stringify([certificates, proxy, acme.ca, own.authority, null]));
	await host.write(`${directory}/.specify-setup/authorities`, `${trusted}\n`, 0o600);
	const images = imagesOf(answers);
	for (const reference of images) engine.images.set(reference, {id: 'sha256:1', digests: ['sha256:2']});
	const digests = Object.fromEntries(images.map(reference => [reference, 'sha256:2']));
	await host.write(`${directory}/.specify-setup/digests.json`, JSON.stringify(digests), 0o600);
	for (const service of serviceNames)
		engine.service(
			service,
			{},
			{
				ports: service === 'proxy' ? [80, 443] : [],
				labels: {
					'com.docker.compose.project.working_dir': directory,
					'com.docker.compose.config-hash': `hash-of-${service}`,
				},
			},
		);
	engine.volumeNames.push('specify_database', 'other_database');
	host
		.on(composeVersion, {stdout: 'v2.38.1\n'})
		.on(configHashes, {stdout: serviceNames.map(service => `${service} hash-of-${service}\n`).join('')})
		.on(/SELECT 'schema'/, {
			stdout: [
				'schema\t1',
				'tables\t220',
				'user table\t1',
				'migrator\t1',
				'users\t2',
				'start\tempty\tNULL\t1785574800\t1',
				'other\tolder',
				'',
			].join('\n'),
		});
	host.listening = [
		{port: 80, program: 'docker-proxy'},
		{port: 443, program: 'docker-proxy'},
	];
	return context;
};

describe('what is observed', () => {
	it('of an installation that runs is complete', async () => {
		const seen = await observe(await installed());
		expect(seen).toMatchObject({
			user: 'curator',
			engine: {reachable: true, compose: '2.38.1', dataFolder: '/var/lib/docker'},
			ports: [
				{port: 80, own: true, holder: 'the container specify-proxy-1'},
				{port: 443, own: true, holder: 'the container specify-proxy-1'},
			],
			volumes: ['specify_database'],
			authorities: true,
			proxy: {gate: 'open', certificates: 'final', loaded: true},
			database: {
				tables: 220,
				users: 2,
				migrator: true,
				others: ['older'],
				start: {kind: 'empty', source: null, begunAt: Date.parse('2026-08-01T09:00:00Z'), finished: true},
			},
			accounts: false,
			otherFolder: null,
		});
		for (const service of serviceNames) {
			expect(seen.services[service]).toMatchObject({state: 'healthy', current: true});
			expect(seen.images[service]).toBe(true);
		}
		expect(new Set(Object.values(seen.files))).toEqual(new Set(['same']));
	});

	it('changes nothing', async () => {
		const context = await installed();
		const before = new Map(context.host.files);
		await observe(context);
		expect(context.host.files).toEqual(before);
		expect(context.host.commands.filter(line => /\b(up|stop|create|rm|pull)\b/.test(line))).toEqual([]);
	});

	it('tells a service whose settings changed', async () => {
		const context = await installed();
		context.host.on(configHashes, {
			stdout: serviceNames.map(name => `${name} ${name === 'db' ? 'new' : `hash-of-${name}`}\n`).join(''),
		});
		const {services} = await observe(context);
		expect(services.db?.current).toBe(false);
		expect(services.redis?.current).toBe(true);
	});

	it.each([
		['landing', ['proxy']],
		['local_settings.d', ['specify7', 'worker']],
	])('knows who still has a folder that was removed: %s', async (folder, services) => {
		const context = await installed();
		context.host.folders.delete(`/opt/specify/${folder}`);
		const seen = await observe(context);
		expect(Object.entries(seen.services).flatMap(([name, {lost}]) => (lost ? [name] : []))).toEqual(services);
		expect(services.every(name => seen.services[name as ServiceName]?.current === false)).toBe(true);
	});

	it('compares services with the files as they are to be written, the own override included', async () => {
		const context = await installed();
		const {host, files: generated} = context;
		host.files.delete('/opt/specify/compose.yaml');
		await host.write('/opt/specify/compose.override.yaml', 'services: {}\n', 0o644);
		host.inputs.length = 0;
		host.on(configHashes, {
			stdout: serviceNames.map(name => `${name} ${name === 'db' ? 'new' : `hash-of-${name}`}\n`).join(''),
		});
		const {services, files} = await observe(context);
		expect(files['compose.yaml']).toBe('missing');
		expect(Object.entries(services).flatMap(([name, {current}]) => (current ? [] : [name]))).toEqual(['db']);
		expect(host.ran(configHashes)).toEqual([
			'docker compose --project-directory /opt/specify --file - --file compose.override.yaml config --hash *',
		]);
		expect(host.inputs).toContain(generated.find(({path}) => path === 'compose.yaml')!.text);
	});

	it('takes no service for current where it cannot tell before', async () => {
		const context = await installed();
		context.host.files.delete('/opt/specify/compose.yaml');
		const environment = context.files.find(({path}) => path === '.env')!;
		environment.text += 'COMPOSE_FILE=compose.yaml:mine.yaml\n';
		const {services} = await observe(context);
		expect(Object.values(services).some(service => service.current)).toBe(false);
		expect(context.host.ran(configHashes)).toEqual([]);
	});

	it('leaves one-off containers out', async () => {
		const context = await installed();
		context.engine.service('db', {state: 'exited'}, {id: 'one-off', labels: {'com.docker.compose.oneoff': 'True'}});
		expect((await observe(context)).services.db?.state).toBe('healthy');
	});

	it('leaves out what Compose did not finish: the container that was to be replaced is the service', async () => {
		const context = await installed();
		const id = '0123456789ab';
		context.engine.remove('id-of-db');
		context.engine.service('db', {state: 'exited'}, {id, state: 'exited'});
		context.engine.service(
			'db',
			{state: 'created', health: null},
			{id: 'new', name: `${id}_specify-db-1`, state: 'created'},
		);
		expect((await observe(context)).services.db).toMatchObject({state: 'exited', container: id});
	});

	it('asks a service that has just started itself: the engine would only after a while', async () => {
		const context = await installed();
		for (const service of ['redis', 'media'] as const) {
			const {container} = context.engine.service(service, {health: 'starting'});
			container.labels = {'com.docker.compose.config-hash': `hash-of-${service}`};
		}
		context.host.on(/exec --no-TTY media /, {exitCode: 1});
		const {services} = await observe(context);
		expect(services.redis?.state).toBe('healthy');
		expect(services.media?.state).toBe('starting');
	});

	it('names who holds a port: another container, or a program', async () => {
		const context = contextWith();
		context.engine.service('web', {}, {id: 'web', name: 'wiki', project: 'wiki', ports: [80]});
		context.host.listening = [
			{port: 80, program: 'docker-proxy'},
			{port: 443, program: 'nginx'},
		];
		expect((await observe(context)).ports).toEqual([
			{port: 80, own: false, holder: 'the container wiki'},
			{port: 443, own: false, holder: 'nginx'},
		]);
	});

	it('finds that the containers run from another folder', async () => {
		const context = await installed();
		const {container} = context.engine.service('db');
		container.labels = {'com.docker.compose.project.working_dir': '/home/ada/specify'};
		await context.host.write('/home/ada/specify/specify.yaml', 'version: 1\n', 0o644);
		expect((await observe(context)).otherFolder).toBe('/home/ada/specify');
	});

	it("does not take a new folder for a moved one: the containers of that name are somebody else's", async () => {
		const context = await installed();
		context.host.files.delete('/opt/specify/.specify-setup/project');
		const {container} = context.engine.service('db');
		container.labels = {'com.docker.compose.project.working_dir': '/srv/elsewhere'};
		expect((await observe(context)).otherFolder).toBe('/srv/elsewhere');
	});

	it('takes a folder whose containers run from one that is gone for that one, moved', async () => {
		const context = await installed();
		const {container} = context.engine.service('db');
		container.labels = {'com.docker.compose.project.working_dir': '/home/ada/specify'};
		expect((await observe(context)).otherFolder).toBeNull();
	});

	it('of a database that cannot be asked is nothing, not an empty one', async () => {
		const context = await installed();
		context.host.on(/SELECT 'schema'/, {exitCode: 1, stderr: "ERROR 2002 (HY000): Can't connect\n"});
		expect((await observe(context)).database).toBeNull();
	});

	it('of a database that answers only in part is nothing, not an empty one', async () => {
		const context = await installed();
		context.host.on(/SELECT 'schema'/, {exitCode: 1, stdout: 'schema\t1\n', stderr: 'ERROR 2013 (HY000): Lost\n'});
		expect((await observe(context)).database).toBeNull();
	});

	it('tells whether the users of the database have the passwords of .env', async () => {
		const context = await installed();
		await drain(database(context));
		expect((await observe(context)).accounts).toBe(true);
		context.secrets = {...context.secrets, APP_USER_PASSWORD: 'another'};
		expect((await observe(context)).accounts).toBe(false);
	});

	it('without Compose says that it is missing', async () => {
		const context = contextWith();
		context.host.on(composeVersion, {exitCode: 1, stderr: "docker: 'compose' is not a docker command."});
		expect((await observe(context)).engine).toMatchObject({reachable: true, compose: null});
	});
});

describe('an engine that does not answer', () => {
	it.each([
		['ENOENT', 0, 'stopped'],
		['ENOENT', 127, 'missing'],
		['EACCES', 0, 'denied'],
		['ECONNREFUSED', 0, 'stopped'],
		['ETIMEDOUT', 0, 'other'],
	])('with %s, where "docker --version" ends with %i, is %s', async (code, exitCode, reason) => {
		const context = contextWith();
		context.engine.info = async () => {
			throw new EngineUnreachable('/var/run/docker.sock', code);
		};
		context.host.on('docker --version', {exitCode});
		const seen = await observe(context);
		expect(seen.engine).toMatchObject({
			reachable: false,
			reason,
			detail: expect.stringContaining('/var/run/docker.sock'),
		});
		expect(seen).toMatchObject({services: {}, volumes: [], images: {}, database: null});
		expect(Object.values(seen.files).every(state => state === 'missing')).toBe(true);
	});
});
