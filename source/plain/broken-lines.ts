/** What stands in front of a text and is not repeated below it: an indent, a list's mark or number, a result. */
const front = /^\s*(?:(?:[-|•]|\d+\.?|ok|FAILED|\S (?:ok|advice|BAD)) +)?/;

/** Blanks, a quotation, a command at the end behind a colon, a word. */
const pieces = /\s+|\(?"[^"]*"\S*|(?<=: )specify-setup .*$|\S+/g;

/** What people copy: broken, it would be another command. */
const isCommand = (piece: string) => /^\(?"?(?:specify-setup|docker|sudo|systemctl) /.test(piece);

const piecesOf = (text: string, room: number) =>
	(text.match(pieces) ?? []).flatMap(piece =>
		piece.length <= room || isCommand(piece) ? [piece] : (piece.match(/\s+|\S+/g) ?? []),
	);

const brokenLine = (line: string, columns: number): string[] => {
	if (line.length <= columns) return [line];
	const [mark] = front.exec(line)!;
	const text = line.slice(mark.length);
	// The rest of a row of a table must not look like the next row.
	const hang = ' '.repeat(Math.min(mark.length + (/\S {2}/.test(text) ? 2 : 0), Math.floor(columns / 2)));
	const rows: string[] = [];
	let row = mark;
	let isEmpty = true;
	for (const piece of piecesOf(text, columns - hang.length)) {
		const isBlank = piece.trim() === '';
		if (!isEmpty && !isBlank && row.length + piece.length > columns) {
			rows.push(row.trimEnd());
			row = hang;
			isEmpty = true;
		}
		if (isBlank && isEmpty) continue;
		row += piece;
		isEmpty = false;
	}
	return [...rows, row.trimEnd()];
};

/** Lines for a terminal of so many columns: broken between words, never in the middle of a command that fits a row. */
export const brokenLines = (lines: readonly string[], columns: number): string[] =>
	lines.flatMap(line => brokenLine(line, columns));
