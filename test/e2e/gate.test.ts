import {readdirSync, readFileSync, statSync} from 'node:fs';
import {connect as connectHttp2} from 'node:http2';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {guidedSetup} from '../../source/model/institution.js';
import {until} from '../_helpers/until.js';
import {docker, Installation, type Ran} from './installation.js';
import {starts} from './starts.js';
import {ask, attachmentToken, type Door, type Question, secretIn, uploadForm, Visitor} from './visits.js';

const {ports, settings} = starts.gate;
const domain = 'specify.localhost';
/** Specify 7 and the attachments. */
const name = `collections.${domain}`;

const museum = new Installation(ports, settings);
let first: Ran;
let door: Door;
let password: string;
let administrator: Visitor;

const basic = (user: string, secret: string) => ({
	Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
});
const stranger = (path: string, question: Question = {}) => ask(door, name, path, question);
const restartProxy = async () => {
	expect(await museum.compose('restart', 'proxy')).toMatchObject({exitCode: 0});
	await until(
		() =>
			stranger('/').then(
				() => true,
				() => false,
			),
		{timeoutMs: 60_000},
	);
};

beforeAll(async () => {
	first = await museum.install();
	expect(first.exitCode, first.stdout + first.stderr).toBe(0);
	door = {port: ports.https, ca: museum.read('certificates', 'root.crt')};
	password = secretIn(museum.read('.env'), 'SETUP_PASSWORD');
});
afterAll(() => museum.remove());

describe('until Specify has a user', () => {
	const paths = [
		...['/', '/specify/', '/setup_tool/setup_progress/', '/static/git_sha.txt', '/accounts/login/', '/context/login/'],
		...['/context/user.json', '/static/config/backstop/global.views.xml', '/static/depository/export_feed/a.zip'],
		// Other ways to write them.
		...['/SETUP_TOOL/setup_progress/', '//setup_tool/setup_progress/', '/%73etup_tool/setup_progress/'],
		...['/setup_tool%2fsetup_progress/', '/x/../setup_tool/setup_progress/', '/x/%2e%2e/setup_tool/setup_progress/'],
		...['/fileget/../setup_tool/setup_progress/', '/fileget/%2e%2e/setup_tool/setup_progress/', '/fileget/'],
		...[
			'/fileget%2f..%2fsetup_tool/setup_progress/',
			'/testkey/..//setup_tool/setup_progress/',
			'/fileget;/setup_tool/',
		],
		...['/web_asset_store.xml/../setup_tool/setup_progress/', '/web_asset_store.xml%00/setup_tool/setup_progress/'],
		...[
			'/setup_tool/setup_progress/?/fileget',
			'/setup_tool/setup_progress/#/fileget',
			'/.',
			'/./setup_tool/setup_progress/',
		],
	];
	test.each(paths)('a stranger is asked for the password at %s', async path => {
		const {status, headers, text} = await stranger(path);
		expect(status).toBe(401);
		expect(headers['www-authenticate']).toMatch(/^Basic realm="/);
		expect(text).not.toContain('resources');
	});

	test('a stranger cannot begin the guided set-up, by any method', async () => {
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND'])
			expect(await stranger('/setup_tool/setup_database/create/', {method}), method).toMatchObject({status: 401});
		const body = JSON.stringify(guidedSetup(institution, 'stranger'));
		const headers = {'Content-Type': 'application/json', 'X-HTTP-Method-Override': 'GET', 'X-Forwarded-Proto': 'https'};
		const answer = await stranger('/setup_tool/setup_database/create/', {method: 'POST', body, headers});
		expect(answer.status).toBe(401);
		expect(await museum.sql('SELECT COUNT(*) FROM specify.institution')).toEqual([['0']]);
	});

	test('wrong credentials are asked again', async () => {
		const right = basic('setup', password).Authorization;
		for (const Authorization of [
			...[basic('setup', 'wrong'), basic('setup', ''), basic('admin', password), basic('', password)].map(
				wrong => wrong.Authorization,
			),
			...['Basic', 'Basic *', '*', `${right}x`, right.slice(0, -4), `Bearer ${password}`, `${right}, ${right}`, 'none'],
			...[basic('setup', password.toLowerCase()), basic('setup', `${password} `)].map(wrong => wrong.Authorization),
		])
			expect(await stranger('/', {headers: {Authorization}}), Authorization.slice(0, 7)).toMatchObject({status: 401});
		expect(await stranger(`/?authorization=${encodeURIComponent(right)}`)).toMatchObject({status: 401});
		expect(await stranger('/', {headers: {Cookie: `Authorization=${right}`}})).toMatchObject({status: 401});
	});

	test('neither another spelling of the host name nor another protocol leads past it', async () => {
		for (const host of [
			name.toUpperCase(),
			name,
			`${name}.`,
			`${name}:443`,
			'specify7:8000',
			'127.0.0.1',
			'localhost',
		]) {
			const {status, text} = await stranger('/setup_tool/setup_progress/', {headers: {Host: host}});
			expect(text, host).not.toContain('resources');
			if (host.toLowerCase().startsWith(name) && !host.endsWith('.')) expect(status, host).toBe(401);
		}
		const absolute = await stranger(`https://${name}:${ports.https}/setup_tool/setup_progress/`);
		expect(absolute.status).toBe(401);
		const plain = await ask({port: ports.http}, name, '/setup_tool/setup_progress/');
		expect(plain).toMatchObject({status: 301, text: ''});
		expect(plain.headers.location).toBe(`https://${name}:${ports.https}/setup_tool/setup_progress/`);

		const session = connectHttp2(`https://${name}:${ports.https}`, {
			ca: door.ca!,
			lookup: (_, options, done) =>
				options.all ? done(null, [{address: '127.0.0.1', family: 4}]) : done(null, '127.0.0.1', 4),
		});
		const call = session.request({':path': '/setup_tool/setup_progress/'});
		const status = await new Promise((resolve, reject) => {
			session.on('error', reject);
			call.on('error', reject);
			call.on('response', headers => resolve(headers[':status']));
		});
		session.destroy();
		expect(status).toBe(401);
	});

	test('who knows the password gets through', async () => {
		const headers = basic('setup', password);
		expect(await stranger('/', {headers})).toMatchObject({status: 302});
		expect((await stranger('/specify/', {headers})).text).toContain('Guided set-up');
		const progress = await stranger('/setup_tool/setup_progress/', {headers});
		expect(JSON.parse(progress.text)).toHaveProperty('resources.specifyUser', false);
		expect(await stranger('/static/git_sha.txt', {headers})).toMatchObject({status: 200});
		expect(progress.headers).not.toHaveProperty('strict-transport-security');
	});

	test('the page at the bare domain asks for nothing', async () => {
		const {status, text} = await ask(door, domain, '/');
		expect(status).toBe(200);
		expect(text).toContain(`href="https://${name}:${ports.https}"`);
	});

	test('the run said how to get in; the status says it too', async () => {
		expect(first.stdout).toContain(`user setup, password SETUP_PASSWORD in ${museum.path('.env')}`);
		const {stdout, exitCode} = await museum.run('status');
		expect(exitCode, stdout).toBe(0);
		expect(stdout).toContain(`user setup, SETUP_PASSWORD in ${museum.path('.env')}`);
		expect(JSON.parse((await museum.run('status', '--json')).stdout)).toMatchObject({gate: 'closed', healthy: true});
	});

	test('the proxy keeps it closed when it is started again', async () => {
		await restartProxy();
		expect(await stranger('/setup_tool/setup_progress/')).toMatchObject({status: 401});
	});

	test('the password is in three files that only their owner reaches, and nowhere else', async () => {
		const forms = [password, basic('setup', password).Authorization.slice('Basic '.length)];
		const holds = (text: string) => forms.some(form => text.includes(form));
		const status = await museum.run('status');
		const replayed = await museum.run('replay', museum.journal().path);
		for (const {stdout, stderr} of [first, status, replayed]) expect(holds(stdout + stderr)).toBe(false);

		const files = readdirSync(museum.directory, {recursive: true, withFileTypes: true})
			.filter(entry => entry.isFile())
			.map(entry => join(entry.parentPath, entry.name));
		const holding = files.filter(path => holds(readFileSync(path, 'utf8')));
		expect(holding.map(path => path.slice(museum.directory.length + 1)).sort()).toEqual([
			'.env',
			'.specify-setup/environment',
			'.specify-setup/proxy/gate.caddy',
		]);
		expect(museum.mode('.env')).toBe('600');
		expect(museum.mode('.specify-setup', 'environment')).toBe('600');
		expect(museum.mode('.specify-setup')).toBe('700');
		expect(statSync(museum.path('.specify-setup', 'proxy', 'gate.caddy')).mode & 0o222).toBe(0);

		for (const {id, service} of await museum.containers()) {
			expect(holds(await docker('inspect', id)), service).toBe(false);
			const {all} = await execa('docker', ['logs', id], {all: true});
			expect(all.length, service).toBeGreaterThan(0);
			expect(holds(all), service).toBe(false);
		}
		// Everything that outlives the proxy's container.
		const search = forms.flatMap(form => ['-e', form]);
		const {stdout, exitCode} = await museum.compose(
			...['exec', '-T', 'proxy', 'grep', '-rlF', ...search, '/data', '/srv', '/etc/caddy', '/etc/caddy.d'],
		);
		expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1});
	});
});

describe('closed attachments', () => {
	const content = Buffer.from('a picture of a pike');
	/** As people name files; every one of its signs means something in an address. */
	const filename = 'pike & perch = 50% + "ø;#?.jpg';
	let key: string;
	const query = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
	const given = (token: string) => query({coll: 'specify', type: 'O', filename, token});
	const right = () => attachmentToken(key, filename);

	beforeAll(() => {
		key = secretIn(museum.read('.env'), 'ASSET_SERVER_KEY');
	});

	test('are stored without the set-up password, by whom Specify gave a token', async () => {
		expect(await stranger('/web_asset_store.xml')).toMatchObject({status: 200});
		const fields = {store: filename, type: 'O', coll: 'specify'};
		const wrong = uploadForm({...fields, token: attachmentToken('wrong', filename)}, 'a', content);
		expect(await stranger('/fileupload', wrong)).toMatchObject({status: 403});
		const sent = await stranger('/fileupload', uploadForm({...fields, token: right()}, 'a', content));
		expect(sent.status, sent.text).toBe(200);
	});

	test('are read with its token, whatever the file is called', async () => {
		const back = await stranger(`/fileget?${given(right())}`);
		expect(back).toMatchObject({status: 200, text: content.toString()});
		expect(await stranger(`/getmetadata?${given(right())}`)).toMatchObject({status: 200});
		expect(await stranger(`/fileget?${given(right())}`, {method: 'HEAD'})).toMatchObject({status: 200});
	});

	const name = encodeURIComponent(filename);
	const other = 'another.jpg';
	test.each<[why: string, query: (token: string, othersToken: string) => string]>([
		['without a token', () => query({coll: 'specify', type: 'O', filename})],
		['with an empty one', () => given('')],
		['with a made-up one', () => given(`${'0'.repeat(32)}:${Math.floor(Date.now() / 1000)}`)],
		['with one of another key', () => given(attachmentToken('wrong', filename))],
		['with one for another file', (_, others) => given(others)],
		['with an old one', () => given(attachmentToken(key, filename, Math.floor(Date.now() / 1000) - 400))],
		['with two file names', (_, others) => `filename=${other}&token=${others}&filename=${name}`],
		['with two file names, the other first', (_, others) => `filename=${name}&filename=${other}&token=${others}`],
		['with two tokens', (token, others) => `filename=${name}&token=${others}&token=${token}`],
		['with a second name in disguise', (_, others) => `filename=${other}&token=${others}&%66ilename=${name}`],
		['with the first name in disguise', (_, others) => `%66ilename=${name}&filename=${other}&token=${others}`],
		['with a name in capitals beside it', (_, others) => `FileName=${name}&filename=${other}&token=${others}`],
		['with a semicolon between', (_, others) => `filename=${other}&token=${others};filename=${name}`],
		['with a semicolon first', (_, others) => `filename=${other};filename=${name}&token=${others}`],
		['with a space before the second', (_, others) => `filename=${other}&token=${others}&+filename=${name}`],
		['with a bracket after the second', (_, others) => `filename=${other}&token=${others}&filename[]=${name}`],
		['with a null byte after the second', (_, others) => `filename=${other}&token=${others}&filename%00=${name}`],
	])('stay closed %s', async (_, make) => {
		const token = attachmentToken(key, other);
		for (const path of [
			'/fileget',
			'/getmetadata',
			'/FILEGET',
			'//fileget',
			'/x/../fileget',
			'/%66ileget',
			'/fileget/.',
		]) {
			const {status, text} = await stranger(`${path}?${make(right(), token)}`);
			expect(text, path).not.toContain('pike');
			if (path === '/fileget' || path === '/getmetadata') expect(status, path).toBe(403);
			else expect(status, path).toBeGreaterThanOrEqual(400);
		}
	});

	test('are no folder to look into', async () => {
		for (const path of [
			'/originals/',
			'/thumbnails/',
			`/originals/${encodeURIComponent(filename)}`,
			'/fileget/originals/',
		])
			expect((await stranger(path)).status, path).toBeGreaterThanOrEqual(400);
	});
});

const institution = {
	name: 'Museum of the Gate',
	code: 'MG',
	division: 'Zoology',
	discipline: {type: 'fish', name: 'Fish'},
	collection: {name: 'Fishes', code: 'F'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
} as const;

describe('when somebody has gone through the guided set-up', () => {
	test('which the password lets them do, strangers are let in by the next look at the status', async () => {
		const person = new Visitor(door, name, basic('setup', password));
		await person.ask('/specify/');
		const begun = await person.ask('/setup_tool/setup_database/create/', 'POST', guidedSetup(institution, 'Ada-1843'));
		expect(begun.status, begun.text).toBe(200);
		await until(
			async () => {
				const {resources, busy, last_error} = JSON.parse((await person.ask('/setup_tool/setup_progress/')).text);
				expect(last_error).toBeNull();
				return resources.specifyUser && !busy;
			},
			{timeoutMs: 120_000},
		);
		expect(await stranger('/')).toMatchObject({status: 401});
		const {stdout, exitCode, stderr} = await museum.run('status', '--json');
		expect(exitCode, stdout + stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({gate: 'open', healthy: true});
	});

	test('strangers reach the login page, and no password is left at the proxy', async () => {
		expect((await stranger('/')).headers.location).toBe('/specify/');
		expect((await stranger('/specify/')).headers.location).toBe('/accounts/login/?next=/specify/');
		const login = await stranger('/accounts/login/');
		expect(login).toMatchObject({status: 200});
		expect(login.text).toContain('type="password"');
		expect(museum.read('.specify-setup', 'proxy', 'gate.caddy')).not.toContain(
			basic('setup', password).Authorization.slice('Basic '.length),
		);
		const again = await stranger('/setup_tool/setup_database/create/', {method: 'POST'});
		expect([401, 403]).toContain(again.status);
	});

	test('nothing is left to do', async () => {
		// The engine's own check may come meanwhile.
		const seen = async () => (await museum.containers()).map(container => ({...container, health: ''}));
		const before = {files: museum.snapshot(), containers: await seen()};
		const {stdout, stderr, exitCode} = await museum.run('reconfigure', '--yes');
		expect(exitCode, stdout + stderr).toBe(0);
		expect(stdout).toContain('Nothing was changed');
		expect({files: museum.snapshot(), containers: await seen()}).toEqual(before);
	});

	test('the proxy keeps it open when it is started again', async () => {
		await restartProxy();
		expect(await stranger('/accounts/login/')).toMatchObject({status: 200});
		expect(JSON.parse((await museum.run('status', '--json')).stdout)).toMatchObject({gate: 'open'});
	});
});

describe('the depository', () => {
	const folder = '/volumes/static-files/depository';
	const put = async (file: string, text: string) => {
		const script = `mkdir -p "$(dirname "$0")" && printf %s "$1" > "$0"`;
		const {exitCode, stderr} = await museum.compose(
			'exec',
			'-T',
			'specify7',
			'sh',
			'-c',
			script,
			`${folder}/${file}`,
			text,
		);
		expect(exitCode, stderr).toBe(0);
	};
	let exported: string;

	test('hands a query export to who is logged in', async () => {
		administrator = new Visitor(door, name);
		expect((await administrator.logIn('ada', 'Ada-1843')).headers.location).toBe('/specify/');
		expect(await administrator.ask('/stored_query/exportcsv/', 'POST', '')).toMatchObject({status: 200});
		const [message] = JSON.parse((await administrator.ask('/notifications/messages/')).text);
		exported = `/static/depository/${message.file}`;
		const {status, text} = await administrator.ask(exported);
		expect(status).toBe(200);
		expect(text).toMatch(/^CollectionObjectID,CatalogNumber,GUID/);
	});

	test('hands nothing to anybody else, however the address is written', async () => {
		await put('dump.sql', 'the whole database');
		expect(await administrator.ask('/static/depository/dump.sql')).toMatchObject({text: 'the whole database'});
		expect([401, 302, 403]).toContain((await stranger(exported)).status);
		const forged = {Cookie: 'sessionid=0123456789abcdefghijklmnopqrstuv; collection=1'};
		for (const path of [
			...['/static/depository/dump.sql', '/static/depository//dump.sql', '/static//depository/dump.sql'],
			...['//static/depository/dump.sql', '/STATIC/depository/dump.sql', '/static/Depository/dump.sql'],
			...['/static/%64epository/dump.sql', '/static/depository%2fdump.sql', '/static%2fdepository/dump.sql'],
			...['/static/x/../depository/dump.sql', '/static/config/../depository/dump.sql', '/static/./depository/dump.sql'],
			...['/static/config/..%2f..%2fdepository/dump.sql', '/static/config/%2e%2e/%2e%2e/depository/dump.sql'],
			...[
				'/static/../../depository/dump.sql',
				'/static/..%2fdepository/dump.sql',
				'/static/css/../../depository/dump.sql',
			],
			...['/static/depository/export_feed/../dump.sql', '/static/depository/export_feed/%2e%2e/dump.sql'],
			...['/static/depository/export_feed/..%2fdump.sql', '/static/depository/export_feed%2f..%2fdump.sql'],
			...['/static/depository/export_feed/..%5cdump.sql', '/static/depository/export_feed/..%252fdump.sql'],
			...['/static/depository/export_feed//../dump.sql', '/static/depository/export_feed/./../dump.sql'],
			'/static/depository/',
		])
			for (const headers of [{}, forged]) {
				const {status, text} = await stranger(path, {headers});
				expect(text, path).not.toContain('database');
				expect(text, path).not.toContain('CollectionObjectID');
				expect(status, path).toBeGreaterThanOrEqual(302);
			}
	});

	test('shows its public feed to everybody', async () => {
		await put('export_feed/fishes.zip', 'an archive');
		expect(await stranger('/static/depository/export_feed/fishes.zip')).toMatchObject({
			status: 200,
			text: 'an archive',
		});
	});

	test('is closed again after the logout', async () => {
		await administrator.ask('/accounts/logout/');
		expect([401, 302, 403]).toContain((await administrator.ask(exported)).status);
	});
});
