import {readFileSync, renameSync, utimesSync, writeFileSync} from 'node:fs';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {docker, forgetImages, Installation, type Ran} from './installation.js';

const services = ['db', 'media', 'proxy', 'redis', 'report', 'specify7', 'worker'];

describe('an empty start', () => {
	const museum = new Installation({http: 18080, https: 18443}, ['timezone=Europe/Stockholm']);
	const specify7 = 'specify7.specify.localhost';
	let first: Ran;
	let inUse: string[];

	beforeAll(async () => {
		inUse = await forgetImages();
		first = await museum.install();
	});
	afterAll(() => museum.remove());

	test('ends with exit code 0 and the addresses', () => {
		expect(first, first.stdout + first.stderr).toMatchObject({exitCode: 0});
		expect(first.stdout).toContain(`https://${specify7}:18443/`);
	});

	test('tells true bytes of every image while fetching them', () => {
		const {entries} = museum.journal();
		const images = entries.flatMap(entry =>
			entry.type === 'progress' && entry.step === 'pull' && entry.parent === undefined ? [entry] : [],
		);
		const last = new Map(images.map(image => [image.item, image]));
		expect(inUse, 'images used by other containers of this machine').toEqual([]);
		expect(last.size).toBe(6);
		for (const image of last.values()) expect(image).toMatchObject({current: image.total, state: 'done'});
		expect(images.some(({rate, secondsLeft}) => rate !== undefined && secondsLeft !== undefined)).toBe(true);
		const layers = entries.filter(
			entry => entry.type === 'progress' && entry.step === 'pull' && entry.parent !== undefined,
		);
		expect(layers.length).toBeGreaterThan(6);
	});

	test('tells the migrations of Specify 7 as they go', () => {
		const migrations = museum
			.journal()
			.entries.flatMap(entry =>
				entry.type === 'progress' && entry.unit === 'migrations' && entry.total !== null ? [entry.current] : [],
			);
		expect(migrations.length).toBeGreaterThan(50);
		expect(migrations).toEqual([...migrations].sort((a, b) => a - b));
	});

	test('leaves seven services running, each healthy by its own check', async () => {
		const {exitCode} = await museum.compose('up', '--detach', '--wait', '--pull', 'never');
		expect(exitCode).toBe(0);
		const containers = await museum.containers();
		expect(containers.map(({service}) => service)).toEqual(services);
		for (const {state, health, restarts} of containers)
			expect({state, health, restarts}).toEqual({state: 'running', health: 'healthy', restarts: 0});
	});

	test('answers at the real names with certificates that verify against the exported root', async () => {
		const progress = await museum.get(specify7, '/setup_tool/setup_progress/');
		expect(progress.status).toBe(200);
		expect(JSON.parse(progress.body)).toHaveProperty('resources.specifyUser', false);
		expect(await museum.get(specify7, '/static/git_sha.txt')).toMatchObject({status: 200});
		expect((await museum.get('media.specify.localhost', '/web_asset_store.xml')).body).toContain(
			'https://media.specify.localhost:18443/fileget',
		);
	});

	test('does not show the depository to visitors who are not logged in', async () => {
		await museum.compose(
			'exec',
			'-T',
			'specify7',
			'sh',
			'-c',
			'echo secret > /volumes/static-files/depository/dump.sql',
		);
		const answer = await museum.get(specify7, '/static/depository/dump.sql');
		expect(answer.status).not.toBe(200);
		expect(answer.body).not.toContain('secret');
	});

	test('publishes only the two ports of the proxy, and mounts no Docker socket', async () => {
		for (const {service, host, mounts} of await museum.containers()) {
			const published = Object.values(host.PortBindings ?? {})
				.flat()
				.map(binding => Number((binding as {HostPort: string}).HostPort));
			expect(published.sort()).toEqual(service === 'proxy' ? [18080, 18443] : []);
			expect(mounts.map(({Source}) => Source).join()).not.toContain('docker.sock');
		}
	});

	test('limits and confines every container', async () => {
		for (const {service, host} of await museum.containers()) {
			expect(host.Memory, service).toBeGreaterThan(0);
			expect(host.PidsLimit, service).toBeGreaterThan(0);
			expect(host.CapDrop, service).toContain('ALL');
			expect(host.SecurityOpt.join(), service).toContain('no-new-privileges');
			expect(host.LogConfig.Config, service).toMatchObject({'max-size': '10m'});
		}
	});

	test('keeps secrets in files that only their owner reads, and out of everything else', async () => {
		expect(museum.mode('.env')).toBe('600');
		expect(museum.mode('.specify-setup')).toBe('700');
		const secrets = [...museum.read('.env').matchAll(/='([^']+)'/g)].map(([, secret]) => secret!);
		expect(secrets.length).toBe(8);
		const {path} = museum.journal();
		const texts = [
			first.stdout,
			first.stderr,
			readFileSync(path, 'utf8'),
			museum.read('compose.yaml'),
			museum.read('proxy', 'Caddyfile'),
			museum.read('specify.yaml'),
		];
		for (const secret of secrets) for (const text of texts) expect(text.includes(secret)).toBe(false);
		const root = /DATABASE_ROOT_PASSWORD='([^']+)'/.exec(museum.read('.env'))![1]!;
		for (const {environment} of await museum.containers()) expect(environment.join('\n').includes(root)).toBe(false);
	});

	test('gives the database users only the rights they need', async () => {
		const grants = async (user: string) => (await museum.sql(`SHOW GRANTS FOR '${user}'@'%'`)).flat().join('\n');
		expect(await grants('specify')).not.toMatch(/ALL PRIVILEGES|GRANT OPTION|ON \*\.\* .*SELECT/);
		expect(await grants('migrator')).toMatch(/ALL PRIVILEGES ON `specify`/);
		expect(
			await museum.sql("SELECT COUNT(*) FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost'"),
		).toEqual([['0']]);
	});

	test('writes a composition that Compose accepts by itself', async () => {
		expect(await museum.compose('config', '--quiet')).toMatchObject({exitCode: 0});
	});

	test('run again changes nothing and says so', async () => {
		const before = {files: museum.snapshot(), containers: await museum.containers()};
		const again = await museum.install();
		expect(again).toMatchObject({exitCode: 0});
		expect(again.stdout).toContain('Nothing was changed');
		expect({files: museum.snapshot(), containers: await museum.containers()}).toEqual(before);
	});

	test('shows the run again from its journal, as it was shown', async () => {
		const {path} = museum.journal();
		const bare = await execa(process.execPath, ['dist/cli.js', 'replay', path]);
		expect(bare.stdout.trim()).toBe(first.stdout.trim());
		expect((await museum.run('attach')).stdout.trim()).toBe(first.stdout.trim());
	});

	test('tells its status for people and for programs', async () => {
		const plain = await museum.run('status');
		expect(plain, plain.stdout + plain.stderr).toMatchObject({exitCode: 0});
		for (const service of services) expect(plain.stdout).toMatch(new RegExp(`${service} +healthy`));
		const status = JSON.parse((await museum.run('status', '--json')).stdout);
		expect(status).toMatchObject({healthy: true, drift: [], lastRun: {outcome: 'done'}});
		expect(status.addresses[0].certificate.validTo).toMatch(/^\d{4}-/);
	});

	test('can be handled with docker compose by hand', async () => {
		const ok = async (...args: string[]) => {
			const {exitCode, stdout, stderr} = await museum.compose(...args);
			expect(exitCode, `docker compose ${args.join(' ')}: ${stderr}`).toBe(0);
			return stdout;
		};
		expect((await ok('ps', '--services')).split('\n').sort()).toEqual(services);
		expect(await ok('logs', 'specify7', '--tail', '3')).not.toBe('');
		await ok('restart', 'media');
		await ok('down', '--volumes');
		await ok('up', '--detach', '--wait', '--pull', 'never');
		expect((await museum.get(specify7, '/setup_tool/setup_progress/')).status).toBe(200);
		expect(
			await museum.sql('SELECT COUNT(*) > 50 FROM information_schema.tables WHERE table_schema = "specify"'),
		).toEqual([['1']]);
		const again = await museum.install();
		expect(again.stdout).toContain('Nothing was changed');
	});

	test('brings back a deleted .env from its copy, with the same secrets', async () => {
		const before = museum.read('.env');
		await execa('rm', [museum.path('.env')]);
		expect(await museum.install()).toMatchObject({exitCode: 0});
		expect(museum.read('.env')).toBe(before);
		expect(museum.mode('.env')).toBe('600');
	});

	test('keeps a copy of a generated file that was edited by hand, and says where', async () => {
		const edited = `${museum.read('proxy', 'Caddyfile')}# my own line\n`;
		writeFileSync(museum.path('proxy', 'Caddyfile'), edited);
		utimesSync(museum.path('proxy', 'Caddyfile'), new Date(), new Date());
		const {stdout, exitCode} = await museum.install();
		expect(exitCode, stdout).toBe(0);
		expect(museum.read('proxy', 'Caddyfile')).not.toContain('my own line');
		const kept = /your version is kept as (\S+)\.$/m.exec(stdout)![1]!;
		expect(readFileSync(kept, 'utf8')).toBe(edited);
	});

	test('a changed answer restarts only the services it concerns', async () => {
		const before = await museum.containers();
		const {stdout, exitCode} = await museum.run('reconfigure', '--yes', '--set', 'timezone=Europe/Oslo');
		expect(exitCode, stdout).toBe(0);
		const after = await museum.containers();
		const changed = after.filter(({id}) => !before.some(container => container.id === id)).map(({service}) => service);
		expect(changed).toEqual(['db', 'specify7', 'worker']);
		expect(
			await museum.sql('SELECT COUNT(*) > 50 FROM information_schema.tables WHERE table_schema = "specify"'),
		).toEqual([['1']]);
	});

	test('says which line of the start failed, and goes on once it is mended', async () => {
		writeFileSync(museum.path('local_settings.d', 'broken.py'), 'raise ValueError("a museum typo")\n');
		await museum.compose('restart', '--no-deps', 'specify7');
		const failed = await museum.run('reconfigure', '--yes', '--set', 'timezone=Europe/Madrid');
		expect(failed).toMatchObject({exitCode: 1});
		expect(failed.stdout).toContain('a museum typo');
		expect(failed.stdout).toContain('What to do:');
		await execa('rm', [museum.path('local_settings.d', 'broken.py')]);
		const mended = await museum.run('reconfigure', '--yes');
		expect(mended, mended.stdout + mended.stderr).toMatchObject({exitCode: 0});
	});

	test('does not take what .env says from the environment of whoever runs it', async () => {
		const secret = /SECRET_KEY='([^']+)'/.exec(museum.read('.env'))![1]!;
		const {exitCode, all} = await execa(
			process.execPath,
			['dist/cli.js', 'reconfigure', '--yes', '--dir', museum.directory, '--set', 'timezone=Europe/Paris'],
			{env: {SECRET_KEY: 'hello', COMPOSE_PROJECT_NAME: 'other'}, reject: false, all: true, stdin: 'ignore'},
		);
		expect(exitCode, all).toBe(0);
		const specify7 = (await museum.containers()).find(({service}) => service === 'specify7')!;
		expect(specify7.environment).toContain(`SECRET_KEY=${secret}`);
	});

	test('refuses another name for the database, or a dump over it, and an older Specify, with the service running on', async () => {
		const before = await museum.containers();
		for (const [settings, message] of [
			[['database.name=museum2'], 'the data of this installation are in the database specify'],
			[['database.start=dump', 'database.dump=/etc/hostname'], 'was begun empty and is in use'],
			[['specify7=v7.12.0.1'], 'is older than v7.12.0.7'],
		] as const) {
			const ran = await museum.run('reconfigure', '--yes', ...settings.map(setting => `--set=${setting}`));
			expect(ran, ran.stdout + ran.stderr).toMatchObject({exitCode: 3});
			expect(ran.stderr).toContain(message);
		}
		expect((await museum.containers()).map(({id, startedAt}) => [id, startedAt])).toEqual(
			before.map(({id, startedAt}) => [id, startedAt]),
		);
	});

	test('brings the users of the database in line with a changed .env', async () => {
		const changed = museum.read('.env').replace(/(MIGRATOR_PASSWORD=')[^']+/, '$1Changed0123456789abcdefgh');
		writeFileSync(museum.path('.env'), changed);
		const {exitCode, stdout} = await museum.install();
		expect(exitCode, stdout).toBe(0);
		expect(museum.read('.env')).toBe(changed);
		const steps = museum.journal().entries.flatMap(entry => (entry.type === 'step.finished' ? [entry.step] : []));
		expect(steps.slice(0, 3)).toEqual(['preflight', 'passwords', 'files']);
		expect((await museum.get(specify7, '/setup_tool/setup_progress/')).status).toBe(200);
	});

	test('keeps variables of the user in .env', async () => {
		writeFileSync(museum.path('.env'), `${museum.read('.env')}MY_VARIABLE=hello # mine\n`);
		const {exitCode, stdout} = await museum.install('--set', 'email=someone@museum.example');
		expect(exitCode, stdout).toBe(0);
		expect(museum.read('.env')).toContain('MY_VARIABLE=hello # mine');
	});

	test('refuses to make new passwords for a database whose own are lost', async () => {
		const environment = museum.read('.env');
		await execa('rm', [museum.path('.env'), museum.path('.specify-setup', 'environment')]);
		const {exitCode, stderr} = await museum.install();
		expect(exitCode).toBe(3);
		expect(stderr).toContain('passwords are lost');
		writeFileSync(museum.path('.env'), environment, {mode: 0o600});
		expect(await museum.install()).toMatchObject({exitCode: 0});
	});

	test('finds its data again from a folder that was moved, and refuses to begin empty where they are gone', async () => {
		expect(await museum.compose('down')).toMatchObject({exitCode: 0});
		const moved = `${museum.directory}-moved`;
		renameSync(museum.directory, moved);
		const inMoved = (...args: string[]) =>
			execa(process.execPath, ['dist/cli.js', 'install', '--yes', '--dir', moved, ...args], {
				reject: false,
				all: true,
				stdin: 'ignore',
			});
		const again = await inMoved();
		expect(again.exitCode, again.all).toBe(0);
		expect(again.all).toContain(`data volumes found and kept: `);
		await execa('docker', ['compose', 'down'], {cwd: moved});
		renameSync(moved, museum.directory);
		await docker('volume', 'rm', `${museum.project}_database`);
		const {exitCode, stderr} = await museum.install();
		expect(exitCode).toBe(3);
		expect(stderr).toContain(`no volume ${museum.project}_database`);
		expect(await docker('volume', 'ls', '--quiet')).not.toContain(`${museum.project}_database`);
	});
});
