import {describe, expect, it, vi} from 'vitest';
import {EngineUnreachable} from '../../source/engine/api.js';
import {up as composeUp} from '../../source/engine/compose.js';
import {Cancelled, SetupError} from '../../source/errors.js';
import type {StepEvent} from '../../source/model/events.js';
import {
	clearLeftovers,
	containerOf,
	makeVolumes,
	startServices,
	stateOf,
	waitHealthy,
} from '../../source/steps/services.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {serviceSeen} from '../_helpers/observation.js';

vi.mock('../../source/model/retry.js', async original => ({
	...(await original<typeof import('../../source/model/retry.js')>()),
	delayMs: (attempt: number) => attempt,
}));

const states = (events: readonly StepEvent[]) =>
	events.flatMap(event => (event.type === 'service' ? [`${event.service} ${event.state}`] : []));

const health = (service: string) => new RegExp(`exec --no-TTY ${service} `);

describe('a container whose folder was moved or removed', () => {
	it('is made anew, and no other is', async () => {
		const context = contextWith();
		const {container} = context.engine.service('proxy');
		context.observation.services.proxy = serviceSeen({container: container.id, lost: true});
		context.observation.services.db = serviceSeen();
		await drain(startServices(context, ['db']));
		await drain(startServices(context, ['proxy']));
		expect(context.host.ran(' up ').map(line => line.includes('--force-recreate'))).toEqual([false, true]);
	});
});

describe('the state of a container', () => {
	it.each([
		['running', 'healthy', 'healthy'],
		['running', 'starting', 'starting'],
		['running', 'unhealthy', 'unhealthy'],
		['running', null, 'healthy'],
		['restarting', 'unhealthy', 'restarting'],
		['created', null, 'created'],
		['exited', null, 'exited'],
		['dead', null, 'exited'],
		['paused', 'healthy', 'exited'],
	] as const)('%s and %s is %s', (state, health, expected) => {
		expect(stateOf({state, health})).toBe(expected);
	});
});

describe('volumes', () => {
	it('that are missing are made with the label of the installation', async () => {
		const context = contextWith();
		context.engine.volumeNames.push('specify_database', 'specify_redis');
		await makeVolumes(context);
		expect(context.host.commands).toEqual([
			'docker volume create --label specify-setup.project=specify specify_attachments',
			'docker volume create --label specify-setup.project=specify specify_static',
			'docker volume create --label specify-setup.project=specify specify_certificates',
		]);
	});

	it('that cannot be made are an error in the words of the engine', async () => {
		const context = contextWith();
		context.host.on('volume create', {exitCode: 1, stderr: 'no space left on device\n'});
		const error = await failureOf(makeVolumes(context));
		expect(error.message).toBe('The volume specify_database could not be made: no space left on device');
	});
});

describe('waiting for services', () => {
	it('goes on when the engine went away and came back', async () => {
		const context = contextWith();
		context.engine.service('db');
		let looks = 0;
		context.engine.onLook = () => {
			looks += 1;
			if (looks <= 2) throw new EngineUnreachable('/run/docker.sock', 'ECONNREFUSED');
		};
		const {yielded} = await drain(waitHealthy(context, ['db']));
		expect(yielded).toMatchObject([
			{type: 'retry', item: 'Docker', reason: 'engine does not answer', attempt: 2, of: 5},
			{type: 'retry', item: 'Docker', attempt: 3, of: 5},
			{type: 'service', service: 'db', state: 'healthy'},
		]);
	});

	it('ends when the engine stays away', async () => {
		const context = contextWith();
		context.engine.onLook = () => {
			throw new EngineUnreachable('/run/docker.sock', 'ENOENT');
		};
		const {error, yielded} = await drainToError(waitHealthy(context, ['db']));
		expect(error).toBeInstanceOf(EngineUnreachable);
		expect(yielded).toHaveLength(4);
	});
});

describe('starting services', () => {
	it('tells whether anything was started', async () => {
		const context = contextWith();
		context.engine.service('db');
		expect((await drain(startServices(context, ['db']))).result).toBe(false);
		context.host.on('up --detach', () => {
			context.engine.service('db', {startedAt: '2026-08-01T12:00:00Z'});
			return {};
		});
		expect((await drain(startServices(context, ['db']))).result).toBe(true);
		expect(context.host.commands[0]).toBe(
			'docker compose --project-directory /opt/specify up --detach --pull never db',
		);
	});

	it('does not take a restart of another service for its own', async () => {
		const context = contextWith();
		context.engine.service('db');
		context.host.on('up --detach', () => {
			context.engine.service('worker', {startedAt: '2026-08-01T12:00:00Z'});
			return {};
		});
		expect((await drain(startServices(context, ['db']))).result).toBe(false);
	});

	it.each([
		['Error: Bind for 0.0.0.0:443 failed: port is already allocated', /Another program took the port/],
		['listen tcp4 0.0.0.0:80: bind: address already in use', /Another program took the port/],
		['Error response from daemon: something else', /after mending the cause/],
	])('that fails with "%s" says what to do', async (words, hint) => {
		const context = contextWith();
		context.host.on('up --detach', {exitCode: 1, stderr: ` Container specify-db-1  Created\n${words}\n`});
		const error = await failureOf(drain(startServices(context, ['db', 'redis'])));
		expect(error.message).toBe(`Docker could not start db, redis: ${words}`);
		expect(error.hint).toMatch(hint);
		expect(error.details).toEqual([expect.stringContaining('specify-db-1')]);
	});
});

describe('a service whose container Compose did not replace to its end', () => {
	const old = '0123456789ab';
	const leftover = {id: 'new', name: `${old}_specify-db-1`, service: 'db', state: 'created'};
	const cutOff = (state = 'exited') => {
		const context = contextWith();
		context.engine.service('db', {state}, {id: old, state});
		context.engine.service('db', {state: 'created'}, leftover);
		context.host.on('docker rm', ({command}) => {
			context.engine.remove(command.args.at(-1)!);
			return {};
		});
		return context;
	};
	const notes = (events: readonly StepEvent[]) =>
		events.flatMap(event => (event.type === 'note' ? [event.message] : []));

	it('is what the other container is, and the new one goes before Compose begins', async () => {
		const context = cutOff();
		expect((await containerOf(context, 'db'))!.id).toBe(old);
		const {yielded} = await drain(startServices(context, ['db']));
		expect(notes(yielded)).toEqual([
			`Removed ${leftover.name}: an earlier run was stopped before this container could take its place. It never ran.`,
		]);
		expect(context.host.commands).toEqual(['docker rm new', expect.stringContaining(' up --detach')]);
	});

	it('gets its name back where only the new one is left', async () => {
		const context = contextWith();
		context.engine.service('db', {state: 'created'}, leftover);
		const {yielded} = await drain(startServices(context, ['db']));
		expect(notes(yielded)).toEqual([]);
		expect(context.host.commands).toEqual(['docker rename new specify-db-1', expect.stringContaining(' up --detach')]);
	});

	it('is told when Docker keeps the new one, and left alone when it is gone by itself', async () => {
		const refusing = cutOff();
		refusing.host.on('docker rm', {exitCode: 1, stderr: 'permission denied'});
		expect((await failureOf(clearLeftovers(refusing))).hint).toContain(`docker rm ${leftover.name}`);
		const gone = cutOff();
		gone.host.on('docker rm', {exitCode: 1, stderr: 'Error: No such container: new'});
		expect(await clearLeftovers(gone)).toEqual([leftover.name]);
	});

	it('is waited for while the Compose of a killed run works on, and nothing is taken from it', async () => {
		const context = cutOff();
		context.host.running = [{args: ['docker-compose', ...composeUp('/opt/specify', ['db']).args], folder: '/'}];
		await expect(clearLeftovers(context)).rejects.toThrow('replacing containers at the moment');
		const starting = startServices(context, ['db']);
		expect(notes([(await starting.next()).value as StepEvent])).toEqual([expect.stringContaining('waiting until')]);
		expect(context.host.commands).toEqual([]);
		context.engine.remove('new');
		context.host.running = [];
		const {yielded} = await drain(starting);
		expect(yielded).toEqual([]);
		expect(context.host.commands).toEqual([expect.stringContaining(' up --detach')]);
	});

	it("is waited for while somebody's own Compose replaces it, which may also just show logs", async () => {
		const context = cutOff();
		context.host.running = [{args: ['docker', 'compose', 'up'], folder: '/opt/specify'}];
		await expect(clearLeftovers(context)).rejects.toThrow('replacing containers at the moment');
		context.engine.remove('new');
		await drain(startServices(context, ['db']));
		expect(context.host.commands).toEqual([expect.stringContaining(' up --detach')]);
	});

	it('and whoever waits for that may stop', async () => {
		const context = contextWith();
		context.host.running = [{args: ['docker-compose', ...composeUp('/opt/specify', ['db']).args], folder: '/'}];
		const starting = startServices(context, ['db']);
		await starting.next();
		context.controller.abort();
		await expect(starting.next()).rejects.toThrow(Cancelled);
		expect(context.host.commands).toEqual([]);
	});
});

describe('a stop while Compose works', () => {
	const old = '0123456789ab';
	/** Compose, which works until it is done or is ended. */
	const working = () => {
		const hurry = new AbortController();
		const context = {...contextWith(), hurry: hurry.signal};
		let done = () => {};
		let ended = false;
		context.host.run = async (_, {signal} = {}) => {
			await new Promise<void>(resolve => {
				done = resolve;
				signal?.addEventListener('abort', () => resolve());
			});
			ended = signal?.aborted ?? false;
			if (ended) throw new Cancelled();
			return {exitCode: 0, stdout: '', stderr: ''};
		};
		const replace = () => {
			context.engine.service('db', {}, {id: old});
			context.engine.service('db', {state: 'created'}, {id: 'new', name: `${old}_specify-db-1`, state: 'created'});
		};
		return {context, hurry, replace, finish: () => done(), isEnded: () => ended};
	};

	it('ends it where it replaces nothing', async () => {
		const {context, isEnded} = working();
		const starting = drainToError(startServices(context, ['db']));
		context.controller.abort();
		expect((await starting).error).toBeInstanceOf(Cancelled);
		const {context: other, isEnded: isOtherEnded} = working();
		const later = startServices(other, ['db']).next();
		setTimeout(() => other.controller.abort(), 50);
		await expect(later).rejects.toThrow(Cancelled);
		expect([isEnded(), isOtherEnded()]).toEqual([false, true]);
	});

	it('waits until a container has been replaced, and says so once', async () => {
		const {context, replace, finish, isEnded} = working();
		const starting = startServices(context, ['db']);
		const first = starting.next();
		await new Promise(resolve => setTimeout(resolve, 20));
		replace();
		context.controller.abort();
		expect((await first).value).toMatchObject({type: 'note', message: expect.stringMatching(/place of db: stopping/)});
		const end = starting.next();
		setTimeout(finish, 500);
		await expect(end).rejects.toThrow(Cancelled);
		expect(isEnded()).toBe(false);
	});

	it('does not wait when it is asked for again', async () => {
		const {context, hurry, replace, isEnded} = working();
		const starting = startServices(context, ['db']);
		const first = starting.next();
		await new Promise(resolve => setTimeout(resolve, 20));
		replace();
		context.controller.abort();
		await first;
		hurry.abort();
		await expect(starting.next()).rejects.toThrow(Cancelled);
		expect(isEnded()).toBe(true);
	});
});

describe('waiting for services', () => {
	it('ends when each answers its own health check, and tells each state once', async () => {
		const context = contextWith();
		context.engine.service('db', {health: 'starting'});
		context.engine.service('redis', {health: 'starting'});
		let asked = 0;
		context.host.on(health('db'), () => {
			asked += 1;
			return {exitCode: asked < 3 ? 1 : 0};
		});
		const {yielded} = await drain(waitHealthy(context, ['db', 'redis']) as AsyncGenerator<StepEvent, void>);
		expect(states(yielded)).toEqual(['db starting', 'redis healthy', 'db healthy']);
	});

	it('of which the container comes only later is patient', async () => {
		const context = contextWith();
		let looks = 0;
		context.engine.onLook = () => {
			looks += 1;
			if (looks === 2) context.engine.service('media');
		};
		const {yielded} = await drain(waitHealthy(context, ['media']) as AsyncGenerator<StepEvent, void>);
		expect(states(yielded)).toEqual(['media missing', 'media healthy']);
	});

	it('fails with the exit code and the last lines of one that ends', async () => {
		const context = contextWith();
		context.engine.service('db', {state: 'exited', exitCode: 1, health: null});
		context.host.on('docker logs', {stdout: '\u001b[31mone\u001b[0m\n\n', stderr: 'InnoDB: no space\n'});
		const {yielded, error} = await drainToError(waitHealthy(context, ['db', 'redis']));
		expect(states(yielded)).toContain('db exited');
		expect(error).toBeInstanceOf(SetupError);
		expect(error).toMatchObject({
			message: 'The service db does not stay up (exit code 1).',
			details: ['one', 'InnoDB: no space'],
			hint: expect.stringContaining('docker compose logs db'),
		});
	});

	it('fails when one keeps restarting', async () => {
		const context = contextWith();
		let restarts = 0;
		context.engine.onLook = () =>
			context.engine.service('db', {state: 'restarting', restarts: restarts++, exitCode: 1});
		const {error} = await drainToError(waitHealthy(context, ['db']));
		expect(error.message).toBe('The service db does not stay up (exit code 1).');
		expect(restarts).toBeLessThan(6);
	});

	it('does not count restarts from before: the cause may have been mended', async () => {
		const context = contextWith();
		context.engine.service('db', {restarts: 7, health: 'starting'});
		let asked = 0;
		context.host.on(health('db'), () => {
			asked += 1;
			return {exitCode: asked < 2 ? 1 : 0};
		});
		const {yielded} = await drain(waitHealthy(context, ['db']) as AsyncGenerator<StepEvent, void>);
		expect(states(yielded)).toEqual(['db starting', 'db healthy']);
	});

	it('fails in time, with what the health check said last', async () => {
		const context = contextWith();
		context.engine.service('report', {health: 'unhealthy', healthOutput: 'connection refused'});
		context.host.on(health('report'), {exitCode: 1});
		const {error} = await drainToError(waitHealthy(context, ['report'], {timeoutMs: 500}));
		expect(error.message).toMatch(/^The service report did not become ready/);
		expect((error as SetupError).details).toEqual(['connection refused']);
	});

	it('ends as cancelled when the run is stopped', async () => {
		const context = contextWith();
		context.host.on(health('db'), {exitCode: 1});
		context.engine.service('db', {health: 'starting'});
		const waiting = drainToError(waitHealthy(context, ['db']));
		setTimeout(() => context.controller.abort(), 50);
		expect((await waiting).error).toMatchObject({name: 'Cancelled', exitCode: 130});
	});
});
