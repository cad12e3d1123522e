import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {canDraw} from '../ink/can-draw.js';
import {holderOf} from '../run/lock.js';
import {folderOf} from './folder.js';

/** Whether the last run did not finish and the person wants it to go on now. */
const wantsToContinue = async (directory: string): Promise<boolean> => {
	const {lastRunOf} = await import('../run/status.js');
	const last = await lastRunOf(directory);
	if (last === null || last.outcome === 'done' || last.outcome === 'unchanged') return false;
	const {createInterface} = await import('node:readline/promises');
	const questions = createInterface({input: process.stdin, output: process.stdout});
	const answer = await questions.question(
		`The last run in ${directory} did not finish (${last.message ?? last.outcome}).\nContinue it now? [Y/n] `,
	);
	questions.close();
	return !/^n/i.test(answer.trim());
};

/**
 * What `specify-setup` without a command does: home of the installation that is here, or the guided installation.
 * Live screens where they can be drawn, plain questions on other terminals.
 */
export const open = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('install', argv, {
		dir: {type: 'string'},
		set: {type: 'string', multiple: true},
		plain: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	const settings = values.set ?? [];
	const draw = canDraw() && !values.plain;
	const installed = existsSync(join(directory, 'specify.yaml'));
	const style = ['--dir', directory, ...(draw ? [] : ['--plain'])];
	if (installed && (await holderOf(directory))) return (await import('./attach.js')).attach(style);
	if (installed && process.stdin.isTTY && process.stdout.isTTY && (await wantsToContinue(directory)))
		return (await import('./install.js')).install('install', ['--yes', ...style]);
	if (installed)
		return draw
			? (await import('./home.js')).home({directory})
			: (await import('./status.js')).status(['--dir', directory]);
	if (draw) return (await import('./wizard.js')).wizard({directory, settings});
	if (process.stdin.isTTY && process.stdout.isTTY)
		return (await import('./questions.js')).questions({directory, settings});
	throw new SetupError('Nothing is installed here, and nobody can be asked.', {
		hint: 'Run it in a terminal, or give the answers: specify-setup install --answers FILE --yes',
		exitCode: exitCodes.usage,
	});
};
