import {inspectDump, refusal} from '../database/inspect.js';
import {exitCodes, SetupError} from '../errors.js';
import {clockOffset} from '../host/clock.js';
import {formatBytes, formatCount} from '../model/format.js';
import {type Needs, type PreflightCheck, preflightChecks} from '../model/preflight.js';
import type {Context, Step} from './context.js';
import {missingLayers} from './pull.js';

/** Whether the dump must be read: it is to be loaded and has not been. */
const needsDump = ({answers, observation}: Pick<Context, 'answers' | 'observation'>) =>
	answers.database.start === 'dump' && !observation.database?.start?.finished;

/**
 * Looks at everything a run depends on and changes nothing: the machine, the registry's images, the whole dump.
 * @throws SetupError (exit code 3) for a dump that cannot be loaded
 */
export const examine = async (
	context: Pick<Context, 'host' | 'answers' | 'observation' | 'signal'>,
): Promise<PreflightCheck[]> => {
	const {answers, observation, signal} = context;
	const unreachable = preflightChecks(answers, observation, {imageBytes: 0, sqlBytes: 0, clockOffsetMs: null}).filter(
		({result}) => result === 'refused',
	);
	if (!observation.engine.reachable) return unreachable;
	const needs: Needs = {imageBytes: 0, sqlBytes: 0, clockOffsetMs: await clockOffset(answers.images.registry)};
	const checks: PreflightCheck[] = [];
	try {
		const layers = new Map(
			[...(await missingLayers(context)).values()].flat().map(layer => [layer.digest, layer.bytes]),
		);
		for (const bytes of layers.values()) needs.imageBytes += bytes;
		checks.push({
			name: 'images',
			result: 'ok',
			detail: layers.size === 0 ? 'all here' : `${formatBytes(needs.imageBytes)} to fetch`,
			hint: '',
		});
	} catch (error) {
		if (!(error instanceof SetupError) || error.exitCode === exitCodes.cancelled) throw error;
		checks.push({name: 'images', result: 'refused', detail: error.message, hint: error.hint});
	}
	if (needsDump(context)) {
		const facts = await inspectDump(answers.database.dump!, {signal});
		const refused = refusal(facts);
		if (refused) throw refused;
		needs.sqlBytes = facts.sqlBytes;
		checks.push({
			name: 'dump',
			result: 'ok',
			detail: `${formatBytes(facts.bytes)}, ${formatCount(facts.rows)} rows in ${Object.keys(facts.tables).length} tables, Specify ${facts.specify?.appVersion ?? 'of unknown version'}, whole`,
			hint: '',
		});
	}
	return [...preflightChecks(answers, observation, needs), ...checks];
};

/** All that was refused, as one error. */
export const refusalOf = (checks: readonly PreflightCheck[]): SetupError | null => {
	const refused = checks.filter(({result}) => result === 'refused');
	if (refused.length === 0) return null;
	const [first] = refused;
	if (refused.length === 1)
		return new SetupError(`Specify cannot be installed here yet: ${first!.name}: ${first!.detail}.`, {
			hint: first!.hint,
			exitCode: exitCodes.refused,
		});
	return new SetupError(`Specify cannot be installed here yet, for ${refused.length} reasons:`, {
		details: refused.map(({name, detail, hint}) => `${name}: ${detail}. ${hint}`),
		hint: 'Mend these, then run this again. Nothing has been changed.',
		exitCode: exitCodes.refused,
	});
};

/** The same look as before planning, at the run's beginning: the machine may have changed meanwhile. */
export const preflight: Step = async function* (context) {
	const checks = await examine(context);
	for (const {name, result, detail} of checks) yield {type: 'check', name, ok: result !== 'refused', detail};
	for (const {name, result, detail, hint} of checks)
		if (result === 'advice') yield {type: 'note', level: 'warning', message: `${name}: ${detail}.`, hint};
	const refused = refusalOf(checks);
	if (refused) throw refused;
	return {changed: false, summary: `${checks.length} checks passed.`};
};
