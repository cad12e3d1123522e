/** Start-up beside bare Node, pair by pair, and the size of what npx fetches. Run: npm run bench:startup */
import {execFileSync, spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';

const pairs = 25;

const time = (...args: string[]) => {
	const begin = process.hrtime.bigint();
	const {status, stderr} = spawnSync(process.execPath, args);
	if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
	return Number(process.hrtime.bigint() - begin) / 1e6;
};

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const compare = (name: string, ...args: string[]) => {
	const bare: number[] = [];
	const ours: number[] = [];
	time(...args);
	for (let pair = 0; pair < pairs; pair += 1) {
		bare.push(time('-e', '0'));
		ours.push(time(...args));
	}
	const ratios = ours.map((value, index) => value / bare[index]!);
	console.log(
		`${name.padEnd(24)} ${median(ours).toFixed(0).padStart(5)} ms   bare node ${median(bare).toFixed(0).padStart(4)} ms   ratio ${median(ratios).toFixed(2)}`,
	);
};

compare('--version', 'dist/cli.js', '--version');
compare('--help', 'dist/cli.js', '--help');
compare('install --help', 'dist/cli.js', 'install', '--help');

const [packed] = JSON.parse(
	execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {encoding: 'utf8'}),
) as {size: number; unpackedSize: number}[];
const {dependencies = {}} = JSON.parse(readFileSync('package.json', 'utf8')) as {dependencies?: object};
console.log(
	`tarball ${(packed!.size / 1000).toFixed(0)} kB, unpacked ${(packed!.unpackedSize / 1000).toFixed(0)} kB, ${Object.keys(dependencies).length} run-time dependencies`,
);
