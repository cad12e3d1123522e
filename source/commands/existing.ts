import {localHost} from '../host/local.js';
import type {Answers} from '../model/answers.js';
import type {Existing} from '../model/wizard.js';
import {installedAnswers} from '../run/history.js';
import {requireUnlocked} from '../run/lock.js';
import {lastRunOf} from '../run/status.js';
import {gatherAnswers} from './answers.js';
import {requireInstallation} from './folder.js';

/** The answers of the last run that went well, and whether one did. */
export const readInstalled = async (directory: string) => {
	const [installed, last] = await Promise.all([installedAnswers({host: localHost, directory}), lastRunOf(directory)]);
	// Before there was a history of answers, the last run is what tells.
	return {installed, inUse: installed !== null || last?.outcome === 'done' || last?.outcome === 'unchanged'};
};

/** What is installed in a folder, beside the answers that are wanted. */
export const existingBeside = async (directory: string, answers: Answers): Promise<Existing> => {
	const {installed, inUse} = await readInstalled(directory);
	return {answers, installed: installed ?? answers, inUse};
};

/**
 * What is installed in a folder, for somebody who wants to change it.
 * @param settings answers given on the command line, over those of `specify.yaml`
 * @throws SetupError when nothing is installed, its answers are not right (exit code 2), or a run is under way (4)
 */
export const readExisting = async (directory: string, settings: readonly string[]): Promise<Existing> => {
	await requireInstallation(directory);
	await requireUnlocked(directory);
	const answers = await gatherAnswers({
		host: localHost,
		directory,
		file: undefined,
		settings,
		environment: process.env,
	});
	return existingBeside(directory, answers);
};
