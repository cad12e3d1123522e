import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {rootCertificates} from 'node:tls';
import {messageOf, SetupError} from '../errors.js';
import type {Host} from './host.js';

/** One thing about the files, and what to do about it. */
export type Finding = {problem: string; remedy: string};

/** The server's certificate. Times are ISO 8601; `chainLength` counts it and those of the file that lead on from it. */
export type CertificateFacts = {
	issuer: string;
	subject: string;
	names: string[];
	validFrom: string;
	validTo: string;
	daysLeft: number;
	chainLength: number;
};

/** With problems, browsers or Specify itself would refuse the certificate, or the proxy the files. `facts` is null when none was read. */
export type CertificateCheck = {problems: Finding[]; warnings: Finding[]; facts: CertificateFacts | null};

type Role = 'certificate' | 'key' | 'authority';
type Paths = Record<Role, string>;
type Remark = Finding & {severity: 'problem' | 'warning'};

const problem = (problem: string, remedy: string): Remark => ({severity: 'problem', problem, remedy});
const warning = (problem: string, remedy: string): Remark => ({severity: 'warning', problem, remedy});

const findings = (remarks: readonly Remark[], facts: CertificateFacts | null): CertificateCheck => {
	const of = (wanted: Remark['severity']) =>
		remarks.filter(({severity}) => severity === wanted).map(({problem, remedy}) => ({problem, remedy}));
	return {problems: of('problem'), warnings: of('warning'), facts};
};

const dayMs = 86_400_000;
const fewDays = 14;
const fewestRsaBits = 2048;
/** Far more than a certificate, or all public authorities together. */
const maxBytes = 2 ** 20;

const roleNames: Record<Role, string> = {
	certificate: 'the certificate',
	key: 'the private key',
	authority: "the authority's root",
};
const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A path as a shell reads it back. */
const word = (path: string) =>
	/^[\w@%+=:,./-]+$/.test(path) && !path.startsWith('-') ? path : `'${path.replace(/'/g, `'\\''`)}'`;
/** Where a command writes what it makes of a file; never the file itself. */
const beside = (path: string, role: Role) =>
	`${path.replace(/\.[A-Za-z0-9]{1,4}$/, '')}-${role === 'key' ? 'key' : 'certificate'}.pem`;

/** The command comes last, to be copied. */
const convert = (role: Role, path: string, command: (from: string, to: string) => string) => {
	const to = beside(path, role);
	return `Give ${to} as own.${role}, which this makes: ${command(word(path), word(to))}`;
};
const certificatesOnly = (from: string, to: string) =>
	`sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' ${from} > ${to}`;
const keyOnly = (from: string, to: string) => `openssl pkey -in ${from} -out ${to}`;

// What a file holds

type Block = {label: string; text: string};

const blocksOf = (text: string): Block[] =>
	[...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].map(([block, label]) => ({
		label: label!,
		text: block,
	}));
const isCertificate = ({label}: Block) => label === 'CERTIFICATE';
const isKey = ({label}: Block) => label.endsWith('PRIVATE KEY');
const isEncrypted = ({label, text}: Block) =>
	label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(text);

/**
 * What binary files are, by the codes of their first characters: DER (X.690), a sequence and what it begins with. They were
 * read as UTF-8, which keeps tags and object identifiers but not lengths: those are any codes here.
 */
const binaryFormats = {
	pkcs12: /^30( \w+){1,5} 02 01 03/,
	key: /^30( \w+){1,5} 02 01 0[01]/,
	encryptedKey: /^30( \w+){1,5} 30( \w+){1,5} 06 09 2a( \w+){3,6} 01 05/,
	pkcs7: /^30( \w+){1,5} 06 09 2a( \w+){3,6} 01 07 02/,
	certificate: /^30 fffd( \w+){1,4} 30/,
};
type BinaryFormat = keyof typeof binaryFormats;
const firstCharacters = 40;

const binaryFormatOf = (text: string): BinaryFormat | null => {
	const codes = [...text.slice(0, firstCharacters)].map(sign => sign.codePointAt(0)!.toString(16).padStart(2, '0'));
	return (Object.keys(binaryFormats) as BinaryFormat[]).find(name => binaryFormats[name].test(codes.join(' '))) ?? null;
};

const pkcs12Command = (role: Role) => (from: string, to: string) => {
	const part = {certificate: '-nokeys', key: '-nocerts -nodes', authority: '-nokeys -cacerts'}[role];
	return `openssl pkcs12 -in ${from} ${part} -out ${to}`;
};

const binaryRemark = (format: BinaryFormat, role: Role, path: string): Remark => {
	const binary = (what: string, command: (from: string, to: string) => string) =>
		problem(`${path} holds ${what} in binary form (DER); the proxy reads PEM.`, convert(role, path, command));
	const der = (program: string) => (from: string, to: string) =>
		`openssl ${program} -inform der -in ${from} -out ${to}`;
	switch (format) {
		case 'pkcs12':
			return problem(
				`${path} is a PKCS#12 file (.p12, .pfx); the proxy reads PEM.`,
				`${convert(role, path, pkcs12Command(role))} (with -legacy if OpenSSL says "unsupported")`,
			);
		case 'pkcs7':
			return binary(
				'certificates as PKCS#7',
				(from, to) => `openssl pkcs7 -inform der -print_certs -in ${from} -out ${to}`,
			);
		case 'key':
		case 'encryptedKey':
			if (role !== 'key') return problem(`${path} holds a private key, not ${roleNames[role]}.`, expected(role));
			return binary('the private key', der('pkey'));
		case 'certificate':
			if (role === 'key') return problem(`${path} holds a certificate, not the private key.`, expected(role));
			return binary('a certificate', der('x509'));
	}
};

const expected = (role: Role) =>
	role === 'key'
		? 'Give the file that begins with -----BEGIN PRIVATE KEY----- (or EC or RSA PRIVATE KEY) as own.key.'
		: `Give a file that begins with -----BEGIN CERTIFICATE----- as own.${role}.`;

/** What is wrong with a file whatever is in its certificates. */
const checkFormat = (role: Role, text: string, path: string): Remark[] => {
	if (text.trim() === '')
		return [problem(`${path} is empty.`, `Copy ${roleNames[role]} there again. ${expected(role)}`)];
	const binary = binaryFormatOf(text);
	if (binary) return [binaryRemark(binary, role, path)];
	if (text.includes('B\0E\0G\0I\0N'))
		return [
			problem(
				`${path} is written in UTF-16, as Windows editors do; the proxy reads plain text.`,
				convert(role, path, (from, to) => `iconv -f UTF-16 -t UTF-8 ${from} > ${to}`),
			),
		];
	const blocks = blocksOf(text);
	const begun = text.match(/-----BEGIN [A-Z0-9 ]+-----/g)?.length ?? 0;
	const remarks: Remark[] = [];
	if (begun > blocks.length)
		remarks.push(problem(`${path} is cut off: something begins in it that does not end.`, 'Copy the file once more.'));
	if (text.startsWith('\ufeff'))
		remarks.push(
			problem(
				`${path} begins with a byte order mark, as Windows editors write it; the proxy would not see what comes first.`,
				convert(role, path, (from, to) => `sed '1s/^\\xEF\\xBB\\xBF//' ${from} > ${to}`),
			),
		);
	return [...remarks, ...(role === 'key' ? checkKeyBlocks : checkCertificateBlocks)(role, blocks, path)];
};

const listOf = (blocks: readonly Block[]) =>
	blocks.length === 0 ? 'nothing in PEM form' : [...new Set(blocks.map(({label}) => label))].join(', ');

const checkKeyBlocks = (role: Role, blocks: readonly Block[], path: string): Remark[] => {
	const key = blocks.find(isKey);
	if (!key) return [problem(`${path} holds no private key, but ${listOf(blocks)}.`, expected(role))];
	if (!isEncrypted(key)) return [];
	return [
		problem(
			`The private key in ${path} is protected by a passphrase, which nobody could type when the server starts.`,
			convert(role, path, keyOnly),
		),
	];
};

const checkCertificateBlocks = (role: Role, blocks: readonly Block[], path: string): Remark[] => {
	const labels = blocks.map(({label}) => label);
	if (!blocks.some(isCertificate)) {
		const said = `${path} holds no certificate, but ${listOf(blocks)}.`;
		if (labels.includes('PKCS7'))
			return [
				problem(
					said,
					convert(role, path, (from, to) => `openssl pkcs7 -print_certs -in ${from} -out ${to}`),
				),
			];
		if (labels.includes('TRUSTED CERTIFICATE'))
			return [
				problem(
					said,
					convert(role, path, (from, to) => `openssl x509 -in ${from} -out ${to}`),
				),
			];
		if (labels.some(label => label.endsWith('CERTIFICATE REQUEST')))
			return [problem(said, `That is the request; the authority answers with the certificate. ${expected(role)}`)];
		return [problem(said, expected(role))];
	}
	if (!blocks.some(isKey)) return [];
	return role === 'authority'
		? [
				problem(
					`${path} holds a private key beside the authority's root; nobody needs it here.`,
					`If it is the authority's own key, it must not be on this server at all. ${convert(role, path, certificatesOnly)}`,
				),
			]
		: [
				problem(
					`${path} holds a private key beside the certificate, and certificates are for everybody to read.`,
					`${convert(role, path, certificatesOnly)}; for the key: ${keyOnly(word(path), word(beside(path, 'key')))}`,
				),
			];
};

// Certificates

const labelled = (name: string, label: string) => new RegExp(`^${label}=(.*)$`, 'm').exec(name)?.[1];
/** A distinguished name in short: the common name, else the organisation. */
const shortName = (name: string) =>
	(labelled(name, 'CN') ?? labelled(name, 'OU') ?? labelled(name, 'O') ?? name.split('\n').join(', ')).replace(
		/\\([,+"\\<>;=# ])/g,
		'$1',
	);
/** The host names a certificate is for. Node separates names by a comma and a blank, and writes those inside a name otherwise. */
const hostNames = ({subjectAltName = ''}: X509Certificate) =>
	subjectAltName.split(', ').flatMap(name => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
const nameOf = (certificate: X509Certificate) =>
	shortName(certificate.subject ?? '') || hostNames(certificate)[0] || 'a certificate without a name';
const issuerOf = (certificate: X509Certificate) => shortName(certificate.issuer ?? '') || 'an authority without a name';
const quoted = (certificate: X509Certificate) => `"${nameOf(certificate)}"`;

const same = (one: X509Certificate, other: X509Certificate) => one.fingerprint256 === other.fingerprint256;

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate) => {
	try {
		return certificate.verify(issuer.publicKey);
	} catch {
		// a key of another kind than the signature
		return false;
	}
};
const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate) =>
	certificate.checkIssued(issuer) && isSignedBy(certificate, issuer);
/** Not by `checkIssued`, which wants a key usage for signing that servers' certificates need not have. */
const isSelfSigned = (certificate: X509Certificate) =>
	certificate.subject === certificate.issuer && isSignedBy(certificate, certificate);

/** DER: where the content of the value at `at` begins, and where it ends. */
const contentAt = (bytes: Buffer, at: number) => {
	const first = bytes[at + 1]!;
	const lengthBytes = first & 0x80 ? first & 0x7f : 0;
	const start = at + 2 + lengthBytes;
	return {start, end: start + (lengthBytes ? bytes.readUIntBE(at + 2, lengthBytes) : first)};
};

/** Signature algorithms that browsers refuse, as DER object identifiers. */
const brokenSignatures: Record<string, string> = {
	'2a864886f70d010102': 'MD2',
	'2a864886f70d010104': 'MD5',
	'2a864886f70d010105': 'SHA-1',
	'2b0e03021d': 'SHA-1',
	'2a8648ce3d0401': 'SHA-1',
	'2a8648ce380403': 'SHA-1',
};
const rsaPss = '2a864886f70d01010a';
const explicitHash = 0xa0;

/** The broken hash a certificate is signed with, or null. From the bytes, because Node tells it from version 24 on. */
const brokenHash = ({raw}: X509Certificate) => {
	const signed = contentAt(raw, contentAt(raw, 0).start);
	const algorithm = contentAt(raw, signed.end);
	const identifier = contentAt(raw, algorithm.start);
	const name = raw.subarray(identifier.start, identifier.end).toString('hex');
	// RSASSA-PSS without a hash means SHA-1 (RFC 4055).
	if (name === rsaPss) return raw[contentAt(raw, identifier.end).start] === explicitHash ? null : 'SHA-1';
	return brokenSignatures[name] ?? null;
};

/** The certificates of a text, each once, and what is wrong with its blocks. */
const readCertificates = (text: string, path: string): {certificates: X509Certificate[]; remarks: Remark[]} => {
	const certificates: X509Certificate[] = [];
	const remarks: Remark[] = [];
	for (const [index, block] of blocksOf(text).filter(isCertificate).entries()) {
		try {
			const certificate = new X509Certificate(block.text);
			// Read here, because a key of an unknown kind is an error only when it is asked for.
			void certificate.publicKey;
			if (certificates.some(other => same(other, certificate)))
				remarks.push(
					warning(`The certificate of ${quoted(certificate)} is in ${path} more than once.`, 'Leave it there once.'),
				);
			else certificates.push(certificate);
		} catch (error) {
			remarks.push(
				problem(
					`Certificate number ${index + 1} in ${path} cannot be read: ${messageOf(error)}.`,
					'Copy the file once more, or have the authority send it again.',
				),
			);
		}
	}
	return {certificates, remarks};
};

const readKey = (text: string, path: string): {key: KeyObject | null; remarks: Remark[]} => {
	const block = blocksOf(text).find(isKey);
	if (!block || isEncrypted(block)) return {key: null, remarks: []};
	try {
		return {key: createPrivateKey(block.text), remarks: []};
	} catch (error) {
		return {
			key: null,
			remarks: [problem(`The private key in ${path} cannot be read: ${messageOf(error)}.`, expected('key'))],
		};
	}
};

// The chain

/** From the server's certificate on through the others, each issued by the next, as far as they lead. */
const chainFrom = (leaf: X509Certificate, certificates: readonly X509Certificate[]) => {
	const chain = [leaf];
	for (let last = leaf; !isSelfSigned(last); last = chain.at(-1)!) {
		const issuers = certificates.filter(other => !chain.includes(other) && isIssuedBy(last, other));
		// An authority may have several certificates, its own and another's: the one that stands next is meant.
		const following = certificates[certificates.indexOf(last) + 1];
		const next =
			issuers.find(other => other === following) ?? issuers.find(other => !isSelfSigned(other)) ?? issuers[0];
		if (!next) break;
		chain.push(next);
	}
	return chain;
};

let publicRoots: X509Certificate[] | undefined;
/** Public authorities of a name; all are read when the first is asked for. */
const publicRootsNamed = (subject: string) => {
	publicRoots ??= rootCertificates.map(text => new X509Certificate(text));
	return publicRoots.filter(root => root.subject === subject);
};

const isVouchedFor = (certificate: X509Certificate, roots: readonly X509Certificate[]) =>
	roots.some(root => same(certificate, root) || isIssuedBy(certificate, root));
const isPublic = (chain: readonly X509Certificate[]) =>
	chain.some(certificate => isVouchedFor(certificate, publicRootsNamed(certificate.issuer)));

const checkOrder = (
	certificates: readonly X509Certificate[],
	chain: readonly X509Certificate[],
	path: string,
): Remark[] => {
	const strangers = certificates.filter(certificate => !chain.includes(certificate));
	const last = chain.at(-1)!;
	const hasRoot = chain.length > 1 && isSelfSigned(last);
	const wanted = hasRoot ? chain.slice(0, -1) : chain;
	const remarks: Remark[] = [];
	if (chain.some((certificate, index) => certificates[index] !== certificate))
		remarks.push(
			problem(
				`The certificates in ${path} are in the wrong order.`,
				`Write them so that each is issued by the next: ${wanted.map((certificate, index) => `${index + 1}. ${quoted(certificate)}`).join(', ')}.`,
			),
		);
	if (hasRoot)
		remarks.push(
			warning(
				`The root ${quoted(last)} is in ${path}; nobody needs it from the server.`,
				'Leave it out, the last certificate there, when you next replace the file.',
			),
		);
	if (strangers.length > 0)
		remarks.push(
			warning(
				`${path} holds certificates that have nothing to do with the server's: ${strangers.map(quoted).join(', ')}.`,
				'Leave them out.',
			),
		);
	return remarks;
};

/** Where authorities offer the certificate that issued one, when it says so. */
const issuerAddress = ({infoAccess = ''}: X509Certificate) =>
	/^CA Issuers - URI:(https?:\/\/[\w./%?&=+~:@-]+)$/m.exec(infoAccess)?.[1];

/** Whether the chain leads to a root that browsers, and Specify itself, are going to trust. */
const checkTrust = (
	{chain, certificates}: {chain: readonly X509Certificate[]; certificates: readonly X509Certificate[]},
	authorities: readonly X509Certificate[] | null,
	paths: Paths,
): Remark[] => {
	const last = chain.at(-1)!;
	const roots = (authorities ?? []).filter(isSelfSigned);
	if (chain.some(certificate => isVouchedFor(certificate, roots))) return [];
	if (isPublic(chain))
		return authorities === null
			? []
			: [
					warning(
						`${paths.authority} did not issue the certificate, which is from a public authority.`,
						'Leave own.authority out.',
					),
				];
	if (isSelfSigned(last) && chain.length === 1)
		return [
			problem(
				`The certificate of ${quoted(last)} is signed by itself: nobody vouches for it.`,
				`Use certificates: internal, which makes better ones by itself, or have an authority issue it. If it must be this one, give ${paths.certificate} as own.authority too.`,
			),
		];
	if (isSelfSigned(last))
		return [
			problem(
				`The chain ends in ${quoted(last)}, which is no public authority${authorities === null ? '' : ` and not the one in ${paths.authority}`}.`,
				"If it is your institution's own, save its certificate in a file by itself and give that as own.authority.",
			),
		];
	return [missingIssuer(last, certificates, authorities ?? [], paths)];
};

const missingIssuer = (
	last: X509Certificate,
	certificates: readonly X509Certificate[],
	authorities: readonly X509Certificate[],
	paths: Paths,
): Remark => {
	const missing = issuerOf(last);
	const said = `The certificate of "${missing}", which issued ${quoted(last)}, is missing in ${paths.certificate}`;
	if (authorities.some(authority => isIssuedBy(last, authority)))
		return problem(
			`${said}; it is in ${paths.authority}, but is no root.`,
			`Append it to ${paths.certificate}, and give the root that issued it as own.authority.`,
		);
	const address = issuerAddress(last);
	const where = address
		? `It is at ${address}`
		: 'Authorities offer it beside the certificate, as "intermediate", "chain" or "full chain"';
	const namesake = certificates.some(other => other !== last && other.subject === last.issuer);
	return problem(
		`${said}${namesake ? '; the one of that name there has another key' : ''}.`,
		`Append it to ${paths.certificate}, in PEM form. ${where}. If it is the root of your institution's own authority, give its file as own.authority.`,
	);
};

const checkAuthorities = (authorities: readonly X509Certificate[] | null, path: string): Remark[] => {
	if (authorities === null || authorities.length === 0 || authorities.some(isSelfSigned)) return [];
	const [first] = authorities;
	return [
		problem(
			`${path} holds no root: ${quoted(first!)} is itself issued by "${issuerOf(first!)}".`,
			`Give the certificate of the root as own.authority; those between belong into own.certificate.`,
		),
	];
};

// Each certificate

const momentOf = (text: string) => new Date(text).getTime();
const dateOf = (text: string) => new Date(text).toISOString().slice(0, 10);
const daysUntil = (text: string, now: number) => Math.floor((momentOf(text) - now) / dayMs);

const checkDates = (certificate: X509Certificate, now: number): Remark[] => {
	const {validFrom, validTo} = certificate;
	const name = quoted(certificate);
	const days = daysUntil(validTo, now);
	if (now < momentOf(validFrom))
		return [
			problem(
				`The certificate of ${name} is not valid before ${dateOf(validFrom)}.`,
				"Wait until then, or set this machine's clock if it is wrong.",
			),
		];
	if (now > momentOf(validTo))
		return [problem(`The certificate of ${name} expired on ${dateOf(validTo)}.`, 'Have it renewed.')];
	if (days < fewDays)
		return [
			warning(
				`The certificate of ${name} expires in ${days} ${days === 1 ? 'day' : 'days'}, on ${dateOf(validTo)}.`,
				'Have it renewed now.',
			),
		];
	return [];
};

const checkStrength = (certificate: X509Certificate): Remark[] => {
	const name = quoted(certificate);
	const {asymmetricKeyType: type = '', asymmetricKeyDetails} = certificate.publicKey;
	const bits = asymmetricKeyDetails?.modulusLength;
	const hash = brokenHash(certificate);
	const remarks: Remark[] = [];
	if (bits !== undefined && type.startsWith('rsa') && bits < fewestRsaBits)
		remarks.push(
			problem(
				`The key of ${name} has ${bits} bits; browsers want ${fewestRsaBits} at least.`,
				'Have a certificate issued for a new key.',
			),
		);
	if (!['rsa', 'rsa-pss', 'ec'].includes(type))
		remarks.push(
			warning(
				`The key of ${name} is of the kind ${type}, which many browsers do not know.`,
				'Have a certificate issued for a key of the kind EC (P-256) or RSA.',
			),
		);
	// What a root signs itself with protects nobody.
	if (hash && !(isSelfSigned(certificate) && certificate.ca))
		remarks.push(
			problem(
				`The certificate of ${name} is signed with ${hash}, which browsers refuse.`,
				'Have the authority issue it anew, with SHA-256.',
			),
		);
	return remarks;
};

const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const anyPurpose = '2.5.29.37.0';
/** The extended key usage, which Node calls `keyUsage`; null when the certificate has none. */
const purposesOf = (certificate: X509Certificate) => (certificate.keyUsage as string[] | undefined) ?? null;

const checkPurpose = (leaf: X509Certificate): Remark[] => {
	const name = quoted(leaf);
	const remarks: Remark[] = [];
	// Most clients take one without any extended key usage; Apple's do not.
	if (!purposesOf(leaf)?.includes(serverAuthentication))
		remarks.push(
			problem(
				`The certificate of ${name} is not made for servers: its extended key usage lacks serverAuth.`,
				'Have a server certificate issued ("TLS web server authentication").',
			),
		);
	if (leaf.ca)
		remarks.push(
			warning(
				`The certificate of ${name} is an authority's: whoever gets its key can issue others.`,
				'Have one issued with the basic constraint CA:FALSE.',
			),
		);
	return remarks;
};

const checkIssuers = (chain: readonly X509Certificate[]): Remark[] =>
	chain
		.slice(1)
		.filter(certificate => !isSelfSigned(certificate))
		.flatMap(certificate => {
			const name = quoted(certificate);
			const purposes = purposesOf(certificate) ?? [anyPurpose];
			if (!certificate.ca)
				return [
					problem(
						`The certificate of ${name} has signed another, but is no authority's.`,
						'Browsers refuse that: have the server certificate issued by an authority.',
					),
				];
			if (!purposes.includes(serverAuthentication) && !purposes.includes(anyPurpose))
				return [
					problem(
						`The authority ${name} may not issue certificates for servers.`,
						'Have the server certificate issued by an authority that may.',
					),
				];
			return [];
		});

const checkNames = (leaf: X509Certificate, names: readonly string[], paths: Paths): Remark[] => {
	const missing = names.filter(name => leaf.checkHost(name, {subject: 'never', partialWildcards: false}) === undefined);
	if (missing.length === 0) return [];
	const own = hostNames(leaf);
	const has =
		own.length > 0 ? `it is for ${own.join(', ')}` : 'it has no subject alternative names, and browsers read no others';
	const wanted = names.map(name => `DNS:${name}`).join(',');
	return [
		problem(
			`The certificate does not cover ${missing.join(', ')}: ${has}.`,
			`Have one issued for all names. A request for it: openssl req -new -key ${word(paths.key)} -subj /CN=${names[0]} -addext subjectAltName=${wanted} -out request.csr`,
		),
	];
};

const checkKey = (leaf: X509Certificate, key: KeyObject | null, paths: Paths): Remark[] =>
	key === null || leaf.checkPrivateKey(key)
		? []
		: [
				problem(
					`The private key in ${paths.key} does not belong to the certificate of ${quoted(leaf)}.`,
					'Give the key that its request was made with; a renewed certificate often has a new one. If it is lost, have the certificate issued anew.',
				),
			];

const factsOf = (leaf: X509Certificate, chainLength: number, now: number): CertificateFacts => ({
	issuer: issuerOf(leaf),
	subject: nameOf(leaf),
	names: hostNames(leaf),
	validFrom: new Date(leaf.validFrom).toISOString(),
	validTo: new Date(leaf.validTo).toISOString(),
	daysLeft: daysUntil(leaf.validTo, now),
	chainLength,
});

/** Texts of the files; `authority` is null for a public one. `now` is in milliseconds since 1970; `paths` are named in what is said. */
export type CertificateTexts = {
	certificate: string;
	key: string;
	authority: string | null;
	names: readonly string[];
	now: number;
	paths?: Partial<Record<Role, string | null>>;
};

const unnamed: Paths = {certificate: 'certificate.pem', key: 'key.pem', authority: 'authority.pem'};
const hasOnly = (text: string, wanted: (block: Block) => boolean, other: (block: Block) => boolean) =>
	blocksOf(text).some(wanted) && !blocksOf(text).some(other);

/**
 * Whether a museum's own certificate can be served under these names: the files' form, the key, the chain and its order,
 * names, dates, strength and purpose. Says everything at once. It cannot see what only a handshake or the authority tells:
 * revocation, name constraints and the length of path an authority allows.
 */
export const checkCertificate = (given: CertificateTexts): CertificateCheck => {
	const {names, now} = given;
	const paths: Paths = {
		certificate: given.paths?.certificate ?? unnamed.certificate,
		key: given.paths?.key ?? unnamed.key,
		authority: given.paths?.authority ?? unnamed.authority,
	};
	if (hasOnly(given.certificate, isKey, isCertificate) && hasOnly(given.key, isCertificate, isKey)) {
		const turned = checkCertificate({
			...given,
			...{certificate: given.key, key: given.certificate},
			paths: {...paths, certificate: paths.key, key: paths.certificate},
		});
		const swapped = problem(
			'Certificate and private key are swapped.',
			`Give ${paths.key} as own.certificate, and ${paths.certificate} as own.key.`,
		);
		return {...turned, problems: [...findings([swapped], null).problems, ...turned.problems]};
	}
	const own = readCertificates(given.certificate, paths.certificate);
	const {key, remarks: keyRemarks} = readKey(given.key, paths.key);
	const authority = given.authority === null ? null : readCertificates(given.authority, paths.authority);
	const remarks = [
		...checkFormat('certificate', given.certificate, paths.certificate),
		...checkFormat('key', given.key, paths.key),
		...(given.authority === null ? [] : checkFormat('authority', given.authority, paths.authority)),
		...own.remarks,
		...keyRemarks,
		...(authority?.remarks ?? []).filter(({severity}) => severity === 'problem'),
	];
	const {certificates} = own;
	const leaf =
		certificates.find(certificate => key !== null && certificate.checkPrivateKey(key)) ??
		certificates.find(certificate => !certificate.ca) ??
		certificates[0];
	if (!leaf) return findings(remarks, null);
	const chain = chainFrom(leaf, certificates);
	const roots = (authority?.certificates ?? []).filter(
		root => isSelfSigned(root) && !chain.some(other => same(other, root)),
	);
	remarks.push(
		...checkKey(leaf, key, paths),
		...checkOrder(certificates, chain, paths.certificate),
		...checkAuthorities(authority?.certificates ?? null, paths.authority),
		...checkTrust({chain, certificates}, authority?.certificates ?? null, paths),
		...checkIssuers(chain),
		...checkNames(leaf, names, paths),
		...[...chain, ...roots.filter(root => chain.some(one => isVouchedFor(one, [root])))].flatMap(one =>
			checkDates(one, now),
		),
		...chain.flatMap(checkStrength),
		...checkPurpose(leaf),
	);
	return findings(remarks, factsOf(leaf, chain.length, now));
};

// The files

const isReadableByOthers = (mode: number) => (mode & 0o077) !== 0;

const readFile = async (host: Pick<Host, 'read' | 'stat'>, role: Role, path: string) => {
	const failed = (said: string, remedy: string) => ({text: null, remarks: [problem(said, remedy)]});
	const missing = () =>
		failed(
			`There is no file ${path}, which should hold ${roleNames[role]}.`,
			`Put it there, or correct own.${role}: the whole path, as it is on this machine.`,
		);
	try {
		const facts = await host.stat(path);
		if (!facts) return missing();
		if (facts.isFolder)
			return failed(`${path} is a folder, not ${roleNames[role]}.`, `Give the file in it as own.${role}.`);
		if (facts.bytes > maxBytes)
			return failed(`${path} is too big to hold ${roleNames[role]}: ${facts.bytes} bytes.`, expected(role));
		const text = await host.read(path);
		if (text === null) return missing();
		const remarks =
			role === 'key' && isReadableByOthers(facts.mode)
				? [
						warning(
							`Others on this machine may read the private key ${path} (mode ${facts.mode.toString(8).padStart(4, '0')}).`,
							`Run: chmod 600 ${word(path)}`,
						),
					]
				: [];
		return {text, remarks};
	} catch (error) {
		return failed(
			`${sentence(roleNames[role])} in ${path} cannot be read: ${messageOf(error)}`,
			error instanceof SetupError
				? error.hint
				: 'Run this with sudo, or make the file and its folders readable for yourself.',
		);
	}
};

/**
 * Reads the files of a museum's own certificate and checks them; see `checkCertificate`. A file that cannot be read is a
 * problem, and then nothing is said about the others' content. Throws nothing.
 * @param now milliseconds since 1970
 */
export const checkCertificateFiles = async ({
	host,
	own,
	names,
	now,
}: {
	host: Pick<Host, 'read' | 'stat'>;
	own: {certificate: string; key: string; authority: string | null};
	names: readonly string[];
	now: number;
}): Promise<CertificateCheck> => {
	const certificate = await readFile(host, 'certificate', own.certificate);
	const key = await readFile(host, 'key', own.key);
	const authority = own.authority === null ? null : await readFile(host, 'authority', own.authority);
	const remarks = [certificate, key, authority].flatMap(file => file?.remarks ?? []);
	const about = findings(remarks, null);
	if (certificate.text === null || key.text === null || (authority !== null && authority.text === null)) return about;
	const texts = {certificate: certificate.text, key: key.text, authority: authority?.text ?? null};
	const checked = checkCertificate({...texts, names, now, paths: own});
	return {
		problems: [...about.problems, ...checked.problems],
		warnings: [...about.warnings, ...checked.warnings],
		facts: checked.facts,
	};
};
