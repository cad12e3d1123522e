import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type IncomingMessage, request, type Server, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Transform} from 'node:stream';
import {execa} from 'execa';
import {imageOf} from '../../source/model/images.js';
import {serviceNames} from '../../source/model/releases.js';
import {docker, removeImages} from '../e2e/installation.js';
import {registryName} from '../lab/registry.js';
import {defaultAnswers} from './museum.js';
import {bytesOf} from './random.js';

/** How the registry treats what it is asked for. */
export type Manner =
	| {kind: 'fair'}
	| {kind: 'down'}
	/** Layers come at so many bytes a second. */
	| {kind: 'slow'; bytesPerSecond: number}
	/** The connection is reset after so many bytes of a layer; `times` such layers, then all is well. */
	| {kind: 'reset'; afterBytes: number; times: number}
	/** So many requests for layers are answered with this status, then all is well. */
	| {kind: 'status'; status: number; times: number};

const port = 5077;
export const ownRegistry = `localhost:${port}`;
const layerBytes = 8_000_000;
const upstream = {host: '127.0.0.1', port: 5000};

const isLayer = (path: string) => /\/blobs\//.test(path);
const answers = {specify7: defaultAnswers.specify7, images: {registry: registryName}};
const references = () => [...new Set(serviceNames.map(service => imageOf(answers, service)))];

/** Puts the laboratory's images into its registry once more, each with a layer that no other image has. */
const provideImages = async () => {
	const folder = mkdtempSync(join(tmpdir(), 'specify-layers-'));
	try {
		for (const base of references()) {
			const copy = base.replace(registryName, `${registryName}/faults`);
			writeFileSync(join(folder, 'layer'), bytesOf(base, layerBytes));
			const file = `FROM ${base}\nCOPY layer /usr/share/layer\n`;
			await docker('pull', '--quiet', base);
			await execa('docker', ['build', '--quiet', '--tag', copy, '--file', '-', folder], {input: file});
			await docker('push', '--quiet', copy);
			await docker('image', 'rm', copy);
		}
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};

/** Makes the engine forget the images that came from here, and with them their own layers. */
const evict = async () => {
	await removeImages(ownRegistry);
	// One that was fetched by its digest has no tag.
	const rest = await docker('image', 'ls', '--quiet', '--no-trunc', `${ownRegistry}/*/*`);
	for (const id of new Set(rest.split('\n').filter(Boolean))) await docker('image', 'rm', '--force', id);
};

const throttled = (bytesPerSecond: number) =>
	new Transform({
		transform(part: Buffer, _, done) {
			setTimeout(() => done(null, part), (1000 * part.length) / bytesPerSecond);
		},
	});

/** A registry on a port of its own, before the laboratory's, that can behave badly. */
export class Registry {
	manner: Manner = {kind: 'fair'};
	private server: Server | undefined;
	private readonly sockets = new Set<Socket>();
	private static provided: Promise<void> | undefined;

	/** Starts it; the engine has none of the layers that only its images have. */
	async open() {
		Registry.provided ??= provideImages();
		await Registry.provided;
		await evict();
		await this.listen();
	}

	async behave(manner: Manner) {
		this.manner = manner;
		if (manner.kind === 'down') await this.hangUp();
		else if (!this.server) await this.listen();
	}

	async close() {
		await this.hangUp();
		await evict();
	}

	private async listen() {
		const server = createServer((question, answer) => this.pass(question, answer));
		server.on('connection', socket => {
			this.sockets.add(socket);
			socket.on('close', () => this.sockets.delete(socket));
		});
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(port, '127.0.0.1', resolve);
		});
		this.server = server;
	}

	private async hangUp() {
		const {server} = this;
		this.server = undefined;
		if (!server) return;
		const closed = new Promise(resolve => server.close(resolve));
		for (const socket of this.sockets) socket.resetAndDestroy();
		await closed;
	}

	private pass(question: IncomingMessage, answer: ServerResponse) {
		const {manner} = this;
		const path = question.url!.replace(/^\/v2\/(?=.)/, '/v2/faults/');
		if (manner.kind === 'status' && manner.times > 0 && isLayer(path)) {
			manner.times -= 1;
			answer.writeHead(manner.status).end();
			return;
		}
		const {method, headers} = question;
		const call = request({...upstream, method, path, headers}, reply => {
			answer.writeHead(reply.statusCode!, reply.headers);
			if (!isLayer(path) || method !== 'GET') reply.pipe(answer);
			else if (manner.kind === 'slow') reply.pipe(throttled(manner.bytesPerSecond)).pipe(answer);
			else if (manner.kind === 'reset' && Number(reply.headers['content-length']) > manner.afterBytes)
				this.reset(manner, reply, answer);
			else reply.pipe(answer);
		});
		call.on('error', () => answer.destroy());
		question.pipe(call);
	}

	private reset(manner: Extract<Manner, {kind: 'reset'}>, reply: IncomingMessage, answer: ServerResponse) {
		if (manner.times <= 0) {
			reply.pipe(answer);
			return;
		}
		manner.times -= 1;
		let passed = 0;
		reply.on('data', part => {
			if (passed > manner.afterBytes) return;
			passed += part.length;
			answer.write(part);
			if (passed > manner.afterBytes) setTimeout(() => answer.socket?.resetAndDestroy(), 50);
		});
	}
}
