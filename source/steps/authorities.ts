import {X509Certificate} from 'node:crypto';
import {join} from 'node:path';
import {rootCertificates} from 'node:tls';
import {exec} from '../engine/compose.js';
import {messageOf, SetupError} from '../errors.js';
import {hashOf} from '../files/installation.js';
import {proxyFolder, stateFolder} from '../files/names.js';
import {hasOwnAuthority, stagingRoots} from '../model/authority.js';
import type {Context} from './context.js';
import {pause} from './wait.js';

/** Where Caddy keeps the root of its own authority, in its container. */
const rootInProxy = '/data/caddy/pki/authorities/local/root.crt';
const rootTimeoutMs = 60_000;

type Place = Pick<Context, 'host' | 'directory'>;

/** The exported root of the installation's own authority, for browsers. */
export const rootPath = (directory: string) => join(directory, 'certificates', 'root.crt');
const folder = (directory: string) => join(directory, 'specify7', 'authorities');
/** The authorities trusted here that are not public; empty when the certificates are public ones. */
const extraPath = (directory: string) => join(folder(directory), 'own.pem');
/** What Specify 7 trusts: the public authorities and those. */
const bundlePath = (directory: string) => join(folder(directory), 'bundle.pem');

/** The proxy's copy of the authority that the answers name. */
const privateAuthority = (directory: string) => join(directory, proxyFolder, 'authority.pem');

/** The PEM certificates in a text. */
export const certificatesIn = (text: string) =>
	text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** The authorities an installation trusts besides the public ones, PEM each. */
export const readAuthorities = async ({host, directory}: Place) =>
	certificatesIn((await host.read(extraPath(directory))) ?? '');

/** From what the trusted authorities were written down; written last, so that a stopped run is noticed. */
const sourcePath = (directory: string) => join(directory, stateFolder, 'authorities');

const sourceOf = async ({host, directory, answers}: Place & Pick<Context, 'answers'>) => {
	const {certificates, proxy, acme, own} = answers;
	const given = (acme.ca ?? own.authority) === null ? null : await host.read(privateAuthority(directory));
	return `${hashOf(JSON.stringify([certificates, proxy, acme.ca, own.authority, given]))}\n`;
};

/** Whether what Specify 7 trusts has been written, for these answers. */
export const hasAuthorities = async (given: Place & Pick<Context, 'answers'>) => {
	const {host, directory} = given;
	const written = await Promise.all([host.stat(extraPath(directory)), host.stat(bundlePath(directory))]);
	return written.every(file => file !== null) && (await host.read(sourcePath(directory))) === (await sourceOf(given));
};

/** The root of the proxy's own authority, which it makes when it first needs it. */
const readRoot = async ({host, directory, signal}: Context) => {
	for (const deadline = Date.now() + rootTimeoutMs; Date.now() < deadline; await pause(500, signal)) {
		const {exitCode, stdout} = await host.run(exec(directory, 'proxy', 'cat', rootInProxy), {signal});
		if (exitCode === 0 && stdout.includes('END CERTIFICATE')) return stdout;
	}
	throw new SetupError('The proxy did not make its own certificate authority.', {
		hint: 'Read "docker compose logs proxy"; after mending the cause run this again.',
	});
};

/** The roots of Let's Encrypt's staging environment, from its own site. */
const fetchStagingRoots = async (signal: AbortSignal) => {
	try {
		const texts = await Promise.all(
			stagingRoots.map(async address => {
				const answer = await fetch(address, {signal});
				if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
				return answer.text();
			}),
		);
		const roots = texts.flatMap(certificatesIn);
		// They are trusted by this installation alone, and only where they say what they are.
		return roots.filter(root => new X509Certificate(root).subject.includes('(STAGING)')).join('\n');
	} catch (error) {
		signal.throwIfAborted();
		throw new SetupError(`The roots of Let's Encrypt's staging environment could not be had: ${messageOf(error)}.`, {
			hint: 'Specify must trust them to reach its own attachments. Try again, or use certificates: internal or letsencrypt.',
		});
	}
};

/** Whom the answers let this installation trust besides the public authorities, PEM each; the proxy runs with these answers. */
export const extraAuthorities = async (context: Context): Promise<string[]> => {
	const {host, directory, answers, signal} = context;
	const {certificates, proxy, acme, own} = answers;
	if (certificates === 'internal' || proxy === 'behind') return certificatesIn(await readRoot(context));
	if (certificates === 'letsencrypt-staging') return certificatesIn(await fetchStagingRoots(signal));
	const given = acme.ca !== null || own.authority !== null;
	return given ? certificatesIn((await host.read(privateAuthority(directory))) ?? '') : [];
};

/** Writes down whom this installation trusts besides the public authorities, PEM each. Tells whether that has changed. */
export const writeAuthorities = async (context: Context, given?: readonly string[]) => {
	const {host, directory, answers} = context;
	const extra = given ?? (await extraAuthorities(context));
	const own = extra.length === 0 ? '' : `${extra.join('\n')}\n`;
	// Visitors of another web server never see it.
	if (hasOwnAuthority(answers)) await host.write(rootPath(directory), own, 0o644);
	const bundle = `${extra.join('\n')}\n${rootCertificates.join('\n')}\n`;
	const changed = (await host.read(bundlePath(directory))) !== bundle;
	await host.write(extraPath(directory), own, 0o644);
	await host.write(bundlePath(directory), bundle, 0o644);
	await host.write(sourcePath(directory), await sourceOf(context), 0o600);
	return changed;
};

/** Remembers whom the installation trusts; what it returns puts that back. */
export const rememberAuthorities = async ({host, directory}: Place) => {
	const paths = [bundlePath(directory), extraPath(directory), sourcePath(directory)];
	const before = await Promise.all(paths.map(path => host.read(path)));
	return async () => {
		for (const [index, path] of paths.entries())
			if (before[index] !== null) await host.write(path, before[index]!, path === paths[2] ? 0o600 : 0o644);
	};
};
