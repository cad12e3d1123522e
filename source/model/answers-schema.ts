import * as z from 'zod';
import {complete, schema} from './answers.js';
import {tags} from './releases.js';

/** A JSON Schema, as far as that of the answers uses the language. */
export type JsonSchema = {
	type?: string;
	description?: string;
	default?: unknown;
	enum?: unknown[];
	properties?: Record<string, JsonSchema>;
	anyOf?: JsonSchema[];
	[keyword: string]: unknown;
};

/** What each key is for, as an editor shows it beside the key. */
const meanings: Record<string, string> = {
	version: 'The version of this file: 1.',
	where: 'Where Specify runs. Only this-computer for now, the machine that specify-setup itself runs on.',
	specify7: `The version of Specify 7, such as ${tags.specify7}; v7.12 or newer.`,
	specify6: 'The Specify 6 desktop in the browser. Only false for now.',
	edition: 'Which programs are installed. Only current for now.',
	domain:
		'The name below which Specify gets its addresses, such as specify.museum.example. Names below localhost serve this machine alone.',
	hostnames: 'The host names, where they are not to be made of the domain.',
	'hostnames.specify7': 'The host name of Specify 7; specify7.DOMAIN when left out.',
	'hostnames.specify6': 'The host name of the Specify 6 desktop; specify6.DOMAIN when left out.',
	'hostnames.media': 'The host name of the attachments; media.DOMAIN when left out. May be that of Specify 7.',
	'hostnames.reports': 'The host name of the report runner; reports.DOMAIN when left out.',
	'hostnames.landing': 'The host name of a page that says what runs here; the domain when left out, null for no page.',
	ports: 'The ports of this machine on which Specify answers.',
	'ports.http': 'The port for http; 80 when left out, 8080 with proxy: behind.',
	'ports.https': 'The port for https.',
	proxy:
		'public, when left out: Specify answers visitors itself. behind: another web server of this machine has the certificates and passes visitors on.',
	certificates:
		"Who vouches for the addresses. letsencrypt: Let's Encrypt, or the authority under acme. letsencrypt-staging: its test environment, which browsers warn of. own: the files under own. internal: the installation itself; browsers must be told to trust it.",
	acme: "Another certificate authority that speaks ACME, in place of Let's Encrypt; with certificates: letsencrypt.",
	'acme.directory': "The address of the authority's directory, https://…",
	'acme.staging': "The address of the directory of the authority's test environment, if it has one.",
	'acme.ca': 'The path of a PEM file with the roots that vouch for the directory and for what the authority issues.',
	'acme.eab': 'The account at the authority, where it wants one (external account binding).',
	'acme.eab.kid': 'The key identifier that the authority gave you.',
	'acme.eab.keyFile': 'The path of a file that holds nothing but the key the authority gave you.',
	own: 'A certificate of your own; with certificates: own.',
	'own.certificate': 'The path of the certificate with its chain, a PEM file.',
	'own.key': "The path of the certificate's private key, a PEM file without a password.",
	'own.authority': 'The path of the root of a private authority, a PEM file; null where browsers know the authority.',
	hsts: 'Browsers are told to use https only, for a year. Needs certificates that every browser trusts.',
	email: 'Where certificate authorities write to when something is wrong; admin@DOMAIN when left out.',
	timezone: "The time zone, such as Europe/Stockholm; the machine's when left out.",
	memory:
		"The memory limits of the services. auto: after this machine's memory. minimal, small, medium or large: where other programs need some of it.",
	database: 'The database and what it begins with.',
	'database.name': 'The name of the database. Cannot be changed once there are data.',
	'database.start': 'What the database begins with. empty: a new collection. dump: the dump that database.dump names.',
	'database.dump': 'The path of a dump of a Specify database, .sql or .sql.gz; with start: dump.',
	'database.attachments': 'The path of the folder the old asset server kept the attachments in; with start: dump.',
	institution:
		'The institution, its first collection and administrator, made when the database begins empty; null to go through the guided set-up of Specify yourself.',
	'institution.name': 'The name of the institution.',
	'institution.code': 'The acronym of the institution.',
	'institution.division': 'The name of its first division, such as Zoology.',
	'institution.discipline': 'The discipline of the first collection.',
	'institution.discipline.type': 'What kind of discipline it is; it decides forms and fields.',
	'institution.discipline.name': 'What the discipline is called, such as Fishes.',
	'institution.collection': 'The first collection.',
	'institution.collection.name': 'The name of the collection.',
	'institution.collection.code': 'The code of the collection.',
	'institution.administrator': 'The first person who can log in. The password is no answer: it is a secret.',
	'institution.administrator.name': 'The name to log in with: letters, digits and . _ @ + -',
	'institution.administrator.lastname': 'The last name.',
	privacy: 'What leaves this machine, and who may see what.',
	'privacy.telemetry': 'Whether Specify sends statistics of its use to its makers.',
	'privacy.publicAttachments':
		'true: whoever has the address of an attachment can read it. false: only with a token that Specify 7 gives.',
	images: 'Where the container images come from.',
	'images.registry': 'A mirror of Docker Hub, such as localhost:5000; null for Docker Hub itself.',
	engine: 'The Docker engine.',
	'engine.repository': 'Where the engine is installed from: docker, distribution or an address.',
};

/** What is trimmed before it is looked at may be longer, and have other signs around it. */
const loosen = ({zodSchema, jsonSchema}: {zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema}) => {
	const {checks = []} = zodSchema._zod.def;
	if (!checks.some(check => check._zod.def.check === 'overwrite')) return;
	delete jsonSchema.maxLength;
	delete jsonSchema.pattern;
	delete jsonSchema.allOf;
};

/** Finds defaults that depend on no other answer and no machine, by key; undefined for the others. */
const fixedDefaults = () => {
	const usual = complete({});
	const elsewhere = complete({domain: 'a.example', proxy: 'behind'}, {timezone: 'Europe/Stockholm'});
	const at = (answers: object, key: string) =>
		key.split('.').reduce<unknown>((place, part) => (place as Record<string, unknown> | null)?.[part], answers);
	return (key: string): unknown => {
		const value = at(usual, key);
		const isLeaf = typeof value !== 'object' || value === null;
		return isLeaf && value === at(elsewhere, key) ? value : undefined;
	};
};

/** Puts meanings and defaults at every key of an object. */
const explain = (place: JsonSchema, path: readonly string[], defaultOf: (key: string) => unknown) => {
	for (const [name, value] of Object.entries(place.properties ?? {})) {
		const below = [...path, name];
		const key = below.join('.');
		value.description = meanings[key];
		const usual = defaultOf(key);
		if (usual !== undefined) value.default = usual;
		explain(value, below, defaultOf);
	}
	for (const choice of place.anyOf ?? []) explain(choice, path, defaultOf);
};

/**
 * The JSON Schema (draft 7) of `specify.yaml`. It takes everything `parseAnswers` takes, and more: of host names,
 * addresses, time zones and the length of texts it knows only that they are text, and of rules between answers nothing.
 */
export const answersSchema = (): JsonSchema => {
	const {$schema, ...form} = z.toJSONSchema(schema(), {target: 'draft-7', io: 'input', override: loosen}) as JsonSchema;
	explain(form, [], fixedDefaults());
	return {
		$schema,
		title: 'specify.yaml',
		description: 'The answers of an installation of Specify made by specify-setup. Every key may be left out.',
		...form,
	};
};
