import {describe, expect, it} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import {retrying} from '../../source/steps/retry.js';
import {drainToError} from '../_helpers/generators.js';

describe('a pause before another attempt', () => {
	it('ends at once when the run is stopped', async () => {
		const controller = new AbortController();
		const refuse = () => Promise.reject(new Error('429 Too Many Requests, Retry-After: 60'));
		const work = retrying(refuse, {item: 'x', signal: controller.signal});
		expect((await work.next()).value).toMatchObject({type: 'retry', reason: 'too many requests', attempt: 2, of: 6});
		const began = performance.now();
		const next = work.next();
		controller.abort();
		await expect(next).rejects.toBeInstanceOf(Cancelled);
		expect(performance.now() - began).toBeLessThan(30_000);
	});

	it('is none for what nobody knows', async () => {
		const work = retrying(() => Promise.reject(new Error('never heard of')), {
			item: 'x',
			signal: new AbortController().signal,
		});
		const {error, yielded} = await drainToError(work);
		expect(error.message).toBe('never heard of');
		expect(yielded).toEqual([]);
	});
});
