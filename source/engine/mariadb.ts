import type {Command} from '../host/host.js';
import {exec} from './compose.js';

/** SQL on standard input, as root over the server's own socket; the password stays inside the container. */
export const asRoot = (directory: string, ...options: string[]): Command =>
	exec(
		directory,
		'db',
		'sh',
		'-c',
		'MYSQL_PWD="$(cat /run/secrets/database-root-password)" exec mariadb --user=root --batch --skip-column-names "$@"',
		'mariadb',
		...options,
	);

/**
 * A dump on standard input. Binary mode keeps every byte and takes no client commands from the dump.
 * The client reads its password from standard input's first line, so that it is in no argument or environment of this machine.
 */
export const loadAs = (directory: string, user: string, database: string): Command =>
	exec(
		directory,
		'db',
		'sh',
		'-c',
		'IFS= read -r MYSQL_PWD && export MYSQL_PWD && exec mariadb --user="$1" --binary-mode --max-allowed-packet=1G --init-command="SET SESSION foreign_key_checks=0, unique_checks=0" "$2"',
		'mariadb',
		user,
		database,
	);

/** A string as SQL: quotes doubled, backslashes escaped. */
export const quoted = (value: string) => `'${value.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;

/** A checked name as SQL. @throws Error when it is not one our answers allow */
export const identifier = (name: string) => {
	if (!/^[A-Za-z0-9_$]+$/.test(name)) throw new Error(`not a database identifier: ${name}`);
	return `\`${name}\``;
};
