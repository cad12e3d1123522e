import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {brokenLines} from '../../source/plain/broken-lines.js';

const broken = (line: string, columns = 40) => brokenLines([line], columns);

describe('lines for a terminal', () => {
	it('stay as they are where they fit, blanks and all', () => {
		for (const line of ['', '  db      healthy   up 3 d', 'x'.repeat(40)]) expect(broken(line)).toEqual([line]);
	});

	it.each([
		[
			'  ✔ ok     generated files: each is as it was written',
			['  ✔ ok     generated files: each is as', '           it was written'],
		],
		[
			'           It is written anew and keeps a copy of yours.',
			['           It is written anew and keeps', '           a copy of yours.'],
		],
		[
			'      - the certificates of all host names of it',
			['      - the certificates of all host', '        names of it'],
		],
		[' 3  Get certificates for all the host names there', [' 3  Get certificates for all the host', '    names there']],
		[
			'  specify7  healthy  up 3 d  mirror.museum.example/specify7',
			['  specify7  healthy  up 3 d', '    mirror.museum.example/specify7'],
		],
	])('are broken between words, below what they began with: %s', (line, rows) => {
		expect(broken(line)).toEqual(rows);
	});

	it('keep a command whole that is quoted or stands at the end', () => {
		expect(broken('What to do: Watch it with "specify-setup attach --dir /x".')).toEqual([
			'What to do: Watch it with',
			'"specify-setup attach --dir /x".',
		]);
		expect(broken('To go back then: specify-setup reconfigure --previous')).toEqual([
			'To go back then:',
			'specify-setup reconfigure --previous',
		]);
		const long = '"specify-setup attach --dir /srv/collections/of/the/museum"';
		expect(broken(`Watch it with ${long} now.`)).toEqual(['Watch it with', long, 'now.']);
	});

	it('break a quotation that is none', () => {
		expect(broken('It said "the quick brown fox jumps over the lazy dog" once.')).toEqual([
			'It said "the quick brown fox jumps over',
			'the lazy dog" once.',
		]);
	});

	it('lose and add no word, and are too long for one alone', () => {
		const words = fc.array(fc.stringMatching(/^["(]?[a-z:,-]{1,30}["]?$/), {minLength: 1, maxLength: 30});
		fc.assert(
			fc.property(words, fc.integer({min: 10, max: 100}), fc.integer({min: 0, max: 12}), (given, columns, indent) => {
				const line = `${' '.repeat(indent)}${given.join(' ')}`;
				const rows = broken(line, columns);
				expect(rows.join(' ').split(/\s+/).filter(Boolean)).toEqual(given);
				for (const row of rows) if (row.length > columns) expect(row.trim().split(' ').length).toBeLessThanOrEqual(2);
			}),
		);
	});
});
