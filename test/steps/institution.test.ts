import {mkdtempSync, rmSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeEach, describe, expect, it} from 'vitest';
import {SetupError} from '../../source/errors.js';
import {createInstitution} from '../../source/steps/institution.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {hasOpenssl, makeCertificate, serveSecurely} from '../_helpers/servers.js';

const institution = {
	name: 'Museum',
	code: 'M',
	division: 'Zoology',
	discipline: {type: 'fish' as const, name: 'Fishes'},
	collection: {name: "Fishes, 'dry'", code: 'FD'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
};
const partsOfApi = [
	'institution',
	'storageTreeDef',
	'division',
	'geographyTreeDef',
	'discipline',
	'taxonTreeDef',
	'collection',
	'specifyUser',
];

/** Specify 7's side of the guided set-up, as far as a visitor sees it. One part is made at every look. */
class Specify {
	made = 0;
	busy = false;
	lastError: string | null = null;
	password: string | null = null;
	session = false;
	/** Statuses to answer to the next requests to begin, in order; afterwards they succeed. */
	refusals: number[] = [];
	/** What the worker does after so many parts: fails, or loses the work without a word. */
	failsAt: {made: number; how: 'error' | 'lost'} | null = null;
	/** Statuses to answer to the next looks. */
	outages: number[] = [];
	readonly begun: {headers: IncomingMessage['headers']; body: Record<string, Record<string, unknown>>}[] = [];
	origin = '';

	private token = 0;

	handle = async (request: IncomingMessage, response: ServerResponse) => {
		let text = '';
		for await (const part of request) text += part;
		const send = (status: number, body: unknown = '') => {
			response.statusCode = status;
			response.end(typeof body === 'string' ? body : JSON.stringify(body));
		};
		const {method, url, headers} = request;
		if (method !== 'GET' && !this.mayChange(headers)) return send(403, 'CSRF verification failed');
		switch (url) {
			case '/setup_tool/setup_progress/':
				if (this.outages.length > 0) return send(this.outages.shift()!, 'Bad Gateway');
				return send(200, this.look());
			case '/setup_tool/setup_database/create/':
				return this.begin(send, {headers, body: JSON.parse(text)});
			case '/context/login/': {
				response.setHeader('Set-Cookie', [`csrftoken=token${++this.token}; Path=/`, 'other=1; HttpOnly']);
				if (method === 'GET') return send(200, {collections: {[institution.collection.name]: 4}});
				const {username, password, collection} = JSON.parse(text);
				this.session = username === 'ada' && password === this.password && collection === 4;
				return send(this.session || username === null ? 204 : 403);
			}
			case '/context/user.json':
				return this.session ? send(200, {name: 'ada'}) : send(403);
			default:
				return send(404);
		}
	};

	private mayChange = (headers: IncomingMessage['headers']) =>
		headers['x-csrftoken'] === `token${this.token}` &&
		new RegExp(`csrftoken=token${this.token}(;|$)`).test(headers.cookie ?? '') &&
		headers.origin === this.origin &&
		headers.referer?.startsWith(`${this.origin}/`);

	private begin(send: (status: number, body?: unknown) => void, request: (typeof this.begun)[number]) {
		const refusal = this.refusals.shift();
		if (refusal === 503) return send(503, {error: 'The Specify Worker is not running.'});
		if (refusal) return send(refusal, {error: `refused with ${refusal}`});
		if (this.busy) return send(409, {error: 'Database setup is already in progress.'});
		this.begun.push(request);
		this.lastError = null;
		this.busy = true;
		this.made = 0;
		this.password = String(request.body.specifyUser!.password);
		return send(200, {success: true});
	}

	private look() {
		if (this.busy && this.made === this.failsAt?.made) {
			if (this.failsAt.how === 'error') {
				this.busy = false;
				this.made = 0;
				this.lastError = 'Data too long for column';
			}
		} else if (this.busy && this.made < partsOfApi.length) this.made += 1;
		else if (this.made === partsOfApi.length) this.busy = false;
		const resources = Object.fromEntries(partsOfApi.map((part, index) => [part, index < this.made]));
		return {resources, busy: this.busy, last_error: this.lastError};
	}
}

describe.runIf(hasOpenssl)('the guided set-up', () => {
	const folder = mkdtempSync(join(tmpdir(), 'specify-institution-'));
	afterAll(() => rmSync(folder, {recursive: true, force: true}));

	let specify: Specify;
	let context: ReturnType<typeof contextWith>;
	/** What the worker says it does, one answer after the other; the last one stays. */
	let activities: string[];
	const step = createInstitution({look: 5, patience: 1200, quiet: 20, stuck: 5000});

	beforeEach(async () => {
		specify = new Specify();
		const keys = makeCertificate(folder, 'specify7.specify.localhost');
		const https = await serveSecurely(keys, (request, response) => void specify.handle(request, response));
		specify.origin = `https://specify7.specify.localhost:${https}`;
		context = contextWith({answers: answersWith({institution, ports: {https}})});
		context.host.files.set('/opt/specify/specify7/authorities/own.pem', {text: keys.cert, mode: 0o644});
		activities = ['{"celery@worker": []}'];
		context.host.on('inspect active', () => ({
			stdout: activities.length > 1 ? activities.shift()! : activities[0]!,
			exitCode: activities[0] === '' ? 69 : 0,
		}));
	});

	const progressOf = (yielded: unknown[]) =>
		(yielded as {type: string; current: number}[]).flatMap(event => (event.type === 'progress' ? [event.current] : []));

	it('is begun as a browser would, followed part by part, and ended by a login', async () => {
		const {yielded, result} = await drain(step(context));
		expect(result).toEqual({changed: true, summary: 'Museum and its first administrator ada are set up.'});
		expect(progressOf(yielded)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
		expect(yielded.at(-1)).toMatchObject({type: 'check', name: 'login', ok: true});
		expect(specify.begun.length).toBe(1);
		const [{body, headers}] = specify.begun as [(typeof specify.begun)[number]];
		expect(headers['content-type']).toBe('application/json');
		expect(body.specifyUser).toEqual({
			lastname: 'Lovelace',
			name: 'ada',
			password: context.secrets.ADMINISTRATOR_PASSWORD,
		});
		expect(specify.session).toBe(false);
	});

	it('never tells the password', async () => {
		const {yielded, result} = await drain(step(context));
		expect(JSON.stringify([yielded, result, context.host.commands])).not.toContain(
			context.secrets.ADMINISTRATOR_PASSWORD,
		);
	});

	it('waits for a worker that is not there yet, and says so once', async () => {
		specify.refusals = [503, 503, 503];
		const {yielded} = await drain(step(context));
		expect(yielded.filter(event => event.type === 'note')).toHaveLength(1);
		expect(specify.begun.length).toBe(1);
	});

	it('fails when the worker does not come', async () => {
		specify.refusals = Array.from({length: 2000}, () => 503);
		const {error} = await drainToError(step(context));
		expect(error).toBeInstanceOf(SetupError);
		expect(error.message).toBe('Specify 7 could not begin its set-up: The Specify Worker is not running.');
		expect((error as SetupError).hint).toContain('docker compose logs worker');
	});

	it('that is under way already is followed and not begun twice', async () => {
		specify.busy = true;
		specify.made = 3;
		specify.password = context.secrets.ADMINISTRATOR_PASSWORD;
		const {yielded, result} = await drain(step(context));
		expect(specify.begun).toEqual([]);
		expect(progressOf(yielded)).toEqual([4, 5, 6, 7, 8]);
		expect(result.changed).toBe(true);
	});

	it('that begins elsewhere at the same moment (409) is followed', async () => {
		specify.refusals = [409];
		const following = drain(step(context));
		setTimeout(() => {
			specify.busy = true;
			specify.password = context.secrets.ADMINISTRATOR_PASSWORD;
		}, 15);
		expect((await following).result.changed).toBe(true);
		expect(specify.begun).toEqual([]);
	});

	it('is not begun behind the back of a worker that is at it, though Specify forgot', async () => {
		activities = ['{"celery@worker": [{"name": "setup"}]}'];
		setTimeout(() => {
			specify.made = partsOfApi.length;
			specify.password = context.secrets.ADMINISTRATOR_PASSWORD;
		}, 60);
		expect((await drain(step(context))).result.changed).toBe(true);
		expect(specify.begun).toEqual([]);
	});

	it('is left alone where a user exists (401), with a note when ours cannot log in', async () => {
		specify.refusals = [401];
		const {yielded, result} = await drain(step(context));
		expect(result.changed).toBe(false);
		expect(yielded.at(-1)).toMatchObject({type: 'note', level: 'warning', message: expect.stringContaining('ada')});
	});

	it("fails with Specify's own words and what to do", async () => {
		specify.failsAt = {made: 3, how: 'error'};
		const {error} = await drainToError(step(context));
		expect(error.message).toBe('Specify 7 could not set up the database: Data too long for column');
		expect((error as SetupError).hint).toContain('run this again');
	});

	it('begins again after an earlier failure', async () => {
		specify.lastError = 'Data too long for column';
		expect((await drain(step(context))).result.changed).toBe(true);
		expect(specify.begun.length).toBe(1);
	});

	it('of a database that is half set up is refused, and nothing is begun', async () => {
		specify.made = 3;
		specify.lastError = 'An institution already exists, cannot create another.';
		const {error} = await drainToError(step(context));
		expect(error.message).toBe(
			'The database specify is half set up and Specify cannot finish it: there is institution, storage tree, division, but no user.',
		);
		expect((error as SetupError).details).toEqual([`Specify said: ${specify.lastError}`]);
		expect((error as SetupError).hint).toContain('DROP DATABASE specify');
		expect(specify.begun).toEqual([]);
	});

	it('that the worker lost is begun again', async () => {
		specify.failsAt = {made: 4, how: 'lost'};
		context.host.on('redis-cli del specify:specify:setup:active_task_id', () => {
			specify.busy = false;
			specify.failsAt = null;
			return {};
		});
		const {yielded, result} = await drain(step(context));
		expect(result.changed).toBe(true);
		expect(yielded).toContainEqual(expect.objectContaining({message: expect.stringContaining('begun again')}));
		expect(specify.begun.length).toBe(2);
		expect(progressOf(yielded).at(-1)).toBe(8);
	});

	it('that is lost again and again is given up', async () => {
		specify.failsAt = {made: 2, how: 'lost'};
		context.host.on('redis-cli del', () => {
			specify.busy = false;
			return {};
		});
		const {error} = await drainToError(step(context));
		expect(error.message).toContain('begun 3 times and lost each time');
		expect(specify.begun.length).toBe(3);
	});

	it('waits long for a worker that is at it, and not for one that is away', async () => {
		specify.failsAt = {made: 2, how: 'lost'};
		activities = ['{"celery@worker": []}', ...Array.from({length: 8}, () => '{"w": [{}]}'), '', ''];
		const {error} = await drainToError(step(context));
		expect(error.message).toContain('does not answer');
		expect(context.host.ran('inspect active').length).toBeGreaterThan(10);
		expect(specify.begun.length).toBe(1);
	});

	it('bears short outages of Specify, and names long ones', async () => {
		specify.outages = [502, 502];
		expect((await drain(step(context))).result.changed).toBe(true);
		specify.outages = Array.from({length: 2000}, () => 502);
		expect((await drainToError(step(context))).error.message).toBe(
			'Specify 7 does not tell how its set-up goes: status 502.',
		);
	});

	it('tells a refusal for another origin apart', async () => {
		specify.origin = 'https://elsewhere.example';
		const {error} = await drainToError(step(context));
		expect(error.message).toContain('another address (403)');
		expect((error as SetupError).hint).toContain('CSRF_TRUSTED_ORIGINS');
	});

	it('fails when the login does not work in the end', async () => {
		const {handle} = specify;
		specify.handle = async (request, response) => {
			await handle(request, response);
			specify.password = 'another';
		};
		const {error} = await drainToError(step(context));
		expect(error.message).toBe('Museum is set up, but ada cannot log in: the login was answered with 403.');
		expect((error as SetupError).hint).toContain('ADMINISTRATOR_PASSWORD in /opt/specify/.env');
	});

	it('stops when it is asked to', async () => {
		specify.failsAt = {made: 2, how: 'lost'};
		setTimeout(() => context.controller.abort(), 30);
		await drainToError(step(context));
		expect(specify.begun.length).toBeLessThan(2);
	});
});
