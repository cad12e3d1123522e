import {execFileSync} from 'node:child_process';
import {X509Certificate} from 'node:crypto';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {connect, createServer} from 'node:tls';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {SetupError} from '../../../source/errors.js';
import {
	type CertificateTexts,
	checkCertificate,
	checkCertificateFiles,
} from '../../../source/host/certificate/own-certificate.js';
import type {CertificateCheck} from '../../../source/host/certificate/remark.js';
import {localHost} from '../../../source/host/local.js';
import {FakeHost} from '../../_helpers/fake-host.js';
import {temporaryFolder} from '../../_helpers/folder.js';

/** The public authorities: Node's own, and one of these tests. */
const {publicRoots} = vi.hoisted(() => ({publicRoots: [] as string[]}));
vi.mock('node:tls', async original => {
	const tls = await original<typeof import('node:tls')>();
	publicRoots.push(...tls.rootCertificates);
	return {...tls, rootCertificates: publicRoots};
});

const {folder, fresh} = temporaryFolder();
const openssl = (...args: string[]) =>
	execFileSync('openssl', args, {cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8'});

type Made = {name: string; certificate: string; key: string};
type Recipe = {
	subject?: string;
	issuer?: Made;
	days?: number;
	key?: string[];
	signature?: string[];
	extensions?: Record<string, string>;
	/** The key of another, for a certificate anew. */
	keyOf?: Made;
};
const ec = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`];
const authorityExtensions = {
	basicConstraints: 'critical,CA:TRUE',
	keyUsage: 'critical,keyCertSign,cRLSign',
	subjectKeyIdentifier: 'hash',
};
const names = ['specify7.museum.example', 'media.museum.example', 'museum.example'];
const serverExtensions = {
	basicConstraints: 'critical,CA:FALSE',
	keyUsage: 'critical,digitalSignature',
	extendedKeyUsage: 'serverAuth',
	subjectAltName: names.map(name => `DNS:${name}`).join(','),
};

let count = 0;
/** Makes a certificate with OpenSSL: self-signed without an issuer. An extension that is empty is left out. */
const make = ({
	subject = '/CN=specify7.museum.example',
	issuer,
	days = 90,
	key = ec,
	signature = ['-sha256'],
	extensions = {},
	keyOf,
}: Recipe = {}): Made => {
	const name = join(folder, `made-${count++}`);
	const wanted = Object.entries({...serverExtensions, ...extensions}).filter(([, value]) => value !== '');
	writeFileSync(
		`${name}.cnf`,
		`[req]\ndistinguished_name=dn\n[dn]\n[ext]\n${wanted.map(pair => pair.join('=')).join('\n')}\n`,
	);
	if (keyOf) writeFileSync(`${name}.key`, keyOf.key);
	else openssl('genpkey', ...key, '-out', `${name}.key`);
	const request = ['req', '-new', '-utf8', '-key', `${name}.key`, '-subj', subject, '-config', `${name}.cnf`];
	if (issuer) {
		openssl(...request, '-out', `${name}.csr`);
		openssl(
			...['x509', '-req', '-in', `${name}.csr`, '-CA', `${issuer.name}.pem`, '-CAkey', `${issuer.name}.key`],
			...['-set_serial', String(1000 + count), '-days', String(days), '-extfile', `${name}.cnf`, '-extensions', 'ext'],
			...[...signature, '-out', `${name}.pem`],
		);
	} else openssl(...request, '-x509', '-extensions', 'ext', '-days', String(days), ...signature, '-out', `${name}.pem`);
	return {name, certificate: readFileSync(`${name}.pem`, 'utf8'), key: readFileSync(`${name}.key`, 'utf8')};
};
const makeAuthority = (subject: string, recipe: Recipe = {}) =>
	make({
		subject,
		days: 3650,
		...recipe,
		extensions: {...authorityExtensions, extendedKeyUsage: '', subjectAltName: '', ...recipe.extensions},
	});

const root = makeAuthority('/O=University/CN=University Root');
const upper = makeAuthority('/CN=Upper Authority', {issuer: root});
const lower = makeAuthority('/CN=Lower Authority', {issuer: upper, days: 60});
const leaf = make({issuer: lower});
const publicRoot = makeAuthority('/CN=Public Root');
publicRoots.push(publicRoot.certificate);
const publicLeaf = make({issuer: publicRoot});

const joined = (...made: Made[]) => made.map(({certificate}) => certificate).join('');
/** Some minutes on, because certificates are also made while the tests run. */
const now = Date.now() + 10 * 60_000;
const dayMs = 86_400_000;
const inDays = (days: number) => now + days * dayMs;

const check = (given: Partial<CertificateTexts>) =>
	checkCertificate({
		certificate: joined(leaf, lower, upper),
		key: leaf.key,
		authority: root.certificate,
		names,
		now,
		...given,
	});
/** Of a certificate of the public authority's. */
const checkPublic = (recipe: Recipe, given: Partial<CertificateTexts> = {}) => {
	const made = make({issuer: publicRoot, ...recipe});
	return check({certificate: made.certificate, key: made.key, authority: null, ...given});
};
const problems = ({problems}: CertificateCheck) => problems.map(({problem}) => problem);
const warnings = ({warnings}: CertificateCheck) => warnings.map(({problem}) => problem);
const fine = (result: CertificateCheck) => ({problems: result.problems, warnings: result.warnings});
const nothing = {problems: [], warnings: []};

/** What a client that trusts one root says of a server with these files. */
const handshake = async (certificate: string, key: string, trusted: string, servername = names[0]!) => {
	const server = createServer({cert: certificate, key});
	server.on('tlsClientError', () => {});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	try {
		return await new Promise<string>(resolve => {
			const {port} = server.address() as AddressInfo;
			const socket = connect({host: '127.0.0.1', port, servername, ca: trusted}, () => {
				socket.end();
				resolve('trusted');
			});
			socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		});
	} finally {
		server.close();
	}
};

describe('a certificate as it should be', () => {
	it('is accepted with the root of a private authority, and by a client that trusts it', async () => {
		const result = check({});
		expect(fine(result)).toEqual(nothing);
		expect(await handshake(joined(leaf, lower, upper), leaf.key, root.certificate)).toBe('trusted');
		const {validFrom, validTo} = new X509Certificate(leaf.certificate);
		expect(result.facts).toEqual({
			issuer: 'Lower Authority',
			subject: 'specify7.museum.example',
			names,
			validFrom: new Date(validFrom).toISOString(),
			validTo: new Date(validTo).toISOString(),
			daysLeft: Math.floor((Date.parse(validTo) - now) / dayMs),
			chainLength: 3,
		});
		expect(result.facts!.daysLeft).toBeGreaterThanOrEqual(89);
	});

	it('is accepted from a public authority without naming it', () => {
		expect(fine(check({certificate: publicLeaf.certificate, key: publicLeaf.key, authority: null}))).toEqual(nothing);
	});

	it('may have a wildcard, an RSA key, lines ended as on Windows, and words around the blocks', () => {
		const wild = {subjectAltName: 'DNS:*.museum.example,DNS:museum.example,IP:192.0.2.1'};
		const made = make({issuer: publicRoot, key: rsa(2048), extensions: wild});
		const certificate = `Bag Attributes: "é"\r\n${made.certificate.replace(/\n/g, '\r\n')}`;
		const result = check({certificate, key: made.key, authority: null});
		expect(fine(result)).toEqual(nothing);
		expect(result.facts!.names).toEqual(['*.museum.example', 'museum.example']);
	});

	it('may have a key in any of the usual forms', () => {
		openssl('ec', '-in', `${publicLeaf.name}.key`, '-out', `${publicLeaf.name}.sec1`);
		const parameters = openssl('ecparam', '-name', 'prime256v1');
		const sec1 = readFileSync(`${publicLeaf.name}.sec1`, 'utf8');
		expect(sec1).toContain('BEGIN EC PRIVATE KEY');
		expect(fine(check({certificate: publicLeaf.certificate, key: parameters + sec1, authority: null}))).toEqual(
			nothing,
		);
	});

	it('may be signed by itself when it is the authority too', async () => {
		const own = make();
		const texts = {certificate: own.certificate, key: own.key};
		expect(fine(check({...texts, authority: own.certificate}))).toEqual(nothing);
		expect(await handshake(own.certificate, own.key, own.certificate)).toBe('trusted');
		expect(problems(check({...texts, authority: null}))).toEqual([
			'The certificate of "specify7.museum.example" is signed by itself: nobody vouches for it.',
		]);
		expect(problems(check({...texts, authority: make().certificate}))).toHaveLength(1);
	});

	it('may end in a certificate that another authority gave a root which is trusted', () => {
		const other = makeAuthority('/CN=Other Root');
		const crossed = makeAuthority('/CN=Public Root', {issuer: other, keyOf: publicRoot});
		const certificate = joined(publicLeaf, crossed);
		expect(fine(check({certificate, key: publicLeaf.key, authority: null}))).toEqual(nothing);
		const both = check({certificate: joined(publicLeaf, publicRoot, crossed), key: publicLeaf.key, authority: null});
		expect(problems(both)).toEqual([]);
		expect(both.facts!.chainLength).toBe(2);
	});

	it('knows the public authorities of Node', () => {
		for (const text of publicRoots.slice(0, 5))
			expect(problems(check({certificate: text, authority: null})).join()).not.toMatch(
				/itself|public authority|missing/,
			);
	});
});

describe('the key', () => {
	it('must belong to the certificate', () => {
		const result = check({key: publicLeaf.key});
		expect(problems(result)).toEqual([
			'The private key in key.pem does not belong to the certificate of "specify7.museum.example".',
		]);
		expect(result.facts).not.toBeNull();
	});

	it('must have no passphrase, and the command that removes it works', () => {
		const path = fresh('protected.key');
		for (const form of [
			['pkcs8', '-topk8', '-v2', 'aes256'],
			['ec', '-aes256'],
			['rsa', '-traditional', '-aes256'],
		]) {
			const made = form[0] === 'rsa' ? make({issuer: publicRoot, key: rsa(2048)}) : publicLeaf;
			openssl(...form, '-in', `${made.name}.key`, '-passout', 'pass:secret', '-out', path);
			const key = readFileSync(path, 'utf8');
			const result = check({certificate: made.certificate, key, authority: null, paths: {key: path}});
			expect(problems(result)).toEqual([expect.stringContaining('protected by a passphrase')]);
			const [, plain, command] = /^Give (.*) as own\.key, which this makes: (.*)$/.exec(result.problems[0]!.remedy)!;
			execFileSync('sh', ['-c', `${command} -passin pass:secret`], {stdio: 'pipe'});
			expect(fine(check({certificate: made.certificate, key: readFileSync(plain!, 'utf8'), authority: null}))).toEqual(
				nothing,
			);
		}
	});

	it('must be a private one that can be read', () => {
		const publicKey = openssl('pkey', '-in', `${leaf.name}.key`, '-pubout');
		expect(problems(check({key: publicKey}))).toEqual(['key.pem holds no private key, but PUBLIC KEY.']);
		expect(problems(check({key: 'secret'}))).toEqual(['key.pem holds no private key, but nothing in PEM form.']);
		const spoilt = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
		expect(problems(check({key: spoilt}))).toEqual([
			expect.stringMatching(/^The private key in key\.pem cannot be read/),
		]);
	});
});

describe('the chain', () => {
	const pieces = {leaf, lower, upper, root};
	type Piece = keyof typeof pieces;
	const upward: Piece[] = ['leaf', 'lower', 'upper', 'root'];
	const files = fc.shuffledSubarray(upward).filter(order => order.includes('leaf'));

	it('must be in order, and what the remedy says is right, for every order of it and its root', () => {
		fc.assert(
			fc.property(files, order => {
				const result = check({certificate: joined(...order.map(piece => pieces[piece]))});
				const gapAt = upward.findIndex(piece => !order.includes(piece));
				const reached = gapAt === -1 ? upward : upward.slice(0, gapAt);
				const isOrdered = reached.every((piece, index) => order[index] === piece);
				const wrongOrder = result.problems.filter(({problem}) => problem.includes('wrong order'));
				expect(wrongOrder).toHaveLength(isOrdered ? 0 : 1);
				const subjects = {leaf: names[0], lower: 'Lower Authority', upper: 'Upper Authority', root: ''};
				const right = reached
					.filter(piece => piece !== 'root')
					.map((piece, index) => `${index + 1}. "${subjects[piece]}"`);
				if (!isOrdered) expect(wrongOrder[0]!.remedy).toContain(`the next: ${right.join(', ')}.`);
				const gap = upward.find(piece => !reached.includes(piece) && piece !== 'root');
				expect(problems(result).filter(text => text.includes('is missing'))).toEqual(
					gap ? [expect.stringContaining(`The certificate of "${subjects[gap]}", which issued`)] : [],
				);
				const strangers = order.filter(piece => !reached.includes(piece));
				expect(warnings(result).filter(text => text.includes('nothing to do'))).toHaveLength(
					strangers.length > 0 ? 1 : 0,
				);
				expect(warnings(result).filter(text => text.includes('nobody needs it'))).toHaveLength(
					reached.includes('root') ? 1 : 0,
				);
				expect(result.facts).toMatchObject({chainLength: reached.length, issuer: 'Lower Authority'});
			}),
			{numRuns: 200},
		);
	});

	it('says which certificate is missing, as clients miss it', async () => {
		expect(problems(check({certificate: joined(leaf, upper)}))).toEqual([
			'The certificate of "Lower Authority", which issued "specify7.museum.example", is missing in certificate.pem.',
		]);
		expect(problems(check({certificate: joined(leaf, lower)}))).toEqual([
			'The certificate of "Upper Authority", which issued "Lower Authority", is missing in certificate.pem.',
		]);
		expect(await handshake(joined(leaf, lower), leaf.key, root.certificate)).toMatch(/^UNABLE_TO/);
	});

	it('tells where the missing certificate is, when the certificate says so', () => {
		const address = 'http://pki.university.example/lower.crt';
		const made = make({issuer: lower, extensions: {authorityInfoAccess: `caIssuers;URI:${address}`}});
		const [found] = check({certificate: made.certificate, key: made.key}).problems;
		expect(found!.remedy).toContain(`It is at ${address}.`);
	});

	it('does not take an authority of the same name for the one that issued', () => {
		const namesake = makeAuthority('/CN=Lower Authority', {issuer: upper});
		const result = check({certificate: joined(leaf, namesake, upper)});
		expect(problems(result)).toEqual([
			'The certificate of "Lower Authority", which issued "specify7.museum.example", is missing in certificate.pem; the one of that name there has another key.',
		]);
	});

	it('warns of the root in the file, of strangers, and of one that is there twice', () => {
		expect(fine(check({certificate: joined(leaf, lower, upper, root)}))).toEqual({
			problems: [],
			warnings: [
				{
					problem: 'The root "University Root" is in certificate.pem; nobody needs it from the server.',
					remedy: expect.any(String),
				},
			],
		});
		expect(warnings(check({certificate: joined(leaf, lower, upper, publicRoot)}))).toEqual([
			`certificate.pem holds certificates that have nothing to do with the server's: "Public Root".`,
		]);
		const twice = check({certificate: joined(leaf, leaf, lower, upper, lower)});
		expect(problems(twice)).toEqual([]);
		expect(warnings(twice)).toEqual([
			'The certificate of "specify7.museum.example" is in certificate.pem more than once.',
			'The certificate of "Lower Authority" is in certificate.pem more than once.',
		]);
	});

	it('must end in the authority that is named, or in a public one', () => {
		const certificate = joined(leaf, lower, upper, root);
		expect(problems(check({certificate, authority: null}))).toEqual([
			'The chain ends in "University Root", which is no public authority.',
		]);
		const other = makeAuthority('/O=University/CN=University Root').certificate;
		expect(problems(check({certificate, authority: other}))).toEqual([
			'The chain ends in "University Root", which is no public authority and not the one in authority.pem.',
		]);
		const needless = check({certificate: publicLeaf.certificate, key: publicLeaf.key});
		expect(fine(needless)).toMatchObject({problems: [], warnings: [{remedy: 'Leave own.authority out.'}]});
	});

	it('needs a root as authority, and says when it holds what belongs into the chain', () => {
		const result = check({certificate: joined(leaf, lower), authority: upper.certificate});
		expect(problems(result)).toEqual([
			'authority.pem holds no root: "Upper Authority" is itself issued by "University Root".',
			'The certificate of "Upper Authority", which issued "Lower Authority", is missing in certificate.pem; it is in authority.pem, but is no root.',
		]);
	});

	it('takes the issuer at its signature, not at its name', () => {
		const forged = make({issuer: makeAuthority('/CN=Public Root', {extensions: {subjectKeyIdentifier: 'none'}})});
		const result = check({certificate: forged.certificate, key: forged.key, authority: null});
		expect(problems(result)).toEqual([expect.stringContaining('"Public Root", which issued')]);
	});

	it('refuses a certificate issued by one that is no authority', async () => {
		const server = make({issuer: root, subject: '/CN=www.museum.example', extensions: {keyUsage: ''}});
		const made = make({issuer: server});
		const certificate = joined(made, server);
		expect(problems(check({certificate, key: made.key}))).toEqual([
			'The certificate of "www.museum.example" has signed another, but is no authority\'s.',
		]);
		expect(await handshake(certificate, made.key, root.certificate)).toMatch(/^INVALID_/);
	});

	it('refuses an authority that may not issue for servers', async () => {
		const issuer = (extendedKeyUsage: string) =>
			makeAuthority('/CN=Some Authority', {issuer: root, extensions: {extendedKeyUsage}});
		const mail = issuer('clientAuth,emailProtection');
		const made = make({issuer: mail});
		expect(problems(check({certificate: joined(made, mail), key: made.key}))).toEqual([
			'The authority "Some Authority" may not issue certificates for servers.',
		]);
		expect(await handshake(joined(made, mail), made.key, root.certificate)).toMatch(/^INVALID_/);
		for (const able of [issuer('clientAuth,serverAuth'), issuer('anyExtendedKeyUsage')]) {
			const other = make({issuer: able});
			expect(problems(check({certificate: joined(other, able), key: other.key}))).toEqual([]);
		}
	});
});

describe('the names', () => {
	it('must all be covered; those that are not are listed, with a request for all', () => {
		const result = checkPublic({extensions: {subjectAltName: 'DNS:*.museum.example,DNS:other.example'}});
		expect(problems(result)).toEqual([
			'The certificate does not cover museum.example: it is for *.museum.example, other.example.',
		]);
		const [, command] = /(openssl req .*) -out/.exec(result.problems[0]!.remedy)!;
		const arguments_ = command!
			.split(' ')
			.slice(1)
			.map(part => (part === 'key.pem' ? `${leaf.name}.key` : part));
		const request = fresh('request.csr');
		openssl(...arguments_, '-out', request);
		const text = openssl('req', '-in', request, '-noout', '-text');
		for (const name of names) expect(text).toContain(`DNS:${name}`);
	});

	it.each([
		['a wildcard covers one label only', 'DNS:*.museum.example', ['a.museum.example'], ['a.b.museum.example']],
		['part of a label is no wildcard', 'DNS:spec*.museum.example', [], ['specify7.museum.example']],
		['case does not matter', 'DNS:MUSEUM.example', ['museum.example'], []],
		['an internationalised name is compared in its ASCII form', 'DNS:xn--mse-0na.example', ['xn--mse-0na.example'], []],
	])('%s', (_, subjectAltName, covered, uncovered) => {
		const result = checkPublic({extensions: {subjectAltName}}, {names: [...covered, ...uncovered]});
		expect(problems(result).map(text => /cover (.*):/.exec(text)![1])).toEqual(uncovered);
	});

	it('are not read from the common name', () => {
		const result = checkPublic({extensions: {subjectAltName: ''}}, {names: [names[0]!]});
		expect(problems(result)).toEqual([
			'The certificate does not cover specify7.museum.example: it has no subject alternative names, and browsers read no others.',
		]);
		expect(result.facts!.names).toEqual([]);
	});

	it('are not taken out of other kinds of names', () => {
		const subjectAltName = '@names\n[names]\nURI=http://x.example/, DNS:evil.example\nDNS=museum.example';
		const result = checkPublic({extensions: {subjectAltName}}, {names: ['museum.example']});
		expect(problems(result)).toEqual([]);
		expect(result.facts!.names).toEqual(['museum.example']);
	});
});

describe('the dates', () => {
	it.each([
		[75.5, 'expires in 14 days', false],
		[76.5, 'expires in 13 days', true],
		[88.5, 'expires in 1 day,', true],
		[89.5, 'expires in 0 days', true],
	])('warn of the last two weeks: after %d days it %s', (days, said, warned) => {
		const certificate = publicLeaf.certificate;
		const result = check({certificate, key: publicLeaf.key, authority: null, now: inDays(days)});
		expect(problems(result)).toEqual([]);
		expect(warnings(result)).toEqual(warned ? [expect.stringContaining(said)] : []);
	});

	it('refuse what has expired and what is not valid yet', () => {
		const texts = {certificate: publicLeaf.certificate, key: publicLeaf.key, authority: null};
		const {validTo, validFrom} = check(texts).facts!;
		const name = '"specify7.museum.example"';
		expect(problems(check({...texts, now: inDays(91)}))).toEqual([
			`The certificate of ${name} expired on ${validTo.slice(0, 10)}.`,
		]);
		expect(check({...texts, now: inDays(91)}).facts!.daysLeft).toBeLessThan(0);
		expect(problems(check({...texts, now: inDays(-2)}))).toEqual([
			`The certificate of ${name} is not valid before ${validFrom.slice(0, 10)}.`,
		]);
	});

	it('count for every certificate of the chain, and for the root', () => {
		expect(warnings(check({now: inDays(50)}))).toEqual([expect.stringContaining('"Lower Authority"')]);
		expect(problems(check({now: inDays(65)}))).toEqual([
			expect.stringMatching(/^The certificate of "Lower Authority" expired on/),
		]);
		const short = makeAuthority('/CN=Short Root', {days: 30});
		const made = make({issuer: short});
		const texts = {certificate: made.certificate, key: made.key, authority: short.certificate};
		expect(problems(check({...texts, now: inDays(31)}))).toEqual([
			expect.stringMatching(/^The certificate of "Short Root" expired on/),
		]);
	});
});

describe('strength and purpose', () => {
	it('refuses short RSA keys, in the chain too', () => {
		expect(problems(checkPublic({key: rsa(1024)}))).toEqual([
			'The key of "specify7.museum.example" has 1024 bits; browsers want 2048 at least.',
		]);
		const weak = makeAuthority('/CN=Weak Authority', {issuer: root, key: rsa(1024)});
		const made = make({issuer: weak});
		expect(problems(check({certificate: joined(made, weak), key: made.key}))).toEqual([
			'The key of "Weak Authority" has 1024 bits; browsers want 2048 at least.',
		]);
	});

	const rsaRoot = makeAuthority('/CN=RSA Root', {key: rsa(2048), signature: ['-sha1']});
	const pss = ['-sigopt', 'rsa_padding_mode:pss'];
	it.each([
		['ECDSA with SHA-1', lower, ['-sha1'], 'SHA-1'],
		['RSA with SHA-1', rsaRoot, ['-sha1'], 'SHA-1'],
		['RSA with MD5', rsaRoot, ['-md5'], 'MD5'],
		['RSA-PSS with SHA-1', rsaRoot, ['-sha1', ...pss], 'SHA-1'],
		['RSA-PSS with SHA-256', rsaRoot, ['-sha256', ...pss], null],
		['RSA with SHA-256', rsaRoot, ['-sha256'], null],
		['ECDSA with SHA-512', lower, ['-sha512'], null],
	])('knows %s, and leaves roots out of it', (_, issuer, signature, hash) => {
		const made = make({issuer, signature});
		const certificate = issuer === lower ? joined(made, lower, upper) : joined(made, rsaRoot);
		const authority = issuer === lower ? root.certificate : rsaRoot.certificate;
		expect(problems(check({certificate, key: made.key, authority}))).toEqual(
			hash ? [`The certificate of "specify7.museum.example" is signed with ${hash}, which browsers refuse.`] : [],
		);
	});

	it('warns of keys that browsers do not know', () => {
		expect(warnings(checkPublic({key: ['-algorithm', 'ED25519']}))).toEqual([expect.stringContaining('ed25519')]);
	});

	it('wants a certificate for servers', () => {
		for (const extendedKeyUsage of ['', 'clientAuth', 'clientAuth,emailProtection'])
			expect(problems(checkPublic({extensions: {extendedKeyUsage}}))).toEqual([
				expect.stringContaining('lacks serverAuth'),
			]);
		expect(problems(checkPublic({extensions: {extendedKeyUsage: 'clientAuth,serverAuth'}}))).toEqual([]);
	});

	it('warns of a server certificate that is an authority', () => {
		const result = checkPublic({extensions: {basicConstraints: 'critical,CA:TRUE', keyUsage: ''}});
		expect(problems(result)).toEqual([]);
		expect(warnings(result)).toEqual([expect.stringContaining("is an authority's")]);
	});
});

describe('the form of the files', () => {
	const {name} = publicLeaf;
	const der = (...args: string[]) => {
		const path = fresh('binary');
		openssl(...args, '-out', path);
		return path;
	};
	const checkFiles = (own: {certificate?: string; key?: string; authority?: string | null}, host = localHost) =>
		checkCertificateFiles({
			host,
			own: {certificate: `${name}.pem`, key: `${name}.key`, authority: null, ...own},
			names,
			now,
		});
	/** Does what a remedy says; the file it makes. */
	const obey = (remedy: string, extra = '') => {
		const [, file, command] = /Give (.*) as own\.\w+, which this makes: (.*?)( \(with|; for the key|$)/.exec(remedy)!;
		execFileSync('sh', ['-c', `${command} ${extra}`], {stdio: 'pipe', cwd: folder});
		return file!;
	};

	it('is accepted when it is right', async () => {
		expect(fine(await checkFiles({}))).toEqual(nothing);
	});

	it('must be PEM: commands turn DER into it, and work', async () => {
		const certificate = der('x509', '-in', `${name}.pem`, '-outform', 'der');
		const first = await checkFiles({certificate});
		expect(problems(first)).toEqual([`${certificate} holds a certificate in binary form (DER); the proxy reads PEM.`]);
		expect(fine(await checkFiles({certificate: obey(first.problems[0]!.remedy)}))).toEqual(nothing);

		const authority = der('x509', '-in', `${root.name}.pem`, '-outform', 'der');
		const second = await checkFiles({authority});
		expect(problems(second)).toEqual([expect.stringContaining(`${authority} holds a certificate in binary form`)]);
		expect(second.problems[0]!.remedy).toContain('own.authority');

		const bundle = der('crl2pkcs7', '-nocrl', '-certfile', `${name}.pem`, '-outform', 'der');
		const third = await checkFiles({certificate: bundle});
		expect(problems(third)).toEqual([expect.stringContaining('PKCS#7')]);
		expect(fine(await checkFiles({certificate: obey(third.problems[0]!.remedy)}))).toEqual(nothing);

		const pem = der('crl2pkcs7', '-nocrl', '-certfile', `${name}.pem`);
		const fourth = await checkFiles({certificate: pem});
		expect(problems(fourth)).toEqual([`${pem} holds no certificate, but PKCS7.`]);
		expect(fine(await checkFiles({certificate: obey(fourth.problems[0]!.remedy)}))).toEqual(nothing);
	});

	it.each([
		['PKCS#8, EC', () => publicLeaf, ['pkcs8', '-topk8', '-nocrypt', '-outform', 'der']],
		['SEC 1', () => publicLeaf, ['ec', '-outform', 'der']],
		[
			'PKCS#8, RSA',
			() => make({issuer: publicRoot, key: rsa(2048)}),
			['pkcs8', '-topk8', '-nocrypt', '-outform', 'der'],
		],
		['PKCS#1', () => make({issuer: publicRoot, key: rsa(2048)}), ['rsa', '-traditional', '-outform', 'der']],
		['Ed25519', () => make({issuer: publicRoot, key: ['-algorithm', 'ED25519']}), ['pkey', '-outform', 'der']],
	])('turns a key in DER into PEM: %s', async (_, making, form) => {
		const made = making();
		const key = der(...form, '-in', `${made.name}.key`);
		chmodSync(key, 0o600);
		const result = await checkFiles({certificate: `${made.name}.pem`, key});
		expect(problems(result)).toContain(`${key} holds the private key in binary form (DER); the proxy reads PEM.`);
		const after = obey(result.problems.find(({problem}) => problem.includes('DER'))!.remedy);
		expect(problems(await checkFiles({certificate: `${made.name}.pem`, key: after}))).toEqual([]);
	});

	it('says when a key in DER has a passphrase, with a command that removes it', async () => {
		const key = der('pkcs8', '-topk8', '-in', `${name}.key`, '-passout', 'pass:secret', '-outform', 'der');
		const result = await checkFiles({key});
		expect(problems(result)).toEqual([expect.stringContaining('the private key in binary form')]);
		expect(fine(await checkFiles({key: obey(result.problems[0]!.remedy, '-passin pass:secret')}))).toEqual(nothing);
	});

	it('must not be PKCS#12: commands take certificate and key out of it, and work', async () => {
		const made = make({issuer: lower});
		writeFileSync(`${made.name}.chain`, joined(lower, upper));
		const both = der(
			...['pkcs12', '-export', '-in', `${made.name}.pem`, '-inkey', `${made.name}.key`, '-passout', 'pass:secret'],
			...['-certfile', `${made.name}.chain`],
		);
		const result = await checkFiles({certificate: both, key: both, authority: `${root.name}.pem`});
		expect(problems(result)).toEqual(Array(2).fill(expect.stringMatching(/is a PKCS#12 file/)));
		const [certificate, key] = result.problems.map(({remedy}) => obey(remedy, '-passin pass:secret'));
		expect(certificate).not.toBe(key);
		const after = await checkFiles({certificate, key, authority: `${root.name}.pem`});
		expect(fine(after)).toEqual(nothing);
	});

	it('must not be swapped, and the rest is checked as if it were right', async () => {
		const result = await checkFiles({certificate: `${name}.key`, key: `${name}.pem`});
		expect(result.problems).toEqual([
			{
				problem: 'Certificate and private key are swapped.',
				remedy: `Give ${name}.pem as own.certificate, and ${name}.key as own.key.`,
			},
		]);
		expect(result.facts).not.toBeNull();
	});

	it('must keep the key out of the certificate, and the commands part them', async () => {
		const path = fresh('combined');
		writeFileSync(path, publicLeaf.key + publicLeaf.certificate, {mode: 0o600});
		const result = await checkFiles({certificate: path, key: path});
		expect(problems(result)).toEqual([
			`${path} holds a private key beside the certificate, and certificates are for everybody to read.`,
		]);
		const {remedy} = result.problems[0]!;
		const certificate = obey(remedy);
		const command = /for the key: (.*)$/.exec(remedy)![1]!;
		execFileSync('sh', ['-c', command]);
		expect(readFileSync(certificate, 'utf8')).not.toContain('PRIVATE');
		expect(fine(await checkFiles({certificate, key: `${path}-key.pem`}))).toEqual(nothing);
	});

	it("warns that an authority's key must not be there", async () => {
		const path = fresh('authority');
		writeFileSync(path, root.certificate + root.key);
		const certificate = fresh('chain');
		writeFileSync(certificate, joined(leaf, lower, upper));
		const result = await checkFiles({certificate, key: `${leaf.name}.key`, authority: path});
		expect(problems(result)).toEqual([
			`${path} holds a private key beside the authority's root; nobody needs it here.`,
		]);
		expect(readFileSync(obey(result.problems[0]!.remedy), 'utf8').trim()).toBe(root.certificate.trim());
	});

	it('must be whole, and what it is said to be', () => {
		const text = publicLeaf.certificate;
		const of = (certificate: string) => problems(check({certificate, key: publicLeaf.key, authority: null}));
		expect(of('')).toEqual(['certificate.pem is empty.']);
		expect(of('\n \n')).toEqual(['certificate.pem is empty.']);
		expect(of('hello')).toEqual(['certificate.pem holds no certificate, but nothing in PEM form.']);
		expect(of(publicLeaf.key)).toEqual(['certificate.pem holds no certificate, but PRIVATE KEY.']);
		expect(of(text.slice(0, -40))).toContain('certificate.pem is cut off: something begins in it that does not end.');
		expect(of(`${text}${text.slice(0, 300)}`)).toEqual([
			'certificate.pem is cut off: something begins in it that does not end.',
		]);
		expect(of(text.replace(/\n[^\n]{20}/, '\n'))).toEqual([
			expect.stringMatching(/^Certificate number 1 in certificate\.pem cannot be read/),
		]);
		const request = openssl('req', '-new', '-key', `${name}.key`, '-subj', '/CN=x');
		expect(of(request)).toEqual(['certificate.pem holds no certificate, but CERTIFICATE REQUEST.']);
		const trusted = openssl('x509', '-in', `${name}.pem`, '-trustout', '-addtrust', 'serverAuth');
		expect(of(trusted)).toEqual(['certificate.pem holds no certificate, but TRUSTED CERTIFICATE.']);
	});

	it('must be plain text: commands mend what Windows editors write, and work', async () => {
		const marked = fresh('marked');
		writeFileSync(marked, `\ufeff${publicLeaf.certificate}`);
		const first = await checkFiles({certificate: marked});
		expect(problems(first)).toEqual([expect.stringContaining('byte order mark')]);
		const wide = fresh('wide');
		writeFileSync(wide, Buffer.from(`\ufeff${publicLeaf.certificate}`, 'utf16le'));
		const second = await checkFiles({certificate: wide});
		expect(problems(second)).toEqual([expect.stringContaining('UTF-16')]);
		for (const {
			problems: [found],
		} of [first, second]) {
			const after = obey(found!.remedy);
			expect(readFileSync(after, 'utf8')).toBe(publicLeaf.certificate);
		}
	});

	it('never tells a part of the private key', () => {
		const secret = leaf.key.split('\n')[1]!;
		const texts = [leaf.key, leaf.certificate, joined(leaf) + leaf.key, leaf.key.slice(0, -30), `x${leaf.key}`];
		for (const certificate of texts)
			for (const key of texts) expect(JSON.stringify(check({certificate, key}))).not.toContain(secret.slice(0, 16));
	});

	it('says something of any text at all, and never throws', () => {
		const part = fc.constantFrom(
			...[leaf.certificate, leaf.key, root.certificate, '-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n'],
			...['0\ufffd\u0002\u0001\u0003', '\ufeff', '\0', 'AAAA\n', leaf.certificate.slice(0, 400)],
		);
		const text = fc.array(fc.oneof(part, fc.string({maxLength: 20})), {maxLength: 5}).map(parts => parts.join(''));
		fc.assert(
			fc.property(text, text, fc.option(text), (certificate, key, authority) => {
				const result = check({certificate, key, authority});
				expect(result.facts !== null || result.problems.length > 0).toBe(true);
			}),
			{numRuns: 200},
		);
	});

	it('must be there, be a file, and be of a sensible size', async () => {
		const missing = join(folder, 'nowhere', 'certificate.pem');
		const large = fresh('large');
		writeFileSync(large, Buffer.alloc(2 ** 20 + 1, 'x'));
		const directory = fresh('folder');
		mkdirSync(directory);
		const result = await checkFiles({certificate: missing, key: directory, authority: large});
		expect(result).toEqual({
			problems: [
				{
					problem: `There is no file ${missing}, which should hold the certificate.`,
					remedy: expect.stringContaining('own.certificate'),
				},
				{
					problem: `${directory} is a folder, not the private key.`,
					remedy: 'Give the file in it as own.key.',
				},
				{
					problem: `${large} is too big to hold the authority's root: 1048577 bytes.`,
					remedy: expect.stringContaining('own.authority'),
				},
			],
			warnings: [],
			facts: null,
		});
	});

	it('must be readable', async () => {
		const host = new FakeHost();
		for (const role of ['certificate', 'key'] as const) host.files.set(`/etc/ssl/${role}`, {text: 'x', mode: 0o600});
		host.read = async path => {
			throw path.endsWith('key')
				? new SetupError(`You may not read ${path}.`, {hint: 'Run this with sudo.'})
				: Object.assign(new Error('EIO: i/o error, read'), {code: 'EIO'});
		};
		const own = {certificate: '/etc/ssl/certificate', key: '/etc/ssl/key', authority: null};
		const result = await checkCertificateFiles({host, own, names, now});
		expect(result.problems).toEqual([
			{
				problem: 'The certificate in /etc/ssl/certificate cannot be read: EIO: i/o error, read',
				remedy: expect.stringContaining('sudo'),
			},
			{
				problem: 'The private key in /etc/ssl/key cannot be read: You may not read /etc/ssl/key.',
				remedy: 'Run this with sudo.',
			},
		]);
		expect(result.facts).toBeNull();
	});

	it.each(['0644', '0640', '0660', '0604'])('warns of a key that others may read: mode %s', async mode => {
		const key = `${fresh("the museum's")}.key`;
		writeFileSync(key, publicLeaf.key, {mode: 0o600});
		chmodSync(key, Number.parseInt(mode, 8));
		const result = await checkFiles({key});
		expect(problems(result)).toEqual([]);
		expect(warnings(result)).toEqual([`Others on this machine may read the private key ${key} (mode ${mode}).`]);
		execFileSync('sh', ['-c', result.warnings[0]!.remedy.replace('Run: ', '')]);
		expect(fine(await checkFiles({key}))).toEqual(nothing);
	});
});
