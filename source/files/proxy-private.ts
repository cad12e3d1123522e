import type {Answers} from '../model/answers.js';
import type {AcmeAuthority} from '../model/authority.js';
import {privateMount} from './caddyfile.js';

/** Who goes through the gate while Specify has no user. */
export const setupUser = 'setup';

/** The header with which the gate lets somebody in. */
export const setupAuthorization = (password: string) =>
	`Basic ${Buffer.from(`${setupUser}:${password}`).toString('base64')}`;

const made = '# Made by specify-setup; it changes by itself.\n';

/** Nothing stands between visitors and Specify 7's own login. */
export const openGate = `${made}# Open: Specify has users of its own.\n`;

/** Specify's guided set-up asks nobody who they are: until it has a user, a password is wanted for everything of it. */
export const closedGate = (
	password: string,
) => `${made}# Closed until Specify has its first user: its guided set-up asks nobody who they are.
@stranger not header Authorization "${setupAuthorization(password)}"
header @stranger WWW-Authenticate "Basic realm=\\"Specify is being set up. User ${setupUser}, password in .env\\", charset=\\"UTF-8\\""
respond @stranger "Specify is being set up. The user is ${setupUser}; the password is SETUP_PASSWORD in the file .env of the installation." 401
request_header -Authorization
`;

/** How certificates are got: `staging` asks the authority's test environment, `final` is what the answers say. */
export type TlsPhase = 'staging' | 'final';

const acmeIssuer = (
	answers: Answers,
	directory: string,
	{staging, key}: {staging: string | null; key: string | null},
) =>
	[
		'tls {',
		'\tissuer acme {',
		`\t\tdir ${directory}`,
		// After a failure Caddy tries there first, before it asks the real one again.
		...(staging ? [`\t\ttest_dir ${staging}`] : []),
		`\t\temail ${answers.email}`,
		...(answers.acme.ca ? [`\t\ttrusted_roots ${privateMount}/authority.pem`] : []),
		...(answers.acme.eab && key ? [`\t\teab ${answers.acme.eab.kid} ${key}`] : []),
		'\t}',
		'}',
	].join('\n');

/**
 * How the proxy gets a host name's certificate, in Caddy's words.
 * @param key the external account's, base64url; null without one
 */
export const tlsText = (
	answers: Answers,
	{authority, phase, key}: {authority: AcmeAuthority | null; phase: TlsPhase; key: string | null},
) => {
	if (authority) {
		const rehearsing = phase === 'staging' && authority.staging !== null;
		return `${made}${acmeIssuer(answers, rehearsing ? authority.staging! : authority.directory, {staging: rehearsing ? null : authority.staging, key})}\n`;
	}
	if (answers.certificates === 'own') return `${made}tls ${privateMount}/own.crt ${privateMount}/own.key\n`;
	return `${made}tls internal\n`;
};
