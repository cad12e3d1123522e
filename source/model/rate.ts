/** Estimates a rate over the last seconds, so that a stall shows and a burst does not mislead. */
export class RateMeter {
	private samples: {at: number; value: number}[] = [];

	constructor(private readonly windowMs = 5000) {}

	/** @param value the total so far @param at milliseconds @returns units per second, undefined until two samples are half a second apart */
	add(value: number, at: number): number | undefined {
		this.samples.push({at, value});
		while (this.samples.length > 2 && at - this.samples[0]!.at > this.windowMs) this.samples.shift();
		const first = this.samples[0]!;
		return at - first.at < 500 ? undefined : ((value - first.value) * 1000) / (at - first.at);
	}
}

/** Rate and seconds left of something counted towards a total, for a progress event. */
export const pace = (meter: RateMeter, current: number, total: number | null, at = Date.now()) => {
	const rate = meter.add(current, at);
	if (rate === undefined) return {};
	return total === null || rate <= 0 ? {rate} : {rate, secondsLeft: Math.max(0, (total - current) / rate)};
};
