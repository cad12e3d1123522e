import {defineConfig} from 'vitest/config';

const results = process.env.TEST_RESULTS;

/**
 * Files beside which nothing else runs: they take images from the engine, restart it, look at all of it or are hard on it;
 * a browser drops its requests when networks come and go.
 */
const alone = [
	...['install', 'dump', 'healing', 'exposure', 'doctor', 'faults', 'trouble', 'combinations'],
	...['browser', 'visitor'],
].map(name => `test/e2e/${name}.test.ts`);

const shared = {
	setupFiles: 'test/_helpers/configuration.ts',
	sequence: {concurrent: false},
	testTimeout: 300_000,
	hookTimeout: 1_800_000,
} as const;

/** End-to-end tests: the built bundle against the laboratory's real engine. They wait more than they work, so two files run at a time. */
export default defineConfig({
	test: {
		globalSetup: ['test/e2e/laboratory.ts'],
		bail: 0,
		reporters: results ? ['verbose', ['json', {outputFile: `${results}/e2e.json`}]] : ['verbose'],
		projects: [
			{
				extends: true,
				test: {
					...shared,
					name: 'together',
					include: ['test/e2e/**/*.test.ts'],
					exclude: alone,
					maxWorkers: 2,
					sequence: {...shared.sequence, groupOrder: 1},
				},
			},
			{
				extends: true,
				test: {
					...shared,
					name: 'alone',
					include: alone,
					fileParallelism: false,
					maxWorkers: 1,
					sequence: {...shared.sequence, groupOrder: 2},
				},
			},
		],
	},
});
