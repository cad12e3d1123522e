import {createHash, randomBytes} from 'node:crypto';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {gzipSync} from 'node:zlib';
import {pack} from 'tar-stream';

const upstream = 'http://localhost:5000';
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** What happens to a request: it is passed on, cut after some bytes of the answer, never answered, or answered with a status. */
export type Trouble = 'none' | 'silence' | {cutAfter: number} | {status: number; headers?: Record<string, string>};

type Blob = {type: string; content: Buffer};

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** A tar with one file of random bytes, which no other image has. */
const randomLayer = async (bytes: number): Promise<Buffer> => {
	const archive = pack();
	archive.entry({name: `opt/unsteady-${randomBytes(4).toString('hex')}`}, randomBytes(bytes));
	archive.finalize();
	const parts: Buffer[] = [];
	for await (const part of archive) parts.push(part as Buffer);
	return Buffer.concat(parts);
};

/**
 * A registry before the laboratory's that gets into trouble when it is told to. It has the same images; one of them has
 * layers more that no engine knows yet, so that they must be fetched whatever else the engine holds.
 */
export class UnsteadyRegistry {
	/** How often each blob was asked for, by digest. */
	readonly fetched = new Map<string, number>();
	/** Decides about each request; the engine pulls, its client only looks. */
	trouble: (request: {path: string; digest: string | null; byEngine: boolean}) => Trouble = () => 'none';
	/** The added layers, by digest. */
	readonly added: string[] = [];

	private readonly own = new Map<string, Blob>();
	private server: Server | null = null;

	constructor(
		readonly port: number,
		readonly repository: string,
		readonly tag: string,
	) {}

	get name() {
		return `localhost:${this.port}`;
	}

	async start() {
		this.server = createServer((request, response) => void this.answer(request, response));
		await new Promise<void>(resolve => this.server!.listen(this.port, '127.0.0.1', resolve));
	}

	/** Nobody listens any more: connections are refused. */
	async stop() {
		this.server?.closeAllConnections();
		await new Promise(resolve => (this.server ? this.server.close(resolve) : resolve(null)));
		this.server = null;
	}

	/** Gives the image further layers of these sizes, bytes. */
	async addLayers(...sizes: number[]) {
		const path = `/v2/${this.repository}/manifests/${this.tag}`;
		const manifest = JSON.parse((await fetchBlob(path, manifestType)).toString());
		const config = JSON.parse((await fetchBlob(`/v2/${this.repository}/blobs/${manifest.config.digest}`)).toString());
		for (const size of sizes) {
			const layer = await randomLayer(size);
			const content = gzipSync(layer, {level: 1});
			const digest = digestOf(content);
			this.own.set(`/v2/${this.repository}/blobs/${digest}`, {type: 'application/octet-stream', content});
			this.added.push(digest);
			const mediaType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
			manifest.layers.push({mediaType, size: content.length, digest});
			config.rootfs.diff_ids.push(digestOf(layer));
			config.history.push({created: '2026-01-01T00:00:00Z', created_by: 'a layer for tests'});
		}
		const configContent = Buffer.from(JSON.stringify(config));
		manifest.config = {...manifest.config, size: configContent.length, digest: digestOf(configContent)};
		this.own.set(`/v2/${this.repository}/blobs/${manifest.config.digest}`, {
			type: 'application/octet-stream',
			content: configContent,
		});
		const manifestContent = Buffer.from(JSON.stringify(manifest));
		for (const name of [path, `/v2/${this.repository}/manifests/${digestOf(manifestContent)}`])
			this.own.set(name, {type: manifestType, content: manifestContent});
	}

	private async answer(request: IncomingMessage, response: ServerResponse) {
		const path = request.url!;
		const digest = /\/blobs\/(sha256:\w+)/.exec(path)?.[1] ?? null;
		if (digest && request.method === 'GET') this.fetched.set(digest, (this.fetched.get(digest) ?? 0) + 1);
		const byEngine = /^docker\//.test(request.headers['user-agent'] ?? '');
		const trouble = this.trouble({path, digest, byEngine});
		if (trouble === 'silence') return;
		if (typeof trouble === 'object' && 'status' in trouble) {
			response.writeHead(trouble.status, trouble.headers);
			response.end();
			return;
		}
		const {status, headers, content} = await this.content(path, request);
		const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
		const part = content.subarray(from);
		response.writeHead(from > 0 ? 206 : status, {
			...headers,
			'content-length': part.length,
			...(from > 0 ? {'content-range': `bytes ${from}-${content.length - 1}/${content.length}`} : {}),
		});
		if (request.method === 'HEAD') return void response.end();
		if (trouble === 'none') return void response.end(part);
		response.write(part.subarray(0, trouble.cutAfter), () => request.socket.resetAndDestroy());
	}

	private async content(path: string, {headers}: IncomingMessage) {
		const own = this.own.get(path);
		if (own) {
			const {type, content} = own;
			return {status: 200, headers: {'content-type': type, 'docker-content-digest': digestOf(content)}, content};
		}
		const answer = await fetch(`${upstream}${path}`, {headers: {accept: headers.accept ?? '*/*'}});
		const kept = ['content-type', 'docker-content-digest', 'docker-distribution-api-version'];
		return {
			status: answer.status,
			headers: Object.fromEntries(
				kept.flatMap(name => (answer.headers.get(name) ? [[name, answer.headers.get(name)!]] : [])),
			),
			content: Buffer.from(await answer.arrayBuffer()),
		};
	}
}

const fetchBlob = async (path: string, accept = '*/*') => {
	const answer = await fetch(`${upstream}${path}`, {headers: {accept}});
	if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
	return Buffer.from(await answer.arrayBuffer());
};
