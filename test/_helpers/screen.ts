import {stripVTControlCharacters} from 'node:util';
import {render} from 'ink-testing-library';
import type {ReactElement} from 'react';
import {until} from './until.js';

export const keys = {
	enter: '\r',
	escape: '\u001b',
	up: '\u001b[A',
	down: '\u001b[B',
	pageDown: '\u001b[6~',
	home: '\u001b[H',
	end: '\u001b[F',
	ctrlC: '\u0003',
	ctrlZ: '\u001a',
} as const;

/** Draws an element as in a terminal of a size, without one. */
export const draw = (element: ReactElement, {columns = 80, rows = 24} = {}) => {
	const {stdout, stdin, frames, unmount} = render(element);
	const resize = (size: {columns: number; rows: number}) => {
		Object.defineProperties(stdout, {
			columns: {value: size.columns, configurable: true},
			rows: {value: size.rows, configurable: true},
		});
		stdout.emit('resize');
	};
	resize({columns, rows});
	// Wiping, which goes before a picture or after it, is not one.
	const frame = () => stripVTControlCharacters(frames.findLast(written => written !== '\u001b[H\u001b[J') ?? '');
	return {
		/** The picture now, without colours. */
		frame,
		/** Every picture so far. */
		frames,
		resize,
		unmount,
		/** Waits for a text on the screen and returns the picture. */
		async shows(expected: string | RegExp, {timeoutMs = 4000} = {}): Promise<string> {
			const holds = () => (typeof expected === 'string' ? frame().includes(expected) : expected.test(frame()));
			await until(holds, {timeoutMs}).catch(() => {
				throw new Error(`${expected} was not shown:\n${frame()}`);
			});
			return frame();
		},
		/** Presses keys, each read by itself. */
		async press(...pressed: string[]) {
			for (const key of pressed) {
				stdin.write(key);
				// Ink waits a moment after Escape, because a sequence may follow.
				await new Promise(resolve => setTimeout(resolve, key === keys.escape ? 120 : 15));
			}
		},
	};
};
