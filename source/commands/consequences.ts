import {join} from 'node:path';
import {type Consequence, consequencesOf, type Limits, newPasswords, withLimits} from '../model/consequences.js';
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

/** What follows from what is wanted of an installation; nothing where there is none yet. */
export const whatFollows = async (context: Context, existing: Existing | undefined): Promise<Consequence[]> => {
	if (!existing) return [];
	const {host, directory, files, answers, observation} = context;
	const wanted = files.find(({path}) => path === 'compose.yaml')!.text;
	const written = (await host.read(join(directory, 'compose.yaml'))) ?? wanted;
	const changed = consequencesOf(existing.installed, answers, {inUse: existing.inUse});
	return [
		...withLimits(changed, limitsOf(written), limitsOf(wanted)),
		...(observation.passwords.length > 0 ? [newPasswords] : []),
	];
};
