import {join} from 'node:path';
import type {DumpFacts} from '../database/inspect.js';
import {type Engine, engineAt, findSocket} from '../engine/api.js';
import {SetupError} from '../errors.js';
import {ownLines, secretsOf} from '../files/environment.js';
import {type GeneratedFile, installationFiles} from '../files/installation.js';
import {environmentCopy, environmentNext, projectFile, volumesOf} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import {planOf} from '../model/plan.js';
import {completeSecrets, type Secrets} from '../model/secrets.js';
import type {Context} from '../steps/context.js';
import {type EarlierEdit, fittingTexts, keptTexts} from '../steps/edits.js';
import {projectOf} from './installations.js';
import {observe} from './observe.js';

/**
 * Secrets once made are kept: those a run was changing the database to, else from `.env`, else from the copy. Of what is
 * installed the copy tells: nobody edits it. Changes nothing.
 * @throws SetupError (exit code 2) when somebody put a value into `.env` that cannot be used
 */
const knownSecrets = async (
	{host, directory}: Pick<Context, 'host' | 'directory'>,
	given: Partial<Secrets>,
): Promise<{former: Partial<Secrets>; known: Partial<Secrets>}> => {
	const [environment, copy, next, project] = await Promise.all(
		['.env', environmentCopy, environmentNext, projectFile].map(path => host.read(join(directory, path))),
	);
	const installed = secretsOf(copy ?? '');
	// Where the copy is lost, what .env has counts as installed.
	const isUnknown = copy === null && project !== null;
	const edited = secretsOf(
		environment ?? '',
		(name, value) => isUnknown || given[name] !== undefined || installed[name] === value,
	);
	return {former: {...edited, ...installed}, known: {...installed, ...edited, ...secretsOf(next ?? '')}};
};

/** Names and texts of the user's own settings for Specify 7, in the order it reads them. */
const ownSettings = async (host: Host, directory: string): Promise<string[]> => {
	const folder = join(directory, 'local_settings.d');
	const names = (await host.list(folder)).filter(name => name.endsWith('.py')).sort();
	const texts = await Promise.all(names.map(name => host.read(join(folder, name)).catch(() => null)));
	return names.flatMap((name, index) => [name, texts[index] ?? '']);
};

/** The engine, or one that nobody answers for, and why. */
const findEngine = async (host: Host): Promise<{engine: Engine; problem: string | null}> => {
	try {
		return {engine: engineAt(await findSocket(host)), problem: null};
	} catch (error) {
		if (!(error instanceof SetupError)) throw error;
		return {engine: engineAt('/nonexistent/docker.sock'), problem: `${error.message} ${error.hint}`};
	}
};

/**
 * Everything a run needs to know, read from the host; changes nothing.
 * @throws SetupError when a database exists but its passwords are lost, or `.env` holds what cannot be used
 */
export const openInstallation = async ({
	host,
	directory,
	answers,
	signal,
	dump = null,
	given = {},
	keep = [],
	take = [],
	earlier = {},
	mine = {},
}: {
	host: Host;
	directory: string;
	answers: Answers;
	signal: AbortSignal;
	dump?: DumpFacts | null;
	/** Secrets a person gave; the others are kept. */
	given?: Partial<Secrets>;
	/** Files edited by hand that are to stay, by path. */
	keep?: readonly string[];
	/** Files edited by hand that are to be as generated, also where they were kept, by path. */
	take?: readonly string[];
	/** Edits of an earlier configuration that come back with it where they still fit, by path. */
	earlier?: Readonly<Record<string, EarlierEdit>>;
	/** Texts of the user's own that come back in place of generated ones, by path. */
	mine?: Readonly<Record<string, string>>;
}): Promise<Context> => {
	const project = await projectOf(host, directory);
	const environment = await host.read(join(directory, '.env'));
	const {former, known} = await knownSecrets({host, directory}, given);
	const secrets = completeSecrets({...known, ...given});
	const {engine, problem} = await findEngine(host);
	const {memory} = await host.facts();
	const own = environment === null ? [] : ownLines(environment);
	const settings = await ownSettings(host, directory);
	const filesWith = (texts: Readonly<Record<string, string>>) =>
		installationFiles({project, answers, secrets, memory, own, settings, mine: texts});
	// What is said of a file now counts before how it was.
	const back = Object.fromEntries(Object.entries(earlier).filter(([path]) => ![...keep, ...take].includes(path)));
	const edited = async (files: GeneratedFile[]) => ({
		...(await keptTexts({host, directory}, files, keep, take)),
		...fittingTexts(files, back),
		...mine,
	});
	// compose.yaml holds hashes of the others: it is compared when these are known.
	const mounted = await edited(filesWith({}));
	const files = filesWith({...mounted, ...(await edited(filesWith(mounted)))});
	const isBack = (path: string, {text}: EarlierEdit) => files.some(file => file.path === path && file.text === text);
	const outdated = Object.entries(back).flatMap(([path, edit]) =>
		isBack(path, edit) ? [] : [{path, copy: edit.copy}],
	);
	const observed = {host, engine, directory, project, answers, files, outdated, former, secrets, signal};
	const observation = await observe(observed);
	if (problem && !observation.engine.reachable)
		observation.engine = {...observation.engine, reason: 'other', detail: problem};
	if (
		observation.engine.reachable &&
		observation.authorities &&
		!observation.volumes.includes(volumesOf(project).database)
	)
		throw new SetupError(
			`The data of this installation are not here: the engine has no volume ${volumesOf(project).database}.`,
			{
				hint: "Check that Docker uses the engine and the disk it used before (docker context, DOCKER_HOST, Docker's data folder mounted). Nothing was changed. To begin anew on purpose, use another folder.",
				exitCode: 3,
			},
		);
	if (!known.DATABASE_ROOT_PASSWORD && observation.volumes.includes(volumesOf(project).database))
		throw new SetupError(
			`There is a database (volume ${volumesOf(project).database}), but its passwords are lost: ${directory} has no .env and no copy of it.`,
			{
				hint: 'Put the .env of this installation back. To begin with an empty database instead, choose a folder of another name.',
				exitCode: 3,
			},
		);
	return {...observed, observation, dump};
};

export const planFor = ({answers, observation}: Pick<Context, 'answers' | 'observation'>) =>
	planOf(answers, observation);
