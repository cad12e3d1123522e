import {X509Certificate} from 'node:crypto';
import {rootCertificates} from 'node:tls';
import {type Paths, problem, type Remark, warning} from './remark.js';
import {isIssuedBy, isSelfSigned, issuerOf, quoted, same} from './x509.js';

/** From the server's certificate on through the others, each issued by the next, as far as they lead. */
export const chainFrom = (leaf: X509Certificate, certificates: readonly X509Certificate[]) => {
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

export const isVouchedFor = (certificate: X509Certificate, roots: readonly X509Certificate[]) =>
	roots.some(root => same(certificate, root) || isIssuedBy(certificate, root));
/** Whether a public authority vouches for one of a chain. */
export const isPublic = (chain: readonly X509Certificate[]) =>
	chain.some(certificate => isVouchedFor(certificate, publicRootsNamed(certificate.issuer)));

export const checkOrder = (
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
export const checkTrust = (
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

export const checkAuthorities = (authorities: readonly X509Certificate[] | null, path: string): Remark[] => {
	if (authorities === null || authorities.length === 0 || authorities.some(isSelfSigned)) return [];
	const [first] = authorities;
	return [
		problem(
			`${path} holds no root: ${quoted(first!)} is itself issued by "${issuerOf(first!)}".`,
			`Give the certificate of the root as own.authority; those between belong into own.certificate.`,
		),
	];
};
