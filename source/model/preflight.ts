import {publishedPorts} from './addresses.js';
import type {Answers} from './answers.js';
import {acmeAuthorityOf} from './authority.js';
import {decideStart} from './database-start.js';
import {formatBytes, formatMemory} from './format.js';
import type {Observation} from './observation.js';
import {profiles, requirements} from './sizing.js';
import {imageSpace, loadedSpace, spareBytes} from './space.js';
import {compareVersions, numbersOf} from './version.js';

/** One thing looked at before anything is changed. `refused` stops the run; `advice` is shown and the run goes on. */
export type PreflightCheck = {
	name: string;
	result: 'ok' | 'advice' | 'refused';
	detail: string;
	/** What to do about it; empty when all is well. */
	hint: string;
};

const minimumCompose = [2, 23, 1] as const;
const clockToleranceMs = 150_000;

const ok = (name: string, detail: string): PreflightCheck => ({name, result: 'ok', detail, hint: ''});
const advise = (name: string, detail: string, hint: string): PreflightCheck => ({name, result: 'advice', detail, hint});
const refuse = (name: string, detail: string, hint: string): PreflightCheck => ({
	name,
	result: 'refused',
	detail,
	hint,
});

const isOlder = (version: string, minimum: readonly number[]) => {
	const parts = version.replace(/^v/, '').split(/[.-]/).map(Number);
	for (const [index, wanted] of minimum.entries()) {
		const part = parts[index] ?? 0;
		if (part !== wanted) return !(part > wanted);
	}
	return false;
};

const engineCheck = ({engine, user}: Observation): PreflightCheck[] => {
	if (!engine.reachable) {
		const hints = {
			missing: 'Install Docker Engine (https://docs.docker.com/engine/install/), then run this again.',
			denied: `Add the user to the group docker ("sudo usermod -aG docker ${user}"), log in anew, or run this with sudo.`,
			stopped: 'Start it, for example with "sudo systemctl start docker", then run this again.',
			other: 'Check "docker info", then run this again.',
		};
		const details = {
			missing: 'Docker is not installed on this machine',
			denied: `the user ${user} may not use the Docker engine`,
			stopped: 'the Docker engine does not run',
			other: `the Docker engine does not answer: ${engine.detail}`,
		};
		return [refuse('Docker engine', details[engine.reason], hints[engine.reason])];
	}
	const found = ok('Docker engine', `version ${engine.version}, used by ${user}`);
	const install = 'Install the package docker-compose-plugin (or docker-compose of Debian 13), then run this again.';
	if (engine.compose === null) return [found, refuse('Docker Compose', '"docker compose" is not installed', install)];
	if (isOlder(engine.compose, minimumCompose))
		return [
			found,
			refuse('Docker Compose', `version ${engine.compose} is older than ${minimumCompose.join('.')}`, install),
		];
	return [found, ok('Docker Compose', `version ${engine.compose}`)];
};

const portChecks = (answers: Answers, observation: Observation): PreflightCheck[] => {
	const {ports} = answers;
	return publishedPorts(answers).map(port => {
		const held = observation.ports.find(holder => holder.port === port);
		const key = port === ports.http ? 'http' : 'https';
		if (!held) return ok(`port ${port}`, 'free');
		if (held.own) return ok(`port ${port}`, 'used by this installation');
		const proposals = key === 'http' ? [8080, 8081, 8082] : [8443, 8444, 8445];
		const proposal = proposals.find(other => !observation.ports.some(({port: taken}) => taken === other));
		const holder = held.holder ?? 'another program';
		return refuse(
			`port ${port}`,
			`used by ${holder}`,
			`Stop ${holder}, or choose another port with --set ports.${key}=${proposal}.${answers.proxy === 'public' && port < 1024 ? ' If it is a web server you need, let it pass Specify on: --set proxy=behind.' : ''}`,
		);
	});
};

/** Authorities come to the usual ports, whatever this machine listens on. */
const challengeCheck = (answers: Answers): PreflightCheck[] => {
	const {ports} = answers;
	if (!acmeAuthorityOf(answers) || answers.acme.directory !== null || (ports.http === 80 && ports.https === 443))
		return [];
	return [
		advise(
			'certificates',
			`Let's Encrypt comes to ports 80 and 443, and Specify listens on ${ports.http} and ${ports.https}`,
			'A router or firewall must lead the usual ports to these.',
		),
	];
};

const memoryCheck = (answers: Answers, {memory, swap}: Observation): PreflightCheck => {
	const {refusedBelow, advisedFrom, recommended} = requirements.memory;
	const total = memory + swap;
	const has = swap > 0 ? `${formatMemory(memory)} and ${formatMemory(swap)} swap` : formatMemory(memory);
	if (total < refusedBelow)
		return refuse(
			'memory',
			`${has}; Specify needs ${formatMemory(refusedBelow)}`,
			'Give the machine more memory, or add swap (fallocate, mkswap, swapon), then run this again.',
		);
	const wanted = answers.memory === 'auto' ? 0 : profiles[answers.memory].from;
	if (total < wanted)
		return refuse(
			'memory',
			`${has}; memory: ${answers.memory} is for machines with ${formatMemory(wanted)} or more`,
			'Choose memory: auto, or a smaller one.',
		);
	if (total < advisedFrom)
		return advise(
			'memory',
			`${has}: enough for a small collection and few users`,
			`${formatMemory(recommended)} are recommended; add swap at least.`,
		);
	return ok('memory', has);
};

const processorCheck = ({processors}: Observation): PreflightCheck =>
	processors < requirements.processors.advisedFrom
		? advise('processors', `${processors}`, `${requirements.processors.recommended} are recommended.`)
		: ok('processors', `${processors}`);

const diskCheck = (observation: Observation, needs: Needs): PreflightCheck => {
	const {engine} = observation;
	if (!engine.reachable) return ok('disk', 'not looked at');
	const {advisedFrom} = requirements.disk;
	const brings = imageSpace(needs.imageBytes) + loadedSpace(needs.sqlBytes) + needs.attachmentBytes;
	// What runs already is not refused a change that brings nothing onto the disk.
	const need = brings === 0 && observation.volumes.length > 0 ? 0 : brings + spareBytes;
	const parts = [
		'the images',
		...(needs.sqlBytes > 0 ? ['the loaded dump'] : []),
		...(needs.attachmentBytes > 0 ? ['the attachments'] : []),
	];
	const what = `${parts.join(', ')} and a little room`;
	const free = `${formatBytes(engine.freeBytes)} free at ${engine.dataFolder}`;
	if (engine.freeBytes < need)
		return refuse(
			'disk',
			`${free}; ${what} need ${formatBytes(need)}`,
			`Free ${formatBytes(need - engine.freeBytes)} there ("docker system df" shows what Docker keeps), then run this again.`,
		);
	if (engine.freeBytes < advisedFrom)
		return advise('disk', free, `${formatBytes(advisedFrom)} are recommended, for attachments and backups.`);
	return ok('disk', free);
};

/** Other disks than the engine's on which something of the run will be. */
const otherDiskChecks = ({elsewhere = []}: Needs): PreflightCheck[] =>
	elsewhere.map(({path, what, freeBytes, needBytes}) => {
		const name = `disk of ${path}`;
		const free = `${formatBytes(freeBytes)} free`;
		return freeBytes < needBytes
			? refuse(
					name,
					`${free}; ${what} need ${formatBytes(needBytes)}`,
					`Free ${formatBytes(needBytes - freeBytes)} there ("df -h" shows the disks), then run this again.`,
				)
			: ok(name, free);
	});

const clockCheck = (needs: Needs): PreflightCheck => {
	if (needs.clockOffsetMs === null)
		return advise(
			'clock',
			'could not be compared with another one',
			'Look whether "date" tells the right time: attachments and certificates depend on it.',
		);
	const seconds = Math.round(Math.abs(needs.clockOffsetMs) / 1000);
	return Math.abs(needs.clockOffsetMs) > clockToleranceMs
		? refuse(
				'clock',
				`${seconds} seconds ${needs.clockOffsetMs > 0 ? 'ahead of' : 'behind'} the registry's`,
				'Set the clock right, for example with "sudo timedatectl set-ntp true": attachments and certificates depend on it.',
			)
		: ok('clock', `${seconds} seconds from the registry's`);
};

/** The Specify 7 tag an image has, as numbers; null where it has none. */
const versionIn = (image: string | null | undefined) => {
	const tag = /:(v\d+(?:\.\d+)*)$/.exec(image ?? '')?.[1];
	return tag === undefined ? null : numbersOf(tag);
};

/** Older code breaks on a database that newer code has migrated (specify/specify7#7498); going up cannot be undone. */
export const versionCheck = ({specify7}: Answers, observation: Observation): PreflightCheck[] => {
	const running = versionIn(observation.services.specify7?.image);
	const wanted = versionIn(`:${specify7}`);
	if (!running || !wanted) return [];
	const difference = compareVersions(wanted, running);
	const now = `v${running.join('.')}`;
	if (difference < 0)
		return [
			refuse(
				'version',
				`${specify7} is older than ${now}, which runs here and has migrated the database`,
				`Set specify7 back to ${now}. Going back takes the older version and a dump from before the upgrade.`,
			),
		];
	if (difference > 0)
		return [
			advise(
				'version',
				`${now} becomes ${specify7}, which changes the database`,
				'There is no way back without a dump from before: make one first.',
			),
		];
	return [];
};

const databaseCheck = ({database}: Answers, observation: Observation): PreflightCheck[] => {
	if (!observation.database) return [];
	const startedAt = observation.services.specify7?.startedAt;
	const decision = decideStart(database, observation.database, startedAt ? Date.parse(startedAt) : null);
	return decision.kind === 'refuse' ? [refuse('database', decision.message, decision.hint)] : [];
};

const installationCheck = (observation: Observation): PreflightCheck[] => {
	if (observation.otherFolder)
		return [
			refuse(
				'existing installation',
				`the containers of this name run from ${observation.otherFolder}`,
				`Use that folder with --dir ${observation.otherFolder}, or choose a folder of another name.`,
			),
		];
	if (observation.volumes.length > 0)
		return [ok('existing installation', `data volumes found and kept: ${observation.volumes.join(', ')}`)];
	return [ok('existing installation', 'none')];
};

/** A disk that is not the engine's, and what it must hold. Bytes. */
export type OtherDisk = {path: string; what: string; freeBytes: number; needBytes: number};

/** What the run will bring onto the engine's disk and onto others, and how far the clock is from another one; null when unknown. */
export type Needs = {
	imageBytes: number;
	sqlBytes: number;
	attachmentBytes: number;
	clockOffsetMs: number | null;
	elsewhere?: readonly OtherDisk[];
};

/** Every check of this machine, as a pure rule over what was observed. */
export const preflightChecks = (answers: Answers, observation: Observation, needs: Needs): PreflightCheck[] => [
	...engineCheck(observation),
	...portChecks(answers, observation),
	...challengeCheck(answers),
	memoryCheck(answers, observation),
	processorCheck(observation),
	diskCheck(observation, needs),
	...otherDiskChecks(needs),
	clockCheck(needs),
	...installationCheck(observation),
	...versionCheck(answers, observation),
	...databaseCheck(answers, observation),
];
