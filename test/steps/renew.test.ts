import {readFileSync} from 'node:fs';
import type {Server} from 'node:https';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import {certificates} from '../../source/steps/certificates.js';
import {renew} from '../../source/steps/renew.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {hasOpenssl, makeCertificate} from '../_helpers/servers.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';

const {folder} = temporaryFolder();
const domain = 'nrm.localhost';
const [specify7, media] = [`specify7.${domain}`, `media.${domain}`];
const place = '/data/caddy/certificates/local';

describe.runIf(hasOpenssl)('a renewal', () => {
	let server: Server;
	let https: number;
	let old: {key: string; cert: string};
	let fresh: {key: string; cert: string};
	let context: ReturnType<typeof contextWith>;
	/** Folders in the proxy's storage, with what is in them. */
	let stored: Map<string, string>;

	beforeAll(async () => {
		old = makeCertificate(folder, `*.${domain}`);
		fresh = makeCertificate(folder, `*.${domain}`);
		server = createServer(old, (_, response) => response.end());
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		https = (server.address() as AddressInfo).port;
	});
	afterAll(() => {
		server?.close();
	});

	/** The proxy makes what is missing when it is told to load its configuration anew. */
	let issues: boolean;
	let issued: number;
	/** What was shown while others were got, at each reload. */
	let meanwhile: {certificate: string; key: string}[][];
	const certificatesOf = (input: string) => JSON.parse(input).apps.tls.certificates;
	const make = (given: Parameters<typeof answersWith>[0] = {}) => {
		const answers = answersWith({domain, hostnames: {landing: null}, ports: {https}, ...given});
		context = contextWith({answers});
		context.engine.service('proxy');
		context.host.files.set('/opt/specify/specify7/authorities/own.pem', {text: old.cert + fresh.cert, mode: 0o644});
		context.host
			.on('cat /data/caddy/pki', {stdout: old.cert + fresh.cert})
			.on(/proxy mv /, ({line}) => {
				const [from, to] = line.split(' ').slice(-2) as [string, string];
				if (!stored.has(from)) return {exitCode: 1, stderr: `mv: cannot stat '${from}'`};
				stored.set(to, stored.get(from)!);
				stored.delete(from);
				return {};
			})
			.on(/proxy rm -rf /, ({line}) => {
				for (const path of line.split('rm -rf ')[1]!.split(' ')) stored.delete(path);
				return {};
			})
			.on(/proxy mkdir -p /, ({line}) => {
				for (const path of line.split('mkdir -p ')[1]!.split(' ')) if (!stored.has(path)) stored.set(path, '');
				return {};
			})
			.on(/proxy find /, ({line}) => {
				const under = line.split(' find ')[1]!.split(' ')[0]!;
				const full = [...stored].filter(([path, text]) => text !== '' && `${path}/`.startsWith(`${under}/`));
				return {stdout: full.map(([path]) => `${path}/${path.split('/').at(-1)}.crt\n`).join('')};
			})
			.on(/proxy cat (\S+)\.crt$/, ({line}) => {
				const [, folder] = / cat (\S+)\/[^/]+$/.exec(line)!;
				return stored.get(folder!) ? {stdout: stored.get(folder!) === 'fresh' ? fresh.cert : old.cert} : {exitCode: 1};
			})
			.on('caddy adapt', {stdout: '{"apps":{"http":{}}}'})
			.on('caddy reload', ({line, input}) => {
				const {automate, load_files} = input === '' ? {automate: [], load_files: []} : certificatesOf(input);
				meanwhile.push(load_files);
				for (const name of automate)
					if (!stored.get(`${place}/${name}`) && issues) stored.set(`${place}/${name}`, 'fresh');
				// What is told to be shown is shown until the next reload; each that comes is another than the one before.
				if (
					input === '' &&
					line.includes('--force') &&
					[...stored.values()].filter(it => it === 'fresh').length > issued
				) {
					issued += 1;
					server.setSecureContext(issued % 2 === 1 ? fresh : old);
				}
				return {};
			});
		return context;
	};

	beforeEach(() => {
		server.setSecureContext(old);
		issues = true;
		issued = 0;
		meanwhile = [];
		stored = new Map([
			[`${place}/${specify7}`, 'old'],
			[`${place}/${media}`, 'old'],
		]);
		make();
	});
	const storedNow = () => Object.fromEntries([...stored].filter(([path]) => path.includes(domain)));

	it('puts the old ones aside, waits for others, and then forgets the old ones', async () => {
		const {result, yielded} = await drain(renew(context, [specify7, media]));
		expect(result).toBe(true);
		expect(yielded.flatMap(event => (event.type === 'check' ? [event.name] : []))).toEqual([
			`new certificate of ${specify7}`,
			`certificate of ${specify7}`,
			`new certificate of ${media}`,
			`certificate of ${media}`,
		]);
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'fresh', [`${place}/${media}`]: 'fresh'});
		const reloads = context.host.ran('caddy reload');
		expect(reloads).toEqual(Array(6).fill(expect.stringContaining('--force')));
		expect(context.host.ran('rm -rf /data/shown')).toHaveLength(2);
	});

	it('shows the old one until the new one has come', async () => {
		await drain(renew(context, [media]));
		const shown = {certificate: `/data/shown/${media}.crt`, key: `/data/shown/${media}.key`};
		// The proxy gives up its own first, and then asks for another.
		expect(meanwhile).toEqual([[shown], [shown], []]);
		const [copied] = context.host.ran(' sh -c ');
		expect(copied).toMatch(new RegExp(` /data/replaced/${media}/${media} /data/shown/${media}$`));
	});

	it('has nothing to show where there was none', async () => {
		stored.delete(`${place}/${media}`);
		context.host.on('caddy reload', () => {
			stored.set(`${place}/${media}`, 'fresh');
			server.setSecureContext(fresh);
			return {};
		});
		await drain(renew(context, [media]));
		expect(context.host.ran('caddy adapt')).toEqual([]);
		expect(storedNow()).toMatchObject({[`${place}/${media}`]: 'fresh'});
	});

	it('of one name leaves the others alone', async () => {
		await drain(renew(context, [media]));
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'old', [`${place}/${media}`]: 'fresh'});
	});

	it('of an authority looks in its folder', async () => {
		make({certificates: 'letsencrypt', acme: {directory: 'https://ca.example:14000/dir'}});
		const moved: string[] = [];
		context.host.on(/proxy mv /, ({line}) => {
			moved.push(line.split(' mv ')[1]!);
			server.setSecureContext(fresh);
			return {};
		});
		await drain(renew(context, [media]));
		expect(moved).toEqual([`/data/caddy/certificates/ca.example-14000-dir/${media} /data/replaced/${media}`]);
	});

	it('that fails brings the old ones back, and the proxy serves them', async () => {
		issues = false;
		let reloads = 0;
		context.host.on('caddy reload', () => (++reloads === 1 ? {exitCode: 1, stderr: 'Error: no'} : {}));
		const {error} = await drainToError(renew(context, [specify7, media]));
		expect(error.message).toContain('refuses its new configuration: no');
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'old', [`${place}/${media}`]: 'old'});
		expect(reloads).toBe(2);
	});

	it('that is stopped brings the old ones back', async () => {
		issues = false;
		setTimeout(() => context.controller.abort(), 100);
		const {error} = await drainToError(renew(context, [specify7]));
		expect(error).toBeInstanceOf(Cancelled);
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'old', [`${place}/${media}`]: 'old'});
	});

	it('that is stopped while they are put aside brings them back too', async () => {
		const {host, controller} = context;
		const run = host.run.bind(host);
		host.run = async (command, options) => {
			const finished = await run(command, options);
			if (command.args.includes('mv') && command.args.includes(`${place}/${specify7}`)) controller.abort();
			return finished;
		};
		const {error} = await drainToError(renew(context, [specify7, media]));
		expect(error).toBeInstanceOf(Cancelled);
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'old', [`${place}/${media}`]: 'old'});
	});

	it('where one cannot be put aside keeps what another has got, and loses neither', async () => {
		context.host.on(`mv ${place}/${media}`, {exitCode: 1, stderr: 'mv: No space left on device\n'});
		const {error} = await drainToError(renew(context, [specify7, media]));
		expect(error.message).toContain('No space left on device');
		expect(storedNow()).toEqual({[`${place}/${specify7}`]: 'fresh', [`${place}/${media}`]: 'old'});
	});

	it.each<[what: string, given: Parameters<typeof answersWith>[0], names: string[], message: RegExp]>([
		['a name of somebody else', {}, ['www.example.org'], /www\.example\.org is not a host name of this installation/],
		['what another web server has', {proxy: 'behind'}, [specify7], /those of your own web server/],
	])('of %s is refused (2), and nothing is touched', async (_, given, names, message) => {
		make(given);
		const {error} = await drainToError(renew(context, names));
		expect(error.message).toMatch(message);
		expect(error).toMatchObject({exitCode: 2});
		expect(context.host.commands).toEqual([]);
	});

	describe("of one's own certificate", () => {
		const own = {certificate: '/etc/ssl/nrm.crt', key: '/etc/ssl/nrm.key', authority: '/etc/ssl/root.pem'};
		let root: string;
		let first: {key: string; cert: string};
		let second: {key: string; cert: string};
		beforeAll(async () => {
			root = readFileSync(await makeRoot(folder), 'utf8');
			const made = async () => {
				const {certificate, key} = await makeServerCertificate(folder, [specify7, media]);
				return {cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8')};
			};
			first = await made();
			second = await made();
		});
		const put = (pair: {key: string; cert: string}) => {
			context.host.files.set(own.certificate, {text: pair.cert, mode: 0o644});
			context.host.files.set(own.key, {text: pair.key, mode: 0o600});
		};
		beforeEach(async () => {
			make({certificates: 'own', own});
			context.host.files.set(own.authority, {text: root, mode: 0o644});
			server.setSecureContext(first);
			put(first);
			await drain(certificates(context));
			context.host.commands.length = 0;
			context.host.on('caddy reload', () => {
				const text = context.host.files.get('/opt/specify/.specify-setup/proxy/own.crt')?.text;
				server.setSecureContext(text === second.cert ? second : first);
				return {};
			});
		});

		it('takes its files anew', async () => {
			put(second);
			expect((await drain(renew(context, [specify7, media]))).result).toBe(true);
			expect(context.host.files.get('/opt/specify/.specify-setup/proxy/own.crt')?.text).toBe(second.cert);
			expect(context.host.ran('caddy reload')).toEqual([expect.stringContaining('--force')]);
			expect(context.host.ran(/ mv /)).toEqual([]);
		});

		it('says so when they are the ones in use', async () => {
			context.observation.proxy.loaded = true;
			const {result, yielded} = await drain(renew(context, [specify7, media]));
			expect(result).toBe(false);
			expect(yielded).toContainEqual(
				expect.objectContaining({type: 'note', message: 'The certificate in /etc/ssl/nrm.crt is the one in use.'}),
			);
			expect(context.host.ran('caddy reload')).toEqual([]);
		});

		it('refuses files that do not belong together (3), and what is served stays', async () => {
			context.host.files.set(own.certificate, {text: second.cert, mode: 0o644});
			const before = new Map(context.host.files);
			const {error} = await drainToError(renew(context, [specify7]));
			expect(error).toMatchObject({message: 'The certificate cannot be used.', exitCode: 3});
			expect(context.host.files).toEqual(before);
		});

		it('that the proxy refuses leaves the earlier one in its place', async () => {
			put(second);
			context.host.on('caddy reload', {exitCode: 1, stderr: 'Error: loading certificates: bad'});
			const {error} = await drainToError(renew(context, [specify7]));
			expect(error.message).toContain('loading certificates: bad');
			expect(context.host.files.get('/opt/specify/.specify-setup/proxy/own.crt')?.text).toBe(first.cert);
			expect(context.host.files.get('/opt/specify/.specify-setup/proxy/own.key')?.text).toBe(first.key);
		});
	});
});
