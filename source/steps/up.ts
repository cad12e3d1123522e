import type {ServiceName} from '../model/releases.js';
import type {Step} from './context.js';
import {startServices, waitHealthy} from './services.js';

/** What Specify 7 needs before it starts, besides the proxy. */
export const groundServices = ['db', 'redis', 'media', 'report'] as const satisfies ServiceName[];

/** Starts database, Redis, asset server and report runner and waits until each answers. */
export const up: Step = async function* (context) {
	const changed = yield* startServices(context, groundServices);
	yield* waitHealthy(context, groundServices);
	return {changed, summary: `${groundServices.join(', ')} answer.`};
};
