import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {completePath, expandHome} from '../../source/host/complete-path.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {folder, fresh} = temporaryFolder();
const at = (path: string) => `${folder}/${path}`;

describe('a path', () => {
	beforeAll(() => {
		for (const path of ['dumps/2024', 'dumps/old dumps', 'dumps/.hidden', 'desk'])
			mkdirSync(at(path), {recursive: true});
		for (const file of ['specify 2024.sql.gz', 'specify 2025.SQL', 'notes.txt', '.secret.sql', 'bad\u001b[2Jname.sql'])
			writeFileSync(at(`dumps/${file}`), '');
		symlinkSync('2024', at('dumps/latest'));
		symlinkSync('nowhere', at('dumps/broken'));
	});

	it('is completed as far as there is no choice', async () => {
		expect(await completePath(at('du'))).toEqual({completion: at('dumps/'), candidates: ['dumps/']});
		expect(await completePath(at('d'))).toEqual({completion: at('d'), candidates: ['desk/', 'dumps/']});
		expect(await completePath(at('dumps/spec'))).toEqual({
			completion: at('dumps/specify 202'),
			candidates: ['specify 2024.sql.gz', 'specify 2025.SQL'],
		});
	});

	it('shows what is in a folder, without hidden names, broken links, and names that would draw on the screen', async () => {
		expect((await completePath(at('dumps/'))).candidates).toEqual([
			'2024/',
			'latest/',
			'notes.txt',
			'old dumps/',
			'specify 2024.sql.gz',
			'specify 2025.SQL',
		]);
	});

	it('shows hidden names once their dot is typed', async () => {
		expect((await completePath(at('dumps/.'))).candidates).toEqual(['.hidden/', '.secret.sql']);
		expect(await completePath(at('dumps/..'))).toEqual({completion: at('dumps/../'), candidates: ['../']});
	});

	it('can be one of some kinds of file, in any case, or a folder', async () => {
		const {candidates} = await completePath(at('dumps/'), {extensions: ['.sql', '.sql.gz']});
		expect(candidates).toEqual(['2024/', 'latest/', 'old dumps/', 'specify 2024.sql.gz', 'specify 2025.SQL']);
	});

	it('can be a folder only', async () => {
		expect((await completePath(at('dumps/'), {foldersOnly: true})).candidates).toEqual([
			'2024/',
			'latest/',
			'old dumps/',
		]);
	});

	it('may begin in the home folder, and keeps its ~', async () => {
		expect(await completePath('~')).toEqual({completion: '~/', candidates: ['~/']});
		const [home, whole] = [await completePath('~/'), await completePath(`${homedir()}/`)];
		expect(home.candidates).toEqual(whole.candidates);
		expect(home.completion.startsWith('~/')).toBe(true);
	});

	it('may be relative', async () => {
		expect((await completePath('package.j')).completion).toBe('package.json');
		expect((await completePath('./sour')).completion).toBe('./source/');
	});

	it.each(['/no/such/folder/x', '/etc/passwd/x', 'a\0b', '\0/', `${'x'.repeat(5000)}/`, '/proc/1/cwd/no'])(
		'that leads nowhere is left as it is (%#)',
		async text => {
			expect(await completePath(text)).toEqual({completion: text, candidates: []});
		},
	);

	it('in a folder of very many names tells fifty, and completes by all', async () => {
		const many = fresh();
		mkdirSync(many);
		for (let index = 0; index < 60; index += 1) writeFileSync(join(many, `common-${index}`), '');
		writeFileSync(join(many, 'zone'), '');
		const {candidates, completion} = await completePath(`${many}/`);
		expect(candidates).toHaveLength(50);
		expect(candidates.slice(0, 3)).toEqual(['common-0', 'common-1', 'common-2']);
		expect(completion).toBe(`${many}/`);
		expect((await completePath(`${many}/c`)).completion).toBe(`${many}/common-`);
	});

	it('is only ever continued, towards every candidate, and repeated completion settles', async () => {
		const character = fc.constantFrom('a', 'b', 'ä', '😀', '😁', ' ', '.', '-');
		const names = fc.uniqueArray(fc.string({unit: character, minLength: 1, maxLength: 6}), {
			minLength: 1,
			maxLength: 6,
		});
		await fc.assert(
			fc.asyncProperty(names, fc.nat(), fc.nat(6), async (all, which, length) => {
				const place = fresh();
				mkdirSync(place);
				const usable = all.filter(each => each !== '.' && each !== '..');
				for (const each of usable) writeFileSync(join(place, each), '');
				const chosen = [...(usable[which % Math.max(usable.length, 1)] ?? 'a')].slice(0, length).join('');
				const text = `${place}/${chosen}`;
				const {completion, candidates} = await completePath(text);
				expect(completion.startsWith(text)).toBe(true);
				for (const candidate of candidates) expect(`${place}/${candidate}`.startsWith(completion)).toBe(true);
				if (candidates.length === 1) expect(completion).toBe(`${place}/${candidates[0]}`);
				expect(Buffer.from(completion).toString()).toBe(completion);
				if (!completion.endsWith('/')) expect((await completePath(completion)).completion).toBe(completion);
			}),
			{numRuns: 150},
		);
	});
});

it('of the home folder is understood as it is completed', () => {
	expect(expandHome('~')).toBe(homedir());
	expect(expandHome('~/dumps/a b.sql')).toBe(join(homedir(), 'dumps/a b.sql'));
	for (const path of ['', '~root/a', 'a/~', '/~/a']) expect(expandHome(path)).toBe(path);
});
