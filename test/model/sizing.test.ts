import {describe, expect, it} from 'vitest';
import {serviceNames} from '../../source/model/releases.js';
import {profileFor, profileNames, profiles} from '../../source/model/sizing.js';
import {GiB} from '../_helpers/observation.js';

const MiB = 2 ** 20;

describe('limits', () => {
	it.each([
		[1 * GiB, 512],
		[3.5 * GiB - 1, 512],
		[3.5 * GiB, 1024],
		[7 * GiB - 1, 1024],
		[7 * GiB, 2048],
		[14 * GiB - 1, 2048],
		[14 * GiB, 6144],
		[512 * GiB, 6144],
	])('of a machine with %d bytes give the database %d MiB', (memory, megabytes) => {
		expect(profileFor(memory).memory.db).toBe(megabytes * MiB);
	});

	it.each([2, 4, 8, 16].map(size => size * GiB))(
		'of %d bytes leave each service room, the database more than its buffer pool, the machine its own',
		memory => {
			const {memory: limits, bufferPool} = profileFor(memory);
			expect(Object.keys(limits).sort()).toEqual([...serviceNames].sort());
			expect(bufferPool).toBeLessThan(limits.db * 0.7);
			for (const limit of Object.values(limits)) expect(limit).toBeLessThan(memory);
		},
	);

	it.each(profileNames)('are those of %s where it is chosen, whatever the machine has', name => {
		for (const memory of [2 * GiB, 64 * GiB]) expect(profileFor(memory, name)).toBe(profiles[name]);
		expect(profileFor(profiles[name].from)).toBe(profiles[name]);
	});

	it('of a machine with 8 GiB are those a working production gives', () => {
		expect(profileFor(8 * GiB).memory).toMatchObject({
			specify7: 2048 * MiB,
			worker: 1024 * MiB,
			db: 2048 * MiB,
			report: 1024 * MiB,
			media: 512 * MiB,
			redis: 512 * MiB,
			proxy: 128 * MiB,
		});
	});
});
