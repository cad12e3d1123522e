import {join} from 'node:path';
import {answersFolder, projectFile, projectLabel} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {LostAnswers} from '../model/lost-answers.js';

type Place = {host: Pick<Host, 'read' | 'list'>; directory: string};

/** What a run writes after the answers: where it is, they were there. */
const isLeft = async ({host, directory}: Place) => {
	const read = (path: string) => host.read(join(directory, path)).catch(() => null);
	return (await read(projectFile)) !== null || ((await read('compose.yaml'))?.includes(projectLabel) ?? false);
};

/** Whether a text holds no answer: blank lines and comments alone. */
const isEmpty = (text: string) => text.split('\n').every(row => /^\s*(#.*|---|\.\.\.|\{\s*\}|null|~)?\s*$/.test(row));

/** How the answers of an installation got lost; null where they are there, or nothing is installed. Loads little. */
export const lostAnswers = async (place: Place): Promise<LostAnswers | null> => {
	const {host, directory} = place;
	const text = await host.read(join(directory, 'specify.yaml')).catch(() => 'not to be read');
	if (text !== null && !isEmpty(text)) return null;
	const kept = (await host.list(join(directory, answersFolder)).catch(() => [])).filter(name => name.endsWith('.yaml'));
	if (kept.length === 0 && !(await isLeft(place))) return null;
	const newest = kept.sort().at(-1);
	return {
		directory,
		how: text === null ? 'missing' : 'empty',
		newest: newest === undefined ? null : join(directory, answersFolder, newest),
	};
};

/** Whether a folder is an installation's, also where its answers got lost; what may not be read counts as there. */
export const isInstallation = async (place: Place): Promise<boolean> => {
	const text = await place.host.read(join(place.directory, 'specify.yaml')).catch(() => 'not to be read');
	return text !== null || (await lostAnswers(place)) !== null;
};
