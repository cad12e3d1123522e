import type {IncomingMessage, ServerResponse} from 'node:http';
import {beforeEach, describe, expect, it} from 'vitest';
import type {SetupError} from '../../source/errors.js';
import {openGate, setupAuthorization} from '../../source/files/proxy-private.js';
import {gate, moveGate} from '../../source/steps/gate.js';
import {gateOf, setGate} from '../../source/steps/proxy.js';
import {specify} from '../../source/steps/specify.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {drain} from '../_helpers/generators.js';
import {knownSecrets} from '../_helpers/observation.js';
import {serve} from '../_helpers/servers.js';

const path = '/opt/specify/.specify-setup/proxy/gate.caddy';

/** What the database server says of its users. */
const said = (users: number | null) =>
	['schema\t1', 'tables\t220', 'user table\t1', 'migrator\t1', ...(users === null ? [] : [`users\t${users}`]), ''].join(
		'\n',
	);

describe('the gate', () => {
	let context: ReturnType<typeof contextWith>;
	/** The gate as the proxy loaded it; null: whatever is in the file. */
	let held: 'open' | 'closed' | null;
	let seen: (string | undefined)[];

	/** The proxy, as far as a visitor of Specify 7 sees its gate. */
	const proxy = (request: IncomingMessage, response: ServerResponse) => {
		seen.push(request.headers.authorization);
		const closed = held === null ? context.host.files.get(path)?.text !== openGate : held === 'closed';
		const known = request.headers.authorization === setupAuthorization(knownSecrets.SETUP_PASSWORD);
		response.writeHead(closed && !known ? 401 : 200).end();
	};

	beforeEach(async () => {
		held = null;
		seen = [];
		const http = await serve(proxy);
		// Behind another web server the proxy speaks plain http, so that this needs no certificate.
		context = contextWith({answers: answersWith({domain: 'nrm.example', proxy: 'behind', ports: {http}})});
	});
	it('closes before Specify starts on a database that has no users', async () => {
		await setGate(context, 'open');
		context.host.on(/SELECT 'schema'/, {stdout: said(0)});
		context.host.on(/ up .*specify7/, {exitCode: 1, stderr: 'not further'});
		const error = await failureOf(specify(context).next());
		expect(error.message).toContain('not further');
		expect(await gateOf(context)).toBe('closed');
		const order = context.host.commands.filter(line => /caddy reload| up .*specify7/.test(line));
		expect(order[0]).toContain('caddy reload');
	});

	const withUsers = (users: number | null) => context.host.on(/SELECT 'schema'/, {stdout: said(users)});

	it('opens when Specify has its first user, and a stranger is asked to try it', async () => {
		await setGate(context, 'closed');
		withUsers(1);
		const {result, yielded} = await drain(gate(context));
		expect(result).toEqual({changed: true, summary: 'Specify 7 is open to visitors.'});
		expect(yielded).toMatchObject([{type: 'check', name: 'gate', ok: true}]);
		expect(await gateOf(context)).toBe('open');
		expect(context.host.ran('caddy reload')).toHaveLength(1);
		expect(seen).toEqual(['none']);
	});

	it('closes while there is no user', async () => {
		withUsers(0);
		expect((await drain(gate(context))).result.changed).toBe(true);
		expect(await gateOf(context)).toBe('closed');
	});

	it.each<[was: 'open' | 'closed', users: number | null]>([
		['open', 3],
		['closed', 0],
		// Not known: it stays as it is.
		['open', null],
		['closed', null],
	])('that is %s with %s users is left alone', async (was, users) => {
		await setGate(context, was);
		withUsers(users);
		const {result, yielded} = await drain(gate(context));
		expect(result.changed).toBe(false);
		expect(result.summary).toMatch(was === 'open' ? /open to visitors/ : /behind a password/);
		expect(yielded).toEqual([]);
		expect(await gateOf(context)).toBe(was);
		expect(context.host.ran('caddy reload')).toEqual([]);
	});

	it.each(['open', 'closed'] as const)('that does not become %s is told', async wanted => {
		held = wanted === 'open' ? 'closed' : 'open';
		const failure: SetupError = await failureOf(moveGate(context, wanted));
		expect(failure.message).toBe(
			`Specify 7 should be ${wanted} to visitors, but answers them with ${wanted === 'open' ? 401 : 200}.`,
		);
		expect(failure.hint).toContain('Caddyfile.d/');
	});
});
