import {useState} from 'react';
import type {Press} from './use-keys.js';

/**
 * A window of `height` rows on `count` rows, moved by arrows, page keys, Home and End.
 * @param gone rows that are gone from the beginning of a growing list, so that what is looked at stays in place
 * @param follow begins at the end and stays there while rows are added
 */
export const useScroll = (count: number, height: number, {gone = 0, follow = false} = {}) => {
	// The first row shown, counted from the beginning of everything; null for the end.
	const [top, setTop] = useState<number | null>(follow ? null : 0);
	const last = Math.max(0, count - height);
	const fromOf = (place: number | null) => (place === null ? last : Math.min(last, Math.max(0, place - gone)));
	const from = fromOf(top);
	/** Keys may come faster than pictures: each goes on from where the one before it led. */
	const go = (to: (from: number) => number) =>
		setTop(place => {
			const next = Math.min(last, Math.max(0, to(fromOf(place))));
			return follow && next >= last ? null : gone + next;
		});
	return {
		from,
		to: Math.min(count, from + height),
		/** Rows after the last one shown. */
		below: Math.max(0, count - from - height),
		/** Whether the end is shown and followed. */
		following: top === null,
		/** Moves when it is such a key; tells whether it was. */
		press: ({name}: Press): boolean => {
			const page = Math.max(1, height - 1);
			const moves: Partial<Record<Press['name'], (from: number) => number>> = {
				up: row => row - 1,
				down: row => row + 1,
				'page-up': row => row - page,
				'page-down': row => row + page,
				home: () => 0,
				end: () => last,
			};
			const move = moves[name];
			if (!move) return false;
			go(move);
			return true;
		},
	};
};
