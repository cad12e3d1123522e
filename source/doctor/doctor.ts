import {Cancelled, messageOf, SetupError} from '../errors.js';
import type {Host} from '../host/host.js';
import {
	couldNotLook,
	type Finding,
	type Fix,
	judgeLostAnswers,
	type Mended,
	placed,
	type Report,
	reportOf,
} from '../model/doctor.js';
import {redactDeep} from '../model/redact.js';
import type {ServiceName} from '../model/releases.js';
import {lookAtDrift} from '../run/drift.js';
import {requireUnlocked} from '../run/lock.js';
import {lostAnswers} from '../run/lost-answers.js';
import {lastRunOf} from '../run/status.js';
import type {Context} from '../steps/context.js';
import {worldError} from '../steps/trouble.js';
import {
	type Check,
	databaseFacts,
	type Folder,
	folderChecks,
	installationChecks,
	machineChecks,
	type Patient,
	quietChecks,
} from './checks.js';
import {mend} from './fixes.js';
import {redactorOf} from './secrets.js';

/** Checks that are made at a time: many of them start a program in a container. */
const atOnce = 4;

export type DoctorRequest = {
	host: Host;
	directory: string;
	/** Reads the installation anew. @throws SetupError when it cannot be opened */
	open(): Promise<Context>;
	installed: boolean;
	signal: AbortSignal;
	/** Of this tool. */
	tool: string;
	/** Mends what is safe, and looks again. */
	fix?: boolean;
};

/** Why programs cannot be run in these services now; undefined when they can. */
const hindrance = ({observation: {files, services}}: Context, needs: readonly ServiceName[]) => {
	const gone = ['.env', 'compose.yaml'].find(path => files[path] === 'missing');
	if (gone !== undefined) return `${gone} is missing, so that Docker Compose cannot be asked`;
	const away = needs.find(service => ['exited', 'created', 'restarting', undefined].includes(services[service]?.state));
	return away && `${away} does not run`;
};

/** Does several things, at most `limit` at a time, and keeps their order. */
const pooled = async <T>(works: readonly (() => Promise<T>)[], limit: number): Promise<T[]> => {
	const results: T[] = [];
	let next = 0;
	const worker = async () => {
		while (next < works.length) {
			const index = next++;
			results[index] = await works[index]!();
		}
	};
	await Promise.all(Array.from({length: limit}, worker));
	return results;
};

type Made = {findings: Finding[]; notLookedAt: string[]};
/** Makes checks; what one of them throws is a finding of its own. */
const make = async <T extends {context: Context | null}>(
	checks: readonly Check<T>[],
	given: T,
	{host, directory, signal}: Pick<DoctorRequest, 'host' | 'directory' | 'signal'>,
): Promise<Made> => {
	const {context} = given;
	const notLookedAt = new Map<string, string[]>();
	const works = checks
		.filter(({applies}) => applies?.(given) ?? true)
		.map(check => async () => {
			const reason = check.needs && context ? hindrance(context, check.needs) : undefined;
			if (reason !== undefined) {
				notLookedAt.set(reason, [...(notLookedAt.get(reason) ?? []), check.name]);
				return [];
			}
			try {
				return (await check.run(given)).map(judgement => placed(check.group, judgement));
			} catch (thrown) {
				if (signal.aborted) throw new Cancelled();
				const error = await worldError(thrown, {host, directory, engineFolder: null});
				const remedy = error instanceof SetupError ? error.hint : 'Mend what else is found, then look again.';
				return [placed(check.group, couldNotLook(check.name, messageOf(error), remedy))];
			}
		});
	const findings = (await pooled(works, atOnce)).flat();
	return {
		findings,
		notLookedAt: [...notLookedAt].map(([reason, names]) => `${names.join(', ')}: ${reason}`),
	};
};

const none: Made = {findings: [], notLookedAt: []};

const joined = (...made: readonly Made[]): Made => ({
	findings: made.flatMap(({findings}) => findings),
	notLookedAt: made.flatMap(({notLookedAt}) => notLookedAt),
});

/** Looks at an installation, as far as it can be opened. */
const lookInside = async (request: DoctorRequest, context: Context | null): Promise<Made> => {
	const {host, directory} = request;
	const lastRun = await lastRunOf(directory).catch(() => null);
	const folder: Folder = {host, directory, context, lastRun};
	const outer = await make(folderChecks, folder, request);
	if (context === null)
		return joined(outer, {findings: [], notLookedAt: ['everything else: the installation could not be opened']});
	const {engine} = context.observation;
	if (!engine.reachable)
		return joined(outer, await make(quietChecks, {context}, request), {
			findings: [],
			notLookedAt: ['services, database, certificates and pages: the Docker engine does not answer'],
		});
	let facts: ReturnType<typeof databaseFacts> | undefined;
	let differing: ReturnType<typeof lookAtDrift> | undefined;
	const patient: Patient = {
		...folder,
		context,
		database: () => {
			facts ??= databaseFacts(context);
			return facts;
		},
		drift: () => {
			differing ??= lookAtDrift(context, lastRun);
			return differing;
		},
	};
	return joined(outer, await make(installationChecks, patient, request));
};

/** One whole look; changes nothing. */
const look = async (request: DoctorRequest): Promise<Made & {context: Context | null}> => {
	const lost = request.installed ? await lostAnswers(request) : null;
	if (lost) {
		const findings = [placed('folder', judgeLostAnswers(lost))];
		return {...joined({findings, notLookedAt: []}, await lookInside(request, null)), context: null};
	}
	try {
		const context = await request.open();
		const made = request.installed ? await lookInside(request, context) : await make(machineChecks, {context}, request);
		return {...made, context};
	} catch (error) {
		if (!(error instanceof SetupError) || error instanceof Cancelled) throw error;
		const {message, details, hint} = error;
		const opening = placed(request.installed ? 'folder' : 'machine', {
			name: 'installation',
			result: 'bad',
			detail: [message, ...details].join(' '),
			remedy: hint,
		});
		const rest = request.installed ? await lookInside(request, null) : none;
		return {...joined({findings: [opening], notLookedAt: []}, rest), context: null};
	}
};

/**
 * Looks at everything of an installation, or of a machine where none is yet. Without `fix` it changes nothing; a small file
 * is put into the asset server and taken out again, as people's attachments are. No secret is in the report.
 * @throws SetupError (exit code 4) when something is to be mended while a run is under way
 */
export const diagnose = async (request: DoctorRequest): Promise<Report> => {
	const {host, directory, installed, tool, fix = false} = request;
	if (fix && installed) await requireUnlocked(directory);
	let seen = await look(request);
	const mended: Mended[] = [];
	// What is mended may uncover the next thing; nothing is tried twice.
	for (const tried = new Set<Fix>(); fix && installed; ) {
		const fresh = seen.findings.filter(finding => finding.fix !== undefined && !tried.has(finding.fix));
		if (fresh.length === 0) break;
		for (const finding of fresh) tried.add(finding.fix!);
		mended.push(...(await mend(fresh, request)));
		seen = await look(request);
	}
	const {findings, notLookedAt, context} = seen;
	const redact = await redactorOf({host, directory}, context?.answers ?? null);
	const about = {tool, at: new Date().toISOString(), directory, installed, notLookedAt};
	return redactDeep(reportOf(about, findings, mended), redact);
};
