import {until} from './until.js';

/** Promises settled by hand, in the order they were asked for; settling waits until one is. */
export const byHand = <T>() => {
	const waiting: ((value: T) => void)[] = [];
	return {
		promise: () => new Promise<T>(resolve => waiting.push(resolve)),
		settle: async (value: T) => (await until(() => waiting.shift()))(value),
	};
};
