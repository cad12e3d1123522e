import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse, stringify} from 'yaml';
import {profiles} from '../../source/model/sizing.js';
import {type Authority, startAuthority} from '../lab/authority.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';
import {bundle, Installation, type Ran, removeImages} from './installation.js';
import {institution} from './starts.js';
import {ask, attachmentToken, type Door, secretIn, uploadForm, Visitor} from './visits.js';

const ports = {http: 18500, https: 18543};
const museum = new Installation(ports, ['domain=nrm.test', institution, 'timezone=Europe/Stockholm']);
const folder = mkdtempSync(join(tmpdir(), 'specify-reconfigure-'));
const upload = {name: 'perch.jpg', content: Buffer.from('a picture of a perch')};
/** The laboratory's registry by another name. */
const mirror = '127.0.0.1:5000';
let domain = 'nrm.test';
let door: Door;
let authority: Authority | undefined;
let blocker: Server | undefined;

const trust = () => {
	door = {...door, port: ports.https, ca: museum.read('certificates', 'root.crt')};
};

/** Rows of every table that people fill, as the server sums them up. */
const rows = async () => {
	const tables = ['specifyuser', 'agent', 'institution', 'division', 'discipline', 'collection', 'taxontreedef'];
	return museum.sql(`CHECKSUM TABLE ${tables.map(table => `specify.${table}`).join(', ')};`);
};

const picture = async ({door, domain}: Place = here()) => {
	const token = attachmentToken(secretIn(museum.read('.env'), 'ASSET_SERVER_KEY'), upload.name);
	const query = new URLSearchParams({coll: 'specify', type: 'O', filename: upload.name, token});
	return ask(door, `media.${domain}`, `/fileget?${query}`);
};

/** Fails unless people, data and uploads are as they were put in. */
const expectAllThere = async () => {
	expect(await rows()).toEqual(dataBefore);
	expect(await picture()).toMatchObject({status: 200, text: upload.content.toString()});
	const visitor = new Visitor(door, `specify7.${domain}`);
	await visitor.logIn('admin', secretIn(museum.read('.env'), 'ADMINISTRATOR_PASSWORD'));
	expect((await visitor.ask('/specify/')).text).toContain('<b id="user">admin</b>');
};
let dataBefore: string[][];

const starts = async () => new Map((await museum.containers()).map(({service, startedAt}) => [service, startedAt]));

/** Where visitors find the installation. */
type Place = {door: Door; domain: string};
const here = (): Place => ({door, domain});

/** What visitors ask for: a page that Specify 7 makes, a file that the proxy has, an attachment of the asset server. */
const asked = {
	pages: ({door, domain}: Place) => ask(door, `specify7.${domain}`, '/accounts/login/'),
	files: ({door, domain}: Place) => ask(door, `specify7.${domain}`, '/static/git_sha.txt'),
	attachments: picture,
} as const;
type Asked = keyof typeof asked;

/** The longest time without an answer, milliseconds; 0 where every question was answered. */
type Pauses = Record<Asked, number>;

/**
 * Asks again and again until the work is done and everything answers.
 * @param places where visitors may look; the first is asked first
 */
const pausesDuring = async <T>(
	work: Promise<T>,
	...places: Place[]
): Promise<{result: T; pauses: Pauses; times: number}> => {
	const known = places.length > 0 ? places : [here()];
	let [isOver, times] = [false, 0];
	const watch = async (which: Asked) => {
		let [last, longest, hasFailed] = [Date.now(), 0, false];
		while (!isOver || hasFailed) {
			times += 1;
			let answers = false;
			// What the kernel has taken for a listener that closes is reset: who asks again is answered.
			for (const place of [...known, ...known])
				answers ||= (await asked[which](place).catch(() => ({status: 0}))).status === 200;
			if (answers) {
				if (hasFailed) longest = Math.max(longest, Date.now() - last);
				[last, hasFailed] = [Date.now(), false];
			} else hasFailed = true;
			if (Date.now() - last > 120_000) throw new Error(`${which}: no answer for two minutes`);
			await sleep(100);
		}
		return [which, longest] as const;
	};
	const watching = Promise.all((Object.keys(asked) as Asked[]).map(watch));
	const result = await work.finally(() => {
		isOver = true;
	});
	return {result, pauses: Object.fromEntries(await watching) as Pauses, times};
};

/** How long nobody answers when these services are just replaced by the same. */
const restartOf = async (...services: string[]) => {
	const work = museum.compose('up', '--detach', '--force-recreate', '--pull', 'never', ...services);
	const {result, pauses} = await pausesDuring(work);
	expect(result.exitCode, String(result.stderr)).toBe(0);
	return pauses;
};
/** The restart of the services that one or another change concerns. */
let restarts: {behindTheProxy: Pauses; addressed: Pauses; all: Pauses};

/** Fails where a pause was longer than a restart of what had to be; a busy machine takes one time twice what it takes another. */
const expectNoLonger = (pauses: Pauses, restart: Pauses) => {
	for (const which of Object.keys(asked) as Asked[])
		expect(pauses[which], `${which}: ${JSON.stringify({pauses, restart})}`).toBeLessThanOrEqual(
			restart[which] === 0 ? 0 : 2 * restart[which] + 3000,
		);
};

/** Reconfigures; tells which services were started again, sorted by name. */
const change = async (...args: string[]): Promise<Ran & {restarted: string[]}> => {
	const before = await starts();
	const ran = await museum.run('reconfigure', '--yes', ...args);
	const after = await starts();
	return {...ran, restarted: [...after.keys()].filter(service => before.get(service) !== after.get(service))};
};

/** The answers that let an authority issue, which is trusted by its own certificate and by the root of what it issues. */
const issuedBy = async ({directory, ca, roots}: Authority) => {
	const trusted = join(folder, 'authority.pem');
	writeFileSync(trusted, `${readFileSync(ca, 'utf8')}\n${await roots()}`);
	return ['--set=certificates=letsencrypt', `--set=acme.directory=${directory}`, `--set=acme.ca=${trusted}`];
};

const said = ({stdout, stderr}: Ran) => `${stdout}${stderr}`;

/** Every generated file and everything of the user's own; what a run itself leaves is left out. */
const files = () =>
	Object.fromEntries(
		Object.entries(museum.snapshot()).filter(
			([path]) => !/^\.specify-setup\/(previous|refused\.yaml|hashes\.json|proxy-loaded)/.test(path),
		),
	);

/** Fails unless a failed change left everything as it was. */
const expectPutBack = async (ran: Ran, before: Record<string, string>) => {
	expect(ran.exitCode, said(ran)).toBe(1);
	expect(said(ran)).toContain('The previous configuration runs again.');
	expect(files()).toEqual(before);
	await healthy();
	for (const {service, state, health} of await museum.containers())
		expect({service, state, health}).toEqual({service, state: 'running', health: 'healthy'});
	await expectAllThere();
	expect((await museum.run('reconfigure', '--plan', '--json')).stdout).toContain('"done":true');
};

/** An entrypoint that fails where a variable has a value, and is `program` otherwise. */
const failingWhen = (variable: string, value: string, says: string, program: string) => [
	...['sh', '-c', `if [ "$$${variable}" = ${value} ]; then echo ${says} >&2; exit 1; fi; exec ${program} "$$@"`, 'sh'],
];

const healthy = () => museum.compose('up', '--detach', '--wait', '--no-recreate', '--pull', 'never');

beforeAll(async () => {
	const ran = await museum.install();
	expect(ran.exitCode, said(ran)).toBe(0);
	door = {port: ports.https};
	trust();
	const key = secretIn(museum.read('.env'), 'ASSET_SERVER_KEY');
	const fields = {coll: 'specify', type: 'O', token: attachmentToken(key, upload.name), store: upload.name};
	const sent = await ask(door, `media.${domain}`, '/fileupload', uploadForm(fields, 'a', upload.content));
	expect(sent.status, sent.text).toBe(200);
	dataBefore = await rows();
});

afterAll(async () => {
	blocker?.close();
	await museum.remove();
	// Another test fetches images afresh: none of their layers may stay.
	await removeImages(mirror);
	await authority?.stop();
	rmSync(folder, {recursive: true, force: true});
});

describe('a change', () => {
	beforeAll(async () => {
		restarts = {
			behindTheProxy: await restartOf('db', 'specify7', 'worker'),
			addressed: await restartOf('media', 'proxy', 'specify7', 'worker'),
			all: await restartOf(),
		};
		expect(restarts.behindTheProxy).toMatchObject({files: 0, attachments: 0, pages: expect.any(Number)});
	});

	test('of the e-mail address is loaded by the proxy; nothing is started again and nobody notices', async () => {
		const {result, times, pauses} = await pausesDuring(change('--set=email=curator@nrm.test'));
		expect(result.exitCode, said(result)).toBe(0);
		expect(result.restarted).toEqual([]);
		expect(times).toBeGreaterThan(10);
		expect(pauses).toEqual({pages: 0, files: 0, attachments: 0});
		expect(museum.read('proxy', 'Caddyfile')).toContain('curator@nrm.test');
		await expectAllThere();
	});

	test('of the time zone starts what keeps time again, of privacy what asks for attachments; the proxy goes on', async () => {
		const {result, pauses} = await pausesDuring(
			change('--set=timezone=Asia/Tokyo', '--set=privacy.publicAttachments=false'),
		);
		expect(result.exitCode, said(result)).toBe(0);
		expect(result.restarted).toEqual(['db', 'specify7', 'worker']);
		expectNoLonger(pauses, restarts.behindTheProxy);
		expect(await museum.sql('SELECT @@system_time_zone')).toEqual([['JST']]);
		const stranger = await ask(door, `media.${domain}`, '/fileget?coll=specify&type=O&filename=perch.jpg');
		expect(stranger.status).toBe(403);
		await expectAllThere();
	});

	test('of passwords reaches the database first, then exactly what logs in there', async () => {
		const old = secretIn(museum.read('.env'), 'MASTER_PASSWORD');
		const given = join(folder, 'secrets');
		const names = ['DATABASE_ROOT_PASSWORD', 'MASTER_PASSWORD', 'MIGRATOR_PASSWORD', 'APP_USER_PASSWORD'];
		const text = names.map((name, index) => `${name}=Perch${index}Perch${index}Perch${index}\n`).join('');
		writeFileSync(given, text, {mode: 0o600});
		const {result: ran, pauses} = await pausesDuring(change(`--secrets=${given}`));
		expect(ran.exitCode, said(ran)).toBe(0);
		expectNoLonger(pauses, restarts.behindTheProxy);
		expect(ran.restarted).toEqual(['db', 'specify7', 'worker']);
		const steps = museum.journal().entries.flatMap(entry => (entry.type === 'step.finished' ? [entry.step] : []));
		expect(steps.indexOf('passwords')).toBeGreaterThan(-1);
		expect(steps.indexOf('passwords')).toBeLessThan(steps.indexOf('files'));
		expect(secretIn(museum.read('.env'), 'MASTER_PASSWORD')).toBe('Perch1Perch1Perch1');
		const logIn = (password: string) =>
			museum.compose('exec', '-T', '-e', `MYSQL_PWD=${password}`, 'db', 'mariadb', '-umaster', '-e', 'SELECT 1');
		expect((await logIn('Perch1Perch1Perch1')).exitCode).toBe(0);
		expect((await logIn(old)).stderr).toContain('Access denied');
		expect(readFileSync(museum.journal().path, 'utf8')).not.toMatch(/Perch\dPerch/);
		await expectAllThere();
	});

	test('of passwords by hand in .env does what it says, the database first, and starts again what uses them', async () => {
		const text = museum
			.read('.env')
			.replace('Perch0Perch0Perch0', 'Salmon0Salmon0Salmon0')
			.replace('Perch3Perch3Perch3', 'Salmon3Salmon3Salmon3');
		writeFileSync(museum.path('.env'), text, {mode: 0o600});
		const ran = await change();
		expect(ran.exitCode, said(ran)).toBe(0);
		expect(ran.restarted).toEqual(['db', 'specify7', 'worker']);
		const steps = museum.journal().entries.flatMap(entry => (entry.type === 'step.finished' ? [entry.step] : []));
		expect(steps.slice(0, 3)).toEqual(['preflight', 'passwords', 'files']);
		await expectAllThere();
	});

	test('of the password in .env to one that no --secrets could give is refused, with its line', async () => {
		const text = museum.read('.env');
		writeFileSync(museum.path('.env'), text.replace(/^MASTER_PASSWORD=.*$/m, "MASTER_PASSWORD='short'"), {mode: 0o600});
		const ran = await change('--set=email=someone@nrm.test');
		writeFileSync(museum.path('.env'), text, {mode: 0o600});
		expect(ran.exitCode, said(ran)).toBe(2);
		expect(said(ran)).toMatch(/MASTER_PASSWORD in \.env, line \d+, must be letters and digits/);
		expect(ran.restarted).toEqual([]);
	});

	test('of the password of a login is refused before anything is done: Specify itself changes it', async () => {
		const before = museum.snapshot();
		const given = join(folder, 'administrator');
		writeFileSync(given, 'ADMINISTRATOR_PASSWORD=NewAdminPassword12\n', {mode: 0o600});
		const planned = await museum.run('reconfigure', '--plan', `--secrets=${given}`);
		expect(said(planned)).toContain('This would be refused: ADMINISTRATOR_PASSWORD');
		const ran = await change(`--secrets=${given}`);
		expect(ran.exitCode, said(ran)).toBe(3);
		expect(said(ran)).toContain('User Tools');
		expect(ran.restarted).toEqual([]);
		expect(museum.snapshot()).toEqual(before);
		await expectAllThere();
	});

	test('of the port leads visitors there', async () => {
		ports.https = 18544;
		const there = {...here(), door: {...door, port: 18544}};
		const {result: ran, pauses} = await pausesDuring(change('--set=ports.https=18544'), here(), there);
		expect(ran.exitCode, said(ran)).toBe(0);
		expectNoLonger(pauses, restarts.addressed);
		expect(ran.restarted).toEqual(['media', 'proxy', 'specify7', 'worker']);
		door = {...door, port: 18544};
		await expectAllThere();
		await expect(ask({...door, port: 18543}, `specify7.${domain}`, '/')).rejects.toThrow('ECONNREFUSED');
	});

	test('of the domain gives new names and addresses to all that know them', async () => {
		const before = here();
		domain = 'natur.test';
		const {result: ran, pauses} = await pausesDuring(change('--set=domain=natur.test'), before, here());
		expect(ran.exitCode, said(ran)).toBe(0);
		expectNoLonger(pauses, restarts.addressed);
		expect(ran.restarted).toEqual(['media', 'proxy', 'specify7', 'worker']);
		expect((await ask(door, `media.${domain}`, '/web_asset_store.xml')).text).toContain(
			`media.${domain}:18544/fileget`,
		);
		await expectAllThere();
	});

	test('of the registry fetches the same images there and starts everything from them', async () => {
		const {result: ran, pauses} = await pausesDuring(change(`--set=images.registry=${mirror}`));
		expect(ran.exitCode, said(ran)).toBe(0);
		expectNoLonger(pauses, restarts.all);
		expect(ran.restarted).toHaveLength(7);
		await expectAllThere();
	});

	test('of the memory of the machine gives every service other limits', async () => {
		const limits = async () =>
			Object.fromEntries((await museum.containers()).map(({service, host}) => [service, host.Memory as number]));
		const before = await limits();
		const smaller = join(folder, 'meminfo');
		writeFileSync(smaller, readFileSync('/proc/meminfo', 'utf8').replace(/^MemTotal:.*$/m, 'MemTotal: 4194304 kB'));
		// A machine with less memory, for this run alone: a mount of its own.
		const {exitCode, all} = await execa(
			'unshare',
			[
				...['--mount', 'sh', '-c', 'mount --bind "$1" /proc/meminfo && shift && exec "$@"', 'sh', smaller],
				...[process.execPath, bundle, 'reconfigure', '--yes', '--dir', museum.directory],
			],
			{reject: false, stdin: 'ignore', all: true},
		);
		expect(exitCode, all).toBe(0);
		const after = await limits();
		for (const service of ['db', 'specify7']) expect(after[service], service).toBeLessThan(before[service]!);
		await expectAllThere();
		const {result: back, pauses} = await pausesDuring(change());
		expect(back.exitCode, said(back)).toBe(0);
		expectNoLonger(pauses, restarts.all);
		expect(await limits()).toEqual(before);
		await expectAllThere();
	});

	test('of the profile of memory gives every service the limits of that one', async () => {
		const limit = async () => (await museum.containers()).find(({service}) => service === 'db')!.host.Memory as number;
		const before = await limit();
		const {result: ran, pauses} = await pausesDuring(change('--set=memory=small'));
		expect(ran.exitCode, said(ran)).toBe(0);
		expect(await limit()).toBe(profiles.small.memory.db);
		expectNoLonger(pauses, restarts.all);
		await expectAllThere();
		expect((await change('--set=memory=auto')).exitCode).toBe(0);
		expect(await limit()).toBe(before);
	});

	test('of certificates to the museum’s own serves these', async () => {
		const root = await makeRoot(folder);
		const own = await makeServerCertificate(folder, [`specify7.${domain}`, `media.${domain}`, domain]);
		const before = door;
		const there = {...here(), door: {...door, ca: readFileSync(root, 'utf8')}};
		const {result: ran, pauses} = await pausesDuring(
			change(
				'--set=certificates=own',
				`--set=own={certificate: ${own.certificate}, key: ${own.key}, authority: ${root}}`,
			),
			here(),
			there,
		);
		expect(ran.exitCode, said(ran)).toBe(0);
		expect(ran.restarted).not.toContain('db');
		expectNoLonger(pauses, {...restarts.behindTheProxy, files: 0, attachments: 0});
		({door} = there);
		await expectAllThere();
		await expect(ask(before, `specify7.${domain}`, '/static/git_sha.txt')).rejects.toThrow();
	});

	test('can be taken back as a whole', async () => {
		const before = await museum.run('reconfigure', '--previous', '--plan', '--json');
		expect(JSON.parse(before.stdout).answers).toMatchObject({certificates: 'internal', domain: 'natur.test'});
		const ran = await change('--previous');
		expect(ran.exitCode, said(ran)).toBe(0);
		expect(said(ran)).toMatch(/The answers are those of \S+\/\.specify-setup\/answers\/\S+\.yaml\./);
		expect(parse(museum.read('specify.yaml'))).toMatchObject({certificates: 'internal'});
		trust();
		await expectAllThere();
	});
});

describe('a change that fails', () => {
	test.each([
		['there is no such version', 'specify7=v7.99.0', 'no such version'],
		['nobody answers where the images are to come from', 'images.registry=127.0.0.1:5999', '127.0.0.1:5999'],
	])('because %s is refused, and nothing was touched', async (_, setting, words) => {
		const [before, containers] = [files(), await starts()];
		const ran = await museum.run('reconfigure', '--yes', `--set=${setting}`);
		expect(ran.exitCode, said(ran)).toBe(3);
		expect(said(ran)).toContain(words);
		expect(files()).toEqual(before);
		expect(await starts()).toEqual(containers);
	});

	test('because a database does not start with it brings the old one back', async () => {
		await healthy();
		// A database and an asset server that do not get along with one answer each.
		writeFileSync(
			museum.path('compose.override.yaml'),
			stringify({
				services: {
					db: {entrypoint: failingWhen('TZ', 'Europe/Oslo', 'the disk is broken', 'docker-entrypoint.sh')},
					media: {
						entrypoint: failingWhen('SERVER_NAME', 'media.away.test', 'no such museum', 'env'),
						command: ['python3', '-u', 'server.py'],
					},
				},
			}),
		);
		expect((await change()).exitCode).toBe(0);
		await healthy();
		const before = files();
		const ran = await museum.run('reconfigure', '--yes', '--set=timezone=Europe/Oslo');
		await expectPutBack(ran, before);
		expect(said(ran)).toContain('the disk is broken');
		expect(await museum.sql('SELECT @@system_time_zone')).toEqual([['JST']]);
		expect(parse(museum.read('.specify-setup/refused.yaml'))).toMatchObject({timezone: 'Europe/Oslo'});
	});

	test('because the asset server does not start with the new names brings the old ones back', async () => {
		const before = files();
		const ran = await museum.run(
			...[
				'reconfigure',
				'--yes',
				'--set=hostnames={specify7: specify7.away.test, media: media.away.test, landing: away.test}',
			],
			'--set=domain=away.test',
		);
		await expectPutBack(ran, before);
		expect(said(ran)).toContain('no such museum');
	});

	test("because the proxy cannot read a file of the user's own goes on as it was, and says which", async () => {
		const broken = museum.path('Caddyfile.d', 'own.caddy');
		writeFileSync(broken, 'own.test {\n\tnonsense of my own\n}\n');
		const {result, pauses} = await pausesDuring(museum.run('reconfigure', '--yes', '--set=email=new@nrm.test'));
		expect(result.exitCode, said(result)).toBe(1);
		expect(said(result)).toContain('own.caddy');
		expect(pauses).toEqual({pages: 0, files: 0, attachments: 0});
		rmSync(broken);
		const mended = await change();
		expect(mended.exitCode, said(mended)).toBe(0);
		expect(mended.restarted).toEqual([]);
		await expectAllThere();
	});

	test('after new passwords gives the old ones back', async () => {
		const before = files();
		const given = join(folder, 'secrets');
		writeFileSync(given, 'MASTER_PASSWORD=Herring1Herring1\nDATABASE_ROOT_PASSWORD=Herring2Herring2\n', {mode: 0o600});
		const ran = await museum.run('reconfigure', '--yes', `--secrets=${given}`, '--set=timezone=Europe/Oslo');
		await expectPutBack(ran, before);
		expect(said(ran)).toMatch(/DATABASE_ROOT_PASSWORD, MASTER_PASSWORD, .*--answers \S+refused\.yaml --secrets FILE/);
	});

	test('because another program took the port meanwhile leaves the old one answering', async () => {
		const before = files();
		const folder = museum.path('.specify-setup', 'journals');
		const count = () => readdirSync(folder).filter(name => name.endsWith('.jsonl')).length;
		const isWriting = () =>
			readFileSync(
				join(
					folder,
					readdirSync(folder)
						.filter(name => name.endsWith('.jsonl'))
						.sort()
						.at(-1)!,
				),
				'utf8',
			).includes('"type":"step.started","step":"files"');
		const earlier = count();
		const running = museum.start('reconfigure', '--yes', '--set=ports.https=18545');
		while (count() === earlier || !isWriting()) await sleep(20);
		blocker = createServer().listen(18545, '127.0.0.1');
		const {exitCode, stdout, stderr} = await running;
		const ran = {exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr)};
		expect(said(ran)).toMatch(/took the port|already in use/);
		await expectPutBack(ran, before);
	});

	test('because an authority refuses goes on with the certificates it had', async () => {
		authority = await startAuthority({httpPort: ports.http, tlsPort: ports.https});
		await authority.setAddress(`media.${domain}`, null);
		const before = files();
		const {result, pauses} = await pausesDuring(museum.run('reconfigure', '--yes', ...(await issuedBy(authority))));
		expect(said(result)).toContain(`media.${domain}`);
		await expectPutBack(result, before);
		// While the authority is asked the certificates of today are shown.
		expect(pauses).toMatchObject({files: 0, attachments: 0});
	});
});

describe('a change that works after it had failed', () => {
	test('shows the certificates of an authority as soon as they have come, and never none', async () => {
		await authority!.setAddress(`media.${domain}`, '127.0.0.1');
		const there = {...here(), door: {...door, ca: await authority!.roots()}};
		const {result, pauses} = await pausesDuring(change(...(await issuedBy(authority!))), here(), there);
		expect(result.exitCode, said(result)).toBe(0);
		expect(result.restarted).not.toContain('proxy');
		expectNoLonger(pauses, {...restarts.behindTheProxy, files: 0, attachments: 0});
		({door} = there);
		await expectAllThere();
	});

	test('renews them without a request lost', async () => {
		const {result, pauses} = await pausesDuring(museum.run('certs', 'renew'));
		expect(result.exitCode, said(result)).toBe(0);
		expect(pauses).toEqual({pages: 0, files: 0, attachments: 0});
		await expectAllThere();
	});
});
