/** Runs a generator to its end: everything it yielded, and what it returned. */
export const drain = async <T, R>(generator: AsyncGenerator<T, R>): Promise<{yielded: T[]; result: R}> => {
	const yielded: T[] = [];
	for (;;) {
		const next = await generator.next();
		if (next.done) return {yielded, result: next.value};
		yielded.push(next.value);
	}
};

/** Runs a generator until it throws: everything it yielded, and the error; fails when it ends well. */
export const drainToError = async <T>(generator: AsyncGenerator<T, unknown>): Promise<{yielded: T[]; error: Error}> => {
	const yielded: T[] = [];
	try {
		for await (const value of generator) yielded.push(value);
	} catch (error) {
		return {yielded, error: error as Error};
	}
	throw new Error('expected an error, but it ended well');
};
