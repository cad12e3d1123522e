import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {type Engine, engineAt, findSocket} from '../engine/api.js';
import {labels} from '../files/compose.js';
import {projectFile, projectName} from '../files/names.js';
import type {Host} from '../host/host.js';
import {type EngineFacts, type FolderFacts, type Installation, installationsOf} from '../model/installations.js';
import {lostAnswers} from './lost-answers.js';

/** Who only wants to begin does not wait long for an engine that hangs. */
const engineTimeoutMs = 2000;

/** The Compose project whose data belong to a folder, also to one that was moved or renamed. */
export const projectOf = async (host: Host, directory: string): Promise<string> =>
	(await host.read(join(directory, projectFile)))?.split('\n').find(row => /^[a-z0-9]/.test(row)) ??
	projectName(directory);

/** The installation in a folder; null when there is none. */
const readFolder = async (host: Host, directory: string): Promise<FolderFacts | null> => {
	const lost = await lostAnswers({host, directory});
	const text = await host.read(join(directory, 'specify.yaml')).catch(() => null);
	if (text === null && !lost) return null;
	const project = await projectOf(host, directory).catch(() => projectName(directory));
	if (text === null || lost) return {project, version: null, address: null, lost: true};
	// Only where there is something to read: this takes a while to load.
	const {answersFacts} = await import('./answers-facts.js');
	return {project, ...answersFacts(text)};
};

/** What the engine has of ours; null when it does not answer soon. */
const askEngine = async (engine: Pick<Engine, 'containers' | 'volumeLabels'>): Promise<EngineFacts> => {
	const asked = Promise.all([engine.containers(), engine.volumeLabels(labels.project)]);
	const answered = await Promise.race([asked.catch(() => null), sleep(engineTimeoutMs, null, {ref: false})]);
	if (answered === null) return null;
	const [containers, projectsOfVolumes] = answered;
	return {
		projectsOfVolumes,
		containers: containers
			.filter(
				container =>
					container.project !== null &&
					container.labels[labels.project] === container.project &&
					container.labels['com.docker.compose.oneoff'] !== 'True',
			)
			.map(({project, service, state, status, labels}) => ({
				project: project!,
				folder: labels['com.docker.compose.project.working_dir'] ?? null,
				service,
				state,
				status,
			})),
	};
};

/**
 * Every installation that this person's list, the usual folder or the engine knows. Changes nothing.
 * @param remembered folders of the list
 * @param usual the folder that is used when none is named
 */
export const findInstallations = async ({
	host,
	remembered,
	usual,
	engine,
}: {
	host: Host;
	remembered: readonly string[];
	usual: string;
	engine?: Pick<Engine, 'containers' | 'volumeLabels'>;
}): Promise<Installation[]> => {
	const asked = engine ?? (await findSocket(host).then(engineAt, () => null));
	const facts = asked && (await askEngine(asked));
	const made = (facts?.containers ?? []).flatMap(({folder}) => (folder === null ? [] : [folder]));
	const paths = [...new Set([usual, ...remembered, ...made.sort()])];
	const folders = new Map(await Promise.all(paths.map(async path => [path, await readFolder(host, path)] as const)));
	return installationsOf({folders, remembered, engine: facts});
};
