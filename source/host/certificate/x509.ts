import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {messageOf} from '../../errors.js';
import {blocksOf, expected, isCertificate, isEncrypted, isKey} from './pem.js';
import {problem, type Remark, warning} from './remark.js';

const labelled = (name: string, label: string) => new RegExp(`^${label}=(.*)$`, 'm').exec(name)?.[1];
/** A distinguished name in short: the common name, else the organisation. */
const shortName = (name: string) =>
	(labelled(name, 'CN') ?? labelled(name, 'OU') ?? labelled(name, 'O') ?? name.split('\n').join(', ')).replace(
		/\\([,+"\\<>;=# ])/g,
		'$1',
	);
/** The host names a certificate is for. Node separates names by a comma and a blank, and writes those inside a name otherwise. */
export const hostNames = ({subjectAltName = ''}: X509Certificate) =>
	subjectAltName.split(', ').flatMap(name => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
export const nameOf = (certificate: X509Certificate) =>
	shortName(certificate.subject ?? '') || hostNames(certificate)[0] || 'a certificate without a name';
export const issuerOf = (certificate: X509Certificate) =>
	shortName(certificate.issuer ?? '') || 'an authority without a name';
export const quoted = (certificate: X509Certificate) => `"${nameOf(certificate)}"`;

export const same = (one: X509Certificate, other: X509Certificate) => one.fingerprint256 === other.fingerprint256;

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate) => {
	try {
		return certificate.verify(issuer.publicKey);
	} catch {
		// a key of another kind than the signature
		return false;
	}
};
export const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate) =>
	certificate.checkIssued(issuer) && isSignedBy(certificate, issuer);
/** Not by `checkIssued`, which wants a key usage for signing that servers' certificates need not have. */
export const isSelfSigned = (certificate: X509Certificate) =>
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
export const brokenHash = ({raw}: X509Certificate) => {
	const signed = contentAt(raw, contentAt(raw, 0).start);
	const algorithm = contentAt(raw, signed.end);
	const identifier = contentAt(raw, algorithm.start);
	const name = raw.subarray(identifier.start, identifier.end).toString('hex');
	// RSASSA-PSS without a hash means SHA-1 (RFC 4055).
	if (name === rsaPss) return raw[contentAt(raw, identifier.end).start] === explicitHash ? null : 'SHA-1';
	return brokenSignatures[name] ?? null;
};

/** The certificates of a text, each once, and what is wrong with its blocks. */
export const readCertificates = (text: string, path: string): {certificates: X509Certificate[]; remarks: Remark[]} => {
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

export const readKey = (text: string, path: string): {key: KeyObject | null; remarks: Remark[]} => {
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
