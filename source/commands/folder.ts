import {realpathSync} from 'node:fs';
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {exitCodes, SetupError} from '../errors.js';
import {localHost} from '../host/local.js';

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

/** @throws SetupError (exit code 2) when nothing is installed in a folder */
export const requireInstallation = async (directory: string) => {
	if ((await localHost.read(join(directory, 'specify.yaml'))) === null)
		throw new SetupError(`Nothing is installed in ${directory}.`, {
			hint: 'Install with "specify-setup", or name the folder with --dir.',
			exitCode: exitCodes.usage,
		});
};
