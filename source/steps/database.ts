import {createHash} from 'node:crypto';
import {basename, join} from 'node:path';
import {PassThrough, Readable} from 'node:stream';
import {openDump} from '../database/open.js';
import {DumpScanner, withoutDatabaseStatements} from '../database/scan.js';
import {stop} from '../engine/compose.js';
import {asRoot, identifier, loadAs, quoted} from '../engine/mariadb.js';
import {SetupError} from '../errors.js';
import {environmentNext, stateFolder, volumesOf} from '../files/names.js';
import {decideStart} from '../model/database-start.js';
import type {StepEvent} from '../model/events.js';
import type {ObservedDatabase} from '../model/observation.js';
import {pace, RateMeter} from '../model/rate.js';
import type {Secrets} from '../model/secrets.js';
import {loadedSpace, scarceBytes} from '../model/space.js';
import type {Context, Step} from './context.js';
import {lackIn} from './disks.js';
import {containerOf} from './services.js';
import {freeIn, requireSpace, spaceError} from './space.js';
import {isSpaceTrouble} from './trouble.js';
import {ticksDuring} from './wait.js';

const progressIntervalMs = 300;
/** A statement that takes longer than this may wait for the disk. */
const stuckMs = 20_000;
const revokeTimeoutMs = 30_000;

/** Where the server keeps its data, in its container. */
const dataFolder = '/var/lib/mysql';

/** How a whole dump ends. */
const endings = new Set(['footer', 'settings']);

/** Runs SQL as root; rows of columns. @throws SetupError with the server's words */
const sql = async (
	{host, directory, signal, timeoutMs}: Pick<Context, 'host' | 'directory' | 'signal'> & {timeoutMs?: number},
	statements: string,
	...options: string[]
) => {
	const {exitCode, stdout, stderr} = await host.run(asRoot(directory, ...options), {
		input: statements,
		signal,
		...(timeoutMs === undefined ? {} : {timeoutMs}),
	});
	if (exitCode !== 0 && (stdout === '' || !options.includes('--force')))
		throw new SetupError(`The database server refused: ${stderr.trim().split('\n').pop()}`, {
			hint: /1045|access denied/i.test(stderr)
				? 'The root password in .env is not the one this database was made with. Put the old .env back (copies are in .specify-setup/environment and, older, in .specify-setup/previous), then run this again.'
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
	// --force: the tables asked last exist only later on.
	const rows = await sql(
		context,
		`SELECT 'schema', COUNT(*) FROM information_schema.schemata WHERE schema_name = ${quoted(name)};
		SELECT 'tables', COUNT(*) FROM information_schema.tables WHERE table_schema = ${quoted(name)};
		SELECT 'user table', COUNT(*) FROM information_schema.tables WHERE table_schema = ${quoted(name)} AND table_name = 'specifyuser';
		SELECT 'migrator', COUNT(*) FROM mysql.global_priv WHERE User = 'migrator';
		SELECT 'users', COUNT(*) FROM ${identifier(name)}.specifyuser;
		SELECT 'start', kind, source, TIMESTAMPDIFF(SECOND, '1970-01-01', begun_at), finished_at IS NOT NULL FROM specify_setup.starts WHERE database_name = ${quoted(name)};
		SELECT 'other', database_name FROM specify_setup.starts JOIN information_schema.schemata ON schema_name = database_name WHERE database_name <> ${quoted(name)};`,
		'--force',
	);
	const row = (key: string) => rows.find(([first]) => first === key);
	const count = (key: string) => {
		const value = row(key)?.[1];
		// An answer that broke off must not look like an empty database.
		if (value === undefined)
			throw new SetupError('The database server did not answer every question about the database.', {
				hint: 'Read "docker compose logs db"; after mending the cause run this again.',
			});
		return Number(value);
	};
	const exists = count('schema') === 1;
	const tables = count('tables');
	const userTable = count('user table') === 1;
	const migrator = count('migrator') > 0;
	const users = row('users');
	const start = row('start');
	return {
		tables: exists ? tables : null,
		users: userTable ? (users ? Number(users[1]) : null) : 0,
		migrator,
		others: rows.flatMap(([key, other]) => (key === 'other' ? [other!] : [])),
		start: start
			? {
					kind: start[1] as 'empty' | 'dump',
					source: start[2] === 'NULL' ? null : start[2]!,
					begunAt: Number(start[3]) * 1000,
					finished: start[4] === '1',
				}
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
	// 137: the client's container went with the server's.
	if (/2013|2006|2026|gone away|Lost connection|exit code 137/i.test(said))
		return new SetupError(`The database server stopped while ${file} was loaded.`, {
			hint: 'Read "docker compose logs db", then run this again: the load starts afresh.',
			details: [said],
		});
	return new SetupError(`The database server refused a statement of ${file}: ${said}`, {
		hint: 'The dump is unchanged and nothing of it is in use. Make the dump again, or ask for help with this line, then run this again.',
	});
};

/** How the server says that its disk is full, or a quota used up. */
const saysFull = (stderr: string) =>
	isSpaceTrouble(stderr) || /^ERROR (?:1114|1021) |table '[^']*' is full|error 28\b/im.test(stderr);

/** What loading so much SQL needs, and what is free where the server keeps its data. */
const loadLack = (context: Context, sqlBytes: number) =>
	lackIn(context, {
		what: 'the loaded dump',
		service: 'db',
		path: dataFolder,
		volume: volumesOf(context.project).database,
		needBytes: loadedSpace(sqlBytes),
	});

/** Bytes that a database's tables take on the disk. */
const bytesOf = async (context: Context, name: string) => {
	const [row] = await sql(
		context,
		`SELECT SUM(ALLOCATED_SIZE) FROM information_schema.INNODB_SYS_TABLESPACES WHERE SUBSTRING_INDEX(NAME, '/', 1) = ${quoted(name)};`,
	);
	return Number(row?.[0]) || 0;
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
	const full = new AbortController();
	const fed = host
		.feed(loadAs(directory, 'master', name), input, {signal: AbortSignal.any([signal, full.signal])})
		.catch(error => {
			if (full.signal.aborted && !signal.aborted) return null;
			throw error;
		});
	const ticks = ticksDuring(fed, progressIntervalMs);
	let moved = {to: 0, at: Date.now()};
	let tick = await ticks.next();
	while (!tick.done) {
		yield progress('loading');
		yield rows();
		if (read !== moved.to) moved = {to: read, at: Date.now()};
		else if (Date.now() - moved.at > stuckMs) {
			// On a full disk the server waits for room, for ever.
			const free = await freeIn(context, 'db', dataFolder);
			if (free !== null && free < scarceBytes) full.abort();
			moved = {to: read, at: Date.now()};
		}
		tick = await ticks.next();
	}
	yield rows();
	const result = tick.value;
	if (result === null || result.exitCode !== 0) {
		const share = read / (total || 1);
		const lack = await loadLack(context, Math.max((context.dump?.sqlBytes ?? total ?? 0) * (1 - share), 1));
		// This dump may take more than others do.
		const taken = await bytesOf(context, name).catch(() => 0);
		if (share > 0) lack.needBytes = Math.max(lack.needBytes, (taken * (1 - share)) / share);
		const error = loadError(result?.stderr ?? '', basename(path));
		if (result !== null && !saysFull(result.stderr) && (lack.freeBytes ?? scarceBytes) >= scarceBytes) throw error;
		throw spaceError({
			...lack,
			kept: 'the load starts afresh. The dump is unchanged, and nothing of what was loaded is in use.',
			cause: error,
		});
	}
	yield progress('done');
	scanner.end();
	const looked = context.dump;
	const whole = endings.has(scanner.ending);
	if (!whole || (looked && looked.rows !== scanner.rows))
		throw new SetupError(
			`${basename(path)} is not what it was when it was looked at: ${whole ? `${scanner.rows} rows came, ${looked!.rows} were expected` : 'its end is missing'}.`,
			{
				hint: 'It was changed or cut meanwhile. Make sure that nothing writes to it, then run this again: the load starts afresh.',
			},
		);

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

/** Renames every table into another database, which is kept; returns its name. */
const setAside = async (context: Context, name: string): Promise<string> => {
	const aside = `${name.slice(0, 40)}_aside_${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
	const tables = await sql(
		context,
		`SELECT table_name FROM information_schema.tables WHERE table_schema = ${quoted(name)} AND table_type = 'BASE TABLE';`,
	);
	const triggers = await sql(
		context,
		`SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = ${quoted(name)};`,
	);
	// MariaDB renames no table with triggers into another database, and views would be lost.
	if (tables.length === 0 || triggers.length > 0)
		throw new SetupError(
			`The database ${name} holds what an interrupted load left, and it cannot be set aside by itself.`,
			{
				hint: `If nothing in it is needed, remove it: docker compose exec db sh -c 'mariadb -uroot -p"$(cat /run/secrets/database-root-password)" -e "DROP DATABASE ${name}"', then run this again.`,
			},
		);
	const renames = tables.map(
		([table]) => `${identifier(name)}.${identifier(table!)} TO ${identifier(aside)}.${identifier(table!)}`,
	);
	await sql(
		context,
		`CREATE DATABASE ${identifier(aside)}; RENAME TABLE ${renames.join(', ')}; DROP DATABASE ${identifier(name)};`,
	);
	return aside;
};

/** @throws SetupError when a container of Specify goes on running */
const stopSpecify = async (context: Context) => {
	const containers = await Promise.all((['worker', 'specify7'] as const).map(service => containerOf(context, service)));
	if (containers.every(container => container === null)) return;
	const {exitCode, stderr} = await context.host.run(stop(context.directory, ['worker', 'specify7']), {
		signal: context.signal,
	});
	if (exitCode !== 0)
		throw new SetupError(`Specify 7 could not be stopped: ${stderr.trim().split('\n').pop()}`, {
			hint: 'It must not work on a database that is being loaded. Stop it with "docker compose stop worker specify7", then run this again.',
		});
};

/** The right to give triggers and routines the accounts they had is for the time of a load. */
const revokeSetUser = async (context: Context) => {
	const still = {...context, signal: new AbortController().signal, timeoutMs: revokeTimeoutMs};
	await sql(still, "REVOKE SET USER ON *.* FROM 'master'@'%';", '--force').catch(() => {});
};

/** A fingerprint of the accounts as they are to be; kept so that a changed `.env` is noticed. */
const accountsHash = (secrets: Secrets, name: string) =>
	createHash('sha256')
		.update([name, secrets.MASTER_PASSWORD, secrets.MIGRATOR_PASSWORD, secrets.APP_USER_PASSWORD].join('\0'))
		.digest('hex');

const accountsPath = (directory: string) => join(directory, stateFolder, 'accounts');

/** Whether the database's users were last brought in line with these secrets. */
export const accountsAreCurrent = async (
	{host, directory, answers}: Pick<Context, 'host' | 'directory' | 'answers'>,
	secrets: Secrets,
) => (await host.read(accountsPath(directory))) === accountsHash(secrets, answers.database.name);

/** Whether the database's users were brought in line with secrets before, and with others. */
export const accountsDiffer = async (given: Pick<Context, 'host' | 'directory' | 'answers'>, secrets: Secrets) =>
	(await given.host.stat(accountsPath(given.directory))) !== null && !(await accountsAreCurrent(given, secrets));

/** Users, then the content: nothing for an empty start (Specify makes its database itself), else the dump, counted afterwards. */
export const database: Step = async function* (context) {
	const {host, directory, engine, answers, secrets} = context;
	const {name, start, dump} = answers.database;
	const container = await containerOf(context, 'specify7');
	const details = container && (await engine.container(container.id));
	const before = await observeDatabase(context);
	const decision = decideStart(answers.database, before, details ? Date.parse(details.startedAt) : null);
	if (decision.kind === 'refuse')
		throw new SetupError(`Nothing was changed in the database: ${decision.message}.`, {hint: decision.hint});
	// On a full disk the server would not refuse but wait.
	const isLoad = decision.kind !== 'keep' && start === 'dump';
	const lack = await loadLack(context, isLoad ? (context.dump?.sqlBytes ?? 0) : 0);
	const given = isLoad && decision.clear === 'drop' ? await bytesOf(context, name) : 0;
	requireSpace({
		...lack,
		needBytes: Math.max(lack.needBytes - given, scarceBytes),
		what: isLoad ? lack.what : 'the database',
	});
	await sql(context, accounts(context));
	await host.write(accountsPath(directory), accountsHash(secrets, name), 0o600);
	// The server took root's password as the files have it now: no change of passwords is under way any more.
	await host.remove(join(directory, environmentNext));
	if (decision.kind === 'keep') {
		await revokeSetUser(context);
		if (decision.warning) yield {type: 'note', level: 'warning', message: decision.warning};
		if (decision.finish) await recordStarted(context);
		return {changed: false, summary: `The database ${name} is kept as it is.`};
	}
	const goesOn = start === 'empty' && decision.clear === 'nothing';
	// Specify must not work on a database that is being loaded, nor make one that is about to be.
	if (!goesOn) await stopSpecify(context);
	if (decision.note) yield {type: 'note', level: 'info', message: decision.note};
	if (decision.clear === 'drop') await sql(context, `DROP DATABASE IF EXISTS ${identifier(name)};`);
	if (decision.clear === 'aside') {
		const aside = await setAside(context, name);
		yield {type: 'note', level: 'warning', message: `It is kept as the database ${aside}.`};
	}
	if (start === 'empty') {
		if (before.start?.kind !== 'empty' || before.start.finished) await sql(context, begin(name, 'empty', null));
		return {changed: true, summary: 'The database server is ready; Specify makes its database itself.'};
	}
	await sql(context, `CREATE DATABASE IF NOT EXISTS ${identifier(name)}; ${begin(name, 'dump', dump)}`);
	// Triggers and routines of a dump run as accounts of the server it came from.
	await sql(context, "GRANT SET USER ON *.* TO 'master'@'%';");
	let rows: number;
	try {
		rows = yield* load(context, dump!);
	} finally {
		await revokeSetUser(context);
	}
	await sql(context, finish(name));
	return {changed: true, summary: `${rows} rows of ${basename(dump!)} loaded.`};
};
