import {describe, expect, it} from 'vitest';
import {completeSecrets, secretNames} from '../../source/model/secrets.js';

describe('secrets', () => {
	it('are made of letters and digits alone, 32 characters and more, each its own', () => {
		const secrets = completeSecrets({});
		expect(Object.keys(secrets)).toEqual([...secretNames]);
		for (const secret of Object.values(secrets)) expect(secret).toMatch(/^[A-Za-z0-9]{32,}$/);
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
