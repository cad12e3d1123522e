import {join} from 'node:path';
import {build} from 'esbuild';
import {afterEach, beforeAll, expect, test} from 'vitest';
import {temporaryFolder} from './folder.js';
import {handedBack, openTerminal, programEnvironment, type Terminal, type TerminalOptions} from './terminal.js';

const {folder} = temporaryFolder();
const program = join(folder, 'key-counter.mjs');
const opened: Terminal[] = [];

const open = (options: TerminalOptions) => {
	const terminal = openTerminal(options);
	opened.push(terminal);
	return terminal;
};

const openCounter = async (options: Partial<TerminalOptions> = {}) => {
	const terminal = open({command: process.execPath, args: [program], ...options});
	await terminal.waitFor('keys: 0');
	return terminal;
};

const openShell = (script: string, options: Partial<TerminalOptions> = {}) =>
	open({command: 'sh', args: ['-c', script], reads: 'lines', ...options});

beforeAll(async () => {
	await build({
		entryPoints: ['test/fixtures/key-counter.tsx'],
		outfile: program,
		bundle: true,
		format: 'esm',
		platform: 'node',
		define: {'process.env.NODE_ENV': '"production"'},
		alias: {'react-devtools-core': 'node:util'},
		banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
		logLevel: 'error',
	});
});

afterEach(async () => {
	await Promise.all(opened.splice(0).map(terminal => terminal.close()));
});

test('a program reads each key by itself, also typed at once after its first frame', async () => {
	const terminal = await openCounter();
	await terminal.type('héj 馆🦋');
	await terminal.waitFor('last: 🦋');
	await terminal.press('up', 'down', 'left', 'right', 'home', 'end', 'pageup', 'pagedown', 'tab', 'shift-tab');
	await terminal.press('enter', 'escape', 'escape', 'delete', 'space', 'ctrl-a', 'alt-b');
	await terminal.waitFor('keys: 23');
	await terminal.press('backspace');
	// Ink reports Backspace as delete.
	await terminal.waitFor('last: delete');
	await terminal.press('shift-tab');
	await terminal.waitFor(/last: (shift tab|tab shift)/);
	expect(terminal.rowsUsed).toBe(3);
	expect(terminal.tallestFrame).toBe(3);
	expect(terminal.frames).toBeGreaterThan(5);
	expect(terminal.bytes).toBeGreaterThan(500);
});

test('a paste arrives as one input, in brackets only when asked for', async () => {
	const terminal = await openCounter();
	await terminal.paste('two\nlines');
	await terminal.waitFor(String.raw`last: pasted "two\rlines"`);
	await terminal.paste('text', {bracketed: true});
	// This Ink does not know brackets and gives them as inputs of their own.
	await terminal.waitFor('last: pasted "[201~"');
	await terminal.waitFor('keys: 4');
});

test('a program that ends by itself hands the terminal back and its exit code over', async () => {
	const terminal = await openCounter();
	await terminal.type('q');
	expect(await terminal.exit).toEqual({exitCode: 7, signal: null});
	expect(await terminal.restored()).toEqual(handedBack);
});

test('Ctrl-C is a key for a program in raw mode and a signal for any other', async () => {
	const counter = await openCounter();
	await counter.press('ctrl-c');
	expect(await counter.exit).toEqual({exitCode: 130, signal: null});
	const shell = openShell('echo ready; exec sleep 30');
	await shell.waitFor('ready');
	await shell.press('ctrl-c');
	expect(await shell.exit).toEqual({exitCode: null, signal: 'SIGINT'});
});

test('a killed program is seen to leave raw mode and a hidden cursor behind', async () => {
	const terminal = await openCounter();
	await terminal.type('K');
	expect(await terminal.exit).toEqual({exitCode: null, signal: 'SIGKILL'});
	const modes = await terminal.restored();
	expect(modes).toMatchObject({rawMode: true, echo: false, cursorVisible: false, bracketedPaste: false});
	expect(modes.changedSettings).toEqual(expect.arrayContaining(['-icanon', '-echo', '-isig']));
});

test('every other mode that is left on is seen', async () => {
	const terminal = await openCounter();
	await terminal.type('M');
	await terminal.signal('SIGTERM');
	await terminal.exit;
	const modes = await terminal.restored();
	expect(modes).toMatchObject({bracketedPaste: true, alternateScreen: true, mouse: true});
});

test('Ctrl-Z gives the terminal to the shell, and the program comes back', async () => {
	const terminal = await openCounter();
	await terminal.press('ctrl-z');
	expect(await terminal.stopped()).toEqual(handedBack);
	await terminal.resume();
	await terminal.type('x');
	await terminal.waitFor('last: x');
	await terminal.waitFor('keys: 2');
});

test('a program follows the size of its window', async () => {
	const terminal = await openCounter({cols: 60, rows: 20});
	await terminal.waitFor('size: 60×20');
	await terminal.resize(140, 45);
	await terminal.waitFor('size: 140×45');
	expect(terminal.overflowed).toBe(false);
});

test('a frame one row lower than the terminal is in order, finished lines above it included', async () => {
	const terminal = await openCounter();
	for (const key of ['A', 'S', 'a', 'S', 'S', 'N', 'a']) {
		await terminal.type(key);
		await terminal.settled({quietMs: 60});
	}
	expect(terminal.tallestFrame).toBe(23);
	expect(terminal.overflowed).toBe(false);
	expect(terminal.clearedScrollback).toBe(false);
	expect(`${terminal.scrollback()}\n${terminal.screen()}`).toContain('line 0\nline 1\n');
});

test('a frame as tall as the terminal is seen at once, and that the next one wipes the scrollback', async () => {
	const terminal = await openCounter();
	await terminal.type('F');
	await terminal.waitFor('filler 20');
	expect(terminal.overflowed).toBe(true);
	expect(terminal.tallestFrame).toBe(24);
	expect(terminal.clearedScrollback).toBe(false);
	await terminal.type('N');
	await terminal.waitFor('height 3');
	expect(terminal.clearedScrollback).toBe(true);
});

test('a frame taller than the terminal is seen', async () => {
	const terminal = await openCounter();
	await terminal.type('T');
	await terminal.waitFor('filler 23');
	expect(terminal.overflowed).toBe(true);
	expect(terminal.screen()).not.toContain('keys:');
});

test('on the alternate screen a frame that scrolls is too tall, and the way there is not', async () => {
	const script = (rows: number) => `seq 30; printf '\\033[?1049h\\033[H\\033[J'; seq ${rows}; printf '\\033[?1049l'`;
	const good = openShell(script(23));
	await good.exit;
	expect(good.overflowed).toBe(false);
	expect(good.screen()).toContain('30');
	expect(await good.restored()).toEqual(handedBack);
	const bad = openShell(script(24));
	await bad.exit;
	expect(bad.overflowed).toBe(true);
});

test('screen and scrollback hold what a plain program writes, with wide characters in two cells', async () => {
	const terminal = openShell('for i in $(seq 30); do echo "row $i"; done; printf "馆🦋|\\n"', {rows: 10});
	await terminal.exit;
	expect(terminal.screen().split('\n').slice(-2)).toEqual(['row 30', '馆🦋|']);
	expect(terminal.scrollback()).toMatch(/^row 1\nrow 2\n/);
	expect(
		terminal.xterm.buffer.active
			.getLine(terminal.xterm.buffer.active.baseY + 8)
			?.getCell(4)
			?.getChars(),
	).toBe('|');
});

test('a wait that fails shows the screen, and does not outlast the program', async () => {
	const running = openShell('echo museum; sleep 30');
	await expect(running.waitFor('aquarium', {timeoutMs: 300})).rejects.toThrow(
		/"aquarium" did not appear within 300 ms.*80×24, running.*│museum/s,
	);
	const ended = openShell('echo museum; exit 4');
	await expect(ended.waitFor(/aquarium/)).rejects.toThrow(/before the program ended.*ended with 4.*│museum/s);
});

test('closing the window hangs up, and kills what does not listen', async () => {
	const polite = openShell('trap "exit 0" HUP; echo ready; while :; do sleep 0.05; done');
	const stubborn = openShell('trap "" HUP; echo ready; while :; do sleep 0.05; done');
	await Promise.all([polite, stubborn].map(terminal => terminal.waitFor('ready')));
	const jobs = await Promise.all([polite.job, stubborn.job]);
	await Promise.all([polite.close(), stubborn.close()]);
	for (const job of jobs) expect(() => process.kill(job, 0)).toThrow('ESRCH');
	expect(await polite.exit).toEqual({exitCode: null, signal: null});
});

test('a program sees a plain terminal, no CI and no test runner', async () => {
	process.env.CI = 'true';
	try {
		expect(programEnvironment({NO_COLOR: '1'})).toMatchObject({TERM: 'xterm-256color', NO_COLOR: '1'});
		expect(Object.keys(programEnvironment()).filter(name => /^(CI|NO_COLOR|VITEST|NODE_ENV)/.test(name))).toEqual([]);
	} finally {
		delete process.env.CI;
	}
	const terminal = openShell('stty size; echo "$TERM"; env | grep "^CI=" || echo no CI', {cols: 100, rows: 30});
	await terminal.exit;
	expect(terminal.screen()).toBe('30 100\nxterm-256color\nno CI');
});
