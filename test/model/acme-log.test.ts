import {describe, expect, it} from 'vitest';
import {acmeProblems, explainAcme} from '../../source/model/acme-log.js';

const row = (fields: Record<string, unknown>) => JSON.stringify({level: 'error', ts: 1, ...fields});
const type = (kind: string) => `urn:ietf:params:acme:error:${kind}`;
const failed = (identifier: string, error: string) =>
	row({logger: 'tls.obtain', msg: 'could not get certificate from issuer', identifier, error});

describe("an authority's refusals in the proxy's log", () => {
	it('takes kind and detail from the final error', () => {
		const lines = [failed('a.nrm.example', `HTTP 400 ${type('dns')} - no A record (order=https://acme.example/1)`)];
		expect(acmeProblems(lines).get('a.nrm.example')).toEqual({
			name: 'a.nrm.example',
			kind: 'dns',
			detail: 'no A record',
		});
	});

	it('takes what was said of the challenge where the final error says nothing, in both shapes Caddy has', () => {
		for (const challenge of [
			{problem_type: type('connection'), error: 'connect: no route to host'},
			{problem: {type: type('connection'), detail: 'connect: no route to host'}},
		]) {
			const lines = [
				row({msg: 'challenge failed', identifier: 'a.nrm.example', challenge_type: 'http-01', ...challenge}),
				failed('a.nrm.example', 'solving challenges: no solvers available for remaining challenges'),
			];
			expect(acmeProblems(lines).get('a.nrm.example')).toMatchObject({
				kind: 'connection',
				detail: 'connect: no route to host',
			});
		}
	});

	it('forgets what succeeded later, what a newer configuration ended, and lines that are no JSON', () => {
		const lines = [
			'not JSON {',
			failed('a.nrm.example', `HTTP 400 ${type('dns')} - none`),
			row({level: 'info', msg: 'certificate obtained successfully', identifier: 'a.nrm.example'}),
			failed('b.nrm.example', 'context canceled'),
		];
		expect(acmeProblems(lines).size).toBe(0);
	});

	it('names the record that is wrong, and tells what passes from what does not', () => {
		const explained = (kind: string, detail = 'x') =>
			explainAcme({name: 'media.nrm.example', kind, detail}, 'acme.example');
		expect(explained('dns').hint).toMatch(/A record .*media\.nrm\.example/);
		expect(explained('malformed', 'Could not resolve URL').hint).toMatch(/A record .*media\.nrm\.example/);
		for (const kind of ['connection', 'unauthorized', 'tls', 'incorrectResponse'])
			expect(explained(kind).hint).toMatch(/records of media\.nrm\.example.*ports 80 and 443/);
		expect(explained('unauthorized', "the field 'kid' references a key that is not known").hint).toContain('acme.eab');
		expect(explained('rateLimited').hint).toContain('Wait');
		expect(explained('caa').message).toContain('CAA');
		for (const kind of ['dns', 'connection', 'caa', 'rateLimited', 'externalAccountRequired'])
			expect(explained(kind).isFinal).toBe(true);
		for (const kind of ['other', 'badNonce', 'serverInternal']) expect(explained(kind).isFinal).toBe(false);
		expect(explained('dns', 'NXDOMAIN').message).toContain('It said: NXDOMAIN.');
	});
});
