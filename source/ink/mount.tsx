import {render} from 'ink';
import type {ReactElement} from 'react';
import {ThemeContext, themeFor} from './theme.js';

export {canDraw} from './can-draw.js';

const framesPerSecond = 10;

const alternateScreen = {enter: '\u001b[?1049h\u001b[H\u001b[J', leave: '\u001b[?1049l\u001b[?25h'};

/**
 * Draws an element on the terminal's alternate screen until it leaves; resolves to what it leaves with. What was on the
 * terminal before is there again afterwards, also after a crash or a signal.
 */
export const mount = async <T,>(element: (leave: (result: T) => void) => ReactElement): Promise<T> => {
	let result: {value: T} | undefined;
	const {stdout} = process;
	const restore = () => stdout.write(alternateScreen.leave);
	const continued = () => {
		stdout.write(alternateScreen.enter);
		process.stdin.setRawMode?.(true);
		process.stdin.resume();
		stdout.emit('resize');
	};
	stdout.write(alternateScreen.enter);
	process.on('exit', restore);
	process.on('SIGCONT', continued);
	try {
		const instance = render(
			<ThemeContext.Provider value={themeFor(process.env)}>
				{element(value => {
					result ??= {value};
					instance.unmount();
				})}
			</ThemeContext.Provider>,
			{exitOnCtrlC: false, maxFps: framesPerSecond, incrementalRendering: true, patchConsole: false},
		);
		await instance.waitUntilExit();
	} finally {
		process.off('SIGCONT', continued);
		process.off('exit', restore);
		restore();
	}
	if (!result) throw new Error('The screen was left without a result.');
	return result.value;
};

/** Puts the program into the background as Ctrl-Z does in a shell; `fg` brings the screen back. */
export const suspend = () => {
	process.stdin.setRawMode?.(false);
	process.stdout.write(alternateScreen.leave);
	process.kill(0, 'SIGTSTP');
};
