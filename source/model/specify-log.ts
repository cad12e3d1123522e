/** What a line of Specify 7's start means. */
export type StartLine =
	| {kind: 'phase'; phase: string}
	| {kind: 'migration'; name: string}
	| {kind: 'function'; name: string; finished: boolean}
	| {kind: 'error'; message: string}
	| {kind: 'listening'}
	| {kind: 'other'};

/** Migrations of Specify 7 and of Django that an empty database goes through (Specify 7.12.0.7); an estimate for progress. */
export const migrationsOfEmptyStart = 81;

const phases: [pattern: RegExp, phase: string][] = [
	[/^Updating static files/, 'copying static files'],
	[/^Starting MariaDB database and user creation script/, 'checking database and users'],
	[/^MariaDB is not available yet/, 'waiting for the database'],
	[/^Creating database /, 'making the database'],
	[/^Creating migrator user/, 'making the database user for migrations'],
	[/^Creating app user/, 'making the database user of the application'],
	[/^Running base_specify_migration/, 'making the tables'],
	[/^Running Django migrations/, 'migrating the database'],
	[/^Running full pipeline/, 'setting defaults'],
	[/^Completed full pipeline/, 'starting the web server'],
];

/** Reads a line of the log (specify7's entrypoint, Django and gunicorn). */
export const readStartLine = (line: string): StartLine => {
	const migration = /^\s+Applying (\S+)\.\.\./.exec(line);
	if (migration) return {kind: 'migration', name: migration[1]!};
	const step = /^(Applying|Applied) (\w+)\.{1,3}$/.exec(line);
	if (step) return {kind: 'function', name: step[2]!, finished: step[1] === 'Applied'};
	if (/Listening at: http/.test(line)) return {kind: 'listening'};
	if (/^Error: /.test(line)) return {kind: 'error', message: line.slice('Error: '.length)};
	const exception = /^(?:[A-Za-z_][\w.]*)?(?:Error|Exception|Timeout|DoesNotExist|Refused)(?::.*)?$/.exec(line);
	if (exception) return {kind: 'error', message: exception[0]};
	const phase = phases.find(([pattern]) => pattern.test(line));
	return phase ? {kind: 'phase', phase: phase[1]} : {kind: 'other'};
};

/** Whether Specify, or the database it works on, had no room: 28, 135, 1021 and 1114 are the server's and the system's numbers for it. */
export const isFullDisk = (text: string) =>
	/No space left|Errno 28\b|errno: (?:28|135)\b|No more room in record file|\((?:1021|1114),|table '[^']*' is full/i.test(
		text,
	);

/** The first real cause in a failed start's log, and what to do about it. */
export const causeOfFailure = (lines: readonly string[]): {message: string; hint: string} => {
	const errors = lines.map(readStartLine).flatMap(line => (line.kind === 'error' ? [line.message] : []));
	// The script's own summaries come last; a traceback's last line before them says more.
	const message =
		errors.find(error => !/^base_specify_migration failed/.test(error)) ?? errors[0] ?? 'it says no reason';
	const text = lines.join('\n');
	const hint = /web_asset_store|SSLError|CERTIFICATE_VERIFY_FAILED|requests\.exceptions|Max retries exceeded/.test(text)
		? 'Specify 7 must reach its asset server by its public address. Check that proxy and media are healthy (docker compose ps), then run this again.'
		: /master user credentials|1045|Access denied/.test(text)
			? 'A database password in .env is not the one the database has. Run this again: it brings the users in line with .env.'
			: isFullDisk(text)
				? 'The disk is full. Free some space, then run this again.'
				: /SchemaVersion|spversion|schema version/i.test(text)
					? 'The database is of another Specify version. Specify 6 databases must be of schema 2.10 (Specify 6.8.03).'
					: 'Read "docker compose logs specify7" from its first error on; after mending the cause run this again.';
	return {message, hint};
};
