import {describe, expect, it, vi} from 'vitest';
import {EngineUnreachable, type PullMessage} from '../../source/engine/api.js';
import {SetupError} from '../../source/errors.js';
import type {StepEvent} from '../../source/model/events.js';
import {imageOf} from '../../source/model/images.js';
import {serviceNames} from '../../source/model/releases.js';
import type {Context} from '../../source/steps/context.js';
import {distinctBytes, imagesOf, observeImages, PullProgress, pull, pullError} from '../../source/steps/pull.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {nothingThere} from '../_helpers/observation.js';

// Nobody wants to wait for real pauses here; how long they are has tests of its own.
vi.mock('../../source/model/retry.js', async original => ({
	...(await original<typeof import('../../source/model/retry.js')>()),
	delayMs: (attempt: number) => attempt,
}));

type Progress = Extract<StepEvent, {type: 'progress'}>;

const answers = offlineAnswers();
const redis = '127.0.0.1:1/library/redis:8.0';
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const id = (letter: string) => letter.repeat(12);

const manifest = (...layers: [letter: string, bytes: number][]) => ({
	stdout: JSON.stringify({layers: layers.map(([letter, size]) => ({digest: digest(letter), size}))}),
});

/** What the engine says while it fetches a layer. */
const fetched = (letter: string, bytes: number): PullMessage[] => [
	{status: 'Pulling fs layer', id: id(letter)},
	{status: 'Downloading', id: id(letter), progressDetail: {current: Math.round(bytes / 2), total: bytes}},
	{status: 'Verifying Checksum', id: id(letter)},
	{status: 'Download complete', id: id(letter)},
	{status: 'Extracting', id: id(letter), progressDetail: {current: 1, total: bytes}},
	{status: 'Pull complete', id: id(letter)},
];

/** A context whose images are all here, but for those that are named. */
const missing = (...references: string[]) => {
	const context = contextWith({answers});
	for (const reference of imagesOf(answers))
		if (!references.includes(reference))
			context.engine.images.set(reference, {id: 'sha256:1', digests: [`sha256:digest-of-${reference}`]});
	const images = serviceNames.map(service => [service, !references.includes(imageOf(answers, service))]);
	context.observation = nothingThere({images: Object.fromEntries(images)}, answers);
	return context;
};

const digestsPath = '/opt/specify/.specify-setup/digests.json';
const record = (context: ReturnType<typeof missing>, digests: Record<string, string>) =>
	context.host.write(digestsPath, JSON.stringify(digests), 0o600);
const recorded = (context: ReturnType<typeof missing>): Record<string, string> =>
	JSON.parse(context.host.files.get(digestsPath)!.text);

const progressOf = (events: readonly StepEvent[], item: string) =>
	events.filter((event): event is Progress => event.type === 'progress' && event.item === item);

describe('a pull', () => {
	it('of nothing says so', async () => {
		const {result, yielded} = await drain(pull(missing()));
		expect(result).toEqual({changed: false, summary: 'All images are here.'});
		expect(yielded).toEqual([]);
	});

	it('counts the true bytes of the registry up to all of them', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30], ['b', 12]));
		context.engine.pulls.set(redis, {messages: [...fetched('a', 30), ...fetched('b', 12)]});
		const {result, yielded} = await drain(pull(context));
		expect(result).toEqual({changed: true, summary: '1 images fetched (42 B).'});
		const progress = progressOf(yielded, redis);
		expect(progress[0]).toMatchObject({current: 0, total: 42, unit: 'bytes', state: 'waiting'});
		expect(progress.at(-1)).toMatchObject({current: 42, total: 42, state: 'done'});
		const counts = progress.map(({current}) => current);
		expect(counts).toEqual([...counts].sort((a, b) => a - b));
		for (const letter of ['a', 'b'])
			expect(progressOf(yielded, id(letter)).at(-1)).toMatchObject({parent: redis, state: 'done'});
	});

	it('ends at all of them even where the engine says nothing of layers it already has', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30], ['b', 12]));
		context.engine.pulls.set(redis, {messages: [{status: `Status: Image is up to date for ${redis}`}]});
		const {yielded} = await drain(pull(context));
		expect(progressOf(yielded, redis).at(-1)).toMatchObject({current: 42, total: 42, state: 'done'});
	});

	it('counts layers that several images share once', async () => {
		const mariadb = '127.0.0.1:1/library/mariadb:11.8';
		const context = missing(redis, mariadb);
		context.host
			.on('library/redis', manifest(['a', 1000], ['b', 500]))
			.on('library/mariadb', manifest(['a', 1000], ['c', 100]));
		const {result} = await drain(pull(context));
		expect(result.summary).toBe('2 images fetched (1.6 kB).');
	});

	it('fetches the image that two services share once', async () => {
		const specify7 = '127.0.0.1:1/specifyconsortium/specify7-service:v7.12.0.7';
		const context = missing(specify7);
		context.host.on('manifest inspect', manifest(['a', 1]));
		await drain(pull(context));
		expect(context.engine.pulled).toEqual([specify7]);
	});

	it('records the digest of every image, for its owner alone', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		await drain(pull(context));
		expect(recorded(context)).toEqual(
			Object.fromEntries(imagesOf(answers).map(reference => [reference, `sha256:digest-of-${reference}`])),
		);
		expect(context.host.files.get(digestsPath)!.mode).toBe(0o600);
	});

	it('passes over what is no layer', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		context.engine.pulls.set(redis, {
			messages: [{status: 'Pulling from library/redis', id: '8.0'}, ...fetched('a', 30)],
		});
		const {yielded} = await drain(pull(context));
		expect(progressOf(yielded, '8.0')).toEqual([]);
	});
});

describe('an image whose digest is recorded', () => {
	const pinned = `127.0.0.1:1/library/redis@${digest('d')}`;

	it('is fetched by it and gets its name back', async () => {
		const context = missing(redis);
		await record(context, {[redis]: digest('d')});
		context.host.on('manifest inspect', manifest(['a', 30]));
		context.engine.pulls.set(pinned, {messages: fetched('a', 30), image: {id: 'sha256:1', digests: [digest('d')]}});
		await drain(pull(context));
		expect(context.engine.pulled).toEqual([pinned]);
		expect(context.engine.tagged).toEqual([[pinned, redis]]);
		expect(recorded(context)[redis]).toBe(digest('d'));
	});

	it('is measured by it: the tag may name another image by now', async () => {
		const context = missing(redis);
		await record(context, {[redis]: digest('d')});
		context.host.on('manifest inspect', manifest(['x', 9000])).on(pinned, manifest(['a', 30]));
		context.engine.pulls.set(pinned, {messages: fetched('a', 30), image: {id: 'sha256:1', digests: [digest('d')]}});
		const {yielded} = await drain(pull(context));
		expect(progressOf(yielded, redis).at(-1)).toMatchObject({current: 30, total: 30});
	});

	it('is refused when it is another one', async () => {
		const context = missing();
		await record(context, {[redis]: digest('d')});
		const {error} = await drainToError(pull(context));
		expect(error).toBeInstanceOf(SetupError);
		expect(error.message).toBe(`The image ${redis} is not the one that was installed.`);
		expect((error as SetupError).hint).toContain(`docker pull ${pinned}`);
		expect(recorded(context)).toEqual({[redis]: digest('d')});
	});
});

describe('a pull that fails', () => {
	it('says so in the words of the stream, with a hint, and fetches no further images', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		context.host.free = 1e9;
		context.engine.pulls.set(redis, {messages: [{error: 'write /var/lib/docker/tmp: no space left on device'}]});
		const {error} = await drainToError(pull(context));
		expect(error).toMatchObject({
			details: [`The image ${redis} could not be fetched: write /var/lib/docker/tmp: no space left on device`],
			hint: expect.stringMatching(/^Free 1\.1 GB there .* run this again/),
		});
	});

	it('because the registry does not know the image is told before anything is fetched', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', {exitCode: 1, stderr: 'manifest unknown\n'});
		const {error} = await drainToError(pull(context));
		expect((error as SetupError).hint).toContain('no such version');
		expect(context.engine.pulled).toEqual([]);
	});

	it('because the run was stopped is cancelled', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		context.engine.pull = async function* () {
			yield* fetched('a', 30);
			context.controller.abort();
			throw new Error('aborted');
		};
		expect((await drainToError(pull(context))).error).toMatchObject({name: 'Cancelled', exitCode: 130});
	});

	it.each([
		['no space left on device', /disk/],
		['manifest for redis:9 not found: manifest unknown', /no such version/],
		['no such manifest: docker.io/library/redis:9', /no such version/],
		['pull access denied for x, repository does not exist or may require docker login', /docker login|no such/],
		['unauthorized: authentication required', /docker login/],
		['toomanyrequests: You have reached your pull rate limit', /limits how much/],
		['dial tcp: lookup registry-1.docker.io: no such host', /reaches the registry/],
		['net/http: TLS handshake timeout', /reaches the registry/],
	])('with "%s" says what to do', (words, hint) => {
		const error = pullError('redis:9', words);
		expect(error.message).toBe(`The image redis:9 could not be fetched: ${words}`);
		expect(error.hint).toMatch(hint);
	});
});

describe('trouble that passes', () => {
	const refused = 'Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused';
	const retriesOf = (events: readonly StepEvent[]) =>
		events.flatMap(event =>
			event.type === 'retry' ? [`${event.item}: ${event.reason} ${event.attempt}/${event.of}`] : [],
		);

	/** An engine whose pull says these things, one after the other, and then fetches. */
	const saying = (context: ReturnType<typeof missing>, ...attempts: PullMessage[][]) => {
		const fetchIt = context.engine.pull.bind(context.engine);
		context.engine.pull = async function* (reference: string) {
			const said = attempts.shift();
			if (!said) return yield* fetchIt(reference);
			context.engine.pulled.push(reference);
			yield* said;
		};
	};

	it('is waited out, told with reason and attempt, and the image arrives', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		saying(context, [{error: refused}], [{error: 'unexpected EOF'}], []);
		const {yielded, result} = await drain(pull(context));
		expect(result.changed).toBe(true);
		expect(context.engine.pulled).toHaveLength(4);
		expect(retriesOf(yielded)).toEqual([
			`${redis}: connection refused 2/6`,
			`${redis}: connection lost 3/6`,
			// The engine ended the stream as if all were well, and has no image.
			`${redis}: connection lost 4/6`,
		]);
		const [retry] = yielded.filter(event => event.type === 'retry');
		expect(Math.abs(retry!.until - Date.now())).toBeLessThan(60_000);
	});

	it('that does not pass is an error after six attempts', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		saying(context, ...Array.from({length: 7}, () => [{error: refused}]));
		const {yielded, error} = await drainToError(pull(context));
		expect(context.engine.pulled).toHaveLength(6);
		expect(retriesOf(yielded)).toHaveLength(5);
		expect((error as SetupError).hint).toContain('reaches the registry');
	});

	it('begins the count anew when more arrived than ever before', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30], ['b', 12]));
		saying(
			context,
			[{error: refused}],
			[{error: refused}],
			[...fetched('a', 30), {error: refused}],
			[{error: refused}],
			[...fetched('a', 30), {error: refused}],
		);
		const {yielded} = await drain(pull(context));
		expect(retriesOf(yielded).map(line => line.slice(-3))).toEqual(['2/6', '3/6', '2/6', '3/6', '4/6']);
	});

	it('of the engine itself is waited out too', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		const fetchIt = context.engine.pull.bind(context.engine);
		let gone = 2;
		context.engine.pull = async function* (reference: string) {
			if (gone-- > 0) throw new EngineUnreachable('/run/docker.sock', 'ECONNREFUSED');
			yield* fetchIt(reference);
		};
		const {yielded} = await drain(pull(context));
		expect(retriesOf(yielded)).toEqual([
			`${redis}: engine does not answer 2/6`,
			`${redis}: engine does not answer 3/6`,
		]);
	});

	it.each([
		'manifest for redis:9 not found: manifest unknown',
		'unauthorized: authentication required',
		'write /x: no space left on device',
		'no matching manifest for linux/s390x in the manifest list entries',
	])('is not: "%s"', async words => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		saying(context, [{error: words}]);
		const {yielded} = await drainToError(pull(context));
		expect(context.engine.pulled).toHaveLength(1);
		expect(retriesOf(yielded)).toEqual([]);
	});

	it('while images are looked up is told of the registry once, and only what failed is asked again', async () => {
		const caddy = '127.0.0.1:1/library/caddy:2.11';
		const context = missing(redis, caddy);
		let asked = 0;
		context.host
			.on('library/caddy', manifest(['c', 5]))
			.on('library/redis', () => (asked++ < 2 ? {exitCode: 1, stderr: `${refused}\n`} : manifest(['a', 30])));
		const {yielded, result} = await drain(pull(context));
		expect(result.summary).toContain('2 images');
		expect(retriesOf(yielded)).toEqual(['127.0.0.1:1: connection refused 2/6', '127.0.0.1:1: connection refused 3/6']);
		expect(context.host.ran('library/caddy')).toHaveLength(1);
		expect(context.host.ran('library/redis')).toHaveLength(3);
	});

	it('ends when the run is stopped meanwhile, and nothing is asked again', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 30]));
		saying(context, [{error: refused}]);
		const work = pull(context);
		const stopped = (async () => {
			for await (const event of work) if (event.type === 'retry') context.controller.abort();
		})();
		await expect(stopped).rejects.toMatchObject({name: 'Cancelled'});
		expect(context.engine.pulled).toHaveLength(1);
	});
});

describe('room for the images', () => {
	it('is looked at right before they are fetched: where it is missing, nothing is', async () => {
		const context = missing(redis);
		context.host.on('manifest inspect', manifest(['a', 1e9]));
		context.host.free = 2e9;
		const {error} = await drainToError(pull(context));
		expect(error.message).toBe(
			'There is not enough space for the images: 2.0 GB are free at /var/lib/docker, with a little room 6.3 GB are needed: 4.3 GB are missing.',
		);
		expect((error as SetupError).hint).toContain('nothing has been changed by this step');
		expect(context.engine.pulled).toEqual([]);
	});

	it('that runs out in the middle is told with what the images still missing need', async () => {
		const mariadb = '127.0.0.1:1/library/mariadb:11.8';
		const context = missing(redis, mariadb);
		context.host.on('library/redis', manifest(['a', 1e8])).on('library/mariadb', manifest(['b', 2e8]));
		context.engine.pulls.set(redis, {messages: fetched('a', 1e8)});
		const fetchIt = context.engine.pull.bind(context.engine);
		context.engine.pull = async function* (reference: string) {
			if (reference === redis) return yield* fetchIt(reference);
			await vi.waitFor(() => expect(context.engine.images.has(redis)).toBe(true));
			context.host.free = 1e8;
			yield* [{error: 'failed to register layer: write /x: no space left on device'}];
		};
		const {error} = await drainToError(pull(context));
		// 4.2 times 0.2 GB and 2 GiB are needed, 0.1 GB are free.
		expect(error.message).toContain('2.9 GB are missing');
		expect((error as SetupError).details[0]).toContain('no space left on device');
	});
});

describe('progress of an image', () => {
	it('never goes beyond a layer, whatever the engine says', () => {
		const progress = new PullProgress([{digest: digest('a'), bytes: 30}]);
		progress.take({status: 'Downloading', id: id('a'), progressDetail: {current: 40, total: 40}});
		expect([progress.current, progress.total]).toEqual([30, 30]);
	});

	it('counts layers that were here already as had', () => {
		const progress = new PullProgress([{digest: digest('a'), bytes: 30}]);
		expect(progress.take({status: 'Already exists', id: id('a')})).toBe(id('a'));
		expect(progress.current).toBe(30);
		expect(progress.layers.get(id('a'))).toMatchObject({state: 'done'});
	});

	it('goes on where a layer broke off, of which the engine counts the rest alone', () => {
		const progress = new PullProgress([{digest: digest('a'), bytes: 30}]);
		const downloading = (current: number, total: number) =>
			progress.take({status: 'Downloading', id: id('a'), progressDetail: {current, total}});
		downloading(10, 30);
		// The engine closes what it counted as if it had come to its end.
		downloading(30, 30);
		progress.take({status: 'Retrying in 5 seconds', id: id('a')});
		expect(progress.current).toBe(10);
		downloading(5, 18);
		expect(progress.current).toBe(17);
	});

	it('of a pull that broke off counts what the engine has, and not what it must fetch again', () => {
		const progress = new PullProgress([
			{digest: digest('a'), bytes: 30},
			{digest: digest('b'), bytes: 12},
		]);
		for (const message of fetched('a', 30)) progress.take(message);
		progress.take({status: 'Downloading', id: id('b'), progressDetail: {current: 6, total: 12}});
		expect(progress.breakOff()).toBe(true);
		expect(progress.current).toBe(30);
		progress.take({status: 'Already exists', id: id('a')});
		expect(progress.current).toBe(30);
		progress.take({status: 'Pulling fs layer', id: id('a')});
		expect(progress.current).toBe(0);
		expect(progress.breakOff()).toBe(false);
	});

	it('takes in a layer the manifest did not tell of', () => {
		const progress = new PullProgress([]);
		progress.take({status: 'Downloading', id: id('b'), progressDetail: {current: 5, total: 12}});
		expect([progress.current, progress.total]).toEqual([5, 12]);
	});

	it('tells that a layer is tried again', () => {
		const progress = new PullProgress([{digest: digest('a'), bytes: 30}]);
		progress.take({status: 'Retrying in 5 seconds', id: id('a')});
		expect(progress.layers.get(id('a'))).toMatchObject({state: 'retrying'});
	});

	it('is about no layer for other messages', () => {
		const progress = new PullProgress([]);
		for (const message of [{status: 'Digest: sha256:1'}, {status: 'Pulling from x', id: 'latest'}, {id: id('a')}, {}])
			expect(progress.take(message)).toBeNull();
	});
});

it('bytes of distinct layers', () => {
	const layer = (letter: string, bytes: number) => ({digest: digest(letter), bytes});
	expect(
		distinctBytes(
			new Map([
				['one', [layer('a', 5), layer('b', 7)]],
				['two', [layer('a', 5), layer('c', 1)]],
			]),
		),
	).toBe(13);
});

describe('looking at images', () => {
	const look = (context: Context) => observeImages(context);

	it('finds them by reference, and not where another one has taken the name', async () => {
		const context = missing();
		// Without a record of their digests they are fetched once more, and recorded.
		expect(Object.values(await look(context)).some(Boolean)).toBe(false);
		const digests = [...context.engine.images].map(([name, image]) => [name, image.digests[0]!]);
		await record(context, Object.fromEntries(digests));
		expect(Object.values(await look(context)).every(Boolean)).toBe(true);
		await record(context, {...Object.fromEntries(digests), [redis]: digest('d')});
		expect(await look(context)).toMatchObject({redis: false, db: true});
		context.engine.images.delete('127.0.0.1:1/specifyconsortium/specify7-service:v7.12.0.7');
		expect(await look(context)).toMatchObject({specify7: false, worker: false});
	});

	it('finds one that has no digest of a registry, because it was built here, again after it was recorded', async () => {
		const context = missing(redis);
		const report = '127.0.0.1:1/specifyconsortium/report-runner:latest';
		context.engine.images.set(report, {id: 'sha256:built-here', digests: []});
		context.host.on('manifest inspect', manifest(['a', 30]));
		await drain(pull(context));
		expect(await look(context)).toMatchObject({report: true});
	});
});
