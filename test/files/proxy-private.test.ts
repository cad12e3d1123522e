import {describe, expect, it} from 'vitest';
import {closedGate, openGate, setupAuthorization, tlsText} from '../../source/files/proxy-private.js';
import {acmeAuthorityOf, letsEncrypt} from '../../source/model/authority.js';
import {answersWith} from '../_helpers/answers.js';

type Given = Parameters<typeof answersWith>[0];

const directory = 'https://acme.ca.example/directory';
const staging = 'https://acme.ca.example/test';
const eab = {kid: 'kid-1', keyFile: '/root/eab.key'};

const wayWith = (given: Given, phase: 'staging' | 'final' = 'final', key: string | null = null) => {
	const answers = answersWith({domain: 'nrm.example', ...given});
	return tlsText(answers, {authority: acmeAuthorityOf(answers), phase, key})
		.split('\n')
		.map(line => line.trim())
		.filter(line => line !== '' && !line.startsWith('#'));
};
const issuer = (...lines: string[]) => ['tls {', 'issuer acme {', ...lines, '}', '}'];

describe('the way to a certificate', () => {
	it.each<[what: string, given: Given, phase: 'staging' | 'final', lines: string[]]>([
		['of the proxy itself', {}, 'final', ['tls internal']],
		['of the proxy itself, while others are rehearsed', {}, 'staging', ['tls internal']],
		['behind another web server', {proxy: 'behind'}, 'final', ['tls internal']],
		["of one's own", {certificates: 'own'}, 'final', ['tls /etc/caddy.private/own.crt /etc/caddy.private/own.key']],
		[
			"of Let's Encrypt asks its test environment again after a failure",
			{certificates: 'letsencrypt'},
			'final',
			issuer(`dir ${letsEncrypt.directory}`, `test_dir ${letsEncrypt.staging}`, 'email admin@nrm.example'),
		],
		[
			"of Let's Encrypt, in the rehearsal, asks nobody but its test environment",
			{certificates: 'letsencrypt'},
			'staging',
			issuer(`dir ${letsEncrypt.staging}`, 'email admin@nrm.example'),
		],
		[
			'of the test environment for good',
			{certificates: 'letsencrypt-staging'},
			'final',
			issuer(`dir ${letsEncrypt.staging}`, 'email admin@nrm.example'),
		],
		[
			'of another authority without a test environment asks it in the rehearsal too',
			{certificates: 'letsencrypt', acme: {directory}},
			'staging',
			issuer(`dir ${directory}`, 'email admin@nrm.example'),
		],
		[
			'of another authority whose root is private',
			{certificates: 'letsencrypt', acme: {directory, staging, ca: '/root/ca.pem'}, email: 'it@nrm.example'},
			'final',
			issuer(
				`dir ${directory}`,
				`test_dir ${staging}`,
				'email it@nrm.example',
				'trusted_roots /etc/caddy.private/authority.pem',
			),
		],
	])('%s', (_, given, phase, lines) => {
		expect(wayWith(given, phase)).toEqual(lines);
	});

	it('names the external account with its key, and neither where there is no key', () => {
		const given = {certificates: 'letsencrypt', acme: {directory, eab}} as const;
		expect(wayWith(given, 'final', 'c2VjcmV0')).toContain('eab kid-1 c2VjcmV0');
		expect(wayWith(given).join('\n')).not.toContain('eab');
	});

	it('says who made it', () => {
		const answers = answersWith();
		expect(tlsText(answers, {authority: null, phase: 'final', key: null})).toMatch(/^# Made by specify-setup/);
	});
});

describe('the gate', () => {
	const password = 'Abcdefgh12345678';

	it('that is open holds nothing that Caddy would act on', () => {
		for (const line of openGate.trim().split('\n')) expect(line).toMatch(/^#/);
	});

	it('that is closed lets in who shows the password, and hides that from Specify', () => {
		const lines = closedGate(password)
			.trim()
			.split('\n')
			.filter(line => !line.startsWith('#'));
		expect(lines[0]).toBe(`@stranger not header Authorization "${setupAuthorization(password)}"`);
		expect(lines.filter(line => line.startsWith('respond'))).toEqual([
			expect.stringMatching(/^respond @stranger ".*" 401$/),
		]);
		expect(lines.at(-1)).toBe('request_header -Authorization');
		expect(setupAuthorization(password)).toBe(`Basic ${Buffer.from(`setup:${password}`).toString('base64')}`);
	});

	it('tells strangers where the password is, and not the password', () => {
		const answer = closedGate(password)
			.split('\n')
			.filter(line => /^(header|respond)/.test(line))
			.join('\n');
		expect(answer).toContain('SETUP_PASSWORD in the file .env');
		expect(answer).not.toContain(password);
		expect(answer).not.toContain(Buffer.from(`setup:${password}`).toString('base64'));
	});

	it('asks each password for another proof', () => {
		expect(closedGate('Abcdefgh12345679')).not.toBe(closedGate(password));
	});
});
