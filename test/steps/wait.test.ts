import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import {pause, ticksDuring} from '../../source/steps/wait.js';
import {drain, drainToError} from '../_helpers/generators.js';

describe('a pause', () => {
	it('ends at once, as cancelled, when the run is stopped', async () => {
		const controller = new AbortController();
		const pausing = pause(60_000, controller.signal);
		controller.abort();
		await expect(pausing).rejects.toBeInstanceOf(Cancelled);
		await expect(pause(60_000, controller.signal)).rejects.toBeInstanceOf(Cancelled);
	});

	it('ends by itself', async () => {
		await expect(pause(1, new AbortController().signal)).resolves.toBeUndefined();
	});
});

describe('ticks', () => {
	it('come while something goes on, and its result at the end', async () => {
		const {yielded, result} = await drain(ticksDuring(sleep(120, 'done'), 20));
		expect(result).toBe('done');
		expect(yielded.length).toBeGreaterThanOrEqual(2);
	});

	it('do not delay what is quickly done', async () => {
		const began = Date.now();
		expect((await drain(ticksDuring(Promise.resolve(7), 60_000))).result).toBe(7);
		expect(Date.now() - began).toBeLessThan(1000);
	});

	it('end with the error of what goes on', async () => {
		const failing = sleep(50).then(() => {
			throw new Error('broken');
		});
		expect((await drainToError(ticksDuring(failing, 10))).error.message).toBe('broken');
	});
});
