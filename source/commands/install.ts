import {createInterface} from 'node:readline/promises';
import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {canDraw} from '../ink/can-draw.js';
import {isDone} from '../model/plan.js';
import {PlainReporter, planLines} from '../plain/reporter.js';
import {openInstallation, planFor} from '../run/installation.js';
import {newRunName} from '../run/journal.js';
import {holderOf, lock, lockedError} from '../run/lock.js';
import {addressList} from '../run/runner.js';
import type {Context} from '../steps/context.js';
import {writeFiles} from '../steps/files.js';
import {examine, refusalOf} from '../steps/preflight.js';
import {gatherAnswers} from './answers.js';
import {beginRun} from './begin.js';
import {folderOf} from './folder.js';
import {type Output, print, show} from './output.js';
import {viewRun} from './view.js';

export const help = `specify-setup install | reconfigure [options]

Installs Specify from answers, or changes an installation to what they say now.
Without --answers the installation's own specify.yaml is used, or the defaults.

  --dir DIR          the installation's folder (/opt/specify for root, else ~/specify)
  --answers FILE     the answers, as in specify.yaml; - reads standard input
  --set KEY=VALUE    one answer, such as ports.https=8443; may be repeated
  --yes              begin without asking
  --plan             print what would be done and stop
  --files-only       write the files and start nothing; needs no Docker
  --detach           begin and return at once; watch with "specify-setup attach"
  --plain, --json    lines for people, or one JSON object a line
  --verbose          technical details of errors

Examples
  specify-setup install --yes
  specify-setup install --answers answers.yaml --plan
  specify-setup reconfigure --set timezone=Europe/Stockholm --yes

Exit codes: 0 done, 1 failed, 2 wrong use or answers, 3 this machine is not ready,
4 another run is under way, 130 stopped.`;

const options = {
	dir: {type: 'string'},
	answers: {type: 'string'},
	set: {type: 'string', multiple: true},
	yes: {type: 'boolean'},
	plan: {type: 'boolean'},
	'files-only': {type: 'boolean'},
	detach: {type: 'boolean'},
	plain: {type: 'boolean'},
	json: {type: 'boolean'},
	verbose: {type: 'boolean'},
} as const;

const printPlan = (context: Context, output: Output) => {
	const steps = planFor(context);
	if (output === 'json') return print(JSON.stringify({directory: context.directory, answers: context.answers, steps}));
	print(`Plan for ${context.directory}:`, '', ...planLines(steps));
	if (!context.observation.engine.reachable)
		print('', 'The Docker engine was not asked: what it already has is not known.');
};

/** Asks before anything is changed, where someone can answer. */
const confirm = async () => {
	if (!process.stdin.isTTY || !process.stdout.isTTY)
		throw new SetupError('Nothing has been changed, because nobody said yes.', {
			hint: 'Add --yes to do what the plan says.',
			exitCode: exitCodes.usage,
		});
	const questions = createInterface({input: process.stdin, output: process.stdout});
	const answer = await questions.question('Do this now? [y/N] ');
	questions.close();
	return /^y(es)?$/i.test(answer.trim());
};

/** Writes the files alone, under no engine. */
const writeOnly = async (context: Context, output: Output) => {
	const work = writeFiles(context);
	let next = await work.next();
	while (!next.done) {
		const event = next.value;
		if (output === 'json') print(JSON.stringify(event));
		else if (event.type === 'note') print(event.message, ...(event.hint ? [event.hint] : []));
		next = await work.next();
	}
	print(output === 'json' ? JSON.stringify(next.value) : next.value.summary);
};

/** Looks at this machine, and at the dump with its progress; nothing is changed yet. */
const look = async (context: Context, output: Output) => {
	const reporter = new PlainReporter();
	const work = examine(context);
	let next = await work.next();
	while (!next.done) {
		if (output === 'plain') print(...reporter.take({...next.value, step: 'preflight', at: Date.now()}));
		next = await work.next();
	}
	return next.value;
};

export const install = async (command: 'install' | 'reconfigure', argv: readonly string[]): Promise<number> => {
	const {values} = readFlags(command, argv, options);
	const output: Output = values.json ? 'json' : 'plain';
	const directory = folderOf(values.dir);
	const answers = await gatherAnswers({host: localHost, directory, file: values.answers, settings: values.set ?? []});
	const controller = new AbortController();
	const abort = () => controller.abort();
	process.on('SIGINT', abort);
	process.on('SIGTERM', abort);

	const context = await openInstallation({host: localHost, directory, answers, signal: controller.signal});
	if (values['files-only'] && !values.plan) {
		await localHost.makeFolder(directory, 0o755);
		const unlock = await lock(directory, newRunName());
		try {
			await writeOnly(context, output);
		} finally {
			await unlock();
		}
		return exitCodes.done;
	}
	if (values.plan) {
		printPlan(context, output);
		return exitCodes.done;
	}
	const steps = planFor(context);
	if (isDone(steps)) {
		const addresses = addressList(context);
		if (output === 'json') print(JSON.stringify({type: 'run.finished', outcome: 'unchanged', exitCode: 0, addresses}));
		else
			print(
				'Everything is as the answers say. Nothing was changed.',
				...addresses.map(({name, url}) => `  ${name}: ${url}`),
			);
		return exitCodes.done;
	}
	if (await holderOf(directory)) throw lockedError(directory);
	const {checks, dump} = await look(context, output);
	const refused = refusalOf(checks);
	if (refused) throw refused;
	if (!values.yes) {
		if (output === 'plain') printPlan(context, output);
		if (!(await confirm())) {
			print('Nothing has been changed.');
			return exitCodes.cancelled;
		}
	}
	const request = {command, directory, answers, dump};
	for (;;) {
		const {run, entries, stop} = await beginRun(request);
		if (values.detach) {
			const said = `Run ${run} has begun. Watch it with "specify-setup attach --dir ${directory}".`;
			print(output === 'json' ? JSON.stringify({run, directory}) : said);
			return exitCodes.done;
		}
		if (controller.signal.aborted) stop();
		controller.signal.addEventListener('abort', stop, {once: true});
		if (values.plain || values.json || !canDraw()) return show(entries(), output);
		const result = await viewRun({directory, entries, stop, canRetry: true});
		if (result !== 'retry') return result;
	}
};
