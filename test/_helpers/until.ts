import {setTimeout as sleep} from 'node:timers/promises';

/** Waits until something holds; fails with the last error, or saying that it never did. */
export const until = async <T>(look: () => T | Promise<T>, {timeoutMs = 5000} = {}): Promise<NonNullable<T>> => {
	for (const deadline = Date.now() + timeoutMs; ; await sleep(10)) {
		const seen = await look();
		if (seen) return seen;
		if (Date.now() > deadline) throw new Error(`never happened: ${look}`);
	}
};
