import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Event, JournalEntry} from '../../source/model/events.js';
import {docker, Installation, removeImages} from './installation.js';
import {UnsteadyRegistry} from './unsteady-registry.js';

const folder = mkdtempSync(join(tmpdir(), 'specify-trouble-'));
const dump = join(folder, 'museum.sql');
const registry = new UnsteadyRegistry(5083, 'library/redis', '8.0');
const museum = new Installation({http: 18310, https: 18311}, [
	`images.registry=${registry.name}`,
	'database.start=dump',
	`database.dump=${dump}`,
]);

beforeAll(async () => {
	await execa('npx', ['tsx', 'test/lab/dump/main.ts', '--out', dump, '--size', '30MB']);
	await registry.addLayers(12_000_000, 8_000_000);
	await registry.start();
});

afterAll(async () => {
	await museum.remove();
	await registry.stop();
	await removeImages(registry.name);
	rmSync(folder, {recursive: true, force: true});
});

const retriesIn = (entries: readonly JournalEntry[]) =>
	entries.filter((entry): entry is JournalEntry & Extract<Event, {type: 'retry'}> => entry.type === 'retry');

/** Fills the disk of the database but for some bytes, while a run loads into it. */
const fillWhileLoading = async (leave: number) => {
	const child = museum.startInstall('--json');
	let filling: Promise<unknown> | undefined;
	child.stdout!.on('data', part => {
		if (!`${part}`.includes('"state":"loading"')) return;
		const fill = `fallocate -l $(($(df -Pk . | tail -1 | awk '{print $4}') * 1024 - ${leave})) filler`;
		filling ??= museum.compose('exec', '-T', '--workdir', '/var/lib/mysql', 'db', 'sh', '-c', fill);
	});
	const {exitCode} = await child;
	expect(filling, 'it never began to load').toBeDefined();
	expect(await filling).toMatchObject({exitCode: 0});
	return exitCode;
};

describe('a version the registry does not have', () => {
	test('is refused at once', async () => {
		const {exitCode, stdout, stderr} = await museum.install('--set', 'specify7=v7.99.0');
		expect({exitCode, stderr}).toMatchObject({exitCode: 3, stderr: expect.stringContaining('no such version')});
		expect(stdout).not.toContain('trying again');
	});
});

describe('a registry that breaks off, and a disk that fills', () => {
	test('are told: the images arrive by themselves, the load says how much is missing', async () => {
		// The answers are written first, so that the volume belongs to an installation.
		expect(await museum.run('install', '--files-only', ...answersOf())).toMatchObject({exitCode: 0});
		const volume = `${museum.project}_database`;
		const options = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=700m'];
		await docker('volume', 'create', '--label', `specify-setup.project=${museum.project}`, ...options, volume);
		const [layer] = registry.added;
		let asked = 0;
		registry.trouble = ({path, digest, byEngine}) => {
			if (byEngine && path.includes('/redis/manifests/') && asked++ < 2) return {status: 503};
			return digest === layer && registry.fetched.get(digest)! <= 1 ? {cutAfter: 3_000_000} : 'none';
		};
		expect(await fillWhileLoading(10_000_000)).toBe(1);

		const {entries} = museum.journal();
		const retries = retriesIn(entries);
		const image = `${registry.name}/library/redis:8.0`;
		expect(retries.map(({step, item}) => `${step} ${item}`)).toContain(`pull ${image}`);
		expect(retries.map(({reason}) => reason)).toEqual(
			expect.arrayContaining(['registry error 503', 'a layer broke off']),
		);
		for (const {at, until, attempt} of retries) expect([until >= at, attempt >= 2]).toEqual([true, true]);
		// The one that broke off went on where it was; the other came once.
		expect(registry.added.map(digest => registry.fetched.get(digest))).toEqual([2, 1]);
		const counts = entries.flatMap(entry => (entry.type === 'progress' && entry.item === image ? [entry] : []));
		expect(counts.at(-1)).toMatchObject({state: 'done', current: counts.at(-1)!.total});
		for (const {current, total} of counts) expect(current).toBeLessThanOrEqual(total!);

		const ending = entries.at(-1)!;
		expect(ending).toMatchObject({
			type: 'run.finished',
			outcome: 'failed',
			message: expect.stringMatching(
				/^There is not enough space for the loaded dump: .* free at the volume \S+, .* are needed: [\d.]+ MB are missing\.$/,
			),
			hint: expect.stringMatching(
				/^Free [\d.]+ MB there .* run this again: the load starts afresh\. The dump is unchanged/,
			),
		});
		expect(await museum.sql("SELECT finished_at FROM specify_setup.starts WHERE kind = 'dump'")).toEqual([['NULL']]);
	});

	test('too full to begin: nothing is changed, and what is missing is told', async () => {
		const before = await museum.sql('SELECT begun_at FROM specify_setup.starts');
		const {exitCode, stdout} = await museum.install();
		expect({exitCode, stdout}).toMatchObject({exitCode: 1, stdout: expect.stringMatching(/ MB are missing/)});
		expect(await museum.sql('SELECT begun_at FROM specify_setup.starts')).toEqual(before);
	});

	test('with room again: running it again finishes', async () => {
		await museum.compose('exec', '-T', 'db', 'rm', '/var/lib/mysql/filler');
		const {exitCode, stdout, stderr} = await museum.install();
		expect(exitCode, stdout + stderr).toBe(0);
		expect(stdout).toMatch(/\d+ rows in \d+ tables, counted in the dump and in the database/);
	});
});

/** The answers as the tool takes them on its command line. */
const answersOf = () => [
	...[`--set=ports.http=${museum.ports.http}`, `--set=ports.https=${museum.ports.https}`],
	...museum.settings.map(setting => `--set=${setting}`),
];
