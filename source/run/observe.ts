import {join} from 'node:path';
import {type Container, type Engine, EngineUnreachable} from '../engine/api.js';
import {version as composeVersion, configHashes, configHashesOf} from '../engine/compose.js';
import {withoutLeftovers} from '../engine/leftovers.js';
import {mountedFolders} from '../files/compose.js';
import type {GeneratedFile} from '../files/installation.js';
import {projectFile, volumesOf} from '../files/names.js';
import {specifyYaml} from '../files/specify-yaml.js';
import type {Command, Host} from '../host/host.js';
import {publishedPorts} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import type {Observation, ObservedDatabase, ObservedEngine, ObservedService} from '../model/observation.js';
import {type ServiceName, serviceNames} from '../model/releases.js';
import {type Secrets, secretNames} from '../model/secrets.js';
import {copiedAttachments} from '../steps/attachments.js';
import {hasAuthorities} from '../steps/authorities.js';
import {accountsAreCurrent, observeDatabase} from '../steps/database.js';
import {keptEdits} from '../steps/edits.js';
import {compareFiles} from '../steps/files.js';
import {passwordsToChange} from '../steps/passwords.js';
import {observeProxy} from '../steps/proxy.js';
import {observeImages} from '../steps/pull.js';
import {answers as answersHealthCheck, stateOf} from '../steps/services.js';
import {installedAnswers} from './history.js';

type Given = {
	host: Host;
	engine: Engine;
	directory: string;
	project: string;
	answers: Answers;
	files: GeneratedFile[];
	former: Partial<Secrets>;
	secrets: Secrets;
	signal: AbortSignal;
};

const reasons: Record<string, Extract<ObservedEngine, {reachable: false}>['reason']> = {
	EACCES: 'denied',
	EPERM: 'denied',
	ECONNREFUSED: 'stopped',
};

const observeEngine = async ({host, engine, signal}: Given): Promise<ObservedEngine> => {
	try {
		const [facts, compose] = await Promise.all([engine.info(), host.run(composeVersion(), {signal})]);
		return {
			reachable: true,
			version: facts.version,
			compose: compose.exitCode === 0 ? compose.stdout.trim().replace(/^v/, '') : null,
			dataFolder: facts.dataFolder,
			freeBytes: await host.freeBytes(facts.dataFolder),
			architecture: facts.architecture,
			insecureRegistries: facts.insecureRegistries,
		};
	} catch (error) {
		if (!(error instanceof EngineUnreachable)) throw error;
		const installed = (await host.run({file: 'docker', args: ['--version']}, {signal})).exitCode === 0;
		const reason = error.code === 'ENOENT' ? (installed ? 'stopped' : 'missing') : (reasons[error.code] ?? 'other');
		return {reachable: false, reason, detail: error.message};
	}
};

/** Files of the user's own that Compose adds to the composition; it takes the first of them. */
const overrideNames = [
	'compose.override.yml',
	'compose.override.yaml',
	'docker-compose.override.yml',
	'docker-compose.override.yaml',
];

/** What Compose is to be asked for the hashes of the services, as the files are or will be written; null: it cannot be told before. */
const hashesQuestion = async (
	{host, directory, files, secrets}: Given,
	states: Observation['files'],
): Promise<{command: Command; input?: string} | null> => {
	if (['compose.yaml', '.env'].every(path => states[path] === 'same')) return {command: configHashes(directory)};
	const textOf = (path: string) => files.find(file => file.path === path)?.text ?? '';
	// Then it is Compose's own variables that say which files count.
	if (/^\s*(export\s+)?COMPOSE_/m.test(textOf('.env'))) return null;
	const there = await Promise.all(overrideNames.map(name => host.stat(join(directory, name))));
	const command = configHashesOf(directory, overrideNames.filter((_, index) => there[index]).slice(0, 1));
	return {command: {...command, env: {...command.env, ...secrets}}, input: textOf('compose.yaml')};
};

/** Whether a container still mounts folders that have been moved or removed since it was made; Compose does not notice. */
const hasLostFolder = async (
	{host, directory}: Given,
	service: ServiceName,
	{labels}: Pick<Container, 'labels'>,
): Promise<boolean> => {
	if ((labels['com.docker.compose.project.working_dir'] ?? directory) !== directory) return true;
	const there = await Promise.all((mountedFolders[service] ?? []).map(folder => host.stat(join(directory, folder))));
	return there.includes(null);
};

const observeServices = async (
	given: Given,
	states: Observation['files'],
): Promise<Partial<Record<ServiceName, ObservedService>>> => {
	const {host, engine, project, signal} = given;
	const containers = withoutLeftovers(await engine.containers(project)).filter(
		container => container.labels['com.docker.compose.oneoff'] !== 'True',
	);
	if (containers.length === 0) return {};
	const hashes = new Map<string, string>();
	const question = await hashesQuestion(given, states);
	if (question) {
		const {command, input} = question;
		const {stdout} = await host.run(command, {signal, ...(input === undefined ? {} : {input})});
		for (const row of stdout.split('\n')) {
			const [service, hash] = row.trim().split(/\s+/);
			if (service && hash) hashes.set(service, hash);
		}
	}
	const seen = await Promise.all(
		containers.map(async container => {
			const details = await engine.container(container.id);
			if (!details || !serviceNames.includes(container.service as ServiceName)) return [];
			const name = container.service as ServiceName;
			let state = stateOf(details);
			// The engine's own first check comes only after its interval.
			if (state === 'starting' && (await answersHealthCheck(given, name))) state = 'healthy';
			const lost = await hasLostFolder(given, name, container);
			const service: ObservedService = {
				state,
				current: !lost && hashes.get(name) === container.labels['com.docker.compose.config-hash'],
				...(lost ? {lost} : {}),
				container: container.id,
				image: container.image,
				startedAt: details.startedAt,
				restarts: details.restarts,
				healthOutput: details.healthOutput,
			};
			return [[name, service] as const];
		}),
	);
	return Object.fromEntries(seen.flat());
};

/** Looks at everything a plan depends on and changes nothing. Without an engine, what it would know is left empty. */
export const observe = async (given: Given): Promise<Observation> => {
	const {host, engine, directory, project, answers, former, secrets} = given;
	const [machine, freeBytes, observedEngine, files, edits, authorities, proxy, attachments, accounts, installed] =
		await Promise.all([
			host.facts(),
			host.freeBytes(directory),
			observeEngine(given),
			compareFiles(given),
			keptEdits(given),
			hasAuthorities(given),
			observeProxy(given),
			copiedAttachments(host, directory),
			accountsAreCurrent(given, secrets),
			installedAnswers(given),
		]);
	const observation: Observation = {
		memory: machine.memory,
		swap: machine.swap,
		processors: machine.processors,
		user: machine.user,
		freeBytes,
		engine: observedEngine,
		ports: [],
		files,
		...edits,
		images: {},
		volumes: [],
		services: {},
		authorities,
		proxy,
		database: null,
		newSecrets: secretNames.filter(name => former[name] !== undefined && former[name] !== secrets[name]),
		passwords: [],
		verified: installed !== null && specifyYaml(installed) === specifyYaml(answers),
		accounts,
		attachments,
		otherFolder: null,
	};
	if (!observedEngine.reachable) return observation;

	const ports = publishedPorts(answers);
	const [listeners, containers, images, volumes, services] = await Promise.all([
		host.listeners(ports),
		engine.containers(),
		observeImages(given),
		engine.volumes(),
		observeServices(given, files),
	]);
	const own = new Set<string>(Object.values(volumesOf(project)));
	const madeFrom = containers
		.filter(container => container.project === project)
		.map(({labels}) => labels['com.docker.compose.project.working_dir'])
		.find(folder => folder !== undefined && folder !== directory);
	// An installation here of which nothing is left in the earlier folder was moved. A new one must not take another's name.
	const isMoved =
		madeFrom !== undefined &&
		(await host.stat(join(directory, projectFile))) !== null &&
		(await host.stat(join(madeFrom, 'specify.yaml')).catch(() => undefined)) === null;
	const otherFolder = isMoved ? undefined : madeFrom;
	let database: ObservedDatabase | null = null;
	if (services.db?.state === 'healthy' || services.db?.state === 'starting')
		database = await observeDatabase(given).catch(() => null);
	return {
		...observation,
		images,
		services,
		database,
		otherFolder: otherFolder ?? null,
		passwords: await passwordsToChange(given, volumes),
		volumes: volumes.filter(volume => own.has(volume)),
		ports: listeners.map(({port, program}) => {
			const container = containers.find(candidate => candidate.ports.includes(port));
			return {
				port,
				// A container that is started again and again lists no ports.
				own: container
					? container.project === project
					: program === 'docker-proxy' && services.proxy?.state === 'restarting',
				holder: container ? `the container ${container.name}` : program,
			};
		}),
	};
};
