/** The newest run as its journal and the lock tell it; `at` is ISO 8601, `outcome` the journal's, "under way" or "interrupted". */
export type LastRun = {run: string; at: string; outcome: string; message: string | null};

/**
 * What people are told of a run whose process is gone.
 * @param again the command that continues it; null where its answers were not written yet, so that only the same one does
 */
export const interruption = (again: string | null) => ({
	message: 'The run ended without finishing.',
	hint: `Run ${again === null ? 'the same command' : `"${again}"`} again; it continues where this one stopped.`,
});

/** Whether a run stopped before its end, so that services may be stopped on purpose. */
export const isUnfinished = (last: LastRun | null): last is LastRun =>
	last !== null && last.outcome !== 'done' && last.outcome !== 'unchanged';
