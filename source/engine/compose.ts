import type {Command} from '../host/host.js';
import type {ServiceName} from '../model/releases.js';

/** Compose's own files, in the order Compose itself would read them. */
const compose = (directory: string, ...args: string[]): Command => ({
	file: 'docker',
	args: ['compose', '--project-directory', directory, ...args],
	cwd: directory,
});

export const version = (): Command => ({file: 'docker', args: ['compose', 'version', '--short']});

/** Checks the files without starting anything. */
export const config = (directory: string) => compose(directory, 'config', '--quiet');

/** The hash Compose gives each service's configuration: lines of `service hash`. */
export const configHashes = (directory: string) => compose(directory, 'config', '--hash', '*');

/** Starts services whose images are here already; recreates exactly those whose configuration changed. */
export const up = (directory: string, services: readonly ServiceName[]) =>
	compose(directory, 'up', '--detach', '--no-deps', '--pull', 'never', ...services);

export const stop = (directory: string, services: readonly ServiceName[]) => compose(directory, 'stop', ...services);

/** Runs a program in a running service, with this process's standard input. */
export const exec = (directory: string, service: ServiceName, ...command: string[]) =>
	compose(directory, 'exec', '--no-TTY', service, ...command);

/** A service's log from a moment (seconds since 1970) on, following it. */
export const followLog = (directory: string, service: ServiceName, sinceSeconds: number) =>
	compose(directory, 'logs', '--no-color', '--no-log-prefix', '--follow', '--since', String(sinceSeconds), service);

/** The last lines of a service's log. */
export const logTail = (directory: string, service: ServiceName, lines: number) =>
	compose(directory, 'logs', '--no-color', '--no-log-prefix', '--tail', String(lines), service);
