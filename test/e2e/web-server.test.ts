import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer, request as requestPlainly} from 'node:http';
import {type RequestOptions, request as requestSecurely} from 'node:https';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {apacheSnippet, nginxSnippet} from '../../source/files/outer-web-server.js';
import {type Certificate, makeRoot, makeServerCertificate} from '../lab/certificates.js';
import {checkApache, checkNginx, startApache, startNginx, type WebServer} from '../lab/web-server.js';

const name = 'specify7.museum.example';
const folder = mkdtempSync(join(tmpdir(), 'specify-outer-'));
const ports = {http: 18490, https: 18453};
const servers: WebServer[] = [];
let files: Certificate;

/** Answers with what it was asked. */
const inner = createServer((asked, response) => response.end(JSON.stringify(asked.headers)));

type Answer = {status: number; location: string | undefined; body: string};

const ask = (request: typeof requestSecurely, options: RequestOptions) =>
	new Promise<Answer>((resolve, reject) => {
		const call = request({host: '127.0.0.1', agent: false, ...options}, response => {
			let body = '';
			response.on('data', part => {
				body += part;
			});
			const {statusCode: status = 0, headers} = response;
			response.on('end', () => resolve({status, location: headers.location, body}));
		});
		call.on('error', reject);
		call.end();
	});

const get = () =>
	ask(requestSecurely, {
		port: ports.https,
		servername: name,
		headers: {Host: `${name}:${ports.https}`, 'X-Forwarded-For': '203.0.113.9'},
		ca: readFileSync(files.root),
	});

beforeAll(async () => {
	await makeRoot(folder);
	files = await makeServerCertificate(folder, [name]);
	await new Promise<void>(done => inner.listen(0, '127.0.0.1', done));
});

afterEach(async () => {
	for (const server of servers.splice(0)) await server.stop();
});

afterAll(() => {
	inner.close();
	rmSync(folder, {recursive: true, force: true});
});

describe.each([
	{title: 'nginx', snippetOf: nginxSnippet, check: checkNginx, start: startNginx, wrong: ['proxy_pass', 'proxy_pas']},
	{title: 'Apache', snippetOf: apacheSnippet, check: checkApache, start: startApache, wrong: ['ProxyPass', 'ProxyPas']},
])("$title as the museum's own web server", ({snippetOf, check, start, wrong}) => {
	const options = () => {
		const port = (inner.address() as AddressInfo).port;
		const snippet = snippetOf({names: [name], port, httpsPort: ports.https});
		return {snippet, certificate: files.certificate, key: files.key, ports};
	};

	it('refuses a site with a mistake', async () => {
		const {snippet, ...rest} = options();
		const checked = await check({...rest, snippet: snippet.replace(wrong[0]!, wrong[1]!)});
		expect(checked.valid).toBe(false);
		expect(checked.said).toContain(wrong[1]);
		await expect(start({...rest, snippet: snippet.replace(wrong[0]!, wrong[1]!)})).rejects.toThrow('refuses the site');
	});

	it('serves the site with its certificate, and is gone afterwards', async () => {
		expect(await check(options())).toMatchObject({valid: true});
		const server = await start(options());
		servers.push(server);
		const {status, body} = await get();
		expect(status).toBe(200);
		expect(JSON.parse(body)).toMatchObject({host: `${name}:${ports.https}`, 'x-forwarded-for': '127.0.0.1'});
		expect(readFileSync(join(server.folder, 'access.log'), 'utf8')).toContain('GET / HTTP/1.1');
		const redirect = await ask(requestPlainly, {port: ports.http, path: '/a', headers: {Host: name}});
		expect(redirect).toMatchObject({status: 301, location: `https://${name}:${ports.https}/a`});
		await expect(start(options())).rejects.toThrow('is taken already');
		await server.stop();
		await expect(get()).rejects.toThrow('ECONNREFUSED');
	});
});
