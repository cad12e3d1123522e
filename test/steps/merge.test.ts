import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {merge} from '../../source/steps/merge.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {until} from '../_helpers/until.js';

/** Yields its values, each after its pause; remembers how it went. */
const source = (name: string, steps: [pauseMs: number, value: string | Error][]) => {
	const seen = {begun: false, ended: false};
	const generator = (async function* () {
		seen.begun = true;
		try {
			for (const [pauseMs, value] of steps) {
				await sleep(pauseMs);
				if (value instanceof Error) throw value;
				yield `${name}${value}`;
			}
		} finally {
			seen.ended = true;
		}
	})();
	return {generator, seen};
};

const all = (...sources: ReturnType<typeof source>[]) => sources.map(({generator}) => generator);

describe('merging', () => {
	it('yields everything as it comes, each in its own order', async () => {
		const a = source('a', [
			[10, '1'],
			[60, '2'],
		]);
		const b = source('b', [
			[30, '1'],
			[80, '2'],
		]);
		expect((await drain(merge(all(a, b)))).yielded).toEqual(['a1', 'b1', 'a2', 'b2']);
	});

	it('of nothing is nothing', async () => {
		expect((await drain(merge([]))).yielded).toEqual([]);
	});

	it('runs no more at once than the limit', async () => {
		let running = 0;
		let most = 0;
		const work = async function* () {
			running += 1;
			most = Math.max(most, running);
			await sleep(5);
			yield 'x';
			await sleep(5);
			running -= 1;
		};
		const {yielded} = await drain(merge([work(), work(), work(), work(), work()], {limit: 2}));
		expect(yielded).toHaveLength(5);
		expect(most).toBe(2);
	});

	it('does not let a busy one keep a quiet one waiting', async () => {
		const busy = async function* () {
			for (let count = 0; count < 200; count += 1) yield 'busy';
		};
		const quiet = async function* () {
			yield 'quiet';
		};
		let before = 0;
		for await (const value of merge([busy(), quiet()])) {
			if (value === 'quiet') break;
			before += 1;
			// A reader that takes its time, so that both have something ready.
			await new Promise(resolve => setImmediate(resolve));
		}
		expect(before).toBeLessThan(100);
	});

	it('ends with the first error; the others are closed and the waiting ones never begin', async () => {
		const a = source('a', [
			[5, '1'],
			[20, new Error('broken')],
		]);
		const b = source('b', [
			[5, '1'],
			[40, '2'],
			[10_000, '3'],
		]);
		const c = source('c', [[0, '1']]);
		const {yielded, error} = await drainToError(merge(all(a, b, c), {limit: 2}));
		expect(error.message).toBe('broken');
		expect(yielded.sort()).toEqual(['a1', 'b1']);
		expect(c.seen.begun).toBe(false);
		await until(() => b.seen.ended);
	});

	it('closes all when nobody reads on', async () => {
		const a = source('a', [
			[0, '1'],
			[20, '2'],
		]);
		const b = source('b', [
			[5, '1'],
			[20, '2'],
		]);
		for await (const _ of merge(all(a, b))) break;
		await until(() => a.seen.ended && b.seen.ended);
	});

	it('with an error after an error stays quiet about the second', async () => {
		const a = source('a', [[5, new Error('first')]]);
		const b = source('b', [[20, new Error('second')]]);
		expect((await drainToError(merge(all(a, b)))).error.message).toBe('first');
		await until(() => b.seen.ended);
	});
});
