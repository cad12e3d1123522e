import {describe, expect, it} from 'vitest';
import {formatMemoryUse, formatPercent, roundUsage, type StatsMessage, usageOf} from '../../source/model/usage.js';

const MiB = 2 ** 20;

const message = (over: StatsMessage = {}): StatsMessage => ({
	cpu_stats: {cpu_usage: {total_usage: 3_000_000_000}, system_cpu_usage: 104_000_000_000, online_cpus: 4},
	precpu_stats: {cpu_usage: {total_usage: 2_000_000_000}, system_cpu_usage: 100_000_000_000, online_cpus: 4},
	memory_stats: {usage: 300 * MiB, limit: 1024 * MiB, stats: {}},
	...over,
});

describe('the use of a processor', () => {
	it('is the share of all processors times their number, so that 100% is one processor', () => {
		expect(usageOf(message())?.cpuPercent).toBe(100);
	});

	it('counts processors by their list where an engine does not tell their number', () => {
		const {cpu_stats, precpu_stats} = message();
		const usage = usageOf(
			message({
				cpu_stats: {
					...cpu_stats,
					online_cpus: undefined,
					cpu_usage: {total_usage: 3_000_000_000, percpu_usage: [1, 2]},
				},
				precpu_stats,
			}),
		);
		expect(usage?.cpuPercent).toBe(50);
	});

	it('is not known from the first sample alone', () => {
		expect(usageOf(message({precpu_stats: {cpu_usage: {total_usage: 0}}}))?.cpuPercent).toBeNull();
	});

	it('is 0 when the counter stood still, or began anew with a restart', () => {
		expect(usageOf(message({precpu_stats: message().cpu_stats}))?.cpuPercent).toBe(0);
		const before = {cpu_usage: {total_usage: 9e9}, system_cpu_usage: 100_000_000_000};
		expect(usageOf(message({precpu_stats: before}))?.cpuPercent).toBe(0);
	});
});

describe('the use of memory', () => {
	const memory = (stats: Record<string, number>, usage = 300 * MiB) =>
		usageOf(message({memory_stats: {usage, limit: 1024 * MiB, stats}}))?.memoryBytes;

	it('leaves out the inactive file cache of cgroup v1, of the container with what it contains', () => {
		expect(memory({total_inactive_file: 100 * MiB, inactive_file: 5 * MiB})).toBe(200 * MiB);
	});

	it('leaves out the inactive file cache of cgroup v2', () => {
		expect(memory({inactive_file: 50 * MiB})).toBe(250 * MiB);
	});

	it('is never negative', () => {
		expect(memory({inactive_file: 400 * MiB})).toBe(300 * MiB);
	});

	it('is nothing at all while the container does not run', () => {
		expect(usageOf({cpu_stats: {cpu_usage: {total_usage: 0}}, memory_stats: {}})).toBeNull();
		expect(usageOf({})).toBeNull();
	});
});

describe('what people read', () => {
	it.each([
		[0, '0.0%'],
		[3.26, '3.3%'],
		[9.97, '10%'],
		[120.4, '120%'],
	])('%d of a processor is %s', (percent, text) => expect(formatPercent(percent)).toBe(text));

	it.each([
		[87.4 * MiB, 2048 * MiB, '87 MiB of 2 GiB'],
		[1300 * MiB, 4096 * MiB, '1.27 GiB of 4 GiB'],
		[11 * MiB, 256 * MiB, '11 MiB of 256 MiB'],
		[11 * MiB, null, '11 MiB'],
	])('%d of %s bytes is %3$s', (memoryBytes, limitBytes, text) =>
		expect(formatMemoryUse({cpuPercent: 0, memoryBytes, limitBytes})).toBe(text),
	);

	it('values that look the same are equal after rounding', () => {
		const round = (cpuPercent: number, memoryBytes: number) =>
			roundUsage({cpuPercent, memoryBytes, limitBytes: 2048 * MiB});
		expect(round(0.02, 87.4 * MiB)).toEqual(round(0.04, 86.6 * MiB));
		expect(round(45.2, 87 * MiB)).toEqual(round(44.8, 87 * MiB));
		expect(round(0.1, 87 * MiB)).not.toEqual(round(0.2, 87 * MiB));
		expect(roundUsage({cpuPercent: null, memoryBytes: 0, limitBytes: null}).cpuPercent).toBeNull();
	});
});
