import fc from 'fast-check';
import {describe, expect, it, test} from 'vitest';
import {readYaml, specifyYaml} from '../../source/files/specify-yaml.js';
import {disciplines, parseAnswers} from '../../source/model/answers.js';

const accepted = (value: unknown, options?: {timezone?: string}) => {
	const {answers, problems} = parseAnswers(value, options);
	expect(problems).toEqual([]);
	return answers!;
};

/** The problems of a value, as reasons by key. */
const refused = (value: unknown) => {
	const {answers, problems} = parseAnswers(value);
	expect(answers).toBeNull();
	expect(new Set(problems.map(({key, reason}) => `${key} ${reason}`)).size, 'nothing said twice').toBe(problems.length);
	return Object.fromEntries(problems.map(({key, reason}) => [key, reason]));
};

const institution = {
	name: 'Museum',
	code: 'M',
	division: 'Zoology',
	discipline: {type: 'fish', name: 'Fishes'},
	collection: {name: 'Fishes, dry', code: 'FD'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
};

describe('defaults', () => {
	it('installs a working Specify 7 on this computer when nothing is answered', () => {
		expect(accepted({})).toEqual({
			version: 1,
			where: 'this-computer',
			specify7: 'v7.12.0.7',
			specify6: false,
			edition: 'current',
			domain: 'specify.localhost',
			hostnames: {
				specify7: 'specify7.specify.localhost',
				specify6: 'specify6.specify.localhost',
				media: 'media.specify.localhost',
				reports: 'reports.specify.localhost',
				landing: 'specify.localhost',
			},
			ports: {http: 80, https: 443},
			proxy: 'public',
			certificates: 'internal',
			acme: {directory: null, staging: null, ca: null, eab: null},
			own: {certificate: null, key: null, authority: null},
			hsts: false,
			email: 'admin@specify.localhost',
			timezone: 'UTC',
			memory: 'auto',
			database: {name: 'specify', start: 'empty', dump: null, attachments: null},
			institution: null,
			privacy: {telemetry: false, publicAttachments: true},
			images: {registry: null},
			engine: {repository: 'docker'},
		});
	});

	it("takes the machine's time zone unless one is given", () => {
		expect(accepted({}, {timezone: 'Europe/Stockholm'}).timezone).toBe('Europe/Stockholm');
		expect(accepted({timezone: 'America/Chicago'}, {timezone: 'Europe/Stockholm'}).timezone).toBe('America/Chicago');
	});

	it('derives host names and the e-mail address from the domain, and keeps those that are given', () => {
		const answers = accepted({domain: 'nrm.example', hostnames: {media: 'pictures.nrm.example'}});
		expect(answers.hostnames).toEqual({
			specify7: 'specify7.nrm.example',
			specify6: 'specify6.nrm.example',
			media: 'pictures.nrm.example',
			reports: 'reports.nrm.example',
			landing: 'nrm.example',
		});
		expect(answers.email).toBe('admin@nrm.example');
	});

	it('fills the keys that a section leaves out', () => {
		expect(accepted({ports: {https: 8443}}).ports).toEqual({http: 80, https: 8443});
		expect(accepted({privacy: {telemetry: true}}).privacy).toEqual({telemetry: true, publicAttachments: true});
	});
});

test('an address in another alphabet is accepted however often it is read', {timeout: 60_000}, () => {
	const acme = {directory: 'https://münchen.example/directory'};
	for (let times = 0; times < 2500; times += 1)
		expect(parseAnswers({acme, certificates: 'letsencrypt', domain: 'nrm.lan'}).problems).toEqual([]);
});

describe('host names', () => {
	it('are kept in lower case, without a dot at the end', () => {
		expect(accepted({domain: ' Museum.Example. '}).domain).toBe('museum.example');
	});

	it('of other alphabets are kept in the form that DNS and certificates use', () => {
		const answers = accepted({domain: 'kärlväxter.example'});
		expect(answers.domain).toBe('xn--krlvxter-0zad.example');
		expect(answers.hostnames.specify7).toBe('specify7.xn--krlvxter-0zad.example');
	});

	it.each([
		'museum',
		'192.168.1.10',
		'a..example',
		'-a.example',
		'a-.example',
		'under_score.example',
		'a b.example',
		'https://a.example',
		'a.example:443',
		'a.example/path',
		`${'a'.repeat(64)}.example`,
		`${'a.'.repeat(126)}example`,
		'',
		7,
		null,
	])('refuse %j', domain => {
		expect(refused({domain})).toEqual({domain: 'must be a host name such as specify.museum.example'});
	});

	it('refuse a domain too long for the names below it', () => {
		const domain = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`;
		expect(domain.length).toBeLessThanOrEqual(253);
		expect(refused({domain})).toHaveProperty('domain');
	});

	it('must differ from each other, but for Specify 7 and the attachments, whose paths tell them apart', () => {
		expect(refused({hostnames: {specify7: 'a.example', reports: 'A.example'}})).toEqual({
			'hostnames.reports': 'must differ from hostnames.specify7',
		});
		expect(refused({hostnames: {specify6: 'a.example', media: 'a.example'}})).toEqual({
			'hostnames.media': 'must differ from hostnames.specify6',
		});
		expect(refused({hostnames: {specify7: 'a.example', media: 'a.example', reports: 'a.example'}})).toEqual({
			'hostnames.reports': 'must differ from hostnames.media',
		});
		expect(accepted({hostnames: {specify7: 'a.example', media: 'A.example.'}}).hostnames).toMatchObject({
			specify7: 'a.example',
			media: 'a.example',
		});
	});

	it('of the page that says what runs here: the domain, another one, that of a service, or none', () => {
		const landing = (hostnames: object) => accepted({domain: 'nrm.example', hostnames}).hostnames.landing;
		expect(landing({})).toBe('nrm.example');
		expect(landing({landing: 'About.NRM.example'})).toBe('about.nrm.example');
		expect(landing({landing: null})).toBeNull();
		expect(landing({specify7: 'nrm.example'})).toBe('nrm.example');
		expect(refused({hostnames: {reports: 'a.example', landing: 'a.example'}})).toEqual({
			'hostnames.reports': 'must differ from the name of the landing page (hostnames.landing, else the domain)',
		});
		expect(refused({hostnames: {landing: 'a'}})).toHaveProperty(['hostnames.landing']);
	});
});

describe('values', () => {
	it.each<[key: string, value: unknown, reason: string]>([
		['version', 2, 'must be 1, the only version of this file'],
		['where', 'the-cloud', 'must be one of: this-computer, server, digitalocean, openstack'],
		['specify7', '7.12', 'must be a version such as v7.12.0.7'],
		['specify7', 7.12, 'must be a version such as v7.12.0.7'],
		['specify7', 'latest', 'must be a version such as v7.12.0.7'],
		['specify6', 'no', 'must be true or false'],
		['edition', 'old', 'must be one of: current, classic'],
		['hostnames', 'a.example', 'must hold these keys: specify7, specify6, media, reports, landing'],
		['ports', [80, 443], 'must hold these keys: http, https'],
		['ports.http', 0, 'must be 1 or more'],
		['ports.http', 65536, 'must be 65535 or less'],
		['ports.http', 80.5, 'must be a whole number from 1 to 65535'],
		['ports.https', '443', 'must be a whole number from 1 to 65535'],
		['certificates', 'self-signed', 'must be one of: letsencrypt, letsencrypt-staging, own, internal'],
		['email', 'curator', 'must be an e-mail address such as collections@museum.example'],
		['timezone', 'Stockholm', 'must be a time zone such as Europe/Stockholm'],
		['database.name', '7specify', 'must begin with a letter and hold only a to z, 0 to 9 and _'],
		['database.name', 'Specify', 'must begin with a letter and hold only a to z, 0 to 9 and _'],
		['database.name', 'spec-ify', 'must begin with a letter and hold only a to z, 0 to 9 and _'],
		['database.name', 'mysql', 'is a name the database server keeps for itself'],
		['database.name', 'specify_setup', 'is a name the database server keeps for itself'],
		['database.dump', '', 'must not be empty'],
		['privacy.telemetry', 'yes', 'must be true or false'],
		[
			'images.registry',
			'https://localhost:5000',
			'must be a registry such as localhost:5000 or mirror.museum.example/hub, without https://',
		],
		['engine.repository', 'somewhere', 'must be docker, distribution or a URL'],
	])('refuses %s: %j', (key, value, reason) => {
		const [first, second] = key.split('.') as [string, string?];
		expect(refused({[first]: second ? {[second]: value} : value})).toEqual({[key]: reason});
	});

	it.each(['v7.12', 'v7.12.0', 'v7.12.0.7', 'v7.13', 'v8.0'])('accepts the version %s', specify7 => {
		expect(accepted({specify7}).specify7).toBe(specify7);
	});

	it.each(['localhost:5000', 'mirror.museum.example', 'mirror.museum.example/hub', '[::1]:5000', '10.0.0.1:5000'])(
		'accepts the registry %s',
		registry => {
			expect(accepted({images: {registry}}).images.registry).toBe(registry);
		},
	);

	it('refuses a registry that Docker would take for a user of Docker Hub', () => {
		expect(refused({images: {registry: 'mirror'}})).toHaveProperty(['images.registry']);
	});

	it.each([
		['europe/stockholm', 'Europe/Stockholm'],
		['utc', 'UTC'],
		['Etc/UTC', 'UTC'],
		['etc/gmt+5', 'Etc/GMT+5'],
		// Given up by the time zone database: containers have no such files any more.
		['us/eastern', 'America/New_York'],
		['US/Eastern', 'America/New_York'],
		['Asia/Calcutta', 'Asia/Kolkata'],
		['Asia/Kolkata', 'Asia/Kolkata'],
		['Europe/Kiev', 'Europe/Kyiv'],
		['america/buenos_aires', 'America/Argentina/Buenos_Aires'],
		['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
	])('passes on only time zones in the spelling that containers know: %s is %s', (timezone, spelt) => {
		// A file system tells upper from lower case: the database and Specify stop at europe/stockholm.
		expect(accepted({timezone}).timezone).toBe(spelt);
		expect(accepted({}, {timezone}).timezone).toBe(spelt);
		expect(accepted({timezone: spelt}).timezone).toBe(spelt);
	});

	it.each(['+01:00', '-0500', '+1'])('refuses the time zone %s, which is none that containers know', timezone => {
		expect(refused({timezone})).toEqual({timezone: 'must be a time zone such as Europe/Stockholm'});
	});

	it.each(['it{$HOME}@nrm.example', '{env.HOME}@nrm.example', '#it@nrm.example', '`it@nrm.example', 'a}@nrm.example'])(
		'refuses the e-mail address %s, which the proxy would read otherwise, and says so',
		email => {
			expect(refused({email})).toEqual({email: expect.stringMatching(/the proxy reads these otherwise$/)});
		},
	);

	it.each(['!$&*+/=?^_|~-.x@nrm.example', '$HOME@nrm.example', 'a@münchen.example', 'x@specify.localhost'])(
		'accepts the e-mail address %s',
		email => {
			expect(accepted({email}).email).toBe(email);
		},
	);

	it.each([
		'a..b.example/hub',
		'mirror-.example',
		'-mirror.example',
		'mirror.example/-hub',
		'mirror.example/hub_',
		'mirror.example/a//b',
		'mirror.example/..',
		'mirror.example:',
		'mirror.example/Hub',
	])('refuses the registry %s, by which Docker finds no image', registry => {
		expect(refused({images: {registry}})).toHaveProperty(['images.registry']);
	});

	it('refuses host names after which no file can be named', () => {
		const name = (length: number) => `${`${'a'.repeat(50)}.`.repeat(4)}${'b'.repeat(length - 204)}`;
		expect(name(230)).toHaveLength(230);
		expect(accepted({hostnames: {specify7: name(230)}}).hostnames.specify7).toBe(name(230));
		expect(refused({hostnames: {specify7: name(231)}})).toHaveProperty(['hostnames.specify7']);
		expect(refused({domain: name(225)})).toEqual({domain: 'is too long for the names below it'});
	});
});

describe('what cannot be installed yet', () => {
	it.each<[key: string, given: object]>([
		['where', {where: 'server'}],
		['where', {where: 'digitalocean'}],
		['where', {where: 'openstack'}],
		['edition', {edition: 'classic'}],
		['specify6', {specify6: true}],
		['specify7', {specify7: 'v7.11.4'}],
		['specify7', {specify7: 'v6.9'}],
	])('refuses %s with one sentence: %j', (key, given) => {
		const problems = refused(given);
		expect(Object.keys(problems)).toEqual([key]);
		expect(problems[key]).toMatch(/yet|older/);
		expect(problems[key]).not.toMatch(/\. |\n/);
	});
});

describe('rules between answers', () => {
	it('want two different ports', () => {
		expect(refused({ports: {http: 8443, https: 8443}})).toEqual({'ports.https': 'must differ from ports.http'});
		expect(refused({ports: {http: 443}})).toEqual({'ports.https': 'must differ from ports.http'});
	});

	it('want a dump exactly when the database starts from one', () => {
		expect(refused({database: {start: 'dump'}})).toEqual({
			'database.dump': 'must be the path of the dump, because database.start is dump',
		});
		expect(refused({database: {dump: 'a.sql'}})).toEqual({
			'database.start': 'must be dump, because database.dump names one',
		});
		expect(accepted({database: {start: 'dump', dump: 'a.sql'}}).database.dump).toBe('a.sql');
	});
});

describe('certificates', () => {
	const domain = 'specify.museum.org';
	const directory = 'https://acme.ca.example/directory';
	const files = {certificate: '/etc/ssl/a.crt', key: '/etc/ssl/a.key'};
	const eab = {kid: 'kid-1', keyFile: '/root/eab.key'};

	it.each<[what: string, given: object]>([
		["of Let's Encrypt, for a public name", {domain, certificates: 'letsencrypt'}],
		['of its test environment', {domain, certificates: 'letsencrypt-staging'}],
		['that browsers keep to', {domain, certificates: 'letsencrypt', hsts: true}],
		['of another authority', {domain, certificates: 'letsencrypt', acme: {directory}}],
		[
			'of another authority with a test environment, a root and an account',
			{domain, certificates: 'letsencrypt', acme: {directory, staging: `${directory}-test`, ca: '/root/ca.pem', eab}},
		],
		[
			"of a museum's authority, for a name of its network",
			{domain: 'specify.museum.lan', certificates: 'letsencrypt', acme: {directory}},
		],
		[
			'of an account with Let’s Encrypt whose root is private',
			{domain, certificates: 'letsencrypt', acme: {ca: 'a.pem'}},
		],
		["of one's own", {domain, certificates: 'own', own: files}],
		["of one's own, below localhost", {certificates: 'own', own: {...files, authority: '/etc/ssl/root.pem'}}],
		["of one's own, that browsers keep to", {domain, certificates: 'own', own: files, hsts: true}],
		['of another web server', {domain, proxy: 'behind'}],
		['of the proxy itself', {domain, certificates: 'internal'}],
		['of nobody for closed attachments', {privacy: {publicAttachments: false}}],
	])('%s are accepted, as they were given', (_, given) => {
		expect(accepted(given)).toMatchObject(given);
	});

	it.each<[given: object, problems: Record<string, RegExp>]>([
		[
			{certificates: 'letsencrypt'},
			{certificates: /specify7\.specify\.localhost.*no public authority.*internal, or own/},
		],
		[
			{certificates: 'letsencrypt-staging'},
			{certificates: /^cannot be letsencrypt-staging for specify7\.specify\.localhost:/},
		],
		...['museum.lan', 'museum.local', 'museum.test', 'museum.example', 'museum.home.arpa', 'museum.onion'].map(
			name =>
				[{domain: name, certificates: 'letsencrypt'}, {certificates: /no public authority/}] as [
					object,
					Record<string, RegExp>,
				],
		),
		[
			{domain, hostnames: {media: 'media.museum.lan'}, certificates: 'letsencrypt'},
			{certificates: /for media\.museum\.lan:/},
		],
		[
			{certificates: 'letsencrypt', acme: {directory}},
			{certificates: /for specify7\.specify\.localhost: no public authority/},
		],
		[{domain, acme: {directory}}, {'acme.directory': /^needs certificates: letsencrypt/}],
		[
			{domain, certificates: 'own', own: files, acme: {directory, ca: 'a.pem', eab}},
			{
				'acme.directory': /^needs certificates: letsencrypt/,
				'acme.ca': /^needs certificates: letsencrypt/,
				'acme.eab': /^needs certificates: letsencrypt/,
			},
		],
		[{domain, certificates: 'letsencrypt', acme: {staging: directory}}, {'acme.staging': /^needs acme\.directory/}],
		[{domain, certificates: 'letsencrypt', acme: {eab}}, {'acme.eab': /^needs acme\.directory.*no external accounts/}],
		[
			{domain, certificates: 'letsencrypt-staging', acme: {directory}},
			{certificates: /^must be letsencrypt with acme\.directory/},
		],
		[
			{domain, certificates: 'own'},
			{'own.certificate': /path of the certificate/, 'own.key': /private key/},
		],
		[{domain, certificates: 'own', own: {certificate: 'a.crt'}}, {'own.key': /private key/}],
		[
			{domain, own: files},
			{'own.certificate': /^needs certificates: own/, 'own.key': /^needs certificates: own/},
		],
		[{domain, certificates: 'letsencrypt', own: {authority: 'a.pem'}}, {'own.authority': /^needs certificates: own/}],
		[{domain, hsts: true}, {hsts: /every browser trusts: letsencrypt or own/}],
		[{domain, certificates: 'letsencrypt-staging', hsts: true}, {hsts: /every browser trusts/}],
		[{domain, proxy: 'behind', certificates: 'letsencrypt'}, {certificates: /must be internal with proxy: behind/}],
		[{domain, proxy: 'behind', certificates: 'own', own: files}, {certificates: /must be internal with proxy: behind/}],
		[{domain, proxy: 'behind', hsts: true}, {hsts: /other web server/}],
	])('%j are refused, each with its reason', (given, problems) => {
		const reasons = refused(given);
		expect(Object.keys(reasons).sort()).toEqual(Object.keys(problems).sort());
		for (const [key, reason] of Object.entries(problems)) expect(reasons[key]).toMatch(reason);
	});

	it.each<[key: string, acme: object]>([
		['acme.directory', {directory: 'http://acme.ca.example/directory'}],
		['acme.directory', {directory: 'acme.ca.example'}],
		['acme.directory', {directory: 'https://acme.ca.example/{path}'}],
		['acme.directory', {directory: 'https://acme.ca.example/a b'}],
		['acme.directory', {directory: 'https://acme.ca.example/"'}],
		['acme.staging', {directory, staging: 'file:///etc/passwd'}],
		['acme.eab.kid', {directory, eab: {...eab, kid: 'a b'}}],
		['acme.eab.kid', {directory, eab: {...eab, kid: 'a{b}'}}],
		['acme.eab.kid', {directory, eab: {...eab, kid: '<<END'}}],
		['acme.directory', {directory: 'https://acme.ca.example/\u0001'}],
		['acme.eab.kid', {directory, eab: {...eab, kid: ''}}],
		['acme.eab.keyFile', {directory, eab: {kid: 'a'}}],
		['acme.ca', {directory, ca: ''}],
	])('of an authority with a wrong %s are refused: %j', (key, acme) => {
		expect(Object.keys(refused({domain, certificates: 'letsencrypt', acme}))).toEqual([key]);
	});

	it('keep port 80 for the other web server, unless it is given', () => {
		expect(accepted({domain, proxy: 'behind'}).ports).toEqual({http: 8080, https: 443});
		expect(accepted({domain, proxy: 'behind', ports: {http: 8123}}).ports).toEqual({http: 8123, https: 443});
	});
});

describe('an institution', () => {
	it('is taken as it is given', () => {
		expect(accepted({institution}).institution).toEqual(institution);
	});

	it('has no place beside a dump, which brings its own', () => {
		expect(Object.keys(refused({institution, database: {start: 'dump', dump: 'a.sql'}}))).toEqual(['institution']);
	});

	it.each<[key: string, over: object]>([
		['institution.name', {name: ' '}],
		['institution.name', {name: 'a\nb'}],
		['institution.code', {code: 7}],
		['institution.collection.code', {collection: {name: 'a', code: 'x'.repeat(51)}}],
		['institution.collection.name', {collection: {name: '🐟', code: 'x'}}],
		['institution.administrator.name', {administrator: {name: 'ada lovelace', lastname: 'x'}}],
		['institution.discipline.type', {discipline: {type: 'plants', name: 'Plants'}}],
	])('with a wrong %s is refused: %j', (key, over) => {
		expect(Object.keys(refused({institution: {...institution, ...over}}))).toEqual([key]);
	});
});

describe('problems', () => {
	it('are all reported at once: those of values, of unknown keys, of what is not supported and of rules', () => {
		expect(
			Object.keys(
				refused({
					domain: 'museum',
					colour: 'green',
					edition: 'classic',
					specify6: 'maybe',
					ports: {http: 8080, https: 8080},
					database: {start: 'dump'},
					hostnames: {web: 'a.example'},
				}),
			).sort(),
		).toEqual(['colour', 'database.dump', 'domain', 'edition', 'hostnames.web', 'ports.https', 'specify6']);
	});

	it('of unknown keys tell the nearest one that is known in that place', () => {
		const nearestTo = (given: object) =>
			Object.entries(refused(given)).map(([key, reason]) => [
				key,
				reason.replace(/^is not known; the nearest that is: /, ''),
			]);
		expect(refused({timezon: 'UTC'})).toEqual({timezon: 'is not known; the nearest that is: timezone'});
		expect(nearestTo({port: 80})).toEqual([['port', 'ports']]);
		expect(nearestTo({ports: {ssl: 443}})).toEqual([['ports.ssl', 'ports.http']]);
		expect(nearestTo({institution: {...institution, nickname: 'M'}})).toEqual([
			['institution.nickname', 'institution.name'],
		]);
		expect(nearestTo({institution: {...institution, discipline: {...institution.discipline, kind: 'fish'}}})).toEqual([
			['institution.discipline.kind', 'institution.discipline.type'],
		]);
	});

	it('of a key in the wrong place tell where it belongs, unless it could be several', () => {
		expect(refused({telemetry: true}).telemetry).toMatch(/: privacy\.telemetry$/);
		expect(refused({database: {registry: 'a:5000'}})['database.registry']).toMatch(/: images\.registry$/);
		expect(refused({code: 'NRM'}).code).not.toMatch(/institution|\./);
	});

	it('of a key written with its dots, as for --set, tell how it is written', () => {
		expect(refused({'ports.https': 8443, 'acme.eab.kid': 'k'})).toEqual({
			'ports.https': 'is no key of its own in a file: write ports: {https: …}',
			'acme.eab.kid': 'is no key of its own in a file: write acme: {eab: {kid: …}}',
		});
	});

	it.each([null, [], 'text', 7, undefined])('tell that %j is no set of answers', value => {
		expect(Object.keys(refused(value))).toEqual(['']);
	});

	it('of an institution name the parts that are missing', () => {
		expect(Object.keys(refused({institution: {name: 'Museum'}})).sort()).toEqual([
			'institution.administrator',
			'institution.code',
			'institution.collection',
			'institution.discipline',
			'institution.division',
		]);
	});

	it('of a discipline tell which there are', () => {
		const reason = refused({institution: {...institution, discipline: {type: 'plants', name: 'Plants'}}})[
			'institution.discipline.type'
		];
		for (const discipline of disciplines) expect(reason).toContain(discipline);
	});
});

describe('specify.yaml', () => {
	const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
	const hostname = fc
		.tuple(fc.array(label, {minLength: 1, maxLength: 3}), fc.constantFrom('example', 'se', 'localhost'))
		.map(([labels, top]) => [...labels, top].join('.'));
	const port = fc.integer({min: 1, max: 65535});
	const path = fc.oneof(
		fc.string({minLength: 1, unit: 'grapheme'}),
		fc.constantFrom('~/a.sql', 'true', '1e3', ' # ', '*a'),
	);
	/** Text of one line, of characters that three bytes hold. */
	const line = (max: number) =>
		fc.string({
			unit: fc.constantFrom(...'abc XYZ ÅÄÖåäö é 魚 07 .,:;-_#*&!|>%@`\'\\"{}[]'),
			minLength: 1,
			maxLength: max,
		});
	const given = fc.record(
		{
			version: fc.constant(1),
			specify7: fc.stringMatching(/^v7\.1[2-9](\.\d{1,2}){0,2}$/),
			domain: hostname,
			hostnames: fc.record({specify7: hostname, media: hostname}, {requiredKeys: []}),
			ports: fc.record({http: port, https: port}, {requiredKeys: []}),
			email: fc.emailAddress(),
			timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'US/Eastern', 'asia/kolkata'),
			database: fc.oneof(
				fc.record({name: fc.stringMatching(/^[a-z][a-z0-9_]{0,30}$/)}, {requiredKeys: []}),
				fc.record({start: fc.constant('dump'), dump: path}),
			),
			institution: fc.option(
				fc.record({
					name: line(255),
					code: line(64),
					division: line(255),
					discipline: fc.record({type: fc.constantFrom(...disciplines), name: line(64)}),
					collection: fc.record({name: line(50), code: line(50)}),
					administrator: fc.record({name: fc.stringMatching(/^[a-zåäö0-9._@+-]{1,64}$/), lastname: line(50)}),
				}),
			),
			privacy: fc.record({telemetry: fc.boolean()}, {requiredKeys: []}),
			images: fc.record({registry: fc.constantFrom(null, 'localhost:5000', 'mirror.example/hub')}),
			engine: fc.record({repository: fc.constantFrom('docker', 'distribution', 'https://mirror.example/debian')}),
		},
		{requiredKeys: []},
	);

	it('gives back the same answers, whatever was accepted', () => {
		fc.assert(
			fc.property(given, value => {
				const {answers} = parseAnswers(value);
				fc.pre(answers !== null);
				const {value: read, problems} = readYaml(specifyYaml(answers));
				expect(problems).toEqual([]);
				expect(accepted(read)).toEqual(answers);
			}),
			{numRuns: 300},
		);
	}, 60_000);

	it.each(['музей.рф', 'specify.lan1', 'specify.h'])('gives back the same answers for the domain %s', domain => {
		const answers = accepted({domain});
		expect(accepted(readYaml(specifyYaml(answers)).value)).toEqual(answers);
	});

	it('leads editors to its schema in its first line, and says in its second how a change takes effect', () => {
		const [first, second] = specifyYaml(accepted({})).split('\n');
		expect(first).toBe('# yaml-language-server: $schema=.specify-setup/specify.schema.json');
		expect(second).toMatch(/^# .*specify-setup reconfigure/);
	});
});
