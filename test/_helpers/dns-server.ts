import {createSocket} from 'node:dgram';
import type {AddressInfo} from 'node:net';
import {type Answer, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED} from 'dns-packet';
import {afterAll} from 'vitest';

const codes = {NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5} as const;

/** The records of a name, or how the server fails when asked for it. `AAAA: 'SERVFAIL'` fails for one type only. */
type Trouble = 'SERVFAIL' | 'REFUSED' | 'silent';
export type Records = {A?: string[] | Trouble; AAAA?: string[] | Trouble; CNAME?: string; ttl?: number};
export type Zone = Record<string, Records | Trouble>;

export type DnsServer = {
	/** `127.0.0.1:port` */
	address: string;
	/** May be changed while the server runs; `*.museum.example` stands for names that have no entry. */
	zone: Zone;
	/** Every question asked so far, as `A specify7.museum.example`. */
	questions: string[];
};

const entryOf = (zone: Zone, name: string): Records | Trouble | undefined => {
	if (zone[name]) return zone[name];
	const parents = name.split('.').map((_, index, labels) => labels.slice(index + 1).join('.'));
	return parents.map(parent => zone[`*.${parent}`]).find(entry => entry !== undefined);
};

/** A reply as a recursive resolver gives it: aliases are followed, the answers hold the chain. Null for no reply. */
const reply = (zone: Zone, name: string, type: string): {code: keyof typeof codes; answers: Answer[]} | null => {
	const answers: Answer[] = [];
	for (let owner = name, hops = 0; hops < 16; hops += 1) {
		const entry = entryOf(zone, owner.toLowerCase());
		if (entry === 'silent') return null;
		if (typeof entry === 'string') return {code: entry, answers: []};
		if (!entry) return {code: 'NXDOMAIN', answers};
		const ttl = entry.ttl ?? 300;
		if (entry.CNAME !== undefined) {
			answers.push({name: owner, type: 'CNAME', ttl, data: entry.CNAME});
			if (type === 'CNAME') return {code: 'NOERROR', answers};
			owner = entry.CNAME;
			continue;
		}
		const records = type === 'A' || type === 'AAAA' ? (entry[type] ?? []) : [];
		if (records === 'silent') return null;
		if (typeof records === 'string') return {code: records, answers: []};
		for (const data of records) answers.push({name: owner, type: type as 'A' | 'AAAA', ttl, data});
		return {code: 'NOERROR', answers};
	}
	return {code: 'SERVFAIL', answers: []};
};

/** A DNS server on loopback (UDP), closed after the tests of this file. */
export const startDnsServer = async (zone: Zone = {}): Promise<DnsServer> => {
	const socket = createSocket('udp4');
	const questions: string[] = [];
	const server = {address: '', zone, questions};
	socket.on('message', (message, {address, port}) => {
		const query = decode(message);
		const [question] = query.questions ?? [];
		if (!question) return;
		questions.push(`${question.type} ${question.name}`);
		const answer = reply(server.zone, question.name, question.type);
		if (!answer) return;
		const packet = encode({
			type: 'response',
			id: query.id,
			flags: RECURSION_DESIRED | RECURSION_AVAILABLE | codes[answer.code],
			questions: [question],
			answers: answer.answers,
		});
		socket.send(packet, port, address);
	});
	await new Promise<void>((resolve, reject) => {
		socket.once('error', reject);
		socket.bind(0, '127.0.0.1', resolve);
	});
	afterAll(() => {
		socket.close();
	});
	server.address = `127.0.0.1:${(socket.address() as AddressInfo).port}`;
	return server;
};

/** Reads records as `zoneSnippet` writes them ($ORIGIN, @, comments, parentheses): what an administrator would create. */
export const readZone = (text: string): Zone => {
	const zone: Record<string, Records> = {};
	let origin = '';
	for (const line of text
		.replace(/;.*$/gm, '')
		.replace(/\(([^)]*)\)/g, (_, inner: string) => inner.replace(/\s+/g, ' '))
		.split('\n')) {
		if (line.trim() === '') continue;
		const [owner = '', ...fields] = line.trim().split(/\s+/);
		if (owner === '$ORIGIN') {
			origin = fields[0]!;
			continue;
		}
		const [ttl, kind, type, data, ...more] = fields;
		if (kind !== 'IN' || (type !== 'A' && type !== 'AAAA') || !data || more.length > 0)
			throw new Error(`not a record: ${line}`);
		const absolute = owner === '@' ? origin : owner.endsWith('.') ? owner : `${owner}.${origin}`;
		if (!absolute.endsWith('.')) throw new Error(`relative to nothing: ${line}`);
		const name = absolute.slice(0, -1);
		const entry = zone[name] ?? {ttl: Number(ttl)};
		zone[name] = {...entry, [type]: [...(entry[type] ?? []), data]};
	}
	return zone;
};
