import {describe, expect, test} from 'vitest';
import {begunBefore, bodyOf, pressUntil, realProgram, type Size, seesScreen, sizes, usualScreens} from './program.js';

const {newPerson, open} = realProgram();

const title = 'Is this right?';

const openReview = async (size?: Size) => {
	const person = newPerson();
	begunBefore(person, 'review');
	const terminal = open(person, {size});
	await seesScreen(terminal, title, '❯ Install now');
	return terminal;
};

describe.each(sizes)('in a terminal of %i×%i', (...size) => {
	test('the review keeps the chosen row in sight, and all of the plan can be read below it', {
		timeout: 30_000,
	}, async () => {
		const terminal = await openReview(size);
		// Below the first row stands what keeps the installation from beginning.
		await seesScreen(terminal, title, 'the Docker engine does not run');
		for (const {fields} of usualScreens)
			for (const {label} of fields) {
				await terminal.press('down');
				await seesScreen(terminal, title, new RegExp(`^❯ ${label}  `, 'm'));
			}
		await pressUntil(terminal, 'down', '• Check that everything answers');
		await seesScreen(terminal, title);
		await terminal.press('home');
		await seesScreen(terminal, title, '❯ Install now');
		await terminal.press('end');
		await seesScreen(terminal, title, '❯ Statistics');
		await terminal.press('up', 'enter');
		await seesScreen(terminal, "The database's password", '❯ Database password');
		await terminal.press('escape');
		await seesScreen(terminal, title);
	});

	test('the files are shown from the first to the last line, and back', {timeout: 30_000}, async () => {
		const terminal = await openReview(size);
		await terminal.type('d');
		const files = 'The files that will be written';
		const first = await seesScreen(terminal, files, '7 files', 'specify.yaml (missing)');
		await pressUntil(terminal, 'pagedown', 'proxy/Caddyfile (missing)');
		await pressUntil(terminal, 'pagedown', 'compose.yaml (missing)');
		// Beyond the end there is nothing to go to, so the first key back moves.
		for (let presses = 0; presses < 150; presses += 1) await terminal.press('pagedown');
		const end = await seesScreen(terminal, files);
		expect(bodyOf(end).at(-1)).toBe('');
		await terminal.press('up');
		await terminal.waitFor(screen => screen !== end);
		for (let presses = 0; bodyOf(terminal.screen())[0] !== bodyOf(first)[0] && presses < 150; presses += 1)
			await terminal.press('pageup');
		expect(await seesScreen(terminal, files)).toBe(first);
		await terminal.press('escape');
		await seesScreen(terminal, title);
	});
});

test('an installation that would be refused is not begun: the review stays and says what to do', async () => {
	const terminal = await openReview();
	const remedy = /Docker engine: the Docker engine does not run\.\s+Start it/;
	await seesScreen(terminal, title, remedy, /^Enter look again/m);
	await terminal.press('enter');
	await terminal.settled({quietMs: 500});
	await seesScreen(terminal, title, remedy, /^Enter look again/m);
	await terminal.press('ctrl-c', 'ctrl-c');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
});
