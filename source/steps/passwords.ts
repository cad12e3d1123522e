import {join} from 'node:path';
import {exec} from '../engine/compose.js';
import {quoted} from '../engine/mariadb.js';
import {SetupError} from '../errors.js';
import {environment, secretsOf} from '../files/environment.js';
import {environmentCopy, environmentNext, previousFolder, secretsFolder, stampOf, volumesOf} from '../files/names.js';
import {completeSecrets, type SecretName, type Secrets} from '../model/secrets.js';
import type {Context, Step} from './context.js';
import {accountsDiffer} from './database.js';
import {startServices, waitHealthy} from './services.js';

/** Users of the database server by the secret that is their password; root last, because the others are changed as root. */
const users: readonly (readonly [user: string, host: string, secret: SecretName])[] = [
	['master', '%', 'MASTER_PASSWORD'],
	['migrator', '%', 'MIGRATOR_PASSWORD'],
	['specify', '%', 'APP_USER_PASSWORD'],
	['root', 'localhost', 'DATABASE_ROOT_PASSWORD'],
];

/** The root password that the database's container was started with. */
const mountedRoot = ({host, directory}: Pick<Context, 'host' | 'directory'>) =>
	host.read(join(directory, secretsFolder, 'database-root-password'));

/** Users of an existing database whose passwords must be changed in it before files and services learn of the new ones. */
export const passwordsToChange = async (
	given: Pick<Context, 'host' | 'directory' | 'project' | 'answers' | 'former' | 'secrets'>,
	volumes: readonly string[],
): Promise<string[]> => {
	const {host, directory, project, former, secrets} = given;
	if (!volumes.includes(volumesOf(project).database)) return [];
	// An earlier change was interrupted: what the database has is not known.
	if ((await host.stat(join(directory, environmentNext))) !== null) return users.map(([user]) => user);
	const before: Partial<Secrets> = {
		...former,
		DATABASE_ROOT_PASSWORD: (await mountedRoot(given)) ?? former.DATABASE_ROOT_PASSWORD,
	};
	// Without the copy only this tells that .env was edited, not in what.
	const isEdited =
		(await host.stat(join(directory, environmentCopy))) === null && (await accountsDiffer(given, secrets));
	return users.flatMap(([user, , name]) =>
		(isEdited && user !== 'root') || (before[name] !== undefined && before[name] !== secrets[name]) ? [user] : [],
	);
};

/** Every root password that the database may have: a change may have been cut off at any point. The most probable first. */
const rootPasswords = async (context: Context): Promise<string[]> => {
	const {host, directory, former, secrets} = context;
	const rootIn = async (path: string) => {
		const text = await host.read(join(directory, path));
		return text === null ? undefined : secretsOf(text).DATABASE_ROOT_PASSWORD;
	};
	const saved = (await host.list(join(directory, previousFolder))).sort().reverse();
	const earlier = await Promise.all(
		saved.map(name => rootIn(join(previousFolder, name, '.env')).catch(() => undefined)),
	);
	const all = [
		await mountedRoot(context),
		await rootIn(environmentNext),
		await rootIn('.env').catch(() => undefined),
		former.DATABASE_ROOT_PASSWORD,
		secrets.DATABASE_ROOT_PASSWORD,
		...earlier,
	];
	return [...new Set(all)].filter(password => password !== undefined && password !== null);
};

/** Writes down what is wanted. What an earlier change wanted is kept: the database may have it. */
export const writePending = async ({host, directory, secrets}: Pick<Context, 'host' | 'directory' | 'secrets'>) => {
	const path = join(directory, environmentNext);
	const [pending, wanted] = [await host.read(path), environment(secrets)];
	if (pending === wanted) return;
	if (pending !== null) await host.write(join(directory, previousFolder, stampOf(), '.env'), pending, 0o600);
	await host.write(path, wanted, 0o600);
};

/** The database is reached through these two; whoever removed one gets it back as it was before the passwords change. */
const restoreComposition = async ({host, directory, files, former}: Context) => {
	const [environmentPath, composition] = ['.env', 'compose.yaml'].map(path => join(directory, path));
	if ((await host.read(environmentPath!)) === null)
		await host.write(environmentPath!, environment(completeSecrets(former)), 0o600);
	const wanted = files.find(({path}) => path === 'compose.yaml');
	if (wanted && (await host.read(composition!)) === null) await host.write(composition!, wanted.text, wanted.mode);
};

/** Runs SQL as root with a password that is in no argument or environment of this machine. */
const asRootWith = ({host, directory, signal}: Context, password: string, statements: string) => {
	const client = 'IFS= read -r MYSQL_PWD && export MYSQL_PWD && exec mariadb --user=root --batch --skip-column-names';
	return host.run(exec(directory, 'db', 'sh', '-c', client), {input: `${password}\n${statements}`, signal});
};

/**
 * Gives the database's users their new passwords, with the database as it runs now. Files and services follow in the steps after.
 * What is wanted is written down first, so that an interrupted change is finished by the next run.
 */
export const passwords: Step = async function* (context) {
	const {host, directory, secrets, observation} = context;
	await restoreComposition(context);
	yield* startServices(context, ['db']);
	yield* waitHealthy(context, ['db']);
	const candidates = await rootPasswords(context);
	const isResumed = (await host.stat(join(directory, environmentNext))) !== null;
	await writePending(context);
	const statements = users
		.map(
			([user, from, name]) =>
				`ALTER USER IF EXISTS ${quoted(user)}@${quoted(from)} IDENTIFIED BY ${quoted(secrets[name])};`,
		)
		.join('\n');
	let said = '';
	for (const candidate of candidates) {
		const {exitCode, stderr} = await asRootWith(context, candidate, statements);
		if (exitCode === 0)
			return {
				changed: true,
				summary: `New passwords for ${observation.passwords.join(', ')}; files and services follow.`,
			};
		said = stderr.trim().split('\n').pop() ?? '';
		if (!/1045|access denied/i.test(stderr))
			throw new SetupError(`The database server broke off while passwords were changed: ${said}`, {
				hint: 'Read "docker compose logs db"; after mending the cause run this again: it finishes the change.',
			});
	}
	// Whom the server did not let in has changed nothing.
	if (!isResumed) await host.remove(join(directory, environmentNext));
	throw new SetupError(`The database server refused the root password: ${said}`, {
		hint: 'Its passwords are as they were. Put an old .env back (copies are in .specify-setup/environment and .specify-setup/previous), then run this again.',
	});
};
