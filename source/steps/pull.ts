import {join} from 'node:path';
import type {PullMessage} from '../engine/api.js';
import {type Layer, layersOf} from '../engine/manifest.js';
import {Cancelled, messageOf, SetupError} from '../errors.js';
import {stateFolder} from '../files/names.js';
import type {Host} from '../host/host.js';
import {readRecord} from '../host/record.js';
import type {Answers} from '../model/answers.js';
import type {StepEvent} from '../model/events.js';
import {formatBytes} from '../model/format.js';
import {imageOf} from '../model/images.js';
import {pace, RateMeter} from '../model/rate.js';
import {serviceNames} from '../model/releases.js';
import {attemptsInAll, retryOf} from '../model/retry.js';
import {imageSpace, spareBytes} from '../model/space.js';
import type {Context, Step} from './context.js';
import {merge} from './merge.js';
import {retrying} from './retry.js';
import {requireSpace, spaceError} from './space.js';
import {isSpaceTrouble} from './trouble.js';

const progressIntervalMs = 250;
const imagesAtOnce = 2;
/** Unpacking a large layer on a slow disk is told of more often. */
const longestSilenceMs = 180_000;
const silenceCheckMs = 5000;

type LookUp = Pick<Context, 'host' | 'directory' | 'answers' | 'observation' | 'signal'>;

/** The images of the composition, each once. */
export const imagesOf = (answers: Answers) => [...new Set(serviceNames.map(service => imageOf(answers, service)))];

const digestsPath = (directory: string) => join(directory, stateFolder, 'digests.json');

/** The digest each image had when it was installed, by reference. */
export const readDigests = async (host: Host, directory: string): Promise<Record<string, string>> =>
	readRecord(host, digestsPath(directory));

/** Whether the engine has these images, with the digests recorded at install. */
export const observeImages = async ({
	host,
	engine,
	directory,
	answers,
}: Pick<Context, 'host' | 'engine' | 'directory' | 'answers'>) => {
	const digests = await readDigests(host, directory);
	const present = new Map(
		await Promise.all(
			imagesOf(answers).map(async reference => {
				const image = await engine.image(reference);
				const recorded = digests[reference];
				// Without a record it is fetched once more, which is quick, and recorded; an image built here has no digest.
				const known = recorded ? image?.digests.includes(recorded) : image?.digests.length === 0;
				return [reference, known === true] as const;
			}),
		),
	);
	return Object.fromEntries(serviceNames.map(service => [service, present.get(imageOf(answers, service))!]));
};

/** The registry part of a reference: `localhost:5000/library/redis:8.0` → `localhost:5000`; Docker Hub's have none. */
const registryOf = (reference: string) => {
	const [first = '', ...rest] = reference.split('/');
	return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : null;
};

const isInsecure = (reference: string, insecureRegistries: readonly string[]) => {
	const registry = registryOf(reference);
	return (
		registry !== null &&
		(/^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(registry) || insecureRegistries.includes(registry))
	);
};

/** A reference by its digest, where that is known. */
const pinned = (reference: string, digest: string | undefined) =>
	digest ? `${reference.replace(/:[^:/]+$/, '')}@${digest}` : reference;

/**
 * Layers of the images that are not here yet, by reference. A registry that does not answer is asked again.
 * @throws SetupError when the registry refuses, or does not answer at last
 */
export async function* missingLayers(
	{host, directory, answers, observation, signal}: LookUp,
	{attempts = attemptsInAll}: {attempts?: number} = {},
): AsyncGenerator<StepEvent, Map<string, Layer[]>> {
	const {engine} = observation;
	if (!engine.reachable) return new Map();
	const digests = await readDigests(host, directory);
	const missing = new Set(
		serviceNames.filter(service => !observation.images[service]).map(service => imageOf(answers, service)),
	);
	const found = new Map<string, Layer[]>();
	const look = async (reference: string) => {
		const insecure = isInsecure(reference, engine.insecureRegistries);
		try {
			const options = {architecture: engine.architecture, insecure, signal};
			found.set(reference, await layersOf(host, pinned(reference, digests[reference]), options));
			return [];
		} catch (error) {
			return [error instanceof Cancelled ? error : pullError(reference, messageOf(error), error)];
		}
	};
	let before = 0;
	const lookAtAll = async () => {
		before = found.size;
		const failures = (await Promise.all([...missing].filter(reference => !found.has(reference)).map(look))).flat();
		// What will not pass by itself is told, whatever else failed.
		const worst = failures.find(({message}) => retryOf(message) === 'final') ?? failures[0];
		if (worst) throw worst;
	};
	const item = registryOf([...missing][0] ?? '') ?? 'Docker Hub';
	yield* retrying(lookAtAll, {item, signal, attempts, hasMoved: () => found.size > before});
	return found;
}

/** Bytes of all layers, those that several images share counted once. */
export const distinctBytes = (images: Map<string, Layer[]>) => {
	const layers = new Map([...images.values()].flat().map(({digest, bytes}) => [digest, bytes]));
	return [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
};

/** Turns a registry's or the engine's words into the user's. */
export const pullError = (reference: string, message: string, cause?: unknown) => {
	const about = (hint: string) =>
		new SetupError(`The image ${reference} could not be fetched: ${message}`, {hint, exitCode: 1, cause});
	if (/no space left/i.test(message))
		return about(
			'The disk of the Docker engine is full. Free some space, then run this again: images that were fetched whole are kept.',
		);
	if (/manifest unknown|not found|no such manifest|does not exist/i.test(message))
		return about('There is no such version in the registry. Check specify7 and images.registry in your answers.');
	if (/unauthorized|denied|authentication required|no basic auth/i.test(message))
		return about(
			'The registry wants a login, or there is no such image: check images.registry, or run "docker login" for it.',
		);
	if (/toomanyrequests|rate limit/i.test(message))
		return about(
			'The registry limits how much one address may fetch. Wait an hour, or run "docker login", then run this again.',
		);
	return about(
		'Check that this machine reaches the registry (network, proxy, firewall), then run this again: images that were fetched whole are kept.',
	);
};

/** `before` is what was done when the engine told of it last but one; `retries` how often it began anew. */
type LayerState = {bytes: number; done: number; before: number; state: string; retries: number};

const newLayer = (bytes: number): LayerState => ({bytes, done: 0, before: 0, state: 'waiting', retries: 0});

/** Follows the engine's messages about one image. Layers are known by the first 12 digits of their digest. */
export class PullProgress {
	readonly layers = new Map<string, LayerState>();
	isFinished = false;
	private farthest = 0;

	constructor(layers: readonly Layer[]) {
		for (const {digest, bytes} of layers)
			this.layers.set(digest.slice('sha256:'.length, 'sha256:'.length + 12), newLayer(bytes));
	}

	get total() {
		return this.sum(({bytes}) => bytes);
	}

	get current() {
		return this.sum(({done}) => done);
	}

	/** Takes a message in; returns the layer it was about. */
	take({id, status, progressDetail}: PullMessage): string | null {
		if (!id || !status || !/^[0-9a-f]{12}$/.test(id)) return null;
		const layer = this.layers.get(id) ?? newLayer(progressDetail?.total ?? 0);
		this.layers.set(id, layer);
		if (status === 'Downloading') {
			const {current = 0, total = 0} = progressDetail ?? {};
			layer.bytes ||= total;
			layer.before = layer.done;
			// A layer that broke off goes on where it was, and the engine counts the rest alone.
			layer.done = Math.min(current + Math.max(0, layer.bytes - (total || layer.bytes)), layer.bytes);
			layer.state = 'downloading';
		} else if (status === 'Pulling fs layer') {
			layer.done = 0;
			layer.state = 'waiting';
		} else if (/^(Download complete|Verifying Checksum|Extracting|Pull complete|Already exists)$/.test(status)) {
			layer.done = layer.bytes;
			layer.state =
				{Extracting: 'unpacking', 'Pull complete': 'done', 'Already exists': 'done'}[status] ?? 'downloaded';
		} else if (/^Retrying/.test(status)) {
			if (layer.state !== 'retrying') {
				// The engine tells of a layer that broke off as if it had come to its end.
				layer.done = layer.before;
				layer.retries += 1;
			}
			layer.state = 'retrying';
		}
		return id;
	}

	/** The pull broke off: what was under way has not arrived. Tells whether it had come further than ever. */
	breakOff(): boolean {
		for (const layer of this.layers.values())
			if (layer.state === 'downloading') Object.assign(layer, {done: layer.before, state: 'waiting'});
		const hasMoved = this.current > this.farthest;
		this.farthest = Math.max(this.farthest, this.current);
		return hasMoved;
	}

	/** The engine says nothing of layers it already has. */
	finish() {
		this.isFinished = true;
		for (const layer of this.layers.values()) layer.done = layer.bytes;
	}

	private sum(of: (layer: LayerState) => number) {
		let total = 0;
		for (const layer of this.layers.values()) total += of(layer);
		return total;
	}
}

/** Seconds in the engine's "Retrying in 5 seconds". */
const secondsIn = (status = '') => Number(/\d+/.exec(status)?.[0] ?? 0);

/** When the engine last said anything about any image: one may wait long for another's layers. */
type Heard = {at: number};

/** A pull's messages. @throws Error when the engine says nothing at all for minutes, as when a registry stopped sending */
async function* messagesOf(engine: Context['engine'], pulled: string, heard: Heard, signal: AbortSignal) {
	const silence = new AbortController();
	heard.at = Date.now();
	const timer = setInterval(() => {
		if (Date.now() - heard.at > longestSilenceMs) silence.abort();
	}, silenceCheckMs);
	try {
		for await (const message of engine.pull(pulled, {signal: AbortSignal.any([signal, silence.signal])})) {
			heard.at = Date.now();
			yield message;
		}
	} catch (error) {
		if (!silence.signal.aborted) throw error;
		throw new Error(`no bytes came for ${longestSilenceMs / 60_000} minutes: timed out`);
	} finally {
		clearInterval(timer);
	}
}

async function* pullImage(
	{engine, signal}: Pick<Context, 'engine' | 'signal'>,
	reference: string,
	progress: PullProgress,
	recorded: string | undefined,
	heard: Heard,
): AsyncGenerator<StepEvent> {
	const meter = new RateMeter();
	let shownAt = 0;
	/** Of which retry of a layer was told, by its id. */
	const told = new Map<string, number>();
	const pulled = pinned(reference, recorded);
	const event = (state: string): StepEvent => ({
		type: 'progress',
		item: reference,
		current: progress.current,
		total: progress.total,
		unit: 'bytes',
		state,
		...pace(meter, progress.current, progress.total),
	});
	async function* attempt(): AsyncGenerator<StepEvent> {
		for await (const message of messagesOf(engine, pulled, heard, signal)) {
			if (message.error) throw new Error(message.error);
			const id = progress.take(message);
			const layer = id === null ? undefined : progress.layers.get(id);
			const now = Date.now();
			if (!layer) continue;
			const isRetry = layer.state === 'retrying';
			// Its countdown is told once.
			if (isRetry && told.get(id!) === layer.retries) continue;
			if (!isRetry && now - shownAt < progressIntervalMs && layer.state !== 'done') continue;
			shownAt = now;
			yield {
				type: 'progress',
				item: id!,
				parent: reference,
				current: layer.done,
				total: layer.bytes,
				unit: 'bytes',
				state: layer.state,
			};
			yield event(progress.current < progress.total ? 'downloading' : 'unpacking');
			if (!isRetry) continue;
			told.set(id!, layer.retries);
			yield {
				type: 'retry',
				item: reference,
				reason: 'a layer broke off',
				attempt: layer.retries + 1,
				of: null,
				until: now + secondsIn(message.status) * 1000,
			};
		}
		// An engine that stops says that the stream is over as if all were well.
		if (!(await engine.image(pulled))) throw new Error('the engine ended the transfer: connection lost');
	}
	try {
		yield* retrying(attempt, {item: reference, signal, hasMoved: () => progress.breakOff()});
		if (recorded) await engine.tag(pulled, reference);
	} catch (error) {
		if (signal.aborted) throw new Cancelled();
		throw pullError(reference, messageOf(error), error);
	}
	progress.finish();
	yield event('done');
}

const imageLack = async ({host, observation}: Pick<Context, 'host' | 'observation'>, bytes: number) => {
	const where = observation.engine.reachable ? observation.engine.dataFolder : '/';
	return {what: 'the images', where, needBytes: imageSpace(bytes), spareBytes, freeBytes: await host.freeBytes(where)};
};

/** Fetches the images that are missing; an image whose digest is recorded is fetched by it, so that it is the same again. */
export const pull: Step = async function* (context) {
	const {host, engine, directory, answers} = context;
	const digests = await readDigests(host, directory);
	const missing = yield* missingLayers(context);
	const bytes = distinctBytes(missing);
	// The machine may have filled since it was looked at.
	requireSpace(await imageLack(context, bytes));
	const progress = new Map([...missing].map(([reference, layers]) => [reference, new PullProgress(layers)]));
	// All of them first: then it is known from the beginning how much there is.
	for (const [reference, {total}] of progress)
		yield {type: 'progress', item: reference, current: 0, total, unit: 'bytes', state: 'waiting'};
	// When one fails, the others must not go on behind it.
	const end = new AbortController();
	const given = {engine, signal: AbortSignal.any([context.signal, end.signal])};
	const heard = {at: Date.now()};
	try {
		yield* merge(
			[...progress].map(([reference, seen]) => pullImage(given, reference, seen, digests[reference], heard)),
			{limit: imagesAtOnce},
		);
	} catch (error) {
		if (!isSpaceTrouble(error)) throw error;
		const left = [...missing].filter(([reference]) => !progress.get(reference)!.isFinished);
		throw spaceError({
			...(await imageLack(context, distinctBytes(new Map(left)))),
			kept: 'images that were fetched whole are kept, and nothing that runs was touched.',
			cause: error,
		});
	} finally {
		end.abort();
	}
	for (const reference of imagesOf(answers)) {
		const image = await engine.image(reference);
		if (!image) throw pullError(reference, 'the engine does not have it after fetching it');
		const recorded = digests[reference];
		if (recorded && !image.digests.includes(recorded))
			throw new SetupError(`The image ${reference} is not the one that was installed.`, {
				hint: `Fetch the installed one with "docker pull ${pinned(reference, recorded)}", then run this again.`,
			});
		// An image that was built here has no digest that could be fetched again.
		if (image.digests[0]) digests[reference] ??= image.digests[0];
	}
	await host.write(digestsPath(directory), JSON.stringify(digests, null, '\t'), 0o600);
	return {
		changed: missing.size > 0,
		summary: missing.size > 0 ? `${missing.size} images fetched (${formatBytes(bytes)}).` : 'All images are here.',
	};
};
