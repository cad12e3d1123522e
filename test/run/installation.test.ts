import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {environment} from '../../source/files/environment.js';
import {type Secrets, secretNames} from '../../source/model/secrets.js';
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

	/** An installation whose .env was edited by hand since. */
	const edited = async (secrets: Partial<Secrets>, installed = knownSecrets) => {
		const host = new FakeHost();
		await host.write(`${directory}/.env`, environment({...installed, ...secrets}), 0o600);
		await host.write(`${directory}/.specify-setup/environment`, environment(installed), 0o600);
		return host;
	};

	it('trusts .env before its copy, which tells what is installed', async () => {
		const {secrets, former, observation} = await open(await edited({SECRET_KEY: 'changedByHand1'}));
		expect(secrets.SECRET_KEY).toBe('changedByHand1');
		expect(former).toEqual(knownSecrets);
		expect(observation.newSecrets).toEqual(['SECRET_KEY']);
		expect(observation.passwords).toEqual([]);
	});

	it('plans passwords edited in .env as those that are given: the database gets them before the files', async () => {
		volumes = ['specify_database'];
		const context = await open(
			await edited({MASTER_PASSWORD: 'changedByHand1', DATABASE_ROOT_PASSWORD: 'changedByHand2'}),
		);
		expect(context.observation.passwords).toEqual(['master', 'root']);
		expect(
			planFor(context)
				.map(({id}) => id)
				.slice(0, 3),
		).toEqual(['preflight', 'passwords', 'files']);
	});

	it('refuses a password in .env that no --secrets could give, with its line, and takes it where it works already', async () => {
		const error = await failureOf(open(await edited({MASTER_PASSWORD: 'short'})));
		expect(error.exitCode).toBe(2);
		const row =
			environment(knownSecrets)
				.split('\n')
				.findIndex(text => text.startsWith('MASTER_PASSWORD')) + 1;
		expect(error.message).toContain(`MASTER_PASSWORD in .env, line ${row},`);
		const works = {...knownSecrets, MASTER_PASSWORD: 'short'};
		expect((await open(await edited({SECRET_KEY: 'changedByHand1'}, works))).secrets.MASTER_PASSWORD).toBe('short');
	});

	it('takes a short password of an installation whose copy is lost, and of none that was never installed', async () => {
		const host = new FakeHost();
		await host.write(`${directory}/.env`, environment({...knownSecrets, MASTER_PASSWORD: 'short'}), 0o600);
		expect((await failureOf(open(host))).exitCode).toBe(2);
		await host.write(`${directory}/.specify-setup/project`, 'specify\n', 0o600);
		const {secrets, observation} = await open(host);
		expect(secrets.MASTER_PASSWORD).toBe('short');
		expect(observation.newSecrets).toEqual([]);
	});

	it('does not mind a short password in .env in whose place another is given', async () => {
		const host = await edited({MASTER_PASSWORD: 'short'});
		const given = {MASTER_PASSWORD: 'GivenByAPerson1'};
		const {secrets} = await openInstallation({host, directory, answers, given, signal: new AbortController().signal});
		expect(secrets.MASTER_PASSWORD).toBe('GivenByAPerson1');
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
