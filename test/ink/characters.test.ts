import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';
import {narrow} from '../../source/ink/characters.js';
import {Segmenter} from '../../source/ink/segmenter.js';
import {cutLine} from '../../source/ink/spans.js';

const narrowCharacters = Array.from({length: 0x3000}, (_, code) => String.fromCharCode(code)).filter(character =>
	narrow.test(character),
);

describe('narrow characters', () => {
	it('take one column each', () => {
		expect(narrowCharacters.length).toBeGreaterThan(500);
		expect(narrowCharacters.filter(character => stringWidth(character) !== 1)).toEqual([]);
	});
});

describe('the segmenter of the built program', () => {
	const difficult = ['\u001b', '\r', '\n', '\u0301', '\u200d', '\ufe0f', '👩', '🇸', '🇪', '한', 'ᄒ', 'ᅡ', 'é', '名'];
	const text = fc
		.array(fc.oneof({weight: 3, arbitrary: fc.constantFrom(...narrowCharacters)}, fc.constantFrom(...difficult)))
		.map(characters => characters.join(''));

	it('sees the same characters as Node', () => {
		fc.assert(
			fc.property(text, fc.nat(40), (text, index) => {
				const ours = new Segmenter().segment(text);
				const theirs = new Intl.Segmenter().segment(text);
				expect([...ours]).toEqual([...theirs]);
				expect(ours.containing(index)).toEqual(theirs.containing(index));
			}),
		);
	});
});

describe('a line', () => {
	it('leaves out what a terminal would take for a command', () => {
		const line = ['a\u001b[2Jb\u0000', {text: 'c\u001b]0;title\u0007\r\nd\té', dim: true}];
		expect(cutLine(line, 20, '…')).toEqual(['ab', {text: 'cdé', dim: true}]);
	});
});
