import {useStdout} from 'ink';
import {useCallback, useSyncExternalStore} from 'react';

/** `settling`: the window is being dragged; nothing is drawn until it rests, and then every row anew. */
export type Size = {columns: number; rows: number; settling: boolean};

const smallest = {columns: 20, rows: 8};
// Longer than two pictures last, so that the empty one is really drawn.
const settleMs = 220;
const wipe = '\u001b[H\u001b[J';

/** Follows the size of one terminal for everything that is drawn there, so that it is wiped once and not after a picture. */
const followSize = (stdout: NodeJS.WriteStream, write: (text: string) => void) => {
	const listeners = new Set<() => void>();
	const read = (settling: boolean): Size => ({
		columns: Math.max(smallest.columns, stdout.columns || 80),
		// The stream that Ink is given does not tell its rows.
		rows: Math.max(smallest.rows, stdout.rows || process.stdout.rows || 24),
		settling,
	});
	let size = read(false);
	let timer: NodeJS.Timeout | undefined;
	const become = (next: Size) => {
		size = next;
		for (const listener of [...listeners]) listener();
	};
	const follow = () => {
		become(read(true));
		clearTimeout(timer);
		timer = setTimeout(() => {
			// What the terminal made of the old rows in its new width must be gone before the new ones come.
			write(wipe);
			become(read(false));
			// Where the machine was too busy for the empty picture, rows were left out as if they still stood there.
			timer = setTimeout(() => write(wipe), settleMs);
		}, settleMs);
	};
	return {
		size: () => size,
		subscribe(listener: () => void) {
			if (listeners.size === 0) {
				size = read(false);
				stdout.on('resize', follow);
			}
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
				if (listeners.size > 0) return;
				clearTimeout(timer);
				stdout.off('resize', follow);
			};
		},
	};
};

const followed = new WeakMap<NodeJS.WriteStream, ReturnType<typeof followSize>>();

/** The terminal's size, followed while it changes. */
export const useSize = (): Size => {
	const {stdout, write} = useStdout();
	let following = followed.get(stdout);
	if (!following) {
		following = followSize(stdout, write);
		followed.set(stdout, following);
	}
	const {size, subscribe} = following;
	return useSyncExternalStore(useCallback(subscribe, [subscribe]), size);
};
