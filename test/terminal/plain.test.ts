import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import type {Terminal} from '../_helpers/terminal.js';
import {begunBefore, realProgram, seesScreen, usualScreens} from './program.js';

const {newPerson, open} = realProgram();
const size = [120, 40] as const;

const leave = async (terminal: Terminal) => {
	await terminal.waitFor('? What now?');
	await terminal.press('up');
	await terminal.waitFor('❯ Leave; the answers are kept');
	await terminal.press('enter');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	expect(terminal.screen()).toContain('Nothing has been installed. Your answers are kept');
};

test('Enter alone answers every plain question and ends at the list of answers', {timeout: 20_000}, async () => {
	const person = newPerson();
	const terminal = open(person, {size, args: ['--plain']});
	for (const {fields} of usualScreens)
		for (const {label} of fields) {
			await terminal.waitFor(new RegExp(`^\\? ${label}\\. `, 'm'));
			await terminal.press('enter');
			await terminal.waitFor(screen => !new RegExp(`^\\? ${label}\\. `, 'm').test(screen));
		}
	await terminal.waitFor('? What now?');
	const said = `${terminal.scrollback()}\n${terminal.screen()}`;
	expect(said).toContain('  Institution: Natural History Museum\n');
	expect(said).toContain('  Login password: (good)\n');
	expect(said).toContain('Docker engine: the Docker engine does not run. Start it');
	expect(said).toContain('Check that everything answers');
	await leave(terminal);
	const kept = readFileSync(person.config, 'utf8');
	expect(kept).not.toMatch(/PASSWORD/);
});

test('an answer changed from the list is the one the live screens show, and the other way round', {
	timeout: 20_000,
}, async () => {
	const person = newPerson();
	begunBefore(person, 'review', {'institution.name': 'Riksmuseet'});
	const plain = open(person, {size, args: ['--plain']});
	await plain.waitFor('? What now?');
	expect(plain.scrollback() + plain.screen()).toContain('  Institution: Riksmuseet\n');
	for (let presses = 0; !plain.screen().includes('❯ Change: Your institution') && presses < 15; presses += 1) {
		await plain.press('down');
		await plain.settled({quietMs: 50});
	}
	await plain.press('enter');
	await plain.waitFor(/^\? Institution\. .*Riksmuseet/m);
	await plain.type('Herbarium');
	await plain.press('enter');
	await plain.waitFor(/^\? Acronym\. /m);
	await plain.type('S');
	await plain.press('enter');
	await plain.waitFor(/^\? Division\. /m);
	await plain.press('enter');
	await leave(plain);

	const live = open(person);
	await seesScreen(
		live,
		'Is this right?',
		/^ {2}Institution +Herbarium$/m,
		/^ {2}Acronym +S$/m,
		/^ {2}Collection code +S$/m,
	);
	for (let presses = 0; presses < 7; presses += 1) await live.press('down');
	await seesScreen(live, 'Is this right?', /^❯ Acronym/m);
	await live.press('enter');
	await seesScreen(live, 'Your institution', '❯ Acronym');
	await live.press('backspace');
	await live.type('NRM');
	await live.press('enter');
	await seesScreen(live, 'Your institution', '❯ Division');
	await live.press('enter');
	await seesScreen(live, 'Is this right?', /^ {2}Acronym +NRM$/m);
	await live.press('ctrl-c', 'ctrl-c');
	expect(await live.exit).toEqual({exitCode: 130, signal: null});

	const again = open(person, {size, args: ['--plain']});
	await again.waitFor('? What now?');
	expect(again.scrollback() + again.screen()).toContain('  Acronym: NRM\n');
	await leave(again);
});

test('an answer that is not right is asked again with the reason', async () => {
	const person = newPerson();
	begunBefore(person, 'contact');
	const terminal = open(person, {size, args: ['--plain']});
	await terminal.waitFor(/^\? E-mail\. /m);
	await terminal.type('nobody');
	await terminal.press('enter');
	await terminal.waitFor('E-mail must be an e-mail address such as');
	for (let presses = 0; presses < 6; presses += 1) await terminal.press('backspace');
	await terminal.press('enter');
	await terminal.waitFor(/^\? Time zone\. /m);
	await terminal.press('ctrl-c');
	expect(await terminal.exit).toEqual({exitCode: 130, signal: null});
	expect(terminal.screen()).toContain('Your answers are kept');
});
