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

/** A container's log since it last started (ISO 8601), as it is written. */
export const followLog = (container: string, since: string) => docker('logs', '--follow', '--since', since, container);

/** The last lines of a container's log. */
export const logTail = (container: string, lines: number) => docker('logs', '--tail', String(lines), container);
