import {existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {afterAll, describe, expect, test} from 'vitest';
import {type SecretName, secretNames} from '../../source/model/secrets.js';
import {runCommand} from '../../source/run/command.js';
import {openTerminal} from '../_helpers/terminal.js';
import {bundle, Installation} from './installation.js';

/** What a script does: answers and secrets by environment and standard input, no terminal. */

const ports = {http: 18400, https: 18401};
const museum = new Installation(ports);
afterAll(() => museum.remove());

const fromInput = secretNames.filter(name => name !== 'MASTER_PASSWORD' && name !== 'ADMINISTRATOR_PASSWORD');
const canaries = {
	MASTER_PASSWORD: 'CanaryOfTheEnvironment1',
	ADMINISTRATOR_PASSWORD: 'CanaryOfAFile2',
	...Object.fromEntries(fromInput.map((name, index) => [name, `CanaryOfStandardInput${index + 3}`])),
} as Record<SecretName, string>;

/** What a secret may look like: itself, or as the proxy's gate knows it. */
const forms = Object.values(canaries).flatMap(canary => [
	canary,
	Buffer.from(`setup:${canary}`).toString('base64'),
	encodeURIComponent(canary),
]);
const leaks = (text: string | Buffer) => forms.filter(form => text.includes(form));
const institution =
	'{name: Riksmuseet, code: NRM, division: Zoology, discipline: {type: fish, name: Fishes}, collection: {name: Fishes, code: F}, administrator: {name: ada, lastname: Lovelace}}';

const answers = () => ({
	SPECIFY_SETUP_DIR: museum.directory,
	SPECIFY_SETUP_PORTS_HTTP: String(ports.http),
	SPECIFY_SETUP_PORTS: `{http: 1, https: ${ports.https}}`,
	SPECIFY_SETUP_IMAGES_REGISTRY: 'localhost:5000',
	SPECIFY_SETUP_INSTITUTION: institution,
});

const run = (args: readonly string[], env: Record<string, string>, input = '') =>
	execa(process.execPath, [bundle, ...args], {reject: false, env, input, all: true});

const processes = () => readdirSync('/proc').filter(pid => /^\d+$/.test(pid));

/** A file of a process; empty when it has ended. */
const read = (pid: string, name: string) => {
	try {
		return readFileSync(`/proc/${pid}/${name}`, 'utf8');
	} catch {
		return '';
	}
};

const mounts = (pid: string) => {
	try {
		return readlinkSync(`/proc/${pid}/ns/mnt`);
	} catch {
		return null;
	}
};

/** Programs of this machine, those of containers apart, in whose arguments or environment one of the texts stands. */
const holders = (texts: readonly string[], except: number | undefined): string[] =>
	processes()
		.filter(pid => ![except, process.pid].includes(Number(pid)) && mounts(pid) === mounts('self'))
		.flatMap(pid => {
			const program = read(pid, 'cmdline').replaceAll('\0', ' ');
			const holds = (name: string) => texts.some(text => read(pid, name).includes(text));
			return ['cmdline', 'environ'].filter(holds).map(name => `${name} of ${program}`);
		});

describe('an installation by script', () => {
	test('without --yes is refused, and nothing is there afterwards', async () => {
		const {exitCode, stdout, stderr} = await run(['install'], answers());
		expect(exitCode, stderr).toBe(2);
		expect(stdout).toContain('Fetch the images');
		expect(stderr).toContain('Add --yes');
		expect(existsSync(museum.directory)).toBe(false);
		expect(await museum.containers()).toEqual([]);
	});

	test('gets the answers and secrets of its environment; no other process ever has a secret in its arguments or environment but those of the containers that need it', {
		timeout: 600_000,
	}, async () => {
		const file = join(museum.directory, '..', 'administrator');
		writeFileSync(file, `${canaries.ADMINISTRATOR_PASSWORD}\n`, {mode: 0o600});
		const child = run(
			['install', '--yes', '--secrets', '-'],
			{
				...answers(),
				SPECIFY_SETUP_SECRET_MASTER_PASSWORD: canaries.MASTER_PASSWORD,
				SPECIFY_SETUP_SECRET_ADMINISTRATOR_PASSWORD_FILE: file,
			},
			fromInput.map(name => `${name}=${canaries[name]}\n`).join(''),
		);
		const seen = new Set<string>();
		let ended = false;
		void child.finally(() => {
			ended = true;
		});
		let looks = 0;
		let runSeen = false;
		for (; !ended; looks += 1) {
			runSeen ||= processes().some(pid => read(pid, 'cmdline').includes(runCommand));
			for (const holder of holders(Object.values(canaries), child.pid)) seen.add(holder);
			await sleep(25);
		}
		const {exitCode, all} = await child;
		rmSync(file);
		expect(exitCode, all).toBe(0);
		expect(looks).toBeGreaterThan(50);
		expect(runSeen).toBe(true);
		expect([...seen]).toEqual([]);
		expect(leaks(all!)).toEqual([]);
		expect(leaks(readFileSync(museum.journal().path))).toEqual([]);
		const environment = museum.read('.env');
		for (const [name, canary] of Object.entries(canaries)) expect(environment).toContain(`${name}='${canary}'`);
		expect(museum.read('specify.yaml')).toContain('name: Riksmuseet');
		expect(museum.read('specify.yaml')).toContain(`http: ${ports.http}`);
	});

	test('the database and Specify know the given passwords', async () => {
		const login = await museum.compose(
			...['exec', '-T', '-e', `MYSQL_PWD=${canaries.MASTER_PASSWORD}`, 'db'],
			...['mariadb', '-umaster', '-BN', '-e', 'SELECT 1'],
		);
		const users = await museum.sql(
			"SELECT User FROM mysql.user WHERE User NOT IN ('mariadb.sys', 'root', 'healthcheck')",
		);
		expect(login, JSON.stringify(users)).toMatchObject({exitCode: 0, stdout: '1'});
	});

	test('run again with the same has nothing to do, and says so with exit code 0 also without --yes', async () => {
		const {exitCode, stdout} = await run(['install', '--json'], answers());
		expect(exitCode).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({type: 'run.finished', outcome: 'unchanged', exitCode: 0});
	});
});

describe('a secret', () => {
	/** Files that are there to hold secrets; whoever reads them is the owner. */
	const forSecrets =
		/^(\.env|\.specify-setup\/(environment|secrets\/.*|proxy\/gate\.caddy|previous\/.*(\.env|environment|secrets\/.*)))$/;

	const filesWithSecrets = () =>
		Object.keys(museum.snapshot({journals: true})).filter(path => leaks(readFileSync(museum.path(path))).length > 0);

	test('is in no file of the installation but those for secrets, which nobody else reads', () => {
		const holders = filesWithSecrets();
		expect(holders).toContain('.env');
		expect(holders.filter(path => !forSecrets.test(path))).toEqual([]);
		for (const path of holders)
			if (!path.startsWith('.specify-setup/')) expect((statSync(museum.path(path)).mode & 0o077).toString(8)).toBe('0');
		expect((statSync(museum.path('.specify-setup')).mode & 0o077).toString(8)).toBe('0');
	});

	const expectCleanLogs = async () => {
		for (const {service, id} of await museum.containers()) {
			const {stdout, stderr} = await execa('docker', ['logs', id]);
			expect(leaks(stdout + stderr), service).toEqual([]);
		}
	};

	test('is in no log of a service', () => expectCleanLogs());

	test('is in no bundle', async () => {
		const outside = join(museum.directory, '..', 'bundle');
		mkdirSync(outside);
		const {exitCode, all} = await run(
			['bundle', '--dir', museum.directory, '--output', join(outside, 'it.tar.gz')],
			{},
		);
		expect(exitCode, all).toBe(0);
		await execa('tar', ['-xzf', 'it.tar.gz'], {cwd: outside});
		const files = readdirSync(outside, {recursive: true, withFileTypes: true}).filter(entry => entry.isFile());
		expect(files.length).toBeGreaterThan(10);
		for (const {parentPath, name} of files) expect(leaks(readFileSync(join(parentPath, name))), name).toEqual([]);
	});

	test.each([
		['status'],
		['status', '--json'],
		['doctor'],
		['certs'],
		['attach', '--plain'],
		['reconfigure', '--plan', '--json'],
	])('is in nothing that %s %s says', async (...args) => {
		const {all} = await run([...args, '--dir', museum.directory], {});
		expect(all!.length).toBeGreaterThan(50);
		expect(leaks(all!)).toEqual([]);
	});

	test.each([
		{args: ['attach'], shows: 'Specify is installed'},
		{args: [], shows: 'healthy'},
		{args: ['reconfigure'], shows: 'What shall be changed?'},
	])('is on no screen of $args', async ({args, shows}) => {
		const terminal = openTerminal({command: process.execPath, args: [bundle, ...args, '--dir', museum.directory]});
		try {
			const screens = [await terminal.waitFor(shows, {timeoutMs: 60_000})];
			for (const key of ['?', 'l', 'd']) {
				await terminal.type(key);
				screens.push(await terminal.settled({timeoutMs: 20_000}).catch(() => terminal.screen()));
				await terminal.press('escape');
			}
			for (const screen of screens) expect(leaks(screen)).toEqual([]);
		} finally {
			await terminal.close();
		}
	});

	test('that is changed is nowhere afterwards, neither the old nor the new one, where it does not belong', {
		timeout: 600_000,
	}, async () => {
		const fresh = 'CanaryThatCameLater1';
		const {exitCode, all} = await run(
			['reconfigure', '--yes', '--secrets', '-', '--dir', museum.directory],
			{},
			`MASTER_PASSWORD=${fresh}\n`,
		);
		expect(exitCode, all).toBe(0);
		forms.push(fresh);
		expect(leaks(all!)).toEqual([]);
		const holders = filesWithSecrets();
		expect(holders.filter(path => !forSecrets.test(path))).toEqual([]);
		await expectCleanLogs();
	});
});

describe('plain lines in a terminal', () => {
	const other = new Installation({http: 18402, https: 18403});
	afterAll(() => other.remove());

	test('Ctrl-C asks, the run goes on meanwhile; s stops it safely', async () => {
		const settings = ['images.registry=localhost:5000', 'ports.http=18402', 'ports.https=18403'];
		const terminal = openTerminal({
			command: process.execPath,
			args: [bundle, 'install', '--plain', '--yes', '--dir', other.directory, ...settings.map(item => `--set=${item}`)],
			reads: 'lines',
		});
		try {
			await terminal.waitFor(/^\[3\//m, {timeoutMs: 120_000});
			await terminal.press('ctrl-c');
			await terminal.waitFor('[k]eep it running and leave, [s]top safely, [b]ack:');
			await terminal.waitFor(/^\[4\//m, {timeoutMs: 120_000});
			await terminal.type('s');
			await terminal.press('enter');
			expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
			expect(terminal.screen()).toContain('Stopped, as you asked.');
		} finally {
			await terminal.close();
		}
		expect(other.journal().entries.at(-1)).toMatchObject({type: 'run.finished', outcome: 'cancelled', exitCode: 130});
	});
});
