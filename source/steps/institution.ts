import {exec} from '../engine/compose.js';
import {messageOf, SetupError} from '../errors.js';
import type {Answer} from '../host/https.js';
import type {StepEvent} from '../model/events.js';
import {
	guidedSetup,
	nextPart,
	partNames,
	partsInTotal,
	readProgress,
	type SetupProgress,
} from '../model/institution.js';
import type {Context, Step} from './context.js';
import {lastLines} from './services.js';
import {type Visitor, visitSpecify7} from './site.js';
import {pause} from './wait.js';

/** Waiting times, milliseconds. */
export type Pace = {
	/** Between two looks at the progress. */
	look: number;
	/** How long Specify or its worker may be away. */
	patience: number;
	/** Without news for this long, the worker is asked whether it still works on it. */
	quiet: number;
	/** The worker is at it, but has made nothing for this long. */
	stuck: number;
};

const usualPace: Pace = {look: 1000, patience: 60_000, quiet: 15_000, stuck: 60 * 60_000};
const attempts = 3;

const loginPath = '/context/login/';
const progressPath = '/setup_tool/setup_progress/';
const createPath = '/setup_tool/setup_database/create/';

/** Specify's own words in an answer, when it has any. */
const wordsOf = ({status, body}: Answer) => {
	try {
		const {error} = JSON.parse(body.toString()) as {error?: unknown};
		if (typeof error === 'string' && error !== '') return error;
	} catch {
		// a page for people
	}
	return `status ${status}`;
};

const seeLogs = 'Read "docker compose logs specify7 worker"; after mending the cause run this again.';

/** Asks how far the set-up is. A short absence of Specify or its proxy is waited for. */
const progressOf = async (visitor: Visitor, pace: Pace, signal: AbortSignal): Promise<SetupProgress> => {
	const deadline = Date.now() + pace.patience;
	for (;;) {
		let seen: string;
		try {
			const answer = await visitor(progressPath);
			const progress = answer.status === 200 ? readProgress(answer.body.toString()) : null;
			if (progress) return progress;
			seen = wordsOf(answer);
		} catch (error) {
			seen = messageOf(error);
		}
		if (Date.now() > deadline)
			throw new SetupError(`Specify 7 does not tell how its set-up goes: ${seen}.`, {hint: seeLogs});
		await pause(pace.look, signal);
	}
};

/** What the worker does at the moment; "away" when it does not answer. */
const workerActivity = async ({host, directory, signal}: Context): Promise<'working' | 'idle' | 'away'> => {
	const question = ['ve/bin/celery', '-A', 'specifyweb', 'inspect', 'active', '--json'];
	const {exitCode, stdout} = await host.run(exec(directory, 'worker', ...question), {signal, timeoutMs: 40_000});
	if (exitCode !== 0) return 'away';
	try {
		const tasks = Object.values(JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown[]>);
		return tasks.some(list => list.length > 0) ? 'working' : 'idle';
	} catch {
		return 'away';
	}
};

/** Removes Specify's note that a set-up is under way, as Specify does itself when it starts. */
const forgetLostSetup = ({host, directory, answers, signal}: Context) =>
	host.run(exec(directory, 'redis', 'redis-cli', 'del', `specify:${answers.database.name}:setup:active_task_id`), {
		signal,
	});

const isComplete = ({made, busy}: SetupProgress) => made.includes('specifyUser') && !busy;

/** What a person can run to remove a database that is of no use; a run never does it by itself. */
const removal = ({answers}: Context) =>
	`docker compose stop specify7 worker && docker compose exec -T db sh -c 'MYSQL_PWD="$(cat /run/secrets/database-root-password)" exec mariadb --user=root --execute="DROP DATABASE ${answers.database.name}"'`;

/** Specify creates an institution only where there is none, all or nothing. */
const refuseHalfMade = (context: Context, {made, lastError}: SetupProgress) => {
	if (!made.includes('institution')) return;
	throw new SetupError(
		`The database ${context.answers.database.name} is half set up and Specify cannot finish it: there is ${partNames(made).join(', ')}, but no user.`,
		{
			hint: `Nobody can have entered anything through Specify yet. If nothing in it is needed, remove it in ${context.directory}, then run this again: ${removal(context)}`,
			details: lastError ? [`Specify said: ${lastError}`] : [],
		},
	);
};

/** Asks Specify to begin. "exists": somebody has made a user meanwhile. */
async function* begin(
	context: Context,
	visitor: Visitor,
	pace: Pace,
): AsyncGenerator<StepEvent, 'under way' | 'exists'> {
	const {answers, secrets, signal} = context;
	const body = guidedSetup(answers.institution!, secrets.ADMINISTRATOR_PASSWORD);
	const deadline = Date.now() + pace.patience;
	for (let told = false; ; told = true) {
		await visitor(loginPath);
		const answer = await visitor(createPath, 'POST', body);
		const {status} = answer;
		if (status === 200 || status === 409) return 'under way';
		if (status === 401) return 'exists';
		const isAway = status === 502 || status === 503 || status === 504;
		if (isAway && Date.now() < deadline) {
			if (!told)
				yield {type: 'note', level: 'info', message: 'The worker of Specify 7 is not ready yet; it is waited for.'};
			await pause(pace.look, signal);
			continue;
		}
		if (isAway)
			throw new SetupError(`Specify 7 could not begin its set-up: ${wordsOf(answer)}`, {
				hint: 'See why with "docker compose logs worker", then run this again.',
				details: await lastLines(context, 'worker'),
			});
		throw new SetupError(
			status === 403
				? 'Specify 7 refused to begin its set-up, because it took the request for one from another address (403).'
				: `Specify 7 refused to begin its set-up: ${wordsOf(answer)}.`,
			{
				hint:
					status === 403
						? 'A file of your own in local_settings.d/ or compose.override.yaml may change CSRF_TRUSTED_ORIGINS or ALLOWED_HOSTS. Correct it, then run this again.'
						: seeLogs,
			},
		);
	}
}

/**
 * Begins the set-up or joins the one under way, and follows it to its end. Returns whether it was begun here.
 * A set-up that the worker has lost, because it was stopped meanwhile, has left nothing behind and is begun again.
 */
async function* setUp(context: Context, visitor: Visitor, pace: Pace): AsyncGenerator<StepEvent, boolean> {
	const {signal} = context;
	let begun = 0;
	let joined = false;
	let shown = -1;
	let idle = 0;
	let heardAt = Date.now();
	let lookedAt = Date.now();
	let awaySince: number | null = null;
	const start = async function* () {
		begun += 1;
		shown = -1;
		idle = 0;
		heardAt = Date.now();
		lookedAt = heardAt;
		return (yield* begin(context, visitor, pace)) === 'under way';
	};
	for (;;) {
		const progress = await progressOf(visitor, pace, signal);
		const {made, busy, lastError} = progress;
		if (made.length > shown) {
			shown = made.length;
			heardAt = Date.now();
			lookedAt = heardAt;
			yield {
				type: 'progress',
				item: 'guided set-up',
				current: made.length,
				total: partsInTotal,
				unit: 'checks',
				state: nextPart(progress) ?? 'complete',
			};
		}
		if (isComplete(progress)) return begun > 0;
		if (!busy && begun > 0 && lastError)
			throw new SetupError(`Specify 7 could not set up the database: ${lastError}`, {
				hint: 'Nothing of it was kept. Correct the answers under "institution" if it is about one of them, then run this again; it begins anew.',
				details: await lastLines(context, 'worker'),
			});
		if (!busy && begun === 0 && (!joined || lastError)) {
			refuseHalfMade(context, progress);
			// Specify forgets a set-up under way when one of its programs starts; the worker does not.
			if ((await workerActivity(context)) !== 'working') {
				if (!(yield* start())) return false;
				continue;
			}
			joined = true;
		}
		if (Date.now() - heardAt > pace.stuck)
			throw new SetupError('The guided set-up of Specify 7 has made no progress for an hour.', {
				hint: 'Run "docker compose restart worker specify7", then run this again; it begins anew.',
				details: await lastLines(context, 'worker'),
			});
		if (Date.now() - lookedAt > pace.quiet) {
			const activity = await workerActivity(context);
			lookedAt = Date.now();
			awaySince = activity === 'away' ? (awaySince ?? lookedAt) : null;
			if (awaySince !== null && lookedAt - awaySince > pace.patience)
				throw new SetupError('The worker of Specify 7 does not answer; the guided set-up cannot go on.', {
					hint: 'See why with "docker compose logs worker", then run this again.',
					details: await lastLines(context, 'worker'),
				});
			idle = activity === 'idle' ? idle + 1 : 0;
			if (idle >= 2) {
				if (begun >= attempts)
					throw new SetupError(`The guided set-up of Specify 7 was begun ${begun} times and lost each time.`, {
						hint: seeLogs,
						details: await lastLines(context, 'worker'),
					});
				yield {
					type: 'note',
					level: 'warning',
					message: 'The worker of Specify 7 was stopped while it worked on the set-up; it is begun again.',
				};
				await forgetLostSetup(context);
				if (!(yield* start())) return false;
				continue;
			}
		}
		await pause(pace.look, signal);
	}
}

const json = async (visitor: Visitor, path: string) => {
	const {status, body} = await visitor(path);
	if (status !== 200) throw new Error(`${path} answered ${status}`);
	return JSON.parse(body.toString()) as unknown;
};

/** Logs in as a person would, sees who that is, and logs out. @throws Error with what was seen */
const logIn = async ({answers, secrets}: Context, visitor: Visitor) => {
	const {administrator, collection} = answers.institution!;
	const {collections} = (await json(visitor, loginPath)) as {collections: Record<string, number>};
	const id = collections[collection.name] ?? Object.values(collections)[0];
	const login = {username: administrator.name, password: secrets.ADMINISTRATOR_PASSWORD, collection: id};
	const {status} = await visitor(loginPath, 'PUT', login);
	if (status !== 204) throw new Error(`the login was answered with ${status}`);
	const user = (await json(visitor, '/context/user.json')) as {name?: unknown};
	if (user.name !== administrator.name) throw new Error('the login is not kept');
	await visitor(loginPath, 'PUT', {username: null, password: null, collection: null});
};

/** Institution, collection and first administrator by Specify's guided set-up, ended by a login through the proxy. */
export const createInstitution = (pace: Pace): Step =>
	async function* (context) {
		const {name, administrator} = context.answers.institution!;
		const visitor = await visitSpecify7(context);
		const own = yield* setUp(context, visitor, pace);
		try {
			await logIn(context, visitor);
		} catch (error) {
			context.signal.throwIfAborted();
			if (own)
				throw new SetupError(`${name} is set up, but ${administrator.name} cannot log in: ${messageOf(error)}.`, {
					hint: `Try it in a browser; the password is ADMINISTRATOR_PASSWORD in ${context.directory}/.env. ${seeLogs}`,
				});
			yield {
				type: 'note',
				level: 'warning',
				message: `Specify 7 has a user already, made by someone else: ${administrator.name} with the password in .env cannot log in.`,
				hint: 'Use the login that was made then. The institution of the answers was not created.',
			};
			return {changed: false, summary: 'Specify 7 has been set up already.'};
		}
		yield {type: 'check', name: 'login', ok: true, detail: `${administrator.name} can log in`};
		return {changed: true, summary: `${name} and its first administrator ${administrator.name} are set up.`};
	};

export const institution: Step = createInstitution(usualPace);
