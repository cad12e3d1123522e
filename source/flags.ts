import {type ParseArgsConfig, parseArgs} from 'node:util';
import {exitCodes, messageOf, SetupError} from './errors.js';

export type Options = NonNullable<ParseArgsConfig['options']>;

/** Reads a command's flags. @throws SetupError (exit code 2) for unknown flags, missing values and surplus arguments */
export const readFlags = <const T extends Options>(
	command: string,
	argv: readonly string[],
	options: T,
	{positionals = 0}: {positionals?: number} = {},
) => {
	try {
		const result = parseArgs({args: [...argv], options, allowPositionals: true, strict: true});
		if (result.positionals.length > positionals)
			throw new Error(`Unexpected argument '${result.positionals[positionals]}'`);
		return result;
	} catch (error) {
		throw new SetupError(messageOf(error).replace(/\. To specify a positional.*$/s, ''), {
			hint: `See "specify-setup ${command} --help".`,
			exitCode: exitCodes.usage,
		});
	}
};
