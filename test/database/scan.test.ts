import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {DumpScanner} from '../../source/database/scan.js';
import {footer, mariadbHeader, restoredSettings, specifyTables, wholeDump} from './dumps.js';

const scan = (text: string | Buffer, cuts: readonly number[] = []) => {
	const scanner = new DumpScanner();
	const bytes = Buffer.from(text as string);
	const borders = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((one, other) => one - other);
	let from = 0;
	for (const border of [...borders, bytes.length]) {
		scanner.scan(bytes.subarray(from, border));
		from = border;
	}
	scanner.end();
	return scanner;
};

const everyByte = (text: string) => Array.from(Buffer.from(text).keys());

const learned = (scanner: DumpScanner) => ({
	tables: scanner.tables,
	rows: scanner.rows,
	defined: [...scanner.defined],
	views: [...scanner.views],
	databases: [...scanner.databases],
	databaseStatements: scanner.databaseStatements,
	triggers: scanner.triggers,
	routines: scanner.routines,
	events: scanner.events,
	definers: [...scanner.definers],
	collations: [...scanner.collations],
	gtidPurged: scanner.gtidPurged,
	appVersion: scanner.appVersion,
	schemaVersion: scanner.schemaVersion,
	collections: scanner.collections,
	migrations: scanner.djangoMigrations && [...scanner.djangoMigrations],
	server: scanner.origin.server,
	tool: scanner.origin.tool,
	database: scanner.origin.database,
	ending: scanner.ending,
	bytes: scanner.progress.bytes,
	table: scanner.table,
});

describe('rows', () => {
	it.each([
		['several rows a statement', 'INSERT INTO `t` VALUES (1,2),(3,4),(5,6);', 3],
		['one row a statement', 'INSERT INTO `t` VALUES (1);\nINSERT INTO `t` VALUES (2);\nINSERT INTO `t` VALUES (3);', 3],
		['rows on lines of their own', 'INSERT INTO `t` VALUES\n(1),\n(2)\n;', 2],
		['a list of columns', 'INSERT INTO `t` (`a`, `b)`, c) VALUES (1,2,3),(4,5,6);', 2],
		['REPLACE INTO', 'REPLACE INTO `t` VALUES (1),(2);', 2],
		['INSERT IGNORE and DELAYED', 'INSERT  IGNORE INTO `t` VALUES (1);INSERT DELAYED IGNORE INTO t VALUES (2);', 2],
		['lower case and no spaces', 'insert into`t`values(1),(2);', 2],
		['a database before the name', 'INSERT INTO `specify`.`t` VALUES (1);INSERT INTO specify . t VALUES (1);', 2],
		['names in double quotes', 'INSERT INTO "t" VALUES (1);', 1],
		[
			'parentheses and quotes in strings',
			`INSERT INTO \`t\` VALUES ('),(','a''b','\\\\','\\'),('),("it's",'"',';','--','#','/*');`,
			2,
		],
		[
			'hexadecimal, binary and bit values',
			"INSERT INTO `t` VALUES (0x2827,_binary '\\0(\\'',b'1',-1.5e-3,NULL,x'27');",
			1,
		],
		['functions as values', "INSERT INTO `t` VALUES (ST_GeomFromText('POINT(1 2)'),now());", 1],
		['comments between rows', 'INSERT INTO `t` VALUES (1), -- (2),\n(3), # (4)\n/* (5) */ (6) /*!50000 ,(7) */;', 4],
		['minus signs before values', 'INSERT INTO `t` VALUES (-1,- 2,3-1),(1--1,2);', 2],
		['ON DUPLICATE KEY UPDATE', 'INSERT INTO `t` VALUES (1),(2) ON DUPLICATE KEY UPDATE a=VALUES(a), b=(1);', 2],
		['INSERT … SET', "INSERT INTO `t` SET a='(),()', b=2;", 1],
		['INSERT … SELECT, whose rows nobody knows', 'INSERT INTO `t` SELECT (1),(2);', undefined],
	])('are counted with %s', (_, sql, rows) => {
		for (const cuts of [[], everyByte(sql)]) {
			const scanner = scan(`${sql}\n`, cuts);
			expect(scanner.tables.t).toBe(rows);
			expect(scanner.rows).toBe(rows ?? 0);
			expect(scanner.ending).toBe('statement');
		}
	});

	it('belong to the table of their own statement when tables take turns', () => {
		const sql =
			'INSERT INTO `a` VALUES (1);INSERT INTO `b` VALUES (1);CREATE TABLE `c` (x int);INSERT INTO `b` VALUES (2);INSERT INTO `a` VALUES (2),(3);';
		expect(scan(sql).tables).toEqual({a: 3, b: 2, c: 0});
	});

	it('are only counted when they are whole', () => {
		const scanner = scan('INSERT INTO `t` VALUES (1),(2),(3');
		expect(scanner.tables).toEqual({t: 2});
		expect(scanner.ending).toBe('cut');
	});

	it('are counted exactly for any strings, however they are escaped and wherever blocks are cut', () => {
		const nasty = fc.string({
			unit: fc.constantFrom(
				"'",
				'"',
				'\\',
				'`',
				'(',
				')',
				',',
				';',
				'-',
				'#',
				'/',
				'*',
				'!',
				'\n',
				'\0',
				' ',
				'a',
				'ö',
				'鳥',
				'VALUES',
				'--  ',
			),
			maxLength: 12,
		});
		const backslashed = (text: string) =>
			`'${text.replace(/[\\'"\n\0]/g, sign => ({'\n': '\\n', '\0': '\\0'})[sign] ?? `\\${sign}`)}'`;
		const doubled = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;
		const value = fc.oneof(
			nasty.map(backslashed),
			nasty.map(doubled),
			nasty.map(text => `_binary ${backslashed(text)}`),
			nasty.map(text => `0x${Buffer.from(text).toString('hex') || '00'}`),
			fc.constantFrom('NULL', '-12.5', '0', "b'1'"),
		);
		const row = fc.array(value, {minLength: 1, maxLength: 4}).map(values => `(${values.join(',')})`);
		const name = fc.constantFrom('agent', 'we`ird', "it's", 'taxon;', 'collection');
		const statement = fc.record({
			name,
			rows: fc.array(row, {minLength: 1, maxLength: 5}),
			single: fc.boolean(),
			separator: fc.constantFrom(',', ',\n', ' , ', ', -- (,\n'),
		});
		fc.assert(
			fc.property(fc.array(statement, {maxLength: 6}), fc.array(fc.nat(4000), {maxLength: 12}), (statements, cuts) => {
				const expected: Record<string, number> = {};
				let sql = '';
				for (const {name, rows, single, separator} of statements) {
					expected[name] = (expected[name] ?? 0) + rows.length;
					const head = `INSERT INTO \`${name.replaceAll('`', '``')}\` VALUES `;
					sql += single ? rows.map(row => `${head}${row};\n`).join('') : `${head}${rows.join(separator)};\n`;
				}
				const scanner = scan(sql, cuts);
				expect(scanner.tables).toEqual(expected);
				expect(scanner.ending).toBe('statement');
			}),
			{numRuns: 500},
		);
	});
});

describe('blocks', () => {
	it('may be cut anywhere without changing what is learned', () => {
		const piece = fc.constantFrom(
			...[
				"'",
				'"',
				'`',
				'\\',
				';',
				';;',
				'(',
				')',
				',',
				'\n',
				' ',
				'--',
				'-- ',
				'#',
				'/*',
				'*/',
				'/*!',
				'/*!50003 ',
				'/*M!100100 ',
			],
			...[
				'/*M!999999\\- ',
				'DELIMITER ;;\n',
				'DELIMITER ;\n',
				'DELIMITER $$\n',
				'END$$',
				'USE x',
				'USE `y`;\n',
				'CREATE',
				' DATABASE ',
			],
			...[
				'CREATE TABLE `t` (',
				'`a`',
				'int',
				' TABLE ',
				'VIEW v AS',
				' DEFINER=`r`@`%` ',
				'TRIGGER',
				'INSERT INTO `t` ',
				'VALUES ',
				'(1)',
			],
			...[
				'DROP SCHEMA ',
				'SET @OLD_A=@@A',
				'SET A=@OLD_A',
				'-- Dump completed\n',
				'.',
				'=',
				'collection',
				'spversion',
				'ö',
				'\uFEFF',
				'_0900_',
			],
		);
		fc.assert(
			fc.property(fc.array(piece, {maxLength: 40}), fc.array(fc.nat(400), {maxLength: 20}), (pieces, cuts) => {
				const sql = pieces.join('');
				const whole = learned(scan(sql));
				expect(learned(scan(sql, cuts))).toEqual(whole);
				expect(learned(scan(sql, everyByte(sql)))).toEqual(whole);
			}),
			{numRuns: 2000},
		);
	});

	it('give the same for a whole dump, byte by byte', () => {
		expect(learned(scan(wholeDump, everyByte(wholeDump)))).toEqual(learned(scan(wholeDump)));
	});
});

describe('what a dump holds', () => {
	it('is learned from a dump of Specify', () => {
		expect(learned(scan(wholeDump))).toMatchObject({
			tables: {collection: 2, specifyuser: 1, spversion: 1},
			appVersion: '6.8.03',
			schemaVersion: '2.10',
			collections: ['Kärlväxter; "Herbarium" (S\'s)', 'Fishes, dry'],
			server: {kind: 'mariadb', version: '10.11.6'},
			tool: 'mariadb-dump',
			database: 'specify',
			ending: 'footer',
		});
	});

	it('takes the versions from the columns that the statement names', () => {
		const scanner = scan(
			"INSERT INTO spversion (SchemaVersion, `AppName`, `AppVersion`) VALUES ('2.9', 'x,(', '6.8.02');",
		);
		expect([scanner.appVersion, scanner.schemaVersion]).toEqual(['6.8.02', '2.9']);
	});

	it('finds Specify’s tables whatever case a Windows server gave them', () => {
		const scanner = scan(specifyTables().replaceAll('`spversion`', '`SpVersion`'));
		expect(scanner.schemaVersion).toBe('2.10');
		expect(scanner.tables.SpVersion).toBe(1);
	});

	it('counts the migrations of Specify 7 by application', () => {
		const scanner = scan(
			"CREATE TABLE `django_migrations` (`id` int, `app` varchar(255), `name` varchar(255), `applied` datetime(6));INSERT INTO `django_migrations` VALUES (1,'specify','0001_initial','2024-01-01'),(2,'contenttypes','0001_initial','2024-01-01'),(3,'specify','0002_geo','2024-01-01');",
		);
		expect([...scanner.djangoMigrations!]).toEqual([
			['specify', 2],
			['contenttypes', 1],
		]);
	});

	it('includes triggers, routines, events and views, with the accounts they run as', () => {
		const scanner = scan(`
CREATE TABLE \`t\` (\`a\` int);
/*!50001 CREATE TABLE \`old_view\` (\`a\` tinyint NOT NULL) ENGINE=MyISAM */;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`%\`*/ /*!50003 TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN
  INSERT INTO t VALUES (1),(2); -- it's; DELIMITER
  USE x;
END */;;
CREATE DEFINER=\`ben\`@\`localhost\` PROCEDURE \`p\`() BEGIN SELECT 1; CREATE DATABASE y; END ;;
CREATE DEFINER=master@localhost FUNCTION f() RETURNS int RETURN 1 ;;
/*!50106 CREATE*/ /*!50117 DEFINER=CURRENT_USER*/ /*!50106 EVENT \`e\` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;
DELIMITER ;
/*!50001 DROP TABLE IF EXISTS \`old_view\`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`%\` SQL SECURITY DEFINER */
/*!50001 VIEW \`old_view\` AS select 1 AS \`a\` */;
/*!50001 CREATE VIEW \`v2\` AS SELECT 1 AS \`a\`*/;
`);
		expect(learned(scanner)).toMatchObject({
			triggers: 1,
			routines: 2,
			events: 1,
			views: ['old_view', 'v2'],
			tables: {t: 0},
			rows: 0,
			databaseStatements: 0,
			definers: ['root@%', 'ben@localhost', 'master@localhost', 'CURRENT_USER'],
			ending: 'statement',
		});
	});

	it('includes the databases it makes and changes into', () => {
		const scanner = scan(
			'/*!40000 DROP DATABASE IF EXISTS `gone`*/;\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `specify` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_ja_0900_as_cs */;\nUSE `specify`;\nCREATE SCHEMA IF NOT EXISTS b;use c\n',
		);
		expect([...scanner.databases]).toEqual(['specify', 'b', 'c']);
		expect(scanner.databaseStatements).toBe(5);
		expect(scanner.collations.size).toBe(0);
	});

	it('includes what only MySQL 8 has', () => {
		const scanner = scan(
			"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5';\nCREATE TABLE `t` (`a` varchar(9) COLLATE utf8mb4_ja_0900_as_cs DEFAULT 'x_0900_y') DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;INSERT INTO t VALUES ('utf8mb4_ru_0900_ai_ci');",
		);
		expect(scanner.gtidPurged).toBe(true);
		expect([...scanner.collations]).toEqual(['utf8mb4_ja_0900_as_cs', 'utf8mb4_0900_ai_ci']);
	});
});

describe('the origin', () => {
	it.each([
		[
			'mysqldump',
			'-- MySQL dump 10.13  Distrib 5.7.44, for Linux (x86_64)\n--\n-- Host: db    Database: specify6\n-- Server version\t5.7.44-log',
			'mysqldump',
			'mysql',
			'5.7.44',
			'specify6',
		],
		[
			'mysqldump of a MariaDB',
			'-- MySQL dump 10.16  Distrib 10.1.48-MariaDB, for debian-linux-gnu\n',
			'mysqldump',
			'mariadb',
			'10.1.48',
			null,
		],
		[
			'mariadb-dump of a MySQL',
			'-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian\n-- Server version\t8.0.35\n',
			'mariadb-dump',
			'mysql',
			'8.0.35',
			null,
		],
		[
			'newer mariadb-dump',
			'-- MariaDB dump 10.19-11.8.6-MariaDB, for debian-linux-gnu (x86_64)\n',
			'mariadb-dump',
			'mariadb',
			'11.8.6',
			null,
		],
		[
			'phpMyAdmin',
			'-- phpMyAdmin SQL Dump\n-- version 5.2.1\n-- https://www.phpmyadmin.net/\n--\n-- Host: localhost\n-- Server version: 10.4.28-MariaDB\n\n--\n-- Database: `specify`\n--\n',
			'phpMyAdmin',
			'mariadb',
			'10.4.28',
			'specify',
		],
		[
			'HeidiSQL',
			'-- ------\n-- Host:                         127.0.0.1\n-- Server version:               10.11.2-MariaDB - mariadb.org binary distribution\n-- HeidiSQL Version:             12.3.0.6589\n\n-- Dumping database structure for specify\n',
			'HeidiSQL',
			'mariadb',
			'10.11.2',
			'specify',
		],
		[
			'Sequel Ace',
			'# ****\n# Sequel Ace SQL dump\n# Version 20050\n#\n# Host: localhost (MySQL 5.7.20)\n# Database: specify\n# ****\n',
			'Sequel Ace',
			'mysql',
			'5.7.20',
			'specify',
		],
		[
			'Navicat',
			'/*\n Navicat Premium Data Transfer\n\n Source Server Type    : MariaDB\n Source Server Version : 101106 (10.11.6-MariaDB-log)\n Source Schema         : specify\n*/\n',
			'Navicat',
			'mariadb',
			'10.11.6',
			'specify',
		],
		['Adminer', '-- Adminer 4.8.1 MySQL 5.7.44 dump\n', 'Adminer', 'mysql', '5.7.44', null],
		['nobody in particular', 'CREATE TABLE t (a int);', null, 'unknown', null, null],
	])('is read from what %s writes', (_, header, tool, kind, version, database) => {
		const {origin} = scan(header);
		expect(origin.tool).toBe(tool);
		expect(origin.server).toEqual({kind, version});
		expect(origin.database).toBe(database);
	});
});

describe('the end', () => {
	it('is proved by the footer', () => {
		expect(scan(wholeDump).ending).toBe('footer');
		expect(scan(wholeDump.trimEnd()).ending).toBe('footer');
	});

	it('is not proved by a footer that more SQL follows', () => {
		expect(scan(`${wholeDump}INSERT INTO \`t\` VALUES (1);\n`).ending).toBe('settings');
		expect(scan("-- Dump completed on 2024\nINSERT INTO `t` VALUES ('-- Dump completed');\n").ending).toBe('statement');
	});

	it('is proved by settings given back, when there are no comments', () => {
		expect(scan(`${mariadbHeader}${specifyTables()}${restoredSettings}`).ending).toBe('settings');
	});

	it('of phpMyAdmin and HeidiSQL is proved by settings given back', () => {
		const saved =
			"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\nCREATE TABLE t (a int);\n";
		expect(scan(`${saved}COMMIT;\n/*!40101 SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '') */;`).ending).toBe('settings');
	});

	it('is seen to be missing after a whole statement, when settings are not given back', () => {
		expect(scan(`${mariadbHeader}${specifyTables()}`).ending).toBe('cut');
	});

	it('is not proved by what mariadb-dump saves anew for every table', () => {
		expect(
			scan('SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;INSERT INTO t VALUES (1);SET AUTOCOMMIT=@OLD_AUTOCOMMIT;')
				.ending,
		).toBe('statement');
	});

	it('is never taken for proved when a dump is cut, wherever that is', () => {
		const bytes = Buffer.from(wholeDump);
		const enough =
			bytes.indexOf('/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;') + '/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;'.length;
		const begun = bytes.indexOf('@OLD_CHARACTER_SET_CLIENT');
		for (let length = begun + 40; length < enough; length++)
			expect(scan(bytes.subarray(0, length)).ending, String(length)).toBe('cut');
		expect(footer).toContain('Dump completed');
	});
});

it('progress tells bytes, rows and the table being read', () => {
	const scanner = new DumpScanner();
	scanner.scan(Buffer.from('CREATE TABLE `agent` (`a` int);INSERT INTO `agent` VALUES (1),(2)'));
	expect(scanner.progress).toEqual({bytes: 65, rows: 2, table: 'agent', tableRows: 2});
	scanner.scan(Buffer.from(',(3);INSERT INTO `taxon` VALUES (1'));
	expect(scanner.progress).toEqual({bytes: 99, rows: 3, table: 'taxon', tableRows: 0});
});
