import {describe, expect, test} from 'vitest';
import type {Facts} from '../../source/model/wizard.js';
import {askAll, type Prompts, type QuestionServices, type Wanted} from '../../source/plain/questions.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const installed = answersWith({domain: 'museum.se', images: {registry: 'mirror.museum.se'}});
const facts: Facts = {
	directory: '/opt/specify',
	domain: 'museum.se',
	timezone: 'Europe/Stockholm',
	memory: 8 * GiB,
	swap: 0,
	processors: 4,
	secrets: knownSecrets,
	presets: {},
	existing: {answers: installed, installed, inUse: true},
};

/** A person who chooses these things from the list, one after the other, and types these answers. */
const asked = async (choices: string[], typed: Record<string, string> = {}) => {
	const said: string[] = [];
	const offered: string[][] = [];
	const seen: Wanted[] = [];
	const typedFor = (message: string) => Object.entries(typed).find(([label]) => message.startsWith(`${label}. `))?.[1];
	const prompts: Prompts = {
		select: async ({message, default: fallback, choices: all}) => {
			if (message !== 'What now?') return all.find(({value}) => value === (typedFor(message) ?? fallback))!.value;
			offered.push(all.map(({name}) => name));
			const wanted = choices.shift()!;
			const choice = all.find(({name}) => name === wanted);
			if (!choice) throw new Error(`"${wanted}" is not offered: ${offered.at(-1)!.join(', ')}`);
			return choice.value;
		},
		input: async ({message, default: fallback = '', validate}) => {
			const value = typedFor(message) ?? fallback;
			expect(validate(value)).toBe(true);
			return value;
		},
		password: async () => '',
		confirm: async () => true,
	};
	const services: QuestionServices = {
		save: () => {},
		find: async () => null,
		plan: async wanted => {
			seen.push(wanted);
			// The page was kept earlier.
			const [edited, kept] = [['proxy/Caddyfile'], ['landing/index.html']];
			return {
				lines: ['What will be done:'],
				edited: [
					...edited.filter(path => !wanted.keep.includes(path)),
					...kept.filter(path => wanted.take.includes(path)),
				],
				kept: [
					...kept.filter(path => !wanted.take.includes(path)),
					...edited.filter(path => wanted.keep.includes(path)),
				],
				done: false,
			};
		},
		differences: async () => ['proxy/Caddyfile (edited by hand)', '-mine', '+new'],
		print: (...lines) => void said.push(...lines),
		printAsIs: (...lines) => void said.push(...lines),
	};
	const result = await askAll(facts, {}, services, {prompts});
	return {result, said: said.join('\n'), offered, seen};
};

describe('a change by plain questions', () => {
	test('begins with the list of answers, with those that are fixed and why', async () => {
		const {result, said, offered} = await asked(['Leave; nothing is changed']);
		expect(result).toBeNull();
		expect(said).toContain('What shall be changed? Nothing has been changed yet.');
		expect(said).toContain('  Domain: museum.se\n');
		expect(said).toContain('  Database: specify (fixed: The name of the database cannot be changed');
		expect(said).not.toContain('changed, was');
		expect(offered[0]).not.toContain('Undo everything: as it is installed');
	});

	test('marks what is another than installed, in the list and when it is asked again', async () => {
		const {result, said, offered} = await asked(
			['Change: Who looks after it, and in which time zone?', 'Change it now'],
			{'Time zone': 'UTC'},
		);
		expect(said).toContain('* Time zone: UTC * changed, was Europe/Stockholm');
		expect(offered[1]).toContain('Undo: Time zone');
		expect(result).toMatchObject({answers: {timezone: 'UTC', email: 'admin@museum.se'}, secrets: {}, keep: []});
	});

	test('undoes one change, or all', async () => {
		const change = 'Change: Who looks after it, and in which time zone?';
		const typed = {'Time zone': 'UTC', 'E-mail': 'it@museum.se'};
		const one = await asked([change, 'Undo: E-mail', 'Change it now'], typed);
		expect(one.result).toMatchObject({answers: {timezone: 'UTC', email: 'admin@museum.se'}});
		const all = await asked([change, 'Undo everything: as it is installed', 'Change it now'], typed);
		expect(all.result!.answers).toEqual(installed);
	});

	test('takes "none" for an answer that may be none', async () => {
		const {result, said} = await asked(['Change: Where do the images come from?', 'Change it now'], {Mirror: 'none'});
		expect(said).toContain('* Mirror: none * changed, was mirror.museum.se');
		expect(result!.answers.images).toEqual({registry: null});
	});

	test('shows the differences of the files, and keeps an edit or gives it up', async () => {
		const {said, result, seen} = await asked([
			'Show the differences of the files',
			'Keep proxy/Caddyfile as it was edited by hand',
			'Take the new proxy/Caddyfile; yours is saved',
			'Keep proxy/Caddyfile as it was edited by hand',
			'Change it now',
		]);
		expect(said).toContain('-mine\n+new');
		expect(seen.map(({keep}) => keep.length)).toEqual([0, 0, 1, 0, 1]);
		expect(result!.keep).toEqual(['proxy/Caddyfile']);
	});

	test('gives up an edit that was kept earlier, or keeps it after all', async () => {
		const take = 'Take the new landing/index.html; yours is saved';
		const given = await asked([take, 'Change it now']);
		expect(given.result).toMatchObject({keep: [], take: ['landing/index.html']});
		const kept = await asked([take, 'Keep landing/index.html as it was edited by hand', 'Change it now']);
		expect(kept.result).toMatchObject({keep: ['landing/index.html'], take: []});
	});

	test('asks for a password only when there shall be new ones', async () => {
		const keep = await asked(['Change it now']);
		expect(keep.result!.secrets).toEqual({});
		const change = await asked(["Change: The database's passwords", 'Change it now'], {Passwords: 'new'});
		expect(change.said).toContain("The database's password\n");
		expect(Object.keys(change.result!.secrets).sort()).toEqual([
			'APP_USER_PASSWORD',
			'DATABASE_ROOT_PASSWORD',
			'MASTER_PASSWORD',
			'MIGRATOR_PASSWORD',
		]);
	});
});
