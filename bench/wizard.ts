/**
 * What the live progress screen costs: 30 rows, all of them moving, ten updates a second, in a real pseudo-terminal.
 * Prints the processor's share (user and system of the process) and the bytes written a second. Run: npm run bench:wizard
 */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {spawn} from '@lydell/node-pty';
import type {JournalEntry} from '../source/model/events.js';

const columns = 140;
const rows = 45;
const seconds = 10;
const warmUpMs = 2000;
const updatesPerSecond = 10;
const images = 6;
const layersOfImage = 5;
/** Clock ticks a second of /proc (USER_HZ), the same on every Linux. */
const ticksPerSecond = 100;
const limitPercent = 15;

const titles = [
	'Check this machine',
	'Write the files',
	'Fetch the images',
	'Start the proxy',
	'Start the services',
	'Load the database',
	'Start Specify 7',
	'Check that everything answers',
];
const ids = ['preflight', 'files', 'pull', 'certificates', 'up', 'database', 'specify', 'verify'] as const;

/** A journal in which six images and their layers are fetched, each of them a little further with every update. */
const journal = (): JournalEntry[] => {
	const begin = 1_785_578_400_000;
	const updates = (seconds + 6) * updatesPerSecond;
	const bytes = 60_000_000;
	const entries: JournalEntry[] = [
		{
			at: begin,
			type: 'run.started',
			run: 'bench',
			version: '0',
			command: 'install',
			directory: '/opt/specify',
			pid: 1,
			steps: ids.map((id, index) => ({id, title: titles[index]!, changes: [], done: index < 2})),
		},
		{at: begin, type: 'step.started', step: 'pull'},
	];
	for (let update = 1; update <= updates; update += 1) {
		const at = begin + (update * 1000) / updatesPerSecond;
		const state = 'downloading';
		for (let image = 0; image < images; image += 1) {
			const item = `registry.example/specifyconsortium/image-${image}:v1.2.3`;
			const share = (update / updates) * (0.7 + image / 20);
			const total = bytes * layersOfImage;
			const rate = 1_000_000 * (5 + ((update * 7 + image) % 13));
			entries.push({
				at,
				type: 'progress',
				step: 'pull',
				item,
				current: Math.round(total * share),
				total,
				unit: 'bytes',
				rate,
				secondsLeft: (total * (1 - share)) / rate,
				state,
			});
			for (let layer = 0; layer < layersOfImage; layer += 1)
				entries.push({
					at,
					type: 'progress',
					step: 'pull',
					item: `${image}${layer}`.padEnd(12, 'c'),
					parent: item,
					current: Math.round(bytes * share),
					total: bytes,
					unit: 'bytes',
					state,
				});
		}
	}
	return entries;
};

/** Clock ticks a process has used, in itself and in the system. */
const ticksOf = (pid: number) => {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return Number(fields[11]) + Number(fields[12]);
};

const folder = mkdtempSync(join(tmpdir(), 'specify-setup-bench-'));
const path = join(folder, 'journal.jsonl');
writeFileSync(
	path,
	journal()
		.map(entry => `${JSON.stringify(entry)}\n`)
		.join(''),
);
const {CI: _, ...env} = process.env;
const bundle = process.argv[2] ?? 'dist/cli.js';
const terminal = spawn(process.execPath, [bundle, 'replay', path, '--speed', '1'], {
	name: 'xterm-256color',
	cols: columns,
	rows,
	env,
});
let bytes = 0;
let frames = 0;
let moved = 0;
terminal.onData(data => {
	bytes += Buffer.byteLength(data);
	// Ink wraps each picture in one synchronized update; every bar that is drawn again is a row that moved.
	frames += data.split('\u001b[?2026l').length - 1;
	moved += data.split(/ of [\d.]+ [kMG]?B/).length - 1;
});
try {
	await sleep(warmUpMs);
	const before = {bytes, frames, moved, ticks: ticksOf(terminal.pid), at: performance.now()};
	await sleep(seconds * 1000);
	const ms = performance.now() - before.at;
	const share = ((ticksOf(terminal.pid) - before.ticks) * 100_000) / ticksPerSecond / ms;
	const second = (value: number) => (value * 1000) / ms;
	console.log(
		`progress screen, ${columns}×${rows}: ${share.toFixed(1)} % of a core (aim ≤ ${limitPercent} %), ${(second(bytes - before.bytes) / 1000).toFixed(1)} kB/s, ${second(frames - before.frames).toFixed(1)} pictures/s, ${((moved - before.moved) / Math.max(1, frames - before.frames)).toFixed(0)} rows with bars moving in each`,
	);
	if (share > limitPercent) process.exitCode = 1;
} finally {
	terminal.kill('SIGTERM');
	rmSync(folder, {recursive: true, force: true});
}
