import {describe, expect, it} from 'vitest';
import {pace, RateMeter} from '../../source/model/rate.js';

describe('a rate', () => {
	it('is not told before half a second has been seen', () => {
		const meter = new RateMeter();
		expect(meter.add(0, 0)).toBeUndefined();
		expect(meter.add(100, 499)).toBeUndefined();
		expect(meter.add(100, 500)).toBe(200);
	});

	it('is that of the last five seconds: an early burst is forgotten, a stall shows', () => {
		const meter = new RateMeter();
		meter.add(0, 0);
		meter.add(1_000_000, 1000);
		for (let at = 2000; at <= 10_000; at += 1000) meter.add(1_000_000, at);
		expect(meter.add(1_000_000, 11_000)).toBe(0);
	});

	it('is that of a steady flow', () => {
		const meter = new RateMeter();
		let rate: number | undefined;
		for (let at = 0; at <= 20_000; at += 250) rate = meter.add(at * 3, at);
		expect(rate).toBeCloseTo(3000);
	});
});

describe('pace', () => {
	it('tells the seconds left of a known total', () => {
		const meter = new RateMeter();
		expect(pace(meter, 0, 1000, 0)).toEqual({});
		expect(pace(meter, 100, 1000, 1000)).toEqual({rate: 100, secondsLeft: 9});
	});

	it('promises no end where the total is unknown or nothing moves', () => {
		const meter = new RateMeter();
		pace(meter, 50, null, 0);
		expect(pace(meter, 100, null, 1000)).toEqual({rate: 50});
		const still = new RateMeter();
		pace(still, 50, 100, 0);
		expect(pace(still, 50, 100, 1000)).toEqual({rate: 0});
	});

	it('never tells less than nothing left', () => {
		const meter = new RateMeter();
		pace(meter, 0, 100, 0);
		expect(pace(meter, 120, 100, 1000).secondsLeft).toBe(0);
	});
});
