import {createReadStream} from 'node:fs';
import {join} from 'node:path';
import {Readable, Transform} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {pack} from 'tar-stream';

/** A tar of files being read: the stream, how far it has come (bytes of content) and the file that is being read. */
export type Archive = {stream: Readable; packed: Promise<void>; sent(): number; current(): string};

/**
 * Packs files below a folder, in order and with constant memory. `packed` rejects when a file cannot be read or has not the
 * size it was listed with.
 * @param files sizes in bytes, by path below `root`
 */
export const packFiles = (root: string, files: ReadonlyMap<string, number>, signal: AbortSignal): Archive => {
	let sent = 0;
	let current = '';
	const archive = pack();
	const packed = (async () => {
		for (const [name, size] of files) {
			current = name;
			const counter = new Transform({
				transform(part: Buffer, _, done) {
					sent += part.length;
					done(null, part);
				},
			});
			await pipeline(createReadStream(join(root, name)), counter, archive.entry({name, size, mode: 0o644}), {signal});
		}
		archive.finalize();
	})();
	packed.catch(error => archive.destroy(error));
	return {stream: Readable.from(archive), packed, sent: () => sent, current: () => current};
};
