import {useStdout} from 'ink';
import {useEffect, useState} from 'react';

/** `settling`: the window is being dragged; nothing is drawn until it rests, and then every row anew. */
export type Size = {columns: number; rows: number; settling: boolean};

const smallest = {columns: 20, rows: 8};
// Longer than a frame lasts, so that the empty one is really drawn.
const settleMs = 180;
const wipe = '\u001b[H\u001b[J';

/** The terminal's size, followed while it changes. */
export const useSize = (): Size => {
	const {stdout} = useStdout();
	const read = (settling: boolean): Size => ({
		columns: Math.max(smallest.columns, stdout.columns || 80),
		rows: Math.max(smallest.rows, stdout.rows || 24),
		settling,
	});
	const [size, setSize] = useState(() => read(false));
	useEffect(() => {
		let timer: NodeJS.Timeout | undefined;
		const follow = () => {
			setSize(read(true));
			clearTimeout(timer);
			timer = setTimeout(() => {
				// What the terminal made of the old rows in its new width must be gone before the new ones come.
				stdout.write(wipe);
				setSize(read(false));
			}, settleMs);
		};
		stdout.on('resize', follow);
		return () => {
			clearTimeout(timer);
			stdout.off('resize', follow);
		};
	}, [stdout]);
	return size;
};
