import {createServer} from 'node:net';
import {beforeAll, describe, expect, it} from 'vitest';
import {clockOffset} from '../../source/host/clock.js';
import {ask, certificateOf} from '../../source/host/https.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {hasOpenssl, makeCertificate, serve, serveSecurely} from '../_helpers/servers.js';

const {folder} = temporaryFolder();
const name = 'specify7.nrm.example';

describe.skipIf(!hasOpenssl)('an address with a certificate', () => {
	let keys: {key: string; cert: string};
	let other: {key: string; cert: string};
	let port: number;

	beforeAll(async () => {
		keys = makeCertificate(folder, name);
		other = makeCertificate(folder, 'other.example');
		port = await serveSecurely(keys, (request, response) => {
			const parts: Buffer[] = [];
			request.on('data', part => parts.push(part));
			request.on('end', () => {
				response.writeHead(request.url === '/missing' ? 404 : 200, {'X-Seen': request.headers.host});
				response.end(`${request.method} ${request.url} ${request.headers.cookie ?? ''} ${Buffer.concat(parts)}`);
			});
		});
	});

	it('is asked on this machine by its name, whatever DNS says', async () => {
		const answer = await ask(`https://${name}:${port}/a?b=c`, {authorities: [keys.cert]});
		expect(answer).toMatchObject({status: 200, headers: {'x-seen': `${name}:${port}`}});
		expect(answer.body.toString()).toBe('GET /a?b=c  ');
	});

	it('is given method, headers and body', async () => {
		const {body} = await ask(`https://${name}:${port}/up`, {
			method: 'POST',
			headers: {Cookie: 'a=b'},
			body: 'größe',
			authorities: [keys.cert],
		});
		expect(body.toString()).toBe('POST /up a=b größe');
	});

	it('may answer anything: that is no error', async () => {
		expect(await ask(`https://${name}:${port}/missing`, {authorities: [keys.cert]})).toMatchObject({status: 404});
	});

	it.each(['another authority', 'no authority'])('is not trusted by %s', async which => {
		const authorities = which === 'no authority' ? [] : [other.cert];
		await expect(ask(`https://${name}:${port}/`, {authorities})).rejects.toThrow(/certificate/);
		expect(await certificateOf({name, port, authorities})).toEqual({
			ok: false,
			reason: expect.stringMatching(/certificate/),
		});
	});

	it('is not trusted under another name', async () => {
		await expect(ask(`https://other.example:${port}/`, {authorities: [keys.cert]})).rejects.toThrow(/other\.example/);
		expect(await certificateOf({name: 'other.example', port, authorities: [keys.cert]})).toMatchObject({ok: false});
	});

	it('tells until when its certificate is valid, and whose it is', async () => {
		const result = await certificateOf({name, port, authorities: [keys.cert]});
		expect(result).toMatchObject({ok: true, issuer: name});
		if (!result.ok) throw new Error(result.reason);
		const hoursLeft = (Date.parse(result.validTo) - Date.now()) / 3_600_000;
		expect(hoursLeft).toBeGreaterThan(47);
		expect(hoursLeft).toBeLessThanOrEqual(48);
	});
});

describe('an address without a certificate', () => {
	it('is asked by its name too', async () => {
		const port = await serve((request, response) => response.end(request.headers.host));
		expect((await ask(`http://${name}:${port}/`)).body.toString()).toBe(`${name}:${port}`);
	});

	it('that does not answer in time fails and says so', async () => {
		const port = await serve(() => {});
		await expect(ask(`http://${name}:${port}/`, {timeoutMs: 100})).rejects.toThrow('no answer in 0.1 seconds');
	});

	it('that stops in the middle of its answer fails', async () => {
		const port = await serve((_, response) => {
			response.writeHead(200, {'Content-Length': 100});
			response.write('half');
			setTimeout(() => response.destroy(), 20);
		});
		await expect(ask(`http://${name}:${port}/`)).rejects.toThrow();
	});

	it('is no longer asked when it is stopped', async () => {
		const port = await serve(() => {});
		const controller = new AbortController();
		const asking = ask(`http://${name}:${port}/`, {signal: controller.signal});
		controller.abort();
		await expect(asking).rejects.toThrow();
	});
});

describe('a port', () => {
	const freePort = async () => {
		const server = createServer();
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		const {port} = server.address() as {port: number};
		await new Promise(resolve => server.close(resolve));
		return port;
	};

	it('where nothing listens has no certificate, and says why', async () => {
		const port = await freePort();
		expect(await certificateOf({name, port, authorities: []})).toMatchObject({
			ok: false,
			reason: expect.stringContaining('ECONNREFUSED'),
		});
	});

	it('that says nothing has none either, in time', async () => {
		const server = createServer(() => {});
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		const {port} = server.address() as {port: number};
		expect(await certificateOf({name, port, authorities: [], timeoutMs: 100})).toEqual({
			ok: false,
			reason: 'no answer',
		});
		server.close();
	});

	it('that speaks no TLS has none either', async () => {
		const port = await serve((_, response) => response.end());
		expect(await certificateOf({name, port, authorities: []})).toMatchObject({ok: false});
	});
});

describe('the clock', () => {
	const offsetTo = async (registryAheadMs: number) => {
		const port = await serve((_, response) => {
			response.sendDate = false;
			response.setHeader('Date', new Date(Date.now() + registryAheadMs).toUTCString());
			response.writeHead(401).end();
		});
		return clockOffset(`127.0.0.1:${port}/hub`, {timeoutMs: 2000});
	};

	it.each([0, 200_000, -200_000])("is compared with the registry's, which is %i ms ahead", async ahead => {
		expect(Math.abs((await offsetTo(ahead))! + ahead)).toBeLessThan(2000);
	});

	it('cannot be compared where no registry answers', async () => {
		expect(await clockOffset('127.0.0.1:1', {timeoutMs: 500})).toBeNull();
	});
});
