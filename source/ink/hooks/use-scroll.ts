import {useState} from 'react';
import type {Press} from './use-keys.js';

/**
 * A window of `height` rows on `count` rows, moved by arrows, page keys, Home and End.
 * @param forgotten rows that are gone from the beginning of a growing list, so that what is looked at stays in place
 * @param follow begins at the end and stays there while rows are added
 */
export const useScroll = (count: number, height: number, {forgotten = 0, follow = false} = {}) => {
	// The first row shown, counted from the beginning of everything; null for the end.
	const [top, setTop] = useState<number | null>(follow ? null : 0);
	const last = Math.max(0, count - height);
	const from = top === null ? last : Math.min(last, Math.max(0, top - forgotten));
	const go = (to: number) => setTop(follow && to >= last ? null : forgotten + Math.min(last, Math.max(0, to)));
	return {
		from,
		to: Math.min(count, from + height),
		/** Whether the end is shown and followed. */
		following: top === null,
		/** Moves when it is such a key; tells whether it was. */
		press: ({name}: Press): boolean => {
			const page = Math.max(1, height - 1);
			const moves: Partial<Record<Press['name'], number>> = {
				up: from - 1,
				down: from + 1,
				'page-up': from - page,
				'page-down': from + page,
				home: 0,
				end: last,
			};
			const to = moves[name];
			if (to === undefined) return false;
			go(to);
			return true;
		},
		reset: () => setTop(follow ? null : 0),
	};
};
