import {EngineUnreachable} from '../engine/api.js';
import {isForbidden, mayNotRead, messageOf, SetupError} from '../errors.js';
import {formatBytes} from '../model/format.js';
import {folderBytes} from '../model/space.js';
import type {Context} from './context.js';

const engineWords =
	/cannot connect to the docker daemon|is the docker daemon running|docker engine at \S+ does not answer|error during connect/i;
const spaceWords = /no space left on device|disk quota exceeded|\b(?:ENOSPC|EDQUOT)\b|(?:errcode|errno): (?:28|122)\b/i;
const readOnlyWords = /read-only file system|\bEROFS\b/i;
const missingVariable = /required variable (\w+) is missing a value/;
const clockWords = /certificate (?:is not yet valid|has expired)|CERT_(?:NOT_YET_VALID|HAS_EXPIRED)/;
/** Node's words for a server of ours, on this machine, that went away. */
const connectionWords = /connect ECONNREFUSED 127\.0\.0\.1|\bECONNRESET\b|socket hang up|no answer in \d+ seconds/;
/** What is asked of the system to see what is there, without changing it. */
const looking = new Set(['lstat', 'readlink', 'scandir', 'stat', 'statfs']);
const diskWords = /input\/output error|\bEIO\b/i;

/** All that an error says: its own words and, of ours, the lines below them. */
const wordsOf = (error: unknown): string => {
	if (!(error instanceof Error)) return String(error);
	const {code} = error as NodeJS.ErrnoException;
	return [error.message, code, ...(error instanceof SetupError ? error.details : [])].filter(Boolean).join('\n');
};

/** Whether an error is about a full disk or a quota that is used up. */
export const isSpaceTrouble = (error: unknown) => spaceWords.test(wordsOf(error));

/** What a step had to say of it, as a detail; nothing where that is but the system's code. */
const saidBy = (error: unknown) => (error instanceof SetupError ? [error.message, ...error.details] : []);

const engineGone = (error: unknown) =>
	new SetupError('The Docker engine stopped answering.', {
		hint: 'See "systemctl status docker", and start it if it does not run ("sudo systemctl start docker"). Then run this again: it continues where it stopped.',
		details: saidBy(error),
		cause: error,
	});

const folderFull = async (host: Context['host'], path: string, error: unknown) => {
	const missing = Math.max(0, folderBytes - (await host.freeBytes(path)));
	const what = missing > 0 ? formatBytes(missing) : 'some space, or files where there are too many ("df -i"),';
	return new SetupError(
		`The disk that holds ${path} is full${missing > 0 ? `: ${formatBytes(missing)} are missing there` : ', or a quota is used up'}.`,
		{
			hint: `Free ${what} ("df -h" shows the disks), then run this again: it continues from here. What was to be replaced is as it was.`,
			details: saidBy(error),
			cause: error,
		},
	);
};

/**
 * Turns the world's troubles, wherever they come up in a step, into errors of ours: an engine that went away, a full or
 * failing disk, a folder that is read-only or belongs to another user, an installation that does not answer any more. What
 * says already what to do about it stays as it is, and so does everything else.
 * @param engineFolder where the engine keeps its data; null when it is not known
 */
export const worldError = async (
	error: unknown,
	{host, directory, engineFolder}: Pick<Context, 'host' | 'directory'> & {engineFolder: string | null},
): Promise<unknown> => {
	const words = wordsOf(error);
	const {path = null, syscall = ''} = (error ?? {}) as NodeJS.ErrnoException;
	const tells = (advice: RegExp) => error instanceof SetupError && advice.test(error.hint);
	if (error instanceof EngineUnreachable || engineWords.test(words)) return engineGone(error);
	if (spaceWords.test(words)) {
		if (tells(/\b(?:free|make room)\b/i)) return error;
		const unnamed = error instanceof SetupError && engineFolder !== null ? engineFolder : directory;
		return folderFull(host, path ?? unnamed, error);
	}
	if (readOnlyWords.test(words))
		return new SetupError(`${path ?? 'A folder that is needed'} is read-only.`, {
			hint: 'Its file system cannot be written to: "dmesg" tells whether a disk failed, "mount -o remount,rw" makes it writable. Then run this again: it continues from here.',
			details: saidBy(error),
			cause: error,
		});
	if (diskWords.test(words))
		return new SetupError(`The disk gave an error${path ? ` at ${path}` : ''}.`, {
			hint: 'It may be failing: look at "dmesg" and save your data first. Then run this again: it continues from here.',
			details: saidBy(error),
			cause: error,
		});
	const [, variable] = missingVariable.exec(words) ?? [];
	if (variable !== undefined)
		return new SetupError(`The file .env of the installation is gone, or lacks ${variable}.`, {
			hint: 'Run this again: it is restored from its copy, and the run continues from here.',
			details: saidBy(error),
			cause: error,
		});
	if (clockWords.test(words))
		return new SetupError(`A certificate is not valid yet, or not any more: ${messageOf(error)}`, {
			hint: 'Is the clock of this machine right ("date")? Set it, for example with "sudo timedatectl set-ntp true", then run this again.',
			details: error instanceof SetupError ? error.details : [],
			cause: error,
		});
	if (!(error instanceof SetupError) && connectionWords.test(words))
		return new SetupError(`Specify stopped answering: ${messageOf(error)}.`, {
			hint: 'Does the Docker engine run ("docker info"), and do the services ("specify-setup status")? When they do, run this again: it continues from here.',
			cause: error,
		});
	if (isForbidden(error) && path !== null) {
		if (looking.has(syscall)) return mayNotRead(path, error);
		return new SetupError(`You may not write to ${path}.`, {
			hint: 'It belongs to another user: run this as the user who made the installation, or with sudo.',
			cause: error,
		});
	}
	return error;
};
