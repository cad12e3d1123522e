import {beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {Cancelled, SetupError} from '../../source/errors.js';
import {letsEncrypt} from '../../source/model/authority.js';
import type {StepEvent} from '../../source/model/events.js';
import {storageName} from '../../source/steps/certificate-storage.js';
import {certificates} from '../../source/steps/certificates.js';
import {
	gateOf,
	observeProxy,
	privateFiles,
	recordLoaded,
	reloadMeanwhile,
	setGate,
	writePrivate,
} from '../../source/steps/proxy.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {databaseSeen, nothingThere} from '../_helpers/observation.js';
import {hasOpenssl, makeCertificate, serveSecurely} from '../_helpers/servers.js';

const {folder} = temporaryFolder();
const privateFolder = '/opt/specify/.specify-setup/proxy';
const directory = 'https://ca.example/acme/directory';
const staging = 'https://ca.example/acme/test';
/** Below localhost, so that nobody is asked about these names. */
const domain = 'nrm.localhost';
const [specify7, media] = [`specify7.${domain}`, `media.${domain}`];

describe("the name of an authority's folder in the proxy's storage", () => {
	it.each([
		[letsEncrypt.directory, 'acme-v02.api.letsencrypt.org-directory'],
		[letsEncrypt.staging, 'acme-staging-v02.api.letsencrypt.org-directory'],
		['https://ca.example:14000/dir', 'ca.example-14000-dir'],
		['https://CA.example/acme/v2/Directory/', 'ca.example-acme-v2-directory'],
		['https://ca.example', 'ca.example'],
		// What Caddy takes out of names or writes otherwise.
		['https://ca.example/~museum/acme+v2', 'ca.example-museum-acme_plus_v2'],
		['https://ca.example/a%20b', 'ca.example-a_b'],
		['https://ca.example/Zürich', 'ca.example-zrich'],
	])('of %s is %s', (address, name) => {
		expect(storageName(address)).toBe(name);
	});
});

describe.runIf(hasOpenssl)('the certificates', () => {
	let keys: {key: string; cert: string};
	let https: number;
	let context: ReturnType<typeof contextWith>;
	/** Host names that each authority has issued for, by its folder. */
	let issued: Record<string, string[]>;
	/** Rows of the proxy's log. */
	let log: object[];

	beforeAll(async () => {
		keys = makeCertificate(folder, `*.${domain}`);
		https = await serveSecurely(keys, (_, response) => response.end());
	});

	const make = (over: Parameters<typeof answersWith>[0] = {}) => {
		const acme = {directory, staging, ca: '/root/ca.pem'};
		const answers = answersWith({
			domain,
			hostnames: {landing: null},
			ports: {https},
			certificates: 'letsencrypt',
			acme,
			...over,
		});
		context = contextWith({answers, observation: nothingThere({}, answers)});
		context.host.files.set('/root/ca.pem', {text: keys.cert, mode: 0o644});
		context.engine.service('proxy');
		context.host
			.on(/ find (\/data\/caddy\/certificates\/.+) -name/, ({line}) => {
				const places = / find (.+) -name/
					.exec(line)![1]!
					.split(' ')
					.map(path => path.split('/').at(-1)!);
				const found = places.flatMap(place => (issued[place] ?? []).map(name => `${place}/${name}/${name}.crt\n`));
				return {stdout: found.map(path => `/data/caddy/certificates/${path}`).join('')};
			})
			.on('docker logs', () => ({stderr: log.map(row => `${JSON.stringify(row)}\n`).join('')}))
			.on(/ proxy cat \/data\/caddy\/certificates\/(\S+)\.crt$/, ({line}) => {
				const [place, name] = line.split('/').slice(-3);
				return issued[place!]?.includes(name!) ? {stdout: keys.cert} : {exitCode: 1};
			})
			.on('caddy adapt', {stdout: '{"apps":{}}'})
			.on('caddy reload', ({input}) => {
				tell();
				const names: string[] = (issues && input && JSON.parse(input).apps.tls.certificates.automate) || [];
				for (const name of names) {
					const by = directoriesAsked()[name];
					const place = by ? storageName(by) : 'local';
					issued[place] = [...(issued[place] ?? []), name];
				}
				return {};
			});
		return context;
	};
	/** Whoever is asked issues. */
	let issues: boolean;
	/** Notes whom the proxy is told to ask, where that is another than before. */
	const tell = () => {
		const now = directoriesAsked();
		if (JSON.stringify(asked.at(-1)) !== JSON.stringify(now)) asked.push(now);
	};
	/** What the proxy was told to ask, at each reload. */
	let asked: Record<string, string>[];
	const directoriesAsked = () =>
		Object.fromEntries(
			[specify7, media].map(name => {
				const text = context.host.files.get(`${privateFolder}/tls-${name}.caddy`)?.text ?? '';
				return [name, /\bdir (\S+)/.exec(text)?.[1] ?? ''];
			}),
		);
	const checks = (events: readonly StepEvent[]) =>
		events.flatMap(event => (event.type === 'check' ? [`${event.name}: ${event.ok}`] : []));
	const refusal = (identifier: string, kind: string, detail: string) => ({
		level: 'error',
		msg: 'could not get certificate from issuer',
		identifier,
		error: `HTTP 400 urn:ietf:params:acme:error:${kind} - ${detail}`,
	});

	beforeEach(() => {
		issued = {};
		issues = true;
		log = [];
		asked = [];
		make();
	});
	const [real, test] = [storageName(directory), storageName(staging)];

	it('are asked for in the test environment first, and only then where they count', async () => {
		const {result, yielded} = await drain(certificates(context));
		expect(asked).toEqual([
			{[specify7]: staging, [media]: staging},
			{[specify7]: directory, [media]: directory},
		]);
		expect(checks(yielded)).toEqual([
			`rehearsal of ${specify7}: true`,
			`rehearsal of ${media}: true`,
			`new certificate of ${specify7}: true`,
			`new certificate of ${media}: true`,
			`certificate of ${specify7}: true`,
			`certificate of ${media}: true`,
		]);
		expect(result).toEqual({changed: true, summary: `The proxy serves ${specify7}, ${media}.`});
		expect(await observeProxy(context)).toMatchObject({certificates: 'final', loaded: true});
	});

	it('that the authority has issued before are not rehearsed again; a new name alone is', async () => {
		issued[real] = [specify7];
		const {yielded} = await drain(certificates(context));
		expect(asked[0]).toEqual({[specify7]: directory, [media]: staging});
		expect(asked).toHaveLength(2);
		expect(checks(yielded)[0]).toBe(`rehearsal of ${media}: true`);

		issued[real] = [specify7, media];
		asked.length = 0;
		await drain(certificates(context));
		expect(asked).toEqual([{[specify7]: directory, [media]: directory}]);
	});

	it('are not asked for where they count when the rehearsal fails, and the wrong name is told', async () => {
		log = [refusal(media, 'dns', `no valid A records found for ${media}`)];
		issues = false;
		const {error, yielded} = await drainToError(certificates(context));
		expect(error).toBeInstanceOf(SetupError);
		expect(error.message).toMatch(
			new RegExp(
				`^ca\\.example finds no address for ${media}: its DNS record is missing or broken\\. It said: no valid A`,
			),
		);
		expect((error as SetupError).hint).toContain(`Create an A record`);
		expect(asked).toEqual([{[specify7]: staging, [media]: staging}]);
		expect(checks(yielded).some(name => name.startsWith('certificate'))).toBe(false);
		expect(JSON.stringify(asked)).not.toContain(`"${directory}"`);
	});

	it('that were served before are served again after a failed rehearsal', async () => {
		make({acme: {directory: 'https://old.example/acme', ca: '/root/ca.pem'}});
		await writePrivate(context, await privateFiles(context));
		const before = directoriesAsked();
		const {host} = context;
		make();
		for (const [path, file] of host.files) if (!context.host.files.has(path)) context.host.files.set(path, file);
		log = [refusal(specify7, 'unauthorized', 'wrong answer')];
		issues = false;
		const {error} = await drainToError(certificates(context));
		expect(error.message).toContain(`looked for ${specify7} and did not find this machine`);
		expect(asked).toEqual([{[specify7]: staging, [media]: staging}, before]);
		expect(before[specify7]).toBe('https://old.example/acme');
	});

	it('that were served before are served again, and trusted, when those of another authority do not come in the end', async () => {
		const trusted = '/opt/specify/specify7/authorities/own.pem';
		make({certificates: 'internal', acme: {}});
		context.host.on('cat /data/caddy/pki/authorities/local/root.crt', {stdout: keys.cert});
		await drain(certificates(context));
		const {host} = context;
		const before = new Map([...host.files].filter(([path]) => /\/tls-|\/authorities\//.test(path)));
		expect([...before.keys()]).toContain(trusted);
		asked.length = 0;
		const other = makeCertificate(folder, 'other.localhost');
		issues = false;
		make({acme: {directory, ca: '/root/ca.pem'}});
		for (const [path, file] of before) context.host.files.set(path, file);
		context.host.files.set('/root/ca.pem', {text: other.cert, mode: 0o644});
		log = [refusal(specify7, 'rejectedIdentifier', 'not for you')];
		const {error} = await drainToError(certificates(context));
		expect(error.message).toContain(`does not issue for ${specify7}`);
		expect(asked[0]).toEqual({[specify7]: directory, [media]: directory});
		expect(asked).toHaveLength(2);
		for (const [path, {text}] of before) expect([path, context.host.files.get(path)?.text]).toEqual([path, text]);
	});

	describe('that visitors are shown when others are asked for', () => {
		type Caddy = {
			apps: {
				http: {servers: Record<string, {automatic_https?: {skip_certificates?: string[]}}>};
				tls: {
					automation: object;
					certificates: {automate: string[]; load_files: {certificate: string; key: string}[]};
				};
			};
		};
		/** Caddy's configuration at each reload; null where it reads its own file. */
		let loaded: (Caddy | null)[];
		const stored = new Map<string, string>();
		const local = (name: string) => `/data/caddy/certificates/local/${name}/${name}.crt`;
		const byRealOne = (name: string) => `/data/caddy/certificates/${real}/${name}/${name}.crt`;
		const copyOf = (name: string) => ({certificate: `/data/shown/${name}.crt`, key: `/data/shown/${name}.key`});
		const shownAt = (index: number) => loaded[index]?.apps.tls.certificates.load_files ?? null;
		const own = '/etc/caddy.private/own.crt';
		beforeEach(() => {
			make();
			loaded = [];
			stored.clear();
			for (const name of [specify7, media]) stored.set(local(name), keys.cert);
			const automation = {policies: [{subjects: [specify7]}]};
			const servers = {srv0: {listen: [':443'], automatic_https: {disable_redirects: true}}};
			const adapted = {apps: {http: {servers}, tls: {automation, certificates: {automate: ['extra']}}}};
			context.host.files.set('/opt/specify/specify7/authorities/own.pem', {text: keys.cert, mode: 0o644});
			context.host
				.on(/ find (.+) -name/, ({line}) => {
					const folders = / find (.+) -name/.exec(line)![1]!.split(' ');
					const found = [...stored.keys()].filter(path => folders.some(folder => path.startsWith(`${folder}/`)));
					return {stdout: found.join('\n')};
				})
				.on(/ proxy cat (\S+)\.crt$/, ({line}) => {
					const text = stored.get(line.split(' ').at(-1)!);
					return text === undefined ? {exitCode: 1} : {stdout: text};
				})
				.on(/ proxy sh -c .* sh (\S+) (\S+)$/, ({line}) => {
					const [from, to] = line.split(' ').slice(-2);
					stored.set(`${to}.crt`, stored.get(`${from}.crt`)!.repeat(2));
					return {};
				})
				.on(/ proxy rm -rf /, ({line}) => {
					const gone = line.split(' rm -rf ')[1]!.split(' ');
					for (const path of stored.keys()) if (gone.some(folder => path.startsWith(`${folder}/`))) stored.delete(path);
					return {};
				})
				.on('caddy adapt', {stdout: JSON.stringify(adapted)})
				.on('caddy reload', ({input}) => {
					tell();
					loaded.push(input === '' ? null : JSON.parse(input));
					const {automate = []} = loaded.at(-1)?.apps.tls.certificates ?? {};
					for (const name of [specify7, media].filter(one => issues && automate.includes(one))) {
						const folder = storageName(directoriesAsked()[name]!);
						stored.set(`/data/caddy/certificates/${folder}/${name}/${name}.crt`, keys.cert);
					}
					return {};
				});
		});
		const both = [copyOf(specify7), copyOf(media)];

		it('are shown until those have come, in the rehearsal and after it', async () => {
			const {yielded} = await drain(certificates(context));
			// Each time the proxy gives up its own first, and then asks for others.
			expect(loaded.map((_, index) => shownAt(index))).toEqual([both, both, both, both, null]);
			expect(loaded.map(one => one?.apps.tls.certificates.automate ?? null)).toEqual([
				['extra'],
				['extra', specify7, media],
				['extra'],
				['extra', specify7, media],
				null,
			]);
			expect(loaded[0]!.apps.http.servers.srv0!.automatic_https).toEqual({
				disable_redirects: true,
				skip_certificates: [specify7, media],
			});
			expect(loaded[1]!.apps.http.servers.srv0!.automatic_https).toEqual({disable_redirects: true});
			expect(loaded[1]!.apps.tls.automation).toEqual({policies: [{subjects: [specify7]}]});
			expect(asked.map(one => one[media])).toEqual([staging, directory]);
			expect(checks(yielded)).toEqual([
				...[`rehearsal of ${specify7}: true`, `rehearsal of ${media}: true`],
				...[`new certificate of ${specify7}: true`, `new certificate of ${media}: true`],
				...[`certificate of ${specify7}: true`, `certificate of ${media}: true`],
			]);
			expect(await observeProxy(context)).toMatchObject({certificates: 'final', loaded: true});
			expect([...stored.keys()].filter(path => path.startsWith('/data/shown'))).toEqual([]);
		});

		it('are another than what the proxy has, for which it would ask nobody', async () => {
			let copied: string | undefined;
			const load = context.host.run.bind(context.host);
			context.host.run = async (command, options) => {
				if (command.args.includes('adapt')) copied = stored.get(copyOf(media).certificate);
				return load(command, options);
			};
			await drain(certificates(context));
			expect(copied).toBe(`${keys.cert}${keys.cert}`);
		});

		it('are the files of an own certificate where those are shown', async () => {
			stored.clear();
			stored.set(own, keys.cert);
			stored.set(local(media), makeCertificate(folder, media).cert);
			await drain(certificates(context));
			expect(shownAt(0)).toEqual(both);
			const copied = context.host.ran(' sh -c ').map(line => line.split(' ').at(-2));
			expect(copied).toEqual(Array(2).fill('/etc/caddy.private/own'));
		});

		it('are shown for each name that has none of the authority yet, and for no other', async () => {
			stored.delete(local(media));
			stored.set(byRealOne(media), keys.cert);
			await drain(certificates(context));
			expect(shownAt(0)).toEqual([copyOf(specify7)]);
			expect(loaded[0]!.apps.http.servers.srv0!.automatic_https!.skip_certificates).toEqual([specify7]);
			expect(loaded[1]!.apps.tls.certificates.automate).toEqual(['extra', specify7]);
		});

		it('are not trusted any more only when the others are shown', async () => {
			const trusted = () => context.host.files.get('/opt/specify/specify7/authorities/own.pem')?.text;
			const other = makeCertificate(folder, `*.${domain}`);
			context.host.files.set('/root/ca.pem', {text: `${keys.cert}${other.cert}`, mode: 0o644});
			const then: string[] = [];
			const load = context.host.run.bind(context.host);
			context.host.run = async (command, options) => {
				if (command.args.includes('reload'))
					then.push(options?.input ? (trusted() === keys.cert ? 'trusted' : 'not trusted') : 'shown');
				return load(command, options);
			};
			await drain(certificates(context));
			expect(then).toEqual([...Array(4).fill('trusted'), 'shown']);
			expect(trusted()).toContain(other.cert.trim());
		});

		it('stay when what comes would be trusted by nobody', async () => {
			const other = makeCertificate(folder, `*.${domain}`);
			context.host.files.set('/root/ca.pem', {text: other.cert, mode: 0o644});
			await writePrivate(context, {[`tls-${media}.caddy`]: '# earlier\n'});
			const {error} = await drainToError(certificates(context));
			expect(error.message).toContain(`Nobody here trusts the certificate that was issued for ${specify7}`);
			expect((error as SetupError).hint).toContain('acme.ca');
			// The one reload of the proxy's own file is that of the earlier one.
			expect(loaded.indexOf(null)).toBe(loaded.length - 1);
			expect(context.host.files.get(`${privateFolder}/tls-${media}.caddy`)?.text).toBe('# earlier\n');
		});

		it('are shown until an expired one in the storage is replaced', async () => {
			issues = false;
			const expired = makeCertificate(folder, `*.${domain}`, 1).cert;
			const now = Date.now.bind(Date);
			vi.spyOn(Date, 'now').mockImplementation(() => now() + 1.5 * 86_400_000);
			for (const name of [specify7, media]) stored.set(byRealOne(name), expired);
			let early: unknown;
			setTimeout(() => {
				early = loaded.includes(null);
				for (const name of [specify7, media]) stored.set(byRealOne(name), keys.cert);
			}, 1200);
			await drain(certificates(context));
			vi.restoreAllMocks();
			expect([early, loaded.at(-1)]).toEqual([false, null]);
		});

		describe('when a run is killed in between', () => {
			beforeEach(() => {
				context.observation.proxy = {...context.observation.proxy, certificates: 'final', loaded: false};
				stored.clear();
				for (const name of [specify7, media]) stored.set(copyOf(name).certificate, keys.cert);
			});

			it('are shown by the next one', async () => {
				await drain(certificates(context));
				expect(loaded.map((_, index) => shownAt(index))).toEqual([both, both, null]);
				expect(context.host.ran(' sh -c ')).toEqual([]);
			});

			it('are shown on when the next one is refused', async () => {
				issues = false;
				await writePrivate(context, await privateFiles(context));
				log = [refusal(media, 'dns', 'no record')];
				const {error} = await drainToError(certificates(context));
				expect(error).toBeInstanceOf(SetupError);
				expect(loaded.map((_, index) => shownAt(index))).toEqual([both, both]);
				expect(stored.has(copyOf(media).certificate)).toBe(true);
			});
		});

		it('count as not loaded from the beginning', async () => {
			await recordLoaded(context);
			expect(await observeProxy(context)).toMatchObject({loaded: true});
			context.host.on('caddy reload', () => {
				throw new Error('killed');
			});
			const shown = [{name: media, ...copyOf(media)}];
			await reloadMeanwhile(context, {shown, wanted: [media]}).catch(() => {});
			expect(await observeProxy(context)).toMatchObject({loaded: false});
		});

		it.each([
			['those that cannot be verified', () => context.host.files.delete('/opt/specify/specify7/authorities/own.pem')],
			['those that are not in the storage', () => stored.clear()],
		])('leave out %s', async (_, change) => {
			change();
			await drain(certificates(context));
			expect(loaded.map((_, index) => shownAt(index))).toEqual([[], [], [], [], null]);
			expect(context.host.ran(' sh -c ')).toEqual([]);
		});
	});

	it('that were rehearsed in vain are given up by the proxy before it is asked to rehearse again', async () => {
		const skipped: unknown[] = [];
		const servers = {srv0: {}};
		context.host.on('caddy adapt', {stdout: JSON.stringify({apps: {http: {servers}}})});
		const load = context.host.run.bind(context.host);
		context.host.run = async (command, options) => {
			if (options?.input) skipped.push(JSON.parse(options.input).apps.http.servers.srv0.automatic_https ?? null);
			return load(command, options);
		};
		await drain(certificates(context));
		const gives = {skip_certificates: [specify7, media]};
		expect(skipped).toEqual([gives, null, gives, null]);
	});

	it('that the test environment issued, and visitors see, are not rehearsed again', async () => {
		issued[test] = [specify7, media];
		const {yielded} = await drain(certificates(context));
		expect(checks(yielded).filter(name => name.startsWith('rehearsal'))).toEqual([]);
		expect(context.host.ran('rm -rf /data/caddy')).toEqual([]);
	});

	it('of host names that are not used any more leave nothing behind', async () => {
		const old = {'tls-old.example.caddy': '# old\n', 'own.key': 'KEY', 'gate.caddy': '# a gate\n'};
		await writePrivate(context, old);
		issued[real] = [specify7, media];
		await drain(certificates(context));
		const left = [...context.host.files.keys()].filter(path => path.startsWith(`${privateFolder}/`));
		expect(left.map(path => path.slice(privateFolder.length + 1)).sort()).toEqual([
			...['authority.pem', 'gate.caddy', 'own.key', `tls-${media}.caddy`, `tls-${specify7}.caddy`],
		]);
	});

	it('of a failed first rehearsal leave nothing that would ask where it counts', async () => {
		log = [refusal(specify7, 'caa', 'forbidden')];
		issues = false;
		await drainToError(certificates(context));
		expect(directoriesAsked()).toEqual({[specify7]: staging, [media]: staging});
		expect(await observeProxy(context)).toMatchObject({certificates: 'other'});
	});

	it('that do not come in the end are told with the name and the reason', async () => {
		issued[real] = [specify7, media];
		make({ports: {https: 1}});
		log = [refusal(media, 'rateLimited', 'too many certificates already issued, retry after tomorrow')];
		const {error} = await drainToError(certificates(context));
		expect(error.message).toBe(
			`ca.example has issued or refused too often lately for ${media}. It said: too many certificates already issued, retry after tomorrow.`,
		);
		expect((error as SetupError).hint).toContain('Wait as long as it says');
	});

	it('of a name that has one already are not told for what the log says of others', async () => {
		issued[real] = [specify7, media];
		log = [refusal('another.localhost', 'dns', 'not ours')];
		expect((await drain(certificates(context))).result.summary).toContain(specify7);
	});

	it('of an authority without a test environment are asked for there at once', async () => {
		make({acme: {directory, ca: '/root/ca.pem'}});
		await drain(certificates(context));
		expect(asked).toEqual([{[specify7]: directory, [media]: directory}]);
		expect(context.host.ran('find /data/caddy/certificates')).toEqual([]);
	});

	it('of the proxy itself are trusted by their exported root', async () => {
		make({certificates: 'internal', acme: {}});
		context.host.on('cat /data/caddy/pki/authorities/local/root.crt', {stdout: keys.cert});
		const {result} = await drain(certificates(context));
		expect(result.summary).toBe(
			`The proxy serves ${specify7}, ${media}; its root certificate is /opt/specify/certificates/root.crt.`,
		);
		expect(context.host.ran('find /data/caddy/certificates')).toEqual([]);
	});

	it('behind another web server are not looked at', async () => {
		make({certificates: 'internal', acme: {}, proxy: 'behind', ports: {http: 8123, https: 1}});
		context.host.on('cat /data/caddy/pki/authorities/local/root.crt', {stdout: keys.cert});
		const {result, yielded} = await drain(certificates(context));
		expect(result.summary).toBe('The proxy listens on port 8123 of this machine alone, for the web server in front.');
		expect(checks(yielded)).toEqual([]);
	});

	it('are waited for until somebody stops it; what was served before goes on', async () => {
		const before = {'tls-old.caddy': '# old\n', [`tls-${specify7}.caddy`]: '# earlier\n'};
		await writePrivate(context, before);
		issues = false;
		setTimeout(() => context.controller.abort(), 50);
		const {error} = await drainToError(certificates(context));
		expect(error).toBeInstanceOf(Cancelled);
		expect(asked).toHaveLength(2);
		expect(context.host.files.get(`${privateFolder}/tls-${specify7}.caddy`)?.text).toBe('# earlier\n');
	});

	describe('come with the gate', () => {
		beforeEach(() => {
			issued[real] = [specify7, media];
		});

		it.each([
			[0, 'closed'],
			[2, 'open'],
		] as const)('which with %i users known is made %s', async (users, gate) => {
			context.observation = nothingThere({database: databaseSeen({users})}, context.answers);
			await drain(certificates(context));
			expect(await gateOf(context)).toBe(gate);
		});

		it('closed where nothing is known, before the proxy is started', async () => {
			let atStart = '';
			context.host.on(' up --detach', () => {
				atStart = context.host.files.get(`${privateFolder}/gate.caddy`)?.text ?? '';
				return {};
			});
			await drain(certificates(context));
			expect(atStart).toMatch(/^respond @stranger .* 401$/m);
		});

		it('left as it is where it stands', async () => {
			await setGate(context, 'open');
			await drain(certificates(context));
			expect(await gateOf(context)).toBe('open');
		});
	});
});
