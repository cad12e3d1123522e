import {createElement} from 'react';
import {exitCodes} from '../errors.js';
import {canDraw} from '../ink/can-draw.js';
import {restartService, serviceLog} from '../run/live-status.js';
import {follow, status} from './status.js';

/**
 * The home of an existing installation: the live status screen where one can be drawn, the plain status elsewhere.
 * Leaving the screen, with Ctrl-C too, is exit code 0: nothing is under way that could be cancelled.
 * @throws SetupError when the installation cannot be read, or its engine is not on this machine
 */
export const home = async ({directory}: {directory: string}): Promise<number> => {
	if (!canDraw()) return status(['--dir', directory]);
	const controller = new AbortController();
	const {signal} = controller;
	const {engine, project, statuses} = await follow(directory, signal);
	const [{mount, suspend}, {StatusScreen}] = await Promise.all([
		import('../ink/mount.js'),
		import('../ink/screens/status.js'),
	]);
	try {
		const {error} = await mount<{error?: unknown}>(leave =>
			createElement(StatusScreen, {
				statuses,
				logOf: (service, during) => serviceLog({engine, project}, service, {signal: during}),
				restart: service => restartService({engine, project}, service),
				suspend,
				onLeave: leave,
			}),
		);
		if (error) throw error;
		return exitCodes.done;
	} finally {
		controller.abort();
	}
};
