import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {networkInterfaces} from 'node:os';
import {join, relative} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {docker, Installation, type Ran} from './installation.js';
import {Neighbour, neighbourPort} from './neighbour.js';
import {listen, matrix, openPorts, portsOfOthers} from './scan.js';

const services = ['db', 'media', 'proxy', 'redis', 'report', 'specify7', 'worker'] as const;
type Service = (typeof services)[number];

/** What these tests read of `docker inspect`. */
type Inspected = {
	Id: string;
	Config: {Image: string; Labels: Record<string, string>};
	// biome-ignore lint/suspicious/noExplicitAny: docker's own shape
	HostConfig: Record<string, any>;
	Mounts: {Type: string; Name?: string; Source: string; Destination: string; RW: boolean}[];
	NetworkSettings: {
		Ports: Record<string, {HostIp: string; HostPort: string}[] | null>;
		Networks: Record<string, {IPAddress: string}>;
	};
};
type Containers = Record<Service, Inspected>;

/** Every container of an installation, by its service. */
const inspect = async (museum: Installation): Promise<Containers> => {
	const ids = (await museum.containers()).map(({id}) => id);
	const facts = JSON.parse(await docker('inspect', ...ids)) as Inspected[];
	return Object.fromEntries(
		facts.map(fact => [fact.Config.Labels['com.docker.compose.service'], fact]),
	) as unknown as Containers;
};

/** The same question about every service. */
const ofEach = <T>(containers: Containers, answer: (container: Inspected, service: Service) => T) =>
	Object.fromEntries(services.map(service => [service, answer(containers[service], service)]));

/** Every published port and where it leads: `{18600: 'proxy:18600'}`. */
const publishedPorts = (containers: Partial<Containers>): Record<number, string> =>
	Object.fromEntries(
		Object.entries(containers).flatMap(([service, {NetworkSettings}]) =>
			Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
				(bindings ?? []).map(({HostPort}) => [Number(HostPort), `${service}:${Number.parseInt(port, 10)}`]),
			),
		),
	);

/** Every address of every container, in all networks, and its service. */
const serviceAt = (containers: Containers): Record<string, string> =>
	Object.fromEntries(
		Object.entries(containers).flatMap(([service, {NetworkSettings}]) =>
			Object.values(NetworkSettings.Networks).map(({IPAddress}) => [IPAddress, service]),
		),
	);

/** The addresses by which others know this machine; the ends of Docker's networks are left out. */
const addressesOfThisMachine = async () => {
	const networks = (await docker('network', 'ls', '--quiet', '--filter', 'driver=bridge')).split('\n');
	const ends = await docker(
		'network',
		'inspect',
		'--format',
		'{{range .IPAM.Config}}{{.Gateway}} {{end}}',
		...networks,
	);
	return Object.values(networkInterfaces())
		.flatMap(interfaces => interfaces ?? [])
		.flatMap(({family, internal, address}) => (family === 'IPv4' && !internal ? [address] : []))
		.filter(address => !ends.split(/\s+/).includes(address));
};

/**
 * What is open at this machine's own addresses, as `service:port`.
 * Each scan has to find a listener of the test's own as well, so that "nothing is open" means something.
 */
const scanFromOutside = async (image: string, containers: Partial<Containers>, neighbour: Neighbour) => {
	const local = await listen('127.0.0.1');
	const outer = await listen(neighbour.host);
	const published = publishedPorts(containers);
	const skip = () => portsOfOthers([...Object.keys(published).map(Number), local.port, outer.port]);
	/** Ports that any program of this machine may be given for a moment; nothing of ours is published there. */
	const isPassing = (port: number) => !(port in published) && port >= 32_768 && port < 61_000;
	const named = (ports: readonly number[]) =>
		ports
			.filter(port => port !== local.port && port !== outer.port && !isPassing(port))
			.map(port => published[port] ?? `this machine:${port}`);
	try {
		const others = await addressesOfThisMachine();
		const here = await openPorts({image, network: 'host', addresses: ['127.0.0.1', ...others], skip});
		const there = await openPorts({image, network: neighbour.network, addresses: [neighbour.host], skip});
		expect(here['127.0.0.1']).toContain(local.port);
		expect(here[neighbour.host]).toContain(outer.port);
		expect(there[neighbour.host]).toContain(outer.port);
		return {
			'this machine, at 127.0.0.1': named(here['127.0.0.1']!),
			'this machine, at its other addresses': named(others.flatMap(address => here[address]!)),
			'a neighbour of this machine': named(there[neighbour.host]!),
		};
	} finally {
		await Promise.all([local.stop(), outer.stop()]);
	}
};

const museum = new Installation({http: 18600, https: 18643});
const neighbour = new Neighbour();
const foreign = `foreign-${museum.project}`;
let installed: Ran;
let containers: Containers;
let secrets: Record<string, string>;
let image: string;

beforeAll(async () => {
	installed = await museum.install();
	expect(installed, installed.stdout + installed.stderr).toMatchObject({exitCode: 0});
	containers = await inspect(museum);
	secrets = Object.fromEntries(
		[...museum.read('.env').matchAll(/^(\w+)='([^']+)'$/gm)].map(([, name, it]) => [name, it]),
	);
	image = containers.specify7.Config.Image;
	await docker('network', 'create', foreign);
	await neighbour.start(image);
});
afterAll(async () => {
	await neighbour.stop();
	await execa('docker', ['network', 'rm', foreign], {reject: false});
	await museum.remove();
});

describe('the scan: all 65,535 ports of every address, from everywhere', () => {
	const columns = [
		...['proxy:18600', 'proxy:18643', 'media:8080', 'specify7:8000'],
		...['report:8080', 'db:3306', 'redis:6379'],
	];

	/** What is open of all containers at all their addresses, for one that knows them. */
	const scanFromNetwork = async (network: string, more: Record<string, string> = {}) => {
		const inside = {...serviceAt(containers), ...more};
		const open = await openPorts({image, network, addresses: Object.keys(inside)});
		return Object.entries(open).flatMap(([address, ports]) => ports.map(port => `${inside[address]}:${port}`));
	};
	let fromOutside: Awaited<ReturnType<typeof scanFromOutside>>;
	let fromElsewhere: string[];
	let fromWeb: string[];
	let fromData: string[];
	let fromReports: string[];
	let fromNeighbour: string[];

	beforeAll(async () => {
		[fromOutside, fromElsewhere, fromWeb, fromData, fromReports, fromNeighbour] = await Promise.all([
			scanFromOutside(image, containers, neighbour),
			scanFromNetwork(foreign, {[neighbour.address]: 'neighbour'}),
			scanFromNetwork(`${museum.project}_web`),
			scanFromNetwork(`${museum.project}_data`),
			scanFromNetwork(`${museum.project}_reports`),
			scanFromNetwork(neighbour.network),
		]);
	});

	test('finds open what was promised, and nothing else', () => {
		// The neighbour's own listener shows that this scan finds what is there.
		expect(fromElsewhere).toContain(`neighbour:${neighbourPort}`);
		const found = matrix(
			{
				...fromOutside,
				'another Docker network': fromElsewhere.filter(port => port !== `neighbour:${neighbourPort}`),
				'network web': fromWeb,
				'network data': fromData,
				'network reports': fromReports,
			},
			columns,
		);
		console.log(`What is open, from where:\n${found}`);
		expect(`\n${found}\n`).toBe(`
from                                  proxy:18600  proxy:18643  media:8080  specify7:8000  report:8080  db:3306  redis:6379
this machine, at 127.0.0.1            open         open         -           -              -            -        -
this machine, at its other addresses  -            -            -           -              -            -        -
a neighbour of this machine           -            -            -           -              -            -        -
another Docker network                -            -            -           -              -            -        -
network web                           open         open         open        open           -            -        -
network data                          -            -            -           open           -            open     open
network reports                       -            -            -           open           open         -        -
`);
	});

	test('a neighbour that knows the way into the networks reaches no service behind the proxy', () => {
		// Docker before 28 lets a neighbour go to a published port's container itself, whatever address it is published on.
		expect(fromNeighbour.filter(port => port !== 'proxy:18600' && port !== 'proxy:18643')).toEqual([]);
	});
});

test('a domain that is not below localhost publishes the same two ports on every address, and no others', async () => {
	const open = new Installation({http: 18601, https: 18644}, ['domain=specify.museum.test']);
	try {
		const written = await open.install('--files-only');
		expect(written, written.stdout + written.stderr).toMatchObject({exitCode: 0});
		for (const role of ['certificates', 'static', 'database', 'redis', 'attachments'])
			await docker('volume', 'create', '--label', `specify-setup.project=${open.project}`, `${open.project}_${role}`);
		// The published ports are the question: a plain listener answers behind them, without host names and certificates.
		writeFileSync(
			open.path('proxy', 'Caddyfile'),
			':18601, :18644 {\n\trespond ok\n}\nhttp://127.0.0.1:2020 {\n\tbind 127.0.0.1\n\trespond ok\n}\n',
		);
		const up = await open.compose('up', '--detach', '--wait', '--no-deps', '--pull', 'never', 'proxy');
		expect(up, up.stderr).toMatchObject({exitCode: 0});
		const found = matrix(await scanFromOutside(image, await inspect(open), neighbour), []);
		console.log(`What is open of a public installation, from where:\n${found}`);
		expect(`\n${found}\n`).toBe(`
from                                  proxy:18601  proxy:18644
this machine, at 127.0.0.1            open         open
this machine, at its other addresses  open         open
a neighbour of this machine           open         open
`);
	} finally {
		await open.remove();
	}
});

describe('ways out', () => {
	/** Tries a connection from a container's own network, with a Python of ours. */
	const reaches = async (service: Service, address: string, port: number) => {
		const attempt = `import socket; socket.create_connection((${JSON.stringify(address)}, ${port}), 3)`;
		const {exitCode, stderr} = await execa(
			'docker',
			[
				...['run', '--rm', '--pull', 'never', '--network', `container:${containers[service].Id}`],
				...['--entrypoint', 'python3', image, '-c', attempt],
			],
			{reject: false},
		);
		if (exitCode !== 0) expect(stderr).toMatch(/timed out|unreachable|No route|refused/);
		return exitCode === 0;
	};
	const fromEach = async (address: string, port: number) =>
		Object.fromEntries(
			await Promise.all(services.map(async service => [service, await reaches(service, address, port)] as const)),
		);

	test('database, Redis and report runner reach no other machine; what is in the network web does', async () => {
		expect(await fromEach(neighbour.address, neighbourPort)).toEqual({
			...{db: false, redis: false, report: false},
			...{media: true, proxy: true, specify7: true, worker: true},
		});
	});
});

describe('confinement, as the engine and the kernel tell it', () => {
	test('capabilities, privileges and namespaces', () => {
		const told = ofEach(containers, ({HostConfig: host}) => ({
			privileged: host.Privileged,
			drop: host.CapDrop,
			add: host.CapAdd ?? [],
			options: host.SecurityOpt,
			readOnly: host.ReadonlyRootfs,
			devices: host.Devices ?? [],
			shared: ['PidMode', 'IpcMode', 'UTSMode', 'UsernsMode', 'NetworkMode'].filter(mode =>
				/host|container:|shareable/.test(host[mode]),
			),
		}));
		const confined = {
			privileged: false,
			drop: ['ALL'],
			add: [],
			options: ['no-new-privileges:true'],
			readOnly: false,
			devices: [],
			shared: [],
		};
		expect(told).toEqual({
			proxy: {...confined, add: ['NET_BIND_SERVICE'], readOnly: true},
			db: {...confined, readOnly: true},
			redis: {...confined, readOnly: true},
			media: confined,
			report: confined,
			specify7: confined,
			worker: confined,
		});
	});

	test('every process runs without capabilities, under seccomp and not as root', async () => {
		const told: Record<string, Set<string>> = {};
		for (const service of services) {
			const rows = (await docker('top', containers[service].Id, '-eo', 'pid')).split('\n').slice(1);
			expect(rows.length, service).toBeGreaterThan(0);
			const processes = rows.flatMap(pid => {
				try {
					return [readFileSync(`/proc/${pid.trim()}/status`, 'utf8')];
				} catch {
					return []; // A health check's, over by now.
				}
			});
			const of = (status: string, name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)![1];
			told[service] = new Set(
				processes.map(
					status =>
						`user ${of(status, 'Uid')}, capabilities ${of(status, 'CapBnd')} ${of(status, 'CapEff')}, no-new-privileges ${of(status, 'NoNewPrivs')}, seccomp ${of(status, 'Seccomp')}`,
				),
			);
		}
		const confined = new Set([
			'user 999, capabilities 0000000000000000 0000000000000000, no-new-privileges 1, seccomp 2',
		]);
		expect(told).toEqual({
			...Object.fromEntries(services.map(service => [service, confined])),
			// Bit 10 is CAP_NET_BIND_SERVICE: its program may ask for it, and is not given it.
			proxy: new Set(['user 999, capabilities 0000000000000400 0000000000000000, no-new-privileges 1, seccomp 2']),
		});
	});

	test('mounts: its own volumes, and files of the folder that it can only read; no socket of the engine', () => {
		const told = ofEach(containers, ({Mounts}) =>
			Mounts.map(({Type, Name, Source, Destination, RW}) => {
				const source = Type === 'volume' ? Name!.replace(museum.project, 'volume') : relative(museum.directory, Source);
				return `${source} ${RW ? 'written' : 'read'} at ${Destination}`;
			}).sort(),
		);
		const specify7 = [
			'local_settings.d read at /opt/local_settings.d',
			'specify7/authorities read at /opt/authorities',
			'specify7/local_settings.py read at /opt/specify7/settings/local_settings.py',
			'specify7/health.py read at /opt/specify-setup/health.py',
			'volume_static written at /volumes/static-files',
		].sort();
		expect(told).toEqual({
			proxy: [
				'.specify-setup/proxy read at /etc/caddy.private',
				'Caddyfile.d read at /etc/caddy.d',
				'landing read at /srv/landing',
				'media read at /srv/media',
				'proxy read at /etc/caddy',
				'volume_certificates written at /data',
				'volume_static read at /srv/static-files',
			],
			db: [
				'.specify-setup/secrets/database-root-password read at /run/secrets/database-root-password',
				'volume_database written at /var/lib/mysql',
			],
			redis: ['volume_redis written at /data'],
			media: ['volume_attachments written at /home/specify/attachments'],
			report: [],
			specify7,
			worker: specify7,
		});
	});

	test('memory, processes and logs are limited', () => {
		for (const [service, {HostConfig: host}] of Object.entries(containers)) {
			expect(host.Memory, service).toBeGreaterThanOrEqual(96 * 2 ** 20);
			expect(host.PidsLimit, service).toBe(512);
			expect(host.LogConfig, service).toEqual({Type: 'json-file', Config: {'max-size': '10m', 'max-file': '5'}});
		}
	});

	test('docker inspect tells of each service only the secrets its image takes no other way', async () => {
		const told: Record<string, string[]> = {};
		for (const service of services) {
			const text = await docker('inspect', containers[service].Id);
			told[service] = Object.keys(secrets).filter(name => text.includes(secrets[name]!));
		}
		const specify7 = ['MASTER_PASSWORD', 'MIGRATOR_PASSWORD', 'APP_USER_PASSWORD', 'SECRET_KEY', 'ASSET_SERVER_KEY'];
		expect(told).toEqual({
			...{proxy: [], db: [], redis: [], report: []},
			...{media: ['ASSET_SERVER_KEY'], specify7, worker: specify7},
		});
	});
});

describe('users of the database', () => {
	/** Runs SQL from the container of Specify 7, over the network; the password goes through standard input. */
	const as = async (user: string, password: string, statement: string) => {
		const {exitCode, all} = await execa(
			'docker',
			[
				...['exec', '--interactive', containers.specify7.Id, 'sh', '-c'],
				'IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec mariadb --host=db --user="$1" -BN -e "$2"',
				...['sh', user, statement],
			],
			{input: `${password}\n`, reject: false, all: true},
		);
		return {exitCode, all};
	};

	test('are these and no others; root only from inside the container', async () => {
		expect(await museum.sql("SELECT CONCAT(User, '@', Host) FROM mysql.global_priv ORDER BY 1")).toEqual(
			[
				...['healthcheck@127.0.0.1', 'healthcheck@::1', 'healthcheck@localhost', 'mariadb.sys@localhost'],
				...['master@%', 'migrator@%', 'root@localhost', 'specify@%'],
			].map(user => [user]),
		);
		const root = await as('root', secrets.DATABASE_ROOT_PASSWORD!, 'SELECT 1');
		expect(root.exitCode).not.toBe(0);
		expect(root.all).toMatch(/ERROR 1(045|130|698)/);
		expect(await museum.sql("SHOW DATABASES LIKE 'test%'")).toEqual([]);
	});

	test('have exactly the rights that the image of Specify 7 asks for', async () => {
		const grants = async (user: string) =>
			(await museum.sql(`SHOW GRANTS FOR ${user}`))
				.flat()
				.map(row => row.replace(/ IDENTIFIED BY .*/, ''))
				.sort();
		expect(await grants("'master'@'%'")).toEqual([
			'GRANT ALL PRIVILEGES ON `specify`.* TO `master`@`%` WITH GRANT OPTION',
			'GRANT RELOAD, CREATE USER ON *.* TO `master`@`%`',
			'GRANT SELECT ON `mysql`.* TO `master`@`%`',
		]);
		expect(await grants("'migrator'@'%'")).toEqual([
			'GRANT ALL PRIVILEGES ON `specify`.* TO `migrator`@`%`',
			'GRANT USAGE ON *.* TO `migrator`@`%`',
		]);
		expect(await grants("'specify'@'%'")).toEqual([
			'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE ON `specify`.* TO `specify`@`%`',
			'GRANT USAGE ON *.* TO `specify`@`%`',
		]);
		for (const host of ['127.0.0.1', '::1', 'localhost'])
			expect(await grants(`'healthcheck'@'${host}'`)).toEqual([`GRANT USAGE ON *.* TO \`healthcheck\`@\`${host}\``]);
	});

	test('the one Specify 7 works as sees its own database only, and cannot change its tables or read files', async () => {
		const ask = (statement: string) => as('specify', secrets.APP_USER_PASSWORD!, statement);
		expect(await ask('SELECT COUNT(*) > 0 FROM specify.django_migrations')).toEqual({exitCode: 0, all: '1'});
		expect((await ask('SHOW DATABASES')).all.split('\n')).toEqual(['information_schema', 'specify']);
		for (const statement of [
			'SELECT * FROM mysql.global_priv',
			'SELECT * FROM mysql.user',
			'SELECT * FROM specify_setup.starts',
			'CREATE TABLE specify.mine (id INT)',
			'DROP TABLE specify.django_migrations',
			"SELECT 1 INTO OUTFILE '/tmp/mine'",
			'CREATE USER somebody',
		]) {
			const {exitCode, all} = await ask(statement);
			expect(exitCode, statement).not.toBe(0);
			expect(all, statement).toMatch(/ERROR (1142|1044|1045|1227) .*denied/);
		}
		expect((await ask("SELECT LOAD_FILE('/etc/passwd')")).all).toBe('NULL');
	});
});

describe('the folder and the logs', () => {
	const files = () =>
		readdirSync(museum.directory, {recursive: true, withFileTypes: true}).map(entry => ({
			path: relative(museum.directory, join(entry.parentPath, entry.name)),
			isFile: entry.isFile(),
		}));

	test('three files hold secrets, and nobody but their owner gets at them', () => {
		const holding = files().filter(({path, isFile}) => {
			if (!isFile) return false;
			const content = readFileSync(museum.path(path));
			return Object.values(secrets).some(secret => content.includes(secret));
		});
		expect(Object.fromEntries(holding.map(({path}) => [path, museum.mode(path)]))).toEqual({
			'.env': '600',
			'.specify-setup/environment': '600',
			// Read by the database's own user, which is not the owner: the folder around it is closed.
			'.specify-setup/secrets/database-root-password': '444',
		});
		expect(museum.mode('.specify-setup')).toBe('700');
		expect(museum.mode('backups')).toBe('700');
	});

	test('nothing in the folder can be written by others, and what is theirs to read is what containers read', () => {
		const writable = files().filter(({path}) => (statSync(museum.path(path)).mode & 0o022) !== 0);
		expect(writable).toEqual([]);
		const readable = files()
			.filter(({path, isFile}) => isFile && !path.startsWith('.specify-setup/') && museum.mode(path).endsWith('4'))
			.map(({path}) => path);
		expect(readable.sort()).toEqual([
			'certificates/root.crt',
			'compose.yaml',
			'landing/index.html',
			'media/web_asset_store.xml',
			'proxy/Caddyfile',
			'specify.yaml',
			'specify7/authorities/bundle.pem',
			'specify7/authorities/own.pem',
			'specify7/health.py',
			'specify7/local_settings.py',
		]);
	});

	test('no log tells a secret: of the containers, of the run, of its journal', async () => {
		const logs: Record<string, string> = {
			...Object.fromEntries(
				await Promise.all(
					services.map(async service => {
						const {exitCode, all} = await execa('docker', ['logs', containers[service].Id], {all: true, reject: false});
						expect(exitCode).toBe(0);
						return [service, all];
					}),
				),
			),
			run: installed.stdout + installed.stderr,
			journal: readFileSync(museum.journal().path, 'utf8'),
		};
		expect(logs.specify7).toContain('Database and user setup complete.');
		expect(museum.journal().entries.at(-1)).toMatchObject({type: 'run.finished'});
		for (const [log, text] of Object.entries(logs))
			for (const [name, secret] of Object.entries(secrets))
				expect(`${log} tells ${name}: ${text.includes(secret)}`).toMatch(/false$/);
	});
});

test('the running Specify sends no usage statistics', async () => {
	// Asked inside, where no gate stands before a Specify without users.
	const question = [
		'import urllib.request as r',
		"q = r.Request('http://127.0.0.1:8000/context/system_info.json', headers={'Host': 'specify7.specify.localhost', 'X-Forwarded-Proto': 'https'})",
		'print(r.urlopen(q, timeout=10).read().decode())',
	].join('\n');
	const told = JSON.parse(await docker('exec', containers.specify7.Id, 've/bin/python', '-c', question));
	expect(told).toMatchObject({stats_url: null, stats_2_url: null});
});
