import {join} from 'node:path';
import {isKeepable} from '../files/installation.js';
import {stateFolder} from '../files/names.js';
import {specifyYaml} from '../files/specify-yaml.js';
import {hasUsers} from '../model/gate.js';
import {secretNames} from '../model/secrets.js';
import type {Context} from '../steps/context.js';
import {readKept, staleEdits} from '../steps/edits.js';
import {installedAnswers} from './history.js';
import {openInstallation, planFor} from './installation.js';
import type {WayBack} from './runner.js';

/** Hand edits on disk, those kept and those about to be replaced, by path. */
const editsOf = async ({host, directory, files, observation}: Context) => {
	const edited = files.filter(
		({path, generated}) => isKeepable(path) && (generated !== undefined || observation.files[path] === 'edited'),
	);
	const stale = Object.keys(observation.files).filter(path => observation.files[path] === 'stale' && isKeepable(path));
	const paths = [...edited.map(({path}) => path), ...(await staleEdits({host, directory}, stale))];
	const texts = await Promise.all(
		paths.map(async path => [path, (await host.read(join(directory, path))) ?? ''] as const),
	);
	return Object.fromEntries(texts);
};

/** The way back from a run to what was installed before it; undefined where there is nothing to go back to. */
export const wayBackOf = async (context: Context): Promise<WayBack | undefined> => {
	const {host, directory, answers, former, secrets} = context;
	const before = await installedAnswers({host, directory});
	if (before === null) return undefined;
	const sameAnswers = specifyYaml(before) === specifyYaml(answers);
	const newSecrets = secretNames.filter(
		name =>
			former[name] !== undefined &&
			former[name] !== secrets[name] &&
			// For a login that Specify has it is only a note.
			!(name === 'ADMINISTRATOR_PASSWORD' && hasUsers(context.observation)),
	);
	if (sameAnswers && newSecrets.length === 0) return undefined;
	const mine = await editsOf(context);
	// An edit nobody had decided about is one again, also where this run was told to keep it.
	const kept = await readKept(context);
	return {
		newSecrets,
		async open() {
			const opened = await openInstallation({
				host,
				directory,
				answers: before,
				given: former,
				mine,
				signal: context.signal,
			});
			const earlier = {...opened, kept, hurry: context.hurry, observation: {...opened.observation, keeping: []}};
			return {context: earlier, plan: planFor(earlier)};
		},
		async keepAnswers() {
			if (sameAnswers) return null;
			const path = join(directory, stateFolder, 'refused.yaml');
			await host.write(path, specifyYaml(answers), 0o600);
			return path;
		},
	};
};
