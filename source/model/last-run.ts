/** The newest run as its journal and the lock tell it; `at` is ISO 8601, `outcome` the journal's, "under way" or "interrupted". */
export type LastRun = {run: string; at: string; outcome: string; message: string | null};

/** Whether a run stopped before its end, so that services may be stopped on purpose. */
export const isUnfinished = (last: LastRun | null): last is LastRun =>
	last !== null && last.outcome !== 'done' && last.outcome !== 'unchanged';
