/** The server a dump was taken from, as far as the dump says. `version` is the number alone, like `10.11.6`. */
export type DumpServer = {kind: 'mariadb' | 'mysql' | 'unknown'; version: string | null};

/** What the programs that write dumps say in the comments at the beginning, line by line. */
export class DumpOrigin {
	/** The program that wrote the dump. */
	tool: string | null = null;
	/** The database that was dumped. */
	database: string | null = null;

	#kind: DumpServer['kind'] = 'unknown';
	#version: string | null = null;
	#toolVersion: string | null = null;

	get server(): DumpServer {
		const text = this.#version ?? this.#toolVersion ?? '';
		// MariaDB 10 says 5.5.5 first, for the sake of old replication clients.
		const version = /\d+(?:\.\d+)+/.exec(text.replace(/^5\.5\.5-/, ''))?.[0] ?? null;
		if (/maria/i.test(text)) return {kind: 'mariadb', version};
		if (this.#kind !== 'unknown' || version === null) return {kind: this.#kind, version};
		return {kind: 'mysql', version};
	}

	/** Takes in a line of a comment, without the comment's sign. Lines that say nothing are ignored. */
	learn(line: string): void {
		for (const [pattern, read] of this.#lines) {
			const found = pattern.exec(line);
			if (found) {
				read(found[1]!, found[2] ?? '', found[3] ?? '');
				return;
			}
		}
	}

	#lines: [pattern: RegExp, read: (first: string, second: string, third: string) => void][] = [
		[
			/^(MySQL|MariaDB) dump (\S+?)(?:\s+Distrib\s+([^,\s]+))?(?:,|\s|$)/,
			(product, program, server) => {
				this.tool = product === 'MySQL' ? 'mysqldump' : 'mariadb-dump';
				// Without "Distrib", the program's own version comes first: "10.19-11.8.6-MariaDB".
				this.#toolVersion = server || program.replace(/^\d+\.\d+-/, '');
			},
		],
		[/^Server version:?\s+(.+)$/i, version => this.#served(version)],
		[/^Source Server Version\s*: \d+ \((.+)\)/, version => this.#served(version)],
		[/^Source Server Type\s*: (MySQL|MariaDB)$/, kind => this.#served(null, kind)],
		[/^Host:.*\((MySQL|MariaDB) (\d[^)]*)\)/, (kind, version) => this.#served(version, kind)],
		[/^Host:.*\sDatabase:\s*(\S+)$/, name => this.#named(name)],
		[/^(?:Database|Source Schema\s*|Source Database\s*):\s*(\S+)$/, name => this.#named(name)],
		[/^Dumping database structure for (\S+)$/, name => this.#named(name)],
		[
			/^(Adminer) \S+ (MySQL|MariaDB) (\d\S*) dump/,
			(tool, kind, version) => {
				this.tool = tool;
				this.#served(version, kind);
			},
		],
		[
			/^(phpMyAdmin(?= SQL Dump)|HeidiSQL(?= Version)|Sequel (?:Pro|Ace)|Navicat)\b/,
			tool => {
				this.tool = tool;
			},
		],
	];

	#served(version: string | null, kind?: string) {
		this.#version = version ?? this.#version;
		if (kind) this.#kind = kind === 'MySQL' ? 'mysql' : 'mariadb';
	}

	#named(database: string) {
		this.database ??= database.replace(/^[`'"]|[`'"]$/g, '');
	}
}
