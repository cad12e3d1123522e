import {join} from 'node:path';
import {containersAt} from '../engine/docker.js';
import {loadAs} from '../engine/mariadb.js';
import {Cancelled, messageOf, SetupError} from '../errors.js';
import {secretsOf} from '../files/environment.js';
import {environmentCopy, secretsFolder, stateFolder, volumesOf} from '../files/names.js';
import {lookUpNames} from '../host/dns.js';
import type {Host} from '../host/host.js';
import {addressesOf, namesOf} from '../model/addresses.js';
import {renewsByItself} from '../model/authority.js';
import {
	type DatabaseFacts,
	type Group,
	type Judgement,
	judgeAssetClock,
	judgeCertificate,
	judgeCharacters,
	judgeContent,
	judgeDrift,
	judgeFiles,
	judgeGate,
	judgeImages,
	judgeLastRun,
	judgeLock,
	judgeLogins,
	judgeModes,
	judgeName,
	judgePacket,
	judgePreflight,
	judgeProxyLoaded,
	judgeQueue,
	judgeRedis,
	judgeRedisAlone,
	judgeRights,
	judgeSecrets,
	judgeServer,
	judgeService,
	judgeUse,
	judgeVersionOfContent,
	type SeenMode,
} from '../model/doctor.js';
import {isLocalDomain, isPublicDomain} from '../model/domain.js';
import {changesFor, type DriftSeen, driftOf} from '../model/drift.js';
import {isUnfinished, type LastRun} from '../model/last-run.js';
import {judgeNames} from '../model/names.js';
import {isDone} from '../model/plan.js';
import {preflightChecks} from '../model/preflight.js';
import {type ServiceName, serviceNames} from '../model/releases.js';
import {secretNames} from '../model/secrets.js';
import {compositionSeen} from '../run/drift.js';
import {planFor} from '../run/installation.js';
import {type Holder, isAlive} from '../run/lock.js';
import type {Context} from '../steps/context.js';
import {examine} from '../steps/preflight.js';
import {siteOf} from '../steps/site.js';
import {checks as verifyChecks} from '../steps/verify.js';
import {askDatabase, assetClock, databaseQuestions, persistence, queues} from './questions.js';

const timeoutMs = 60_000;

/** An installation's folder; `context` is null when the installation could not be opened. */
export type Folder = {host: Host; directory: string; context: Context | null; lastRun: LastRun | null};
/** An installation that could be opened. */
export type Patient = Folder & {context: Context; database(): Promise<DatabaseFacts>; drift(): Promise<DriftSeen>};

/** Something the doctor looks at; it returns what it judged and throws when it could not look. */
export type Check<T> = {
	name: string;
	group: Group;
	/** Services that must run for it; none: the engine is enough. */
	needs?: readonly ServiceName[];
	applies?(given: T): boolean;
	run(given: T): Promise<readonly Judgement[]>;
};

const wantedModes: Record<string, number> = {
	'.env': 0o600,
	[stateFolder]: 0o700,
	[environmentCopy]: 0o600,
	[join(stateFolder, 'journals')]: 0o700,
	[join(secretsFolder, 'database-root-password')]: 0o444,
	backups: 0o700,
};

/** Permissions of what is generated and of what holds secrets, beside what they should be. */
export const seenModes = async ({host, directory, context}: Pick<Folder, 'host' | 'directory' | 'context'>) => {
	const generated = Object.fromEntries((context?.files ?? []).map(({path, mode}) => [path, mode]));
	return Promise.all(
		Object.entries({...generated, ...wantedModes}).map(async ([path, wanted]): Promise<SeenMode> => {
			const facts = await host.stat(join(directory, path));
			return {path, mode: facts && facts.mode & 0o777, wanted};
		}),
	);
};

/** Who holds or held the lock; null when there is none. */
const lockSeen = async ({host, directory}: Folder) => {
	const text = await host.read(join(directory, stateFolder, 'lock'));
	if (text === null) return null;
	try {
		const holder = JSON.parse(text) as Holder;
		return {run: holder.run, work: holder.work, alive: isAlive(holder)};
	} catch {
		return {run: 'of an unknown name', work: undefined, alive: false};
	}
};

/** Which names of `.env` are missing, and which have values that Specify cannot take. */
const secretsSeen = async ({host, directory}: Folder) => {
	const [environment, copy] = await Promise.all(
		['.env', environmentCopy].map(path => host.read(join(directory, path))),
	);
	const rows = (environment ?? '').split(/\r?\n/);
	const rowOf = (name: string) => rows.find(row => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(row));
	const isOdd = (name: string) => {
		try {
			secretsOf(rowOf(name) ?? '');
			return false;
		} catch {
			return true;
		}
	};
	return {
		environment: environment !== null,
		copy: copy !== null,
		missing: environment === null ? [] : secretNames.filter(name => rowOf(name) === undefined),
		odd: secretNames.filter(isOdd),
	};
};

/** What is looked at in the folder alone, whether the installation can be opened or not. */
export const folderChecks: readonly Check<Folder>[] = [
	{name: 'permissions', group: 'folder', run: async folder => [judgeModes(await seenModes(folder))]},
	{
		name: 'secrets',
		group: 'folder',
		async run(folder) {
			const seen = await secretsSeen(folder);
			return [judgeSecrets(seen), ...(seen.environment ? [judgeCharacters(seen)] : [])];
		},
	},
	{name: 'lock', group: 'folder', run: async folder => [judgeLock(await lockSeen(folder))]},
	{
		name: 'last run',
		group: 'folder',
		async run(folder) {
			const holder = await lockSeen(folder);
			const underWay = holder?.alive === true && holder.work === undefined;
			const planDone = folder.context?.observation.engine.reachable ? isDone(planFor(folder.context)) : null;
			return [judgeLastRun(folder.lastRun, {underWay, planDone})];
		},
	},
];

/** Everything a run would check before it begins. A database that does not run now was looked at when it was filled. */
const machine = async (context: Context): Promise<Judgement[]> => {
	const {answers, observation} = context;
	const filled = observation.database === null && observation.services.specify7 !== undefined;
	const asked = filled
		? {...answers, database: {...answers.database, start: 'empty' as const, dump: null, attachments: null}}
		: answers;
	try {
		const work = examine({...context, answers: asked}, null, {attempts: 1});
		let next = await work.next();
		while (!next.done) next = await work.next();
		return next.value.checks.map(judgePreflight);
	} catch (error) {
		if (!(error instanceof SetupError) || context.signal.aborted) throw error;
		// What is to be loaded cannot be; the machine is looked at all the same.
		const needs = {imageBytes: 0, sqlBytes: 0, attachmentBytes: 0, clockOffsetMs: null};
		const {message, details, hint} = error;
		return [
			...preflightChecks(asked, observation, needs).map(judgePreflight),
			{name: 'dump', result: 'bad', detail: [message, ...details].join(' '), remedy: hint},
		];
	}
};

const machineCheck: Check<{context: Context}> = {
	name: 'the machine',
	group: 'machine',
	run: ({context}) => machine(context),
};

/** Host names, as everybody is told them. */
const dns = async ({answers, signal}: Context): Promise<Judgement[]> => {
	const names = namesOf(answers);
	const asked = names.filter(name => !isLocalDomain(name));
	const local = names.filter(isLocalDomain).map(
		(host): Judgement => ({
			name: `DNS of ${host}`,
			result: 'ok',
			detail: 'leads every browser to its own machine',
			remedy: '',
		}),
	);
	if (asked.length === 0) return local;
	const {names: judged, advice} = judgeNames(await lookUpNames({names: asked, signal}));
	return [...local, ...judged.map(seen => judgeName(seen, advice, isPublicDomain(seen.name)))];
};

const dnsCheck: Check<{context: Context}> = {name: 'names', group: 'names', run: ({context}) => dns(context)};

/** What is looked at where nothing is installed yet. */
export const machineChecks: readonly Check<{context: Context}>[] = [machineCheck, dnsCheck];

/** Which generated files have the right text and only other permissions. */
const onlyModes = async ({host, directory, files, observation}: Context) => {
	const same = await Promise.all(
		files
			.filter(({path}) => observation.files[path] === 'different')
			.map(async ({path, text}) => ((await host.read(join(directory, path))) === text ? [path] : [])),
	);
	return new Set(same.flat());
};

/** The generated files; those that differ only in what they say of others are judged by these. */
const filesCheck: Check<{context: Context}> = {
	name: 'generated files',
	group: 'folder',
	async run({context}) {
		const {consequences} = await compositionSeen(context);
		const {files, edits} = context.observation;
		const own = Object.fromEntries(Object.entries(files).filter(([path]) => !consequences.includes(path)));
		return [judgeFiles(own, await onlyModes(context), edits)];
	},
};

/** What is looked at in an installation whose engine does not answer. */
export const quietChecks: readonly Check<{context: Context}>[] = [...machineChecks, filesCheck];

const services = async ({context, lastRun}: Patient): Promise<Judgement[]> => {
	const {observation} = context;
	const alike = await onlyModes(context);
	const comparable = ['compose.yaml', '.env'].every(path => observation.files[path] === 'same');
	const circumstances = {comparable: comparable && alike.size === 0, unfinished: isUnfinished(lastRun)};
	return serviceNames.map(service => judgeService(service, observation.services[service], circumstances));
};

/** Runs a command and returns what it printed. @throws Error with its last words */
const said = async ({host, signal}: Context, command: Parameters<Host['run']>[0], input?: string) => {
	const {exitCode, stdout, stderr} = await host.run(command, {
		signal,
		timeoutMs,
		...(input === undefined ? {} : {input}),
	});
	if (exitCode === 0 || (stdout !== '' && input !== undefined)) return stdout;
	throw new Error(stderr.trim().split('\n').pop() || `exit code ${exitCode}`);
};

/** Asks the database server about itself, its accounts and what Specify has written. */
export const databaseFacts = async (context: Context): Promise<DatabaseFacts> => {
	const {directory, answers} = context;
	const {name} = answers.database;
	const output = await said(context, askDatabase(directory), databaseQuestions(name));
	const rows = output.split('\n').map(row => row.split('\t'));
	const row = (key: string) => rows.find(([first]) => first === key);
	const privileges: Record<string, string[]> = {};
	for (const [key, grantee = '', right = '', schema = ''] of rows) {
		// Underscores are escaped in grants, and the client escapes the backslash once more.
		if (key !== 'right' || schema.replace(/\\+(?=[_%])/g, '') !== name) continue;
		const account = /^'(.*)'@'%'$/.exec(grantee)?.[1];
		if (account !== undefined) privileges[account] = [...(privileges[account] ?? []), right];
	}
	const specify = row('specify');
	const version = row('version')?.[1];
	if (version === undefined) throw new Error('the server did not answer');
	return {
		version,
		largestPacket: Number(row('packet')?.[1]),
		bytes: Number(row('bytes')?.[1]),
		tables: rows.flatMap(([key, table]) => (key === 'table' ? [table!] : [])),
		specify: specify ? {app: specify[1]!, schema: specify[2]!} : null,
		privileges,
	};
};

/** The accounts that the server does not let in with the passwords of `.env`. */
const refusedAccounts = async (context: Context): Promise<string[]> => {
	const {host, directory, secrets, observation, signal} = context;
	const accounts = [
		['master', secrets.MASTER_PASSWORD],
		...(observation.database?.migrator
			? [
					['migrator', secrets.MIGRATOR_PASSWORD],
					['specify', secrets.APP_USER_PASSWORD],
				]
			: []),
	] as [string, string][];
	const tried = await Promise.all(
		accounts.map(async ([account, password]) => {
			const command = loadAs(directory, account, 'information_schema');
			const {exitCode, stderr} = await host.run(command, {input: `${password}\nSELECT 1;\n`, signal, timeoutMs});
			if (exitCode !== 0 && !/1045|access denied/i.test(stderr)) throw new Error(stderr.trim().split('\n').pop());
			return exitCode === 0 ? [] : [account];
		}),
	);
	return tried.flat();
};

const projectsAt = async (context: Context, kind: 'network' | 'volume', name: string) =>
	(await said(context, containersAt(kind, name)))
		.split('\n')
		.filter(Boolean)
		.flatMap(row => {
			const [project, container] = row.split('\t');
			return project === context.project ? [] : [container!];
		});

/** What is looked at in an installation that can be opened and whose engine answers. */
export const installationChecks: readonly Check<Patient>[] = [
	machineCheck,
	filesCheck,
	{
		name: 'answers',
		group: 'folder',
		async run({context, drift}) {
			const seen = await drift();
			return judgeDrift(driftOf(seen), {
				isRecorded: seen.installed !== null,
				changes: changesFor(context.answers, context.observation),
			});
		},
	},
	{name: 'services', group: 'services', run: services},
	{name: 'image digests', group: 'services', run: async ({context}) => [judgeImages(context.observation.images)]},
	{
		name: 'queue of the worker',
		group: 'services',
		needs: ['worker', 'redis'],
		async run({context}) {
			const {answers, directory} = context;
			const heard = await said(context, queues(directory)).then(
				text => {
					const workers = JSON.parse(text.slice(text.indexOf('{'))) as Record<string, {name: string}[]>;
					return Object.values(workers).flat();
				},
				() => null,
			);
			return [judgeQueue(heard?.map(({name}) => name) ?? null, answers.database.name)];
		},
	},
	{
		name: 'clock of the asset server',
		group: 'services',
		needs: ['specify7', 'media'],
		async run({context}) {
			const [own, other] = (await said(context, assetClock(context.directory))).trim().split(' ').map(Number);
			return [judgeAssetClock(own && other ? (own - (other + 0.5)) * 1000 : null)];
		},
	},
	{
		name: 'the database',
		group: 'data',
		needs: ['db'],
		async run({context, database}) {
			const facts = await database();
			const seen = context.observation.database;
			return [
				judgeServer(facts),
				judgePacket(facts),
				...(seen ? [judgeContent(seen, context.answers.database.name, facts.bytes)] : []),
				...((seen?.tables ?? 0) > 0 ? [judgeVersionOfContent(facts)] : []),
				judgeRights(facts, {
					database: context.answers.database.name,
					made: seen?.migrator === true && (seen.tables ?? 0) > 0,
				}),
			];
		},
	},
	{
		name: 'passwords',
		group: 'data',
		needs: ['db'],
		run: async ({context}) => [judgeLogins(await refusedAccounts(context), context.observation.accounts)],
	},
	{
		name: 'Redis keeps its data',
		group: 'data',
		needs: ['redis'],
		run: async ({context}) => [judgeRedis(await said(context, persistence(context.directory)))],
	},
	{
		name: 'Redis of its own',
		group: 'data',
		async run({context}) {
			const {project} = context;
			const others = await Promise.all([
				projectsAt(context, 'network', `${project}_data`),
				projectsAt(context, 'volume', volumesOf(project).redis),
			]);
			return [judgeRedisAlone([...new Set(others.flat())])];
		},
	},
	dnsCheck,
	{
		name: 'certificates',
		group: 'names',
		needs: ['proxy'],
		async run({context}) {
			const {answers} = context;
			if (answers.proxy === 'behind')
				return [
					{
						name: 'certificate',
						result: 'ok',
						detail: 'shown by the web server in front; this tool does not see it',
						remedy: '',
					},
				];
			const site = await siteOf(context);
			const circumstances = {renewed: renewsByItself(answers), now: Date.now()};
			return Promise.all(
				namesOf(answers).map(async host => judgeCertificate(host, await site.certificate(host), circumstances)),
			);
		},
	},
	{
		name: 'gate',
		group: 'use',
		async run({context: {observation}}) {
			return [judgeGate(observation.proxy.gate, observation.database)];
		},
	},
	{
		name: 'proxy configuration',
		group: 'use',
		needs: ['proxy'],
		run: async ({context}) => [judgeProxyLoaded(context.observation.proxy.loaded)],
	},
	...verifyChecks.map(
		({name, isFor, run}): Check<Patient> => ({
			name,
			group: 'use',
			needs: ['proxy'],
			applies: ({context}) => isFor?.(context.answers) ?? true,
			async run({context}) {
				const given = {context, site: await siteOf(context), ...addressesOf(context.answers)};
				return run(given).then(
					detail => [judgeUse(name, detail, true)],
					error => {
						if (context.signal.aborted) throw new Cancelled();
						return [judgeUse(name, messageOf(error), false)];
					},
				);
			},
		}),
	),
];
