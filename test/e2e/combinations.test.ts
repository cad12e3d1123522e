import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {config} from '../../source/engine/compose.js';
import {caddyfile} from '../../source/files/caddyfile.js';
import {environment} from '../../source/files/environment.js';
import {installationFiles} from '../../source/files/installation.js';
import {closedGate, openGate} from '../../source/files/proxy-private.js';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {imageOf} from '../../source/model/images.js';
import {privateFiles} from '../../source/steps/proxy.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';

/** Every combination of answers is read by the programs that will read it; nothing is started. */

const folder = mkdtempSync(join(tmpdir(), 'specify-combinations-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

/** Values by the name of what they answer; a combination takes one of each. */
type Choices = Record<string, readonly ((domain: string) => object)[]>;

const directory = 'https://acme.ca.example/directory';
const account = {kid: 'kid-1', keyFile: '/root/eab.key'};
const own = {certificate: '/root/own.crt', key: '/root/own.key'};
const domains = ['specify.localhost', 'specify.museum.lan', 'specify.museum.org', 'sammlung-münchen.de'] as const;
const memories = [2, 4, 8, 16] as const;

const choices: Choices = {
	certificates: [
		() => ({certificates: 'internal'}),
		() => ({certificates: 'letsencrypt'}),
		() => ({certificates: 'letsencrypt', hsts: true}),
		() => ({certificates: 'letsencrypt-staging'}),
		() => ({certificates: 'letsencrypt', acme: {directory}}),
		() => ({certificates: 'letsencrypt', acme: {directory, staging: directory, ca: '/root/ca.pem', eab: account}}),
		() => ({certificates: 'own', own, hsts: true}),
		() => ({certificates: 'own', own: {...own, authority: '/root/ca.pem'}}),
	],
	proxy: [() => ({proxy: 'public'}), () => ({proxy: 'behind'})],
	hostnames: [
		() => ({}),
		domain => ({hostnames: {specify7: `collections.${domain}`, media: `collections.${domain}`}}),
		domain => ({hostnames: {specify7: domain, media: domain}}),
		() => ({hostnames: {landing: null}}),
	],
	ports: [() => ({}), () => ({ports: {http: 8081, https: 8443}})],
	telemetry: [false, true].map(telemetry => () => ({privacy: {telemetry}})),
	attachments: [true, false].map(publicAttachments => () => ({privacy: {publicAttachments}})),
	registry: [null, 'localhost:5000'].map(registry => () => ({images: {registry}})),
	database: [
		() => ({}),
		() => ({database: {name: 'herbarium', start: 'dump', dump: '/srv/a.sql', attachments: '/srv/b'}}),
	],
};

const combine = (given: readonly object[], [next, ...rest]: readonly (readonly object[])[]): readonly object[] =>
	next === undefined
		? given
		: combine(
				given.flatMap(left =>
					next.map(right => {
						const privacy = {...(left as {privacy?: object}).privacy, ...(right as {privacy?: object}).privacy};
						return {...left, ...right, privacy};
					}),
				),
				rest,
			);

/** Every combination that validation accepts, and how many it refuses. */
const combinations = () => {
	const accepted: Answers[] = [];
	let refused = 0;
	for (const domain of domains)
		for (const given of combine(
			[{domain}],
			Object.values(choices).map(values => values.map(value => value(domain))),
		)) {
			const {answers} = parseAnswers(given, {timezone: 'Europe/Stockholm'});
			if (answers) accepted.push(answers);
			else refused += 1;
		}
	return {accepted, refused};
};
const {accepted, refused} = combinations();

/** A text without its domain and hashes, which are letters, digits, dots and hyphens in any: texts of one shape are read alike. */
const shapeOf = (text: string, {domain}: Answers) =>
	text.replaceAll(domain, 'specify.museum.example').replace(/\b[0-9a-f]{64}\b/g, 'hash');

/** Runs tasks, as many at once as there are processors. */
const inParallel = async <T>(items: readonly T[], run: (item: T, index: number) => Promise<void>) => {
	const queue = [...items.entries()];
	const worker = async () => {
		for (let next = queue.shift(); next; next = queue.shift()) await run(next[1], next[0]);
	};
	await Promise.all(Array.from({length: availableParallelism()}, worker));
};

const put = (path: string, text: string) => {
	mkdirSync(dirname(path), {recursive: true});
	writeFileSync(path, text);
};

it('there are many, and what does not go together is refused', () => {
	expect(accepted.length).toBeGreaterThan(1000);
	expect(refused).toBeGreaterThan(1000);
	for (const {certificates, proxy, hsts, domain} of accepted) {
		if (proxy === 'behind') expect({certificates, hsts}).toEqual({certificates: 'internal', hsts: false});
		if (domain.endsWith('localhost')) expect(['internal', 'own']).toContain(certificates);
	}
});

it('Compose reads the composition of every combination, on machines of 2, 4, 8 and 16 GiB', async () => {
	// The machine decides numbers alone, so that one combination of each shape tells about all.
	const texts = new Set<string>();
	const textWith = (answers: Answers, memory: number) => {
		const files = installationFiles({project: 'museum', answers, secrets: knownSecrets, memory: memory * GiB});
		return shapeOf(files.find(({path}) => path === 'compose.yaml')!.text, answers);
	};
	for (const answers of accepted) {
		const usual = textWith(answers, 8);
		if (!texts.has(usual)) for (const memory of memories) texts.add(textWith(answers, memory));
	}
	expect(texts.size).toBeGreaterThan(100);
	const failures: string[] = [];
	await inParallel([...texts], async (text, index) => {
		const place = join(folder, 'compositions', String(index));
		put(join(place, 'compose.yaml'), text);
		put(join(place, '.env'), environment(knownSecrets));
		const {file, args, cwd, env} = config(place);
		const {exitCode, stderr} = await execa(file, args, {cwd: cwd!, env: env ?? {}, reject: false});
		// A variable that is not set is a warning only.
		if (exitCode !== 0 || stderr !== '') failures.push(`${stderr}\n${text}`);
	});
	expect(failures).toEqual([]);
}, 180_000);

it('Compose stops where a secret is missing', async () => {
	const place = join(folder, 'without');
	const files = installationFiles({project: 'museum', answers: accepted[0]!, secrets: knownSecrets, memory: 8 * GiB});
	put(join(place, 'compose.yaml'), files.find(({path}) => path === 'compose.yaml')!.text);
	put(join(place, '.env'), environment(knownSecrets).replace(/^SECRET_KEY=.*$/m, ''));
	const {file, args, cwd, env} = config(place);
	const {exitCode, stderr} = await execa(file, args, {cwd: cwd!, env: env ?? {}, reject: false});
	expect(exitCode).not.toBe(0);
	expect(stderr).toContain('SECRET_KEY');
});

describe('Caddy', () => {
	let sources: Record<string, string>;

	beforeAll(async () => {
		const root = await makeRoot(folder);
		const made = await makeServerCertificate(folder, ['specify.museum.example']);
		sources = {
			[own.certificate]: readFileSync(made.certificate, 'utf8'),
			[own.key]: readFileSync(made.key, 'utf8'),
			'/root/ca.pem': readFileSync(root, 'utf8'),
			[account.keyFile]: 'c2VjcmV0LWtleQ\n',
		};
	});

	/** Reads each folder's Caddyfile with its private files, and prints what is wrong with which. */
	const validateAll = async (cases: string) => {
		const loop = [
			'cd /cases; for case in *; do',
			'ln -sfn /cases/$case/private /etc/caddy.private; ln -sfn /cases/$case/own /etc/caddy.d;',
			'caddy validate --config /cases/$case/Caddyfile --adapter caddyfile >/tmp/said 2>&1',
			'|| { echo "case $case"; tail -n 1 /tmp/said; }; done',
		].join(' ');
		const image = imageOf({...accepted[0]!, images: {registry: 'localhost:5000'}}, 'proxy');
		const mounts = ['--volume', `${cases}:/cases:ro`];
		const run = ['run', '--rm', '--network', 'none', ...mounts, '--entrypoint', 'sh', image, '-c', loop];
		return execa('docker', run, {reject: false});
	};

	it('takes the configuration of every combination, with the gate open and closed', async () => {
		const cases = join(folder, 'cases');
		const seen = new Set<string>();
		const host = new FakeHost();
		for (const [path, text] of Object.entries(sources)) host.files.set(path, {text, mode: 0o600});
		for (const answers of accepted) {
			for (const phase of ['staging', 'final'] as const) {
				const ways = await privateFiles({host, directory: '/opt/specify', answers}, () => phase);
				for (const gate of [openGate, closedGate(knownSecrets.SETUP_PASSWORD)]) {
					const texts: Record<string, string> = {Caddyfile: caddyfile(answers), 'private/gate.caddy': gate};
					for (const [name, text] of Object.entries(ways)) texts[`private/${name}`] = text;
					const shape = shapeOf(JSON.stringify(texts), answers);
					if (seen.has(shape)) continue;
					const place = join(cases, String(seen.size));
					seen.add(shape);
					mkdirSync(join(place, 'own'), {recursive: true});
					for (const [path, text] of Object.entries(texts)) put(join(place, path), text);
				}
			}
		}
		expect(seen.size).toBeGreaterThan(100);
		const {exitCode, stdout, stderr} = await validateAll(cases);
		expect(exitCode, stderr).toBe(0);
		expect(stdout).toBe('');
	}, 180_000);

	it('would have told what it does not take', async () => {
		const cases = join(folder, 'wrong');
		put(join(cases, '0', 'Caddyfile'), 'nrm.example {\n\ttls internal\n\tnonsense\n}\n');
		expect((await validateAll(cases)).stdout).toMatch(/^case 0\n.*nonsense/);
	});
});
