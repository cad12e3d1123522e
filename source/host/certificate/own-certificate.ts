import type {KeyObject, X509Certificate} from 'node:crypto';
import {messageOf, SetupError} from '../../errors.js';
import type {Host} from '../host.js';
import {chainFrom, checkAuthorities, checkOrder, checkTrust, isVouchedFor} from './chain.js';
import {type Block, blocksOf, checkFormat, expected, isCertificate, isKey} from './pem.js';
import {
	type CertificateCheck,
	type CertificateFacts,
	dayMs,
	fewDays,
	fewestRsaBits,
	findings,
	maxBytes,
	type Paths,
	problem,
	type Remark,
	type Role,
	roleNames,
	sentence,
	warning,
	word,
} from './remark.js';
import {
	brokenHash,
	hostNames,
	isSelfSigned,
	issuerOf,
	nameOf,
	quoted,
	readCertificates,
	readKey,
	same,
} from './x509.js';

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
