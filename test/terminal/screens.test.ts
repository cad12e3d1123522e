import {describe, expect, test} from 'vitest';
import {terms} from '../../source/model/terms.js';
import {type Field, type Screen, screens} from '../../source/model/wizard.js';
import {begunBefore, pressUntil, realProgram, seesScreen, sizes, usualScreens as usual} from './program.js';

const {newPerson, open} = realProgram();

const review = screens.at(-1)!;
const last = `${usual.length + 1} of ${usual.length + 1}`;

const positionOf = (screen: Screen) => `${usual.indexOf(screen) + 1} of ${usual.length + 1}`;

/** How a field looks that has the keys: a lone choice shows its options, of which the chosen one is marked. */
const pointed = ({fields}: Pick<Screen, 'fields'>, {kind, options, label}: Field) =>
	kind === 'choice' && fields.length === 1
		? new RegExp(`❯ (${options!.map(option => option.label).join('|')})`)
		: `❯ ${label}`;

describe.each(sizes)('in a terminal of %i×%i', (...size) => {
	test('every screen is reached with Enter and left with Escape, whole each time', {timeout: 40_000}, async () => {
		const terminal = open(newPerson(), {size});
		for (const screen of usual)
			for (const field of screen.fields) {
				const shown = await seesScreen(terminal, screen.title, positionOf(screen), pointed(screen, field));
				const keys = shown.split('\n').at(-1)!;
				expect(keys).toMatch(
					screen === usual[0] ? /^Enter next {2}Esc leave {2}\? help/ : /^Enter next {2}Esc back {2}\? help/,
				);
				await terminal.press('enter');
			}
		await seesScreen(terminal, review.title, last, /❯ Install now/, /^Enter (install|look again) /m);
		for (const screen of usual.toReversed()) {
			await terminal.press('escape');
			await seesScreen(terminal, screen.title, positionOf(screen), pointed(screen, screen.fields[0]!));
		}
		await terminal.press('escape');
		await seesScreen(terminal, 'Leave?', 'Your answers are kept');
		await terminal.press('escape');
		await seesScreen(terminal, usual[0]!.title);
	});

	test('the screen of a dump is reached when one is chosen, and its help closes again', {timeout: 20_000}, async () => {
		const person = newPerson();
		begunBefore(person, 'data');
		const terminal = open(person, {size});
		await seesScreen(terminal, 'What shall the database hold?', '❯ A new collection');
		await terminal.press('down');
		await seesScreen(terminal, 'What shall the database hold?', '❯ A database dump');
		await terminal.press('enter');
		await seesScreen(terminal, 'Which dump?', '5 of 8', '❯ File');
		await terminal.type('?');
		await seesScreen(terminal, 'Help: Which dump?', 'Migration');
		await terminal.press('enter');
		await seesScreen(terminal, 'Which dump?');
		await terminal.press('enter');
		await seesScreen(terminal, 'Which dump?', 'File must be the path of a file');
	});

	test('help tells why each answer is asked and what the words mean', {timeout: 30_000}, async () => {
		const terminal = open(newPerson(), {size});
		for (const screen of [...usual, review]) {
			await seesScreen(terminal, screen.title);
			await terminal.type('?');
			const title = `Help: ${screen.title}`;
			await seesScreen(terminal, title);
			for (const {label} of screen.fields) await pressUntil(terminal, 'down', `${label}:`);
			for (const term of screen.terms) await pressUntil(terminal, 'down', terms[term][0]);
			await seesScreen(terminal, title);
			await terminal.type('x');
			await seesScreen(terminal, screen.title);
			for (const field of screen.fields) {
				await seesScreen(terminal, screen.title, pointed(screen, field));
				await terminal.press('enter');
			}
		}
	});
});
