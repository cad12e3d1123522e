import {createInterface} from 'node:readline/promises';

/**
 * Puts a plain question to the person at the terminal, also after a screen was drawn.
 * @returns what was typed; null when the terminal was closed or Ctrl-C pressed
 */
export const askLine = async (question: string): Promise<string | null> => {
	// A screen that was left no longer holds the process.
	process.stdin.ref();
	const questions = createInterface({input: process.stdin, output: process.stdout});
	try {
		return await new Promise<string | null>(resolve => {
			questions.once('close', () => resolve(null));
			questions.once('SIGINT', () => resolve(null));
			questions.question(question).then(resolve, () => resolve(null));
		});
	} finally {
		questions.close();
		process.stdin.unref();
	}
};
