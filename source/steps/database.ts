import {basename} from 'node:path';
import {PassThrough, Readable} from 'node:stream';
import {openDump} from '../database/open.js';
import {DumpScanner, withoutDatabaseStatements} from '../database/scan.js';
import {asRoot, identifier, loadAs, quoted} from '../engine/mariadb.js';
import {SetupError} from '../errors.js';
import type {StepEvent} from '../model/events.js';
import type {ObservedDatabase} from '../model/observation.js';
import {pace, RateMeter} from '../model/rate.js';
import type {Context, Step} from './context.js';
import {ticksDuring} from './wait.js';

const progressIntervalMs = 300;

/** Runs SQL as root; rows of columns. @throws SetupError with the server's words */
const sql = async (
	{host, directory, signal}: Pick<Context, 'host' | 'directory' | 'signal'>,
	statements: string,
	...options: string[]
) => {
	const {exitCode, stdout, stderr} = await host.run(asRoot(directory, ...options), {input: statements, signal});
	if (exitCode !== 0 && (stdout === '' || !options.includes('--force')))
		throw new SetupError(`The database server refused: ${stderr.trim().split('\n').pop()}`, {
			hint: /1045|access denied/i.test(stderr)
				? 'The root password in .env is not the one this database was made with. Put the old .env back (a copy is in .specify-setup/environment), then run this again.'
				: 'Read "docker compose logs db"; after mending the cause run this again.',
		});
	return stdout
		.split('\n')
		.filter(row => row !== '')
		.map(row => row.split('\t'));
};

/** How the database of the answers stands; the server must be running. */
export const observeDatabase = async (
	context: Pick<Context, 'host' | 'directory' | 'signal' | 'answers'>,
): Promise<ObservedDatabase> => {
	const {name} = context.answers.database;
	// --force: the last two tables exist only later on.
	const rows = await sql(
		context,
		`SELECT 'schema', COUNT(*) FROM information_schema.schemata WHERE schema_name = ${quoted(name)};
		SELECT 'tables', COUNT(*) FROM information_schema.tables WHERE table_schema = ${quoted(name)};
		SELECT 'master', COUNT(*) FROM mysql.global_priv WHERE User = 'master';
		SELECT 'users', COUNT(*) FROM ${identifier(name)}.specifyuser;
		SELECT 'start', kind, source, finished_at IS NOT NULL FROM specify_setup.starts WHERE database_name = ${quoted(name)};`,
		'--force',
	);
	const row = (key: string) => rows.find(([first]) => first === key);
	const start = row('start');
	return {
		tables: row('schema')?.[1] === '1' ? Number(row('tables')?.[1]) : null,
		masterUser: row('master')?.[1] === '1',
		users: row('users') ? Number(row('users')![1]) : null,
		start: start
			? {kind: start[1] as 'empty' | 'dump', source: start[2] === 'NULL' ? null : start[2]!, finished: start[3] === '1'}
			: null,
	};
};

/** Users and passwords as `.env` has them; those that Specify makes itself are only brought in line. */
const accounts = ({answers, secrets}: Context) => `
	CREATE USER IF NOT EXISTS 'master'@'%' IDENTIFIED BY ${quoted(secrets.MASTER_PASSWORD)};
	ALTER USER 'master'@'%' IDENTIFIED BY ${quoted(secrets.MASTER_PASSWORD)};
	GRANT ALL PRIVILEGES ON ${identifier(answers.database.name)}.* TO 'master'@'%' WITH GRANT OPTION;
	GRANT CREATE USER, RELOAD ON *.* TO 'master'@'%';
	GRANT SELECT ON mysql.* TO 'master'@'%';
	ALTER USER IF EXISTS 'migrator'@'%' IDENTIFIED BY ${quoted(secrets.MIGRATOR_PASSWORD)};
	ALTER USER IF EXISTS 'specify'@'%' IDENTIFIED BY ${quoted(secrets.APP_USER_PASSWORD)};
	CREATE DATABASE IF NOT EXISTS specify_setup;
	CREATE TABLE IF NOT EXISTS specify_setup.starts (
		database_name VARCHAR(64) PRIMARY KEY,
		kind VARCHAR(16) NOT NULL,
		source VARCHAR(4096) NULL,
		begun_at DATETIME NOT NULL,
		finished_at DATETIME NULL
	);`;

const begin = (name: string, kind: 'empty' | 'dump', source: string | null) =>
	`REPLACE INTO specify_setup.starts VALUES (${quoted(name)}, ${quoted(kind)}, ${source === null ? 'NULL' : quoted(source)}, UTC_TIMESTAMP(), NULL);`;

const finish = (name: string) =>
	`UPDATE specify_setup.starts SET finished_at = UTC_TIMESTAMP() WHERE database_name = ${quoted(name)} AND finished_at IS NULL;`;

/** Records that Specify has come up on the database, which ends an empty start. */
export const recordStarted = (context: Context) => sql(context, finish(context.answers.database.name));

/** Removes a database that Specify was to make itself and never finished. */
export const dropUnused = (context: Context) =>
	sql(context, `DROP DATABASE IF EXISTS ${identifier(context.answers.database.name)};`);

/** What the client says when a statement of the dump fails: "ERROR 1064 (42000) at line 12: …". */
const loadError = (stderr: string, file: string) => {
	const said =
		stderr
			.trim()
			.split('\n')
			.find(line => line.startsWith('ERROR')) ??
		stderr.trim().split('\n').pop() ??
		'';
	const hint = /No space left|error 28|1114|is full/i.test(said)
		? 'The disk is full. Free some space, then run this again: the load starts afresh.'
		: /2013|2006|gone away|Lost connection/i.test(said)
			? 'The database server stopped while loading. Read "docker compose logs db", then run this again: the load starts afresh.'
			: 'The dump is unchanged and nothing of it is in use. Make the dump again, or ask for help with this line, then run this again.';
	return new SetupError(`The database server refused a statement of ${file}: ${said}`, {hint});
};

async function* load(context: Context, path: string): AsyncGenerator<StepEvent, number> {
	const {host, directory, answers, secrets, signal} = context;
	const {name} = answers.database;
	const total = (await host.stat(path))?.bytes ?? null;
	let read = 0;
	const scanner = new DumpScanner();
	const source = openDump(path, {signal, onRead: bytes => (read = bytes)});
	const input = new PassThrough();
	input.write(`${secrets.MASTER_PASSWORD}\n`);
	Readable.from(withoutDatabaseStatements(source, scanner))
		.on('error', error => input.destroy(error))
		.pipe(input);
	const meter = new RateMeter();
	const progress = (state: string): StepEvent => ({
		type: 'progress',
		item: basename(path),
		current: read,
		total,
		unit: 'bytes',
		state,
		...pace(meter, read, total),
	});
	const rows = (): StepEvent => ({
		type: 'progress',
		item: 'rows',
		parent: basename(path),
		current: scanner.rows,
		total: null,
		unit: 'rows',
		state: scanner.table ?? '',
	});
	yield progress('loading');
	const ticks = ticksDuring(host.feed(loadAs(directory, 'master', name), input, {signal}), progressIntervalMs);
	let tick = await ticks.next();
	while (!tick.done) {
		yield progress('loading');
		yield rows();
		tick = await ticks.next();
	}
	yield rows();
	yield progress('done');
	const result = tick.value;
	if (result.exitCode !== 0) throw loadError(result.stderr, basename(path));

	const expected = Object.entries(scanner.tables);
	const counts = await sql(
		context,
		expected
			.map(([table]) => `SELECT ${quoted(table)}, COUNT(*) FROM ${identifier(name)}.${identifier(table)};`)
			.join('\n'),
	);
	const wrong = expected.filter(([table, count]) => Number(counts.find(([found]) => found === table)?.[1]) !== count);
	if (wrong.length > 0)
		throw new SetupError(
			`${wrong.length} tables do not hold the rows the dump has: ${wrong
				.slice(0, 5)
				.map(([table]) => table)
				.join(', ')}.`,
			{
				hint: 'Run this again: the load starts afresh. If it happens again, make the dump anew.',
			},
		);
	yield {
		type: 'check',
		name: 'rows',
		ok: true,
		detail: `${scanner.rows} rows in ${expected.length} tables, counted in the dump and in the database`,
	};
	return scanner.rows;
}

/** Users, then the content: nothing for an empty start (Specify makes its database itself), else the dump, counted afterwards. */
export const database: Step = async function* (context) {
	const {answers} = context;
	const {name, start, dump} = answers.database;
	await sql(context, accounts(context));
	const found = await observeDatabase(context);
	const holdsData = (found.tables ?? 0) > 0;
	const unfinished = found.start?.finished === false ? found.start.kind : null;
	// Specify came up and people work with it; only the record of it is missing.
	const inUse = unfinished === 'empty' && (found.users ?? 0) > 0;
	if (inUse) await recordStarted(context);
	if (holdsData && (unfinished === null || inUse))
		return {changed: false, summary: `The database ${name} is kept as it is.`};
	const drop = `DROP DATABASE IF EXISTS ${identifier(name)};`;
	if (holdsData && (unfinished === 'dump' || start === 'dump')) {
		const message = 'An earlier load was interrupted; what it left is removed and the work begins afresh.';
		yield {type: 'note', level: 'info', message};
		await sql(context, drop);
	} else if (found.tables === 0) {
		// Specify cannot start on an empty database that it did not make itself (specify/specify7#8107).
		const message = `The database ${name} had no tables and is removed, so that it can be made anew.`;
		yield {type: 'note', level: 'info', message};
		await sql(context, drop);
	}
	if (start === 'empty') {
		if (unfinished !== 'empty') await sql(context, begin(name, 'empty', null));
		return {changed: true, summary: 'The database server is ready; Specify makes its database itself.'};
	}
	await sql(context, `${begin(name, 'dump', dump)} CREATE DATABASE ${identifier(name)};`);
	const rows = yield* load(context, dump!);
	await sql(context, finish(name));
	return {
		changed: true,
		summary: `${rows} rows of ${basename(dump!)} loaded.`,
	};
};
