import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, describe, expect, test} from 'vitest';
import {handedBack, openTerminal, type Terminal} from '../_helpers/terminal.js';
import {docker, Installation} from './installation.js';

const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const configuration = mkdtempSync(join(tmpdir(), 'specify-setup-home-'));
afterAll(() => rmSync(configuration, {recursive: true, force: true}));

describe.each([
	{cols: 80, rows: 24, ports: {http: 18086, https: 18448}},
	{cols: 140, rows: 45, ports: {http: 18087, https: 18449}},
])('the guided installation at $cols×$rows, by Enter alone', ({cols, rows, ports}) => {
	const museum = new Installation(ports);
	afterAll(() => museum.remove());

	const open = (...args: string[]) =>
		openTerminal({
			command: process.execPath,
			args: [bundle, '--dir', museum.directory, ...args],
			env: {XDG_CONFIG_HOME: configuration, SSH_CONNECTION: undefined},
			cols,
			rows,
		});

	const settings = ['images.registry=localhost:5000', `ports.http=${ports.http}`, `ports.https=${ports.https}`];

	/** Presses Enter until the review is there. */
	const enterToReview = async (terminal: Terminal) => {
		await terminal.waitFor(/1 of \d+/);
		for (let presses = 0; presses < 40 && !terminal.screen().includes('Install now'); presses += 1) {
			await terminal.press('enter');
			await terminal.settled();
		}
		await terminal.waitFor('Install now');
	};

	test('leads from nothing to Specify', async () => {
		const terminal = open(...settings.map(setting => `--set=${setting}`));
		try {
			await enterToReview(terminal);
			await terminal.waitFor('What will be done', {timeoutMs: 30_000}).catch(() => terminal.waitFor('Install now'));
			await terminal.press('enter');
			await terminal.waitFor('Installing Specify', {timeoutMs: 60_000});
			await terminal.waitFor('Specify is installed', {timeoutMs: 280_000});
			expect(terminal.screen()).toContain(`https://specify7.specify.localhost:${ports.https}/`);
			expect(terminal.screen()).toContain('admin');
			expect(terminal.tallestFrame).toBeLessThan(rows);
			await terminal.press('enter');
			expect(await terminal.exit).toMatchObject({exitCode: 0});
			expect(await terminal.restored()).toEqual(handedBack);
		} finally {
			await terminal.close();
		}
		const progress = await museum.get('specify7.specify.localhost', '/setup_tool/setup_progress/');
		expect(JSON.parse(progress.body)).toHaveProperty('resources.specifyUser', true);
		expect(await museum.sql('SELECT Name FROM specify.institution')).toEqual([['Natural History Museum']]);
	});

	test('keeps no secret outside the files for them', () => {
		const secrets = [...museum.read('.env').matchAll(/='([^']+)'/g)].map(([, secret]) => secret!);
		expect(secrets).toHaveLength(8);
		const kept = join(configuration, 'specify-setup', 'config.json');
		expect((statSync(kept).mode & 0o777).toString(8)).toBe('600');
		for (const secret of secrets) {
			expect(readFileSync(kept, 'utf8')).not.toContain(secret);
			expect(readFileSync(museum.journal().path, 'utf8')).not.toContain(secret);
		}
	});

	test('is changed by the same screens: marked, with what follows, and a hand edit that stays', async () => {
		const path = museum.path('landing', 'index.html');
		const mine = museum.read('landing', 'index.html').replace('</main>', '<p>Open on Sundays.</p>\n</main>');
		writeFileSync(path, mine);
		const starts = async () => (await museum.containers()).map(({service, startedAt}) => [service, startedAt]);
		const before = await starts();
		const terminal = openTerminal({
			command: process.execPath,
			args: [bundle, 'reconfigure', '--dir', museum.directory],
			env: {XDG_CONFIG_HOME: configuration, SSH_CONNECTION: undefined},
			cols,
			rows,
		});
		const goTo = async (label: string) => {
			const row = () => /^❯ .*$/m.exec(terminal.screen())?.[0] ?? '';
			for (let presses = 0; !row().startsWith(`❯ ${label}  `); presses += 1) {
				if (presses === 40) throw new Error(`"${label}" is not reached:\n${terminal.picture()}`);
				const last = row();
				await terminal.press('down');
				await terminal.waitFor(() => row() !== last);
			}
		};
		try {
			await terminal.waitFor('What shall be changed?');
			await terminal.waitFor('! landing/index.html was edited by hand', {timeoutMs: 60_000});
			await goTo('E-mail');
			await terminal.press('enter');
			await terminal.waitFor('❯ E-mail');
			await terminal.type('it@museum.example');
			await terminal.waitFor('* changed, was admin@specify.localhost');
			await terminal.press('enter');
			await terminal.waitFor('❯ Time zone');
			await terminal.press('enter');
			await terminal.waitFor(/E-mail +it@museum\.example \* changed, was admin@specify\.localhost/);
			await terminal.type('d');
			await terminal.waitFor('landing/index.html (edited by hand', {timeoutMs: 60_000});
			await terminal.waitFor(/^-<p>Open on Sundays\.<\/p>$/m);
			await terminal.type('k');
			await terminal.waitFor('yours stays');
			await terminal.press('escape');
			await terminal.waitFor(
				screen => screen.includes('What shall be changed?') && !/Looking at this machine|by hand/.test(screen),
				{timeoutMs: 60_000},
			);
			await terminal.press('home');
			await terminal.waitFor('❯ Change it now');
			await terminal.press('enter');
			await terminal.waitFor('Changing the installation', {timeoutMs: 60_000});
			await terminal.waitFor(/^Done /m, {timeoutMs: 120_000});
			expect(terminal.tallestFrame).toBeLessThan(rows);
			await terminal.press('enter');
			expect(await terminal.exit).toMatchObject({exitCode: 0});
			expect(await terminal.restored()).toEqual(handedBack);
		} finally {
			await terminal.close();
		}
		expect(museum.read('landing', 'index.html')).toBe(mine);
		expect(museum.read('specify.yaml')).toContain('email: it@museum.example');
		expect(museum.read('proxy', 'Caddyfile')).toContain('email it@museum.example');
		// An address of a person concerns no service so much that it must start again.
		expect(await starts()).toEqual(before);
	});

	test('is home afterwards: the status screen', async () => {
		const terminal = open();
		try {
			await terminal.waitFor(/specify7 .*healthy/, {timeoutMs: 60_000});
			expect(terminal.tallestFrame).toBeLessThan(rows);
			await terminal.type('q');
			expect(await terminal.exit).toMatchObject({exitCode: 0});
			expect(await terminal.restored()).toEqual(handedBack);
		} finally {
			await terminal.close();
		}
		expect(await docker('ps', '--filter', `label=com.docker.compose.project=${museum.project}`, '--quiet')).not.toBe(
			'',
		);
	});
});
