import type {Answers} from './answers.js';

/** An ACME authority: the directory that issues what is used, and the one asked first to see whether it would. */
export type AcmeAuthority = {directory: string; staging: string | null};

/** Source: letsencrypt.org/getting-started and /docs/staging-environment. */
export const letsEncrypt = {
	directory: 'https://acme-v02.api.letsencrypt.org/directory',
	staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const;

/** Roots of the staging environment; no browser has them, and they change now and then. Source: letsencrypt.org/docs/staging-environment. */
export const stagingRoots = [
	'letsencrypt-stg-root-x1',
	'letsencrypt-stg-root-x2',
	'gen-y/root-ye',
	'gen-y/root-yr',
].map(name => `https://letsencrypt.org/certs/staging/${name}.pem`);

/** Who is asked for certificates by ACME; null where nobody is. */
export const acmeAuthorityOf = ({certificates, acme}: Pick<Answers, 'certificates' | 'acme'>): AcmeAuthority | null => {
	if (certificates === 'letsencrypt-staging') return {directory: letsEncrypt.staging, staging: null};
	if (certificates !== 'letsencrypt') return null;
	return acme.directory === null ? letsEncrypt : {directory: acme.directory, staging: acme.staging};
};

/** Whether visitors are shown certificates of the installation's own authority, which browsers must be told to trust. */
export const hasOwnAuthority = ({certificates, proxy}: Pick<Answers, 'certificates' | 'proxy'>) =>
	proxy === 'public' && certificates === 'internal';

/** Whether an installation's certificates renew without anybody doing anything. */
export const renewsByItself = ({certificates, proxy}: Pick<Answers, 'certificates' | 'proxy'>) =>
	proxy === 'public' && certificates !== 'own';
