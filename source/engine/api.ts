import {request} from 'node:http';
import {homedir} from 'node:os';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {StringDecoder} from 'node:string_decoder';
import {SetupError} from '../errors.js';
import type {Host} from '../host/host.js';
import {type StatsMessage, type Usage, usageOf} from '../model/usage.js';
import {endpoint} from './docker.js';
import {type LogLine, logLines} from './log-stream.js';

export type EngineInfo = {
	version: string;
	dataFolder: string;
	/** Of the machine the engine runs on, bytes. */
	memory: number;
	processors: number;
	rootless: boolean;
	/** Registries the engine speaks plain HTTP to. */
	insecureRegistries: string[];
	architecture: string;
};

export type Container = {
	id: string;
	name: string;
	project: string | null;
	service: string | null;
	image: string;
	state: string;
	/** Ports published on the host. */
	ports: number[];
	labels: Record<string, string>;
	/** For example "Up 3 minutes (healthy)". */
	status: string;
};

export type ContainerDetails = {
	startedAt: string;
	restarts: number;
	exitCode: number;
	health: 'starting' | 'healthy' | 'unhealthy' | null;
	state: string;
	/** What the last failed health check printed. */
	healthOutput: string;
	imageId: string;
};

/** A line of the engine's pull stream. `id` is a layer's digest, first 12 digits. Bytes. */
export type PullMessage = {
	id?: string;
	status?: string;
	progressDetail?: {current?: number; total?: number};
	error?: string;
};

/** What this product asks of the Engine API. */
export type Engine = {
	info(): Promise<EngineInfo>;
	/** Every container, also stopped ones; of one Compose project when given. */
	containers(project?: string): Promise<Container[]>;
	container(id: string): Promise<ContainerDetails | null>;
	image(reference: string): Promise<{id: string; digests: string[]} | null>;
	volumes(): Promise<string[]>;
	/** The values that volumes have for a label, each once. */
	volumeLabels(label: string): Promise<string[]>;
	/** Where a volume keeps its data; `path` is null where that is known only while it is in use. Null: there is none. */
	volume(name: string): Promise<{path: string | null} | null>;
	pull(reference: string, options: {signal?: AbortSignal}): AsyncGenerator<PullMessage>;
	tag(reference: string, as: string): Promise<void>;
};

/** Something happened to a container of a project, such as `start`, `die` or `health_status: healthy`. */
export type EngineEvent = {container: string; service: string | null; action: string; at: number};

/** The engine's streams, and the one action a live view takes. A stream ends quietly when its signal fires. */
export type EngineStreams = {
	/**
	 * What happens to a Compose project's containers; health checks themselves are left out.
	 * @param since milliseconds since 1970: tells also what happened from then on
	 */
	events(options: {project: string; since?: number; signal?: AbortSignal}): AsyncGenerator<EngineEvent>;
	/** What a container uses, about once a second; null while it does not run. Ends when the container is removed. */
	stats(id: string, options?: {signal?: AbortSignal}): AsyncGenerator<Usage | null>;
	/**
	 * Lines of a container's log. Without `follow` it ends with what there is, with it when the container stops.
	 * @param tail how many of the last lines to begin with; all of them when left out
	 * @param since only lines after this moment, as a line's `at` gives it
	 */
	logs(
		id: string,
		options?: {tail?: number; since?: string; follow?: boolean; signal?: AbortSignal},
	): AsyncGenerator<LogLine>;
	/** Stops a container as its composition asks, and starts it again. Resolves when it has been started. */
	restart(id: string, options?: {signal?: AbortSignal}): Promise<void>;
};

export type {LogLine} from './log-stream.js';

/** The engine could not be reached; `code` is the system's (ENOENT, EACCES, ECONNREFUSED). */
export class EngineUnreachable extends Error {
	constructor(
		readonly socket: string,
		readonly code: string,
	) {
		super(`The Docker engine at ${socket} does not answer (${code}).`);
	}
}

/** Finds the engine's socket as the docker CLI would. */
export const findSocket = async (host: Host): Promise<string> => {
	let address = process.env.DOCKER_HOST;
	if (!address) {
		const config = await host.read(join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'));
		const context = process.env.DOCKER_CONTEXT ?? (config ? JSON.parse(config).currentContext : undefined);
		address =
			context && context !== 'default' ? (await host.run(endpoint())).stdout.trim() : 'unix:///var/run/docker.sock';
	}
	if (!address.startsWith('unix://'))
		throw new SetupError(`Docker is set to use the engine at ${address}, which is not on this machine.`, {
			hint: 'Run specify-setup on the machine where Specify shall run, or unset DOCKER_HOST and choose the context "default".',
			exitCode: 3,
		});
	return address.slice('unix://'.length);
};

type ApiContainer = {
	Id: string;
	Names: string[];
	Image: string;
	State: string;
	Status: string;
	Labels: Record<string, string>;
	Ports: {PublicPort?: number}[];
};

type ApiEvent = {Action: string; Actor: {ID: string; Attributes: Record<string, string>}; timeNano: number};

/** A moment as the log's `since` wants it: seconds with nine digits, which a number cannot hold. */
const secondsOf = (moment: string) => {
	const [, digits = ''] = /\.(\d+)/.exec(moment) ?? [];
	return `${Math.floor(Date.parse(moment) / 1000)}.${digits.padEnd(9, '0').slice(0, 9)}`;
};

/** What a live view needs to hear of; `exec_…` of the health checks would be many times as much. */
const containerEvents = ['create', 'start', 'die', 'stop', 'oom', 'pause', 'unpause', 'destroy', 'health_status'];

/** The values of a stream of JSON lines, wherever its parts are cut. */
async function* jsonLines<T>(body: Readable): AsyncGenerator<T> {
	const decoder = new StringDecoder('utf8');
	let rest = '';
	for await (const part of body) {
		const lines = (rest + decoder.write(part as Buffer)).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
	}
	rest += decoder.end();
	if (rest.trim()) yield JSON.parse(rest) as T;
}

/** Lets a stream end quietly when its signal fires, and pass on every other error. */
async function* until<T>(signal: AbortSignal | undefined, work: () => AsyncGenerator<T>): AsyncGenerator<T> {
	try {
		if (!signal?.aborted) yield* work();
	} catch (error) {
		if (!signal?.aborted) throw error;
	}
}

/** @param socket path of the engine's Unix socket */
export const engineAt = (socket: string): Engine & EngineStreams => {
	const open = (method: 'GET' | 'POST', path: string, signal?: AbortSignal) =>
		new Promise<{status: number; body: Readable}>((resolve, reject) => {
			const call = request({socketPath: socket, method, path, signal, headers: {Host: 'docker'}}, response =>
				resolve({status: response.statusCode ?? 0, body: response}),
			);
			call.on('error', error => reject(unreachable(error)));
			call.end();
		});

	/** An engine that nobody answers for, or that broke off in the middle, as one error. */
	const unreachable = (error: NodeJS.ErrnoException) =>
		error.syscall === 'connect' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
			? new EngineUnreachable(socket, error.code ?? 'unknown')
			: error;

	const text = async (body: Readable) => {
		const parts: Buffer[] = [];
		try {
			for await (const part of body) parts.push(part as Buffer);
		} catch (error) {
			throw unreachable(error as NodeJS.ErrnoException);
		}
		return Buffer.concat(parts).toString('utf8');
	};

	const messageIn = (body: string) => {
		try {
			return (JSON.parse(body) as {message?: string}).message ?? body;
		} catch {
			return body.trim();
		}
	};

	/** JSON of a GET, or null for 404. */
	const get = async <T>(path: string): Promise<T | null> => {
		const {status, body} = await open('GET', path);
		const answer = await text(body);
		if (status === 404) return null;
		if (status >= 400) throw new Error(messageIn(answer));
		return JSON.parse(answer) as T;
	};

	/** The body of a streaming GET. @throws Error with the engine's message */
	const stream = async (path: string, signal?: AbortSignal) => {
		const {status, body} = await open('GET', path, signal);
		if (status >= 400) throw new Error(messageIn(await text(body)));
		return body;
	};

	return {
		async info() {
			// biome-ignore lint/suspicious/noExplicitAny: the API's own shape, read once
			const facts = await get<any>('/info');
			return {
				version: facts.ServerVersion,
				dataFolder: facts.DockerRootDir,
				memory: facts.MemTotal,
				processors: facts.NCPU,
				rootless: (facts.SecurityOptions ?? []).some((option: string) => option.includes('name=rootless')),
				insecureRegistries: facts.RegistryConfig?.IndexConfigs
					? Object.entries<{Secure: boolean}>(facts.RegistryConfig.IndexConfigs)
							.filter(([, index]) => !index.Secure)
							.map(([name]) => name)
					: [],
				architecture: facts.Architecture,
			};
		},

		async containers(project) {
			const filters = project ? {label: [`com.docker.compose.project=${project}`]} : {};
			const found = await get<ApiContainer[]>(
				`/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`,
			);
			return (found ?? []).map(container => ({
				id: container.Id,
				name: (container.Names[0] ?? '').replace(/^\//, ''),
				project: container.Labels['com.docker.compose.project'] ?? null,
				service: container.Labels['com.docker.compose.service'] ?? null,
				image: container.Image,
				state: container.State,
				status: container.Status,
				ports: [...new Set(container.Ports.flatMap(({PublicPort}) => (PublicPort ? [PublicPort] : [])))],
				labels: container.Labels,
			}));
		},

		async container(id) {
			// biome-ignore lint/suspicious/noExplicitAny: the API's own shape, read once
			const facts = await get<any>(`/containers/${id}/json`);
			if (!facts) return null;
			const checks = facts.State.Health?.Log ?? [];
			return {
				startedAt: facts.State.StartedAt,
				restarts: facts.RestartCount,
				exitCode: facts.State.ExitCode,
				health: facts.State.Health?.Status ?? null,
				state: facts.State.Status,
				healthOutput: (checks.at(-1)?.Output ?? '').trim(),
				imageId: facts.Image,
			};
		},

		async image(reference) {
			const facts = await get<{Id: string; RepoDigests?: string[]}>(`/images/${reference}/json`);
			if (!facts) return null;
			const repository = `${reference.replace(/(@.*|:[^:/]+)$/, '')}@`;
			// Docker Hub's official images are listed without their folder.
			const names = [repository, repository.replace(/^library\//, '')];
			const digests = (facts.RepoDigests ?? []).flatMap(digest => {
				const name = names.find(candidate => digest.startsWith(candidate));
				return name ? [digest.slice(name.length)] : [];
			});
			return {id: facts.Id, digests};
		},

		async volumes() {
			const found = await get<{Volumes: {Name: string}[] | null}>('/volumes');
			return (found?.Volumes ?? []).map(({Name}) => Name);
		},

		async volume(name) {
			const found = await get<{Mountpoint: string; Options: {device?: string; o?: string} | null}>(`/volumes/${name}`);
			if (!found) return null;
			const {device, o = ''} = found.Options ?? {};
			if (device === undefined) return {path: found.Mountpoint || null};
			return {path: /\br?bind\b/.test(o) ? device : null};
		},

		async volumeLabels(label) {
			const filters = encodeURIComponent(JSON.stringify({label: [label]}));
			const found = await get<{Volumes: {Labels: Record<string, string> | null}[] | null}>(
				`/volumes?filters=${filters}`,
			);
			return [...new Set((found?.Volumes ?? []).flatMap(({Labels}) => Labels?.[label] ?? []))];
		},

		async *pull(reference, {signal}) {
			const {status, body} = await open('POST', `/images/create?fromImage=${encodeURIComponent(reference)}`, signal);
			if (status >= 400) throw new Error(messageIn(await text(body)));
			try {
				yield* jsonLines<PullMessage>(body);
			} catch (error) {
				throw unreachable(error as NodeJS.ErrnoException);
			}
		},

		async tag(reference, as) {
			const colon = as.lastIndexOf(':');
			const {status, body} = await open(
				'POST',
				`/images/${encodeURIComponent(reference)}/tag?repo=${encodeURIComponent(as.slice(0, colon))}&tag=${encodeURIComponent(as.slice(colon + 1))}`,
			);
			const answer = await text(body);
			if (status >= 400) throw new Error(messageIn(answer));
		},

		events: ({project, since, signal}) =>
			until(signal, async function* () {
				const query = new URLSearchParams({
					filters: JSON.stringify({
						type: ['container'],
						label: [`com.docker.compose.project=${project}`],
						event: containerEvents,
					}),
				});
				if (since !== undefined) query.set('since', (since / 1000).toFixed(3));
				const body = await stream(`/events?${query}`, signal);
				for await (const {Action, Actor, timeNano} of jsonLines<ApiEvent>(body))
					yield {
						container: Actor.ID,
						service: Actor.Attributes['com.docker.compose.service'] ?? null,
						action: Action,
						at: Math.round(timeNano / 1e6),
					};
			}),

		stats: (id, {signal} = {}) =>
			until(signal, async function* () {
				const body = await stream(`/containers/${id}/stats?stream=1`, signal);
				for await (const message of jsonLines<StatsMessage>(body)) yield usageOf(message);
			}),

		logs: (id, {tail, since, follow = false, signal} = {}) =>
			until(signal, async function* () {
				const facts = await get<{Config: {Tty: boolean}}>(`/containers/${id}/json`);
				const query = new URLSearchParams({stdout: '1', stderr: '1', timestamps: '1', tail: String(tail ?? 'all')});
				if (follow) query.set('follow', '1');
				if (since !== undefined) query.set('since', secondsOf(since));
				const body = await stream(`/containers/${id}/logs?${query}`, signal);
				for await (const line of logLines(body, {tty: facts?.Config.Tty ?? false}))
					if (since === undefined || line.at > since) yield line;
			}),

		async restart(id, {signal} = {}) {
			const {status, body} = await open('POST', `/containers/${id}/restart`, signal);
			const answer = await text(body);
			if (status >= 400) throw new Error(messageIn(answer));
		},
	};
};
