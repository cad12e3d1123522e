import {join} from 'node:path';
import {startContainer} from '../engine/docker.js';
import {Cancelled, messageOf, SetupError} from '../errors.js';
import {environmentCopy, previousFolder, stampOf} from '../files/names.js';
import type {Host} from '../host/host.js';
import {type Finding, type Fix, fixes, type Mended} from '../model/doctor.js';
import {gateFor} from '../model/gate.js';
import {isUnfinished} from '../model/last-run.js';
import {type ServiceName, serviceNames} from '../model/releases.js';
import {newRunName} from '../run/journal.js';
import {lock} from '../run/lock.js';
import {lostAnswers} from '../run/lost-answers.js';
import {lastRunOf} from '../run/status.js';
import type {Context} from '../steps/context.js';
import {observeDatabase} from '../steps/database.js';
import {moveGate} from '../steps/gate.js';
import {reloadProxy} from '../steps/proxy.js';
import {clearLeftovers, waitHealthy} from '../steps/services.js';
import {seenModes} from './checks.js';

const startTimeoutMs = 240_000;

type Given = {host: Host; directory: string; open(): Promise<Context>};

/** Puts the copy where `.env` was; never over one that is there. */
const restoreEnvironment = async ({host, directory}: Given) => {
	const path = join(directory, '.env');
	const copy = await host.read(join(directory, environmentCopy));
	if (copy === null || (await host.read(path)) !== null) return '';
	await host.write(path, copy, 0o600);
	return path;
};

/** Puts the answers that were installed last where they got lost. What stands in an empty file, such as a comment, is kept. */
const restoreAnswers = async ({host, directory}: Given) => {
	const lost = await lostAnswers({host, directory});
	const text = lost?.newest ? await host.read(lost.newest) : null;
	if (text === null) return '';
	const path = join(directory, 'specify.yaml');
	const before = (await host.read(path)) ?? '';
	if (before.trim() !== '') await host.write(join(directory, previousFolder, stampOf(), 'specify.yaml'), before, 0o600);
	await host.write(path, text, 0o644);
	return path;
};

const setModes = async ({host, directory, open}: Given) => {
	const context = await open().catch(() => null);
	const wrong = (await seenModes({host, directory, context})).filter(
		({mode, wanted}) => mode !== null && mode !== wanted,
	);
	for (const {path, wanted} of wrong) await host.setMode(join(directory, path), wanted);
	return wrong.map(({path}) => path).join(', ');
};

/** Starts containers as they were made, and waits until they answer. */
const start = async (context: Context, services: readonly ServiceName[]) => {
	const {host, observation, signal} = context;
	for (const service of services) {
		const {exitCode, stderr} = await host.run(startContainer(observation.services[service]!.container!), {signal});
		if (exitCode !== 0)
			throw new SetupError(`Docker could not start ${service}: ${stderr.trim().split('\n').pop()}`, {
				hint: `Read "docker compose logs ${service}".`,
			});
	}
	await untilHealthy(context, services);
};

const untilHealthy = async (context: Context, services: readonly ServiceName[]) => {
	const waiting = waitHealthy(context, services, {timeoutMs: startTimeoutMs});
	while (!(await waiting.next()).done);
};

/** @throws SetupError when Specify may be stopped on purpose: it must not work on a database that is being loaded */
const refuseHalfLoaded = async (context: Context) => {
	const {start: began} = await observeDatabase(context);
	if (began?.kind === 'dump' && !began.finished)
		throw new SetupError(`The load of ${began.source} did not finish, so that Specify stays stopped.`, {
			hint: 'Run "specify-setup install --yes": it continues.',
		});
};

/** @throws SetupError when the last run did not finish */
const refuseUnfinished = async (directory: string, consequence: string) => {
	if (isUnfinished(await lastRunOf(directory)))
		throw new SetupError(`The last run did not finish, so that ${consequence}.`, {
			hint: 'Run "specify-setup install --yes": it continues.',
		});
};

/** Starts what is stopped, database and proxy first. Not after a run that stopped halfway: it may wait on purpose. */
const startStopped = async ({directory, open}: Given) => {
	const context = await open();
	await refuseUnfinished(directory, 'services may be stopped on purpose');
	const {services} = context.observation;
	const isSpecify = (service: ServiceName) => service === 'specify7' || service === 'worker';
	const inState = (...states: string[]) =>
		serviceNames.filter(service => states.includes(services[service]?.state ?? ''));
	const stopped = inState('exited', 'created');
	await start(
		context,
		stopped.filter(service => !isSpecify(service)),
	);
	if (stopped.some(isSpecify)) await refuseHalfLoaded(context);
	await start(context, stopped.filter(isSpecify));
	// Those who missed the others need a while to find them again.
	await untilHealthy(context, inState('healthy', 'starting', 'unhealthy').filter(isSpecify));
	return stopped.join(', ');
};

const removeLeftovers = async ({open}: Given) => (await clearLeftovers(await open())).join(', ');

const loadConfiguration = async ({directory, open}: Given) => {
	await refuseUnfinished(directory, 'the proxy may show other certificates than its files say, on purpose');
	await reloadProxy(await open());
	return '';
};

/** Only where Specify has a user now, whatever was seen before. */
const openGate = async ({open}: Given) => {
	const context = await open();
	if (gateFor(await observeDatabase(context)) !== 'open') return 'Specify has no user, so that it stays closed';
	await moveGate(context, 'open');
	return '';
};

const works: Record<Fix, (given: Given) => Promise<string>> = {
	answers: restoreAnswers,
	environment: restoreEnvironment,
	modes: setModes,
	// Taking the lock of this call has taken the other one's place.
	lock: async () => '',
	leftovers: removeLeftovers,
	start: startStopped,
	proxy: loadConfiguration,
	gate: openGate,
};

/**
 * Mends what the findings say can be mended safely, while it holds the installation's lock. What fails is told, and the rest goes on.
 * @param open reads the installation anew
 * @throws SetupError (exit code 4) when a run is under way
 */
export const mend = async (findings: readonly Finding[], given: Given): Promise<Mended[]> => {
	const wanted = new Set(findings.flatMap(({fix}) => fix ?? []));
	if (wanted.size === 0) return [];
	const unlock = await lock(given.directory, newRunName(), 'doctor --fix');
	try {
		const mended: Mended[] = [];
		for (const fix of Object.keys(fixes) as Fix[]) {
			if (!wanted.has(fix)) continue;
			try {
				mended.push({fix, done: true, detail: await works[fix](given)});
			} catch (error) {
				if (error instanceof Cancelled) throw error;
				const remedy = error instanceof SetupError ? ` ${error.hint}` : '';
				mended.push({fix, done: false, detail: `${messageOf(error)}${remedy}`});
			}
		}
		return mended;
	} finally {
		await unlock();
	}
};
