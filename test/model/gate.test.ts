import {describe, expect, it} from 'vitest';
import {gateFor} from '../../source/model/gate.js';

describe('the gate', () => {
	it.each<[users: number | null, gate: 'open' | 'closed' | null]>([
		[0, 'closed'],
		[1, 'open'],
		[200, 'open'],
		// Not known: neither are visitors shut out of a collection in use, nor is an empty one left open.
		[null, null],
	])('with %s users of Specify is %s', (users, gate) => {
		expect(gateFor(users)).toBe(gate);
	});
});
