import {setTimeout as sleep} from 'node:timers/promises';
import {engineAt, findSocket} from '../engine/api.js';
import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {type LiveStatus, statusLines} from '../model/status.js';
import {openInstallation} from '../run/installation.js';
import {projectOf} from '../run/installations.js';
import {liveStatus} from '../run/live-status.js';
import {statusOf} from '../run/status.js';
import {gatherAnswers} from './answers.js';
import {folderOf, requireInstallation} from './folder.js';
import {print, tell} from './output.js';

export const help = `specify-setup status [--dir DIR] [--watch] [--json]

Shows how the installation is doing: services, addresses and certificates, disk,
the last run; and where answers, files and containers disagree, what to do about
it and what a reconfigure would do.

  --watch            again every 5 seconds, with CPU and memory, until Ctrl-C
  --json             one JSON object (a line each time with --watch)

Exit codes: 0 everything is healthy, 1 something is not, 2 nothing is installed
here or its answers are lost, 130 --watch was stopped.

Example
  specify-setup status --json`;

const watchIntervalMs = 5000;

/** Reads the installation of a folder anew. @throws SetupError when its specify.yaml is not right */
export const readInstallation = async (directory: string, signal: AbortSignal) => {
	const answers = await gatherAnswers({host: localHost, directory, file: undefined, settings: []});
	return openInstallation({host: localHost, directory, answers, signal});
};

/** Follows the installation of a folder. @throws SetupError when nothing is installed there, or the engine is not on this machine */
export const follow = async (directory: string, signal: AbortSignal) => {
	const engine = engineAt(await findSocket(localHost));
	const project = await projectOf(localHost, directory);
	return {
		engine,
		project,
		statuses: liveStatus({engine, project, open: during => readInstallation(directory, during), signal}),
	};
};

/** Prints what is known every few seconds, until it is stopped. */
const watch = async (directory: string, show: (status: LiveStatus) => void) => {
	const controller = new AbortController();
	const stop = () => controller.abort();
	process.once('SIGINT', stop);
	process.once('SIGTERM', stop);
	const {statuses} = await follow(directory, controller.signal);
	let newest: LiveStatus | undefined;
	let begun = () => {};
	const first = new Promise<void>(resolve => {
		begun = resolve;
	});
	const reading = (async () => {
		for await (const status of statuses) {
			newest = status;
			begun();
		}
	})();
	await Promise.race([first, reading]);
	// The engine takes two samples to tell a use of the processor.
	await sleep(2500, undefined, {signal: controller.signal}).catch(() => {});
	while (!controller.signal.aborted && newest) {
		show(newest);
		await sleep(watchIntervalMs, undefined, {signal: controller.signal}).catch(() => {});
	}
	await reading;
	return exitCodes.cancelled;
};

export const status = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('status', argv, {
		dir: {type: 'string'},
		watch: {type: 'boolean'},
		json: {type: 'boolean'},
		plain: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	await requireInstallation(directory);
	if (values.watch) {
		let times = 0;
		return watch(directory, seen => {
			if (values.json) print(JSON.stringify(seen));
			else tell(...(times++ > 0 ? [''] : []), ...statusLines(seen));
		});
	}
	const context = await readInstallation(directory, new AbortController().signal);
	if (!context.observation.engine.reachable)
		throw new SetupError(context.observation.engine.detail, {
			hint: 'Start Docker, or check that you may use it ("docker info").',
		});
	const seen = await statusOf(context);
	if (values.json) print(JSON.stringify(seen));
	else tell(...statusLines(seen));
	return seen.healthy ? exitCodes.done : exitCodes.failed;
};
