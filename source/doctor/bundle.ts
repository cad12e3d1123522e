import {createHash} from 'node:crypto';
import {type FileHandle, lstat, open as openFile, readdir, readlink, rm} from 'node:fs/promises';
import {arch, release} from 'node:os';
import {dirname, join} from 'node:path';
import {createGzip} from 'node:zlib';
import {pack} from 'tar-stream';
import {type Engine, type EngineStreams, engineAt, findSocket} from '../engine/api.js';
import {version as composeVersion, composition} from '../engine/compose.js';
import {diskUse, inspect} from '../engine/docker.js';
import {exitCodes, messageOf, SetupError} from '../errors.js';
import {labels} from '../files/compose.js';
import {hashOf, isKeepable} from '../files/installation.js';
import {projectFile, projectName, volumesOf} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import type {Report} from '../model/doctor.js';
import {withoutNamedSecrets} from '../model/redact.js';
import {journalFolder} from '../run/journal.js';
import {readHashes} from '../steps/edits.js';
import {freeSpace} from './questions.js';
import {redactorOf} from './secrets.js';

const logLines = 2000;
const newestJournals = 10;
/** Of a journal its end is packed: what happened last matters most. Bytes. */
const longestJournal = 4 * 2 ** 20;
const timeoutMs = 60_000;

/** A file of the bundle; `why` tells people what it is for. */
type Part = {name: string; why: string; text(): Promise<string>};

export type BundleRequest = {
	host: Host;
	directory: string;
	/** Where it is written; nothing may be there yet. */
	output: string;
	/** Of this tool. */
	tool: string;
	/** Null when they cannot be read. */
	answers: Answers | null;
	/** What the doctor finds. */
	diagnose(): Promise<Report>;
	signal: AbortSignal;
	/** Instead of the machine's own. */
	engine?: Pick<Engine & EngineStreams, 'containers' | 'logs' | 'info'>;
};

/** What is in a bundle that was written. Bytes, unpacked. */
export type Bundle = {path: string; files: {name: string; why: string; bytes: number; problem: string | null}[]};

const json = (value: unknown) => `${JSON.stringify(value, null, '\t')}\n`;

const output = async ({host, signal}: BundleRequest, command: Parameters<Host['run']>[0]) => {
	const {exitCode, stdout, stderr} = await host.run(command, {signal, timeoutMs});
	if (exitCode !== 0) throw new Error(stderr.trim().split('\n').pop() || `exit code ${exitCode}`);
	return stdout;
};

/** The end of a file, from the beginning of a line. */
const endOf = async (path: string, bytes: number) => {
	let file: FileHandle | undefined;
	try {
		file = await openFile(path);
		const {size} = await file.stat();
		const from = Math.max(0, size - bytes);
		const buffer = Buffer.alloc(size - from);
		await file.read(buffer, 0, buffer.length, from);
		const text = buffer.toString('utf8');
		return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
	} finally {
		await file?.close();
	}
};

const journals = async ({host, directory}: BundleRequest): Promise<Part[]> => {
	const folder = journalFolder(directory);
	const names = (await host.list(folder)).filter(name => name.endsWith('.jsonl')).sort();
	return names.slice(-newestJournals).map(name => ({
		name: `journals/${name}`,
		why: 'what a run did: "specify-setup replay" shows it',
		text: () => endOf(join(folder, name), longestJournal),
	}));
};

/**
 * What is said of a file's content: the hash of what was generated for everybody to read. Of all else, the user's own edits
 * too, secrets may be a part, and a guess at them could be tried on a hash.
 */
const contentOf = async ({host, directory}: BundleRequest, hashes: Record<string, string>, name: string) => {
	if (!isKeepable(name) || hashes[name] === undefined) return '-';
	const text = await host.read(join(directory, name));
	if (text === null) return '-';
	return hashes[name].split(' ').includes(hashOf(text)) ? createHash('sha256').update(text).digest('hex') : 'edited';
};

/** A row for each file below the folder: permissions, owner, bytes, content, path. */
const listing = async (request: BundleRequest): Promise<string> => {
	const {host, directory} = request;
	const hashes = await readHashes(host, directory);
	const entries = await readdir(directory, {recursive: true, withFileTypes: true});
	const rows = entries.map(async entry => {
		const path = join(entry.parentPath, entry.name);
		const name = path.slice(directory.length + 1);
		try {
			const facts = await lstat(path);
			const mode = (facts.mode & 0o7777).toString(8).padStart(4, '0');
			const hash = entry.isDirectory()
				? 'folder'
				: entry.isSymbolicLink()
					? `leads to ${await readlink(path)}`
					: await contentOf(request, hashes, name);
			return [name, `${mode} ${facts.uid}:${facts.gid} ${facts.size} ${hash} ${name}`] as const;
		} catch (error) {
			return [name, `? ${name}: ${messageOf(error)}`] as const;
		}
	});
	const sorted = (await Promise.all(rows)).sort(([one], [other]) => (one < other ? -1 : 1));
	return sorted.map(([, row]) => `${row}\n`).join('');
};

/** Those of earlier versions could be tried for the database's password. */
const withoutSeals = (composition: string) => composition.replace(new RegExp(`(${labels.content}: ).*`, 'g'), '$1-');

// biome-ignore lint/suspicious/noExplicitAny: the API's own shape
const withoutValues = (container: any) => ({
	...container,
	Config: {
		...container.Config,
		Env: (container.Config?.Env ?? []).map((row: string) => row.split('=', 1)[0]),
		// Compose makes the hash of the environment, values and all.
		Labels: {...container.Config?.Labels, 'com.docker.compose.config-hash': '-', [labels.content]: '-'},
	},
});

const logOf = async (engine: Pick<EngineStreams, 'logs'>, id: string, signal: AbortSignal) => {
	const lines: string[] = [];
	for await (const {at, line, source} of engine.logs(id, {tail: logLines, signal}))
		lines.push(`${at} ${source === 'stderr' ? 'E' : ' '} ${line}\n`);
	return lines.join('');
};

/** The Compose project a folder's data belong to. */
const projectOf = async ({host, directory}: BundleRequest) =>
	(await host.read(join(directory, projectFile)))?.split('\n').find(row => /^[a-z0-9]/.test(row)) ??
	projectName(directory);

/** What concerns containers; nothing but its own failure where the engine does not answer. */
const engineParts = async (request: BundleRequest): Promise<Part[]> => {
	const {host, signal} = request;
	const failed = (error: unknown): Part[] => [
		{
			name: 'containers.json',
			why: 'states of the containers',
			text: () => Promise.reject(error),
		},
	];
	try {
		const engine = request.engine ?? engineAt(await findSocket(host));
		const project = await projectOf(request);
		const containers = await engine.containers(project);
		if (containers.length === 0) return failed(new Error(`the engine has no containers of ${project}`));
		return [
			{
				name: 'containers.json',
				why: 'states of the containers; of their environment the names alone',
				async text() {
					const facts = JSON.parse(await output(request, inspect(containers.map(({id}) => id)))) as unknown[];
					return json(facts.map(withoutValues));
				},
			},
			...containers.map(({id, service, name}) => ({
				name: `logs/${service ?? name}${containers.filter(other => other.service === service).length > 1 ? `-${name}` : ''}.log`,
				why: `the last ${logLines} lines the service wrote`,
				text: () => logOf(engine, id, signal),
			})),
		];
	} catch (error) {
		return failed(error);
	}
};

const versions = async (request: BundleRequest) => {
	const {host, tool, engine} = request;
	const saying = async (work: () => Promise<unknown>) => work().catch(error => `unknown: ${messageOf(error)}`);
	const system = (await host.read('/etc/os-release').catch(() => null)) ?? '';
	return json({
		'specify-setup': tool,
		node: process.version,
		system: /^PRETTY_NAME="?(.*?)"?$/m.exec(system)?.[1] ?? process.platform,
		kernel: release(),
		architecture: arch(),
		engine: await saying(async () => (engine ?? engineAt(await findSocket(host))).info()),
		compose: await saying(async () => (await output(request, composeVersion())).trim()),
	});
};

const disk = async (request: BundleRequest) => {
	const {host, directory, engine} = request;
	const folder = await Promise.resolve()
		.then(async () => (engine ?? engineAt(await findSocket(host))).info())
		.then(
			({dataFolder}) => dataFolder,
			() => null,
		);
	const volumes = Object.values(volumesOf(await projectOf(request)));
	const texts = [
		output(request, freeSpace([directory, ...(folder ? [folder] : [])])),
		// What else this machine does is nobody's business.
		output(request, diskUse()).then(text =>
			text
				.split('\n')
				.filter(row => /^VOLUME NAME/.test(row) || volumes.includes(row.split(/\s+/)[0]!))
				.join('\n'),
		),
	].map(text => text.catch(error => messageOf(error)));
	return `${(await Promise.all(texts)).join('\n')}\n`;
};

const partsOf = async (request: BundleRequest): Promise<Part[]> => {
	const {host, directory} = request;
	return [
		{name: 'doctor.json', why: 'what "specify-setup doctor" finds', text: async () => json(await request.diagnose())},
		{
			name: 'specify.yaml',
			why: 'the answers',
			async text() {
				const text = await host.read(join(directory, 'specify.yaml'));
				if (text === null) throw new Error('there is no such file');
				return text;
			},
		},
		{
			name: 'composition.yaml',
			why: 'the services as Docker Compose reads them, variables as names',
			text: async () => withoutSeals(withoutNamedSecrets(await output(request, composition(directory)))),
		},
		{name: 'versions.json', why: 'of this tool, Node, system, engine and Compose', text: () => versions(request)},
		{
			name: 'files.txt',
			why: 'permissions, owner and size of each file in the folder; of those generated without secrets the SHA-256, too',
			text: () => listing(request),
		},
		{name: 'disk.txt', why: 'what is free, and how large the volumes are', text: () => disk(request)},
		...(await engineParts(request)),
		...(await journals(request)),
	];
};

/** What is said of a bundle in itself. */
const readme = (tool: string, directory: string, files: Bundle['files']) =>
	[
		`Made by specify-setup ${tool} of the installation in ${directory}, for somebody who helps.`,
		'',
		'Taken out: every value of .env, now and earlier, also in base64 and URL encoding; private keys; keys of external',
		'accounts; session cookies and login headers; passwords in addresses. [secret] stands in their place.',
		'Left in: e-mail addresses, names of people and hosts, file names, and what services wrote about their work.',
		'Not packed: .env, the database, attachments, certificates, and files of your own',
		'(compose.override.yaml, Caddyfile.d/, local_settings.d/), but for what composition.yaml takes from them.',
		'',
		...files.map(({name, why, problem}) => `${name}: ${why}${problem ? ` (could not be had: ${problem})` : ''}`),
		'',
	].join('\n');

/**
 * Writes one archive (.tar.gz, 0600) of all a helper needs and no secret. A part that cannot be had says why in its place.
 * @throws SetupError when something is at the output already, or it cannot be written
 */
export const writeBundle = async (request: BundleRequest): Promise<Bundle> => {
	const {host, directory, output: path, tool, signal} = request;
	await requirePlace(path);
	const redact = await redactorOf({host, directory}, request.answers);
	const texts: {name: string; text: string}[] = [];
	const files: Bundle['files'] = [];
	for (const {name, why, text} of await partsOf(request)) {
		let content: string;
		let problem: string | null = null;
		try {
			content = redact(await text());
		} catch (error) {
			if (signal.aborted) throw error;
			problem = redact(messageOf(error));
			content = `could not be had: ${problem}\n`;
		}
		texts.push({name, text: content});
		files.push({name, why, bytes: Buffer.byteLength(content), problem});
	}
	texts.unshift({name: 'readme.txt', text: redact(readme(tool, directory, files))});
	await writeArchive(path, texts);
	return {path, files};
};

/** Why nothing can be written there, told before the long look at everything. */
const noPlace = (path: string, error: NodeJS.ErrnoException) => {
	const reason =
		error.code === 'ENOENT' ? `there is no folder ${dirname(path)}` : error.message.replace(/, \w+ '.*$/, '');
	return new SetupError(
		error.code === 'EEXIST' ? `There is a file ${path} already.` : `The bundle cannot be written: ${reason}.`,
		{hint: 'Name another file with --output.', exitCode: exitCodes.usage, cause: error},
	);
};

/** @throws SetupError (exit code 2) when no file can be made at a path. Leaves nothing there. */
const requirePlace = async (path: string) => {
	const file = await openFile(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
		throw noPlace(path, error);
	});
	await file.close();
	await rm(path, {force: true});
};

const writeArchive = async (path: string, texts: readonly {name: string; text: string}[]) => {
	const folder =
		path
			.split('/')
			.pop()!
			.replace(/\.tar\.gz$|\.tgz$/, '') || 'bundle';
	const archive = pack();
	for (const {name, text} of texts) archive.entry({name: `${folder}/${name}`, mode: 0o600}, text);
	archive.finalize();
	const file = await openFile(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
		throw noPlace(path, error);
	});
	try {
		const parts: Buffer[] = [];
		for await (const part of archive.pipe(createGzip({level: 9}))) parts.push(part as Buffer);
		await file.chmod(0o600);
		await file.writeFile(Buffer.concat(parts));
		await file.sync();
	} catch (error) {
		await rm(path, {force: true});
		throw new SetupError(`The bundle could not be written: ${messageOf(error)}.`, {
			hint: 'Look whether the disk is full, or name another file with --output.',
			cause: error,
		});
	} finally {
		await file.close();
	}
};
