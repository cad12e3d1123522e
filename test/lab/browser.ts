import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Browser, launch, type Page} from 'puppeteer-core';
import {install} from './apt.js';
import {ask, LabError, labHome, logFile, runLogged, say, withLock} from './home.js';

const startTimeoutMs = 60_000;

export type BrowserOptions = {
	/** Path of a PEM with the certificate authority that the browser trusts, as if an administrator had added it. */
	root?: string;
	/** Where host names are: `{'specify7.museum.example': '127.0.0.1'}`, also with a port. No other name resolves. */
	addresses?: Record<string, string>;
};

/** A headless Chromium with a profile of its own; `close` ends it and removes what it wrote. */
export type LabBrowser = {browser: Browser; close(): Promise<void>};

const programOf = (name: string): Promise<string | undefined> => ask(['sh', '-c', `command -v ${name}`]);

/** Paths of the browser and of the tool for its certificate store, from Debian's packages. */
const programs = async (home: string): Promise<{chromium: string; certutil: string}> => {
	const find = async () => ({chromium: await programOf('chromium'), certutil: await programOf('certutil')});
	const {chromium, certutil} = await find();
	if (chromium && certutil) return {chromium, certutil};
	say('installing a browser from Debian packages …');
	await withLock(home, () => install(home, ['chromium', 'libnss3-tools']));
	const now = await find();
	if (!now.chromium || !now.certutil) throw new LabError('chromium or certutil is missing after installing them.');
	return {chromium: now.chromium, certutil: now.certutil};
};

/** Chromium's rules for names: these addresses, its own machine, and nothing of the world outside. */
export const resolverRules = (addresses: Record<string, string>): string =>
	[
		...Object.entries(addresses).map(([name, address]) => `MAP ${name} ${address}`),
		...['MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1', 'EXCLUDE localhost'],
	].join(', ');

/**
 * Starts Chromium. Certificates are verified as for anybody: against the system's authorities and `root`.
 * Throws a LabError when it cannot be installed; puppeteer's error when it does not start.
 */
export const openBrowser = async ({root, addresses = {}}: BrowserOptions = {}): Promise<LabBrowser> => {
	const home = labHome();
	const {chromium, certutil} = await programs(home);
	const folder = mkdtempSync(join(tmpdir(), 'specify-browser-'));
	const remove = () => rmSync(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 200});
	try {
		// Where Chromium on Linux looks for authorities that were added to the system's.
		const database = join(folder, '.pki', 'nssdb');
		mkdirSync(database, {recursive: true});
		const change = (...args: string[]) =>
			runLogged([certutil, '-d', `sql:${database}`, ...args], {log: logFile(home, 'browser')});
		await change('-N', '--empty-password');
		if (root) await change('-A', '-n', 'laboratory', '-t', 'C,,', '-i', root);
		const browser = await launch({
			executablePath: chromium,
			userDataDir: join(folder, 'profile'),
			env: {HOME: folder, PATH: process.env.PATH, LANG: 'C.UTF-8'},
			pipe: true,
			timeout: startTimeoutMs,
			args: [
				`--host-resolver-rules=${resolverRules(addresses)}`,
				...['--no-proxy-server', '--disable-quic', '--disable-dev-shm-usage', '--disable-gpu'],
				...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
			],
		});
		return {
			browser,
			async close() {
				await browser.close();
				remove();
			},
		};
	} catch (error) {
		remove();
		throw error;
	}
};

/** What a page gave reason to complain about, in order; empty arrays on a good one. */
export type Watched = {
	/** `console.error` and what the browser itself reports there, with the address it concerns. */
	consoleErrors: string[];
	/** Exceptions that no script caught. */
	pageErrors: string[];
	/** Requests without an answer, and why: `https://… net::ERR_CERT_AUTHORITY_INVALID`. */
	failedRequests: string[];
	/** Answers from 400 on: `404 https://…`. */
	refusedRequests: string[];
	/** What a page asked for without TLS, whatever the browser then did: `blocked http://…`, `upgraded …`, `requested …`. */
	mixedContent: string[];
	/** The issuer's common name of the certificate of each host that answered over TLS. */
	issuers: Record<string, string>;
	/** The browser's verdict on the page as it is now: `secure`, `neutral`, `insecure`, `insecure-broken`; '' before one. */
	securityState: string;
};

const resolutions = {
	MixedContentBlocked: 'blocked',
	MixedContentAutomaticallyUpgraded: 'upgraded',
	MixedContentWarning: 'warned of',
};

const isPlain = (url: string): boolean => /^(http|ws):/.test(url);

/** Collects what goes wrong on a page from now on. */
export const watch = async (page: Page): Promise<Watched> => {
	const seen: Watched = {
		consoleErrors: [],
		pageErrors: [],
		failedRequests: [],
		refusedRequests: [],
		mixedContent: [],
		issuers: {},
		securityState: '',
	};
	const mixed = (how: string, url: string) => {
		const line = `${how} ${url}`;
		if (!seen.mixedContent.includes(line)) seen.mixedContent.push(line);
	};
	page.on('console', message => {
		const text = [message.text(), message.location().url].filter(Boolean).join(' ');
		if (message.type() === 'error') seen.consoleErrors.push(text);
	});
	page.on('pageerror', error => seen.pageErrors.push(error instanceof Error ? error.message : String(error)));
	page.on('request', request => {
		if (isPlain(request.url()) && !request.isNavigationRequest()) mixed('requested', request.url());
	});
	page.on('requestfailed', request =>
		seen.failedRequests.push(`${request.url()} ${request.failure()?.errorText ?? ''}`.trim()),
	);
	page.on('response', response => {
		if (response.status() >= 400) seen.refusedRequests.push(`${response.status()} ${response.url()}`);
		const issuer = response.securityDetails()?.issuer();
		if (issuer) seen.issuers[new URL(response.url()).hostname] = issuer;
	});
	const session = await page.createCDPSession();
	session.on('Security.visibleSecurityStateChanged', ({visibleSecurityState}) => {
		seen.securityState = visibleSecurityState.securityState;
	});
	session.on('Audits.issueAdded', ({issue}) => {
		const details = issue.details.mixedContentIssueDetails;
		if (details) mixed(resolutions[details.resolutionStatus], details.insecureURL);
	});
	await session.send('Security.enable');
	await session.send('Audits.enable');
	return seen;
};
