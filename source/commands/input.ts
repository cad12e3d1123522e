/** Everything on standard input. */
export const readInput = async () => {
	let text = '';
	for await (const part of process.stdin) text += part;
	return text;
};
