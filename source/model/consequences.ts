import {isDeepStrictEqual} from 'node:util';
import {namesOf} from './addresses.js';
import type {Answers} from './answers.js';
import {acmeAuthorityOf} from './authority.js';
import {derivedKeys, isDerived} from './derived.js';
import {isLocalDomain} from './domain.js';
import {fixedReason} from './fixed.js';
import {formatMemory} from './format.js';
import type {PreflightCheck} from './preflight.js';
import {type ServiceName, serviceNames} from './releases.js';
import type {SecretName} from './secrets.js';

/** An answer that is another than before, and what follows from it. */
export type Consequence = {
	/** A dotted key of the answers, the name of a secret, `passwords` or `memory`. */
	key: string;
	/** As people read them; "none" for nothing. */
	before: string;
	after: string;
	/** Sentences; the last one says what starts again, or the only one why it cannot be changed. */
	meaning: string[];
	/** Services that start again because of it. */
	restarts: ServiceName[];
	/** Why it cannot be changed; absent where it can. */
	fixed?: string;
	/** What to do where it cannot be changed, if that is not to set it back. */
	instead?: string;
};

type Meaning = {meaning: string[]; restarts?: ServiceName[]};
type Rule = (before: Answers, after: Answers) => Meaning;

const specify: ServiceName[] = ['specify7', 'worker'];
/** Whether a name or the e-mail becomes another because it is made of the domain. */
const namesFollow = (before: Answers, after: Answers) => {
	const [old, now] = [before, after].map(answers => new Map(leavesOf(answers)));
	return derivedKeys.some(
		key => key !== 'ports.http' && old!.get(key) !== now!.get(key) && isDerived(key, now!.get(key), after),
	);
};
const unused: Rule = () => ({meaning: ['It is written into specify.yaml; nothing uses it yet.']});

const isForThisMachineAlone = ({domain, proxy}: Answers) => isLocalDomain(domain) || proxy === 'behind';

/** Who vouches for host names that are new. */
const issuance = (answers: Answers): string => {
	const authority = acmeAuthorityOf(answers);
	if (answers.proxy === 'behind') return 'The web server in front must know it too; web-server/ has its new sites.';
	if (authority)
		return `It must lead to this machine by DNS: that is looked up first, then ${new URL(authority.directory).host} is asked for its certificate.`;
	if (answers.certificates === 'own')
		return 'The certificate in own.certificate must be good for it; that is checked first.';
	return "The installation's own authority makes a certificate for it.";
};

const certificatesChange: Rule = (before, after) => {
	if (after.proxy === 'behind')
		return {meaning: ['The web server in front has the certificates; these are for the inside.']};
	const meaning = {
		letsencrypt: `${new URL(acmeAuthorityOf({...after, certificates: 'letsencrypt'})!.directory).host} is asked for certificates for ${namesOf(after).join(', ')}; each name must lead to this machine by DNS.`,
		'letsencrypt-staging': "Let's Encrypt's test environment issues certificates; browsers warn of them.",
		own: 'The files of own.certificate and own.key are checked, copied and shown to visitors.',
		internal:
			'The installation vouches for itself: every browser must be told to trust certificates/root.crt, else it warns.',
	}[after.certificates];
	const trusted =
		before.certificates === 'internal' && before.proxy === 'public'
			? ['Browsers no longer need to trust certificates/root.crt.']
			: [];
	return {
		meaning: [
			meaning,
			acmeAuthorityOf(after)
				? 'Until they have come, visitors are shown the certificates of today.'
				: 'The proxy takes them without a pause.',
			...(after.certificates === 'internal' ? [] : trusted),
		],
	};
};

/** By key or by the beginning of several; the first that fits. */
const rules: [key: string, rule: Rule][] = [
	['version', unused],
	['where', () => ({meaning: []})],
	['edition', () => ({meaning: []})],
	[
		'specify7',
		() => ({
			meaning: [
				'The image is fetched first. Specify then changes the database to what this version expects: there is no way back without a dump from before.',
			],
			restarts: specify,
		}),
	],
	['specify6', unused],
	[
		'domain',
		(before, after) => {
			const alone = isForThisMachineAlone(after);
			const opens = alone !== isForThisMachineAlone(before);
			return {
				meaning: [
					namesFollow(before, after)
						? 'It is what names are made of; those that follow it stand below.'
						: 'It is what names are made of where none are given; those of this installation stay as they are.',
					...(opens
						? [alone ? 'Specify is reachable from this machine alone.' : 'Specify is reachable from other machines.']
						: []),
				],
				restarts: opens ? ['proxy'] : [],
			};
		},
	],
	[
		'hostnames.specify7',
		(_, after) => ({
			meaning: [
				issuance(after),
				'People use the new address; the old one stops to answer. Everybody logs in again.',
				...(after.institution ? [] : ['The page at the bare domain leads to the new address.']),
			],
			restarts: ['proxy', ...specify],
		}),
	],
	[
		'hostnames.media',
		(_, after) => ({
			meaning: [
				issuance(after),
				'Attachments get new addresses; the files and the records that name them stay as they are.',
			],
			restarts: ['proxy', 'media', ...specify],
		}),
	],
	[
		'hostnames.landing',
		(_, after) => ({
			meaning:
				after.hostnames.landing === null
					? ['The page that says what runs here is no longer shown.']
					: [issuance(after), 'The page that says what runs here is shown there. The proxy takes it without a pause.'],
		}),
	],
	['hostnames', unused],
	[
		'ports.http',
		(_, after) => ({
			meaning: [
				after.proxy === 'behind'
					? 'The web server in front must pass visitors on to the new port.'
					: 'Whoever comes there is led to https. The port must be free.',
			],
			restarts: ['proxy'],
		}),
	],
	[
		'ports.https',
		(_, after) => ({
			meaning: [
				after.ports.https === 443
					? 'The addresses no longer need a port.'
					: `The addresses of Specify and of its attachments end in :${after.ports.https}. The port must be free.`,
			],
			restarts: [...(after.proxy === 'behind' ? [] : (['proxy'] as const)), 'media', ...specify],
		}),
	],
	[
		'proxy',
		(_, after) => ({
			meaning: [
				after.proxy === 'behind'
					? `Specify listens on 127.0.0.1:${after.ports.http} alone; your own web server must pass visitors on: web-server/ has sites for nginx and Apache.`
					: `Specify itself listens on the ports ${after.ports.http} and ${after.ports.https}, which must be free, and has the certificates.`,
			],
			restarts: ['proxy'],
		}),
	],
	['certificates', certificatesChange],
	[
		'acme',
		() => ({
			meaning: [
				'The authority is asked in the new way. Until it has issued, visitors are shown the certificates of today.',
			],
		}),
	],
	[
		'own',
		() => ({
			meaning: ['The files are checked and copied; the proxy takes them without a pause.'],
		}),
	],
	[
		'hsts',
		(_, after) => ({
			meaning: [
				after.hsts
					? 'Browsers will use https only for these names, for a year: this cannot be taken back from browsers that have heard it.'
					: 'Browsers that have heard it before keep to https for up to a year.',
			],
		}),
	],
	['email', () => ({meaning: ["It is written into the certificates' account. The proxy takes it without a pause."]})],
	[
		'timezone',
		() => ({
			meaning: ['New changes are stamped with its time; the stamps of records that are there stay as they are.'],
			restarts: ['db', ...specify],
		}),
	],
	[
		'memory',
		(_, after) => ({
			meaning: [
				after.memory === 'auto'
					? 'The memory limits of the services follow the memory of this machine.'
					: 'The memory limits of the services stay the same, whatever memory this machine has.',
			],
			restarts: [...serviceNames],
		}),
	],
	['database.name', () => ({meaning: [], restarts: specify})],
	['database.start', () => ({meaning: []})],
	['database.dump', () => ({meaning: []})],
	[
		'database.attachments',
		(_, after) => ({
			meaning: [
				after.database.attachments === null
					? 'Attachments that were copied stay.'
					: 'The attachments in that folder are copied to those that are here; none is removed.',
			],
		}),
	],
	['institution', () => ({meaning: ['Specify creates it, as long as it has no user.']})],
	[
		'privacy.telemetry',
		(_, after) => ({
			meaning: [
				after.privacy.telemetry
					? 'Specify sends its version and record counts to its makers; no specimen data.'
					: 'Specify sends no usage statistics any more.',
			],
			restarts: specify,
		}),
	],
	[
		'privacy.publicAttachments',
		(_, after) => ({
			meaning: [
				after.privacy.publicAttachments
					? 'Whoever has the address of an attachment can read it.'
					: 'Attachments are read with a token of Specify 7 only; addresses that were given away stop to work.',
			],
			restarts: specify,
		}),
	],
	[
		'images.registry',
		(_, after) => ({
			meaning: [
				`The images are fetched from ${after.images.registry ?? 'Docker Hub'}; all of them must be there. Every container is made anew.`,
			],
			restarts: [...serviceNames],
		}),
	],
	['engine', () => ({meaning: ['It counts when an engine is installed; the one that runs stays.']})],
];

const ruleOf = (key: string): Rule => rules.find(([name]) => key === name || key.startsWith(`${name}.`))![1];

/** Which services start again, as one sentence. */
const restartSentence = (restarts: readonly ServiceName[]): string => {
	const [first, ...others] = serviceNames.filter(service => restarts.includes(service));
	if (first === undefined) return 'No service starts again.';
	const names = others.length === 0 ? first : `${[first, ...others.slice(0, -1)].join(', ')} and ${others.at(-1)}`;
	const pause =
		restarts.includes('specify7') || restarts.includes('db') ? '; until it has, nobody can work in Specify' : '';
	return `Starts again: ${names}${pause}.`;
};

/** Every answer of a tree, or of the section of a key, by its dotted key. */
export const leavesOf = (value: unknown, key = ''): [key: string, value: unknown][] =>
	typeof value === 'object' && value !== null
		? Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, key === '' ? name : `${key}.${name}`))
		: [[key, value]];

/** Answers for a comparison with others: an institution that comes or goes is one change. */
const comparable = (answers: Answers, other: Answers) =>
	(answers.institution === null) === (other.institution === null)
		? answers
		: {...answers, institution: answers.institution?.name ?? null};

const shown = (value: unknown) => {
	if (value === null || value === undefined || value === '') return 'none';
	return value === true ? 'yes' : value === false ? 'no' : String(value);
};

/**
 * Every answer that is another than before, with what follows from it, in the order of `specify.yaml`.
 * @param inUse there are data: what they were made with stays
 */
export const consequencesOf = (before: Answers, after: Answers, {inUse = true} = {}): Consequence[] => {
	const old = new Map(leavesOf(comparable(before, after)));
	const now = new Map(leavesOf(comparable(after, before)));
	const keys = [...new Set([...now.keys(), ...old.keys()])];
	return keys
		.filter(key => !isDeepStrictEqual(old.get(key) ?? null, now.get(key) ?? null))
		.map(key => {
			const fixed = inUse ? fixedReason(key, before) : null;
			const {meaning, restarts = []} = ruleOf(key)(before, after);
			return {
				key,
				before: shown(old.get(key)),
				after: shown(now.get(key)),
				...(fixed === null
					? {meaning: [...meaning, restartSentence(restarts)], restarts}
					: {meaning: [fixed], restarts: [], fixed}),
			};
		});
};

/** A change that is not one of the answers, with what follows from it. */
const otherChange = ({meaning, restarts, ...change}: Omit<Consequence, 'fixed'>): Consequence => ({
	...change,
	meaning: [...meaning, restartSentence(restarts)],
	restarts,
});

/** What follows from new passwords of these users of the database. */
export const newPasswords = (users: readonly string[]) =>
	otherChange({
		key: 'passwords',
		before: 'those installed',
		after: `new ones, for ${users.join(', ')}`,
		meaning: [
			'The users of the database get their new passwords first (ALTER USER), then .env, then the services that use them.',
			'Nobody who works in Specify types them; the logins to Specify stay as they are.',
		],
		restarts: [
			...(users.includes('root') ? (['db'] as const) : []),
			...(users.some(user => user !== 'root') ? specify : []),
		],
	});

/** How people change the password they log in to Specify with. */
export const changedInSpecify =
	'The password of a login is changed in Specify itself: User Tools, Change Password (of somebody else: Security and Accounts).';

/** What the secrets are for that are no passwords of the database. */
const otherSecrets: Partial<Record<SecretName, (hasUsers: boolean) => Meaning>> = {
	SECRET_KEY: () => ({
		meaning: ['Everybody who is logged in to Specify must log in again.'],
		// Its label, which tells when its root password is another, is sealed with this key.
		restarts: ['db', ...specify],
	}),
	ASSET_SERVER_KEY: () => ({
		meaning: [
			'Specify and the asset server get the same new key; the attachments stay.',
			'Other programs that reach attachments with the old key need the new one.',
		],
		restarts: ['media', ...specify],
	}),
	ADMINISTRATOR_PASSWORD: hasUsers => ({
		meaning: hasUsers
			? ['It is noted in .env and changes no login: Specify has users already.', changedInSpecify]
			: ['Specify makes its first administrator with it, when the answers name an institution.'],
	}),
	SETUP_PASSWORD: hasUsers => ({
		meaning: [
			hasUsers
				? 'Nothing asks for it any more: Specify has users of its own.'
				: 'The proxy asks for it, without a pause, until Specify has its first user.',
		],
	}),
};

/** What follows from secrets that become new ones, those of the database apart. @param hasUsers Specify has users of its own */
export const newSecrets = (names: readonly SecretName[], hasUsers: boolean): Consequence[] =>
	names.flatMap(name => {
		const rule = otherSecrets[name]?.(hasUsers);
		return rule
			? [otherChange({key: name, before: 'the one installed', after: 'a new one', restarts: [], ...rule})]
			: [];
	});

/** The refusal of another password for an administrator who has logged in to Specify with one already. */
export const fixedAdministrator: Consequence = {
	key: 'ADMINISTRATOR_PASSWORD',
	before: 'that of .env',
	after: 'a new one',
	meaning: [`Specify has users already. ${changedInSpecify}`],
	restarts: [],
	fixed: `Specify has users already. ${changedInSpecify}`,
	instead: 'Run this again without ADMINISTRATOR_PASSWORD.',
};

/** The memory limits of services, bytes. */
export type Limits = Readonly<Partial<Record<ServiceName, number>>>;

/** With what follows from memory limits, which the answer or the machine may have changed. */
export const withLimits = (consequences: readonly Consequence[], before: Limits, after: Limits): Consequence[] => {
	const restarts = serviceNames.filter(service => before[service] !== after[service]);
	const [was, becomes] = [before, after].map(limits =>
		formatMemory(Object.values(limits).reduce((sum, limit) => sum + limit, 0)),
	) as [string, string];
	const chosen = consequences.find(({key}) => key === 'memory');
	if (chosen) {
		const amount =
			restarts.length === 0 ? `They are so already: ${was} in all.` : `Now they are ${was} in all, then ${becomes}.`;
		const limits = otherChange({...chosen, meaning: [chosen.meaning[0]!, amount], restarts});
		return consequences.map(other => (other === chosen ? limits : other));
	}
	if (restarts.length === 0) return [...consequences];
	const meaning = ['The memory limits of the services, here added up, follow the memory of this machine.'];
	return [...consequences, otherChange({key: 'memory', before: was, after: becomes, meaning, restarts})];
};

/** A refusal of what cannot be changed, whatever the machine is like. */
export type FixedCheck = PreflightCheck & {fixed: true};

/**
 * Refusals of what cannot be changed.
 * @param checks those made already: the database itself tells more of what it holds
 */
export const fixedChecks = (consequences: readonly Consequence[], checks: readonly PreflightCheck[]): FixedCheck[] => {
	const isTold = checks.some(({name, result}) => name === 'database' && result === 'refused');
	return consequences.flatMap(({key, before, fixed, instead = `Set it back to ${before}.`}) =>
		fixed === undefined || (isTold && key.startsWith('database.'))
			? []
			: [
					{
						name: key,
						result: 'refused',
						detail: 'cannot be changed',
						hint: `${fixed} ${instead}`,
						fixed: true,
					},
				],
	);
};

/** What follows, as lines for people: each change, below it its meaning. */
export const consequenceLines = (consequences: readonly Consequence[]): string[] =>
	consequences.flatMap(({key, before, after, meaning}) => [
		`${key}: ${after} (was ${before})`,
		...meaning.map(sentence => `    ${sentence}`),
	]);
