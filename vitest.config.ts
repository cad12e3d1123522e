import {defineConfig} from 'vitest/config';

const results = process.env.TEST_RESULTS;

/** Unit tests: no engine, no network beyond this machine. What needs the laboratory is in test/e2e. */
export default defineConfig({
	test: {
		include: ['test/**/*.test.{ts,tsx}'],
		exclude: ['test/e2e/**', 'node_modules/**'],
		setupFiles: 'test/_helpers/configuration.ts',
		testTimeout: 15_000,
		expect: {poll: {timeout: 5000}},
		// Many tests wait rather than compute.
		maxWorkers: 3,
		reporters: results ? ['default', ['json', {outputFile: `${results}/unit.json`}]] : ['default'],
	},
});
