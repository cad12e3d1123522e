import {spawn} from 'node:child_process';
import {existsSync, readdirSync, statSync} from 'node:fs';
import {constants} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {down, rememberInstallations} from './down.js';
import {LabError, logFile, runLogged, say, timed} from './home.js';
import {prepare} from './prepare.js';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const bundle = join(checkout, 'dist', 'cli.js');

/** The subcommands that take answers, hence `--set`; so do no subcommand at all and bare options. */
const takesAnswers = ['install', 'reconfigure'];

/** The arguments the product gets: those of the caller, with the laboratory's registry where answers are taken. */
const productArguments = (args: readonly string[], registry: string): string[] => {
	const first = args[0] ?? '';
	const applies = first === '' || first.startsWith('-') || takesAnswers.includes(first);
	const chosen = args.some(arg => arg.includes('images.registry='));
	return applies && !chosen ? [...args, '--set', `images.registry=${registry}`] : [...args];
};

const newestChange = (folder: string): number =>
	Math.max(
		...readdirSync(folder, {withFileTypes: true}).map(entry => {
			const path = join(folder, entry.name);
			return entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs;
		}),
		0,
	);

const buildProduct = async (home: string): Promise<void> => {
	const changed = Math.max(newestChange(join(checkout, 'source')), statSync(join(checkout, 'package.json')).mtimeMs);
	if (existsSync(bundle) && statSync(bundle).mtimeMs >= changed) return;
	const {took} = await timed(() =>
		runLogged(['npm', 'run', 'build'], {log: logFile(home, 'build-product'), cwd: checkout}),
	);
	say(`built the product in ${took}`);
};

/**
 * Runs the product with this terminal and gives its exit code (128 + n after signal n).
 * A terminal's Ctrl-C reaches the child by itself; signals sent to this process alone are handed on.
 */
const runProduct = (args: readonly string[]): Promise<number> =>
	new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [bundle, ...args], {stdio: 'inherit'});
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
			process.on(signal, () => {
				if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
			});
		}
		child.on('error', reject);
		child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
	});

const main = async (args: readonly string[]): Promise<number> => {
	if (args.includes('--down')) {
		await down({purge: args.includes('--purge')});
		return 0;
	}
	const {result: lab, took} = await timed(prepare);
	say(`ready in ${took}: registry ${lab.registry}, files in ${lab.home}`);
	if (args.includes('--prepare')) return 0;
	await buildProduct(lab.home);
	const code = await runProduct(productArguments(args, lab.registry));
	await rememberInstallations();
	return code;
};

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof LabError)) throw error;
	process.stderr.write(`lab: ${error.message}\n`);
	process.exitCode = 1;
}
