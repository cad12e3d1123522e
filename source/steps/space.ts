import {exec} from '../engine/compose.js';
import {SetupError} from '../errors.js';
import {formatBytes} from '../model/format.js';
import type {ServiceName} from '../model/releases.js';
import type {Context} from './context.js';

type Lack = {
	/** What there is too little room for: "the images". */
	what: string;
	/** The folder or volume that is full. */
	where: string;
	/** What it still needs, and what is free there, null where that cannot be asked; bytes. */
	needBytes: number;
	freeBytes: number | null;
	/** What should be left besides; bytes. */
	spareBytes: number;
	/** What holds, as the end of the hint. */
	kept: string;
	cause?: unknown;
};

/** That there is too little room for something, with how much is missing. */
export const spaceError = ({what, where, needBytes, spareBytes, freeBytes: known, kept, cause}: Lack) => {
	const wanted = needBytes + spareBytes;
	const freeBytes = known ?? 0;
	const free = known === null ? `${where} is full` : `${formatBytes(freeBytes)} are free at ${where}`;
	const details = cause instanceof SetupError ? [cause.message, ...cause.details] : [];
	const look = '"df -h" shows the disks, "docker system df" what Docker keeps';
	if (needBytes > 0 && wanted > freeBytes)
		return new SetupError(
			`There is not enough space for ${what}: ${free},${spareBytes > 0 ? ' with a little room' : ''} ${formatBytes(wanted)} are needed: ${formatBytes(wanted - freeBytes)} are missing.`,
			{hint: `Free ${formatBytes(wanted - freeBytes)} there (${look}), then run this again: ${kept}`, details, cause},
		);
	return new SetupError(`There is no space left for ${what}, though ${free}.`, {
		hint: `Perhaps there are too many files, or a quota ("df -i", "quota"). Make room, then run this again: ${kept}`,
		details,
		cause,
	});
};

/** @throws SetupError where something that is about to be done does not fit; nothing has been changed by it then */
export const requireSpace = (lack: Omit<Lack, 'kept' | 'cause'>) => {
	if (lack.freeBytes !== null && lack.freeBytes < lack.needBytes)
		throw spaceError({...lack, kept: 'nothing has been changed by this step, and it continues from here.'});
};

/** Bytes free where a running service keeps its data, whatever kind of volume that is; null when it cannot be asked. */
export const freeIn = async (
	{host, directory, signal}: Pick<Context, 'host' | 'directory' | 'signal'>,
	service: ServiceName,
	path: string,
): Promise<number | null> => {
	const {exitCode, stdout} = await host.run(exec(directory, service, 'df', '-Pk', path), {signal, timeoutMs: 20_000});
	const available = stdout.trim().split('\n').pop()?.split(/\s+/)[3];
	return exitCode === 0 && /^\d+$/.test(available ?? '') ? Number(available) * 1024 : null;
};
