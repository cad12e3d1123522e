import {createSocket} from 'node:dgram';
import {EventEmitter} from 'node:events';
import {isIP} from 'node:net';
import {hostname} from 'node:os';
import {afterEach, describe, expect, it} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import {askHostname, getent, hostNames, lookUpNames, ownAddresses} from '../../source/host/dns.js';
import type {Command, Finished, Host} from '../../source/host/host.js';
import {localHost} from '../../source/host/local.js';
import {type Answer, judgeNames, type OwnAddress, recordAddresses, zoneSnippet} from '../../source/model/names.js';
import {type DnsServer, type Records, readZone, startDnsServer, type Zone} from '../_helpers/dns-server.js';

const [name, media] = ['specify7.nrm.example', 'media.nrm.example'];
const [here, here6] = ['198.51.100.7', '2001:db8::7'];
const own: OwnAddress[] = [
	{address: here, family: 4, isPrivate: false},
	{address: here6, family: 6, isPrivate: false},
];
const atHome: OwnAddress[] = [{address: '192.168.1.5', family: 4, isPrivate: true}];

const addressesOf = (answer: Answer) => (answer.kind === 'addresses' ? answer.addresses : []);

/** A machine whose programs are told these addresses; names without any do not exist. */
const machine = (known: Record<string, string[]> = {}): Pick<Host, 'run'> => ({
	async run({args}: Command): Promise<Finished> {
		const addresses = known[args[1]!] ?? [];
		const lines = addresses.flatMap(address => ['STREAM', 'DGRAM', 'RAW'].map(type => `${address} ${type} ${name}\n`));
		return {exitCode: addresses.length > 0 ? 0 : 2, stdout: lines.join(''), stderr: ''};
	},
});

/** Looks up with one server as everyone's resolver, unless told otherwise. The machine's programs are told what it says of A. */
const look = (
	server: DnsServer,
	{
		publics = [server],
		network = [server],
		...rest
	}: {publics?: DnsServer[]; network?: DnsServer[]} & Partial<Parameters<typeof lookUpNames>[0]> = {},
) => {
	const entries = Object.entries(network[0]?.zone ?? {}).flatMap(([key, entry]) =>
		typeof entry === 'object' && Array.isArray(entry.A) ? [[key, entry.A]] : [],
	);
	return lookUpNames({
		names: [name],
		ownAddresses: own,
		resolvers: publics.map(({address}) => address),
		networkResolvers: network.map(({address}) => address),
		host: machine(Object.fromEntries(entries)),
		timeoutMs: 3000,
		...rest,
	});
};

const judgeOne = async (...args: Parameters<typeof look>) => {
	const {names, ok, advice} = judgeNames(await look(...args));
	return {...names[0]!, ok, advice: advice.join('\n')};
};

const serve = (entry: Records | Zone[string], more: Zone = {}) => startDnsServer({[name]: entry, ...more});

describe('a name', () => {
	it('that leads here by IPv4 and IPv6 is fine', async () => {
		const server = await serve({A: [here], AAAA: [here6]});
		expect(await judgeOne(server)).toMatchObject({
			state: 'here',
			verdict: 'fine',
			ok: true,
			addresses: [here, here6],
			explanation: `${name} leads to this machine (${here} and ${here6}).`,
		});
		expect([...server.questions].sort()).toEqual(
			['A', 'A', 'AAAA', 'AAAA', 'CNAME', 'CNAME'].map(type => `${type} ${name}`),
		);
	});

	it('without a record is missing, and its report says how long answers are remembered where there are any', async () => {
		const server = await startDnsServer({[media]: {A: [here], ttl: 90}});
		const {names} = await look(server, {names: [name, media]});
		expect(names[0]!.publics[0]).toEqual({
			resolver: server.address,
			ipv4: {kind: 'no-name'},
			ipv6: {kind: 'no-name'},
			aliases: [],
		});
		expect(names[1]!.publics[0]).toMatchObject({
			ipv4: {kind: 'addresses', addresses: [here], ttl: 90},
			ipv6: {kind: 'no-address'},
		});
		expect(await judgeOne(server)).toMatchObject({state: 'missing', verdict: 'wrong', ok: false, addresses: []});
	});

	it('that leads elsewhere says where, and who this machine is', async () => {
		expect(await judgeOne(await serve({A: ['203.0.113.9']}))).toMatchObject({
			state: 'elsewhere',
			verdict: 'wrong',
			explanation: `${name} leads to 203.0.113.9, not to this machine (${here} and ${here6}).`,
		});
	});

	it('that leads to the router in front of this machine is explained, with the ports to forward', async () => {
		expect(await judgeOne(await serve({A: ['203.0.113.9']}), {ownAddresses: atHome})).toMatchObject({
			state: 'elsewhere',
			verdict: 'uncertain',
			explanation: expect.stringContaining('right if 203.0.113.9 is your router'),
			advice: expect.stringContaining('forward TCP ports 80 and 443 to 192.168.1.5'),
		});
	});

	it('with a stale AAAA record is wrong although its A record is right', async () => {
		expect(await judgeOne(await serve({A: [here], AAAA: ['2001:db8::bad']}))).toMatchObject({
			state: 'partly',
			verdict: 'wrong',
			explanation: `${name} leads to this machine only partly: its AAAA record (IPv6) leads to 2001:db8::bad, not to this machine.`,
			advice: expect.stringContaining('Delete the wrong AAAA records'),
		});
	});

	it('that is an alias is followed to its end', async () => {
		const server = await serve(
			{CNAME: 'www.nrm.example'},
			{'www.nrm.example': {CNAME: 'host.nrm.example'}, 'host.nrm.example': {A: [here]}},
		);
		expect(await judgeOne(server)).toMatchObject({
			state: 'here',
			aliases: ['www.nrm.example', 'host.nrm.example'],
			explanation: `${name} leads to this machine (${here}), as an alias of host.nrm.example.`,
		});
	});

	it('that is an alias of nothing says of what', async () => {
		expect(await judgeOne(await serve({CNAME: 'gone.nrm.example'}))).toMatchObject({
			state: 'missing',
			explanation: `${name} is an alias of gone.nrm.example, which has no address.`,
		});
	});

	it('whose aliases go round in a circle ends the look-up', async () => {
		const server = await serve({CNAME: 'b.nrm.example'}, {'b.nrm.example': {CNAME: name}});
		expect((await judgeOne(server)).aliases).toEqual(['b.nrm.example']);
		const loop = {'b.nrm.example': {CNAME: 'c.nrm.example'}, 'c.nrm.example': {CNAME: 'b.nrm.example'}};
		const into = await serve({CNAME: 'b.nrm.example'}, loop);
		expect((await judgeOne(into)).aliases).toEqual(['b.nrm.example', 'c.nrm.example']);
	});

	it('whose name servers fail is not called missing', async () => {
		expect(await judgeOne(await serve('SERVFAIL'))).toMatchObject({
			state: 'broken',
			verdict: 'wrong',
			explanation: expect.stringContaining('SERVFAIL'),
		});
		expect(await judgeOne(await serve({A: [here], AAAA: 'SERVFAIL'}))).toMatchObject({
			state: 'broken',
			explanation: expect.stringContaining('when asked for its IPv6 address'),
		});
	});

	it('whose AAAA question is never answered is not called right', async () => {
		expect(await judgeOne(await serve({A: [here], AAAA: 'silent'}), {timeoutMs: 500})).toMatchObject({
			state: 'unknown',
			verdict: 'uncertain',
			addresses: [here],
		});
	});

	it('is right on the next look after the records shown were created', async () => {
		const server = await startDnsServer({});
		const names = ['nrm.example', name, media];
		const report = await look(server, {names});
		expect(judgeNames(report).names.map(({state}) => state)).toEqual(['missing', 'missing', 'missing']);
		for (const wildcard of [false, true]) {
			server.zone = readZone(zoneSnippet(names, recordAddresses(report.ownAddresses), {wildcard}));
			const known = Object.fromEntries(names.map(each => [each, [here]]));
			expect(judgeNames(await look(server, {names, host: machine(known)}))).toMatchObject({ok: true, advice: []});
		}
	});
});

describe('resolvers that do not agree', () => {
	it('show a change that is still spreading, and for how long', async () => {
		const fresh = await serve({A: [here]});
		const old = await serve({A: ['203.0.113.9'], ttl: 3600});
		expect(await judgeOne(fresh, {publics: [fresh, old]})).toMatchObject({
			state: 'differs',
			verdict: 'uncertain',
			explanation: `${name} leads to this machine for the resolver ${fresh.address}, but ${old.address} still says 203.0.113.9: a change is still spreading, for up to 60 minutes.`,
		});
	});

	it('inside and outside are explained as split DNS', async () => {
		const [outside, inside] = [await serve({A: ['203.0.113.9']}), await serve({A: ['192.168.1.5']})];
		const split = {publics: [outside], network: [inside], ownAddresses: atHome};
		expect(await judgeOne(inside, split)).toMatchObject({
			state: 'differs',
			verdict: 'uncertain',
			addresses: ['203.0.113.9'],
			explanation: expect.stringContaining('inside this network, but from the Internet to 203.0.113.9'),
			advice: expect.stringContaining('forward TCP ports'),
		});
		expect(await judgeOne(inside, {publics: [await serve({A: [here]})], network: [inside]})).toMatchObject({
			state: 'differs',
			explanation: `${name} leads to this machine from the Internet, but inside this network to 192.168.1.5.`,
		});
	});

	it('do not make the hosts file of this machine count as a record', async () => {
		const empty = await startDnsServer({});
		expect(await judgeOne(empty, {host: machine({[name]: ['127.0.1.1']})})).toMatchObject({
			state: 'missing',
			explanation: `${name} is known to this machine only (its hosts file says 127.0.1.1): there is no record yet.`,
		});
	});
});

describe('a resolver', () => {
	it('that never answers costs its time and nothing else', async () => {
		const [server, silent] = [await serve({A: [here]}), await serve('silent')];
		const startedAt = Date.now();
		expect(await judgeOne(server, {publics: [silent, server], timeoutMs: 300})).toMatchObject({state: 'here'});
		expect(Date.now() - startedAt).toBeGreaterThanOrEqual(290);
		expect(Date.now() - startedAt).toBeLessThan(1500);
	});

	it('that loses the first question is asked again', async () => {
		const server = await serve('silent');
		const looking = look(server);
		setTimeout(() => {
			server.zone[name] = {A: [here]};
		}, 500);
		expect(judgeNames(await looking).names[0]!.state).toBe('here');
	});

	it('of the network that does not answer changes nothing about a name that is right', async () => {
		const server = await serve({A: [here]});
		const silent = await serve('silent');
		const host: Pick<Host, 'run'> = {run: async () => ({exitCode: 1, stdout: '', stderr: ''})};
		expect(await judgeOne(server, {network: [silent], host, timeoutMs: 500})).toMatchObject({state: 'here', ok: true});
	});

	it('in public that cannot be reached leaves what the Internet sees unknown', async () => {
		const closed = createSocket('udp4');
		await new Promise<void>(resolve => closed.bind(0, '127.0.0.1', resolve));
		const {port} = closed.address();
		await new Promise<void>(resolve => closed.close(resolve));
		const resolvers = [`127.0.0.1:${port}`];
		expect(await judgeOne(await serve({A: [here]}), {resolvers})).toMatchObject({
			state: 'unknown',
			verdict: 'uncertain',
			advice: expect.stringContaining('port 53 is blocked'),
		});
		expect(await judgeOne(await startDnsServer({}), {resolvers})).toMatchObject({
			state: 'missing',
			explanation: expect.stringContaining('so says the resolver of this network; no public one answers'),
		});
	});

	it('that refuses to answer is like one that cannot be reached', async () => {
		const server = await serve('REFUSED');
		const {names} = await look(server);
		expect(names[0]!.publics[0]).toMatchObject({ipv4: {kind: 'silent'}, ipv6: {kind: 'silent'}});
	});

	it('is taken from the network when it has several and the first is silent', async () => {
		const [silent, server] = [await serve('silent'), await serve({A: [here]})];
		const {names} = await look(server, {network: [silent, server], timeoutMs: 3000});
		expect(names[0]!.network).toMatchObject({ipv4: {kind: 'addresses', addresses: [here]}});
	});
});

describe('names that are nobody else’s business', () => {
	it('below localhost are not asked for at all', async () => {
		const server = await startDnsServer({});
		const host: Pick<Host, 'run'> = {run: () => Promise.reject(new Error('asked'))};
		const report = await look(server, {names: ['specify7.specify.localhost'], host});
		expect(judgeNames(report)).toMatchObject({ok: true, names: [{state: 'here'}]});
		expect(server.questions).toEqual([]);
	});

	it('of a network are asked for inside it only', async () => {
		const [outside, inside] = [await startDnsServer({}), await startDnsServer({'specify7.nrm.lan': {A: [here]}})];
		const report = await look(inside, {publics: [outside], names: ['specify7.nrm.lan']});
		expect(judgeNames(report).names[0]).toMatchObject({state: 'here', verdict: 'fine'});
		expect(outside.questions).toEqual([]);
		expect(inside.questions.length).toBeGreaterThan(0);
	});
});

describe('a look-up', () => {
	const warnings: Error[] = [];
	const onWarning = (warning: Error) => warnings.push(warning);
	afterEach(() => {
		process.off('warning', onWarning);
		warnings.length = 0;
	});

	it('of many names asks all at once, and Node warns of nothing', async () => {
		process.on('warning', onWarning);
		expect(EventEmitter.defaultMaxListeners).toBe(10);
		const silent = await startDnsServer({'*.nrm.example': 'silent'});
		const startedAt = Date.now();
		const names = Array.from({length: 12}, (_, index) => `n${index}.nrm.example`);
		const report = await look(silent, {names, timeoutMs: 300, signal: new AbortController().signal});
		expect(report.names.map(({name: each}) => each)).toEqual(names);
		expect(Date.now() - startedAt).toBeLessThan(2000);
		expect(warnings).toEqual([]);
	});

	it('ends at once when it is stopped', async () => {
		const silent = await serve('silent');
		const controller = new AbortController();
		const looking = look(silent, {timeoutMs: 5000, signal: controller.signal});
		setTimeout(() => controller.abort(), 50);
		const startedAt = Date.now();
		await expect(looking).rejects.toThrow(Cancelled);
		expect(Date.now() - startedAt).toBeLessThan(1000);
		await expect(look(silent, {signal: controller.signal})).rejects.toThrow(Cancelled);
	});
});

describe('this machine', () => {
	// Its own name is in its hosts file: nobody else is asked.
	const alone = {names: [hostname()], resolvers: [], networkResolvers: []};

	it('is asked as programs ask it, hosts file included', async context => {
		const {exitCode, stdout} = await localHost.run(getent(hostname()), {timeoutMs: 2000});
		if (exitCode !== 0) return context.skip();
		const {names} = await lookUpNames(alone);
		expect(names).toEqual([
			{
				name: hostname(),
				system: {kind: 'addresses', addresses: expect.any(Array), ttl: null},
				network: null,
				publics: [],
			},
		]);
		for (const address of addressesOf(names[0]!.system)) {
			expect(isIP(address)).toBeGreaterThan(0);
			expect(stdout).toContain(address);
		}
	});

	it('is asked through the process itself where there is no getent', async () => {
		const host: Pick<Host, 'run'> = {run: async () => ({exitCode: 127, stdout: '', stderr: ''})};
		const [through, direct] = await Promise.all([lookUpNames({...alone, host}), lookUpNames(alone)]);
		expect(addressesOf(direct.names[0]!.system)).toEqual(expect.arrayContaining(addressesOf(through.names[0]!.system)));
	});

	it('has addresses, none of them loopback', () => {
		for (const {address, family} of ownAddresses()) {
			expect(address).not.toMatch(/^127\.|^::1$|^fe80:/);
			expect(family).toBe(address.includes(':') ? 6 : 4);
		}
	});

	it('tells its names, the full one only where it has a domain', async () => {
		const called = (stdout: string, exitCode = 0): Pick<Host, 'run'> => ({
			run: async command => {
				expect(command).toEqual(askHostname);
				return {exitCode, stdout, stderr: ''};
			},
		});
		if (hostname().includes('.')) return;
		expect(await hostNames({host: called('srv1.nrm.example\n')})).toEqual({
			hostname: hostname(),
			fqdn: 'srv1.nrm.example',
		});
		expect(await hostNames({host: called('srv1\n')})).toEqual({hostname: hostname(), fqdn: null});
		expect(await hostNames({host: called('', 1)})).toEqual({hostname: hostname(), fqdn: null});
	});
});
