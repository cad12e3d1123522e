import {SetupError} from '../errors.js';
import {type SecretName, type Secrets, secretNames} from '../model/secrets.js';

/** Text of `.env`. Compose reads single-quoted values literally, so nothing in them is interpolated. */
export const environment = (secrets: Secrets, own: readonly string[] = []) =>
	[
		'# Made by specify-setup. The secrets of this installation: keep a copy in a safe place.',
		'# Changing a value here does not change the password the database already has.',
		'# ADMINISTRATOR_PASSWORD: what the first administrator of Specify 7 is made with, when the answers name an institution.',
		'# SETUP_PASSWORD: wanted by the proxy (user setup) for Specify 7 until that has its first user.',
		...secretNames.map(name => `${name}='${secrets[name]}'`),
		...(own.length > 0 ? ['# Your own:', ...own] : []),
		'',
	].join('\n');

/** A row as Compose reads it: quoted or not, an optional `export`, a comment behind a space. */
const line = /^(?:export\s+)?([A-Z][A-Z0-9_]*)=(?:'([^']*)'|"([^"]*)"|([^\s]*))(?:\s+#.*)?$/;

/** The name and value of a row; null for a comment, and for what is none. */
export const readRow = (row: string): {name: string; value: string} | null => {
	const match = line.exec(row.trim());
	return match && {name: match[1]!, value: match[2] ?? match[3] ?? match[4] ?? ''};
};

/** Reads the secrets back out of an `.env`; names it does not know are left alone. */
export const secretsOf = (text: string): Partial<Secrets> => {
	const secrets: Partial<Secrets> = {};
	for (const row of text.split(/\r?\n/)) {
		const {name, value} = readRow(row) ?? {name: '', value: ''};
		if (!secretNames.includes(name as SecretName)) continue;
		if (!/^[A-Za-z0-9]+$/.test(value))
			throw new SetupError(`${name} in .env holds characters that Specify cannot take.`, {
				hint: 'Use letters and digits only: Specify puts it into an address without escaping.',
			});
		secrets[name as SecretName] = value;
	}
	return secrets;
};

/** Rows of an `.env` that set variables of the user's own, for a `compose.override.yaml`; they are kept as they are. */
export const ownLines = (text: string): string[] =>
	text.split(/\r?\n/).filter(row => {
		const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(row)?.[1];
		return name !== undefined && !secretNames.includes(name as SecretName);
	});
