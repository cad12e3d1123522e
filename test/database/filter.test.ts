import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {DumpScanner, type ScanProgress, withoutDatabaseStatements} from '../../source/database/scan.js';
import {wholeDump} from './dumps.js';

const split = (bytes: Buffer, cuts: readonly number[]) => {
	const borders = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((one, other) => one - other);
	return [...borders, bytes.length].map((border, index) =>
		bytes.subarray(index === 0 ? 0 : borders[index - 1], border),
	);
};

const filtered = async (text: string, cuts: readonly number[] = []) => {
	const parts: Buffer[] = [];
	for await (const part of withoutDatabaseStatements(split(Buffer.from(text), cuts))) parts.push(part);
	return Buffer.concat(parts).toString();
};

const everyByte = (text: string) => Array.from(Buffer.from(text).keys());

describe('statements about databases', () => {
	it.each([
		['USE', 'USE `specify`;', ''],
		['USE without a semicolon', 'USE specify\nCREATE TABLE t (a int);', '\nCREATE TABLE t (a int);'],
		[
			'CREATE DATABASE',
			'CREATE DATABASE /*!32312 IF NOT EXISTS*/ `specify` /*!40100 DEFAULT CHARACTER SET utf8 */;',
			'',
		],
		['CREATE OR REPLACE SCHEMA', 'create or\n replace schema x;', ''],
		['DROP DATABASE', '/*!40000 DROP DATABASE IF EXISTS `specify`*/;', ''],
		[
			'ALTER DATABASE, which mysqldump writes around triggers',
			'ALTER DATABASE `specify` CHARACTER SET utf8 COLLATE utf8_general_ci ;',
			'',
		],
		['with a name that has a semicolon in it', 'USE `a;``b`;SELECT 1;', 'SELECT 1;'],
		[
			'with another delimiter',
			'DELIMITER ;;\nALTER DATABASE `s` CHARACTER SET utf8 ;;\nSELECT ";"; SELECT 2;;\nDELIMITER ;\nUSE x;',
			'DELIMITER ;;\n\nSELECT ";"; SELECT 2;;\nDELIMITER ;\n',
		],
		['at the very end', 'SELECT 1;USE x', 'SELECT 1;'],
		['with comments in the middle', "DROP -- it's;\n/* ; */ DATABASE # ;\n x;SELECT 1;", 'SELECT 1;'],
	])('are left out: %s', async (_, sql, rest) => {
		expect(await filtered(sql)).toBe(rest);
		expect(await filtered(sql, everyByte(sql))).toBe(rest);
		expect(await filtered(`SELECT 'x';\n${sql}`)).toBe(`SELECT 'x';\n${rest}`);
	});

	it.each([
		'CREATE TABLE `database` (`use` int);DROP TABLE `database`;ALTER TABLE `database` ADD x int;',
		"INSERT INTO t VALUES ('\nUSE x;\nCREATE DATABASE y;');",
		'-- USE x;\n# DROP DATABASE y;\n/* CREATE DATABASE z; */\n',
		'DELIMITER ;;\nCREATE PROCEDURE p() BEGIN\nUSE x;\nDROP DATABASE y;\nEND;;\nDELIMITER ;\n',
		'CREATE USER u; CREATE OR REPLACE VIEW v AS SELECT 1; DROP VIEW v; CREATE',
		'SELECT * FROM t USE INDEX (i);',
		'/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER x */;',
		'',
	])('are not seen where there are none: %j', async sql => {
		expect(await filtered(sql)).toBe(sql);
		expect(await filtered(sql, everyByte(sql))).toBe(sql);
	});

	it('are the only thing that is left out, whatever surrounds them and wherever blocks are cut', async () => {
		const kept = fc.constantFrom(
			...[
				'\n',
				'  ',
				';',
				'-- USE x;\n',
				"# it's\n",
				'/* CREATE DATABASE `a`; */',
				'/*!40101 SET NAMES utf8 */;',
				'CREATE TABLE `a;b` (`x` int COMMENT "USE y;");',
			],
			...[
				"INSERT INTO `t` VALUES ('a''b;\\'',\"USE z;\"),(0x27,-1);",
				"INSERT INTO `t` VALUES ('\\\\');",
				'DROP TABLE IF EXISTS `t`;',
				'ALTER TABLE t ADD x int;',
			],
			...[
				'DELIMITER $$\nCREATE TRIGGER x BEGIN USE q; END$$\nDELIMITER ;\n',
				'/*M!999999\\- enable the sandbox mode */ \n',
				'CREATE OR REPLACE VIEW v AS SELECT 1;',
			],
		);
		const gone = fc.constantFrom(
			'USE x;',
			'use `a;b`;',
			'CREATE DATABASE /*!32312 IF NOT EXISTS*/ `s`;',
			'/*!40000 DROP DATABASE IF EXISTS `s`*/;',
			'ALTER DATABASE s COLLATE utf8mb4_bin ;',
		);
		const part = fc.oneof(
			{weight: 4, arbitrary: kept.map(text => ({text, rest: text}))},
			{weight: 1, arbitrary: gone.map(text => ({text, rest: ''}))},
		);
		await fc.assert(
			fc.asyncProperty(
				fc.array(part, {maxLength: 15}),
				fc.array(fc.nat(1500), {maxLength: 15}),
				async (parts, cuts) => {
					const sql = parts.map(({text}) => text).join('');
					expect(await filtered(sql, cuts)).toBe(parts.map(({rest}) => rest).join(''));
				},
			),
			{numRuns: 1000},
		);
	});

	it('make no difference to bytes that are no SQL at all', async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({maxLength: 400}), fc.array(fc.nat(400)), async (bytes, cuts) => {
				const parts: Buffer[] = [];
				for await (const block of withoutDatabaseStatements(split(Buffer.from(bytes), cuts))) parts.push(block);
				expect(Buffer.concat(parts).equals(bytes)).toBe(true);
			}),
			{numRuns: 500},
		);
	});
});

it('the scan goes along and progress is told after every block', async () => {
	const scanner = new DumpScanner();
	const told: ScanProgress[] = [];
	const blocks = split(Buffer.from(wholeDump), [500, 1500, 2500]);
	for await (const _ of withoutDatabaseStatements(blocks, scanner, progress => told.push(progress)));
	expect(told).toHaveLength(blocks.length + 1);
	expect(told.at(-1)).toEqual({bytes: Buffer.byteLength(wholeDump), rows: 4, table: 'spversion', tableRows: 1});
	expect(scanner.tables).toEqual({collection: 2, specifyuser: 1, spversion: 1});
});

it('no block is kept back longer than the head of a statement', async () => {
	const block = Buffer.from(`INSERT INTO \`t\` VALUES ('${'x'.repeat(1_000_000)}');`);
	let out = 0;
	async function* source() {
		for (let index = 0; index < 20; index++) {
			yield block;
			expect(out).toBe((index + 1) * block.length);
		}
	}
	for await (const part of withoutDatabaseStatements(source())) out += part.length;
});
