/** Start-up beside bare Node, pair by pair, and the size of what npx fetches. Run: npm run bench:startup */
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawn} from '@lydell/node-pty';

const pairs = 25;

const time = (...args: string[]) => {
	const begin = process.hrtime.bigint();
	const {status, stderr} = spawnSync(process.execPath, args);
	if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
	return Number(process.hrtime.bigint() - begin) / 1e6;
};

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const home = mkdtempSync(join(tmpdir(), 'specify-setup-bench-'));
const {CI: _, ...environment} = process.env;

/** Until the first picture is drawn: Ink ends each with the end of a synchronized update. */
const timeToPicture = (...args: string[]) =>
	new Promise<number>((resolve, reject) => {
		const begin = process.hrtime.bigint();
		let said = '';
		let drawn = false;
		const env = {...environment, HOME: home, XDG_CONFIG_HOME: home};
		const terminal = spawn(process.execPath, args, {name: 'xterm-256color', cols: 80, rows: 24, env});
		terminal.onData(data => {
			said += data;
			if (drawn || !said.includes('\u001b[?2026l')) return;
			drawn = true;
			resolve(Number(process.hrtime.bigint() - begin) / 1e6);
			terminal.kill('SIGKILL');
		});
		terminal.onExit(() => {
			if (!drawn) reject(new Error(`node ${args.join(' ')} drew nothing:\n${said}`));
		});
	});

const compare = async (
	name: string,
	args: string[],
	measure: (...args: string[]) => number | Promise<number> = time,
) => {
	const bare: number[] = [];
	const ours: number[] = [];
	await measure(...args);
	for (let pair = 0; pair < pairs; pair += 1) {
		bare.push(time('-e', '0'));
		ours.push(await measure(...args));
	}
	const ratios = ours.map((value, index) => value / bare[index]!);
	console.log(
		`${name.padEnd(24)} ${median(ours).toFixed(0).padStart(5)} ms   bare node ${median(bare).toFixed(0).padStart(4)} ms   ratio ${median(ratios).toFixed(2)}`,
	);
};

try {
	await compare('--version', ['dist/cli.js', '--version']);
	await compare('--help', ['dist/cli.js', '--help']);
	await compare('install --help', ['dist/cli.js', 'install', '--help']);
	await compare('replay, first frame', ['dist/cli.js', 'replay', 'test/fixtures/install.jsonl'], timeToPicture);
	await compare('wizard, first frame', ['dist/cli.js', '--dir', join(home, 'museum')], timeToPicture);
} finally {
	rmSync(home, {recursive: true, force: true});
}

const [packed] = JSON.parse(
	execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {encoding: 'utf8'}),
) as {size: number; unpackedSize: number}[];
const {dependencies = {}} = JSON.parse(readFileSync('package.json', 'utf8')) as {dependencies?: object};
console.log(
	`tarball ${(packed!.size / 1000).toFixed(0)} kB, unpacked ${(packed!.unpackedSize / 1000).toFixed(0)} kB, ${Object.keys(dependencies).length} run-time dependencies`,
);
