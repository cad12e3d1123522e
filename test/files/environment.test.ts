import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {SetupError} from '../../source/errors.js';
import {environment, secretsOf} from '../../source/files/environment.js';
import {completeSecrets, type Secrets, secretNames} from '../../source/model/secrets.js';

describe('.env', () => {
	it('gives back every secret that was written into it', () => {
		const made = fc.constant(null).map(() => completeSecrets({}));
		const given = fc
			.tuple(...secretNames.map(() => fc.stringMatching(/^[A-Za-z0-9]{1,64}$/)))
			.map(values => Object.fromEntries(secretNames.map((name, index) => [name, values[index]])) as Secrets);
		fc.assert(
			fc.property(fc.oneof(made, given), secrets => {
				expect(secretsOf(environment(secrets))).toEqual(secrets);
			}),
			{numRuns: 50},
		);
	});

	it('quotes values so that Compose takes them as they are', () => {
		const text = environment(completeSecrets({}));
		for (const row of text.split('\n').filter(row => row && !row.startsWith('#')))
			expect(row).toMatch(/^[A-Z_]+='[^']+'$/);
	});

	it('warns that a new value alone changes no password', () => {
		expect(environment(completeSecrets({}))).toMatch(/^# .*does not change the password/m);
	});
});

describe('reading .env', () => {
	it.each([
		["SECRET_KEY='abc'", 'single quotes'],
		['SECRET_KEY="abc"', 'double quotes'],
		['SECRET_KEY=abc', 'no quotes'],
		['  SECRET_KEY=abc  ', 'spaces around'],
		['SECRET_KEY=abc\r', 'an end of line of Windows'],
		['SECRET_KEY=abc # the key', 'a comment behind'],
		["SECRET_KEY='abc' # the key", 'a comment behind quotes'],
		['export SECRET_KEY=abc', 'the word export'],
	])('takes %j as Compose does: %s', row => {
		expect(secretsOf(`${row}\n`)).toEqual({SECRET_KEY: 'abc'});
	});

	it('tells the line of what cannot be used, all of them at once, as wrong use', () => {
		const one = () => secretsOf("# mine\n\nMASTER_PASSWORD='a b'\n");
		expect(one).toThrow(expect.objectContaining({exitCode: 2, message: expect.stringContaining('.env, line 3,')}));
		const two = () => secretsOf("SECRET_KEY=''\nMASTER_PASSWORD='a b'\n");
		expect(two).toThrow(
			expect.objectContaining({details: [expect.stringMatching(/line 1.*empty/), expect.stringMatching(/line 2/)]}),
		);
	});

	it('wants of a new value what is wanted of one that is given, and takes an old one as it is', () => {
		const text = "MASTER_PASSWORD='short'\n";
		expect(secretsOf(text, () => true)).toEqual({MASTER_PASSWORD: 'short'});
		const read = () => secretsOf(text, (name, value) => name === 'MASTER_PASSWORD' && value === 'other');
		expect(read).toThrow(/line 1, must be letters and digits only, 12 to 64/);
		expect(read).not.toThrow('short');
	});

	it('leaves names alone that are not its own, and comments', () => {
		expect(secretsOf("# SECRET_KEY=old\nCOMPOSE_PROJECT_NAME=x y$z\n\nMASTER_PASSWORD='abc'\n")).toEqual({
			MASTER_PASSWORD: 'abc',
		});
	});

	it.each(['a@b', 'a b', 'a,b', 'a%20b', 'pässword', 'a$b', ''])(
		'refuses %j, which Specify could not take, and names the variable',
		value => {
			const read = () => secretsOf(`MASTER_PASSWORD='${value}'\n`);
			expect(read).toThrow(SetupError);
			expect(read).toThrow(/^MASTER_PASSWORD in \.env/);
			if (value) expect(read).not.toThrow(value);
		},
	);
});
