/** Attaching late to a run of ten thousand events, beside attaching to a short one and bare Node. Run: npm run bench:attach */
import {execFileSync, spawnSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {spawn} from '@lydell/node-pty';
import {buildSync} from 'esbuild';

const rounds = 9;
const home = mkdtempSync(join(tmpdir(), 'specify-setup-bench-'));
const journal = (name: string) => join(home, name, '.specify-setup/journals/20260801T100000-abcd.jsonl');
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const {CI: _, ...env} = process.env;

/** Milliseconds until a program has ended. */
const time = (...args: string[]) => {
	const begin = process.hrtime.bigint();
	const {status, stderr} = spawnSync(process.execPath, args, {maxBuffer: 2 ** 28});
	if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
	return Number(process.hrtime.bigint() - begin) / 1e6;
};

/** Milliseconds until the live screen shows how the run ended. */
const timeToEnd = (...args: string[]) =>
	new Promise<number>((resolve, reject) => {
		const begin = process.hrtime.bigint();
		let said = '';
		let shown = false;
		const terminal = spawn(process.execPath, args, {name: 'xterm-256color', cols: 80, rows: 24, env});
		terminal.onData(data => {
			said += data;
			if (shown || !/is installed/.test(said)) return;
			shown = true;
			resolve(Number(process.hrtime.bigint() - begin) / 1e6);
			terminal.kill('SIGKILL');
		});
		terminal.onExit(() => {
			if (!shown) reject(new Error(`node ${args.join(' ')} did not show the end:\n${said}`));
		});
	});

const compare = async (name: string, measure: (directory: string) => number | Promise<number>) => {
	const samples = {bare: [] as number[], short: [] as number[], long: [] as number[]};
	for (let round = 0; round <= rounds; round += 1) {
		const bare = time('-e', '0');
		const short = await measure(join(home, 'short'));
		const long = await measure(join(home, 'long'));
		// The first round warms the disk up.
		if (round === 0) continue;
		samples.bare.push(bare);
		samples.short.push(short);
		samples.long.push(long);
	}
	const [bare, short, long] = [median(samples.bare), median(samples.short), median(samples.long)];
	console.log(
		`${name.padEnd(16)} ${long.toFixed(0).padStart(5)} ms   short run ${short.toFixed(0)} ms, ratio ${(long / short).toFixed(2)}   bare node ${bare.toFixed(0)} ms, ratio ${(long / bare).toFixed(2)}`,
	);
};

try {
	for (const name of ['short', 'long']) mkdirSync(dirname(journal(name)), {recursive: true});
	copyFileSync('test/fixtures/install.jsonl', journal('short'));
	const program = join(home, 'long-run.mjs');
	const require = `import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);`;
	buildSync({
		entryPoints: ['test/_helpers/long-run.ts'],
		outfile: program,
		bundle: true,
		platform: 'node',
		format: 'esm',
		banner: {js: require},
	});
	execFileSync(process.execPath, [program, journal('long')]);
	await compare('attach --plain', directory => time('dist/cli.js', 'attach', '--plain', '--dir', directory));
	await compare('attach --json', directory => time('dist/cli.js', 'attach', '--json', '--dir', directory));
	await compare('attach', directory => timeToEnd('dist/cli.js', 'attach', '--dir', directory));
} finally {
	rmSync(home, {recursive: true, force: true});
}
