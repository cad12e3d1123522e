import {mkdirSync} from 'node:fs';
import {provideEngine} from './engine.js';
import {type Lab, labHome, withLock} from './home.js';
import {provideImages} from './images.js';
import {provideRegistry, registryName} from './registry.js';

/**
 * Makes sure that an engine, Compose, the registry and the product's images are there. What is there already is kept, so
 * that a second call takes seconds; two callers wait for each other. Throws a LabError with what a person can do.
 */
export const prepare = async (): Promise<Lab> => {
	const home = labHome();
	mkdirSync(home, {recursive: true, mode: 0o700});
	await withLock(home, async () => {
		await provideEngine(home);
		await provideRegistry(home);
		await provideImages(home);
	});
	return {registry: registryName, home};
};
