import {Cancelled, messageOf} from '../errors.js';
import type {StepEvent} from '../model/events.js';
import {attemptsInAll, delayMs, reasonOf, retryOf} from '../model/retry.js';
import {pause} from './wait.js';

/**
 * Does something until it succeeds, with longer and longer pauses that are told; an attempt that came further begins the
 * count anew. A stop ends a pause at once.
 * @param item what the pauses are told of: an image, a registry, the engine
 * @throws what the last attempt threw, or what trying again would not mend
 */
export async function* retrying<T>(
	work: () => AsyncGenerator<StepEvent, T> | Promise<T>,
	{
		item,
		signal,
		attempts = attemptsInAll,
		hasMoved = () => false,
	}: {item: string; signal: AbortSignal; attempts?: number; hasMoved?(): boolean},
): AsyncGenerator<StepEvent, T> {
	for (let attempt = 2; ; attempt += 1) {
		try {
			const begun = work();
			return Symbol.asyncIterator in begun ? yield* begun : await begun;
		} catch (error) {
			if (signal.aborted) throw new Cancelled();
			const message = messageOf(error);
			if (hasMoved()) attempt = 2;
			if (retryOf(message) === 'final' || attempt > attempts) throw error;
			const waitMs = delayMs(attempt, message);
			yield {
				type: 'retry',
				item,
				reason: reasonOf(message) ?? 'no answer',
				attempt,
				of: attempts,
				until: Date.now() + waitMs,
			};
			await pause(waitMs, signal);
		}
	}
}
