/**
 * The time a second, unchanging run takes on an installation that is up, beside `docker compose ps` and bare Node.
 * Run: npm run bench:again -- DIR   (an installation made before, for example by npm run lab)
 */
import {spawnSync} from 'node:child_process';

const runs = 7;
const directory = process.argv[2] ?? '/opt/specify';

const time = (file: string, args: string[]) => {
	const begin = process.hrtime.bigint();
	const {status, stdout, stderr} = spawnSync(file, args, {cwd: directory, encoding: 'utf8'});
	if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}${stdout}`);
	return {ms: Number(process.hrtime.bigint() - begin) / 1e6, stdout};
};

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const bundle = `${process.cwd()}/dist/cli.js`;
const again: number[] = [];
const compose: number[] = [];
for (let run = 0; run < runs; run += 1) {
	const {ms, stdout} = time(process.execPath, [bundle, 'install', '--yes', '--dir', directory]);
	if (!stdout.includes('Nothing was changed'))
		throw new Error(`The installation in ${directory} was not unchanged:\n${stdout}`);
	again.push(ms);
	compose.push(time('docker', ['compose', 'ps', '--all']).ms);
}
console.log(
	`install, nothing to do   ${median(again).toFixed(0)} ms (${Math.min(...again).toFixed(0)} to ${Math.max(...again).toFixed(0)})`,
);
console.log(
	`docker compose ps        ${median(compose).toFixed(0)} ms, ratio ${(median(again) / median(compose)).toFixed(1)}`,
);
