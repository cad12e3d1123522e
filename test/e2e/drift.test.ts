import {appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {Report} from '../../source/model/doctor.js';
import type {PlannedStep} from '../../source/model/events.js';
import type {Status} from '../../source/model/status.js';
import {handedBack, openTerminal} from '../_helpers/terminal.js';
import {docker, Installation} from './installation.js';

const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const museum = new Installation({http: 18476, https: 18477});

beforeAll(async () => {
	const {exitCode, stdout, stderr} = await museum.install();
	expect(exitCode, stdout + stderr).toBe(0);
});
afterAll(() => museum.remove());

const status = async () => JSON.parse((await museum.run('status', '--json')).stdout) as Status;
const kinds = async () => (await status()).drift.map(({kind}) => kind);

const plan = async () => {
	const {stdout} = await museum.run('reconfigure', '--plan', '--json');
	const {steps} = JSON.parse(stdout) as {steps: PlannedStep[]};
	return steps.flatMap(({changes}) => changes);
};

const starts = async () =>
	Object.fromEntries((await museum.containers()).map(({service, startedAt}) => [service, startedAt]));

describe('what differs', () => {
	it('is nothing after an installation', async () => {
		expect(await status()).toMatchObject({drift: [], reconfigure: []});
	});

	it("is told of the user's own settings, and a reconfigure starts Specify 7 and its worker alone with them", async () => {
		writeFileSync(museum.path('local_settings.d', 'x.py'), 'LOG_SQL = False\n');
		expect(await kinds()).toEqual(['settings']);
		expect((await plan()).filter(change => change.startsWith('start '))).toEqual([
			'start specify7 again, where its settings changed',
			'start worker again, where its settings changed',
		]);
		const before = await starts();
		expect(await museum.run('reconfigure', '--yes')).toMatchObject({exitCode: 0});
		const after = await starts();
		expect(Object.keys(after).filter(service => after[service] !== before[service])).toEqual(['specify7', 'worker']);
		expect(await status()).toMatchObject({healthy: true, drift: [], reconfigure: []});
	});

	it('is told of answers, hand edits, services and strangers, with what would be done; the doctor says so too', async () => {
		const yaml = museum.read('specify.yaml');
		writeFileSync(museum.path('specify.yaml'), yaml.replace(/^timezone: .*$/m, 'timezone: Asia/Tokyo'));
		appendFileSync(museum.path('landing', 'index.html'), '<!-- ours -->\n');
		await docker('rm', '--force', (await museum.containers()).find(({service}) => service === 'media')!.id);
		const stranger = `${museum.project}-stranger`;
		const image = (await museum.containers()).find(({service}) => service === 'redis')!.id;
		const label = `com.docker.compose.project=${museum.project}`;
		await docker(
			...['create', '--name', stranger, '--label', label, '--label', 'com.docker.compose.service=stranger'],
			(await docker('inspect', '--format', '{{.Config.Image}}', image)).trim(),
		);
		const {drift, reconfigure} = await status();
		expect(drift.map(({kind}) => kind)).toEqual(['answers', 'edits', 'stopped', 'containers']);
		const told = drift.map(({what}) => what).join('\n');
		for (const text of ['timezone is Asia/Tokyo', 'landing/index.html', 'without a container: media', stranger])
			expect(told).toContain(text);
		expect(reconfigure).toContain('start media');

		const terminal = openTerminal({
			command: process.execPath,
			args: [bundle, '--dir', museum.directory],
			cols: 80,
			rows: 24,
		});
		onTestFinished(() => terminal.close());
		await terminal.waitFor('4 things differ from your answers: d shows them', {timeoutMs: 20_000});
		await terminal.type('d');
		await terminal.waitFor(/What differs.*timezone is Asia\/Tokyo/s);
		await terminal.press('escape');
		await terminal.waitFor(/❯ proxy/);
		await terminal.press('ctrl-c');
		expect(await terminal.restored()).toEqual(handedBack);
		expect(await terminal.exit).toEqual({exitCode: 0, signal: null});

		const report = JSON.parse((await museum.run('doctor', '--json')).stdout) as Report;
		for (const check of ['folder.answers', 'folder.other-containers', 'folder.generated-files', 'folder.reconfigure'])
			expect(report.checks.find(({id}) => id === check)).toMatchObject({result: 'advice', remedy: /./});

		await docker('rm', stranger);
		writeFileSync(museum.path('specify.yaml'), yaml);
		expect(await museum.run('reconfigure', '--yes')).toMatchObject({exitCode: 0});
		expect(await status()).toMatchObject({healthy: true, drift: [], reconfigure: []});
	});
});

describe('home with several installations', () => {
	/** A folder with answers, and a stopped container that was made from it, as an engine keeps them. */
	const other = async () => {
		const folder = mkdtempSync(join(tmpdir(), 'specify-setup-home-'));
		const directory = join(folder, `other-${Math.random().toString(36).slice(2, 7)}`);
		const project = directory.split('/').pop()!;
		mkdirSync(join(directory, '.specify-setup'), {recursive: true});
		writeFileSync(join(directory, 'specify.yaml'), 'version: 1\ndomain: other.localhost\n');
		writeFileSync(join(directory, '.specify-setup/project'), `${project}\n`);
		const labels = {
			'specify-setup.project': project,
			'com.docker.compose.project': project,
			'com.docker.compose.project.working_dir': directory,
			'com.docker.compose.service': 'redis',
		};
		const image = (await museum.containers()).find(({service}) => service === 'redis')!.id;
		const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
		const name = (await docker('inspect', '--format', '{{.Config.Image}}', image)).trim();
		const container = (await docker('create', ...flags, name)).trim();
		const volume = `${project}-lost_database`;
		await docker('volume', 'create', '--label', `specify-setup.project=${project}-lost`, volume);
		onTestFinished(async () => {
			await docker('rm', '--force', container);
			await docker('volume', 'rm', volume);
			rmSync(folder, {recursive: true, force: true});
		});
		return {folder, directory, project};
	};

	it('finds those the list has forgotten, and volumes whose folder nobody knows; the one chosen is kept', async () => {
		const {folder, directory, project} = await other();
		const env = {XDG_CONFIG_HOME: join(folder, 'config'), HOME: folder};
		await museum.compose('up', '--detach', '--wait', '--no-recreate', '--pull', 'never');
		const piped = await execa(process.execPath, [bundle], {env, cwd: folder, reject: false, stdin: 'ignore'});
		expect(piped.exitCode).toBe(2);
		expect(piped.stderr).toContain(`${museum.directory}: healthy, https://specify7.specify.localhost:18477/`);
		expect(piped.stderr).toContain(`${directory}: stopped, https://specify7.other.localhost/`);
		expect(piped.stderr).toContain(`data of ${project}-lost`);
		expect(piped.stderr).toContain('--dir');

		const terminal = openTerminal({command: process.execPath, args: [bundle], cols: 140, rows: 45, env, cwd: folder});
		onTestFinished(() => terminal.close());
		await terminal.waitFor(museum.directory, {timeoutMs: 20_000});
		const pointed = `❯ ${museum.directory}`;
		for (let presses = 0; presses < 40 && !terminal.screen().includes(pointed); presses += 1) {
			const before = terminal.screen();
			await terminal.press('down');
			await terminal.waitFor(screen => screen !== before);
		}
		await terminal.press('enter');
		await terminal.waitFor(`Specify 7 v7.12.0.7 in ${museum.directory}`, {timeoutMs: 20_000});
		await terminal.press('ctrl-c');
		expect(await terminal.exit).toEqual({exitCode: 0, signal: null});
		const config = JSON.parse(readFileSync(join(folder, 'config/specify-setup/config.json'), 'utf8'));
		expect(config.installations).toEqual([museum.directory]);

		const inside = {env, cwd: museum.path('proxy'), reject: false, stdin: 'ignore'} as const;
		const meant = await execa(process.execPath, [bundle], inside);
		expect(meant.stdout).toMatch(new RegExp(`^Specify 7 v7.12.0.7 in ${museum.directory}: healthy`));
	});
});
