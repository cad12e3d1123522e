import {exitCodes, SetupError} from '../errors.js';
import {type Compression, openDump, recogniseDump} from './open.js';
import type {DumpServer} from './origin.js';
import {type DumpEnding, DumpScanner} from './scan.js';

/** What a dump is and holds, learned by reading it once from beginning to end. */
export type DumpFacts = {
	path: string;
	/** Size of the file. */
	bytes: number;
	/** Size of the SQL text, unpacked. */
	sqlBytes: number;
	compression: Compression;
	server: DumpServer;
	/** The program that wrote it, like `mariadb-dump` or `phpMyAdmin`. */
	tool: string | null;
	/** The name of the database it was taken from. */
	database: string | null;
	/** Databases that its own statements create or change into. */
	databases: string[];
	/** How many CREATE, DROP, ALTER DATABASE and USE statements it holds; loading leaves them out. */
	databaseStatements: number;
	/** What Specify's table `spversion` says. */
	specify: {appVersion: string | null; schemaVersion: string} | null;
	/** Specify 7's migrations that the database has had; null when the dump does not come from Specify 7. */
	specify7: {migrations: number; specifyMigrations: number} | null;
	/** Names of Specify's collections. */
	collections: string[];
	/** Whether the end proves that nothing is missing. */
	complete: boolean;
	ending: DumpEnding;
	/** Rows by table. */
	tables: Record<string, number>;
	/** Tables that get rows but are not defined in the dump. */
	undefinedTables: string[];
	rows: number;
	views: number;
	triggers: number;
	routines: number;
	events: number;
	hasTriggers: boolean;
	/** Accounts that triggers, views and routines run as, like `root@%`. */
	definers: string[];
	/** Whether it uses collations that only MySQL 8 and newer MariaDB have. */
	mysql8Collation: boolean;
	collations: string[];
	gtidPurged: boolean;
};

export type InspectOptions = {
	signal?: AbortSignal;
	/** Called for every block read (about 256 kB of SQL). */
	onProgress?: (progress: {readBytes: number; totalBytes: number}) => void;
};

/** Reads the whole dump once and tells what is in it. Throws a SetupError (exit code 3) for a file that cannot be read as a dump. */
export async function inspectDump(path: string, {signal, onProgress}: InspectOptions = {}): Promise<DumpFacts> {
	const {bytes, compression} = await recogniseDump(path);
	const scanner = new DumpScanner();
	const onRead = (readBytes: number) => onProgress?.({readBytes, totalBytes: bytes});
	try {
		for await (const block of openDump(path, {signal, onRead})) scanner.scan(block);
	} catch (error) {
		if (!(error instanceof SetupError) || error.exitCode === exitCodes.refused) throw error;
		throw new SetupError(error.message, {hint: error.hint, exitCode: exitCodes.refused, cause: error});
	}
	scanner.end();
	const {appVersion, schemaVersion, djangoMigrations, ending, tables} = scanner;
	const databases = [...scanner.databases];
	return {
		path,
		bytes,
		sqlBytes: scanner.progress.bytes,
		compression,
		server: scanner.origin.server,
		tool: scanner.origin.tool,
		database: scanner.origin.database ?? databases[0] ?? null,
		databases,
		databaseStatements: scanner.databaseStatements,
		specify: schemaVersion === null ? null : {appVersion, schemaVersion},
		specify7: tableOf(tables, 'django_migrations')
			? {
					migrations: tableOf(tables, 'django_migrations')![1],
					specifyMigrations: djangoMigrations?.get('specify') ?? 0,
				}
			: null,
		collections: [...scanner.collections],
		complete: ending === 'footer' || ending === 'settings',
		ending,
		tables,
		undefinedTables: Object.keys(tables).filter(name => !scanner.defined.has(name)),
		rows: scanner.rows,
		views: scanner.views.size,
		triggers: scanner.triggers,
		routines: scanner.routines,
		events: scanner.events,
		hasTriggers: scanner.triggers > 0,
		definers: [...scanner.definers],
		mysql8Collation: scanner.collations.size > 0,
		collations: [...scanner.collations],
		gtidPurged: scanner.gtidPurged,
	};
}

/** Names of tables may differ in case when the dump comes from a Windows server. */
const tableOf = (tables: Record<string, number>, name: string) =>
	Object.entries(tables).find(([table]) => table.toLowerCase() === name);

const needed = ['spversion', 'specifyuser', 'collection'] as const;

/** Schema 2.10 came with Specify 6.8.03; current Specify 7 starts from it. */
const oldestSchema = [2, 10] as const;

/** MySQL 8's collations that MariaDB 11.8 knows under the same names: no language, or one of these. */
const knownLanguages = 'cs da de_pb eo es es_trad et hr hu is la lt lv pl ro sk sl sv tr vi'.split(' ');
const knownCollation = new RegExp(
	`^utf8mb4_(?:0900_(?:ai_ci|as_ci|as_cs|bin)|(?:${knownLanguages.join('|')})_0900_a[is]_c[is])$`,
);

const schemaIsOld = (version: string) => {
	const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10) || 0);
	return major < oldestSchema[0] || (major === oldestSchema[0] && minor < oldestSchema[1]);
};

const options = '--single-transaction --quick --max-allowed-packet=1G --result-file=specify.sql';

const command = ({server, database}: Pick<DumpFacts, 'server' | 'database'>, name = database ?? 'specify') =>
	`${server.kind === 'mariadb' ? 'mariadb-dump' : 'mysqldump'} ${options} ${name}`;

/**
 * Why a dump must not be loaded, with what to do about it (exit code 3); null when it may. The first reason counts:
 * no dump at all, several databases, cut, not Specify's, too old, an end that proves nothing, what MariaDB does not know.
 */
export function refusal(facts: DumpFacts): SetupError | null {
	const refuse = (message: string, hint: string, details?: string[]) =>
		new SetupError(message, {hint, exitCode: exitCodes.refused, details});
	const {path, databases, specify, specify7, tables} = facts;
	const count = Object.keys(tables).length;

	if (count === 0) {
		return refuse(
			`${path} holds no tables.`,
			`Make a dump of the whole Specify database, structure and data: ${command(facts)}`,
		);
	}
	if (databases.length > 1) {
		const guess = databases.find(name => /specify/i.test(name)) ?? 'NAME_OF_THE_SPECIFY_DATABASE';
		return refuse(
			`${path} holds ${databases.length} databases: ${listed(databases)}.`,
			`Dump the Specify database alone, without --all-databases: ${command(facts, guess)}`,
		);
	}
	if (facts.ending === 'cut') {
		return refuse(
			`${path} is cut: it stops in the middle, after ${facts.rows.toLocaleString('en')} ${facts.rows === 1 ? 'row' : 'rows'}${lastOf(tables)}.`,
			`Copy it again and compare the sizes. If the original ends like this too, its disk may have been full or large records were cut; make it again: ${command(facts)}`,
		);
	}
	const missing = needed.filter(name => !tableOf(tables, name));
	if (missing.length > 0) {
		return refuse(
			`${path} is not a dump of a whole Specify database: ${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} missing among its ${count} tables.`,
			`Choose the dump of the database that Specify opens, with all its tables: ${command(facts)}`,
		);
	}
	if (facts.undefinedTables.length > 0) {
		return refuse(
			`${path} holds rows without the definition of their tables: ${listed(facts.undefinedTables)}.`,
			`Make the dump with structure and data (without --no-create-info): ${command(facts)}`,
		);
	}
	const upgraded = specify7 !== null && specify7.specifyMigrations > 0;
	if (!upgraded) {
		if (specify === null) {
			return refuse(
				`${path} does not say which version of Specify it comes from: its table spversion has no rows.`,
				`Make the dump with its data (without --no-data): ${command(facts)}`,
			);
		}
		if (schemaIsOld(specify.schemaVersion)) {
			return refuse(
				`${path} comes from Specify ${specify.appVersion ?? '6'} with schema ${specify.schemaVersion}; Specify 7 needs schema 2.10, that of Specify 6.8.03.`,
				'Open the database with newer versions of Specify 6, one after the other, and let each update it: 6.7.04, 6.8.00, 6.8.01, 6.8.02, 6.8.03 (back up first). Then make the dump again.',
			);
		}
	}
	if (facts.ending === 'statement') {
		return refuse(
			`Whether ${path} is complete cannot be verified: it has neither the line "-- Dump completed" nor the settings that dumps end with.`,
			`Make it again without --compact (and without --skip-comments): ${command(facts)}`,
		);
	}
	const unknown = facts.collations.filter(name => !knownCollation.test(name));
	if (unknown.length > 0) {
		return refuse(
			`${path} comes from MySQL 8 and sorts by rules that MariaDB does not have: ${listed(unknown)}.`,
			`In MySQL, convert the tables that use them (ALTER TABLE name CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci) and make the dump again; or replace the names in the .sql file: sed -i 's/${unknown[0]}/utf8mb4_unicode_ci/g' FILE.sql`,
		);
	}
	if (facts.gtidPurged) {
		return refuse(
			`${path} sets GTID_PURGED, which belongs to MySQL's replication and which MariaDB refuses.`,
			`Make the dump again with --set-gtid-purged=OFF: mysqldump --set-gtid-purged=OFF ${options} ${facts.database ?? 'specify'}`,
		);
	}
	return null;
}

const listed = (names: readonly string[]) =>
	names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

const lastOf = (tables: Record<string, number>) => {
	const last = Object.keys(tables).at(-1);
	return last === undefined ? '' : `, the last of them in table ${last}`;
};
