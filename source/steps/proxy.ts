import {join} from 'node:path';
import {exec} from '../engine/compose.js';
import {exitCodes, SetupError} from '../errors.js';
import {isTlsFile, tlsFile} from '../files/caddyfile.js';
import {hashOf} from '../files/installation.js';
import {proxyFolder, stateFolder} from '../files/names.js';
import {closedGate, openGate, type TlsPhase, tlsText} from '../files/proxy-private.js';
import type {Host} from '../host/host.js';
import {namesOf} from '../model/addresses.js';
import {acmeAuthorityOf} from '../model/authority.js';
import {gateFor} from '../model/gate.js';
import type {ObservedProxy} from '../model/observation.js';
import type {Meanwhile} from './certificate-storage.js';
import type {Context} from './context.js';

type Place = Pick<Context, 'host' | 'directory'>;
type Running = Place & Pick<Context, 'signal'>;
type Given = Place & Pick<Context, 'answers'>;

const configurationInProxy = '/etc/caddy/Caddyfile';

const privatePath = (directory: string, name: string) => join(directory, proxyFolder, name);
const gatePath = (directory: string) => privatePath(directory, 'gate.caddy');
/** What the proxy was last told to load. */
const loadedPath = (directory: string) => join(directory, stateFolder, 'proxy-loaded');

/** The user's file, or our copy of it where theirs is gone: what runs must go on. */
const readSource = async ({host, directory}: Place, path: string, copy: string, key: string) => {
	const text = (await host.read(path)) ?? (await host.read(privatePath(directory, copy)));
	if (text !== null) return text;
	throw new SetupError(`${key} names ${path}, which cannot be read.`, {
		hint: 'Correct the path, or let this user read the file; then run this again.',
		exitCode: exitCodes.refused,
	});
};

/** What only the proxy may know, by file name, apart from the gate. @throws SetupError when a file the answers name cannot be read */
export const privateFiles = async (
	given: Given,
	phaseOf: (name: string) => TlsPhase = () => 'final',
): Promise<Record<string, string>> => {
	const {answers} = given;
	const {own, acme, certificates, proxy} = answers;
	const authority = acmeAuthorityOf(answers);
	const files: Record<string, string> = {};
	if (proxy === 'public' && certificates === 'own') {
		files['own.crt'] = await readSource(given, own.certificate!, 'own.crt', 'own.certificate');
		files['own.key'] = await readSource(given, own.key!, 'own.key', 'own.key');
	}
	const roots = acme.ca ?? own.authority;
	if (roots !== null)
		files['authority.pem'] = await readSource(
			given,
			roots,
			'authority.pem',
			acme.ca === null ? 'own.authority' : 'acme.ca',
		);
	let key: string | null = null;
	if (acme.eab !== null) {
		key = (await readSource(given, acme.eab.keyFile, 'eab.key', 'acme.eab.keyFile')).trim();
		if (!/^[A-Za-z0-9_=-]+$/.test(key))
			throw new SetupError(`${acme.eab.keyFile} does not hold the key of an external account.`, {
				hint: 'It must hold the key alone, in base64url, as the authority gave it.',
				exitCode: exitCodes.refused,
			});
		files['eab.key'] = `${key}\n`;
	}
	for (const name of namesOf(answers)) files[tlsFile(name)] = tlsText(answers, {authority, phase: phaseOf(name), key});
	return files;
};

/** Writes what has changed. Readable by the proxy's user, in a folder that keeps everybody else out. */
export const writePrivate = async ({host, directory}: Place, files: Record<string, string>) => {
	await host.makeFolder(join(directory, proxyFolder), 0o755);
	for (const [name, text] of Object.entries(files)) {
		const path = privatePath(directory, name);
		if ((await host.read(path)) !== text) await host.write(path, text, 0o444);
	}
};

/** Takes away the ways to certificates for host names that are not used any more. */
export const forgetNames = async ({host, directory}: Place, names: readonly string[]) => {
	const used = names.map(tlsFile);
	for (const name of await host.list(join(directory, proxyFolder)))
		if (isTlsFile(name) && !used.includes(name)) await host.remove(privatePath(directory, name));
};

/** What is there of some of these files, by name. */
export const readPrivate = async (
	{host, directory}: Place,
	names: readonly string[],
): Promise<Record<string, string>> => {
	const texts = await Promise.all(
		names.map(async name => [name, await host.read(privatePath(directory, name))] as const),
	);
	return Object.fromEntries(texts.flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
};

/** Whether these files are in place as they are to be. */
export const hasPrivate = async (place: Place, files: Record<string, string>) => {
	const present = await readPrivate(place, Object.keys(files));
	return Object.entries(files).every(([name, text]) => present[name] === text);
};

/** Makes what is missing, so that "docker compose up" by hand serves what a run would: nothing to strangers, and tests first. */
export const preparePrivate = async (given: Given & Pick<Context, 'secrets' | 'observation'>) => {
	const wanted = await privateFiles(given, () => 'staging');
	const present = await readPrivate(given, Object.keys(wanted));
	const missing = Object.entries(wanted).filter(([name]) => !(name in present));
	await writePrivate(given, Object.fromEntries(missing));
	const isOpen = gateFor(given.observation.database) === 'open';
	if ((await given.host.read(gatePath(given.directory))) === null) await setGate(given, isOpen ? 'open' : 'closed');
};

/** How the gate stands; one with another password than today's counts as missing. */
export const gateOf = async ({
	host,
	directory,
	secrets,
}: Place & Pick<Context, 'secrets'>): Promise<ObservedProxy['gate']> => {
	const text = await host.read(gatePath(directory));
	if (text === openGate) return 'open';
	return text === closedGate(secrets.SETUP_PASSWORD) ? 'closed' : 'missing';
};

/** Opens or closes the gate; the proxy heeds it when it next loads its configuration. */
export const setGate = async (
	{host, directory, secrets}: Place & Pick<Context, 'secrets'>,
	gate: Exclude<ObservedProxy['gate'], 'missing'>,
) => writePrivate({host, directory}, {'gate.caddy': gate === 'open' ? openGate : closedGate(secrets.SETUP_PASSWORD)});

/** One value for everything the proxy's configuration is made of, the user's own files included. */
const configurationOf = async (host: Host, directory: string) => {
	const read = async (folder: string, wanted: RegExp) =>
		Promise.all(
			(await host.list(join(directory, folder)))
				.filter(name => wanted.test(name))
				.sort()
				.map(async name => `${name}\n${(await host.read(join(directory, folder, name))) ?? ''}`),
		);
	const parts = await Promise.all([
		read('proxy', /^Caddyfile$/),
		read(proxyFolder, /./),
		read('Caddyfile.d', /\.caddy$/),
	]);
	return hashOf(...parts.flat());
};

/** How the proxy's own affairs stand; changes nothing. */
export const observeProxy = async (given: Given & Pick<Context, 'secrets'>): Promise<ObservedProxy> => {
	const {host, directory} = given;
	const [gate, loaded, now] = await Promise.all([
		gateOf(given),
		host.read(loadedPath(directory)),
		configurationOf(host, directory),
	]);
	let certificates: ObservedProxy['certificates'] = 'other';
	try {
		if (await hasPrivate(given, await privateFiles(given))) certificates = 'final';
	} catch (error) {
		if (!(error instanceof SetupError)) throw error;
	}
	return {gate, certificates, loaded: loaded === now};
};

/** Remembers that the proxy has just been started with its files as they are. */
export const recordLoaded = async ({host, directory}: Place) =>
	host.write(loadedPath(directory), await configurationOf(host, directory), 0o600);

/** Caddy's own reason in what it said. */
const reasonIn = (said: string) => {
	const last = said.trim().split('\n').at(-1) ?? '';
	return last.replace(/^.*?(Error: |"error":")/, '').replace(/^reload: |"?}?$/g, '');
};

/** Loads a configuration. @throws SetupError with the proxy's reason; then the earlier configuration goes on */
const load = async ({host, directory, signal}: Running, args: readonly string[], input?: string) => {
	const command = exec(directory, 'proxy', 'caddy', ...args);
	const {exitCode, stdout, stderr} = await host.run(command, {signal, timeoutMs: 60_000, ...(input ? {input} : {})});
	if (exitCode === 0) return stdout;
	throw new SetupError(`The proxy refuses its new configuration: ${reasonIn(`${stdout}\n${stderr}`)}`, {
		hint: 'It goes on with the earlier one. If a file of your own in Caddyfile.d/ is named, correct it; then run this again.',
	});
};

/**
 * Makes the running proxy heed its files as they are now, without a pause in its service.
 * @throws SetupError with the proxy's reason; then the earlier configuration goes on
 */
export const reloadProxy = async (running: Running, {force = false}: {force?: boolean} = {}) => {
	const {host, directory} = running;
	const configuration = await configurationOf(host, directory);
	// Without --force Caddy does not look again at files that its configuration only names.
	const isStale = (await host.read(loadedPath(directory))) !== configuration;
	await load(running, ['reload', '--config', configurationInProxy, ...(force || isStale ? ['--force'] : [])]);
	await host.write(loadedPath(directory), configuration, 0o600);
};

/** The parts of Caddy's own configuration that are looked at here. */
type CaddyConfiguration = {
	apps: {
		http?: {servers?: Record<string, {automatic_https?: {skip_certificates?: string[]}}>};
		tls?: {certificates?: {automate?: string[]; load_files?: {certificate: string; key: string}[]}};
	};
};

/**
 * Makes the running proxy get certificates in the ways its files say, while visitors are shown others. It counts as not loaded:
 * the next reload shows what has come.
 * @throws SetupError with the proxy's reason; then the earlier configuration goes on
 */
export const reloadMeanwhile = async (running: Running, {shown, wanted}: Meanwhile) => {
	const configuration: CaddyConfiguration = JSON.parse(
		await load(running, ['adapt', '--config', configurationInProxy]),
	);
	await running.host.write(loadedPath(running.directory), '', 0o600);
	const {http, tls} = configuration.apps;
	const {automate = [], load_files = []} = tls?.certificates ?? {};
	const files = [...load_files, ...shown.map(({certificate, key}) => ({certificate, key}))];
	const loadWith = (web: typeof http, names: readonly string[]) => {
		const certificates = {...tls?.certificates, load_files: files, automate: names};
		const apps = {...configuration.apps, http: web, tls: {...tls, certificates}};
		return load(running, ['reload', '--force', '--config', '-'], JSON.stringify({...configuration, apps}));
	};
	// Caddy asks nobody while it has a certificate of its own for a name: it gives those up first.
	const servers = Object.entries(http?.servers ?? {}).map(([name, server]) => {
		const {skip_certificates = [], ...others} = server.automatic_https ?? {};
		return [name, {...server, automatic_https: {...others, skip_certificates: [...skip_certificates, ...wanted]}}];
	});
	await loadWith(
		{...http, servers: Object.fromEntries(servers)},
		automate.filter(name => !wanted.includes(name)),
	);
	// Nor does it ask by itself for a name that it was given a certificate for.
	await loadWith(http, [...new Set([...automate, ...wanted])]);
};
