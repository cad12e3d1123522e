import {
	beside,
	certificatesOnly,
	convert,
	keyOnly,
	problem,
	type Remark,
	type Role,
	roleNames,
	word,
} from './remark.js';

export type Block = {label: string; text: string};

export const blocksOf = (text: string): Block[] =>
	[...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].map(([block, label]) => ({
		label: label!,
		text: block,
	}));
export const isCertificate = ({label}: Block) => label === 'CERTIFICATE';
export const isKey = ({label}: Block) => label.endsWith('PRIVATE KEY');
export const isEncrypted = ({label, text}: Block) =>
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

export const expected = (role: Role) =>
	role === 'key'
		? 'Give the file that begins with -----BEGIN PRIVATE KEY----- (or EC or RSA PRIVATE KEY) as own.key.'
		: `Give a file that begins with -----BEGIN CERTIFICATE----- as own.${role}.`;

/** What is wrong with a file whatever is in its certificates. */
export const checkFormat = (role: Role, text: string, path: string): Remark[] => {
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
