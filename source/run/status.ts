import {messageOf} from '../errors.js';
import {addressesOf} from '../model/addresses.js';
import {type DriftSeen, driftAndPlan} from '../model/drift.js';
import {gateFor} from '../model/gate.js';
import {serviceNames} from '../model/releases.js';
import {type AddressStatus, isHealthy, type Status} from '../model/status.js';
import type {Context} from '../steps/context.js';
import {moveGate} from '../steps/gate.js';
import {gateOf} from '../steps/proxy.js';
import {type Site, siteOf} from '../steps/site.js';
import {lookAtDrift} from './drift.js';
import {latestJournal, readJournal} from './journal.js';
import {holderOf} from './lock.js';

const dayMs = 86_400_000;

/** The newest run as its journal tells it, or null. */
export const lastRunOf = async (directory: string): Promise<Status['lastRun']> => {
	const path = latestJournal(directory);
	if (!path) return null;
	const entries = await readJournal(path);
	const [first] = entries;
	const last = entries.at(-1);
	if (first?.type !== 'run.started' || !last) return null;
	const finished = last.type === 'run.finished' ? last : null;
	const isAtWork = finished === null && (await holderOf(directory))?.run === first.run;
	return {
		run: first.run,
		at: new Date(first.at).toISOString(),
		outcome: finished?.outcome ?? (isAtWork ? 'under way' : 'interrupted'),
		message: finished?.message ?? null,
	};
};

const addressStatus = async (
	{site, hasCertificate}: {site: Site; hasCertificate: boolean},
	{name, url, page}: {name: string; url: string; page: string},
	signal?: AbortSignal,
): Promise<AddressStatus> => {
	const [seen, certificate] = await Promise.all([
		site.ask(`${url}${page}`, {timeoutMs: 10_000, ...(signal ? {signal} : {})}).then(
			answer => ({status: answer.status, problem: ''}),
			error => ({status: null, problem: messageOf(error)}),
		),
		hasCertificate ? site.certificate(new URL(url).hostname) : null,
	]);
	return {
		name,
		url: `${url}/`,
		...seen,
		certificate: certificate?.ok
			? {validTo: certificate.validTo, daysLeft: Math.floor((Date.parse(certificate.validTo) - Date.now()) / dayMs)}
			: null,
		...(hasCertificate ? {} : {behind: true}),
	};
};

/** Asks an installation's addresses on this machine, as a browser would that trusts its authority. */
export const addressStatuses = async (
	context: Pick<Context, 'host' | 'directory' | 'answers' | 'secrets'>,
	{signal}: {signal?: AbortSignal} = {},
): Promise<AddressStatus[]> => {
	const {specify7, media} = addressesOf(context.answers);
	const given = {site: await siteOf(context), hasCertificate: context.answers.proxy === 'public'};
	return Promise.all([
		addressStatus(given, {name: 'Specify 7', url: specify7, page: '/setup_tool/setup_progress/'}, signal),
		addressStatus(given, {name: 'Attachments', url: media, page: '/web_asset_store.xml'}, signal),
	]);
};

/** Opens the gate when Specify has got its first user and no run is about to do it. Tells how it is now. */
const letVisitorsIn = async (context: Context): Promise<Status['gate']> => {
	const {database, proxy} = context.observation;
	const ready = proxy.gate === 'closed' && gateFor(database) === 'open';
	if (!ready || (await holderOf(context.directory))) return proxy.gate;
	// Who only looks may not be allowed to; the next run does it.
	await moveGate(context, 'open').catch(() => context.signal.throwIfAborted());
	return gateOf(context);
};

/** Everything that can differ in an installation, with its last run. */
export const driftSeenIn = async (context: Context): Promise<DriftSeen> =>
	lookAtDrift(context, await lastRunOf(context.directory));

/** How an installation is doing, asked of the engine and of its addresses. */
export const statusOf = async (context: Context, given?: DriftSeen): Promise<Status> => {
	const {directory, answers, observation} = context;
	const [addresses, seenDrift] = await Promise.all([addressStatuses(context), given ?? driftSeenIn(context)]);
	const services = serviceNames.map(service => {
		const seen = observation.services[service];
		const running = seen !== undefined && seen.state !== 'exited' && seen.state !== 'created';
		return {
			service,
			state: seen?.state ?? ('missing' as const),
			startedAt: running ? seen.startedAt : null,
			restarts: seen?.restarts ?? 0,
			image: seen?.image ?? null,
			current: seen?.current ?? false,
			problem: seen?.state === 'unhealthy' ? seen.healthOutput : '',
		};
	});
	const {engine} = observation;
	return {
		directory,
		specify7: answers.specify7,
		healthy: isHealthy({services, addresses}),
		services,
		addresses,
		disk: engine.reachable
			? {folder: engine.dataFolder, freeBytes: engine.freeBytes}
			: {folder: directory, freeBytes: observation.freeBytes},
		lastRun: seenDrift.lastRun,
		gate: await letVisitorsIn(context),
		...driftAndPlan(seenDrift),
	};
};
