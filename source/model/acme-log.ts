/** Why an authority did not issue for a host name. `kind` is the last part of an ACME error type (RFC 8555, 6.7), or `other`. */
export type AcmeProblem = {name: string; kind: string; detail: string};

type Row = {
	level?: string;
	logger?: string;
	msg?: string;
	identifier?: string;
	error?: string;
	/** Caddy 2.6. */
	problem_type?: string;
	/** Later ones. */
	problem?: {type?: string; detail?: string};
};

const prefix = 'urn:ietf:params:acme:error:';

const rowOf = (line: string): Row | null => {
	const start = line.indexOf('{');
	if (start < 0) return null;
	try {
		return JSON.parse(line.slice(start)) as Row;
	} catch {
		return null;
	}
};

/** The kind and the detail in an error as Caddy writes it: `… HTTP 400 urn:ietf:params:acme:error:dns - detail`. */
const problemIn = (error: string): Omit<AcmeProblem, 'name'> => {
	const [, kind, detail] = new RegExp(`${prefix}(\\w+) - (.*)$`, 's').exec(error) ?? [];
	return kind === undefined ? {kind: 'other', detail: error} : {kind, detail: detail!.replace(/ \(order=\S+\)$/, '')};
};

/**
 * Why certificates could not be had, from the proxy's log: of each host name the last attempt's reason.
 * Attempts that a newer configuration ended are no failures.
 */
export const acmeProblems = (lines: Iterable<string>): Map<string, AcmeProblem> => {
	const found = new Map<string, AcmeProblem>();
	/** What the authority said of a challenge; the later summary may say less. */
	const challenges = new Map<string, Omit<AcmeProblem, 'name'>>();
	for (const line of lines) {
		const row = rowOf(line);
		const name = row?.identifier;
		if (!row || !name) continue;
		const type = row.problem?.type ?? row.problem_type;
		if (row.msg === 'challenge failed' && type?.startsWith(prefix))
			challenges.set(name, {kind: type.slice(prefix.length), detail: row.problem?.detail ?? row.error ?? ''});
		else if (row.level === 'error' && row.msg === 'could not get certificate from issuer' && row.error) {
			if (row.error.includes('context canceled')) continue;
			const problem = problemIn(row.error);
			found.set(name, {name, ...(problem.kind === 'other' ? (challenges.get(name) ?? problem) : problem)});
		} else if (row.msg === 'certificate obtained successfully') found.delete(name);
	}
	return found;
};

/** What happened and what to do, in words for people. */
export const explainAcme = (
	{name, kind, detail}: AcmeProblem,
	authority: string,
): {message: string; hint: string; isFinal: boolean} => {
	const said = detail === '' ? '' : ` It said: ${detail.replace(/\.?$/, '.')}`;
	// A few authorities have no type of their own for names without an address.
	const what = kind === 'malformed' && /resolv/i.test(detail) ? 'dns' : kind;
	const isAccount = /external account|\bkid\b/i.test(detail);
	const told = (message: string, hint: string, isFinal = true) => ({message: `${message}${said}`, hint, isFinal});
	if (isAccount && what === 'unauthorized')
		return told(
			`${authority} does not accept the external account.`,
			'Check acme.eab.kid and the key in acme.eab.keyFile, then run this again.',
		);
	switch (what) {
		case 'dns':
			return told(
				`${authority} finds no address for ${name}: its DNS record is missing or broken.`,
				`Create an A record (and AAAA, if this machine has IPv6) for ${name} that leads to this machine, wait until it is seen, then run this again.`,
			);
		case 'connection':
		case 'unauthorized':
		case 'incorrectResponse':
		case 'tls':
			return told(
				`${authority} looked for ${name} and did not find this machine.`,
				`Check that the A and AAAA records of ${name} lead to this machine, and that a firewall or router lets ports 80 and 443 through to it; then run this again.`,
			);
		case 'caa':
			return told(
				`A CAA record of ${name} forbids ${authority} to issue for it.`,
				`Ask whoever manages the domain to allow it in the CAA record, or use another authority (acme.directory); then run this again.`,
			);
		case 'rateLimited':
			return told(
				`${authority} has issued or refused too often lately for ${name}.`,
				'Wait as long as it says, then run this again. What runs already goes on.',
			);
		case 'rejectedIdentifier':
			return told(
				`${authority} does not issue for ${name}.`,
				'Choose a name it issues for, or certificates: internal or own.',
			);
		case 'externalAccountRequired':
			return told(
				`${authority} wants an external account.`,
				'Ask it for a key identifier and a key, and give them as acme.eab.kid and acme.eab.keyFile.',
			);
		case 'invalidContact':
		case 'unsupportedContact':
			return told(`${authority} does not take the e-mail address.`, 'Give another with --set email=…');
		default:
			return told(
				`${authority} could not be asked for a certificate for ${name}.`,
				'Check that this machine reaches it (firewall, proxy, clock), then run this again.',
				!['other', 'badNonce', 'serverInternal'].includes(what),
			);
	}
};
