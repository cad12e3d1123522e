import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {engineAt} from '../../source/engine/api.js';
import {type LogLine, logLines} from '../../source/engine/log-stream.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {serveAtSocket} from '../_helpers/servers.js';
import {until} from '../_helpers/until.js';

const {fresh} = temporaryFolder();

const engineWith = async (handler: (request: IncomingMessage, response: ServerResponse) => void) => {
	const socket = fresh('engine');
	const asked: {method: string; url: URL}[] = [];
	await serveAtSocket(socket, (request, response) => {
		asked.push({method: request.method!, url: new URL(request.url!, 'http://docker')});
		handler(request, response);
	});
	return {engine: engineAt(socket), asked};
};

const collect = async <T>(source: AsyncIterable<T>) => {
	const all: T[] = [];
	for await (const value of source) all.push(value);
	return all;
};

/** A frame as the engine writes it. */
const frame = (source: 1 | 2, text: string) => {
	const content = Buffer.from(text);
	const header = Buffer.alloc(8);
	header[0] = source;
	header.writeUInt32BE(content.length, 4);
	return Buffer.concat([header, content]);
};

/** Bytes cut into parts at any places. */
const cutAt = (bytes: Buffer, places: readonly number[]) => {
	const borders = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
	return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
};

const at = '2026-08-01T10:00:00.123456789Z';

describe('a log', () => {
	const messages: [1 | 2, string][] = [
		[1, `${at} Größe 猫 🐙\n`],
		[2, `${at} second\r\n`],
		[1, `${at} \n`],
		[2, `${at} without an end`],
	];
	const lines: LogLine[] = [
		{source: 'stdout', at, line: 'Größe 猫 🐙'},
		{source: 'stderr', at, line: 'second'},
		{source: 'stdout', at, line: ''},
		{source: 'stderr', at, line: 'without an end'},
	];

	it('is the same wherever its bytes are cut', async () => {
		const bytes = Buffer.concat(messages.map(([source, text]) => frame(source, text)));
		await fc.assert(
			fc.asyncProperty(fc.array(fc.nat(1000), {maxLength: 40}), async places => {
				expect(await collect(logLines(Readable.from(cutAt(bytes, places)), {tty: false}))).toEqual(lines);
			}),
		);
	});

	it('of a terminal has no frames, and is the same wherever it is cut', async () => {
		const bytes = Buffer.from(`${at} Größe 猫\r\n${at} last`);
		await fc.assert(
			fc.asyncProperty(fc.array(fc.nat(1000), {maxLength: 20}), async places => {
				const read = await collect(logLines(Readable.from(cutAt(bytes, places)), {tty: true}));
				expect(read.map(({line}) => line)).toEqual(['Größe 猫', 'last']);
			}),
		);
	});

	it('joins the pieces the engine makes of a long line, each with a moment of its own', async () => {
		const later = at.replace('123456789', '200000000');
		const body = [frame(1, `${at} begin `), frame(2, `${at} other\n`), frame(1, `${later} end\n`)];
		expect(await collect(logLines(Readable.from(body), {tty: false}))).toEqual([
			{source: 'stderr', at, line: 'other'},
			{source: 'stdout', at, line: 'begin end'},
		]);
	});

	it('keeps a bounded part of a line that never ends', async () => {
		const body = (function* () {
			for (let piece = 0; piece < 200; piece += 1) yield frame(1, `${at} ${'x'.repeat(16_000)}`);
		})();
		const [line] = await collect(logLines(Readable.from(body), {tty: false}));
		expect(line?.line.length).toBe(64 * 1024);
	});

	it('is asked for from where it ended, and leaves out what was told already', async () => {
		const later = at.replace('123456789', '123456790');
		const {engine, asked} = await engineWith((request, response) => {
			if (request.url!.endsWith('/json')) response.end('{"Config":{"Tty":false}}');
			else response.end(Buffer.concat([frame(1, `${at} told\n`), frame(1, `${later} new\n`)]));
		});
		const read = await collect(engine.logs('c0ffee', {since: at, follow: true}));
		expect(read.map(({line}) => line)).toEqual(['new']);
		const query = asked[1]!.url.searchParams;
		expect(query.get('since')).toBe(`${Math.floor(Date.parse(at) / 1000)}.123456789`);
		expect([query.get('follow'), query.get('tail')]).toEqual(['1', 'all']);
	});
});

describe('events', () => {
	const event = (Action: string) => ({
		Action,
		Actor: {ID: 'c0ffee', Attributes: {'com.docker.compose.service': 'db'}},
		timeNano: 1_754_042_400_000_000_000,
	});

	it('are asked for one project, without the checks themselves, and come as they happen', async () => {
		let answer: ServerResponse | undefined;
		const {engine, asked} = await engineWith((_, response) => {
			answer = response;
			response.write(`${JSON.stringify(event('die'))}\n{"Act`);
		});
		const events = engine.events({project: 'museum', since: 1_754_042_400_500});
		expect((await events.next()).value).toEqual({
			container: 'c0ffee',
			service: 'db',
			action: 'die',
			at: 1_754_042_400_000,
		});
		answer!.end(`${JSON.stringify(event('start')).slice(5)}\n`);
		expect((await events.next()).value?.action).toBe('start');
		expect((await events.next()).done).toBe(true);
		const query = asked[0]!.url.searchParams;
		const filters = JSON.parse(query.get('filters')!);
		expect(filters.label).toEqual(['com.docker.compose.project=museum']);
		expect(filters.event).toContain('health_status');
		expect(filters.event.some((name: string) => name.startsWith('exec'))).toBe(false);
		expect(query.get('since')).toBe('1754042400.500');
	});

	it('end quietly when they are not wanted any more, and the connection with them', async () => {
		let closed = false;
		const {engine} = await engineWith((request, response) => {
			response.write(' ');
			request.socket.on('close', () => {
				closed = true;
			});
		});
		const controller = new AbortController();
		const reading = collect(engine.events({project: 'museum', signal: controller.signal}));
		await sleep(30);
		controller.abort();
		expect(await reading).toEqual([]);
		await until(() => closed);
	});

	it('fail when the connection breaks, and with the reason of the engine', async () => {
		const broken = await engineWith((_, response) => {
			response.write(`${JSON.stringify(event('die'))}\n`);
			setTimeout(() => response.destroy(), 20);
		});
		await expect(collect(broken.engine.events({project: 'museum'}))).rejects.toThrow();
		const refusing = await engineWith((_, response) => {
			response.statusCode = 400;
			response.end('{"message":"invalid filter"}');
		});
		await expect(collect(refusing.engine.events({project: 'museum'}))).rejects.toThrow('invalid filter');
	});
});

describe('statistics', () => {
	it('are told as what a container uses, and null while it does not run', async () => {
		const {engine, asked} = await engineWith((_, response) => {
			response.write(`${JSON.stringify({memory_stats: {usage: 1000, limit: 5000}})}\n`);
			response.end(`${JSON.stringify({memory_stats: {}})}\n`);
		});
		expect(await collect(engine.stats('c0ffee'))).toEqual([
			{cpuPercent: null, memoryBytes: 1000, limitBytes: 5000},
			null,
		]);
		expect(`${asked[0]!.url.pathname}${asked[0]!.url.search}`).toBe('/containers/c0ffee/stats?stream=1');
	});
});

describe('a restart', () => {
	it('waits for the engine, which knows how long a service may take to stop', async () => {
		const {engine, asked} = await engineWith((_, response) => {
			response.statusCode = 204;
			response.end();
		});
		await engine.restart('c0ffee');
		expect(`${asked[0]!.method} ${asked[0]!.url.pathname}${asked[0]!.url.search}`).toBe(
			'POST /containers/c0ffee/restart',
		);
	});

	it('that is refused says why', async () => {
		const {engine} = await engineWith((_, response) => {
			response.statusCode = 500;
			response.end('{"message":"port is already allocated"}');
		});
		await expect(engine.restart('c0ffee')).rejects.toThrow('port is already allocated');
	});
});
