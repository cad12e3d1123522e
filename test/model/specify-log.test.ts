import {describe, expect, it} from 'vitest';
import {causeOfFailure, readStartLine, type StartLine} from '../../source/model/specify-log.js';

describe('a line of the start of Specify 7', () => {
	it.each<[line: string, means: StartLine]>([
		['Updating static files in /volumes/static-files/.', {kind: 'phase', phase: 'copying static files'}],
		['Starting MariaDB database and user creation script...', {kind: 'phase', phase: 'checking database and users'}],
		['Checking if MariaDB instance is up and running...', {kind: 'other'}],
		['MariaDB is not available yet. Retrying in 5 seconds...', {kind: 'phase', phase: 'waiting for the database'}],
		['MariaDB is up and running.', {kind: 'other'}],
		[
			'Error: Unable to connect to MariaDB with provided master user credentials',
			{kind: 'error', message: 'Unable to connect to MariaDB with provided master user credentials'},
		],
		["Creating database 'specify'...", {kind: 'phase', phase: 'making the database'}],
		["Database 'specify' already exists.", {kind: 'other'}],
		['Creating migrator user', {kind: 'phase', phase: 'making the database user for migrations'}],
		['Verified: migrator has migration privileges', {kind: 'other'}],
		['Creating app user', {kind: 'phase', phase: 'making the database user of the application'}],
		['Verified: specify has required privileges', {kind: 'other'}],
		['Database and user setup complete.', {kind: 'other'}],
		['New database created: True', {kind: 'other'}],
		['Running base_specify_migration...', {kind: 'phase', phase: 'making the tables'}],
		[
			'Error: base_specify_migration failed (exit code 1). Aborting.',
			{kind: 'error', message: 'base_specify_migration failed (exit code 1). Aborting.'},
		],
		['Running Django migrations...', {kind: 'phase', phase: 'migrating the database'}],
		['  Applying specify.0035_version_required... OK', {kind: 'migration', name: 'specify.0035_version_required'}],
		['  Applying contenttypes.0001_initial...', {kind: 'migration', name: 'contenttypes.0001_initial'}],
		['Running full pipeline...', {kind: 'phase', phase: 'setting defaults'}],
		['Applying fix_permissions...', {kind: 'function', name: 'fix_permissions', finished: false}],
		['Applied fix_permissions.', {kind: 'function', name: 'fix_permissions', finished: true}],
		['Completed full pipeline.', {kind: 'phase', phase: 'starting the web server'}],
		['[2026-08-01 10:00:00 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)', {kind: 'listening'}],
		['Database setup failed; exiting.', {kind: 'other'}],
		['', {kind: 'other'}],
	])('%j', (line, means) => {
		expect(readStartLine(line)).toEqual(means);
	});

	it.each([
		"django.db.utils.OperationalError: (1045, \"Access denied for user 'master'@'172.18.0.6'\")",
		"requests.exceptions.ConnectionError: HTTPSConnectionPool(host='media.specify.localhost', port=443)",
		'requests.exceptions.ReadTimeout: timed out',
		'specifyweb.specify.models.Institution.DoesNotExist: Institution matching query does not exist.',
		"KeyError: 'SECRET_KEY'",
		'Exception: the asset server did not answer',
	])('that ends a traceback is an error: %s', line => {
		expect(readStartLine(line)).toEqual({kind: 'error', message: line});
	});

	it.each(['Traceback (most recent call last):', '    raise ConnectionError(e)', 'Error rates are low'])(
		'inside a traceback is none: %s',
		line => {
			expect(readStartLine(line)).toEqual({kind: 'other'});
		},
	);
});

describe('the cause of a failed start', () => {
	const traceback = (error: string) => [
		'Running Django migrations...',
		'  Applying specify.0035_version_required...Traceback (most recent call last):',
		'  File "/opt/specify7/manage.py", line 11, in <module>',
		'    execute_from_command_line(sys.argv)',
		error,
		'Error: base_specify_migration failed (exit code 1). Aborting.',
		'Database setup failed; exiting.',
	];

	it.each([
		[
			'the asset server cannot be reached',
			"requests.exceptions.ConnectionError: HTTPSConnectionPool(host='media.specify.localhost', port=443): Max retries exceeded with url: /web_asset_store.xml",
			/asset server by its public address.*proxy and media/,
		],
		[
			'its certificate is not trusted',
			'requests.exceptions.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed',
			/asset server/,
		],
		[
			'a password is not the one of the database',
			"django.db.utils.OperationalError: (1045, 'Access denied')",
			/password in \.env/,
		],
		['the disk is full', 'OSError: [Errno 28] No space left on device', /disk is full/],
		[
			'a table does not fit on the disk',
			"django.db.utils.OperationalError: (1114, 'The table is full')",
			/disk is full/,
		],
		['the database is of another version', 'ValueError: SchemaVersion 2.9 is not supported', /schema 2\.10/],
		[
			'anything else',
			"django.db.utils.ProgrammingError: (1146, \"Table 'specify.x' doesn't exist\")",
			/docker compose logs specify7/,
		],
	])('%s', (_, error, hint) => {
		const cause = causeOfFailure(traceback(error));
		expect(cause.message).toBe(error);
		expect(cause.hint).toMatch(hint);
	});

	it("is the script's own word where there is no traceback", () => {
		expect(
			causeOfFailure([
				'Starting MariaDB database and user creation script...',
				'Error: Unable to connect to MariaDB with provided master user credentials',
				'Database setup failed; exiting.',
			]),
		).toEqual({
			message: 'Unable to connect to MariaDB with provided master user credentials',
			hint: expect.stringContaining('password in .env'),
		});
	});

	it("is the script's summary where nothing says more, and nothing where nothing is said", () => {
		expect(causeOfFailure(['Error: base_specify_migration failed (exit code 1). Aborting.']).message).toBe(
			'base_specify_migration failed (exit code 1). Aborting.',
		);
		expect(causeOfFailure([]).message).toBe('it says no reason');
	});

	it('is the first of several: later ones follow from it', () => {
		const lines = [
			'ConnectionRefusedError: [Errno 111] Connection refused',
			'During handling of the above exception, another exception occurred:',
			'requests.exceptions.ConnectionError: /web_asset_store.xml',
		];
		expect(causeOfFailure(lines)).toEqual({
			message: 'ConnectionRefusedError: [Errno 111] Connection refused',
			hint: expect.stringContaining('asset server'),
		});
	});
});
