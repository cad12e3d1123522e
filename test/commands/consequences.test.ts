import {describe, expect, it} from 'vitest';
import {whatFollows} from '../../source/commands/consequences.js';
import {environment} from '../../source/files/environment.js';
import type {Observation} from '../../source/model/observation.js';
import type {Secrets} from '../../source/model/secrets.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {allThere, databaseSeen, knownSecrets} from '../_helpers/observation.js';

const answers = offlineAnswers();
const existing = {answers, installed: answers, inUse: true};
const fresh = 'AnotherPassword12';

/** What follows where a person gives secrets, and where others were written into .env before. */
const following = (given: Partial<Secrets>, written: Partial<Secrets> = {}, over: Partial<Observation> = {}) => {
	const secrets = {...knownSecrets, ...written, ...given};
	const newSecrets = (Object.keys(secrets) as (keyof Secrets)[]).filter(name => secrets[name] !== knownSecrets[name]);
	const context = contextWith({answers, secrets, observation: allThere({newSecrets, ...over}, answers)});
	context.host.files.set('/opt/specify/.env', {text: environment({...knownSecrets, ...written}), mode: 0o600});
	return whatFollows(context, existing, given);
};

describe('another ADMINISTRATOR_PASSWORD', () => {
	it('is refused once Specify has users', async () => {
		const [consequence, ...others] = await following({ADMINISTRATOR_PASSWORD: fresh});
		expect(others).toEqual([]);
		expect(consequence).toMatchObject({key: 'ADMINISTRATOR_PASSWORD', restarts: []});
		expect(consequence!.fixed).toMatch(/changed in Specify itself/);
	});

	it('is taken while Specify has none', async () => {
		const [consequence] = await following({ADMINISTRATOR_PASSWORD: fresh}, {}, {database: databaseSeen({users: 0})});
		expect(consequence).not.toHaveProperty('fixed');
	});

	it('that was written into .env by hand stops nothing, and is said to change no login', async () => {
		const [consequence] = await following({}, {ADMINISTRATOR_PASSWORD: fresh});
		expect(consequence).not.toHaveProperty('fixed');
		expect(consequence!.meaning.join(' ')).toMatch(/changes no login/);
		// Who gives what .env has wants nothing else.
		const [given] = await following({ADMINISTRATOR_PASSWORD: fresh}, {ADMINISTRATOR_PASSWORD: fresh});
		expect(given).not.toHaveProperty('fixed');
	});

	it('that is the one installed is no change', async () => {
		const {ADMINISTRATOR_PASSWORD} = knownSecrets;
		expect(await following({ADMINISTRATOR_PASSWORD})).toEqual([]);
		expect(await following({ADMINISTRATOR_PASSWORD}, {ADMINISTRATOR_PASSWORD: fresh})).toEqual([]);
	});
});

it('every secret that changes is told, in whichever way it was given, and no value', async () => {
	const changes = {SECRET_KEY: fresh, ASSET_SERVER_KEY: fresh, SETUP_PASSWORD: fresh, MASTER_PASSWORD: fresh};
	const keys = ['passwords', 'SECRET_KEY', 'ASSET_SERVER_KEY', 'SETUP_PASSWORD'];
	for (const [given, written] of [
		[changes, {}],
		[{}, changes],
	] as const) {
		const told = await following(given, written, {passwords: ['master']});
		expect(told.map(({key}) => key)).toEqual(keys);
		expect(JSON.stringify(told)).not.toContain(fresh);
	}
});
