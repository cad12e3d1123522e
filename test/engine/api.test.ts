import {spawnSync} from 'node:child_process';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {join} from 'node:path';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {EngineUnreachable, engineAt, findSocket} from '../../source/engine/api.js';
import {failureOf} from '../_helpers/failure.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {serveAtSocket} from '../_helpers/servers.js';

const {folder, fresh} = temporaryFolder();

type Routes = Record<string, unknown | ((request: IncomingMessage, response: ServerResponse) => void)>;

/** A Docker engine that answers what it is told, at a socket of its own; and what it was asked. */
const engineWith = async (routes: Routes) => {
	const socket = fresh('engine');
	const asked: string[] = [];
	await serveAtSocket(socket, (request, response) => {
		asked.push(`${request.method} ${decodeURIComponent(request.url!)}`);
		const key = Object.keys(routes).find(route => request.url!.startsWith(route));
		const route = key === undefined ? undefined : routes[key];
		if (typeof route === 'function') route(request, response);
		else if (route === undefined) {
			response.writeHead(404, {'Content-Type': 'application/json'});
			response.end('{"message":"No such thing"}');
		} else response.end(JSON.stringify(route));
	});
	return {engine: engineAt(socket), asked};
};

const failing = (status: number, message: string) => (_: IncomingMessage, response: ServerResponse) => {
	response.writeHead(status);
	response.end(JSON.stringify({message}));
};

describe('the engine', () => {
	it('tells what is known of it', async () => {
		const {engine, asked} = await engineWith({
			'/info': {
				ServerVersion: '20.10.24',
				DockerRootDir: '/var/lib/docker',
				MemTotal: 8e9,
				NCPU: 2,
				Architecture: 'x86_64',
				SecurityOptions: ['name=seccomp,profile=default', 'name=rootless'],
				RegistryConfig: {IndexConfigs: {'docker.io': {Secure: true}, 'mirror.example:5000': {Secure: false}}},
			},
		});
		expect(await engine.info()).toEqual({
			version: '20.10.24',
			dataFolder: '/var/lib/docker',
			memory: 8e9,
			processors: 2,
			rootless: true,
			insecureRegistries: ['mirror.example:5000'],
			architecture: 'x86_64',
		});
		expect(asked).toEqual(['GET /info']);
	});

	it('of another kind may leave things out', async () => {
		const {engine} = await engineWith({'/info': {ServerVersion: '5.0', SecurityOptions: null}});
		expect(await engine.info()).toMatchObject({version: '5.0', rootless: false, insecureRegistries: []});
	});

	it('says why it cannot answer', async () => {
		const {engine} = await engineWith({'/info': failing(500, 'the storage driver is broken')});
		await expect(engine.info()).rejects.toThrow('the storage driver is broken');
	});

	it.each([
		['missing', () => join(folder, 'nothing-here'), 'ENOENT'],
		['not listening', () => deadSocket(), 'ECONNREFUSED'],
	])('that is %s is unreachable, with the code of the system', async (_, socketOf, code) => {
		const socket = socketOf();
		const error = await engineAt(socket)
			.info()
			.catch(error => error);
		expect(error).toBeInstanceOf(EngineUnreachable);
		expect(error).toMatchObject({code, socket});
		expect(error.message).toContain(socket);
	});
});

describe('an engine that breaks off', () => {
	it('in the middle of an answer is unreachable', async () => {
		const {engine} = await engineWith({
			'/info': (_: IncomingMessage, response: ServerResponse) => {
				response.writeHead(200, {'Content-Length': 100});
				response.write('{"Server', () => response.destroy());
			},
		});
		await expect(engine.info()).rejects.toBeInstanceOf(EngineUnreachable);
	});

	it('before it answers is unreachable', async () => {
		const {engine} = await engineWith({'/info': (request: IncomingMessage) => void request.socket.destroy()});
		await expect(engine.info()).rejects.toMatchObject({code: 'ECONNRESET'});
	});

	it('in the middle of a pull is unreachable, after what it said', async () => {
		const {engine} = await engineWith({
			'/images/create': (_: IncomingMessage, response: ServerResponse) => {
				response.write('{"status":"Pulling"}\n', () => response.destroy());
			},
		});
		const said: unknown[] = [];
		const pulling = (async () => {
			for await (const message of engine.pull('redis:8.0', {})) said.push(message);
		})();
		await expect(pulling).rejects.toBeInstanceOf(EngineUnreachable);
		expect(said).toEqual([{status: 'Pulling'}]);
	});
});

describe('a volume', () => {
	const volume = (Options: object | null) => ({Mountpoint: '/var/lib/docker/volumes/a/_data', Options});
	it.each([
		['of the engine is below its folder', volume(null), {path: '/var/lib/docker/volumes/a/_data'}],
		['bound to a folder is there', volume({type: 'none', o: 'bind,rw', device: '/srv/a'}), {path: '/srv/a'}],
		[
			'of the network is known while it is in use',
			volume({type: 'nfs', o: 'addr=10.0.0.1', device: ':/a'}),
			{path: null},
		],
		['in memory is known while it is in use', volume({type: 'tmpfs', o: 'size=1g', device: 'tmpfs'}), {path: null}],
	])('%s', async (_, facts, expected) => {
		const {engine} = await engineWith({'/volumes/a': facts});
		expect(await engine.volume('a')).toEqual(expected);
		expect(await engine.volume('b')).toBeNull();
	});
});

/** A socket file whose server has died. */
const deadSocket = () => {
	const path = fresh('dead');
	const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
	spawnSync(process.execPath, ['-e', program]);
	return path;
};

describe('containers', () => {
	const listed = {
		Id: 'c0ffee',
		Names: ['/specify-proxy-1'],
		Image: 'caddy:2.11',
		State: 'running',
		Status: 'Up 3 minutes (healthy)',
		Labels: {'com.docker.compose.project': 'specify', 'com.docker.compose.service': 'proxy'},
		Ports: [{PublicPort: 443}, {PublicPort: 443}, {PublicPort: 80}, {PrivatePort: 2019}],
	};

	it('are listed with their project, service and published ports', async () => {
		const {engine} = await engineWith({'/containers/json': [listed]});
		expect(await engine.containers()).toEqual([
			{
				id: 'c0ffee',
				name: 'specify-proxy-1',
				project: 'specify',
				service: 'proxy',
				image: 'caddy:2.11',
				state: 'running',
				status: 'Up 3 minutes (healthy)',
				ports: [443, 80],
				labels: listed.Labels,
			},
		]);
	});

	it('of one project are asked for by their label; stopped ones are among them', async () => {
		const {engine, asked} = await engineWith({'/containers/json': []});
		await engine.containers('specify');
		expect(asked).toEqual(['GET /containers/json?all=1&filters={"label":["com.docker.compose.project=specify"]}']);
	});

	it('that do not belong to Compose have neither project nor service', async () => {
		const {engine} = await engineWith({'/containers/json': [{...listed, Labels: {}}]});
		expect(await engine.containers()).toMatchObject([{project: null, service: null}]);
	});

	it('tell how they are, and what their last health check said', async () => {
		const state = {Status: 'running', StartedAt: '2026-08-01T10:00:00Z', ExitCode: 0};
		const {engine} = await engineWith({
			'/containers/ill/json': {
				Image: 'sha256:1',
				RestartCount: 2,
				State: {...state, Health: {Status: 'unhealthy', Log: [{Output: 'first'}, {Output: ' last\n'}]}},
			},
			'/containers/plain/json': {Image: 'sha256:1', RestartCount: 0, State: state},
		});
		expect(await engine.container('ill')).toMatchObject({health: 'unhealthy', healthOutput: 'last', restarts: 2});
		expect(await engine.container('plain')).toMatchObject({health: null, healthOutput: '', state: 'running'});
		expect(await engine.container('gone')).toBeNull();
	});
});

describe('images', () => {
	it('that are not there are null', async () => {
		const {engine, asked} = await engineWith({});
		expect(await engine.image('localhost:5000/library/redis:8.0')).toBeNull();
		expect(asked).toEqual(['GET /images/localhost:5000/library/redis:8.0/json']);
	});

	it('tell their identity and digest', async () => {
		const {engine} = await engineWith({
			'/images/redis:8.0/json': {Id: 'sha256:id', RepoDigests: ['redis@sha256:digest']},
			'/images/own:1/json': {Id: 'sha256:own', RepoDigests: null},
		});
		expect(await engine.image('redis:8.0')).toEqual({id: 'sha256:id', digests: ['sha256:digest']});
		expect(await engine.image('own:1')).toEqual({id: 'sha256:own', digests: []});
	});

	it('tell the digests of the repository that was asked for: another one may not have the same', async () => {
		const {engine} = await engineWith({
			'/images/localhost:5000/library/redis:8.0/json': {
				Id: 'sha256:id',
				RepoDigests: ['redis@sha256:hub', 'localhost:5000/library/redis@sha256:mirror'],
			},
		});
		expect((await engine.image('localhost:5000/library/redis:8.0'))?.digests).toEqual(['sha256:mirror']);
	});

	it('get another name', async () => {
		const {engine, asked} = await engineWith({'/images/': {}});
		await engine.tag('localhost:5000/library/redis@sha256:abc', 'localhost:5000/library/redis:8.0');
		expect(asked).toEqual([
			'POST /images/localhost:5000/library/redis@sha256:abc/tag?repo=localhost:5000/library/redis&tag=8.0',
		]);
	});

	it('that cannot be named say why', async () => {
		const {engine} = await engineWith({'/images/': failing(409, 'conflict')});
		await expect(engine.tag('a:1', 'a:2')).rejects.toThrow('conflict');
	});
});

describe('volumes', () => {
	it('are listed by name, none where the engine says null', async () => {
		const some = await engineWith({'/volumes': {Volumes: [{Name: 'specify_database'}]}});
		expect(await some.engine.volumes()).toEqual(['specify_database']);
		const none = await engineWith({'/volumes': {Volumes: null}});
		expect(await none.engine.volumes()).toEqual([]);
	});
});

describe('a pull', () => {
	const messages = [
		{status: 'Pulling from library/redis', id: '8.0'},
		{status: 'Downloading', id: 'aaaaaaaaaaaa', progressDetail: {current: 1, total: 2}},
		{status: 'Download complete — größtes Stück', id: 'aaaaaaaaaaaa'},
	];
	const stream = Buffer.from(messages.map(message => `${JSON.stringify(message)}\r\n`).join(''));

	const pullWith = async (handler: (response: ServerResponse) => void) => {
		const {engine, asked} = await engineWith({
			'/images/create': (_: IncomingMessage, response: ServerResponse) => handler(response),
		});
		return {engine, asked};
	};

	it('asks for the image by its name', async () => {
		const {engine, asked} = await pullWith(response => response.end());
		await drain(engine.pull('localhost:5000/library/redis:8.0', {}));
		expect(asked).toEqual(['POST /images/create?fromImage=localhost:5000/library/redis:8.0']);
	});

	it.each([1, 2, 3, 7, 64])('gives the same messages in pieces of %i bytes', async size => {
		const {engine} = await pullWith(async response => {
			for (let from = 0; from < stream.length; from += size) {
				response.write(stream.subarray(from, from + size));
				await new Promise(resolve => setImmediate(resolve));
			}
			response.end();
		});
		const {yielded} = await drain(engine.pull('redis:8.0', {}));
		expect(yielded).toEqual(messages);
	});

	it('gives a last message that no line end follows', async () => {
		const {engine} = await pullWith(response => response.end('{"status":"one"}\n\n{"status":"two"}'));
		const {yielded} = await drain(engine.pull('redis:8.0', {}));
		expect(yielded).toEqual([{status: 'one'}, {status: 'two'}]);
	});

	it('hands errors in the stream on', async () => {
		const {engine} = await pullWith(response => response.end('{"errorDetail":{},"error":"no space left on device"}\n'));
		const {yielded} = await drain(engine.pull('redis:8.0', {}));
		expect(yielded).toMatchObject([{error: 'no space left on device'}]);
	});

	it('that the engine refuses says why', async () => {
		const {engine} = await engineWith({'/images/create': failing(404, 'manifest unknown')});
		const {error} = await drainToError(engine.pull('redis:9', {}));
		expect(error.message).toBe('manifest unknown');
	});

	it('ends when it is stopped', async () => {
		const {engine} = await pullWith(response => void response.write('{"status":"one"}\n'));
		const controller = new AbortController();
		const pull = engine.pull('redis:8.0', {signal: controller.signal});
		expect((await pull.next()).value).toEqual({status: 'one'});
		setImmediate(() => controller.abort());
		await expect(pull.next()).rejects.toThrow();
	});
});

describe('the socket', () => {
	afterEach(() => vi.unstubAllEnvs());

	const find = async ({
		environment = {},
		config,
		endpoint = '',
	}: {
		environment?: Record<string, string>;
		config?: object;
		endpoint?: string;
	}) => {
		for (const name of ['DOCKER_HOST', 'DOCKER_CONTEXT']) vi.stubEnv(name, undefined);
		vi.stubEnv('DOCKER_CONFIG', '/home/ada/.docker');
		for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
		const host = new FakeHost().on('context inspect', {stdout: `${endpoint}\n`});
		if (config) await host.write('/home/ada/.docker/config.json', JSON.stringify(config), 0o600);
		return findSocket(host);
	};

	it('is the usual one where nothing else is said', async () => {
		expect(await find({})).toBe('/var/run/docker.sock');
		expect(await find({config: {currentContext: 'default'}})).toBe('/var/run/docker.sock');
		expect(await find({config: {auths: {}}})).toBe('/var/run/docker.sock');
	});

	it('is that of DOCKER_HOST before all', async () => {
		const environment = {DOCKER_HOST: 'unix:///run/user/1000/docker.sock'};
		expect(await find({environment, config: {currentContext: 'other'}})).toBe('/run/user/1000/docker.sock');
	});

	it('is that of the context in use', async () => {
		const endpoint = 'unix:///home/ada/.docker/run/docker.sock';
		expect(await find({config: {currentContext: 'desktop-linux'}, endpoint})).toBe('/home/ada/.docker/run/docker.sock');
		expect(await find({environment: {DOCKER_CONTEXT: 'rootless'}, endpoint})).toBe('/home/ada/.docker/run/docker.sock');
	});

	it.each(['tcp://10.0.0.1:2376', 'ssh://ada@museum.example'])('on another machine is refused: %s', async address => {
		const error = await failureOf(find({environment: {DOCKER_HOST: address}}));
		expect(error.message).toContain(address);
		expect(error.hint).toContain('DOCKER_HOST');
		expect(error.exitCode).toBe(3);
	});
});
