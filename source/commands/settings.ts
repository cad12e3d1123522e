import {parse} from 'yaml';
import {exitCodes, SetupError} from '../errors.js';
import {answerKeys} from '../model/answers.js';
import {leavesOf} from '../model/consequences.js';
import {nearest} from '../model/nearest.js';
import {secretNames} from '../model/secrets.js';

/** One answer given with this call; `source` is `--set` or the variable of the environment it comes from. */
export type Setting = {source: string; key: string; value: unknown};

/** Something wrong with the answers: the file, flag or environment it comes from, and what is said of it. */
export type Problem = {from: string; line: string};

const fromFlags = '--set';
const fromEnvironment = 'environment';

export const prefix = 'SPECIFY_SETUP_';

/** The variable of the environment that gives an answer: `SPECIFY_SETUP_PORTS_HTTP` for `ports.http`. */
export const variableOf = (key: string) =>
	prefix +
	key
		.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
		.replaceAll('.', '_')
		.toUpperCase();

/** The variables that give a secret: its value, or the path of a file that holds it. */
export const secretVariable = (name: string) => `${prefix}SECRET_${name}`;
export const secretFileVariable = (name: string) => `${secretVariable(name)}_FILE`;

/** Variables that are no answers; they are read elsewhere. */
export const otherVariables = [
	`${prefix}DIR`,
	`${prefix}ASCII`,
	...secretNames.flatMap(name => [secretVariable(name), secretFileVariable(name)]),
] as [string, ...string[]];

/** @returns the error (exit code 2) that tells all of them */
export const answersError = (problems: readonly Problem[]) => {
	const sources = [...new Set(problems.map(({from}) => from).filter(from => from !== ''))].join(', ');
	const where = sources === '' ? '' : ` (${sources})`;
	return new SetupError(
		problems.length === 1 ? `One answer is not right${where}:` : `${problems.length} answers are not right${where}:`,
		{
			details: problems.map(({line}) => line),
			hint: 'Correct them and run this again. Nothing has been changed.',
			exitCode: exitCodes.usage,
		},
	);
};

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

/** An answer given as text is read as YAML, as it would stand in the file. */
const readValue = (key: string, text: string): unknown => {
	if (pathKeys.has(key) && text !== 'null') return text;
	try {
		return parse(text);
	} catch {
		return text;
	}
};

const letters = (name: string) => name.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase();
const isSecret = (key: string) =>
	/PASSW|SECRET/.test(letters(key)) || secretNames.some(name => letters(key).includes(letters(name)));

/** Reads a `--set key.path=value`. What is wrong with it is told without the value, which may be a secret. */
const readFlag = (flag: string): Setting | Problem => {
	const equals = flag.indexOf('=');
	const key = equals < 0 ? flag : flag.slice(0, equals);
	if (isSecret(key))
		return {
			from: fromFlags,
			line: `--set ${key} is refused: everybody on this machine can read the arguments of a program. Choose another value and give it with --secrets FILE`,
		};
	if (equals < 0 || !/^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$/.test(key))
		return {
			from: fromFlags,
			line: `--set ${key}${equals < 0 ? '' : '=…'} is not of the form key=value, such as --set ports.https=8443`,
		};
	return {source: fromFlags, key, value: readValue(key, flag.slice(equals + 1))};
};

const unknownVariable = (name: string, known: ReadonlyMap<string, string>): Problem => ({
	from: fromEnvironment,
	line:
		name === `${prefix}YES`
			? `${name} is not read: what changes something needs --yes on the command line`
			: `${name} is not known; the nearest that is: ${nearest(name, [...otherVariables, ...known.keys()])}`,
});

/** Answers of the environment; a section comes before what is in it, so that the more exact one counts. */
const readEnvironment = (environment: NodeJS.ProcessEnv): (Setting | Problem)[] => {
	const given = Object.keys(environment).filter(name => name.startsWith(prefix) && !otherVariables.includes(name));
	if (given.length === 0) return [];
	const known = new Map(answerKeys().map(key => [variableOf(key), key]));
	return [
		...given.filter(name => !known.has(name)).map(name => unknownVariable(name, known)),
		...[...known]
			.filter(([name]) => environment[name] !== undefined)
			.map(([source, key]) => ({source, key, value: readValue(key, environment[source]!)})),
	];
};

/** The answers given with this call, those that count most last, and what is wrong with their form. */
export const readSettings = (
	environment: NodeJS.ProcessEnv,
	flags: readonly string[],
): {settings: Setting[]; problems: Problem[]} => {
	const read = [...readEnvironment(environment), ...flags.map(readFlag)];
	return {
		settings: read.filter(item => 'key' in item),
		problems: read.filter(item => 'line' in item),
	};
};

/**
 * The answers given with this call: `SPECIFY_SETUP_*`, then `--set`; what stands later counts.
 * @throws SetupError (exit code 2) with every problem at once
 */
export const settingsOf = (environment: NodeJS.ProcessEnv, flags: readonly string[]): Setting[] => {
	const {settings, problems} = readSettings(environment, flags);
	if (problems.length > 0) throw answersError(problems);
	return settings;
};

/** What settings say of each answer, by its dotted key: sections are taken apart, and a section that is none stays. */
export const presetsOf = (settings: readonly Pick<Setting, 'key' | 'value'>[]): Record<string, unknown> => {
	const presets: Record<string, unknown> = {};
	for (const {key, value} of settings) {
		for (const given of Object.keys(presets))
			if (given.startsWith(`${key}.`) || key.startsWith(`${given}.`)) delete presets[given];
		Object.assign(presets, Object.fromEntries(leavesOf(value, key)));
	}
	return presets;
};

/** What is said of a problem with an answer that one of the settings gave; undefined when none did. */
export const settingProblem = (
	settings: readonly Setting[],
	{key, reason}: {key: string; reason: string},
): Problem | undefined => {
	const isPart = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}.`);
	const setting = settings.findLast(({key: given}) => isPart(key, given) || isPart(given, key));
	if (!setting) return undefined;
	const {source} = setting;
	return {from: source === fromFlags ? fromFlags : fromEnvironment, line: `${source}: ${key} ${reason}`};
};
