import {mkdirSync, writeFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {gatherFacts} from '../../source/commands/facts.js';
import {takeSecrets} from '../../source/commands/secrets.js';
import {localHost} from '../../source/host/local.js';
import {secretNames} from '../../source/model/secrets.js';
import {secretsOf} from '../../source/model/wizard.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {fresh} = temporaryFolder();
const canary = 'Canary1234567890';

/** A file with a text and permissions. */
const file = (text: string, mode = 0o600) => {
	const path = fresh('secrets');
	writeFileSync(path, text, {mode});
	return path;
};

const take = (environment: NodeJS.ProcessEnv, path?: string) => takeSecrets({host: localHost, file: path, environment});

/** What a refusal says, which never holds a value. */
const refusal = async (environment: NodeJS.ProcessEnv, path?: string) => {
	const {message, details, hint, exitCode} = await failureOf(take(environment, path));
	expect(exitCode).toBe(2);
	expect([message, ...details, hint].join('\n')).not.toContain(canary);
	return details;
};

describe('secrets of a file', () => {
	it('are rows as in .env', async () => {
		const path = file(
			`# mine\n\nMASTER_PASSWORD=${canary}\nexport SECRET_KEY='${canary}b' # quoted\r\nSETUP_PASSWORD="${canary}c"\n`,
		);
		expect(await take({}, path)).toEqual({
			MASTER_PASSWORD: canary,
			SECRET_KEY: `${canary}b`,
			SETUP_PASSWORD: `${canary}c`,
		});
	});

	it.each([0o644, 0o640, 0o604, 0o660, 0o620])(
		'are refused from one that others may use (mode %o), with the remedy',
		async mode => {
			const path = file(`MASTER_PASSWORD=${canary}\n`);
			await localHost.setMode(path, mode);
			expect(await refusal({}, path)).toEqual([
				`--secrets: ${path} may be used by others than its owner; run: chmod 600 ${path}`,
			]);
			await localHost.setMode(path, 0o400);
			expect(await take({}, path)).toEqual({MASTER_PASSWORD: canary});
		},
	);

	it('have all their mistakes told at once, with their lines', async () => {
		const path = file(
			[
				`MASTER_PASWORD=${canary}`,
				canary,
				`MASTER_PASSWORD=${canary}`,
				`MASTER_PASSWORD=${canary}`,
				'SETUP_PASSWORD=short',
				`SECRET_KEY=${canary}/$`,
				'ADMINISTRATOR_PASSWORD=',
			].join('\n'),
		);
		const rule = 'letters and digits only, 12 to 64 of them';
		expect(await refusal({}, path)).toEqual([
			`${path}, line 1: MASTER_PASWORD is no secret of an installation; the nearest: MASTER_PASSWORD`,
			`${path}, line 2: not of the form NAME=value`,
			`${path}, line 4: MASTER_PASSWORD stands there a second time`,
			`${path}, line 5: SETUP_PASSWORD must be ${rule}`,
			`${path}, line 6: SECRET_KEY must be ${rule}`,
			`${path}, line 7: ADMINISTRATOR_PASSWORD must be ${rule}; it is empty`,
		]);
	});

	it('that is not there, or is a folder, are wrong use', async () => {
		const folder = fresh('folder');
		mkdirSync(folder);
		expect(await refusal({}, '/no/such')).toEqual(['--secrets: there is no file /no/such']);
		expect(await refusal({}, folder)).toEqual([`--secrets: ${folder} is a folder`]);
	});
});

describe('secrets of the environment', () => {
	it('are taken out of it, each of them', async () => {
		const environment = Object.fromEntries([
			...secretNames.map(name => [`SPECIFY_SETUP_SECRET_${name}`, `${canary}${name.length}`]),
			['HOME', '/home/ada'],
			['SPECIFY_SETUP_DOMAIN', 'a.example'],
		]);
		expect(await take(environment)).toEqual(
			Object.fromEntries(secretNames.map(name => [name, `${canary}${name.length}`])),
		);
		expect(environment).toEqual({HOME: '/home/ada', SPECIFY_SETUP_DOMAIN: 'a.example'});
	});

	it('are taken out of it also when they are refused', async () => {
		const environment = {SPECIFY_SETUP_SECRET_MASTER_PASSWORD: `${canary}!`};
		expect(await refusal(environment)).toEqual([
			'SPECIFY_SETUP_SECRET_MASTER_PASSWORD must be letters and digits only, 12 to 64 of them',
		]);
		expect(environment).toEqual({});
	});

	it('may be paths of files that hold nothing else', async () => {
		const environment = {SPECIFY_SETUP_SECRET_MASTER_PASSWORD_FILE: file(`${canary}\n`)};
		expect(await take(environment)).toEqual({MASTER_PASSWORD: canary});
		expect(environment).toEqual({});
		expect(await refusal({SPECIFY_SETUP_SECRET_MASTER_PASSWORD_FILE: file(canary, 0o644)})).toEqual([
			expect.stringMatching(/^SPECIFY_SETUP_SECRET_MASTER_PASSWORD_FILE: .*; run: chmod 600 /),
		]);
		expect(await refusal({SPECIFY_SETUP_SECRET_MASTER_PASSWORD_FILE: file(`${canary}\n${canary}\n`)})).toHaveLength(1);
	});

	it('are not both a value and a path', async () => {
		expect(
			await refusal({
				SPECIFY_SETUP_SECRET_SECRET_KEY: canary,
				SPECIFY_SETUP_SECRET_SECRET_KEY_FILE: file(canary),
			}),
		).toEqual([
			'SPECIFY_SETUP_SECRET_SECRET_KEY and SPECIFY_SETUP_SECRET_SECRET_KEY_FILE are both set; one of them is enough',
		]);
	});

	it('count before those of a file', async () => {
		const path = file(`MASTER_PASSWORD=${canary}\nSECRET_KEY=${canary}\n`);
		expect(await take({SPECIFY_SETUP_SECRET_MASTER_PASSWORD: `${canary}2`}, path)).toEqual({
			MASTER_PASSWORD: `${canary}2`,
			SECRET_KEY: canary,
		});
	});
});

it('of the environment are what the guided installation proposes and hands over', async () => {
	process.env.SPECIFY_SETUP_SECRET_MASTER_PASSWORD = canary;
	process.env.SPECIFY_SETUP_SECRET_SECRET_KEY = `${canary}2`;
	const facts = await gatherFacts(fresh('museum'), []);
	expect(process.env).not.toHaveProperty('SPECIFY_SETUP_SECRET_MASTER_PASSWORD');
	expect(facts.secrets).toMatchObject({MASTER_PASSWORD: canary, SECRET_KEY: `${canary}2`});
	expect(secretsOf({}, facts)).toMatchObject({MASTER_PASSWORD: canary, SECRET_KEY: `${canary}2`});
	expect(secretsOf({MASTER_PASSWORD: 'TypedByAPerson1'}, facts)).toMatchObject({
		MASTER_PASSWORD: 'TypedByAPerson1',
		SECRET_KEY: `${canary}2`,
	});
});

it('where no secret is given there is none', async () => {
	expect(await take({PATH: '/bin'})).toEqual({});
});
