import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {addressesOf, namesOf, publishedPorts} from '../../source/model/addresses.js';
import {complete} from '../../source/model/answers.js';
import {type Authority, startAuthority} from '../lab/authority.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';
import {startApache, startNginx, type WebServer} from '../lab/web-server.js';
import {Installation} from './installation.js';
import {answersOf, combinationOf, institution, type Start} from './starts.js';
import {ask, attachmentToken, type Door, secretIn, uploadForm, Visitor} from './visits.js';

const folder = mkdtempSync(join(tmpdir(), 'specify-pairs-'));
/** Where a journey's dump is, once it has begun. */
const dump = join(folder, 'museum.sql');

/** What a stage learns before it begins: the files of an own certificate, the authority to ask. */
export type Facts = {own: {certificate: string; key: string; root: string}; acme: {directory: string; ca: string}};
/** One run of an installation: the settings that it changes, and how the museum's own web server is called, where there is one. */
type Stage = {title: string; later(facts: Facts): string[]; server?: typeof startNginx; file?: string};

export const takeOwn = ({own}: Facts) => [
	...['certificates=own', 'acme={}', `own.certificate=${own.certificate}`, `own.key=${own.key}`],
	`own.authority=${own.root}`,
];
export const askAuthority = ({acme}: Facts) => [
	...['certificates=letsencrypt', 'own={}', `acme.directory=${acme.directory}`, `acme.ca=${acme.ca}`],
];
const at = (http: number, https: number) => [`ports.http=${http}`, `ports.https=${https}`];

/** An installation that goes through several combinations, one after the other. Only the default ports are anybody's. */
export type Journey = {title: string; begin: Start; outer: {http: number; https: number}; stages: Stage[]};
export const journeys = {
	dump: {
		title: 'a dump, below an internationalised domain',
		begin: {
			ports: {http: 18850, https: 443},
			settings: ['proxy=behind', 'domain=musée.test', 'privacy.publicAttachments=false'].concat([
				...['database.start=dump', `database.dump=${dump}`],
			]),
		},
		outer: {http: 18855, https: 18856},
		stages: [
			{title: 'behind Apache, four names', later: () => [], server: startApache, file: 'apache.conf'},
			{
				title: 'public, own certificate with HSTS, one name, attachments open',
				later: facts => [
					...['proxy=public', ...at(18851, 18852), ...takeOwn(facts), 'hsts=true', 'privacy.publicAttachments=true'],
					...['hostnames.specify7=sammlung.musée.test', 'hostnames.media=sammlung.musée.test'],
				],
			},
			{
				title: 'certificates by ACME, Specify 7 at the domain itself, attachments closed',
				later: facts => [
					...[...askAuthority(facts), 'hsts=false', 'privacy.publicAttachments=false'],
					...['hostnames.specify7=musée.test', 'hostnames.media=media.musée.test'],
				],
			},
		],
	},
	empty: {
		title: 'an empty start without an institution',
		begin: {
			ports: {http: 18860, https: 18863},
			settings: ['proxy=behind', 'domain=museum.test'].concat([
				...['hostnames.specify7=collections.museum.test', 'hostnames.media=collections.museum.test'],
			]),
		},
		outer: {http: 18862, https: 18863},
		stages: [
			{title: 'behind nginx, one name', later: () => [], server: startNginx, file: 'nginx.conf'},
			{
				title: 'public at the default ports, own certificate, Specify 7 at the domain itself, attachments closed',
				later: facts => [
					...['proxy=public', ...at(80, 443), ...takeOwn(facts), 'privacy.publicAttachments=false'],
					...['hostnames.specify7=museum.test', 'hostnames.media=media.museum.test'],
				],
			},
			{
				title: 'certificates by ACME at the default ports, one name, attachments open',
				later: facts => [
					...[...askAuthority(facts), 'privacy.publicAttachments=true'],
					...['hostnames.specify7=collections.museum.test', 'hostnames.media=collections.museum.test'],
				],
			},
			{
				title: 'an institution at last, at other ports, with the own authority',
				later: () => [...at(18860, 18863), 'certificates=internal', 'acme={}', institution],
			},
		],
	},
} satisfies Record<string, Journey>;

export const example: Facts = {
	own: {certificate: '/c.pem', key: '/k.pem', root: '/r.pem'},
	acme: {directory: 'https://authority.test/dir', ca: '/r.pem'},
};
/** The answers of a journey at a stage. */
export const answersAt = ({begin, stages}: Journey, stage: number, facts = example) =>
	answersOf(
		begin,
		stages.slice(0, stage + 1).flatMap(({later}) => later(facts)),
	);

/** Tests an installation that goes through the combinations of a journey. */
export const travel = (journey: Journey) => {
	let rows: Record<string, number>;
	const museum = new Installation(journey.begin.ports, journey.begin.settings);
	const content = Buffer.from('a picture of a perch');
	const filename = 'perch.jpg';
	const place = join(folder, String(journey.begin.ports.http));
	let ownRoot: string;
	let acme: Authority | undefined;
	let server: WebServer | undefined;
	let stopped = true;

	beforeAll(async () => {
		if (journey.begin.settings.includes('database.start=dump')) {
			await execa('npx', ['tsx', 'test/lab/dump/main.ts', '--out', dump, '--size', '2MB']);
			({rows} = JSON.parse(readFileSync(`${dump}.json`, 'utf8')) as {rows: Record<string, number>});
		}
		mkdirSync(place);
		ownRoot = readFileSync(await makeRoot(place), 'utf8');
	});
	afterAll(async () => {
		if (!stopped) await server?.stop();
		await museum.remove();
		await acme?.stop();
		rmSync(folder, {recursive: true, force: true});
	});

	/** Prepares what a stage needs, and tells whom its visitors trust. */
	const prepare = async (stage: number): Promise<{facts: Facts; ca(): Promise<string>}> => {
		const answers = answersAt(journey, stage);
		const [first, ...others] = namesOf(answers);
		const own = await makeServerCertificate(place, [first!, ...others]);
		if (answers.certificates !== 'letsencrypt')
			return {
				facts: {...example, own},
				ca: async () =>
					answers.certificates === 'own' || answers.proxy === 'behind'
						? ownRoot
						: museum.read('certificates', 'root.crt'),
			};
		acme = await startAuthority({httpPort: answers.ports.http, tlsPort: answers.ports.https});
		const {directory, roots} = acme;
		const ca = join(place, 'acme.pem');
		writeFileSync(ca, [readFileSync(acme.ca, 'utf8'), await roots()].join('\n'));
		return {facts: {own, acme: {directory, ca}}, ca: roots};
	};

	describe.each(journey.stages.map((stage, index) => ({...stage, index})))('$title', ({index, later, ...stage}) => {
		const expected = answersAt(journey, index);
		const {hostnames, domain, ports, hsts} = expected;
		const addresses = addressesOf(expected);
		let door: Door;

		test('is reached', async () => {
			const {facts, ca} = await prepare(index);
			const changes = later(facts).map(setting => `--set=${setting}`);
			const ran = index === 0 ? await museum.install() : await museum.run('reconfigure', '--yes', ...changes);
			expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
			expect(combinationOf(complete(parse(museum.read('specify.yaml'))))).toEqual(combinationOf(expected));
			if (stage.server) {
				const snippet = museum.read('web-server', stage.file!);
				server = await stage.server({snippet, ...facts.own, ports: journey.outer});
				stopped = false;
			}
			door = {port: stage.server ? journey.outer.https : ports.https, shownPort: ports.https, ca: await ca()};
		});

		test('publishes its ports and no others', async () => {
			for (const {service, host} of await museum.containers()) {
				const published = Object.values(
					(host.PortBindings ?? {}) as Record<string, {HostIp: string; HostPort: string}[]>,
				);
				expect(
					published
						.flat()
						.map(({HostPort}) => Number(HostPort))
						.sort((a, b) => a - b),
					service,
				).toEqual(service === 'proxy' ? publishedPorts(expected) : []);
				if (stage.server) for (const {HostIp} of published.flat()) expect(HostIp).toBe('127.0.0.1');
			}
		});

		test('answers at every name with a certificate that verifies, and promises https only when told to', async () => {
			for (const name of namesOf(expected)) {
				const {status, headers, text} = await ask(door, name, '/');
				const closed = name === hostnames.specify7 && combinationOf(expected).start === 'nothing';
				expect(status, name).toBe(closed ? 401 : name === hostnames.specify7 ? 302 : 200);
				if (name === domain && domain !== hostnames.specify7) expect(text).toContain(`href="${addresses.specify7}"`);
				if (hsts) expect(headers['strict-transport-security'], name).toBe('max-age=31536000');
				else expect(headers, name).not.toHaveProperty('strict-transport-security');
			}
		});

		test('leads plain http to https', async () => {
			const port = stage.server ? journey.outer.http : ports.http;
			const {status, headers} = await ask({port, shownPort: port}, hostnames.specify7, '/specify/?a=b');
			expect(status).toBe(301);
			expect(headers.location).toBe(`${addresses.specify7}/specify/?a=b`);
		});

		test('hands attachments out as the answers say', async () => {
			const key = secretIn(museum.read('.env'), 'ASSET_SERVER_KEY');
			const fields = {coll: 'specify', type: 'O'};
			const {media} = hostnames;
			const xml = await ask(door, media, '/web_asset_store.xml');
			expect(xml.text).toContain(`[${addresses.media}/fileget]`);
			const proof = {token: attachmentToken(key, filename)};
			if (index === 0) {
				const sent = await ask(
					door,
					media,
					'/fileupload',
					uploadForm({...fields, ...proof, store: filename}, 'a', content),
				);
				expect(sent.status, sent.text).toBe(200);
			}
			const get = (more: object) => ask(door, media, `/fileget?${new URLSearchParams({...fields, filename, ...more})}`);
			// Stored at the first stage, it stays through all of them.
			expect(await get(proof)).toMatchObject({status: 200, text: content.toString()});
			expect((await get({})).status).toBe(expected.privacy.publicAttachments ? 200 : 403);
		});

		test('has its people, who can log in', async () => {
			const {start} = combinationOf(expected);
			if (start === 'dump')
				expect(await museum.sql('SELECT COUNT(*) FROM specify.collectionobject')).toEqual([
					[String(rows.collectionobject)],
				]);
			if (start === 'nothing') {
				const setup = Buffer.from(`setup:${secretIn(museum.read('.env'), 'SETUP_PASSWORD')}`).toString('base64');
				const visitor = new Visitor(door, hostnames.specify7, {Authorization: `Basic ${setup}`});
				expect((await visitor.ask('/specify/')).text).toContain('Guided set-up');
				return;
			}
			const visitor = new Visitor(door, hostnames.specify7);
			const [user, password] =
				start === 'dump'
					? ['testuser', 'testuser']
					: ['admin', secretIn(museum.read('.env'), 'ADMINISTRATOR_PASSWORD')];
			await visitor.logIn(user!, password!);
			expect((await visitor.ask('/specify/')).text).toContain(`<b id="user">${user}</b>`);
		});

		test('has nothing left to do', async () => {
			const {stdout, stderr, exitCode} = await museum.run('reconfigure', '--yes');
			expect(exitCode, stdout + stderr).toBe(0);
			expect(stdout).toContain('Nothing was changed');
			if (stage.server) {
				await server?.stop();
				stopped = true;
			}
		});
	});
};
