import {randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gunzipSync, gzipSync} from 'node:zlib';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JournalEntry, StepId} from '../../source/model/events.js';
import {forgetImages, Installation} from './installation.js';

const folder = mkdtempSync(join(tmpdir(), 'specify-dumps-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

/** Generates a dump; returns its path and the rows of each table. */
const makeDump = async (name: string, ...options: string[]) => {
	const path = join(folder, name);
	await execa('npx', ['tsx', 'test/lab/dump/main.ts', '--out', path, ...options]);
	const {rows} = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as {rows: Record<string, number>};
	return {path, rows};
};

const rowsIn = async (museum: Installation, tables: readonly string[]) => {
	const counts = await museum.sql(
		tables.map(table => `SELECT '${table}', COUNT(*) FROM specify.\`${table}\`;`).join('\n'),
	);
	return Object.fromEntries(counts.map(([table, count]) => [table!, Number(count)]));
};

/** Tables that Specify's own migrations and defaults add rows to after a load. */
const untouchedByMigrations = (rows: Record<string, number>) =>
	Object.keys(rows).filter(table =>
		/^(collectionobject|determination|preparation|collectingevent|locality|agent|taxon|geography|spauditlog|spauditlogfield|collector|attachment)$/.test(
			table,
		),
	);

describe('a dump of more than 100 MB', () => {
	const path = join(folder, 'museum.sql.gz');
	const originals = join(folder, 'assets', 'originals');
	const pictures = new Map(
		[
			'sp6001.att.JPG',
			'Åkerskräppa – Rumex.tif',
			"it's 50% $HOME.pdf",
			'deep/folder/図版.png',
			...Array.from({length: 40}, (_, index) => `${index}.jpg`),
		].map((name, index) => [name, randomBytes(1000 + index * 20_000)] as const),
	);
	const museum = new Installation({http: 18081, https: 18444}, [
		'database.start=dump',
		`database.dump=${path}`,
		`database.attachments=${join(folder, 'assets')}`,
	]);
	let rows: Record<string, number>;

	beforeAll(async () => {
		for (const [name, content] of pictures) {
			mkdirSync(join(originals, name, '..'), {recursive: true});
			writeFileSync(join(originals, name), content);
		}
		({rows} = await makeDump('museum.sql.gz', '--size', '110MB', '--with-create-database'));
		expect(gunzipSync(readFileSync(path)).length).toBeGreaterThan(100_000_000);
	});
	afterAll(() => museum.remove());

	test('arrives with every row, and Specify comes up on it', async () => {
		const {exitCode, stdout, stderr} = await museum.install();
		expect(exitCode, stdout + stderr).toBe(0);
		expect(stdout).toMatch(/[\d]+ rows in \d+ tables, counted in the dump and in the database/);
		const tables = untouchedByMigrations(rows);
		expect(tables.length).toBeGreaterThan(9);
		expect(await rowsIn(museum, tables)).toEqual(Object.fromEntries(tables.map(table => [table, rows[table]])));
		const progress = await museum.get('specify7.specify.localhost', '/setup_tool/setup_progress/');
		expect(JSON.parse(progress.body)).toHaveProperty('resources.specifyUser', true);
	});

	test('showed bytes, rate, time left, table and rows while it was loaded', () => {
		const {entries} = museum.journal();
		const load = entries.flatMap(entry => (entry.type === 'progress' && entry.step === 'database' ? [entry] : []));
		const bytes = load.filter(({unit}) => unit === 'bytes');
		expect(bytes.some(({rate, secondsLeft}) => rate && secondsLeft)).toBe(true);
		expect(bytes.at(-1)).toMatchObject({state: 'done', current: bytes.at(-1)!.total});
		const counted = load.filter(({unit}) => unit === 'rows');
		expect(counted.at(-1)!.current).toBe(Object.values(rows).reduce((sum, count) => sum + count, 0));
		expect(new Set(counted.map(({state}) => state)).size).toBeGreaterThan(3);
	});

	test('is followed by the attachments, each byte for byte', async () => {
		for (const [name, content] of pictures) {
			const {stdout} = await execa(
				'docker',
				['compose', 'exec', '-T', 'media', 'cat', `/home/specify/attachments/originals/${name}`],
				{
					cwd: museum.directory,
					encoding: 'buffer',
					// One file in 256 ends with what execa takes for a line's end.
					stripFinalNewline: false,
				},
			);
			expect(content.equals(stdout), name).toBe(true);
		}
		const {body} = await museum.get(
			'media.specify.localhost',
			`/fileget?${new URLSearchParams({coll: 'specify', type: 'O', filename: '7.jpg'})}`,
		);
		expect(body.length).toBeGreaterThan(0);
	});

	test('is not loaded a second time', async () => {
		await museum
			.sql(
				"INSERT INTO specify.agent (TimestampCreated, Version, AgentType, LastName) VALUES (NOW(), 0, 1, 'added later')",
			)
			.catch(() => {});
		const before = await rowsIn(museum, ['agent']);
		const {exitCode, stdout} = await museum.install();
		expect(exitCode).toBe(0);
		expect(stdout).toContain('Nothing was changed');
		expect(await rowsIn(museum, ['agent'])).toEqual(before);
	});
});

describe('Ctrl-C', () => {
	const path = join(folder, 'small.sql');
	const museum = new Installation({http: 18082, https: 18445}, ['database.start=dump', `database.dump=${path}`]);
	let rows: Record<string, number>;

	beforeAll(async () => {
		({rows} = await makeDump('small.sql', '--size', '30MB'));
		await forgetImages();
	});
	afterAll(() => museum.remove());

	/** Sends SIGINT as soon as the step tells of progress or, for short ones, begins. */
	const interruptAt = async (step: StepId) => {
		const child = museum.startInstall('--json');
		const seen: JournalEntry[] = [];
		let rest = '';
		let sent = false;
		child.stdout!.on('data', part => {
			const lines = (rest + part).split('\n');
			rest = lines.pop()!;
			for (const line of lines) seen.push(JSON.parse(line) as JournalEntry);
			const waitsForProgress = step === 'pull' || step === 'database' || step === 'specify';
			const reached = seen.some(
				entry =>
					'step' in entry &&
					entry.step === step &&
					(waitsForProgress ? entry.type === 'progress' : entry.type === 'step.started'),
			);
			if (reached && !sent) {
				sent = true;
				child.kill('SIGINT');
			}
		});
		const {exitCode} = await child;
		return {exitCode, seen};
	};

	for (const step of ['preflight', 'pull', 'certificates', 'up', 'database', 'specify', 'verify'] as const)
		test(`at ${step} stops with exit code 130 and says what to do`, async () => {
			const {exitCode, seen} = await interruptAt(step);
			expect(exitCode, JSON.stringify(seen.slice(-3))).toBe(130);
			expect(seen.at(-1)).toMatchObject({type: 'run.finished', outcome: 'cancelled', exitCode: 130});
			expect(seen.some(entry => entry.type === 'step.failed' && entry.step === step)).toBe(true);
		});

	test('at any step is followed by a run that finishes the job, with every row', async () => {
		const {exitCode, stdout, stderr} = await museum.install();
		expect(exitCode, stdout + stderr).toBe(0);
		const tables = untouchedByMigrations(rows);
		expect(await rowsIn(museum, tables)).toEqual(Object.fromEntries(tables.map(table => [table, rows[table]])));
		expect((await museum.install()).stdout).toContain('Nothing was changed');
	});
});

describe('a dump that cannot be used', () => {
	const whole = join(folder, 'whole.sql.gz');
	beforeAll(async () => {
		await makeDump('whole.sql.gz', '--size', '2MB');
	});

	/** Tries to install from a file; it must be refused with nothing written. */
	const refused = async (file: string, exitCode = 3) => {
		const museum = new Installation({http: 18083, https: 18446}, ['database.start=dump', `database.dump=${file}`]);
		const ran = await museum.install();
		expect(ran, ran.stdout + ran.stderr).toMatchObject({exitCode});
		expect(ran.stderr).toContain('What to do:');
		expect(existsSync(museum.directory)).toBe(false);
		await museum.remove();
		return ran.stderr;
	};

	test('because it is cut in the middle of the compressed file', async () => {
		const cut = join(folder, 'cut.sql.gz');
		const bytes = readFileSync(whole);
		writeFileSync(cut, bytes.subarray(0, bytes.length - 20_000));
		expect(await refused(cut)).toMatch(/cut|damaged/);
	});

	test('because its end is missing', async () => {
		const cut = join(folder, 'short.sql.gz');
		const text = gunzipSync(readFileSync(whole));
		writeFileSync(cut, gzipSync(text.subarray(0, Math.floor(text.length * 0.8))));
		expect(await refused(cut)).toMatch(/end|cut|complete/);
	});

	test('because it is of an old Specify 6', async () => {
		await makeDump('old.sql', '--size', '1MB', '--schema-version', '2.7');
		expect(await refused(join(folder, 'old.sql'))).toContain('6.8');
	});

	test('because it is not there', async () => {
		expect(await refused(join(folder, 'nowhere.sql'))).toContain('nowhere.sql');
	});
});
