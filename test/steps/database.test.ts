import {writeFile} from 'node:fs/promises';
import {basename} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {SetupError} from '../../source/errors.js';
import type {Answers} from '../../source/model/answers.js';
import {database, observeDatabase} from '../../source/steps/database.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';
import {wholeDump} from '../database/dumps.js';

const {fresh} = temporaryFolder();

type Server = {
	tables: number | null;
	users?: number;
	start?: {kind: 'empty' | 'dump'; finished: boolean};
	/** Rows the server has after loading, by table; those of the dump when left out. */
	rows?: Record<string, number>;
};

const empty = offlineAnswers();
const loading = async () => {
	const path = fresh('nrm.sql');
	await writeFile(path, wholeDump);
	return offlineAnswers({database: {start: 'dump', dump: path}});
};

/** A context whose database server stands as told. */
const serverWith = (answers: Answers, {tables, users, start, rows = {}}: Server) => {
	const context = contextWith({answers});
	context.host
		.on(/SELECT '(\w+)', COUNT\(\*\) FROM `specify`/, ({input}) => ({
			stdout: [...input.matchAll(/SELECT '(\w+)', COUNT/g)]
				.map(([, table]) => `${table}\t${rows[table!] ?? countsOfDump[table!] ?? 0}\n`)
				.join(''),
		}))
		.on(/SELECT 'schema'/, {
			exitCode: 1,
			stdout: [
				`schema\t${tables === null ? 0 : 1}`,
				`tables\t${tables ?? 0}`,
				'master\t1',
				...(users === undefined ? [] : [`users\t${users}`]),
				...(start ? [`start\t${start.kind}\tNULL\t${start.finished ? 1 : 0}`] : []),
				'',
			].join('\n'),
		});
	const statements = () =>
		context.host.inputs
			.join('\n')
			.split(/;\s*/)
			.map(statement => statement.trim());
	return {
		context,
		ran: (pattern: RegExp) => statements().some(statement => pattern.test(statement)),
		fed: () => context.host.inputs.find((_, index) => context.host.commands[index]!.includes('--binary-mode')),
	};
};

/** Rows by table of the dump the tests share. */
const countsOfDump: Record<string, number> = {};
{
	const {DumpScanner} = await import('../../source/database/scan.js');
	const scanner = new DumpScanner();
	scanner.scan(Buffer.from(wholeDump));
	scanner.end();
	Object.assign(countsOfDump, scanner.tables);
}

const dropped = /^DROP DATABASE IF EXISTS `specify`$/;

describe('observing the database', () => {
	it('tells tables, users and our own record', async () => {
		const {context} = serverWith(empty, {tables: 220, users: 3, start: {kind: 'dump', finished: true}});
		expect(await observeDatabase(context)).toEqual({
			tables: 220,
			users: 3,
			masterUser: true,
			start: {kind: 'dump', source: null, finished: true},
		});
	});

	it('tells a database without tables from no database', async () => {
		expect((await observeDatabase(serverWith(empty, {tables: 0}).context)).tables).toBe(0);
		expect((await observeDatabase(serverWith(empty, {tables: null}).context)).tables).toBeNull();
	});

	it('of which the server does not answer fails, instead of finding no database', async () => {
		const {context} = serverWith(empty, {tables: null});
		context.host.on(/SELECT 'schema'/, {
			exitCode: 1,
			stderr: "ERROR 2002 (HY000): Can't connect to local server through socket\n",
		});
		await expect(observeDatabase(context)).rejects.toThrow(/2002/);
	});
});

describe('an empty start', () => {
	it('records that it began and leaves the database to Specify', async () => {
		const {context, ran} = serverWith(empty, {tables: null});
		const {result} = await drain(database(context));
		expect(result.changed).toBe(true);
		expect(ran(/^REPLACE INTO specify_setup\.starts VALUES \('specify', 'empty', NULL/)).toBe(true);
		expect(ran(/^CREATE DATABASE `specify`/)).toBe(false);
	});

	it('removes a database without tables, on which Specify could not start', async () => {
		const {context, ran} = serverWith(empty, {tables: 0});
		const {yielded} = await drain(database(context));
		expect(ran(dropped)).toBe(true);
		expect(yielded).toMatchObject([{type: 'note', message: expect.stringContaining('had no tables')}]);
	});

	it('under way goes on where it is', async () => {
		const {context, ran} = serverWith(empty, {tables: 30, users: 0, start: {kind: 'empty', finished: false}});
		await drain(database(context));
		expect(ran(dropped)).toBe(false);
		expect(ran(/^REPLACE INTO/)).toBe(false);
	});
});

describe('data', () => {
	it.each<[what: string, server: Server]>([
		['that are recorded as loaded', {tables: 220, users: 3, start: {kind: 'dump', finished: true}}],
		['that are recorded as begun empty', {tables: 220, users: 3, start: {kind: 'empty', finished: true}}],
		['of which nothing is recorded', {tables: 220, users: 3}],
		[
			'that people entered before the record was finished',
			{tables: 220, users: 1, start: {kind: 'empty', finished: false}},
		],
	])('%s are kept, whatever the answers say', async (_, server) => {
		for (const answers of [empty, await loading()]) {
			const {context, ran, fed} = serverWith(answers, server);
			const {result} = await drain(database(context));
			expect(result).toEqual({changed: false, summary: 'The database specify is kept as it is.'});
			expect(ran(dropped)).toBe(false);
			expect(fed()).toBeUndefined();
		}
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

describe('a dump', () => {
	it('is loaded whole, counted, and recorded', async () => {
		const answers = await loading();
		const {context, ran, fed} = serverWith(answers, {tables: null});
		const {result, yielded} = await drain(database(context));
		const rows = Object.values(countsOfDump).reduce((sum, count) => sum + count, 0);
		expect(result).toEqual({changed: true, summary: `${rows} rows of ${basename(answers.database.dump!)} loaded.`});
		expect(ran(/^CREATE DATABASE `specify`$/)).toBe(true);
		expect(ran(/^UPDATE specify_setup\.starts SET finished_at/)).toBe(true);
		// The first line is the password; what follows is the dump without statements about databases.
		expect(fed()!.startsWith(`${knownSecrets.MASTER_PASSWORD}\n`)).toBe(true);
		expect(fed()).toContain('INSERT INTO `collection`');
		expect(yielded.at(-1)).toMatchObject({type: 'check', name: 'rows', ok: true});
		expect(yielded.filter(event => event.type === 'progress')[0]).toMatchObject({unit: 'bytes', current: 0});
	});

	it('whose load was interrupted is loaded afresh', async () => {
		const {context, ran, fed} = serverWith(await loading(), {tables: 12, start: {kind: 'dump', finished: false}});
		const {yielded} = await drain(database(context));
		expect(ran(dropped)).toBe(true);
		expect(fed()).toBeDefined();
		expect(yielded[0]).toMatchObject({type: 'note', message: expect.stringContaining('interrupted')});
	});

	it('of which rows are missing afterwards fails and stays unfinished', async () => {
		const {context, ran} = serverWith(await loading(), {tables: null, rows: {collection: 0}});
		const {error} = await drainToError(database(context));
		expect(error.message).toBe('1 tables do not hold the rows the dump has: collection.');
		expect(ran(/^UPDATE specify_setup\.starts SET finished_at/)).toBe(false);
	});

	it.each([
		['ERROR 1064 (42000) at line 12: You have an error in your SQL syntax', /Make the dump again/],
		['ERROR 1114 (HY000) at line 7: The table is full', /disk is full/],
		['ERROR 2013 (HY000) at line 7: Lost connection to server during query', /stopped while loading/],
	])('refused with "%s" fails with it', async (words, hint) => {
		const {context} = serverWith(await loading(), {tables: null});
		context.host.on('--binary-mode', {exitCode: 1, stderr: `warning\n${words}\n`});
		const {error} = await drainToError(database(context));
		expect(error.message).toContain(words);
		expect((error as SetupError).hint).toMatch(hint);
	});

	it('that turns out damaged while it is read fails the load', async () => {
		const path = fresh('gone.sql');
		const {context, ran} = serverWith(offlineAnswers({database: {start: 'dump', dump: path}}), {tables: null});
		await drainToError(database(context));
		expect(ran(/^UPDATE specify_setup\.starts SET finished_at/)).toBe(false);
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
