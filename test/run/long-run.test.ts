import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {journalPath, readJournal} from '../../source/run/journal.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {openTerminal} from '../_helpers/terminal.js';

const {fresh} = temporaryFolder();
const limitKiB = 150 * 1024;
const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const program = fileURLToPath(new URL('../_helpers/long-run.ts', import.meta.url));

/** Has a node process write down the most memory it had, KiB. */
const noted = (file: string) => {
	const tell = `import {writeFileSync} from 'node:fs'; process.on('exit', () => writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS)))`;
	return ['--import', `data:text/javascript,${encodeURIComponent(tell)}`];
};
const memoryOf = (...args: string[]) => {
	const file = join(fresh('memory'), 'kib');
	mkdirSync(dirname(file), {recursive: true});
	execFileSync(process.execPath, [...noted(file), ...args], {maxBuffer: 2 ** 28});
	return Number(readFileSync(file, 'utf8'));
};

describe('a run of ten thousand events', {timeout: 120_000}, async () => {
	const directory = fresh('specify');
	const path = journalPath(directory, '20260801T100000-abcd');

	it('needs less than 150 MB', async () => {
		const outfile = join(fresh('program'), 'long-run.mjs');
		await build({
			entryPoints: [program],
			outfile,
			bundle: true,
			platform: 'node',
			format: 'esm',
			banner: {js: `import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);`},
		});
		const memory = memoryOf(outfile, path);
		const entries = await readJournal(path);
		expect(entries.length).toBeGreaterThan(10_000);
		expect(entries.at(-1)).toMatchObject({type: 'run.finished', outcome: 'done'});
		expect(memory).toBeGreaterThan(10_000);
		expect(memory).toBeLessThan(limitKiB);
	});

	it.each(['--plain', '--json'])('is watched with %s in less than 150 MB', how => {
		const memory = memoryOf(bundle, 'attach', '--dir', directory, how);
		expect(memory).toBeGreaterThan(10_000);
		expect(memory).toBeLessThan(limitKiB);
	});

	it('is drawn in less than 150 MB', async () => {
		const file = join(fresh('memory'), 'kib');
		mkdirSync(dirname(file), {recursive: true});
		const terminal = openTerminal({
			command: process.execPath,
			args: [...noted(file), bundle, 'attach', '--dir', directory],
			cols: 80,
			rows: 24,
		});
		await terminal.waitFor('Specify is installed', {timeoutMs: 60_000});
		await terminal.type('q');
		await terminal.restored();
		await terminal.close();
		const memory = Number(readFileSync(file, 'utf8'));
		expect(memory).toBeGreaterThan(10_000);
		expect(memory).toBeLessThan(limitKiB);
	});
});
