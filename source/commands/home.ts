import {spawn} from 'node:child_process';
import {createElement} from 'react';
import {exitCodes} from '../errors.js';
import {canDraw} from '../ink/can-draw.js';
import type {HomeLeft} from '../ink/screens/status.js';
import type {HomeAction} from '../model/home.js';
import {restartService, serviceLog} from '../run/live-status.js';
import {askLine} from './ask.js';
import {print} from './output.js';
import {follow, status} from './status.js';

const commandOf: Record<Exclude<HomeAction, 'others'>, readonly string[]> = {
	reconfigure: ['reconfigure'],
	previous: ['reconfigure', '--previous'],
	doctor: ['doctor'],
	certificates: ['certs'],
	watch: ['attach'],
	bundle: ['bundle'],
};

/** Runs a command of this program in the same terminal, as a process of its own: Ctrl-C ends it, and not home. */
const runHere = async (command: readonly string[], directory: string) => {
	const ignore = () => {};
	process.on('SIGINT', ignore);
	try {
		const child = spawn(process.execPath, [process.argv[1]!, ...command, '--dir', directory], {stdio: 'inherit'});
		await new Promise<void>(resolve => {
			child.once('error', () => resolve());
			child.once('exit', () => resolve());
		});
	} finally {
		process.off('SIGINT', ignore);
	}
};

/** The status screen until it is left. @throws SetupError when the installation cannot be read */
const show = async (directory: string): Promise<HomeLeft> => {
	const controller = new AbortController();
	const {signal} = controller;
	const {engine, project, statuses} = await follow(directory, signal);
	const [{mount, suspend}, {StatusScreen}] = await Promise.all([
		import('../ink/mount.js'),
		import('../ink/screens/status.js'),
	]);
	try {
		return await mount<HomeLeft>(leave =>
			createElement(StatusScreen, {
				statuses,
				logOf: (service, during) => serviceLog({engine, project}, service, {signal: during}),
				restart: service => restartService({engine, project}, service),
				suspend,
				onLeave: leave,
			}),
		);
	} finally {
		controller.abort();
	}
};

/** Where no screen can be drawn, what else can be done is told. */
export const tellCommands = (directory: string) =>
	print(
		'',
		'What can be done:',
		...Object.values(commandOf).map(command => `  specify-setup ${command.join(' ')} --dir ${directory}`),
	);

/**
 * The home of an existing installation: the live status screen where one can be drawn, the plain status elsewhere. From the
 * screen every other command is reached, and leads back to it.
 * Leaving the screen, with Ctrl-C too, is exit code 0: nothing is under way that could be cancelled.
 * @returns the exit code, or "others" when another installation is wanted
 * @throws SetupError when the installation cannot be read, or its engine is not on this machine
 */
export const home = async ({directory}: {directory: string}): Promise<number | 'others'> => {
	if (!canDraw()) return status(['--dir', directory]);
	for (;;) {
		const {error, next} = await show(directory);
		if (error) throw error;
		if (next === undefined) return exitCodes.done;
		if (next === 'others') return next;
		await runHere(commandOf[next], directory);
		// Home would cover what the command left behind.
		await askLine('\nPress Enter to go back to the status. ');
	}
};
