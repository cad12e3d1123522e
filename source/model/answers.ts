import {domainToASCII} from 'node:url';
import * as z from 'zod';
import {namesOf} from './addresses.js';
import {defaultDomain, derivedFrom} from './derived.js';
import {isLocalDomain, isPublicDomain} from './domain.js';
import {nearest} from './nearest.js';
import {tags} from './releases.js';
import {type ProfileName, profileNames} from './sizing.js';
import {compareVersions, numbersOf} from './version.js';

/** One thing wrong with the answers. `key` is dotted (`ports.http`); `line` and `column` count from 1, where the file has them. */
export type AnswerProblem = {key: string; reason: string; line?: number; column?: number};

const hostnameRule = 'must be a host name such as specify.museum.example';
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The proxy names files after host names, with something before and after; a file's name has 255 bytes at most. */
const maxHostnameLength = 230;

const isHostname = (name: string) =>
	name.length <= maxHostnameLength &&
	name.includes('.') &&
	name.split('.').every(part => label.test(part)) &&
	!/^[\d.]+$/.test(name);

/** An address whose domain is anything a host name may be, because it is often made of the installation's own. */
const isEmail = (address: string) => {
	const [local = '', domain = '', ...rest] = address.split('@');
	return rest.length === 0 && /^[A-Za-z0-9.!#$&*+/=?^_`{|}~-]{1,64}$/.test(local) && isHostname(domainToASCII(domain));
};

/** Not by `URL.canParse`, and so not by `z.url()`: Node 20's is wrong about other alphabets once it is called often. */
const isHttpsAddress = (address: string) => {
	try {
		return /^https:\/\//i.test(address) && new URL(address).hostname !== '';
	} catch {
		return false;
	}
};

/** Whether a Caddyfile reads a text as one word that means itself: `<<` would begin a heredoc, `{$` a variable. */
const isCaddyWord = (word: string) => !/^<<|[\s\p{Cc}"`{}\\#]/u.test(word);
const caddyWordRule =
	'must not hold quotes, backquotes, braces, backslashes or #, nor begin with <<: the proxy reads these otherwise';

const oneOf = <const T extends readonly string[]>(...values: T) =>
	z.enum(values, `must be one of: ${values.join(', ')}`);
const object = <T extends z.ZodRawShape>(shape: T) =>
	z.strictObject(shape, {
		error: issue =>
			issue.code === 'unrecognized_keys' ? undefined : `must hold these keys: ${Object.keys(shape).join(', ')}`,
	});

const isTimezone = (name: string) => {
	// Newer Nodes take offsets, which are no files.
	if (/^[+-]/.test(name)) return false;
	try {
		new Intl.DateTimeFormat('en', {timeZone: name});
		return true;
	} catch {
		return false;
	}
};

/** Names that Node still uses; the time zone database has given them up for others. Source: its file `backward`. */
const renamedZones: Record<string, string> = {
	'Africa/Asmera': 'Africa/Asmara',
	'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
	'America/Catamarca': 'America/Argentina/Catamarca',
	'America/Coral_Harbour': 'America/Atikokan',
	'America/Cordoba': 'America/Argentina/Cordoba',
	'America/Godthab': 'America/Nuuk',
	'America/Indianapolis': 'America/Indiana/Indianapolis',
	'America/Jujuy': 'America/Argentina/Jujuy',
	'America/Louisville': 'America/Kentucky/Louisville',
	'America/Mendoza': 'America/Argentina/Mendoza',
	'Asia/Calcutta': 'Asia/Kolkata',
	'Asia/Katmandu': 'Asia/Kathmandu',
	'Asia/Rangoon': 'Asia/Yangon',
	'Asia/Saigon': 'Asia/Ho_Chi_Minh',
	'Atlantic/Faeroe': 'Atlantic/Faroe',
	'Europe/Kiev': 'Europe/Kyiv',
	'Pacific/Enderbury': 'Pacific/Kanton',
	'Pacific/Ponape': 'Pacific/Pohnpei',
	'Pacific/Truk': 'Pacific/Chuuk',
};

/** A time zone as it is spelt in containers, which look it up as a file: case matters there, and names given up long ago are missing. */
const spelling = (name: string) => {
	const lower = name.toLowerCase();
	if (lower === 'utc' || lower === 'gmt') return lower.toUpperCase();
	const known =
		Intl.supportedValuesOf('timeZone').find(zone => zone.toLowerCase() === lower) ??
		new Intl.DateTimeFormat('en', {timeZone: name}).resolvedOptions().timeZone;
	return renamedZones[known] ?? known;
};

const reservedDatabases = new Set([
	'mysql',
	'information_schema',
	'performance_schema',
	'sys',
	'test',
	'specify_setup',
]);

export const disciplines = [
	'fish',
	'herpetology',
	'paleobotany',
	'invertpaleo',
	'vertpaleo',
	'bird',
	'mammal',
	'insect',
	'botany',
	'invertebrate',
	'geology',
] as const;

const makeFields = () => {
	/** A host name, lower case, internationalised names in their ASCII form. */
	const hostname = z
		.string(hostnameRule)
		.transform(name => {
			const plain = name.trim().replace(/\.$/, '');
			return /[/\\?#@:%\s]/.test(plain) ? '' : domainToASCII(plain);
		})
		.refine(isHostname, hostnameRule);

	const port = z
		.int('must be a whole number from 1 to 65535')
		.min(1, 'must be 1 or more')
		.max(65535, 'must be 65535 or less');
	const yesOrNo = z.boolean('must be true or false');
	const text = (max: number) =>
		z
			.string('must be text; a number needs quotes')
			.trim()
			.min(1, 'must not be empty')
			.max(max, `must have ${max} characters or fewer`)
			.refine(value => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value), 'must be one line without control characters')
			// Some of Specify's tables are utf8mb3: three bytes a character at most.
			.refine(
				value => !/[\ud800-\udfff]/.test(value),
				'must not hold emoji or other characters above U+FFFF, which tables of Specify cannot store',
			);
	/** What people type to log in: composed, as browsers send it. */
	const loginName = text(64)
		.normalize('NFC')
		.regex(/^[\p{L}\p{M}\p{N}._@+-]*$/u, 'must hold only letters, digits and . _ @ + - and no spaces');
	const path = z
		.string('must be a path')
		.min(1, 'must not be empty')
		.refine(value => !value.includes('\0'), 'must be a path');
	const httpsAddress = z
		.string('must be an https:// address')
		.trim()
		.refine(isHttpsAddress, {error: 'must be an https:// address', abort: true})
		.refine(isCaddyWord, caddyWordRule)
		.transform(address => new URL(address).href);
	return {
		version: z.literal(1, 'must be 1, the only version of this file'),
		where: oneOf('this-computer', 'server', 'digitalocean', 'openstack'),
		specify7: z
			.string('must be a version such as v7.12.0.7')
			.regex(/^v\d{1,3}(\.\d{1,3}){1,3}$/, `must be a version such as ${tags.specify7}`),
		specify6: yesOrNo,
		edition: oneOf('current', 'classic'),
		domain: hostname,
		hostnames: object({
			specify7: hostname,
			specify6: hostname,
			media: hostname,
			reports: hostname,
			landing: hostname.nullable(),
		}).partial(),
		ports: object({http: port, https: port}).partial(),
		proxy: oneOf('public', 'behind'),
		certificates: oneOf('letsencrypt', 'letsencrypt-staging', 'own', 'internal'),
		acme: object({
			directory: httpsAddress.nullable(),
			staging: httpsAddress.nullable(),
			ca: path.nullable(),
			eab: object({
				kid: z
					.string('must be the key identifier the authority gave you')
					.regex(/^[\x21-\x7e]{1,512}$/, 'must be the key identifier the authority gave you, without spaces')
					.refine(isCaddyWord, caddyWordRule),
				keyFile: path,
			}).nullable(),
		}).partial(),
		own: object({certificate: path.nullable(), key: path.nullable(), authority: path.nullable()}).partial(),
		hsts: yesOrNo,
		email: z
			.string('must be an e-mail address such as collections@museum.example')
			.trim()
			.refine(isEmail, 'must be an e-mail address such as collections@museum.example')
			.refine(isCaddyWord, caddyWordRule),
		timezone: z
			.string('must be a time zone')
			.refine(isTimezone, 'must be a time zone such as Europe/Stockholm')
			.transform(spelling),
		memory: oneOf('auto', ...profileNames),
		database: object({
			name: z
				.string('must be a database name')
				.regex(/^[a-z][a-z0-9_]{0,62}$/, 'must begin with a letter and hold only a to z, 0 to 9 and _')
				.refine(name => !reservedDatabases.has(name), 'is a name the database server keeps for itself'),
			start: oneOf('empty', 'dump'),
			dump: path.nullable(),
			attachments: path.nullable(),
		}).partial(),
		institution: object({
			name: text(255),
			code: text(64),
			division: text(255),
			discipline: object({type: oneOf(...disciplines), name: text(64)}),
			collection: object({name: text(50), code: text(50)}),
			administrator: object({name: loginName, lastname: text(50)}),
		}).nullable(),
		privacy: object({telemetry: yesOrNo, publicAttachments: yesOrNo}).partial(),
		images: object({
			registry: z
				.string('must be a registry such as localhost:5000')
				.regex(
					// As Docker reads names of images. Without a dot or a port it takes the first part for a user of Docker Hub.
					/^(localhost|\[[0-9a-fA-F:]+\]|(?=[^/]*[.:])[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:\d{1,5})?(\/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$/,
					'must be a registry such as localhost:5000 or mirror.museum.example/hub, without https://',
				)
				.nullable(),
		}).partial(),
		engine: object({
			repository: z
				.string('must be docker, distribution or a URL')
				.regex(/^(docker|distribution|https?:\/\/\S+)$/, 'must be docker, distribution or a URL'),
		}).partial(),
	};
};

/** Made when they are first asked for: the first screen is drawn before anything is validated. */
const lazily = <T>(make: () => T) => {
	let made: {value: T} | undefined;
	return () => {
		made ??= {value: make()};
		return made.value;
	};
};
/** The form of `specify.yaml`. Which values go together is not in it: see `parseAnswers`. */
export const schema = lazily(() => z.strictObject(makeFields()).partial());
type GivenAnswers = z.infer<ReturnType<typeof schema>>;

/** The answers, complete: the one value everything else is computed from. Mirrors `specify.yaml`. */
export type Answers = {
	version: 1;
	where: 'this-computer' | 'server' | 'digitalocean' | 'openstack';
	specify7: string;
	specify6: boolean;
	edition: 'current' | 'classic';
	domain: string;
	/** `landing` has a page that says what runs here; null for none. */
	hostnames: {specify7: string; specify6: string; media: string; reports: string; landing: string | null};
	ports: {http: number; https: number};
	proxy: 'public' | 'behind';
	certificates: 'letsencrypt' | 'letsencrypt-staging' | 'own' | 'internal';
	/** Another authority by ACME: its directory, its test environment's, a PEM file of its roots, an external account. */
	acme: {
		directory: string | null;
		staging: string | null;
		ca: string | null;
		eab: {kid: string; keyFile: string} | null;
	};
	/** Files of a certificate of one's own, PEM; `authority` is the root of a private authority. */
	own: {certificate: string | null; key: string | null; authority: string | null};
	/** Browsers are told to use https only, for a year. */
	hsts: boolean;
	email: string;
	timezone: string;
	/** The profile of the services' memory limits. */
	memory: 'auto' | ProfileName;
	database: {name: string; start: 'empty' | 'dump'; dump: string | null; attachments: string | null};
	institution: NonNullable<GivenAnswers['institution']> | null;
	privacy: {telemetry: boolean; publicAttachments: boolean};
	images: {registry: string | null};
	engine: {repository: string};
};

/** Puts a value into a tree of answers, at a dotted key. */
export const setAnswer = (tree: Record<string, unknown>, key: string, value: unknown) => {
	const path = key.split('.');
	let branch = tree;
	for (const part of path.slice(0, -1)) {
		const next = branch[part];
		const isBranch = typeof next === 'object' && next !== null && !Array.isArray(next);
		branch[part] = isBranch ? next : {};
		branch = branch[part] as Record<string, unknown>;
	}
	branch[path.at(-1)!] = value;
};

/** Fills what was not given. @param timezone the host's, for when none is given */
export const complete = (given: GivenAnswers, {timezone = 'UTC'}: {timezone?: string} = {}): Answers => {
	const domain = given.domain ?? defaultDomain;
	const proxy = given.proxy ?? 'public';
	const derived = derivedFrom({domain, proxy});
	return {
		version: 1,
		where: given.where ?? 'this-computer',
		specify7: given.specify7 ?? tags.specify7,
		specify6: given.specify6 ?? false,
		edition: given.edition ?? 'current',
		domain,
		hostnames: {
			specify7: given.hostnames?.specify7 ?? derived['hostnames.specify7'],
			specify6: given.hostnames?.specify6 ?? derived['hostnames.specify6'],
			media: given.hostnames?.media ?? derived['hostnames.media'],
			reports: given.hostnames?.reports ?? derived['hostnames.reports'],
			landing: given.hostnames?.landing === undefined ? derived['hostnames.landing'] : given.hostnames.landing,
		},
		// Behind another web server, `https` is that one's own.
		ports: {http: given.ports?.http ?? derived['ports.http'], https: given.ports?.https ?? 443},
		proxy,
		certificates: given.certificates ?? 'internal',
		acme: {
			directory: given.acme?.directory ?? null,
			staging: given.acme?.staging ?? null,
			ca: given.acme?.ca ?? null,
			eab: given.acme?.eab ?? null,
		},
		own: {
			certificate: given.own?.certificate ?? null,
			key: given.own?.key ?? null,
			authority: given.own?.authority ?? null,
		},
		hsts: given.hsts ?? false,
		email: given.email ?? derived.email,
		timezone: given.timezone ?? spelling(timezone),
		memory: given.memory ?? 'auto',
		database: {
			name: given.database?.name ?? 'specify',
			start: given.database?.start ?? 'empty',
			dump: given.database?.dump ?? null,
			attachments: given.database?.attachments ?? null,
		},
		institution: given.institution ?? null,
		privacy: {
			telemetry: given.privacy?.telemetry ?? false,
			publicAttachments: given.privacy?.publicAttachments ?? true,
		},
		images: {registry: given.images?.registry ?? null},
		engine: {repository: given.engine?.repository ?? 'docker'},
	};
};

const notYet = (what: string) => `${what} cannot be installed by this version of specify-setup yet`;

/** Which answers on certificates go together. */
const certificateRules = (answers: Answers): AnswerProblem[] => {
	const {certificates, acme, own, proxy, hsts} = answers;
	const problems: AnswerProblem[] = [];
	const refuse = (key: string, reason: string) => problems.push({key, reason});
	const byAcme = certificates === 'letsencrypt' || certificates === 'letsencrypt-staging';
	if (proxy === 'behind' && certificates !== 'internal')
		refuse('certificates', 'must be internal with proxy: behind, because the other web server has the certificates');
	if (proxy === 'behind' && hsts) refuse('hsts', 'must be false with proxy: behind: set it in the other web server');
	if (!byAcme)
		for (const key of ['directory', 'staging', 'ca', 'eab'] as const)
			if (acme[key] !== null) refuse(`acme.${key}`, 'needs certificates: letsencrypt, which asks this authority then');
	if (acme.staging !== null && acme.directory === null)
		refuse('acme.staging', 'needs acme.directory, the authority whose test environment it is');
	if (acme.eab !== null && acme.directory === null)
		refuse('acme.eab', "needs acme.directory: Let's Encrypt knows no external accounts");
	if (acme.directory !== null && certificates === 'letsencrypt-staging')
		refuse('certificates', "must be letsencrypt with acme.directory: the staging environment is Let's Encrypt's");
	if (byAcme)
		for (const name of namesOf(answers))
			if (acme.directory === null ? !isPublicDomain(name) : isLocalDomain(name)) {
				refuse(
					'certificates',
					`cannot be ${certificates} for ${name}: no public authority issues for such a name. Use internal, or own`,
				);
				break;
			}
	if (certificates === 'own') {
		if (own.certificate === null) refuse('own.certificate', 'must be the path of the certificate, a PEM file');
		if (own.key === null) refuse('own.key', "must be the path of the certificate's private key, a PEM file");
	} else
		for (const key of ['certificate', 'key', 'authority'] as const)
			if (own[key] !== null) refuse(`own.${key}`, 'needs certificates: own');
	if (hsts && proxy === 'public' && certificates !== 'letsencrypt' && certificates !== 'own')
		refuse('hsts', 'needs certificates that every browser trusts: letsencrypt or own');
	return problems;
};

/** Rules that look at more than one answer, or refuse what is not supported yet. */
const rules = (answers: Answers): AnswerProblem[] => {
	const problems: AnswerProblem[] = [];
	const refuse = (key: string, reason: string) => problems.push({key, reason});
	if (answers.where !== 'this-computer')
		refuse('where', `${notYet(`"${answers.where}"`)}: run it on the server itself, with this-computer`);
	if (answers.edition === 'classic') refuse('edition', notYet('the classic edition'));
	if (answers.specify6) refuse('specify6', notYet('the Specify 6 desktop'));
	problems.push(...certificateRules(answers));
	if (answers.institution && answers.database.start === 'dump')
		refuse('institution', 'must be left out, because database.start is dump: the dump brings institution and users');
	if (compareVersions(numbersOf(answers.specify7), [7, 12]) < 0)
		refuse(
			'specify7',
			`${answers.specify7} is older than v7.12, the oldest that can be installed: use ${tags.specify7}`,
		);
	if (answers.ports.http === answers.ports.https) refuse('ports.https', 'must differ from ports.http');
	const {start, dump, attachments} = answers.database;
	if (start === 'dump' && dump === null)
		refuse('database.dump', 'must be the path of the dump, because database.start is dump');
	if (start === 'empty' && attachments !== null)
		refuse('database.attachments', 'needs database.start: dump, because the attachments belong to its records');
	if (start === 'empty' && dump !== null) refuse('database.start', 'must be dump, because database.dump names one');
	if (!isHostname(answers.domain) || Object.values(answers.hostnames).some(name => name !== null && !isHostname(name)))
		refuse('domain', 'is too long for the names below it');
	const seen = new Map<string, string>();
	for (const [service, name] of Object.entries(answers.hostnames)) {
		if (name === null) continue;
		const other = seen.get(name);
		// Specify 7 and the attachments may share one name, the paths tell them apart; with it there is no page of its own.
		const shares = (other === 'specify7' || other === 'media') && (service === 'media' || service === 'landing');
		if (other && !shares && service === 'landing')
			refuse(
				`hostnames.${other}`,
				'must differ from the name of the landing page (hostnames.landing, else the domain)',
			);
		else if (other && !shares) refuse(`hostnames.${service}`, `must differ from hostnames.${other}`);
		seen.set(name, service);
	}
	return problems;
};

/** What a schema says of a value that is there. */
const present = (place: z.ZodType): z.ZodType =>
	place instanceof z.ZodNullable || place instanceof z.ZodOptional ? present(place.unwrap() as z.ZodType) : place;

/** The keys an object of the schema has, by the path to it. */
const keysAt = (path: readonly PropertyKey[]) => {
	let place: z.ZodType = schema();
	for (const key of path) place = present((place as z.ZodObject).shape[String(key)] as z.ZodType);
	return Object.keys((place as z.ZodObject).shape);
};

const keysBelow = (place: z.ZodType, path: readonly string[]): string[] =>
	place instanceof z.ZodObject
		? Object.entries(place.shape).flatMap(([name, value]) => {
				const below = [...path, name];
				return [below.join('.'), ...keysBelow(present(value as z.ZodType), below)];
			})
		: [];

/** Every dotted key the answers have; a section comes before what is in it. */
export const answerKeys = lazily(() => keysBelow(schema(), []));

/** What is said of a key that is none, with the nearest that is: the same in another section, else one spelt alike in its own. */
const unknownKeyReason = (key: string, path: readonly PropertyKey[]) => {
	const parts = key.split('.');
	if (parts.length > 1 && answerKeys().includes(key))
		return `is no key of its own in a file: write ${parts.join(': {')}: …${'}'.repeat(parts.length - 1)}`;
	const [same, ...others] = answerKeys().filter(known => known.endsWith(`.${key}`));
	const beside = keysAt(path) as [string, ...string[]];
	const meant = same !== undefined && others.length === 0 ? same : [...path, nearest(key, beside)].join('.');
	return `is not known; the nearest that is: ${meant}`;
};

/** What stands at a path; undefined for nothing. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
	path.reduce<unknown>((place, key) => (place as Record<PropertyKey, unknown> | undefined)?.[key], value);

/** Every problem of the schema, by key. */
const schemaProblems = (error: z.ZodError, value: unknown): AnswerProblem[] =>
	error.issues.flatMap(issue => {
		if (issue.code === 'unrecognized_keys')
			return issue.keys.map(key => ({key: [...issue.path, key].join('.'), reason: unknownKeyReason(key, issue.path)}));
		const missing = valueAt(value, issue.path) === undefined;
		return [{key: issue.path.join('.'), reason: missing ? 'is missing' : issue.message}];
	});

/**
 * Validates a value read from `specify.yaml`, flags or a screen, and completes it.
 * Reports every problem at once: a key with a problem of its own does not hide what is wrong elsewhere.
 */
export const parseAnswers = (
	value: unknown,
	options: {timezone?: string} = {},
): {answers: Answers; problems: []} | {answers: null; problems: AnswerProblem[]} => {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		return {
			answers: null,
			problems: [{key: '', reason: 'the answers must be keys with values, such as "domain: specify.museum.example"'}],
		};
	const result = schema().safeParse(value);
	const problems = result.success ? [] : schemaProblems(result.error, value);
	/** Top-level keys in which something is wrong; the rules are asked about the others. */
	const wrong = new Set(
		(result.error?.issues ?? []).flatMap(issue =>
			issue.path.length > 0 ? [String(issue.path[0])] : issue.code === 'unrecognized_keys' ? issue.keys : [],
		),
	);
	const sound = result.success
		? result.data
		: schema().parse(Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key))));
	const answers = complete(sound, options);
	problems.push(...rules(answers).filter(({key}) => !wrong.has(key.split('.')[0]!)));
	return problems.length === 0 ? {answers, problems: []} : {answers: null, problems};
};
