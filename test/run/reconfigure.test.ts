import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, describe, expect, it, vi} from 'vitest';
import {isKeepable} from '../../source/files/installation.js';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {openInstallation} from '../../source/run/installation.js';
import {writeFiles} from '../../source/steps/files.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {drain} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';
import {givenAnswers} from '../_helpers/values.js';

vi.stubEnv('DOCKER_HOST', 'unix:///nonexistent/engine.sock');
afterAll(() => vi.unstubAllEnvs());

const directory = '/opt/specify';
const {signal} = new AbortController();

/** Answers whose files of the user's own exist, as those of every machine that is reconfigured. */
const accepted = givenAnswers.map(given => parseAnswers(given).answers).filter(answers => answers !== null);

/** Writes the files of these answers as a run does; tells what it noted. */
const write = async (host: FakeHost, answers: Answers, keep: readonly string[] = []) => {
	for (const path of [
		answers.own.certificate,
		answers.own.key,
		answers.own.authority,
		answers.acme.ca,
		answers.acme.eab?.keyFile,
	])
		if (path) host.files.set(path, {text: 'QUJD\n', mode: 0o600});
	const context = await openInstallation({host, directory, answers, given: knownSecrets, keep, signal});
	const {yielded} = await drain(writeFiles(context));
	return {context, notes: yielded};
};

/** All files of the installation, apart from what is kept of the past and what the proxy alone knows. */
const filesIn = (host: FakeHost) =>
	Object.fromEntries(
		[...host.files].filter(
			([path]) => path.startsWith(`${directory}/`) && !/\/\.specify-setup\/(previous|proxy)\//.test(path),
		),
	);

const saved = (host: FakeHost) =>
	[...host.files].flatMap(([path, {text}]) => (path.includes('/.specify-setup/previous/') ? [text] : []));

describe('changes in any order', {timeout: 60_000}, () => {
	it('end in the same files as one installation with the last answers', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(accepted, {minLength: 2, maxLength: 5}), async sequence => {
				const [host, once] = [new FakeHost(), new FakeHost()];
				for (const answers of sequence) await write(host, answers);
				await write(once, sequence.at(-1)!);
				expect(filesIn(host)).toEqual(filesIn(once));
			}),
			{numRuns: 25},
		);
	});
});

/** What people do to a file: insert, remove, empty, replace. */
const edit = fc.oneof(
	fc.record({at: fc.nat(5000), text: fc.string({minLength: 1})}).map(
		({at, text}) =>
			(old: string) =>
				`${old.slice(0, at)}${text}${old.slice(at)}`,
	),
	fc.record({at: fc.nat(5000), count: fc.integer({min: 1, max: 500})}).map(
		({at, count}) =>
			(old: string) =>
				`${old.slice(0, at)}${old.slice(at + count)}`,
	),
	fc.constant(() => ''),
	fc.string().map(text => () => text),
);

describe('an edit by hand', {timeout: 60_000}, () => {
	const journey = fc.record({
		before: accepted,
		after: accepted,
		later: accepted,
		edits: fc.array(fc.tuple(fc.nat(50), edit), {minLength: 1, maxLength: 4}),
		keepsThem: fc.boolean(),
	});

	it('is never lost: it stays where that is wanted, and is saved where not', async () => {
		await fc.assert(
			fc.asyncProperty(journey, async ({before, after, later, edits, keepsThem}) => {
				const host = new FakeHost();
				const {context} = await write(host, before);
				const paths = context.files.map(({path}) => path).filter(isKeepable);
				const edited = new Map<string, string>();
				for (const [index, change] of edits) {
					const path = paths[index % paths.length]!;
					const file = host.files.get(join(directory, path))!;
					const text = change(file.text);
					if (text !== file.text) edited.set(path, text);
					host.files.set(join(directory, path), {...file, text});
				}
				for (const answers of [after, later]) {
					const {context: now} = await write(host, answers, keepsThem ? [...edited.keys()] : []);
					const wanted = new Set(now.files.map(({path}) => path));
					for (const [path, text] of edited) {
						const isThere = host.files.get(join(directory, path))?.text === text;
						if (keepsThem && answers === after && wanted.has(path)) expect(isThere).toBe(true);
						expect(isThere || saved(host).includes(text)).toBe(true);
					}
				}
			}),
			{numRuns: 40},
		);
	});

	it('that is kept stays through runs that would write the same instead, and is asked about again otherwise', async () => {
		const answers = parseAnswers({}).answers!;
		const host = new FakeHost();
		await write(host, answers);
		const path = 'landing/index.html';
		const mine = '<h1>Our own page</h1>\n';
		const edited = () => host.files.get(join(directory, path))?.text === mine;
		host.files.set(join(directory, path), {text: mine, mode: 0o644});
		await write(host, answers, [path]);
		expect(edited()).toBe(true);
		const {context, notes} = await write(host, answers);
		expect(edited()).toBe(true);
		expect(context.observation.files[path]).toBe('same');
		expect(notes).toEqual([]);

		const other = parseAnswers({domain: 'museum.example', certificates: 'internal'}).answers!;
		const {notes: told} = await write(host, other);
		expect(edited()).toBe(false);
		expect(saved(host)).toContain(mine);
		expect(told).toMatchObject([{type: 'note', level: 'warning', message: expect.stringContaining(path)}]);
	});

	it('that is kept although the answers change the file is told to stand in their way', async () => {
		const host = new FakeHost();
		await write(host, parseAnswers({}).answers!);
		const path = 'landing/index.html';
		const mine = '<h1>Our own page</h1>\n';
		host.files.set(join(directory, path), {text: mine, mode: 0o644});
		expect((await write(host, parseAnswers({}).answers!, [path])).notes).toEqual([]);
		const other = parseAnswers({domain: 'museum.example', certificates: 'internal'}).answers!;
		const {notes} = await write(host, other, [path]);
		expect(host.files.get(join(directory, path))?.text).toBe(mine);
		expect(notes).toMatchObject([
			{
				level: 'warning',
				message: `${path} stays as you edited it: what the answers change in it does not take effect.`,
			},
		]);
	});

	it('of a mounted file that is kept starts the service that reads it again', async () => {
		const answers = parseAnswers({}).answers!;
		const host = new FakeHost();
		await write(host, answers);
		const composition = host.files.get(join(directory, 'compose.yaml'))!.text;
		const path = join(directory, 'specify7/local_settings.py');
		host.files.set(path, {text: `${host.files.get(path)!.text}LANGUAGE_CODE = 'sv'\n`, mode: 0o644});
		const {context} = await write(host, answers, ['specify7/local_settings.py']);
		expect(context.observation.files['compose.yaml']).toBe('different');
		const now = host.files.get(join(directory, 'compose.yaml'))!.text;
		const changed = now.split('\n').filter((line, index) => line !== composition.split('\n')[index]);
		expect(changed.length).toBe(2);
		for (const line of changed) expect(line).toMatch(/specify-setup\.content: /);
	});
});
