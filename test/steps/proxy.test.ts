import {describe, expect, it} from 'vitest';
import type {SetupError} from '../../source/errors.js';
import {closedGate, openGate} from '../../source/files/proxy-private.js';
import {localHost} from '../../source/host/local.js';
import {writeFiles} from '../../source/steps/files.js';
import {
	gateOf,
	observeProxy,
	privateFiles,
	readPrivate,
	reloadProxy,
	setGate,
	writePrivate,
} from '../../source/steps/proxy.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';

type Given = Parameters<typeof answersWith>[0];

const {fresh} = temporaryFolder();
const folder = '/opt/specify/.specify-setup/proxy';
const domain = 'nrm.example';
const own = {certificate: '/etc/ssl/nrm.crt', key: '/etc/ssl/nrm.key'};
const directory = 'https://acme.ca.example/directory';
const eab = {kid: 'kid-1', keyFile: '/root/eab.key'};

const contextOf = (given: Given = {}, sources: Record<string, string> = {}) => {
	const context = contextWith({answers: answersWith({domain, ...given})});
	for (const [path, text] of Object.entries(sources)) context.host.files.set(path, {text, mode: 0o600});
	return context;
};
const tlsNames = ['tls-media.nrm.example.caddy', 'tls-nrm.example.caddy', 'tls-specify7.nrm.example.caddy'];

describe('the private files of the proxy', () => {
	it.each<[what: string, given: Given, sources: Record<string, string>, files: string[]]>([
		['with an own authority', {}, {}, tlsNames],
		['behind another web server', {proxy: 'behind'}, {}, tlsNames],
		["of Let's Encrypt", {certificates: 'letsencrypt'}, {}, tlsNames],
		[
			"of one's own certificate",
			{certificates: 'own', own},
			{[own.certificate]: 'CERTIFICATE', [own.key]: 'KEY'},
			['own.crt', 'own.key', ...tlsNames],
		],
		[
			"of one's own certificate with its root",
			{certificates: 'own', own: {...own, authority: '/etc/ssl/root.pem'}},
			{[own.certificate]: 'CERTIFICATE', [own.key]: 'KEY', '/etc/ssl/root.pem': 'ROOT'},
			['authority.pem', 'own.crt', 'own.key', ...tlsNames],
		],
		[
			'of another authority with root and account',
			{certificates: 'letsencrypt', acme: {directory, ca: '/root/ca.pem', eab}},
			{'/root/ca.pem': 'ROOT', [eab.keyFile]: 'c2VjcmV0\n'},
			['authority.pem', 'eab.key', ...tlsNames],
		],
		[
			'where names are shared and there is no page',
			{hostnames: {specify7: domain, media: domain, landing: null}},
			{},
			['tls-nrm.example.caddy'],
		],
	])('%s are these, byte for byte what was given', async (_, given, sources, files) => {
		const context = contextOf(given, sources);
		const made = await privateFiles(context);
		expect(Object.keys(made).sort()).toEqual(files);
		await writePrivate(context, made);
		for (const text of Object.values(sources))
			expect(
				[...context.host.files].filter(([path]) => path.startsWith(folder)).map(([, file]) => file.text),
			).toContain(text);
	});

	it('can be read by the user of its container, below a folder that keeps everybody else out', async () => {
		const context = contextOf({certificates: 'own', own}, {[own.certificate]: 'CERTIFICATE', [own.key]: 'KEY'});
		await drain(writeFiles(context));
		await writePrivate(context, await privateFiles(context));
		await setGate(context, 'closed');
		const written = [...context.host.files].filter(([path]) => path.startsWith(folder));
		expect(written).toHaveLength(6);
		for (const [path, {mode}] of written) expect([path, mode]).toEqual([path, 0o444]);
		expect(context.host.folders.get(folder)).toBe(0o755);
		expect(context.host.folders.get('/opt/specify/.specify-setup')).toBe(0o700);
	});

	it('have these modes on a real disk, whatever the umask is', async () => {
		const real = {...contextWith({directory: fresh('specify')}), host: localHost};
		const before = process.umask(0o077);
		try {
			await drain(writeFiles(real));
			await writePrivate(real, await privateFiles(real));
		} finally {
			process.umask(before);
		}
		const modeOf = async (path: string) => (await localHost.stat(`${real.directory}/${path}`))?.mode;
		expect(await modeOf('.specify-setup')).toBe(0o700);
		expect(await modeOf('.specify-setup/proxy')).toBe(0o755);
		expect(await modeOf('.specify-setup/proxy/tls-specify.localhost.caddy')).toBe(0o444);
	});

	it('are written again only where they differ', async () => {
		const context = contextOf();
		await writePrivate(context, {a: '1', b: '2'});
		const kept = context.host.files.get(`${folder}/a`);
		await writePrivate(context, {a: '1', b: '3'});
		expect(context.host.files.get(`${folder}/a`)).toBe(kept);
		expect(context.host.files.get(`${folder}/b`)?.text).toBe('3');
	});

	it("go on from our copies when the museum's files are gone", async () => {
		const given = {certificates: 'own', own: {...own, authority: '/etc/ssl/root.pem'}} as const;
		const sources = {[own.certificate]: 'CERTIFICATE', [own.key]: 'KEY', '/etc/ssl/root.pem': 'ROOT'};
		const context = contextOf(given, sources);
		const first = await privateFiles(context);
		await writePrivate(context, first);
		for (const path of Object.keys(sources)) context.host.files.delete(path);
		expect(await privateFiles(context)).toEqual(first);
		expect((await observeProxy(context)).certificates).toBe('final');
	});

	it.each<[key: string, given: Given]>([
		['own.certificate', {certificates: 'own', own}],
		['own.authority', {certificates: 'own', own: {...own, authority: '/etc/ssl/root.pem'}}],
		['acme.ca', {certificates: 'letsencrypt', acme: {directory, ca: '/root/ca.pem'}}],
		['acme.eab.keyFile', {certificates: 'letsencrypt', acme: {directory, eab}}],
	])('refuse a path that leads nowhere, and name the answer: %s', async (key, given) => {
		const sources = key === 'own.authority' ? {[own.certificate]: 'CERTIFICATE', [own.key]: 'KEY'} : {};
		const failure = await failureOf(privateFiles(contextOf(given, sources)));
		expect(failure.message).toMatch(new RegExp(`^${key.replaceAll('.', '\\.')} names /.*cannot be read\\.$`));
		expect(failure.exitCode).toBe(3);
	});

	it.each(['not a key', '{file./etc/passwd}', '"a"', '', 'a\nb'])(
		'refuse the key of an account that is none, without telling it: %j',
		async key => {
			const context = contextOf({certificates: 'letsencrypt', acme: {directory, eab}}, {[eab.keyFile]: key});
			const failure = await failureOf(privateFiles(context));
			expect(failure.message).toBe('/root/eab.key does not hold the key of an external account.');
			expect(failure.exitCode).toBe(3);
		},
	);

	it('ask the test environment only for the names that are rehearsed', async () => {
		const context = contextOf({certificates: 'letsencrypt'});
		const files = await privateFiles(context, name => (name === domain ? 'staging' : 'final'));
		const asksReal = Object.entries(files).flatMap(([name, text]) =>
			/dir https:\/\/acme-v02/.test(text) ? [name] : [],
		);
		expect(asksReal).toEqual(['tls-specify7.nrm.example.caddy', 'tls-media.nrm.example.caddy']);
	});
});

describe('what is observed of the proxy', () => {
	const settled = async (given: Given = {}) => {
		const context = contextOf(given);
		await drain(writeFiles(context));
		await writePrivate(context, await privateFiles(context));
		await setGate(context, 'open');
		await reloadProxy(context);
		return context;
	};

	it('before it was ever started is nothing', async () => {
		expect(await observeProxy(contextOf())).toEqual({gate: 'missing', certificates: 'other', loaded: false});
	});

	it('is complete once it was told to load what there is', async () => {
		expect(await observeProxy(await settled())).toEqual({gate: 'open', certificates: 'final', loaded: true});
	});

	it('changes nothing', async () => {
		const context = await settled();
		const before = new Map(context.host.files);
		const commands = context.host.commands.length;
		await observeProxy(context);
		expect(context.host.files).toEqual(before);
		expect(context.host.commands).toHaveLength(commands);
	});

	it('in the middle of a rehearsal has no final certificates', async () => {
		const context = await settled({certificates: 'letsencrypt'});
		await writePrivate(context, await privateFiles(context, () => 'staging'));
		expect(await observeProxy(context)).toMatchObject({certificates: 'other', loaded: false});
	});

	it.each([
		['the Caddyfile', '/opt/specify/proxy/Caddyfile'],
		['the gate', `${folder}/gate.caddy`],
		['a file of the user', '/opt/specify/Caddyfile.d/extra.caddy'],
	])('tells that %s has changed since it was loaded', async (_, path) => {
		const context = await settled();
		await context.host.write(path, '# another\n', 0o644);
		expect((await observeProxy(context)).loaded).toBe(false);
	});

	it('does not take what the proxy does not read for a change', async () => {
		const context = await settled();
		await context.host.write('/opt/specify/Caddyfile.d/readme.txt', 'notes', 0o644);
		expect((await observeProxy(context)).loaded).toBe(true);
	});

	it('of other answers is that there is something to do', async () => {
		const context = await settled();
		const answers = answersWith({domain, certificates: 'letsencrypt'});
		expect((await observeProxy({...context, answers})).certificates).toBe('other');
	});

	it('of a certificate that cannot be read is no error', async () => {
		const context = await settled();
		const answers = answersWith({domain, certificates: 'own', own});
		expect((await observeProxy({...context, answers})).certificates).toBe('other');
	});
});

describe('the gate', () => {
	it('is open, closed, or not there yet', async () => {
		const context = contextOf();
		expect(await gateOf(context)).toBe('missing');
		await setGate(context, 'closed');
		expect(await gateOf(context)).toBe('closed');
		expect(context.host.files.get(`${folder}/gate.caddy`)?.text).toBe(closedGate(knownSecrets.SETUP_PASSWORD));
		await setGate(context, 'open');
		expect(await gateOf(context)).toBe('open');
		expect(context.host.files.get(`${folder}/gate.caddy`)?.text).toBe(openGate);
	});

	it('with the password of yesterday, or written by hand, counts as missing', async () => {
		const context = contextOf();
		await setGate(context, 'closed');
		expect(await gateOf({...context, secrets: {...knownSecrets, SETUP_PASSWORD: 'another'}})).toBe('missing');
		await context.host.write(`${folder}/gate.caddy`, '# nothing\n', 0o444);
		expect(await gateOf(context)).toBe('missing');
	});

	it('keeps its password to .env and that one file', async () => {
		const context = contextOf();
		await drain(writeFiles(context));
		await writePrivate(context, await privateFiles(context));
		await setGate(context, 'closed');
		await reloadProxy(context);
		const password = knownSecrets.SETUP_PASSWORD;
		const encoded = Buffer.from(`setup:${password}`).toString('base64');
		const holding = (text: string) =>
			[...context.host.files].flatMap(([path, file]) => (file.text.includes(text) ? [path] : []));
		expect(holding(password).sort()).toEqual(['/opt/specify/.env', '/opt/specify/.specify-setup/environment']);
		expect(holding(encoded)).toEqual([`${folder}/gate.caddy`]);
		for (const said of context.host.commands) expect(said).not.toMatch(new RegExp(`${password}|${encoded}`));
	});
});

describe('a reload of the proxy', () => {
	const loaded = '/opt/specify/.specify-setup/proxy-loaded';

	it('is recorded once it went well', async () => {
		const context = contextOf();
		await reloadProxy(context);
		expect(context.host.ran('exec --no-TTY proxy caddy reload --config /etc/caddy/Caddyfile')).toHaveLength(1);
		// Its files may have changed without the configuration that names them.
		expect(context.host.ran('--force')).toHaveLength(1);
		expect(context.host.files.get(loaded)?.mode).toBe(0o600);
		await reloadProxy(context);
		expect(context.host.ran('--force')).toHaveLength(1);
		await reloadProxy(context, {force: true});
		expect(context.host.ran('--force')).toHaveLength(2);
	});

	it("that Caddy refuses is told in Caddy's words, and the record stays what it was", async () => {
		const context = contextOf();
		await reloadProxy(context);
		const before = context.host.files.get(loaded);
		await context.host.write('/opt/specify/Caddyfile.d/own.caddy', 'nonsense\n', 0o644);
		context.host.on('caddy reload', {
			exitCode: 1,
			stderr:
				'{"level":"info","ts":1,"msg":"using provided configuration"}\nError: adapting config using caddyfile: /etc/caddy.d/own.caddy:1: unrecognized directive: nonsense\n',
		});
		const failure: SetupError = await failureOf(reloadProxy(context));
		expect(failure.message).toBe(
			'The proxy refuses its new configuration: adapting config using caddyfile: /etc/caddy.d/own.caddy:1: unrecognized directive: nonsense',
		);
		expect(failure.hint).toContain('Caddyfile.d/');
		expect(context.host.files.get(loaded)).toBe(before);
		expect((await observeProxy(context)).loaded).toBe(false);
	});

	it('records what it loaded, not what was written meanwhile', async () => {
		const context = contextOf();
		context.host.on('caddy reload', () => {
			context.host.files.set('/opt/specify/Caddyfile.d/late.caddy', {text: '# late\n', mode: 0o644});
			return {};
		});
		await reloadProxy(context);
		expect((await observeProxy(context)).loaded).toBe(false);
	});

	it('leaves the earlier files to be read back', async () => {
		const context = contextOf();
		await writePrivate(context, {a: '1'});
		expect(await readPrivate(context, ['a', 'b'])).toEqual({a: '1'});
	});
});
