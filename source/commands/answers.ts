import {join, resolve} from 'node:path';
import {parse} from 'yaml';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {type LocatedYaml, readYaml} from '../files/specify-yaml.js';
import type {Host} from '../host/host.js';
import {type AnswerProblem, type Answers, parseAnswers, setAnswer} from '../model/answers.js';

const problemLine = ({key, reason, line, column}: AnswerProblem) =>
	`${line === undefined ? '' : `line ${line}, column ${column}: `}${key ? `${key} ` : ''}${reason}`;

const answersError = (source: string, problems: readonly AnswerProblem[]) =>
	new SetupError(
		problems.length === 1
			? `One answer is not right (${source}):`
			: `${problems.length} answers are not right (${source}):`,
		{
			details: problems.map(problemLine),
			hint: 'Correct them and run this again. Nothing has been changed.',
			exitCode: exitCodes.usage,
		},
	);

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Paths are taken as they are: YAML would read a # or a colon in them. */
const pathKeys = new Set([
	'database.dump',
	'database.attachments',
	'acme.ca',
	'acme.eab.keyFile',
	'own.certificate',
	'own.key',
	'own.authority',
]);

/** Answers whose paths no longer depend on the current folder. */
export const absolute = (answers: Answers): Answers => {
	const {database, acme, own} = answers;
	const full = (path: string | null) => path && resolve(path);
	return {
		...answers,
		database: {...database, dump: full(database.dump), attachments: full(database.attachments)},
		acme: {...acme, ca: full(acme.ca), eab: acme.eab && {...acme.eab, keyFile: resolve(acme.eab.keyFile)}},
		own: {certificate: full(own.certificate), key: full(own.key), authority: full(own.authority)},
	};
};

/**
 * Reads a `--set key.path=value`; the value is read as YAML.
 * @throws SetupError (exit code 2) when it has another form
 */
export const readSetting = (setting: string): [key: string, value: unknown] => {
	const equals = setting.indexOf('=');
	const key = setting.slice(0, Math.max(0, equals));
	if (!/^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$/.test(key))
		throw new SetupError(`--set ${setting} is not of the form key=value.`, {
			hint: 'For example: --set ports.https=8443',
			exitCode: exitCodes.usage,
		});
	const text = setting.slice(equals + 1);
	if (pathKeys.has(key) && text !== 'null') return [key, text];
	try {
		return [key, parse(text)];
	} catch {
		return [key, text];
	}
};

const readInput = async () => {
	let text = '';
	for await (const part of process.stdin) text += part;
	return text;
};

/**
 * The answers of this call: a previous installation's `specify.yaml`, or the file given instead, with `--set` on top.
 * Paths are relative to the current folder.
 * @throws SetupError (exit code 2) with every problem at once
 */
export const gatherAnswers = async ({
	host,
	directory,
	file,
	settings,
}: {
	host: Host;
	directory: string;
	file: string | undefined;
	settings: readonly string[];
}): Promise<Answers> => {
	const {timezone} = await host.facts();
	const source = file === undefined ? join(directory, 'specify.yaml') : file === '-' ? 'standard input' : file;
	const text =
		file === '-'
			? await readInput()
			: await host.read(resolve(source)).catch(error => {
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
	let yaml: LocatedYaml | undefined;
	let tree: unknown = {};
	if (text !== null) {
		yaml = readYaml(text);
		if (yaml.problems.length > 0)
			throw answersError(
				source,
				yaml.problems.map(({message, ...place}) => ({key: '', reason: message, ...place})),
			);
		tree = yaml.value;
	}
	const set = settings.map(readSetting);
	if (isObject(tree)) for (const [key, value] of set) setAnswer(tree, key, value);
	const {answers, problems} = parseAnswers(tree, {timezone});
	if (!answers)
		throw answersError(
			text === null ? '--set' : source,
			problems.map(problem => ({
				...problem,
				...(set.some(([key]) => key === problem.key) ? {} : yaml?.locate(problem.key)),
			})),
		);
	return absolute(answers);
};
