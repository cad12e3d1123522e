import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, test} from 'vitest';
import {handedBack, type Key, namedKeys} from '../_helpers/terminal.js';
import {begunBefore, realProgram, sizes} from './program.js';

const {newPerson, open} = realProgram();

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
const chance = (seed: number) => () => {
	seed = (seed + 0x6d2b79f5) | 0;
	let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const texts = [
	'?',
	'd',
	'y',
	'q',
	'a',
	'Z',
	'7',
	' ',
	'/',
	'~',
	'@',
	'é',
	'馆',
	'👩‍👩‍👧',
	'e\u0301',
	'[',
	'museum',
	'admin@museum',
];
const letters: Key[] = [
	'ctrl-u',
	'ctrl-k',
	'ctrl-a',
	'ctrl-e',
	'ctrl-w',
	'ctrl-r',
	'ctrl-l',
	'ctrl-d',
	'ctrl-q',
	'alt-b',
	'ctrl-c',
];
/** Keys that arrive in one piece with others, as on a slow line: arrows, pages, unknown sequences; Enter behind one. */
const pieces = [
	'\u001b[A',
	'\u001b[B',
	'\u001b[C',
	'\u001b[D',
	'\u001b[5~',
	'\u001b[6~',
	'\u001b[H',
	'\u001b[F',
	'\u001b[Z',
	'\u001b[31m',
	'\u001b[1;6Z',
	'\u001bOx',
	'\u001b[C\r',
	'\u001b[B\r',
	'\u001b[B\t',
	'\u007f',
	'\u007f\u007f',
];
const secondsEach = 7;

describe('thousands of keys by chance', () => {
	test.each([...sizes.slice(0, 2)].map((size, index) => [...size, 2024 + index] as const))(
		'in %i×%i (seed %i) break nothing, and Ctrl-C twice leads out',
		{timeout: 60_000},
		async (columns, rows, seed) => {
			const random = chance(seed);
			const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
			const person = newPerson();
			begunBefore(person, one(['where', 'data', 'institution', 'review']));
			const start = async () => {
				const terminal = open(person, {size: [columns, rows]});
				await terminal.waitFor('───');
				return terminal;
			};
			let terminal = await start();
			let hasEnded = false;
			const watch = () => void terminal.exit.then(() => (hasEnded = true));
			watch();
			let presses = 0;
			let keys = 0;
			for (const until = Date.now() + secondsEach * 1000; Date.now() < until; presses += 1) {
				const dice = random();
				if (dice < 0.25) await terminal.press('enter');
				else if (dice < 0.35) await terminal.press(one(letters));
				else if (dice < 0.5) await terminal.press(one(namedKeys));
				else {
					const together = Array.from({length: 1 + Math.floor(random() * 24)}, () =>
						one(random() < 0.3 ? texts : pieces),
					);
					await terminal.paste(together.join(''), {bracketed: random() < 0.05});
					keys += together.length - 1;
				}
				keys += 1;
				if (presses % 25 === 0) {
					await sleep(0);
					const picture = terminal.picture();
					expect(terminal.overflowed, picture).toBe(false);
					expect(terminal.clearedScrollback, picture).toBe(false);
					expect(terminal.screen(), picture).not.toMatch(/Error|at .*\.js:|undefined|\[object|NaN/);
				}
				if (!hasEnded) continue;
				// By chance the way out was taken; a new start continues.
				expect(await terminal.exit, terminal.picture()).toEqual({exitCode: 130, signal: null});
				expect(await terminal.restored()).toEqual(handedBack);
				terminal = await start();
				hasEnded = false;
				watch();
			}
			expect(keys).toBeGreaterThan(500);
			await terminal.press('escape');
			await terminal.settled();
			await terminal.press('ctrl-c', 'ctrl-c');
			expect(await terminal.exit, terminal.picture()).toEqual({exitCode: 130, signal: null});
			expect(await terminal.restored()).toEqual(handedBack);
			expect(terminal.screen()).toContain('Your answers are kept');
		},
	);
});
