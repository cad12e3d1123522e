import {describe, expect, it} from 'vitest';
import {gateFor, hasUsers} from '../../source/model/gate.js';
import {databaseSeen} from '../_helpers/observation.js';

describe('the gate', () => {
	it.each<[users: number | null, gate: 'open' | 'closed' | null]>([
		[0, 'closed'],
		[1, 'open'],
		[200, 'open'],
		// Not known: neither are visitors shut out of a collection in use, nor is an empty one left open.
		[null, null],
	])('with %s users of Specify is %s', (users, gate) => {
		expect(gateFor(databaseSeen({users}))).toBe(gate);
	});

	it('stays as it is while the database cannot be asked', () => {
		expect(gateFor(null)).toBeNull();
	});

	it('does not count the users of a dump that is not loaded whole', () => {
		const start = {kind: 'dump' as const, source: '/dump.sql', begunAt: 1, finished: false};
		expect(gateFor({users: 5, start})).toBeNull();
		expect(gateFor({users: 0, start})).toBe('closed');
		expect(gateFor({users: 5, start: {...start, finished: true}})).toBe('open');
	});
});

it('tells of users, by the database, else by what the gate was opened for', () => {
	const proxy = (gate: 'open' | 'closed') => ({gate, certificates: 'final', loaded: true}) as const;
	expect(hasUsers({database: databaseSeen({users: 2}), proxy: proxy('closed')})).toBe(true);
	expect(hasUsers({database: databaseSeen({users: 0}), proxy: proxy('open')})).toBe(false);
	expect(hasUsers({database: null, proxy: proxy('open')})).toBe(true);
	expect(hasUsers({database: null, proxy: proxy('closed')})).toBe(false);
});
