import {narrow} from './characters.js';

const charactersOf = (input: string): Intl.Segments => ({
	containing: (index = 0) => (index in Object(input) ? {segment: input[index]!, index, input} : undefined),
	*[Symbol.iterator]() {
		for (let index = 0; index < input.length; index += 1) yield {segment: input[index]!, index, input};
		return undefined;
	},
});

/**
 * Stands for `Intl.Segmenter` in the built program, which looks for graphemes alone: where every character of a text,
 * colours included, stands for itself, Node's tables of Unicode are not loaded.
 */
export class Segmenter {
	#tables: Intl.Segmenter | undefined;

	segment(text: string): Intl.Segments {
		if (narrow.test(text.replaceAll('\u001b', ''))) return charactersOf(text);
		this.#tables ??= new globalThis.Intl.Segmenter();
		return this.#tables.segment(text);
	}
}
