import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {inspectDump, refusal} from '../source/database/inspect.js';
import {assetStoreXml} from '../source/files/asset-store.js';
import {secretsOf} from '../source/files/environment.js';
import {installationFiles} from '../source/files/installation.js';
import {type Answers, parseAnswers} from '../source/model/answers.js';
import {decideStart} from '../source/model/database-start.js';
import {planOf} from '../source/model/plan.js';
import {preflightChecks} from '../source/model/preflight.js';
import {completeSecrets} from '../source/model/secrets.js';
import {causeOfFailure} from '../source/model/specify-log.js';
import {privateFiles, writePrivate} from '../source/steps/proxy.js';
import {specify} from '../source/steps/specify.js';
import {checks} from '../source/steps/verify.js';
import {answersWith} from './_helpers/answers.js';
import {contextWith} from './_helpers/context.js';
import {FakeHost} from './_helpers/fake-host.js';
import {allThere, databaseSeen, GiB, knownSecrets} from './_helpers/observation.js';
import {footer, mariadbHeader, specifyTables} from './database/dumps.js';

/** What goes wrong most with Specify, and what keeps it from happening here. What needs a running system is in test/e2e. */

const folder = mkdtempSync(join(tmpdir(), 'specify-problems-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

type Service = {
	image: string;
	command?: string[];
	environment?: Record<string, string>;
	depends_on?: Record<string, {condition: string}>;
	networks: string[] | Record<string, {aliases: string[]}>;
	healthcheck: {test: string[]};
	ports?: string[];
};

const servicesOf = (answers: Answers, project = 'specify') => {
	const files = installationFiles({project, answers, secrets: knownSecrets, memory: 8 * GiB});
	const text = files.find(({path}) => path === 'compose.yaml')!.text;
	return parse(text) as {
		services: Record<string, Service>;
		volumes: Record<string, {name: string}>;
		networks: Record<string, {internal?: boolean; external?: boolean}>;
	};
};

const answers = answersWith({domain: 'nrm.example', ports: {http: 8080, https: 8443}});
const {services} = servicesOf(answers);
const dumpOf = async (name: string, text: string) => {
	const path = join(folder, `${name}.sql`);
	writeFileSync(path, text);
	return inspectDump(path);
};
const checkNames = checks.map(({name}) => name);

describe('what goes wrong most', () => {
	it('1. an asset URL that cannot be reached: proxy and asset server start first, under the public name, and it is probed from inside', () => {
		expect(services.specify7!.depends_on).toMatchObject({
			proxy: {condition: 'service_healthy'},
			media: {condition: 'service_healthy'},
		});
		const url = new URL(services.specify7!.environment!.ASSET_SERVER_URL!);
		expect(url.href).toBe('https://media.nrm.example:8443/web_asset_store.xml');
		expect((services.proxy!.networks as Record<string, {aliases: string[]}>).web!.aliases).toContain(url.hostname);
		expect(services.specify7!.networks).toContain('web');
		expect(services.specify7!.environment!.REQUESTS_CA_BUNDLE).toMatch(/bundle\.pem$/);
		const order = planOf(answers, allThere({}, answers)).map(({id}) => id as string);
		expect(order.indexOf('certificates')).toBeLessThan(order.indexOf('specify'));
		expect(order.indexOf('up')).toBeLessThan(order.indexOf('specify'));
		expect(checkNames).toContain('asset server from inside');
	});

	it('2. a database made empty beforehand: none is made, and one without tables is removed', () => {
		for (const service of Object.values(services))
			for (const name of ['MARIADB_DATABASE', 'MYSQL_DATABASE'])
				expect(service.environment ?? {}).not.toHaveProperty(name);
		const seen = databaseSeen({tables: 0, start: null, users: 0});
		expect(decideStart(answers.database, seen, null)).toMatchObject({kind: 'make', clear: 'drop'});
		expect(decideStart(answers.database, {...seen, tables: 1}, null).kind).toBe('keep');
	});

	it('3. CSRF behind TLS: the origin is the address people type, port included, and a POST is tried', () => {
		expect(services.specify7!.environment!.CSRF_TRUSTED_ORIGINS).toBe('https://specify7.nrm.example:8443');
		const usual = servicesOf(answersWith({domain: 'nrm.example'})).services.specify7!;
		expect(usual.environment!.CSRF_TRUSTED_ORIGINS).toBe('https://specify7.nrm.example');
		expect(usual.environment!.ALLOWED_HOSTS).toBe('specify7.nrm.example');
		expect(usual.environment!.FORWARDED_ALLOW_IPS).toBe('*');
		expect(checkNames).toContain('login form');
	});

	it('4. characters in passwords: made of letters and digits, and others are refused', () => {
		for (const secret of Object.values(completeSecrets({}))) expect(secret).toMatch(/^[A-Za-z0-9]{16,}$/);
		fc.assert(
			fc.property(fc.constantFrom(...'@%,:/#$"\\ é'), character => {
				expect(() => secretsOf(`MASTER_PASSWORD='abc${character}def'`)).toThrow(/letters|characters/);
			}),
		);
	});

	it('5. attachments: the collection is named, and a file makes a round trip', () => {
		expect(services.specify7!.environment!.ASSET_SERVER_COLLECTION).toBe(answers.database.name);
		expect(services.worker!.environment!.ASSET_SERVER_COLLECTION).toBe(answers.database.name);
		expect(services.media!.environment!.ATTACHMENT_KEY).toBe(services.specify7!.environment!.ASSET_SERVER_KEY);
		expect(checkNames).toContain('attachments');
	});

	it('6. dumps that were cut: the footer is looked for, and large rows fit', async () => {
		const whole = `${mariadbHeader}${specifyTables()}${footer}`;
		expect(refusal(await dumpOf('whole', whole))).toBeNull();
		expect(refusal(await dumpOf('cut', whole.slice(0, -60)))?.exitCode).toBe(3);
		expect(services.db!.command).toContain('--max-allowed-packet=1073741824');
	});

	it('7. a Specify 6 that is too old: refused, with the way to upgrade', async () => {
		const old = `${mariadbHeader}${specifyTables({app: '6.7.04', schema: '2.7'})}${footer}`;
		const error = refusal(await dumpOf('old', old));
		expect(error?.exitCode).toBe(3);
		expect(`${error?.message} ${error?.hint}`).toMatch(/6\.8\.03/);
	});

	it('8. rights that are missing: the first cause in the log is told, not the last line', () => {
		const {message} = causeOfFailure([
			'Traceback (most recent call last):',
			'django.db.utils.OperationalError: (1142, "CREATE command denied to user \'migrator\'")',
			'Error: base_specify_migration failed (exit code 1). Aborting.',
			'Database setup failed; exiting.',
		]);
		expect(message).toMatch(/1142/);
		expect(services.specify7!.environment).toMatchObject({MIGRATOR_NAME: 'migrator', APP_USER_NAME: 'specify'});
	});

	it("9. error 1045 on an existing volume: the database's users are brought in line with .env", () => {
		const plan = planOf(answers, allThere({accounts: false}, answers));
		expect(plan.find(({id}) => id === 'database')).toMatchObject({
			done: false,
			changes: [expect.stringMatching(/users in line with \.env/)],
		});
	});

	it('10. a worker on the wrong queue, or silently dead: one name for both, and it is pinged', () => {
		const {command, environment, healthcheck} = services.worker!;
		expect(command!.slice(command!.indexOf('-Q'))).toEqual(['-Q', environment!.CELERY_TASK_QUEUE]);
		expect(services.specify7!.environment!.CELERY_TASK_QUEUE).toBe(environment!.CELERY_TASK_QUEUE);
		expect(healthcheck.test.join(' ')).toMatch(/worker/);
		expect(checkNames).toContain('worker');
	});

	it('11. one Redis for several instances: each has its own, on a network and a volume of its own', () => {
		const [one, other] = ['one', 'other'].map(project => servicesOf(answers, project));
		for (const {services: own, networks} of [one!, other!]) {
			expect(own.redis!.networks).toEqual(['data']);
			expect(own.redis!.ports).toBeUndefined();
			expect(networks.data).toEqual({internal: true});
			expect(own.specify7!.environment!.REDIS_HOST).toBe('redis');
		}
		expect(one!.volumes.redis!.name).not.toBe(other!.volumes.redis!.name);
	});

	it('12. configuration files missing or stale: their folder is named, cleared for another version, and probed', async () => {
		expect(services.specify7!.environment!.SPECIFY_CONFIG_DIR).toBe('/opt/specify7/config');
		expect(checkNames).toContain('Specify configuration');
		const context = contextWith();
		context.engine.service('specify7', {}, {image: 'specifyconsortium/specify7-service:v7.12.0.6'});
		context.host.on(' run --rm', {exitCode: 1, stderr: 'stopped here'});
		const work = specify(context);
		await expect(work.next()).rejects.toThrow(/configuration files of the earlier Specify/);
		expect(context.host.ran(' run --rm')[0]).toMatch(
			/find specify7 \/volumes\/static-files .*specify-config\/\* -delete/,
		);
	});

	it('13. a certificate that is missing: the proxy starts without, and keeps a copy of a given one', async () => {
		const own = {certificate: '/etc/ssl/chain.pem', key: '/etc/ssl/key.pem'};
		const given = answersWith({domain: 'nrm.example', certificates: 'own', own});
		const host = new FakeHost();
		host.files.set(own.certificate, {text: 'chain', mode: 0o644});
		host.files.set(own.key, {text: 'key', mode: 0o600});
		const place = {host, directory: '/opt/specify', answers: given};
		await writePrivate(place, await privateFiles(place));
		host.files.delete(own.certificate);
		host.files.delete(own.key);
		expect(await privateFiles(place)).toMatchObject({'own.crt': 'chain', 'own.key': 'key'});
		expect(services.proxy!.healthcheck.test.join(' ')).toContain('http://127.0.0.1:');
	});

	it('14. mixed content: the XML names https addresses only, and what is served is looked at', () => {
		const addresses = [...assetStoreXml(answers).matchAll(/CDATA\[(\S+?):\/\//g)].map(([, scheme]) => scheme);
		expect(addresses).toEqual(Array(5).fill('https'));
		expect(checkNames).toContain('asset server addresses');
	});

	it('15. MySQL 8, or an older Specify on a newer database: MariaDB by exact tag, and going back is refused', () => {
		expect(services.db!.image).toMatch(/mariadb:11\.8$/);
		const older = parseAnswers({specify7: 'v7.12.0.1'}).answers!;
		const observation = allThere({}, answersWith());
		const needs = {imageBytes: 0, sqlBytes: 0, attachmentBytes: 0, clockOffsetMs: 0};
		const version = preflightChecks(older, observation, needs).find(({name}) => name === 'version');
		expect(version).toMatchObject({result: 'refused', hint: expect.stringMatching(/older version and a dump/)});
	});

	it('also: a clock that is wrong by more than 150 seconds, and a full disk', () => {
		const needs = {imageBytes: 0, sqlBytes: 0, attachmentBytes: 0, clockOffsetMs: 151_000};
		const observation = allThere({}, answersWith());
		const engine = {...observation.engine, freeBytes: GiB} as typeof observation.engine;
		const checks = (imageBytes: number) =>
			preflightChecks(answersWith(), {...observation, engine}, {...needs, imageBytes})
				.filter(({name, result}) => (name === 'disk' || name === 'clock') && result !== 'ok')
				.map(({name, result}) => `${name} ${result}`);
		expect(checks(1)).toEqual(['disk refused', 'clock refused']);
		// A change that brings nothing onto the disk may be what is to help it.
		expect(checks(0)).toEqual(['disk advice', 'clock refused']);
	});
});
