import type {Command} from '../host/host.js';

const docker = (...args: string[]): Command => ({file: 'docker', args});

/** Facts about the engine as JSON; fails when none answers. */
export const info = () => docker('info', '--format', '{{json .}}');

/** Where the engine's socket is (DOCKER_HOST and contexts considered). */
export const endpoint = () => docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}');

/** An image's manifest, or the list of its platforms' manifests, from its registry. */
export const manifest = (image: string, {insecure}: {insecure: boolean}) =>
	docker('manifest', 'inspect', ...(insecure ? ['--insecure'] : []), image);

export const createVolume = (name: string, label: string) => docker('volume', 'create', '--label', label, name);

/**
 * Gives a volume's files to a user, in a short-lived container of an image that is here already. The volume is mounted at
 * `path`, where the image has it too: into an empty one Docker first copies what the image holds there, owners included.
 */
export const giveVolume = ({volume, path, user, image}: {volume: string; path: string; user: string; image: string}) =>
	docker(
		'run',
		...['--rm', '--pull', 'never', '--network', 'none', '--user', '0:0', '--read-only'],
		...['--security-opt', 'no-new-privileges:true', '--cap-drop', 'ALL', '--cap-add', 'CHOWN'],
		...['--cap-add', 'DAC_READ_SEARCH', '--volume', `${volume}:${path}`, '--entrypoint', 'chown', image],
		...['-R', user, path],
	);

/** A container's log since it last started (ISO 8601), as it is written. */
export const followLog = (container: string, since: string) => docker('logs', '--follow', '--since', since, container);

/** The last lines of a container's log. */
export const logTail = (container: string, lines: number) => docker('logs', '--tail', String(lines), container);

/** A container's log since a moment (ISO 8601). */
export const logSince = (container: string, since: string) => docker('logs', '--since', since, container);

/** Starts a container as it was made. */
export const startContainer = (id: string) => docker('start', id);

/** Removes a container that does not run; its volumes stay. */
export const removeContainer = (id: string) => docker('rm', id);

export const renameContainer = (id: string, name: string) => docker('rename', id, name);

/** Everything the engine knows of containers, as JSON; the environment's values are in it. */
export const inspect = (ids: readonly string[]) => docker('inspect', ...ids);

/** What Docker keeps on its disk. It measures every volume, which takes its time. */
export const diskUse = () => docker('system', 'df', '--verbose');

/** Project and name of every container that reaches a network, or has a volume. */
export const containersAt = (kind: 'network' | 'volume', name: string) =>
	docker(
		...['ps', '--all', '--filter', `${kind}=${name}`],
		...['--format', '{{.Label "com.docker.compose.project"}}\t{{.Names}}'],
	);
