import type {IncomingMessage, ServerResponse} from 'node:http';
import {beforeEach, describe, expect, it} from 'vitest';
import type {SetupError} from '../../source/errors.js';
import {setupAuthorization} from '../../source/files/proxy-private.js';
import {checks, verify} from '../../source/steps/verify.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';
import {serve} from '../_helpers/servers.js';

type Asked = {name: string; path: string; method: string; headers: IncomingMessage['headers']; body: Buffer};
type Reply = {status: number; body?: Buffer | string; headers?: Record<string, string>};

const domain = 'nrm.example';
const [specify7, media] = [`specify7.${domain}`, `media.${domain}`];

/** The routes of an installation that works, as its proxy answers them in plain http to a web server in front. */
class Site {
	readonly asked: Asked[] = [];
	readonly files = new Map<string, Buffer>();
	publicAttachments = true;
	/** Answers that differ from those of a working installation, by path. */
	readonly wrong = new Map<string, Reply>();
	mediaAddress = `https://${media}`;

	handle = async (request: IncomingMessage, response: ServerResponse) => {
		const parts: Buffer[] = [];
		for await (const part of request) parts.push(part as Buffer);
		const asked: Asked = {
			name: (request.headers.host ?? '').replace(/:\d+$/, ''),
			path: request.url!,
			method: request.method!,
			headers: request.headers,
			body: Buffer.concat(parts),
		};
		this.asked.push(asked);
		const {status, body = '', headers = {}} = this.wrong.get(asked.path.split('?')[0]!) ?? this.answer(asked);
		response.writeHead(status, headers).end(body);
	};

	private answer({name, path, method, headers, body}: Asked): Reply {
		const {pathname, searchParams} = new URL(path, 'http://x');
		if (name === media) return this.asset(pathname, searchParams, body);
		switch (`${method} ${pathname}`) {
			case 'GET /setup_tool/setup_progress/':
				return {status: 200, body: JSON.stringify({resources: {specifyUser: true}})};
			case 'GET /static/git_sha.txt':
			case 'GET /static/config/backstop/uiformatters.xml':
				return {status: 200};
			case 'GET /context/login/':
				return {status: 200, body: '{}', headers: {'Set-Cookie': 'csrftoken=abc; Path=/'}};
			case 'POST /accounts/legacy_login/': {
				const ok = headers['x-csrftoken'] === 'abc' && headers.origin === `https://${specify7}`;
				return {status: ok ? 200 : 403};
			}
			case 'GET /static/depository/specify-setup-check.csv':
				return {status: 403};
			default:
				return {status: 404};
		}
	}

	private asset(path: string, query: URLSearchParams, body: Buffer): Reply {
		if (path === '/web_asset_store.xml')
			return {status: 200, body: `<url type="read"><![CDATA[${this.mediaAddress}/fileget]]></url>`};
		if (path === '/fileupload') {
			const text = body.toString('latin1');
			const [, filename] = /name="store"\r\n\r\n(.*?)\r\n/.exec(text)!;
			const start = text.indexOf('octet-stream\r\n\r\n') + 'octet-stream\r\n\r\n'.length;
			this.files.set(filename!, body.subarray(start, text.lastIndexOf('\r\n------')));
			return {status: 200};
		}
		if (path === '/filedelete') {
			this.files.delete(new URLSearchParams(body.toString()).get('filename')!);
			return {status: 200};
		}
		if (path === '/fileget') {
			const known = this.files.get(query.get('filename')!);
			if (!this.publicAttachments && !query.get('token')) return {status: 403};
			return known ? {status: 200, body: known} : {status: 404};
		}
		return {status: 404};
	}
}

describe('the checks of a running installation', () => {
	let site: Site;
	let http: number;
	let context: ReturnType<typeof contextWith>;

	const make = (given: Parameters<typeof answersWith>[0] = {}) => {
		context = contextWith({answers: answersWith({domain, proxy: 'behind', ports: {http}, ...given})});
		context.host.on(/exec --no-TTY proxy find /, {
			stdout: '/srv/static-files/specify-config/config/backstop/uiformatters.xml\n',
		});
	};
	beforeEach(async () => {
		site = new Site();
		http = await serve((request, response) => void site.handle(request, response));
		make();
	});
	/** Which checks fail, with what was seen. */
	const failures = async () => {
		const {error, yielded} = await drainToError(verify(context));
		const told = yielded.flatMap(event =>
			event.type === 'check' && !event.ok ? [[event.name, event.detail] as const] : [],
		);
		expect((error as SetupError).details).toEqual(told.map(([name, detail]) => `${name}: ${detail}`));
		expect((error as SetupError).hint).toContain('docker compose ps');
		return Object.fromEntries(told);
	};
	const named = (yielded: readonly object[]) => yielded.map(event => (event as {name?: string}).name);

	it('all hold for one that works, behind another web server without plain http', async () => {
		const {result, yielded} = await drain(verify(context));
		expect(named(yielded)).toEqual([
			'Specify 7',
			'static files',
			'Specify configuration',
			'login form',
			'exports',
			'asset server addresses',
			'asset server from inside',
			'attachments',
			'worker',
			'report runner',
		]);
		expect(yielded.every(event => event.type === 'check' && event.ok)).toBe(true);
		expect(result).toEqual({changed: false, summary: '10 checks passed.'});
		expect(site.files.size).toBe(0);
	});

	it('are those of the answers: plain http for visitors of ours, closed attachments where they are', () => {
		const asked = (given: Parameters<typeof answersWith>[0]) =>
			checks.filter(({isFor}) => isFor?.(answersWith(given)) ?? true).map(({name}) => name);
		expect(asked({})).toContain('plain http');
		expect(asked({proxy: 'behind'})).not.toContain('plain http');
		expect(asked({})).not.toContain('closed attachments');
		expect(asked({privacy: {publicAttachments: false}})).toContain('closed attachments');
	});

	it('pass the gate with the set-up password, and show it to Specify 7 alone', async () => {
		await drain(verify(context));
		const password = setupAuthorization(knownSecrets.SETUP_PASSWORD);
		for (const {name, path, headers} of site.asked)
			expect([path, headers.authorization]).toEqual([path, name === specify7 ? password : undefined]);
		expect(new Set(site.asked.map(({name}) => name))).toEqual(new Set([specify7, media]));
		expect(site.asked.every(({headers}) => headers['x-forwarded-proto'] === 'https')).toBe(true);
	});

	it('send the login form as a browser does', async () => {
		await drain(verify(context));
		const sent = site.asked.find(({path}) => path === '/accounts/legacy_login/')!;
		expect(sent.method).toBe('POST');
		expect(sent.headers).toMatchObject({
			'content-type': 'application/x-www-form-urlencoded',
			cookie: 'csrftoken=abc',
			referer: `https://${specify7}/`,
		});
		expect(sent.body.toString()).toBe('username=&password=');
	});

	it.each([
		[403, 'Specify 7 takes it for one from another address (403)'],
		[500, 'answered 500'],
	])('tell a login form that is answered with %i', async (status, seen) => {
		site.wrong.set('/accounts/legacy_login/', {status});
		expect(await failures()).toEqual({'login form': seen});
	});

	it.each([200, 404, 500])('tell exports that strangers are answered with %i', async status => {
		site.wrong.set('/static/depository/specify-setup-check.csv', {status});
		expect(await failures()).toEqual({
			exports: `a visitor who is not logged in was answered with ${status}`,
		});
	});

	it.each([302, 401])('take %i for exports as what it is: a way to log in', async status => {
		site.wrong.set('/static/depository/specify-setup-check.csv', {status});
		expect((await drain(verify(context))).result.summary).toBe('10 checks passed.');
	});

	it('prove that closed attachments are closed', async () => {
		make({privacy: {publicAttachments: false}});
		expect(await failures()).toEqual({'closed attachments': 'a visitor without a token was answered with 404'});
		site.publicAttachments = false;
		expect((await drain(verify(context))).result.summary).toBe('11 checks passed.');
	});

	it('tell an XML that names another address, which browsers would not load', async () => {
		site.mediaAddress = `http://${media}`;
		expect(await failures()).toEqual({
			'asset server addresses': 'the XML does not name the public https address',
		});
	});

	it('tell an attachment that comes back changed, and remove it all the same', async () => {
		site.wrong.set('/fileget', {status: 200, body: 'another'});
		expect(await failures()).toEqual({attachments: 'the file came back changed'});
		expect(site.files.size).toBe(0);
	});

	it('tell all that does not hold, not the first alone', async () => {
		site.wrong.set('/static/git_sha.txt', {status: 404});
		site.wrong.set('/fileupload', {status: 413});
		context.host.on(/ worker /, {exitCode: 1});
		expect(await failures()).toEqual({
			'static files': `https://${specify7}/static/git_sha.txt answered 404`,
			attachments: 'the upload was answered with 413',
			worker: 'it did not answer a ping',
		});
	});

	it('prove that plain http leads to the same name in https', async () => {
		const plain = checks.find(({name}) => name === 'plain http')!;
		const location = {location: `https://${specify7}:8443/`};
		site.wrong.set('/', {status: 301, headers: location});
		make({proxy: 'public', ports: {http, https: 8443}});
		const given = {context, site: null as never, specify7: `https://${specify7}:8443`, media: ''};
		expect(await plain.run(given)).toBe('leads to https');
		for (const wrong of [
			{status: 200},
			{status: 301, headers: {location: `https://${specify7}/`}},
			{status: 301, headers: {location: 'https://elsewhere.example/'}},
		]) {
			site.wrong.set('/', wrong);
			await expect(plain.run(given)).rejects.toThrow(`answered ${wrong.status}`);
		}
	});
});
