import {readdir, readFile, readlink} from 'node:fs/promises';

/** A TCP port something listens on, and the program's name where this user may see it. */
export type Listener = {port: number; program: string | null};

const listening = '0A';

/** Rows of /proc/net/tcp and tcp6: local address in column 2 (hex port after the colon), state in 4, socket inode in 10. */
export const parseListeners = (table: string): {port: number; inode: string}[] =>
	table
		.split('\n')
		.slice(1)
		.map(row => row.trim().split(/\s+/))
		.filter(columns => columns[3] === listening)
		.map(columns => ({port: Number.parseInt(columns[1]!.split(':').pop()!, 16), inode: columns[9]!}));

const programOf = async (inode: string): Promise<string | null> => {
	for (const pid of await readdir('/proc')) {
		if (!/^\d+$/.test(pid)) continue;
		const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
		for (const descriptor of descriptors) {
			const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
			if (target === `socket:[${inode}]`)
				return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() || null;
		}
	}
	return null;
};

/** Who listens on which of these ports of this machine (Linux; elsewhere nothing is found). */
export const listenersOn = async (ports: readonly number[]): Promise<Listener[]> => {
	const tables = await Promise.all(
		['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'utf8').catch(() => '')),
	);
	const found = new Map<number, string>();
	for (const {port, inode} of tables.flatMap(parseListeners)) if (ports.includes(port)) found.set(port, inode);
	return Promise.all([...found].map(async ([port, inode]) => ({port, program: await programOf(inode)})));
};
