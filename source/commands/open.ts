import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {canDraw} from '../ink/can-draw.js';
import {isUnfinished} from '../model/last-run.js';
import {holderOf} from '../run/lock.js';
import {folderAround, folderOf, isInstalled} from './folder.js';
import {tell} from './output.js';
import {rememberInstallation} from './preferences.js';

/** The installation, where it is not as its answers say; home tells why, where that cannot be found out. */
const leftIn = async (directory: string) => {
	const [{readInstallation}, {planFor}, {isDone}] = await Promise.all([
		import('./status.js'),
		import('../run/installation.js'),
		import('../model/plan.js'),
	]);
	try {
		const context = await readInstallation(directory, new AbortController().signal);
		return isDone(planFor(context)) ? null : context;
	} catch (error) {
		if (error instanceof SetupError) return null;
		throw error;
	}
};

/** Whether the last run did not finish, something is left to do, and the person, shown what, wants to go on with it now. */
const wantsToContinue = async (directory: string): Promise<boolean> => {
	const {lastRunOf} = await import('../run/status.js');
	const last = await lastRunOf(directory);
	const context = isUnfinished(last) ? await leftIn(directory) : null;
	if (!last || !context) return false;
	const [{askLine}, {printPlan}, {whatFollows}, {existingBeside}] = await Promise.all([
		import('./ask.js'),
		import('./install.js'),
		import('./consequences.js'),
		import('./existing.js'),
	]);
	const consequences = await whatFollows(context, await existingBeside(directory, context.answers), {});
	tell(`The last run in ${directory} did not finish (${(last.message ?? last.outcome).replace(/\.$/, '')}).`);
	printPlan(context, 'plain', true, consequences);
	const answer = await askLine('\nContinue it now? [Y/n] ');
	return answer !== null && !/^n/i.test(answer.trim());
};

/** Goes on with what was not finished. */
const goOn = async (directory: string, style: readonly string[]): Promise<number> => {
	const [{install}, {installedAnswers}, {localHost}] = await Promise.all([
		import('./install.js'),
		import('../run/history.js'),
		import('../host/local.js'),
	]);
	const isInstalledWell = (await installedAnswers({host: localHost, directory})) !== null;
	// Its plan has been shown, and asked for.
	return install(isInstalledWell ? 'reconfigure' : 'install', [...style, '--yes']);
};

/** Home of the installation in a folder, or the guided installation into it. */
const openFolder = async (
	directory: string,
	{draw, settings}: {draw: boolean; settings: readonly string[]},
): Promise<number | 'others'> => {
	const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
	const style = ['--dir', directory, ...(draw ? [] : ['--plain'])];
	if (isInstalled(directory)) {
		if (settings.length > 0)
			throw new SetupError(`There is an installation in ${directory} already; its answers stay as they are.`, {
				hint: `To change them: specify-setup reconfigure --dir ${directory} --set …`,
				exitCode: exitCodes.usage,
			});
		await rememberInstallation(directory);
		const holder = await holderOf(directory);
		if (holder && !draw && holder.work === undefined) return (await import('./attach.js')).attach(style);
		if (!holder && isTerminal && (await wantsToContinue(directory))) return goOn(directory, style);
		if (draw) return (await import('./home.js')).home({directory});
		const exitCode = await (await import('./status.js')).status(['--dir', directory]);
		if (isTerminal) (await import('./home.js')).tellCommands(directory);
		return exitCode;
	}
	if (draw) return (await import('./wizard.js')).wizard({directory, settings});
	if (isTerminal) return (await import('./questions.js')).questions({directory, settings});
	throw new SetupError('Nothing is installed here, and nobody can be asked.', {
		hint: 'Run it in a terminal, or give the answers: specify-setup install --answers FILE --yes',
		exitCode: exitCodes.usage,
	});
};

/**
 * What `specify-setup` without a command does: home of the installation that is meant, or the guided installation.
 * Live screens where they can be drawn, plain questions on other terminals.
 */
export const open = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('install', argv, {
		dir: {type: 'string'},
		set: {type: 'string', multiple: true},
		plain: {type: 'boolean'},
	});
	const settings = values.set ?? [];
	const draw = canDraw() && !values.plain;
	const named = values.dir === undefined && !process.env.SPECIFY_SETUP_DIR ? folderAround() : folderOf(values.dir);
	for (let directory = named, again = false; ; again = true) {
		directory = again || directory === null ? await which({draw, again}) : directory;
		if (directory === null) return exitCodes.done;
		const left = await openFolder(directory, {draw, settings});
		if (left !== 'others') return left;
	}
};

const which = async (how: {draw: boolean; again: boolean}) =>
	(await import('./installations.js')).whichInstallation(how);
