import {mayRestartEngine} from '../faults/faults.js';
import {down} from '../lab/down.js';
import {prepare} from '../lab/prepare.js';

/**
 * Vitest's global set-up: the engine, its registry and the images are there before the first test. An engine that was started
 * for the tests may come up with what an earlier run left when it was cut off; that goes first.
 */
export default async () => {
	await prepare();
	if (!mayRestartEngine) return;
	await down({purge: false});
	await prepare();
};
