/** Yields what several generators yield, as it comes, at most `limit` of them running; rethrows the first error. */
export async function* merge<T>(
	generators: readonly AsyncGenerator<T>[],
	{limit = generators.length}: {limit?: number} = {},
): AsyncGenerator<T> {
	const waiting = [...generators];
	const running = new Map<AsyncGenerator<T>, Promise<{generator: AsyncGenerator<T>; result: IteratorResult<T>}>>();
	const advance = (generator: AsyncGenerator<T>) =>
		running.set(
			generator,
			generator.next().then(result => ({generator, result})),
		);
	try {
		while (running.size > 0 || waiting.length > 0) {
			while (running.size < limit && waiting.length > 0) advance(waiting.shift()!);
			const {generator, result} = await Promise.race(running.values());
			// Put last, so that a busy one does not keep the others waiting.
			running.delete(generator);
			if (!result.done) {
				advance(generator);
				yield result.value;
			}
		}
	} finally {
		for (const [generator, pending] of running) {
			pending.catch(() => {});
			void generator.return(undefined).catch(() => {});
		}
	}
}
