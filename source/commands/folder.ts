import {homedir} from 'node:os';
import {join, resolve} from 'node:path';

/** The folder of an installation: the one given, else /opt/specify for root and ~/specify for others. */
export const folderOf = (given: string | undefined) =>
	given === undefined ? (process.getuid?.() === 0 ? '/opt/specify' : join(homedir(), 'specify')) : resolve(given);
