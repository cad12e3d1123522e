import {messageOf} from '../errors.js';
import {ask, certificateOf} from '../host/https.js';
import {addressesOf} from '../model/addresses.js';
import {serviceNames} from '../model/releases.js';
import {type AddressStatus, isHealthy, type Status} from '../model/status.js';
import {rootPath} from '../steps/certificates.js';
import type {Context} from '../steps/context.js';
import {latestJournal, readJournal} from './journal.js';

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
	return {
		run: first.run,
		at: new Date(first.at).toISOString(),
		outcome: finished?.outcome ?? 'under way or interrupted',
		message: finished?.message ?? null,
	};
};

const addressStatus = async (
	name: string,
	url: string,
	authorities: string[],
	signal?: AbortSignal,
): Promise<AddressStatus> => {
	const {hostname, port} = new URL(url);
	const [page, certificate] = await Promise.all([
		ask(url, {authorities, timeoutMs: 10_000, signal}).then(
			answer => ({status: answer.status, problem: ''}),
			error => ({status: null, problem: messageOf(error)}),
		),
		certificateOf({name: hostname, port: Number(port || 443), authorities}),
	]);
	return {
		name,
		url,
		...page,
		certificate: certificate.ok
			? {validTo: certificate.validTo, daysLeft: Math.floor((Date.parse(certificate.validTo) - Date.now()) / dayMs)}
			: null,
	};
};

/** Asks an installation's addresses on this machine, as a browser would that trusts its authority. */
export const addressStatuses = async (
	{host, directory, answers}: Pick<Context, 'host' | 'directory' | 'answers'>,
	{signal}: {signal?: AbortSignal} = {},
): Promise<AddressStatus[]> => {
	const root = await host.read(rootPath(directory));
	const {specify7, media} = addressesOf(answers);
	const authorities = root ? [root] : [];
	const addresses = await Promise.all([
		addressStatus('Specify 7', `${specify7}/setup_tool/setup_progress/`, authorities, signal),
		addressStatus('Attachments', `${media}/`, authorities, signal),
	]);
	return addresses.map(address => ({...address, url: address.url.replace('/setup_tool/setup_progress/', '/')}));
};

/** Generated files that are not as specify.yaml says. */
export const driftOf = (files: Context['observation']['files']) =>
	Object.entries(files).flatMap(([path, state]) => (state === 'same' ? [] : [path]));

/** How an installation is doing, asked of the engine and of its addresses. */
export const statusOf = async (context: Context): Promise<Status> => {
	const {directory, answers, observation} = context;
	const addresses = await addressStatuses(context);
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
		lastRun: await lastRunOf(directory),
		drift: driftOf(observation.files),
	};
};
