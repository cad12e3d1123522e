import {existsSync, readFileSync, realpathSync} from 'node:fs';
import {homedir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {exitCodes, SetupError} from '../errors.js';
import {answersFolder, projectFile, projectLabel, stateFolder} from '../files/names.js';
import {localHost} from '../host/local.js';
import {isInstallation} from '../run/lost-answers.js';
import {rememberedFolders} from './preferences.js';

/** A folder by its real name: the containers and their project are known by it. */
const real = (path: string) => {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
};

const isComposed = (directory: string) => {
	try {
		return readFileSync(join(directory, 'compose.yaml'), 'utf8').includes(projectLabel);
	} catch {
		return false;
	}
};

/** Whether an installation is in a folder, also one whose answers got lost: what is run there tells that they are. */
export const isInstalled = (directory: string) =>
	['specify.yaml', projectFile, answersFolder].some(path => existsSync(join(directory, path))) || isComposed(directory);

/** The folder of an installation where none is named: /opt/specify for root and ~/specify for others. */
export const usualFolder = () => real(process.getuid?.() === 0 ? '/opt/specify' : join(homedir(), 'specify'));

/** The installation that the current folder is in, or null. */
export const folderAround = (start = process.cwd()): string | null => {
	for (let folder = real(start); ; folder = dirname(folder)) {
		if (isInstalled(folder) && existsSync(join(folder, stateFolder))) return folder;
		if (folder === dirname(folder)) return null;
	}
};

/** What to do when nobody can tell which of several installations is meant. */
export const severalError = (lines: readonly string[]) =>
	new SetupError('There are several installations; which one is meant?', {
		details: [...lines],
		hint: 'Name one with --dir, or run this in its folder.',
		exitCode: exitCodes.usage,
	});

/** Folders with an installation, of those that are known without asking the engine. */
export const knownFolders = () => [...new Set([usualFolder(), ...rememberedFolders().map(real)])].filter(isInstalled);

/**
 * The folder of the installation that is meant: the one given, also by SPECIFY_SETUP_DIR, else the one the current folder
 * is in, else the only one that is known, else the usual one. The engine is not asked.
 * @param isNew answers are given: where nothing is in the usual folder, they are those of a new installation there
 * @throws SetupError (exit code 2) when there are several and none of these
 */
export const folderOf = (given: string | undefined, {isNew = false} = {}): string => {
	const named = given ?? process.env.SPECIFY_SETUP_DIR;
	if (named) return real(resolve(named));
	const around = folderAround();
	if (around !== null) return around;
	const usual = usualFolder();
	const known = knownFolders();
	if (isNew && !known.includes(usual)) return usual;
	if (known.length > 1) throw severalError(known);
	return known[0] ?? usual;
};

/** @throws SetupError (exit code 2) when nothing is installed in a folder */
export const requireInstallation = async (directory: string) => {
	if (!(await isInstallation({host: localHost, directory})))
		throw new SetupError(`Nothing is installed in ${directory}.`, {
			hint: 'Install with "specify-setup", or name the folder with --dir.',
			exitCode: exitCodes.usage,
		});
};
