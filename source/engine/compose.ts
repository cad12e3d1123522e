import type {Command, Process} from '../host/host.js';
import type {ServiceName} from '../model/releases.js';
import {secretNames} from '../model/secrets.js';

/** Compose prefers the caller's variables to those of `.env`: what `.env` says must not depend on who runs this. */
const ownEnvironmentOnly = (): Record<string, undefined> =>
	Object.fromEntries(
		[...secretNames, ...Object.keys(process.env).filter(name => name.startsWith('COMPOSE_'))].map(name => [
			name,
			undefined,
		]),
	);

/** Compose's own files, in the order Compose itself would read them. */
const compose = (directory: string, ...args: string[]): Command => ({
	file: 'docker',
	args: ['compose', '--project-directory', directory, ...args],
	cwd: directory,
	env: ownEnvironmentOnly(),
});

export const version = (): Command => ({file: 'docker', args: ['compose', 'version', '--short']});

/** Checks the files without starting anything. */
export const config = (directory: string) => compose(directory, 'config', '--quiet');

/** The composition as Compose reads it, the user's own files included; variables stay names. */
export const composition = (directory: string) => compose(directory, 'config', '--no-interpolate');

/** The hash Compose gives each service's configuration: lines of `service hash`. */
export const configHashes = (directory: string) => compose(directory, 'config', '--hash', '*');

/**
 * The same for a composition on standard input. Relative paths and variables are those of the folder.
 * @param overrides files of the user's own, which Compose adds by itself only to a composition that it finds
 */
export const configHashesOf = (directory: string, overrides: readonly string[]) =>
	compose(directory, ...['-', ...overrides].flatMap(file => ['--file', file]), 'config', '--hash', '*');

/**
 * Starts services whose images are here already, after what they depend on; recreates exactly those whose configuration changed.
 * Without --no-deps, which would give them another configuration hash than "docker compose up" by hand.
 */
export const up = (directory: string, services: readonly ServiceName[], {force = false} = {}) =>
	compose(directory, 'up', '--detach', '--pull', 'never', ...(force ? ['--force-recreate'] : []), ...services);

/** Whether these are the arguments of an "up" in this folder, as `up` makes them. */
export const isUp = (directory: string, args: readonly string[]) => {
	const at = args.indexOf('--project-directory');
	return at >= 0 && args[at + 1] === directory && args[at + 2] === 'up';
};

/** Whether a process is somebody's Compose in this folder that may replace containers. */
export const mayReplace = (directory: string, {args, folder}: Process) => {
	const isCompose =
		/(^|\/)docker(-compose)?$/.test(args[0] ?? '') && args.slice(0, 2).some(arg => /compose$/.test(arg));
	const at = args.indexOf('--project-directory');
	const place = at >= 0 ? args[at + 1] : folder;
	const isHere = place === directory || Boolean(place?.startsWith(`${directory}/`));
	return isCompose && isHere && args.some(arg => /^(up|create)$/.test(arg));
};

export const stop = (directory: string, services: readonly ServiceName[]) => compose(directory, 'stop', ...services);

/** Runs a program once in a container of its own with a service's image, volumes and user, whether the service runs or not. */
export const runOnce = (directory: string, service: ServiceName, program: string, ...args: string[]) =>
	compose(directory, 'run', '--rm', '--no-deps', '--no-TTY', '--entrypoint', program, service, ...args);

/** Runs a program in a running service, with this process's standard input. */
export const exec = (directory: string, service: ServiceName, ...command: string[]) =>
	compose(directory, 'exec', '--no-TTY', service, ...command);
