/**
 * What the idle status screen costs, beside `docker stats` streaming the same containers at the same time: processor time
 * of each process, and what the screen writes to its terminal.
 * Run: npm run bench:status -- DIR   (an installation made before, for example by npm run lab)
 */
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {spawn as spawnInTerminal} from '@lydell/node-pty';
import {projectName} from '../source/files/names.js';

const seconds = 15;
const settleSeconds = 8;
const size = {cols: 80, rows: 24};
const directory = process.argv[2] ?? '/opt/specify';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], {encoding: 'utf8'}));

/** Processor seconds of a process and of its children that have ended. */
const processorSeconds = (pid: number) => {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	const fields = stat
		.slice(stat.lastIndexOf(')') + 2)
		.split(' ')
		.map(Number);
	return (fields[11]! + fields[12]! + fields[13]! + fields[14]!) / ticksPerSecond;
};

const containers = execFileSync(
	'docker',
	['ps', '--quiet', '--filter', `label=com.docker.compose.project=${projectName(directory)}`],
	{encoding: 'utf8'},
)
	.split('\n')
	.filter(Boolean);
if (containers.length === 0) throw new Error(`Nothing of ${directory} runs.`);

const inTerminal = (file: string, args: string[]) => {
	const {CI: _, ...env} = process.env;
	const program = spawnInTerminal(file, args, {...size, name: 'xterm-256color', env});
	const output = {bytes: 0, writes: 0};
	program.onData(data => {
		output.bytes += Buffer.byteLength(data);
		output.writes += 1;
	});
	return {pid: program.pid, output, end: () => program.kill()};
};

const compare = async (name: string, first: ReturnType<typeof inTerminal>, second: ReturnType<typeof inTerminal>) => {
	await sleep(settleSeconds * 1000);
	const before = [first, second].map(({pid, output}) => ({at: processorSeconds(pid), ...output}));
	await sleep(seconds * 1000);
	const after = [first, second].map(({pid, output}) => ({at: processorSeconds(pid), ...output}));
	const [ours, theirs] = after.map((now, index) => ({
		share: ((now.at - before[index]!.at) / seconds) * 100,
		bytes: (now.bytes - before[index]!.bytes) / seconds,
		writes: (now.writes - before[index]!.writes) / seconds,
	}));
	const row = (title: string, {share, bytes, writes}: NonNullable<typeof ours>) =>
		console.log(
			`${title.padEnd(28)} ${share.toFixed(1).padStart(5)}% of a core  ${bytes.toFixed(0).padStart(6)} bytes/s  ${writes.toFixed(1).padStart(5)} writes/s`,
		);
	console.log(`${name}, ${containers.length} containers, ${seconds} s, ${size.cols}×${size.rows}`);
	row('status screen', ours!);
	row('docker stats', theirs!);
	console.log(
		`ratio ${(ours!.share / theirs!.share).toFixed(2)} processor, ${(ours!.bytes / theirs!.bytes).toFixed(2)} bytes`,
	);
};

const screen = inTerminal(process.execPath, ['dist/cli.js', '--dir', directory]);
const stats = inTerminal('docker', ['stats', ...containers]);
try {
	await compare('Idle', screen, stats);
} finally {
	screen.end();
	stats.end();
}
