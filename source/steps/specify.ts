import {join} from 'node:path';
import {runOnce, stop} from '../engine/compose.js';
import {followLog} from '../engine/docker.js';
import {SetupError} from '../errors.js';
import {stateFolder, volumesOf} from '../files/names.js';
import type {StepEvent} from '../model/events.js';
import {gateFor} from '../model/gate.js';
import {imageOf} from '../model/images.js';
import {serverBytes} from '../model/space.js';
import {causeOfFailure, isFullDisk, migrationsOfEmptyStart, readStartLine} from '../model/specify-log.js';
import type {Context, Step} from './context.js';
import {dropUnused, observeDatabase, recordStarted} from './database.js';
import {lackIn} from './disks.js';
import {moveGate} from './gate.js';
import {gateOf} from './proxy.js';
import {readDigests} from './pull.js';
import {answers, containerOf, lastLines, startServices, waitHealthy} from './services.js';
import {spaceError} from './space.js';
import {pause} from './wait.js';

const keptLines = 400;
const askIntervalMs = 1000;
/** Migrations of a large collection take hours; a start that says nothing for this long is stuck. */
const silenceTimeoutMs = 60 * 60_000;

/** That the database had no room for what Specify does at its start, with how much is missing. */
const databaseFull = async (context: Context, lines: readonly string[]) => {
	const lack = await lackIn(context, {
		what: 'the tables that Specify 7 makes and changes at its start',
		service: 'db',
		path: '/var/lib/mysql',
		volume: volumesOf(context.project).database,
		needBytes: serverBytes,
	});
	const kept = 'it continues with the change at which it stopped.';
	return spaceError({
		...lack,
		kept,
		cause: new SetupError('Specify 7 could not start.', {
			hint: 'Read "docker compose logs specify7".',
			details: lines.slice(-6),
		}),
	});
};

/** Follows Specify 7's own start, until it answers or its container ends. */
async function* follow(context: Context): AsyncGenerator<StepEvent> {
	const {host, engine, directory, signal} = context;
	const find = async () => {
		const container = await containerOf(context, 'specify7');
		const details = container && (await engine.container(container.id));
		if (!container || !details)
			throw new SetupError('The container of Specify 7 is gone.', {hint: 'Run this again to start it.'});
		return {...details, id: container.id};
	};
	const first = await find();
	const following = new AbortController();
	const stopFollowing = () => following.abort();
	signal.addEventListener('abort', stopFollowing, {once: true});
	const lines: string[] = [];
	const events: StepEvent[] = [];
	let migrations = 0;
	let heardAt = Date.now();
	const tell = (state: string, total: number | null) =>
		events.push({type: 'progress', item: 'specify7', current: migrations, total, unit: 'migrations', state});
	const reading = (async () => {
		for await (const {line} of host.lines(followLog(first.id, first.startedAt), {signal: following.signal})) {
			heardAt = Date.now();
			lines.push(line);
			if (lines.length > keptLines) lines.splice(1, 1);
			events.push({type: 'log', source: 'specify7', line});
			const read = readStartLine(line);
			if (read.kind === 'phase') tell(read.phase, null);
			else if (read.kind === 'migration') {
				migrations += 1;
				tell(read.name, Math.max(migrations, migrationsOfEmptyStart));
			} else if (read.kind === 'function' && !read.finished) tell(read.name, null);
		}
	})().catch(() => {});
	try {
		for (;;) {
			yield* events.splice(0);
			const details = await find();
			if (details.restarts > first.restarts || details.state === 'exited' || details.state === 'restarting') {
				await pause(500, signal);
				yield* events.splice(0);
				await host.run(stop(directory, ['specify7']), {signal});
				if (isFullDisk(lines.join('\n'))) throw await databaseFull(context, lines);
				const cause = causeOfFailure(lines);
				throw new SetupError(`Specify 7 could not start: ${cause.message}`, {
					hint: cause.hint,
					details: lines.length > 0 ? lines.slice(-12) : await lastLines(context, 'specify7'),
				});
			}
			if (await answers(context, 'specify7')) break;
			if (Date.now() - heardAt > silenceTimeoutMs)
				throw new SetupError('Specify 7 has said nothing for an hour and does not answer.', {
					hint: 'Read "docker compose logs specify7". Running this again waits on.',
					details: lines.slice(-12),
				});
			await pause(askIntervalMs, signal);
		}
		yield* events.splice(0);
	} finally {
		signal.removeEventListener('abort', stopFollowing);
		following.abort();
		await reading;
	}
}

/** Whether an earlier run's empty start stopped half way and nobody can have entered anything. */
const canBeginAgain = async (context: Context) => {
	if (context.signal.aborted || !context.observation.database?.start) return false;
	const {start, users} = await observeDatabase(context);
	return start?.kind === 'empty' && !start.finished && users === 0;
};

/** Which image's configuration files the shared volume holds. */
const configurationPath = (directory: string) => join(directory, stateFolder, 'specify-config');

/** Specify fills the shared folder of its configuration files only where it is empty; those of another version are removed first. */
const refreshConfiguration = async (context: Context) => {
	const {host, directory, answers, hurry} = context;
	const image = imageOf(answers, 'specify7');
	const now = `${image} ${(await readDigests(host, directory))[image] ?? ''}\n`;
	const held = await host.read(configurationPath(directory));
	if (held === now) return;
	const container = await containerOf(context, 'specify7');
	const isOther = held === null ? container !== null && container.image !== image : true;
	if (isOther) {
		const folder = '/volumes/static-files';
		const remove = ['-mindepth', '2', '-path', `${folder}/specify-config/*`, '-delete'];
		// A stop waits for it: it takes a moment, and cut off its container would stay.
		const command = runOnce(directory, 'specify7', 'find', folder, ...remove);
		const {exitCode, stderr} = await host.run(command, {signal: hurry});
		if (exitCode !== 0)
			throw new SetupError(`The configuration files of the earlier Specify could not be removed: ${stderr.trim()}`, {
				hint: 'Read the reason above; after mending it run this again.',
			});
	}
	await host.write(configurationPath(directory), now, 0o600);
};

/** Starts Specify 7, tells what it says until it answers, then starts its worker. */
export const specify: Step = async function* (context) {
	// A database that was replaced meanwhile has no user, whatever the earlier one had.
	if ((await gateOf(context)) === 'open' && gateFor(await observeDatabase(context)) === 'closed')
		await moveGate(context, 'closed');
	await refreshConfiguration(context);
	const web = yield* startServices(context, ['specify7']);
	yield {type: 'service', service: 'specify7', state: 'starting'};
	try {
		yield* follow(context);
	} catch (error) {
		if (!(await canBeginAgain(context))) throw error;
		yield {
			type: 'note',
			level: 'warning',
			message:
				'An earlier first start of Specify was interrupted and its database is half made. It holds nothing yet; it is removed and the start begins again.',
		};
		await dropUnused(context);
		yield* startServices(context, ['specify7']);
		yield* follow(context);
	}
	yield {type: 'service', service: 'specify7', state: 'healthy'};
	await recordStarted(context);
	const worker = yield* startServices(context, ['worker']);
	yield* waitHealthy(context, ['worker']);
	return {changed: web || worker, summary: 'Specify 7 and its worker answer.'};
};
