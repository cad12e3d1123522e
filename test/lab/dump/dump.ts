import {type ContentOptions, contentOf, type Value} from './content.js';
import type {Dialect} from './literals.js';
import {type Column, createStatement, migrations, type Table, tablesOf} from './tables.js';

/** What kind of dump to write. Equal options give equal bytes. */
export type DumpOptions = {
	/** Wanted size of the uncompressed SQL text in bytes; met within a few percent from 2 MB on. */
	size: number;
	seed?: number;
	/** The database of a Specify 6 installation, or of one that a Specify 7 of 2024 has used. Default: specify6. */
	schema?: 'specify6' | 'specify7';
	/** What spversion says. Defaults: 6.8.03 and 2.10. */
	appVersion?: string;
	schemaVersion?: string;
	/** Which program's dump it looks like. Default: mariadb. */
	dialect?: Dialect;
	/** The name of the database in the header, and in CREATE DATABASE and USE when these are wanted. */
	database?: string;
	withCreateDatabase?: boolean;
	/** Begins with the line by which newer versions of mariadb-dump switch the client's sandbox on. */
	sandboxLine?: boolean;
	/** Leaves out the end, in the middle of a row. */
	cut?: boolean;
};

/** What a whole dump of these options brings: rows by table, of every table. */
export type DumpPlan = {rows: Record<string, number>; objects: number};

const insertLimit = 1_000_000;
const chunkLimit = 256 * 1024;
const sampleObjects = 2_000;
const cutAt = 0.8;
const lastMigration = 'specify.0034_accession_date_fields';
const writtenAt = '2024-11-05 21:04:37';
const big = 200_000_000;

const settle = (options: DumpOptions) => ({
	...options,
	seed: options.seed ?? 1,
	schema: options.schema ?? 'specify6',
	appVersion: options.appVersion ?? '6.8.03',
	schemaVersion: options.schemaVersion ?? '2.10',
	dialect: options.dialect ?? 'mariadb',
	database: options.database ?? 'specify',
});
type Settled = ReturnType<typeof settle>;

const appliedMigrations = (): string[] => {
	const names = migrations().map(({name}) => name);
	return names.slice(0, names.indexOf(lastMigration) + 1);
};

const contentOptions = (options: Settled, objects: number): ContentOptions => ({
	...options,
	objects,
	// Rows above the client's default packet of 16 MiB exist where people work with large data sets.
	largestRow: options.size >= big ? 20 * 1024 * 1024 : Math.min(400_000, Math.round(options.size / 20)),
	...(options.schema === 'specify7' ? {migrations: appliedMigrations()} : {}),
});

const tablesFor = ({schema}: Settled): Table[] => tablesOf(schema === 'specify7' ? lastMigration : undefined);

const emptyValue = ({name, type, nullable, definition}: Column): Value => {
	if (definition.includes('AUTO_INCREMENT')) return row => String(row);
	if (nullable) return 'NULL';
	if (name === 'TimestampCreated') return "'2001-01-01 00:00:00'";
	if (/^(datetime|date)/.test(type)) return "'2001-01-01'";
	if (/^(bit)/.test(type)) return '0x00';
	return /int|decimal|double|float/.test(type) ? '0' : "''";
};

/** A function that writes the rows of a table, one call a row; constant neighbours are joined beforehand. */
const rowWriter = (table: Table, given: Record<string, Value>) => {
	const parts: Value[] = [];
	for (const [index, column] of table.columns.entries()) {
		const value = given[column.name] ?? emptyValue(column);
		const glue = index === 0 ? '(' : ',';
		for (const part of [glue, value]) {
			const last = parts.at(-1);
			if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
			else parts.push(part);
		}
	}
	const last = parts.at(-1);
	if (typeof last === 'string') parts[parts.length - 1] = `${last})`;
	else parts.push(')');
	return (row: number): string | Buffer => {
		let text = '';
		let pieces: Buffer[] | undefined;
		for (const part of parts) {
			const piece = typeof part === 'string' ? part : part(row);
			if (typeof piece === 'string') {
				text += piece;
			} else {
				pieces = [...(pieces ?? []), Buffer.from(text), piece];
				text = '';
			}
		}
		return pieces ? Buffer.concat([...pieces, Buffer.from(text)]) : text;
	};
};

const knownColumns = (table: Table, given: Record<string, Value>): Record<string, Value> => {
	const names = new Set(table.columns.map(column => column.name));
	return Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)));
};

function* insertStatements(table: Table, rows: number, given: Record<string, Value>, dialect: Dialect) {
	const write = rowWriter(table, knownColumns(table, given));
	const [between, opening] = dialect === 'mariadb' ? [',\n', ' VALUES\n'] : [',', ' VALUES '];
	let text = '';
	let statementLength = 0;
	for (let row = 1; row <= rows; row++) {
		const written = write(row);
		if (statementLength > 0 && statementLength + written.length > insertLimit) {
			text += ';\n';
			statementLength = 0;
		}
		text += statementLength === 0 ? `INSERT INTO \`${table.name}\`${opening}` : between;
		statementLength += written.length + between.length;
		if (typeof written === 'string') {
			text += written;
			if (text.length >= chunkLimit) {
				yield text;
				text = '';
			}
		} else {
			yield text;
			yield written;
			text = '';
		}
	}
	yield `${text};\n`;
}

function* tableText(table: Table, rows: number, given: Record<string, Value>, dialect: Dialect) {
	const name = `\`${table.name}\``;
	const create = createStatement(table, rows + 1);
	const charset = dialect === 'mariadb' ? 'utf8mb4' : 'utf8';
	yield `\n--\n-- Table structure for table ${name}\n--\n\nDROP TABLE IF EXISTS ${name};\n`;
	yield '/*!40101 SET @saved_cs_client     = @@character_set_client */;\n';
	yield `/*!40101 SET character_set_client = ${charset} */;\n`;
	yield `${dialect === 'mariadb' ? create : create.replaceAll('utf8mb3', 'utf8')}\n`;
	yield '/*!40101 SET character_set_client = @saved_cs_client */;\n';
	yield `\n--\n-- Dumping data for table ${name}\n--\n\nLOCK TABLES ${name} WRITE;\n`;
	yield `/*!40000 ALTER TABLE ${name} DISABLE KEYS */;\n`;
	if (rows > 0) yield* insertStatements(table, rows, given, dialect);
	yield `/*!40000 ALTER TABLE ${name} ENABLE KEYS */;\nUNLOCK TABLES;\n`;
}

const header = ({dialect, database, sandboxLine, withCreateDatabase}: Settled): string =>
	[
		...(sandboxLine ? ['/*M!999999\\- enable the sandbox mode */ '] : []),
		dialect === 'mariadb'
			? '-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)'
			: '-- MySQL dump 10.13  Distrib 5.7.44, for Linux (x86_64)',
		'--',
		`-- Host: localhost    Database: ${database}`,
		'-- ------------------------------------------------------',
		`-- Server version\t${dialect === 'mariadb' ? '10.11.6-MariaDB-1:10.11.6+maria~ubu2204' : '5.7.44'}`,
		'',
		'/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;',
		'/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;',
		'/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;',
		`/*!40101 SET NAMES ${dialect === 'mariadb' ? 'utf8mb4' : 'utf8'} */;`,
		'/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;',
		"/*!40103 SET TIME_ZONE='+00:00' */;",
		'/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;',
		'/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;',
		"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;",
		'/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;',
		...(withCreateDatabase
			? [
					'',
					'--',
					`-- Current Database: \`${database}\``,
					'--',
					'',
					`CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`${database}\` /*!40100 DEFAULT CHARACTER SET utf8 */;`,
					'',
					`USE \`${database}\`;`,
				]
			: []),
		'',
	].join('\n');

const footer = [
	'/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;',
	'',
	'/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;',
	'/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;',
	'/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;',
	'/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;',
	'/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;',
	'/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;',
	'/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;',
	'',
	`-- Dump completed on ${writtenAt}`,
	'',
].join('\n');

function* wholeText(options: Settled, objects: number): Generator<string | Buffer> {
	const {rows, values} = contentOf(contentOptions(options, objects));
	yield header(options);
	for (const table of tablesFor(options)) {
		yield* tableText(table, rows[table.name] ?? 0, values[table.name] ?? {}, options.dialect);
	}
	yield footer;
}

const lengthOf = (piece: string | Buffer): number =>
	typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;

const textLength = (options: Settled, objects: number): number => {
	let length = 0;
	for (const piece of wholeText(options, objects)) length += lengthOf(piece);
	return length;
};

/** How many collection objects make a dump of the wanted size: measured on two small dumps, then in proportion. */
const objectsFor = (options: Settled): number => {
	const small = textLength(options, sampleObjects);
	const perObject = (textLength(options, 2 * sampleObjects) - small) / sampleObjects;
	return Math.max(1, Math.round(sampleObjects + (options.size - small) / perObject));
};

/** The rows that a whole dump of these options brings, by table; tables without rows are in it with 0. */
export const planDump = (options: DumpOptions): DumpPlan => {
	const settled = settle(options);
	const objects = objectsFor(settled);
	const {rows} = contentOf(contentOptions(settled, objects));
	return {objects, rows: Object.fromEntries(tablesFor(settled).map(({name}) => [name, rows[name] ?? 0]))};
};

/** The text of a dump, piece by piece, in constant memory: SQL as UTF-8 text, and raw bytes where a blob has some. */
export async function* dump(options: DumpOptions): AsyncGenerator<string | Buffer, DumpPlan> {
	const settled = settle(options);
	const plan = planDump(options);
	let left = settled.cut ? settled.size * cutAt : Number.POSITIVE_INFINITY;
	for (const piece of wholeText(settled, plan.objects)) {
		left -= lengthOf(piece);
		if (left <= 0) {
			const bytes = Buffer.from(piece as string);
			yield bytes.subarray(0, Math.max(1, Math.floor(bytes.length / 2)));
			break;
		}
		yield piece;
	}
	return plan;
}
