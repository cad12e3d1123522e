import {exitCodes, SetupError} from '../errors.js';
import {isUsableSecret, type SecretName, type Secrets, secretNames, secretRule} from '../model/secrets.js';
import {environmentCopy} from './names.js';

/** Text of `.env`. Compose reads single-quoted values literally, so nothing in them is interpolated. */
export const environment = (secrets: Secrets, own: readonly string[] = []) =>
	[
		'# Made by specify-setup. The secrets of this installation: keep a copy in a safe place.',
		'# A new value here alone does not change the password the database has. Afterwards run "specify-setup reconfigure":',
		`# it changes it in the database first, then where it is used. New values are ${secretRule}.`,
		'# ADMINISTRATOR_PASSWORD: what the first administrator of Specify 7 is made with, when the answers name an institution.',
		'#   It tells the password as it was then: changing it here changes no login. That is done in Specify: User Tools.',
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

/**
 * Reads the secrets back out of an `.env`; names it does not know are left alone.
 * @param isSettled whether a value is in use already: then a short one is taken too
 * @throws SetupError (exit code 2) for values that cannot be used, with their lines; no value is repeated
 */
export const secretsOf = (
	text: string,
	isSettled: (name: SecretName, value: string) => boolean = () => true,
): Partial<Secrets> => {
	const rows = text.split(/\r?\n/).flatMap((row, index) => {
		const {name, value} = readRow(row) ?? {name: '', value: ''};
		return secretNames.includes(name as SecretName) ? [{name: name as SecretName, value, line: index + 1}] : [];
	});
	const problems = rows
		.filter(({name, value}) => !(isSettled(name, value) ? /^[A-Za-z0-9]+$/.test(value) : isUsableSecret(value)))
		.map(
			({name, value, line}) =>
				`${name} in .env, line ${line}, must be ${secretRule}${value === '' ? '; it is empty' : ''}`,
		);
	if (problems.length > 0)
		throw new SetupError(
			problems.length === 1 ? `${problems[0]}.` : `${problems.length} secrets in .env cannot be used:`,
			{
				details: problems.length === 1 ? [] : problems,
				hint: `Correct .env, or put the value back that it had: ${environmentCopy} is a copy. Specify puts it into an address without escaping. Nothing has been changed.`,
				exitCode: exitCodes.usage,
			},
		);
	return Object.fromEntries(rows.map(({name, value}) => [name, value]));
};

/** Rows of an `.env` that set variables of the user's own, for a `compose.override.yaml`; they are kept as they are. */
export const ownLines = (text: string): string[] =>
	text.split(/\r?\n/).filter(row => {
		const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(row)?.[1];
		return name !== undefined && !secretNames.includes(name as SecretName);
	});
