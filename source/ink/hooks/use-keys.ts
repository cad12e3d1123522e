import {stripVTControlCharacters} from 'node:util';
import {useInput} from 'ink';
import type {Press} from '../../model/wizard.js';

export type {Press};

// biome-ignore lint/suspicious/noControlCharactersInRegex: a paste may hold them
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Calls `onPress` for every key. A paste is one text; terminals send Delete for Backspace, so both are one. */
export const useKeys = (onPress: (press: Press) => void, {active = true}: {active?: boolean} = {}) =>
	useInput(
		(input, key) => {
			if (key.eventType === 'release') return;
			if (key.ctrl && input.length === 1) return onPress({name: 'control', text: input});
			if (key.return) return onPress({name: 'enter', text: ''});
			if (key.escape) return onPress({name: 'escape', text: ''});
			if (key.tab) return onPress({name: key.shift ? 'shift-tab' : 'tab', text: ''});
			if (key.upArrow) return onPress({name: 'up', text: ''});
			if (key.downArrow) return onPress({name: 'down', text: ''});
			if (key.leftArrow) return onPress({name: 'left', text: ''});
			if (key.rightArrow) return onPress({name: 'right', text: ''});
			if (key.home) return onPress({name: 'home', text: ''});
			if (key.end) return onPress({name: 'end', text: ''});
			if (key.pageUp) return onPress({name: 'page-up', text: ''});
			if (key.pageDown) return onPress({name: 'page-down', text: ''});
			if (key.backspace || key.delete) return onPress({name: 'backspace', text: ''});
			// A paste's brackets arrive as text where the terminal sends them.
			const text = stripVTControlCharacters(input.replace(/\[20[01]~/g, '')).replace(control, '');
			if (text !== '' && !key.meta) onPress({name: 'text', text});
		},
		{isActive: active},
	);
