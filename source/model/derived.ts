import {domainToASCII} from 'node:url';

/** What decides the answers that nobody gives. */
export type Origin = {domain: string; proxy: 'public' | 'behind'};

export const defaultDomain = 'specify.localhost';

/** Answers that are made of others where nobody gives them, by dotted key. */
export const derivedFrom = ({domain, proxy}: Origin) => ({
	'hostnames.specify7': `specify7.${domain}`,
	'hostnames.specify6': `specify6.${domain}`,
	'hostnames.media': `media.${domain}`,
	'hostnames.reports': `reports.${domain}`,
	'hostnames.landing': domain,
	email: `admin@${domainToASCII(domain) || domain}`,
	// Behind another web server it is where that one finds Specify on this machine.
	'ports.http': proxy === 'behind' ? 8080 : 80,
});

export type DerivedKey = keyof ReturnType<typeof derivedFrom>;

export const derivedKeys = Object.keys(derivedFrom({domain: '', proxy: 'public'})) as DerivedKey[];

/** Whether an answer is what is made of others: it follows them, although it is written down. */
export const isDerived = (key: DerivedKey, value: unknown, origin: Origin) =>
	(typeof value === 'string' || typeof value === 'number') && String(value) === String(derivedFrom(origin)[key]);

/** What the answers of a tree were made of, as far as it says. */
export const originOf = ({domain, proxy}: Record<string, unknown>): Origin => ({
	domain: typeof domain === 'string' ? domain : defaultDomain,
	proxy: proxy === 'behind' ? 'behind' : 'public',
});

/** A tree of answers without those that are made of what others were, so that they are made of what these are now. */
export const withoutDerived = (tree: Record<string, unknown>, origins: readonly Origin[]): Record<string, unknown> => {
	const left = {...tree};
	for (const key of derivedKeys) {
		const [section, name] = key.split('.') as [string, string | undefined];
		const value =
			name === undefined ? left[section] : (left[section] as Record<string, unknown> | null | undefined)?.[name];
		if (!origins.some(origin => isDerived(key, value, origin))) continue;
		if (name === undefined) delete left[section];
		else {
			const {[name]: _, ...others} = left[section] as Record<string, unknown>;
			left[section] = others;
		}
	}
	return left;
};
