import {resolve} from 'node:path';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {readRow} from '../files/environment.js';
import type {Host} from '../host/host.js';
import {nearest} from '../model/nearest.js';
import {isUsableSecret, type SecretName, type Secrets, secretNames, secretRule} from '../model/secrets.js';
import {readInput} from './input.js';
import {secretFileVariable, secretVariable} from './settings.js';

/** A secret as it was given, called as in its source; or what is wrong with the source. */
type Given = {called: string; name: string; value: string} | {problem: string};

const isName = (name: string): name is SecretName => secretNames.includes(name as SecretName);

/** Text of a file of secrets that its owner alone may read. */
const readPrivate = async (host: Host, path: string): Promise<{text: string} | {problem: string}> => {
	const full = resolve(path);
	try {
		const facts = await host.stat(full);
		if (!facts) return {problem: `there is no file ${path}`};
		if (facts.isFolder) return {problem: `${path} is a folder`};
		if ((facts.mode & 0o077) !== 0)
			return {problem: `${path} may be used by others than its owner; run: chmod 600 ${path}`};
		return {text: (await host.read(full)) ?? ''};
	} catch (error) {
		return {problem: `${path} cannot be read: ${messageOf(error)}`};
	}
};

/** Secrets of `SPECIFY_SETUP_SECRET_*`, which are taken out of the environment, so that no child process gets them. */
const fromEnvironment = async (host: Host, environment: NodeJS.ProcessEnv): Promise<Given[]> => {
	const take = (variable: string) => {
		const value = environment[variable];
		delete environment[variable];
		return value;
	};
	const given = secretNames.map(name => ({
		name,
		value: take(secretVariable(name)),
		path: take(secretFileVariable(name)),
	}));
	const read = given.map(async ({name, value, path}): Promise<Given[]> => {
		if (path === undefined) return value === undefined ? [] : [{called: secretVariable(name), name, value}];
		if (value !== undefined)
			return [{problem: `${secretVariable(name)} and ${secretFileVariable(name)} are both set; one of them is enough`}];
		const file = await readPrivate(host, path);
		if ('problem' in file) return [{problem: `${secretFileVariable(name)}: ${file.problem}`}];
		return [{called: secretFileVariable(name), name, value: file.text.replace(/\r?\n$/, '')}];
	});
	return (await Promise.all(read)).flat();
};

/** Secrets of the rows `NAME=value` of a file, or of standard input. */
const fromFile = async (host: Host, path: string): Promise<Given[]> => {
	const file = path === '-' ? {text: await readInput()} : await readPrivate(host, path);
	if ('problem' in file) return [{problem: `--secrets: ${file.problem}`}];
	const source = path === '-' ? 'standard input' : path;
	const seen = new Set<string>();
	return file.text.split(/\r?\n/).flatMap((row, index): Given[] => {
		if (/^\s*(#|$)/.test(row)) return [];
		const place = `${source}, line ${index + 1}:`;
		const read = readRow(row);
		if (!read) return [{problem: `${place} not of the form NAME=value`}];
		const {name, value} = read;
		if (!isName(name))
			return [
				{problem: `${place} ${name} is no secret of an installation; the nearest: ${nearest(name, secretNames)}`},
			];
		if (seen.has(name)) return [{problem: `${place} ${name} stands there a second time`}];
		seen.add(name);
		return [{called: `${place} ${name}`, name, value}];
	});
};

const problemOf = (given: Given): string[] => {
	if ('problem' in given) return [given.problem];
	const {called, value} = given;
	return isUsableSecret(value) ? [] : [`${called} must be ${secretRule}${value === '' ? '; it is empty' : ''}`];
};

/**
 * The secrets given with this call: rows `NAME=value` of a file, over them those of the environment, which are taken out
 * of it. Arguments never hold secrets.
 * @param file the path given to `--secrets`; `-` is standard input
 * @throws SetupError (exit code 2) with every problem at once; no value is ever repeated
 */
export const takeSecrets = async ({
	host,
	file,
	environment,
}: {
	host: Host;
	file?: string;
	environment: NodeJS.ProcessEnv;
}): Promise<Partial<Secrets>> => {
	// The environment first: it is clean before anything waits for standard input.
	const exact = await fromEnvironment(host, environment);
	const given = [...(file === undefined ? [] : await fromFile(host, file)), ...exact];
	const problems = given.flatMap(problemOf);
	if (problems.length > 0)
		throw new SetupError(
			problems.length === 1 ? 'One secret cannot be used:' : `${problems.length} secrets cannot be used:`,
			{
				details: problems,
				hint: `Secrets are ${secretNames.join(', ')}. Correct them and run this again. Nothing has been changed.`,
				exitCode: exitCodes.usage,
			},
		);
	return Object.fromEntries(given.flatMap(item => ('value' in item ? [[item.name, item.value]] : [])));
};
