import {describe, expect, test} from 'vitest';
import {
	type Plan,
	type Wanted,
	type WizardResult,
	WizardScreen,
	type WizardServices,
} from '../../source/ink/screens/wizard.js';
import {consequencesOf, newPasswords} from '../../source/model/consequences.js';
import type {FileDifference} from '../../source/model/differences.js';
import {type Existing, type Facts, screens} from '../../source/model/wizard.js';
import {answersWith} from '../_helpers/answers.js';
import {byHand} from '../_helpers/by-hand.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';
import {draw, keys} from '../_helpers/screen.js';
import {until} from '../_helpers/until.js';

const installed = answersWith({
	domain: 'museum.se',
	certificates: 'letsencrypt',
	institution: {
		name: 'Riksmuseet',
		code: 'NRM',
		division: 'Botany',
		discipline: {type: 'botany', name: 'Botany'},
		collection: {name: 'Herbarium', code: 'S'},
		administrator: {name: 'linnea', lastname: 'Linné'},
	},
});

const edited: FileDifference = {
	path: 'proxy/Caddyfile',
	state: 'edited',
	keepable: true,
	hasOwn: true,
	lines: [
		{sign: '@', text: '@@ -1,2 +1,2 @@'},
		{sign: ' ', text: '{'},
		{sign: '-', text: '\temail me@museum.se'},
		{sign: '+', text: '\temail admin@museum.se'},
	],
	own: [{sign: '+', text: 'log'}],
	advice: ['You have edited it.', 'Lasting changes belong into Caddyfile.d/ (files ending in .caddy).'],
};
const hidden: FileDifference = {
	path: '.env',
	state: 'changed',
	keepable: false,
	hasOwn: false,
	lines: [],
	own: [],
	advice: ['It holds secrets; it is not shown.'],
};

const steps = [
	{id: 'preflight', title: 'Check this machine', done: false, changes: []},
	{id: 'files', title: 'Write the files of the installation', done: false, changes: ['rewrite specify.yaml']},
	{id: 'pull', title: 'Fetch the images', done: true, changes: []},
] as const satisfies readonly Partial<Plan['steps'][number]>[];

/** The review of an installation, beside a program that finds nothing wrong. */
const review = async ({
	existing = {},
	files = [],
	editedFiles = [],
	size,
	looked = () => Promise.resolve(),
}: {
	existing?: Partial<Existing>;
	files?: FileDifference[];
	editedFiles?: string[];
	/** Settles when the machine has been looked at. */
	looked?: () => Promise<void>;
	size?: {columns: number; rows: number};
} = {}) => {
	const facts: Facts = {
		directory: '/opt/specify',
		domain: 'museum.se',
		timezone: 'Europe/Stockholm',
		memory: 8 * GiB,
		swap: 0,
		processors: 4,
		secrets: knownSecrets,
		presets: {},
		existing: {answers: installed, installed, inUse: true, ...existing},
	};
	const left: WizardResult[] = [];
	const saved: unknown[] = [];
	const plan = async ({answers, secrets, keep, take}: Wanted): Promise<Plan> => {
		await looked();
		const consequences = [
			...consequencesOf(facts.existing!.installed, answers),
			...(secrets.MASTER_PASSWORD ? [newPasswords(['master', 'root'])] : []),
		];
		const replaced = [...editedFiles.filter(path => !keep.includes(path)), ...take];
		const done = consequences.length === 0 && editedFiles.length + take.length === 0;
		return {
			consequences,
			checks: [],
			edited: replaced,
			done,
			steps: steps.map(step => ({...step, changes: [...step.changes], done: done || step.done})),
		};
	};
	const services: WizardServices = {
		save: draft => void saved.push(draft),
		lookUpNames: async () => ({ok: true, reason: '', lines: []}),
		readDump: async () => ({ok: false, reason: 'was read', lines: []}),
		readAttachments: async () => ({ok: false, reason: 'was read', lines: []}),
		completePath: async text => ({completion: text, candidates: []}),
		plan,
		files: () => Promise.reject(new Error('the files of a new installation')),
		differences: async () => files,
		suspend: () => {},
	};
	const screen = draw(
		<WizardScreen {...{facts, services}} initial={{draft: {}}} onLeave={result => left.push(result)} />,
		size ?? {columns: 100, rows: 60},
	);
	// The window has got its size: the picture is drawn anew.
	await until(() => screen.frames.filter(written => written === '\u001b[H\u001b[J').length === 2, {timeoutMs: 4000});
	await screen.shows('What shall be changed?');
	/** Goes to the row of an answer. */
	const choose = async (label: string) => {
		const row = () => /^❯ .*$/m.exec(screen.frame())?.[0];
		await screen.shows('What shall be changed?');
		for (let presses = 0; !row()?.startsWith(`❯ ${label}  `) && presses < 40; presses += 1) {
			const before = row();
			await screen.press(keys.down);
			await until(() => row() !== undefined && row() !== before, {timeoutMs: 2000});
		}
	};
	const type = async (text: string) => {
		await screen.press(...text);
	};
	return {...screen, left, choose, type};
};

const ctrlO = '\u000f';

describe('the wizard on what is installed', () => {
	test('begins with every answer, those that stay with the reason, and leaves all as it is', async () => {
		const {shows, choose, press, left} = await review();
		const frame = await shows('Everything is as the answers say.');
		expect(frame).toMatch(/^What shall be changed\? +nothing changed$/m);
		expect(frame).toMatch(/^ {2}Domain +museum\.se$/m);
		expect(frame).toMatch(/^ {2}Certificates +Let's Encrypt$/m);
		expect(frame).toMatch(/^ {2}Institution +Riksmuseet {2}fixed$/m);
		expect(frame).toMatch(/^ {2}Database +specify {2}fixed$/m);
		expect(frame).not.toMatch(/What follows|What will be done|changed, was/);
		await choose('Database');
		await shows(/The name of the database cannot be changed once there are data in it\./);
		await press(keys.enter);
		await press(keys.home, keys.enter);
		await expect.poll(() => left).toEqual([{kind: 'unchanged'}]);
	});

	test('marks a change on its screen and in the list, tells what follows alone, and does it', async () => {
		const {shows, press, choose, type, left} = await review();
		await choose('Time zone');
		await press(keys.enter);
		await shows('❯ Time zone');
		await type('UTC');
		const asked = await shows('* changed, was Europe/Stockholm');
		expect(asked).toContain('Ctrl-O undo');
		await press(keys.enter);
		await shows(/Time zone +UTC \* changed, was Europe\/Stockholm/);
		const frame = await shows('What follows');
		expect(frame).toContain('1 changed');
		expect(frame).toContain('• Time zone: UTC (was Europe/Stockholm)');
		expect(frame).toContain('Starts again: db, specify7 and worker');
		expect(frame).toContain('rewrite specify.yaml');
		// What is done already does not follow.
		expect(frame).not.toContain('Fetch the images');
		await press(keys.home, keys.enter);
		await expect.poll(() => left).toMatchObject([{kind: 'begin', answers: {timezone: 'UTC'}, secrets: {}, keep: []}]);
		expect((left[0] as {secrets: object}).secrets).toEqual({});
	});

	test('takes names along with the domain, and undoes one change or all of them', async () => {
		const {shows, frame, press, choose, type} = await review();
		await choose('Domain');
		await press(keys.enter);
		await type('flora.se');
		await press(keys.enter);
		await shows(/Specify 7 +specify7\.flora\.se \* changed, was specify7\.museum\.se/);
		expect(frame()).toMatch(/E-mail +admin@flora\.se \* changed, was admin@museum\.se/);
		await choose('Specify 7');
		await press('u');
		await shows(/^❯ Specify 7 +specify7\.museum\.se$/m);
		expect(frame()).toMatch(/Asset server +media\.flora\.se \* changed/);
		await press('r');
		await shows('nothing changed');
		expect(frame()).not.toContain('changed, was');
	});

	test('a value that is being typed is undone on its screen', async () => {
		const {shows, frame, press, choose, type} = await review();
		await choose('E-mail');
		await press(keys.enter);
		await type('it@museum.se');
		await shows('* changed, was admin@museum.se');
		await press(ctrlO);
		await shows(/❯ E-mail +admin@museum\.se/);
		expect(frame()).not.toContain('changed, was');
	});

	test('what specify.yaml says now and was not installed is a change, which can be undone', async () => {
		const {shows, press, choose} = await review({existing: {answers: {...installed, email: 'new@museum.se'}}});
		await shows(/E-mail +new@museum\.se \* changed, was admin@museum\.se/);
		await choose('E-mail');
		await press('u');
		await shows(/^❯ E-mail +admin@museum\.se$/m);
		await shows('Everything is as the answers say.');
	});

	test('an answer that may be none becomes none, and comes back', async () => {
		const mirrored = {...installed, images: {registry: 'mirror.museum.se'}};
		const {shows, press, choose, type, left} = await review({existing: {answers: mirrored, installed: mirrored}});
		await choose('Mirror');
		await press(keys.enter);
		await type('none');
		await press(keys.enter);
		await shows(/Mirror +none \* changed, was mirror\.museum\.se/);
		await choose('Landing page');
		await press(keys.enter);
		await type('none');
		await press(keys.enter, keys.home);
		await shows(/Landing page +none \* changed, was museum\.se/);
		await shows('Landing page: none (was museum.se)');
		await press(keys.enter);
		await expect
			.poll(() => left)
			.toMatchObject([{kind: 'begin', answers: {images: {registry: null}, hostnames: {landing: null}}}]);
	});

	test('another way to certificates takes along only what goes with it', async () => {
		const own = {
			...installed,
			certificates: 'own' as const,
			own: {certificate: '/srv/a.crt', key: '/srv/a.key', authority: null},
			hsts: true,
		};
		const {shows, press, choose, left} = await review({existing: {answers: own, installed: own}});
		await choose('Certificates');
		await press(keys.enter, keys.up, keys.enter);
		await shows(/Certificates +This machine \* changed, was Files of my own/);
		await shows('What follows');
		await press(keys.home, keys.enter);
		await expect
			.poll(() => left)
			.toMatchObject([
				{kind: 'begin', answers: {certificates: 'internal', own: {certificate: null, key: null}, hsts: false}},
			]);
	});

	test('new passwords are made only when they are asked for, and all of the database at once', async () => {
		const {shows, press, choose, left} = await review();
		await choose('Passwords');
		await press(keys.enter);
		await shows('The login of an administrator is changed in Specify itself');
		await press(keys.down, keys.enter);
		await shows(/Passwords +New ones \* changed, was Keep them/);
		const frame = await shows('ALTER USER');
		expect(frame).toMatch(/Database password +•{8} \(\w+\)/);
		expect(frame).not.toContain(knownSecrets.MASTER_PASSWORD);
		await press(keys.home, keys.enter);
		await expect.poll(() => left).toHaveLength(1);
		const {DATABASE_ROOT_PASSWORD, MASTER_PASSWORD, MIGRATOR_PASSWORD, APP_USER_PASSWORD} = knownSecrets;
		expect(left[0]).toMatchObject({kind: 'begin'});
		expect((left[0] as {secrets: object}).secrets).toEqual({
			DATABASE_ROOT_PASSWORD,
			MASTER_PASSWORD,
			MIGRATOR_PASSWORD,
			APP_USER_PASSWORD,
		});
	});

	test('an institution that was never made can be asked for', async () => {
		const later = {...installed, institution: null};
		const {shows, press, choose, left} = await review({existing: {answers: later, installed: later}});
		const first = await shows(/Begin with +Nothing yet/);
		expect(first).not.toContain('Acronym');
		await choose('Begin with');
		await press(keys.enter, keys.down, keys.enter);
		await shows(/Acronym +NHM/);
		await shows('What follows');
		await press(keys.home, keys.enter);
		await expect.poll(() => left).toMatchObject([{kind: 'begin', answers: {institution: {code: 'NHM'}}}]);
	});

	test('an installation that never finished can still be begun with something else', async () => {
		const frame = await (await review({existing: {inUse: false}})).shows('Change it now');
		expect(frame).toMatch(/Begin with +A new collection/);
		expect(frame).not.toMatch(/ fixed$/m);
	});

	test('nothing begins that was not told: Enter while the machine is looked at only waits for it', async () => {
		const looks = byHand<void>();
		const {shows, press, left} = await review({
			existing: {answers: {...installed, timezone: 'UTC'}},
			looked: looks.promise,
		});
		await shows('Looking at this machine');
		await press(keys.enter);
		await looks.settle();
		await shows('Read what follows, then press Enter again.');
		await shows('What follows');
		// The second look begins what the first one told, and is under way when Enter is pressed again.
		expect(left).toEqual([]);
		await press(keys.enter);
		await shows('Looking at this machine');
		await looks.settle();
		await expect.poll(() => left).toMatchObject([{kind: 'begin', answers: {timezone: 'UTC'}}]);
	});

	test('an answer that is not asked counts as a change as well, and is undone with all', async () => {
		const {shows, press, frame} = await review({existing: {answers: {...installed, hsts: true}}});
		await shows('hsts: yes (was no)');
		expect(frame()).toMatch(/^What shall be changed\? +1 changed$/m);
		expect(frame()).toContain('r undo all');
		await press('r');
		await shows('nothing changed');
		await shows('Everything is as the answers say.');
	});

	test('what the keys do on a change fits into 80 columns, with the files', async () => {
		const {shows, choose} = await review({
			existing: {answers: {...installed, timezone: 'UTC'}},
			size: {columns: 80, rows: 24},
		});
		await shows('1 changed');
		await choose('Time zone');
		await shows(/Enter change.* d files {2}u undo/);
	});

	test('leaving with a change says that nothing was done, and what is forgotten', async () => {
		const {shows, press, choose, type, left} = await review();
		await choose('Time zone');
		await press(keys.enter);
		await type('UTC');
		await press(keys.enter);
		await shows(/Time zone +UTC \* changed/);
		await press(keys.escape);
		await shows('Nothing has been changed. What you changed here is forgotten.');
		await press(keys.escape);
		await shows('What shall be changed?');
		expect(left).toEqual([]);
		await press(keys.escape);
		await shows('Leave?');
		await press(keys.enter);
		expect(left).toEqual([{kind: 'left'}]);
	});

	test.each([
		['Escape', keys.escape],
		['Ctrl-C', keys.ctrlC],
	])('leaving without a change asks nothing: %s', async (_, key) => {
		const {shows, press, left, frames} = await review({existing: {answers: {...installed, timezone: 'UTC'}}});
		await shows('What shall be changed?');
		await press(key);
		await expect.poll(() => left).toEqual([{kind: 'left'}]);
		expect(frames.join('')).not.toContain('Leave?');
	});

	test('a value typed and taken back is no change', async () => {
		const {shows, press, choose, type, left} = await review();
		await choose('Time zone');
		await press(keys.enter);
		await type('UTC');
		await shows('* changed, was');
		await press(ctrlO, keys.enter);
		await shows('nothing changed');
		await press(keys.escape);
		await expect.poll(() => left).toEqual([{kind: 'left'}]);
	});

	test.each([
		{columns: 80, rows: 24},
		{columns: 60, rows: 20},
	])('help says what the keys do, within $columns×$rows', async size => {
		const {shows, press, frame} = await review({size});
		await press('?');
		const help = await shows('Help: What shall be changed?');
		expect(help).toContain('Enter\n');
		const seen: string[] = [];
		for (let presses = 0; presses < 30; presses += 1) {
			const lines = frame().trimEnd().split('\n');
			expect(lines.length).toBeLessThan(size.rows);
			expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(size.columns);
			seen.push(...lines);
			await press(keys.down);
		}
		const said = seen.join(' ').replace(/\s+/g, ' ');
		for (const row of ['d', 'u', 'r', 'Esc', 'Image']) expect(seen).toContain(row);
		expect(said).toMatch(/k keeps a file/);
		expect(said).toMatch(/Ctrl-O/);
	});

	test('files of answers that are wrong are not shown, nor those of before', async () => {
		const files = [edited];
		const {shows, press, choose, type, frame} = await review({files});
		await press('d');
		await shows('email admin@museum.se');
		await press(keys.escape);
		await choose('Asset server');
		await press(keys.enter);
		await type('reports.museum.se');
		await press(keys.escape);
		await shows('hostnames.reports must differ from hostnames.media');
		await press('d');
		await shows('First put right what the review marks.');
		expect(frame()).not.toContain('email admin@museum.se');
	});

	test('answers that do not go together say why instead of being looked at for ever', async () => {
		const {shows} = await review({
			existing: {answers: {...installed, hostnames: {...installed.hostnames, reports: 'media.museum.se'}}},
		});
		await shows(/✖ hostnames\.reports must differ from hostnames\.media/);
	});
});

describe('differences of the files', () => {
	const open = async (size?: {columns: number; rows: number}) => {
		const screen = await review({files: [hidden, edited], editedFiles: ['proxy/Caddyfile'], size});
		await screen.shows('! proxy/Caddyfile was edited by hand');
		await screen.press('d');
		await screen.shows('1 of 2');
		return screen;
	};

	test('are shown file by file with signs, and secrets are not', async () => {
		const {frame, press, shows} = await open();
		expect(frame()).toMatch(/^\.env \(changed\) +1 of 2$/m);
		expect(frame()).toContain('It holds secrets; it is not shown.');
		await press('\u001b[C');
		const shown = await shows('2 of 2');
		expect(shown).toContain('proxy/Caddyfile (edited by hand: replaced, yours saved)');
		expect(shown).toMatch(/^- {4}email me@museum\.se$/m);
		expect(shown).toMatch(/^\+ {4}email admin@museum\.se$/m);
		expect(shown).toContain('Caddyfile.d/');
		await press('m');
		expect(await shows('as you changed it')).toMatch(/^\+log$/m);
	});

	test('an edit is kept, or given up again', async () => {
		const {press, shows, frame, left} = await open();
		await press('\u001b[C', 'k');
		await shows('edited by hand: yours stays');
		await press('n');
		await shows('edited by hand: replaced, yours saved');
		await press('k', keys.escape);
		await shows('What shall be changed?');
		await expect.poll(() => frame()).not.toContain('was edited by hand');
		await press(keys.home, keys.enter);
		await expect.poll(() => left).toMatchObject([{kind: 'begin', keep: ['proxy/Caddyfile']}]);
	});

	test('an edit that was kept earlier is given up, or kept after all', async () => {
		const screen = await review({files: [{...edited, state: 'kept'}], editedFiles: []});
		await screen.press('d');
		await screen.shows('edited by hand: yours stays');
		await screen.press('n');
		await screen.shows('edited by hand: replaced, yours saved');
		await screen.press('k');
		await screen.shows('edited by hand: yours stays');
		await screen.press('n', keys.escape);
		await screen.shows('! proxy/Caddyfile was edited by hand');
		await screen.press(keys.home, keys.enter);
		await expect.poll(() => screen.left).toMatchObject([{kind: 'begin', keep: [], take: ['proxy/Caddyfile']}]);
	});

	test('what becomes of a file fits above it in 80 columns', async () => {
		const others = ['compose.yaml', 'proxy/Caddyfile'].map(path => ({...edited, path}));
		const screen = await review({
			files: [{...edited, path: 'specify7/local_settings.py'}, ...others],
			size: {columns: 80, rows: 24},
		});
		await screen.press('d');
		await screen.shows(/^specify7\/local_settings\.py \(edited by hand: replaced, yours saved\) +1 of 3$/m);
	});

	test('a line that is longer than the screen is shown to its end', async () => {
		const text = `${'x'.repeat(150)} at its end`;
		const screen = await review({
			files: [{...edited, lines: [{sign: '+', text}]}],
			size: {columns: 80, rows: 24},
		});
		await screen.press('d');
		const rows = (await screen.shows('at its end')).split('\n').filter(row => row.startsWith('+'));
		expect(rows.length).toBeGreaterThan(1);
		expect(rows.join('').match(/x/g)).toHaveLength(150);
	});

	test('an edit that came to light while it was to begin is shown before anything is replaced', async () => {
		const files: string[] = [];
		const {shows, press, choose, type, left} = await review({editedFiles: files});
		await choose('Time zone');
		await press(keys.enter);
		await type('UTC');
		await press(keys.enter);
		await shows('What follows');
		files.push('proxy/Caddyfile');
		await press(keys.home, keys.enter);
		await shows('! proxy/Caddyfile was edited by hand');
		expect(left).toEqual([]);
		// Who presses at the very moment it appears has not read it.
		await new Promise(resolve => setTimeout(resolve, 150));
		await press(keys.enter);
		await expect.poll(() => left).toMatchObject([{kind: 'begin', keep: []}]);
	});

	test.each([
		{columns: 80, rows: 24},
		{columns: 60, rows: 20},
	])('and the list of answers fit into $columns×$rows', async size => {
		const screen = await open(size);
		const check = () => {
			const lines = screen.frame().trimEnd().split('\n');
			expect(lines.length).toBeLessThan(size.rows);
			expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(size.columns);
		};
		check();
		await screen.press('\u001b[C');
		check();
		await screen.press(keys.escape);
		await screen.shows('What shall be changed?');
		check();
		await screen.press(...Array.from({length: 25}, () => keys.down));
		check();
	});
});

test('every question of a change has a label of its own, so that a mark is not taken for another', () => {
	const labels = screens.flatMap(({fields}) => fields.map(({label}) => label));
	const twice = labels.filter((label, index) => labels.indexOf(label) !== index);
	expect(twice).toEqual([]);
});
