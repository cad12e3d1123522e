import {type Instance, render} from 'ink';
import type {ReactElement} from 'react';
import {type Theme, ThemeContext, themeFor} from './theme.js';

export {canDraw} from './can-draw.js';

const framesPerSecond = 10;
const endings = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** Lines are not wrapped there: terminals do not agree how wide some characters are, and a frame must keep its rows. */
const alternateScreen = {
	enter: '\u001b[?1049h\u001b[?7l\u001b[H\u001b[J',
	leave: '\u001b[?7h\u001b[?1049l\u001b[?25h',
};

/**
 * The terminal for Ink, without its number of rows: a frame that is as tall, as all are for a moment in a window made
 * lower, would make Ink wipe the scrollback. Frames are kept lower than the terminal where they are made.
 * Where a terminal shows ASCII alone, the mark that Ink puts where it cuts a row is one of it.
 */
const terminalFor = (stdout: NodeJS.WriteStream, {symbols}: Theme) =>
	new Proxy(stdout, {
		get(target, key) {
			if (key === 'rows') return undefined;
			if (key === 'write' && symbols.ellipsis !== '…') return (text: string) => target.write(text.replaceAll('…', '~'));
			const value = Reflect.get(target, key, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});

/**
 * Draws an element on the terminal's alternate screen until it leaves; resolves to what it leaves with. What was on the
 * terminal before is there again afterwards, also after a crash or a signal.
 */
export const mount = async <T,>(element: (leave: (result: T) => void) => ReactElement): Promise<T> => {
	let result: {value: T} | undefined;
	const {stdout} = process;
	const theme = themeFor(process.env);
	let instance: Instance | undefined;
	let ending = false;
	const restore = () => {
		// Ink draws a last frame when it ends, which belongs to the alternate screen.
		instance?.unmount();
		process.stdin.setRawMode?.(false);
		stdout.write(alternateScreen.leave);
	};
	const end = (signal: NodeJS.Signals) => {
		ending = true;
		restore();
		for (const name of endings) process.off(name, end);
		process.kill(process.pid, signal);
	};
	const continued = () => {
		stdout.write(alternateScreen.enter);
		process.stdin.setRawMode?.(true);
		process.stdin.resume();
		stdout.emit('resize');
	};
	// Keys pressed before Ink reads them are not echoed into its first picture.
	process.stdin.setRawMode?.(true);
	stdout.write(alternateScreen.enter);
	process.on('exit', restore);
	process.on('SIGCONT', continued);
	for (const name of endings) process.on(name, end);
	try {
		const drawn = render(
			<ThemeContext.Provider value={theme}>
				{element(value => {
					result ??= {value};
					drawn.unmount();
				})}
			</ThemeContext.Provider>,
			{
				stdout: terminalFor(stdout, theme),
				exitOnCtrlC: false,
				maxFps: framesPerSecond,
				incrementalRendering: true,
				patchConsole: false,
			},
		);
		instance = drawn;
		await drawn.waitUntilExit();
	} finally {
		process.off('SIGCONT', continued);
		process.off('exit', restore);
		for (const name of endings) process.off(name, end);
		restore();
	}
	// The signal comes a moment later.
	if (ending) await new Promise(() => {});
	if (!result) throw new Error('The screen was left without a result.');
	return result.value;
};

/** Puts the program into the background as Ctrl-Z does in a shell; `fg` brings the screen back. */
export const suspend = () => {
	process.stdin.setRawMode?.(false);
	process.stdout.write(alternateScreen.leave);
	process.kill(0, 'SIGTSTP');
};
