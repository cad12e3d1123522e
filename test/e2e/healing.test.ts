import {mkdirSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {provideEngine, stopEngine} from '../lab/engine.js';
import {labHome} from '../lab/home.js';
import {docker, Installation} from './installation.js';

const minuteMs = 60_000;

const museum = new Installation({http: 18500, https: 18543}, ['timezone=Europe/Stockholm']);
const specify7 = 'specify7.specify.localhost';

const service = async (name: string) => (await museum.containers()).find(container => container.service === name)!;
const seconds = (since: number) => Math.round((Date.now() - since) / 1000);

/** Waits until something is true of a service's container, or of all; says what they were last when it never is. @returns seconds waited */
const waitFor = async (
	what: string,
	is: (container: Awaited<ReturnType<typeof service>>) => boolean,
	name?: string,
): Promise<number> => {
	for (const since = Date.now(); ; await sleep(1000)) {
		const containers = (await museum.containers()).filter(
			container => (name ?? container.service) === container.service,
		);
		if (containers.length > 0 && containers.every(is)) return seconds(since);
		if (Date.now() - since < 5 * minuteMs) continue;
		const last = containers.map(({service, state, health, restarts}) => `${service} ${state} ${health} ${restarts}`);
		throw new Error(`Not ${what} in ${seconds(since)} s: ${last.join(', ')}`);
	}
};
const waitHealthy = (name?: string) =>
	waitFor('healthy', ({state, health}) => state === 'running' && health === 'healthy', name);

/** Waits until a container of a service was started again by the engine, and is healthy. */
const waitBack = async (name: string, {id, restarts}: {id: string; restarts: number}) => {
	const since = Date.now();
	await waitFor('started again', now => now.restarts > restarts && now.state === 'running', name);
	const started = seconds(since);
	const now = await service(name);
	expect(now.id, `${name} was recreated`).toBe(id);
	await waitHealthy(name);
	return {started, healthy: seconds(since)};
};

/** Sends a signal, from inside a container, to the processes that a condition of its shell chooses by `$called` and `$parent`. */
const signal = async (name: string, kind: 'STOP' | 'CONT' | 'KILL', condition: string) => {
	const script = `for process in /proc/[0-9]*; do
		read -r id called state parent rest < $process/stat || continue
		if [ "$id" != 1 ] && ${condition}; then echo "$called"; kill -${kind} "$id"; fi
	done`;
	return (await museum.compose('exec', '-T', name, 'sh', '-c', script)).stdout.split('\n').filter(Boolean);
};
const called = (program: string) => `[ "$called" = "(${program})" ]`;
const isMain = '[ "$parent" = 1 ]';

/** Kills what Docker started in a container: the child of its init process, or its first process, which only the host can kill. */
const crash = async (name: string) => {
	const {id, host} = await service(name);
	if (host.Init) await signal(name, 'KILL', isMain);
	else process.kill(Number(await docker('inspect', '--format', '{{.State.Pid}}', id)), 'SIGKILL');
};

const logOf = async (name: string) => {
	const {stdout, stderr} = await museum.compose('logs', '--no-log-prefix', name);
	return stdout + stderr;
};
const pageAnswers = async () => {
	expect(await museum.get(specify7, '/setup_tool/setup_progress/')).toMatchObject({status: 200});
	expect(await museum.get(specify7, '/static/git_sha.txt')).toMatchObject({status: 200});
};

/** The checks themselves and how often they must fail are the product's; they only come sooner. Its own intervals: test/files/health.test.ts. */
const sooner = 'services: {specify7: {healthcheck: {interval: 4s}}, worker: {healthcheck: {interval: 15s}}}\n';

beforeAll(async () => {
	mkdirSync(museum.directory, {recursive: true});
	writeFileSync(museum.path('compose.override.yaml'), sooner);
	const installed = await museum.install();
	expect(installed, installed.stdout + installed.stderr).toMatchObject({exitCode: 0});
	await waitHealthy();
});
afterAll(() => museum.remove());

describe('a crashed process', () => {
	test.each(['proxy', 'db', 'redis', 'media', 'report', 'specify7', 'worker'])('of %s comes back', async name => {
		const startsOfOthers = async () =>
			(await museum.containers()).filter(other => other.service !== name).map(({startedAt}) => startedAt);
		const [before, others] = [await service(name), await startsOfOthers()];
		await crash(name);
		const {started, healthy} = await waitBack(name, before);
		console.log(`${name}: started again after ${started} s, healthy after ${healthy} s`);
		await waitHealthy();
		expect(await startsOfOthers()).toEqual(others);
		await pageAnswers();
	});

	test('in every service at once, as after a power cut, leads back to all of them, in whatever order they start', async () => {
		const before = await museum.containers();
		await Promise.all(before.map(({service: name}) => crash(name)));
		const since = Date.now();
		await Promise.all(before.map(container => waitBack(container.service, container)));
		console.log(`all seven: healthy after ${seconds(since)} s`);
		await pageAnswers();
	});
});

describe('what has hung', {timeout: 10 * minuteMs}, () => {
	/** Stands for the sessions of visitors, which Specify keeps in files of its container. */
	const session = '/tmp/session-of-a-visitor';
	const back: Record<string, ReturnType<typeof waitBack>> = {};

	beforeAll(async () => {
		await waitHealthy();
		await museum.compose('exec', '-T', 'specify7', 'touch', session);
		for (const [name, program, processes] of [
			['specify7', 'gunicorn', 4],
			['worker', 'celery', 2],
		] as const) {
			const before = await service(name);
			expect((await signal(name, 'STOP', called(program))).length).toBeGreaterThanOrEqual(processes);
			back[name] = waitBack(name, before);
			// Its test waits for it; until then nobody else has to.
			back[name].catch(() => {});
		}
	});

	test('a web server is ended by its health check and answers again, with the sessions it had', async () => {
		const {started, healthy} = await back.specify7!;
		console.log(`specify7: started again after ${started} s, healthy after ${healthy} s`);
		expect(started).toBeGreaterThan(60);
		expect(healthy).toBeLessThan(240);
		expect(await logOf('specify7')).toMatch(/specify-setup: web has hung \(.*\)\. Ending it/);
		expect(await museum.compose('exec', '-T', 'specify7', 'test', '-e', session)).toMatchObject({exitCode: 0});
		await pageAnswers();
	});

	test('a web server whose processes are all busy is left alone: its main process is at work', async () => {
		const before = await service('specify7');
		expect(await signal('specify7', 'STOP', `${called('gunicorn')} && ! ${isMain}`)).toHaveLength(3);
		await waitFor('unhealthy', ({health}) => health === 'unhealthy', 'specify7');
		await sleep(90_000);
		expect(await service('specify7')).toMatchObject({startedAt: before.startedAt, health: 'unhealthy'});
		await signal('specify7', 'CONT', called('gunicorn'));
		await waitHealthy('specify7');
		expect((await service('specify7')).startedAt).toBe(before.startedAt);
		await pageAnswers();
	});

	test('a worker is ended by its health check and answers again', async () => {
		const {started, healthy} = await back.worker!;
		console.log(`worker: started again after ${started} s, healthy after ${healthy} s`);
		expect(started).toBeLessThan(270);
		expect(await logOf('worker')).toMatch(/specify-setup: worker has hung \(.*\)\. Ending it/);
		await waitHealthy();
	});
});

describe('without the asset server', () => {
	afterAll(() => museum.compose('start', 'media'));

	test('Specify 7 stays up and its pages answer', async () => {
		const before = await service('specify7');
		expect(await museum.compose('stop', 'media')).toMatchObject({exitCode: 0});
		const stopped = Date.now();
		await sleep(45_000);
		const checks = JSON.parse(await docker('inspect', '--format', '{{json .State.Health.Log}}', before.id)) as {
			Start: string;
			ExitCode: number;
		}[];
		const since = checks.filter(({Start}) => Date.parse(Start) > stopped);
		expect(since.length).toBeGreaterThan(1);
		expect(since.map(({ExitCode}) => ExitCode)).toEqual(since.map(() => 0));
		expect(await service('specify7')).toMatchObject({health: 'healthy', startedAt: before.startedAt});
		await pageAnswers();
	});

	test('Specify 7 comes back after a crash', async () => {
		const before = await service('specify7');
		await crash('specify7');
		await waitBack('specify7', before);
		await pageAnswers();
	});

	test('the asset server can be started again', async () => {
		expect((await museum.get('media.specify.localhost', '/testkey')).status).toBeGreaterThanOrEqual(500);
		expect(await museum.compose('start', 'media')).toMatchObject({exitCode: 0});
		await waitHealthy();
		expect((await museum.get('media.specify.localhost', '/testkey')).status).toBe(403);
	});
});

// It stops every container of the engine, so only who has the engine alone may ask for it.
describe.skipIf(process.env.SPECIFY_LAB_MAY_RESTART_ENGINE !== '1')('a restart of the engine', () => {
	test('as when the machine starts again, leads back to all services', async () => {
		const before = await museum.containers();
		expect(await stopEngine(labHome()), 'only an engine that the laboratory started can be restarted').toBe(true);
		const since = Date.now();
		await provideEngine(labHome());
		await waitHealthy();
		console.log(`engine: all seven healthy ${seconds(since)} s after its start`);
		const after = await museum.containers();
		expect(after.map(({id}) => id)).toEqual(before.map(({id}) => id));
		for (const [index, {startedAt}] of after.entries()) expect(startedAt).not.toBe(before[index]!.startedAt);
		await pageAnswers();
		const again = await museum.install();
		expect(again, again.stdout + again.stderr).toMatchObject({exitCode: 0});
		expect(again.stdout).toContain('Nothing was changed');
	});
});
