import {existsSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterEach, describe, expect, test} from 'vitest';
import {docker, Installation, type Ran} from './installation.js';

const ports = {http: 18084, https: 18447};
const used: Installation[] = [];
const museumWith = (...settings: string[]) => {
	const museum = new Installation(ports, settings);
	used.push(museum);
	return museum;
};
afterEach(async () => {
	for (const museum of used.splice(0)) await museum.remove();
});

const expectNothing = async (museum: Installation) => {
	expect(existsSync(museum.directory)).toBe(false);
	expect(await museum.containers()).toEqual([]);
};

const expectRefusal = (ran: Ran, exitCode: number, ...texts: (string | RegExp)[]) => {
	expect(ran, ran.stdout + ran.stderr).toMatchObject({exitCode});
	expect(ran.stderr).toContain('What to do:');
	expect(ran.stderr).not.toMatch(/^\s+at /m);
	for (const text of texts) expect(ran.stderr).toMatch(text);
};

describe('preflight refuses with exit code 3 and writes nothing', () => {
	test('when a program holds a port, naming it', async () => {
		const museum = museumWith();
		const server = createServer().listen(ports.https);
		const ran = await museum.install();
		server.close();
		expectRefusal(ran, 3, /port 18447: used by (node|MainThread)/, '--set ports.https=8443');
		await expectNothing(museum);
	});

	test('when a container holds a port, naming it', async () => {
		const museum = museumWith();
		await docker(
			'run',
			'--detach',
			'--name',
			'lab-port-holder',
			'--publish',
			`${ports.http}:6379`,
			'localhost:5000/library/redis:8.0',
		);
		const ran = await museum.install();
		await docker('rm', '--force', '--volumes', 'lab-port-holder');
		expectRefusal(ran, 3, 'the container lab-port-holder');
		await expectNothing(museum);
	});

	test('when there is no engine', async () => {
		const museum = museumWith();
		const {exitCode, stdout, stderr} = await execa(
			process.execPath,
			['dist/cli.js', 'install', '--yes', '--dir', museum.directory],
			{
				reject: false,
				env: {DOCKER_HOST: 'unix:///nowhere/docker.sock'},
			},
		);
		expectRefusal({exitCode: exitCode!, stdout, stderr}, 3, /Docker/, 'start');
		await expectNothing(museum);
	});

	test('when the registry does not have the version', async () => {
		const museum = museumWith('specify7=v7.99.0');
		expectRefusal(await museum.install(), 3, 'v7.99.0', 'no such version');
		await expectNothing(museum);
	});

	test('when the registry does not answer', async () => {
		const museum = museumWith();
		const ran = await museum.run(
			'install',
			'--yes',
			'--set',
			'images.registry=localhost:5999',
			'--set',
			`ports.http=${ports.http}`,
			'--set',
			`ports.https=${ports.https}`,
		);
		expectRefusal(ran, 3, 'localhost:5999');
		await expectNothing(museum);
	});

	test('when the containers of that name run from another folder', async () => {
		const museum = museumWith();
		await docker(
			...['run', '--detach', '--name', 'lab-other-folder', '--label', `com.docker.compose.project=${museum.project}`],
			...['--label', 'com.docker.compose.project.working_dir=/srv/elsewhere', 'localhost:5000/library/redis:8.0'],
		);
		const ran = await museum.install();
		await docker('rm', '--force', '--volumes', 'lab-other-folder');
		expectRefusal(ran, 3, '/srv/elsewhere');
		await expectNothing(museum);
	});
});

describe('wrong answers', () => {
	test('are all told at once with their lines, exit code 2, and nothing is written', async () => {
		const museum = museumWith();
		const file = join(museum.directory, '..', 'answers.yaml');
		writeFileSync(file, 'version: 1\ndomain: not a domain\nports:\n  https: 99999\nedition: classic\ndatabse: {}\n');
		const ran = await museum.run('install', '--yes', '--answers', file);
		expectRefusal(ran, 2, /line 2, column 1: domain/, /line 4, column 3: ports.https/, /edition/, /databse/);
		await expectNothing(museum);
	});

	test('of the command line are told with the help to read', async () => {
		const museum = museumWith();
		expectRefusal(await museum.run('install', '--frobnicate'), 2, '--frobnicate', 'install --help');
		expectRefusal(await museum.run('install', '--set', 'ports.https'), 2, 'key=value');
		await expectNothing(museum);
	});

	test('without --yes nothing happens where nobody can be asked', async () => {
		const museum = museumWith();
		const ran = await museum.run(
			'install',
			'--set',
			'images.registry=localhost:5000',
			'--set',
			`ports.http=${ports.http}`,
			'--set',
			`ports.https=${ports.https}`,
		);
		expectRefusal(ran, 2, '--yes');
		expect(ran.stdout).toContain('Fetch the images');
		await expectNothing(museum);
	});
});

describe('without an engine', () => {
	const withoutEngine = (museum: Installation, ...args: string[]) =>
		execa(process.execPath, ['dist/cli.js', 'install', '--dir', museum.directory, ...args], {
			reject: false,
			env: {DOCKER_HOST: 'unix:///nowhere/docker.sock'},
		});

	test('--plan prints the plan and writes nothing', async () => {
		const museum = museumWith();
		const {exitCode, stdout} = await withoutEngine(museum, '--plan');
		expect(exitCode).toBe(0);
		expect(stdout).toContain('write compose.yaml');
		const json = JSON.parse((await withoutEngine(museum, '--plan', '--json')).stdout);
		expect(json.steps.map(({id}: {id: string}) => id)).toEqual([
			'preflight',
			'files',
			'pull',
			'certificates',
			'up',
			'database',
			'specify',
			'gate',
			'verify',
		]);
		await expectNothing(museum);
	});

	test('--files-only writes files that Compose accepts', async () => {
		const museum = museumWith();
		const {exitCode} = await withoutEngine(museum, '--files-only');
		expect(exitCode).toBe(0);
		expect(museum.mode('.env')).toBe('600');
		expect(museum.mode('.specify-setup')).toBe('700');
		expect(await museum.compose('config', '--quiet')).toMatchObject({exitCode: 0});
		expect(await museum.containers()).toEqual([]);
	});
});

test('a second run meanwhile is refused with exit code 4; --detach and attach follow the first', async () => {
	const museum = museumWith();
	const begun = await museum.install('--detach');
	expect(begun, begun.stderr).toMatchObject({exitCode: 0});
	const second = await museum.install();
	expectRefusal(second, 4, 'Another run', 'attach');
	const attached = museum.start('attach');
	const other = museum.start('attach', '--json');
	const [{stdout, exitCode}, json] = await Promise.all([attached, other]);
	expect(exitCode, String(stdout)).toBe(0);
	expect(String(stdout)).toContain('[1/9] Check this machine');
	expect(String(stdout)).toContain('Specify is installed.');
	expect(String(json.stdout).split('\n').length).toBe(museum.journal().entries.length);
});
