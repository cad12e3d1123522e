/**
 * How fast dumps are read, against reading them without looking. One run measures everything in turn, three rounds, best of each.
 *
 *     npx tsx bench/scan.ts [FILE.sql.gz]      without a file: 200 MB of collection objects, made on the spot
 */
import {execFile} from 'node:child_process';
import {createWriteStream} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {promisify} from 'node:util';
import {createGzip} from 'node:zlib';
import {openDump} from '../source/database/open.js';
import {DumpScanner, withoutDatabaseStatements} from '../source/database/scan.js';

const generatedBytes = 200_000_000;
const inMemoryBytes = 200_000_000;
const rounds = 3;

const header = `-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: specify
-- ------------------------------------------------------
-- Server version	10.11.6-MariaDB

CREATE TABLE \`collectionobject\` (
  \`CollectionObjectID\` int(11) NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (\`CollectionObjectID\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
`;

function* generated(extended: boolean, bytes: number): Generator<Buffer> {
	yield Buffer.from(header);
	let made = 0;
	let id = 0;
	while (made < bytes) {
		const rows: string[] = [];
		for (let row = 0; row < 2000; row++) {
			id++;
			const remark =
				id % 7 === 0
					? `'Leg. A. Lindström; "det." O\\'Brien (${id}), see label\\n${'on the slope '.repeat(id % 9)}'`
					: 'NULL';
			rows.push(
				`(${id},'2019-03-${10 + (id % 18)} 11:22:33',NULL,1,_binary '\\0',${((id * 7919) % 180) - 90}.1234567890,'S${100000 + id}','${(id * 2654435761) % 4294967296}-6b1f-4c3e-9d3a-${id}',${remark},4,NULL,${id % 300},NULL,_binary '${'\u0001'}')`,
			);
		}
		const text = extended
			? `INSERT INTO \`collectionobject\` VALUES ${rows.join(',')};\n`
			: rows.map(row => `INSERT INTO \`collectionobject\` VALUES ${row};\n`).join('');
		const block = Buffer.from(text);
		made += block.length;
		yield block;
	}
	yield Buffer.from('-- Dump completed on 2024-01-01  0:00:00\n');
}

const blocksOf = (parts: Iterable<Buffer>, size = 256 * 1024) => {
	const all = Buffer.concat([...parts]);
	const blocks: Buffer[] = [];
	for (let at = 0; at < all.length; at += size) blocks.push(all.subarray(at, at + size));
	return blocks;
};

const sum = (blocks: readonly Buffer[]) => blocks.reduce((total, block) => total + block.length, 0);

async function drain(source: AsyncIterable<Buffer>) {
	let bytes = 0;
	for await (const block of source) bytes += block.length;
	return bytes;
}

const folder = await mkdtemp(join(tmpdir(), 'specify-bench-'));
try {
	let file = process.argv[2];
	if (!file) {
		file = join(folder, 'dump.sql.gz');
		await pipeline(Readable.from(generated(true, generatedBytes)), createGzip({level: 6}), createWriteStream(file));
	}
	const path = file;
	const extended = blocksOf(generated(true, inMemoryBytes));
	const single = blocksOf(generated(false, inMemoryBytes / 4));
	const copied = Buffer.alloc(256 * 1024);

	const scanAll = (blocks: readonly Buffer[]) => {
		const scanner = new DumpScanner();
		for (const block of blocks) scanner.scan(block);
		scanner.end();
		return sum(blocks);
	};
	const run: [name: string, work: () => number | Promise<number>][] = [
		['memory: copy', () => extended.reduce((total, block) => total + block.copy(copied), 0)],
		['memory: scan, many rows a statement', () => scanAll(extended)],
		['memory: scan, one row a statement', () => scanAll(single)],
		['memory: filter', () => drain(withoutDatabaseStatements(extended))],
		['file: gunzip only', () => drain(openDump(path))],
		[
			'file: gunzip and scan',
			async () => {
				const scanner = new DumpScanner();
				for await (const block of openDump(path)) scanner.scan(block);
				scanner.end();
				return scanner.progress.bytes;
			},
		],
		['file: gunzip and filter', () => drain(withoutDatabaseStatements(openDump(path)))],
	];
	const best = new Map<string, {rate: number; cpu: number}>();
	const note = (name: string, bytes: number, milliseconds: number, cpu: number) => {
		const rate = bytes / 1000 / milliseconds;
		if (rate > (best.get(name)?.rate ?? 0)) best.set(name, {rate, cpu});
	};
	let unpacked = 0;
	for (let round = 0; round < rounds; round++) {
		for (const [name, work] of run) {
			const used = process.cpuUsage();
			const begun = performance.now();
			const bytes = await work();
			const milliseconds = performance.now() - begun;
			const {user, system} = process.cpuUsage(used);
			note(name, bytes, milliseconds, (user + system) / 1000 / milliseconds);
			if (name === 'file: gunzip only') unpacked = bytes;
		}
		const begun = performance.now();
		await promisify(execFile)('gzip', ['-t', path]);
		note('file: gzip -t', unpacked, performance.now() - begun, Number.NaN);
	}
	const base = {memory: best.get('memory: copy')!.rate, file: best.get('file: gzip -t')!.rate};
	for (const [name, {rate, cpu}] of best) {
		const ratio = rate / (name.startsWith('memory') ? base.memory : base.file);
		const against = name.startsWith('memory') ? 'copy' : 'gzip -t';
		console.log(
			`${name.padEnd(38)} ${rate.toFixed(0).padStart(6)} MB/s   ${ratio.toFixed(3)} × ${against}${Number.isNaN(cpu) ? '' : `   ${cpu.toFixed(2)} cores`}`,
		);
	}
	console.log(
		`scanning costs ${(100 * (1 - best.get('file: gunzip and scan')!.rate / best.get('file: gunzip only')!.rate)).toFixed(0)} % of the time a file takes to unpack`,
	);
} finally {
	await rm(folder, {recursive: true});
}
