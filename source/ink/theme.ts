import isUnicodeSupported from 'is-unicode-supported';
import {createContext, useContext} from 'react';

const unicode = {
	pointer: '❯',
	tick: '✔',
	cross: '✖',
	warning: '!',
	bullet: '•',
	waiting: '○',
	active: '●',
	barFull: '█',
	barEmpty: '░',
	ellipsis: '…',
	line: '─',
	/** Arrow keys, in lines that tell the keys. */
	upDown: '↑↓',
	leftRight: '←→',
	spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ascii: typeof unicode = {
	pointer: '>',
	tick: '+',
	cross: 'x',
	warning: '!',
	bullet: '*',
	waiting: 'o',
	active: '*',
	barFull: '#',
	barEmpty: '.',
	ellipsis: '...',
	line: '-',
	upDown: 'Up/Down',
	leftRight: 'Left/Right',
	spinner: ['|', '/', '-', '\\'],
};

/** What a colour means; a symbol or a word always says the same. The sixteen colours suit light and dark backgrounds. */
const colors = {accent: 'cyan', good: 'green', bad: 'red', warn: 'yellow'} as const;
export type Role = keyof typeof colors;

export type Theme = {symbols: typeof unicode; color(role: Role): string | undefined};

/** The theme for a terminal: colours unless NO_COLOR is set or it is dumb, plain symbols where Unicode is not to be trusted. */
export const themeFor = (environment: NodeJS.ProcessEnv): Theme => {
	const colorless = Boolean(environment.NO_COLOR) || environment.TERM === 'dumb';
	return {
		symbols: isUnicodeSupported() && environment.SPECIFY_SETUP_ASCII === undefined ? unicode : ascii,
		color: role => (colorless ? undefined : colors[role]),
	};
};

export const ThemeContext = createContext<Theme>(themeFor(process.env));
export const useTheme = () => useContext(ThemeContext);
