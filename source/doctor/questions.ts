import {exec} from '../engine/compose.js';
import {asRoot, identifier, quoted} from '../engine/mariadb.js';
import type {Command} from '../host/host.js';
import {neededTables} from '../model/doctor.js';

/** How full the disks of these folders are, in POSIX columns. */
export const freeSpace = (folders: readonly string[]): Command => ({file: 'df', args: ['-P', '-k', ...folders]});

export const persistence = (directory: string) => exec(directory, 'redis', 'redis-cli', 'INFO', 'persistence');

/** The queues each worker listens to, as JSON by worker. */
export const queues = (directory: string) =>
	exec(directory, 'worker', 've/bin/celery', '-A', 'specifyweb', 'inspect', 'active_queues', '-j', '-t', '10');

/** Prints Specify 7's time and the asset server's, in seconds since 1970; the second is empty when it does not tell. */
export const assetClock = (directory: string) =>
	exec(
		directory,
		'specify7',
		've/bin/python',
		'-c',
		"import time, urllib.request as r; a = r.urlopen('http://media:8080/web_asset_store.xml', timeout=20); print(time.time(), a.headers.get('X-Timestamp') or '')",
	);

/** Asked with `databaseQuestions` as its input; goes on after the questions about tables that are not there yet. */
export const askDatabase = (directory: string) => asRoot(directory, '--force');

/** What the doctor asks the database server; the first column of each row says what it answers. */
export const databaseQuestions = (name: string) => `
	SELECT 'version', @@version;
	SELECT 'packet', @@global.max_allowed_packet;
	SELECT 'bytes', COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = ${quoted(name)};
	SELECT 'table', table_name FROM information_schema.tables WHERE table_schema = ${quoted(name)} AND table_name IN (${neededTables.map(quoted).join(', ')});
	SELECT 'right', grantee, privilege_type, table_schema FROM information_schema.schema_privileges;
	SELECT 'right', grantee, privilege_type, ${quoted(name)} FROM information_schema.user_privileges;
	SELECT 'specify', AppVersion, SchemaVersion FROM ${identifier(name)}.spversion LIMIT 1;`;
