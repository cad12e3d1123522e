import {join} from 'node:path';
import type {DumpFacts} from '../database/inspect.js';
import {engineAt, findSocket} from '../engine/api.js';
import {SetupError} from '../errors.js';
import {secretsOf} from '../files/environment.js';
import {installationFiles} from '../files/installation.js';
import {environmentCopy, projectName, volumesOf} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import {planOf} from '../model/plan.js';
import {completeSecrets, type Secrets} from '../model/secrets.js';
import type {Context} from '../steps/context.js';
import {observe} from './observe.js';

/** Secrets once made are kept: from `.env`, else from the copy. Changes nothing. */
const knownSecrets = async (host: Host, directory: string): Promise<Partial<Secrets>> => {
	const [environment, copy] = await Promise.all(
		['.env', environmentCopy].map(path => host.read(join(directory, path))),
	);
	return {...(copy === null ? {} : secretsOf(copy!)), ...(environment === null ? {} : secretsOf(environment!))};
};

/**
 * Everything a run needs to know, read from the host; changes nothing.
 * @throws SetupError when a database exists but its passwords are lost
 */
export const openInstallation = async ({
	host,
	directory,
	answers,
	signal,
	dump = null,
	given = {},
}: {
	host: Host;
	directory: string;
	answers: Answers;
	signal: AbortSignal;
	dump?: DumpFacts | null;
	/** Secrets a person gave; those already made are kept. */
	given?: Partial<Secrets>;
}): Promise<Context> => {
	const project = projectName(directory);
	const known = await knownSecrets(host, directory);
	const secrets = completeSecrets({...given, ...known});
	const engine = engineAt(await findSocket(host));
	const {memory} = await host.facts();
	const files = installationFiles({directory, answers, secrets, memory});
	const observed = {host, engine, directory, project, answers, files, signal};
	const observation = await observe(observed);
	if (!known.DATABASE_ROOT_PASSWORD && observation.volumes.includes(volumesOf(project).database))
		throw new SetupError(
			`There is a database (volume ${volumesOf(project).database}), but its passwords are lost: ${directory} has no .env and no copy of it.`,
			{
				hint: 'Put the .env of this installation back. To begin with an empty database instead, choose a folder of another name.',
				exitCode: 3,
			},
		);
	return {...observed, secrets, observation, dump};
};

export const planFor = ({answers, observation}: Pick<Context, 'answers' | 'observation'>) =>
	planOf(answers, observation);
