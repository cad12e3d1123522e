import {describe, expect, it} from 'vitest';
import {acmeAuthorityOf, letsEncrypt, renewsByItself, stagingRoots} from '../../source/model/authority.js';
import {answersWith} from '../_helpers/answers.js';

const directory = 'https://acme.ca.example/directory';
const staging = 'https://acme.ca.example/test';

describe('who is asked for certificates by ACME', () => {
	it.each<[what: string, given: Parameters<typeof answersWith>[0], asked: object | null]>([
		['nobody for certificates of the proxy itself', {}, null],
		["nobody for one's own", {certificates: 'own'}, null],
		["Let's Encrypt, its test environment first", {certificates: 'letsencrypt'}, letsEncrypt],
		[
			'only its test environment where that is wanted',
			{certificates: 'letsencrypt-staging'},
			{directory: letsEncrypt.staging, staging: null},
		],
		[
			"another authority, and never Let's Encrypt's test environment for it",
			{certificates: 'letsencrypt', acme: {directory}},
			{directory, staging: null},
		],
		[
			'another authority with its own test environment',
			{certificates: 'letsencrypt', acme: {directory, staging}},
			{directory, staging},
		],
		['nobody, though an authority is named, where certificates come from elsewhere', {acme: {directory}}, null],
	])('%s', (_, given, asked) => {
		expect(acmeAuthorityOf(answersWith(given))).toEqual(asked);
	});

	it('is told apart: what is tested never counts at the real one', () => {
		expect(new URL(letsEncrypt.directory).host).not.toBe(new URL(letsEncrypt.staging).host);
		expect(letsEncrypt.staging).toContain('staging');
		for (const root of stagingRoots) expect(root).toMatch(/^https:\/\/letsencrypt\.org\/certs\/staging\/.*\.pem$/);
	});
});

describe('certificates renew by themselves', () => {
	it.each<[given: Parameters<typeof answersWith>[0], renews: boolean]>([
		[{certificates: 'internal'}, true],
		[{certificates: 'letsencrypt'}, true],
		[{certificates: 'letsencrypt-staging'}, true],
		[{certificates: 'own'}, false],
		[{proxy: 'behind'}, false],
	])('with %j: %s', (given, renews) => {
		expect(renewsByItself(answersWith(given))).toBe(renews);
	});
});
