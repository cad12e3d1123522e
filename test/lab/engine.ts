import {spawn} from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	openSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {candidateVersion, install, unpack} from './apt.js';
import {
	ask,
	commandLineOf,
	endProcess,
	LabError,
	logFile,
	readState,
	removeState,
	runLogged,
	say,
	tailOf,
	timed,
	writeState,
} from './home.js';

/** What the laboratory did to have an engine, so that it can be undone. */
type EngineState = {startedBy?: 'systemd' | 'dockerd'; pid?: number; composePlugin?: string};

const composePlugin = '/usr/local/lib/docker/cli-plugins/docker-compose';
const startTimeoutMs = 90_000;
const stopTimeoutMs = 30_000;

/** Whether a Docker engine answers. (`docker info` of some versions exits 0 without one.) */
export const engineAnswers = async (): Promise<boolean> =>
	Boolean(await ask(['docker', 'version', '--format', '{{.Server.Version}}']));

const composeIsCurrent = async (): Promise<boolean> => {
	const version = await ask(['docker', 'compose', 'version', '--short']);
	return version !== undefined && Number.parseInt(version.replace(/^v/, ''), 10) >= 2;
};

const hasSystemd = (): boolean => existsSync('/run/systemd/system');

const isProgram = async (name: string): Promise<boolean> =>
	(await ask(['sh', '-c', `command -v ${name}`])) !== undefined;

/**
 * Makes sure that `docker` has an engine to talk to and Compose v2: installs and starts them from Debian's packages when
 * they are missing. Throws a LabError that says what failed and where its log is.
 */
export const provideEngine = async (home: string): Promise<void> => {
	if (!(await engineAnswers())) {
		const installed = (await isProgram('dockerd')) && (await isProgram('docker'));
		if (!installed) {
			say('installing a Docker engine from Debian packages …');
			const {took} = await timed(() => install(home, ['docker.io', 'iptables', 'ca-certificates'], ['docker-cli']));
			say(`installed the engine in ${took}`);
		}
		const {took} = await timed(() => startEngine(home));
		say(`started the engine in ${took}`);
	}
	if (!(await composeIsCurrent())) {
		const {took} = await timed(() => installCompose(home));
		say(`installed Compose in ${took}`);
	}
};

const startEngine = async (home: string): Promise<void> => {
	if (process.getuid?.() !== 0) {
		throw new LabError('No Docker engine answers, and only root can start one: run the laboratory as root.');
	}
	const state = readState<EngineState>(home, 'engine', {});
	if (hasSystemd()) {
		writeState(home, 'engine', {...state, startedBy: 'systemd'});
		await runLogged(['systemctl', 'start', 'docker'], {log: logFile(home, 'engine')});
		if (!(await answersWithin(startTimeoutMs, () => true))) {
			throw new LabError('The docker service runs but `docker info` does not answer: see `journalctl -u docker`.');
		}
		return;
	}
	removeStalePidFile();
	if (await tryDockerd(home, state)) return;
	// A kernel without nftables refuses Debian's default iptables; the engine then gets the older one, the machine keeps its own.
	const log = logFile(home, 'engine');
	const legacy = '/usr/sbin/iptables-legacy';
	if (/nf_tables|iptables|nft/i.test(tailOf(log, 40)) && existsSync(legacy)) {
		const folder = join(home, 'legacy-iptables');
		rmSync(folder, {recursive: true, force: true});
		mkdirSync(folder, {recursive: true});
		for (const name of ['iptables', 'ip6tables']) {
			for (const suffix of ['', '-save', '-restore']) {
				symlinkSync(`/usr/sbin/${name}-legacy${suffix}`, join(folder, `${name}${suffix}`));
			}
		}
		say('the engine did not start with nftables; trying the older iptables');
		if (await tryDockerd(home, state, folder)) return;
	}
	throw new LabError(`dockerd did not start. The end of ${log}:\n${tailOf(log)}`);
};

const tryDockerd = async (home: string, state: EngineState, firstInPath?: string): Promise<boolean> => {
	const log = openSync(logFile(home, 'engine'), 'a');
	const path = [firstInPath, process.env.PATH, '/usr/sbin', '/sbin'].filter(Boolean).join(':');
	const child = spawn('dockerd', [], {
		detached: true,
		stdio: ['ignore', log, log],
		env: {...process.env, PATH: path},
	});
	let running = child.pid !== undefined;
	child.on('error', () => {
		running = false;
	});
	child.on('exit', () => {
		running = false;
	});
	child.unref();
	if (child.pid !== undefined) writeState(home, 'engine', {...state, startedBy: 'dockerd', pid: child.pid});
	const answered = await answersWithin(startTimeoutMs, () => running);
	if (!answered && running && child.pid !== undefined) await endProcess(child.pid, stopTimeoutMs);
	return answered;
};

const answersWithin = async (timeoutMs: number, worthWaiting: () => boolean): Promise<boolean> => {
	const deadline = Date.now() + timeoutMs;
	while (Date.now() < deadline && worthWaiting()) {
		if (await engineAnswers()) return true;
		await delay(300);
	}
	return false;
};

/** After a container or machine restart the number in docker.pid may belong to another program; dockerd would give up. */
const removeStalePidFile = (): void => {
	const file = '/var/run/docker.pid';
	if (!existsSync(file)) return;
	const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
	if (!/(^|\/)dockerd\b/.test(commandLineOf(pid) ?? '')) rmSync(file, {force: true});
};

const installCompose = async (home: string): Promise<void> => {
	say('installing Compose v2 …');
	const candidate = (await candidateVersion(home, 'docker-compose')) ?? '';
	if (/^(\d+:)?[2-9]/.test(candidate)) {
		await install(home, ['docker-compose']);
	} else {
		const folder = join(home, 'compose');
		await unpack(home, {name: 'docker-compose', suite: 'trixie', into: folder});
		mkdirSync(join(composePlugin, '..'), {recursive: true});
		copyFileSync(join(folder, 'usr/libexec/docker/cli-plugins/docker-compose'), composePlugin);
		chmodSync(composePlugin, 0o755);
		rmSync(folder, {recursive: true, force: true});
		writeState(home, 'engine', {...readState<EngineState>(home, 'engine', {}), composePlugin});
	}
	if (!(await composeIsCurrent())) {
		throw new LabError('`docker compose version` still does not answer with version 2 after installing it.');
	}
};

/** Stops the engine if the laboratory started it. Answers whether it did. */
export const stopEngine = async (home: string): Promise<boolean> => {
	const {startedBy, pid, ...rest} = readState<EngineState>(home, 'engine', {});
	if (!startedBy) return false;
	if (startedBy === 'systemd') {
		await runLogged(['systemctl', 'stop', 'docker.socket', 'docker.service'], {log: logFile(home, 'engine')});
	} else {
		if (pid === undefined || !/(^|\/)dockerd\b/.test(commandLineOf(pid) ?? '')) {
			writeState(home, 'engine', rest);
			return false;
		}
		await endProcess(pid, stopTimeoutMs);
		await endContainerd();
	}
	writeState(home, 'engine', rest);
	return true;
};

/**
 * An engine that had to be killed leaves its containerd, or the number of one that has ended and that nobody asked after: the
 * next engine would wait for it.
 */
const endContainerd = async (): Promise<void> => {
	const folder = '/var/run/docker/containerd';
	const file = `${folder}/containerd.pid`;
	if (!existsSync(file)) return;
	const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
	if (commandLineOf(pid)?.includes(`${folder}/containerd.toml`)) await endProcess(pid, stopTimeoutMs);
	rmSync(file, {force: true});
};

/** Removes the Compose plugin if the laboratory put it there, and forgets what it knew of the engine. */
export const removeCompose = (home: string): string | undefined => {
	const {composePlugin: file} = readState<EngineState>(home, 'engine', {});
	removeState(home, 'engine');
	if (file === undefined || !existsSync(file) || !statSync(file).isFile()) return undefined;
	rmSync(file);
	return file;
};
