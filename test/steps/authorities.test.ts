import {rootCertificates} from 'node:tls';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import {
	certificatesIn,
	hasAuthorities,
	readAuthorities,
	rootPath,
	writeAuthorities,
} from '../../source/steps/authorities.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {hasOpenssl, makeCertificate} from '../_helpers/servers.js';

type Given = Parameters<typeof answersWith>[0];

const {folder} = temporaryFolder();
afterEach(() => {
	vi.unstubAllGlobals();
});

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
const own = '/opt/specify/specify7/authorities/own.pem';
const bundle = '/opt/specify/specify7/authorities/bundle.pem';
const exported = '/opt/specify/certificates/root.crt';
const privateAuthority = '/opt/specify/.specify-setup/proxy/authority.pem';

const contextOf = (given: Given = {}) => {
	const context = contextWith({answers: answersWith({domain: 'nrm.example', ...given})});
	context.host.on('cat /data/caddy/pki/authorities/local/root.crt', {stdout: `${pem('OWN')}\n`});
	return context;
};
const textOf = (context: ReturnType<typeof contextOf>, path: string) => context.host.files.get(path)?.text;

describe('the authorities an installation trusts', () => {
	it('are the public ones and its own, whose root is exported for browsers', async () => {
		const context = contextOf();
		expect(await hasAuthorities(context)).toBe(false);
		expect(await writeAuthorities(context)).toBe(true);
		expect(textOf(context, own)).toBe(`${pem('OWN')}\n`);
		expect(textOf(context, exported)).toBe(`${pem('OWN')}\n`);
		expect(rootPath('/opt/specify')).toBe(exported);
		expect(certificatesIn(textOf(context, bundle)!)).toEqual([pem('OWN'), ...rootCertificates.flatMap(certificatesIn)]);
		expect(await readAuthorities(context)).toEqual([pem('OWN')]);
		expect(await hasAuthorities(context)).toBe(true);
		for (const path of [own, bundle, exported]) expect(context.host.files.get(path)?.mode).toBe(0o644);
	});

	it('have not changed the second time', async () => {
		const context = contextOf();
		await writeAuthorities(context);
		expect(await writeAuthorities(context)).toBe(false);
		context.host.on('cat /data/caddy/pki', {stdout: pem('NEW')});
		expect(await writeAuthorities(context)).toBe(true);
		expect(await readAuthorities(context)).toEqual([pem('NEW')]);
	});

	it("behind another web server are the same, but visitors never see the proxy's own", async () => {
		const context = contextOf({proxy: 'behind'});
		await writeAuthorities(context);
		expect(await readAuthorities(context)).toEqual([pem('OWN')]);
		expect(textOf(context, exported)).toBeUndefined();
	});

	it('are the public ones alone for public certificates; that is known, not missing', async () => {
		for (const given of [{certificates: 'letsencrypt'}, {certificates: 'own'}] as const) {
			const context = contextOf(given);
			await writeAuthorities(context);
			expect(await readAuthorities(context)).toEqual([]);
			expect(certificatesIn(textOf(context, bundle)!)).toEqual(rootCertificates.flatMap(certificatesIn));
			expect(await hasAuthorities(context)).toBe(true);
			expect(textOf(context, exported)).toBeUndefined();
		}
	});

	it.each<[what: string, given: Given]>([
		["a museum's own", {certificates: 'letsencrypt', acme: {directory: 'https://ca.example/acme', ca: '/root/ca.pem'}}],
		['that of files', {certificates: 'own', own: {certificate: '/a', key: '/b', authority: '/root/ca.pem'}}],
	])('include %s, from our copy of it', async (_, given) => {
		const context = contextOf(given);
		context.host.files.set(privateAuthority, {text: `comment\n${pem('ONE')}\n${pem('TWO')}\n`, mode: 0o444});
		await writeAuthorities(context);
		expect(await readAuthorities(context)).toEqual([pem('ONE'), pem('TWO')]);
	});

	it('are not known while one of the two files is missing', async () => {
		for (const path of [own, bundle]) {
			const context = contextOf();
			await writeAuthorities(context);
			context.host.files.delete(path);
			expect(await hasAuthorities(context)).toBe(false);
		}
	});

	it('are waited for while the proxy has not made its own; a stop ends the wait', async () => {
		const context = contextOf();
		let looks = 0;
		context.host.on('cat /data/caddy/pki', () =>
			++looks < 2 ? {exitCode: 1, stderr: 'No such file'} : {stdout: pem('LATE')},
		);
		await writeAuthorities(context);
		expect(await readAuthorities(context)).toEqual([pem('LATE')]);

		const stopped = contextOf();
		stopped.host.on('cat /data/caddy/pki', {exitCode: 1});
		setTimeout(() => stopped.controller.abort(), 20);
		await expect(writeAuthorities(stopped)).rejects.toBeInstanceOf(Cancelled);
		expect(textOf(stopped, bundle)).toBeUndefined();
	});
});

describe.runIf(hasOpenssl)('the test environment', () => {
	const fetching = (answer: (address: string) => Response | Promise<Response>) => {
		const asked: string[] = [];
		vi.stubGlobal('fetch', async (address: string) => {
			asked.push(address);
			return answer(address);
		});
		return asked;
	};

	it('is trusted by the roots its own site names, and by nothing that does not say what it is', async () => {
		const staging = makeCertificate(folder, '(STAGING) Pretend Pear X1').cert.trim();
		const stranger = makeCertificate(folder, 'Real Root X1').cert.trim();
		const asked = fetching(address => new Response(address.includes('x1') ? staging : stranger));
		const context = contextOf({certificates: 'letsencrypt-staging'});
		await writeAuthorities(context);
		expect(await readAuthorities(context)).toEqual([staging]);
		expect(asked.length).toBeGreaterThan(1);
		for (const address of asked) expect(address).toMatch(/^https:\/\/letsencrypt\.org\/certs\/staging\//);
	});

	it.each<[what: string, answer: () => Response]>([
		[
			'that does not answer',
			() => {
				throw new Error('getaddrinfo ENOTFOUND letsencrypt.org');
			},
		],
		['that has moved its roots', () => new Response('gone', {status: 404})],
	])('%s is told with what to do, and nothing is written', async (_, answer) => {
		fetching(answer);
		const context = contextOf({certificates: 'letsencrypt-staging'});
		const failure = await failureOf(writeAuthorities(context));
		expect(failure.message).toMatch(
			/^The roots of Let's Encrypt's staging environment could not be had: .*(ENOTFOUND|404)/,
		);
		expect(failure.hint).toContain('certificates: internal');
		expect(textOf(context, bundle)).toBeUndefined();
	});
});
