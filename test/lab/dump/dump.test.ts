import {describe, expect, test} from 'vitest';
import {type DumpOptions, dump, planDump} from './dump.js';

const size = 3_000_000;

const written = async (options: DumpOptions): Promise<Buffer> => {
	const pieces: Buffer[] = [];
	for await (const piece of dump(options)) pieces.push(Buffer.from(piece as string));
	return Buffer.concat(pieces);
};

/** Rows by table, counted in the text: a row begins with "(" outside of string literals, at no depth. */
const countRows = (bytes: Buffer): Record<string, number> => {
	const text = bytes.toString('latin1');
	const rows: Record<string, number> = {};
	const inserts = /^INSERT INTO `(\w+)` VALUES\s/gm;
	for (let match = inserts.exec(text); match; match = inserts.exec(text)) {
		const table = match[1] as string;
		let depth = 0;
		let quoted = false;
		let place = inserts.lastIndex;
		for (; quoted || text[place] !== ';'; place++) {
			if (quoted && text[place] === '\\') place++;
			else if (text[place] === "'") quoted = !quoted;
			else if (!quoted && text[place] === '(' && depth++ === 0) rows[table] = (rows[table] ?? 0) + 1;
			else if (!quoted && text[place] === ')') depth--;
		}
		inserts.lastIndex = place;
	}
	return rows;
};

const withRows = (rows: Record<string, number>): Record<string, number> =>
	Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0));

describe('a generated dump', () => {
	test('has about the wanted size', async () => {
		const {length} = await written({size});
		expect(Math.abs(length - size) / size).toBeLessThan(0.05);
	});

	test('is the same for the same seed and another for another', async () => {
		const first = await written({size, seed: 7});
		expect((await written({size, seed: 7})).equals(first)).toBe(true);
		expect((await written({size, seed: 8})).equals(first)).toBe(false);
	});

	for (const schema of ['specify6', 'specify7'] as const) {
		for (const dialect of ['mariadb', 'mysql'] as const) {
			test(`holds the promised rows (${schema}, ${dialect})`, async () => {
				const options: DumpOptions = {size, schema, dialect};
				expect(countRows(await written(options))).toEqual(withRows(planDump(options).rows));
			});
		}
	}

	test('returns its plan at the end', async () => {
		const pieces = dump({size});
		let step = await pieces.next();
		while (!step.done) step = await pieces.next();
		expect(step.value).toEqual(planDump({size}));
	});

	test('ends with the footer, unless it is cut', async () => {
		const options: DumpOptions = {size};
		expect((await written(options)).toString('latin1')).toMatch(/\n-- Dump completed on [\d-]+ [\d:]+\n$/);
		const cut = await written({...options, cut: true});
		expect(cut.toString('latin1')).not.toContain('-- Dump completed');
		expect((await written(options)).subarray(0, cut.length).equals(cut)).toBe(true);
	});

	test('begins as the program does that it imitates', async () => {
		const head = async (options: Partial<DumpOptions>) =>
			(await written({size: 100_000, ...options})).toString('latin1');
		expect(await head({})).toMatch(/^-- MariaDB dump 10\.19 /);
		expect(await head({dialect: 'mysql'})).toMatch(/^-- MySQL dump /);
		expect(await head({sandboxLine: true})).toMatch(/^\/\*M!999999\\- enable the sandbox mode \*\/ \n-- MariaDB dump /);
		expect(await head({withCreateDatabase: true, database: 'gnm'})).toMatch(
			/\nCREATE DATABASE .*`gnm`.*;\n\nUSE `gnm`;\n/,
		);
	});

	test('says the version it was asked to be of', async () => {
		const text = (await written({size: 100_000, appVersion: '6.5.02', schemaVersion: '2.7'})).toString('latin1');
		expect(text).toMatch(/INSERT INTO `spversion` VALUES\n\(1,.*'6\.5\.02'.*'2\.7'/);
	});
});
