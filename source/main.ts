import {errorLines, fitting, print} from './commands/output.js';
import {exitCodes, SetupError} from './errors.js';
import {runCommand} from './run/command.js';

type Command = {help: string; run(argv: readonly string[]): Promise<number>};

/** The subcommands; each is loaded when it is asked for. */
const commands: Record<string, () => Promise<Command>> = {
	install: () =>
		import('./commands/install.js').then(({help, install}) => ({help, run: argv => install('install', argv)})),
	reconfigure: () =>
		import('./commands/install.js').then(({help, install}) => ({help, run: argv => install('reconfigure', argv)})),
	attach: () => import('./commands/attach.js').then(({help, attach}) => ({help, run: attach})),
	replay: () => import('./commands/replay.js').then(({help, replay}) => ({help, run: replay})),
	certs: () => import('./commands/certs.js').then(({help, certs}) => ({help, run: certs})),
	status: () => import('./commands/status.js').then(({help, status}) => ({help, run: status})),
	doctor: () => import('./commands/doctor.js').then(({help, doctor}) => ({help, run: doctor})),
	bundle: () => import('./commands/bundle.js').then(({help, bundle}) => ({help, run: bundle})),
	[runCommand]: () => import('./run/process.js').then(({runDetached}) => ({help: '', run: runDetached})),
};

/** Whether `specify-setup` alone still asks or shows with these flags, instead of doing what `install` does. */
const isOpening = (argv: readonly string[]) =>
	argv.every((arg, index) => /^--((dir|set)(=|$)|plain$)/.test(arg) || /^--(dir|set)$/.test(argv[index - 1] ?? ''));

/** Whether `reconfigure` shall ask, and somebody can answer. */
const isAsking = (argv: readonly string[]) =>
	Boolean(process.stdin.isTTY && process.stdout.isTTY) &&
	argv.every((arg, index) => /^--(dir(=|$)|plain$)/.test(arg) || argv[index - 1] === '--dir');

const dispatch = async (argv: readonly string[]): Promise<number> => {
	const named = argv[0] !== undefined && !argv[0].startsWith('-');
	if (!named && isOpening(argv)) {
		const {open} = await import('./commands/open.js');
		return open(argv);
	}
	const name = named ? argv[0]! : 'install';
	if (name === 'reconfigure' && isAsking(argv.slice(1))) {
		const {reconfigure} = await import('./commands/reconfigure.js');
		return reconfigure(argv.slice(1));
	}
	const load = commands[name];
	if (!load)
		throw new SetupError(`There is no command "${name}".`, {
			hint: `Commands: ${Object.keys(commands)
				.filter(known => known !== runCommand)
				.join(', ')}. See "specify-setup --help".`,
			exitCode: exitCodes.usage,
		});
	const command = await load();
	const rest = named ? argv.slice(1) : argv;
	if (rest.includes('--help') || rest.includes('-h')) {
		print(command.help);
		return exitCodes.done;
	}
	return command.run(rest);
};

/** Runs a command line and sets the exit code; everything thrown ends here. */
export const main = async (argv: readonly string[]) => {
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		// Whoever read our output has gone, as `head` does.
		if (error.code === 'EPIPE') process.exit(exitCodes.done);
		throw error;
	});
	try {
		process.exitCode = await dispatch(argv);
	} catch (thrown) {
		// Most of what is refused is told already: only the rest needs to be looked into.
		const error =
			thrown instanceof SetupError ? thrown : await (await import('./commands/failure.js')).failureOf(thrown, argv);
		if (argv.includes('--json'))
			print(
				JSON.stringify({
					type: 'error',
					message: error.message,
					details: error.details,
					hint: error.hint,
					exitCode: error.exitCode,
				}),
			);
		else
			for (const line of fitting(errorLines(error, {verbose: argv.includes('--verbose')}), process.stderr))
				process.stderr.write(`${line}\n`);
		process.exitCode = error.exitCode;
	}
};
