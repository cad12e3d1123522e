import {join} from 'node:path';
import {readRow} from '../files/environment.js';
import {
	type Consequence,
	consequencesOf,
	fixedAdministrator,
	type Limits,
	newPasswords,
	newSecrets,
	withLimits,
} from '../model/consequences.js';
import {hasUsers} from '../model/gate.js';
import type {Secrets} from '../model/secrets.js';
import type {Existing} from '../model/wizard.js';
import type {Context} from '../steps/context.js';

/** Memory limits that a composition sets, as it is generated: a service's name, then, farther in, its limit. */
const limitsOf = (compose: string): Limits => {
	const limits: Record<string, number> = {};
	let service = '';
	for (const line of compose.split('\n')) {
		service = /^ {2}([\w-]+):$/.exec(line)?.[1] ?? service;
		const limit = /^ {4}mem_limit: (\d+)$/.exec(line)?.[1];
		if (limit !== undefined) limits[service] = Number(limit);
	}
	return limits;
};

/**
 * What new secrets lead to. Another password for an administrator whom Specify has already is refused; in .env it says
 * what somebody noted there, and what it is worth is told.
 */
const secretChanges = async (context: Context, given: Partial<Secrets>): Promise<Consequence[]> => {
	const {host, directory, observation} = context;
	const {passwords, newSecrets: names} = observation;
	const name = 'ADMINISTRATOR_PASSWORD';
	const rows = ((await host.read(join(directory, '.env'))) ?? '').split(/\r?\n/).map(readRow);
	const isRefused =
		hasUsers(observation) &&
		names.includes(name) &&
		given[name] !== undefined &&
		given[name] !== rows.findLast(row => row?.name === name)?.value;
	return [
		...(passwords.length > 0 ? [newPasswords(passwords)] : []),
		...newSecrets(names, hasUsers(observation)).map(change =>
			isRefused && change.key === name ? fixedAdministrator : change,
		),
	];
};

/**
 * What follows from what is wanted of an installation; nothing where there is none yet.
 * @param given secrets that a person gave
 */
export const whatFollows = async (
	context: Context,
	existing: Existing | undefined,
	given: Partial<Secrets>,
): Promise<Consequence[]> => {
	if (!existing) return [];
	const {host, directory, files, answers} = context;
	const wanted = files.find(({path}) => path === 'compose.yaml')!.text;
	const written = (await host.read(join(directory, 'compose.yaml'))) ?? wanted;
	const changed = consequencesOf(existing.installed, answers, {inUse: existing.inUse});
	return [...withLimits(changed, limitsOf(written), limitsOf(wanted)), ...(await secretChanges(context, given))];
};
