/** Words a museum's administrator may not know, in plain words. */
export const terms = {
	image: [
		'Image',
		'A program packed with everything it needs, fetched from a registry. Specify consists of six of them.',
	],
	container: ['Container', 'A running image. It sees only the files and networks it is given.'],
	domain: [
		'Domain',
		"The name people type into their browser. Your institution's IT department, or whoever sells domains, manages its records.",
	],
	dns: [
		'DNS record',
		"The entry that leads a name to a machine's address. A records hold IPv4, AAAA records IPv6 addresses.",
	],
	authority: [
		'Certificate authority',
		'Who vouches that a web address is what it says. Browsers trust public ones; one of your own must be made known to each browser.',
	],
	staging: [
		'Staging',
		'A test environment of an authority. It is asked first, so that a wrong DNS record does not use up the few tries its real one allows.',
	],
	certificate: [
		'Certificate',
		'What lets browsers talk to Specify encrypted, so that nobody in between can read passwords or data.',
	],
	assetServer: ['Asset server', 'The service that keeps attachments: photographs, scans, sound.'],
	dump: ['Dump', "A whole database written as one file of SQL, as Specify's backup and mysqldump make it."],
	schema: [
		'Schema',
		"The shape of a database's tables. Each Specify version expects its own; Specify 7 takes Specify 6 databases of schema 2.10.",
	],
	migration: ['Migration', 'A change of the tables that a new Specify version makes by itself at its first start.'],
	administrator: ['Administrator', 'The first person who can log in to Specify, and who lets others in.'],
	discipline: [
		'Discipline',
		'The kind of collection. It decides which forms and which ranks of the taxonomic tree Specify offers at first.',
	],
	databasePassword: [
		'Database password',
		'What Specify uses to reach its database. People never type it; it is not the Specify login.',
	],
	telemetry: [
		'Usage statistics',
		'Specify can tell its makers which version and how many records a database has. Specimen data are not sent.',
	],
	port: ['Port', 'A numbered door of a machine. Web pages use 80 and 443.'],
} as const satisfies Record<string, readonly [string, string]>;

export type Term = keyof typeof terms;
