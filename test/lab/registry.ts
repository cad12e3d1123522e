import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, openSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {codename, unpack} from './apt.js';
import {
	ask,
	commandLineOf,
	endProcess,
	LabError,
	logFile,
	readState,
	removeState,
	say,
	tailOf,
	writeState,
} from './home.js';

/** Where the product finds the laboratory's images: what `images.registry` is set to. */
export const registryName = 'localhost:5000';

/** Names under which the same images are had from this machine: tests put registries that behave badly in front of it. */
export const registryNames = [registryName, '127.0.0.1:5000', 'localhost:5077', 'localhost:5083'];

const address = '127.0.0.1:5000';
const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const manifestTypes = [
	'application/vnd.docker.distribution.manifest.v2+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
	'application/vnd.oci.image.manifest.v1+json',
	'application/vnd.oci.image.index.v1+json',
].join(', ');

type RegistryState = {pid?: number | undefined};

const configFile = (home: string): string => join(home, 'registry.yml');

const isRegistry = async (): Promise<boolean> => {
	try {
		const response = await fetch(`http://${address}/v2/`, {signal: AbortSignal.timeout(2000)});
		return response.ok && response.headers.get('docker-distribution-api-version') !== null;
	} catch {
		return false;
	}
};

const runningPid = (home: string): number | undefined => {
	const {pid} = readState<RegistryState>(home, 'registry', {});
	return pid !== undefined && (commandLineOf(pid) ?? '').includes(configFile(home)) ? pid : undefined;
};

const portHolder = async (): Promise<string | undefined> => {
	const port = address.split(':')[1];
	return (await ask(['ss', '-Hltnp', `sport = :${port}`]))?.split('\n').filter(Boolean)[0];
};

const portIsTaken = async (): Promise<boolean> => {
	try {
		await fetch(`http://${address}/`, {signal: AbortSignal.timeout(2000)});
		return true;
	} catch (error) {
		const {cause} = error as {cause?: {code?: string}};
		return cause?.code !== 'ECONNREFUSED';
	}
};

/** The program: the machine's, or taken out of Debian's package without installing its service. */
const program = async (home: string): Promise<string> => {
	if (existsSync('/usr/bin/docker-registry')) return '/usr/bin/docker-registry';
	const folder = join(home, 'docker-registry');
	const file = join(folder, 'usr/bin/docker-registry');
	if (!existsSync(file)) {
		say('fetching the registry program from Debian …');
		await unpack(home, {name: 'docker-registry', suite: codename(), into: folder});
	}
	return file;
};

/**
 * Makes sure that the laboratory's registry answers on 127.0.0.1:5000 with its storage in the lab home.
 * One that runs already is used. Throws a LabError when something else holds the port, or the registry does not start.
 */
export const provideRegistry = async (home: string): Promise<void> => {
	if (runningPid(home) !== undefined && (await isRegistry())) return;
	if (await portIsTaken()) {
		const holder = await portHolder();
		throw new LabError(
			`Port 5000 of 127.0.0.1, where the laboratory's registry belongs, is held by something else${holder ? `:\n${holder}` : '.'}\nStop it, and run this again.`,
		);
	}
	const file = await program(home);
	mkdirSync(join(home, 'registry'), {recursive: true});
	writeFileSync(
		configFile(home),
		[
			'version: 0.1',
			'log: {level: warn, accesslog: {disabled: true}}',
			`storage: {filesystem: {rootdirectory: ${JSON.stringify(join(home, 'registry'))}}, cache: {blobdescriptor: inmemory}}`,
			`http: {addr: ${JSON.stringify(address)}}`,
			'',
		].join('\n'),
	);
	const log = logFile(home, 'registry');
	const output = openSync(log, 'a');
	const child = spawn(file, ['serve', configFile(home)], {detached: true, stdio: ['ignore', output, output]});
	let running = child.pid !== undefined;
	child.on('error', () => {
		running = false;
	});
	child.on('exit', () => {
		running = false;
	});
	child.unref();
	writeState(home, 'registry', {pid: child.pid} satisfies RegistryState);
	const deadline = Date.now() + startTimeoutMs;
	while (running && Date.now() < deadline) {
		if (await isRegistry()) return;
		await delay(50);
	}
	throw new LabError(`The registry did not start. The end of ${log}:\n${tailOf(log)}`);
};

/** The digest of an image's manifest in the registry, such as `sha256:…`; undefined when it has no such image. */
export const manifestDigest = async (repository: string, tag: string): Promise<string | undefined> => {
	const response = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, {
		method: 'HEAD',
		headers: {accept: manifestTypes},
	});
	return response.ok ? (response.headers.get('docker-content-digest') ?? undefined) : undefined;
};

/** The sizes in bytes of an image's layers as a pull transfers them, from the manifest in the registry. */
export const layerSizes = async (repository: string, tag: string): Promise<number[]> => {
	const response = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, {
		headers: {accept: manifestTypes},
	});
	const manifest = (await response.json()) as {layers?: {size: number}[]};
	return (manifest.layers ?? []).map(({size}) => size);
};

/** Stops the registry if it runs; its storage stays. Answers whether it did. */
export const stopRegistry = async (home: string): Promise<boolean> => {
	const pid = runningPid(home);
	removeState(home, 'registry');
	if (pid === undefined) return false;
	await endProcess(pid, stopTimeoutMs);
	return true;
};
