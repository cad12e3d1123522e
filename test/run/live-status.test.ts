import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {type EngineEvent, type EngineStreams, EngineUnreachable, type LogLine} from '../../source/engine/api.js';
import {SetupError} from '../../source/errors.js';
import {serviceNames} from '../../source/model/releases.js';
import {type LiveService, type LiveStatus, statusLines} from '../../source/model/status.js';
import type {Usage} from '../../source/model/usage.js';
import {liveStatus, type liveTimes, restartService, serviceLog} from '../../source/run/live-status.js';
import {lock} from '../../source/run/lock.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {FakeEngine} from '../_helpers/fake-engine.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {allThere, serviceSeen} from '../_helpers/observation.js';
import {until} from '../_helpers/until.js';

const {fresh} = temporaryFolder();
// Closed ports: nothing that happens to run on this machine answers.
const answers = offlineAnswers({ports: {http: 2, https: 1}});
const MiB = 2 ** 20;

/** A stream that a test writes to. */
class Channel<T> {
	private readonly waiting: T[] = [];
	private wake = () => {};
	private end: {error?: Error} | undefined;

	push(...values: T[]) {
		this.waiting.push(...values);
		this.wake();
	}

	finish(error?: Error) {
		this.end = {error};
		this.wake();
	}

	async *read(signal?: AbortSignal): AsyncGenerator<T> {
		signal?.addEventListener('abort', () => this.wake());
		for (;;) {
			if (signal?.aborted) return;
			const next = this.waiting.shift();
			if (next !== undefined) yield next;
			else if (this.end?.error) throw this.end.error;
			else if (this.end) return;
			else
				await new Promise<void>(resolve => {
					this.wake = resolve;
				});
		}
	}
}

/** An engine in memory with streams; `open` counts those somebody listens to. */
class LiveEngine extends FakeEngine implements EngineStreams {
	open = 0;
	unreachable = false;
	hanging = false;
	link = new Channel<EngineEvent>();
	readonly usages = new Map<string, Channel<Usage | null>>();
	readonly restarted: string[] = [];
	logOf = (_id: string, _since: string | undefined): (LogLine | Error)[] => [];

	constructor() {
		super();
		for (const service of serviceNames) this.service(service);
	}

	override async containers(project?: string) {
		if (this.hanging) await new Promise(() => {});
		if (this.unreachable) throw new EngineUnreachable('/run/docker.sock', 'ECONNREFUSED');
		return super.containers(project);
	}

	private async *counted<T>(source: AsyncGenerator<T>) {
		this.open += 1;
		try {
			yield* source;
		} finally {
			this.open -= 1;
		}
	}

	events = ({signal}: {signal?: AbortSignal}) => this.counted(this.link.read(signal));

	stats = (id: string, {signal}: {signal?: AbortSignal} = {}) => {
		const channel = this.usages.get(id) ?? new Channel<Usage | null>();
		this.usages.set(id, channel);
		return this.counted(channel.read(signal));
	};

	async *logs(id: string, {since}: {since?: string} = {}) {
		for (const line of this.logOf(id, since)) {
			if (line instanceof Error) throw line;
			yield line;
		}
	}

	async restart(id: string) {
		this.restarted.push(id);
	}

	/** Changes a container and tells about it. */
	change(service: string, details: Parameters<FakeEngine['service']>[1], action = 'die') {
		const {container} = this.service(service, details);
		this.link.push({container: container.id, service, action, at: Date.now()});
	}

	/** Breaks the connection. */
	die(error = Object.assign(new Error('aborted'), {code: 'ECONNRESET'})) {
		this.unreachable = true;
		this.link.finish(error);
		for (const channel of this.usages.values()) channel.finish(error);
	}

	comeBack() {
		this.unreachable = false;
		this.link = new Channel();
		this.usages.clear();
	}
}

const quick: Partial<typeof liveTimes> = {
	usage: 100,
	gather: 10,
	apart: 10,
	lock: 20,
	lookAgain: 30,
	addresses: 60_000,
	retry: [10, 20],
};

const seenOf = (engine: LiveEngine) => async () => {
	const containers = await engine.containers();
	return Object.fromEntries(
		containers.map(({id, service, image}) => [service, serviceSeen({container: id, image})] as const),
	);
};

/** Follows an installation whose engine is in memory; `values` holds what was told so far. */
const following = ({
	engine = new LiveEngine(),
	times = {},
	look,
}: {
	engine?: LiveEngine;
	times?: Partial<typeof liveTimes>;
	look?: (count: number) => Promise<void>;
} = {}) => {
	const controller = new AbortController();
	const directory = fresh('museum');
	let looks = 0;
	const open = async () => {
		looks += 1;
		await look?.(looks);
		if (engine.unreachable)
			return contextWith({
				directory,
				answers,
				observation: allThere({engine: {reachable: false, reason: 'stopped', detail: 'It is stopped.'}, services: {}}),
			});
		return contextWith({directory, answers, observation: allThere({services: await seenOf(engine)()}, answers)});
	};
	const values: LiveStatus[] = [];
	const statuses = liveStatus({
		engine,
		project: 'specify',
		open,
		signal: controller.signal,
		times: {...quick, ...times},
	});
	const reading = (async () => {
		for await (const value of statuses) values.push(value);
	})();
	reading.catch(() => {});
	onTestFinished(async () => {
		controller.abort();
		await reading.catch(() => {});
	});
	const last = () => values.at(-1);
	const service = (name: string): LiveService | undefined => last()?.services.find(({service}) => service === name);
	return {engine, controller, directory, values, reading, last, service, looks: () => looks};
};

describe('the live status', () => {
	it('begins with everything that is known', async () => {
		const live = following();
		const first = await until(live.last);
		expect(first.services.map(({service}) => service)).toEqual([...serviceNames]);
		expect(first.services.every(({state}) => state === 'healthy')).toBe(true);
		expect(first).toMatchObject({engine: {connected: true}, underWay: null, problem: '', drift: [], lastRun: null});
		expect(first.addresses.map(({name}) => name)).toEqual(['Specify 7', 'Attachments']);
	});

	it('tells a changed state at once, with restarts and what the check said', async () => {
		const live = following();
		await until(() => live.engine.open === 1 + serviceNames.length);
		live.engine.change('db', {health: 'unhealthy', healthOutput: 'no answer', restarts: 2});
		await until(() => live.service('db')?.state === 'unhealthy');
		expect(live.service('db')).toMatchObject({restarts: 2, problem: 'no answer'});
		live.engine.change('db', {state: 'exited', health: null});
		await until(() => live.service('db')?.state === 'exited');
		expect(live.service('db')).toMatchObject({startedAt: null, usage: null, problem: ''});
		expect(live.last()?.healthy).toBe(false);
	});

	it('tells what differs as services come and go, and what a reconfigure would do', async () => {
		const live = following();
		await until(() => live.engine.open === 1 + serviceNames.length);
		live.engine.change('redis', {state: 'exited', health: null});
		await until(() => live.last()?.drift.length === 1);
		expect(live.last()).toMatchObject({
			drift: [{kind: 'stopped', what: 'stopped: redis'}],
			reconfigure: ['start redis'],
		});
		live.engine.change('redis', {}, 'start');
		await until(() => live.last()?.drift.length === 0);
		expect(live.last()?.reconfigure).toEqual([]);
	});

	it('tells the use of each service, many samples together, and nothing that looks the same', async () => {
		const live = following();
		const usage = await until(() => live.engine.usages.get('id-of-db'));
		await sleep(50);
		const before = live.values.length;
		const began = Date.now();
		for (let sample = 0; sample < 40; sample += 1) {
			usage.push({cpuPercent: sample, memoryBytes: 100 * MiB, limitBytes: null});
			await sleep(5);
		}
		await until(() => live.service('db')?.usage?.cpuPercent === 39);
		// One value in 100 ms.
		expect(live.values.length - before).toBeLessThanOrEqual((Date.now() - began) / 100 + 1);
		const after = live.values.length;
		usage.push({cpuPercent: 39.2, memoryBytes: 100.2 * MiB, limitBytes: null});
		await sleep(250);
		expect(live.values).toHaveLength(after);
		expect(live.service('redis')?.usage).toBeNull();
	});

	it('forgets what a service used before it was started again', async () => {
		const live = following();
		(await until(() => live.engine.usages.get('id-of-db'))).push({cpuPercent: 5, memoryBytes: MiB, limitBytes: null});
		await until(() => live.service('db')?.usage);
		live.engine.change('db', {startedAt: '2026-08-01T11:00:00Z', health: 'starting'}, 'start');
		await until(() => live.service('db')?.state === 'starting');
		expect(live.service('db')?.usage).toBeNull();
	});

	it('follows a container that takes the place of another', async () => {
		const live = following();
		await until(() => live.engine.usages.get('id-of-db'));
		const open = live.engine.open;
		live.engine.service('db', {state: 'exited'}, {state: 'exited'});
		live.engine.service('db', {startedAt: '2026-08-01T12:00:00Z'}, {id: 'new-db', image: 'mariadb:12'});
		live.engine.link.push({container: 'new-db', service: 'db', action: 'create', at: 0});
		const usage = await until(() => live.engine.usages.get('new-db'));
		usage.push({cpuPercent: 1, memoryBytes: MiB, limitBytes: null});
		await until(() => live.service('db')?.usage);
		expect(live.service('db')).toMatchObject({container: 'new-db', image: 'mariadb:12'});
		expect(live.engine.open).toBe(open);
		// What was made may have other settings: everything is looked at again.
		await until(() => live.looks() === 2);
	});

	it('tells when the engine is lost, and everything again when it is back', async () => {
		const live = following();
		(await until(() => live.engine.usages.get('id-of-db'))).push({cpuPercent: 5, memoryBytes: MiB, limitBytes: null});
		await until(() => live.service('db')?.usage);
		live.engine.die();
		await until(() => live.last()?.engine.connected === false);
		expect(live.last()).toMatchObject({healthy: false});
		expect(live.service('db')).toMatchObject({state: 'healthy', usage: null});
		const lost = live.last()!.engine as {since: string};
		await sleep(60);
		// Attempts are no news of their own, but the newest reason is told; "since" stays.
		expect(live.last()?.engine).toMatchObject({since: lost.since, problem: expect.stringContaining('ECONNREFUSED')});
		live.engine.service('db', {health: 'unhealthy'});
		live.engine.comeBack();
		await until(() => live.last()?.engine.connected);
		await until(() => live.service('db')?.state === 'unhealthy');
		await until(() => live.engine.open === 1 + serviceNames.length);
		live.engine.change('db', {}, 'health_status: healthy');
		await until(() => live.service('db')?.state === 'healthy');
	});

	it('begins without an engine, and shows the services when it is there', async () => {
		const engine = new LiveEngine();
		engine.unreachable = true;
		const live = following({engine});
		await until(live.last);
		expect(live.values[0]!.engine).toMatchObject({
			connected: false,
			problem: expect.stringMatching(/stopped|ECONNREFUSED/),
		});
		engine.comeBack();
		await until(() => live.service('db')?.state === 'healthy');
	});

	it('notices an engine that is silent and does not answer', async () => {
		const live = following({times: {silence: 60, answer: 30}});
		await until(() => live.engine.open === 1 + serviceNames.length);
		await sleep(100);
		expect(live.last()?.engine.connected).toBe(true);
		live.engine.hanging = true;
		await until(() => live.last()?.engine.connected === false);
		expect(live.last()?.engine).toMatchObject({problem: 'It stopped answering.'});
	});

	it('tells of a run under way, and looks at everything again when it has ended', async () => {
		const live = following();
		await until(live.last);
		const unlock = await lock(live.directory, '20260801T100000-abcd');
		await until(() => live.last()?.underWay);
		expect(live.last()?.underWay?.run).toBe('20260801T100000-abcd');
		expect(live.looks()).toBe(1);
		await unlock();
		await until(() => live.last()?.underWay === null);
		await until(() => live.looks() === 2);
	});

	it('tells of a command that is at work without a run, which cannot be watched', async () => {
		const live = following();
		await until(live.last);
		const unlock = await lock(live.directory, '20260801T100000-abcd', 'certs renew');
		await until(() => live.last()?.underWay);
		expect(live.last()?.underWay).toEqual({
			run: '20260801T100000-abcd',
			at: expect.stringMatching(/^\d{4}-/),
			work: 'certs renew',
		});
		expect(statusLines(live.last()!).join('\n')).toContain('"specify-setup certs renew" is at work.');
		await unlock();
		await until(() => live.last()?.underWay === null);
	});

	it('fails when the installation cannot be read at first, and only tells so later', async () => {
		const broken = new SetupError('One answer is not right.', {hint: 'Correct it.'});
		const never = following({
			look: async () => {
				throw broken;
			},
		});
		await expect(never.reading).rejects.toBe(broken);
		const later = following({
			look: async count => {
				if (count > 1) throw broken;
			},
		});
		await until(() => later.engine.open > 1);
		later.engine.link.push({container: 'x', service: null, action: 'destroy', at: 0});
		await until(() => later.last()?.problem === 'One answer is not right.');
		expect(later.last()?.services).toHaveLength(serviceNames.length);
	});

	it.each(['the signal', 'the consumer'])('ends everything with %s', async how => {
		const engine = new LiveEngine();
		const controller = new AbortController();
		const statuses = liveStatus({
			engine,
			project: 'specify',
			open: async () => contextWith({directory: fresh(), answers, observation: allThere({}, answers)}),
			signal: controller.signal,
			times: quick,
		});
		await statuses.next();
		await until(() => engine.open === 1 + serviceNames.length);
		const rest = how === 'the signal' ? statuses.next() : statuses.return(undefined);
		if (how === 'the signal') controller.abort();
		expect((await rest).done).toBe(true);
		expect(engine.open).toBe(0);
		engine.change('db', {health: 'unhealthy'});
		expect((await statuses.next()).done).toBe(true);
	});

	it('has nothing to tell when it was stopped before it began', async () => {
		const statuses = liveStatus({
			engine: new LiveEngine(),
			project: 'specify',
			open: async () => {
				throw new Error('not reached');
			},
			signal: AbortSignal.abort(),
		});
		expect((await statuses.next()).done).toBe(true);
	});
});

const logged = (second: number, line: string): LogLine => ({
	source: 'stdout',
	at: `2026-08-01T10:00:0${second}.000000000Z`,
	line,
});

describe("a service's log", () => {
	it('goes on when the service is started again, and tells no line twice', async () => {
		const engine = new LiveEngine();
		const asked: (string | undefined)[] = [];
		engine.logOf = (_, since) => {
			asked.push(since);
			return [logged(1, 'one'), logged(2, 'two'), logged(3, 'three')].filter(({at}, index) =>
				since === undefined ? index < 2 : at > since,
			);
		};
		const controller = new AbortController();
		const read: string[] = [];
		for await (const line of serviceLog({engine, project: 'specify'}, 'db', {retryMs: 5, signal: controller.signal})) {
			read.push(line);
			if (line === 'three') controller.abort();
		}
		expect(read).toEqual(['one', 'two', 'three']);
		expect(asked).toEqual([undefined, '2026-08-01T10:00:02.000000000Z']);
	});

	it('has no control characters, which could change the terminal', async () => {
		const engine = new LiveEngine();
		engine.logOf = () => [logged(1, '\u001b[31mred\u001b[0m\tand\u0007 bell\u001b]0;title\u0007')];
		const {value} = await serviceLog({engine, project: 'specify'}, 'db', {
			signal: new AbortController().signal,
		}).next();
		expect(value).toBe('red    and bell');
	});

	it('of a service without a container says what to do', async () => {
		const engine = new LiveEngine();
		const log = serviceLog({engine, project: 'elsewhere'}, 'db', {signal: new AbortController().signal});
		await expect(log.next()).rejects.toThrow('has no container');
	});
});

describe('a restart', () => {
	it('is of the container of the service', async () => {
		const engine = new LiveEngine();
		await restartService({engine, project: 'specify'}, 'media');
		expect(engine.restarted).toEqual(['id-of-media']);
	});
});
