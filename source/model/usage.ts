/** What a running service uses. `cpuPercent` is of one processor (200 is two), null until two samples are known; bytes. */
export type Usage = {cpuPercent: number | null; memoryBytes: number; limitBytes: number | null};

/** A line of the engine's stats stream, as far as it is read. Everything is missing while the container does not run. */
export type StatsMessage = {
	cpu_stats?: CpuStats;
	precpu_stats?: CpuStats;
	memory_stats?: {usage?: number; limit?: number; stats?: Record<string, number>};
};

type CpuStats = {
	cpu_usage?: {total_usage?: number; percpu_usage?: number[] | null};
	system_cpu_usage?: number;
	online_cpus?: number;
};

/** The container's share of what all processors did between two samples, times their number: the rule of `docker stats`. */
const cpuPercentOf = ({cpu_stats: now, precpu_stats: before}: StatsMessage): number | null => {
	if (!now?.system_cpu_usage || !before?.system_cpu_usage) return null;
	const used = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
	const possible = now.system_cpu_usage - before.system_cpu_usage;
	const processors = now.online_cpus || now.cpu_usage?.percpu_usage?.length || 1;
	return used > 0 && possible > 0 ? (used / possible) * processors * 100 : 0;
};

/**
 * What a stats message says, or null when the container does not run. File cache the kernel may take back at any time
 * is no use of memory: `total_inactive_file` of cgroup v1, `inactive_file` of v2, as `docker stats` subtracts it.
 */
export const usageOf = (message: StatsMessage): Usage | null => {
	const {usage, limit, stats = {}} = message.memory_stats ?? {};
	if (usage === undefined) return null;
	const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
	return {
		cpuPercent: cpuPercentOf(message),
		memoryBytes: cache < usage ? usage - cache : usage,
		limitBytes: limit || null,
	};
};

const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

/** Rounded to what is shown, so that values a person cannot tell apart are equal. */
export const roundUsage = ({cpuPercent, memoryBytes, limitBytes}: Usage): Usage => ({
	cpuPercent: cpuPercent === null ? null : cpuPercent < 10 ? Math.round(cpuPercent * 10) / 10 : Math.round(cpuPercent),
	memoryBytes: Math.round(memoryBytes / mebibyte) * mebibyte,
	limitBytes,
});

/** A share of a processor for people: 3.26 → "3.3%", 120.4 → "120%". */
export const formatPercent = (percent: number) => `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;

/** Memory of a service for people, as `docker stats` counts it: "87 MiB", "1.25 GiB", "2 GiB". */
const formatAmount = (bytes: number) =>
	bytes >= 1000 * mebibyte
		? `${(bytes / gibibyte).toFixed(2).replace(/\.?0+$/, '')} GiB`
		: `${Math.round(bytes / mebibyte)} MiB`;

/** "87 MiB of 2 GiB", or only what is used where there is no limit. */
export const formatMemoryUse = ({memoryBytes, limitBytes}: Usage) =>
	limitBytes === null ? formatAmount(memoryBytes) : `${formatAmount(memoryBytes)} of ${formatAmount(limitBytes)}`;
