import {DumpOrigin} from './origin.js';

/** How far reading has come: bytes of plain SQL, rows over all tables, and the table being read with its rows. */
export type ScanProgress = {bytes: number; rows: number; table: string | null; tableRows: number};

/**
 * How the text ends: with mysqldump's footer; by giving back every setting that was saved at the beginning (what dumps
 * without comments and those of phpMyAdmin, HeidiSQL and Sequel do); after a whole statement, which proves nothing;
 * or in the middle of something.
 */
export type DumpEnding = 'footer' | 'settings' | 'statement' | 'cut';

/** The columns whose values are kept, by table; both in lower case. */
const keptColumns: Record<string, readonly string[]> = {
	spversion: ['appversion', 'schemaversion'],
	collection: ['collectionname'],
	django_migrations: ['app'],
};

const tokenLimit = 1024;
const commentLimit = 300;
const undecidedLimit = 64 * 1024;
const collectionLimit = 1000;

const backslash = 92;
const backtick = 96;
const comma = 44;
const dash = 45;
const doubleQuote = 34;
const hash = 35;
const newline = 10;
const opening = 40;
const closing = 41;
const singleQuote = 39;
const slash = 47;
const star = 42;

const noComment = 0;
const lineComment = 1;
const blockComment = 2;

/** Bytes a word consists of: letters, digits, `_`, `$`, `@` and everything beyond ASCII. */
const inWord = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
	inWord[byte] = byte >= 0x80 || /[A-Za-z0-9_$@]/.test(String.fromCharCode(byte)) ? 1 : 0;
}

/** Bytes inside VALUES that mean something; all others are part of a value. */
const inValues = new Uint8Array(256);
for (const byte of [opening, closing, singleQuote, doubleQuote, backtick, dash, hash, slash, star]) inValues[byte] = 1;

const escapes: Record<string, string> = {'0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a'};

const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8');

type Kind =
	| 'none' // between statements
	| 'head'
	| 'create'
	| 'drop'
	| 'alter'
	| 'database' // a statement about a database, with its name to come
	| 'use'
	| 'table' // CREATE TABLE
	| 'view'
	| 'insert'
	| 'values'
	| 'set'
	| 'other';

type Token = 'word' | 'quoted' | 'sign';

const routineKinds: Record<string, 'triggers' | 'routines' | 'events'> = {
	TRIGGER: 'triggers',
	PROCEDURE: 'routines',
	FUNCTION: 'routines',
	PACKAGE: 'routines',
	EVENT: 'events',
};

/**
 * Reads the SQL text of a dump (mysqldump, mariadb-dump, phpMyAdmin, HeidiSQL, Sequel, Navicat, Adminer) once, block by
 * block in constant memory, and notes what is in it. Blocks may be cut anywhere. Content of executable comments counts as
 * SQL. Never throws on any input. Assumes an ASCII-compatible encoding whose further bytes are never ASCII (UTF-8, Latin 1).
 */
export class DumpScanner {
	/** Names of databases in CREATE DATABASE and USE. */
	readonly databases = new Set<string>();
	/** How many CREATE, DROP, ALTER DATABASE and USE statements there are. */
	databaseStatements = 0;
	/** What the header says about program, server and database. */
	readonly origin = new DumpOrigin();
	/** Tables that the dump defines with CREATE TABLE. */
	readonly defined = new Set<string>();
	readonly views = new Set<string>();
	triggers = 0;
	routines = 0;
	events = 0;
	/** Accounts named by DEFINER clauses, like `root@%`. */
	readonly definers = new Set<string>();
	/** MySQL 8's own collations (`…_0900_…`) that the dump uses. */
	readonly collations = new Set<string>();
	/** Whether the dump sets MySQL's GTID_PURGED, a variable MariaDB does not have. */
	gtidPurged = false;
	appVersion: string | null = null;
	schemaVersion: string | null = null;
	/** Names of Specify's collections, at most 1,000. */
	readonly collections: string[] = [];
	/** Rows of django_migrations by application; null without that table's rows. */
	djangoMigrations: Map<string, number> | null = null;
	/** Rows of all tables together. */
	rows = 0;

	/** Pieces of the text, as absolute positions, that are statements about databases; in order, for `withoutDatabaseStatements` to take out. */
	readonly cuts: {start: number; end: number}[] = [];

	#carry: Buffer = Buffer.alloc(0);
	#base = 0;

	#quote = 0;
	#text: string | null = null;
	#comment = noComment;
	#commentText = '';
	#executable = false;
	#delimiter = Buffer.from(';');

	#kind: Kind = 'none';
	#start = 0;
	#undecided = false;
	#cutFrom = -1;
	#depth = 0;
	#counting = false;

	#previous = '';
	#definer: string | null = null;
	#name: string | null = null;
	#nameOpen = false;
	#atItem = false;
	#insertHead: Buffer = Buffer.alloc(0);
	#insertTable = '';
	#columns: string[] | null = null;
	#kept: readonly string[] | null = null;
	#values: (string | null)[] = [];
	#value: string | null = null;
	#ignoreDatabaseName = false;

	#rowsOf = new Map<string, number>();
	#createdColumns = new Map<string, string[]>();
	#table: string | null = null;
	#tableRows = 0;
	#footer = false;
	#settingsSaved = false;
	#settingsOut = new Set<string>();

	/** Takes in the next block. The block may be kept (in part) until the next call: do not overwrite it. */
	scan(block: Buffer): void {
		const data = this.#carry.length > 0 ? Buffer.concat([this.#carry, block]) : block;
		const used = this.#consume(data, false);
		this.#carry = data.subarray(used);
		this.#base += used;
		this.#settle();
	}

	/** Says that there are no more blocks. */
	end(): void {
		const data = this.#carry;
		this.#consume(data, true);
		this.#base += data.length;
		this.#carry = Buffer.alloc(0);
		if (this.#comment === lineComment) this.#closeComment();
		this.#noteRows();
		this.#undecided = false;
		this.#settle();
	}

	get progress(): ScanProgress {
		return {
			bytes: this.#base + this.#carry.length,
			rows: this.rows,
			table: this.#table,
			tableRows: this.#tableRows,
		};
	}

	/** Rows that INSERT and REPLACE statements bring, by table; a table without rows has 0. Views are not among them. */
	get tables(): Record<string, number> {
		return Object.fromEntries(this.#rowsOf);
	}

	/** The table whose definition or rows were read last. */
	get table(): string | null {
		return this.#table;
	}

	/** Up to which absolute position it is decided what belongs to a statement about databases. */
	get settled(): number {
		return this.#undecided ? this.#start : this.#base;
	}

	/** How the text ended; meaningful after `end`. */
	get ending(): DumpEnding {
		const open = this.#kind !== 'none' || this.#quote !== 0 || this.#comment === blockComment || this.#executable;
		if (open) return 'cut';
		if (this.#footer) return 'footer';
		if (!this.#settingsSaved) return 'statement';
		return this.#settingsOut.size === 0 ? 'settings' : 'cut';
	}

	#settle() {
		if (this.#undecided && this.#base - this.#start > undecidedLimit) {
			this.#undecided = false;
			this.#kind = 'other';
		}
		if (this.#cutFrom >= 0) {
			this.cuts.push({start: this.#cutFrom, end: this.#base});
			this.#cutFrom = this.#base;
		}
	}

	/** Reads on; answers how many bytes of `data` are done with. The rest, a few bytes, needs what follows. */
	#consume(data: Buffer, last: boolean): number {
		let at = 0;
		while (at < data.length) {
			let next: number;
			if (this.#quote !== 0) next = this.#readQuoted(data, at, last);
			else if (this.#comment !== noComment) next = this.#readComment(data, at, last);
			else {
				if (this.#counting) {
					at = this.#countRows(data, at);
					if (at >= data.length) break;
					if (this.#quote !== 0) continue;
				}
				next = this.#readToken(data, at, last);
			}
			if (next < 0) break;
			at = next;
		}
		return Math.min(at, data.length);
	}

	/** The fast path: runs over the values of an INSERT. Stops at the end, inside a string that goes on, or at what only `#readToken` knows. */
	#countRows(data: Buffer, from: number): number {
		const length = data.length;
		const delimiter = this.#delimiter[0]!;
		let depth = this.#depth;
		let rows = 0;
		let at = from;
		scanning: while (at < length) {
			const byte = data[at]!;
			if (byte === delimiter) break;
			if (inValues[byte] === 0) {
				if (depth === 0 && byte !== comma && byte > 32) break;
				at++;
				continue;
			}
			switch (byte) {
				case opening:
					depth++;
					at++;
					break;
				case closing:
					if (depth === 0) break scanning;
					if (--depth === 0) rows++;
					at++;
					break;
				case singleQuote:
				case doubleQuote: {
					at++;
					for (;;) {
						let inside = 0;
						for (; at < length; at++) {
							inside = data[at]!;
							if (inside === byte || inside === backslash) break;
						}
						if (at >= length || (inside === backslash && at + 1 >= length)) {
							this.#quote = byte;
							this.#text = null;
							break scanning;
						}
						if (inside === byte) break;
						at += 2;
					}
					at++;
					break;
				}
				case dash:
					if (at + 1 >= length || data[at + 1] === dash) break scanning;
					at++;
					break;
				default:
					break scanning;
			}
		}
		this.#depth = depth;
		this.rows += rows;
		this.#tableRows += rows;
		return at;
	}

	#readQuoted(data: Buffer, from: number, last: boolean): number {
		const quote = this.#quote;
		const length = data.length;
		const keep = this.#text !== null;
		let at = from;
		let copied = from;
		const copy = (end: number) => {
			if (keep && end > copied && this.#text!.length < tokenLimit) {
				this.#text += data.toString('latin1', copied, Math.min(end, copied + tokenLimit));
			}
		};
		const wait = () => {
			copy(at);
			return at === from ? -1 : at;
		};
		for (;;) {
			let byte = 0;
			for (; at < length; at++) {
				byte = data[at]!;
				if (byte === quote || (byte === backslash && quote !== backtick)) break;
			}
			if (at >= length) {
				copy(length);
				return length;
			}
			if (byte === backslash) {
				if (at + 1 >= length) {
					if (!last) return wait();
					copy(length);
					return length;
				}
				if (keep) {
					copy(at);
					const escaped = String.fromCharCode(data[at + 1]!);
					if (this.#text!.length < tokenLimit) this.#text += escapes[escaped] ?? escaped;
					copied = at + 2;
				}
				at += 2;
				continue;
			}
			if (at + 1 >= length && !last) return wait();
			if (data[at + 1] === quote) {
				copy(at + 1);
				at += 2;
				copied = at;
				continue;
			}
			copy(at);
			const text = this.#text;
			this.#quote = 0;
			this.#text = null;
			if (text !== null) this.#token('quoted', text.slice(0, tokenLimit));
			return at + 1;
		}
	}

	#readComment(data: Buffer, from: number, last: boolean): number {
		const length = data.length;
		const marker = this.#comment === lineComment ? data.indexOf(newline, from) : data.indexOf('*/', from, 'latin1');
		let end = marker < 0 ? length : marker;
		if (marker < 0 && this.#comment === blockComment && data[length - 1] === star && !last) end = length - 1;
		if (this.#commentText.length < commentLimit) {
			this.#commentText += data.toString('latin1', from, Math.min(end, from + commentLimit));
		}
		if (marker < 0) return end === from ? -1 : end;
		const width = this.#comment === lineComment ? 0 : 2;
		this.#closeComment();
		return marker + width;
	}

	#closeComment() {
		const text = this.#commentText.slice(0, commentLimit);
		this.#comment = noComment;
		this.#commentText = '';
		if (this.#kind === 'none') for (const line of text.split('\n')) this.#remark(utf8(line));
	}

	#readToken(data: Buffer, at: number, last: boolean): number {
		const length = data.length;
		const byte = data[at]!;
		const left = length - at;

		if (byte <= 32) {
			if (byte === newline && this.#kind === 'use' && this.#name !== null) return this.#closeStatement(at);
			return at + 1;
		}
		if (byte === this.#delimiter[0]) {
			const width = this.#delimiter.length;
			if (this.#isDelimiter(data, at)) return this.#closeStatement(at + width);
			if (left < width && !last && this.#delimiter.subarray(0, left).equals(data.subarray(at))) return -1;
		}
		switch (byte) {
			case hash:
				this.#comment = lineComment;
				return at + 1;
			case dash:
				if (left < 2 && !last) return -1;
				if (data[at + 1] !== dash) break;
				if (left < 3 && !last) return -1;
				if (left < 3 || data[at + 2]! <= 32) {
					this.#comment = lineComment;
					return at + 2;
				}
				break;
			case slash: {
				if (left < 2 && !last) return -1;
				if (data[at + 1] !== star) break;
				if (left < 4 && !last) return -1;
				const mark = data[at + 2] === 77 /* M */ && data[at + 3] === 33 ? 4 : data[at + 2] === 33 /* ! */ ? 3 : 0;
				if (mark === 0) {
					this.#comment = blockComment;
					return at + 2;
				}
				let end = at + mark;
				while (end < length && end < at + mark + 6 && data[end]! >= 48 && data[end]! <= 57) end++;
				if (end >= length && !last) return -1;
				// 999999 is a version no server has: the line that switches the client's sandbox on.
				if (data.toString('latin1', at + mark, end) === '999999') {
					this.#comment = blockComment;
					return end;
				}
				this.#begin(at);
				this.#executable = true;
				return end;
			}
			case star:
				if (!this.#executable) break;
				if (left < 2 && !last) return -1;
				if (data[at + 1] === slash) {
					this.#executable = false;
					return at + 2;
				}
				break;
			case singleQuote:
			case doubleQuote:
			case backtick:
				this.#begin(at);
				this.#quote = byte;
				this.#text = '';
				return at + 1;
			case 0xef:
				// The mark some Windows editors put before a text.
				if (this.#base + at > 0) break;
				if (left < 3 && !last) return -1;
				if (data[at + 1] === 0xbb && data[at + 2] === 0xbf) return at + 3;
				break;
		}
		if (this.#kind === 'none') {
			const values = this.#repeatInsert(data, at);
			if (values > 0) return values;
		}
		if (inWord[byte] === 0) {
			this.#begin(at);
			this.#token('sign', String.fromCharCode(byte));
			return at + 1;
		}
		const cutsWords =
			inWord[this.#delimiter[0]!] === 1 && !/[A-Za-z0-9_]/.test(String.fromCharCode(this.#delimiter[0]!));
		let end = at + 1;
		while (end < length && inWord[data[end]!] === 1 && !(cutsWords && this.#isDelimiter(data, end))) end++;
		if (end >= length && !last && left < tokenLimit) return -1;
		const word = data.toString('latin1', at, end);
		if ((this.#kind === 'none' || this.#kind === 'head') && /^delimiter$/i.test(word)) {
			const stop = data.indexOf(newline, end);
			if (stop < 0 && !last && left < tokenLimit) return -1;
			const chosen = /\S+/.exec(data.toString('latin1', end, stop < 0 ? length : stop))?.[0];
			if (chosen) this.#delimiter = Buffer.from(chosen, 'latin1');
			this.#reset();
			return stop < 0 ? length : stop;
		}
		this.#begin(at);
		this.#token('word', word);
		if (this.#counting && this.#depth === 0 && this.#start >= this.#base && !this.#executable) {
			this.#insertHead = Buffer.from(data.subarray(this.#start - this.#base, end));
			this.#insertTable = this.#table!;
		}
		return end;
	}

	/**
	 * Where the values begin, when the statement at `at` begins with the same bytes as the last INSERT; else 0.
	 * Dumps with a statement for every row are read several times as fast by it.
	 */
	#repeatInsert(data: Buffer, at: number): number {
		const head = this.#insertHead;
		const length = head.length;
		if (length === 0 || this.#executable || at + length > data.length) return 0;
		for (let index = 0; index < length; index++) if (data[at + index] !== head[index]) return 0;
		this.#openTable(this.#insertTable);
		this.#kind = 'values';
		this.#counting = true;
		this.#footer = false;
		return at + length;
	}

	#isDelimiter(data: Buffer, at: number) {
		const delimiter = this.#delimiter;
		for (let index = 0; index < delimiter.length; index++) if (data[at + index] !== delimiter[index]) return false;
		return true;
	}

	#begin(at: number) {
		if (this.#kind !== 'none') return;
		this.#kind = 'head';
		this.#start = this.#base + at;
		this.#undecided = true;
		this.#footer = false;
	}

	#reset() {
		this.#kind = 'none';
		this.#undecided = false;
		this.#counting = false;
		this.#depth = 0;
		this.#previous = '';
		this.#definer = null;
		this.#name = null;
		this.#nameOpen = false;
		this.#atItem = false;
		this.#columns = null;
		this.#kept = null;
		this.#values = [];
		this.#value = null;
		this.#ignoreDatabaseName = false;
	}

	#closeStatement(at: number): number {
		if (this.#cutFrom >= 0) {
			this.cuts.push({start: this.#cutFrom, end: this.#base + at});
			this.#cutFrom = -1;
		}
		this.#noteRows();
		if (this.#kind === 'table') this.#noteTable();
		else if (this.#kind === 'view') this.#noteView();
		this.#reset();
		return at;
	}

	/** Writes down the rows counted for the current table. */
	#noteRows() {
		if (this.#kind === 'values') this.#rowsOf.set(this.#table!, this.#tableRows);
	}

	#noteTable() {
		if (this.#name === null) return;
		if (!this.#rowsOf.has(this.#name)) this.#rowsOf.set(this.#name, 0);
		this.defined.add(this.#name);
		if (this.#columns) this.#createdColumns.set(this.#name.toLowerCase(), this.#columns);
	}

	#noteView() {
		if (this.#name === null) return;
		this.views.add(this.#name);
		// Older mysqldump stands a table in for a view until all tables exist.
		if (this.#rowsOf.get(this.#name) === 0) this.#rowsOf.delete(this.#name);
	}

	#token(type: Token, text: string) {
		const word = type === 'word' ? text.toUpperCase() : '';
		const kind = this.#kind;
		if (word.includes('_0900_') && kind !== 'database' && kind !== 'values') this.collations.add(text.toLowerCase());
		switch (kind) {
			case 'head':
				this.#openStatement(word);
				break;
			case 'create':
				this.#readCreate(type, text, word);
				break;
			case 'drop':
			case 'alter':
				if (word === 'DATABASE' || word === 'SCHEMA') this.#cutStatement('database');
				else this.#pass('other');
				break;
			case 'database':
			case 'use':
				if (this.#name !== null || type === 'sign' || (kind === 'database' && isIfNotExists(word))) break;
				this.#name = utf8(text);
				if (!this.#ignoreDatabaseName) this.databases.add(this.#name);
				break;
			case 'table':
				this.#readTable(type, text, word);
				break;
			case 'view':
				if (!this.#readName(type, text, word)) {
					this.#noteView();
					this.#kind = 'other';
				}
				break;
			case 'insert':
				this.#readInsert(type, text, word);
				break;
			case 'values':
				if (this.#counting) {
					if (type === 'word' && this.#depth === 0) this.#endValues();
				} else this.#readValue(type, text);
				break;
			case 'set':
				if (word.startsWith('@OLD_')) {
					if (this.#previous === '=' || this.#previous === '(') this.#settingsOut.delete(word);
					else {
						this.#settingsOut.add(word);
						// mariadb-dump saves this one anew for every table.
						if (word !== '@OLD_AUTOCOMMIT') this.#settingsSaved = true;
					}
				} else if (word.endsWith('GTID_PURGED')) this.gtidPurged = true;
				break;
		}
		this.#previous = type === 'quoted' ? '' : word || text;
	}

	/** Lets the statement go on to where it came from: it is none about databases. */
	#pass(kind: Kind) {
		this.#kind = kind;
		this.#undecided = false;
	}

	#cutStatement(kind: 'database' | 'use') {
		this.#kind = kind;
		this.#undecided = false;
		this.#cutFrom = this.#start;
		this.databaseStatements++;
	}

	#openStatement(word: string) {
		switch (word) {
			case 'INSERT':
			case 'REPLACE':
				this.#pass('insert');
				break;
			case 'CREATE':
				this.#kind = 'create';
				break;
			case 'DROP':
			case 'ALTER':
				this.#kind = word === 'DROP' ? 'drop' : 'alter';
				this.#ignoreDatabaseName = true;
				break;
			case 'USE':
				this.#cutStatement('use');
				break;
			case 'SET':
				this.#pass('set');
				break;
			default:
				this.#pass('other');
		}
	}

	#readCreate(type: Token, text: string, word: string) {
		if (this.#definer !== null) {
			const goesOn = type !== 'word' || this.#definer === '' || text.includes('@') || this.#definer.endsWith('@');
			if (goesOn) {
				if (type !== 'sign') this.#definer += text;
				return;
			}
			this.definers.add(utf8(this.#definer));
			this.#definer = null;
		}
		if ((word === 'DATABASE' || word === 'SCHEMA') && (this.#previous === 'CREATE' || this.#previous === 'REPLACE')) {
			this.#cutStatement('database');
			return;
		}
		if (word === 'OR' || word === 'REPLACE') return;
		this.#undecided = false;
		const routine = routineKinds[word];
		if (routine) {
			this[routine]++;
			this.#kind = 'other';
		} else if (word === 'TABLE') this.#kind = 'table';
		else if (word === 'VIEW') this.#kind = 'view';
		else if (text === '=' && this.#previous === 'DEFINER') this.#definer = '';
	}

	/** Reads a name with or without its database before it; false at the first token that is no part of it. */
	#readName(type: Token, text: string, word: string): boolean {
		if (type === 'sign') {
			if (text !== '.' || this.#name === null) return false;
			this.#nameOpen = true;
			return true;
		}
		if (this.#name !== null && !this.#nameOpen) return false;
		if (this.#name === null && isIfNotExists(word)) return true;
		this.#name = utf8(text);
		this.#nameOpen = false;
		return true;
	}

	#readTable(type: Token, text: string, word: string) {
		if (this.#depth === 0) {
			if (this.#readName(type, text, word)) return;
			if (text !== '(' || this.#name === null || this.#columns) return;
			this.#columns = [];
			this.#noteTable();
			this.#openTable(this.#name);
		}
		if (type === 'sign') {
			if (text === '(') this.#atItem = ++this.#depth === 1;
			else if (text === ')') this.#depth--;
			else if (text === ',') this.#atItem = this.#depth === 1;
			return;
		}
		if (this.#atItem && this.#depth === 1 && !keyWords.has(word)) this.#columns?.push(utf8(text).toLowerCase());
		this.#atItem = false;
	}

	#readInsert(type: Token, text: string, word: string) {
		if (this.#depth > 0) {
			if (text === ')' && type === 'sign') this.#depth--;
			else if (type !== 'sign') this.#columns?.push(utf8(text).toLowerCase());
			return;
		}
		if (this.#name === null && insertModifiers.has(word)) return;
		if (this.#readName(type, text, word)) return;
		if (this.#name === null) {
			this.#kind = 'other';
		} else if (text === '(' && type === 'sign') {
			this.#columns = [];
			this.#depth = 1;
		} else if (word === 'VALUES' || word === 'VALUE') {
			this.#beginRows(this.#name);
		} else if (word === 'SET') {
			this.#beginRows(this.#name);
			this.#countRow();
			this.#endValues();
		} else if (word !== 'PARTITION') {
			this.#kind = 'other';
		}
	}

	#beginRows(table: string) {
		this.#openTable(table);
		this.#kind = 'values';
		const key = table.toLowerCase();
		this.#kept = Object.hasOwn(keptColumns, key) ? keptColumns[key]! : null;
		this.#columns ??= this.#createdColumns.get(key) ?? null;
		this.#counting = this.#kept === null;
	}

	#openTable(table: string) {
		if (table === this.#table) return;
		this.#table = table;
		this.#tableRows = this.#rowsOf.get(table) ?? 0;
	}

	#endValues() {
		this.#noteRows();
		this.#counting = false;
		this.#kind = 'other';
	}

	#countRow() {
		this.rows++;
		this.#tableRows++;
	}

	#readValue(type: Token, text: string) {
		if (type === 'quoted') {
			this.#value = text;
		} else if (type === 'word') {
			if (this.#depth === 0) this.#endValues();
			else this.#value = (this.#value ?? '') + text;
		} else if (text === '(') {
			this.#depth++;
			if (this.#depth === 1) this.#values = [];
		} else if (this.#depth === 1 && (text === ',' || text === ')')) {
			this.#values.push(this.#value);
			this.#value = null;
			if (text === ')') {
				this.#depth = 0;
				this.#countRow();
				this.#keepRow();
			}
		} else if (text === ')') {
			this.#depth = Math.max(0, this.#depth - 1);
		} else if (this.#depth > 0) {
			this.#value = (this.#value ?? '') + text;
		}
	}

	#keepRow() {
		const textOf = (column: string) => {
			const value = this.#values[this.#columns?.indexOf(column) ?? -1] ?? null;
			return value === null || value.toUpperCase() === 'NULL' ? null : utf8(value);
		};
		const [first, second] = this.#kept!.map(textOf);
		switch (this.#table!.toLowerCase()) {
			case 'spversion':
				this.appVersion = first ?? null;
				this.schemaVersion = second ?? null;
				break;
			case 'collection':
				if (first && this.collections.length < collectionLimit) this.collections.push(first);
				break;
			case 'django_migrations':
				this.djangoMigrations ??= new Map();
				if (first) this.djangoMigrations.set(first, (this.djangoMigrations.get(first) ?? 0) + 1);
				break;
		}
	}

	/** Learns from a comment what the programs that write dumps say about themselves. */
	#remark(comment: string) {
		const line = comment.replace(/^[\s\-#*]+/, '').trimEnd();
		if (line.startsWith('Dump completed')) this.#footer = true;
		else if (this.#rowsOf.size === 0 && line !== '') this.origin.learn(line);
	}
}

const isIfNotExists = (word: string) => word === 'IF' || word === 'NOT' || word === 'EXISTS';

const insertModifiers = new Set(['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'INTO']);

/** What begins an item of CREATE TABLE that is no column, as far as it comes without backticks. */
const keyWords = new Set([
	'PRIMARY',
	'KEY',
	'UNIQUE',
	'INDEX',
	'CONSTRAINT',
	'FOREIGN',
	'FULLTEXT',
	'SPATIAL',
	'CHECK',
	'PERIOD',
]);

/**
 * Passes a dump on unchanged except for its CREATE, DROP and ALTER DATABASE and USE statements, so that it goes into the
 * database it is sent to, whatever it was called where it came from. (mysqldump writes ALTER DATABASE around triggers and
 * routines, also when it dumps a single database.) Every other byte is passed on, in constant memory.
 * `scanner` reads along and afterwards knows what was in the dump; `onProgress` is called after every block.
 */
export async function* withoutDatabaseStatements(
	sql: AsyncIterable<Buffer> | Iterable<Buffer>,
	scanner = new DumpScanner(),
	onProgress?: (progress: ScanProgress) => void,
): AsyncGenerator<Buffer, void, void> {
	const waiting: Buffer[] = [];
	let position = 0;

	/** Drops `count` bytes from the front of what waits; they lie within the first block. */
	const advance = (count: number) => {
		position += count;
		const first = waiting[0]!;
		if (count === first.length) waiting.shift();
		else waiting[0] = first.subarray(count);
	};
	function* release() {
		const {cuts, settled} = scanner;
		while (position < settled) {
			const first = waiting[0]!;
			if (first.length === 0) {
				waiting.shift();
				continue;
			}
			const cut = cuts[0];
			if (cut && cut.end <= position) cuts.shift();
			else if (cut && cut.start <= position) advance(Math.min(first.length, cut.end - position));
			else {
				const count = Math.min(first.length, settled - position, cut ? cut.start - position : Number.POSITIVE_INFINITY);
				yield first.subarray(0, count);
				advance(count);
			}
		}
	}

	for await (const block of sql) {
		waiting.push(block);
		scanner.scan(block);
		yield* release();
		onProgress?.(scanner.progress);
	}
	scanner.end();
	yield* release();
	onProgress?.(scanner.progress);
}
