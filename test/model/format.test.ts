import {describe, expect, it} from 'vitest';
import {formatBytes, formatCount, formatMemory, formatSeconds} from '../../source/model/format.js';

describe('sizes', () => {
	it.each([
		[0, '0 B'],
		[1, '1 B'],
		[999, '999 B'],
		[1000, '1.0 kB'],
		[1_234_567, '1.2 MB'],
		[99_940, '99.9 kB'],
		[999_499, '999 kB'],
		[999_500, '1.0 MB'],
		[1e12, '1.0 TB'],
		[1e15, '1000 TB'],
	])('%i bytes read %s', (bytes, text) => {
		expect(formatBytes(bytes)).toBe(text);
	});

	it('of memory are told in the units machines are sold in', () => {
		expect(formatMemory(8_589_934_592)).toBe('8.0 GiB');
		expect(formatMemory(2 ** 31 - 1)).toBe('2.0 GiB');
	});
});

describe('durations', () => {
	it.each([
		[0.4, '0 s'],
		[59.4, '59 s'],
		[59.6, '1 min 0 s'],
		[3599, '59 min 59 s'],
		[3599.6, '1 h 0 min'],
		[3725, '1 h 2 min'],
		[90_000, '25 h 0 min'],
	])('%d seconds read %s', (seconds, text) => {
		expect(formatSeconds(seconds)).toBe(text);
	});
});

it('counts are grouped by thousands', () => {
	expect(formatCount(1_234_567)).toBe('1,234,567');
	expect(formatCount(0.6)).toBe('1');
});
