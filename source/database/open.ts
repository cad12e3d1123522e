import {createReadStream} from 'node:fs';
import {open, stat} from 'node:fs/promises';
import {pipeline} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {exitCodes, messageOf, SetupError} from '../errors.js';

export type Compression = 'none' | 'gzip';

/** A dump that can be read: its size on disk in bytes and how it is packed. */
export type DumpFile = {path: string; bytes: number; compression: Compression};

export type OpenOptions = {
	signal?: AbortSignal;
	/** Called with the bytes of the file taken in so far (as packed), before every block that is handed out. */
	onRead?: (compressedBytesSoFar: number) => void;
};

const headBytes = 4096;
const readBlockBytes = 256 * 1024;
const sqlBlockBytes = 256 * 1024;

const howToMakeOne = 'mysqldump --single-transaction --quick --result-file=specify.sql NAME_OF_YOUR_DATABASE';
const unpackFirst = (what: string) => `Unpack it first, and give the .sql file ${what}.`;

type Foreign = {what: string; hint: string; starts: (number[] | string)[]; at?: number; contains?: string};

/** What people hand over instead of a dump, by the first bytes of its content. The first match counts. */
const foreign: Foreign[] = [
	{
		what: 'an Office document (Excel, Word or OpenDocument)',
		hint: `A spreadsheet cannot be loaded. Make a dump of the Specify database: ${howToMakeOne}`,
		starts: ['PK\x03\x04'],
		contains: '[Content_Types].xml',
	},
	{
		what: 'an Office document (Excel, Word or OpenDocument)',
		hint: `A spreadsheet cannot be loaded. Make a dump of the Specify database: ${howToMakeOne}`,
		starts: ['PK\x03\x04'],
		contains: 'mimetypeapplication/vnd.oasis',
	},
	{
		what: 'an Office document of the old kind',
		hint: `A spreadsheet cannot be loaded. Make a dump of the Specify database: ${howToMakeOne}`,
		starts: [[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
	},
	{
		what: 'a zip archive',
		hint: unpackFirst('that is inside (unzip FILE.zip)'),
		starts: ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'],
	},
	{
		what: 'compressed with Zstandard',
		hint: unpackFirst('(unzstd FILE.zst), or pack it with gzip'),
		starts: [[0x28, 0xb5, 0x2f, 0xfd]],
	},
	{
		what: 'compressed with xz',
		hint: unpackFirst('(unxz FILE.xz), or pack it with gzip'),
		starts: [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
	},
	{
		what: 'compressed with bzip2',
		hint: unpackFirst('(bunzip2 FILE.bz2), or pack it with gzip'),
		starts: ['BZh'],
	},
	{
		what: 'compressed with lz4',
		hint: unpackFirst('(unlz4 FILE.lz4), or pack it with gzip'),
		starts: [[0x04, 0x22, 0x4d, 0x18]],
	},
	{
		what: 'a 7-Zip archive',
		hint: unpackFirst('that is inside (7z x FILE.7z)'),
		starts: [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
	},
	{what: 'a RAR archive', hint: unpackFirst('that is inside'), starts: ['Rar!\x1a\x07']},
	{
		what: 'a tar archive',
		hint: unpackFirst('that is inside (tar xf FILE)'),
		starts: ['ustar'],
		at: 257,
	},
	{
		what: 'text in Windows’ two-byte encoding (UTF-16), as PowerShell writes it',
		hint: `Letters may already be lost in it. Make the dump again without ">": ${howToMakeOne}`,
		starts: [
			[0xff, 0xfe],
			[0xfe, 0xff],
		],
	},
	{
		what: 'a SQLite database',
		hint: `Specify keeps its data in MySQL or MariaDB. Make a dump there: ${howToMakeOne}`,
		starts: ['SQLite format 3\0'],
	},
	{
		what: 'a PostgreSQL dump',
		hint: `Specify keeps its data in MySQL or MariaDB. Make a dump there: ${howToMakeOne}`,
		starts: ['PGDMP'],
	},
	{
		what: 'a PDF document',
		hint: `Make a dump of the Specify database: ${howToMakeOne}`,
		starts: ['%PDF-'],
	},
	{
		what: 'a web page; a download that needed a login often ends like this',
		hint: 'Download the dump again while logged in, and look into the file before giving it.',
		starts: ['<!DOCTYPE html', '<!doctype html', '<html'],
	},
	{
		what: 'XML',
		hint: `Make the dump as SQL, without --xml: ${howToMakeOne}`,
		starts: ['<?xml'],
	},
];

const refused = (message: string, hint: string, cause?: unknown) =>
	new SetupError(message, {hint, exitCode: exitCodes.refused, cause});

const matches = (head: Buffer, {starts, at = 0, contains}: Foreign) =>
	starts.some(start => {
		const bytes = typeof start === 'string' ? Buffer.from(start, 'latin1') : Buffer.from(start);
		return head.subarray(at, at + bytes.length).equals(bytes);
	}) &&
	(contains === undefined || head.includes(contains, 0, 'latin1'));

const isGzip = (head: Buffer) => head[0] === 0x1f && head[1] === 0x8b;

/** Refuses content that is no SQL text, by the first bytes of it. `inside` names the packing it was found in. */
function refuseForeign(path: string, head: Buffer, inside = '') {
	const found = foreign.find(kind => matches(head, kind));
	if (found) throw refused(`${path} is not an SQL dump: it is ${found.what}${inside}.`, found.hint);
	if (head.includes(0)) {
		throw refused(
			`${path} is not an SQL dump: it holds binary data${inside}.`,
			`Give a dump as text (.sql) or packed with gzip (.sql.gz). To make one: ${howToMakeOne}`,
		);
	}
}

function unreadable(path: string, cause: unknown) {
	const {code} = cause as NodeJS.ErrnoException;
	if (code === 'ENOENT' || code === 'ENOTDIR') {
		return refused(
			`There is no file ${path}.`,
			'Check the spelling. A relative name is looked up in the folder you are in.',
			cause,
		);
	}
	if (code === 'EACCES' || code === 'EPERM') {
		return refused(
			`${path} may not be read by you.`,
			`Allow it (chmod u+r '${path}', or sudo chown), or run specify-setup as the owner of the file.`,
			cause,
		);
	}
	return refused(
		`${path} cannot be read: ${messageOf(cause)}.`,
		'Copy the dump to a disk of this machine and try again.',
		cause,
	);
}

/**
 * Recognises a dump by the first bytes of its content, whatever its name is.
 * Throws a SetupError (exit code 3) for everything that is neither SQL text nor gzip.
 */
export async function recogniseDump(path: string): Promise<DumpFile> {
	const head = Buffer.alloc(headBytes);
	let bytes: number;
	let length = 0;
	try {
		const facts = await stat(path);
		if (facts.isDirectory()) {
			throw refused(
				`${path} is a folder, not a dump.`,
				'Give the file inside it that ends with .sql or .sql.gz. A copied MySQL data folder cannot be loaded: make a dump with mysqldump.',
			);
		}
		if (!facts.isFile()) {
			throw refused(
				`${path} is not a regular file.`,
				'The dump is read twice, so it cannot come out of a pipe or a device. Save it as a file first.',
			);
		}
		bytes = facts.size;
		const file = await open(path);
		try {
			for (;;) {
				const {bytesRead} = await file.read(head, length, headBytes - length, length);
				if (bytesRead === 0) break;
				length += bytesRead;
			}
		} finally {
			await file.close();
		}
	} catch (error) {
		throw error instanceof SetupError ? error : unreadable(path, error);
	}
	if (length === 0) {
		throw refused(
			`${path} is empty.`,
			'The backup that made it probably failed. Take an older one, or make the dump again and look at its messages.',
		);
	}
	const start = head.subarray(0, length);
	if (isGzip(start)) return {path, bytes, compression: 'gzip'};
	refuseForeign(path, start);
	return {path, bytes, compression: 'none'};
}

const zlibProblems = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_STREAM_ERROR', 'Z_NEED_DICT', 'Z_MEM_ERROR']);

/**
 * The plain SQL of a dump, in order, as blocks of bytes; gzip (also of several members) is unpacked on the way.
 *
 * Throws a SetupError: with exit code 3 before the first block when the file is no dump (see `recogniseDump`),
 * with exit code 1 later when the file turns out cut, damaged or unreadable. Aborting throws the signal's reason.
 */
export async function* openDump(path: string, {signal, onRead}: OpenOptions = {}): AsyncGenerator<Buffer, void, void> {
	signal?.throwIfAborted();
	const {bytes, compression} = await recogniseDump(path);
	const file = createReadStream(path, {highWaterMark: readBlockBytes});
	const gunzip = compression === 'gzip' ? createGunzip({chunkSize: sqlBlockBytes}) : undefined;
	// The callback only keeps a failure of the file from being thrown a second time: it reaches the loop below through `gunzip`.
	const sql = gunzip ? pipeline(file, gunzip, () => {}) : file;
	const abort = () => sql.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
	signal?.addEventListener('abort', abort, {once: true});
	const position = () => Math.min(gunzip ? gunzip.bytesWritten : file.bytesRead, bytes);
	let unpacked = 0;
	try {
		for await (const block of sql as AsyncIterable<Buffer>) {
			if (gunzip && unpacked === 0) {
				if (isGzip(block)) {
					throw refused(
						`${path} is packed with gzip twice.`,
						`Unpack it once (gunzip -c '${path}' > specify.sql.gz) and give the result.`,
					);
				}
				refuseForeign(path, block.subarray(0, headBytes), ', packed with gzip');
			}
			unpacked += block.length;
			onRead?.(position());
			yield block;
			signal?.throwIfAborted();
		}
	} catch (error) {
		signal?.throwIfAborted();
		if (error instanceof SetupError) throw error;
		const {code = ''} = error as NodeJS.ErrnoException;
		if (!zlibProblems.has(code))
			throw new SetupError(messageOf(unreadable(path, error)), {hint: readAgain, cause: error});
		const cut = code === 'Z_BUF_ERROR';
		throw new SetupError(
			cut
				? `${path} is cut: the packed data stops at byte ${grouped(bytes)}, before its end.`
				: `${path} is damaged near byte ${grouped(position())} of ${grouped(bytes)} (${messageOf(error)}).`,
			{
				hint: 'Copy or download it again (binary, not as text) and compare the sizes; `gzip -t FILE` checks it. If the original is the same, make the dump again.',
				cause: error,
			},
		);
	} finally {
		signal?.removeEventListener('abort', abort);
	}
	if (unpacked === 0) {
		throw refused(
			`${path} is empty: nothing is packed in it.`,
			'The backup that made it probably failed. Take an older one, or make the dump again and look at its messages.',
		);
	}
}

const readAgain = 'Check the disk the dump is on, or copy the dump to another one, and run specify-setup again.';

const grouped = (bytes: number) => bytes.toLocaleString('en');
