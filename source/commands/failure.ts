import {messageOf, SetupError} from '../errors.js';
import {localHost} from '../host/local.js';
import {worldError} from '../steps/trouble.js';
import {folderOf} from './folder.js';

/** The folder a command was about, as far as that can be told. */
const folderMeant = (argv: readonly string[]) => {
	const flag = argv.findIndex(arg => /^--dir(=|$)/.test(arg));
	const named = argv[flag]?.slice('--dir='.length) || argv[flag + 1];
	try {
		return folderOf(flag < 0 ? undefined : named);
	} catch {
		return process.cwd();
	}
};

/** What is told of something thrown that is no error of ours: the world's trouble in our words, or that it is a defect. */
export const failureOf = async (thrown: unknown, argv: readonly string[]): Promise<SetupError> => {
	const error = await worldError(thrown, {host: localHost, directory: folderMeant(argv), engineFolder: null});
	return error instanceof SetupError
		? error
		: new SetupError(`Something unexpected happened: ${messageOf(error)}`, {
				hint: 'Run this again with --verbose and report what it says.',
				cause: error,
			});
};
