import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {environment} from '../../source/files/environment.js';
import {secretNames} from '../../source/model/secrets.js';
import {openInstallation, planFor} from '../../source/run/installation.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {failureOf} from '../_helpers/failure.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {knownSecrets} from '../_helpers/observation.js';
import {serveAtSocket} from '../_helpers/servers.js';

const {fresh} = temporaryFolder();
const directory = '/opt/specify';
const answers = offlineAnswers();

/** The volumes of the engine that the tests talk to; it has nothing else. */
let volumes: string[] = [];

beforeAll(async () => {
	const socket = fresh('engine');
	await serveAtSocket(socket, ({url}, response) => {
		if (url === '/info') response.end(JSON.stringify({ServerVersion: '28', DockerRootDir: '/var/lib/docker'}));
		else if (url === '/volumes') response.end(JSON.stringify({Volumes: volumes.map(Name => ({Name}))}));
		else if (url!.startsWith('/containers/json')) response.end('[]');
		else response.writeHead(404).end('{}');
	});
	vi.stubEnv('DOCKER_HOST', `unix://${socket}`);
});
afterAll(() => vi.unstubAllEnvs());
beforeEach(() => {
	volumes = [];
});

const open = (host: FakeHost) => openInstallation({host, directory, answers, signal: new AbortController().signal});

describe('opening an installation', () => {
	it('changes nothing', async () => {
		const host = new FakeHost();
		await open(host);
		expect(host.files.size).toBe(0);
		expect(host.folders.size).toBe(0);
	});

	it('makes secrets the first time and plans everything', async () => {
		const context = await open(new FakeHost());
		expect(context.project).toBe('specify');
		expect(new Set(Object.values(context.secrets)).size).toBe(secretNames.length);
		expect(planFor(context).every(({done}) => !done)).toBe(true);
	});

	it('keeps the secrets of .env, and those of its copy where .env is lost', async () => {
		for (const path of ['.env', '.specify-setup/environment']) {
			const host = new FakeHost();
			await host.write(`${directory}/${path}`, environment(knownSecrets), 0o600);
			expect((await open(host)).secrets).toEqual(knownSecrets);
		}
	});

	it('trusts .env before its copy', async () => {
		const host = new FakeHost();
		await host.write(`${directory}/.env`, environment({...knownSecrets, SECRET_KEY: 'changed'}), 0o600);
		await host.write(`${directory}/.specify-setup/environment`, environment(knownSecrets), 0o600);
		expect((await open(host)).secrets.SECRET_KEY).toBe('changed');
	});

	it('refuses to begin beside a database whose passwords are lost', async () => {
		volumes = ['specify_database'];
		const error = await failureOf(open(new FakeHost()));
		expect(error.message).toContain('specify_database');
		expect(error.hint).toContain('.env');
		expect(error.exitCode).toBe(3);
	});

	it('goes on beside a database whose passwords are known', async () => {
		volumes = ['specify_database'];
		const host = new FakeHost();
		await host.write(`${directory}/.env`, environment(knownSecrets), 0o600);
		expect((await open(host)).observation.volumes).toEqual(['specify_database']);
	});

	it("has the user's own settings for Specify 7 start it and its worker anew, and nothing else", async () => {
		const host = new FakeHost();
		await host.write(`${directory}/.env`, environment(knownSecrets), 0o600);
		const compose = async () => (await open(host)).files.find(({path}) => path === 'compose.yaml')!.text.split('\n');
		const before = await compose();
		await host.write(`${directory}/local_settings.d/readme.txt`, 'not read by Specify', 0o644);
		expect(await compose()).toEqual(before);
		await host.write(`${directory}/local_settings.d/a.py`, 'X = 1\n', 0o644);
		const after = await compose();
		const changed = after.flatMap((line, index) => (line === before[index] ? [] : [index]));
		expect(changed).toHaveLength(2);
		const serviceAt = (index: number) =>
			after
				.slice(0, index)
				.findLast(line => /^ {2}\w+:$/.test(line))
				?.trim();
		expect(changed.map(serviceAt)).toEqual(['specify7:', 'worker:']);
	});
});
