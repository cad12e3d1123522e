import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {Installation, type Ran} from './installation.js';

const ports = {http: 18090, https: 18460};

const hostile = `Musée d'Histoire "Naturelle" & <b>Zoölogy</b> \\ 自然史 \${HOME} $PATH #x %s \`id\``;
const filled = (length: number) => hostile.padEnd(length, 'é, ');
const institution = {
	name: filled(254).concat('.'),
	code: `M"N'H&<>\\日`.padEnd(64, 'µ'),
	division: `${hostile} — Zoologie`,
	discipline: {type: 'insect', name: `Entomology 'n' "Beetles" & <Ω>`},
	collection: {name: `Käfer & "Falter" <'\\'>`.padEnd(50, 'ß'), code: `K&F'"\\<1>`},
	administrator: {name: 'åsa.O+7@museum', lastname: `O'Brien "Ørsted" & <Søn> \\`},
};

/** An installation whose answers are in a file, as a person would write them. */
const museumWith = (answers: object) => {
	const museum = new Installation(ports);
	const file = join(museum.directory, '..', 'answers.yaml');
	writeFileSync(file, stringify({version: 1, ...answers}));
	return {museum, file, install: (...args: string[]) => museum.install('--answers', file, ...args)};
};

const hex = (text: string) => Buffer.from(text).toString('hex').toUpperCase();
/** A column of a table's only row, in the bytes that MariaDB holds. */
const stored = async (museum: Installation, table: string, column: string) =>
	(await museum.sql(`SELECT HEX(CONVERT(${column} USING utf8mb4)) FROM specify.${table}`)).flat();

/** Kills every process of the worker but the container's first, as a crash would; the engine then starts it again. */
const killCelery = `
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if pid != '1' and b'worker' in open('/proc/%s/cmdline' % pid, 'rb').read():
            os.kill(int(pid), signal.SIGKILL)
    except OSError:
        pass
`;

const secretOf = (museum: Installation) => /^ADMINISTRATOR_PASSWORD='(.+)'$/m.exec(museum.read('.env'))![1]!;

describe('with an institution in the answers', () => {
	const {museum, file, install} = museumWith({institution});
	let first: Ran;
	let advice: string | undefined;

	beforeAll(async () => {
		first = await install();
	});
	afterAll(() => museum.remove());

	test('the guided set-up is done and the login works', () => {
		expect(first, first.stdout + first.stderr).toMatchObject({exitCode: 0});
		expect(first.stdout).toContain('ok  login: åsa.O+7@museum can log in');
		expect(first.stdout).toContain('ok  Specify 7: answers, and has users');
	});

	test('its progress is told, part by part', () => {
		const told = museum
			.journal()
			.entries.flatMap(entry => (entry.type === 'progress' && entry.step === 'institution' ? [entry] : []));
		const counts = told.map(({current}) => current);
		expect(counts[0]).toBe(0);
		expect(counts.at(-1)).toBe(8);
		expect(counts).toEqual([...counts].sort((a, b) => a - b));
		expect(new Set(counts).size).toBeGreaterThan(3);
		expect(told.every(({total}) => total === 8)).toBe(true);
	});

	test('the last lines name the user and where the password is, and no output holds it', () => {
		expect(first.stdout).toContain('Log in to Specify 7 as åsa.O+7@museum.');
		expect(first.stdout).toContain(`ADMINISTRATOR_PASSWORD in ${museum.path('.env')}`);
		const password = secretOf(museum);
		expect(password).toMatch(/^[A-Za-z0-9]{16,20}$/);
		const texts = [first.stdout, first.stderr, museum.read('compose.yaml'), museum.read('specify.yaml')];
		texts.push(
			museum
				.journal()
				.entries.map(entry => JSON.stringify(entry))
				.join('\n'),
		);
		for (const text of texts) expect(text.includes(password)).toBe(false);
	});

	test.each<[table: string, column: string, value: string]>([
		['institution', 'Name', institution.name],
		['institution', 'Code', institution.code],
		['division', 'Name', institution.division],
		['discipline', 'Name', institution.discipline.name],
		['discipline', 'Type', institution.discipline.type],
		['collection', 'CollectionName', institution.collection.name],
		['collection', 'Code', institution.collection.code],
		['collection', 'CatalogNumFormatName', 'CatalogNumberNumeric'],
		['specifyuser', 'Name', institution.administrator.name],
		['specifyuser', 'UserType', 'Manager'],
	])('%s.%s arrives byte for byte', async (table, column, value) => {
		expect(await stored(museum, table, column)).toEqual([hex(value)]);
	});

	test("the last name is that of the user's agent, and the ranks are those chosen", async () => {
		expect(await stored(museum, 'agent WHERE SpecifyUserID IS NOT NULL', 'LastName')).toEqual([
			hex(institution.administrator.lastname),
		]);
		const ranks = (table: string) => museum.sql(`SELECT Name FROM specify.${table} ORDER BY RankID`);
		expect((await ranks('storagetreedefitem')).flat()).toEqual([
			...['Site', 'Building', 'Collection', 'Room', 'Aisle', 'Cabinet'],
		]);
		expect((await ranks('geographytreedefitem')).flat()).toEqual(['Earth', 'Continent', 'Country', 'State', 'County']);
	});

	test('a password that is wrong does not open it', async () => {
		// What the run proved is worth something only if the opposite fails.
		const wrong = await execa('docker', ['compose', 'exec', '-T', 'specify7', 've/bin/python', '-'], {
			cwd: museum.directory,
			input: `
import json, http.cookiejar, urllib.request as r
base, host = 'http://127.0.0.1:8000', {'Host': 'specify7.specify.localhost:${ports.https}', 'X-Forwarded-Proto': 'https'}
answer = r.urlopen(r.Request(base + '/context/login/', headers=host))
token = answer.headers['Set-Cookie'].split(';')[0].split('=')[1]
collection = list(json.loads(answer.read())['collections'].values())[0]
body = json.dumps({'username': 'åsa.O+7@museum', 'password': 'wrong', 'collection': collection}).encode()
headers = {**host, 'Content-Type': 'application/json', 'Cookie': 'csrftoken=' + token, 'X-CSRFToken': token,
           'Origin': 'https://specify7.specify.localhost:${ports.https}'}
try:
    print(r.urlopen(r.Request(base + '/context/login/', data=body, headers=headers, method='PUT')).status)
except r.HTTPError as error:
    print(error.code)
`,
		});
		expect(wrong.stdout.trim()).toBe('403');
	});

	test('a second install says that nothing was changed', async () => {
		const before = {files: museum.snapshot(), containers: await museum.containers(), password: secretOf(museum)};
		const again = await install();
		expect(again).toMatchObject({exitCode: 0});
		expect(again.stdout).toContain('Nothing was changed');
		expect({files: museum.snapshot(), containers: await museum.containers(), password: secretOf(museum)}).toEqual(
			before,
		);
	});

	test('a database that is half set up is refused, with what to do', async () => {
		await museum.sql('SET foreign_key_checks = 0; DELETE FROM specify.specifyuser;');
		const {exitCode, stdout, stderr} = await install();
		expect(exitCode, stdout + stderr).toBe(1);
		expect(stdout + stderr).toContain(
			'The database specify is half set up and Specify cannot finish it: there is institution, storage tree',
		);
		advice = /then run this again: (docker compose .*)/.exec(stdout + stderr)?.[1];
		expect(advice).toBeDefined();
	});

	test('what it says to do works, even when the worker is killed in the middle of the set-up', async () => {
		const removed = await execa('bash', ['-c', advice!], {cwd: museum.directory, reject: false});
		expect(removed, removed.stderr).toMatchObject({exitCode: 0});
		const child = museum.startInstall('--answers', file, '--json');
		let killing: Promise<unknown> | undefined;
		child.stdout!.on('data', part => {
			if (/"item":"guided set-up","current":[2-6]/.test(String(part)))
				killing ??= museum.compose('exec', '-T', 'worker', 've/bin/python', '-c', killCelery);
		});
		const {exitCode, all} = await child;
		expect(exitCode, String(all)).toBe(0);
		expect(await killing).toBeDefined();
		expect(String(all)).toContain('it is begun again');
		expect(await museum.sql('SELECT COUNT(*) FROM specify.specifyuser')).toEqual([['1']]);
		expect(await museum.sql('SELECT COUNT(*) FROM specify.institution')).toEqual([['1']]);
	});
});

describe('answers about an institution that are wrong', () => {
	/** Every part is refused by its own line, exit code 2, and nothing is written. */
	const refused = async (answers: object) => {
		const {museum, install} = museumWith(answers);
		const {exitCode, stderr} = await install();
		expect(exitCode, stderr).toBe(2);
		expect(stderr).toContain('What to do:');
		expect(existsSync(museum.directory)).toBe(false);
		await museum.remove();
		return stderr;
	};

	test('are all told at once', async () => {
		const stderr = await refused({
			institution: {
				name: 'x'.repeat(256),
				code: 7,
				division: 'two\nlines',
				discipline: {type: 'plants', name: ''},
				collection: {name: 'y'.repeat(51), code: 'butterflies 🦋'},
				administrator: {name: 'ada lovelace', lastname: 'Lovelace', password: 'secret'},
			},
		});
		for (const key of [
			'name',
			'code',
			'division',
			'discipline.type',
			'discipline.name',
			'collection.name',
			'collection.code',
		])
			expect(stderr).toMatch(new RegExp(`line \\d+, column \\d+: institution\\.${key} must`));
		expect(stderr).toMatch(/institution\.administrator\.name must hold only letters/);
		expect(stderr).toMatch(/institution\.administrator\.password is not known; /);
	});

	test('such as missing parts, are told by their keys', async () => {
		const stderr = await refused({institution: {name: 'Museum'}});
		for (const key of ['code', 'division', 'discipline', 'collection', 'administrator'])
			expect(stderr).toContain(`institution.${key}`);
	});

	test('such as one beside a dump, which has its own', async () => {
		const stderr = await refused({institution, database: {start: 'dump', dump: '/srv/museum.sql'}});
		expect(stderr).toContain('institution must be left out');
	});
});
