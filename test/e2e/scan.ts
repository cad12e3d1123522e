import {existsSync, readFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {expect} from 'vitest';

const script = fileURLToPath(new URL('scan.py', import.meta.url));

/** Ports that a `/proc/net/tcp` says somebody listens on, at whatever address. */
const listening = (path: string) =>
	readFileSync(path, 'utf8')
		.trim()
		.split('\n')
		.slice(1)
		.flatMap(row => {
			const [, local, , state] = row.trim().split(/\s+/);
			return state === '0A' ? [Number.parseInt(local!.split(':')[1]!, 16)] : [];
		});

/** Ports on which this machine's other programs listen. They are none of our business: no scan connects to them. */
export const portsOfOthers = (own: readonly number[]) =>
	[...new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(listening))].filter(port => !own.includes(port));

/** A listener of the test's own; `stop` closes it. */
export const listen = async (address: string) => {
	const server = createServer(connection => connection.destroy());
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, address, resolve);
	});
	const {port} = server.address() as {port: number};
	return {port, stop: () => new Promise(resolve => server.close(resolve))};
};

/**
 * Refuses an address that this machine does not hold itself or reach by a virtual network of its own: whatever a scan sends
 * there would leave the machine. An address of a network that is gone, or in which the host has none, is such a one.
 */
const staysHere = async (address: string) => {
	const {stdout} = await execa('ip', ['-json', 'route', 'get', address]);
	const [route] = JSON.parse(stdout) as {type?: string; dev: string; gateway?: string}[];
	const own = route!.type === 'local' || (!route!.gateway && existsSync(`/sys/devices/virtual/net/${route!.dev}`));
	if (!own) throw new Error(`Not scanned: the way to ${address} leaves this machine by ${route!.dev}.`);
};

/**
 * Connects to all 65,535 ports of each address, from a container in the given network (as `docker run --network` takes it).
 * @param skip ports left alone, read anew afterwards: what began to listen meanwhile is left out of the result
 */
export const openPorts = async ({
	image,
	network,
	addresses,
	skip = () => [],
}: {
	image: string;
	network: string;
	addresses: readonly string[];
	skip?: () => number[];
}): Promise<Record<string, number[]>> => {
	await Promise.all(addresses.map(staysHere));
	const {exitCode, stdout, stderr} = await execa(
		'docker',
		[
			'run',
			'--rm',
			'--interactive',
			'--pull',
			'never',
			'--network',
			network,
			'--entrypoint',
			'python3',
			image,
			'-',
		].concat(JSON.stringify({addresses, skip: skip()})),
		{inputFile: script, reject: false},
	);
	expect(exitCode, stderr).toBe(0);
	const others = skip();
	return Object.fromEntries(
		Object.entries(JSON.parse(stdout) as Record<string, number[]>).map(([address, ports]) => [
			address,
			ports.filter(port => !others.includes(port)),
		]),
	);
};

/** A text table of what is open (`service:port`) from where; the columns are in the order given, the unexpected behind. */
export const matrix = (rows: Record<string, readonly string[]>, order: readonly string[]) => {
	const found = [...new Set(Object.values(rows).flat())];
	if (found.length > 200) throw new Error(`${found.length} ports are open: something answers for everybody.`);
	const columns = [
		...order.filter(name => found.includes(name)),
		...found.filter(name => !order.includes(name)).sort(),
	];
	const cells = [
		['from', ...columns],
		...Object.entries(rows).map(([from, open]) => [from, ...columns.map(name => (open.includes(name) ? 'open' : '-'))]),
	];
	const widths = cells[0]!.map((_, index) => Math.max(...cells.map(row => row[index]!.length)));
	return cells
		.map(row =>
			row
				.map((cell, index) => cell.padEnd(widths[index]!))
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
};
