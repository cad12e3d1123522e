import {setMaxListeners} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {stripVTControlCharacters} from 'node:util';
import type {Container, Engine, EngineStreams} from '../engine/api.js';
import {withoutLeftovers} from '../engine/leftovers.js';
import {messageOf, SetupError} from '../errors.js';
import {renewsByItself} from '../model/authority.js';
import {type DriftSeen, driftAndPlan} from '../model/drift.js';
import type {ObservedService} from '../model/observation.js';
import {type ServiceName, serviceNames} from '../model/releases.js';
import {isHealthy, type LiveService, type LiveStatus} from '../model/status.js';
import {roundUsage} from '../model/usage.js';
import type {Context} from '../steps/context.js';
import {stateOf} from '../steps/services.js';
import {fingerprintOf} from './drift.js';
import {holderOf} from './lock.js';
import {addressStatuses, driftSeenIn, lastRunOf, statusOf} from './status.js';

/** What a live view asks of the engine. */
export type LiveEngine = Pick<Engine, 'containers' | 'container'> & EngineStreams;

/** How often things are looked at that nobody tells about, and how patient it is. Milliseconds. */
export const liveTimes = {
	/** Statistics are shown this often at most; they come once a second. */
	usage: 1000,
	/** Events that come together are one look. */
	gather: 100,
	/** Between two values, whatever happens. */
	apart: 250,
	addresses: 45_000,
	/** After a service changed its state its address may answer differently. */
	addressesAfterChange: 1500,
	/** Disk and files. */
	folder: 60_000,
	lock: 3000,
	/** After containers were made or removed, when no run is under way. */
	lookAgain: 3000,
	/** Without a word from any running container for so long, the engine is asked whether it is there. */
	silence: 15_000,
	answer: 5000,
	/** Between attempts to reach the engine; the last one is repeated. */
	retry: [500, 1000, 2000, 4000, 8000, 15_000],
};

type Times = typeof liveTimes;

/** A service's container that is not one of `docker compose run`. */
const isService = ({service, labels}: Container) =>
	serviceNames.includes(service as ServiceName) && labels['com.docker.compose.oneoff'] !== 'True';

const missing = (service: ServiceName): LiveService => ({
	service,
	state: 'missing',
	startedAt: null,
	restarts: 0,
	image: null,
	current: true,
	problem: '',
	container: null,
	usage: null,
});

/** The services as a plan wants to know them. */
const observedOf = (services: readonly LiveService[]): Partial<Record<ServiceName, ObservedService>> =>
	Object.fromEntries(
		services
			.filter(({container}) => container !== null)
			.map(({service, problem, usage: _, ...seen}) => [service, {...seen, healthOutput: problem}]),
	);

/** A stream that was cut in the middle. */
const isBroken = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ECONNRESET';

/** Wakes one waiter; a ring while nobody waits is kept. */
class Bell {
	private rung = false;
	private wake = () => {};

	ring() {
		this.rung = true;
		this.wake();
	}

	async wait() {
		if (!this.rung)
			await new Promise<void>(resolve => {
				this.wake = resolve;
			});
		this.rung = false;
	}
}

/**
 * How an installation is doing, from now on: the first value after a full look, then one whenever something a person
 * can see has changed. States come from the engine's events at once, usage from its statistics about once a second;
 * addresses, disk and files are looked at again at intervals. An engine that stops answering is told and tried again.
 * Ends when the signal fires or the consumer leaves; nothing goes on after that.
 * @param open reads the installation anew
 * @throws what `open` throws the first time
 */
export async function* liveStatus({
	engine,
	project,
	open,
	signal: given,
	times: changedTimes = {},
}: {
	engine: LiveEngine;
	project: string;
	open: (signal: AbortSignal) => Promise<Context>;
	signal: AbortSignal;
	times?: Partial<Times>;
}): AsyncGenerator<LiveStatus> {
	const times = {...liveTimes, ...changedTimes};
	const stop = new AbortController();
	const {signal} = stop;
	setMaxListeners(0, signal);
	const end = () => stop.abort();
	given.addEventListener('abort', end, {once: true});
	if (given.aborted) end();

	const bell = new Bell();
	signal.addEventListener('abort', () => bell.ring());
	const pause = (ms: number, until = signal) => sleep(ms, undefined, {signal: until}).catch(() => {});

	let context: Context | undefined;
	let status: LiveStatus | undefined;
	let seenDrift: DriftSeen | undefined;
	let fingerprint = '';
	const streams = new Map<string, AbortController>();
	const tasks = new Set<Promise<unknown>>();
	let heardAt = Date.now();
	let shownAt = 0;

	/** Work beside the main loop: ends with the signal, and a failure is no end of everything. */
	const begin = (work: Promise<unknown>) => {
		const task = work
			.catch(() => {})
			.finally(() => {
				tasks.delete(task);
			});
		tasks.add(task);
	};

	const update = (change: Partial<LiveStatus>) => {
		if (!status) return;
		status = {...status, ...change};
		status.healthy = status.engine.connected && isHealthy(status);
		bell.ring();
	};

	/** One stream for each container, for as long as it exists. */
	const followUsage = async (service: ServiceName, id: string, own: AbortController) => {
		while (!own.signal.aborted) {
			try {
				for await (const usage of engine.stats(id, {signal: own.signal})) {
					heardAt = Date.now();
					if (own.signal.aborted) return;
					// Rounded, so that a value that looks the same is no change. The bell is rung by the clock.
					const rounded = usage && roundUsage(usage);
					const services = status?.services.map(seen =>
						seen.service === service && seen.container === id ? {...seen, usage: rounded} : seen,
					);
					if (status && services) status = {...status, services};
					usageBell.ring();
				}
			} catch {
				// the engine tells by its events when it has gone
			}
			await pause(2000, own.signal);
		}
	};
	const usageBell = new Bell();
	signal.addEventListener('abort', () => usageBell.ring());
	const tellUsage = async () => {
		let toldAt = 0;
		while (!signal.aborted) {
			await usageBell.wait();
			await pause(Math.max(times.gather, Math.max(shownAt, toldAt) + times.usage - Date.now()));
			toldAt = Date.now();
			bell.ring();
		}
	};

	const dropStreams = (keep: (id: string) => boolean = () => false) => {
		for (const [id, own] of streams) {
			if (keep(id)) continue;
			own.abort();
			streams.delete(id);
		}
	};

	/** Looks at the containers again; `touched` says which must be asked for details, null for all. */
	const refresh = async (touched: ReadonlySet<string> | null) => {
		const found = withoutLeftovers(await engine.containers(project)).filter(isService);
		const services = await Promise.all(
			serviceNames.map(async (service): Promise<LiveService> => {
				const own = found.filter(container => container.service === service);
				const container = own.find(({state}) => state === 'running') ?? own[0];
				const known = status?.services.find(seen => seen.service === service) ?? missing(service);
				if (!container) return missing(service);
				if (container.id === known.container && touched && !touched.has(container.id)) return known;
				const details = await engine.container(container.id);
				if (!details) return missing(service);
				let state = stateOf(details);
				const running = state !== 'exited' && state !== 'created';
				const same = container.id === known.container;
				// A service that answered our own look is not "starting" until the engine's first check comes.
				if (state === 'starting' && same && known.state === 'healthy' && known.startedAt === details.startedAt)
					state = 'healthy';
				return {
					service,
					state,
					startedAt: running ? details.startedAt : null,
					restarts: details.restarts,
					image: container.image,
					current: same ? known.current : true,
					problem: state === 'unhealthy' ? details.healthOutput : '',
					container: container.id,
					// What an earlier start used says nothing.
					usage: same && running && known.startedAt === details.startedAt ? known.usage : null,
				};
			}),
		);
		if (signal.aborted || !status) return;
		const ids = new Map(services.flatMap(({service, container}) => (container ? [[container, service] as const] : [])));
		dropStreams(id => ids.has(id));
		for (const [id, service] of ids) {
			if (streams.has(id)) continue;
			const own = new AbortController();
			streams.set(id, own);
			begin(followUsage(service, id, own));
		}
		// Usage that came while the engine was asked is newer.
		const newest = status.services;
		update({
			...driftNow(services),
			services: services.map((seen, index) => {
				const now = newest[index]!;
				return now.container === seen.container && seen.usage ? {...seen, usage: now.usage} : seen;
			}),
		});
	};

	/** What was seen to differ at the last full look, with the containers as they are now. */
	const driftNow = (services: readonly LiveService[]) =>
		seenDrift &&
		driftAndPlan({
			...seenDrift,
			underWay: status?.underWay != null,
			observation: {...seenDrift.observation, services: observedOf(services)},
		});

	/** The full look. Tells whether the engine answered. */
	const look = async () => {
		const opened = await open(signal);
		const differing = await driftSeenIn(opened);
		const seen = await statusOf(opened, differing);
		const files = await fingerprintOf(opened);
		context = opened;
		seenDrift = differing;
		fingerprint = files;
		const {engine: observed, services} = opened.observation;
		const connected = observed.reachable;
		status = {
			...seen,
			services: seen.services.map(service => ({
				...service,
				// Without an engine nothing is known; "missing" would say that it was removed.
				current: services[service.service] === undefined || service.current,
				container: services[service.service]?.container ?? null,
				usage: status?.services.find(known => known.service === service.service)?.usage ?? null,
			})),
			engine: connected
				? {connected: true}
				: (lost ?? {connected: false, problem: observed.detail, since: new Date().toISOString()}),
			underWay: status?.underWay ?? null,
			problem: '',
			renewed: renewsByItself(opened.answers),
		};
		update({});
		return connected;
	};

	/** A later look, which may find a mistake in specify.yaml: what was known before stays. */
	const lookOrTell = async () => {
		try {
			return await look();
		} catch (error) {
			if (!signal.aborted) update({engine: {connected: true}, problem: messageOf(error)});
			return true;
		}
	};

	let lost: Extract<LiveStatus['engine'], {connected: false}> | undefined;
	const lose = (problem: string) => {
		lost = {connected: false, problem, since: lost?.since ?? new Date().toISOString()};
		dropStreams();
		update({engine: lost, services: status?.services.map(service => ({...service, usage: null}))});
	};

	let lookingAgain: Promise<void> | undefined;
	let lookWanted = false;
	/** A full look later, once for many wishes. */
	const lookAgain = () => {
		lookWanted = true;
		lookingAgain ??= (async () => {
			while (lookWanted && !signal.aborted) {
				lookWanted = false;
				await pause(times.lookAgain);
				if (signal.aborted || lost || status?.underWay) continue;
				if (await lookOrTell()) await refresh(null).catch(() => {});
			}
		})().finally(() => {
			lookingAgain = undefined;
		});
		begin(lookingAgain);
	};

	const addressBell = new Bell();
	signal.addEventListener('abort', () => addressBell.ring());
	const followAddresses = async () => {
		while (!signal.aborted) {
			const early = new AbortController();
			await Promise.race([
				pause(times.addresses, early.signal),
				addressBell.wait().then(() => pause(times.addressesAfterChange)),
			]);
			early.abort();
			if (signal.aborted || !context) continue;
			const addresses = await addressStatuses(context, {signal}).catch(() => undefined);
			if (addresses) update({addresses});
			// Its first user opens the gate; the engine does not tell of users.
			if (status?.gate === 'closed') lookAgain();
		}
	};

	const followFolder = async () => {
		while (!signal.aborted) {
			await pause(times.folder);
			if (signal.aborted || !context || !status) continue;
			try {
				if ((await fingerprintOf(context)) !== fingerprint) {
					lookAgain();
					continue;
				}
				const freeBytes = await context.host.freeBytes(status.disk.folder);
				update({disk: {...status.disk, freeBytes}, problem: ''});
			} catch (error) {
				update({problem: messageOf(error)});
			}
		}
	};

	const followLock = async () => {
		while (!signal.aborted) {
			if (context && status) {
				const {directory} = context;
				const holder = await holderOf(directory);
				if (holder && holder.run !== status.underWay?.run) {
					const newest = await lastRunOf(directory).catch(() => null);
					const at = (newest?.run === holder.run ? newest.at : holder.since) ?? null;
					update({underWay: {run: holder.run, at, ...(holder.work === undefined ? {} : {work: holder.work})}});
				} else if (!holder && status.underWay) {
					update({underWay: null, lastRun: await lastRunOf(directory)});
					lookAgain();
				}
			}
			await pause(times.lock);
		}
	};

	/** Events that came together are one look at the containers. */
	const touched = new Set<string>();
	let refreshing: Promise<void> | undefined;
	const touch = (id: string) => {
		touched.add(id);
		refreshing ??= (async () => {
			while (touched.size > 0 && !signal.aborted) {
				await pause(times.gather);
				const ids = new Set(touched);
				touched.clear();
				const before = status?.services.map(({state}) => state).join();
				await refresh(ids);
				if (before !== status?.services.map(({state}) => state).join()) addressBell.ring();
			}
		})()
			.catch(() => {})
			.finally(() => {
				refreshing = undefined;
			});
		begin(refreshing);
	};

	const watchSilence = async (link: AbortController) => {
		while (!link.signal.aborted) {
			await pause(times.silence / 3, link.signal);
			if (link.signal.aborted || streams.size === 0 || Date.now() - heardAt < times.silence) continue;
			const answered = await Promise.race([
				engine.containers(project).then(
					() => true,
					() => false,
				),
				pause(times.answer, link.signal).then(() => false),
			]);
			if (answered) heardAt = Date.now();
			else link.abort(new Error('It stopped answering.'));
		}
	};

	/** Holds the engine's stream of events, and gets it back when it breaks. */
	const connect = async () => {
		for (let attempt = 0; !signal.aborted; attempt += 1) {
			const link = new AbortController();
			const unlink = () => link.abort();
			signal.addEventListener('abort', unlink);
			try {
				const since = Date.now();
				if (lost) {
					await engine.containers(project);
					lost = undefined;
					if (!(await lookOrTell())) throw new Error('The Docker engine does not answer.');
				}
				await refresh(null);
				attempt = 0;
				heardAt = Date.now();
				begin(watchSilence(link));
				for await (const {container, action} of engine.events({project, since, signal: link.signal})) {
					heardAt = Date.now();
					touch(container);
					if (action === 'create' || action === 'destroy') lookAgain();
				}
				if (!signal.aborted) lose(link.signal.aborted ? messageOf(link.signal.reason) : 'The connection ended.');
			} catch (error) {
				if (!signal.aborted) lose(isBroken(error) ? 'The connection was lost.' : messageOf(error));
			} finally {
				link.abort();
				signal.removeEventListener('abort', unlink);
			}
			await pause(times.retry[Math.min(attempt, times.retry.length - 1)]!);
		}
	};

	try {
		if (signal.aborted) return;
		if (!(await look())) lost = status!.engine.connected ? undefined : status!.engine;
		begin(followLock());
		begin(connect());
		begin(tellUsage());
		begin(followAddresses());
		begin(followFolder());
		let shown = '';
		while (!signal.aborted) {
			await bell.wait();
			if (signal.aborted) return;
			const snapshot = status!;
			const text = JSON.stringify(snapshot);
			if (text === shown) continue;
			shown = text;
			shownAt = Date.now();
			yield snapshot;
			await pause(times.apart);
		}
	} catch (error) {
		if (!given.aborted) throw error;
	} finally {
		stop.abort();
		dropStreams();
		given.removeEventListener('abort', end);
		await Promise.allSettled(tasks);
	}
}

/** The container of a service. @throws SetupError when there is none */
const containerOf = async (engine: Pick<Engine, 'containers'>, project: string, service: ServiceName) => {
	const found = withoutLeftovers(await engine.containers(project))
		.filter(isService)
		.find(container => container.service === service);
	if (found) return found.id;
	throw new SetupError(`The service ${service} has no container.`, {
		hint: 'Run "specify-setup reconfigure"; it makes what is missing.',
	});
};

/** Restarts a service; resolves when it has been started again, before it is healthy. @throws Error with the engine's reason */
export const restartService = async (
	{engine, project}: {engine: LiveEngine; project: string},
	service: ServiceName,
): Promise<void> => engine.restart(await containerOf(engine, project, service));

/**
 * Lines of a service's log, without control characters: the last `tail`, then each as it is written. Goes on when the service
 * restarts or is replaced, without telling a line twice. Ends when the signal fires.
 */
export async function* serviceLog(
	{engine, project}: {engine: LiveEngine; project: string},
	service: ServiceName,
	{tail = 500, retryMs = 1000, signal}: {tail?: number; retryMs?: number; signal: AbortSignal},
): AsyncGenerator<string> {
	let since: string | undefined;
	while (!signal.aborted) {
		try {
			const id = await containerOf(engine, project, service);
			for await (const {at, line} of engine.logs(id, {...(since ? {since} : {tail}), follow: true, signal})) {
				since = at;
				yield stripVTControlCharacters(line.replaceAll('\t', '    ')).replace(control, '');
			}
		} catch (error) {
			// Before the first line it is the reader who should know; afterwards the service may come back.
			if (since === undefined && !signal.aborted) throw error;
		}
		await sleep(retryMs, undefined, {signal}).catch(() => {});
	}
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a log may hold anything
const control = /[\u0000-\u001f\u007f-\u009f]/g;
