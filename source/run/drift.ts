import {join} from 'node:path';
import {configHashes} from '../engine/compose.js';
import {leftoversAmong} from '../engine/leftovers.js';
import {labels} from '../files/compose.js';
import {hashOf} from '../files/installation.js';
import {environmentCopy, secretsFolder, userFolders} from '../files/names.js';
import type {DriftSeen} from '../model/drift.js';
import type {LastRun} from '../model/last-run.js';
import {serviceNames} from '../model/releases.js';
import type {Context} from '../steps/context.js';
import {compareFiles} from '../steps/files.js';
import {observeProxy} from '../steps/proxy.js';
import {installedAnswers} from './history.js';
import {holderOf} from './lock.js';

const contentLabel = new RegExp(`^\\s+${labels.content}: .*\\n`, 'gm');

/** Files that the composition holds hashes of, and of the key they are made with. */
const hashed = [
	'specify7/local_settings.py',
	'specify7/health.py',
	`${secretsFolder}/database-root-password`,
	environmentCopy,
];

/** What the composition on disk says of other files, beside what it should say. */
export const compositionSeen = async ({host, directory, files, observation}: Context) => {
	const path = 'compose.yaml';
	const wanted = files.find(file => file.path === path)!.text;
	const written = await host.read(join(directory, path));
	if (written === null) return {consequences: [], settings: false};
	const hashesOf = (text: string) => text.match(contentLabel)?.join('') ?? '';
	const others = hashesOf(written) !== hashesOf(wanted);
	const onlyThese = others && written.replace(contentLabel, '') === wanted.replace(contentLabel, '');
	return {
		consequences: onlyThese ? [path] : [],
		// Of what is hashed, only the user's own settings are no generated file.
		settings: others && hashed.every(file => observation.files[file] === 'same'),
	};
};

/** What the engine has of the project besides what was observed of its services. */
const containersSeen = async ({host, engine, project, directory, observation, signal}: Context) => {
	if (!observation.engine.reachable) return {madeFrom: null, strangers: [], leftovers: []};
	const containers = (await engine.containers(project)).filter(
		({labels}) => labels['com.docker.compose.oneoff'] !== 'True',
	);
	const folders = containers.map(({labels}) => labels['com.docker.compose.project.working_dir']);
	const unknown = containers.filter(({service}) => !(serviceNames as readonly (string | null)[]).includes(service));
	let strangers = unknown;
	if (unknown.length > 0) {
		// Services of the user's own, in compose.override.yaml, belong to it.
		const {exitCode, stdout} = await host.run(configHashes(directory), {signal});
		const services = new Set(stdout.split('\n').map(row => row.trim().split(/\s+/)[0]));
		strangers = exitCode === 0 ? unknown.filter(({service}) => !services.has(service ?? '')) : [];
	}
	return {
		madeFrom: folders.find(folder => folder !== undefined && folder !== directory) ?? null,
		strangers: strangers.map(({name}) => name),
		leftovers: leftoversAmong(containers).map(({name}) => name),
	};
};

/** Everything that answers, files and containers can differ in; changes nothing. */
export const lookAtDrift = async (context: Context, lastRun: LastRun | null): Promise<DriftSeen> => {
	const {directory, answers, observation} = context;
	const [installed, composition, containers, holder] = await Promise.all([
		installedAnswers(context),
		compositionSeen(context),
		containersSeen(context),
		holderOf(directory),
	]);
	return {
		directory,
		answers,
		installed,
		observation,
		...composition,
		...containers,
		lastRun,
		underWay: holder !== null && holder.work === undefined,
	};
};

/** One value for all files that can differ: another one means that it is worth looking again. Asks no engine. */
export const fingerprintOf = async (context: Context): Promise<string> => {
	const {host, directory} = context;
	const own = async (folder: string) =>
		(await host.list(join(directory, folder))).sort().map(name => join(folder, name));
	const paths = ['specify.yaml', '.env', 'compose.override.yaml', ...(await Promise.all(userFolders.map(own))).flat()];
	const [texts, files, proxy] = await Promise.all([
		Promise.all(
			paths.map(async path => `${path}\n${(await host.read(join(directory, path)).catch(() => null)) ?? ''}`),
		),
		compareFiles(context),
		observeProxy(context),
	]);
	return hashOf(...texts, JSON.stringify([files, proxy]));
};
