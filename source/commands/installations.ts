import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {createElement} from 'react';
import {exitCodes, SetupError} from '../errors.js';
import {projectName} from '../files/names.js';
import {expandHome} from '../host/complete-path.js';
import {localHost} from '../host/local.js';
import {type Installation, installationLines, nextFolder} from '../model/installations.js';
import {findInstallations} from '../run/installations.js';
import {askLine} from './ask.js';
import {isInstalled, severalError, usualFolder} from './folder.js';
import {tell} from './output.js';
import {openPreferences, rememberedFolders} from './preferences.js';

/** The installations that are known: in this person's list, in the usual folder, on the engine. */
export const knownInstallations = () =>
	findInstallations({host: localHost, remembered: rememberedFolders(), usual: usualFolder()});

const projectsOf = (installations: readonly Installation[]) =>
	new Set(installations.flatMap(({project}) => (project === null ? [] : [project])));

/** Asks for the folder of one more installation; null: nothing was said. Its name may be no project's that exists: it would meet its data. */
const askFolder = async (installations: readonly Installation[]): Promise<string | null> => {
	const projects = projectsOf(installations);
	const isTaken = (directory: string) => existsSync(directory) || projects.has(projectName(directory));
	const proposed = nextFolder(usualFolder(), isTaken);
	for (;;) {
		const typed = await askLine(`Folder of the new installation (${proposed}): `);
		if (typed === null) return null;
		const directory = typed.trim() === '' ? proposed : resolve(expandHome(typed.trim()));
		if (isInstalled(directory)) tell(`There is an installation in ${directory} already.`);
		else if (projects.has(projectName(directory)))
			tell(
				`Docker has containers or data of an installation named ${projectName(directory)} already: choose a folder whose last part is another name.`,
			);
		else return directory;
	}
};

/**
 * Lets a person choose among installations, or begin another one.
 * @returns the folder of the one that was chosen or is to be made; null when it was left
 */
const choose = async (installations: readonly Installation[], draw: boolean): Promise<string | null> => {
	const preferences = openPreferences();
	const choice = draw
		? await (async () => {
				const [{mount, suspend}, {InstallationsScreen}] = await Promise.all([
					import('../ink/mount.js'),
					import('../ink/screens/installations.js'),
				]);
				const onDrop = (directory: string) => void preferences.dropInstallation(directory);
				return mount<{open: string} | {another: true} | null>(onLeave =>
					createElement(InstallationsScreen, {installations, onDrop, suspend, onLeave}),
				);
			})()
		: await (await import('../plain/installations.js')).chooseInstallation(installations, {
				drop: preferences.dropInstallation,
				print: tell,
			});
	if (choice === null) return null;
	if ('another' in choice) return askFolder(installations);
	await preferences.addInstallation(choice.open);
	return choice.open;
};

/**
 * The installation that is meant where no folder is named and the current one is in none: the only one that is known, or
 * the one that a person chooses. Where nothing is known it is the usual folder.
 * @param again shows the list although there is but one
 * @returns null when the person left
 * @throws SetupError (exit code 2) with the list when there are several and nobody can be asked
 */
export const whichInstallation = async ({
	draw,
	again = false,
}: {
	draw: boolean;
	again?: boolean;
}): Promise<string | null> => {
	const installations = await knownInstallations();
	const here = installations.filter(({kind}) => kind === 'here');
	const [only] = here;
	if (!again && here.length === 1 && only?.kind === 'here') {
		if (!only.remembered) await openPreferences().addInstallation(only.directory);
		return only.directory;
	}
	if (!again && installations.length === 0) return usualFolder();
	if (process.stdin.isTTY && process.stdout.isTTY) return choose(installations, draw);
	const lines = installationLines(installations);
	if (here.length > 0) throw severalError(lines);
	throw new SetupError('Nothing is installed here that could be opened, and nobody can be asked.', {
		details: lines,
		hint: 'Name a folder with --dir, or give the answers of a new installation: specify-setup install --dir FOLDER --answers FILE --yes',
		exitCode: exitCodes.usage,
	});
};
