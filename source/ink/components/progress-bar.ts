import type {Span, Symbols} from '../spans.js';

/** A bar of exactly so many columns; full only when the share is 1, and never empty once something is there. */
export const progressBar = (share: number, columns: number, symbols: Symbols): Span[] => {
	const full = share >= 1 ? columns : share <= 0 ? 0 : Math.min(columns - 1, Math.max(1, Math.floor(share * columns)));
	return [
		{text: symbols.barFull.repeat(full), role: 'accent'},
		{text: symbols.barEmpty.repeat(columns - full), dim: true},
	];
};
