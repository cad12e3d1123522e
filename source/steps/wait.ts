import {setTimeout as sleep} from 'node:timers/promises';
import {Cancelled} from '../errors.js';

/** Pauses, and throws `Cancelled` when the signal fires meanwhile. */
export const pause = async (ms: number, signal: AbortSignal) => {
	try {
		await sleep(ms, undefined, {signal});
	} catch {
		throw new Cancelled();
	}
};

/**
 * Ticks while something goes on, so that its progress can be told, and returns what it resolves to.
 * The signal is the work's own matter: it ends the work, and this with it.
 */
export async function* ticksDuring<T>(work: Promise<T>, intervalMs: number): AsyncGenerator<void, T> {
	const settled = work.then(
		() => true,
		() => true,
	);
	while (!(await Promise.race([settled, sleep(intervalMs, false, {ref: true})]))) yield;
	return work;
}
