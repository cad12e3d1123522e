import {join} from 'node:path';
import {type Consequence, consequencesOf, newLimits, newPasswords} from '../model/consequences.js';
import type {Existing} from '../model/wizard.js';
import type {Context} from '../steps/context.js';

/** Memory limits that a composition sets, in all; bytes. */
const limitOf = (compose: string) =>
	[...compose.matchAll(/^\s*mem_limit: (\d+)$/gm)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);

/** Limits that follow the memory of the machine, which has become another. */
const memoryChange = async ({host, directory, files}: Context): Promise<Consequence[]> => {
	const wanted = files.find(({path}) => path === 'compose.yaml')!.text;
	const written = (await host.read(join(directory, 'compose.yaml'))) ?? wanted;
	const [before, after] = [limitOf(written), limitOf(wanted)];
	return before === after ? [] : [newLimits(before, after)];
};

/** What follows from what is wanted of an installation; nothing where there is none yet. */
export const whatFollows = async (context: Context, existing: Existing | undefined): Promise<Consequence[]> => {
	if (!existing) return [];
	const {answers, observation} = context;
	return [
		...consequencesOf(existing.installed, answers, {inUse: existing.inUse}),
		...(observation.passwords.length > 0 ? [newPasswords] : []),
		...(await memoryChange(context)),
	];
};
