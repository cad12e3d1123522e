import {join} from 'node:path';
import type {PullMessage} from '../engine/api.js';
import {type Layer, layersOf} from '../engine/manifest.js';
import {Cancelled, messageOf, SetupError} from '../errors.js';
import {stateFolder} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import type {StepEvent} from '../model/events.js';
import {formatBytes} from '../model/format.js';
import {imageOf} from '../model/images.js';
import {pace, RateMeter} from '../model/rate.js';
import {serviceNames} from '../model/releases.js';
import type {Context, Step} from './context.js';
import {merge} from './merge.js';

const progressIntervalMs = 250;
const imagesAtOnce = 2;

/** The images of the composition, each once. */
export const imagesOf = (answers: Answers) => [...new Set(serviceNames.map(service => imageOf(answers, service)))];

const digestsPath = (directory: string) => join(directory, stateFolder, 'digests.json');

/** The digest each image had when it was installed, by reference. */
export const readDigests = async (host: Host, directory: string): Promise<Record<string, string>> =>
	JSON.parse((await host.read(digestsPath(directory))) ?? '{}') as Record<string, string>;

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

/** Layers of the images that are not here yet, by reference. @throws SetupError when the registry refuses or does not answer */
export const missingLayers = async ({
	host,
	directory,
	answers,
	observation,
	signal,
}: Pick<Context, 'host' | 'directory' | 'answers' | 'observation' | 'signal'>): Promise<Map<string, Layer[]>> => {
	const {engine} = observation;
	if (!engine.reachable) return new Map();
	const digests = await readDigests(host, directory);
	const missing = new Set(
		serviceNames.filter(service => !observation.images[service]).map(service => imageOf(answers, service)),
	);
	return new Map(
		await Promise.all(
			[...missing].map(async reference => {
				const options = {
					architecture: engine.architecture,
					insecure: isInsecure(reference, engine.insecureRegistries),
					signal,
				};
				try {
					return [reference, await layersOf(host, pinned(reference, digests[reference]), options)] as const;
				} catch (error) {
					if (error instanceof Cancelled) throw error;
					throw pullError(reference, messageOf(error), error);
				}
			}),
		),
	);
};

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
			'The disk of the Docker engine is full. Free some space, then run this again: what was fetched is kept.',
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
		'Check that this machine reaches the registry (network, proxy, firewall), then run this again: what was fetched is kept.',
	);
};

type LayerState = {bytes: number; done: number; state: string};

/** Follows the engine's messages about one image. Layers are known by the first 12 digits of their digest. */
export class PullProgress {
	readonly layers = new Map<string, LayerState>();

	constructor(layers: readonly Layer[]) {
		for (const {digest, bytes} of layers)
			this.layers.set(digest.slice('sha256:'.length, 'sha256:'.length + 12), {bytes, done: 0, state: 'waiting'});
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
		const layer = this.layers.get(id) ?? {bytes: progressDetail?.total ?? 0, done: 0, state: 'waiting'};
		this.layers.set(id, layer);
		if (status === 'Downloading') {
			layer.bytes ||= progressDetail?.total ?? 0;
			layer.done = Math.min(progressDetail?.current ?? 0, layer.bytes);
			layer.state = 'downloading';
		} else if (/^(Download complete|Verifying Checksum|Extracting|Pull complete|Already exists)$/.test(status)) {
			layer.done = layer.bytes;
			layer.state =
				{Extracting: 'unpacking', 'Pull complete': 'done', 'Already exists': 'done'}[status] ?? 'downloaded';
		} else if (/^Retrying/.test(status)) layer.state = 'retrying';
		return id;
	}

	/** The engine says nothing of layers it already has. */
	finish() {
		for (const layer of this.layers.values()) layer.done = layer.bytes;
	}

	private sum(of: (layer: LayerState) => number) {
		let total = 0;
		for (const layer of this.layers.values()) total += of(layer);
		return total;
	}
}

async function* pullImage(
	{engine, signal}: Pick<Context, 'engine' | 'signal'>,
	reference: string,
	layers: readonly Layer[],
	recorded: string | undefined,
): AsyncGenerator<StepEvent> {
	const progress = new PullProgress(layers);
	const meter = new RateMeter();
	let shownAt = 0;
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
	try {
		for await (const message of engine.pull(pulled, {signal})) {
			if (message.error) throw new Error(message.error);
			const id = progress.take(message);
			const layer = id === null ? undefined : progress.layers.get(id);
			const now = Date.now();
			if (!layer || (now - shownAt < progressIntervalMs && layer.state !== 'done')) continue;
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
		}
		if (recorded) await engine.tag(pulled, reference);
	} catch (error) {
		if (signal.aborted) throw new Cancelled();
		throw pullError(reference, messageOf(error), error);
	}
	progress.finish();
	yield event('done');
}

/** Fetches the images that are missing; an image whose digest is recorded is fetched by it, so that it is the same again. */
export const pull: Step = async function* (context) {
	const {host, engine, directory, answers} = context;
	const digests = await readDigests(host, directory);
	const missing = await missingLayers(context);
	const bytes = distinctBytes(missing);
	// All of them first: then it is known from the beginning how much there is.
	for (const [reference, layers] of missing)
		yield {
			type: 'progress',
			item: reference,
			current: 0,
			total: new PullProgress(layers).total,
			unit: 'bytes',
			state: 'waiting',
		};
	yield* merge(
		[...missing].map(([reference, layers]) => pullImage(context, reference, layers, digests[reference])),
		{limit: imagesAtOnce},
	);
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
