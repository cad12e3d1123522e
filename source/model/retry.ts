/** Whether trying again may help: the trouble passes by itself, or it stays until somebody does something. */
export type Verdict = 'retry' | 'final';

/** How often something is tried in all, the first time included. */
export const attemptsInAll = 6;

const firstDelayMs = 4000;
const longestWaitMs = 120_000;

/** Words that say that trying again changes nothing, whatever else is said. */
const finalWords = [
	/manifest unknown|no such manifest|manifest for \S+ not found|name unknown|repository \S+ not found|does not exist/i,
	/unauthorized|denied|authentication required|no basic auth|incorrect username or password/i,
	/no space left|quota exceeded|read-only file system|input\/output error/i,
	/no matching manifest|not made for|does not match the specified platform/i,
	/x509:|HTTP response to HTTPS client|invalid reference format|proxy authentication required/i,
	// Docker Hub's limit is for hours; registries that only want some seconds between requests say it otherwise.
	/pull rate limit/i,
	/(?:status(?: code)?\b.*?|parsing HTTP )\b(?:400|401|403|404|405|407|410)\b/i,
];

/** What passes, as it is said, and in few words. `$1` is what the pattern caught. */
const passing: readonly [said: RegExp, reason: string][] = [
	[
		/cannot connect to the docker daemon|is the docker daemon running|docker engine at \S+ does not answer/i,
		'engine does not answer',
	],
	[/socket hang up|error during connect/i, 'engine does not answer'],
	[/TLS handshake timeout/i, 'TLS handshake timeout'],
	[
		/no such host|server misbehaving|temporary failure in name resolution|lookup .*(?:i\/o timeout|refused)/i,
		'name not found',
	],
	[/connection refused/i, 'connection refused'],
	[/connection reset|broken pipe|connection was forcibly closed|use of closed network connection/i, 'connection reset'],
	[/network is (?:unreachable|down)|no route to host|host is (?:unreachable|down)/i, 'network unreachable'],
	[/toomanyrequests|too many requests|\b429\b/i, 'too many requests'],
	[/(?:status(?: code)?\b.*?|parsing HTTP )\b(5\d\d|408|425)\b/i, 'registry error $1'],
	[/bad gateway|service unavailable|gateway time-?out|internal server error/i, 'registry error'],
	[/i\/o timeout|deadline exceeded|timed? ?out|Client\.Timeout|timeout awaiting/i, 'no answer in time'],
	[/unexpected EOF|\bEOF$|stream error|http2: |connection lost|aborted|context canceled/i, 'connection lost'],
	[/answered in part only/, 'answered in part only'],
	[
		/filesystem layer verification failed|short read|unexpected commit digest|content digest .* mismatch/i,
		'damaged on the way',
	],
];

/**
 * When the next attempt comes: "again in 4 s (2 of 6)".
 * @param now milliseconds since 1970
 */
export const againIn = ({attempt, of, until}: {attempt: number; of: number | null; until: number}, now: number) => {
	const seconds = Math.ceil((until - now) / 1000);
	const which = of === null ? `attempt ${attempt}` : `${attempt} of ${of}`;
	return `again ${seconds > 0 ? `in ${seconds} s` : 'now'} (${which})`;
};

/** Judges what the engine, its client or a registry said. What nobody knows is final, so that it is told at once. */
export const retryOf = (message: string): Verdict => {
	if (finalWords.some(said => said.test(message))) return 'final';
	if ((retryAfterMs(message) ?? 0) > longestWaitMs) return 'final';
	return passing.some(([said]) => said.test(message)) ? 'retry' : 'final';
};

/** The trouble in few words, for a row of the screen; null for what is not retried. */
export const reasonOf = (message: string): string | null => {
	for (const [said, reason] of passing) {
		const found = said.exec(message);
		if (found) return reason.replace('$1', found[1] ?? '');
	}
	return null;
};

const unitsMs: Record<string, number> = {'': 1000, s: 1000, ms: 1, m: 60_000, h: 3_600_000, µs: 0, μs: 0, us: 0, ns: 0};

/** How long a registry asks to wait, milliseconds: seconds, or a duration as Go writes one; null where it does not say. */
export const retryAfterMs = (message: string): number | null => {
	const [, duration] = /retry[- ]after:?\s*((?:[\d.]+(?:h|ms|m|s|[µμu]s|ns)?)+)/i.exec(message) ?? [];
	if (duration === undefined) return null;
	let ms = 0;
	for (const [, count, unit = ''] of duration.matchAll(/([\d.]+)(h|ms|m|s|[µμu]s|ns)?/g))
		ms += Number(count) * unitsMs[unit]!;
	return Number.isNaN(ms) ? null : Math.ceil(ms);
};

/**
 * How long to wait before an attempt, milliseconds: twice as long each time, a quarter more or less so that many do not come
 * back at once, and never less than the registry asks for. Six attempts take about two minutes.
 * @param attempt the one that comes, from 2
 * @param random from 0 to 1
 */
export const delayMs = (attempt: number, message: string, random = Math.random()) =>
	Math.round(Math.max(firstDelayMs * 2 ** (attempt - 2) * (0.75 + random / 2), retryAfterMs(message) ?? 0));
