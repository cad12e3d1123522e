import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {afterEach, expect} from 'vitest';
import {type Draft, type Facts, shownScreens} from '../../source/model/wizard.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {openTerminal, type Terminal, type TerminalOptions} from '../_helpers/terminal.js';

export const program = resolve('dist/cli.js');

/** A person with a home of their own, and the folder of the installation they are about to make. */
export type Person = {home: string; directory: string; config: string};

export type Size = readonly [columns: number, rows: number];
export const sizes: readonly Size[] = [
	[60, 20],
	[80, 24],
	[140, 45],
];

/** The environment of a person on a machine whose engine does not run. */
export const environmentOf = ({home}: Person) => ({
	HOME: home,
	XDG_CONFIG_HOME: join(home, '.config'),
	DOCKER_HOST: 'unix:///nowhere/docker.sock',
	TZ: 'Europe/Stockholm',
});

/** Puts answers where the program keeps those that were begun, so that it continues on the given screen. */
export const begunBefore = ({directory, config}: Person, screen: string, draft: Draft = {}) => {
	mkdirSync(dirname(config), {recursive: true});
	writeFileSync(config, JSON.stringify({drafts: {[directory]: {draft, screen}}, installations: []}), {mode: 0o600});
};

/** The real program in terminal windows, which are closed after each test; call it at the top of the file. */
export const realProgram = () => {
	const {fresh} = temporaryFolder();
	const opened: Terminal[] = [];
	afterEach(async () => {
		await Promise.all(opened.splice(0).map(terminal => terminal.close()));
	});
	const newPerson = (folder = 'museum'): Person => {
		const home = fresh('home');
		mkdirSync(home);
		return {home, directory: join(home, folder), config: join(home, '.config/specify-setup/config.json')};
	};
	/** Opens a terminal with `specify-setup --dir …` in it. */
	const open = (
		person: Person,
		{
			size: [cols, rows] = [80, 24],
			args = [],
			nodeArgs = [],
			env,
			...options
		}: Omit<Partial<TerminalOptions>, 'cols' | 'rows'> & {size?: Size; nodeArgs?: readonly string[]} = {},
	) => {
		const terminal = openTerminal({
			command: process.execPath,
			args: [...nodeArgs, program, '--dir', person.directory, ...args],
			cols,
			rows,
			env: {...environmentOf(person), ...env},
			cwd: person.home,
			...options,
		});
		opened.push(terminal);
		return terminal;
	};
	return {newPerson, open, fresh};
};

export const rule = /^[─-]{19,}$/;

/** The rows of a live screen between its two rules. */
export const bodyOf = (screen: string) => screen.split('\n').slice(2, -2);

/**
 * Waits until a live screen with this title is drawn whole and holds the texts, and checks what is promised of all of
 * them: lower than the terminal, nothing wrapped or wiped, title and position first, keys last.
 */
export const seesScreen = async (terminal: Terminal, title: string, ...texts: (string | RegExp)[]) => {
	const holds = (screen: string) =>
		screen.startsWith(`${title} `) &&
		texts.every(text => (typeof text === 'string' ? screen.includes(text) : text.test(screen)));
	const screen = await terminal.waitFor(holds, {timeoutMs: 10_000}).catch((error: Error) => {
		throw new Error(`expected "${title}" with ${texts.join(', ')}: ${error.message}`);
	});
	isWellDrawn(terminal);
	return screen;
};

export const isWellDrawn = (terminal: Terminal) => {
	const {cols, rows, buffer} = terminal.xterm;
	const lines = terminal.screen().split('\n');
	const picture = terminal.picture();
	expect(terminal.overflowed, `higher than the terminal\n${picture}`).toBe(false);
	expect(terminal.tallestFrame, picture).toBeLessThan(rows);
	expect(lines.length, picture).toBeLessThan(rows);
	expect(terminal.clearedScrollback, `the scrollback was wiped\n${picture}`).toBe(false);
	for (let row = 0; row < rows; row++)
		expect(buffer.active.getLine(row)?.isWrapped, `row ${row + 1} is wrapped\n${picture}`).toBe(false);
	expect(lines[0], picture).toMatch(/\S$/);
	expect(lines[1], picture).toMatch(rule);
	expect(lines[1]!.length, picture).toBe(cols - 1);
	expect(lines.at(-2), picture).toMatch(rule);
	expect(lines.filter(line => rule.test(line)).length, `remains of another frame\n${picture}`).toBe(2);
};

/** Presses a key until the screen holds a text. */
export const pressUntil = async (terminal: Terminal, key: 'down' | 'pagedown', text: string, most = 80) => {
	for (let presses = 0; !terminal.screen().includes(text); presses += 1) {
		if (presses === most) throw new Error(`"${text}" is not reached by ${key}:\n${terminal.picture()}`);
		const before = terminal.screen();
		await terminal.press(key);
		await terminal.waitFor(screen => screen !== before);
	}
};

/** The screens that Enter alone leads through, before the review: a trial on this machine, with a new collection. */
export const usualScreens = shownScreens({}, {domain: 'specify.localhost', presets: {}} as Facts).filter(
	({id}) => id !== 'review',
);
