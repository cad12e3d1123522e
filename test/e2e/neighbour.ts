import {execa} from 'execa';
import {docker} from './installation.js';

const run = (command: string, ...args: string[]) => execa(command, args);

/** Where the neighbour listens. */
export const neighbourPort = 7777;

/**
 * Another machine on the network of this one: a container outside all of Docker's networks, joined to the host by a cable of
 * its own and routing through the host. Unlike anything in a Docker network, it is beyond the host for every container.
 */
export class Neighbour {
	private readonly name = `neighbour-${Math.random().toString(36).slice(2, 7)}`;
	private readonly block = Math.floor(Math.random() * 64) * 4;
	/** The host's end of the cable, and the neighbour's (addresses reserved for examples, RFC 5737). */
	readonly host = `198.51.100.${this.block + 1}`;
	readonly address = `198.51.100.${this.block + 2}`;
	/** As `docker run --network` takes it. */
	readonly network = `container:${this.name}`;

	/** @param image one with Python */
	async start(image: string) {
		await docker(
			...['run', '--detach', '--rm', '--pull', 'never', '--name', this.name, '--network', 'none'],
			...['--entrypoint', 'python3', image, '-m', 'http.server', String(neighbourPort)],
		);
		const pid = await docker('inspect', '--format', '{{.State.Pid}}', this.name);
		const [here, there] = [`c${pid}a`, `c${pid}b`];
		const inside = (...args: string[]) => run('nsenter', '--target', pid, '--net', 'ip', ...args);
		await run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', pid);
		await run('ip', 'address', 'add', `${this.host}/30`, 'dev', here);
		await run('ip', 'link', 'set', here, 'up');
		await inside('address', 'add', `${this.address}/30`, 'dev', there);
		await inside('link', 'set', there, 'up');
		await inside('route', 'add', 'default', 'via', this.host);
	}

	/** The cable goes with the container. */
	async stop() {
		await execa('docker', ['rm', '--force', this.name], {reject: false});
	}
}
