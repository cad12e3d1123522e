import {beforeAll, expect, test} from 'vitest';
import {faults, representative} from '../faults/faults.js';
import {Laboratory} from '../faults/laboratory.js';
import type {Result} from '../faults/trial.js';

// All of them: npm run test:faults -- --all
const results = new Map<string, Result>();

beforeAll(async () => {
	const laboratory = new Laboratory(1);
	const chosen = representative.map(name => faults.find(fault => fault.name === name)!);
	try {
		await laboratory.begin(chosen.map(({start}) => start));
		for await (const result of laboratory.tryAll(chosen, 2)) results.set(result.fault.name, result);
	} finally {
		laboratory.end();
	}
});

test.each(representative)('%s: the screen tells the truth, and the next run finishes the job', name => {
	const result = results.get(name)!;
	console.log(`${name}: ${result.when}; said ${result.said}; then ${result.next}`);
	expect(result.problems).toEqual([]);
});
