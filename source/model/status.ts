import {type Drift, driftLines} from './drift.js';
import type {ServiceState} from './events.js';
import {formatBytes, formatSeconds} from './format.js';
import type {LastRun} from './last-run.js';
import type {ObservedProxy} from './observation.js';
import type {ServiceName} from './releases.js';
import {formatMemoryUse, formatPercent, type Usage} from './usage.js';

export type ServiceStatus = {
	service: ServiceName;
	state: ServiceState;
	/** Since when it runs, ISO 8601; null when it does not. */
	startedAt: string | null;
	restarts: number;
	image: string | null;
	/** Runs with the settings its files have now. */
	current: boolean;
	/** What its failing health check says; empty when healthy. */
	problem: string;
};

export type AddressStatus = {
	name: string;
	url: string;
	/** HTTP status of the page, null when nothing answered. */
	status: number | null;
	certificate: {validTo: string; daysLeft: number} | null;
	/** Another web server shows the certificate. */
	behind?: true;
	problem: string;
};

/** How an installation is doing: one value for the plain view, `--json` and the live screen. */
export type Status = {
	directory: string;
	specify7: string;
	healthy: boolean;
	services: ServiceStatus[];
	addresses: AddressStatus[];
	/** Free bytes where Docker keeps its data. */
	disk: {folder: string; freeBytes: number};
	lastRun: LastRun | null;
	/** Whether visitors need the set-up password for Specify 7, which has no user yet. */
	gate: ObservedProxy['gate'];
} & Drift;

export type LiveService = ServiceStatus & {
	container: string | null;
	/** Null while it does not run, or nothing has been heard yet. */
	usage: Usage | null;
};

/** A status that is followed as it changes. */
export type LiveStatus = Omit<Status, 'services'> & {
	services: LiveService[];
	/** Whether the engine is heard. When it is not, the rest is what was known at `since` (ISO 8601). */
	engine: {connected: true} | {connected: false; problem: string; since: string};
	/** A run that changes this installation at the moment; with `work`, the command that does and cannot be watched. */
	underWay: {run: string; at: string | null; work?: string} | null;
	/** Why the installation could not be looked at again, such as a mistake in specify.yaml; empty when it could. */
	problem: string;
	/** Whether certificates are renewed without anybody doing anything. */
	renewed: boolean;
};

/** Whether a person can use everything: all services healthy, all addresses answering. */
export const isHealthy = ({services, addresses}: Pick<Status, 'services' | 'addresses'>) =>
	services.every(({state}) => state === 'healthy') && addresses.every(({status}) => status !== null && status < 500);

const hourMs = 3_600_000;

/** How long a certificate is valid, for people: hours when it is less than two days. @param now milliseconds since 1970 */
export const certificateTime = ({validTo}: {validTo: string}, now: number) => {
	const hours = Math.floor((Date.parse(validTo) - now) / hourMs);
	if (hours < 0) return 'expired';
	if (hours < 1) return 'less than 1 hour';
	if (hours < 48) return hours === 1 ? '1 hour' : `${hours} hours`;
	return `${Math.floor(hours / 24)} days`;
};

/** How long something has run, for people; two units at most, so that it rarely changes. @param ms */
export const uptime = (ms: number) => {
	const minutes = Math.floor(Math.max(0, ms) / 60_000);
	if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** Lines for people. @param now milliseconds since 1970 */
export const statusLines = (status: Status | LiveStatus, now = Date.now()): string[] => {
	const width = Math.max(...status.services.map(({service}) => service.length));
	return [
		`Specify 7 ${status.specify7} in ${status.directory}: ${status.healthy ? 'healthy' : 'NOT healthy'}`,
		'',
		...status.services.flatMap(seen => {
			const {service, state, startedAt, restarts, image, current, problem} = seen;
			const usage = 'usage' in seen ? usageColumn(seen.usage) : '';
			const up = startedAt
				? `up ${formatSeconds((now - Date.parse(startedAt)) / 1000)}`
				: state === 'missing'
					? 'no container'
					: 'not running';
			const extra = [
				...(restarts > 0 ? [`${restarts} restarts`] : []),
				...(current || state === 'missing' ? [] : ['settings have changed since it started']),
			];
			return [
				`  ${service.padEnd(width)}  ${state.padEnd(10)}  ${up.padEnd(16)}  ${usage}${image ?? ''}${extra.length > 0 ? `  (${extra.join(', ')})` : ''}`,
				...(problem ? [`  ${''.padEnd(width)}  ${problem.split('\n')[0]}`] : []),
			];
		}),
		'',
		...status.addresses.map(({name, url, status: code, certificate, behind, problem}) => {
			const certified = behind
				? 'behind your web server'
				: certificate
					? `certificate valid ${certificate.daysLeft < 2 ? `until ${certificate.validTo.slice(0, 16).replace('T', ' ')} UTC, renewed by itself` : `${certificate.daysLeft} days`}`
					: 'no valid certificate';
			return `  ${name}: ${url} ${code === null ? `does not answer: ${problem}` : `answers ${code}, ${certified}`}`;
		}),
		'',
		`  Disk: ${formatBytes(status.disk.freeBytes)} free at ${status.disk.folder}`,
		...gateLines(status),
		...(status.lastRun
			? [
					`  Last run: ${status.lastRun.at.slice(0, 16).replace('T', ' ')} UTC, ${status.lastRun.outcome}${status.lastRun.message ? `: ${status.lastRun.message}` : ''}`,
				]
			: []),
		...('engine' in status ? liveLines(status) : []),
		...(status.drift.length > 0 ? ['', ...driftLines(status).map(line => `  ${line}`)] : []),
	];
};

const gateLines = ({gate, directory}: Pick<Status, 'gate' | 'directory'>) =>
	gate === 'closed'
		? [
				`  Specify 7 has no user yet and waits for its guided set-up, behind a password: user setup, SETUP_PASSWORD in ${directory}/.env.`,
			]
		: [];

const usageColumn = (usage: Usage | null) => {
	const text =
		usage === null ? '' : `${formatPercent(usage.cpuPercent ?? 0).padStart(5)} CPU  ${formatMemoryUse(usage)}`;
	return `${text.padEnd(33)}  `;
};

const liveLines = ({engine, underWay, problem, directory}: LiveStatus) => [
	...(engine.connected
		? []
		: [`  No word from Docker since ${engine.since.slice(11, 19)} UTC. ${engine.problem} It is tried again.`]),
	...(underWay
		? [
				underWay.work === undefined
					? `  A run is under way: watch it with "specify-setup attach --dir ${directory}".`
					: `  "specify-setup ${underWay.work}" is at work.`,
			]
		: []),
	...(problem ? [`  The installation could not be looked at again: ${problem}`] : []),
];
