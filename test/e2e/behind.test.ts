import {createHash, randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type IncomingMessage} from 'node:http';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {until} from '../_helpers/until.js';
import {type Certificate, makeRoot, makeServerCertificate} from '../lab/certificates.js';
import {startApache, startNginx, type WebServer} from '../lab/web-server.js';
import {docker, Installation, type Ran} from './installation.js';
import {starts} from './starts.js';
import {ask, attachmentToken, type Door, secretIn, uploadForm, Visitor} from './visits.js';

const {ports, settings} = starts.behind;
const outer = {http: 18831, https: 18832};
const echoPort = 18839;
/** Specify 7 is at the domain itself. */
const domain = 'nrm.test';
const media = `media.${domain}`;
const echo = `echo.${domain}`;

const museum = new Installation(ports, settings);
const folder = mkdtempSync(join(tmpdir(), 'specify-behind-'));
let first: Ran;
let certificate: Certificate;
let door: Door;

/** Files of the museum's own, there before the first run. */
const statistics = 'https://statistics.museum.example/';
const writeOwnFiles = () => {
	const gunicorn = ['ve/bin/gunicorn', '-w', '3', '-b', '0.0.0.0:8000', '-t', '300', 'specifyweb_wsgi'];
	const format = 'seen <%({x-forwarded-for}i)s> <%({x-forwarded-proto}i)s> <%({host}i)s> %(r)s';
	const override = {
		services: {
			specify7: {command: [...gunicorn, '--access-logfile', '-', '--access-logformat', format]},
			proxy: {extra_hosts: ['outside:host-gateway']},
		},
	};
	const files: Record<string, string> = {
		'compose.override.yaml': stringify(override),
		'Caddyfile.d/echo.caddy': `http://${echo} {\n\treverse_proxy outside:${echoPort}\n}\n`,
		'local_settings.d/statistics.py': `STATS_URL = '${statistics}'\n`,
	};
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(join(museum.path(path), '..'), {recursive: true});
		writeFileSync(museum.path(path), text);
	}
	return files;
};

/** Accepts websockets and sends back what it hears. */
const handshakes: IncomingMessage[] = [];
const echoServer = createServer((_, response) => response.end('heard')).on(
	'upgrade',
	(asked: IncomingMessage, socket) => {
		handshakes.push(asked);
		const key = `${asked.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
		const accept = createHash('sha1').update(key).digest('base64');
		const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
		socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
		socket.on('error', () => {});
		socket.pipe(socket);
	},
);

/** Opens a websocket, says something, and resolves to what comes back. */
const sayOverWebsocket = (words: string) =>
	new Promise<string>((resolve, reject) => {
		const key = randomBytes(16).toString('base64');
		const headers = {
			Host: echo,
			...{Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13'},
			'X-Forwarded-For': '203.0.113.9',
		};
		const {port, ca, from} = door;
		const call = request({
			...{host: '127.0.0.1', port, ca, headers},
			localAddress: from!,
			servername: echo,
			agent: false,
		});
		call.on('error', reject);
		call.on('response', ({statusCode}) => reject(new Error(`no websocket, but ${statusCode}`)));
		call.on('upgrade', (_, socket) => {
			let heard = '';
			socket.on('error', reject);
			socket.on('data', part => {
				heard += part;
				if (heard.length < words.length) return;
				socket.destroy();
				resolve(heard);
			});
			socket.write(words);
		});
		call.end();
	});

/** What Specify 7 itself was asked: the forwarded addresses, protocol and host of a request with these words in its address. */
const seenBySpecify = (words: string) =>
	until(async () => {
		const {id} = (await museum.containers()).find(({service}) => service === 'specify7')!;
		const line = (await docker('logs', id)).split('\n').find(row => row.startsWith('seen <') && row.includes(words));
		const [, addresses, protocol, host] = /^seen <(.*?)> <(.*?)> <(.*?)>/.exec(line ?? '') ?? [];
		return line ? {addresses: addresses!.split(', '), protocol, host} : null;
	});

let own: Record<string, string>;
beforeAll(async () => {
	await makeRoot(folder);
	certificate = await makeServerCertificate(folder, [domain, media, echo]);
	door = {port: outer.https, shownPort: 443, ca: readFileSync(certificate.root, 'utf8'), from: '127.0.0.2'};
	await new Promise<void>(done => echoServer.listen(echoPort, '0.0.0.0', done));
	own = writeOwnFiles();
	first = await museum.install();
	expect(first.exitCode, first.stdout + first.stderr).toBe(0);
});
afterAll(async () => {
	echoServer.close();
	await museum.remove();
	rmSync(folder, {recursive: true, force: true});
});

describe("behind the museum's own web server", () => {
	test('only one port of this machine is taken, for this machine alone', async () => {
		for (const {service, host} of await museum.containers())
			expect(host.PortBindings ?? {}, service).toEqual(
				service === 'proxy' ? {[`${ports.http}/tcp`]: [{HostIp: '127.0.0.1', HostPort: String(ports.http)}]} : {},
			);
	});

	test('every check of the installer passed, and it said what to do next', () => {
		for (const check of ['Specify 7', 'login form', 'exports', 'asset server from inside', 'attachments'])
			expect(first.stdout).toContain(`ok  ${check}: `);
		expect(first.stdout).toContain(museum.path('web-server', 'nginx.conf'));
		expect(first.stdout).toContain(museum.path('web-server', 'apache.conf'));
		expect(first.stdout).toContain(`https://${domain}/`);
	});

	test('the status is well, and does not look for a certificate', async () => {
		const {stdout, exitCode} = await museum.run('status');
		expect(exitCode, stdout).toBe(0);
		expect(stdout).toContain(`https://${domain}/ answers 200, behind your web server`);
	});

	test('the address of the attachments is trusted from inside', async () => {
		const program = `import os, requests
answer = requests.get(os.environ['ASSET_SERVER_URL'], timeout=20)
print(answer.url, answer.status_code)`;
		const {stdout, stderr} = await museum.compose('exec', '-T', 'specify7', 've/bin/python', '-c', program);
		expect(stdout, stderr).toBe(`https://${media}/web_asset_store.xml 200`);
	});

	test("files of the museum's own are left as they are", () => {
		for (const [path, text] of Object.entries(own)) expect(museum.read(path)).toBe(text);
	});
});

describe.each([
	{title: 'nginx', start: startNginx, file: 'nginx.conf'},
	{title: 'Apache', start: startApache, file: 'apache.conf'},
])('$title with the generated site', ({title, start, file}) => {
	let server: WebServer;
	let person: Visitor;

	beforeAll(async () => {
		const snippet = museum.read('web-server', file);
		server = await start({snippet, ...certificate, ports: outer});
		person = new Visitor(door, domain);
	});
	afterAll(() => server?.stop());

	test('leads plain http to https', async () => {
		const {status, headers} = await ask({port: outer.http, shownPort: 443}, domain, '/specify/?a=b%2Fc');
		expect(status).toBe(301);
		expect(headers.location).toBe(`https://${domain}/specify/?a=b%2Fc`);
	});

	test('lets the administrator log in', async () => {
		const password = secretIn(museum.read('.env'), 'ADMINISTRATOR_PASSWORD');
		expect((await person.logIn('admin', 'wrong')).text).toContain("didn't match");
		const {status, headers, text} = await person.logIn('admin', password);
		expect(status, text).toBe(302);
		expect(headers.location).toBe('/specify/');
		expect((await person.ask('/specify/')).text).toContain('<b id="user">admin</b>');
		expect(await person.ask('/static/git_sha.txt')).toMatchObject({status: 200});
		const elsewhere = await ask(door, domain, '/accounts/login/', {
			method: 'POST',
			headers: {Origin: 'https://elsewhere.test', Cookie: `csrftoken=${person.cookies.get('csrftoken')}`},
		});
		expect(elsewhere.status).toBe(403);
	});

	test("tells Specify the visitor's address, whatever the visitor claims, and that it was https", async () => {
		const claimed = '203.0.113.9';
		const headers = {'X-Forwarded-For': claimed, 'X-Real-IP': claimed, Forwarded: `for=${claimed}`};
		const lies = {...headers, 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'elsewhere.test'};
		expect(await ask(door, domain, `/accounts/login/?by=${title}`, {headers: lies})).toMatchObject({status: 200});
		const {addresses, protocol, host} = await seenBySpecify(`/accounts/login/?by=${title}`);
		expect(addresses[0]).toBe(door.from);
		expect(addresses).not.toContain(claimed);
		expect({protocol, host}).toEqual({protocol: 'https', host: domain});
	});

	test('passes 20 MB of an attachment, byte for byte', async () => {
		const filename = `${title}.tif`;
		const content = randomBytes(20_000_000);
		const token = (await person.ask(`/attachment_gw/get_token/?filename=${filename}`)).text;
		const fields = {token, store: filename, type: 'O', coll: 'specify'};
		const sent = await ask(door, media, '/fileupload', uploadForm(fields, filename, content));
		expect(sent.status, sent.text).toBe(200);
		const back = await ask(door, media, `/fileget?${new URLSearchParams({coll: 'specify', type: 'O', filename})}`);
		expect(back.status).toBe(200);
		expect(back.body.equals(content)).toBe(true);
		const key = secretIn(museum.read('.env'), 'ASSET_SERVER_KEY');
		const removal = new URLSearchParams({filename, coll: 'specify', token: attachmentToken(key, filename)});
		const headers = {'Content-Type': 'application/x-www-form-urlencoded'};
		const removed = await ask(door, media, '/filedelete', {method: 'POST', headers, body: removal.toString()});
		expect(removed.status, removed.text).toBe(200);
	});

	test('passes websockets', async () => {
		expect(await sayOverWebsocket('a pike, a perch')).toBe('a pike, a perch');
		const {headers} = handshakes.at(-1)!;
		expect(headers).toMatchObject({upgrade: 'websocket', host: echo});
		expect(String(headers['x-forwarded-for'])).not.toContain('203.0.113.9');
	});

	test("honours settings of the museum's own, and adds no promise of https for good", async () => {
		const {text, headers} = await ask(door, domain, '/context/system_info.json');
		expect(JSON.parse(text)).toMatchObject({stats_url: statistics, stats_2_url: null});
		expect(headers).not.toHaveProperty('strict-transport-security');
		const proxy = (await museum.containers()).find(({service}) => service === 'proxy')!;
		expect(proxy.host.ExtraHosts).toEqual(['outside:host-gateway']);
	});
});

describe("a mistake in a file of the museum's own for the proxy", () => {
	const through = () => ask({port: ports.http, shownPort: 443}, domain, '/accounts/login/');

	test('is told with the name of the file; what was served goes on', async () => {
		writeFileSync(museum.path('Caddyfile.d', 'mistake.caddy'), `http://more.${domain} {\n\tno_such_directive\n}\n`);
		const {exitCode, stdout, stderr} = await museum.run('reconfigure', '--yes');
		expect(exitCode, stdout + stderr).toBe(1);
		expect(stdout + stderr).toContain('mistake.caddy');
		expect(stdout + stderr).toContain('no_such_directive');
		expect(await through()).toMatchObject({status: 200});
		expect(await ask({port: ports.http, shownPort: 443}, echo, '/')).toMatchObject({text: 'heard'});
	});

	test('once mended, is served by the next run', async () => {
		writeFileSync(museum.path('Caddyfile.d', 'mistake.caddy'), `http://more.${domain} {\n\trespond "more"\n}\n`);
		const {exitCode, stdout, stderr} = await museum.run('reconfigure', '--yes');
		expect(exitCode, stdout + stderr).toBe(0);
		expect(await ask({port: ports.http, shownPort: 443}, `more.${domain}`, '/')).toMatchObject({text: 'more'});
		expect(await through()).toMatchObject({status: 200});
	});
});
