import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {decideStart, type StartDecision} from '../../source/model/database-start.js';
import type {ObservedDatabase} from '../../source/model/observation.js';

type Given = Parameters<typeof decideStart>[0];

const begunAt = Date.parse('2026-08-01T09:00:00Z');
const earlier = begunAt - 60_000;
const later = begunAt + 60_000;
/** What the engine says of a container that was made and never started. */
const neverStarted = Date.parse('0001-01-01T00:00:00Z');

const empty: Given = {name: 'specify', start: 'empty', dump: null, attachments: null};
const dump: Given = {name: 'specify', start: 'dump', dump: '/srv/nrm.sql', attachments: null};

const record = (over: Partial<NonNullable<ObservedDatabase['start']>>): ObservedDatabase['start'] => ({
	kind: 'empty',
	source: null,
	begunAt,
	finished: false,
	...over,
});
const begunEmpty = record({});
const usedEmpty = record({finished: true});
const loadBegun = record({kind: 'dump', source: dump.dump});
const loaded = record({kind: 'dump', source: dump.dump, finished: true});

const seen = (over: Partial<ObservedDatabase> = {}): ObservedDatabase => ({
	tables: 220,
	start: null,
	others: [],
	migrator: false,
	users: 0,
	...over,
});

const kept: StartDecision = {kind: 'keep', finish: false, warning: null};
const made: StartDecision = {kind: 'make', clear: 'nothing', note: null};
const dropped = (words: string) => ({kind: 'make', clear: 'drop', note: expect.stringContaining(words)});

type Case = [what: string, given: Given, found: ObservedDatabase, specifyStartedAt: number | null, decision: unknown];

describe('where there are no tables', () => {
	it.each<Case>([
		['no database is made by Specify', empty, seen({tables: null}), null, made],
		['no database is loaded', dump, seen({tables: null}), null, made],
		['a record without its database begins anew', empty, seen({tables: null, start: usedEmpty}), later, made],
		['an empty database goes', empty, seen({tables: 0}), null, dropped('had no tables')],
		['an empty database goes before a load', dump, seen({tables: 0}), null, dropped('had no tables')],
		[
			'but another database holds the data, the name is refused',
			empty,
			seen({tables: null, others: ['nrm', 'older']}),
			null,
			{
				kind: 'refuse',
				message: 'the data of this installation are in the database nrm, not in specify',
				hint: expect.stringContaining('--set database.name=nrm'),
			},
		],
		[
			'and the database is there, but another holds the data, the name is refused too',
			dump,
			seen({tables: 0, others: ['nrm']}),
			null,
			{kind: 'refuse', message: expect.stringContaining('nrm'), hint: expect.stringContaining('nrm')},
		],
	])('%s', (_, given, found, specifyStartedAt, decision) => {
		expect(decideStart(given, found, specifyStartedAt)).toEqual(decision);
	});
});

describe('what is in use', () => {
	it.each<Case>([
		['and not recorded is kept', empty, seen({users: 3}), null, kept],
		['and not recorded is kept from a dump', dump, seen({users: 0}), later, kept],
		['and was begun empty is kept', empty, seen({start: usedEmpty}), later, kept],
		['and was loaded is kept', dump, seen({start: loaded}), later, kept],
		['is kept though another database is in use as well', dump, seen({start: loaded, others: ['nrm']}), later, kept],
		['and was loaded is kept when no dump is asked for any more', empty, seen({start: loaded}), later, kept],
		[
			'and was loaded is not loaded over from another dump',
			{...dump, dump: '/srv/newer.sql'},
			seen({start: loaded}),
			null,
			{
				kind: 'refuse',
				message: 'the database specify was loaded from /srv/nrm.sql already',
				hint: expect.stringContaining('set database.dump back to /srv/nrm.sql'),
			},
		],
		[
			'and was begun empty is not loaded over',
			dump,
			seen({start: usedEmpty}),
			null,
			{
				kind: 'refuse',
				message: 'the database specify was begun empty and is in use',
				hint: expect.stringContaining('database.start back to empty and database.dump to null'),
			},
		],
	])('%s', (_, given, found, specifyStartedAt, decision) => {
		expect(decideStart(given, found, specifyStartedAt)).toEqual(decision);
	});
});

describe('an empty start under way', () => {
	it.each<Case>([
		['goes on', empty, seen({start: begunEmpty}), later, made],
		[
			'that made users came up: it is recorded so',
			empty,
			seen({start: begunEmpty, users: 1}),
			later,
			{...kept, finish: true},
		],
		['that made users is kept from a dump', dump, seen({start: begunEmpty, users: 1}), null, {...kept, finish: true}],
		['whose users cannot be counted is kept', empty, seen({start: begunEmpty, users: null}), later, kept],
		['whose users cannot be counted is kept from a dump', dump, seen({start: begunEmpty, users: null}), later, kept],
		['without users gives way to a dump', dump, seen({start: begunEmpty}), later, dropped('held nothing yet')],
	])('%s', (_, given, found, specifyStartedAt, decision) => {
		expect(decideStart(given, found, specifyStartedAt)).toEqual(decision);
	});
});

describe('a load that was interrupted', () => {
	const interrupted = (over: Partial<ObservedDatabase> = {}) => seen({start: loadBegun, tables: 12, ...over});
	const aside = {kind: 'make', clear: 'aside', note: expect.stringContaining('set aside')};
	const keptWithWarning = {
		kind: 'keep',
		finish: true,
		warning: expect.stringMatching(/load of \/srv\/nrm\.sql.*Specify has been started/),
	};
	it.each<Case>([
		['before Specify ever was there begins afresh', dump, interrupted(), null, dropped('begins afresh')],
		['begins afresh though users came with the dump', dump, interrupted({users: 3}), null, dropped('begins afresh')],
		['and gave way to an empty start is removed', empty, interrupted(), null, dropped('begins afresh')],
		[
			'begins afresh where Specify has not been started since',
			dump,
			interrupted({migrator: true}),
			earlier,
			dropped('begins afresh'),
		],
		['is kept once Specify has been started on it', dump, interrupted({migrator: true}), later, keptWithWarning],
		['is kept once Specify has been started, whatever it made', dump, interrupted(), later, keptWithWarning],
		['is kept from an empty start too', empty, interrupted(), later, keptWithWarning],
		['is set aside where nobody knows when Specify started', dump, interrupted({migrator: true}), null, aside],
		['is set aside for an empty start as well', empty, interrupted({migrator: true}), null, aside],
		[
			'is set aside where the container that may have worked on it was replaced by one that never started',
			dump,
			interrupted({migrator: true}),
			neverStarted,
			aside,
		],
		[
			'begins afresh where Specify has a container that never started and made nothing',
			dump,
			interrupted(),
			neverStarted,
			dropped('begins afresh'),
		],
	])('%s', (_, given, found, specifyStartedAt, decision) => {
		expect(decideStart(given, found, specifyStartedAt)).toEqual(decision);
	});
});

describe('whatever is found', () => {
	const given = fc.constantFrom(empty, dump, {...dump, dump: '/srv/newer.sql'});
	const startedAt = fc.constantFrom(null, neverStarted, earlier, begunAt, later);
	const anyRecord = fc.constantFrom(null, begunEmpty, usedEmpty, loadBegun, loaded);
	/** Users are counted in a table, so there are tables where there are users. */
	const found = fc
		.record<ObservedDatabase>({
			tables: fc.option(fc.nat({max: 300})),
			start: anyRecord,
			others: fc.array(fc.constantFrom('nrm', 'older'), {maxLength: 2}),
			migrator: fc.boolean(),
			users: fc.option(fc.nat({max: 5})),
		})
		.map(database => ((database.tables ?? 0) > 0 ? database : {...database, users: 0}));
	const clears = (decision: StartDecision) => decision.kind === 'make' && decision.clear !== 'nothing';

	it('no table is cleared that is recorded as in use, or not recorded at all', () => {
		fc.assert(
			fc.property(given, found, startedAt, (answers, database, started) => {
				fc.pre((database.tables ?? 0) > 0 && (database.start === null || database.start.finished));
				expect(clears(decideStart(answers, database, started))).toBe(false);
			}),
			{numRuns: 500},
		);
	});

	it('no users are cleared but those that an interrupted load brought', () => {
		fc.assert(
			fc.property(given, found, startedAt, (answers, database, started) => {
				fc.pre(database.users !== 0 && database.start !== loadBegun);
				expect(clears(decideStart(answers, database, started))).toBe(false);
			}),
			{numRuns: 500},
		);
	});

	it('nothing is cleared of an interrupted load on which Specify has been started since', () => {
		fc.assert(
			fc.property(given, found, (answers, database) => {
				fc.pre((database.tables ?? 0) > 0);
				expect(clears(decideStart(answers, {...database, start: loadBegun}, later))).toBe(false);
			}),
		);
	});

	it('no tables are dropped of an interrupted load that Specify may have worked on', () => {
		fc.assert(
			fc.property(given, found, fc.constantFrom(null, neverStarted), (answers, database, started) => {
				fc.pre((database.tables ?? 0) > 0);
				const decision = decideStart(answers, {...database, start: loadBegun, migrator: true}, started);
				expect(decision).toMatchObject({kind: 'make', clear: 'aside'});
			}),
		);
	});

	it('a database is only set aside or dropped with words that say so', () => {
		fc.assert(
			fc.property(given, found, startedAt, (answers, database, started) => {
				const decision = decideStart(answers, database, started);
				if (decision.kind === 'make') expect(decision.note !== null).toBe(decision.clear !== 'nothing');
			}),
		);
	});
});
