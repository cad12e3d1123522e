import {createHmac} from 'node:crypto';
import {type IncomingHttpHeaders, request as plainRequest} from 'node:http';
import {request} from 'node:https';

export type Asked = {status: number; headers: IncomingHttpHeaders; body: Buffer; text: string};

export type Question = {
	method?: string;
	headers?: Record<string, string>;
	body?: Buffer | string;
};

/** Where an installation, or what stands before it, listens. */
export type Door = {
	port: number;
	/** The authorities that are trusted, PEM; without them plain http is spoken. */
	ca?: string;
	/** The port that visitors see in the address; `port` unless given. */
	shownPort?: number;
	/** The visitor's own address, one of 127.0.0.0/8. */
	from?: string;
};

/** The name with the port that browsers write after it. */
export const authority = (name: string, {port, shownPort = port}: Door) =>
	shownPort === 443 ? name : `${name}:${shownPort}`;

/** Asks for a path exactly as it is written, under a host name that leads to 127.0.0.1. A certificate must verify. */
export const ask = (
	door: Door,
	name: string,
	path: string,
	{method = 'GET', headers = {}, body}: Question = {},
): Promise<Asked> =>
	new Promise((resolve, reject) => {
		const {port, ca, from} = door;
		const call = (ca ? request : plainRequest)(
			{
				...{host: '127.0.0.1', port, path, method, agent: false, timeout: 60_000},
				...(from ? {localAddress: from} : {}),
				...(ca ? {servername: name, ca} : {}),
				headers: {
					Host: authority(name, door),
					...(body === undefined ? {} : {'Content-Length': Buffer.byteLength(body)}),
					...headers,
				},
			},
			response => {
				const parts: Buffer[] = [];
				response.on('data', part => parts.push(part));
				response.on('error', reject);
				response.on('end', () => {
					const content = Buffer.concat(parts);
					const {statusCode: status = 0, headers: seen} = response;
					resolve({status, headers: seen, body: content, text: content.toString()});
				});
			},
		);
		call.on('timeout', () => call.destroy(new Error(`${name}${path}: no answer`)));
		call.on('error', reject);
		call.end(body);
	});

/** A visitor of Specify 7: keeps cookies and sends Django's token. `content` is sent as JSON, text as a form. */
export class Visitor {
	readonly cookies = new Map<string, string>();

	constructor(
		readonly door: Door,
		readonly name: string,
		/** Sent with every request. */
		readonly headers: Record<string, string> = {},
	) {}

	async ask(path: string, method = 'GET', content?: unknown): Promise<Asked> {
		const origin = `https://${authority(this.name, this.door)}`;
		const isForm = typeof content === 'string';
		const cookie = [...this.cookies].map(pair => pair.join('=')).join('; ');
		const answer = await ask(this.door, this.name, path, {
			method,
			headers: {
				...this.headers,
				...(cookie ? {Cookie: cookie} : {}),
				...(method === 'GET'
					? {}
					: {
							'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
							Origin: origin,
							Referer: `${origin}/`,
							'X-CSRFToken': this.cookies.get('csrftoken') ?? '',
						}),
			},
			...(content === undefined ? {} : {body: isForm ? content : JSON.stringify(content)}),
		});
		for (const set of answer.headers['set-cookie'] ?? []) {
			const [, key, value = ''] = /^([^=;]+)=([^;]*)/.exec(set) ?? [];
			if (key) this.cookies.set(key, value);
		}
		return answer;
	}

	/** Fills in the login form as a person does; the page it leads to, or the form again. */
	async logIn(username: string, password: string) {
		const form = await this.ask('/accounts/login/?next=/specify/');
		const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
		const fields = new URLSearchParams({username, password, next: '/specify/', csrfmiddlewaretoken: token});
		return this.ask('/accounts/login/', 'POST', fields.toString());
	}
}

/** A secret of an installation, out of the text of its `.env`. */
export const secretIn = (environment: string, name: string) =>
	new RegExp(`^${name}='([A-Za-z0-9]+)'$`, 'm').exec(environment)![1]!;

/** What the asset server accepts as proof for a file name during the next two minutes. */
export const attachmentToken = (key: string, filename: string, seconds = Math.floor(Date.now() / 1000)) =>
	`${createHmac('md5', key).update(`${seconds}${filename}`).digest('hex')}:${seconds}`;

/** A form with one file, as browsers send it to the asset server. */
export const uploadForm = (fields: Record<string, string>, filename: string, content: Buffer): Required<Question> => {
	const boundary = '----a-museum-visitor';
	const part = (head: string, value: Buffer | string, type = '') =>
		Buffer.concat([
			Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n${type}\r\n`),
			Buffer.from(value),
			Buffer.from('\r\n'),
		]);
	const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value));
	const file = part(`name="file"; filename="${filename}"`, content, 'Content-Type: application/octet-stream\r\n');
	return {
		method: 'POST',
		headers: {'Content-Type': `multipart/form-data; boundary=${boundary}`},
		body: Buffer.concat([...parts, file, Buffer.from(`--${boundary}--\r\n`)]),
	};
};
