import {useEffect, useState} from 'react';
import type {JournalEntry} from '../../model/events.js';
import {interrupted, noProgress, type Progress, progressOf} from '../../model/progress.js';

/** Eight pictures a second are smooth enough, and cheap on a slow line. */
const pictureIntervalMs = 120;
const sliceMs = 15;

/** Reads a run's entries as they come; however many there are, the value changes at most about eight times a second. */
export const useProgress = (entries: AsyncIterable<JournalEntry>): Progress => {
	const [progress, setProgress] = useState(noProgress);
	useEffect(() => {
		let current = noProgress;
		let left = false;
		let timer: NodeJS.Timeout | undefined;
		let shownAt = Number.NEGATIVE_INFINITY;
		const show = () => {
			timer = undefined;
			shownAt = performance.now();
			setProgress(current);
		};
		const take = (next: Progress) => {
			current = next;
			timer ??= setTimeout(show, Math.max(0, pictureIntervalMs - (performance.now() - shownAt)));
		};
		const read = async () => {
			let pausedAt = performance.now();
			for await (const entry of entries) {
				if (left) return;
				take(progressOf(current, entry));
				if (performance.now() - pausedAt < sliceMs) continue;
				// A long journal must not keep keys and pictures waiting.
				await new Promise(resolve => setImmediate(resolve));
				pausedAt = performance.now();
			}
			if (!left && !current.ending) take(interrupted(current));
		};
		read().catch(error => {
			if (!left) take(interrupted(current, error instanceof Error ? error.message : String(error)));
		});
		return () => {
			left = true;
			clearTimeout(timer);
		};
	}, [entries]);
	return progress;
};
