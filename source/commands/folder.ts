import {realpathSync} from 'node:fs';
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';

/** A folder by its real name: the containers and their project are known by it. */
const real = (path: string) => {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
};

/** The folder of an installation: the one given, else /opt/specify for root and ~/specify for others. */
export const folderOf = (given: string | undefined) =>
	real(given === undefined ? (process.getuid?.() === 0 ? '/opt/specify' : join(homedir(), 'specify')) : resolve(given));
