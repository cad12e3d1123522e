import {createHash} from 'node:crypto';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa, type ResultPromise} from 'execa';
import type {JournalEntry} from '../../source/model/events.js';

export const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export type Ran = {exitCode: number; stdout: string; stderr: string};

/** Runs docker and returns its output. @throws Error when docker fails */
export const docker = async (...args: string[]) => {
	const {exitCode, stdout, stderr} = await execa('docker', args, {reject: false});
	if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
	return stdout;
};

/** A folder and a pair of ports for one installation, driven as a user would, and everything it left on the engine. */
export class Installation {
	readonly directory = join(
		mkdtempSync(join(tmpdir(), 'specify-setup-')),
		`museum-${Math.random().toString(36).slice(2, 7)}`,
	);
	readonly project = basename(this.directory);

	constructor(
		readonly ports: {http: number; https: number},
		readonly settings: readonly string[] = [],
	) {}

	protected get answers() {
		return [
			`--set=ports.http=${this.ports.http}`,
			`--set=ports.https=${this.ports.https}`,
			'--set=images.registry=localhost:5000',
			...this.settings.map(setting => `--set=${setting}`),
		];
	}

	/** Starts the built program with this installation's folder. */
	start(command: string, ...args: string[]): ResultPromise {
		return execa(process.execPath, [bundle, command, '--dir', this.directory, ...args], {
			reject: false,
			stdin: 'ignore',
			all: true,
		});
	}

	async run(command: string, ...args: string[]): Promise<Ran> {
		const {exitCode, stdout, stderr} = await this.start(command, ...args);
		return {exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr)};
	}

	/** `install --yes` with the answers of this test. */
	install(...args: string[]) {
		return this.run('install', '--yes', ...this.answers, ...args);
	}

	startInstall(...args: string[]) {
		return this.start('install', '--yes', ...this.answers, ...args);
	}

	path(...parts: string[]) {
		return join(this.directory, ...parts);
	}

	read(...parts: string[]) {
		return readFileSync(this.path(...parts), 'utf8');
	}

	mode(...parts: string[]) {
		return (statSync(this.path(...parts)).mode & 0o777).toString(8);
	}

	compose(...args: string[]) {
		return execa('docker', ['compose', ...args], {cwd: this.directory, reject: false});
	}

	/** The newest run's journal: its path and its entries. */
	journal() {
		const folder = this.path('.specify-setup', 'journals');
		const names = readdirSync(folder).filter(name => name.endsWith('.jsonl'));
		const path = join(folder, names.sort().at(-1)!);
		const entries = readFileSync(path, 'utf8').trim().split('\n');
		return {path, entries: entries.map(line => JSON.parse(line) as JournalEntry)};
	}

	/** Every container: service, id, start, state and health. */
	async containers() {
		const ids = (await docker('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${this.project}`))
			.split('\n')
			.filter(Boolean);
		if (ids.length === 0) return [];
		// biome-ignore lint/suspicious/noExplicitAny: docker's own shape
		const facts = JSON.parse(await docker('inspect', ...ids)) as any[];
		return facts
			.map(({Id, State, Config, HostConfig, RestartCount, NetworkSettings, Mounts}) => ({
				service: Config.Labels['com.docker.compose.service'] as string,
				id: Id as string,
				startedAt: State.StartedAt as string,
				state: State.Status as string,
				health: State.Health?.Status as string,
				restarts: RestartCount as number,
				host: HostConfig,
				networks: Object.keys(NetworkSettings.Networks),
				environment: Config.Env as string[],
				mounts: (Mounts as {Source: string; Destination: string}[]).sort((a, b) =>
					a.Destination.localeCompare(b.Destination),
				),
			}))
			.sort((a, b) => a.service.localeCompare(b.service));
	}

	/** Rows of SQL run in the database container as root. */
	async sql(statement: string) {
		const {stdout, stderr, exitCode} = await execa(
			'docker',
			[
				'compose',
				'exec',
				'-T',
				'db',
				'sh',
				'-c',
				'MYSQL_PWD="$(cat /run/secrets/database-root-password)" exec mariadb -uroot -BN',
			],
			{cwd: this.directory, input: statement, reject: false},
		);
		if (exitCode !== 0) throw new Error(`The database server refused: ${stderr}`);
		return stdout
			.split('\n')
			.filter(Boolean)
			.map(row => row.split('\t'));
	}

	/** What lets a visitor through while Specify has no user. */
	private get authorization() {
		const password = /^SETUP_PASSWORD='(\w+)'$/m.exec(this.read('.env'))![1];
		return `Basic ${Buffer.from(`setup:${password}`).toString('base64')}`;
	}

	/** A page by its real name through the proxy, with a certificate that must verify against the exported root, for one who knows the set-up password. */
	get(name: string, path: string): Promise<{status: number; body: string}> {
		return new Promise((resolve, reject) => {
			const call = request(
				{
					host: '127.0.0.1',
					port: this.ports.https,
					servername: name,
					path,
					headers: {Host: `${name}:${this.ports.https}`, Authorization: this.authorization},
					ca: this.read('certificates', 'root.crt'),
					agent: false,
				},
				response => {
					let body = '';
					response.on('data', part => {
						body += part;
					});
					response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
				},
			);
			call.on('error', reject);
			call.end();
		});
	}

	/** Every file below the folder, with mode and a hash of its content; journals left out unless asked for. */
	snapshot({journals = false} = {}) {
		const files: Record<string, string> = {};
		for (const entry of readdirSync(this.directory, {recursive: true, withFileTypes: true})) {
			const path = join(entry.parentPath, entry.name);
			if (!entry.isFile() || (!journals && path.includes('/journals/'))) continue;
			const hash = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
			files[path.slice(this.directory.length + 1)] = `${(statSync(path).mode & 0o777).toString(8)} ${hash}`;
		}
		return files;
	}

	/** Takes away what this installation left, on the engine and on disk. */
	async remove() {
		const label = `label=com.docker.compose.project=${this.project}`;
		const lines = async (...args: string[]) => (await docker(...args)).split('\n').filter(Boolean);
		const containers = await lines('ps', '--all', '--quiet', '--filter', label);
		if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
		const networks = await lines('network', 'ls', '--quiet', '--filter', label);
		if (networks.length > 0) await docker('network', 'rm', ...networks);
		const volumes = await lines('volume', 'ls', '--quiet', '--filter', `label=specify-setup.project=${this.project}`);
		if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
		rmSync(join(this.directory, '..'), {recursive: true, force: true});
	}
}

/** Removes the images of a registry from the engine. @throws Error when a container uses one */
export const removeImages = async (registry: string) => {
	const images = await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', `${registry}/*/*`);
	for (const image of images.split('\n').filter(Boolean)) await docker('image', 'rm', image);
};

/** Removes the images from the engine, so that the next install really fetches them; returns those in use, which stay. */
export const forgetImages = async () => {
	const images = await docker(
		'image',
		'ls',
		'--format',
		'{{.Repository}}:{{.Tag}}',
		'--filter',
		'reference=localhost:5000/*/*',
	);
	for (const image of images.split('\n').filter(Boolean))
		await execa('docker', ['image', 'rm', image], {reject: false});
	await execa('docker', ['image', 'prune', '--force'], {reject: false});
	return (await docker('image', 'ls', '--quiet', '--filter', 'reference=localhost:5000/*/*'))
		.split('\n')
		.filter(Boolean);
};
