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
});
