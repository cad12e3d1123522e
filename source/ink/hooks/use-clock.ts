import {useEffect, useState} from 'react';

/** Milliseconds since 1970, read again at an interval; stands still while not active. */
export const useClock = (intervalMs: number, active = true): number => {
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		if (!active) return;
		const timer = setInterval(() => setNow(Date.now()), intervalMs);
		return () => clearInterval(timer);
	}, [intervalMs, active]);
	return now;
};
