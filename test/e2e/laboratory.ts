import {prepare} from '../lab/prepare.js';

/** Vitest's global set-up: the engine, its registry and the images are there before the first test. */
export default async () => {
	await prepare();
};
