import {isDeepStrictEqual} from 'node:util';
import {type AnswerProblem, type Answers, disciplines, parseAnswers, setAnswer} from './answers.js';
import {type DerivedKey, derivedFrom, derivedKeys, isDerived} from './derived.js';
import {isLocalDomain, isPublicDomain} from './domain.js';
import {fixedReason} from './fixed.js';
import {formatMemory} from './format.js';
import {isUsableSecret, type SecretName, type Secrets, secretRule} from './secrets.js';
import {profileNames, profiles, requirements} from './sizing.js';
import type {Term} from './terms.js';

/** What is known of the machine before asking: defaults and advice come from it. */
export type Facts = {
	directory: string;
	/** A name that would work without any answer. */
	domain: string;
	timezone: string;
	memory: number;
	swap: number;
	processors: number;
	/** Generated passwords, used where the person gives none. */
	secrets: Pick<Secrets, 'ADMINISTRATOR_PASSWORD' | 'MASTER_PASSWORD'> & Partial<Secrets>;
	/** Secrets that were given with the call; they count where no others are typed. */
	given?: Partial<Secrets>;
	/** Answers given on the command line, by dotted key: defaults of what is asked, fixed for what is not. */
	presets: Record<string, unknown>;
	/** The installation that is changed; absent where there is none yet. */
	existing?: Existing;
};

/** An installation whose answers are to become others. */
export type Existing = {
	/** As `specify.yaml` has them now: what is asked begins with these. */
	answers: Answers;
	/** Of the last run that went well: what differs from these is marked. */
	installed: Answers;
	/** A run went well: there are data, and what they were made with stays. */
	inUse: boolean;
};

/** What was typed or chosen, by key; an empty or missing value means the default. */
export type Draft = Record<string, string>;

export type Option = {value: string; label: string; detail: string};

export type Field = {
	/** A dotted key of the answers, a secret's name, or `data` and `tls`, which stand for several answers each. */
	key: string;
	label: string;
	/** Why it is asked, in one sentence. */
	why: string;
	kind: 'text' | 'path' | 'secret' | 'choice';
	/** May be left empty. */
	optional?: boolean;
	options?: readonly Option[];
	fallback(facts: Facts, value: (key: string) => string): string;
};

export type Screen = {
	id: string;
	title: string;
	intro: string;
	fields: readonly Field[];
	terms: readonly Term[];
	shownWhen?(value: (key: string) => string, facts: Facts): boolean;
};

const text = (key: string, label: string, why: string, fallback: Field['fallback']): Field => ({
	key,
	label,
	why,
	kind: 'text',
	fallback,
});

/** What there is cannot be begun with something else. */
const isBegun = ({existing}: Facts) =>
	existing?.inUse === true && fixedReason('institution', existing.installed) !== null;

const isNew = (value: (key: string) => string, facts: Facts) => value('data') === 'new' && !isBegun(facts);

const isChange = (_: unknown, {existing}: Facts) => existing !== undefined;

/** What is typed where an answer that may be left out shall be none, and was another. */
const none = 'none';

/** What an answer is made of others that are given, as long as nobody gives it itself. */
const derived = (key: DerivedKey, value: (key: string) => string) =>
	String(derivedFrom({domain: value('domain'), proxy: value('tls') === 'behind' ? 'behind' : 'public'})[key]);

/** A question whose default is made of other answers. */
const derivedText = (key: DerivedKey, label: string, why: string) =>
	text(key, label, why, (_, value) => derived(key, value));

const disciplineOptions: Option[] = disciplines.map(value => ({value, label: value, detail: ''}));

/** Every question, in order; the live screens and the plain questions both read this table. */
export const screens: readonly Screen[] = [
	{
		id: 'where',
		title: 'Where shall Specify run?',
		intro: 'Specify is installed on a machine that stays on, so that everyone can reach it.',
		fields: [
			{
				key: 'where',
				label: 'Where',
				why: 'The database and the attachments will be kept there.',
				kind: 'choice',
				options: [
					{
						value: 'this-computer',
						label: 'This computer',
						detail: 'the machine you are typing on, or are logged in to',
					},
				],
				fallback: () => 'this-computer',
			},
		],
		terms: ['image', 'container', 'port'],
		shownWhen: (_, {existing}) => !existing?.inUse,
	},
	{
		id: 'domain',
		title: 'Under which name?',
		intro: 'Specify gets addresses below one name, such as https://specify7.specify.museum.example.',
		fields: [text('domain', 'Domain', 'People will type it, and certificates are made for it.', facts => facts.domain)],
		terms: ['domain', 'dns', 'certificate', 'authority'],
	},
	{
		id: 'names',
		title: 'The names below the domain',
		intro: 'Names that were made of the domain follow it. Each must lead to this machine.',
		fields: [
			derivedText('hostnames.specify7', 'Specify 7', 'What people type to work.'),
			derivedText('hostnames.media', 'Asset server', 'Where images are; it may be the name of Specify 7.'),
			{
				...derivedText('hostnames.landing', 'Landing page', `A page that says what runs here; "${none}" for no page.`),
				optional: true,
			},
		],
		terms: ['domain', 'dns', 'assetServer'],
		shownWhen: isChange,
	},
	{
		id: 'certificates',
		title: 'Who vouches for the addresses?',
		intro: 'Browsers show a warning unless a certificate authority they know vouches for an address.',
		fields: [
			{
				key: 'tls',
				label: 'Certificates',
				why: 'Passwords and data are encrypted either way.',
				kind: 'choice',
				options: [
					{
						value: 'letsencrypt',
						label: "Let's Encrypt",
						detail: 'free, renewed by itself; for names the Internet can reach; you accept its terms',
					},
					{value: 'internal', label: 'This machine', detail: 'works everywhere; browsers must be told to trust it'},
					{value: 'own', label: 'Files of my own', detail: 'a certificate and key from your IT department'},
					{
						value: 'behind',
						label: 'My web server',
						detail: 'one that runs on this machine already passes visitors on',
					},
				],
				fallback: ({presets}, value) => {
					if (presets.proxy === 'behind') return 'behind';
					if (typeof presets.certificates === 'string') return presets.certificates;
					return isPublicDomain(value('domain')) ? 'letsencrypt' : 'internal';
				},
			},
		],
		terms: ['certificate', 'authority', 'staging'],
		shownWhen: value => !isLocalDomain(value('domain')),
	},
	{
		id: 'own',
		title: 'Which certificate?',
		intro: 'The files are checked before anything is changed: names, dates, order, and whether they belong together.',
		fields: [
			{
				key: 'own.certificate',
				label: 'Certificate',
				why: "A PEM file: the server's certificate first, then the intermediate ones.",
				kind: 'path',
				fallback: () => '',
			},
			{key: 'own.key', label: 'Key', why: 'Its private key, a PEM file.', kind: 'path', fallback: () => ''},
			{
				key: 'own.authority',
				label: 'Authority',
				why: 'The root, where your institution has an authority of its own; empty for a public one.',
				kind: 'path',
				optional: true,
				fallback: () => '',
			},
		],
		terms: ['certificate', 'authority'],
		shownWhen: value => !isLocalDomain(value('domain')) && value('tls') === 'own',
	},
	{
		id: 'contact',
		title: 'Who looks after it, and in which time zone?',
		intro: 'Both can be changed later.',
		fields: [
			derivedText('email', 'E-mail', "Written into the certificates' account; nothing is sent to it yet."),
			text('timezone', 'Time zone', 'Specify stamps every change with the local time.', facts => facts.timezone),
		],
		terms: ['certificate'],
	},
	{
		id: 'network',
		title: 'On which ports?',
		intro: 'Browsers go to 80 and 443 unless the address says another.',
		fields: [
			derivedText('ports.http', 'http', 'Leads to https; behind a web server of yours, where that one finds Specify.'),
			text('ports.https', 'https', 'Another than 443 becomes a part of every address.', () => '443'),
		],
		terms: ['port'],
		shownWhen: isChange,
	},
	{
		id: 'memory',
		title: 'How much memory may Specify use?',
		intro: 'Each service has a limit, so that none takes what the others need.',
		fields: [
			{
				key: 'memory',
				label: 'Memory',
				why: 'Choose less than this machine has where other programs run on it. Every container is made anew.',
				kind: 'choice',
				options: [
					{value: 'auto', label: 'Automatic', detail: 'after the memory of this machine'},
					...profileNames.map(name => ({
						value: name,
						label: `${name[0]!.toUpperCase()}${name.slice(1)}`,
						detail:
							name === 'minimal' ? 'for a test' : `for a machine with ${formatMemory(profiles[name].from)} or more`,
					})),
				],
				fallback: () => 'auto',
			},
		],
		terms: ['container'],
		shownWhen: isChange,
	},
	{
		id: 'mirror',
		title: 'Where do the images come from?',
		intro: 'From Docker Hub, unless your house has a mirror of it.',
		fields: [
			{
				...text(
					'images.registry',
					'Mirror',
					`Such as mirror.museum.example:5000; "${none}" for Docker Hub. Every container is made anew.`,
					() => '',
				),
				optional: true,
			},
		],
		terms: ['image', 'container'],
		shownWhen: isChange,
	},
	{
		id: 'data',
		title: 'What shall the database hold?',
		intro: 'Specify can begin empty, or with a database you already have.',
		fields: [
			{
				key: 'data',
				label: 'Begin with',
				why: 'It decides what is asked next. Nothing is written before the last screen.',
				kind: 'choice',
				options: [
					{
						value: 'new',
						label: 'A new collection',
						detail: 'with its institution and first administrator',
					},
					{value: 'dump', label: 'A database dump', detail: 'a .sql or .sql.gz file of Specify 6 or 7'},
					{
						value: 'later',
						label: 'Nothing yet',
						detail: 'the guided set-up waits in the browser, behind a password',
					},
				],
				fallback: ({presets}) => {
					if (presets['database.start'] === 'dump' || presets['database.dump']) return 'dump';
					return presets.institution === null ? 'later' : 'new';
				},
			},
		],
		terms: ['dump', 'schema', 'administrator'],
		shownWhen: (_, facts) => !isBegun(facts),
	},
	{
		id: 'dump',
		title: 'Which dump?',
		intro: 'The whole file is read before anything is changed: version, size, and whether it is complete.',
		fields: [
			{
				key: 'database.dump',
				label: 'File',
				why: 'Every row of it will be counted, in the file and in the database.',
				kind: 'path',
				fallback: () => '',
			},
			{
				key: 'database.attachments',
				label: 'Attachments',
				why: 'The folder the old asset server kept them in, with "originals" inside; empty for none.',
				kind: 'path',
				optional: true,
				fallback: () => '',
			},
		],
		terms: ['dump', 'schema', 'migration', 'assetServer'],
		shownWhen: (value, facts) => value('data') === 'dump' && !isBegun(facts),
	},
	{
		id: 'institution',
		title: 'Your institution',
		intro: 'Specify wants an institution with a division. Names can be changed in Specify later.',
		fields: [
			text('institution.name', 'Institution', 'Shown at the top of Specify.', () => 'Natural History Museum'),
			text('institution.code', 'Acronym', 'As in GBIF or Index Herbariorum.', () => 'NHM'),
			text('institution.division', 'Division', 'A department that keeps collections.', () => 'Collections'),
		],
		terms: ['discipline'],
		shownWhen: isNew,
	},
	{
		id: 'collection',
		title: 'Your first collection',
		intro: 'More disciplines and collections can be added in Specify.',
		fields: [
			{
				key: 'institution.discipline.type',
				label: 'Discipline',
				why: 'It decides the forms Specify begins with; it cannot be changed later.',
				kind: 'choice',
				options: disciplineOptions,
				fallback: () => 'botany',
			},
			text('institution.discipline.name', 'Called', 'How the discipline is called in your house.', (_, value) => {
				const type = value('institution.discipline.type');
				return `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
			}),
			text('institution.collection.name', 'Collection', 'The name people choose at login.', (_, value) =>
				`${value('institution.discipline.name')} collection`.slice(0, 50),
			),
			text('institution.collection.code', 'Collection code', 'Used in catalogue numbers and exports.', (_, value) =>
				value('institution.code'),
			),
		],
		terms: ['discipline'],
		shownWhen: isNew,
	},
	{
		id: 'administrator',
		title: 'The first administrator',
		intro: 'The first login to Specify. This person lets others in.',
		fields: [
			text('institution.administrator.name', 'User name', 'Typed at every login.', () => 'admin'),
			text('institution.administrator.lastname', 'Last name', 'Shown in Specify.', () => 'Administrator'),
			{
				key: 'ADMINISTRATOR_PASSWORD',
				label: 'Login password',
				why: 'Typed at every login. Leave it empty to use the one made for you.',
				kind: 'secret',
				fallback: facts => facts.secrets.ADMINISTRATOR_PASSWORD,
			},
		],
		terms: ['administrator'],
		shownWhen: isNew,
	},
	{
		id: 'passwords',
		title: "The database's passwords",
		intro:
			'Only the programs use them. The login of an administrator is changed in Specify itself, under User Tools, and not here.',
		fields: [
			{
				key: 'passwords',
				label: 'Passwords',
				why: 'They are changed in the database first, then in .env, then in the services that use them.',
				kind: 'choice',
				options: [
					{value: 'keep', label: 'Keep them', detail: ''},
					{value: 'new', label: 'New ones', detail: 'such as when somebody who knew them has left'},
				],
				fallback: () => 'keep',
			},
		],
		terms: ['databasePassword', 'administrator'],
		shownWhen: (_, {existing}) => existing?.inUse === true,
	},
	{
		id: 'credentials',
		title: "The database's password",
		intro:
			'This is not the Specify login: only the programs use it. All passwords are kept in .env, readable by you alone.',
		fields: [
			{
				key: 'MASTER_PASSWORD',
				label: 'Database password',
				why: 'Made for you. Give your own only if your house requires it.',
				kind: 'secret',
				fallback: facts => facts.secrets.MASTER_PASSWORD,
			},
		],
		terms: ['databasePassword', 'administrator'],
		shownWhen: (value, {existing}) => !existing?.inUse || value('passwords') === 'new',
	},
	{
		id: 'privacy',
		title: 'Usage statistics',
		intro: 'Specify can send its version and record counts to its makers.',
		fields: [
			{
				key: 'privacy.telemetry',
				label: 'Statistics',
				why: 'They help its makers; your museum may have rules about it.',
				kind: 'choice',
				options: [
					{value: 'false', label: 'No', detail: 'nothing is sent'},
					{value: 'true', label: 'Yes', detail: 'version and counts, no specimen data'},
				],
				fallback: () => 'false',
			},
		],
		terms: ['telemetry'],
	},
	{
		id: 'attachments',
		title: 'Who may see attachments?',
		intro: "Specify's attachments have addresses that are hard to guess.",
		fields: [
			{
				key: 'privacy.publicAttachments',
				label: 'Attachments seen by',
				why: 'Portals such as GBIF show images only when everybody may see them.',
				kind: 'choice',
				options: [
					{value: 'true', label: 'Everybody', detail: 'who has the address of one'},
					{value: 'false', label: 'People logged in', detail: 'Specify 7 gives a token with each address'},
				],
				fallback: () => 'true',
			},
		],
		terms: ['assetServer'],
		shownWhen: isChange,
	},
	{
		id: 'review',
		title: 'Is this right?',
		intro: 'Nothing has been changed yet.',
		fields: [],
		terms: ['image', 'container', 'assetServer', 'migration', 'certificate'],
	},
];

const fieldOf = (key: string) => screens.flatMap(({fields}) => fields).find(field => field.key === key);

/** An answer as text; empty for none, undefined where the answers have nothing to say. */
const valueIn = (answers: Answers, key: string): string | undefined => {
	if (key === 'tls') return answers.proxy === 'behind' ? 'behind' : answers.certificates;
	if (key === 'data') return answers.database.start === 'dump' ? 'dump' : answers.institution ? 'new' : 'later';
	const value = key
		.split('.')
		.reduce<unknown>((branch, part) => (branch as Record<string, unknown> | null | undefined)?.[part], answers);
	return value === undefined ? undefined : value === null ? '' : String(value);
};

/** In a draft: what is asked begins with what is installed, whatever `specify.yaml` says now. */
const fromInstalled = 'as installed';

const answersToChange = (draft: Draft, {existing}: Facts) =>
	draft[fromInstalled] ? existing?.installed : existing?.answers;

/** What the installation has; what was made of other answers follows them. Undefined where it says nothing. */
const keptValue = (draft: Draft, facts: Facts, key: string): string | undefined => {
	const answers = answersToChange(draft, facts);
	if (!answers) return undefined;
	const value = valueIn(answers, key);
	const follower = derivedKeys.find(known => known === key);
	return follower && isDerived(follower, value, answers)
		? derived(follower, other => currentValue(draft, facts, other))
		: value;
};

/** The value of a key: what was given, else what the installation has, else the default. */
export const currentValue = (draft: Draft, facts: Facts, key: string): string => {
	const typed = draft[key]?.trim();
	const field = fieldOf(key);
	if (typed === none && facts.existing && field?.optional) return '';
	const given = typed || facts.presets[key];
	if (given !== undefined && given !== null && given !== '') return String(given);
	return keptValue(draft, facts, key) ?? field?.fallback(facts, other => currentValue(draft, facts, other)) ?? '';
};

/** What is installed instead of an answer, as text, empty for none; null where it is the same, or nothing is installed. */
export const changeOf = (draft: Draft, facts: Facts, key: string): string | null => {
	if (!facts.existing || fieldOf(key)?.kind === 'secret') return null;
	const installed = valueIn(facts.existing.installed, key) ?? fieldOf(key)?.fallback(facts, () => '') ?? '';
	return currentValue(draft, facts, key) === installed ? null : installed;
};

/** The draft without a change. */
export const withoutChange = (draft: Draft, facts: Facts, key: string): Draft => {
	const {[key]: _, ...others} = draft;
	const installed = changeOf(others, facts, key);
	return installed === null ? others : {...others, [key]: installed || none};
};

/** The draft without any change: what is installed. */
export const unchanged: Draft = {[fromInstalled]: 'yes'};

/** The screens that apply to a draft. */
export const shownScreens = (draft: Draft, facts: Facts): readonly Screen[] =>
	screens.filter(({shownWhen}) => !shownWhen || shownWhen(key => currentValue(draft, facts, key), facts));

/** Answers that went with others and do not go with what they are now. */
const withoutLeftovers = (tree: Answers, draft: Draft, facts: Facts) => {
	const before = answersToChange(draft, facts)!;
	// Nobody is asked who vouches for names below localhost.
	if (isLocalDomain(tree.domain) && !isLocalDomain(before.domain) && tree.proxy === 'public')
		tree.certificates = 'internal';
	const {certificates, proxy} = tree;
	if (certificates !== 'own') tree.own = {certificate: null, key: null, authority: null};
	if (certificates === 'own' || certificates === 'internal')
		tree.acme = {directory: null, staging: null, ca: null, eab: null};
	if (proxy === 'behind' || (certificates !== 'own' && certificates !== 'letsencrypt')) tree.hsts = false;
};

/** A value as the answers have it. */
const answerOf = (key: string, value: string, optional = false): unknown => {
	if (value === '' && optional) return null;
	if (key.startsWith('ports.') && /^\d+$/.test(value)) return Number(value);
	return key.startsWith('privacy.') ? value === 'true' : value;
};

/** The draft as a tree of answers, as `specify.yaml` would hold it. */
export const treeOf = (draft: Draft, facts: Facts): Record<string, unknown> => {
	const existing = answersToChange(draft, facts);
	const tree: Record<string, unknown> = existing ? structuredClone(existing) : {version: 1};
	for (const [key, value] of Object.entries(facts.presets)) setAnswer(tree, key, value);
	if (existing)
		for (const key of derivedKeys) setAnswer(tree, key, answerOf(key, currentValue(draft, facts, key), true));
	for (const {fields} of shownScreens(draft, facts))
		for (const {key, kind, optional} of fields) {
			if (kind === 'secret' || key === 'data' || key === 'passwords') continue;
			const value = currentValue(draft, facts, key);
			if (value === '' && optional && !existing) continue;
			if (key === 'tls') {
				setAnswer(tree, 'proxy', value === 'behind' ? 'behind' : 'public');
				setAnswer(tree, 'certificates', value === 'behind' ? 'internal' : value);
				continue;
			}
			setAnswer(tree, key, answerOf(key, value, optional));
		}
	const data = currentValue(draft, facts, 'data');
	setAnswer(tree, 'database.start', data === 'dump' ? 'dump' : 'empty');
	if (data !== 'new') setAnswer(tree, 'institution', null);
	if (data !== 'dump') for (const key of ['dump', 'attachments']) setAnswer(tree, `database.${key}`, null);
	if (existing) withoutLeftovers(tree as Answers, draft, facts);
	return tree;
};

/** The validated answers of a draft, with every problem there is. */
export const answersOf = (draft: Draft, facts: Facts): {answers: Answers | null; problems: AnswerProblem[]} =>
	parseAnswers(treeOf(draft, facts), {timezone: facts.timezone});

const databasePasswords = [
	'DATABASE_ROOT_PASSWORD',
	'MASTER_PASSWORD',
	'MIGRATOR_PASSWORD',
	'APP_USER_PASSWORD',
] as const satisfies readonly SecretName[];

/** Whether the database shall have other passwords. */
export const hasNewPasswords = (draft: Draft, facts: Facts) =>
	facts.existing?.inUse === true && currentValue(draft, facts, 'passwords') === 'new';

/** Passwords a person gave instead of the generated ones, and those they accepted; the others are kept. */
export const secretsOf = (draft: Draft, facts: Facts): Partial<Secrets> => {
	const value = (name: SecretName) => currentValue(draft, facts, name);
	const administrator = {ADMINISTRATOR_PASSWORD: value('ADMINISTRATOR_PASSWORD')};
	if (!facts.existing?.inUse) return {...facts.given, ...administrator, MASTER_PASSWORD: value('MASTER_PASSWORD')};
	const isNamed = shownScreens(draft, facts).some(({id}) => id === 'administrator');
	return {
		...facts.given,
		...(isNamed ? administrator : {}),
		...(hasNewPasswords(draft, facts)
			? Object.fromEntries(databasePasswords.map(name => [name, value(name) || facts.secrets[name]!]))
			: {}),
	};
};

/** What is wrong with a field's value, or null. */
export const problemOf = (draft: Draft, facts: Facts, field: Field): string | null => {
	const value = currentValue(draft, facts, field.key);
	if (field.kind === 'secret') return isUsableSecret(value) ? null : `must be ${secretRule}`;
	if (value === '' && field.optional) return null;
	if (field.kind === 'path' && value === '') return 'must be the path of a file';
	// A value given on the command line or in a file may be one the choices leave out.
	const isChoice = field.kind !== 'choice' || field.options!.some(option => option.value === value);
	const given = [
		facts.presets.certificates,
		facts.existing?.answers.certificates,
		facts.existing?.installed.certificates,
	];
	if (!isChoice && !(field.key === 'tls' && given.includes(value))) return 'must be one of the choices';
	if (field.kind === 'choice' && field.key !== 'tls') return null;
	const {problems} = answersOf(draft, facts);
	return problems.find(({key}) => (field.key === 'tls' ? key === 'certificates' : key === field.key))?.reason ?? null;
};

/** How hard a password is to guess, in words. */
export const strengthOf = (secret: string): 'weak' | 'fair' | 'good' | 'strong' => {
	const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter(kind => kind.test(secret));
	const alphabet = kinds.reduce((size, kind) => size + (kind.source === '[0-9]' ? 10 : 26), 0);
	const distinct = new Set(secret).size;
	const bits = Math.min(secret.length, distinct * 2) * Math.log2(Math.max(2, alphabet));
	return bits < 60 ? 'weak' : bits < 80 ? 'fair' : bits < 110 ? 'good' : 'strong';
};

/** What this machine is good for, where memory or processors are few. */
export const machineAdvice = ({memory, swap, processors}: Pick<Facts, 'memory' | 'swap' | 'processors'>): string[] => {
	const {memory: need, processors: cores} = requirements;
	const has = `This machine has ${formatMemory(memory)} of memory${swap > 0 ? ` and ${formatMemory(swap)} of swap` : ''} and ${processors === 1 ? 'one processor' : `${processors} processors`}.`;
	const wants = `At least ${formatMemory(need.refusedBelow)} with swap; recommended are ${formatMemory(need.recommended)}, ${cores.recommended} processors and 160 GB of disk.`;
	if (memory + swap < need.refusedBelow)
		return [has, wants, 'That is too little: add memory or swap before you go on.'];
	if (memory + swap < need.advisedFrom) return [has, wants, 'Enough for a small collection and few people at once.'];
	return [has, wants];
};

/** A key press as the screens understand it. `text` is what was typed or pasted, or the letter held with Ctrl; no control characters. */
export type Press = {
	name:
		| 'text'
		| 'enter'
		| 'escape'
		| 'tab'
		| 'shift-tab'
		| 'up'
		| 'down'
		| 'left'
		| 'right'
		| 'home'
		| 'end'
		| 'page-up'
		| 'page-down'
		| 'backspace'
		| 'control';
	text: string;
};

/** Something learned about a value outside the wizard: names looked up, a dump read. `soft` may be overruled by Enter. */
export type Finding = {value: string; state: 'busy' | 'good' | 'bad'; soft: boolean; reason: string};

export type WizardState = {
	draft: Draft;
	screen: string;
	/** The field that has the keys; on the review screen the row. */
	field: number;
	/** In the value being typed, counted in characters people see. */
	cursor: number;
	/** Enter was pressed on a value that is not right: its reason is shown. */
	tried: boolean;
	/** Values whose soft finding the person went past. */
	accepted: Draft;
	findings: Record<string, Finding>;
	overlay: 'none' | 'help' | 'files' | 'leave';
	/** Rows the body is moved up by: an overlay's first row, or what lies below the field that has the keys. */
	scroll: number;
	revealed: boolean;
	/** Enter leads back to the review, because a row of it was chosen. */
	fromReview: boolean;
	/** The file whose difference is shown. */
	file: number;
	/** The difference shows what the person changed, not what would be written. */
	own: boolean;
	/** Files edited by hand that are to stay, by path. */
	keep: readonly string[];
	/** Files edited by hand that are to give way, by path. */
	take: readonly string[];
};

/** What the program has to do after a press; the reducer itself does nothing. */
export type Effect = 'save' | 'leave' | 'begin' | 'complete' | 'look-again' | 'suspend';

export const startWizard = (draft: Draft, facts: Facts, screen?: string): WizardState => {
	const shown = shownScreens(draft, facts);
	// Who changes something sees all of it first.
	const start = shown.find(({id}) => id === (facts.existing ? 'review' : screen)) ?? shown[0]!;
	return atField(
		{
			draft,
			screen: start.id,
			field: 0,
			cursor: 0,
			tried: false,
			accepted: {},
			findings: {},
			overlay: 'none',
			scroll: 0,
			revealed: false,
			fromReview: false,
			file: 0,
			own: false,
			keep: [],
			take: [],
		},
		0,
	);
};

/** What people see as one character. */
export const charactersOf = (value: string) =>
	[...new Intl.Segmenter(undefined, {granularity: 'grapheme'}).segment(value)].map(({segment}) => segment);

const longestValue = 4096;

/** What a screen is called, which is another thing where an installation is changed. */
export const titleOf = ({id, title}: Screen, {existing}: Facts) =>
	id === 'review' && existing ? 'What shall be changed?' : title;

/** What the keys do on the review, in sentences. */
export const reviewKeys = ({existing}: Facts): [keys: string, does: string][] => {
	const files: [string, string] = ['d', 'shows every file that would be written, before it is.'];
	if (!existing)
		return [['Enter', 'on the first row installs; on an answer goes to where it is asked, and back here.'], files];
	return [
		['Enter', 'on the first row does what is listed below; on an answer goes to where it is asked, and back here.'],
		[
			'd',
			'shows what would change in the files. There k keeps a file as you edited it by hand, n takes the new one after all, m shows what you had changed.',
		],
		['u', 'on an answer that has changed takes it back to what is installed; Ctrl-O does where it is asked.'],
		['r', 'takes everything back to what is installed, also what specify.yaml says otherwise.'],
		['Esc', 'leaves; nothing is changed.'],
	];
};

export const screenOf = ({screen}: WizardState): Screen => screens.find(({id}) => id === screen)!;
export const fieldAt = (state: WizardState): Field | undefined => screenOf(state).fields[state.field];

/** The screen's number and how many there are. */
export const positionOf = (state: WizardState, facts: Facts) => {
	const shown = shownScreens(state.draft, facts);
	return {number: shown.findIndex(({id}) => id === state.screen) + 1, count: shown.length};
};

/** A row of the review: an answer, and where it is asked. */
export type ReviewRow = {
	/** Empty where it cannot be changed. */
	screen: string;
	field: number;
	key: string;
	label: string;
	value: string;
	secret: boolean;
	/** What is installed, where that is something else; empty for none. */
	was: string | null;
	/** Why it cannot be changed; null where it can. */
	fixed: string | null;
};

/** A value in a person's words. */
export const readable = ({options}: Pick<Field, 'options'>, value: string) =>
	options?.find(option => option.value === value)?.label ?? value;

/** What a key is called on the screens; the key itself where it is not asked. */
export const labelOf = (key: string) => fieldOf(key)?.label ?? key;

/** What an installation in use keeps. */
const fixedRows = ({existing}: Facts): ReviewRow[] => {
	if (!existing?.inUse) return [];
	const {installed} = existing;
	const {database, institution, edition} = installed;
	const rows: [key: string, label: string, value: string][] = [
		['where', 'Runs on', installed.where === 'this-computer' ? 'this computer' : installed.where],
		['edition', 'Edition', edition],
		['database.name', 'Database', database.name],
		['database.start', 'Begun with', database.dump ?? (institution ? 'a new collection' : 'nothing')],
		['institution', 'Institution', institution?.name ?? ''],
	];
	return rows.flatMap(([key, label, value]) => {
		const fixed = fixedReason(key, installed);
		if (fixed === null || value === '') return [];
		return [{screen: '', field: 0, key, label, value, secret: false, was: null, fixed}];
	});
};

export const reviewRows = (draft: Draft, facts: Facts): ReviewRow[] => [
	...shownScreens(draft, facts).flatMap(({id, fields}) =>
		fields.map((asked, field): ReviewRow => {
			const {key, label, kind} = asked;
			const was = changeOf(draft, facts, key);
			return {
				screen: id,
				field,
				key,
				label,
				value: readable(asked, currentValue(draft, facts, key)),
				secret: kind === 'secret',
				was: was === null ? null : readable(asked, was),
				fixed: null,
			};
		}),
	),
	...fixedRows(facts),
];

/** What keeps a field from being left with Enter, or null. */
export const obstacleOf = (state: WizardState, facts: Facts, field: Field): {reason: string; soft: boolean} | null => {
	const problem = problemOf(state.draft, facts, field);
	if (problem) return {reason: problem, soft: false};
	const finding = state.findings[field.key];
	const value = currentValue(state.draft, facts, field.key);
	if (!finding || finding.value !== value || finding.state === 'good') return null;
	if (finding.state === 'busy') return finding.soft ? null : {reason: finding.reason, soft: false};
	return state.accepted[field.key] === value && finding.soft ? null : {reason: finding.reason, soft: finding.soft};
};

const atField = (state: WizardState, field: number): WizardState => {
	const target = screens.find(({id}) => id === state.screen)!.fields[field];
	const cursor = target ? charactersOf(state.draft[target.key] ?? '').length : 0;
	return {...state, field, cursor, scroll: 0, tried: false, revealed: false};
};

const toScreen = (state: WizardState, screen: string, field = 0): WizardState => atField({...state, screen}, field);

const neighbour = (state: WizardState, facts: Facts, step: 1 | -1) => {
	const shown = shownScreens(state.draft, facts);
	return shown[shown.findIndex(({id}) => id === state.screen) + step]?.id;
};

const edit = (state: WizardState, key: string, value: string, cursor: number): WizardState => ({
	...state,
	draft: {...state.draft, [key]: value.slice(0, longestValue)},
	cursor,
	scroll: 0,
	tried: false,
});

type Next = [state: WizardState, ...effects: Effect[]];

/** Whether a change of an installation has begun that would be forgotten. */
const hasChanges = ({draft, keep, take}: WizardState, facts: Facts) => {
	const wanted = (given: Draft) => [treeOf(given, facts), secretsOf(given, facts)];
	return keep.length + take.length > 0 || !isDeepStrictEqual(wanted(draft), wanted({}));
};

/** Leaves where there is nothing to lose, and asks elsewhere. */
const leave = (state: WizardState, facts: Facts): Next =>
	facts.existing && !hasChanges(state, facts) ? [state, 'leave'] : [{...state, overlay: 'leave'}];

const back = (state: WizardState, facts: Facts): Next => {
	if (state.fromReview) return [toScreen({...state, fromReview: false}, 'review')];
	const previous = facts.existing ? undefined : neighbour(state, facts, -1);
	return previous ? [toScreen(state, previous), 'save'] : leave(state, facts);
};

/** Goes on from a field: to the next one, to the first that is not right, or to the next screen. */
const forward = (state: WizardState, facts: Facts): Next => {
	const {fields} = screenOf(state);
	const field = fields[state.field]!;
	const obstacle = obstacleOf(state, facts, field);
	if (obstacle?.soft && state.tried)
		return forward(
			{...state, accepted: {...state.accepted, [field.key]: currentValue(state.draft, facts, field.key)}, tried: false},
			facts,
		);
	if (obstacle) return [{...state, tried: true}];
	if (state.field + 1 < fields.length) return [atField(state, state.field + 1), 'save'];
	const wrong = fields.findIndex(other => obstacleOf(state, facts, other) !== null);
	if (wrong >= 0) return [{...atField(state, wrong), tried: true}];
	if (state.fromReview) return [toScreen({...state, fromReview: false}, 'review'), 'save'];
	return [toScreen(state, neighbour(state, facts, 1) ?? 'review'), 'save'];
};

/** Where the first answer that is not right is asked, or null. */
const firstObstacle = (state: WizardState, facts: Facts) => {
	for (const {id, fields} of shownScreens(state.draft, facts))
		for (const [index, field] of fields.entries())
			if (obstacleOf(state, facts, field)) return {screen: id, field: index};
	return null;
};

const pageRows = 10;

/** How far there is something to see is known where it is drawn. */
const scrolledBy = (state: WizardState, rows: number): WizardState => ({
	...state,
	scroll: Math.max(0, state.scroll + rows),
});

const onReview = (state: WizardState, press: Press, facts: Facts): Next => {
	const rows = reviewRows(state.draft, facts);
	// Row 0 begins the installation; the answers follow.
	const last = rows.length;
	const to = (field: number): Next => [{...state, field: Math.min(Math.max(0, field), last), scroll: 0, tried: false}];
	// Below the last answer the plan follows.
	const move = (step: number): Next => {
		const below = state.field === last && (step > 0 || state.scroll > 0);
		return below ? [scrolledBy(state, step)] : to(state.field + step);
	};
	switch (press.name) {
		case 'up':
		case 'shift-tab':
			return move(-1);
		case 'down':
		case 'tab':
			return move(1);
		case 'home':
			return to(0);
		case 'end':
			return to(last);
		case 'page-up':
			return move(-pageRows);
		case 'page-down':
			return move(pageRows);
		case 'left':
			// Where an installation is changed, there is no screen before this one.
			return facts.existing ? [state] : back({...state, fromReview: false}, facts);
		case 'escape':
			return back({...state, fromReview: false}, facts);
		case 'enter': {
			const row = rows[state.field - 1];
			if (row?.fixed) return [state];
			if (row) return [toScreen({...state, fromReview: true}, row.screen, row.field)];
			const obstacle = firstObstacle(state, facts);
			if (obstacle) return [{...toScreen({...state, fromReview: true}, obstacle.screen, obstacle.field), tried: true}];
			return [state, 'save', 'begin'];
		}
		case 'text':
			if (press.text === 'd') return [{...state, overlay: 'files', scroll: 0, file: 0, own: false}];
			if (press.text === 'u' && rows[state.field - 1]?.was != null)
				return [{...state, draft: withoutChange(state.draft, facts, rows[state.field - 1]!.key)}, 'save'];
			if (press.text === 'r' && facts.existing) return [{...state, draft: unchanged, field: 0, scroll: 0}, 'save'];
			return [state];
		default:
			return [state];
	}
};

const onChoice = (state: WizardState, press: Press, field: Field, facts: Facts): Next | null => {
	const options = field.options!;
	const index = options.findIndex(({value}) => value === currentValue(state.draft, facts, field.key));
	const choose = (step: number): Next => [
		edit(state, field.key, options[(index + step + options.length) % options.length]!.value, 0),
		'save',
	];
	const alone = screenOf(state).fields.length === 1;
	if (alone && press.name === 'up') return choose(-1);
	if (alone && press.name === 'down') return choose(1);
	if (!alone && press.name === 'left') return choose(-1);
	if (!alone && press.name === 'right') return choose(1);
	if (press.name === 'text' && press.text === ' ') return choose(1);
	if (alone && press.name === 'left') return back(state, facts);
	return null;
};

const onText = (state: WizardState, press: Press, field: Field): Next | null => {
	const value = state.draft[field.key] ?? '';
	const characters = charactersOf(value);
	const cursor = Math.min(state.cursor, characters.length);
	const before = characters.slice(0, cursor).join('');
	const after = characters.slice(cursor).join('');
	switch (press.name) {
		case 'text': {
			const joined = before + press.text;
			return [edit(state, field.key, joined + after, charactersOf(joined.slice(0, longestValue)).length)];
		}
		case 'backspace':
			return cursor === 0
				? [state]
				: [edit(state, field.key, characters.slice(0, cursor - 1).join('') + after, cursor - 1)];
		case 'left':
			return [{...state, cursor: Math.max(0, cursor - 1)}];
		case 'right':
			return [{...state, cursor: Math.min(characters.length, cursor + 1)}];
		case 'home':
			return [{...state, cursor: 0}];
		case 'end':
			return [{...state, cursor: characters.length}];
		case 'control':
			if (press.text === 'u') return [edit(state, field.key, after, 0)];
			if (press.text === 'k') return [edit(state, field.key, before, cursor)];
			if (press.text === 'a') return [{...state, cursor: 0}];
			if (press.text === 'e') return [{...state, cursor: characters.length}];
			if (press.text === 'w') {
				const kept = before.replace(/[^\s/.]*[\s/.]*$/, '');
				return [edit(state, field.key, kept + after, charactersOf(kept).length)];
			}
			return null;
		default:
			return null;
	}
};

const onOverlay = (state: WizardState, press: Press): Next => {
	const close: Next = [{...state, overlay: 'none', scroll: 0}];
	if (state.overlay === 'leave') {
		if (press.name === 'enter' || (press.name === 'text' && /^[yq]$/i.test(press.text)))
			return [state, 'save', 'leave'];
		return close;
	}
	const rows = {up: -1, down: 1, 'page-up': -pageRows, 'page-down': pageRows}[press.name as string];
	return rows === undefined ? close : [scrolledBy(state, rows)];
};

/** A generated file that differs, as far as keys are concerned. */
export type DifferentFile = {
	path: string;
	/** It was edited by hand, and the edit may stay. */
	keepable: boolean;
	/** What the person changed in it can be shown by itself. */
	hasOwn: boolean;
};

/** What is to stay and to give way, once somebody has decided about a file edited by hand. */
export const decided = ({keep, take}: Pick<WizardState, 'keep' | 'take'>, path: string, stays: boolean) => {
	const [staying, giving] = [keep, take].map(paths => paths.filter(other => other !== path)) as [string[], string[]];
	return stays ? {keep: [...staying, path], take: giving} : {keep: staying, take: [...giving, path]};
};

/** The next state after a key while differences of files are shown. Pure. */
export const pressFiles = (state: WizardState, press: Press, files: readonly DifferentFile[]): WizardState => {
	const file = files[state.file];
	const to = (index: number): WizardState =>
		files.length === 0 ? state : {...state, file: (index + files.length) % files.length, scroll: 0, own: false};
	if (press.name === 'left') return to(state.file - 1);
	if (press.name === 'right' || press.name === 'tab') return to(state.file + 1);
	if (press.name === 'text') {
		if (/^[kn]$/.test(press.text) && file?.keepable)
			return {...state, ...decided(state, file.path, press.text === 'k')};
		if (press.text === 'm' && file?.hasOwn) return {...state, own: !state.own, scroll: 0};
		return /^[dq]$/.test(press.text) ? {...state, overlay: 'none', scroll: 0} : state;
	}
	return onOverlay(state, press)[0];
};

/** The wizard's next state after a key, and what has to be done then. Pure. */
export const pressWizard = (state: WizardState, press: Press, facts: Facts): Next => {
	if (press.name === 'control' && press.text === 'c')
		return state.overlay === 'leave' ? [state, 'save', 'leave'] : leave(state, facts);
	if (press.name === 'control' && press.text === 'z') return [state, 'suspend'];
	if (state.overlay !== 'none') return onOverlay(state, press);

	const field = fieldAt(state);
	const isQuestion = press.name === 'text' && press.text === '?';
	// In a text that has begun, a question mark may be part of it.
	if (isQuestion && (!field || field.kind === 'choice' || !state.draft[field.key]))
		return [{...state, overlay: 'help', scroll: 0}];
	if (state.screen === 'review') return onReview(state, press, facts);
	if (!field) return [state];

	if (press.name === 'escape') return back(state, facts);
	if (press.name === 'enter') return forward(state, facts);
	if (press.name === 'control' && press.text === 'o' && facts.existing) {
		const draft = withoutChange(state.draft, facts, field.key);
		return [atField({...state, draft}, state.field), 'save'];
	}
	if (press.name === 'control' && press.text === 'r' && field.kind === 'secret')
		return [{...state, revealed: !state.revealed}];
	if (press.name === 'control' && press.text === 'l') return [state, 'look-again'];
	if (press.name === 'tab' && field.kind === 'path') return [state, 'complete'];
	// Tab on an empty text takes the default in, to be changed.
	if (press.name === 'tab' && field.kind === 'text' && !state.draft[field.key]) {
		const value = currentValue(state.draft, facts, field.key);
		return [edit(state, field.key, value, charactersOf(value).length)];
	}
	const handled = field.kind === 'choice' ? onChoice(state, press, field, facts) : onText(state, press, field);
	if (handled) return handled;
	if (press.name === 'page-up') return [scrolledBy(state, -pageRows)];
	if (press.name === 'page-down') return [scrolledBy(state, pageRows)];
	const last = screenOf(state).fields.length - 1;
	if (press.name === 'up' && state.scroll > 0) return [scrolledBy(state, -1)];
	if (press.name === 'down' && state.field === last) return [scrolledBy(state, 1)];
	if (press.name === 'up' || press.name === 'shift-tab')
		return state.field > 0 ? [atField(state, state.field - 1), 'save'] : [state];
	if (press.name === 'down' || press.name === 'tab')
		return state.field < last ? [atField(state, state.field + 1), 'save'] : [state];
	return [state];
};

/** Takes in what was learned about a value. */
export const withFinding = (state: WizardState, key: string, finding: Finding): WizardState => ({
	...state,
	findings: {...state.findings, [key]: finding},
});

/** Puts a completed path into the field it was asked for, if that is still being typed. */
export const withCompletion = (state: WizardState, key: string, value: string): WizardState =>
	fieldAt(state)?.key === key ? edit(state, key, value, charactersOf(value).length) : state;
