import {appendFile, mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {Event, JournalEntry} from '../../source/model/events.js';
import {
	followJournal,
	JournalWriter,
	journalPath,
	latestJournal,
	newRunName,
	readJournal,
} from '../../source/run/journal.js';
import {finished, started} from '../_helpers/events.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {asSomebodyElse} from '../_helpers/somebody.js';

const {fresh} = temporaryFolder();
const newPath = () => journalPath(fresh('specify'), newRunName());
const alive = {isAlive: () => true};
const log = (line: string): Event => ({type: 'log', step: 'specify', source: 'specify7', line});

const collect = async (entries: AsyncIterable<JournalEntry>) => {
	const all: JournalEntry[] = [];
	for await (const entry of entries) all.push(entry);
	return all;
};

describe('a journal', () => {
	it('gives back what was written into it, each with its time', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		const written = [
			journal.append(started()),
			journal.append(log('größe "a"\n\u001b[0m')),
			journal.append(finished()),
		];
		journal.close();
		expect(await readJournal(path)).toEqual(written);
		for (const {at} of written) expect(Math.abs(at - Date.now())).toBeLessThan(5000);
		expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4);
	});

	it('is readable by its owner alone, like its folder', async () => {
		const path = newPath();
		(await JournalWriter.create(path, [])).close();
		expect((await stat(path)).mode & 0o777).toBe(0o600);
		expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
	});

	it('is never written over', async () => {
		const path = newPath();
		(await JournalWriter.create(path, [])).close();
		await expect(JournalWriter.create(path, [])).rejects.toThrow('EEXIST');
	});

	it('that was cut in its last line gives the lines before', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		const first = journal.append(started());
		journal.close();
		await appendFile(path, '{"at":1,"type":"log","ste');
		expect(await readJournal(path)).toEqual([first]);
	});
});

describe('journals', () => {
	it('are kept for the last thirty runs, without leftovers of killed ones', async () => {
		const folder = fresh('specify');
		const names = Array.from({length: 40}, (_, index) => `20260801T1000${String(index).padStart(2, '0')}-abcd`);
		for (const name of names) (await JournalWriter.create(journalPath(folder, name), [])).close();
		await writeFile(journalPath(folder, 'killed').replace('.jsonl', '.reserve'), 'x');
		(await JournalWriter.create(journalPath(folder, '20260802T100000-abcd'), [])).close();
		expect((await readdir(dirname(journalPath(folder, 'x')))).sort()).toEqual(
			[...names.slice(11), '20260802T100000-abcd'].map(name => `${name}.jsonl`),
		);
	});

	it('stay bounded: a full one takes progress and logs every few seconds only, and every border', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		const line = 'x'.repeat(1024 * 1024);
		for (let count = 0; count < 200; count += 1) journal.append(log(line), 1000 + count);
		journal.append(finished(), 1300);
		journal.append(log('later'), 8000);
		journal.close();
		expect((await stat(path)).size).toBeLessThan(40 * 2 ** 20);
		const entries = await readJournal(path);
		expect(entries.at(-2)).toMatchObject({type: 'run.finished'});
		expect(entries.at(-1)).toMatchObject({type: 'log', line: 'later'});
	});
});

describe('secrets', () => {
	it('never reach the journal, nor those who read the events', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, ['Abcdefgh1234', 'Zyxwvuts9876']);
		const entry = journal.append(log("Access denied (using 'Abcdefgh1234' and Zyxwvuts9876, Abcdefgh1234)"));
		journal.close();
		expect(entry).toMatchObject({line: "Access denied (using '[secret]' and [secret], [secret])"});
		expect(await readFile(path, 'utf8')).not.toMatch(/Abcdefgh|Zyxwvuts/);
	});

	it.each(['specify', 'finished', '178557'])('that are an ordinary word or number spoil no event: %s', async weak => {
		const path = newPath();
		const journal = await JournalWriter.create(path, [weak]);
		journal.append({type: 'step.started', step: 'specify'}, 1_785_578_400_000);
		journal.append(finished(), 1_785_578_400_001);
		journal.close();
		expect(await readJournal(path)).toMatchObject([
			{at: 1_785_578_400_000, type: 'step.started', step: 'specify'},
			{at: 1_785_578_400_001, type: 'run.finished'},
		]);
	});
});

describe('following a journal', () => {
	it('begins at its beginning, goes on as it is written, and ends with the run', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		journal.append(started());
		const following = collect(followJournal(path, alive));
		for (const line of ['one', 'two']) {
			await sleep(30);
			journal.append(log(line));
		}
		journal.append(finished());
		journal.append(log('after the end'));
		journal.close();
		expect((await following).map(({type}) => type)).toEqual(['run.started', 'log', 'log', 'run.finished']);
	});

	it('waits for a journal that is not there yet', async () => {
		const path = newPath();
		const following = collect(followJournal(path, alive));
		await sleep(50);
		const journal = await JournalWriter.create(path, []);
		journal.append(finished());
		journal.close();
		expect(await following).toHaveLength(1);
	});

	it('gives lines whole, wherever the writing stops for a moment', async () => {
		const path = newPath();
		await mkdir(dirname(path), {recursive: true});
		const bytes = Buffer.from(
			`${JSON.stringify({at: 1, ...log('größtes Stück')})}\n${JSON.stringify({at: 2, ...finished()})}\n`,
		);
		const cut = bytes.indexOf(0xc3) + 1;
		await writeFile(path, bytes.subarray(0, cut));
		const following = collect(followJournal(path, alive));
		await sleep(120);
		await appendFile(path, bytes.subarray(cut));
		expect(await following).toMatchObject([{line: 'größtes Stück'}, {type: 'run.finished'}]);
	});

	it('ends when the writer is dead, after what it still wrote', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		journal.append(started());
		let living = true;
		const following = collect(followJournal(path, {isAlive: () => living}));
		await sleep(50);
		journal.append(log('last words'));
		living = false;
		expect((await following).map(({type}) => type)).toEqual(['run.started', 'log']);
		journal.close();
	});

	it('that nobody ever wrote ends when the writer is dead', async () => {
		expect(await collect(followJournal(newPath(), {isAlive: () => false}))).toEqual([]);
	});

	it('ends when the reader has seen enough', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		journal.append(started());
		const controller = new AbortController();
		const following = collect(followJournal(path, {...alive, signal: controller.signal}));
		await sleep(30);
		controller.abort();
		expect(await following).toHaveLength(1);
		journal.close();
	});

	it('is possible for two at once', async () => {
		const path = newPath();
		const journal = await JournalWriter.create(path, []);
		const both = Promise.all([collect(followJournal(path, alive)), collect(followJournal(path, alive))]);
		journal.append(started());
		await sleep(100);
		for (let line = 0; line < 500; line += 1) journal.append(log(`line ${line}`));
		journal.append(finished());
		journal.close();
		const [first, second] = await both;
		expect(first).toHaveLength(502);
		expect(second).toEqual(first);
	});
});

describe('journals', () => {
	it('are found by the newest name', async () => {
		const directory = fresh('specify');
		expect(latestJournal(directory)).toBeNull();
		const names = [
			newRunName(new Date('2026-07-31T23:59:59Z')),
			newRunName(new Date('2026-08-01T10:00:00Z')),
			newRunName(new Date('2026-08-01T09:00:00Z')),
		];
		for (const name of names) (await JournalWriter.create(journalPath(directory, name), [])).close();
		await writeFile(join(dirname(journalPath(directory, 'x')), 'zz-notes.txt'), '');
		expect(latestJournal(directory)).toBe(journalPath(directory, names[1]!));
	});

	it('are found by the newest name also after a clock that was ahead, and within a second', async () => {
		const directory = fresh('specify');
		const now = new Date('2026-08-01T10:00:00Z');
		for (const name of ['20270101T000000-zzzz', 'of-another-kind'])
			(await JournalWriter.create(journalPath(directory, name), [])).close();
		expect(newRunName(now, latestJournal(directory))).toMatch(/^20260801T100000-/);
		await rm(journalPath(directory, 'of-another-kind'));
		for (let run = 0; run < 40; run += 1) {
			const path = journalPath(directory, newRunName(now, latestJournal(directory)));
			(await JournalWriter.create(path, [])).close();
			expect(latestJournal(directory)).toBe(path);
		}
		expect(newRunName(new Date('2028-01-01T00:00:00Z'), latestJournal(directory))).toMatch(/^20280101T000000-/);
	});

	it('that this user may not see are not taken for none', async () => {
		const directory = fresh('specify');
		(await JournalWriter.create(journalPath(directory, 'a'), [])).close();
		const folder = dirname(journalPath(directory, 'a'));
		expect(await asSomebodyElse(folder, () => failureOf((async () => latestJournal(directory))()))).toMatchObject({
			exitCode: 3,
			message: `You may not read ${folder}.`,
		});
	});

	it('are named by their time, and differ within it', () => {
		const now = new Date('2026-08-01T10:00:00.123Z');
		expect(newRunName(now)).toMatch(/^20260801T100000-[a-z0-9]{4}$/);
		expect(new Set(Array.from({length: 20}, () => newRunName(now))).size).toBeGreaterThan(15);
	});
});
