import {basename, join} from 'node:path';
import {exec} from '../engine/compose.js';
import {SetupError} from '../errors.js';
import {stateFolder, volumesOf} from '../files/names.js';
import {packFiles} from '../host/archive.js';
import type {Host} from '../host/host.js';
import {readRecord} from '../host/record.js';
import type {StepEvent} from '../model/events.js';
import {formatBytes, formatCount} from '../model/format.js';
import {pace, RateMeter} from '../model/rate.js';
import type {Context, Step} from './context.js';
import {lackIn} from './disks.js';
import {requireSpace, spaceError} from './space.js';
import {isSpaceTrouble} from './trouble.js';
import {ticksDuring} from './wait.js';

/** Where the asset server keeps what was uploaded; it makes thumbnails again by itself. */
const originals = '/home/specify/attachments/originals';
const progressIntervalMs = 300;
const shownFiles = 5;

/** Files by their path below a folder, with sizes in bytes. */
type Files = Map<string, number>;

const recordPath = (directory: string) => join(directory, stateFolder, 'attachments.json');

/** The folder whose attachments have been copied, or null. */
export const copiedAttachments = async (host: Host, directory: string): Promise<string | null> =>
	(await readRecord(host, recordPath(directory))).source ?? null;

/** Size and path of every file below a folder, a line each. */
const findArguments = (folder: string) => [folder, '-type', 'f', '-printf', '%s\t%P\n'];

const filesOf = (rows: readonly string[]): Files =>
	new Map(
		rows.flatMap(row => {
			const tab = row.indexOf('\t');
			return tab > 0 ? [[row.slice(tab + 1), Number(row.slice(0, tab))] as const] : [];
		}),
	);

/** The folder that holds the files themselves: an asset server's has them in `originals`. */
const rootOf = async (host: Host, source: string) => {
	const inner = join(source, 'originals');
	return (await host.stat(inner))?.isFolder ? inner : source;
};

/**
 * The attachments in a folder.
 * @throws SetupError (exit code 3) when there is no such folder, it cannot be read, or holds no file
 */
export const readAttachments = async (
	{host, signal}: Pick<Context, 'host' | 'signal'>,
	source: string,
): Promise<{root: string; files: Files; bytes: number}> => {
	const refuse = (message: string, hint: string) => new SetupError(message, {hint, exitCode: 3});
	if (!(await host.stat(source))?.isFolder)
		throw refuse(
			`There is no folder ${source}.`,
			'Name the folder of the attachments: the one that holds "originals", or "originals" itself.',
		);
	const root = await rootOf(host, source);
	const rows: string[] = [];
	const problems: string[] = [];
	for await (const {source: from, line} of host.lines({file: 'find', args: findArguments(root)}, {signal}))
		(from === 'stdout' ? rows : problems).push(line);
	if (problems.length > 0)
		throw refuse(
			`Some attachments cannot be read: ${problems[0]}`,
			'Run this as a user who may read every file, for example with sudo.',
		);
	const files = filesOf(rows);
	if (files.size === 0)
		throw refuse(`There is no file in ${root}.`, 'Name the folder of the attachments, or leave it out.');
	return {root, files, bytes: sizeOf(files)};
};

const filesInVolume = async ({
	host,
	directory,
	signal,
}: Pick<Context, 'host' | 'directory' | 'signal'>): Promise<Files> => {
	const {exitCode, stdout, stderr} = await host.run(
		exec(directory, 'media', 'sh', '-c', 'mkdir -p "$1" && exec find "$@"', 'find', ...findArguments(originals)),
		{signal},
	);
	if (exitCode !== 0)
		throw new SetupError(`The asset server's files cannot be listed: ${stderr.trim().split('\n').pop()}`, {
			hint: 'See "docker compose logs media", then run this again.',
		});
	return filesOf(stdout.split('\n'));
};

/** What the attachments need, and what is free where they go. */
const attachmentLack = (context: Context, needBytes: number) =>
	lackIn(context, {
		what: 'the attachments',
		service: 'media',
		path: originals,
		volume: volumesOf(context.project).attachments,
		needBytes,
	});

/** Those that have not arrived, or not whole. */
const missingOf = (files: Files, there: Files): Files =>
	new Map([...files].filter(([name, size]) => (there.get(name) ?? -1) < size));

const sizeOf = (files: Files) => {
	let bytes = 0;
	for (const size of files.values()) bytes += size;
	return bytes;
};

/**
 * Bytes of attachments that are still to be copied. While the asset server does not run but was there, nobody knows: what
 * is missing then is seen right before it is copied.
 */
export const bytesToCopy = async (
	context: Pick<Context, 'host' | 'directory' | 'signal' | 'observation'>,
	files: Files,
): Promise<number> => {
	const {media} = context.observation.services;
	if (!media) return sizeOf(files);
	return media.state === 'healthy' ? sizeOf(missingOf(files, await filesInVolume(context))) : 0;
};

/** Sends files as one tar into the asset server's volume. */
async function* send(context: Context, root: string, files: Files): AsyncGenerator<StepEvent> {
	const {host, directory, signal} = context;
	const total = sizeOf(files);
	const archive = packFiles(root, files, signal);
	const command = exec(
		directory,
		'media',
		'tar',
		'--extract',
		'--file=-',
		'--no-same-owner',
		`--directory=${originals}`,
	);
	const meter = new RateMeter();
	const progress = (state: string): StepEvent => ({
		type: 'progress',
		item: 'attachments',
		current: archive.sent(),
		total,
		unit: 'bytes',
		state,
		...pace(meter, archive.sent(), total),
	});
	yield progress('copying');
	const ticks = ticksDuring(
		Promise.allSettled([host.feed(command, archive.stream, {signal}), archive.packed]),
		progressIntervalMs,
	);
	let tick = await ticks.next();
	while (!tick.done) {
		yield progress(basename(archive.current()));
		tick = await ticks.next();
	}
	const [fed, packed] = tick.value;
	if (fed.status === 'rejected') throw fed.reason;
	const {exitCode, stderr} = fed.value;
	// Of a program that failed the archive only knows that it was not taken.
	if (packed.status === 'rejected' && exitCode === 0) throw packed.reason;
	const failure = new SetupError(`The attachments could not be copied: ${stderr.trim().split('\n').pop()}`, {
		hint: 'See "docker compose logs media", then run this again: it goes on with what is missing.',
	});
	if (exitCode !== 0 && isSpaceTrouble(stderr))
		throw spaceError({
			...(await attachmentLack(context, Math.max(0, total - archive.sent()))),
			kept: 'what has arrived is kept, and it goes on with what is missing.',
			cause: failure,
		});
	if (exitCode !== 0) throw failure;
	yield progress('done');
}

/**
 * Copies attachments into the asset server. Files that are there with the same size are left alone, shorter ones were
 * cut by an interruption and are sent again; nothing that is longer is ever overwritten.
 */
export const attachments: Step = async function* (context) {
	const {host, directory, answers} = context;
	const source = answers.database.attachments!;
	const {root, files, bytes} = await readAttachments(context, source);
	const there = await filesInVolume(context);
	const missing = missingOf(files, there);
	requireSpace(await attachmentLack(context, sizeOf(missing)));
	if (missing.size > 0) yield* send(context, root, missing);
	const after = missing.size > 0 ? await filesInVolume(context) : there;
	const wrong = [...missingOf(files, after).keys()];
	if (wrong.length > 0)
		throw new SetupError(`${wrong.length} attachments did not arrive: ${wrong.slice(0, shownFiles).join(', ')}.`, {
			hint: 'Run this again: it goes on with what is missing.',
		});
	const other = [...files].filter(([name, size]) => (after.get(name) ?? 0) > size).map(([name]) => name);
	if (other.length > 0)
		yield {
			type: 'note',
			level: 'warning',
			message: `${other.length} attachments were there already with more content and are kept: ${other.slice(0, shownFiles).join(', ')}.`,
		};
	yield {
		type: 'check',
		name: 'attachments',
		ok: true,
		detail: `${formatCount(files.size)} files, ${formatBytes(bytes)}, each with its full size`,
	};
	await host.write(recordPath(directory), JSON.stringify({source, files: files.size, bytes}), 0o600);
	return {changed: missing.size > 0, summary: `${formatCount(missing.size)} attachments copied from ${source}.`};
};
