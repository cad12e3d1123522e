import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
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
