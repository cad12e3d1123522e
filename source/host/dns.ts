import {getServers, lookup, Resolver} from 'node:dns/promises';
import {setMaxListeners} from 'node:events';
import {hostname, networkInterfaces} from 'node:os';
import {Cancelled} from '../errors.js';
import {isLocalDomain, isNetworkDomain} from '../model/domain.js';
import {
	type Answer,
	type NameReport,
	type NameViews,
	type OwnAddress,
	ownAddressesOf,
	type View,
} from '../model/names.js';
import type {Command, Host} from './host.js';
import {localHost} from './local.js';

const publicResolvers = {
	ipv4: ['1.1.1.1', '8.8.8.8', '9.9.9.9'],
	ipv6: ['2606:4700:4700::1111', '2001:4860:4860::8888', '2620:fe::fe'],
};
const answerTimeoutMs = 3000;
/** One repetition within the whole time: a lost datagram is not a silent resolver. */
const resendAfterMs = 900;
/** The name is a proposal only: a screen waits for it. */
const hostnameTimeoutMs = 1000;
const maxAliases = 8;

/** Asks the way programs do: hosts file, mDNS, DNS. */
export const getent = (name: string): Command => ({file: 'getent', args: ['ahosts', name]});
export const askHostname: Command = {file: 'hostname', args: ['-f']};

const answerOf = async (asking: Promise<{address: string; ttl: number}[]>): Promise<Answer> => {
	try {
		const records = await asking;
		if (records.length === 0) return {kind: 'no-address'};
		return {
			kind: 'addresses',
			addresses: [...new Set(records.map(({address}) => address))].sort(),
			ttl: Math.max(...records.map(({ttl}) => ttl)),
		};
	} catch (error) {
		switch ((error as NodeJS.ErrnoException).code) {
			case 'ENOTFOUND':
				return {kind: 'no-name'};
			case 'ENODATA':
				return {kind: 'no-address'};
			case 'ESERVFAIL':
				return {kind: 'broken'};
			default:
				return {kind: 'silent'};
		}
	}
};

const aliasesOf = async (resolver: Resolver, name: string): Promise<string[]> => {
	const aliases: string[] = [];
	for (let next: string | undefined = name; next !== undefined && aliases.length < maxAliases; ) {
		const [target]: string[] = await resolver.resolveCname(next).catch(() => []);
		if (target === undefined || target === name || aliases.includes(target)) break;
		aliases.push(target);
		next = target;
	}
	return aliases;
};

type Asking = {timeoutMs: number; signal: AbortSignal};

/** One name at one resolver (or the first of several that answers), within the time given. Never throws for an answer. */
const viewOf = async (name: string, servers: readonly string[], {timeoutMs, signal}: Asking): Promise<View> => {
	const resolver = new Resolver({timeout: resendAfterMs, tries: 2});
	resolver.setServers(servers);
	const stop = () => resolver.cancel();
	// c-ares looks at its clock once a second or so: this one is exact.
	const timer = setTimeout(stop, timeoutMs);
	signal.addEventListener('abort', stop, {once: true});
	try {
		const [ipv4, ipv6, aliases] = await Promise.all([
			answerOf(resolver.resolve4(name, {ttl: true})),
			answerOf(resolver.resolve6(name, {ttl: true})),
			aliasesOf(resolver, name),
		]);
		return {resolver: servers.join(', '), ipv4, ipv6, aliases};
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', stop);
	}
};

const found = (addresses: string[]): Answer =>
	addresses.length > 0
		? {kind: 'addresses', addresses: [...new Set(addresses)].sort(), ttl: null}
		: {kind: 'no-address'};

const getentNotFound = 2;

/**
 * What a program on this machine is told. Asked through `getent`, because a pending look-up of this process's own could
 * not be stopped: with a silent resolver it keeps the process from ending for ten seconds and more.
 */
const systemAnswer = async (host: Pick<Host, 'run'>, name: string, {timeoutMs, signal}: Asking): Promise<Answer> => {
	const {exitCode, stdout} = await host.run(getent(name), {signal, timeoutMs});
	if (exitCode === 0)
		return found(
			stdout
				.split('\n')
				.map(line => line.split(/\s+/)[0]!.replace(/%.*/, ''))
				.filter(Boolean),
		);
	if (exitCode === getentNotFound) return {kind: 'no-name'};
	if (exitCode !== 127) return {kind: 'silent'};
	// No getent: macOS.
	const asking = lookup(name, {all: true}).then(
		addresses => found(addresses.map(({address}) => address)),
		({code}: NodeJS.ErrnoException): Answer => ({kind: code === 'ENOTFOUND' ? 'no-name' : 'silent'}),
	);
	let stop = () => {};
	const late = new Promise<Answer>(resolve => {
		stop = () => resolve({kind: 'silent'});
	});
	const timer = setTimeout(stop, timeoutMs);
	signal.addEventListener('abort', stop, {once: true});
	return Promise.race([asking, late]).finally(() => {
		clearTimeout(timer);
		signal.removeEventListener('abort', stop);
	});
};

/** This machine's addresses, without loopback, link-local and container bridges. */
export const ownAddresses = (): OwnAddress[] => ownAddressesOf(networkInterfaces());

/** This machine's names: as it calls itself, and fully qualified where it knows (null otherwise). */
export const hostNames = async ({
	host = localHost,
	signal,
}: {
	host?: Pick<Host, 'run'>;
	signal?: AbortSignal;
} = {}): Promise<{hostname: string; fqdn: string | null}> => {
	const own = hostname();
	if (own.includes('.')) return {hostname: own, fqdn: own};
	const {exitCode, stdout} = await host.run(askHostname, {signal, timeoutMs: hostnameTimeoutMs});
	const fqdn = stdout.trim();
	return {hostname: own, fqdn: exitCode === 0 && fqdn.includes('.') ? fqdn : null};
};

/**
 * Looks names up for A, AAAA and CNAME at this machine, at its network's resolvers and at public ones, all at once.
 * Takes no longer than `timeoutMs` (a little more on a busy machine); a resolver that cannot be reached is a result.
 * Local names (`*.localhost`) are not asked for at all, names of a network only (`*.local`, `*.lan`…) not in public.
 * Throws `Cancelled` when the signal fires.
 * @param resolvers public ones: addresses, `127.0.0.1:5353` or `[::1]:5353`; by default three, by IPv6 where there is no IPv4
 * @param networkResolvers this network's; by default those of /etc/resolv.conf
 */
export const lookUpNames = async ({
	names,
	ownAddresses: own = ownAddresses(),
	resolvers = own.length > 0 && own.every(({family}) => family === 6) ? publicResolvers.ipv6 : publicResolvers.ipv4,
	networkResolvers = getServers(),
	host = localHost,
	timeoutMs = answerTimeoutMs,
	signal = new AbortController().signal,
}: {
	names: readonly string[];
	ownAddresses?: OwnAddress[];
	resolvers?: readonly string[];
	networkResolvers?: readonly string[];
	host?: Pick<Host, 'run'>;
	timeoutMs?: number;
	signal?: AbortSignal;
}): Promise<NameReport> => {
	if (signal.aborted) throw new Cancelled();
	const asking = {timeoutMs, signal: AbortSignal.any([signal])};
	// Each question listens; Node would warn of the eleventh, in the middle of a screen.
	setMaxListeners(0, asking.signal);
	const look = async (name: string): Promise<NameViews> => {
		if (isLocalDomain(name)) return {name, system: {kind: 'silent'}, network: null, publics: []};
		const [system, network, publics] = await Promise.all([
			systemAnswer(host, name, asking),
			networkResolvers.length > 0 ? viewOf(name, networkResolvers, asking) : null,
			Promise.all((isNetworkDomain(name) ? [] : resolvers).map(resolver => viewOf(name, [resolver], asking))),
		]);
		return {name, system, network, publics};
	};
	const views = await Promise.all([...new Set(names)].map(look));
	if (signal.aborted) throw new Cancelled();
	return {ownAddresses: own, names: views};
};
