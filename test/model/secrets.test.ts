import {describe, expect, it} from 'vitest';
import {completeSecrets, secretNames} from '../../source/model/secrets.js';

describe('secrets', () => {
	it('are made of letters and digits alone, too long to guess, each its own', () => {
		const secrets = completeSecrets({});
		expect(Object.keys(secrets)).toEqual([...secretNames]);
		// These two are typed by a person.
		const typed = ['ADMINISTRATOR_PASSWORD', 'SETUP_PASSWORD'];
		for (const [name, secret] of Object.entries(secrets))
			expect(secret).toMatch(typed.includes(name) ? /^[A-Za-z0-9]{16,}$/ : /^[A-Za-z0-9]{32,}$/);
		expect(new Set(Object.values(secrets)).size).toBe(secretNames.length);
	});

	it('once made are kept, and the missing ones are made', () => {
		const first = completeSecrets({});
		expect(completeSecrets(first)).toEqual(first);
		const {SECRET_KEY: _, ...rest} = first;
		const again = completeSecrets(rest);
		expect(again).toMatchObject(rest);
		expect(again.SECRET_KEY).not.toBe(first.SECRET_KEY);
	});
});
