import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {get} from 'node:https';
import {type AddressInfo, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {unpack} from './apt.js';
import {makeRoot, makeServerCertificate} from './certificates.js';
import {ask, LabError, labHome, say, withLock} from './home.js';
import {launch, started} from './program.js';

const defaultValiditySeconds = 90 * 24 * 3600;
const loopback = '127.0.0.1';
const jose = /^[\w-]+$/;

export type AuthorityOptions = {
	/** Where HTTP-01 and TLS-ALPN-01 find the server under test: its published ports. */
	httpPort: number;
	tlsPort: number;
	/** IPv4 address of this machine, the default answer for names; 127.0.0.1 unless given. */
	address?: string;
	/** What names without a record resolve to; this machine unless given. */
	unknown?: 'this machine' | 'nothing';
	/** An external account without which no account is made; the key is base64url. */
	eab?: {keyId: string; macKey: string};
	/** How long certificates are valid; 90 days unless given. */
	validitySeconds?: number;
};

/** One message of a client to the authority, such as `POST /sign-me-up`. */
export type AcmeRequest = {method: string; path: string};

export type Authority = {
	/** The ACME directory; this machine and the containers on the engine's bridges reach it. */
	directory: string;
	/** Path of the PEM that verifies the directory's own TLS certificate. */
	ca: string;
	/** An address of the engine's bridge that no machine has: connecting fails after about 3 s. */
	nowhere: string;
	/** The root of the certificates it issues, as PEM. */
	roots(): Promise<string>;
	/** Sets the one address record of a name; null: the name resolves to nothing. */
	setAddress(name: string, ipv4: string | null): Promise<void>;
	/** Everything a client asked since the start, in order. */
	requests(): AcmeRequest[];
	/** How many orders were made, which names were validated (once for each attempt), how many certificates came of it. */
	orders(): {created: number; validated: string[]; issued: number};
	stop(): Promise<void>;
};

/** The engine's default bridge: the address of this machine on it, and one that nobody has. */
const bridge = async (): Promise<{gateway: string; nowhere: string}> => {
	const text = await ask(['docker', 'network', 'inspect', 'bridge', '--format', '{{json .IPAM.Config}}']);
	const pools = JSON.parse(text || '[]') as {Subnet?: string; Gateway?: string}[] | null;
	const pool = pools?.find(({Gateway}) => Gateway?.includes('.'));
	if (!pool?.Gateway || !pool.Subnet) {
		throw new LabError("The engine's default bridge has no IPv4 gateway: see `docker network inspect bridge`.");
	}
	const [network = '', bits] = pool.Subnet.split('/');
	const number = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
	const last = number + 2 ** (32 - Number(bits)) - 2;
	return {gateway: pool.Gateway, nowhere: [24, 16, 8, 0].map(shift => (last >>> shift) & 255).join('.')};
};

/** Ports that nobody listens on now; all are held until the last is found, so that they differ. */
const freePorts = async (address: string, count: number): Promise<number[]> => {
	const servers = Array.from({length: count}, () => createServer());
	await Promise.all(servers.map(server => new Promise<void>(done => server.listen(0, address, done))));
	const ports = servers.map(server => (server.address() as AddressInfo).port);
	await Promise.all(servers.map(server => new Promise(done => server.close(done))));
	return ports;
};

/** The folder of the programs, taken out of Debian's package; bookworm has none, and trixie's run there. */
const programs = (home: string): Promise<string> =>
	withLock(home, async () => {
		const folder = join(home, 'pebble');
		if (!existsSync(join(folder, 'usr/bin/pebble'))) {
			say('fetching the certificate authority from Debian …');
			await unpack(home, {name: 'pebble', suite: 'trixie', into: folder});
		}
		return join(folder, 'usr/bin');
	});

const read = (url: string, ca: string): Promise<string> =>
	new Promise((resolve, reject) => {
		const call = get(url, {ca, agent: false, timeout: 2000}, response => {
			const parts: Buffer[] = [];
			response.on('data', part => parts.push(part));
			response.on('end', () => {
				const text = Buffer.concat(parts).toString();
				if (response.statusCode === 200) resolve(text);
				else reject(new Error(`${url}: ${response.statusCode} ${text}`));
			});
		});
		call.on('timeout', () => call.destroy(new Error(`${url}: no answer`)));
		call.on('error', reject);
	});

/**
 * Starts a real ACME server (pebble) with a DNS server of its own. Ports are free ones, so that several can run at once.
 * It answers at once, never refuses a nonce and validates every order anew. Throws a LabError when it does not start.
 */
export const startAuthority = async (options: AuthorityOptions): Promise<Authority> => {
	const {httpPort, tlsPort, address = loopback, unknown = 'this machine', eab} = options;
	if (eab && !jose.test(eab.macKey)) throw new LabError('The key of an external account is written in base64url.');
	const [{gateway, nowhere}, bin] = await Promise.all([bridge(), programs(labHome())]);
	const [acmePort] = await freePorts(gateway, 1);
	const [managementPort, dnsPort, recordsPort] = await freePorts(loopback, 3);
	const folder = mkdtempSync(join(tmpdir(), 'specify-authority-'));
	const ca = await makeRoot(folder);
	const {certificate, key} = await makeServerCertificate(folder, [gateway, loopback]);
	const trusted = readFileSync(ca, 'utf8');
	const config = {
		listenAddress: `${gateway}:${acmePort}`,
		managementListenAddress: `${loopback}:${managementPort}`,
		certificate,
		privateKey: key,
		httpPort,
		tlsPort,
		ocspResponderURL: '',
		externalAccountBindingRequired: Boolean(eab),
		externalAccountMACKeys: eab ? {[eab.keyId]: eab.macKey} : {},
		certificateValidityPeriod: options.validitySeconds ?? defaultValiditySeconds,
	};
	const configFile = join(folder, 'pebble.json');
	writeFileSync(configFile, JSON.stringify({pebble: config}, null, '\t'), {mode: 0o600});

	const log = join(folder, 'pebble.log');
	const namesLog = join(folder, 'names.log');
	const off = ['http01', 'https01', 'tlsalpn01', 'doh', 'defaultIPv6'].flatMap(name => [`-${name}`, '']);
	const records = ['-dns01', `${loopback}:${dnsPort}`, '-management', `${loopback}:${recordsPort}`];
	const standard = ['-defaultIPv4', unknown === 'nothing' ? '' : address];
	const names = launch([join(bin, 'pebble-challtestsrv'), ...off, ...standard, ...records], {log: namesLog});
	const settings = ['-config', configFile, '-dnsserver', `${loopback}:${dnsPort}`, '-strict=false'];
	const env = {PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0'};
	const pebble = launch([join(bin, 'pebble'), ...settings], {log, env});
	const stop = async (): Promise<void> => {
		await Promise.all([pebble.stop(), names.stop()]);
		rmSync(folder, {recursive: true, force: true});
	};

	const change = async (path: string, body: object): Promise<void> => {
		const response = await fetch(`http://${loopback}:${recordsPort}/${path}`, {
			method: 'POST',
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(5000),
		});
		if (!response.ok) throw new LabError(`The authority's DNS server answered ${response.status} to ${path}.`);
	};
	const directory = `https://${gateway}:${acmePort}/dir`;
	const roots = () => read(`https://${loopback}:${managementPort}/roots/0`, trusted);
	const answers = () => Promise.all([read(directory, trusted), roots(), change('clear-a', {host: 'unused.invalid'})]);
	try {
		await started('The certificate authority', answers, {programs: [pebble, names], logs: [log, namesLog]});
	} catch (error) {
		await stop();
		throw error;
	}

	const matches = (pattern: RegExp): RegExpMatchArray[] => [...readFileSync(log, 'utf8').matchAll(pattern)];
	const requests = (): AcmeRequest[] =>
		matches(/ (GET|HEAD|POST) (\S+) -> calling handler/g).map(([, method = '', path = '']) => ({method, path}));
	const own = requests().length;
	return {
		directory,
		ca,
		nowhere,
		roots,
		async setAddress(name, ipv4) {
			await change('clear-a', {host: name});
			// The DNS server drops an entry that is no IPv4 address, and then has neither a record nor the default.
			await change('add-a', {host: name, addresses: [ipv4 ?? '::']});
		},
		requests: () =>
			requests()
				.slice(own)
				.filter(({path}) => !path.startsWith('/roots/')),
		orders: () => ({
			created: matches(/ Added order "/g).length,
			validated: matches(/ Pulled a task .*?Type:"dns", Value:"([^"]+)"/g).map(([, name = '']) => name),
			issued: matches(/ Issued certificate serial /g).length,
		}),
		stop,
	};
};
