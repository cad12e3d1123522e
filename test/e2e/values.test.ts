import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {execa} from 'execa';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it, test} from 'vitest';
import {stringify} from 'yaml';
import {caddyfile} from '../../source/files/caddyfile.js';
import {environment} from '../../source/files/environment.js';
import {installationFiles} from '../../source/files/installation.js';
import {projectName} from '../../source/files/names.js';
import {openGate} from '../../source/files/proxy-private.js';
import {addressesOf, namesOf} from '../../source/model/addresses.js';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {imageOf} from '../../source/model/images.js';
import {type ServiceName, serviceNames} from '../../source/model/releases.js';
import {completeSecrets, type Secrets} from '../../source/model/secrets.js';
import {privateFiles} from '../../source/steps/proxy.js';
import {answersWith} from '../_helpers/answers.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {GiB} from '../_helpers/observation.js';
import {givenAnswers, passwords} from '../_helpers/values.js';
import {docker, Installation, type Ran} from './installation.js';

/** Whatever validation accepts, read by the programs that will read it, and then in a running installation. */

const folder = mkdtempSync(join(tmpdir(), 'specify-values-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const put = (path: string, text: string) => {
	mkdirSync(dirname(path), {recursive: true});
	writeFileSync(path, text);
};

type Sample = {answers: Answers; secrets: Secrets};
const accepted = givenAnswers.map(given => parseAnswers(given).answers).filter(answers => answers !== null);
const secrets = fc
	.tuple(passwords, passwords, passwords)
	.map(([MASTER_PASSWORD, SECRET_KEY, ASSET_SERVER_KEY]) =>
		completeSecrets({MASTER_PASSWORD, SECRET_KEY, ASSET_SERVER_KEY}),
	);
/** Others in every run; the number of a failing run is in its message. */
const seed = Date.now() & 0xffff;
const samples: Sample[] = fc.sample(fc.record({answers: accepted, secrets}), {numRuns: 40, seed});
const about = (index: number) => `sample ${index} of seed ${seed}: ${JSON.stringify(samples[index])}`;

/** An image of the laboratory. */
const laboratory = answersWith({images: {registry: 'localhost:5000'}});
const inImage = (service: ServiceName, script: string, {input = '', cases = ''}: {input?: string; cases?: string}) => {
	const mounts = cases === '' ? [] : ['--volume', `${cases}:/cases:ro`];
	const image = imageOf(laboratory, service);
	const run = [
		'run',
		'--rm',
		'--interactive',
		'--network',
		'none',
		...mounts,
		'--entrypoint',
		'sh',
		image,
		'-c',
		script,
	];
	return execa('docker', run, {input, reject: false});
};

it('Compose hands every value on as it was given, from .env and compose.yaml', async () => {
	for (const [index, sample] of samples.entries()) {
		const {answers, secrets} = sample;
		// A folder as people name it: Compose must not read anything into its path.
		const place = join(folder, 'compose', `${index} $HOME it's #1 "é"`);
		const files = installationFiles({project: 'museum', answers, secrets, memory: 8 * GiB});
		put(join(place, 'compose.yaml'), files.find(({path}) => path === 'compose.yaml')!.text);
		put(join(place, '.env'), environment(secrets));
		const options = {cwd: place, reject: false} as const;
		const {stdout, stderr} = await execa('docker', ['compose', 'config', '--format', 'json'], options);
		expect(stderr, about(index)).toBe('');
		// Compose writes a dollar sign twice, so that its output is a composition again.
		const {services} = JSON.parse(stdout.replaceAll('$$', '$')) as {
			services: Record<string, {image: string; environment: Record<string, string>; volumes: {source: string}[]}>;
		};
		const {specify7, media} = addressesOf(answers);
		const wanted = {
			DATABASE_NAME: answers.database.name,
			MASTER_PASSWORD: secrets.MASTER_PASSWORD,
			SECRET_KEY: secrets.SECRET_KEY,
			ASSET_SERVER_KEY: secrets.ASSET_SERVER_KEY,
			TIME_ZONE: answers.timezone,
			ALLOWED_HOSTS: answers.hostnames.specify7,
			CSRF_TRUSTED_ORIGINS: specify7,
			ASSET_SERVER_URL: `${media}/web_asset_store.xml`,
		};
		for (const service of ['specify7', 'worker'])
			expect(services[service]!.environment, about(index)).toMatchObject(wanted);
		expect(services.media!.environment.ATTACHMENT_KEY).toBe(secrets.ASSET_SERVER_KEY);
		for (const service of serviceNames) expect(services[service]!.image).toBe(imageOf(answers, service));
		expect(services.proxy!.volumes.map(({source}) => source)).toContain(join(place, 'proxy'));
	}
}, 120_000);

it('Docker takes the name of every image', async () => {
	const all = new Set(samples.flatMap(({answers}) => serviceNames.map(service => imageOf(answers, service))));
	// Engines before 23 take no IPv6 addresses.
	const images = [...all].filter(image => !image.startsWith('['));
	// No such image is here; a name that is none is told otherwise.
	const {stderr} = await execa('docker', ['image', 'inspect', ...images], {reject: false});
	expect(stderr).not.toMatch(/invalid/i);
	const {stderr: wrong} = await execa('docker', ['image', 'inspect', 'mirror.example/-hub/a:1'], {reject: false});
	expect(wrong).toMatch(/invalid/i);
});

type Adapted = {
	apps: {
		tls?: {automation?: {policies?: {issuers?: Record<string, unknown>[]}[]}};
		http: {servers: Record<string, {listen: string[]; routes?: {match?: {host?: string[]}[]}[]}>};
	};
};

it('Caddy finds every value in its configuration', async () => {
	const cases = join(folder, 'caddy');
	const host = new FakeHost();
	host.read = async () => 'c2VjcmV0LWtleQ';
	for (const [index, {answers}] of samples.entries()) {
		const place = join(cases, String(index));
		put(join(place, 'Caddyfile'), caddyfile(answers));
		put(join(place, 'private', 'gate.caddy'), openGate);
		mkdirSync(join(place, 'own'));
		for (const [name, text] of Object.entries(await privateFiles({host, directory: '/opt/specify', answers})))
			put(join(place, 'private', name), text);
	}
	const loop = [
		`for case in $(seq 0 ${samples.length - 1}); do`,
		'ln -sfn /cases/$case/private /etc/caddy.private; ln -sfn /cases/$case/own /etc/caddy.d;',
		'caddy adapt --config /cases/$case/Caddyfile --adapter caddyfile 2>/tmp/said || { tr "\\n" " " </tmp/said; echo; }; done',
	].join(' ');
	const {stdout} = await inImage('proxy', loop, {cases});
	const lines = stdout.trim().split('\n');
	expect(lines).toHaveLength(samples.length);
	for (const [index, {answers}] of samples.entries()) {
		expect(lines[index], about(index)).toMatch(/^\{/);
		const {apps} = JSON.parse(lines[index]!) as Adapted;
		const hosts = Object.values(apps.http.servers)
			.filter(({listen}) => listen.includes(`:${answers.ports.https}`))
			.flatMap(({routes = []}) => routes.flatMap(({match = []}) => match.flatMap(({host: names = []}) => names)));
		expect(new Set(hosts), about(index)).toEqual(new Set(namesOf(answers)));
		if (answers.certificates !== 'letsencrypt') continue;
		const issuers = (apps.tls?.automation?.policies ?? []).flatMap(({issuers: list = []}) => list);
		expect(issuers.length, about(index)).toBeGreaterThan(0);
		const {directory, eab} = answers.acme;
		for (const issuer of issuers)
			expect(issuer, about(index)).toMatchObject({
				module: 'acme',
				email: answers.email,
				...(directory ? {ca: directory} : {}),
				...(eab ? {external_account: {key_id: eab.kid, mac_key: 'c2VjcmV0LWtleQ'}} : {}),
			});
	}
}, 120_000);

it('Python takes the settings of Specify 7, and sees in them what the answers say', async () => {
	const program = [
		'import ast, json, sys',
		'for text in json.load(sys.stdin):',
		"    tree = ast.parse(text); compile(tree, 'local_settings.py', 'exec')",
		'    found = [(a.targets[0].id, ast.literal_eval(a.value)) for a in tree.body if isinstance(a, ast.Assign)]',
		'    print(json.dumps(dict(found)))',
	].join('\n');
	const each = [true, false].flatMap(telemetry =>
		[true, false].map(publicAttachments => ({telemetry, publicAttachments})),
	);
	const texts = each.map(privacy => {
		const files = installationFiles({
			project: 'museum',
			answers: answersWith({privacy}),
			secrets: samples[0]!.secrets,
			memory: 8 * GiB,
		});
		return files.find(({path}) => path === 'specify7/local_settings.py')!.text;
	});
	const {stdout, stderr} = await execa('python3', ['-c', program], {input: JSON.stringify(texts), reject: false});
	expect(stderr).toBe('');
	expect(stdout.split('\n').map(line => JSON.parse(line))).toEqual(
		each.map(({telemetry, publicAttachments}) => ({
			...(telemetry ? {} : {STATS_URL: null, STATS_2_URL: null}),
			...(publicAttachments ? {} : {WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET: true}),
		})),
	);
});

it.each(['db', 'specify7'] as const)('every time zone is one that the image of %s knows', async service => {
	const zones = Intl.supportedValuesOf('timeZone').map(timezone => parseAnswers({timezone}).answers!.timezone);
	const script = 'while read zone; do [ -e "/usr/share/zoneinfo/$zone" ] || echo "$zone"; done';
	const {stdout, exitCode} = await inImage(service, script, {input: `${zones.join('\n')}\nEurope/Atlantis\n`});
	expect(exitCode).toBe(0);
	expect(stdout).toBe('Europe/Atlantis');
});

/** An installation in a folder whose name shells, Compose and YAML could read otherwise. */
class Awkward extends Installation {
	override readonly directory = join(mkdtempSync(join(tmpdir(), 'specify-setup-')), `it's $HOME "é" #1 ${process.pid}`);
	override readonly project = projectName(basename(this.directory));
}

describe('an installation of awkward values', () => {
	const museum = new Awkward({http: 18800, https: 18843});
	const domain = 'sammlung-münchen.localhost';
	const email = '$HOME!&*+/=?^_|~-.x@sammlung-münchen.localhost';
	const name = `Musée « Ørsted » & Söhne's "Haus" \\ $HOME $$ #1 {{x}} %(y)s </h1> 博物館`;
	const given = {
		MASTER_PASSWORD: '0123456789Ab',
		SECRET_KEY: 'true'.padEnd(64, 'z'),
		ASSET_SERVER_KEY: '1e5'.padEnd(12, '0'),
		ADMINISTRATOR_PASSWORD: 'Null00000000',
		MIGRATOR_PASSWORD: '0x'.padEnd(64, 'F'),
		APP_USER_PASSWORD: '000000000000',
	};
	const institution = {
		name,
		code: '$C',
		division: "'D'",
		discipline: {type: 'fish', name: '"F"'},
		collection: {name: '#K & <K>', code: '\\K'},
		administrator: {name: 'ada', lastname: "O'L"},
	};
	let ran: Ran;

	beforeAll(async () => {
		// As after a restored .env: secrets once there are kept.
		put(museum.path('.env'), environment(completeSecrets(given)));
		const file = join(museum.directory, '..', 'answers.yaml');
		put(file, stringify({domain, email, timezone: 'asia/calcutta', institution}));
		ran = await museum.install('--answers', file);
	});
	afterAll(() => museum.remove());

	test('is installed, and its first administrator can log in', () => {
		expect(ran, ran.stdout + ran.stderr).toMatchObject({exitCode: 0});
		expect(ran.stdout).toContain('ok  login: ada can log in');
	});

	test('has them in the environment of its containers', async () => {
		const containers = await museum.containers();
		const of = (service: string) => {
			const {environment: rows} = containers.find(container => container.service === service)!;
			return Object.fromEntries(rows.map(row => [row.slice(0, row.indexOf('=')), row.slice(row.indexOf('=') + 1)]));
		};
		for (const service of ['specify7', 'worker'])
			expect(of(service)).toMatchObject({
				MASTER_PASSWORD: given.MASTER_PASSWORD,
				SECRET_KEY: given.SECRET_KEY,
				ASSET_SERVER_KEY: given.ASSET_SERVER_KEY,
				MIGRATOR_PASSWORD: given.MIGRATOR_PASSWORD,
				APP_USER_PASSWORD: given.APP_USER_PASSWORD,
				TIME_ZONE: 'Asia/Kolkata',
				ALLOWED_HOSTS: 'specify7.xn--sammlung-mnchen-8vb.localhost',
				CSRF_TRUSTED_ORIGINS: 'https://specify7.xn--sammlung-mnchen-8vb.localhost:18843',
			});
		expect(of('media')).toMatchObject({ATTACHMENT_KEY: given.ASSET_SERVER_KEY});
		const mounts = containers.find(({service}) => service === 'proxy')!.mounts.map(({Source}) => Source);
		expect(mounts).toContain(museum.path('proxy'));
	});

	test('has them in MariaDB, which lets in with these passwords and keeps this time', async () => {
		const hex = (text: string) => Buffer.from(text).toString('hex').toUpperCase();
		expect(await museum.sql('SELECT HEX(CONVERT(Name USING utf8mb4)) FROM specify.institution')).toEqual([[hex(name)]]);
		expect(await museum.sql('SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW())')).toEqual([['330']]);
		for (const [user, password] of [
			['master', given.MASTER_PASSWORD],
			['migrator', given.MIGRATOR_PASSWORD],
			['specify', given.APP_USER_PASSWORD],
		] as const) {
			const asked = await execa(
				'docker',
				[
					'compose',
					'exec',
					'-T',
					'--env',
					'MYSQL_PWD',
					'db',
					'mariadb',
					'--host=db',
					`--user=${user}`,
					'-BNe',
					'SELECT 1',
				],
				{cwd: museum.directory, env: {MYSQL_PWD: password}, reject: false},
			);
			expect([user, asked.stdout, asked.stderr]).toEqual([user, '1', '']);
		}
	});

	test('shows its name to visitors as text', async () => {
		const {status, body} = await museum.get('xn--sammlung-mnchen-8vb.localhost', '/');
		expect(status).toBe(200);
		expect(body).toContain('&lt;/h1&gt; 博物館</bdi></h1>');
	});

	test("has the e-mail address in Caddy's configuration as it was given", async () => {
		// The proxy's own authority wants no address: a site of a public one makes Caddy show it.
		const script =
			'{ cat /etc/caddy/Caddyfile; echo "https://x.example {"; echo "respond ok"; echo "}"; } >/tmp/Caddyfile && caddy adapt --config /tmp/Caddyfile --adapter caddyfile 2>/dev/null';
		const {stdout} = await museum.compose('exec', '-T', 'proxy', 'sh', '-c', script);
		const {apps} = JSON.parse(stdout) as Adapted;
		const emails = (apps.tls?.automation?.policies ?? []).flatMap(({issuers = []}) =>
			issuers.flatMap(({email: seen}) => seen ?? []),
		);
		expect(new Set(emails)).toEqual(new Set([email]));
	});

	test('keeps them: a second run changes nothing', async () => {
		const before = museum.snapshot();
		const again = await museum.run('reconfigure', '--yes');
		expect(again, again.stdout + again.stderr).toMatchObject({exitCode: 0});
		expect(museum.snapshot()).toEqual(before);
		expect(
			await docker('volume', 'ls', '--quiet', '--filter', `label=specify-setup.project=${museum.project}`),
		).toContain(`${museum.project}_database`);
	});
});
