/** How many letters must be put in, taken away or changed to make one word of the other. */
const distance = (one: string, other: string): number => {
	let row = Array.from({length: other.length + 1}, (_, index) => index);
	for (const [index, letter] of [...one].entries()) {
		const next = [index + 1];
		for (const [place, wanted] of [...other].entries())
			next.push(Math.min(next[place]! + 1, row[place + 1]! + 1, row[place]! + (letter === wanted ? 0 : 1)));
		row = next;
	}
	return row.at(-1)!;
};

/** The known word that is spelt most alike; of several, the first. */
export const nearest = (word: string, known: readonly [string, ...string[]]): string =>
	known.reduce((best, next) => (distance(word, next) < distance(word, best) ? next : best));
