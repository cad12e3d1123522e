import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseAnswers} from '../../source/model/answers.js';
import {isLocalDomain, isNetworkDomain} from '../../source/model/domain.js';
import {
	type Answer,
	judgeNames,
	type NameReport,
	type NameViews,
	type OwnAddress,
	ownAddressesOf,
	proposedDomain,
	recordAddresses,
	unknownAddress,
	type View,
	zoneSnippet,
} from '../../source/model/names.js';
import {readZone} from '../_helpers/dns-server.js';

const name = 'specify7.nrm.example';
const [here, here6, inside] = ['198.51.100.7', '2001:db8::7', '192.168.1.5'];
const own = (...addresses: string[]): OwnAddress[] =>
	ownAddressesOf({eth0: addresses.map(address => ({address, internal: false}))});

const answer = (...addresses: string[]): Answer =>
	addresses.length > 0 ? {kind: 'addresses', addresses, ttl: 300} : {kind: 'no-name'};
const silent: Answer = {kind: 'silent'};
const view = (ipv4: Answer, ipv6: Answer, aliases: string[] = []): View => ({
	resolver: '192.0.2.53',
	ipv4,
	ipv6,
	aliases,
});
const four = (...addresses: string[]) => view(answer(...addresses), answer());
const nowhere = view(silent, silent);

const judge = (views: Partial<NameViews>, ownAddresses = own(here, here6)) => {
	const seen = views.publics?.[0];
	const report = {name, system: seen?.ipv4 ?? silent, network: seen ?? null, publics: [], ...views};
	const {names, advice} = judgeNames({ownAddresses, names: [report]});
	return {...names[0]!, advice: advice.join(' ')};
};
const judgePublic = (seen: View, ownAddresses?: OwnAddress[]) => judge({publics: [seen]}, ownAddresses);

describe('a name that leads', () => {
	it.each([
		['here by IPv4 alone', four(here), 'here', 'fine'],
		['here by IPv6 alone', view(answer(), answer(here6)), 'here', 'fine'],
		['here by another spelling of the address', view(answer(), answer('2001:db8:0:0:0:0:0:7')), 'here', 'fine'],
		['here and elsewhere by IPv4', four(here, '203.0.113.9'), 'partly', 'wrong'],
		['here by IPv6, elsewhere by IPv4', view(answer('203.0.113.9'), answer(here6)), 'partly', 'wrong'],
		['elsewhere by both', view(answer('203.0.113.9'), answer('2001:db8::9')), 'elsewhere', 'wrong'],
		['to several machines', four('203.0.113.1', '203.0.113.2', '203.0.113.3'), 'elsewhere', 'uncertain'],
		['to Cloudflare', view(answer('104.21.3.4', '172.67.1.2'), answer('2606:4700::1')), 'elsewhere', 'uncertain'],
		['to a private address of another machine', four('10.0.0.9'), 'private', 'wrong'],
		['everyone to themselves', four('127.0.0.1'), 'private', 'wrong'],
		['nowhere', four(), 'missing', 'wrong'],
	] as const)('%s is judged so', (_, seen, state, verdict) => {
		expect(judgePublic(seen)).toMatchObject({state, verdict});
	});

	it('to a well-known proxy is told by the proxy’s name', () => {
		expect(judgePublic(four('104.21.3.4')).explanation).toContain('Cloudflare (104.21.3.4), a proxy');
		expect(judgePublic(four('151.101.1.1')).explanation).toContain('Fastly');
	});

	it('by a private address to this machine works inside only', () => {
		expect(judgePublic(four(inside), own(inside))).toMatchObject({
			state: 'private',
			verdict: 'uncertain',
			explanation: expect.stringContaining('works inside your network, not from outside'),
		});
		expect(judgePublic(four(here, inside), own(here, inside))).toMatchObject({state: 'partly', verdict: 'wrong'});
	});

	it('to a router by IPv4 and here by IPv6 is the router’s matter, not a stale record', () => {
		const seen = view(answer('203.0.113.9'), answer(here6));
		expect(judgePublic(seen, own(inside, here6))).toMatchObject({
			state: 'elsewhere',
			verdict: 'uncertain',
			advice: expect.stringContaining(inside),
		});
		expect(judgePublic(seen, own(here6))).toMatchObject({state: 'partly', verdict: 'wrong'});
	});

	it('somewhere, while nobody is told that it exists, is explained', () => {
		const exists = view({kind: 'no-address'}, {kind: 'no-address'});
		expect(judgePublic(exists).explanation).toBe(
			`${name} exists, but has no address record yet: nobody can find this machine by it.`,
		);
	});

	it('to the same addresses for the network’s own resolver only is not on the Internet', () => {
		expect(judge({publics: [four()], network: four(inside), system: answer(inside)}, own(inside))).toMatchObject({
			state: 'differs',
			explanation: `${name} is known only inside this network (${inside}), not on the Internet.`,
		});
	});

	it('here for the Internet but is not known in this network yet is on its way', () => {
		expect(judge({publics: [four(here)], network: four(), system: answer()})).toMatchObject({
			state: 'differs',
			verdict: 'uncertain',
			explanation: expect.stringContaining('this network does not know it yet'),
		});
	});

	it('here by the hosts file, as a resolver on this machine repeats it, has no record', () => {
		const loop = four('127.0.1.1');
		expect(judge({publics: [four()], network: loop, system: loop.ipv4})).toMatchObject({
			state: 'missing',
			explanation: expect.stringContaining('hosts file'),
		});
	});

	it('here, asked where no public resolver answers, is unknown; elsewhere is told with that doubt', () => {
		expect(judge({publics: [nowhere], network: four(here), system: answer(here)})).toMatchObject({state: 'unknown'});
		expect(judge({publics: [nowhere], network: four('203.0.113.9'), system: answer('203.0.113.9')})).toMatchObject({
			state: 'elsewhere',
			explanation: expect.stringMatching(/\(so says the resolver of this network; no public one answers\)\.$/),
		});
		expect(judge({publics: [nowhere], network: nowhere, system: answer(here)}).explanation).toContain(
			'no resolver answers',
		);
	});

	it('nowhere because an offline resolver fails is unknown, not broken', () => {
		const failing = view({kind: 'broken'}, {kind: 'broken'});
		expect(judge({publics: [nowhere], network: failing, system: silent})).toMatchObject({state: 'unknown'});
		expect(judge({publics: [failing, nowhere], network: failing, system: silent})).toMatchObject({state: 'broken'});
	});

	it('here for one resolver while another fails for a moment is here', () => {
		expect(judge({publics: [four(here), view({kind: 'broken'}, answer())], network: four(here)}).state).not.toBe(
			'broken',
		);
	});
});

describe('a name of the network only', () => {
	const report = (ipv4: Answer) => ({
		name: 'specify7.nrm.lan',
		system: ipv4,
		network: view(ipv4, answer()),
		publics: [],
	});

	it.each([
		[answer(inside), 'here'],
		[answer('192.168.1.9'), 'elsewhere'],
		[answer(), 'missing'],
	])('is judged inside the network (%#)', (ipv4, state) => {
		expect(judge(report(ipv4), own(inside))).toMatchObject({
			state,
			advice: expect.stringContaining('never get a public certificate'),
		});
	});
});

describe('judgements', () => {
	const address = fc.constantFrom(
		here,
		here6,
		inside,
		'203.0.113.9',
		'2001:db8::9',
		'104.21.3.4',
		'127.0.0.1',
		'10.9.8.7',
	);
	const anAnswer = (family: 4 | 6): fc.Arbitrary<Answer> =>
		fc.oneof(
			fc.constantFrom<Answer>({kind: 'no-name'}, {kind: 'no-address'}, {kind: 'broken'}, {kind: 'silent'}),
			fc.record({
				kind: fc.constant('addresses' as const),
				addresses: fc.uniqueArray(
					address.filter(each => each.includes(':') === (family === 6)),
					{minLength: 1, maxLength: 3},
				),
				ttl: fc.option(fc.nat(100_000)),
			}),
		);
	const aView = fc.record({
		resolver: fc.constantFrom('192.0.2.1', '192.0.2.2'),
		ipv4: anAnswer(4),
		ipv6: anAnswer(6),
		aliases: fc.array(fc.constantFrom('a.example', 'b.example'), {maxLength: 2}),
	});
	const aReport: fc.Arbitrary<NameReport> = fc.record({
		ownAddresses: fc.uniqueArray(fc.constantFrom(here, here6, inside), {maxLength: 3}).map(list => own(...list)),
		names: fc.array(
			fc.record({
				name: fc.constantFrom(name, 'media.nrm.example', 'x.localhost', 'x.nrm.lan'),
				system: anAnswer(4),
				network: fc.option(aView),
				publics: fc.array(aView, {maxLength: 3}),
			}),
			{minLength: 1, maxLength: 3},
		),
	});
	const everyAddress = ({publics}: NameViews) =>
		publics.flatMap(({ipv4, ipv6}) => [ipv4, ipv6]).flatMap(each => (each.kind === 'addresses' ? each.addresses : []));

	it('say one sentence about each name, give each advice once, and are ok only when all is fine', () => {
		fc.assert(
			fc.property(aReport, report => {
				const {names, ok, advice} = judgeNames(report);
				expect(names.map(each => each.name)).toEqual(report.names.map(each => each.name));
				for (const {name: each, explanation, verdict, state} of names) {
					expect(explanation.startsWith(`${each} `)).toBe(true);
					expect(explanation).toMatch(/^[^\n]+[^.]\.$/);
					expect(explanation).not.toMatch(/undefined|null|\(\)| {2}|\. [A-Z]/);
					expect(verdict === 'fine').toBe(state === 'here');
				}
				expect(ok).toBe(names.every(({verdict}) => verdict === 'fine'));
				expect(new Set(advice).size).toBe(advice.length);
				if (!ok) expect(advice.length).toBeGreaterThan(0);
			}),
			{numRuns: 1000},
		);
	});

	it('never call a name fine that anyone on the Internet is led elsewhere by', () => {
		fc.assert(
			fc.property(aReport, report => {
				const mine = new Set(report.ownAddresses.map(({address: each}) => each));
				for (const [index, {verdict, name: each}] of judgeNames(report).names.entries()) {
					if (verdict !== 'fine' || isLocalDomain(each) || isNetworkDomain(each)) continue;
					const addresses = everyAddress(report.names[index]!);
					expect(addresses.length).toBeGreaterThan(0);
					expect(addresses.every(found => mine.has(found) && found !== inside)).toBe(true);
				}
			}),
			{numRuns: 1000},
		);
	});

	it('do not depend on which resolver is asked first', () => {
		fc.assert(
			fc.property(aReport, report => {
				const turned = report.names.map(views => ({...views, publics: [...views.publics].reverse()}));
				const [one, other] = [judgeNames(report), judgeNames({...report, names: turned})];
				expect(other.names.map(({state, verdict}) => [state, verdict])).toEqual(
					one.names.map(({state, verdict}) => [state, verdict]),
				);
			}),
			{numRuns: 500},
		);
	});
});

describe('the zone snippet', () => {
	const names = ['specify7.nrm.example', 'media.nrm.example'];

	it('holds aligned A and AAAA records of every name', () => {
		expect(zoneSnippet(names, [here, here6])).toBe(
			[
				'specify7.nrm.example.  300  IN  A     198.51.100.7',
				'specify7.nrm.example.  300  IN  AAAA  2001:db8::7',
				'media.nrm.example.     300  IN  A     198.51.100.7',
				'media.nrm.example.     300  IN  AAAA  2001:db8::7',
			].join('\n'),
		);
	});

	it('can be one wildcard record, besides the domain itself', () => {
		expect(zoneSnippet(['nrm.example', ...names], [here], {wildcard: true})).toBe(
			[
				'; * is every name of this domain that has no record of its own',
				'nrm.example.    300  IN  A  198.51.100.7',
				'*.nrm.example.  300  IN  A  198.51.100.7',
			].join('\n'),
		);
		expect(zoneSnippet(['a.nrm.example', 'b.other.museum'], [here], {wildcard: true})).not.toContain('*');
	});

	it('is relative to an origin where absolute names are too wide', () => {
		const wide = ['specify7', 'media'].map(each => `${each}.collections.naturhistoriska.example`);
		expect(zoneSnippet(wide, ['2001:db8:1111:2222:3333:4444:5555:6666'])).toBe(
			[
				'$ORIGIN collections.naturhistoriska.example.',
				'specify7  300  IN  AAAA  2001:db8:1111:2222:3333:4444:5555:6666',
				'media     300  IN  AAAA  2001:db8:1111:2222:3333:4444:5555:6666',
			].join('\n'),
		);
	});

	it('says what to fill in where the address is not known', () => {
		expect(zoneSnippet(['specify7.nrm.example'], recordAddresses(own(inside)))).toBe(
			[
				`; ${unknownAddress}: the one by which the Internet reaches your network`,
				`specify7.nrm.example.  300  IN  A  ${unknownAddress}`,
			].join('\n'),
		);
		expect(zoneSnippet(['specify7.nrm.example'], [])).toContain(unknownAddress);
		expect(zoneSnippet(['specify7.specify.localhost'], [here])).toBe('');
	});

	it('creates exactly the records wanted, in 72 columns, whatever the names are', () => {
		const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/);
		const domain = fc.tuple(label, fc.constantFrom('example', 'museum')).map(parts => parts.join('.'));
		const someNames = fc.oneof(
			fc
				.tuple(fc.uniqueArray(label, {minLength: 1, maxLength: 4}), domain, fc.boolean())
				.map(([labels, shared, whole]) => [...(whole ? [shared] : []), ...labels.map(each => `${each}.${shared}`)]),
			fc.uniqueArray(
				fc.tuple(label, domain).map(parts => parts.join('.')),
				{minLength: 1, maxLength: 3},
			),
		);
		const addresses = fc.tuple(fc.ipV4(), fc.ipV6()).chain(both => fc.subarray(both, {minLength: 1}));
		fc.assert(
			fc.property(someNames, addresses, fc.boolean(), (all, wanted, wildcard) => {
				const text = zoneSnippet(all, wanted, {wildcard});
				for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(72);
				const zone = readZone(text);
				const records = {
					ttl: 300,
					...(wanted.some(each => !each.includes(':')) ? {A: wanted.filter(each => !each.includes(':'))} : {}),
					...(wanted.some(each => each.includes(':')) ? {AAAA: wanted.filter(each => each.includes(':'))} : {}),
				};
				for (const each of all) {
					const parent = Object.keys(zone).find(key => key.startsWith('*.') && each.endsWith(key.slice(1)));
					expect(zone[each] ?? zone[parent ?? '']).toEqual(records);
				}
				if (!wildcard) expect(Object.keys(zone).sort()).toEqual([...new Set(all)].sort());
			}),
			{numRuns: 500},
		);
	});
});

describe('this machine’s addresses', () => {
	it('are those others can use: no loopback, link-local or container bridge', () => {
		const entry = (address: string, internal = false) => ({address, internal});
		const addresses = ownAddressesOf({
			lo: [entry('127.0.0.1', true), entry('::1', true)],
			eth0: [entry(here6), entry(here), entry('fe80::1')],
			wlan0: [entry(inside), entry('169.254.3.4'), entry('fd00::2')],
			docker0: [entry('172.17.0.1')],
			'br-0123456789ab': [entry('172.18.0.1')],
			tailscale0: [entry('100.101.102.103')],
			gone: undefined,
		});
		expect(addresses).toEqual([
			{address: here, family: 4, isPrivate: false},
			{address: inside, family: 4, isPrivate: true},
			{address: '100.101.102.103', family: 4, isPrivate: true},
			{address: here6, family: 6, isPrivate: false},
			{address: 'fd00::2', family: 6, isPrivate: true},
		]);
		expect(recordAddresses(addresses)).toEqual([here, here6]);
	});

	it('for records are the lasting ones, with a blank for a router’s', () => {
		expect(recordAddresses(own('2001:db8::a1b2:c3d4:e5f6:1', here6))).toEqual([here6]);
		expect(recordAddresses(own(inside, here6))).toEqual([unknownAddress, here6]);
		expect(recordAddresses([])).toEqual([]);
	});
});

describe('a domain', () => {
	it.each([
		['localhost', true],
		['specify.localhost', true],
		['Specify7.Specify.LOCALHOST.', true],
		['notlocalhost', false],
		['localhost.nrm.example', false],
	])('%s leads to this machine by definition: %s', (domain, expected) => {
		expect(isLocalDomain(domain)).toBe(expected);
	});

	it.each([
		['at the machine itself', {hostname: 'srv1.nrm.se', overSsh: false}, 'specify.localhost'],
		['over SSH, the host’s own name', {hostname: 'srv1', overSsh: true, fqdn: 'srv1.nrm.se'}, 'srv1.nrm.se'],
		['over SSH, by a host name with a domain', {hostname: 'Specify.NRM.se.', overSsh: true}, 'specify.nrm.se'],
		['over SSH, below a whole domain', {hostname: 'nrm', overSsh: true, fqdn: 'nrm.se'}, 'specify.nrm.se'],
		[
			'over SSH, not a provider’s name',
			{hostname: 'srv1.nrm.se', overSsh: true, fqdn: 'ip-10-0-0-1.ec2.internal'},
			'srv1.nrm.se',
		],
		[
			'over SSH, the network’s name at worst',
			{hostname: 'srv1', overSsh: true, fqdn: 'srv1.museum.lan'},
			'srv1.museum.lan',
		],
		['over SSH, rather the world’s', {hostname: 'srv1.nrm.se', overSsh: true, fqdn: 'srv1.museum.lan'}, 'srv1.nrm.se'],
		['without any name', {hostname: 'debian', overSsh: true, fqdn: 'debian.localdomain'}, 'specify.localhost'],
		['with an address for a name', {hostname: '10.0.0.1', overSsh: true, fqdn: null}, 'specify.localhost'],
	])('is proposed %s', (_, given, expected) => {
		expect(proposedDomain(given)).toBe(expected);
	});

	it('is proposed such that the answers accept it, whatever the host calls itself', () => {
		const anyName = fc.oneof(fc.domain(), fc.string(), fc.stringMatching(/^[a-zA-Z0-9._-]{0,90}$/), fc.ipV4());
		fc.assert(
			fc.property(anyName, fc.option(anyName), fc.boolean(), (hostname, fqdn, overSsh) => {
				expect(parseAnswers({domain: proposedDomain({hostname, fqdn, overSsh})}).problems).toEqual([]);
			}),
			{numRuns: 500},
		);
	});
});
