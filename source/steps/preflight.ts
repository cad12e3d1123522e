import {basename} from 'node:path';
import {type DumpFacts, inspectDump, refusal} from '../database/inspect.js';
import {exitCodes, SetupError} from '../errors.js';
import {clockOffset} from '../host/clock.js';
import type {FixedCheck} from '../model/consequences.js';
import type {StepEvent} from '../model/events.js';
import {formatBytes, formatCount} from '../model/format.js';
import {type Needs, type PreflightCheck, preflightChecks} from '../model/preflight.js';
import {pace, RateMeter} from '../model/rate.js';
import {bytesToCopy, readAttachments} from './attachments.js';
import type {Context, Step} from './context.js';
import {placeNeeds} from './disks.js';
import {ownCertificateChecks} from './own-certificate.js';
import {distinctBytes, missingLayers} from './pull.js';
import {ticksDuring} from './wait.js';

const progressIntervalMs = 300;
/** Somebody waits for an answer, and nothing has begun yet. */
const registryAttempts = 3;

/** Whether the dump must be read: it is to be loaded and has not been. */
const needsDump = ({answers, observation}: Pick<Context, 'answers' | 'observation'>) =>
	answers.database.start === 'dump' && !observation.database?.start?.finished;

/**
 * Whether a dump was being loaded before, or may have been: what is there of it is removed first, and whether the whole then
 * fits is seen right before it is loaded again.
 */
const isLoading = ({database, services}: Context['observation']) =>
	database ? database.start?.kind === 'dump' && !database.start.finished : services.db !== undefined;

/** What a look at this machine found. `dump` is set when there is one to load. */
export type Examination = {checks: PreflightCheck[]; dump: DumpFacts | null};

async function* readDump(path: string, signal: AbortSignal): AsyncGenerator<StepEvent, DumpFacts> {
	const meter = new RateMeter();
	let seen = {readBytes: 0, totalBytes: 0};
	const ticks = ticksDuring(inspectDump(path, {signal, onProgress: progress => (seen = progress)}), progressIntervalMs);
	for (;;) {
		const tick = await ticks.next();
		if (tick.done) return tick.value;
		const {readBytes: current, totalBytes: total} = seen;
		yield {
			type: 'progress',
			item: basename(path),
			current,
			total,
			unit: 'bytes',
			state: 'reading',
			...pace(meter, current, total),
		};
	}
}

/**
 * Looks at everything a run depends on and changes nothing: the machine, the registry's images, the whole dump.
 * @param known what an earlier look found in the dump, so that it is not read again
 * @throws SetupError (exit code 3) for a dump that cannot be loaded
 */
export async function* examine(
	context: Pick<Context, 'host' | 'engine' | 'directory' | 'project' | 'answers' | 'observation' | 'signal'>,
	known: DumpFacts | null = null,
	{attempts = registryAttempts}: {attempts?: number} = {},
): AsyncGenerator<StepEvent, Examination> {
	const {host, answers, observation, signal} = context;
	const own = await ownCertificateChecks(context);
	const needs: Needs = {imageBytes: 0, sqlBytes: 0, attachmentBytes: 0, clockOffsetMs: null};
	if (!observation.engine.reachable)
		return {checks: [...preflightChecks(answers, observation, needs), ...own], dump: null};
	needs.clockOffsetMs = await clockOffset(answers.images.registry);
	const checks: PreflightCheck[] = [...own];
	try {
		const layers = yield* missingLayers(context, {attempts});
		needs.imageBytes = distinctBytes(layers);
		const detail = layers.size === 0 ? 'all here' : `${formatBytes(needs.imageBytes)} to fetch`;
		checks.push({name: 'images', result: 'ok', detail, hint: ''});
	} catch (error) {
		if (!(error instanceof SetupError) || error.exitCode === exitCodes.cancelled) throw error;
		checks.push({name: 'images', result: 'refused', detail: error.message, hint: error.hint});
	}
	let dump: DumpFacts | null = null;
	if (needsDump(context)) {
		const path = answers.database.dump!;
		const unchanged = known !== null && (await host.stat(path))?.bytes === known.bytes;
		dump = unchanged ? known : yield* readDump(path, signal);
		const refused = refusal(dump);
		if (refused) throw refused;
		if (!isLoading(observation)) needs.sqlBytes = dump.sqlBytes;
		const detail = `${formatBytes(dump.bytes)}, ${formatCount(dump.rows)} rows in ${Object.keys(dump.tables).length} tables, Specify ${dump.specify?.appVersion ?? 'of unknown version'}, whole`;
		checks.push({name: 'dump', result: 'ok', detail, hint: ''});
	}
	const {attachments} = answers.database;
	if (attachments && observation.attachments !== attachments) {
		const {files, bytes} = await readAttachments(context, attachments);
		needs.attachmentBytes = await bytesToCopy(context, files);
		const detail = `${formatCount(files.size)} files, ${formatBytes(bytes)}`;
		checks.push({name: 'attachments', result: 'ok', detail, hint: ''});
	}
	const places = await placeNeeds(context, needs);
	return {checks: [...preflightChecks(answers, observation, places), ...checks], dump};
}

/** All that was refused, as one error. */
export const refusalOf = (checks: readonly (PreflightCheck | FixedCheck)[]): SetupError | null => {
	const refused = checks.filter(({result}) => result === 'refused');
	if (refused.length === 0) return null;
	const [first] = refused;
	const isFixed = refused.every(check => 'fixed' in check);
	if (refused.length === 1)
		return new SetupError(
			isFixed
				? `This cannot be changed: ${first!.name}.`
				: `This machine is not ready: ${first!.name}: ${first!.detail}.`,
			{hint: first!.hint, exitCode: exitCodes.refused},
		);
	const problem = isFixed ? 'This cannot be changed' : 'This machine is not ready';
	return new SetupError(`${problem}, for ${refused.length} reasons:`, {
		details: refused.map(({name, detail, hint}) => `${name}: ${detail}. ${hint}`),
		hint: 'Mend these, then run this again. Nothing has been changed.',
		exitCode: exitCodes.refused,
	});
};

/** The same look as before planning, at the run's beginning: the machine may have changed meanwhile. */
export const preflight: Step = async function* (context) {
	const {checks, dump} = yield* examine(context, context.dump);
	// What was found is what the load must bring.
	context.dump = dump;
	for (const {name, result, detail} of checks) yield {type: 'check', name, ok: result !== 'refused', detail};
	for (const {name, result, detail, hint} of checks)
		if (result === 'advice') yield {type: 'note', level: 'warning', message: `${name}: ${detail}.`, hint};
	const refused = refusalOf(checks);
	if (refused) throw refused;
	return {changed: false, summary: `${checks.length} checks passed.`};
};
