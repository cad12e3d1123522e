import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {installationFiles} from '../../source/files/installation.js';
import {type Answers, answerKeys, setAnswer} from '../../source/model/answers.js';
import {
	type Consequence,
	consequenceLines,
	consequencesOf,
	fixedAdministrator,
	fixedChecks,
	newPasswords,
	newSecrets,
	withLimits,
} from '../../source/model/consequences.js';
import {type Secrets, secretNames} from '../../source/model/secrets.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const institution = {
	name: 'Riksmuseet',
	code: 'NRM',
	division: 'Botany',
	discipline: {type: 'botany', name: 'Botany'},
	collection: {name: 'Herbarium', code: 'S'},
	administrator: {name: 'linnea', lastname: 'Linné'},
} as const;

const before = answersWith({domain: 'museum.se', certificates: 'letsencrypt', institution});

const changed = (key: string, value: unknown, from: Answers = before): Answers => {
	const tree = structuredClone(from) as Answers & Record<string, unknown>;
	setAnswer(tree, key, value);
	return tree;
};

/** Services that Compose would make anew, because their part of the composition is another. */
const remade = (old: Answers, now: Answers, secrets: Partial<Secrets> = {}) => {
	const servicesOf = (answers: Answers, given: Partial<Secrets> = {}) => {
		const files = installationFiles({
			project: 'specify',
			answers,
			secrets: {...knownSecrets, ...given} as Secrets,
			memory: 8 * GiB,
		});
		const {services} = parse(files.find(({path}) => path === 'compose.yaml')!.text) as {
			services: Record<string, unknown>;
		};
		return services;
	};
	const [was, is] = [servicesOf(old), servicesOf(now, secrets)];
	return Object.keys(is).filter(name => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
};

/** Another value for every answer, with a word that its meaning must hold; fixed ones say why. */
const table: [key: string, value: unknown, says: RegExp][] = [
	['where', 'server', /stays on its machine/],
	['specify7', 'v7.13.0', /changes the database .* no way back/],
	['specify6', true, /nothing uses it yet/],
	['edition', 'classic', /keep their data differently/],
	['domain', 'other.se', /names are made of where none are given; .* stay as they are/],
	['hostnames.specify7', 'flora.museum.se', /looked up first.*api\.letsencrypt\.org.*old one stops/],
	['hostnames.specify6', 'desktop.museum.se', /nothing uses it yet/],
	['hostnames.media', 'pictures.museum.se', /Attachments get new addresses/],
	['hostnames.reports', 'print.museum.se', /nothing uses it yet/],
	['hostnames.landing', 'www.museum.se', /certificate.*without a pause/],
	['hostnames.landing', null, /no longer shown/],
	['ports.http', 8080, /led to https/],
	['ports.https', 8443, /end in :8443/],
	['proxy', 'behind', /web-server\//],
	['certificates', 'internal', /must be told to trust/],
	['certificates', 'letsencrypt-staging', /browsers warn/],
	['certificates', 'own', /checked, copied and shown/],
	['acme.directory', 'https://acme.museum.se/directory', /authority is asked/],
	['acme.staging', 'https://acme.museum.se/staging', /authority is asked/],
	['acme.ca', '/srv/ca.pem', /authority is asked/],
	['acme.eab', {kid: 'k', keyFile: '/srv/eab.key'}, /authority is asked/],
	['own.certificate', '/srv/a.crt', /checked and copied/],
	['own.key', '/srv/a.key', /checked and copied/],
	['own.authority', '/srv/root.pem', /checked and copied/],
	['hsts', true, /for a year/],
	['email', 'it@museum.se', /certificates' account/],
	['timezone', 'America/Chicago', /stamps of records that are there stay/],
	['memory', 'minimal', /stay the same, whatever memory this machine has/],
	['database.name', 'other', /cannot be changed/],
	['database.start', 'dump', /cannot be changed/],
	['database.dump', '/srv/dump.sql', /cannot be changed/],
	['database.attachments', '/srv/attachments', /none is removed/],
	['institution.name', 'Other', /changed in Specify itself/],
	['institution.discipline.type', 'fish', /changed in Specify itself/],
	['institution', null, /changed in Specify itself/],
	['privacy.telemetry', true, /no specimen data/],
	['privacy.publicAttachments', false, /with a token/],
	['images.registry', 'mirror.example:5000', /fetched from mirror\.example:5000/],
	['engine.repository', 'distribution', /the one that runs stays/],
];

/** The consequence of one change; keys below one that is set as a whole count as one. */
const consequenceOf = (key: string, value: unknown, from = before): Consequence => {
	const found = consequencesOf(from, changed(key, value, from));
	const own = found.find(consequence => consequence.key === key || consequence.key.startsWith(`${key}.`));
	expect(found.filter(({key: other}) => other !== key && !other.startsWith(`${key}.`))).toEqual([]);
	return own!;
};

describe('what follows from an answer', () => {
	test.each(table)('%s: %j', (key, value, says) => {
		const {meaning, restarts, fixed} = consequenceOf(key, value);
		expect(meaning.join(' ')).toMatch(says);
		// A fixed answer is refused, so nothing follows from it.
		if (fixed) expect([restarts, meaning]).toEqual([[], [fixed]]);
		else expect([...restarts].sort()).toEqual(remade(before, changed(key, value)).sort());
	});

	test('is known for every answer there is', () => {
		const known = table.map(([key]) => key);
		const missing = answerKeys().filter(
			key => !known.some(other => key === other || key.startsWith(`${other}.`) || other.startsWith(`${key}.`)),
		);
		expect(missing).toEqual(['version']);
	});

	test('is nothing when nothing changes', () => {
		expect(consequencesOf(before, structuredClone(before))).toEqual([]);
	});

	test('is told in both directions: a proxy that listens itself again, a page that comes back', () => {
		const behind = answersWith({domain: 'museum.se', proxy: 'behind', hostnames: {landing: null}});
		expect(consequenceOf('proxy', 'public', behind).meaning.join(' ')).toMatch(/ports 8080 and 443/);
		expect(consequenceOf('ports.https', 8443, behind).restarts).not.toContain('proxy');
		expect(consequenceOf('hostnames.landing', 'museum.se', behind).meaning.join(' ')).toMatch(/web server in front/);
	});

	test('is told of memory limits in all, whether the answer or the machine changes them', () => {
		const small = consequencesOf(before, changed('memory', 'small'));
		const [more, less] = [
			{db: 3 * GiB, proxy: GiB},
			{db: 2 * GiB, proxy: GiB},
		];
		const [told] = withLimits(small, more, less);
		expect(told).toMatchObject({key: 'memory', before: 'auto', after: 'small', restarts: ['db']});
		expect(told!.meaning.join(' ')).toMatch(
			/stay the same.*Now they are 4\.0 GiB in all, then 3\.0 GiB\. Starts again: db[.;]/,
		);
		expect(withLimits(small, less, less)[0]).toMatchObject({restarts: []});
		expect(withLimits([], less, more)).toMatchObject([{before: '3.0 GiB', after: '4.0 GiB', restarts: ['db']}]);
		expect(withLimits([], less, less)).toEqual([]);
	});

	test('of another domain stands below it where names follow, and only there it says so', () => {
		const said = (after: Answers) => consequencesOf(before, after).find(({key}) => key === 'domain')!.meaning[0];
		const {institution, certificates} = before;
		const follows = 'It is what names are made of; those that follow it stand below.';
		expect(said(answersWith({domain: 'other.se', certificates, institution}))).toBe(follows);
		expect(said({...before, domain: 'other.se', email: 'admin@other.se'})).toBe(follows);
		const given = {...before.hostnames, media: 'pictures.other.se'};
		expect(said({...before, domain: 'other.se', hostnames: given})).toMatch(/stay as they are/);
	});

	test('a name below localhost opens or closes the way from other machines', () => {
		const trial = answersWith();
		const now = changed('domain', 'museum.se', trial);
		const [domain] = consequencesOf(trial, now);
		expect(domain!.meaning.join(' ')).toMatch(/reachable from other machines/);
		expect(domain!.restarts).toEqual(remade(trial, now));
	});
});

describe('what cannot be changed', () => {
	test('is fixed only once there are data', () => {
		expect(consequencesOf(before, changed('database.name', 'x'), {inUse: false})[0]).not.toHaveProperty('fixed');
	});

	test('is not an institution that was never made: it comes as one change', () => {
		const empty = answersWith();
		const [consequence, ...others] = consequencesOf(empty, {...empty, institution});
		expect(others).toEqual([]);
		expect(consequence).toMatchObject({key: 'institution', before: 'none', after: 'Riksmuseet'});
		expect(consequence).not.toHaveProperty('fixed');
	});

	test('is an institution beside a dump', () => {
		const loaded = answersWith({database: {start: 'dump', dump: '/srv/a.sql'}});
		expect(consequencesOf(loaded, {...loaded, institution})[0]).toHaveProperty('fixed');
	});
});

test('new passwords start again what uses them, and nothing else', () => {
	// The worker and Specify 7 have them in their environment, which Compose fills from .env: the composition does not tell.
	expect(remade(before, before, {DATABASE_ROOT_PASSWORD: 'NewRootPassword123'})).toEqual(['db']);
	const all = newPasswords(['master', 'migrator', 'specify', 'root']);
	expect(all.restarts).toEqual(['db', 'specify7', 'worker']);
	expect(newPasswords(['root']).restarts).toEqual(['db']);
	expect(newPasswords(['master']).restarts).toEqual(['specify7', 'worker']);
	expect(all.meaning.join(' ')).toMatch(/ALTER USER/);
});

describe('new secrets', () => {
	/** Services whose part of the composition names a secret, or has a label made with it: Compose makes them anew when it changes. */
	const usersOf = (name: string) => {
		const secrets = knownSecrets;
		const files = installationFiles({project: 'specify', answers: before, secrets, memory: 8 * GiB});
		const {services} = parse(files.find(({path}) => path === 'compose.yaml')!.text) as {
			services: Record<string, unknown>;
		};
		const named = Object.keys(services).filter(service => JSON.stringify(services[service]).includes(`\${${name}:`));
		return [...new Set([...named, ...remade(before, before, {[name]: 'another'})])];
	};

	test('start again what uses them, and nothing else', () => {
		for (const name of secretNames) {
			const user = {MASTER_PASSWORD: 'master', MIGRATOR_PASSWORD: 'migrator', APP_USER_PASSWORD: 'specify'}[
				name as string
			];
			if (name === 'DATABASE_ROOT_PASSWORD') continue;
			const [consequence, ...others] = user ? [newPasswords([user])] : newSecrets([name], true);
			expect(others).toEqual([]);
			expect([...consequence!.restarts].sort(), name).toEqual(usersOf(name).sort());
		}
	});

	test('say what people will notice', () => {
		const meaning = (name: (typeof secretNames)[number], users = true) =>
			newSecrets([name], users)
				.flatMap(consequence => consequence.meaning)
				.join(' ');
		expect(meaning('SECRET_KEY')).toMatch(/must log in again.*Starts again: db, specify7 and worker/);
		expect(meaning('ASSET_SERVER_KEY')).toMatch(/attachments stay/);
		expect(meaning('SETUP_PASSWORD')).toMatch(/Nothing asks for it any more/);
		expect(meaning('SETUP_PASSWORD', false)).toMatch(/until Specify has its first user/);
		expect(meaning('ADMINISTRATOR_PASSWORD')).toMatch(/changes no login.*User Tools/);
		expect(meaning('ADMINISTRATOR_PASSWORD', false)).toMatch(/makes its first administrator with it/);
	});

	test('of a login that Specify has already are refused, with the way that there is', () => {
		const [check] = fixedChecks([fixedAdministrator], []);
		expect(check).toMatchObject({name: 'ADMINISTRATOR_PASSWORD', result: 'refused'});
		expect(check!.hint).toMatch(/User Tools, Change Password.*without ADMINISTRATOR_PASSWORD\.$/);
	});
});

test('lines for people name the new value, the old one and what follows', () => {
	expect(consequenceLines(consequencesOf(before, changed('timezone', 'UTC')))).toEqual([
		'timezone: UTC (was Europe/Stockholm)',
		'    New changes are stamped with its time; the stamps of records that are there stay as they are.',
		'    Starts again: db, specify7 and worker; until it has, nobody can work in Specify.',
	]);
});
