import {defineConfig} from 'vitest/config';

const results = process.env.TEST_RESULTS;

/** End-to-end tests: the built bundle against the laboratory's real engine, one file after the other. */
export default defineConfig({
	test: {
		include: ['test/e2e/**/*.test.ts'],
		globalSetup: ['test/e2e/laboratory.ts'],
		fileParallelism: false,
		sequence: {concurrent: false},
		bail: 0,
		testTimeout: 300_000,
		hookTimeout: 1_800_000,
		reporters: results ? ['verbose', ['json', {outputFile: `${results}/e2e.json`}]] : ['verbose'],
	},
});
