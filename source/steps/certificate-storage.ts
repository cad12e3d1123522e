import {X509Certificate} from 'node:crypto';
import {exec} from '../engine/compose.js';
import {privateMount} from '../files/caddyfile.js';
import {namesOf} from '../model/addresses.js';
import {acmeAuthorityOf} from '../model/authority.js';
import type {Context} from './context.js';
import {siteOf} from './site.js';

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
export const certificatesIn = async ({host, directory, signal}: Place, ...folders: string[]) => {
	const {stdout} = await host.run(exec(directory, 'proxy', 'find', ...folders, '-name', '*.crt'), {signal});
	return stdout.split('\n').flatMap(line => line.trim() || []);
};

const nameIn = (path: string) => /([^/]+)\.crt$/.exec(path)![1]!;

/** Host names that have a certificate in a folder. */
export const issuedIn = async (place: Place, folder: string): Promise<Set<string>> =>
	new Set((await certificatesIn(place, folder)).map(nameIn));

/** A host name's certificate and key, as files in the proxy's container. */
export type CertificateFiles = {name: string; certificate: string; key: string};

/** The serial number of a certificate in the proxy's container, hexadecimal; null when it cannot be read or is not valid now. */
const serialIn = async ({host, directory, signal}: Place, path: string) => {
	const {exitCode, stdout} = await host.run(exec(directory, 'proxy', 'cat', path), {signal});
	if (exitCode !== 0) return null;
	try {
		const {serialNumber, validTo} = new X509Certificate(stdout);
		return Date.parse(validTo) > Date.now() ? serialNumber : null;
	} catch {
		return null;
	}
};

/** The good certificates visitors are shown now, where they are not of the authority that the answers name. */
export const shownOfOthers = async (context: Context): Promise<CertificateFiles[]> => {
	const site = await siteOf(context);
	const shown = new Map<string, string>();
	for (const name of namesOf(context.answers)) {
		const result = await site.certificate(name);
		if (result.ok) shown.set(name, result.serial);
	}
	if (shown.size === 0) return [];
	const found: CertificateFiles[] = [];
	for (const path of await certificatesIn(context, storage, privateMount)) {
		const wanted = path.startsWith(`${privateMount}/`) ? [...shown.keys()] : [nameIn(path)];
		const serial = wanted.some(name => shown.has(name)) ? await serialIn(context, path) : null;
		for (const name of wanted)
			if (serial !== null && shown.get(name) === serial)
				found.push({name, certificate: path, key: path.replace(/crt$/, 'key')});
	}
	return found.filter(({certificate}) => !certificate.startsWith(`${issuerFolder(context)}/`));
};
