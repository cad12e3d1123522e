import {describe, expect, test, vi} from 'vitest';
import {type WizardResult, WizardScreen, type WizardServices} from '../../source/ink/screens/wizard.js';
import type {Facts} from '../../source/model/wizard.js';
import {byHand} from '../_helpers/by-hand.js';
import {GiB} from '../_helpers/observation.js';
import {draw, keys} from '../_helpers/screen.js';
import {until} from '../_helpers/until.js';

const facts: Facts = {
	directory: '/opt/specify',
	domain: 'specify.localhost',
	timezone: 'Europe/Stockholm',
	memory: 8 * GiB,
	swap: 0,
	processors: 4,
	secrets: {ADMINISTRATOR_PASSWORD: 'Abcdefgh12345678', MASTER_PASSWORD: 'Zyxwvuts87654321Zyxwvuts'},
	presets: {},
};

type Plan = Awaited<ReturnType<WizardServices['plan']>>;

const nothing: Plan = {steps: [], checks: [], consequences: [], edited: [], done: false};
const ready: Plan = {...nothing, checks: [{name: 'memory', result: 'ok', detail: 'enough', hint: ''}]};
const refused: Plan = {
	...nothing,
	checks: [{name: 'Docker engine', result: 'refused', detail: 'it does not run', hint: 'Start it.'}],
};

const lost = Object.assign(new Error('There is a database, but its passwords are lost.'), {hint: 'Put the .env back.'});

/** The review, on a machine that is looked at one time after the other. */
const review = (...looks: (() => Promise<Plan>)[]) => {
	const left: WizardResult[] = [];
	const plan = vi.fn(() => (looks.length > 1 ? looks.shift()! : looks[0]!)());
	const services: WizardServices = {
		save: () => {},
		lookUpNames: async () => ({ok: true, reason: '', lines: []}),
		readDump: async () => ({ok: true, reason: '', lines: []}),
		readAttachments: async () => ({ok: true, reason: '', lines: []}),
		completePath: async text => ({completion: text, candidates: []}),
		plan,
		files: () => Promise.reject(lost),
		differences: () => Promise.reject(lost),
		suspend: () => {},
	};
	const initial = {draft: {'institution.code': 'NRM'}, screen: 'review'};
	const screen = draw(<WizardScreen {...{facts, initial, services}} onLeave={result => left.push(result)} />, {
		rows: 45,
	});
	return {...screen, left, plan};
};

describe('Install now', () => {
	test('looks at the machine once more and begins with the answers and passwords', async () => {
		const {shows, press, left, plan} = review(async () => ready);
		await shows('What will be done');
		await press(keys.enter);
		await expect
			.poll(() => left)
			.toMatchObject([{kind: 'begin', answers: {institution: {code: 'NRM'}}, secrets: facts.secrets}]);
		expect(plan).toHaveBeenCalledTimes(2);
	});

	test('begins by itself when pressed before the machine has been looked at', async () => {
		const looks = byHand<Plan>();
		const {shows, press, left} = review(looks.promise);
		await shows('Looking at this machine');
		await press(keys.enter);
		expect(left).toEqual([]);
		await looks.settle(ready);
		await expect.poll(() => left.length).toBe(1);
	});

	test('is forgotten when another key is pressed meanwhile', async () => {
		const looks = byHand<Plan>();
		const {shows, press, left} = review(looks.promise);
		await shows('Looking at this machine');
		await press(keys.enter, keys.down);
		await looks.settle(ready);
		await shows('What will be done');
		expect(left).toEqual([]);
	});

	test('does not begin what is refused, and begins once that is mended', async () => {
		const {shows, press, left, plan} = review(
			async () => refused,
			async () => refused,
			async () => ready,
		);
		await shows('Docker engine: it does not run. Start it.');
		await press(keys.enter);
		await expect.poll(() => plan.mock.settledResults.length).toBe(2);
		await shows('Enter look again');
		expect(left).toEqual([]);
		// While the machine is still looked at, Enter changes nothing.
		await until(async () => {
			if (left.length === 0) await press(keys.enter);
			return left.length > 0;
		});
		expect(left[0]).toMatchObject({kind: 'begin'});
	});

	test('tells why the machine cannot be looked at, with the remedy', async () => {
		const {shows, press, left} = review(() => Promise.reject(lost));
		await shows('There is a database, but its passwords are lost. Put the .env back.');
		await press(keys.enter);
		await shows('Put the .env back.');
		expect(left).toEqual([]);
	});
});

test('files that cannot be told leave the screen standing, with the reason', async () => {
	const {shows, press} = review(async () => ready);
	await shows('What will be done');
	await press('d');
	await shows('The files cannot be shown');
	await shows('There is a database, but its passwords are lost. Put the .env back.');
	await press(keys.escape);
	await shows('Install now');
});
