import {mkdtempSync, rmSync} from 'node:fs';
import {connect, createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {LiveStatus} from '../../source/model/status.js';
import {handedBack, openTerminal} from '../_helpers/terminal.js';
import {until} from '../_helpers/until.js';
import {docker, Installation} from './installation.js';

const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const museum = new Installation({http: 18094, https: 18464});

beforeAll(async () => {
	const {exitCode, stdout, stderr} = await museum.install();
	expect(exitCode, stdout + stderr).toBe(0);
});
afterAll(() => museum.remove());

const container = async (service: string) => (await museum.containers()).find(found => found.service === service)!;

/** Ends a service's program from inside its container, as a crash would; `docker kill` would count as a wish. */
const crash = async (service: string) => docker('exec', (await container(service)).id, 'sh', '-c', 'kill 1');

const screen = (size: {cols: number; rows: number}, env: Record<string, string> = {}) => {
	const terminal = openTerminal({
		command: process.execPath,
		args: [bundle, '--dir', museum.directory],
		env,
		...size,
	});
	onTestFinished(() => terminal.close());
	return terminal;
};

const usual = {cols: 80, rows: 24};

describe('status --watch', () => {
	it('tells what is used, a crash with its restart, and that all is well again', async () => {
		const child = museum.start('status', '--watch', '--json');
		onTestFinished(() => void child.kill());
		const seen: LiveStatus[] = [];
		createInterface({input: child.stdout!}).on('line', line => seen.push(JSON.parse(line)));
		const redis = () => seen.at(-1)?.services.find(({service}) => service === 'redis');
		await until(() => redis()?.usage, {timeoutMs: 20_000});
		expect(seen.at(-1)).toMatchObject({healthy: true, engine: {connected: true}, drift: []});
		const {restarts} = redis()!;
		for (const {usage, service} of seen.at(-1)!.services) {
			expect(usage?.memoryBytes, service).toBeGreaterThan(1e6);
			expect(usage?.limitBytes, service).toBeGreaterThan(usage!.memoryBytes);
		}
		await crash('redis');
		await until(() => redis()?.restarts === restarts + 1, {timeoutMs: 20_000});
		await until(() => redis()?.state === 'healthy' && seen.at(-1)?.healthy, {timeoutMs: 90_000});
		child.kill('SIGINT');
		expect((await child).exitCode).toBe(130);
	});
});

describe('the status screen', () => {
	it.each([{cols: 60, rows: 20}, usual, {cols: 140, rows: 45}])(
		'shows the installation at $cols×$rows, and hands the terminal back',
		async size => {
			const terminal = screen(size);
			await terminal.waitFor(/✔ healthy$/m, {timeoutMs: 20_000});
			const all = await terminal.waitFor(/worker +✔ healthy +\d.*MiB/, {timeoutMs: 20_000});
			for (const {service} of await museum.containers()) expect(all).toMatch(new RegExp(`${service} +✔ healthy`));
			expect(all).toContain('https://specify7.specify.localhost:18464/');
			expect(all).toMatch(/answers 200 {2}certificate \d+ hours/);
			expect(all.includes('Uptime')).toBe(size.cols >= 80);
			expect(all.includes('Image')).toBe(size.cols >= 140);
			expect(terminal.overflowed).toBe(false);
			await terminal.press('ctrl-c');
			expect(await terminal.restored()).toEqual(handedBack);
			expect(await terminal.exit).toEqual({exitCode: 0, signal: null});
		},
	);

	it('shows a crash and the restart that follows, without being asked', async () => {
		const terminal = screen(usual);
		await terminal.waitFor(/media +✔ healthy/, {timeoutMs: 20_000});
		const {restarts} = await container('redis');
		await crash('redis');
		await terminal.waitFor(new RegExp(`redis .* ${restarts + 1}$`, 'm'), {timeoutMs: 15_000});
		await terminal.waitFor(/redis +✔ healthy/, {timeoutMs: 60_000});
	});

	it("opens a service's log with its real lines, and follows it", async () => {
		const terminal = screen(usual);
		await terminal.waitFor(/❯ proxy/, {timeoutMs: 20_000});
		await terminal.press('down', 'down', 'enter');
		await terminal.waitFor('Log of redis');
		const {id} = await container('redis');
		const last = (await docker('logs', '--tail', '1', id)).trim();
		await terminal.waitFor(last.slice(-40));
		await docker('exec', id, 'redis-cli', 'bgrewriteaof');
		await terminal.waitFor(/Background .*rewrite.*(finished|success)/i, {timeoutMs: 15_000});
		await terminal.press('escape');
		await terminal.waitFor(/❯ redis/);
	});

	it('restarts a service after asking, and shows it become healthy', async () => {
		const before = await container('media');
		const terminal = screen(usual);
		await terminal.waitFor(/❯ proxy/, {timeoutMs: 20_000});
		await terminal.press('down', 'down', 'down');
		await terminal.type('r');
		await terminal.waitFor('Restart media?');
		await terminal.type('n');
		await terminal.waitFor(text => !text.includes('Restart media?'));
		expect((await container('media')).startedAt).toBe(before.startedAt);
		await terminal.type('r');
		await terminal.waitFor('Restart media?');
		await terminal.type('y');
		await terminal.waitFor(/❯ media +● starting/, {timeoutMs: 30_000});
		await terminal.waitFor(/✔ media is healthy again after \d+ s/, {timeoutMs: 60_000});
		const after = await container('media');
		expect(after.id).toBe(before.id);
		expect(after.startedAt > before.startedAt).toBe(true);
	});

	it('tells when the engine is lost and goes on when it is back', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'specify-setup-engine-'));
		onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
		const path = join(folder, 'docker.sock');
		const open = new Set<Socket>();
		const listen = async () => {
			const server = createServer(client => {
				const engine = connect('/var/run/docker.sock');
				for (const socket of [client, engine]) {
					open.add(socket);
					socket.on('error', () => {});
					socket.on('close', () => {
						open.delete(socket);
						client.destroy();
						engine.destroy();
					});
				}
				client.pipe(engine).pipe(client);
			});
			await new Promise<void>(resolve => server.listen(path, resolve));
			return () => {
				server.close();
				for (const socket of open) socket.destroy();
			};
		};
		let cut = await listen();
		onTestFinished(() => cut());
		const terminal = screen(usual, {DOCKER_HOST: `unix://${path}`});
		await terminal.waitFor(/worker +✔ healthy/, {timeoutMs: 20_000});
		cut();
		await terminal.waitFor('No word from Docker since', {timeoutMs: 15_000});
		await terminal.waitFor(/worker +\? unknown/);
		cut = await listen();
		await terminal.waitFor(/worker +✔ healthy/, {timeoutMs: 30_000});
		expect(terminal.screen()).not.toContain('No word from Docker');
	});
});
