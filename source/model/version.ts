/** Numeric parts of a Specify 7 tag: `v7.12.0.7` → [7, 12, 0, 7]. */
export const numbersOf = (tag: string): number[] => tag.slice(1).split('.').map(Number);

/** Below zero when the first version is older, above when it is newer; missing parts count as 0. */
export const compareVersions = (one: readonly number[], other: readonly number[]): number => {
	for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
		const difference = (one[index] ?? 0) - (other[index] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
};
