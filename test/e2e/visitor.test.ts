/// <reference lib="dom" />
import type {Page} from 'puppeteer-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {until} from '../_helpers/until.js';
import {type LabBrowser, openBrowser, type Watched, watch} from '../lab/browser.js';
import {Installation} from './installation.js';
import {starts} from './starts.js';
import {ask, secretIn} from './visits.js';

const {ports, settings} = starts.visitor;
const domain = 'specify.localhost';
const specify7 = `https://specify7.${domain}:${ports.https}`;
const media = `https://media.${domain}:${ports.https}`;

const museum = new Installation(ports, settings);
let lab: LabBrowser;
let page: Page;
let seen: Watched;

beforeAll(async () => {
	const {exitCode, stdout, stderr} = await museum.install();
	expect(exitCode, stdout + stderr).toBe(0);
	const names = [domain, `specify7.${domain}`, `media.${domain}`];
	const addresses = Object.fromEntries(names.map(name => [name, '127.0.0.1']));
	lab = await openBrowser({root: museum.path('certificates', 'root.crt'), addresses});
	page = await lab.browser.newPage();
	seen = await watch(page);
});
afterAll(async () => {
	await lab?.close();
	await museum.remove();
});

/** The browser has found nothing to complain about so far. */
const expectNoComplaint = () => {
	const {consoleErrors, pageErrors, failedRequests, refusedRequests, mixedContent} = seen;
	expect({consoleErrors, pageErrors, failedRequests, refusedRequests, mixedContent}).toEqual({
		consoleErrors: [],
		pageErrors: [],
		failedRequests: [],
		refusedRequests: [],
		mixedContent: [],
	});
};

/** Clicks what leads to another page, and waits for that. */
const follow = async (selector: string) => {
	const [response] = await Promise.all([page.waitForNavigation({waitUntil: 'networkidle0'}), page.click(selector)]);
	return response;
};
const textOf = (selector: string) => page.$eval(selector, element => element.textContent);

describe('a visitor with a browser that trusts the installation', () => {
	test('opens the page of the domain, which says what runs here', async () => {
		const response = await page.goto(`https://${domain}:${ports.https}/`, {waitUntil: 'networkidle0'});
		expect(response?.status()).toBe(200);
		expect(await page.title()).toBe('Museum: collections in Specify');
		expect(await textOf('a.open')).toBe('Open Specify 7');
		await until(() => seen.securityState === 'secure');
		expectNoComplaint();
	});

	test('follows its link to the login of Specify 7', async () => {
		const response = await follow('a.open');
		expect(response?.status()).toBe(200);
		expect(page.url()).toBe(`${specify7}/accounts/login/?next=/specify/`);
		expectNoComplaint();
	});

	test('logs in, and sees who they are and in which collection', async () => {
		await page.type('input[name=username]', 'admin');
		await page.type('input[name=password]', secretIn(museum.read('.env'), 'ADMINISTRATOR_PASSWORD'));
		const response = await follow('form button');
		expect(response?.status()).toBe(200);
		expect(page.url()).toBe(`${specify7}/specify/`);
		// Set by the page's own script, from what the server knows of the session.
		await page.waitForSelector('body[data-ready=true]');
		expect(await textOf('#user')).toBe('admin');
		expect(await textOf('#collection')).toBe('Fishes');
		const cookies = await lab.browser.cookies();
		expect(cookies.map(({name}) => name)).toContain('sessionid');
	});

	test('is shown nothing that was not asked for over https, by a certificate of the installation', async () => {
		await until(() => seen.securityState === 'secure');
		expect(Object.keys(seen.issuers).sort()).toEqual([`specify7.${domain}`, domain].sort());
		for (const issuer of Object.values(seen.issuers)) expect(issuer).toMatch(/Caddy Local Authority/);
		expectNoComplaint();
	});

	test('stores an attachment from the page at the other host name, and sees it with its thumbnail', async () => {
		const made = await page.evaluate(async () => {
			const json = async (path: string) => (await fetch(path)).json();
			const text = async (path: string) => (await fetch(path)).text();
			const settings = await json('/attachment_gw/get_settings/');
			const canvas = document.createElement('canvas');
			[canvas.width, canvas.height] = [400, 300];
			canvas.getContext('2d')!.fillRect(50, 50, 300, 200);
			const picture = await new Promise<Blob>(done => canvas.toBlob(blob => done(blob!), 'image/png'));
			const filename = `${crypto.randomUUID()}.png`;
			const token = () => text(`/attachment_gw/get_token/?filename=${filename}`);

			const form = new FormData();
			const fields = {token: await token(), store: filename, type: 'O', coll: settings.collection};
			for (const [name, value] of Object.entries(fields)) form.append(name, value);
			form.append('file', picture, 'pike.png');
			const stored = await new Promise<number>(done => {
				const upload = new XMLHttpRequest();
				upload.open('POST', settings.write);
				// Whoever watches the progress of an upload is asked for a preflight first.
				upload.upload.addEventListener('progress', () => {});
				upload.addEventListener('loadend', () => done(upload.status));
				upload.send(form);
			});

			const show = async (fields: Record<string, string>) => {
				const query = new URLSearchParams({coll: settings.collection, filename, ...fields, token: await token()});
				const image = new Image();
				image.src = `${settings.read}?${query}`;
				document.body.append(image);
				await image.decode();
				return `${image.naturalWidth}×${image.naturalHeight}`;
			};
			const original = await show({type: 'O'});
			const thumbnail = await show({type: 'T', scale: '100'});
			return {settings, filename, size: picture.size, stored, original, thumbnail};
		});
		expect(made.settings).toMatchObject({
			token_required_for_get: true,
			collection: 'specify',
			read: `${media}/fileget`,
		});
		expect(made).toMatchObject({stored: 200, original: '400×300', thumbnail: '100×75'});
		expect(seen.issuers).toHaveProperty(`media.${domain}`);
		expectNoComplaint();

		const door = {port: ports.https, ca: museum.read('certificates', 'root.crt')};
		const query = new URLSearchParams({coll: 'specify', type: 'O', filename: made.filename});
		expect(await ask(door, `media.${domain}`, `/fileget?${query}`)).toMatchObject({status: 403});
		const path = `/home/specify/attachments/originals/${made.filename}`;
		expect((await museum.compose('exec', '-T', 'media', 'stat', '-c', '%s', path)).stdout).toBe(String(made.size));
	});

	let exported: string;
	const fetched = (path: string) =>
		page.evaluate(async address => {
			const answer = await fetch(address);
			return {status: answer.status, text: await answer.text()};
		}, path);

	test('exports a query and downloads it', async () => {
		const status = await page.evaluate(async () => {
			const token = /csrftoken=([^;]+)/.exec(document.cookie)![1]!;
			return (await fetch('/stored_query/exportcsv/', {method: 'POST', headers: {'X-CSRFToken': token}})).status;
		});
		expect(status).toBe(200);
		const [message] = JSON.parse((await fetched('/notifications/messages/')).text);
		exported = `/static/depository/${message.file}`;
		const download = await fetched(exported);
		expect(download.status).toBe(200);
		expect(download.text).toMatch(/^CollectionObjectID,CatalogNumber,GUID/);
		expectNoComplaint();
	});

	test('logs out, and is refused the export from then on', async () => {
		await page.goto(`${specify7}/accounts/logout/`, {waitUntil: 'networkidle0'});
		expect(page.url()).toBe(`${specify7}/accounts/login/`);
		expectNoComplaint();
		const {status, text} = await fetched(exported);
		expect([401, 403]).toContain(status);
		expect(text).not.toContain('CollectionObjectID');
		expect(seen.refusedRequests).toEqual([`${status} ${specify7}${exported}`]);
	});
});
