import {resolve} from 'node:path';
import {writeBundle} from '../doctor/bundle.js';
import {diagnose} from '../doctor/doctor.js';
import {exitCodes} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {formatBytes} from '../model/format.js';
import {gatherAnswers} from './answers.js';
import {requestFor} from './doctor.js';
import {folderOf, requireInstallation} from './folder.js';
import {print, tell} from './output.js';

export const help = `specify-setup bundle [--dir DIR] [--output FILE] [--json]

Packs up what somebody who helps needs to see: journals of runs, the
composition, versions, the containers' states, the last lines of each service,
what the doctor finds, specify.yaml, a list of the files, the disk. Passwords,
keys and sessions are taken out of every text; e-mail addresses, names of people
and hosts stay. Look into it before you send it.

  --output FILE      where it is written; otherwise specify-bundle-TIME.tar.gz
                     in the current folder
  --json             one JSON object: where it is and what is in it

Exit codes: 0 written, 1 failed, 2 nothing is installed there, or FILE cannot
be written.

Example
  specify-setup bundle --output /tmp/for-the-helpdesk.tar.gz`;

const timestamp = () => new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);

export const bundle = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('bundle', argv, {
		dir: {type: 'string'},
		output: {type: 'string'},
		plain: {type: 'boolean'},
		json: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	await requireInstallation(directory);
	const controller = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
	if (!values.json) print('Looking at everything; this takes up to a minute.');
	const request = await requestFor(directory, controller.signal);
	const {path, files} = await writeBundle({
		...request,
		output: resolve(values.output ?? `specify-bundle-${timestamp()}.tar.gz`),
		answers: await gatherAnswers({host: localHost, directory, file: undefined, settings: []}).catch(() => null),
		diagnose: () => diagnose(request),
	});
	if (values.json) print(JSON.stringify({path, files}));
	else {
		const width = Math.max(...files.map(({name}) => name.length));
		tell(
			'',
			...files.map(
				({name, why, bytes, problem}) =>
					`  ${name.padEnd(width)}  ${formatBytes(bytes).padStart(7)}  ${problem ? `could not be had: ${problem}` : why}`,
			),
			'',
			'Passwords, keys and sessions are taken out. E-mail addresses, names of people and hosts, and what the services wrote are in it: look into it before you send it to anybody.',
		);
		print(`Written: ${path}`, `  tar -tzf ${path}`, `  tar -xOzf ${path} | less`);
	}
	return exitCodes.done;
};
