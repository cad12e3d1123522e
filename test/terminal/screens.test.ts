import {describe, expect, test} from 'vitest';
import {terms} from '../../source/model/terms.js';
import {type Field, type Screen, screens} from '../../source/model/wizard.js';
import type {Terminal} from '../_helpers/terminal.js';
import {begunBefore, bodyOf, realProgram, type Size, seesScreen, sizes} from './program.js';

const {newPerson, open} = realProgram();

const asked = screens.filter(({id}) => id !== 'review');
/** Enter alone leads through these: the database begins with a new collection. */
const usual = asked.filter(({id}) => id !== 'dump');
const review = screens.at(-1)!;
const last = `${usual.length + 1} of ${usual.length + 1}`;

const positionOf = (screen: Screen) => `${usual.indexOf(screen) + 1} of ${usual.length + 1}`;

/** How a field looks that has the keys: a lone choice shows its options, of which the chosen one is marked. */
const pointed = ({fields}: Pick<Screen, 'fields'>, {kind, options, label}: Field) =>
	kind === 'choice' && fields.length === 1
		? new RegExp(`❯ (${options!.map(option => option.label).join('|')})`)
		: `❯ ${label}`;

const openReview = async (size?: Size) => {
	const person = newPerson();
	begunBefore(person, 'review');
	const terminal = open(person, {size});
	await seesScreen(terminal, review.title, last, '❯ Install now');
	return terminal;
};

/** Presses a key until the screen holds a text. */
const pressUntil = async (terminal: Terminal, key: 'down' | 'pagedown', text: string, most = 80) => {
	for (let presses = 0; !terminal.screen().includes(text); presses += 1) {
		if (presses === most) throw new Error(`"${text}" is not reached by ${key}:\n${terminal.picture()}`);
		const before = terminal.screen();
		await terminal.press(key);
		await terminal.waitFor(screen => screen !== before);
	}
};

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

	test('the review keeps the chosen row in sight, and all of the plan can be read below it', {
		timeout: 30_000,
	}, async () => {
		const terminal = await openReview(size);
		// Below the first row stands what keeps the installation from beginning.
		await seesScreen(terminal, review.title, 'the Docker engine does not run');
		for (const {fields} of usual)
			for (const {label} of fields) {
				await terminal.press('down');
				await seesScreen(terminal, review.title, new RegExp(`^❯ ${label}  `, 'm'));
			}
		await pressUntil(terminal, 'down', '• Check that everything answers');
		await seesScreen(terminal, review.title);
		await terminal.press('home');
		await seesScreen(terminal, review.title, '❯ Install now');
		await terminal.press('end');
		await seesScreen(terminal, review.title, '❯ Statistics');
		await terminal.press('up', 'enter');
		await seesScreen(terminal, "The database's password", '❯ Database password');
		await terminal.press('escape');
		await seesScreen(terminal, review.title);
	});

	test('the files are shown from the first to the last line, and back', {timeout: 30_000}, async () => {
		const terminal = await openReview(size);
		await terminal.type('d');
		const title = 'The files that will be written';
		const first = await seesScreen(terminal, title, '5 files', 'specify.yaml (missing)');
		await pressUntil(terminal, 'pagedown', 'proxy/Caddyfile (missing)');
		await pressUntil(terminal, 'pagedown', 'compose.yaml (missing)');
		// Beyond the end there is nothing to go to, so the first key back moves.
		for (let presses = 0; presses < 60; presses += 1) await terminal.press('pagedown');
		const end = await seesScreen(terminal, title);
		expect(bodyOf(end).at(-1)).toBe('');
		await terminal.press('up');
		await terminal.waitFor(screen => screen !== end);
		for (let presses = 0; bodyOf(terminal.screen())[0] !== bodyOf(first)[0] && presses < 80; presses += 1)
			await terminal.press('pageup');
		expect(await seesScreen(terminal, title)).toBe(first);
		await terminal.press('escape');
		await seesScreen(terminal, review.title);
	});
});

test('an installation that would be refused is not begun: the review stays and says what to do', async () => {
	const terminal = await openReview();
	const remedy = /Docker engine: the Docker engine does not run\.\s+Start it/;
	await seesScreen(terminal, review.title, remedy, /^Enter look again/m);
	await terminal.press('enter');
	await terminal.settled({quietMs: 500});
	await seesScreen(terminal, review.title, remedy, /^Enter look again/m);
	await terminal.press('ctrl-c', 'ctrl-c');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
});
