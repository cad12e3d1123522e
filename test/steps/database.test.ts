import {writeFile} from 'node:fs/promises';
import {basename} from 'node:path';
import {gzipSync} from 'node:zlib';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {inspectDump} from '../../source/database/inspect.js';
import {DumpScanner} from '../../source/database/scan.js';
import {Cancelled, SetupError} from '../../source/errors.js';
import type {Answers} from '../../source/model/answers.js';
import {accountsAreCurrent, database, observeDatabase} from '../../source/steps/database.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';
import {mariadbHeader, specifyTables, wholeDump} from '../database/dumps.js';

const {fresh} = temporaryFolder();

type Server = {
	tables: number | null;
	/** Specify users; left out: there is no such table, null: they cannot be counted. */
	users?: number | null;
	migrator?: boolean;
	others?: string[];
	start?: {kind: 'empty' | 'dump'; source?: string | null; begunAt?: number; finished: boolean};
	/** Rows the server has after loading, by table; those of the dump when left out. */
	rows?: Record<string, number>;
};

/** Milliseconds since 1970; what begins a record where the test does not say. */
const begunAt = Date.parse('2026-08-01T09:00:00Z');
const before = '2026-08-01T08:00:00.123456789Z';
const after = '2026-08-01T10:00:00.123456789Z';

const empty = offlineAnswers();
const loading = async (text: string | Buffer = wholeDump) => {
	const path = fresh('nrm.sql');
	await writeFile(path, text);
	return offlineAnswers({database: {start: 'dump', dump: path}});
};

/** A context whose database server stands as told. */
const serverWith = (answers: Answers, {tables, users, migrator = false, others = [], start, rows = {}}: Server) => {
	const context = contextWith({answers});
	const {host} = context;
	const said = [
		`schema\t${tables === null ? 0 : 1}`,
		`tables\t${tables ?? 0}`,
		`user table\t${users === undefined ? 0 : 1}`,
		`migrator\t${migrator ? 1 : 0}`,
		...(typeof users === 'number' ? [`users\t${users}`] : []),
		...(start
			? [
					`start\t${start.kind}\t${start.source ?? 'NULL'}\t${(start.begunAt ?? begunAt) / 1000}\t${start.finished ? 1 : 0}`,
				]
			: []),
		...others.map(other => `other\t${other}`),
		'',
	];
	host
		.on(/SELECT '(\w+)', COUNT\(\*\) FROM `specify`/, ({input}) => ({
			stdout: [...input.matchAll(/SELECT '(\w+)', COUNT/g)]
				.map(([, table]) => `${table}\t${rows[table!] ?? countsOfDump[table!] ?? 0}\n`)
				.join(''),
		}))
		.on(/SELECT table_name FROM/, {stdout: 'agent\ncollection\ndeterminer$2\n'})
		.on(/SELECT 'schema'/, {exitCode: 1, stdout: said.join('\n')});
	/** What was done, in order: SQL statements, the load, and other commands. */
	const done = () =>
		host.commands.flatMap((command, index) => {
			if (command.includes('--binary-mode')) return ['LOAD'];
			if (!command.includes('exec --no-TTY db')) return [command];
			return host.inputs[index]!.split(/;\s*/)
				.map(statement => statement.trim())
				.filter(statement => statement !== '');
		});
	const at = (pattern: RegExp) => done().findIndex(statement => pattern.test(statement));
	return {
		context,
		done,
		/** Where the first such thing was done; -1: it was not. */
		at,
		ran: (pattern: RegExp) => at(pattern) !== -1,
		fed: () => host.inputs.find((_, index) => host.commands[index]!.includes('--binary-mode')),
		/** What changes the server or the machine. */
		changes: () => done().filter(statement => !/^SELECT /.test(statement)),
	};
};

/** Rows by table of the dump the tests share. */
const countsOfDump: Record<string, number> = {};
{
	const scanner = new DumpScanner();
	scanner.scan(Buffer.from(wholeDump));
	scanner.end();
	Object.assign(countsOfDump, scanner.tables);
}
const rowsOfDump = Object.values(countsOfDump).reduce((sum, count) => sum + count, 0);

const drop = /^DROP /;
const dropped = /^DROP DATABASE IF EXISTS `specify`$/;
const load = /^LOAD$/;
const stopped = /^docker compose .* stop worker specify7$/;
const anyStop = / stop /;
const begunDump =
	/^REPLACE INTO specify_setup\.starts VALUES \('specify', 'dump', '.*nrm\.sql-\d+', UTC_TIMESTAMP\(\), NULL\)$/;
const finished = /^UPDATE specify_setup\.starts SET finished_at = UTC_TIMESTAMP\(\) WHERE database_name = 'specify'/;
const granted = /^GRANT SET USER ON \*\.\* TO 'master'@'%'$/;
const revoked = /^REVOKE SET USER ON \*\.\* FROM 'master'@'%'$/;

describe('observing the database', () => {
	it('tells tables, users, our own record and where else data are', async () => {
		const {context} = serverWith(empty, {
			tables: 220,
			users: 3,
			migrator: true,
			others: ['nrm', 'older'],
			start: {kind: 'dump', source: '/srv/nrm.sql', finished: true},
		});
		expect(await observeDatabase(context)).toEqual({
			tables: 220,
			users: 3,
			migrator: true,
			others: ['nrm', 'older'],
			start: {kind: 'dump', source: '/srv/nrm.sql', begunAt, finished: true},
		});
	});

	it('tells a database without tables from no database', async () => {
		expect((await observeDatabase(serverWith(empty, {tables: 0}).context)).tables).toBe(0);
		expect((await observeDatabase(serverWith(empty, {tables: null}).context)).tables).toBeNull();
	});

	it('tells users that are not there from users that cannot be counted', async () => {
		expect((await observeDatabase(serverWith(empty, {tables: 30}).context)).users).toBe(0);
		expect((await observeDatabase(serverWith(empty, {tables: 30, users: null}).context)).users).toBeNull();
	});

	it('asks about its own name only, and about the records of others', async () => {
		const {context} = serverWith(offlineAnswers({database: {name: 'nrm'}}), {tables: null});
		await observeDatabase(context);
		const asked = context.host.inputs.join('\n');
		expect(asked).toContain("schema_name = 'nrm'");
		expect(asked).toContain('FROM `nrm`.specifyuser');
		expect(asked).toMatch(/'other'.*database_name <> 'nrm'/);
	});

	it('of which the server does not answer fails, instead of finding no database', async () => {
		const {context} = serverWith(empty, {tables: null});
		context.host.on(/SELECT 'schema'/, {
			exitCode: 1,
			stderr: "ERROR 2002 (HY000): Can't connect to local server through socket\n",
		});
		await expect(observeDatabase(context)).rejects.toThrow(/2002/);
	});

	const answer = ['schema\t1', 'tables\t220', 'user table\t1', 'migrator\t1'];
	it.each([0, 1, 2, 3])('of which the server answers %i of 4 questions fails, and nothing is changed', async count => {
		const {context, changes} = serverWith(await loading(), {tables: null});
		const reply = {
			exitCode: count === 0 ? 0 : 1,
			stdout: answer
				.slice(0, count)
				.map(row => `${row}\n`)
				.join(''),
		};
		context.host.on(/SELECT 'schema'/, reply);
		await expect(observeDatabase(context)).rejects.toThrow(/did not answer every question/);
		const {error} = await drainToError(database(context));
		expect(error).toBeInstanceOf(SetupError);
		expect(changes()).toEqual([]);
	});
});

describe('an empty start', () => {
	it('records that it began and leaves the database to Specify', async () => {
		const {context, ran} = serverWith(empty, {tables: null});
		const {result} = await drain(database(context));
		expect(result.changed).toBe(true);
		expect(ran(/^REPLACE INTO specify_setup\.starts VALUES \('specify', 'empty', NULL/)).toBe(true);
		expect(ran(/^CREATE DATABASE (IF NOT EXISTS )?`specify`/)).toBe(false);
		expect(ran(drop)).toBe(false);
		expect(ran(granted)).toBe(false);
	});

	it('removes a database without tables, on which Specify could not start', async () => {
		const {context, at} = serverWith(empty, {tables: 0});
		context.engine.service('specify7', {state: 'restarting'});
		const {yielded} = await drain(database(context));
		expect(at(dropped)).toBeGreaterThan(at(stopped));
		expect(at(stopped)).toBeGreaterThan(-1);
		expect(yielded).toMatchObject([{type: 'note', message: expect.stringContaining('had no tables')}]);
	});

	it('under way goes on where it is, and Specify is not disturbed', async () => {
		const {context, ran} = serverWith(empty, {tables: 30, users: 0, start: {kind: 'empty', finished: false}});
		context.engine.service('specify7', {health: 'starting'});
		await drain(database(context));
		expect(ran(drop)).toBe(false);
		expect(ran(anyStop)).toBe(false);
		expect(ran(/^REPLACE INTO/)).toBe(false);
	});

	it('whose database is gone begins anew', async () => {
		const {context, ran} = serverWith(empty, {tables: null, start: {kind: 'empty', finished: true}});
		await drain(database(context));
		expect(ran(/^REPLACE INTO specify_setup\.starts VALUES \('specify', 'empty', NULL/)).toBe(true);
		expect(ran(drop)).toBe(false);
	});
});

describe('data', () => {
	const path = '/srv/nrm.sql';
	const given = offlineAnswers({database: {start: 'dump', dump: path}});
	it.each<[what: string, server: Server, answers: Answers[]]>([
		[
			'that are recorded as loaded',
			{tables: 220, users: 3, start: {kind: 'dump', source: path, finished: true}},
			[empty, given],
		],
		['that are recorded as begun empty', {tables: 220, users: 3, start: {kind: 'empty', finished: true}}, [empty]],
		['of which nothing is recorded', {tables: 220, users: 3}, [empty, given]],
		['of which nothing is recorded and no users are known', {tables: 1}, [empty, given]],
		[
			'that people entered before the record was finished',
			{tables: 220, users: 1, start: {kind: 'empty', finished: false}},
			[empty, given],
		],
		[
			'of which the users cannot be counted',
			{tables: 220, users: null, start: {kind: 'empty', finished: false}},
			[empty, given],
		],
	])('%s are kept', async (_, server, asked) => {
		for (const answers of asked) {
			const {context, ran} = serverWith(answers, server);
			context.engine.service('specify7');
			const {result} = await drain(database(context));
			expect(result).toEqual({changed: false, summary: 'The database specify is kept as it is.'});
			for (const never of [drop, load, anyStop, /^RENAME/, /^CREATE DATABASE (IF NOT EXISTS )?`specify`/, /^REPLACE/])
				expect(ran(never)).toBe(false);
		}
	});

	it('that people entered before the record was finished are recorded as in use', async () => {
		const {context, ran} = serverWith(empty, {tables: 220, users: 1, start: {kind: 'empty', finished: false}});
		await drain(database(context));
		expect(ran(finished)).toBe(true);
	});

	it('on which Specify was started after a load that was not recorded are kept, with a warning', async () => {
		const {context, ran} = serverWith(await loading(), {
			tables: 220,
			users: 3,
			migrator: true,
			start: {kind: 'dump', source: path, finished: false},
		});
		context.engine.service('specify7', {startedAt: after});
		const {result, yielded} = await drain(database(context));
		expect(result.changed).toBe(false);
		expect(yielded).toMatchObject([{type: 'note', level: 'warning', message: expect.stringContaining(path)}]);
		expect(ran(finished)).toBe(true);
		for (const never of [drop, load, anyStop, /^RENAME/]) expect(ran(never)).toBe(false);
	});

	it.each<[what: string, answers: Answers, server: Server, message: RegExp]>([
		[
			'in another database',
			empty,
			{tables: null, others: ['nrm']},
			/^Nothing was changed in the database: .* are in the database nrm, not in specify\.$/,
		],
		['in another database, before a load', given, {tables: 0, others: ['nrm']}, /are in the database nrm/],
		[
			'loaded from another dump',
			given,
			{tables: 220, users: 3, start: {kind: 'dump', source: '/srv/older.sql', finished: true}},
			/was loaded from \/srv\/older\.sql already/,
		],
		[
			'begun empty, under a dump',
			given,
			{tables: 220, users: 3, start: {kind: 'empty', finished: true}},
			/was begun empty and is in use/,
		],
	])('%s refuse the answers, and nothing is changed', async (_, answers, server, message) => {
		const {context, changes} = serverWith(answers, server);
		context.engine.service('specify7');
		const files = new Map(context.host.files);
		const {error, yielded} = await drainToError(database(context));
		expect(error.message).toMatch(message);
		expect((error as SetupError).hint).not.toBe('');
		expect(yielded).toEqual([]);
		expect(changes()).toEqual([]);
		expect(context.host.files).toEqual(files);
	});

	it('get the users and passwords of .env', async () => {
		const {context, ran} = serverWith(empty, {tables: 220, start: {kind: 'empty', finished: true}});
		await drain(database(context));
		expect(ran(new RegExp(`^ALTER USER 'master'@'%' IDENTIFIED BY '${knownSecrets.MASTER_PASSWORD}'$`))).toBe(true);
		expect(ran(new RegExp(`^ALTER USER IF EXISTS 'specify'@'%'.*'${knownSecrets.APP_USER_PASSWORD}'$`))).toBe(true);
		for (const command of context.host.commands)
			for (const secret of Object.values(knownSecrets)) expect(command).not.toContain(secret);
	});
});

describe('the fingerprint of the accounts', () => {
	const path = '/opt/specify/.specify-setup/accounts';

	it('is kept for the owner alone, without a password in it', async () => {
		const {context} = serverWith(empty, {tables: 220, start: {kind: 'empty', finished: true}});
		expect(await accountsAreCurrent(context, context.secrets)).toBe(false);
		await drain(database(context));
		const {text, mode} = context.host.files.get(path)!;
		expect(text).toMatch(/^[0-9a-f]{64}$/);
		expect(mode).toBe(0o600);
		expect(await accountsAreCurrent(context, context.secrets)).toBe(true);
	});

	it.each(['MASTER_PASSWORD', 'MIGRATOR_PASSWORD', 'APP_USER_PASSWORD'] as const)(
		'is another when %s changes',
		async name => {
			const {context} = serverWith(empty, {tables: null});
			await drain(database(context));
			expect(await accountsAreCurrent(context, {...context.secrets, [name]: 'another'})).toBe(false);
		},
	);

	it('is another for another database, whose rights were not given', async () => {
		const {context} = serverWith(empty, {tables: null});
		await drain(database(context));
		const answers = offlineAnswers({database: {name: 'nrm'}});
		expect(await accountsAreCurrent({...context, answers}, context.secrets)).toBe(false);
	});

	it('is not kept when the server refused the accounts', async () => {
		const {context} = serverWith(empty, {tables: null});
		context.host.on(/CREATE USER/, {exitCode: 1, stderr: 'ERROR 1819 (HY000): Your password does not satisfy\n'});
		await drainToError(database(context));
		expect(context.host.files.has(path)).toBe(false);
	});
});

describe('a dump', () => {
	it('is loaded whole, counted, and recorded', async () => {
		const answers = await loading();
		const {context, done, at, ran, fed} = serverWith(answers, {tables: null});
		context.dump = await inspectDump(answers.database.dump!);
		const {result, yielded} = await drain(database(context));
		expect(result).toEqual({
			changed: true,
			summary: `${rowsOfDump} rows of ${basename(answers.database.dump!)} loaded.`,
		});
		// The first line is the password; what follows is the dump without statements about databases.
		expect(fed()!.startsWith(`${knownSecrets.MASTER_PASSWORD}\n`)).toBe(true);
		expect(fed()).toContain('INSERT INTO `collection`');
		expect(yielded.at(-1)).toMatchObject({type: 'check', name: 'rows', ok: true});
		expect(yielded.filter(event => event.type === 'progress')[0]).toMatchObject({unit: 'bytes', current: 0});
		const order = [/^CREATE DATABASE IF NOT EXISTS `specify`$/, begunDump, granted, load, revoked, finished].map(at);
		expect(order).not.toContain(-1);
		expect(order).toEqual(order.toSorted((first, second) => first - second));
		expect(ran(drop)).toBe(false);
		expect(ran(anyStop)).toBe(false);
		expect(done().filter(statement => granted.test(statement))).toHaveLength(1);
	});

	it('is loaded while neither Specify nor its worker runs', async () => {
		const {context, at} = serverWith(await loading(), {tables: null});
		context.engine.service('specify7');
		context.engine.service('worker');
		await drain(database(context));
		expect(at(stopped)).toBeGreaterThan(-1);
		expect(at(stopped)).toBeLessThan(at(begunDump));
		expect(at(begunDump)).toBeLessThan(at(load));
	});

	it('is not loaded while Specify cannot be stopped', async () => {
		const {context, ran} = serverWith(await loading(), {tables: 12, start: {kind: 'dump', finished: false}});
		context.engine.service('specify7', {startedAt: before});
		context.host.on(anyStop, {exitCode: 1, stderr: 'Error response from daemon: cannot stop container\n'});
		await drainToError(database(context));
		expect(ran(drop)).toBe(false);
		expect(ran(load)).toBe(false);
	});

	it('is loaded while the worker does not run, though the web server has no container any more', async () => {
		const {context, ran} = serverWith(await loading(), {tables: null});
		context.engine.service('worker');
		await drain(database(context));
		expect(ran(/ stop .*worker/)).toBe(true);
	});

	it('takes the place of a database without tables', async () => {
		const {context, at} = serverWith(await loading(), {tables: 0});
		await drain(database(context));
		expect(at(dropped)).toBeGreaterThan(-1);
		expect(at(dropped)).toBeLessThan(at(load));
	});

	it('takes the place of an empty start that made no user yet', async () => {
		const {context, at} = serverWith(await loading(), {
			tables: 30,
			users: 0,
			migrator: true,
			start: {kind: 'empty', finished: false},
		});
		context.engine.service('specify7', {health: 'starting', startedAt: after});
		const {yielded} = await drain(database(context));
		expect(yielded[0]).toMatchObject({type: 'note', message: expect.stringContaining('held nothing yet')});
		const order = [stopped, dropped, begunDump, load].map(at);
		expect(order).not.toContain(-1);
		expect(order).toEqual(order.toSorted((first, second) => first - second));
	});

	it.each<[what: string, migrator: boolean, startedAt: string | null]>([
		['before Specify was ever started', false, null],
		['and Specify has not been started since', true, before],
	])('whose load was interrupted %s is loaded afresh', async (_, migrator, startedAt) => {
		const {context, at, ran, fed} = serverWith(await loading(), {
			tables: 12,
			users: 3,
			migrator,
			start: {kind: 'dump', finished: false},
		});
		if (startedAt) context.engine.service('specify7', {state: 'exited', startedAt});
		const {yielded} = await drain(database(context));
		expect(at(dropped)).toBeGreaterThan(-1);
		expect(at(dropped)).toBeLessThan(at(load));
		expect(ran(/^RENAME/)).toBe(false);
		expect(fed()).toBeDefined();
		expect(yielded[0]).toMatchObject({type: 'note', message: expect.stringContaining('interrupted')});
	});

	it('whose load was interrupted, nobody knows how long ago, is loaded afresh and the rest is set aside', async () => {
		const {context, done, at, ran} = serverWith(await loading(), {
			tables: 3,
			users: 3,
			migrator: true,
			start: {kind: 'dump', finished: false},
		});
		const {yielded} = await drain(database(context));
		const aside = /^CREATE DATABASE `(specify_aside_\d{14})`$/.exec(
			done().find(s => /^CREATE DATABASE `/.test(s))!,
		)![1];
		const moves = ['agent', 'collection', 'determiner$2'].map(
			name => `\`specify\`.\`${name}\` TO \`${aside}\`.\`${name}\``,
		);
		expect(done()).toContain(`RENAME TABLE ${moves.join(', ')}`);
		// What is dropped then is the shell, after the tables left it.
		expect(done().filter(statement => drop.test(statement))).toEqual(['DROP DATABASE `specify`']);
		const order = [/^CREATE DATABASE `specify_aside/, /^RENAME TABLE/, drop, begunDump, load].map(at);
		expect(order).toEqual(order.toSorted((first, second) => first - second));
		expect(ran(finished)).toBe(true);
		expect(yielded.slice(0, 2)).toMatchObject([
			{type: 'note', message: expect.stringContaining('set aside')},
			{type: 'note', level: 'warning', message: `It is kept as the database ${aside}.`},
		]);
	});

	it('is not loaded when the tables could not be set aside', async () => {
		const {context, ran} = serverWith(await loading(), {
			tables: 3,
			migrator: true,
			start: {kind: 'dump', finished: false},
		});
		context.host.on(/RENAME TABLE/, {exitCode: 1, stderr: 'ERROR 1435 (HY000) at line 1: Trigger in wrong schema\n'});
		const {error} = await drainToError(database(context));
		expect(error.message).toContain('1435');
		// One call: the client ends at the statement that fails, before the one that drops.
		const command = context.host.commands[context.host.inputs.findIndex(input => input.includes('RENAME TABLE'))];
		expect(command).not.toContain('--force');
		expect(ran(load)).toBe(false);
		expect(ran(begunDump)).toBe(false);
	});

	it('of which rows are missing afterwards fails and stays unfinished', async () => {
		const {context, ran} = serverWith(await loading(), {tables: null, rows: {collection: 0}});
		const {error} = await drainToError(database(context));
		expect(error.message).toBe('1 tables do not hold the rows the dump has: collection.');
		expect(ran(finished)).toBe(false);
		expect(ran(revoked)).toBe(true);
	});

	it('that brings other rows than when it was looked at fails and stays unfinished', async () => {
		const answers = await loading();
		const {context, ran} = serverWith(answers, {tables: null});
		const looked = await inspectDump(answers.database.dump!);
		context.dump = {...looked, rows: looked.rows + 1};
		const {error} = await drainToError(database(context));
		expect(error.message).toContain(`${rowsOfDump} rows came, ${rowsOfDump + 1} were expected`);
		expect(ran(finished)).toBe(false);
		expect(ran(revoked)).toBe(true);
	});

	it.each([
		['in the middle of a statement', wholeDump.slice(0, wholeDump.lastIndexOf('INSERT INTO') + 40)],
		['after a statement, its settings not given back', `${mariadbHeader}${specifyTables()}`],
		['after a statement, which proves nothing', specifyTables()],
	])('that ends %s fails and stays unfinished', async (_, text) => {
		const {context, ran} = serverWith(await loading(text), {tables: null});
		const {error} = await drainToError(database(context));
		expect(error.message).toMatch(/is not what it was when it was looked at/);
		expect(ran(finished)).toBe(false);
		expect(ran(revoked)).toBe(true);
	});

	it.each([
		['ERROR 1064 (42000) at line 12: You have an error in your SQL syntax', /Make the dump again/],
		['ERROR 1114 (HY000) at line 7: The table is full', /Free \d.* starts afresh/],
		[
			'ERROR 1021 (HY000): Disk full (/tmp/x.MAI); waiting for someone to free some space...',
			/Free \d.* starts afresh/,
		],
		['ERROR 3 (HY000) at line 3: Error writing file \'/tmp/ML\' (Errcode: 28 "No space left on device")', /Free \d/],
		['ERROR 2013 (HY000) at line 7: Lost connection to server during query', /logs db.*starts afresh/],
		['ERROR 2026 (HY000) at line 9: TLS/SSL error: unexpected eof while reading', /logs db.*starts afresh/],
	])('refused with "%s" fails with it, and what was granted for it is taken back', async (words, hint) => {
		const {context, at, ran} = serverWith(await loading(), {tables: null});
		context.host.on('--binary-mode', {exitCode: 1, stderr: `warning\n${words}\n`});
		const {error} = await drainToError(database(context));
		expect([error.message, ...(error as SetupError).details].join('\n')).toContain(words);
		expect((error as SetupError).hint).toMatch(hint);
		expect(at(revoked)).toBeGreaterThan(at(load));
		expect(ran(finished)).toBe(false);
	});

	it('during which the server stops fails with that, though nothing can be taken back any more', async () => {
		const {context} = serverWith(await loading(), {tables: null});
		context.host
			.on('--binary-mode', {exitCode: 1, stderr: 'ERROR 2013 (HY000) at line 7: Lost connection to server\n'})
			.on(/REVOKE/, {exitCode: 1, stderr: 'service "db" is not running\n'});
		const {error} = await drainToError(database(context));
		expect(error.message).toMatch(/server stopped while .* was loaded/);
		expect((error as SetupError).details.join()).toContain('2013');
	});

	it('that turns out damaged while it is read fails the load', async () => {
		const packed = gzipSync(wholeDump.repeat(200), {level: 0});
		const {context, ran} = serverWith(await loading(packed.subarray(0, packed.length / 2)), {tables: null});
		const {error} = await drainToError(database(context));
		expect(error.message).toMatch(/is cut/);
		expect(ran(finished)).toBe(false);
		expect(ran(revoked)).toBe(true);
	});

	describe('during which the server waits', () => {
		const minute = 60_000;
		/** A server that takes nothing more; a minute passes with every look. */
		const waiting = async (free: string) => {
			const server = serverWith(await loading(), {tables: null});
			const {host} = server.context;
			let passed = 0;
			const now = Date.now.bind(Date);
			vi.spyOn(Date, 'now').mockImplementation(() => now() + passed);
			let looks = 0;
			host.on(' df -Pk ', () => {
				looks += 1;
				// There is room when it begins.
				const available = looks === 1 ? '90000000' : free;
				return {stdout: `Filesystem 1024-blocks Used Available\nnone 1000 1000 ${available} 100% /\n`};
			});
			host.feed = (_, input, {signal} = {}) => {
				input.resume();
				const ageing = setInterval(() => (passed += minute), 200);
				return new Promise((_resolve, reject) =>
					signal!.addEventListener('abort', () => {
						clearInterval(ageing);
						reject(new Cancelled());
					}),
				);
			};
			return {...server, looks: () => looks};
		};
		afterEach(() => {
			vi.restoreAllMocks();
		});

		it('for room on a full disk is told with what is missing', async () => {
			const {context, ran} = await waiting('20');
			const {error} = await drainToError(database(context));
			expect(error.message).toMatch(/^There is not enough space for the loaded dump: 20\.5 kB are free/);
			expect((error as SetupError).hint).toMatch(/^Free .* starts afresh/);
			expect(ran(finished)).toBe(false);
			expect(ran(revoked)).toBe(true);
		});

		it('while there is room is let be', async () => {
			const {context, looks} = await waiting('90000000');
			setTimeout(() => context.controller.abort(), 3000);
			const {error} = await drainToError(database(context));
			expect(error).toBeInstanceOf(Cancelled);
			expect(looks()).toBeGreaterThan(2);
		});
	});

	it('that is gone fails the load', async () => {
		const path = fresh('gone.sql');
		const {context, ran} = serverWith(offlineAnswers({database: {start: 'dump', dump: path}}), {tables: null});
		const {error} = await drainToError(database(context));
		expect(error.message).toContain(path);
		expect(ran(finished)).toBe(false);
		expect(ran(revoked)).toBe(true);
	});

	it('whose load is stopped by hand leaves no rights behind', async () => {
		const {context, ran} = serverWith(await loading(), {tables: null});
		context.host.on('--binary-mode', () => {
			context.controller.abort();
			return {exitCode: 130};
		});
		await drainToError(database(context));
		expect(ran(revoked)).toBe(true);
		expect(ran(finished)).toBe(false);
	});
});

it('a root password that the database does not have is told as such', async () => {
	const {context} = serverWith(empty, {tables: null});
	context.host.on(/CREATE USER/, {
		exitCode: 1,
		stderr: "ERROR 1045 (28000): Access denied for user 'root'@'localhost'\n",
	});
	const {error} = await drainToError(database(context));
	expect(error.message).toContain('1045');
	expect((error as SetupError).hint).toContain('.specify-setup/environment');
});
