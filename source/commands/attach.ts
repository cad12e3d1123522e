import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {followJournal, journalPath, latestJournal} from '../run/journal.js';
import {holderOf} from '../run/lock.js';
import {folderOf} from './folder.js';
import {show} from './output.js';

export const help = `specify-setup attach [--dir DIR] [--plain | --json]

Shows the run under way from its beginning, or the last one. Leaving it stops nothing.

Example
  specify-setup attach`;

export const attach = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('attach', argv, {
		dir: {type: 'string'},
		plain: {type: 'boolean'},
		json: {type: 'boolean'},
		verbose: {type: 'boolean'},
	});
	const directory = folderOf(values.dir);
	const holder = await holderOf(directory);
	const path = holder ? journalPath(directory, holder.run) : latestJournal(directory);
	if (!path)
		throw new SetupError(`No run is known in ${directory}.`, {
			hint: 'Begin one with "specify-setup", or name the folder with --dir.',
			exitCode: exitCodes.usage,
		});
	const isAlive = () => {
		if (!holder) return false;
		try {
			process.kill(holder.pid, 0);
			return true;
		} catch (error) {
			return (error as NodeJS.ErrnoException).code === 'EPERM';
		}
	};
	return show(followJournal(path, {isAlive}), values.json ? 'json' : 'plain');
};
