import {stripVTControlCharacters} from 'node:util';
import {type Key, useInput} from 'ink';
import {useCallback, useLayoutEffect, useRef} from 'react';
import type {Press} from '../../model/wizard.js';
import {control} from '../characters.js';

export type {Press};

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are
const controlOnly = /^[\u0001-\u001a\u007f]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are
const controlKeys = /([\u0001-\u0008\u000b\u000c\u000e-\u001a\u007f])/;
const named: Record<string, Press['name']> = {
	'\r': 'enter',
	'\n': 'enter',
	'\t': 'tab',
	'\b': 'backspace',
	'\u007f': 'backspace',
};

/** A control character as the key that sends it. */
const controlKey = (character: string): Press =>
	named[character]
		? {name: named[character], text: ''}
		: {name: 'control', text: String.fromCharCode(character.charCodeAt(0) + 96)};

/** What was typed or pasted, as one line: a terminal's own sequences and control characters are not part of it. */
const textOf = (input: string) =>
	stripVTControlCharacters(input)
		.replace(/[\r\n\t]+$/, '')
		.replace(/[\r\n\t]+/g, ' ')
		.replace(control, '');

const pressesOf = (input: string, key: Key): Press[] => {
	if (key.ctrl && input.length === 1) return [{name: 'control', text: input}];
	if (key.return) return [{name: 'enter', text: ''}];
	if (key.escape) return [{name: 'escape', text: ''}];
	if (key.tab) return [{name: key.shift ? 'shift-tab' : 'tab', text: ''}];
	if (key.upArrow) return [{name: 'up', text: ''}];
	if (key.downArrow) return [{name: 'down', text: ''}];
	if (key.leftArrow) return [{name: 'left', text: ''}];
	if (key.rightArrow) return [{name: 'right', text: ''}];
	if (key.home) return [{name: 'home', text: ''}];
	if (key.end) return [{name: 'end', text: ''}];
	if (key.pageUp) return [{name: 'page-up', text: ''}];
	if (key.pageDown) return [{name: 'page-down', text: ''}];
	if (key.backspace || key.delete) return [{name: 'backspace', text: ''}];
	if (key.meta) return [];
	// A sequence that Ink does not know, or a paste's brackets, come without the escape; people type one character at a time.
	if (input.length > 1 && /^\[[\d;?]*[ -/]*[@-~]$/.test(input)) return [];
	// On a slow line keys arrive together: control characters alone, or between and behind letters.
	if (controlOnly.test(input)) return [...input].map(controlKey);
	const [, typed = input, last] = /^([^\r\n\t]+)([\r\n\t])$/.exec(input) ?? [];
	const presses = typed
		.split(controlKeys)
		.map((part): Press => (controlOnly.test(part) ? controlKey(part) : {name: 'text', text: textOf(part)}))
		.filter(({name, text}) => name !== 'text' || text !== '');
	return last ? [...presses, controlKey(last)] : presses;
};

/** Calls `onPress` for every key. A paste is one text; terminals send Delete for Backspace, so both are one. */
export const useKeys = (onPress: (press: Press) => void, {active = true}: {active?: boolean} = {}) => {
	// What is on the screen is what a key is for: Ink itself would change the listener only some time after.
	const latest = useRef(onPress);
	useLayoutEffect(() => {
		latest.current = onPress;
	});
	const listen = useCallback((input: string, key: Key) => {
		if (key.eventType === 'release') return;
		for (const press of pressesOf(input, key)) latest.current(press);
	}, []);
	useInput(listen, {isActive: active});
};
