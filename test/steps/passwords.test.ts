import {describe, expect, it} from 'vitest';
import {environment} from '../../source/files/environment.js';
import {volumesOf} from '../../source/files/names.js';
import {passwords, passwordsToChange} from '../../source/steps/passwords.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {drain} from '../_helpers/generators.js';
import {allThere, knownSecrets} from '../_helpers/observation.js';

const pending = '/opt/specify/.specify-setup/environment.next';
const mounted = '/opt/specify/.specify-setup/secrets/database-root-password';
const changed = {
	...knownSecrets,
	MASTER_PASSWORD: 'NewMaster1234567',
	DATABASE_ROOT_PASSWORD: 'NewRoot123456789',
};
const volumes = Object.values(volumesOf('specify'));

/** An installation whose database knows one root password. */
const installed = (root: string) => {
	const context = contextWith({observation: {...allThere(), passwords: ['master', 'root']}, secrets: changed});
	context.engine.service('db');
	context.host.files.set(mounted, {text: knownSecrets.DATABASE_ROOT_PASSWORD, mode: 0o444});
	context.host.on('mariadb --user=root', ({input}) =>
		input.startsWith(`${root}\n`)
			? {}
			: {exitCode: 1, stderr: "ERROR 1045 (28000): Access denied for user 'root'@'localhost'"},
	);
	return context;
};

describe('passwords that are to change in the database', () => {
	const context = contextWith({secrets: changed});

	it('are those that differ from the ones it was given', async () => {
		expect(await passwordsToChange(context, volumes)).toEqual(['master', 'root']);
		expect(await passwordsToChange({...context, secrets: knownSecrets}, volumes)).toEqual([]);
	});

	it('are none where there is no database yet', async () => {
		expect(await passwordsToChange(context, [])).toEqual([]);
	});

	it('include the root password of an .env that was edited by hand', async () => {
		context.host.files.set(mounted, {text: knownSecrets.DATABASE_ROOT_PASSWORD, mode: 0o444});
		expect(await passwordsToChange({...context, former: changed}, volumes)).toEqual(['root']);
	});

	it('are those of an .env that was edited while its copy is lost: which of them, nobody knows', async () => {
		const lost = contextWith({secrets: changed, former: changed});
		expect(await passwordsToChange(lost, volumes)).toEqual([]);
		lost.host.files.set('/opt/specify/.specify-setup/accounts', {text: 'of other passwords', mode: 0o600});
		expect(await passwordsToChange(lost, volumes)).toEqual(['master', 'migrator', 'specify']);
		lost.host.files.set('/opt/specify/.specify-setup/environment', {text: environment(changed), mode: 0o600});
		expect(await passwordsToChange(lost, volumes)).toEqual([]);
	});

	it('are all of them after an interrupted change', async () => {
		context.host.files.set(pending, {text: environment(changed), mode: 0o600});
		expect(await passwordsToChange({...context, former: changed}, volumes)).toEqual([
			'master',
			'migrator',
			'specify',
			'root',
		]);
	});
});

describe('the change of passwords', () => {
	it('is written down first, then done in the database, with no password in an argument', async () => {
		const context = installed(knownSecrets.DATABASE_ROOT_PASSWORD);
		const {result} = await drain(passwords(context));
		expect(result.changed).toBe(true);
		expect(context.host.files.get(pending)).toEqual({text: environment(changed), mode: 0o600});
		const said = context.host.inputs.find(input => input.includes('ALTER USER'))!;
		expect(said).toContain(`'master'@'%' IDENTIFIED BY 'NewMaster1234567'`);
		expect(said.trim().split('\n').at(-1)).toContain(`'root'@'localhost' IDENTIFIED BY 'NewRoot123456789'`);
		for (const line of context.host.commands)
			for (const secret of Object.values(changed)) expect(line).not.toContain(secret);
	});

	it('is finished where an earlier one was interrupted after the database had it', async () => {
		const context = installed(changed.DATABASE_ROOT_PASSWORD);
		context.host.files.set(pending, {text: environment(changed), mode: 0o600});
		expect((await drain(passwords(context))).result.changed).toBe(true);
	});

	it('leaves nothing behind when the root password is not known', async () => {
		const context = installed('AnotherRootPassword1');
		const error = await failureOf(drain(passwords(context)));
		expect(error.message).toContain('refused the root password');
		expect(error.hint).toContain('.env');
		expect(context.host.files.has(pending)).toBe(false);
	});

	it('that broke off stays written down, for the next run', async () => {
		const context = installed('none');
		context.host.on('mariadb --user=root', {exitCode: 1, stderr: 'ERROR 2013 (HY000): Lost connection to server'});
		const error = await failureOf(drain(passwords(context)));
		expect(error.message).toContain('broke off');
		expect(context.host.files.has(pending)).toBe(true);
	});
});
