/** A repeatable source of numbers: xorshift with 32 bits, seeded by a number and a name. */
export type Chance = {
	/** An integer from 0 up to, not including, the limit. */
	below: (limit: number) => number;
	/** One of the items. */
	pick: <T>(items: readonly T[]) => T;
	/** A random UUID. */
	uuid: () => string;
};

const hexPairs = Array.from({length: 256}, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The source of this seed and name; equal arguments give equal sequences. */
export const chanceOf = (seed: number, name: string): Chance => {
	let state = (seed ^ 0x9e3779b9) | 0;
	for (let index = 0; index < name.length; index++) state = Math.imul(state ^ name.charCodeAt(index), 0x01000193);
	state ||= 1;
	const next = (): number => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return state >>> 0;
	};
	for (let round = 0; round < 8; round++) next();
	const pair = (word: number, shift: number): string => hexPairs[(word >>> shift) & 255] as string;
	const four = (word: number): string => pair(word, 0) + pair(word, 8);
	const below = (limit: number): number => next() % limit;
	return {
		below,
		pick: items => items[below(items.length)] as (typeof items)[number],
		uuid: () => {
			const a = next();
			const b = next();
			const c = next();
			const d = next();
			const head = `${four(a)}${four(a >>> 16)}-${four(b)}-4${four(b >>> 16).slice(1)}`;
			return `${head}-a${four(c).slice(1)}-${four(c >>> 16)}${four(d)}${four(d >>> 16)}`;
		},
	};
};
