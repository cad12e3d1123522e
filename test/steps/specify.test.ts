import {describe, expect, it} from 'vitest';
import {SetupError} from '../../source/errors.js';
import type {StepEvent} from '../../source/model/events.js';
import {specify} from '../../source/steps/specify.js';
import {contextWith} from '../_helpers/context.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {allThere, databaseSeen} from '../_helpers/observation.js';

const start = [
	'Updating static files in /volumes/static-files/.',
	'Running Django migrations...',
	'  Applying contenttypes.0001_initial... OK',
	'  Applying specify.0001_initial... OK',
	'Completed full pipeline.',
	'[7] [INFO] Listening at: http://0.0.0.0:8000',
];

/** A context in which Specify 7 prints its start and answers at the given look. */
const starting = ({log = start, answersAt = 2}: {log?: readonly string[]; answersAt?: number} = {}) => {
	const context = contextWith();
	context.engine.service('specify7', {health: 'starting'});
	context.engine.service('worker');
	let looks = 0;
	context.host.prints('logs --follow', log).on(/exec --no-TTY specify7 /, () => {
		looks += 1;
		return {exitCode: looks >= answersAt ? 0 : 1};
	});
	return context;
};

const begunSeconds = 1_785_574_800;

/** What the server says of a database that an empty start has begun and not finished. */
const halfMade = (users: string | null) =>
	[
		'schema\t1',
		'tables\t220',
		'user table\t1',
		'migrator\t1',
		...(users === null ? [] : [users]),
		`start\tempty\tNULL\t${begunSeconds}\t0`,
		'',
	].join('\n');

const progress = (events: readonly StepEvent[]) =>
	events.flatMap(event => (event.type === 'progress' ? [`${event.current} ${event.state}`] : []));

describe('the start of Specify 7', () => {
	it('is told line by line, with its migrations counted, until it answers; then its worker starts', async () => {
		const context = starting();
		const {result, yielded} = await drain(specify(context));
		expect(result.summary).toBe('Specify 7 and its worker answer.');
		expect(yielded.flatMap(event => (event.type === 'log' ? [event.line] : []))).toEqual(start);
		expect(progress(yielded)).toEqual([
			'0 copying static files',
			'0 migrating the database',
			'1 contenttypes.0001_initial',
			'2 specify.0001_initial',
			'2 starting the web server',
		]);
		expect(context.host.ran('up --detach').map(line => line.split(' ').at(-1))).toEqual(['specify7', 'worker']);
		expect(context.host.inputs.join()).toContain('UPDATE specify_setup.starts SET finished_at');
	});

	it('that ends fails with its first cause, and is stopped instead of tried for ever', async () => {
		const context = starting({
			log: [
				...start.slice(0, 2),
				"django.db.utils.OperationalError: (1045, 'Access denied')",
				'Database setup failed; exiting.',
			],
			answersAt: Number.POSITIVE_INFINITY,
		});
		let looks = 0;
		context.engine.onLook = () => {
			looks += 1;
			if (looks === 4) context.engine.service('specify7', {state: 'restarting', restarts: 1, exitCode: 1});
		};
		const {error} = await drainToError(specify(context));
		expect(error.message).toBe("Specify 7 could not start: django.db.utils.OperationalError: (1045, 'Access denied')");
		expect((error as SetupError).details.at(-1)).toBe('Database setup failed; exiting.');
		expect(context.host.ran('stop specify7')).toHaveLength(1);
	});

	it('begins again once where an earlier empty start was interrupted and nobody entered anything', async () => {
		const begun = {kind: 'empty' as const, source: null, begunAt: begunSeconds * 1000, finished: false};
		const context = starting({answersAt: 3});
		context.observation = allThere({database: databaseSeen({start: begun, users: 0})});
		context.host.on(/SELECT 'schema'/, {stdout: halfMade('users\t0')});
		let stopsBeforeDrop = 0;
		context.host.on('DROP DATABASE', () => {
			stopsBeforeDrop = context.host.ran('stop specify7').length;
			return {};
		});
		let failed = false;
		context.engine.onLook = () => {
			if (!failed && context.host.ran('exec --no-TTY specify7').length === 1) {
				failed = true;
				context.engine.service('specify7', {state: 'exited', exitCode: 1});
			} else if (context.host.inputs.some(input => input.includes('DROP DATABASE')))
				context.engine.service('specify7', {health: 'starting'});
		};
		const {yielded} = await drain(specify(context));
		expect(context.host.inputs.filter(input => input.includes('DROP DATABASE'))).toHaveLength(1);
		expect(yielded.filter(event => event.type === 'note')).toMatchObject([{level: 'warning'}]);
		expect(stopsBeforeDrop).toBe(1);
	});

	it.each([
		['that were entered', 'users\t3'],
		['that cannot be counted', null],
	])('that fails on data of people %s never removes them', async (_, users) => {
		const context = starting({answersAt: Number.POSITIVE_INFINITY});
		context.observation = allThere();
		context.host.on(/SELECT 'schema'/, {stdout: halfMade(users)});
		let looks = 0;
		context.engine.onLook = () => {
			looks += 1;
			if (looks === 4) context.engine.service('specify7', {state: 'exited', exitCode: 1});
		};
		const {error} = await drainToError(specify(context));
		expect(error).toBeInstanceOf(SetupError);
		expect(error.message).toContain('Specify 7 could not start');
		expect(context.host.inputs.filter(input => input.includes('DROP DATABASE'))).toEqual([]);
	});

	it('ends as cancelled when the run is stopped', async () => {
		const context = starting({answersAt: Number.POSITIVE_INFINITY});
		const running = drainToError(specify(context));
		setTimeout(() => context.controller.abort(), 50);
		expect((await running).error).toMatchObject({exitCode: 130});
	});
});
