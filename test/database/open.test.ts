import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {openDump, recogniseDump} from '../../source/database/open.js';
import {SetupError} from '../../source/errors.js';
import {wholeDump} from './dumps.js';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'open-dump-'));
});
afterAll(() => rm(folder, {recursive: true}));

let files = 0;
const fileWith = async (content: string | Buffer) => {
	const path = join(folder, `given-${files++}`);
	await writeFile(path, content);
	return path;
};

const read = async (path: string, options?: Parameters<typeof openDump>[1]) => {
	const blocks: Buffer[] = [];
	for await (const block of openDump(path, options)) blocks.push(block);
	return Buffer.concat(blocks);
};

const failure = async (path: string) => {
	const error = await read(path).then(
		() => undefined,
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(SetupError);
	return error as SetupError;
};

/** SQL that does not compress well, so that the packed file is larger than one block. */
const longSql = Buffer.from(
	`INSERT INTO t VALUES ${Array.from({length: 120_000}, (_, index) => `(${index},'${(Math.imul(index, 2654435761) >>> 0).toString(36)}')`).join(',')};\n`,
);

describe('a dump', () => {
	it('of plain SQL arrives byte for byte', async () => {
		const path = await fileWith(longSql);
		expect((await read(path)).equals(longSql)).toBe(true);
		expect(await recogniseDump(path)).toEqual({path, bytes: longSql.length, compression: 'none'});
	});

	it('packed with gzip is recognised whatever its name is', async () => {
		const path = await fileWith(gzipSync(longSql));
		expect((await read(path)).equals(longSql)).toBe(true);
		expect((await recogniseDump(path)).compression).toBe('gzip');
	});

	it('packed in several gzip members arrives whole', async () => {
		const third = Math.floor(longSql.length / 3);
		const parts = [longSql.subarray(0, third), longSql.subarray(third, 2 * third), longSql.subarray(2 * third)];
		const path = await fileWith(Buffer.concat(parts.map(part => gzipSync(part))));
		expect((await read(path)).equals(longSql)).toBe(true);
	});

	it('tells how much of the file is read, up to its size', async () => {
		for (const content of [longSql, gzipSync(longSql)]) {
			const told: number[] = [];
			await read(await fileWith(content), {onRead: bytes => told.push(bytes)});
			expect(told.at(-1)).toBe(content.length);
			expect(told).toEqual([...told].sort((one, other) => one - other));
		}
	});

	it('can be left before its end', async () => {
		for (const content of [longSql, gzipSync(longSql)]) {
			for await (const block of openDump(await fileWith(content))) {
				expect(block.length).toBeGreaterThan(0);
				break;
			}
		}
	});

	it('stops being read when the signal says so', async () => {
		for (const content of [longSql, gzipSync(longSql)]) {
			const control = new AbortController();
			const reason = new Error('enough');
			const path = await fileWith(content);
			await expect(read(path, {signal: control.signal, onRead: () => control.abort(reason)})).rejects.toBe(reason);
			await expect(read(path, {signal: control.signal})).rejects.toBe(reason);
		}
	});
});

describe('what is no dump', () => {
	it.each([
		['a zip archive', Buffer.from('PK\x03\x04\x14\x00dump.sql'), /zip archive/, /unzip/],
		['an Excel file', Buffer.from('PK\x03\x04\x14\x00\x06\x00[Content_Types].xml'), /Excel/, /spreadsheet/],
		['an old Excel file', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0]), /Office/, /spreadsheet/],
		['Zstandard', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4]), /Zstandard/, /unzstd/],
		['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]), /xz/, /unxz/],
		['bzip2', Buffer.from('BZh91AY&SY'), /bzip2/, /bunzip2/],
		['7-Zip', Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]), /7-Zip/, /7z x/],
		['RAR', Buffer.from('Rar!\x1a\x07\x00'), /RAR/, /Unpack/],
		['tar', Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\x0000')]), /tar archive/, /tar xf/],
		[
			'a packed tar',
			gzipSync(Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\x0000')])),
			/tar archive, packed with gzip/,
			/tar xf/,
		],
		['gzip in gzip', gzipSync(gzipSync('SELECT 1;')), /gzip twice/, /gunzip/],
		['PowerShell’s UTF-16', Buffer.from('\uFEFF-- MySQL dump', 'utf16le'), /UTF-16/, /--result-file/],
		['a web page', '<!DOCTYPE html><title>Log in</title>', /web page/, /logged in/],
		['XML', '<?xml version="1.0"?><mysqldump>', /XML/, /--xml/],
		['SQLite', 'SQLite format 3\0', /SQLite/, /MariaDB/],
		['other binary data', Buffer.from([1, 2, 3, 0, 5]), /binary/, /\.sql/],
		['an empty file', '', /is empty/, /older one/],
		['nothing, packed', gzipSync(''), /nothing is packed/, /older one/],
	])('is refused in plain words: %s', async (_, content, message, hint) => {
		const error = await failure(await fileWith(content));
		expect(error.message).toMatch(message);
		expect(error.hint).toMatch(hint);
		expect(error.exitCode).toBe(3);
	});

	it('is refused when it is a folder', async () => {
		await mkdir(join(folder, 'mysql'));
		const error = await failure(join(folder, 'mysql'));
		expect(error.message).toMatch(/is a folder/);
		expect(error.hint).toMatch(/mysqldump/);
	});

	it('is refused when it does not exist', async () => {
		const error = await failure(join(folder, 'nowhere.sql'));
		expect(error.message).toMatch(/There is no file .*nowhere\.sql/);
		expect(error.exitCode).toBe(3);
	});

	it.skipIf(process.getuid?.() === 0)('is refused when it may not be read', async () => {
		const path = await fileWith('SELECT 1;');
		await chmod(path, 0);
		expect((await failure(path)).message).toMatch(/may not be read/);
	});

	it('is refused when it is no regular file', async () => {
		expect((await failure('/dev/null')).message).toMatch(/not a regular file/);
	});
});

describe('a packed dump that lost bytes', () => {
	it('is said to be cut, with the byte it stops at', async () => {
		const packed = gzipSync(longSql);
		const error = await failure(await fileWith(packed.subarray(0, 300_000)));
		expect(error.message).toMatch(/is cut: the packed data stops at byte 300,000/);
		expect(error.exitCode).toBe(1);
		expect((await failure(await fileWith(packed.subarray(0, packed.length - 3)))).message).toMatch(/is cut/);
	});

	it('is said to be damaged, with the place', async () => {
		const packed = Buffer.from(gzipSync(longSql));
		packed.fill(0xff, 400_000, 400_050);
		const error = await failure(await fileWith(packed));
		const place = /damaged near byte ([\d,]+) of/.exec(error.message);
		const byte = Number(place?.[1]?.replaceAll(',', ''));
		expect(byte).toBeGreaterThan(300_000);
		expect(byte).toBeLessThan(800_000);
	});

	it('is said to be damaged when only its checksum is wrong', async () => {
		const packed = Buffer.from(gzipSync(wholeDump));
		packed[packed.length - 6]! ^= 1;
		expect((await failure(await fileWith(packed))).message).toMatch(/damaged/);
	});
});
