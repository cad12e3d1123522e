import {request} from 'node:http';
import {homedir} from 'node:os';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {SetupError} from '../errors.js';
import type {Host} from '../host/host.js';
import {endpoint} from './docker.js';

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

/** What this product asks of the Engine API; actions go through the CLI. */
export type Engine = {
	info(): Promise<EngineInfo>;
	/** Every container, also stopped ones; of one Compose project when given. */
	containers(project?: string): Promise<Container[]>;
	container(id: string): Promise<ContainerDetails | null>;
	image(reference: string): Promise<{id: string; digests: string[]} | null>;
	volumes(): Promise<string[]>;
	pull(reference: string, options: {signal?: AbortSignal}): AsyncGenerator<PullMessage>;
	tag(reference: string, as: string): Promise<void>;
};

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

/** @param socket path of the engine's Unix socket */
export const engineAt = (socket: string): Engine => {
	const open = (method: 'GET' | 'POST', path: string, signal?: AbortSignal) =>
		new Promise<{status: number; body: Readable}>((resolve, reject) => {
			const call = request({socketPath: socket, method, path, signal, headers: {Host: 'docker'}}, response =>
				resolve({status: response.statusCode ?? 0, body: response}),
			);
			call.on('error', (error: NodeJS.ErrnoException) =>
				reject(error.syscall === 'connect' ? new EngineUnreachable(socket, error.code ?? 'unknown') : error),
			);
			call.end();
		});

	const text = async (body: Readable) => {
		const parts: Buffer[] = [];
		for await (const part of body) parts.push(part as Buffer);
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
			return (
				facts && {id: facts.Id, digests: (facts.RepoDigests ?? []).map(digest => digest.slice(digest.indexOf('@') + 1))}
			);
		},

		async volumes() {
			const found = await get<{Volumes: {Name: string}[] | null}>('/volumes');
			return (found?.Volumes ?? []).map(({Name}) => Name);
		},

		async *pull(reference, {signal}) {
			const {status, body} = await open('POST', `/images/create?fromImage=${encodeURIComponent(reference)}`, signal);
			if (status >= 400) throw new Error(messageIn(await text(body)));
			let rest = '';
			for await (const part of body) {
				const lines = (rest + (part as Buffer).toString('utf8')).split('\n');
				rest = lines.pop() ?? '';
				for (const line of lines) if (line.trim()) yield JSON.parse(line) as PullMessage;
			}
			if (rest.trim()) yield JSON.parse(rest) as PullMessage;
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
	};
};
