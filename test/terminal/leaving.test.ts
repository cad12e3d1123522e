import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {handedBack, type Terminal} from '../_helpers/terminal.js';
import {begunBefore, isWellDrawn, type Person, realProgram, type Size, seesScreen} from './program.js';

const {newPerson, open} = realProgram();

const keptIn = ({directory}: Person) =>
	`Nothing has been installed. Your answers are kept; run specify-setup --dir ${directory} again to go on.`;

const leavesByKeys = async (terminal: Terminal, person: Person) => {
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	expect(await terminal.restored()).toEqual(handedBack);
	expect(terminal.xterm.modes.wraparoundMode).toBe(true);
	expect(terminal.screen().replaceAll('\n', '').replaceAll(' ', '')).toBe(keptIn(person).replaceAll(' ', ''));
};

/** Everything in a person's home, as one text. */
const everythingOf = ({home}: Person) =>
	readdirSync(home, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile())
		.map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
		.join('\n');

describe('leaving', () => {
	test('with Ctrl-C twice hands the terminal back, and the next start continues there', {timeout: 20_000}, async () => {
		const person = newPerson();
		begunBefore(person, 'institution');
		const terminal = open(person);
		await seesScreen(terminal, 'Your institution', '❯ Institution');
		await terminal.type('Riksmuseet');
		await terminal.press('enter');
		await seesScreen(terminal, 'Your institution', '❯ Acronym');
		await terminal.type('NRM');
		await terminal.press('ctrl-c');
		await seesScreen(terminal, 'Leave?', 'Your answers are kept, passwords apart');
		await terminal.press('ctrl-c');
		await leavesByKeys(terminal, person);

		const again = open(person);
		const screen = await seesScreen(again, 'Your institution', '❯ Institution');
		expect(screen).toMatch(/Institution {2}Riksmuseet\n/);
		expect(screen).toMatch(/Acronym {6}NRM\n/);
	});

	test('with Escape on the first screen asks, and Enter leaves', async () => {
		const person = newPerson();
		const terminal = open(person);
		await seesScreen(terminal, 'Where shall Specify run?');
		await terminal.press('escape');
		await seesScreen(terminal, 'Leave?');
		await terminal.press('enter');
		await leavesByKeys(terminal, person);
	});

	test('keeps answers in a file of their own for this person alone, without any password', {
		timeout: 20_000,
	}, async () => {
		const person = newPerson();
		begunBefore(person, 'administrator', {'institution.name': 'Riksmuseet'});
		const terminal = open(person);
		await seesScreen(terminal, 'The first administrator', '❯ User name');
		await terminal.press('down', 'down', 'ctrl-r');
		const shown = await seesScreen(
			terminal,
			'The first administrator',
			/❯ Login password {2}[A-Za-z0-9]{16}\n/,
			'Ctrl-R hide',
		);
		const [, generated = ''] = /❯ Login password {2}(\S+)/.exec(shown)!;
		await terminal.press('enter');
		await seesScreen(terminal, "The database's password", /❯ Database password {2}•{40}\n/, 'made for you: strong');
		await terminal.type('TypedByThePerson2024');
		const own = await seesScreen(terminal, "The database's password", /❯ Database password {2}•{20}\n/, 'yours:');
		expect(own).not.toContain('TypedByThePerson2024');
		await terminal.press('enter');
		await seesScreen(terminal, 'Usage statistics');
		await terminal.press('ctrl-c', 'ctrl-c');
		await leavesByKeys(terminal, person);
		const everything = everythingOf(person);
		expect(everything).toContain('Riksmuseet');
		expect(everything).not.toContain(generated);
		expect(everything).not.toContain('TypedByThePerson2024');
		expect(statSync(person.config).mode & 0o777).toBe(0o600);
		expect(readdirSync(person.home)).toEqual(['.config']);
	});

	test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('by %s hands the terminal back', async signal => {
		const person = newPerson();
		const terminal = open(person);
		await seesScreen(terminal, 'Where shall Specify run?');
		await terminal.press('enter');
		await seesScreen(terminal, 'Under which name?');
		await terminal.signal(signal);
		expect(await terminal.exit).toEqual({exitCode: null, signal});
		expect(await terminal.restored()).toEqual(handedBack);
		expect(terminal.screen()).toBe('');
		const again = open(person);
		await seesScreen(again, 'Under which name?');
	});

	test('by a crash hands the terminal back and shows what happened', async () => {
		const crash = 'process.on("SIGUSR2", () => { throw new Error("a defect"); })';
		const terminal = open(newPerson(), {nodeArgs: ['--import', `data:text/javascript,${crash}`]});
		await seesScreen(terminal, 'Where shall Specify run?');
		await terminal.signal('SIGUSR2');
		expect(await terminal.exit).toEqual({exitCode: 1, signal: null});
		expect(await terminal.restored()).toEqual(handedBack);
		expect(terminal.screen()).toContain('Error: a defect');
		expect(terminal.screen()).not.toContain('Enter next');
	});
});

test('a person whose home cannot be written answers all the same', async () => {
	const terminal = open(newPerson(), {env: {XDG_CONFIG_HOME: '/dev/null'}});
	await seesScreen(terminal, 'Where shall Specify run?');
	await terminal.press('enter');
	await seesScreen(terminal, 'Under which name?');
	await terminal.press('enter');
	await seesScreen(terminal, 'Who looks after it, and in which time zone?');
	await terminal.press('ctrl-c', 'ctrl-c');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
});

test('Ctrl-Z gives the terminal to the shell, and coming back shows the screen whole, with what was typed', async () => {
	const person = newPerson();
	begunBefore(person, 'institution');
	const terminal = open(person);
	await seesScreen(terminal, 'Your institution');
	await terminal.type('Museum');
	const before = await seesScreen(terminal, 'Your institution', /❯ Institution {2}Museum\n/);
	for (let round = 0; round < 2; round += 1) {
		await terminal.press('ctrl-z');
		expect(await terminal.stopped()).toEqual(handedBack);
		expect(terminal.screen()).toBe('');
		await terminal.resume();
		expect(await seesScreen(terminal, 'Your institution', '❯ Institution  Museum')).toBe(before);
	}
	await terminal.type('!');
	await seesScreen(terminal, 'Your institution', '❯ Institution  Museum!');
});

describe('a window whose size changes while it is drawn', () => {
	const ways: [name: string, size: Size, others: Size[]][] = [
		[
			'narrower',
			[60, 24],
			[
				[75, 24],
				[70, 24],
				[64, 24],
			],
		],
		[
			'wider',
			[140, 24],
			[
				[90, 24],
				[100, 24],
				[120, 24],
			],
		],
		[
			'lower',
			[80, 20],
			[
				[80, 23],
				[80, 22],
				[80, 21],
			],
		],
		[
			'smaller than anything fits in and large again',
			[140, 45],
			[
				[40, 12],
				[20, 8],
				[12, 4],
				[90, 30],
			],
		],
	];
	test('lower than what it shows keeps the scrollback of the terminal', async () => {
		const person = newPerson();
		begunBefore(person, 'review');
		const terminal = open(person, {size: [80, 30]});
		await seesScreen(terminal, 'Is this right?', 'Docker engine');
		await terminal.resize(70, 21);
		await terminal.resize(70, 20);
		await terminal.waitFor(screen => screen.startsWith('Is this right?') && / 10 of 10$/m.test(screen));
		await terminal.settled({quietMs: 400});
		expect(terminal.clearedScrollback).toBe(false);
		expect(terminal.screen()).toMatch(/^❯ Install now$/m);
		expect(terminal.rowsUsed).toBe(19);
	});

	test.each(ways)('%s shows no remains of what was there before', async (_, size, others) => {
		const person = newPerson();
		begunBefore(person, 'institution');
		const terminal = open(person);
		await seesScreen(terminal, 'Your institution');
		for (const [columns, rows] of others) {
			await terminal.type('Musé');
			await terminal.resize(columns, rows);
		}
		await terminal.type('um');
		await terminal.resize(...size);
		await terminal.waitFor(screen => screen.startsWith('Your institution ') && /Muséum$/m.test(screen));
		const rest = await terminal.settled({quietMs: 300});
		await terminal.press('ctrl-c', 'ctrl-c');
		await terminal.exit;
		const fresh = open(person, {size});
		const expected = await seesScreen(fresh, 'Your institution', 'Muséum');
		expect(rest).toBe(expected);
		isWellDrawn(fresh);
	});
});
