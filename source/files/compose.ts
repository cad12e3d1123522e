import {stringify} from 'yaml';
import {addressesOf, publishedPorts} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import {isLocalDomain} from '../model/domain.js';
import {imageOf} from '../model/images.js';
import type {ServiceName} from '../model/releases.js';
import type {SecretName} from '../model/secrets.js';
import type {Profile} from '../model/sizing.js';
import {privateMount} from './caddyfile.js';
import {healthChecks, healthProgramPath} from './health.js';
import {projectLabel, proxyFolder, secretsFolder, volumesOf} from './names.js';
import {userSettingsFolder} from './specify7-settings.js';

/** Labels by which an installation is found again, and by which a changed mounted file recreates its service. */
export const labels = {project: projectLabel, content: 'specify-setup.content'} as const;

/** Where the certificate authorities Specify 7 trusts are mounted; `bundle.pem` appears once the proxy has made its own. */
export const authoritiesFolder = '/opt/authorities';

/** A secret's place in the text: Compose fills it from `.env` and stops when it is missing. */
const secret = (name: SecretName) => `\${${name}:?}`;

const databaseCommand = (profile: Profile) => [
	'--max-allowed-packet=1073741824',
	`--innodb-buffer-pool-size=${profile.bufferPool}`,
	'--innodb-log-file-size=256M',
	'--character-set-server=utf8mb4',
];

/** Folders of the installation that containers mount; whoever removes one takes it from a running container for good. */
export const mountedFolders: Partial<Record<ServiceName, readonly string[]>> = {
	proxy: ['proxy', proxyFolder, 'Caddyfile.d', 'media', 'landing'],
	specify7: ['specify7/authorities', 'local_settings.d'],
	worker: ['specify7/authorities', 'local_settings.d'],
};

/** Who the proxy runs as; its certificates belong to this user. */
export const proxyUser = '999:999';

/** A trial below localhost, or what another web server passes on. */
const isForThisMachineAlone = ({domain, proxy}: Answers) => isLocalDomain(domain) || proxy === 'behind';

/** Text of `compose.yaml`. @param hashes of the files a service mounts */
export const compose = ({
	project,
	answers,
	profile,
	hashes,
}: {
	project: string;
	answers: Answers;
	profile: Profile;
	hashes: Partial<Record<ServiceName, string>>;
}) => {
	const {hostnames, ports, database} = answers;
	const addresses = addressesOf(answers);
	const volumes = volumesOf(project);

	const common = (service: ServiceName) => ({
		image: imageOf(answers, service),
		restart: 'unless-stopped',
		labels: {
			[labels.project]: project,
			...(hashes[service] ? {[labels.content]: hashes[service]} : {}),
		},
		security_opt: ['no-new-privileges:true'],
		cap_drop: ['ALL'],
		mem_limit: profile.memory[service],
		pids_limit: 512,
		logging: {driver: 'json-file', options: {'max-size': '10m', 'max-file': '5'}},
	});
	const checks = healthChecks(answers);
	const health = (service: ServiceName, {interval = '10s', timeout = '10s', start = '60s', retries = 4} = {}) => ({
		// In a Compose file a dollar sign is written twice.
		test: ['CMD', ...checks[service].map(part => part.replaceAll('$', '$$$$'))],
		interval,
		timeout,
		retries,
		start_period: start,
	});
	const healthy = (...services: ServiceName[]) =>
		Object.fromEntries(services.map(service => [service, {condition: 'service_healthy'}]));

	const specify = {
		DATABASE_HOST: 'db',
		DATABASE_PORT: '3306',
		DATABASE_NAME: database.name,
		MASTER_NAME: 'master',
		MASTER_PASSWORD: secret('MASTER_PASSWORD'),
		MIGRATOR_NAME: 'migrator',
		MIGRATOR_PASSWORD: secret('MIGRATOR_PASSWORD'),
		APP_USER_NAME: 'specify',
		APP_USER_PASSWORD: secret('APP_USER_PASSWORD'),
		// Specify only falls back to this one; the database's real root password stays out of its containers.
		MYSQL_ROOT_PASSWORD: secret('MIGRATOR_PASSWORD'),
		SECRET_KEY: secret('SECRET_KEY'),
		REDIS_HOST: 'redis',
		REDIS_PORT: '6379',
		REDIS_DB_INDEX: '0',
		CELERY_BROKER_URL: 'redis://redis/0',
		CELERY_RESULT_BACKEND: 'redis://redis/1',
		CELERY_TASK_QUEUE: database.name,
		ASSET_SERVER_URL: `${addresses.media}/web_asset_store.xml`,
		ASSET_SERVER_KEY: secret('ASSET_SERVER_KEY'),
		ASSET_SERVER_COLLECTION: database.name,
		REPORT_RUNNER_HOST: 'report',
		REPORT_RUNNER_PORT: '8080',
		SPECIFY_CONFIG_DIR: '/opt/specify7/config',
		TIME_ZONE: answers.timezone,
		ALLOWED_HOSTS: hostnames.specify7,
		CSRF_TRUSTED_ORIGINS: addresses.specify7,
		FORWARDED_ALLOW_IPS: '*',
		REQUESTS_CA_BUNDLE: `${authoritiesFolder}/bundle.pem`,
		LOG_LEVEL: 'WARNING',
	};
	const specifyVolumes = [
		'static:/volumes/static-files',
		`./specify7/authorities:${authoritiesFolder}:ro`,
		'./specify7/local_settings.py:/opt/specify7/settings/local_settings.py:ro',
		`./local_settings.d:${userSettingsFolder}:ro`,
		`./specify7/health.py:${healthProgramPath}:ro`,
	];

	const composition = {
		name: project,
		services: {
			proxy: {
				...common('proxy'),
				user: proxyUser,
				// Its program asks for this capability and would not start without; low ports are open to the user anyway.
				cap_add: ['NET_BIND_SERVICE'],
				sysctls: {'net.ipv4.ip_unprivileged_port_start': '0'},
				read_only: true,
				tmpfs: ['/tmp', '/config:uid=999,gid=999'],
				ports: publishedPorts(answers).map(
					port => `${isForThisMachineAlone(answers) ? '127.0.0.1:' : ''}${port}:${port}`,
				),
				volumes: [
					'./proxy:/etc/caddy:ro',
					`./${proxyFolder}:${privateMount}:ro`,
					'./Caddyfile.d:/etc/caddy.d:ro',
					'./media:/srv/media:ro',
					'./landing:/srv/landing:ro',
					'certificates:/data',
					'static:/srv/static-files:ro',
				],
				networks: {web: {aliases: [...new Set([hostnames.specify7, hostnames.media])]}},
				healthcheck: health('proxy', {start: '30s'}),
			},
			db: {
				...common('db'),
				user: '999:999',
				read_only: true,
				tmpfs: ['/tmp', '/run/mysqld:uid=999,gid=999'],
				command: databaseCommand(profile),
				environment: {
					MARIADB_ROOT_PASSWORD_FILE: '/run/secrets/database-root-password',
					MARIADB_ROOT_HOST: 'localhost',
					MARIADB_AUTO_UPGRADE: '1',
					TZ: answers.timezone,
				},
				secrets: ['database-root-password'],
				volumes: ['database:/var/lib/mysql'],
				networks: ['data'],
				stop_grace_period: '2m',
				healthcheck: health('db', {start: '5m'}),
			},
			redis: {
				...common('redis'),
				user: '999:999',
				read_only: true,
				command: ['redis-server', '--appendonly', 'yes'],
				volumes: ['redis:/data'],
				networks: ['data'],
				healthcheck: health('redis'),
			},
			media: {
				...common('media'),
				init: true,
				environment: {
					SERVER_NAME: hostnames.media,
					SERVER_PORT: String(ports.https),
					ATTACHMENT_KEY: secret('ASSET_SERVER_KEY'),
					DEBUG_MODE: 'false',
				},
				volumes: ['attachments:/home/specify/attachments'],
				networks: ['web'],
				healthcheck: health('media'),
			},
			report: {
				...common('report'),
				networks: ['reports'],
				healthcheck: health('report', {start: '2m'}),
			},
			specify7: {
				...common('specify7'),
				init: true,
				environment: specify,
				volumes: specifyVolumes,
				networks: ['web', 'data', 'reports'],
				depends_on: healthy('db', 'redis', 'media', 'proxy'),
				// The question, one to each neighbour and the end of a hung process fit into the timeout.
				healthcheck: health('specify7', {timeout: '45s', start: '30m'}),
			},
			worker: {
				...common('worker'),
				init: true,
				command: ['ve/bin/celery', '-A', 'specifyweb', 'worker', '-l', 'INFO', '--concurrency=1', '-Q', database.name],
				environment: specify,
				volumes: specifyVolumes,
				networks: ['web', 'data'],
				depends_on: healthy('specify7'),
				healthcheck: health('worker', {interval: '60s', timeout: '60s'}),
			},
		},
		// The report runner asks for no password and Redis has none: neither sees the other.
		networks: {web: {}, data: {internal: true}, reports: {internal: true}},
		volumes: Object.fromEntries(Object.entries(volumes).map(([role, name]) => [role, {name, external: true}])),
		secrets: {'database-root-password': {file: `./${secretsFolder}/database-root-password`}},
	};
	return `# Made by specify-setup from specify.yaml. Put changes of your own into compose.override.yaml.\n${stringify(composition, {lineWidth: 0, aliasDuplicateObjects: false})}`;
};
