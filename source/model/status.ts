import type {ServiceState} from './events.js';
import {formatBytes, formatSeconds} from './format.js';
import type {ServiceName} from './releases.js';

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
	lastRun: {run: string; at: string; outcome: string; message: string | null} | null;
	/** Generated files that are not as specify.yaml says. */
	drift: string[];
};

/** Lines for people. @param now milliseconds since 1970 */
export const statusLines = (status: Status, now = Date.now()): string[] => {
	const width = Math.max(...status.services.map(({service}) => service.length));
	return [
		`Specify 7 ${status.specify7} in ${status.directory}: ${status.healthy ? 'healthy' : 'NOT healthy'}`,
		'',
		...status.services.flatMap(({service, state, startedAt, restarts, image, current, problem}) => {
			const up = startedAt ? `up ${formatSeconds((now - Date.parse(startedAt)) / 1000)}` : 'not running';
			const extra = [
				...(restarts > 0 ? [`${restarts} restarts`] : []),
				...(current ? [] : ['settings have changed since it started']),
			];
			return [
				`  ${service.padEnd(width)}  ${state.padEnd(10)}  ${up.padEnd(16)}  ${image ?? ''}${extra.length > 0 ? `  (${extra.join(', ')})` : ''}`,
				...(problem ? [`  ${''.padEnd(width)}  ${problem.split('\n')[0]}`] : []),
			];
		}),
		'',
		...status.addresses.map(({name, url, status: code, certificate, problem}) => {
			const certified = certificate
				? `certificate valid ${certificate.daysLeft < 2 ? `until ${certificate.validTo.slice(0, 16).replace('T', ' ')} UTC, renewed by itself` : `${certificate.daysLeft} days`}`
				: 'no valid certificate';
			return `  ${name}: ${url} ${code === null ? `does not answer: ${problem}` : `answers ${code}, ${certified}`}`;
		}),
		'',
		`  Disk: ${formatBytes(status.disk.freeBytes)} free at ${status.disk.folder}`,
		...(status.lastRun
			? [
					`  Last run: ${status.lastRun.at.slice(0, 16).replace('T', ' ')} UTC, ${status.lastRun.outcome}${status.lastRun.message ? `: ${status.lastRun.message}` : ''}`,
				]
			: []),
		...(status.drift.length > 0
			? [`  Not as specify.yaml says: ${status.drift.join(', ')}. "specify-setup reconfigure" brings them in line.`]
			: []),
	];
};
