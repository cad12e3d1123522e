import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {type AddressInfo, connect, createServer} from 'node:net';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {healthProgram} from '../../source/files/health-program.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {isAlive} from '../_helpers/processes.js';
import {until} from '../_helpers/until.js';

const {folder, fresh} = temporaryFolder();

/** The program reads /proc, as it does in its container. */
const canRun = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0;
if (!canRun) console.warn('Skipped: the health program needs Linux and python3.');

/** Calls the program with other places and counts than those of its container. */
const driver = `
import json, sys
import health
for name, value in json.loads(sys.argv[1]).items():
    setattr(health, name, value)
sys.exit(health.main(sys.argv[2:]))
`;

/** As Docker's: starts one program, named behind `--`, and ends when that ends. */
const init = `
import subprocess, sys
service = subprocess.Popen([sys.executable] + sys.argv[2:])
print(service.pid, flush=True)
sys.exit(abs(service.wait()))
`;

/** A web server whose main thread wakes all the time; the file says what it does with requests. */
const service = `
import sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        behaviour = open(sys.argv[1]).read()
        if behaviour == 'silent':
            time.sleep(60)
        asked = (self.path, self.headers['Host'], self.headers['X-Forwarded-Proto'])
        right = asked == ('/setup_tool/setup_progress/', 'specify7.nrm.example', 'https')
        self.send_response(500 if behaviour == 'fails' else 200 if right else 400)
        self.end_headers()
    def log_message(self, *_):
        pass
class Server(ThreadingHTTPServer):
    request_queue_size = 1
    daemon_threads = True
server = Server(('127.0.0.1', 0), Handler)
open(sys.argv[2], 'w').write(str(server.server_port))
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(0.05)
`;

/** Redis and a database, as far as a health check sees them. */
const neighbour = async (said: Buffer, atOnce: boolean) => {
	const server = createServer(socket => {
		if (atOnce) socket.end(said);
		else socket.once('data', () => socket.end(said));
		socket.on('error', () => {});
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	return {server, port: (server.address() as AddressInfo).port};
};

describe.skipIf(!canRun).concurrent('the health program', {timeout: 60_000}, () => {
	const ended: ChildProcess[] = [];
	const pids: number[] = [];
	let redis: Awaited<ReturnType<typeof neighbour>>;
	let database: Awaited<ReturnType<typeof neighbour>>;

	beforeAll(async () => {
		writeFileSync(join(folder, 'health.py'), healthProgram());
		for (const [name, text] of Object.entries({driver, init, gunicorn: service}))
			writeFileSync(join(folder, `${name}.py`), text.trimStart());
		redis = await neighbour(Buffer.from('+PONG\r\n'), false);
		database = await neighbour(Buffer.from([1, 0, 0, 0, 10, 49, 49]), true);
	});
	afterAll(() => {
		for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
		for (const child of ended) child.kill('SIGKILL');
		redis.server.close();
		database.server.close();
	});

	/** An init process and its service, which stand in for a container. */
	const start = async ({withInit = true, behaviour = 'answers'} = {}) => {
		const place = fresh('container');
		mkdirSync(place);
		const [behaviourFile, portFile, state, log, exitCode] = ['behaviour', 'port', 'state', 'log', 'exit-code'].map(
			name => join(place, name),
		) as [string, string, string, string, string];
		writeFileSync(behaviourFile, behaviour);
		const celery = join(place, 'celery');
		writeFileSync(
			celery,
			`#!/bin/sh\necho "$@" > ${place}/asked\necho 'Error: as told' >&2\nexit $(cat ${exitCode})\n`,
		);
		chmodSync(celery, 0o755);
		const program = [join(folder, 'gunicorn.py'), behaviourFile, portFile];
		// Without an init process, a server that has processes of its own is what the container starts with.
		const child = spawn('python3', [join(folder, 'init.py'), withInit ? '--' : 'server', ...program], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		ended.push(child);
		const main = await new Promise<number>(resolve =>
			child.stdout!.once('data', text => resolve(Number(String(text)))),
		);
		pids.push(main);
		await until(() => existsSync(portFile) && readFileSync(portFile, 'utf8'));

		const settings = {
			INIT: child.pid,
			WEB: ['127.0.0.1', Number(readFileSync(portFile, 'utf8'))],
			CELERY: celery,
			STATE: state,
			LOG: log,
			ANSWER_SECONDS: 0.5,
			GRACE_SECONDS: 0.5,
			PATIENCE: {web: {stuck: 2, silent: 4}, worker: {stuck: 2}},
		};
		/** Runs the program once and tells its exit code and its words. */
		const ask = async (
			args: string[],
			{env = {}, ...other}: {env?: Record<string, string>; [name: string]: unknown} = {},
		) => {
			const {exitCode, all} = await execa(
				'python3',
				[join(folder, 'driver.py'), JSON.stringify({...settings, ...other}), ...args],
				{
					reject: false,
					all: true,
					cwd: folder,
					env: {
						...{REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port)},
						...{DATABASE_HOST: '127.0.0.1', DATABASE_PORT: String(database.port)},
						...env,
					},
				},
			);
			return {exitCode, said: all};
		};
		writeFileSync(log, '');
		return {
			main,
			init: child,
			settings,
			ask,
			port: settings.WEB[1] as number,
			web: (other?: Parameters<typeof ask>[1]) => ask(['web', 'specify7.nrm.example'], other),
			webHealing: (other?: Parameters<typeof ask>[1]) => ask(['web', 'specify7.nrm.example', '--heal'], other),
			workerHealing: (other?: Parameters<typeof ask>[1]) => ask(['worker', '--heal'], other),
			behave: (text: string) => writeFileSync(behaviourFile, text),
			pingExits: (code: number) => writeFileSync(exitCode, String(code)),
			asked: () => readFileSync(join(place, 'asked'), 'utf8').trim(),
			log: () => readFileSync(log, 'utf8'),
		};
	};
	const standStill = (pid: number) => process.kill(pid, 'SIGSTOP');

	describe('asked about web', () => {
		it('says yes to a good answer, asked for under the own name as the proxy would', async () => {
			const container = await start();
			expect(await container.web()).toMatchObject({exitCode: 0});
			expect(await container.ask(['web', 'another.example'])).toMatchObject({
				exitCode: 1,
				said: expect.stringContaining('400'),
			});
		});

		it('says no to an error, to a closed port and to silence, and ends nothing however often', async () => {
			const container = await start();
			await container.webHealing();
			container.behave('fails');
			expect(await container.web()).toMatchObject({exitCode: 1, said: expect.stringContaining('500')});
			expect(await container.web({WEB: ['127.0.0.1', 1]})).toMatchObject({
				exitCode: 1,
				said: expect.stringMatching(/^no answer: .*refused$/),
			});
			standStill(container.main);
			for (let time = 0; time < 4; time++) expect(await container.web()).toMatchObject({exitCode: 1});
			expect(isAlive(container.main)).toBe(true);
		});
	});

	describe('healing web', () => {
		it('ends a main process that stands still, not at once but soon, and tells it in the log', async () => {
			const container = await start();
			expect(await container.webHealing()).toMatchObject({exitCode: 0});
			standStill(container.main);
			expect(await container.webHealing()).toMatchObject({exitCode: 1});
			expect(isAlive(container.main)).toBe(true);
			const ends = new Promise(resolve => container.init.once('exit', resolve));
			expect(await container.webHealing()).toMatchObject({exitCode: 1});
			await ends;
			expect(isAlive(container.main)).toBe(false);
			expect(container.log()).toMatch(/^specify-setup: web has hung \(.*stands still\)\. Ending it, so that Docker/);
		});

		it('notices a main process that does not even take connections any more', async () => {
			const container = await start();
			await container.webHealing();
			standStill(container.main);
			const waiting = Array.from({length: 12}, () => connect(container.port, '127.0.0.1').on('error', () => {}));
			expect((await container.webHealing()).said).toContain('stands still');
			await container.webHealing();
			expect(isAlive(container.main)).toBe(false);
			for (const socket of waiting) socket.destroy();
		});

		it('is patient with one that is at work: requests may take long', async () => {
			const container = await start();
			await container.webHealing();
			container.behave('silent');
			for (let time = 0; time < 3; time++) await container.webHealing();
			expect(isAlive(container.main)).toBe(true);
			container.behave('answers');
			expect(await container.webHealing()).toMatchObject({exitCode: 0});
			container.behave('silent');
			for (let time = 0; time < 3; time++) await container.webHealing();
			expect(isAlive(container.main)).toBe(true);
			await container.webHealing();
			expect(isAlive(container.main)).toBe(false);
		});

		it('ends nothing that answers with errors or not yet', async () => {
			const container = await start();
			await container.webHealing();
			container.behave('fails');
			for (let time = 0; time < 5; time++) await container.webHealing();
			for (let time = 0; time < 5; time++) await container.webHealing({WEB: ['127.0.0.1', 1]});
			expect(isAlive(container.main)).toBe(true);
		});

		it('counts only what comes in a row', async () => {
			const container = await start();
			await container.webHealing();
			for (let time = 0; time < 3; time++) {
				standStill(container.main);
				await container.webHealing();
				process.kill(container.main, 'SIGCONT');
				await container.webHealing();
			}
			expect(isAlive(container.main)).toBe(true);
		});

		it.each([
			['the database', {DATABASE_PORT: '1'}],
			['Redis', {REDIS_PORT: '1'}],
		])('ends nothing while %s is away', async (_, env) => {
			const container = await start();
			await container.webHealing();
			standStill(container.main);
			for (let time = 0; time < 3; time++)
				expect((await container.webHealing({env})).said).toContain('the database or Redis is away');
			expect(isAlive(container.main)).toBe(true);
		});

		it('ends nothing that was never healthy since the container started, though it was before', async () => {
			const before = await start();
			await before.webHealing();
			const container = await start();
			standStill(container.main);
			for (let time = 0; time < 3; time++) await container.webHealing({STATE: before.settings.STATE});
			expect(isAlive(container.main)).toBe(true);
		});

		it('says so when the container has no init process, through which alone it could be ended', async () => {
			const container = await start({withInit: false});
			await container.webHealing();
			container.behave('silent');
			for (let time = 0; time < 4; time++) await container.webHealing();
			expect(isAlive(container.main)).toBe(true);
			expect(container.log()).toContain('init: true');
		});

		it('goes on where it may not write', async () => {
			const container = await start();
			expect(await container.webHealing({STATE: '/proc/nothing', LOG: '/proc/nothing'})).toMatchObject({exitCode: 0});
		});
	});

	describe('healing the worker', () => {
		it('ends one that leaves pings unanswered', async () => {
			const container = await start();
			container.pingExits(0);
			expect(await container.workerHealing()).toMatchObject({exitCode: 0});
			expect(container.asked()).toMatch(/^-A specifyweb inspect ping -d celery@\S+ -t 0\.5$/);
			container.pingExits(69);
			await container.workerHealing();
			expect(isAlive(container.main)).toBe(true);
			await container.workerHealing();
			expect(isAlive(container.main)).toBe(false);
			expect(container.log()).toContain('worker has hung');
		});

		it('ends none that could not be asked, nor while Redis is away or still loads', async () => {
			const container = await start();
			container.pingExits(0);
			await container.workerHealing();
			container.pingExits(1);
			for (let time = 0; time < 3; time++)
				expect((await container.workerHealing()).said).toContain('could not be asked: Error: as told');
			container.pingExits(69);
			const loading = await neighbour(Buffer.from('-LOADING Redis is loading the dataset in memory\r\n'), false);
			for (const port of [1, loading.port])
				for (let time = 0; time < 3; time++) await container.workerHealing({env: {REDIS_PORT: String(port)}});
			loading.server.close();
			expect(await container.workerHealing({CELERY: '/nowhere'})).toMatchObject({exitCode: 1});
			expect(isAlive(container.main)).toBe(true);
		});
	});
});

it('waits two minutes for a web server that stands still, a quarter of an hour for a busy one, three minutes for a worker', () => {
	const text = healthProgram();
	const number = (name: string) => Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(text)![1]);
	expect(text).toContain("PATIENCE = {'web': {STUCK: 6, SILENT: 45}, 'worker': {STUCK: 3}}");
	expect(number('ANSWER_SECONDS')).toBe(10);
	expect(number('GRACE_SECONDS')).toBe(10);
});
