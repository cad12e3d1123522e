import {join, resolve} from 'node:path';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {hashOf} from '../files/installation.js';
import {readYaml, type YamlPlace} from '../files/specify-yaml.js';
import {expandHome} from '../host/complete-path.js';
import type {Host} from '../host/host.js';
import {type Answers, parseAnswers, setAnswer} from '../model/answers.js';
import {originOf, withoutDerived} from '../model/derived.js';
import {lostRemedy, lostSentence} from '../model/lost-answers.js';
import {installedAnswers} from '../run/history.js';
import {lostAnswers} from '../run/lost-answers.js';
import {isAmong, readHashes} from '../steps/edits.js';
import {readInput} from './input.js';
import {answersError, readSettings, settingProblem} from './settings.js';

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Answers whose paths no longer depend on the current folder, nor on whose home it is. */
export const absolute = (answers: Answers): Answers => {
	const {database, acme, own} = answers;
	const full = <T extends string | null>(path: T) => path && resolve(expandHome(path));
	return {
		...answers,
		database: {...database, dump: full(database.dump), attachments: full(database.attachments)},
		acme: {...acme, ca: full(acme.ca), eab: acme.eab && {...acme.eab, keyFile: full(acme.eab.keyFile)}},
		own: {certificate: full(own.certificate), key: full(own.key), authority: full(own.authority)},
	};
};

/** Text of the answers, and what they are called; null where an installation has none yet. */
const readText = async (host: Host, directory: string, file: string | undefined) => {
	if (file === '-') return {source: 'standard input', text: await readInput()};
	const source = file ?? join(directory, 'specify.yaml');
	const text = await host.read(resolve(source)).catch(error => {
		throw new SetupError(`The answers in ${source} cannot be read: ${messageOf(error)}`, {
			hint: 'Name a file that you may read.',
			exitCode: exitCodes.usage,
			cause: error,
		});
	});
	if (text === null && file !== undefined)
		throw new SetupError(`There is no file ${file}.`, {
			hint: 'Check the path given to --answers.',
			exitCode: exitCodes.usage,
		});
	return {source, text};
};

const lineOf = ({line, column}: YamlPlace, said: string) => `line ${line}, column ${column}: ${said}`;

/**
 * The answers of this call: a previous installation's `specify.yaml`, or the file given instead; over it the
 * environment's `SPECIFY_SETUP_*`, over that `--set`. Paths are relative to the current folder.
 * Names and e-mail that a file has as they were made of its domain follow another one, whether it is given with the call
 * or was written into `specify.yaml` since that was installed.
 * @param begins nothing was installed well yet: where the answers got lost, those of this call are all there are
 * @throws SetupError (exit code 2) with every problem at once, or when the answers of an installation are lost
 */
export const gatherAnswers = async ({
	host,
	directory,
	file,
	settings: flags,
	environment = {},
	begins = false,
}: {
	host: Host;
	directory: string;
	file: string | undefined;
	settings: readonly string[];
	environment?: NodeJS.ProcessEnv;
	begins?: boolean;
}): Promise<Answers> => {
	// The defaults would be another installation.
	const lost = file === undefined && !begins ? await lostAnswers({host, directory}) : null;
	if (lost) throw new SetupError(lostSentence(lost), {hint: lostRemedy(lost), exitCode: exitCodes.usage});
	const {timezone} = await host.facts();
	const {settings, problems: misgiven} = readSettings(environment, flags);
	const {source, text} = await readText(host, directory, file);
	const yaml = readYaml(text ?? '');
	if (yaml.problems.length > 0)
		throw answersError([
			...yaml.problems.map(({message, ...place}) => ({from: source, line: lineOf(place, message)})),
			...misgiven,
		]);
	let tree = yaml.value;
	if (isObject(tree)) {
		// A file of answers says the same wherever it is used; what is installed counts for the installation's own alone.
		// One that a run has written says what it means; in one edited by hand, names of the domain of before follow the new one.
		const isEdited =
			file === undefined && !isAmong(hashOf(text ?? ''), (await readHashes(host, directory))['specify.yaml']);
		const installed = isEdited ? await installedAnswers({host, directory}) : null;
		tree = withoutDerived(tree, [originOf(tree), ...(installed ? [installed] : [])]);
		for (const {key, value} of settings) setAnswer(tree as Record<string, unknown>, key, value);
	}
	const {answers, problems} = parseAnswers(tree, {timezone});
	if (answers && misgiven.length === 0) return absolute(answers);
	const ofSettings = problems.flatMap(problem => settingProblem(settings, problem) ?? []);
	const ofFile = problems
		.filter(problem => !settingProblem(settings, problem))
		.map(({key, reason}) => ({said: key ? `${key} ${reason}` : reason, place: yaml.locate(key)}))
		.sort((one, other) => (one.place?.line ?? 0) - (other.place?.line ?? 0))
		.map(({said, place}) => ({from: text === null ? '' : source, line: place ? lineOf(place, said) : said}));
	throw answersError([...ofFile, ...ofSettings, ...misgiven]);
};
