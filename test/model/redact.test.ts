import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {redactDeep, redactor, valuesOf, withoutNamedSecrets} from '../../source/model/redact.js';

const secret = 'Zx81Spectrum48Kplus2A';

describe('redaction', () => {
	it('takes a secret out wherever it stands, in every form it travels in', () => {
		const redact = redactor([secret, 'a+b/c=d&e f']);
		const basic = Buffer.from(`setup:${secret}`).toString('base64');
		for (const text of [
			secret,
			`password=${secret};`,
			`Authorization: Basic ${basic}`,
			basic,
			Buffer.from(secret).toString('base64'),
			Buffer.from(`x${secret}yz`).toString('base64url'),
			encodeURIComponent('a+b/c=d&e f'),
			JSON.stringify({password: secret}),
		]) {
			const safe = redact(text);
			expect(safe, text).toContain('[secret]');
			expect(safe).not.toContain(secret);
			expect(safe).not.toContain(encodeURIComponent('a+b/c=d&e f'));
		}
	});

	it('leaves no secret in base64 of anything around it', () => {
		fc.assert(
			fc.property(
				fc.stringMatching(/^[A-Za-z0-9]{16,40}$/),
				fc.string({unit: 'binary-ascii', maxLength: 9}),
				fc.string({unit: 'binary-ascii', maxLength: 9}),
				(value, before, after) => {
					const safe = redactor([value])(Buffer.from(before + value + after).toString('base64'));
					const pieces = safe.split('[secret]');
					// What is left is at most the signs that the neighbours share with it.
					expect(pieces.length).toBeGreaterThan(1);
					expect(pieces.every(piece => piece.length <= Math.ceil(((9 + 2) * 4) / 3) + 4)).toBe(true);
				},
			),
		);
	});

	it('takes out private keys, also in JSON and when they were cut', () => {
		const redact = redactor([]);
		const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nabcd\n-----END EC PRIVATE KEY-----';
		expect(redact(`before\n${key}\nafter`)).toBe('before\n[secret]\nafter');
		expect(redact(JSON.stringify({key, other: 1}))).toBe('{"key":"[secret]","other":1}');
		expect(redact('-----BEGIN PRIVATE KEY-----\nMHcCAQEE')).toBe('[secret]');
		const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
		expect(redact(certificate)).toBe(certificate);
	});

	it('takes out what proves who somebody is, and leaves e-mail addresses', () => {
		const redact = redactor([]);
		expect(redact('Cookie: sessionid=abc123; csrftoken=def456')).toBe('Cookie: sessionid=[secret]; csrftoken=[secret]');
		expect(redact('Authorization: Bearer eyJhbGciOi.J9')).toBe('Authorization: Bearer [secret]');
		expect(redact('{"Authorization":["Basic QWxhZGRpbjpvcGVu"],"Accept":["*/*"]}')).toBe(
			'{"Authorization":["Basic [secret]"],"Accept":["*/*"]}',
		);
		expect(redact('sent Basic QWxhZGRpbjpvcGVuMQ== to it')).toBe('sent Basic [secret] to it');
		expect(redact('mysql://master:pass@db/specify')).toBe('mysql://[secret]@db/specify');
		expect(redact('Basic settings of curator@museum.example')).toBe('Basic settings of curator@museum.example');
	});

	it('leaves short values alone, which are words', () => {
		expect(redactor(['true', ''])('this is true')).toBe('this is true');
	});

	it('takes secrets out of everything in a value', () => {
		expect(redactDeep({a: [secret, {b: `x ${secret}`}], c: 1, d: null}, redactor([secret]))).toEqual({
			a: ['[secret]', {b: 'x [secret]'}],
			c: 1,
			d: null,
		});
	});

	it('finds the values of an .env, the user’s own included', () => {
		const text = `# comment\nMASTER_PASSWORD='abc def'\nexport LDAP_BIND="pa#ss"\nPLAIN=value # why\nEMPTY=\n`;
		expect(valuesOf(text)).toEqual(['abc def', 'pa#ss', 'value', 'value # why']);
	});

	it('hides literal values of variables that are called secret, and leaves references and paths', () => {
		const reference = '$'.concat('{MASTER_PASSWORD:?}');
		const text = [
			'      LDAP_BIND_PASSWORD: hunter22',
			`      MASTER_PASSWORD: ${reference}`,
			'      - OIDC_CLIENT_SECRET=hunter22',
			'      MARIADB_ROOT_PASSWORD_FILE: /run/secrets/database-root-password',
			'      "API_KEY": hunter22',
			'      TZ: UTC',
		].join('\n');
		const safe = withoutNamedSecrets(text);
		expect(safe).not.toContain('hunter22');
		for (const kept of [reference, '/run/secrets/database-root-password', 'TZ: UTC']) expect(safe).toContain(kept);
		expect(safe.split('\n')).toHaveLength(6);
	});
});
