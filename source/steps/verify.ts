import {createHmac, randomBytes} from 'node:crypto';
import {exec} from '../engine/compose.js';
import {messageOf, SetupError} from '../errors.js';
import {ask} from '../host/https.js';
import {addressesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import type {Context, Step} from './context.js';
import {answers as answersHealth} from './services.js';
import {type Site, siteOf, visitSpecify7} from './site.js';

type Verify = {context: Context; site: Site; specify7: string; media: string};

/** A check of the running system: what it proves, and how; it returns what was seen or throws. */
type Check = {name: string; isFor?(answers: Answers): boolean; run(given: Verify): Promise<string>};

const expect = (condition: boolean, seen: string) => {
	if (!condition) throw new Error(seen);
};

const get = async ({context, site}: Verify, address: string) => {
	const answer = await site.ask(address, {signal: context.signal});
	expect(answer.status === 200, `${address} answered ${answer.status}`);
	return answer;
};

/** A token of the asset server: HMAC-MD5 of timestamp and file name under its key, then the timestamp (web-asset-server). */
const token = (key: string, timestamp: string, filename: string) =>
	`${createHmac('md5', key)
		.update(timestamp + filename)
		.digest('hex')}:${timestamp}`;

const form = (fields: Record<string, string>, file: {name: string; content: Buffer}) => {
	const boundary = `----specify-setup-${randomBytes(8).toString('hex')}`;
	const part = (head: string) => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n`);
	return {
		headers: {'Content-Type': `multipart/form-data; boundary=${boundary}`},
		body: Buffer.concat([
			...Object.entries(fields).flatMap(([name, value]) => [part(`name="${name}"`), Buffer.from(`\r\n${value}\r\n`)]),
			part(`name="file"; filename="${file.name}"`),
			Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
			file.content,
			Buffer.from(`\r\n--${boundary}--\r\n`),
		]),
	};
};

/** Puts a small file into the asset server, reads it back, and removes it, as Specify would. */
const attachmentRoundTrip: Check = {
	name: 'attachments',
	async run(given) {
		const {context, site, media} = given;
		const {secrets, answers} = context;
		const coll = answers.database.name;
		const filename = `specify-setup-check-${randomBytes(6).toString('hex')}.txt`;
		const content = randomBytes(64);
		const timestamp = String(
			(await get(given, `${media}/web_asset_store.xml`)).headers['x-timestamp'] ?? Math.floor(Date.now() / 1000),
		);
		const sign = () => token(secrets.ASSET_SERVER_KEY, timestamp, filename);
		const upload = form({token: sign(), store: filename, type: 'O', coll}, {name: filename, content});
		const sent = await site.ask(`${media}/fileupload`, {method: 'POST', ...upload});
		expect(sent.status === 200, `the upload was answered with ${sent.status}`);
		try {
			const query = new URLSearchParams({coll, type: 'O', filename, token: sign()});
			const back = await get(given, `${media}/fileget?${query}`);
			expect(back.body.equals(content), 'the file came back changed');
		} finally {
			const body = new URLSearchParams({token: sign(), coll, filename}).toString();
			await site.ask(`${media}/filedelete`, {
				method: 'POST',
				headers: {'Content-Type': 'application/x-www-form-urlencoded'},
				body,
			});
		}
		return 'a file was stored, read back and removed';
	},
};

const insideSpecify7 = async ({context: {host, directory, signal}}: Verify, program: string) => {
	const {exitCode, stdout, stderr} = await host.run(exec(directory, 'specify7', 've/bin/python', '-c', program), {
		signal,
		timeoutMs: 60_000,
	});
	expect(exitCode === 0, stderr.trim().split('\n').pop() ?? 'failed');
	return stdout.trim();
};

/** What must hold before an installation is called working, through the proxy with real names and certificates. */
export const checks: Check[] = [
	{
		name: 'Specify 7',
		async run(given) {
			const {body} = await get(given, `${given.specify7}/setup_tool/setup_progress/`);
			const progress = JSON.parse(body.toString()) as {resources?: {specifyUser?: boolean}};
			expect(progress.resources !== undefined, 'the page is not the one expected');
			return progress.resources!.specifyUser ? 'answers, and has users' : 'answers, and waits for its guided set-up';
		},
	},
	{
		name: 'static files',
		async run(given) {
			await get(given, `${given.specify7}/static/git_sha.txt`);
			return 'served by the proxy';
		},
	},
	{
		name: 'Specify configuration',
		async run(given) {
			const {host, directory, signal} = given.context;
			const folder = '/srv/static-files/specify-config/config';
			const {stdout} = await host.run(exec(directory, 'proxy', 'find', folder, '-name', '*.xml', '-type', 'f'), {
				signal,
			});
			const [file] = stdout.split('\n').sort().filter(Boolean);
			expect(file !== undefined, 'Specify 7 has not put its configuration into the shared volume');
			await get(given, `${given.specify7}/static/config${file!.slice(folder.length)}`);
			return 'served by the proxy';
		},
	},
	{
		name: 'plain http',
		isFor: ({proxy}) => proxy === 'public',
		async run({context: {answers}, specify7}) {
			const {status, headers} = await ask(`http://${answers.hostnames.specify7}:${answers.ports.http}/`);
			expect(status >= 301 && status <= 308 && String(headers.location).startsWith(specify7), `answered ${status}`);
			return 'leads to https';
		},
	},
	{
		name: 'login form',
		async run({context}) {
			const visitor = await visitSpecify7(context);
			await visitor('/context/login/');
			const {status} = await visitor('/accounts/legacy_login/', 'POST', 'username=&password=');
			expect(status !== 403, 'Specify 7 takes it for one from another address (403)');
			expect(status < 500, `answered ${status}`);
			return 'is taken from this address';
		},
	},
	{
		name: 'exports',
		async run({site, specify7}) {
			const {status} = await site.ask(`${specify7}/static/depository/specify-setup-check.csv`);
			expect([302, 401, 403].includes(status), `a visitor who is not logged in was answered with ${status}`);
			return 'are for those logged in';
		},
	},
	{
		name: 'closed attachments',
		isFor: ({privacy}) => !privacy.publicAttachments,
		async run({context: {answers}, site, media}) {
			const query = new URLSearchParams({coll: answers.database.name, type: 'O', filename: 'specify-setup-check.txt'});
			const {status} = await site.ask(`${media}/fileget?${query}`);
			expect(status === 403, `a visitor without a token was answered with ${status}`);
			return 'are for those whom Specify gave a token';
		},
	},
	{
		name: 'asset server addresses',
		async run(given) {
			const {body} = await get(given, `${given.media}/web_asset_store.xml`);
			expect(body.includes(`${given.media}/fileget`), 'the XML does not name the public https address');
			return 'all https';
		},
	},
	{
		name: 'asset server from inside',
		run: async given =>
			insideSpecify7(
				given,
				"import os, requests; r = requests.get(os.environ['ASSET_SERVER_URL'], timeout=20); r.raise_for_status(); print('Specify 7 reaches and trusts it')",
			),
	},
	attachmentRoundTrip,
	{
		name: 'worker',
		async run({context}) {
			expect(await answersHealth(context, 'worker'), 'it did not answer a ping');
			return 'answered a ping';
		},
	},
	{
		name: 'report runner',
		run: given =>
			insideSpecify7(
				given,
				"import urllib.request as r; r.urlopen('http://report:8080/', timeout=20).read(); print('Specify 7 reaches it')",
			),
	},
];

/** Runs every check and fails with all that did not hold. */
export const verify: Step = async function* (context) {
	const {answers} = context;
	const given: Verify = {context, site: await siteOf(context), ...addressesOf(answers)};
	const failed: string[] = [];
	const asked = checks.filter(({isFor}) => isFor?.(answers) ?? true);
	for (const {name, run} of asked) {
		try {
			// A machine that is busy starting services may not answer in time.
			const detail = await run(given).catch(() => {
				context.signal.throwIfAborted();
				return run(given);
			});
			yield {type: 'check', name, ok: true, detail};
		} catch (error) {
			context.signal.throwIfAborted();
			failed.push(`${name}: ${messageOf(error)}`);
			yield {type: 'check', name, ok: false, detail: messageOf(error)};
		}
	}
	if (failed.length > 0)
		throw new SetupError(`${failed.length} of ${asked.length} checks failed: ${failed.join('; ')}.`, {
			hint: 'See "docker compose ps" and the service\'s log, then run this again.',
			details: failed,
		});
	return {changed: false, summary: `${asked.length} checks passed.`};
};
