import {stripVTControlCharacters} from 'node:util';
import type {Container, ContainerDetails} from '../engine/api.js';
import {up as composeUp, exec, isUp, mayReplace} from '../engine/compose.js';
import {createVolume, logTail, removeContainer, renameContainer} from '../engine/docker.js';
import {leftoversAmong, misnamedAmong, withoutLeftovers} from '../engine/leftovers.js';
import {Cancelled, SetupError} from '../errors.js';
import {labels} from '../files/compose.js';
import {healthTests} from '../files/health.js';
import {volumesOf} from '../files/names.js';
import type {Command, Finished} from '../host/host.js';
import type {ServiceState, StepEvent} from '../model/events.js';
import type {ServiceName} from '../model/releases.js';
import type {Context} from './context.js';
import {retrying} from './retry.js';
import {pause, ticksDuring} from './wait.js';

const probeIntervalMs = 700;
const composeIntervalMs = 200;
const healthyTimeoutMs = 300_000;
/** With the pauses between them, about a minute. */
const engineAttempts = 5;

/** What the engine says of a container, in our words. */
export const stateOf = ({state, health}: Pick<ContainerDetails, 'state' | 'health'>): ServiceState => {
	if (state === 'running') return health ?? 'healthy';
	if (state === 'restarting') return 'restarting';
	return state === 'created' ? 'created' : 'exited';
};

/** Makes the data volumes that are missing; they outlive the containers. */
export const makeVolumes = async ({host, engine, project, signal}: Context) => {
	const present = new Set(await engine.volumes());
	for (const name of Object.values(volumesOf(project))) {
		if (present.has(name)) continue;
		const {exitCode, stderr} = await host.run(createVolume(name, `${labels.project}=${project}`), {signal});
		if (exitCode !== 0)
			throw new SetupError(`The volume ${name} could not be made: ${stderr.trim()}`, {
				hint: 'Check the Docker engine with "docker info", then run this again.',
			});
	}
};

/** The container of a service, or null. */
export const containerOf = async ({engine, project}: Pick<Context, 'engine' | 'project'>, service: ServiceName) =>
	withoutLeftovers(await engine.containers(project)).find(container => container.service === service) ?? null;

/** The last lines of a service's log, for an error's details. */
export const lastLines = async (
	context: Pick<Context, 'host' | 'engine' | 'project'>,
	service: ServiceName,
	count = 12,
) => {
	const container = await containerOf(context, service);
	if (!container) return [];
	const {stdout, stderr} = await context.host.run(logTail(container.id, count));
	return stripVTControlCharacters(`${stdout}${stderr}`)
		.split('\n')
		.filter(line => line.trim() !== '')
		.slice(-count);
};

/** Which containers these services have and when they started, to see whether something changed. */
const startsOf = async ({engine, project}: Context, services: readonly ServiceName[]) => {
	const containers = withoutLeftovers(await engine.containers(project)).filter(({service}) =>
		services.includes(service as ServiceName),
	);
	const starts = containers.map(async ({id}) => `${id} ${(await engine.container(id))?.startedAt}`);
	return (await Promise.all(starts)).sort().join('\n');
};

/** Whether containers that were seen must be made anew though Compose sees nothing new in them. */
const mustBeRemade = async ({engine, project, observation}: Context, services: readonly ServiceName[]) => {
	const lost = services.flatMap(service => {
		const seen = observation.services[service];
		return seen?.lost ? [seen.container] : [];
	});
	return lost.length > 0 && (await engine.containers(project)).some(({id}) => lost.includes(id));
};

/** What to do where Docker cannot start a container, by its words. */
const startHints: readonly (readonly [words: RegExp, hint: string])[] = [
	[
		/port is already allocated|address already in use/,
		'Another program took the port. Stop it, or choose other ports: --set ports.http=… --set ports.https=…',
	],
	[
		/non-overlapping IPv4 address pool/,
		'Docker has no addresses left for another network. "docker network ls" shows them; remove those that nothing uses ("docker network prune"), then run this again.',
	],
];

/** Whether Docker Compose replaces containers in the folder: that of a killed run outlives it, and people have their own. */
const composeWorks = async ({
	host,
	engine,
	directory,
	project,
}: Pick<Context, 'host' | 'engine' | 'directory' | 'project'>) => {
	const processes = await host.processes();
	if (processes.some(({args}) => isUp(directory, args))) return true;
	// Theirs may stay for ever, to show logs.
	return (
		processes.some(process => mayReplace(directory, process)) &&
		leftoversAmong(await engine.containers(project)).length > 0
	);
};

/**
 * Takes away the containers that were to replace others when Compose was cut off, and gives one that did so its name:
 * Compose, which needs these names itself, would fail. Nothing that ever ran is removed. Returns the names of what was.
 * @throws SetupError while Compose is at work, and when Docker refuses
 */
export const clearLeftovers = async (
	context: Pick<Context, 'host' | 'engine' | 'directory' | 'project'>,
): Promise<string[]> => {
	const {host, engine, project} = context;
	if (await composeWorks(context))
		throw new SetupError('Docker Compose is replacing containers at the moment.', {
			hint: 'It may need two minutes. Look again when it has ended.',
		});
	const containers = await engine.containers(project);
	const leftovers = leftoversAmong(containers);
	for (const {id, name} of leftovers) {
		const {exitCode, stderr} = await host.run(removeContainer(id));
		if (exitCode !== 0 && !/no such container/i.test(stderr))
			throw new SetupError(`The container ${name}, which never ran, could not be removed: ${stderr.trim()}`, {
				hint: `Remove it with "docker rm ${name}", then run this again.`,
			});
	}
	// That it has an odd name is no reason not to go on.
	for (const {id, name} of misnamedAmong(containers)) await host.run(renameContainer(id, name));
	return leftovers.map(({name}) => name);
};

/** Lets Compose do something. Asked to stop, it is not cut off while it replaces a container. @throws Cancelled */
async function* composed(context: Context, command: Command): AsyncGenerator<StepEvent, Finished> {
	const {host, engine, project, signal, hurry} = context;
	const end = new AbortController();
	const ticks = ticksDuring(host.run(command, {signal: end.signal}), composeIntervalMs);
	let told = false;
	let next = await ticks.next();
	for (; !next.done; next = await ticks.next()) {
		if (!signal.aborted || end.signal.aborted) continue;
		const replacing = hurry?.aborted ? [] : leftoversAmong(await engine.containers(project).catch(() => []));
		if (replacing.length === 0) end.abort();
		else if (!told) {
			told = true;
			const names = replacing.map(({service}) => service).join(', ');
			yield {
				type: 'note',
				level: 'info',
				message: `A new container takes the place of ${names}: stopping when that is done.`,
				hint: 'Asked once more, it stops at once, and the next run clears up.',
			};
		}
	}
	if (signal.aborted) throw new Cancelled();
	return next.value;
}

/** Starts services, recreating those whose configuration changed, after what they depend on. Tells whether anything was started. */
export async function* startServices(
	context: Context,
	services: readonly ServiceName[],
): AsyncGenerator<StepEvent, boolean> {
	const {directory, signal} = context;
	for (let told = false; await composeWorks(context); await pause(probeIntervalMs, signal)) {
		if (!told)
			yield {
				type: 'note',
				level: 'info',
				message:
					'Docker Compose is at work here, begun by a run that was killed or by hand: waiting until it has ended.',
			};
		told = true;
	}
	if (signal.aborted) throw new Cancelled();
	for (const name of await clearLeftovers(context))
		yield {
			type: 'note',
			level: 'info',
			message: `Removed ${name}: an earlier run was stopped before this container could take its place. It never ran.`,
		};
	const before = await startsOf(context, services);
	const force = await mustBeRemade(context, services);
	const {exitCode, stdout, stderr} = yield* composed(context, composeUp(directory, services, {force}));
	if (exitCode === 0) return before !== (await startsOf(context, services));
	const said = `${stderr}${stdout}`.trim().split('\n');
	throw new SetupError(`Docker could not start ${services.join(', ')}: ${said.at(-1)}`, {
		hint:
			startHints.find(([words]) => words.test(said.join('\n')))?.[1] ??
			'Read the lines above; after mending the cause run this again, it continues from here.',
		details: said.slice(-8, -1),
	});
}

/** Asks a service what its health check asks; true when it answers. */
export const answers = async (
	{host, directory, answers: given, signal}: Pick<Context, 'host' | 'directory' | 'answers' | 'signal'>,
	service: ServiceName,
) => {
	const {exitCode} = await host.run(exec(directory, service, ...healthTests(given)[service]), {
		signal,
		timeoutMs: 40_000,
	});
	return exitCode === 0;
};

/**
 * Waits until each service answers its own health check, and tells their states meanwhile.
 * @throws SetupError with the service's last lines when one ends, keeps restarting or takes too long
 */
export async function* waitHealthy(
	context: Context,
	services: readonly ServiceName[],
	{timeoutMs = healthyTimeoutMs}: {timeoutMs?: number} = {},
): AsyncGenerator<StepEvent> {
	const {engine, project, signal} = context;
	const deadline = Date.now() + timeoutMs;
	const shown = new Map<ServiceName, ServiceState>();
	const waiting = new Set(services);
	/** Restarts of each container when it was first seen: what failed before may have been mended. */
	const before = new Map<string, number>();
	const look = async () => {
		const containers = withoutLeftovers(await engine.containers(project)).filter(({service}) =>
			waiting.has(service as ServiceName),
		);
		const found = containers.map(
			async container => [container.service, {container, details: await engine.container(container.id)}] as const,
		);
		return new Map<string | null, {container: Container; details: ContainerDetails | null}>(await Promise.all(found));
	};
	while (waiting.size > 0) {
		// Waiting goes on when the engine comes back within a minute.
		const seen = yield* retrying(look, {item: 'Docker', signal, attempts: engineAttempts});
		for (const service of waiting) {
			const {container, details} = seen.get(service) ?? {};
			if (container && details && !before.has(container.id)) before.set(container.id, details.restarts);
			const restarts = container && details ? details.restarts - before.get(container.id)! : 0;
			let state: ServiceState = details ? stateOf(details) : 'missing';
			if (details?.state === 'running') state = (await answers(context, service)) ? 'healthy' : 'starting';
			if (shown.get(service) !== state) yield {type: 'service', service, state};
			shown.set(service, state);
			if (state === 'healthy') waiting.delete(service);
			else if (state === 'exited' || restarts >= 2)
				throw new SetupError(`The service ${service} does not stay up (exit code ${details?.exitCode ?? '?'}).`, {
					hint: `Its last lines are above; all of them: docker compose logs ${service}. After mending the cause run this again.`,
					details: await lastLines(context, service),
				});
			else if (Date.now() > deadline)
				throw new SetupError(
					`The service ${service} did not become ready in ${Math.round(timeoutMs / 60_000)} minutes.`,
					{
						hint: `Its last lines are above; all of them: docker compose logs ${service}. Running this again waits on.`,
						details: [...(details?.healthOutput ? [details.healthOutput] : []), ...(await lastLines(context, service))],
					},
				);
		}
		if (waiting.size > 0) await pause(probeIntervalMs, signal);
	}
}
