import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {until} from '../_helpers/until.js';
import {type LabBrowser, openBrowser, watch} from '../lab/browser.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';

const name = 'specify7.museum.example';
const folder = mkdtempSync(join(tmpdir(), 'specify-pages-'));
const pages: Record<string, string> = {
	'/favicon.ico': ' ',
	'/good': '<title>Good</title><p>Collections</p><script>document.title += " and run"</script>',
	'/bad': `<title>Bad</title><img src="http://${name}:1/picture.png"><script src="http://${name}:1/a.js"></script>
		<script>console.error('said so'); fetch('/missing'); fetch('https://elsewhere.example/'); undefinedFunction()</script>`,
};
const opened: LabBrowser[] = [];
let root: string;
let address: string;
let server: ReturnType<typeof createServer>;

const open = async (options: Parameters<typeof openBrowser>[0] = {}) => {
	const lab = await openBrowser({addresses: {[name]: '127.0.0.1'}, ...options});
	opened.push(lab);
	const page = await lab.browser.newPage();
	return {page, seen: await watch(page)};
};

beforeAll(async () => {
	root = await makeRoot(folder);
	const {certificate, key} = await makeServerCertificate(folder, [name]);
	server = createServer({cert: readFileSync(certificate), key: readFileSync(key)}, (request, response) => {
		const page = pages[request.url ?? ''];
		response.writeHead(page ? 200 : 404, {'content-type': 'text/html'}).end(page);
	});
	await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
	address = `https://${name}:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
	for (const {close} of opened) await close();
	server.close();
	rmSync(folder, {recursive: true, force: true});
});

describe("the laboratory's browser", () => {
	it('shows a page whose authority it was given, and has nothing to complain about', async () => {
		const {page, seen} = await open({root});
		const response = await page.goto(`${address}/good`);
		expect(response?.status()).toBe(200);
		expect(await page.title()).toBe('Good and run');
		await until(() => seen.securityState === 'secure');
		expect(seen).toEqual({
			consoleErrors: [],
			pageErrors: [],
			failedRequests: [],
			refusedRequests: [],
			mixedContent: [],
			issuers: {[name]: 'Laboratory root'},
			securityState: 'secure',
		});
	});

	it('refuses the page without that authority', async () => {
		const {page, seen} = await open();
		await expect(page.goto(`${address}/good`)).rejects.toThrow('net::ERR_CERT_AUTHORITY_INVALID');
		expect(seen.issuers).toEqual({});
	});

	it('reports mixed content, errors of scripts, missing files and names that are not in the laboratory', async () => {
		const {page, seen} = await open({root});
		await page.goto(`${address}/bad`);
		await until(() => seen.failedRequests.length >= 4 && seen.pageErrors.length === 2);
		expect(seen.mixedContent).toContain(`upgraded http://${name}:1/picture.png`);
		expect(seen.mixedContent).toContain(`blocked http://${name}:1/a.js`);
		expect(seen.consoleErrors).toContain(`said so ${address}/bad`);
		expect(seen.pageErrors).toContain('undefinedFunction is not defined');
		expect(seen.refusedRequests).toEqual([`404 ${address}/missing`]);
		expect(seen.failedRequests).toContain('https://elsewhere.example/ net::ERR_NAME_NOT_RESOLVED');
	});
});
