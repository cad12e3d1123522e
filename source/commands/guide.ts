import {resolve} from 'node:path';
import {type DumpFacts, inspectDump, refusal} from '../database/inspect.js';
import {SetupError} from '../errors.js';
import {isKeepable} from '../files/installation.js';
import {expandHome} from '../host/complete-path.js';
import {lookUpNames} from '../host/dns.js';
import {localHost} from '../host/local.js';
import {namesOf} from '../model/addresses.js';
import {type Answers, complete} from '../model/answers.js';
import {fixedChecks} from '../model/consequences.js';
import type {FileDifference} from '../model/differences.js';
import {isLocalDomain} from '../model/domain.js';
import {editMeanings} from '../model/edits.js';
import {formatBytes, formatCount, formatSeconds} from '../model/format.js';
import {judgeNames, recordAddresses, zoneSnippet} from '../model/names.js';
import {isDone} from '../model/plan.js';
import type {PreflightCheck} from '../model/preflight.js';
import {pace, RateMeter} from '../model/rate.js';
import type {Secrets} from '../model/secrets.js';
import {answersOf, currentValue, type Draft, type Existing, type Facts} from '../model/wizard.js';
import type {Finding} from '../plain/questions.js';
import {openInstallation, planFor} from '../run/installation.js';
import {readAttachments} from '../steps/attachments.js';
import type {Context} from '../steps/context.js';
import {type Examination, examine} from '../steps/preflight.js';
import {absolute} from './answers.js';
import {whatFollows} from './consequences.js';

/** What is said of host names below a domain, with the records to create where they are missing. */
export const findNames = async (domain: string, names: readonly string[], signal: AbortSignal): Promise<Finding> => {
	if (isLocalDomain(domain))
		return {
			ok: true,
			reason: '',
			lines: [
				`${domain} and everything below it lead browsers on this very machine to itself: good for a trial and for work on this machine alone. Other machines will not reach it.`,
			],
		};
	const report = await lookUpNames({names, signal});
	const judged = judgeNames(report);
	const lines = judged.names.map(({verdict, explanation}) => `${verdict === 'fine' ? 'ok' : verdict}: ${explanation}`);
	if (!judged.ok) {
		const records = zoneSnippet(names, recordAddresses(report.ownAddresses));
		lines.push(...judged.advice);
		if (records !== '')
			lines.push(
				'',
				'Records to create at whoever manages the domain:',
				...records.split('\n').map(line => `  ${line}`),
			);
		lines.push('', 'It is looked up again every 10 seconds.');
	}
	return {ok: judged.ok, reason: 'does not lead here yet, as far as can be seen from here.', lines};
};

/** What is said of the names that a draft leads to. */
export const findDraftNames = (draft: Draft, facts: Facts, signal: AbortSignal): Promise<Finding> => {
	const domain = currentValue(draft, facts, 'domain');
	return findNames(domain, namesOf((facts.existing && answersOf(draft, facts).answers) ?? complete({domain})), signal);
};

/** Reads dumps for the wizard and remembers the last, so that it is not read again for the plan. */
export class DumpReader {
	known: DumpFacts | null = null;

	async read(path: string, signal: AbortSignal, tell: (line: string) => void): Promise<Finding> {
		const full = resolve(expandHome(path));
		try {
			if (this.known?.path !== full || (await localHost.stat(full))?.bytes !== this.known.bytes) {
				const meter = new RateMeter();
				let toldAt = 0;
				this.known = await inspectDump(full, {
					signal,
					onProgress: ({readBytes, totalBytes}) => {
						const now = Date.now();
						if (now - toldAt < 250) return;
						toldAt = now;
						const {rate, secondsLeft} = {
							rate: undefined,
							secondsLeft: undefined,
							...pace(meter, readBytes, totalBytes, now),
						};
						const speed =
							rate === undefined
								? ''
								: `, ${formatBytes(rate)}/s${secondsLeft === undefined ? '' : `, ${formatSeconds(secondsLeft)} left`}`;
						tell(`Reading: ${formatBytes(readBytes)} of ${formatBytes(totalBytes)}${speed}`);
					},
				});
			}
		} catch (error) {
			if (error instanceof SetupError)
				return {ok: false, reason: `cannot be used: ${error.message}`, lines: [error.hint]};
			throw error;
		}
		const facts = this.known;
		const refused = refusal(facts);
		const {server, specify} = facts;
		const lines = [
			`${formatBytes(facts.bytes)}${facts.compression === 'gzip' ? ` (gzip), ${formatBytes(facts.sqlBytes)} of SQL` : ''}, ${formatCount(facts.rows)} rows in ${Object.keys(facts.tables).length} tables.`,
			`From ${server.kind === 'unknown' ? 'a server that does not say what it is' : `${server.kind === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version ?? ''}`}${specify ? `; Specify ${specify.appVersion ?? '?'}, schema ${specify.schemaVersion}` : ''}; ${facts.complete ? 'complete' : 'NOT complete'}.`,
			...(facts.collections.length > 0
				? [`Collections: ${facts.collections.slice(0, 8).join(', ')}${facts.collections.length > 8 ? ', …' : ''}`]
				: []),
		];
		return refused
			? {ok: false, reason: `cannot be used: ${refused.message}`, lines: [...refused.details, refused.hint, ...lines]}
			: {ok: true, reason: '', lines};
	}
}

/** Counts the attachments in a folder. */
export const findAttachments = async (path: string, signal: AbortSignal): Promise<Finding> => {
	try {
		const {files, bytes} = await readAttachments({host: localHost, signal}, resolve(expandHome(path)));
		return {ok: true, reason: '', lines: [`${formatCount(files.size)} attachments, ${formatBytes(bytes)}.`]};
	} catch (error) {
		if (error instanceof SetupError)
			return {ok: false, reason: `cannot be used: ${error.message}`, lines: [error.hint]};
		throw error;
	}
};

/** What is wanted of an installation: answers, secrets that a person gave, and which files edited by hand are to stay or to give way. */
export type Wanted = {
	directory: string;
	answers: Answers;
	secrets: Partial<Secrets>;
	keep?: readonly string[];
	take?: readonly string[];
	/** The installation that is changed. */
	existing?: Existing;
};

/** Host names that are new are looked up: certificates and visitors depend on them. */
const nameChecks = async ({answers, existing}: Wanted, signal: AbortSignal): Promise<PreflightCheck[]> => {
	if (!existing) return [];
	const known = namesOf(existing.installed);
	const names = namesOf(answers).filter(name => !known.includes(name) && !isLocalDomain(name));
	if (names.length === 0) return [];
	const {ok, lines} = await findNames(answers.domain, names, signal);
	return ok ? [] : [{name: 'names', result: 'advice', detail: 'not all lead here', hint: lines.join(' ')}];
};

/** Files that stay as somebody edited them, although the answers would change them. */
const keptChecks = ({observation: {edits}}: Context): PreflightCheck[] =>
	Object.keys(edits)
		.filter(path => edits[path] === 'behind')
		.map(name => ({
			name,
			result: 'advice',
			detail: editMeanings.behind,
			hint: 'The new one has it; the differences show it.',
		}));

/** Looks at the machine for what is wanted; nothing is changed. */
export const consider = async (wanted: Wanted, dump: DumpFacts | null, signal: AbortSignal) => {
	const {directory, answers, secrets, keep, take} = wanted;
	const context = await openInstallation({
		host: localHost,
		directory,
		answers,
		given: secrets,
		keep,
		take,
		signal,
		dump,
	});
	const work = examine(context, dump, {attempts: 1});
	const names = nameChecks(wanted, signal);
	let next = await work.next();
	while (!next.done) next = await work.next();
	const {checks}: Examination = next.value;
	const steps = planFor(context);
	const consequences = await whatFollows(context, wanted.existing, secrets);
	const edited = context.files.flatMap(({path}) => (context.observation.files[path] === 'edited' ? [path] : []));
	return {
		checks: [...fixedChecks(consequences, checks), ...checks, ...(await names), ...keptChecks(context)],
		steps,
		consequences,
		edited: edited.filter(isKeepable),
		kept: Object.keys(context.observation.edits),
		done: isDone(steps),
	};
};

/** What becomes of each generated file of an installation that is changed. */
export const showDifferences = async ({directory, answers, secrets, existing}: Wanted): Promise<FileDifference[]> => {
	const {signal} = new AbortController();
	const [{differencesOf}, context] = await Promise.all([
		import('./differences.js'),
		openInstallation({host: localHost, directory, answers, given: secrets, signal}),
	]);
	return differencesOf(context, existing?.installed ?? answers);
};

/** The generated files that hold no secret, as they would be written. */
export const previewFiles = async (directory: string, answers: Answers) => {
	const {signal} = new AbortController();
	const {files, observation} = await openInstallation({host: localHost, directory, answers: absolute(answers), signal});
	return files
		.filter(({mode}) => mode === 0o644)
		.map(({path, text}) => ({path, text, state: observation.files[path] ?? 'missing'}));
};

export {refusalOf} from '../steps/preflight.js';
export {absolute} from './answers.js';
