import {exitCodes, SetupError} from '../errors.js';
import {isKeepable} from '../files/installation.js';
import {volumesOf} from '../files/names.js';
import {readFlags} from '../flags.js';
import type {Host} from '../host/host.js';
import {localHost} from '../host/local.js';
import {canDraw} from '../ink/can-draw.js';
import {type Consequence, consequenceLines, fixedChecks} from '../model/consequences.js';
import {plannedEdits} from '../model/edits.js';
import {isDone} from '../model/plan.js';
import {PlainReporter, planLines} from '../plain/reporter.js';
import {previousConfiguration, reignOf} from '../run/history.js';
import {openInstallation, planFor} from '../run/installation.js';
import {newRunName} from '../run/journal.js';
import {lock, requireUnlocked} from '../run/lock.js';
import {isInstallation} from '../run/lost-answers.js';
import {addressList} from '../run/runner.js';
import type {Context} from '../steps/context.js';
import {editsUnder} from '../steps/edits.js';
import {writeFiles} from '../steps/files.js';
import {passwordsToChange} from '../steps/passwords.js';
import {examine, refusalOf} from '../steps/preflight.js';
import {version} from '../version.js';
import {gatherAnswers} from './answers.js';
import {askLine} from './ask.js';
import {beginRun} from './begin.js';
import {commandLine} from './command-line.js';
import {whatFollows} from './consequences.js';
import {existingBeside, readInstalled} from './existing.js';
import {folderOf, requireInstallation} from './folder.js';
import {canAnswer, type Output, print, tell, watch} from './output.js';
import {rememberInstallation} from './preferences.js';
import {takeSecrets} from './secrets.js';
import {viewRun} from './view.js';

export const help = `specify-setup install | reconfigure [options]

Installs Specify from answers, or changes an installation to what they say now.
Without --answers the installation's own specify.yaml is used, or the defaults.

  --dir DIR          the installation's folder; else that of the current folder,
                     the only one known, or /opt/specify (root) or ~/specify
  --answers FILE     the answers, as in specify.yaml; - reads standard input
  --set KEY=VALUE    one answer, such as ports.https=8443; may be repeated
  --secrets FILE     passwords of your own, rows NAME=value as in .env, in a
                     file that you alone may read; - reads standard input
  --keep FILE        keep a generated file as you edited it by hand; may be
                     repeated. Else it is written anew and your version saved
  --take FILE        take the new one also where you kept yours, which is saved;
                     may be repeated
  --previous         the answers that were installed before, and the files as
                     edited then. Those of earlier times are in the folder
                     .specify-setup/answers, for --answers
  --yes              begin without asking
  --plan             print what would be done and stop; nothing is written
  --files-only       write the files and start nothing; needs no Docker
  --detach           begin and return at once; watch with "specify-setup attach"
  --plain, --json    lines for people, or one JSON object a line
  --verbose          technical details of errors

An answer of --set counts before one of the environment
(SPECIFY_SETUP_PORTS_HTTPS=8443), that before one of the file. Secrets are never
arguments: --secrets, or the environment (SPECIFY_SETUP_SECRET_MASTER_PASSWORD,
or …_MASTER_PASSWORD_FILE with a path).

Examples
  specify-setup install --yes
  specify-setup install --answers answers.yaml --plan
  specify-setup reconfigure --set timezone=Europe/Stockholm --yes

Exit codes: 0 done, 1 failed, 2 wrong use or answers, 3 this machine is not
ready or this cannot be changed, 4 another run is under way, 130 stopped.`;

const options = {
	dir: {type: 'string'},
	answers: {type: 'string'},
	set: {type: 'string', multiple: true},
	secrets: {type: 'string'},
	keep: {type: 'string', multiple: true},
	take: {type: 'string', multiple: true},
	previous: {type: 'boolean'},
	yes: {type: 'boolean'},
	plan: {type: 'boolean'},
	'files-only': {type: 'boolean'},
	detach: {type: 'boolean'},
	plain: {type: 'boolean'},
	json: {type: 'boolean'},
	verbose: {type: 'boolean'},
} as const;

/** Where the answers are that were installed before. @throws SetupError (exit code 2) when there are none */
const answersBefore = async (place: {host: Host; directory: string}, file: string | undefined) => {
	const path = await previousConfiguration(place);
	if (path !== null && file === undefined) return path;
	throw new SetupError(
		path === null
			? `There is no earlier configuration of ${place.directory}.`
			: '--previous and --answers cannot both say what is wanted.',
		{
			hint: path === null ? 'Change answers with --set, or in specify.yaml.' : 'Leave out one of them.',
			exitCode: exitCodes.usage,
		},
	);
};

/**
 * @param earlier files that would come back as edited before
 * @throws SetupError (exit code 2) for a file that is not a generated one edited by hand
 */
const checkEdits = (
	{files, observation}: Context,
	{keep, take, earlier}: {keep: readonly string[]; take: readonly string[]; earlier: Record<string, unknown>},
) => {
	const keepable = files.map(({path}) => path).filter(isKeepable);
	const refuse = (message: string, hint: string) => {
		throw new SetupError(message, {hint, exitCode: exitCodes.usage});
	};
	const both = keep.filter(path => take.includes(path));
	if (both.length > 0)
		refuse(`--keep and --take cannot both be right for ${both.join(', ')}.`, 'Leave out one of them.');
	const noneOf = (verb: string, wrong: readonly string[]) => {
		if (wrong.length > 0)
			refuse(
				`There is nothing to ${verb} of ${wrong.join(', ')}: no generated file, or not edited by hand.`,
				`Files that can be kept or taken anew, where you have edited them: ${keepable.join(', ')}.`,
			);
	};
	noneOf(
		'keep',
		keep.filter(path => !files.some(file => file.path === path && file.generated !== undefined)),
	);
	noneOf(
		'take anew',
		take.filter(path => !keepable.includes(path) || (observation.files[path] !== 'edited' && !(path in earlier))),
	);
};

/** The plan; as JSON its shape is promised in the readme. */
export const printPlan = (
	context: Context,
	output: Output,
	installed: boolean,
	consequences: readonly Consequence[],
) => {
	const {directory, answers, observation} = context;
	const steps = planFor(context);
	const edits = plannedEdits(observation, context.outdated ?? []);
	const engineReachable = observation.engine.reachable;
	if (output === 'json')
		return print(
			JSON.stringify({
				type: 'plan',
				version,
				directory,
				installed,
				engineReachable,
				done: isDone(steps),
				answers,
				...(installed ? {consequences, edits} : {}),
				steps,
			}),
		);
	tell(
		installed ? `There is an installation in ${directory} already. Plan for it:` : `Plan for ${directory}:`,
		'',
		...(consequences.length > 0 ? ['What follows:', ...consequenceLines(consequences), ''] : []),
		...(edits.length > 0 ? ['Edited by hand:', ...edits.map(({meaning}) => `  ${meaning}`), ''] : []),
		...planLines(steps),
	);
	for (const {name, detail, hint} of fixedChecks(consequences, []))
		tell('', `This would be refused: ${name} ${detail}. ${hint}`);
	if (!engineReachable) tell('', 'The Docker engine was not asked: what it already has is not known.');
};

/** Asks before anything is changed, where someone can answer. */
const confirm = async (output: Output) => {
	if (!canAnswer(output))
		throw new SetupError('Nothing has been changed, because nobody said yes.', {
			hint: 'Add --yes to do what the plan says.',
			exitCode: exitCodes.usage,
		});
	const answer = await askLine('Do this now? [y/N] ');
	if (answer === null) print('');
	return answer !== null && /^y(es)?$/i.test(answer.trim());
};

/** Writes the files alone, under no engine. @throws SetupError (exit code 2) for new passwords, which the database must get first */
const writeOnly = async (context: Context, output: Output) => {
	if ((await passwordsToChange(context, [volumesOf(context.project).database])).length > 0)
		throw new SetupError('Passwords of a database cannot be changed in the files alone: it would not know them.', {
			hint: 'Leave out --files-only, or put the passwords in .env back.',
			exitCode: exitCodes.usage,
		});
	const work = writeFiles(context);
	let next = await work.next();
	while (!next.done) {
		const event = next.value;
		if (output === 'json') print(JSON.stringify(event));
		else if (event.type === 'note') tell(event.message, ...(event.hint ? [event.hint] : []));
		next = await work.next();
	}
	if (output === 'json') print(JSON.stringify(next.value));
	else tell(next.value.summary);
};

/** Writes the files under a lock. @throws SetupError (exit code 3) for what cannot be changed */
const filesOnly = async (
	context: Context,
	command: string,
	consequences: readonly Consequence[],
	output: Output,
): Promise<void> => {
	const {directory} = context;
	const refused = refusalOf(fixedChecks(consequences, []));
	if (refused) throw refused;
	await localHost.makeFolder(directory, 0o755);
	const unlock = await lock(directory, newRunName(), `${command} --files-only`);
	try {
		await writeOnly(context, output);
		await rememberInstallation(directory);
	} finally {
		await unlock();
	}
};

/** Looks at this machine, and at the dump with its progress; nothing is changed yet. */
const look = async (context: Context, output: Output) => {
	const reporter = new PlainReporter();
	const work = examine(context);
	let next = await work.next();
	while (!next.done) {
		if (output === 'plain') tell(...reporter.take({...next.value, step: 'preflight', at: Date.now()}));
		next = await work.next();
	}
	return next.value;
};

/** Begins a run and shows it until it ends or is left. */
const beginAndWatch = async (
	request: Parameters<typeof beginRun>[0],
	{
		output,
		detach,
		lines,
		signal,
		unheed,
	}: {
		output: Output;
		detach: boolean;
		/** Lines instead of live screens. */
		lines: boolean;
		/** Aborts when the run is to stop. */
		signal: AbortSignal;
		/** Leaves Ctrl-C to whoever asks what it means. */
		unheed(): void;
	},
): Promise<number> => {
	const {directory} = request;
	for (;;) {
		const {run, entries, stop} = await beginRun(request);
		await rememberInstallation(directory);
		if (detach) {
			if (output === 'json') print(JSON.stringify({run, directory}));
			else tell(`Run ${run} has begun. Watch it with "${commandLine('attach', directory)}".`);
			return exitCodes.done;
		}
		if (signal.aborted) stop();
		signal.addEventListener('abort', stop, {once: true});
		if (lines) {
			if (canAnswer(output)) unheed();
			return watch({directory, entries, stop}, output);
		}
		const result = await viewRun({directory, entries, stop, canRetry: true});
		if (result !== 'retry') return result;
	}
};

export const install = async (command: 'install' | 'reconfigure', argv: readonly string[]): Promise<number> => {
	const {values} = readFlags(command, argv, options);
	const output: Output = values.json ? 'json' : 'plain';
	const directory = folderOf(values.dir, {
		isNew: command === 'install' && (values.answers !== undefined || values.set !== undefined),
	});
	const installed = await isInstallation({host: localHost, directory});
	if (command === 'reconfigure') await requireInstallation(directory);
	if (values.answers === '-' && values.secrets === '-')
		throw new SetupError('--answers and --secrets cannot both read standard input.', {
			hint: 'Name a file for one of them.',
			exitCode: exitCodes.usage,
		});
	const place = {host: localHost, directory};
	const {keep = [], take = []} = values;
	const previous = values.previous ? await answersBefore(place, values.answers) : undefined;
	if (previous !== undefined && output === 'plain')
		tell(`The answers are those of ${previous}. Earlier ones lie beside it; --answers takes them.`);
	const secrets = await takeSecrets({host: localHost, file: values.secrets, environment: process.env});
	const answers = await gatherAnswers({
		host: localHost,
		directory,
		file: previous ?? values.answers,
		settings: values.set ?? [],
		environment: process.env,
		begins: command === 'install' && !(await readInstalled(directory)).inUse,
	});
	const controller = new AbortController();
	const abort = () => controller.abort();
	process.on('SIGINT', abort);
	process.on('SIGTERM', abort);

	const earlier = previous === undefined ? {} : await editsUnder(place, await reignOf(place, previous));
	const context = await openInstallation({
		host: localHost,
		directory,
		answers,
		given: secrets,
		keep,
		take,
		earlier,
		signal: controller.signal,
	});
	checkEdits(context, {keep, take, earlier});
	const existing = installed ? await existingBeside(directory, answers) : undefined;
	const consequences = await whatFollows(context, existing, secrets);
	if (values['files-only'] && !values.plan) {
		await filesOnly(context, command, consequences, output);
		return exitCodes.done;
	}
	if (values.plan) {
		printPlan(context, output, installed, consequences);
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
	await requireUnlocked(directory);
	const {checks, dump} = await look(context, output);
	const refused = refusalOf([...checks, ...fixedChecks(consequences, checks)]);
	if (refused) throw refused;
	if (!values.yes) {
		if (output === 'plain') printPlan(context, output, installed, consequences);
		if (!(await confirm(output))) {
			print('Nothing has been changed.');
			return exitCodes.cancelled;
		}
	}
	const request = {command, directory, answers, dump, secrets, keep, take, earlier};
	return beginAndWatch(request, {
		output,
		detach: values.detach === true,
		lines: values.plain === true || values.json === true || !canDraw(),
		signal: controller.signal,
		unheed: () => process.off('SIGINT', abort),
	});
};
