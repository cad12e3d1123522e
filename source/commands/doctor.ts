import {type DoctorRequest, diagnose} from '../doctor/doctor.js';
import {exitCodes} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {themeFor} from '../ink/theme.js';
import {type Report, reportLines} from '../model/doctor.js';
import {openInstallation} from '../run/installation.js';
import {isInstallation} from '../run/lost-answers.js';
import {version} from '../version.js';
import {gatherAnswers} from './answers.js';
import {folderOf} from './folder.js';
import {print, tell} from './output.js';

export const help = `specify-setup doctor [--dir DIR] [--fix] [--json]

Looks at everything, says what is wrong and what to do about it: machine, files,
services, database, certificates and names, pages and attachments, and what goes
wrong most with Specify. It changes nothing; a small file is put into the asset
server and taken out again, as people's attachments are. Where nothing is
installed yet it looks at the machine.

  --fix              mends what is safe, then looks again: permissions of files,
                     a lost specify.yaml or .env of which there is a copy, the
                     lock of a run that ended, stopped services, a proxy that
                     has not loaded its configuration, a gate still closed.
                     Nothing else; no data can be lost
  --json             one JSON object; "version" is 1

Exit codes: 0 nothing is bad, 1 something is, 2 nothing is installed there,
3 nor can it be: the machine is not ready, 4 --fix while a run is under way,
130 stopped.

Examples
  specify-setup doctor
  specify-setup doctor --fix --json`;

/** How the doctor opens a folder. */
export const requestFor = async (directory: string, signal: AbortSignal): Promise<DoctorRequest> => ({
	host: localHost,
	directory,
	installed: await isInstallation({host: localHost, directory}),
	signal,
	tool: version,
	open: async () => {
		const answers = await gatherAnswers({host: localHost, directory, file: undefined, settings: []});
		return openInstallation({host: localHost, directory, answers, signal});
	},
});

const exitCodeOf = ({installed, result}: Pick<Report, 'installed' | 'result'>) => {
	if (!installed) return result === 'bad' ? exitCodes.refused : exitCodes.usage;
	return result === 'bad' ? exitCodes.failed : exitCodes.done;
};

export const doctor = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('doctor', argv, {
		dir: {type: 'string'},
		fix: {type: 'boolean'},
		json: {type: 'boolean'},
		plain: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const controller = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
	if (!values.json)
		tell(
			values.fix
				? 'Looking at everything and mending what is safe; this takes a few minutes when services are started.'
				: 'Looking at everything; this takes up to a minute.',
		);
	const request = await requestFor(folderOf(values.dir), controller.signal);
	const report = await diagnose({...request, fix: values.fix === true});
	if (values.json) print(JSON.stringify(report));
	else tell(...reportLines(report, themeFor(process.env).symbols));
	return exitCodeOf(report);
};
