import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {describe, expect, test} from 'vitest';
import {screens} from '../../source/model/wizard.js';
import type {Terminal} from '../_helpers/terminal.js';
import {wholeDump} from '../database/dumps.js';
import {begunBefore, realProgram, type Size, seesScreen} from './program.js';

const {newPerson, open} = realProgram();

const title = 'Your institution';

/** Opens the form with the institution's name, which has the keys. */
const openForm = async ({size, args = []}: {size?: Size; args?: string[]} = {}) => {
	const person = newPerson();
	begunBefore(person, 'institution');
	const terminal = open(person, {size, args});
	await seesScreen(terminal, title, '❯ Institution');
	return terminal;
};

/** What the review says of an answer. */
const reviewed = async (terminal: Terminal, label: string) => {
	for (let presses = 0; !terminal.screen().startsWith('Is this right?') && presses < 40; presses += 1) {
		const before = terminal.screen();
		await terminal.press('enter');
		await terminal.waitFor(screen => screen !== before);
	}
	const screen = await seesScreen(terminal, 'Is this right?', new RegExp(`^  ${label}  `, 'm'));
	return new RegExp(`^  ${label} +(.*)$`, 'm').exec(screen)![1];
};

/** The cursor as the program draws it: the inverse cells of the screen, of which there is one. */
const seesCursor = ({xterm}: Terminal, column: number, text: string) => {
	const inverse = () =>
		Array.from({length: xterm.rows}, (_, row) =>
			Array.from({length: xterm.cols}, (_, column) => {
				const cell = xterm.buffer.active.getLine(row)?.getCell(column);
				return cell?.isInverse() && cell.getWidth() > 0 ? [{column, text: cell.getChars() || ' '}] : [];
			}),
		).flat(2);
	return expect.poll(inverse, {timeout: 5000}).toEqual([{column, text}]);
};

/** Where the value of a field begins: behind `❯ Institution  `. */
const valueColumn = 15;

describe('a paste', () => {
	test('of several lines becomes one, without what a terminal would obey', async () => {
		const terminal = await openForm();
		await terminal.paste('Naturhistoriska\nriksmuseet\u0007\u001b[31m, röd\u001b[0m!\nHerbariet\n', {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}Naturhistoriska riksmuseet, röd! Herbariet\n/);
		expect(await reviewed(terminal, 'Institution')).toBe('Naturhistoriska riksmuseet, röd! Herbariet');
	});

	test('in brackets is the text between them, and a question mark in it does not ask for help', async () => {
		const terminal = await openForm();
		await terminal.paste('?What? Museum', {bracketed: true});
		await seesScreen(terminal, title, /❯ Institution {2}\?What\? Museum\n/);
	});

	test('far longer than the screen is kept whole, and the end is shown', async () => {
		const terminal = await openForm({size: [60, 20]});
		const name = `Museum ${'of Natural History '.repeat(14)}.`;
		await terminal.paste(name, {bracketed: false});
		const screen = await seesScreen(terminal, title, /❯ Institution {2}….*History \.$/m);
		expect(screen).toContain('Institution must have 255 characters or fewer');
		await terminal.press('home');
		await seesScreen(terminal, title, /❯ Institution {2}Museum of Natural/);
		await seesCursor(terminal, valueColumn, 'M');
	});
});

describe('keys that arrive together, as on a slow line', () => {
	test('are each obeyed: Backspace held down, letters corrected, Enter behind them, Ctrl-C twice', async () => {
		const terminal = await openForm();
		await terminal.paste('Museeum\u007f\u007f\u007fum', {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}Museum\n/);
		await terminal.paste('\u007f\u007f\u007f', {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}Mus\n/);
		await terminal.paste('eum\r', {bracketed: false});
		await seesScreen(terminal, title, /Institution {2}Museum\n/, '❯ Acronym');
		await terminal.paste('N\u0003\u0003', {bracketed: false});
		expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	});

	test('and sequences nobody knows do nothing', async () => {
		const terminal = await openForm();
		await terminal.paste('a\u001b[1;6Zb\u001b[31mc\u001b[Id\u001b[99;5~e', {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}abcde\n/);
	});
});

describe('characters of all the world', () => {
	test('are as wide on the screen as they are drawn, with the cursor right behind and between them', async () => {
		const terminal = await openForm();
		await terminal.type('国立科学博物館');
		await seesScreen(terminal, title, /❯ Institution {2}国立科学博物館\n/);
		await seesCursor(terminal, valueColumn + 14, ' ');
		await terminal.press('left', 'left');
		await seesCursor(terminal, valueColumn + 10, '物');
		await terminal.type('x');
		await terminal.press('backspace', 'backspace');
		await seesScreen(terminal, title, /❯ Institution {2}国立科学物館\n/);
		expect(await reviewed(terminal, 'Institution')).toBe('国立科学物館');
	});

	test('made of several code points are one to the cursor and to Backspace', async () => {
		const terminal = await openForm();
		await terminal.paste('Muse\u0301e e\u0301', {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}Muse\u0301e e\u0301\n/u);
		await seesCursor(terminal, valueColumn + 7, ' ');
		await terminal.press('backspace', 'backspace');
		await seesScreen(terminal, title, /❯ Institution {2}Muse\u0301e\n/u);
		expect(await reviewed(terminal, 'Institution')).toBe('Muse\u0301e');
	});

	test('that Specify cannot store are refused where they are typed, and one Backspace takes each back', async () => {
		const terminal = await openForm();
		await terminal.type('Museum');
		await terminal.paste('👩‍👩‍👧🦋', {bracketed: false});
		await seesScreen(terminal, title, '✖ Institution must not hold emoji');
		await terminal.press('enter');
		await seesScreen(terminal, title, '❯ Institution');
		await terminal.press('backspace', 'backspace');
		const screen = await seesScreen(terminal, title, /❯ Institution {2}Museum\n/);
		expect(screen).not.toContain('✖');
	});

	test('in a value wider than the window keep the cursor in sight', async () => {
		const terminal = await openForm({size: [60, 20]});
		await terminal.paste('国立科学博物館'.repeat(8), {bracketed: false});
		await seesScreen(terminal, title, /❯ Institution {2}….*物館$/m);
		await seesCursor(terminal, valueColumn + 41, ' ');
		await terminal.press('home');
		await seesScreen(terminal, title, /❯ Institution {2}国立科学/);
		await seesCursor(terminal, valueColumn, '国');
		for (let presses = 0; presses < 31; presses += 1) await terminal.press('right');
		await seesCursor(terminal, valueColumn + 39, '学');
	});
});

describe('a dump', () => {
	const openDump = async (files: Record<string, string | Buffer>) => {
		const person = newPerson();
		mkdirSync(join(person.home, 'dumps'));
		for (const [name, content] of Object.entries(files)) writeFileSync(join(person.home, 'dumps', name), content);
		begunBefore(person, 'dump', {data: 'dump'});
		const terminal = open(person);
		await seesScreen(terminal, 'Which dump?', '❯ File');
		return terminal;
	};

	const pastDump = async (terminal: Terminal) => {
		for (const {label} of screens.find(({id}) => id === 'dump')!.fields) {
			await seesScreen(terminal, 'Which dump?', `❯ ${label}`);
			await terminal.press('enter');
		}
		await seesScreen(terminal, "The database's password");
	};

	test('is found by Tab, read, described, and taken into the review', {timeout: 20_000}, async () => {
		const terminal = await openDump({
			'kärlväxter.sql.gz': gzipSync(wholeDump),
			'käfer.sql': wholeDump,
			'notes.txt': 'nothing',
		});
		await terminal.type('du');
		await terminal.press('tab');
		await seesScreen(terminal, 'Which dump?', /❯ File +dumps\/\n/);
		await terminal.press('tab');
		await seesScreen(terminal, 'Which dump?', 'käfer.sql', 'kärlväxter.sql.gz', 'notes.txt');
		await terminal.type('kär');
		await terminal.press('tab');
		await seesScreen(
			terminal,
			'Which dump?',
			/❯ File +dumps\/kärlväxter\.sql\.gz\n/,
			/\(gzip\), .* of SQL, 4 rows in 3 tables\./,
			'MariaDB 10.11.6',
			'Specify 6.8.03, schema 2.10; complete.',
			'Kärlväxter; "Herbarium" (S\'s), Fishes, dry',
		);
		await pastDump(terminal);
		expect(await reviewed(terminal, 'File')).toBe('dumps/kärlväxter.sql.gz');
	});

	test('that is cut short is refused in place, and another file is taken instead', {timeout: 20_000}, async () => {
		const terminal = await openDump({'cut.sql': wholeDump.slice(0, -200), 'whole.sql': wholeDump});
		await terminal.type('dumps/cut.sql');
		await seesScreen(terminal, 'Which dump?', '✖ File cannot be used:');
		await terminal.press('enter', 'enter');
		await terminal.settled();
		await seesScreen(terminal, 'Which dump?', '❯ File', '✖ File cannot be used:');
		await terminal.press('ctrl-w', 'ctrl-w');
		await seesScreen(terminal, 'Which dump?', /❯ File +dumps\/\n/);
		await terminal.type('whole.sql');
		await seesScreen(terminal, 'Which dump?', '; complete.');
		await pastDump(terminal);
	});

	test('that is not there or not a dump is refused in place with the reason', {timeout: 20_000}, async () => {
		const terminal = await openDump({'notes.txt': 'Dear colleague,\nthe dump comes tomorrow.\n'});
		await terminal.type('dumps/notes.txt');
		await seesScreen(terminal, 'Which dump?', '✖ File cannot be used:');
		await terminal.press('enter');
		await seesScreen(terminal, 'Which dump?');
		await terminal.press('ctrl-u');
		await terminal.type('nowhere.sql');
		await seesScreen(terminal, 'Which dump?', /✖ File cannot be used: .*nowhere\.sql/s);
	});
});
