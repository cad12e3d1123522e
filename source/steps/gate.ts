import {SetupError} from '../errors.js';
import {addressesOf} from '../model/addresses.js';
import {gateFor} from '../model/gate.js';
import type {Context, Step} from './context.js';
import {observeDatabase} from './database.js';
import {gateOf, reloadProxy, setGate} from './proxy.js';
import {siteOf} from './site.js';

type Given = Pick<Context, 'host' | 'directory' | 'answers' | 'secrets' | 'signal'>;

/** Sets the gate and asks from outside whether it holds. */
export const moveGate = async (context: Given, gate: 'open' | 'closed') => {
	await setGate(context, gate);
	await reloadProxy(context);
	const site = await siteOf(context);
	const {status} = await site.ask(`${addressesOf(context.answers).specify7}/`, {
		headers: {Authorization: 'none'},
		signal: context.signal,
	});
	if ((status === 401) === (gate === 'closed')) return;
	throw new SetupError(`Specify 7 should be ${gate} to visitors, but answers them with ${status}.`, {
		hint: 'A file of your own in Caddyfile.d/ may serve the same name. Correct it, then run this again.',
	});
};

const summaries = {
	open: 'Specify 7 is open to visitors.',
	closed: 'Specify 7 waits behind a password for its first user.',
} as const;

/** Lets visitors in as soon as Specify has a user who can say who may do what; keeps them out before. */
export const gate: Step = async function* (context) {
	const now = await gateOf(context);
	const wanted = gateFor(await observeDatabase(context)) ?? (now === 'missing' ? 'closed' : now);
	if (wanted === now) return {changed: false, summary: summaries[now]};
	await moveGate(context, wanted);
	yield {
		type: 'check',
		name: 'gate',
		ok: true,
		detail:
			wanted === 'open'
				? 'Specify 7 has a user and is open to visitors'
				: 'Specify 7 has no user; visitors need the set-up password',
	};
	return {changed: true, summary: summaries[wanted]};
};
