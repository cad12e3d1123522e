import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type DumpFacts, inspectDump, refusal} from '../../source/database/inspect.js';
import {SetupError} from '../../source/errors.js';
import {footer, mariadbHeader, restoredSettings, specifyTables, wholeDump} from './dumps.js';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'inspect-dump-'));
});
afterAll(() => rm(folder, {recursive: true}));

const inspect = async (content: string | Buffer, options?: Parameters<typeof inspectDump>[1]) => {
	const path = join(folder, 'given');
	await writeFile(path, content);
	return inspectDump(path, options);
};

const refused = async (content: string) => {
	const error = refusal(await inspect(content));
	expect(error).toBeInstanceOf(SetupError);
	expect(error!.exitCode).toBe(3);
	return error!;
};

const migrations = (app: string) =>
	`CREATE TABLE \`django_migrations\` (\`id\` int, \`app\` varchar(255), \`name\` varchar(255));INSERT INTO \`django_migrations\` VALUES (1,'contenttypes','0001'),(2,'${app}','0001');`;

describe('inspecting', () => {
	it('reads everything of a packed dump once, with progress up to its size', async () => {
		const told: {readBytes: number; totalBytes: number}[] = [];
		const packed = gzipSync(wholeDump);
		const facts = await inspect(packed, {onProgress: progress => told.push(progress)});
		expect(facts).toEqual({
			path: join(folder, 'given'),
			bytes: packed.length,
			sqlBytes: Buffer.byteLength(wholeDump),
			compression: 'gzip',
			server: {kind: 'mariadb', version: '10.11.6'},
			tool: 'mariadb-dump',
			database: 'specify',
			databases: [],
			databaseStatements: 0,
			specify: {appVersion: '6.8.03', schemaVersion: '2.10'},
			specify7: null,
			collections: ['Kärlväxter; "Herbarium" (S\'s)', 'Fishes, dry'],
			complete: true,
			ending: 'footer',
			tables: {collection: 2, specifyuser: 1, spversion: 1},
			undefinedTables: [],
			rows: 4,
			views: 0,
			triggers: 0,
			routines: 0,
			events: 0,
			hasTriggers: false,
			definers: [],
			mysql8Collation: false,
			collations: [],
			gtidPurged: false,
		} satisfies DumpFacts);
		expect(told.at(-1)).toEqual({readBytes: packed.length, totalBytes: packed.length});
	});

	it('tells Specify 7’s migrations', async () => {
		const facts = await inspect(`${mariadbHeader}${specifyTables()}${migrations('specify')}${footer}`);
		expect(facts.specify7).toEqual({migrations: 2, specifyMigrations: 1});
	});

	it('refuses a cut archive before anything is changed', async () => {
		const packed = gzipSync(wholeDump);
		await expect(inspect(packed.subarray(0, packed.length - 20))).rejects.toMatchObject({
			name: 'SetupError',
			exitCode: 3,
			message: expect.stringMatching(/is cut/),
		});
	});

	it('stops when the signal says so', async () => {
		const reason = new Error('enough');
		await expect(inspect(wholeDump, {signal: AbortSignal.abort(reason)})).rejects.toBe(reason);
	});
});

describe('a dump is accepted', () => {
	it.each([
		['from Specify 6.8.03', wholeDump],
		['without comments', `${mariadbHeader.replace(/^--.*$/gm, '')}${specifyTables()}${restoredSettings}`],
		[
			'with the statements of --databases',
			wholeDump.replace('DROP TABLE', 'CREATE DATABASE `specify`;\nUSE `specify`;\nDROP TABLE'),
		],
		[
			'from Specify 7, whatever its schema is called',
			`${mariadbHeader}${specifyTables({app: '7.12.0', schema: '2.7'})}${migrations('specify')}${footer}`,
		],
		[
			'from Specify 7 before it had migrations of its own, with schema 2.10',
			`${mariadbHeader}${specifyTables()}${migrations('notifications')}${footer}`,
		],
		['with a later schema', `${mariadbHeader}${specifyTables({schema: '2.11'})}${footer}`],
		[
			'with MySQL 8’s usual collation, which MariaDB 11.8 knows',
			wholeDump.replaceAll('CHARSET=utf8mb3', 'CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci'),
		],
	])('%s', async (_, content) => {
		expect(refusal(await inspect(content))).toBeNull();
	});
});

describe('a dump is refused', () => {
	it('that holds no tables', async () => {
		expect((await refused('Name;Locality\nLarus;Öland\n')).message).toMatch(/holds no tables/);
	});

	it('of another database, naming what is missing', async () => {
		const error = await refused(
			`${mariadbHeader}CREATE TABLE \`wp_posts\` (\`a\` int);CREATE TABLE \`collection\` (\`a\` int);${footer}`,
		);
		expect(error.message).toMatch(
			/not a dump of a whole Specify database: spversion, specifyuser are missing among its 2 tables/,
		);
	});

	it('of several databases, with how to dump the one of Specify', async () => {
		const error = await refused(
			`${mariadbHeader}USE \`mysql\`;CREATE TABLE a (b int);USE \`nrm_specify\`;${specifyTables()}${footer}`,
		);
		expect(error.message).toMatch(/2 databases: mysql, nrm_specify/);
		expect(error.hint).toMatch(/mariadb-dump .* nrm_specify$/);
	});

	it('that is cut, with how far it goes', async () => {
		const error = await refused(wholeDump.slice(0, wholeDump.indexOf("(32768,'Fishes") + 9));
		expect(error.message).toMatch(/is cut: it stops in the middle, after 1 row, the last of them in table collection/);
		expect(error.hint).toMatch(/--max-allowed-packet/);
	});

	it('whose end proves nothing, naming the option', async () => {
		const error = await refused(specifyTables());
		expect(error.message).toMatch(/cannot be verified/);
		expect(error.hint).toMatch(/--compact.*--skip-comments/);
	});

	it('from an old Specify 6, with the way to upgrade step by step', async () => {
		const error = await refused(`${mariadbHeader}${specifyTables({app: '6.7.03', schema: '2.6'})}${footer}`);
		expect(error.message).toMatch(/Specify 6\.7\.03 with schema 2\.6/);
		expect(error.hint).toMatch(/6\.7\.04, 6\.8\.00, 6\.8\.01, 6\.8\.02, 6\.8\.03/);
	});

	it('from an old Specify 6 that an old Specify 7 was used with', async () => {
		const error = await refused(
			`${mariadbHeader}${specifyTables({app: '6.7.03', schema: '2.7'})}${migrations('notifications')}${footer}`,
		);
		expect(error.message).toMatch(/schema 2\.7/);
	});

	it('without data', async () => {
		const error = await refused(`${mariadbHeader}${specifyTables().replace(/^INSERT.*$/gm, '')}${footer}`);
		expect(error.message).toMatch(/spversion has no rows/);
		expect(error.hint).toMatch(/--no-data/);
	});

	it('without the definition of its tables', async () => {
		const error = await refused(
			`${mariadbHeader}${specifyTables().replace(/CREATE TABLE[\s\S]*?\) ENGINE[^;]*;/g, '')}${footer}`,
		);
		expect(error.message).toMatch(/without the definition/);
		expect(error.hint).toMatch(/--no-create-info/);
	});

	it('with collations that MariaDB lacks, saying what to do', async () => {
		const error = await refused(
			wholeDump.replaceAll('CHARSET=utf8mb3', 'CHARSET=utf8mb4 COLLATE=utf8mb4_ja_0900_as_cs'),
		);
		expect(error.message).toMatch(/utf8mb4_ja_0900_as_cs/);
		expect(error.hint).toMatch(/utf8mb4_unicode_ci/);
	});

	it('that sets GTID_PURGED, naming the option', async () => {
		const error = await refused(
			wholeDump.replace('DROP TABLE', "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';\nDROP TABLE"),
		);
		expect(error.hint).toMatch(/mysqldump --set-gtid-purged=OFF/);
	});
});
