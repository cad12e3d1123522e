import {join} from 'node:path';
import {afterAll, describe, expect, it, vi} from 'vitest';
import {specifyYaml} from '../../source/files/specify-yaml.js';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {installedHistory, recordInstalled, reignOf} from '../../source/run/history.js';
import {openInstallation, planFor} from '../../source/run/installation.js';
import {wayBackOf} from '../../source/run/way-back.js';
import type {Context} from '../../source/steps/context.js';
import {editsUnder} from '../../source/steps/edits.js';
import {writeFiles} from '../../source/steps/files.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {drain} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';

vi.stubEnv('DOCKER_HOST', 'unix:///nonexistent/engine.sock');
afterAll(() => {
	vi.unstubAllEnvs();
	vi.useRealTimers();
});

const directory = '/opt/specify';
const {signal} = new AbortController();
const page = 'landing/index.html';
const proxy = 'proxy/Caddyfile';
const [before, after, third] = ['a', 'b', 'c'].map(
	name => parseAnswers({email: `${name}@museum.example`, hostnames: {specify7: `${name}.specify.localhost`}}).answers!,
) as [Answers, Answers, Answers];

/** A museum whose files are edited and written at moments that differ; nothing runs. */
class Museum {
	readonly host = new FakeHost();
	readonly place = {host: this.host, directory};
	#now = Date.UTC(2026, 7, 1);

	/** Later than all that was. */
	later() {
		this.#now += 60_000;
		vi.useFakeTimers({now: this.#now, toFake: ['Date']});
	}

	open(answers: Answers, choice: Partial<Parameters<typeof openInstallation>[0]> = {}) {
		return openInstallation({...this.place, answers, given: knownSecrets, signal, ...choice});
	}

	async write(context: Context) {
		this.later();
		const {yielded} = await drain(writeFiles(context));
		return yielded.flatMap(event => (event.type === 'note' ? [event.message] : []));
	}

	/** A run that goes well; tells what it noted. */
	async run(answers: Answers, choice: Parameters<Museum['open']>[1] = {}) {
		const notes = await this.write(await this.open(answers, choice));
		this.later();
		await recordInstalled(this.place, answers);
		return notes;
	}

	/** What a run that fails after it wrote its files leaves, once the way back was gone. */
	async fail(answers: Answers, choice: Parameters<Museum['open']>[1] = {}) {
		const context = await this.open(answers, choice);
		const way = (await wayBackOf(context))!;
		await this.write(context);
		const back = await way.open();
		return {back, notes: await this.write(back.context)};
	}

	/** What comes back with the configuration that was installed so many ones ago. */
	async earlier(ago = 1) {
		const path = (await installedHistory(this.place)).at(-1 - ago)!;
		return editsUnder(this.place, await reignOf(this.place, path));
	}

	edit(path: string, mark: string) {
		const full = join(directory, path);
		this.host.files.set(full, {text: `${this.host.files.get(full)!.text}# ${mark}\n`, mode: 0o644});
	}

	has(path: string, mark: string) {
		return this.host.files.get(join(directory, path))!.text.endsWith(`# ${mark}\n`);
	}
}

/** One that runs with the first answers. */
const installed = async () => {
	const museum = new Museum();
	await museum.run(before);
	return museum;
};

const changesIn = (context: Context) => planFor(context).find(({id}) => id === 'files')!.changes;

describe('going back to an earlier configuration', () => {
	it('brings back what was edited under it, and says so before and after', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		await museum.run(after);
		expect(museum.has(page, 'mine')).toBe(false);
		const earlier = await museum.earlier();
		expect(Object.keys(earlier)).toEqual([page]);
		const context = await museum.open(before, {earlier});
		expect(context.observation.edits).toEqual({[page]: 'returns'});
		expect(changesIn(context)).toContain(`rewrite ${page}, as you had edited it before`);
		expect(await museum.run(before, {earlier})).toEqual([`${page} is again as you had edited it.`]);
		expect(museum.has(page, 'mine')).toBe(true);
		// It is kept from now on.
		expect((await museum.open(before)).observation.edits).toEqual({[page]: 'kept'});
	});

	it('leaves alone what was edited under another one', async () => {
		const museum = await installed();
		await museum.run(after);
		museum.edit(proxy, 'of the second');
		expect(await museum.run(after)).toHaveLength(1);
		expect(await museum.earlier()).toEqual({});
		await museum.run(before, {earlier: await museum.earlier()});
		expect(museum.has(proxy, 'of the second')).toBe(false);
		// What had been given up under the second does not come back with it either.
		expect(await museum.earlier()).toEqual({});
	});

	it('leaves alone what had been given up under it', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		await museum.run(before);
		await museum.run(after);
		expect(await museum.earlier()).toEqual({});
	});

	it('brings back the edit as it was when it gave way, also after a change that failed', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		await museum.fail(third);
		expect(museum.has(page, 'mine')).toBe(true);
		museum.edit(page, 'mine, later');
		await museum.run(after);
		expect((await museum.earlier())[page]!.text).toMatch(/# mine, later\n$/);
	});

	it('brings back what a change that was cut off had replaced, and nothing that was edited meanwhile', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		await museum.write(await museum.open(after));
		museum.edit(proxy, 'meanwhile');
		expect(Object.keys(await museum.earlier(0))).toEqual([page]);
		await museum.run(after);
		expect(Object.keys(await museum.earlier())).toEqual([page]);
	});

	it('brings back an edit that the change had kept', async () => {
		const museum = await installed();
		museum.edit(proxy, 'mine');
		await museum.run(after, {keep: [proxy]});
		const earlier = await museum.earlier();
		const context = await museum.open(before, {earlier});
		expect(context.observation.edits).toEqual({[proxy]: 'kept'});
		expect(await museum.run(before, {earlier})).toEqual([]);
		expect(museum.has(proxy, 'mine')).toBe(true);
	});

	it('does not bring back an edit of what would be generated otherwise now, and says where it is', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		museum.edit(proxy, 'mine');
		await museum.run(after);
		const earlier = await museum.earlier();
		// As an older version of this program had written it.
		const {copy} = earlier[page]!;
		earlier[page] = {...earlier[page]!, instead: 'another'};
		const context = await museum.open(before, {earlier});
		expect(context.outdated).toEqual([{path: page, copy}]);
		expect(await museum.run(before, {earlier})).toEqual([
			`${proxy} is again as you had edited it.`,
			`${page} does not come back as you had edited it: something else would be generated in its place now.`,
		]);
		expect(museum.has(page, 'mine')).toBe(false);
		expect(museum.has(proxy, 'mine')).toBe(true);
		expect(museum.host.files.get(copy)!.text).toMatch(/# mine\n$/);
	});

	it('does with a file what is said of it now', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		museum.edit(proxy, 'mine');
		await museum.run(after);
		museum.edit(proxy, 'of the second');
		const earlier = await museum.earlier();
		const context = await museum.open(before, {earlier, take: [page], keep: [proxy]});
		expect(context.outdated).toEqual([]);
		await museum.write(context);
		expect(museum.has(page, 'mine')).toBe(false);
		expect(museum.has(proxy, 'of the second')).toBe(true);
	});

	it('does without the record of an earlier version of this program', async () => {
		const museum = await installed();
		museum.edit(page, 'mine');
		await museum.run(after);
		for (const path of museum.host.files.keys()) if (path.endsWith('/replaced.json')) museum.host.files.delete(path);
		expect(await museum.earlier()).toEqual({});
	});
});

describe('an edit that is kept', () => {
	const kept = async () => {
		const museum = await installed();
		museum.edit(proxy, 'mine');
		await museum.run(before, {keep: [proxy]});
		return museum;
	};
	const stateIn = async (museum: Museum, answers: Answers, choice = {}) =>
		(await museum.open(answers, choice)).observation.edits[proxy];

	it('is one from the moment that somebody says so, also where nothing else changes', async () => {
		const museum = await installed();
		museum.edit(proxy, 'mine');
		const context = await museum.open(before, {keep: [proxy]});
		expect(changesIn(context)).toEqual([`keep ${proxy} as you edited it, from now on`]);
		await museum.write(context);
		const {observation} = await museum.open(before);
		expect(observation).toMatchObject({edits: {[proxy]: 'kept'}, keeping: []});
		expect(changesIn(await museum.open(before, {keep: [proxy]}))).toEqual([]);
	});

	it('is told as long as it stays, and that it lacks what the answers changed since', async () => {
		const museum = await kept();
		expect(await stateIn(museum, before)).toBe('kept');
		expect(await stateIn(museum, after, {keep: [proxy]})).toBe('behind');
		await museum.run(after, {keep: [proxy]});
		expect(await stateIn(museum, after)).toBe('behind');
		// Another run changes nothing in it.
		await museum.run(after);
		expect(await stateIn(museum, after)).toBe('behind');
		expect(planFor(await museum.open(after)).find(({id}) => id === 'files')!.done).toBe(true);
		// With the answers it was made under it lacks nothing.
		expect(await stateIn(museum, before, {keep: [proxy]})).toBe('kept');
	});

	it('is not said to lack anything once somebody has edited it again', async () => {
		const museum = await kept();
		await museum.run(after, {keep: [proxy]});
		museum.edit(proxy, 'with what was missing');
		expect(await stateIn(museum, after)).toBe('kept');
	});

	it('gives way where that is said, and is saved', async () => {
		const museum = await kept();
		const context = await museum.open(before, {take: [proxy]});
		expect(changesIn(context)).toEqual([`rewrite (your edits are kept as a copy) ${proxy}`]);
		const [note] = await museum.write(context);
		expect(note).toMatch(/was edited by hand; your version is kept as /);
		const copy = note!.replace(/.* kept as (.*)\.$/, '$1');
		expect(museum.host.files.get(copy)!.text).toMatch(/# mine\n$/);
		expect(museum.has(proxy, 'mine')).toBe(false);
		expect((await museum.open(before)).observation.edits).toEqual({});
	});

	it('stays so through a change that fails', async () => {
		const museum = await kept();
		const record = join(directory, '.specify-setup/kept.json');
		const {text} = museum.host.files.get(record)!;
		await museum.fail(after);
		expect(museum.has(proxy, 'mine')).toBe(true);
		expect(museum.host.files.get(record)!.text).toBe(text);
		expect((await museum.open(before)).observation).toMatchObject({edits: {[proxy]: 'kept'}});
	});
});

describe('an edit nobody has decided about', () => {
	it.each([
		['is replaced by a change', {}],
		['is kept by a change', {keep: [proxy]}],
	])('that %s is one again when the change fails', async (_, choice) => {
		const museum = await installed();
		museum.edit(proxy, 'mine');
		await museum.fail(after, choice);
		expect(museum.host.files.get(join(directory, 'specify.yaml'))!.text).toBe(specifyYaml(before));
		expect(museum.has(proxy, 'mine')).toBe(true);
		const {observation} = await museum.open(before);
		expect(observation.edits).toEqual({});
		expect(observation.files[proxy]).toBe('edited');
	});

	it('gives a change that fails before it wrote anything nothing to put back', async () => {
		const museum = await installed();
		museum.edit(proxy, 'mine');
		const way = (await wayBackOf(await museum.open(after)))!;
		expect(changesIn((await way.open()).context)).toEqual([]);
	});
});
