import {exec} from '../engine/compose.js';
import {giveVolume, logSince} from '../engine/docker.js';
import {SetupError} from '../errors.js';
import {tlsFile} from '../files/caddyfile.js';
import {proxyUser} from '../files/compose.js';
import {volumesOf} from '../files/names.js';
import type {TlsPhase} from '../files/proxy-private.js';
import {lookUpNames} from '../host/dns.js';
import {acmeProblems, explainAcme} from '../model/acme-log.js';
import {namesOf} from '../model/addresses.js';
import {type AcmeAuthority, acmeAuthorityOf, hasOwnAuthority} from '../model/authority.js';
import type {StepEvent} from '../model/events.js';
import {gateFor} from '../model/gate.js';
import {imageOf} from '../model/images.js';
import {judgeNames} from '../model/names.js';
import {extraAuthorities, rememberAuthorities, rootPath, writeAuthorities} from './authorities.js';
import {forgetShown, issuedFolder, issuedFor, issuedIn, keepShown, type Meanwhile} from './certificate-storage.js';
import type {Context, Step} from './context.js';
import {takeOwnCertificate} from './own-certificate.js';
import {
	forgetNames,
	gateOf,
	privateFiles,
	readPrivate,
	recordLoaded,
	reloadMeanwhile,
	reloadProxy,
	setGate,
	writePrivate,
} from './proxy.js';
import {containerOf, makeVolumes, startServices, waitHealthy} from './services.js';
import {siteOf} from './site.js';
import {pause} from './wait.js';

const certificateTimeoutMs = 60_000;
/** An authority takes its time; Caddy itself tries again after a minute. */
const acmeTimeoutMs = 240_000;
/** How long a trouble that may pass is watched. */
const patienceMs = 90_000;

const linesSince = async (context: Context, since: string) => {
	const container = await containerOf(context, 'proxy');
	if (!container) return [];
	const {stdout, stderr} = await context.host.run(logSince(container.id, since), {signal: context.signal});
	return `${stdout}\n${stderr}`.split('\n');
};

/** What this machine itself sees of a host name, where something is wrong with it. */
const seenOf = async (name: string, signal: AbortSignal) => {
	const report = await lookUpNames({names: [name], signal}).catch(() => null);
	const judged = report && judgeNames(report);
	return judged
		? judged.names.filter(({verdict}) => verdict === 'wrong').map(seen => `${name} ${seen.explanation}`)
		: [];
};

/**
 * Waits until every host name has what is wanted, and tells each; an authority's refusal ends it at once.
 * @throws SetupError that names the host name and what is wrong with it
 */
async function* waitFor(
	context: Context,
	names: readonly string[],
	{
		has,
		what,
		since,
		authority,
	}: {
		has(name: string): Promise<string | null>;
		what: string;
		since: string;
		/** The directory asked; null where nobody is. */
		authority: string | null;
	},
): AsyncGenerator<StepEvent> {
	const {signal} = context;
	const began = Date.now();
	const waiting = new Set(names);
	const total = names.length;
	for (;;) {
		for (const name of waiting) {
			const detail = await has(name);
			if (detail === null) continue;
			waiting.delete(name);
			yield {type: 'check', name: `${what} of ${name}`, ok: true, detail};
			yield {type: 'progress', item: what, current: total - waiting.size, total, unit: 'checks'};
		}
		if (waiting.size === 0) return;
		const problems = authority === null ? [] : [...acmeProblems(await linesSince(context, since)).values()];
		for (const problem of problems.filter(({name}) => waiting.has(name))) {
			const who = new URL(authority!).host;
			const {message, hint, isFinal} = explainAcme(problem, who);
			if (!isFinal && Date.now() - began <= patienceMs) continue;
			const {specify7, media, landing} = context.answers.hostnames;
			const isLanding = problem.name === landing && landing !== specify7 && landing !== media;
			throw new SetupError(message, {
				hint: isLanding
					? `${hint} If ${landing} is to lead elsewhere, leave out its page: --set hostnames.landing=null.`
					: hint,
				details: await seenOf(problem.name, signal),
			});
		}
		if (Date.now() - began > (authority === null ? certificateTimeoutMs : acmeTimeoutMs))
			throw new SetupError(`There is no ${what} for ${[...waiting].join(', ')} yet.`, {
				hint: 'Read "docker compose logs proxy"; after mending the cause run this again.',
			});
		await pause(500, signal);
	}
}

/**
 * Waits until visitors are shown a certificate that verifies for every host name.
 * @throws SetupError that names the host name and what is wrong with it
 */
export async function* waitForCertificates(
	context: Context,
	names: readonly string[],
	{since, isNew = () => true}: {since: string; isNew?(name: string, serial: string): boolean},
): AsyncGenerator<StepEvent> {
	const site = await siteOf(context);
	yield* waitFor(context, names, {
		has: async name => {
			const shown = await site.certificate(name);
			return shown.ok && isNew(name, shown.serial)
				? `by ${shown.issuer}, valid until ${shown.validTo.slice(0, 10)}`
				: null;
		},
		what: 'certificate',
		since,
		authority: acmeAuthorityOf(context.answers)?.directory ?? null,
	});
}

/**
 * Waits until the proxy has got a certificate of the answers' authority for every host name, whatever it shows.
 * @param authorities PEM certificates that are trusted besides the public ones
 * @throws SetupError that names the host name and what is wrong with it
 */
export const waitForIssue = (
	context: Context,
	names: readonly string[],
	{since, authorities}: {since: string; authorities: readonly string[]},
) =>
	waitFor(context, names, {
		has: async name => {
			const issuer = await issuedFor(context, name, authorities);
			return issuer === null ? null : `by ${issuer}`;
		},
		what: 'new certificate',
		since,
		authority: acmeAuthorityOf(context.answers)?.directory ?? null,
	});

/** The proxy does not run as root; what it keeps is its own, in a new volume as in one of an earlier version. */
const ownStorage = async ({host, answers, project, hurry}: Context) => {
	const storage = {volume: volumesOf(project).certificates, path: '/data', user: proxyUser};
	// A stop waits for it: it takes a moment, and cut off its container would stay.
	const command = giveVolume({...storage, image: imageOf(answers, 'proxy')});
	const {exitCode, stderr} = await host.run(command, {signal: hurry});
	if (exitCode !== 0)
		throw new SetupError(`The proxy's storage could not be prepared: ${stderr.trim()}`, {
			hint: 'Check the Docker engine with "docker info", then run this again.',
		});
};

/**
 * Makes the proxy serve with these ways to certificates, whether it ran before or not. Returns whether it was started.
 * @param meanwhile what it shows until the next reload, though others are being got
 */
async function* serve(
	context: Context,
	phaseOf: (name: string) => TlsPhase,
	meanwhile: Meanwhile,
): AsyncGenerator<StepEvent, boolean> {
	await writePrivate(context, await privateFiles(context, phaseOf));
	await forgetNames(context, namesOf(context.answers));
	const started = yield* startServices(context, ['proxy']);
	yield* waitHealthy(context, ['proxy']);
	// One that has just begun must not be made to ask an authority a second time, unless visitors would see nothing meanwhile.
	if (started && meanwhile.shown.length === 0) await recordLoaded(context);
	else await (meanwhile.wanted.length > 0 ? reloadMeanwhile(context, meanwhile) : reloadProxy(context));
	return started;
}

/**
 * Obtains a certificate from the authority's test environment for host names it has not issued for yet, so that a wrong record never
 * counts against the real one's limits.
 */
async function* rehearse(
	context: Context,
	names: readonly string[],
	{staging, meanwhile}: {staging: string; meanwhile: Meanwhile},
): AsyncGenerator<StepEvent> {
	const since = new Date().toISOString();
	try {
		yield* serve(context, name => (names.includes(name) ? 'staging' : 'final'), meanwhile);
		yield* waitFor(context, names, {
			has: async name =>
				(await issuedIn(context, issuedFolder(staging))).has(name) ? 'the test environment issues it' : null,
			what: 'rehearsal',
			since,
			authority: staging,
		});
	} finally {
		// The next rehearsal shall be one: an old certificate says nothing of the records of then.
		const folders = names.map(name => `${issuedFolder(staging)}/${name}`);
		await context.host.run(exec(context.directory, 'proxy', 'rm', '-rf', ...folders)).catch(() => {});
	}
}

/** The names that neither an authority nor its test environment has issued for here. */
const unproven = async (context: Context, {directory, staging}: AcmeAuthority) => {
	const isRunning = (await containerOf(context, 'proxy'))?.state === 'running';
	const folders = [directory, staging].flatMap(asked => (asked === null ? [] : [issuedFolder(asked)]));
	const proven = isRunning ? await issuedIn(context, ...folders) : new Set();
	return namesOf(context.answers).filter(name => !proven.has(name));
};

/**
 * Starts the proxy, and waits until every host name has a certificate that verifies. Writes down whom the installation trusts.
 * When it fails, what was served before comes back.
 */
export const certificates: Step = async function* (context) {
	const {directory, answers, observation} = context;
	await makeVolumes(context);
	await ownStorage(context);
	const authority = acmeAuthorityOf(answers);
	if (answers.certificates === 'own') yield* takeOwnCertificate(context);
	if ((await gateOf(context)) === 'missing')
		await setGate(context, gateFor(observation.database) === 'open' ? 'open' : 'closed');

	const kept = ['own.crt', 'own.key', 'authority.pem', 'eab.key'];
	const before = await readPrivate(context, [...namesOf(answers).map(tlsFile), ...kept]);
	const restoreAuthorities = await rememberAuthorities(context);
	// What works already is not put at stake: only a new way to a certificate is rehearsed.
	const isNew = observation.proxy.certificates !== 'final';
	let meanwhile: Meanwhile = {shown: [], wanted: []};
	try {
		const isGot = answers.proxy === 'public' && answers.certificates !== 'own';
		// A run that was killed meanwhile may have left the proxy without what its files say.
		if (isGot && (isNew || !observation.proxy.loaded)) meanwhile = await keepShown(context);
		const fresh = authority?.staging && isNew ? await unproven(context, authority) : [];
		if (fresh.length > 0) yield* rehearse(context, fresh, {staging: authority!.staging!, meanwhile});

		const since = new Date().toISOString();
		const started = yield* serve(context, () => 'final', meanwhile);
		const extra = await extraAuthorities(context);
		if (meanwhile.wanted.length > 0) yield* waitForIssue(context, meanwhile.wanted, {since, authorities: extra});
		// Specify must trust what is shown: the old until here, the new from here on.
		const trusted = await writeAuthorities(context, extra);
		if (meanwhile.wanted.length > 0) {
			await reloadProxy(context);
			await forgetShown(context);
		}
		const changed = started || trusted || !observation.proxy.loaded;
		if (answers.proxy === 'behind')
			return {
				changed,
				summary: `The proxy listens on port ${answers.ports.http} of this machine alone, for the web server in front.`,
			};
		const names = namesOf(answers);
		yield* waitForCertificates(context, names, {since});
		const root = hasOwnAuthority(answers) ? `; its root certificate is ${rootPath(directory)}` : '';
		return {changed, summary: `The proxy serves ${names.join(', ')}${root}.`};
	} catch (error) {
		// What was served before goes on; an authority that refused is not asked again behind anybody's back.
		await restoreAuthorities();
		// A run before this one, which was killed, has changed the files: with them alone nothing would be shown.
		const isLeft = !isNew && meanwhile.shown.length > 0;
		if (Object.keys(before).length > 0 && !isLeft) {
			await writePrivate(context, before);
			await reloadProxy({...context, signal: new AbortController().signal}, {force: true}).catch(() => {});
			if (meanwhile.shown.length > 0) await forgetShown(context);
		}
		throw error;
	}
};
