import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {compose} from '../../source/files/compose.js';
import type {Answers} from '../../source/model/answers.js';
import {type ServiceName, serviceNames} from '../../source/model/releases.js';
import {secretNames} from '../../source/model/secrets.js';
import {profileFor} from '../../source/model/sizing.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB} from '../_helpers/observation.js';

type Service = {
	image: string;
	labels: Record<string, string>;
	environment: Record<string, string>;
	command: string[];
	volumes: string[];
	networks: string[] | Record<string, {aliases: string[]}>;
	ports?: string[];
	depends_on?: Record<string, {condition: string}>;
	healthcheck: {test: string[]};
	logging: {driver: string; options: Record<string, string>};
	[key: string]: unknown;
};
type Composition = {
	name: string;
	services: Record<ServiceName, Service>;
	networks: Record<string, {internal?: boolean}>;
	volumes: Record<string, {name: string; external: boolean}>;
	secrets: Record<string, {file: string}>;
};

const textOf = (answers: Answers, memory = 8 * GiB) =>
	compose({project: 'specify', answers, profile: profileFor(memory), hashes: {proxy: 'abc'}});
const composed = (answers = answersWith(), memory?: number) => parse(textOf(answers, memory)) as Composition;
const networksOf = ({networks}: Service) => (Array.isArray(networks) ? networks : Object.keys(networks));

const {services, networks, volumes, secrets, name} = composed();
const each = Object.entries(services) as [ServiceName, Service][];

describe('the composition', () => {
	it('has every service, under the name of its project', () => {
		expect(name).toBe('specify');
		expect(Object.keys(services).sort()).toEqual([...serviceNames].sort());
	});

	it('publishes the ports of the proxy and of nothing else', () => {
		expect(each.filter(([, {ports}]) => ports !== undefined).map(([service]) => service)).toEqual(['proxy']);
		const published = (given: object) => composed(answersWith(given)).services.proxy.ports;
		expect(published({domain: 'specify.museum.example'})).toEqual(['80:80', '443:443']);
		expect(published({domain: 'specify.museum.example', ports: {http: 8080, https: 8443}})).toEqual([
			'8080:8080',
			'8443:8443',
		]);
	});

	it('behind another web server publishes one port, to this machine alone', () => {
		expect(composed(answersWith({domain: 'specify.museum.example', proxy: 'behind'})).services.proxy.ports).toEqual([
			'127.0.0.1:8080:8080',
		]);
	});

	it('publishes a trial below localhost to this machine alone', () => {
		expect(composed(answersWith({domain: 'specify.localhost'})).services.proxy.ports).toEqual([
			'127.0.0.1:80:80',
			'127.0.0.1:443:443',
		]);
	});

	it('lets nobody near the Docker engine, the host or its devices', () => {
		expect(textOf(answersWith())).not.toMatch(/docker\.sock|privileged:|network_mode|pid:|ipc:|devices:/);
		for (const [, {volumes = []}] of each) for (const volume of volumes) expect(volume).toMatch(/^(\.\/|[a-z]+:)/);
	});

	it('keeps database, Redis and report runner on networks without a way out, the last one apart', () => {
		expect(networks).toEqual({web: {}, data: {internal: true}, reports: {internal: true}});
		for (const service of ['db', 'redis'] as const) expect(networksOf(services[service])).toEqual(['data']);
		expect(networksOf(services.report)).toEqual(['reports']);
		expect(networksOf(services.media)).toEqual(['web']);
		expect(networksOf(services.proxy)).toEqual(['web']);
		expect(networksOf(services.specify7)).toEqual(['web', 'data', 'reports']);
		expect(networksOf(services.worker)).toEqual(['web', 'data']);
	});

	it('gives the proxy the public names inside, so that Specify reaches its asset server under them', () => {
		expect(services.proxy.networks).toEqual({
			web: {aliases: ['specify7.specify.localhost', 'media.specify.localhost']},
		});
		const name = 'specify.museum.example';
		expect(composed(answersWith({hostnames: {specify7: name, media: name}})).services.proxy.networks).toEqual({
			web: {aliases: [name]},
		});
	});

	it('gives the private files to the proxy and to nobody else, for reading', () => {
		const mounting = each.filter(([, {volumes: mounts = []}]) =>
			mounts.some(mount => mount.startsWith('./.specify-setup')),
		);
		expect(mounting.map(([service]) => service)).toEqual(['proxy']);
		expect(services.proxy.volumes).toContain('./.specify-setup/proxy:/etc/caddy.private:ro');
	});

	it('keeps data in volumes of its own that Compose cannot delete', () => {
		expect(Object.values(volumes).every(({external}) => external === true)).toBe(true);
		expect(Object.values(volumes).map(({name}) => name)).toEqual([
			'specify_database',
			'specify_redis',
			'specify_attachments',
			'specify_static',
			'specify_certificates',
		]);
		expect(services.db.volumes).toContain('database:/var/lib/mysql');
		expect(services.media.volumes).toContain('attachments:/home/specify/attachments');
	});

	it('mounts only volumes and secrets it declares', () => {
		for (const [, {volumes: mounts = [], secrets: used = []}] of each) {
			for (const mount of mounts) if (!mount.startsWith('./')) expect(volumes).toHaveProperty(mount.split(':')[0]!);
			for (const secret of used as string[]) expect(secrets).toHaveProperty(secret);
		}
	});

	it('starts Specify 7 when what it needs is healthy, and its worker after it', () => {
		const healthy = {condition: 'service_healthy'};
		expect(services.specify7.depends_on).toEqual({db: healthy, redis: healthy, media: healthy, proxy: healthy});
		expect(services.worker.depends_on).toEqual({specify7: healthy});
	});

	it('says in its first line where changes belong', () => {
		expect(textOf(answersWith()).split('\n')[0]).toMatch(/^# .*compose\.override\.yaml/);
	});
});

describe.each(each)('the service %s', (service, settings) => {
	it('has limits of memory and processes', () => {
		expect(settings.mem_limit).toBe(profileFor(8 * GiB).memory[service]);
		expect(settings.pids_limit).toBeGreaterThan(0);
	});

	it('may not fill the disk with its log', () => {
		expect(settings.logging.options['max-size']).toMatch(/^\d+m$/);
		expect(Number(settings.logging.options['max-file'])).toBeGreaterThan(1);
	});

	it('gains no privileges and keeps no capabilities it does not need', () => {
		expect(settings.security_opt).toContain('no-new-privileges:true');
		expect(settings.cap_drop).toEqual(['ALL']);
		expect(settings.cap_add ?? []).toEqual(service === 'proxy' ? ['NET_BIND_SERVICE'] : []);
	});

	it('comes back by itself, and proves that it does its work', () => {
		expect(settings.restart).toBe('unless-stopped');
		expect(settings.healthcheck.test[0]).toBe('CMD');
		expect(settings.healthcheck.test.length).toBeGreaterThan(1);
	});

	it('is of an exact image and carries the label by which it is found again', () => {
		expect(settings.image).toMatch(/^[a-z0-9/.-]+:[A-Za-z0-9._-]+$/);
		expect(settings.labels['specify-setup.project']).toBe('specify');
	});

	it('takes dollar signs as they are: those that are no secret are written twice', () => {
		const dollars = JSON.stringify(settings)
			.replace(/\$\{[A-Z_]+:\?\}/g, '')
			.replaceAll('$$', '');
		expect(dollars).not.toContain('$');
	});
});

describe('labels', () => {
	it('tell what a service mounts, so that Compose recreates it when that changes', () => {
		expect(services.proxy.labels['specify-setup.content']).toBe('abc');
		expect(services.redis.labels).not.toHaveProperty('specify-setup.content');
	});
});

describe('limits', () => {
	it('follow the memory of the machine', () => {
		const small = composed(answersWith(), 2 * GiB);
		const large = composed(answersWith(), 32 * GiB);
		expect(small.services.db.mem_limit).toBeLessThan(large.services.db.mem_limit as number);
		expect(small.services.db.command).toContain(`--innodb-buffer-pool-size=${profileFor(2 * GiB).bufferPool}`);
	});
});

describe('secrets', () => {
	it('are named, never written; Compose stops where one is missing', () => {
		for (const [, {environment = {}}] of each)
			for (const [variable, value] of Object.entries(environment))
				if (/PASSWORD$|KEY$/.test(variable)) expect(value).toMatch(/^\$\{[A-Z_]+:\?\}$/);
		const used = new Set([...textOf(answersWith()).matchAll(/\$\{([A-Z_]+):\?\}/g)].map(([, secret]) => secret));
		// The database server reads its own from a file, the proxy the one of the gate; the administrator's is no service's matter.
		const elsewhere = ['DATABASE_ROOT_PASSWORD', 'ADMINISTRATOR_PASSWORD', 'SETUP_PASSWORD'];
		expect([...used].sort()).toEqual(secretNames.filter(secret => !elsewhere.includes(secret)).sort());
		expect(secrets['database-root-password']!.file).toBe('./.specify-setup/secrets/database-root-password');
	});

	it("keep the database's root password out of the containers of Specify", () => {
		for (const service of ['specify7', 'worker'] as const)
			expect(JSON.stringify(services[service])).not.toContain('DATABASE_ROOT_PASSWORD');
	});
});

describe('Specify 7', () => {
	const {environment} = services.specify7;

	it('and its worker have the same settings and files', () => {
		expect(services.worker.environment).toEqual(environment);
		expect(services.worker.volumes).toEqual(services.specify7.volumes);
		expect(services.worker.image).toBe(services.specify7.image);
	});

	it('and its worker agree on the queue, whatever the database is called', () => {
		const {specify7, worker} = composed(answersWith({database: {name: 'herbarium'}})).services;
		expect(specify7.environment.CELERY_TASK_QUEUE).toBe('herbarium');
		expect(worker.command.slice(-2)).toEqual(['-Q', 'herbarium']);
		expect(specify7.environment).toMatchObject({DATABASE_NAME: 'herbarium', ASSET_SERVER_COLLECTION: 'herbarium'});
	});

	it('lets people log in behind the proxy: its origin has the port when it is not the usual one', () => {
		expect(environment.CSRF_TRUSTED_ORIGINS).toBe('https://specify7.specify.localhost');
		expect(environment.ASSET_SERVER_URL).toBe('https://media.specify.localhost/web_asset_store.xml');
		const other = composed(answersWith({domain: 'nrm.example', ports: {https: 8443}})).services;
		expect(other.specify7.environment).toMatchObject({
			CSRF_TRUSTED_ORIGINS: 'https://specify7.nrm.example:8443',
			ALLOWED_HOSTS: 'specify7.nrm.example',
			ASSET_SERVER_URL: 'https://media.nrm.example:8443/web_asset_store.xml',
		});
		expect(other.media.environment.SERVER_PORT).toBe('8443');
	});

	it('is never given what would open or break it', () => {
		for (const variable of ['ALLOW_SUPPORT_LOGIN', 'ANONYMOUS_USER', 'SP7_DEBUG'])
			expect(environment).not.toHaveProperty(variable);
		// An empty database made beforehand breaks its first start.
		for (const variable of ['MARIADB_DATABASE', 'MYSQL_DATABASE'])
			expect(services.db.environment).not.toHaveProperty(variable);
		expect(environment.SPECIFY_CONFIG_DIR).toBe('/opt/specify7/config');
	});

	it('and the database use the time zone of the answers', () => {
		const {specify7, db} = composed(answersWith({timezone: 'America/Chicago'})).services;
		expect(specify7.environment.TIME_ZONE).toBe('America/Chicago');
		expect(db.environment.TZ).toBe('America/Chicago');
	});
});

describe('the database server', () => {
	it('takes rows of a gigabyte', () => {
		expect(services.db.command).toContain('--max-allowed-packet=1073741824');
	});

	it('is given time to end well', () => {
		expect(services.db.stop_grace_period).toBe('2m');
	});
});

it('a mirror stands before every image', () => {
	for (const {image} of Object.values(composed(answersWith({images: {registry: 'localhost:5000'}})).services))
		expect(image).toMatch(/^localhost:5000\/(library|specifyconsortium)\//);
});
