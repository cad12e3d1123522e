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
