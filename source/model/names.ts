// The two pure parts of node:net: nothing is opened here.
import {BlockList, isIP} from 'node:net';
import {domainToASCII} from 'node:url';
import {isLocalDomain, isNetworkDomain, tidy} from './domain.js';

/** An address of this machine. A private one is not reached from the Internet. */
export type OwnAddress = {address: string; family: 4 | 6; isPrivate: boolean};

/**
 * What one resolver said to one question. `broken` is SERVFAIL: the domain's own name servers fail. `silent` is no answer
 * at all, or a refusal. `ttl` is in seconds: how long the answer may be remembered.
 */
export type Answer =
	| {kind: 'addresses'; addresses: string[]; ttl: number | null}
	| {kind: 'no-address'}
	| {kind: 'no-name'}
	| {kind: 'broken'}
	| {kind: 'silent'};

/** A name as one resolver sees it. `aliases` is the chain of CNAME records, without the name itself. */
export type View = {resolver: string; ipv4: Answer; ipv6: Answer; aliases: string[]};

/** A name as it is seen from everywhere it was asked. */
export type NameViews = {
	name: string;
	/** What programs on this machine are told, hosts file included. */
	system: Answer;
	/** What this network's resolver says; null when it was not asked. */
	network: View | null;
	/** Empty for names that are never asked for in public. */
	publics: View[];
};

export type NameReport = {ownAddresses: OwnAddress[]; names: NameViews[]};

/**
 * `here`: this machine. `partly`: one of several addresses is. `elsewhere`: none is. `private`: an address that is not
 * reached from the Internet. `differs`: not everyone is told the same. `broken`: the domain's name servers fail.
 * `unknown`: could not be asked.
 */
export type NameState = 'here' | 'partly' | 'elsewhere' | 'missing' | 'private' | 'differs' | 'broken' | 'unknown';

/** `uncertain` may be just right, and the person knows; `wrong` cannot work as it is. */
export type NameVerdict = 'fine' | 'uncertain' | 'wrong';

export type NameJudgement = {
	name: string;
	state: NameState;
	verdict: NameVerdict;
	/** What the name leads to, IPv4 first; as the Internet sees it where that is known. */
	addresses: string[];
	aliases: string[];
	/** One sentence for a person who has never seen a DNS record. */
	explanation: string;
};

type Judged = {names: NameJudgement[]; ok: boolean; advice: string[]};

const ranges = (...list: string[]) => {
	const block = new BlockList();
	for (const range of list) {
		const [network = '', prefix] = range.split('/');
		block.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
	}
	return block;
};

const holds = (block: BlockList, address: string) => {
	const family = isIP(address);
	return family !== 0 && block.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

const loopback = ranges('127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128');
const linkLocal = ranges('169.254.0.0/16', 'fe80::/10');
/** RFC 1918, 6598 (shared by a provider's customers) and 4193. */
const privateNetworks = ranges('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');
const isUnroutable = (address: string) => [loopback, linkLocal, privateNetworks].some(block => holds(block, address));

/** The widest ranges of the best known proxies, from their published lists. */
const proxies: [string, BlockList][] = [
	[
		'Cloudflare',
		ranges(
			...['104.16.0.0/13', '104.24.0.0/14', '172.64.0.0/13', '162.158.0.0/15', '188.114.96.0/20', '141.101.64.0/18'],
			...['108.162.192.0/18', '198.41.128.0/17', '190.93.240.0/20', '173.245.48.0/20', '2606:4700::/32'],
			...['2803:f800::/32', '2400:cb00::/32', '2a06:98c0::/29'],
		),
	],
	['Fastly', ranges('151.101.0.0/16', '199.232.0.0/16', '146.75.0.0/17', '2a04:4e40::/32')],
];

/** Interfaces of container and machine bridges: nobody outside reaches this machine by their addresses. */
const isBridge = (name: string) =>
	/^(docker|br-[0-9a-f]{8}|veth|virbr|lxcbr|lxdbr|cni|podman|vboxnet|vmnet)/.test(name);

/** This machine's addresses, without loopback, link-local and container bridges. Takes what `os.networkInterfaces()` gives. */
export const ownAddressesOf = (
	interfaces: Record<string, readonly {address: string; internal: boolean}[] | undefined>,
): OwnAddress[] =>
	Object.entries(interfaces)
		.filter(([name]) => !isBridge(name))
		.flatMap(([, addresses = []]) => addresses)
		.filter(({address, internal}) => !internal && !holds(loopback, address) && !holds(linkLocal, address))
		.map(({address}) => ({
			address,
			family: isIP(address) === 6 ? (6 as const) : (4 as const),
			isPrivate: isUnroutable(address),
		}))
		.sort((one, other) => one.family - other.family);

/** Stands in records for the IPv4 address of a router or cloud in front of this machine, which cannot be known here. */
export const unknownAddress = 'PUBLIC-ADDRESS';

/**
 * The addresses to put in records: of each family the one the Internet reaches this machine by; `unknownAddress` where that
 * is a router's. Of several IPv6 addresses the one written shortest: those made for privacy are random, long, and change daily.
 */
export const recordAddresses = (own: readonly OwnAddress[]): string[] => {
	const reachable = (family: 4 | 6) =>
		own.filter(address => address.family === family && !address.isPrivate).map(({address}) => address);
	const [ipv4] = reachable(4);
	const [ipv6] = reachable(6).sort((one, other) => one.length - other.length);
	const hasIpv4 = own.some(({family}) => family === 4);
	return [ipv4 ?? (hasIpv4 ? unknownAddress : undefined), ipv6].filter(address => address !== undefined);
};

const list = (items: readonly string[]) =>
	items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;

/** At most four addresses in a sentence. */
const some = (addresses: readonly string[]) =>
	addresses.length > 4 ? `${addresses.slice(0, 3).join(', ')} and ${addresses.length - 3} more` : list(addresses);

const minutes = (seconds: number) => {
	const count = Math.max(1, Math.ceil(seconds / 60));
	if (count === 1) return '1 minute';
	return count <= 90 ? `${count} minutes` : `${Math.ceil(count / 60)} hours`;
};

const addressesIn = (...answers: Answer[]) =>
	answers.flatMap(answer => (answer.kind === 'addresses' ? answer.addresses : []));

/** Answers of several resolvers to one question: addresses win, then a definite no, then a failure. */
const merge = (answers: readonly Answer[]): Answer => {
	const found = answers.flatMap(answer => (answer.kind === 'addresses' ? [answer] : []));
	if (found.length > 0)
		return {
			kind: 'addresses',
			addresses: [...new Set(found.flatMap(({addresses}) => addresses))].sort(),
			ttl: Math.max(...found.map(({ttl}) => ttl ?? 0)) || null,
		};
	for (const kind of ['no-address', 'no-name', 'broken'] as const)
		if (answers.some(answer => answer.kind === kind)) return {kind};
	return {kind: 'silent'};
};

const answered = ({ipv4, ipv6}: View) => ipv4.kind !== 'silent' || ipv6.kind !== 'silent';

const mergeViews = (views: readonly View[]): View => ({
	resolver: list(views.map(({resolver}) => resolver)),
	ipv4: merge(views.map(({ipv4}) => ipv4)),
	ipv6: merge(views.map(({ipv6}) => ipv6)),
	aliases: views.find(({aliases}) => aliases.length > 0)?.aliases ?? [],
});

type Own = {
	includes: (address: string) => boolean;
	/** Of the family asked for, or all. */
	private: (family?: 4 | 6) => string[];
	public: (family?: 4 | 6) => string[];
};

const ownOf = (addresses: readonly OwnAddress[]): Own => {
	const block = new BlockList();
	for (const {address, family} of addresses) block.addAddress(address, family === 6 ? 'ipv6' : 'ipv4');
	const select = (isPrivate: boolean) => (family?: 4 | 6) =>
		addresses
			.filter(own => own.isPrivate === isPrivate && (family === undefined || own.family === family))
			.map(({address}) => address);
	return {includes: address => holds(block, address), private: select(true), public: select(false)};
};

/** A judgement without what was seen; the explanation lacks the name before it. */
type Finding = Pick<NameJudgement, 'state' | 'verdict' | 'explanation'> & {advice: string[]};

const advices = {
	create: 'Create the records shown here where your domain is administered; new ones are usually seen within minutes.',
	remembered: 'A changed record is remembered in its old form for a while; this screen looks again by itself.',
	router: (address: string) =>
		`In your router, forward TCP ports 80 and 443 to ${address}, and give this machine that address permanently. Keep the name pointing to the router's public address.`,
	proxy:
		'With a proxy in front, set the records to "DNS only" until the first certificate is there, or let the proxy pass ports 80 and 443 to this machine.',
	wrongAddress: "Change the records to this machine's addresses, or run specify-setup on the machine they lead to.",
	staleIpv6:
		'Delete the wrong AAAA records or give them the IPv6 address of this machine: certificate authorities and browsers try IPv6 first and would reach another machine.',
	staleIpv4: 'Change the wrong A records to the IPv4 address of this machine, or delete them.',
	onlyPublic: 'Delete the records with private addresses: outside your network they lead nowhere.',
	private:
		'A private address is enough for use inside your network with certificates of your own or of this machine; a public certificate authority needs a public address.',
	split:
		'That the Internet and your network are told different addresses is often intended ("split DNS"). If it is not, ask whoever runs the resolver of your network.',
	broken:
		"Ask whoever runs the domain's name servers: they do not answer, or their signatures (DNSSEC) are not valid. No certificate can be had until that is repaired.",
	unreachable:
		'Public resolvers cannot be asked from here (no Internet access, or DNS on port 53 is blocked). Check the names from another network, for example with a phone.',
	network:
		'Names like these exist only inside your network and never get a public certificate. A name below a domain of your institution works everywhere.',
};

/** What is wrong with addresses of which some are this machine's and some are not. */
const judgePartly = (view: View, own: Own): Finding => {
	const strangers = {
		A: addressesIn(view.ipv4).filter(address => !own.includes(address)),
		AAAA: addressesIn(view.ipv6).filter(address => !own.includes(address)),
	};
	const wrong = (['A', 'AAAA'] as const)
		.filter(type => strangers[type].length > 0)
		.map(type => {
			const {length} = strangers[type];
			const records = length === 1 ? `${type} record` : `${length} ${type} records`;
			return `its ${records} (${type === 'A' ? 'IPv4' : 'IPv6'}) ${length === 1 ? 'leads' : 'lead'} to ${some(strangers[type])}`;
		});
	return {
		state: 'partly',
		verdict: 'wrong',
		explanation: `leads to this machine only partly: ${list(wrong)}, not to this machine.`,
		advice: [
			...(strangers.AAAA.length > 0 ? [advices.staleIpv6] : []),
			...(strangers.A.length > 0 ? [advices.staleIpv4] : []),
			advices.remembered,
		],
	};
};

const judgePrivate = (addresses: string[], own: Own): Finding => {
	if (addresses.every(address => own.includes(address)))
		return {
			state: 'private',
			verdict: 'uncertain',
			explanation: `leads to this machine by a private address (${some(addresses)}): it works inside your network, not from outside.`,
			advice: [advices.private],
		};
	const reason = addresses.some(address => holds(loopback, address))
		? `leads every computer to itself (${some(addresses)}), not to this machine.`
		: `leads to a private address that is not this machine's (${some(addresses)}).`;
	return {state: 'private', verdict: 'wrong', explanation: reason, advice: [advices.wrongAddress, advices.private]};
};

const judgeElsewhere = (view: View, own: Own): Finding => {
	const addresses = addressesIn(view.ipv4, view.ipv6);
	const strangers = addresses.filter(address => !own.includes(address));
	const proxy = proxies.find(([, block]) => strangers.every(address => holds(block, address)));
	if (proxy)
		return {
			state: 'elsewhere',
			verdict: 'uncertain',
			explanation: `leads to ${proxy[0]} (${some(strangers)}), a proxy: right if you placed it before this machine.`,
			advice: [advices.proxy],
		};
	const [inside] = own.private(4);
	const isBehindRouter = inside !== undefined && own.public(4).length === 0;
	if (isBehindRouter && strangers.length === 1 && isIP(strangers[0]!) === 4)
		return {
			state: 'elsewhere',
			verdict: 'uncertain',
			explanation: `leads to ${strangers[0]}, while this machine has only an address inside a network (${inside}): right if ${strangers[0]} is your router or your cloud's public address, and passes ports 80 and 443 on to this machine.`,
			advice: [advices.router(inside)],
		};
	const ownAddresses = [...own.public(), ...own.private()];
	const mine = ownAddresses.length > 0 ? ` (${some(ownAddresses)})` : '';
	if (addressesIn(view.ipv4).length > 1)
		return {
			state: 'elsewhere',
			verdict: 'uncertain',
			explanation: `leads to several addresses (${some(strangers)}), none of them this machine${mine}: a proxy or load balancer, or another machine.`,
			advice: [advices.wrongAddress, advices.proxy],
		};
	return {
		state: 'elsewhere',
		verdict: 'wrong',
		explanation: `leads to ${some(strangers)}, not to this machine${mine}.`,
		advice: [advices.wrongAddress, advices.remembered],
	};
};

/** A name by what one resolver, or several that agree, say of it. Null when they say nothing. */
const judgeView = (view: View, own: Own): Finding | null => {
	const [ipv4, ipv6] = [addressesIn(view.ipv4), addressesIn(view.ipv6)];
	const addresses = [...ipv4, ...ipv6];
	const last = view.aliases[view.aliases.length - 1];
	const alias = last === undefined ? '' : `, as an alias of ${last}`;
	const failing = (['ipv4', 'ipv6'] as const).filter(family => view[family].kind === 'broken');
	if (failing.length > 0)
		return {
			state: 'broken',
			verdict: 'wrong',
			explanation:
				failing.length === 2 || addresses.length === 0
					? "cannot be looked up: the domain's own name servers fail (SERVFAIL)."
					: `leads to ${some(addresses)}, but the domain's own name servers fail when asked for its ${failing[0] === 'ipv4' ? 'IPv4' : 'IPv6'} address (SERVFAIL).`,
			advice: [advices.broken],
		};
	if (addresses.length === 0) {
		if (!answered(view)) return null;
		const reason = [view.ipv4, view.ipv6].some(({kind}) => kind === 'no-address')
			? 'exists, but has no address record yet: nobody can find this machine by it.'
			: 'has no record yet: nobody can find this machine by it.';
		return {
			state: 'missing',
			verdict: 'wrong',
			explanation: last === undefined ? reason : `is an alias of ${last}, which has no address.`,
			advice: [advices.create],
		};
	}
	if (addresses.every(isUnroutable)) return judgePrivate(addresses, own);
	const inside = addresses.filter(isUnroutable);
	if (addresses.every(own.includes) && inside.length > 0)
		return {
			state: 'partly',
			verdict: 'wrong',
			explanation: `leads to this machine, but also by a private address (${some(inside)}) that is not reached from outside.`,
			advice: [advices.onlyPublic, advices.remembered],
		};
	const unanswered = view.ipv4.kind === 'silent' ? 'IPv4' : view.ipv6.kind === 'silent' ? 'IPv6' : null;
	if (addresses.every(own.includes) && unanswered !== null)
		return {
			state: 'unknown',
			verdict: 'uncertain',
			explanation: `leads to this machine (${some(addresses)}), but the question for its ${unanswered} address was not answered.`,
			advice: [advices.broken],
		};
	if (addresses.every(own.includes))
		return {
			state: 'here',
			verdict: 'fine',
			explanation: `leads to this machine (${some(addresses)})${alias}.`,
			advice: [],
		};
	// A machine behind a router often has an IPv6 address of its own: only the IPv4 address is the router's.
	const onlyRouter =
		own.public(4).length === 0 &&
		own.private(4).length > 0 &&
		ipv4.length === 1 &&
		!own.includes(ipv4[0]!) &&
		ipv6.every(own.includes);
	if (addresses.some(own.includes) && !onlyRouter) return judgePartly(view, own);
	return judgeElsewhere(view, own);
};

const isHere = (addresses: string[], own: Own) =>
	addresses.length > 0 && addresses.every(address => own.includes(address) || holds(loopback, address));

/** Public resolvers of which only some lead here: a change that is still spreading. */
const judgeSpreading = (publics: readonly View[], own: Own): Finding | null => {
	const leadsHere = (view: View) => {
		const addresses = addressesIn(view.ipv4, view.ipv6);
		return addresses.length > 0 && addresses.every(own.includes);
	};
	const here = publics.filter(leadsHere);
	const others = publics.filter(view => !leadsHere(view));
	if (here.length === 0 || others.length === 0) return null;
	const old = mergeViews(others);
	const addresses = addressesIn(old.ipv4, old.ipv6);
	const seconds = Math.max(0, ...[old.ipv4, old.ipv6].map(answer => (answer.kind === 'addresses' && answer.ttl) || 0));
	const wait = seconds > 0 ? `for up to ${minutes(seconds)}` : 'for some minutes';
	const opinion = addresses.length > 0 ? `still says ${some(addresses)}` : 'does not know it yet';
	return {
		state: 'differs',
		verdict: 'uncertain',
		explanation: `leads to this machine for the resolver ${list(here.map(({resolver}) => resolver))}, but ${old.resolver} ${opinion}: a change is still spreading, ${wait}.`,
		advice: [advices.remembered],
	};
};

/** Whether this network is told something else than the Internet, in a way that matters. Null when it is not. */
const judgeSplit = (outside: Finding, seen: View, {system, network}: NameViews, own: Own): Finding | null => {
	// A resolver on this machine (systemd-resolved) passes on what the hosts file says.
	const inNetwork = (network ? addressesIn(network.ipv4, network.ipv6) : []).filter(
		address => !holds(loopback, address),
	);
	const here = addressesIn(system);
	const inside = here.length > 0 ? here : inNetwork;
	const outsideAddresses = addressesIn(seen.ipv4, seen.ipv6);
	const differs = (explanation: string, advice: string): Finding => ({
		state: 'differs',
		verdict: 'uncertain',
		explanation,
		advice: [advice],
	});
	if (outside.state === 'here') {
		if (isHere(inside, own)) return null;
		if (inside.length > 0)
			return differs(
				`leads to this machine from the Internet, but inside this network to ${some(inside)}.`,
				advices.split,
			);
		const isKnownMissing = ['no-name', 'no-address'].includes(system.kind) || (network !== null && answered(network));
		return isKnownMissing
			? differs('leads to this machine from the Internet, but this network does not know it yet.', advices.remembered)
			: null;
	}
	if (outside.state === 'missing') {
		if (inNetwork.length > 0)
			return differs(
				`is known only inside this network (${some(inNetwork)}), not on the Internet.`,
				`${advices.split} For a public certificate the Internet must find it too.`,
			);
		return here.length > 0
			? {
					...outside,
					explanation: `is known to this machine only (its hosts file says ${some(here)}): there is no record yet.`,
				}
			: null;
	}
	if (outside.state === 'elsewhere' && isHere(inNetwork, own))
		return differs(
			`leads to this machine inside this network, but from the Internet to ${some(outsideAddresses)}: right if that is your router and it passes ports 80 and 443 on.`,
			own.private(4)[0] === undefined ? advices.split : advices.router(own.private(4)[0]!),
		);
	return null;
};

const judgeUnasked = ({system, network}: NameViews, own: Own): Finding => {
	const inside = network ? judgeView(network, own) : null;
	const unknown = (explanation: string): Finding => ({
		state: 'unknown',
		verdict: 'uncertain',
		explanation,
		advice: [advices.unreachable],
	});
	if (inside?.state === 'here')
		return unknown(
			'leads to this machine inside this network; what the Internet sees cannot be checked from here, because no public resolver answers.',
		);
	if (inside && inside.state !== 'broken')
		return {
			...inside,
			explanation: `${inside.explanation.replace(/\.$/, '')} (so says the resolver of this network; no public one answers).`,
			advice: [...inside.advice, advices.unreachable],
		};
	const known = addressesIn(system);
	return unknown(
		known.length > 0
			? `is ${some(known)} for this machine, but no resolver answers, so it cannot be checked from here.`
			: 'cannot be checked from here: no resolver answers.',
	);
};

const judgeNetworkName = ({system, network}: NameViews, own: Own): Finding => {
	const addresses = [...new Set([...addressesIn(system), ...(network ? addressesIn(network.ipv4, network.ipv6) : [])])];
	if (isHere(addresses, own))
		return {
			state: 'here',
			verdict: 'fine',
			explanation: `leads to this machine (${some(addresses)}); names like this exist only inside your network.`,
			advice: [advices.network],
		};
	if (addresses.length > 0)
		return {
			state: 'elsewhere',
			verdict: 'wrong',
			explanation: `leads to ${some(addresses)} in this network, not to this machine.`,
			advice: [advices.wrongAddress, advices.network],
		};
	if (system.kind === 'silent' && (network === null || !answered(network)))
		return {
			state: 'unknown',
			verdict: 'uncertain',
			explanation: 'cannot be checked: the resolver of this network does not answer.',
			advice: [advices.network],
		};
	return {
		state: 'missing',
		verdict: 'wrong',
		explanation: 'is not known in this network, and names like this exist nowhere else.',
		advice: [advices.network],
	};
};

const judgeName = (views: NameViews, own: Own): NameJudgement & {advice: string[]} => {
	const {name, system, network, publics} = views;
	const asked = publics.filter(answered);
	const seen = asked.length > 0 ? mergeViews(asked) : network;
	const facts = {
		name,
		addresses: seen ? addressesIn(seen.ipv4, seen.ipv6) : addressesIn(system),
		aliases: seen?.aliases ?? [],
	};
	const told = (finding: Finding) => ({...facts, ...finding, explanation: `${name} ${finding.explanation}`});
	if (isLocalDomain(name))
		return told({
			state: 'here',
			verdict: 'fine',
			explanation: 'leads to this machine by definition, and only in a browser on this machine.',
			advice: [],
		});
	if (isNetworkDomain(name)) return told(judgeNetworkName(views, own));
	const outside = seen && asked.length > 0 ? judgeView(seen, own) : null;
	if (!seen || !outside) return told(judgeUnasked(views, own));
	return told(judgeSpreading(asked, own) ?? judgeSplit(outside, seen, views, own) ?? outside);
};

/**
 * What the look-up of an installation's names means, and what to do about it. `ok` only when every name certainly leads to
 * this machine; the person may know better and continue. Advice comes once, however many names it is about.
 */
export const judgeNames = ({ownAddresses, names}: NameReport): Judged => {
	const own = ownOf(ownAddresses);
	const judged = names.map(views => judgeName(views, own));
	return {
		names: judged.map(({advice, ...judgement}) => judgement),
		ok: judged.every(({verdict}) => verdict === 'fine'),
		advice: [...new Set(judged.flatMap(({advice}) => advice))],
	};
};

/** The longest domain (two labels or more) that all names are in, or null. */
const sharedDomain = (names: readonly string[]): string | null => {
	const [first = [], ...rest] = names.map(name => tidy(name).split('.').reverse());
	const differing = first.findIndex((label, index) => rest.some(labels => labels[index] !== label));
	const shared = differing === -1 ? first : first.slice(0, differing);
	// A name alone is a record in the domain above it.
	const domain = rest.length === 0 ? shared.slice(0, -1) : shared;
	return domain.length < 2 ? null : domain.reverse().join('.');
};

const zoneTtlSeconds = 300;
const zoneWidth = 72;

type ZoneRow = {owner: string; type: 'A' | 'AAAA'; address: string};

const zoneLines = (rows: readonly ZoneRow[]) => {
	const ownerWidth = Math.max(...rows.map(({owner}) => owner.length));
	const typeWidth = Math.max(...rows.map(({type}) => type.length));
	return rows.map(
		({owner, type, address}) =>
			`${owner.padEnd(ownerWidth)}  ${zoneTtlSeconds}  IN  ${type.padEnd(typeWidth)}  ${address}`,
	);
};

const isNarrow = (line: string) => line.length <= zoneWidth;

/** Rows that cannot be aligned: each as short as it can be written. */
const zoneLinesFolded = (rows: readonly ZoneRow[]) =>
	rows.flatMap(({owner, type, address}) => {
		const start = `${owner} ${zoneTtlSeconds} IN ${type}`;
		return isNarrow(`${start} ${address}`) ? [`${start} ${address}`] : [`${start} (`, `    ${address} )`];
	});

/**
 * The records to create, as a BIND zone file has them. Names are absolute where all lines fit into 72 columns, otherwise
 * relative to an `$ORIGIN`; where even that is too wide, the address follows on a line of its own, in parentheses. (Only an
 * owner of more than 57 characters is wider.) Without addresses they hold `unknownAddress`; names below localhost
 * need no records.
 * @param wildcard one record for everything below the domain that all names share, where they share one
 */
export const zoneSnippet = (
	names: readonly string[],
	addresses: readonly string[],
	{wildcard = false}: {wildcard?: boolean} = {},
): string => {
	const tidied = [...new Set(names.map(tidy))].filter(name => !isLocalDomain(name));
	const targets = addresses.length > 0 ? addresses : [unknownAddress];
	if (tidied.length === 0) return '';
	const domain = sharedDomain(tidied);
	const owners = wildcard && domain !== null ? [...tidied.filter(name => name === domain), `*.${domain}`] : [...tidied];
	const rowsFor = (ownerOf: (name: string) => string): ZoneRow[] =>
		owners.flatMap(name =>
			targets.map(address => ({
				owner: ownerOf(name),
				type: isIP(address) === 6 ? ('AAAA' as const) : ('A' as const),
				address,
			})),
		);
	const comments = [
		...(targets.includes(unknownAddress)
			? [`; ${unknownAddress}: the one by which the Internet reaches your network`]
			: []),
		...(wildcard && domain !== null ? ['; * is every name of this domain that has no record of its own'] : []),
	];
	const layOut = (rows: readonly ZoneRow[]) => {
		const lines = zoneLines(rows);
		return lines.every(isNarrow) ? {lines, isAligned: true} : {lines: zoneLinesFolded(rows), isAligned: false};
	};
	const absolute = layOut(rowsFor(name => `${name}.`));
	if (domain === null || absolute.isAligned) return [...comments, ...absolute.lines].join('\n');
	const relative = layOut(rowsFor(name => (name === domain ? '@' : name.slice(0, -domain.length - 1))));
	return [...comments, `$ORIGIN ${domain}.`, ...relative.lines].join('\n');
};

/** Names providers and installers give machines: nobody can add records below them. */
const isProviderName = (name: string) =>
	/(^|\.)(amazonaws\.com|(ec2|compute|google)\.internal|c\.[^.]+\.internal|googleusercontent\.com|cloudapp\.azure\.com|linodeusercontent\.com|vultrusercontent\.com|your-server\.de|openstacklocal|novalocal|localdomain|arpa)$/.test(
		name,
	) && !name.endsWith('.home.arpa');

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Room for the names of the services before it. */
const maxDomainLength = 200;

const isUsableDomain = (name: string) =>
	name.length <= maxDomainLength &&
	name.includes('.') &&
	name.split('.').every(part => label.test(part)) &&
	isIP(name) === 0 &&
	domainToASCII(name) === name &&
	!isLocalDomain(name) &&
	!isProviderName(name);

/**
 * The domain to propose. At the machine itself `specify.localhost`, which needs no DNS. Over SSH the person's browser is
 * elsewhere: the host's own fully qualified name, or `specify.` before it where it is a whole domain; a name of the network
 * only (`.lan`) where there is no better. A host without any such name leaves `specify.localhost`, reached by an SSH tunnel.
 */
export const proposedDomain = ({
	hostname,
	overSsh,
	fqdn = null,
}: {
	hostname: string;
	overSsh: boolean;
	fqdn?: string | null;
}): string => {
	const usable = [fqdn ?? '', hostname].map(tidy).filter(isUsableDomain);
	const own = usable.find(name => !isNetworkDomain(name)) ?? usable[0];
	if (!overSsh || own === undefined) return 'specify.localhost';
	return own.split('.').length === 2 ? `specify.${own}` : own;
};
