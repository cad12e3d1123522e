import {spawnSync} from 'node:child_process';
import {describe, expect, test} from 'vitest';
import {screens} from '../../source/model/wizard.js';
import {programEnvironment, type Terminal} from '../_helpers/terminal.js';
import {environmentOf, program, realProgram, seesScreen, usualScreens} from './program.js';

const {newPerson, open} = realProgram();

const isColor = (parameter: number) =>
	(parameter >= 30 && parameter <= 38) || (parameter >= 40 && parameter <= 48) || (parameter >= 90 && parameter <= 107);

/** Every SGR parameter and every printed text of a program, from its first byte. */
const watched = (terminal: Terminal) => {
	const looks = new Set<number>();
	terminal.xterm.parser.registerCsiHandler({final: 'm'}, parameters => {
		for (const parameter of parameters.flat()) looks.add(parameter);
		return false;
	});
	return {colors: () => [...looks].filter(isColor), looks};
};

/** Goes through all screens, the help of each and the files; gives every picture. */
const walk = async (terminal: Terminal, pointer: string) => {
	const pictures: string[] = [];
	for (const screen of [...usualScreens, screens.at(-1)!]) {
		pictures.push(await seesScreen(terminal, screen.title, pointer));
		await terminal.type('?');
		pictures.push(await seesScreen(terminal, `Help: ${screen.title}`));
		await terminal.type('x');
		for (const field of screen.fields) {
			pictures.push(
				await seesScreen(terminal, screen.title, screen.fields.length > 1 ? `${pointer} ${field.label}` : pointer),
			);
			await terminal.press('enter');
		}
	}
	await seesScreen(terminal, 'Is this right?', 'Docker engine');
	await terminal.press('end');
	pictures.push(await seesScreen(terminal, 'Is this right?', `${pointer} Statistics`));
	await terminal.type('d');
	pictures.push(await seesScreen(terminal, 'The files that will be written', '7 files'));
	await terminal.press('ctrl-c');
	pictures.push(await seesScreen(terminal, 'Leave?'));
	return pictures;
};

describe('live screens', () => {
	test('are coloured, and not with NO_COLOR', {timeout: 40_000}, async () => {
		const colored = open(newPerson());
		const {colors} = watched(colored);
		await seesScreen(colored, 'Where shall Specify run?');
		expect(colors()).not.toEqual([]);
		const plain = open(newPerson(), {env: {NO_COLOR: '1'}});
		const seen = watched(plain);
		await walk(plain, '❯');
		expect(seen.colors()).toEqual([]);
	});

	test('show ASCII alone where SPECIFY_SETUP_ASCII says so', {timeout: 40_000}, async () => {
		const terminal = open(newPerson(), {size: [60, 20], env: {SPECIFY_SETUP_ASCII: '1'}});
		for (const picture of await walk(terminal, '>')) expect(picture.match(/[^\n -~]/g) ?? [], picture).toEqual([]);
	});
});

describe('plain questions are asked instead', () => {
	const cases: [name: string, how: {args?: string[]; env?: Record<string, string>}][] = [
		['with --plain', {args: ['--plain']}],
		['on a dumb terminal', {env: {TERM: 'dumb'}}],
		['where CI is set', {env: {CI: '1'}}],
		['for a screen reader', {env: {INK_SCREEN_READER: 'true'}}],
	];
	test.each(cases)('%s', async (_, how) => {
		const terminal = open(newPerson(), how);
		await terminal.waitFor('1 of 10. Where shall Specify run?');
		await terminal.waitFor(/Where\. The database and the attachments will be kept there\./);
		expect(terminal.xterm.buffer.active.type).toBe('normal');
		expect(terminal.frames).toBe(0);
		expect(terminal.clearedScrollback).toBe(false);
		await terminal.press('ctrl-c');
		expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	});

	test('without colours where NO_COLOR is set', async () => {
		const person = newPerson();
		const terminal = open(person, {args: ['--plain'], env: {NO_COLOR: '1'}});
		const {colors} = watched(terminal);
		await terminal.waitFor('1 of 10.');
		await terminal.press('enter');
		await terminal.waitFor('2 of 10.');
		await terminal.press('enter');
		await terminal.waitFor('3 of 10.');
		expect(colors()).toEqual([]);
	});
});

test('without a terminal nobody is asked: the message says what to do', () => {
	const person = newPerson();
	const env = programEnvironment(environmentOf(person));
	const {status, stdout, stderr} = spawnSync(process.execPath, [program, '--dir', person.directory], {
		env,
		encoding: 'utf8',
	});
	expect({status, stdout}).toEqual({status: 2, stdout: ''});
	expect(stderr).toContain('specify-setup install --answers FILE --yes');
});
