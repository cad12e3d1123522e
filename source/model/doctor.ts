import type {Difference} from './drift.js';
import {formatBytes} from './format.js';
import {gateFor} from './gate.js';
import type {LastRun} from './last-run.js';
import {type LostAnswers, lostRemedy, lostSentence} from './lost-answers.js';
import type {NameJudgement} from './names.js';
import type {Observation, ObservedDatabase, ObservedProxy, ObservedService} from './observation.js';
import type {PreflightCheck} from './preflight.js';
import type {ServiceName} from './releases.js';
import {compareVersions} from './version.js';

/** Where a check belongs; the order is the one they are shown in. */
export const groups = {
	machine: 'This machine',
	folder: 'The folder',
	services: 'Services',
	data: 'Database and Redis',
	names: 'Names and certificates',
	use: 'What people use',
} as const;
export type Group = keyof typeof groups;

/** What may be mended without anybody deciding: none of these can lose anything. In the order they are done. */
export const fixes = {
	answers: 'bring specify.yaml back as it was installed last',
	environment: 'restore .env from its copy',
	modes: 'set the permissions of files',
	lock: 'remove the lock of a run that has ended',
	leftovers: 'remove containers that never ran, left by a run that was cut off',
	start: 'start the services that are stopped',
	proxy: 'let the proxy load its configuration',
	gate: 'open Specify 7 to visitors',
} as const;
export type Fix = keyof typeof fixes;

/** What a look found. `remedy` is what to do, in the user's words; empty when all is well. */
export type Judgement = {
	name: string;
	result: 'ok' | 'advice' | 'bad';
	detail: string;
	remedy: string;
	/** What `--fix` would do about it. */
	fix?: Fix;
};

/** A judgement with its place. `id` is stable: the group, a dot, the name with dashes for spaces. */
export type Finding = Judgement & {id: string; group: Group};

const ok = (name: string, detail: string): Judgement => ({name, result: 'ok', detail, remedy: ''});
const advise = (name: string, detail: string, remedy: string, fix?: Fix): Judgement => ({
	name,
	result: 'advice',
	detail,
	remedy,
	...(fix ? {fix} : {}),
});
const bad = (name: string, detail: string, remedy: string, fix?: Fix): Judgement => ({
	name,
	result: 'bad',
	detail,
	remedy,
	...(fix ? {fix} : {}),
});

/** A check that could not be made is told as bad: nobody knows how it stands. */
export const couldNotLook = (name: string, why: string, remedy: string) =>
	bad(name, `could not be looked at: ${why}`, remedy);

export const placed = (group: Group, judgement: Judgement): Finding => ({
	id: `${group}.${judgement.name.toLowerCase().replace(/[^a-z0-9._]+/g, '-')}`,
	group,
	...judgement,
});

const runAgain = 'Run "specify-setup install --yes": it brings this in line.';
const readLog = (service: string) => `Read "docker compose logs ${service}"`;

/** A check of the machine before a run, as the doctor tells it. */
export const judgePreflight = ({name, result, detail, hint}: PreflightCheck): Judgement => ({
	name,
	result: result === 'refused' ? 'bad' : result,
	detail,
	remedy: hint,
});

/** How a file is on disk; null when there is none. Permission bits. */
export type SeenMode = {path: string; mode: number | null; wanted: number};

/** Bits that a file has and should not have: somebody else may read or change it. */
const excess = ({mode, wanted}: SeenMode) => (mode ?? 0) & ~wanted & 0o777;
const octal = (mode: number) => mode.toString(8).padStart(4, '0');

export const judgeModes = (seen: readonly SeenMode[]): Judgement => {
	const name = 'permissions';
	const wrong = seen.filter(file => file.mode !== null && file.mode !== file.wanted);
	if (wrong.length === 0)
		return ok(name, `${seen.filter(({mode}) => mode !== null).length} files and folders as they should be`);
	const detail = wrong
		.map(({path, mode, wanted}) => `${path} is ${octal(mode!)} instead of ${octal(wanted)}`)
		.join(', ');
	const remedy = `Set them with "specify-setup doctor --fix", or: ${wrong.map(({path, wanted}) => `chmod ${octal(wanted)} ${path}`).join('; ')}`;
	return wrong.some(excess)
		? bad(name, `others may reach what they should not: ${detail}`, remedy, 'modes')
		: advise(name, detail, remedy, 'modes');
};

/** What was found in `.env` and its copy. `odd` are secrets with characters that Specify cannot take. */
export type SeenSecrets = {environment: boolean; copy: boolean; missing: readonly string[]; odd: readonly string[]};

export const judgeSecrets = ({environment, copy, missing}: SeenSecrets): Judgement => {
	const name = 'secrets';
	if (environment && missing.length > 0) return advise(name, `${missing.join(', ')} is not in .env`, runAgain);
	if (environment) return ok(name, copy ? 'in .env, and a copy is kept' : 'in .env');
	return copy
		? bad(
				name,
				'.env is gone; a copy of it is there',
				'Run "specify-setup doctor --fix", or "specify-setup install --yes".',
				'environment',
			)
		: bad(
				name,
				'.env is gone, and so is the copy of it',
				'Put the .env of this installation back from where you keep a copy of it.',
			);
};

/** Answers that got lost: without them nothing else of the installation can be read. */
export const judgeLostAnswers = (lost: LostAnswers): Judgement =>
	bad('answers', lostSentence(lost), lostRemedy(lost), lost.newest === null ? undefined : 'answers');

export const judgeCharacters = ({odd}: Pick<SeenSecrets, 'odd'>): Judgement => {
	const name = 'characters in secrets';
	return odd.length === 0
		? ok(name, 'letters and digits only')
		: bad(
				name,
				`${odd.join(', ')} in .env: characters that Specify cannot take`,
				'Use letters and digits only, then run "specify-setup install --yes".',
			);
};

/** Generated files by path, and those that stay as edited. @param onlyMode those whose text is right and only the permissions are not */
export const judgeFiles = (
	files: Observation['files'],
	onlyMode: ReadonlySet<string>,
	edits: Observation['edits'] = {},
): Judgement => {
	const name = 'generated files';
	const inState = (state: string) =>
		Object.entries(files).flatMap(([path, seen]) =>
			// A lost .env is judged by itself.
			seen === state && !onlyMode.has(path) && !(path === '.env' && seen === 'missing') ? [path] : [],
		);
	const [missing, edited, different] = ['missing', 'edited', 'different'].map(inState) as [
		string[],
		string[],
		string[],
	];
	const parts = [
		...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
		...(edited.length > 0 ? [`edited by hand: ${edited.join(', ')}`] : []),
		...(different.length > 0 ? [`not as specify.yaml says: ${different.join(', ')}`] : []),
	];
	const [kept, behind] = (['kept', 'behind'] as const).map(state =>
		Object.keys(edits).filter(path => edits[path] === state),
	) as [string[], string[]];
	if (kept.length > 0) parts.push(`kept as edited by hand: ${kept.join(', ')}`);
	if (behind.length > 0)
		parts.push(`kept as edited by hand, without what the answers have changed in it since: ${behind.join(', ')}`);
	if (parts.length === 0) return ok(name, `${Object.keys(files).length} files as specify.yaml says`);
	if (missing.length + edited.length + different.length === 0)
		return advise(
			name,
			`${Object.keys(files).length} files, ${parts.join('; ')}`,
			`What is kept stays. For the generated one, with a copy of yours kept: "specify-setup reconfigure ${[...kept, ...behind].map(path => `--take ${path}`).join(' ')}".`,
		);
	const remedy = `"specify-setup reconfigure" brings them in line${edited.length > 0 ? ' and keeps a copy of your edits (values in .env are taken over); lasting changes belong into compose.override.yaml, Caddyfile.d/ or local_settings.d/' : ''}.`;
	return missing.length > 0 ? bad(name, parts.join('; '), remedy) : advise(name, parts.join('; '), remedy);
};

/** @param seen `work` is a command that is no run and cannot be watched */
export const judgeLock = (seen: {run: string; work?: string | undefined; alive: boolean} | null): Judgement => {
	const name = 'lock';
	if (seen === null) return ok(name, 'no run is under way');
	const who = seen.work === undefined ? `the run ${seen.run}` : `"specify-setup ${seen.work}"`;
	if (seen.alive)
		return advise(
			name,
			`${who} changes this installation at the moment`,
			`What is found meanwhile may pass by itself. ${seen.work === undefined ? 'Watch it with "specify-setup attach"' : 'Wait until it has ended'}, then look again.`,
		);
	return advise(
		name,
		`${who} ended without giving it back`,
		'It keeps nobody out; the next run, or "specify-setup doctor --fix", removes it.',
		'lock',
	);
};

/** @param planDone nothing is left to do; null when that is not known */
export const judgeLastRun = (
	last: LastRun | null,
	{underWay, planDone}: {underWay: boolean; planDone: boolean | null},
): Judgement => {
	const name = 'last run';
	if (last === null)
		return advise(
			name,
			'no run has left a journal here',
			'Run "specify-setup install --yes", unless the journals were removed on purpose.',
		);
	const when = `${last.at.slice(0, 16).replace('T', ' ')} UTC`;
	if (underWay) return ok(name, 'under way');
	if (last.outcome === 'done' || last.outcome === 'unchanged') return ok(name, `${when}, finished`);
	const how = last.outcome === 'failed' || last.outcome === 'cancelled' ? last.outcome : 'interrupted';
	const detail = `of ${when}, did not finish (${last.message ?? how})`;
	const remedy = 'Run "specify-setup install --yes": it continues where that one stopped.';
	return planDone === true ? advise(name, `${detail}; nothing is left to do`, remedy) : bad(name, detail, remedy);
};

const mostTold = 6;

/**
 * Whether answers, files and containers agree, as far as no other check tells it, and what "reconfigure" would do.
 * @param isRecorded it is known what was installed last
 * @param changes of the plan for the answers on disk
 */
export const judgeDrift = (
	differences: readonly Difference[],
	{isRecorded, changes}: {isRecorded: boolean; changes: readonly string[]},
): Judgement[] => {
	const judged = (name: string, kind: Difference['kind'], inOrder: string, fix?: Fix) => {
		const found = differences.filter(difference => difference.kind === kind);
		return found.length === 0
			? ok(name, inOrder)
			: advise(name, found.map(({what}) => what).join('; '), found.map(({remedy}) => remedy).join(' '), fix);
	};
	const told = [
		...changes.slice(0, mostTold),
		...(changes.length > mostTold ? [`${changes.length - mostTold} more`] : []),
	];
	return [
		judged(
			'answers',
			'answers',
			isRecorded ? 'installed as specify.yaml says' : 'what was installed is not recorded yet',
		),
		judged('settings of your own', 'settings', 'Specify 7 and its worker have local_settings.d/ as it is'),
		judged('changed secrets', 'secrets', 'none in .env'),
		judged('folder of the containers', 'folder', 'this one'),
		judged('other containers', 'containers', 'none in this project'),
		judged('unfinished containers', 'leftovers', 'none', 'leftovers'),
		changes.length === 0
			? ok('reconfigure', 'would change nothing')
			: advise(
					'reconfigure',
					`would: ${told.join('; ')}`,
					'"specify-setup reconfigure --plan" shows it all, "specify-setup reconfigure" does it.',
				),
	];
};

const manyRestarts = 3;

/** What the doctor knows besides a service's own state. */
type ServiceCircumstances = {
	/** The files that say how it is to run are as they should be, so that `current` means something. */
	comparable: boolean;
	/** The last run did not finish: a stopped service may wait for it. */
	unfinished: boolean;
};

export const judgeService = (
	name: ServiceName,
	seen: ObservedService | undefined,
	{comparable, unfinished}: ServiceCircumstances,
): Judgement => {
	if (!seen) return bad(name, 'has no container', runAgain);
	const {state, current, restarts, healthOutput} = seen;
	const often = restarts === 1 ? 'was started again once' : `was started again ${restarts} times`;
	if (state === 'exited' || state === 'created')
		return unfinished
			? bad(name, 'is stopped, and the last run did not finish', runAgain)
			: bad(
					name,
					'is stopped',
					`Start it with "specify-setup doctor --fix", or "docker compose start ${name}".`,
					'start',
				);
	if (state === 'restarting')
		return bad(name, `does not stay up: it ${often}`, `${readLog(name)}; its last lines tell why.`);
	if (state === 'unhealthy')
		return bad(
			name,
			`runs, but does not pass its health check${healthOutput ? `: ${healthOutput.split('\n')[0]}` : ''}`,
			`${readLog(name)}. It is started again by itself when it has hung; "docker compose restart ${name}" does it now.`,
		);
	if (state !== 'healthy') return advise(name, `is ${state}`, 'Look again in a few minutes.');
	if (restarts >= manyRestarts)
		return advise(
			name,
			`healthy, but ${often} since it was made`,
			`${readLog(name)}; the lines before each start tell why.`,
		);
	if (comparable && !current)
		return advise(
			name,
			'healthy; its settings have changed since it was started',
			'"specify-setup reconfigure" starts it with them.',
		);
	return restarts > 0
		? advise(name, `healthy; ${often} after a crash`, `${readLog(name)} if it happens again.`)
		: ok(name, 'healthy');
};

/** What to do when a check of the running system fails, by its name. */
const remediesOfUse: Record<string, string> = {
	'Specify 7': `${readLog('specify7')}; the service itself is judged above.`,
	'static files': `${readLog('proxy')}; "docker compose restart specify7" fills the folder anew.`,
	'Specify configuration': 'Run "docker compose restart specify7": it fills the folder when it starts.',
	'plain http': `${readLog('proxy')}. A file of your own in Caddyfile.d/ may serve the same name.`,
	'login form':
		'People must open Specify by the address in specify.yaml: correct hostnames or ports there, then run "specify-setup reconfigure".',
	exports: 'A file of your own in Caddyfile.d/ may let visitors in: correct it, then run "specify-setup reconfigure".',
	'closed attachments': 'Run "specify-setup reconfigure": the proxy must ask for tokens.',
	'asset server addresses': 'Run "specify-setup reconfigure": it writes the addresses anew.',
	'asset server from inside':
		'Look at proxy, media and the certificates above. While this fails, Specify 7 does not survive a restart: do not restart it.',
	attachments: `${readLog('media')}, and look at clock and disk above.`,
	worker: 'Run "docker compose restart worker". Long tasks are begun anew.',
	'report runner': `${readLog('report')}; "docker compose restart report" starts it again.`,
};

/** @param problem what did not hold; null when it held */
export const judgeUse = (name: string, detail: string, held: boolean): Judgement =>
	held
		? ok(name, detail)
		: bad(name, detail, remediesOfUse[name] ?? 'Look at the services above; then run "specify-setup install --yes".');

const dayMs = 86_400_000;
const replaceWithinDays = 14;
const urgentWithinDays = 3;
/** What renews itself does so when a third of its time is left. */
const overdueShare = 1 / 6;

type SeenCertificate = {ok: true; issuer: string; validFrom: string; validTo: string} | {ok: false; reason: string};

/** @param now milliseconds since 1970 */
export const judgeCertificate = (
	host: string,
	seen: SeenCertificate,
	{renewed, now}: {renewed: boolean; now: number},
): Judgement => {
	const name = `certificate of ${host}`;
	if (!seen.ok)
		return bad(
			name,
			`not valid: ${seen.reason}`,
			`"specify-setup certs" shows it; "specify-setup certs renew ${host}" gets a new one. Both need the proxy to run.`,
		);
	const end = Date.parse(seen.validTo);
	const days = Math.floor((end - now) / dayMs);
	const detail = `by ${seen.issuer}, valid until ${seen.validTo.slice(0, 16).replace('T', ' ')} UTC`;
	if (renewed) {
		const share = (end - now) / (end - Date.parse(seen.validFrom));
		return share < overdueShare
			? advise(
					name,
					`${detail}; it should have been renewed by now`,
					`${readLog('proxy')} for "renew"; "specify-setup certs renew ${host}" tries now and says what is wrong.`,
				)
			: ok(name, `${detail}, renews by itself`);
	}
	const remedy =
		'Get a new one from whoever issued it, put its files where own.certificate and own.key say, then run "specify-setup certs renew".';
	if (days < urgentWithinDays) return bad(name, `${detail}: ${Math.max(0, days)} days left`, remedy);
	return days < replaceWithinDays ? advise(name, `${detail}: ${days} days left`, remedy) : ok(name, detail);
};

/**
 * What the look-up of a host name means for an installation.
 * @param isPublic the name is one that everybody should find; others may be known to this network alone
 */
export const judgeName = (
	{name: host, verdict, explanation}: NameJudgement,
	advice: readonly string[],
	isPublic: boolean,
): Judgement => {
	const name = `DNS of ${host}`;
	if (verdict === 'fine') return ok(name, explanation);
	const remedy = advice.join(' ') || `Whoever manages the domain can lead ${host} to this machine.`;
	return verdict === 'wrong' && isPublic ? bad(name, explanation, remedy) : advise(name, explanation, remedy);
};

const clockToleranceMs = 150_000;

/** @param offsetMs how far this machine's clock is ahead of the asset server's; null when it does not tell */
export const judgeAssetClock = (offsetMs: number | null): Judgement => {
	const name = 'clock of the asset server';
	if (offsetMs === null)
		return advise(name, 'the asset server does not tell its time', `${readLog('media')} when attachments fail.`);
	const seconds = Math.round(Math.abs(offsetMs) / 1000);
	return Math.abs(offsetMs) > clockToleranceMs
		? bad(
				name,
				`${seconds} seconds ${offsetMs > 0 ? 'behind' : 'ahead of'} Specify's; 150 are tolerated`,
				'Set the clock right, for example with "sudo timedatectl set-ntp true": every attachment is refused until then.',
			)
		: ok(name, `${seconds} seconds from Specify's`);
};

export const judgeImages = (images: Observation['images']): Judgement => {
	const name = 'image digests';
	const other = Object.entries(images).flatMap(([service, same]) => (same ? [] : [service]));
	return other.length === 0
		? ok(name, 'as recorded at install')
		: bad(
				name,
				`missing, or not as recorded at install: ${other.join(', ')}`,
				'Run "specify-setup install --yes": it fetches the recorded ones again.',
			);
};

/** @param users null when they could not be counted */
export const judgeGate = (gate: ObservedProxy['gate'], database: Parameters<typeof gateFor>[0]): Judgement => {
	const name = 'gate';
	const wanted = gateFor(database);
	if (gate === 'missing')
		return bad(
			name,
			'the file that keeps strangers out of the guided set-up is missing or not as it was made',
			runAgain,
		);
	if (wanted === 'open' && gate === 'closed')
		return bad(
			name,
			'closed: visitors are asked for the set-up password, although Specify has users',
			'Open it with "specify-setup doctor --fix".',
			'gate',
		);
	if (wanted === 'closed' && gate === 'open')
		return bad(
			name,
			'open: whoever comes first becomes the administrator, because Specify has no user',
			'Run "specify-setup install --yes" now: it puts a password before Specify 7.',
		);
	return ok(name, gate === 'open' ? 'open; Specify has users of its own' : 'closed until Specify has its first user');
};

export const judgeProxyLoaded = (loaded: boolean): Judgement =>
	loaded
		? ok('proxy configuration', 'loaded as it is on disk')
		: advise(
				'proxy configuration',
				'its files have changed since the proxy loaded them',
				'"specify-setup doctor --fix" lets the proxy load them, without a pause.',
				'proxy',
			);

/** What the database server says of itself and of the database. Bytes; `privileges` by account. */
export type DatabaseFacts = {
	version: string;
	largestPacket: number;
	/** Tables without which Specify is not whole, that are there. */
	tables: readonly string[];
	/** As Specify writes it into its database; null where it has not. */
	specify: {app: string; schema: string} | null;
	bytes: number;
	privileges: Readonly<Record<string, readonly string[]>>;
};

const gibibyte = 2 ** 30;

export const judgeServer = ({version}: DatabaseFacts): Judgement => {
	const name = 'database server';
	const [numbers = ''] = /^\d+\.\d+/.exec(version) ?? [];
	const remedy =
		'Only MariaDB is supported, and it cannot go back to an older version: put the image in compose.override.yaml right, with a dump from before.';
	if (!/mariadb/i.test(version)) return bad(name, `${version} is not MariaDB`, remedy);
	return compareVersions(numbers.split('.').map(Number), [10, 11]) < 0
		? bad(name, `MariaDB ${numbers} is older than 10.11`, remedy)
		: ok(name, `MariaDB ${version.replace(/-MariaDB.*/i, '')}`);
};

export const judgePacket = ({largestPacket}: Pick<DatabaseFacts, 'largestPacket'>): Judgement => {
	const name = 'largest row';
	return largestPacket < gibibyte
		? bad(
				name,
				`the server takes ${formatBytes(largestPacket)} at once: larger rows are cut in dumps and loads`,
				'Remove max_allowed_packet from files of your own, then run "specify-setup reconfigure".',
			)
		: ok(name, `${formatBytes(largestPacket)}, the most there is`);
};

/** What there is in Specify's database, and whether all of it came. */
export const judgeContent = (seen: ObservedDatabase, name: string, bytes: number): Judgement => {
	const what = 'content';
	if (seen.tables === null)
		return advise(
			what,
			`there is no database ${name} yet`,
			'Specify makes it when it first starts. If it has run already: "specify-setup install --yes".',
		);
	if (seen.tables === 0)
		return bad(
			what,
			`the database ${name} has no tables: Specify cannot start on one that somebody made for it`,
			runAgain,
		);
	if (seen.start && !seen.start.finished && (seen.users ?? 0) === 0)
		return seen.start.kind === 'dump'
			? bad(what, `the load of ${seen.start.source} into ${name} did not finish`, runAgain)
			: advise(what, `Specify has begun to make ${name}`, runAgain);
	return ok(what, `${seen.tables} tables, ${formatBytes(bytes)}`);
};

/** Tables that every database of Specify has. */
export const neededTables = ['spversion', 'specifyuser', 'collection'] as const;

export const judgeVersionOfContent = ({tables, specify}: DatabaseFacts): Judgement => {
	const name = 'version of the data';
	const missing = neededTables.filter(table => !tables.includes(table));
	if (missing.length > 0)
		return bad(
			name,
			`there is no table ${missing.join(', ')}`,
			'It is no whole database of Specify. Load a dump that is, into an installation of its own.',
		);
	if (specify === null) return ok(name, 'not written yet: the guided set-up does it');
	const schema = specify.schema.split('.').map(Number);
	return schema.length >= 2 && compareVersions(schema, [2, 10]) < 0
		? bad(
				name,
				`schema ${specify.schema} of Specify ${specify.app}; Specify 7 needs 2.10`,
				'Upgrade it with Specify 6, step by step up to 6.8.03, and load the new dump.',
			)
		: ok(name, `Specify ${specify.app}, schema ${specify.schema}`);
};

const needed: Record<string, readonly string[]> = {
	migrator: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES'],
	specify: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE'],
};

/**
 * Rights of the accounts that Specify makes and works with.
 * @param database its name
 * @param made Specify has made them
 */
export const judgeRights = (
	{privileges}: Pick<DatabaseFacts, 'privileges'>,
	{database, made}: {database: string; made: boolean},
): Judgement => {
	const name = 'rights in the database';
	if (!made) return ok(name, 'given when Specify first starts');
	const lacking = Object.entries(needed).flatMap(([account, rights]) => {
		const missing = rights.filter(right => !privileges[account]?.includes(right));
		return missing.length > 0 ? [{account, missing: missing.join(', ')}] : [];
	});
	if (lacking.length === 0) return ok(name, 'as Specify needs them');
	const grants = lacking.map(({account, missing}) => `GRANT ${missing} ON \`${database}\`.* TO '${account}'@'%';`);
	return bad(
		name,
		lacking.map(({account, missing}) => `${account} lacks ${missing}`).join('; '),
		`Give them back in "docker compose exec db mariadb -uroot -p" (the password is DATABASE_ROOT_PASSWORD in .env): ${grants.join(' ')} Then "docker compose restart specify7".`,
	);
};

/**
 * @param refused accounts that the server does not let in with the passwords of `.env`
 * @param recorded they were brought in line with today's `.env`, so that a run would not do it again
 */
export const judgeLogins = (refused: readonly string[], recorded: boolean): Judgement => {
	const name = 'passwords';
	if (refused.length > 0)
		return bad(
			name,
			`the database server does not let in ${refused.join(', ')} with the password in .env (error 1045)`,
			recorded
				? 'Remove the file .specify-setup/accounts, then run "specify-setup install --yes": it gives the database the passwords of .env.'
				: 'Run "specify-setup install --yes": it gives the database the passwords of .env.',
		);
	return recorded
		? ok(name, "the database's accounts have those of .env")
		: advise(name, '.env has changed since the accounts were last brought in line', runAgain);
};

/** Reads `INFO persistence` of Redis. */
export const judgeRedis = (info: string): Judgement => {
	const name = 'Redis keeps its data';
	const field = (key: string) => new RegExp(`^${key}:(\\S+)`, 'm').exec(info)?.[1];
	if (field('aof_enabled') === undefined) return couldNotLook(name, 'Redis does not say', `${readLog('redis')}.`);
	if (field('aof_enabled') !== '1')
		return bad(
			name,
			'it keeps no log of changes: a restart loses what waits for the worker',
			'Remove "appendonly" from files of your own, then run "specify-setup reconfigure".',
		);
	const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'].filter(
		key => (field(key) ?? 'ok') !== 'ok',
	);
	return failed.length > 0
		? bad(name, `it could not write (${failed.join(', ')})`, `Look at the disk; ${readLog('redis').toLowerCase()}.`)
		: ok(name, 'every change is logged to disk');
};

/** @param others containers of other projects that reach this installation's Redis */
export const judgeRedisAlone = (others: readonly string[]): Judgement =>
	others.length === 0
		? ok('Redis of its own', 'nobody else uses it')
		: bad(
				'Redis of its own',
				`${others.join(', ')} of another project ${others.length === 1 ? 'reaches' : 'reach'} it`,
				"Two instances of Specify on one Redis take each other's tasks. Give the other one a Redis of its own.",
			);

/** @param queues that the worker listens to; null when it does not say */
export const judgeQueue = (queues: readonly string[] | null, wanted: string): Judgement => {
	const name = 'queue of the worker';
	if (queues === null)
		return bad(name, 'the worker does not tell it', 'Run "docker compose restart worker", then look again.');
	return queues.includes(wanted)
		? ok(name, wanted)
		: bad(
				name,
				`it waits at ${queues.join(', ')}; Specify 7 sends to ${wanted}`,
				'Remove its command or CELERY_TASK_QUEUE from compose.override.yaml, then run "specify-setup reconfigure".',
			);
};

/** What goes wrong most with Specify, and the ids of the checks that look at it, or their beginnings; the first proves it absent. */
export const problems: readonly {title: string; checks: readonly string[]}[] = [
	{
		title: 'the address of attachments cannot be reached from inside',
		checks: ['use.asset-server-from-inside', 'services.proxy', 'services.media'],
	},
	{title: 'a database that was made empty beforehand', checks: ['data.content', 'machine.database']},
	{title: 'logins refused behind https (CSRF)', checks: ['use.login-form']},
	{title: 'characters in passwords that Specify cannot take', checks: ['folder.characters-in-secrets']},
	{title: 'broken attachments', checks: ['use.attachments']},
	{title: 'a dump that was cut', checks: ['data.content', 'data.largest-row', 'machine.dump']},
	{title: 'data of a Specify 6 that is too old', checks: ['data.version-of-the-data', 'machine.dump']},
	{title: 'missing rights or tables', checks: ['data.rights-in-the-database', 'data.version-of-the-data']},
	{title: 'passwords that the database does not know (error 1045)', checks: ['data.passwords']},
	{
		title: 'a worker that is dead or waits at the wrong queue',
		checks: ['use.worker', 'services.worker', 'services.queue-of-the-worker'],
	},
	{title: 'one Redis for several instances', checks: ['data.redis-of-its-own']},
	{title: "Specify's configuration files missing or stale", checks: ['use.specify-configuration']},
	{title: 'a missing certificate', checks: ['names.certificate', 'services.proxy']},
	{title: 'attachments by http in pages by https', checks: ['use.asset-server-addresses']},
	{title: 'MySQL, or an older version on newer data', checks: ['data.database-server', 'machine.version']},
];

const worst = (findings: readonly Finding[]): Judgement['result'] =>
	findings.some(({result}) => result === 'bad')
		? 'bad'
		: findings.some(({result}) => result === 'advice')
			? 'advice'
			: 'ok';

/** A problem and what was found of it; null: the check that proves it absent could not be made. */
export type ProblemSeen = {number: number; title: string; result: Judgement['result'] | null; checks: string[]};

export const problemsSeen = (findings: readonly Finding[]): ProblemSeen[] =>
	problems.map(({title, checks}, index) => {
		const of = (check: string) => findings.filter(({id}) => id === check || id.startsWith(`${check}-`));
		const looked = checks.flatMap(of);
		const result = worst(looked);
		return {
			number: index + 1,
			title,
			result: result === 'bad' || of(checks[0]!).length > 0 ? result : null,
			checks: looked.map(({id}) => id),
		};
	});

/** Something `--fix` did, or could not do. */
export type Mended = {fix: Fix; done: boolean; detail: string};

/** All that the doctor found, as `--json` prints it. */
export type Report = {
	version: 1;
	tool: string;
	at: string;
	directory: string;
	installed: boolean;
	result: Judgement['result'];
	counts: Record<Judgement['result'], number>;
	checks: Finding[];
	/** Groups or checks that could not be looked at, and why. */
	notLookedAt: string[];
	problems: ProblemSeen[];
	fixed: Mended[];
};

export const reportOf = (
	about: Pick<Report, 'tool' | 'at' | 'directory' | 'installed' | 'notLookedAt'>,
	findings: readonly Finding[],
	fixed: readonly Mended[] = [],
): Report => {
	const order = Object.keys(groups);
	const checks = [...findings].sort((one, other) => order.indexOf(one.group) - order.indexOf(other.group));
	const count = (result: Judgement['result']) => checks.filter(check => check.result === result).length;
	return {
		version: 1,
		...about,
		result: worst(checks),
		counts: {ok: count('ok'), advice: count('advice'), bad: count('bad')},
		checks,
		problems: about.installed ? problemsSeen(checks) : [],
		fixed: [...fixed],
	};
};

type Symbols = {tick: string; cross: string; warning: string};

/** Lines for people: every result has its symbol and its word, so that colours are not needed. */
export const reportLines = (report: Report, symbols: Symbols): string[] => {
	const marks = {ok: `${symbols.tick} ok    `, advice: `${symbols.warning} advice`, bad: `${symbols.cross} BAD   `};
	const indent = ' '.repeat(11);
	const {checks, counts, fixed, installed, directory, notLookedAt} = report;
	const listed = Object.entries(groups).flatMap(([group, title]) => {
		const own = checks.filter(check => check.group === group);
		if (own.length === 0) return [];
		return [
			'',
			title,
			...own.flatMap(({result, name, detail, remedy}) => [
				`  ${marks[result]} ${name}: ${detail}`,
				...(remedy ? [`${indent}${remedy}`] : []),
			]),
		];
	});
	const known = report.problems.map(
		({number, title, result}) =>
			`  ${result === null ? '- not looked at' : marks[result].trimEnd()}  ${number}. ${title}`,
	);
	return [
		installed
			? `Specify in ${directory}`
			: `Nothing is installed in ${directory}; this machine, as it is for an installation:`,
		...fixed.map(
			({fix, done, detail}) => `  ${done ? 'Mended' : 'NOT mended'}: ${fixes[fix]}${detail ? `: ${detail}` : ''}`,
		),
		...listed,
		...(known.length > 0 ? ['', 'What goes wrong most with Specify', ...known] : []),
		...(notLookedAt.length > 0 ? ['', ...notLookedAt.map(line => `Not looked at: ${line}`)] : []),
		'',
		`${checks.length} checks: ${counts.ok} ok, ${counts.advice} advice, ${counts.bad} bad.${fixable(checks)}`,
	];
};

const fixable = (checks: readonly Finding[]) =>
	checks.some(({fix}) => fix !== undefined) ? ' "specify-setup doctor --fix" mends what can be mended safely.' : '';
