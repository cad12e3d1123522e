import {X509Certificate} from 'node:crypto';
import {exec} from '../engine/compose.js';
import {SetupError} from '../errors.js';
import {privateMount} from '../files/caddyfile.js';
import {chainFrom, isPublic, isVouchedFor} from '../host/certificate/chain.js';
import {issuerOf} from '../host/certificate/x509.js';
import {certificateOf} from '../host/https.js';
import {namesOf} from '../model/addresses.js';
import {acmeAuthorityOf} from '../model/authority.js';
import {certificatesIn, readAuthorities} from './authorities.js';
import type {Context} from './context.js';
import {containerOf} from './services.js';

const storage = '/data/caddy/certificates';

const storageSigns: Record<string, string> = {' ': '_', '+': '_plus_', '*': 'wildcard_', ':': '-', '..': ''};

/** How Caddy names an authority's folder in its storage (certmagic: the ACME issuer's key, made safe). */
export const storageName = (directory: string) => {
	const {host, pathname} = new URL(directory);
	const path = decodeURI(pathname)
		.replaceAll('/', '-')
		.replace(/^-+|-+$/g, '');
	return `${host}${path === '' ? '' : `-${path}`}`
		.toLowerCase()
		.replace(/ |\+|\*|:|\.\./g, sign => storageSigns[sign]!)
		.replace(/[^\w@.-]/g, '');
};

/** Where the proxy keeps what an authority issued, in its container; null: the proxy's own authority. */
export const issuedFolder = (directory: string | null) =>
	`${storage}/${directory === null ? 'local' : storageName(directory)}`;

/** The same for the authority that the answers name. */
export const issuerFolder = ({answers}: Pick<Context, 'answers'>) =>
	issuedFolder(acmeAuthorityOf(answers)?.directory ?? null);

type Place = Pick<Context, 'host' | 'directory' | 'signal'>;

/** Paths of certificates in these folders of the proxy's container. */
export const certificatePathsIn = async ({host, directory, signal}: Place, ...folders: string[]) => {
	const {stdout} = await host.run(exec(directory, 'proxy', 'find', ...folders, '-name', '*.crt'), {signal});
	return stdout.split('\n').flatMap(line => line.trim() || []);
};

const nameIn = (path: string) => /([^/]+)\.crt$/.exec(path)![1]!;

/** Host names that have a certificate in one of these folders. */
export const issuedIn = async (place: Place, ...folders: string[]): Promise<Set<string>> =>
	new Set((await certificatePathsIn(place, ...folders)).map(nameIn));

/** A certificate of the proxy's container, with those that go with it; null when it cannot be read. */
const readCertificates = async ({host, directory, signal}: Place, path: string): Promise<X509Certificate[] | null> => {
	const {exitCode, stdout} = await host.run(exec(directory, 'proxy', 'cat', path), {signal});
	if (exitCode !== 0) return null;
	try {
		const certificates = certificatesIn(stdout).map(text => new X509Certificate(text));
		return certificates.length > 0 ? certificates : null;
	} catch {
		return null;
	}
};

const isValid = ({validTo}: X509Certificate) => Date.parse(validTo) > Date.now();

/**
 * The issuer of the valid certificate that the answers' authority has issued for a host name; null while there is none.
 * @param authorities PEM certificates that are trusted besides the public ones
 * @throws SetupError when it would not be trusted
 */
export const issuedFor = async (context: Context, name: string, authorities: readonly string[]) => {
	const found = await readCertificates(context, `${issuerFolder(context)}/${name}/${name}.crt`);
	if (found === null || !isValid(found[0]!)) return null;
	const issuer = issuerOf(found[0]!);
	const roots = authorities.map(text => new X509Certificate(text));
	const chain = chainFrom(found[0]!, found);
	if (chain.some(certificate => isVouchedFor(certificate, roots)) || isPublic(chain)) return issuer;
	throw new SetupError(`Nobody here trusts the certificate that was issued for ${name}: it is by ${issuer}.`, {
		hint: 'Give the root certificate of the authority: --set acme.ca=FILE. The file may hold several.',
	});
};

/** A host name's certificate and key, as files in the proxy's container. */
export type CertificateFiles = {name: string; certificate: string; key: string};

/** What visitors are shown while other certificates are got. */
export type Meanwhile = {
	shown: CertificateFiles[];
	/** Host names that have none of the authority yet, whether something is shown for them or not. */
	wanted: string[];
};

/** Where copies of certificates are while they are shown although others are to come. */
const shownFolder = '/data/shown';

/**
 * A copy to be shown. Newer versions of Caddy know a certificate by its whole chain and do not load one they manage already:
 * with its chain twice it is another.
 */
export const copyToShow = async ({host, directory}: Place, name: string, path: string): Promise<CertificateFiles> => {
	const files = {name, certificate: `${shownFolder}/${name}.crt`, key: `${shownFolder}/${name}.key`};
	if (path === files.certificate) return files;
	const script = `umask 077 && mkdir -p ${shownFolder} && cat "$1.crt" "$1.crt" > "$2.crt" && cat "$1.key" > "$2.key"`;
	const [from = '', to = ''] = [path, files.certificate].map(file => file.replace(/\.crt$/, ''));
	const {exitCode, stderr} = await host.run(exec(directory, 'proxy', 'sh', '-c', script, 'sh', from, to));
	if (exitCode === 0) return files;
	throw new SetupError(`The certificate of ${name} could not be copied: ${stderr.trim()}`, {
		hint: 'Check that the proxy runs ("specify-setup status") and has room, then run this again. Nothing was changed.',
	});
};

/** The copies have done their work. */
export const forgetShown = async ({host, directory}: Place) => {
	await host.run(exec(directory, 'proxy', 'rm', '-rf', shownFolder));
};

/** The good certificates visitors are shown now that are not of the authority the answers name, copied to be shown on. */
export const keepShown = async (context: Context): Promise<Meanwhile> => {
	const names = namesOf(context.answers);
	const none = {shown: [], wanted: names};
	const proxy = await containerOf(context, 'proxy');
	if (proxy?.state !== 'running') return none;
	const authorities = await readAuthorities(context);
	// With other answers the proxy may still be where it was.
	const ports = new Set([context.answers.ports.https, ...proxy.ports]);
	const serials = new Map<string, string>();
	for (const name of names)
		for (const port of ports) {
			const result = await certificateOf({name, port, authorities});
			if (result.ok) serials.set(name, result.serial);
		}
	if (serials.size === 0) return none;
	const kept: Meanwhile = {shown: [], wanted: [...names]};
	for (const path of await certificatePathsIn(context, storage, shownFolder, privateMount)) {
		const candidates = path.startsWith(`${privateMount}/`) ? names : [nameIn(path)];
		const [certificate] = (candidates.some(name => serials.has(name)) && (await readCertificates(context, path))) || [];
		for (const name of candidates) {
			if (!certificate || serials.get(name) !== certificate.serialNumber) continue;
			if (path.startsWith(`${issuerFolder(context)}/`)) kept.wanted = kept.wanted.filter(other => other !== name);
			else if (!kept.shown.some(other => other.name === name)) kept.shown.push(await copyToShow(context, name, path));
		}
	}
	kept.shown = kept.shown.filter(({name}) => kept.wanted.includes(name));
	return kept;
};
