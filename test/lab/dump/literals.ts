/** How the values of a dump are written: as mariadb-dump or as mysqldump writes them. */
export type Dialect = 'mariadb' | 'mysql';

const escapes: Record<string, string> = {
	'\0': '\\0',
	'\n': '\\n',
	'\r': '\\r',
	'\x1a': '\\Z',
	'"': '\\"',
	"'": "\\'",
	'\\': '\\\\',
};

/** A string literal, escaped as dumps escape. */
export const quoted = (text: string): string =>
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that dumps escape
	`'${text.replace(/[\0\n\r\x1a"'\\]/g, character => escapes[character] as string)}'`;

/** A bit(1) literal. */
export const bit = (value: boolean, dialect: Dialect): string =>
	dialect === 'mariadb' ? (value ? '0x01' : '0x00') : value ? "_binary '\x01'" : "_binary '\\0'";

/** A literal of bytes as dumps write them without --hex-blob: raw, with only the dangerous bytes escaped. */
export const rawBytes = (bytes: Uint8Array, dialect: Dialect): Buffer => {
	const parts: number[] = [...Buffer.from(dialect === 'mysql' ? "_binary '" : "'")];
	for (const byte of bytes) {
		const written = byte < 128 ? escapes[String.fromCharCode(byte)] : undefined;
		if (written === undefined) parts.push(byte);
		else for (const character of written) parts.push(character.charCodeAt(0));
	}
	parts.push(39);
	return Buffer.from(parts);
};

/** A literal of bytes as dumps write them with --hex-blob. */
export const hexBytes = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex').toUpperCase()}`;
