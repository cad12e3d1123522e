import {resolve} from 'node:path';
import {type DumpFacts, inspectDump, refusal} from '../database/inspect.js';
import {SetupError} from '../errors.js';
import {lookUpNames} from '../host/dns.js';
import {localHost} from '../host/local.js';
import {namesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import {complete} from '../model/answers.js';
import {isLocalDomain} from '../model/domain.js';
import {formatBytes, formatCount, formatSeconds} from '../model/format.js';
import {judgeNames, recordAddresses, zoneSnippet} from '../model/names.js';
import {pace, RateMeter} from '../model/rate.js';
import type {Finding} from '../plain/questions.js';
import {openInstallation, planFor} from '../run/installation.js';
import {readAttachments} from '../steps/attachments.js';
import {type Examination, examine} from '../steps/preflight.js';
import {absolute} from './answers.js';

/** What is said of the names below a domain, with the records to create where they are missing. */
export const findNames = async (domain: string, signal: AbortSignal): Promise<Finding> => {
	const names = namesOf(complete({domain}));
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

/** Reads dumps for the wizard and remembers the last, so that it is not read again for the plan. */
export class DumpReader {
	known: DumpFacts | null = null;

	async read(path: string, signal: AbortSignal, tell: (line: string) => void): Promise<Finding> {
		const full = resolve(path);
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
		const {files, bytes} = await readAttachments({host: localHost, signal}, resolve(path));
		return {ok: true, reason: '', lines: [`${formatCount(files.size)} attachments, ${formatBytes(bytes)}.`]};
	} catch (error) {
		if (error instanceof SetupError)
			return {ok: false, reason: `cannot be used: ${error.message}`, lines: [error.hint]};
		throw error;
	}
};

/** Looks at the machine for a set of answers; nothing is changed. */
export const consider = async (directory: string, answers: Answers, dump: DumpFacts | null, signal: AbortSignal) => {
	const context = await openInstallation({host: localHost, directory, answers, signal, dump});
	const work = examine(context, dump);
	let next = await work.next();
	while (!next.done) next = await work.next();
	const {checks}: Examination = next.value;
	return {context, checks, steps: planFor(context)};
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
