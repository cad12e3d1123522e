import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {statusLines} from '../model/status.js';
import {openInstallation} from '../run/installation.js';
import {statusOf} from '../run/status.js';
import {gatherAnswers} from './answers.js';
import {folderOf} from './folder.js';
import {print} from './output.js';

export const help = `specify-setup status [--dir DIR] [--watch] [--json]

Shows how the installation is doing: services, addresses and certificates, disk, the last run.

  --watch            again every 5 seconds, until Ctrl-C
  --json             one JSON object (a line each time with --watch)

Exit codes: 0 everything is healthy, 1 something is not, 2 nothing is installed here.

Example
  specify-setup status --json`;

const watchIntervalMs = 5000;

export const status = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('status', argv, {
		dir: {type: 'string'},
		watch: {type: 'boolean'},
		json: {type: 'boolean'},
		plain: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	if ((await localHost.read(join(directory, 'specify.yaml'))) === null)
		throw new SetupError(`Nothing is installed in ${directory}.`, {
			hint: 'Install with "specify-setup", or name the folder with --dir.',
			exitCode: exitCodes.usage,
		});
	const {signal} = new AbortController();
	for (;;) {
		const answers = await gatherAnswers({host: localHost, directory, file: undefined, settings: []});
		const context = await openInstallation({host: localHost, directory, answers, signal});
		if (!context.observation.engine.reachable)
			throw new SetupError(context.observation.engine.detail, {
				hint: 'Start Docker, or check that you may use it ("docker info").',
			});
		const seen = await statusOf(context);
		if (values.json) print(JSON.stringify(seen));
		else print(...statusLines(seen));
		if (!values.watch) return seen.healthy ? exitCodes.done : exitCodes.failed;
		await sleep(watchIntervalMs);
		if (!values.json) print('');
	}
};
