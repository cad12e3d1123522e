import {basename, join} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {parse} from 'yaml';
import {answersFolder, stampOf} from '../files/names.js';
import {specifyYaml} from '../files/specify-yaml.js';
import type {Host} from '../host/host.js';
import {type Answers, parseAnswers} from '../model/answers.js';
import type {Reign} from '../steps/edits.js';

const keptConfigurations = 50;

type Place = {host: Host; directory: string};

/** Paths of the answers that were installed well, oldest first; the last one is what is installed. */
export const installedHistory = async ({host, directory}: Place): Promise<string[]> =>
	(await host.list(join(directory, answersFolder)))
		.filter(name => name.endsWith('.yaml'))
		.map(name => basename(name, '.yaml'))
		.sort()
		.map(stamp => join(directory, answersFolder, `${stamp}.yaml`));

/** Answers of a configuration that was installed well; null when there is none that this version can read. */
const readAnswers = async (host: Host, path: string | undefined): Promise<Answers | null> => {
	const text = path === undefined ? null : await host.read(path);
	if (text === null) return null;
	const {timezone} = await host.facts();
	try {
		return parseAnswers(parse(text), {timezone}).answers ?? null;
	} catch {
		return null;
	}
};

/** What is installed: the answers of the last run that went well; null before the first one. */
export const installedAnswers = async (place: Place) => readAnswers(place.host, (await installedHistory(place)).at(-1));

/** The path of the newest answers that were installed well and are not those of `specify.yaml` now; null when there are none. */
export const previousConfiguration = async (place: Place): Promise<string | null> => {
	const now = await readAnswers(place.host, join(place.directory, 'specify.yaml'));
	for (const path of (await installedHistory(place)).reverse())
		if (!isDeepStrictEqual(await readAnswers(place.host, path), now)) return path;
	return null;
};

/** When the configuration in this file was installed, and when the next one was. */
export const reignOf = async (place: Place, path: string): Promise<Reign> => {
	const history = await installedHistory(place);
	const [, next] = history.slice(history.indexOf(path));
	return {
		answers: (await place.host.read(path)) ?? '',
		from: basename(path, '.yaml'),
		until: next && basename(next, '.yaml'),
	};
};

/** Notes that these answers are installed. The oldest configurations are forgotten. */
export const recordInstalled = async (place: Place, answers: Answers, now = new Date()) => {
	const {host, directory} = place;
	const text = specifyYaml(answers);
	const history = await installedHistory(place);
	const newest = history.at(-1);
	if (newest !== undefined && (await host.read(newest)) === text) return;
	const stamp = stampOf(now);
	const last = newest === undefined ? '' : basename(newest, '.yaml');
	// The newest is the last one also after a clock was set back.
	await host.write(join(directory, answersFolder, `${last >= stamp ? `${last}-1` : stamp}.yaml`), text, 0o600);
	for (const path of history.slice(0, -(keptConfigurations - 1))) await host.remove(path);
};
