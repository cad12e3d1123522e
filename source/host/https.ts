import {type IncomingHttpHeaders, request as plainRequest} from 'node:http';
import {request} from 'node:https';
import {connect, createSecureContext, rootCertificates, type SecureContext} from 'node:tls';

export type Answer = {status: number; headers: IncomingHttpHeaders; body: Buffer};

const contexts = new Map<string, SecureContext>();

/** Trust in the public authorities and some more; made once for each set, because reading them all takes milliseconds. */
const trusting = (authorities: readonly string[]): SecureContext => {
	const key = authorities.join('');
	const context = contexts.get(key) ?? createSecureContext({ca: [...rootCertificates, ...authorities]});
	contexts.set(key, context);
	return context;
};

export type AskOptions = {
	method?: string;
	headers?: Record<string, string>;
	body?: Buffer | string;
	/** PEM certificates to trust besides the public ones; an untrusted certificate is an error. */
	authorities?: string[];
	/** Asks this port in plain http, as a web server in front does that has ended TLS. */
	through?: {port: number};
	timeoutMs?: number;
	signal?: AbortSignal;
};

/** Asks this machine's proxy for an address by its name: connects to 127.0.0.1, whatever DNS says, with the name as SNI and Host. */
export const ask = (
	address: string,
	{method = 'GET', headers = {}, body, authorities, through, timeoutMs = 30_000, signal}: AskOptions = {},
): Promise<Answer> =>
	new Promise((resolve, reject) => {
		const url = new URL(address);
		const secure = url.protocol === 'https:' && !through;
		const call = (secure ? request : plainRequest)(
			{
				host: '127.0.0.1',
				servername: url.hostname,
				port: through?.port ?? (url.port || (secure ? 443 : 80)),
				path: `${url.pathname}${url.search}`,
				method,
				signal,
				agent: false,
				...(secure && authorities ? {secureContext: trusting(authorities)} : {}),
				headers: {
					Host: url.host,
					...(through ? {'X-Forwarded-Proto': url.protocol.slice(0, -1)} : {}),
					...headers,
					...(body === undefined ? {} : {'Content-Length': Buffer.byteLength(body)}),
				},
			},
			response => {
				const parts: Buffer[] = [];
				response.on('data', part => parts.push(part));
				response.on('error', reject);
				response.on('end', () =>
					resolve({status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts)}),
				);
			},
		);
		call.setTimeout(timeoutMs, () => call.destroy(new Error(`no answer in ${timeoutMs / 1000} seconds`)));
		call.on('error', reject);
		call.end(body);
	});

/** A certificate that was shown and verified. Times are ISO 8601; `serial` is hexadecimal. */
export type ShownCertificate = {validFrom: string; validTo: string; issuer: string; names: string[]; serial: string};
export type CertificateResult = ({ok: true} & ShownCertificate) | {ok: false; reason: string};

/** Shakes hands with this machine's proxy under a name and verifies the certificate. */
export const certificateOf = ({
	name,
	port,
	authorities,
	timeoutMs = 10_000,
}: {
	name: string;
	port: number;
	authorities: string[];
	timeoutMs?: number;
}): Promise<CertificateResult> =>
	new Promise(resolve => {
		const socket = connect({host: '127.0.0.1', port, servername: name, secureContext: trusting(authorities)}, () => {
			const {valid_from, valid_to, issuer, subjectaltname = '', serialNumber} = socket.getPeerCertificate();
			socket.end();
			const parts = [issuer?.O, issuer?.CN].filter(part => typeof part === 'string');
			resolve({
				ok: true,
				validFrom: new Date(valid_from).toISOString(),
				validTo: new Date(valid_to).toISOString(),
				issuer: [...new Set(parts)].join(', '),
				names: subjectaltname.split(', ').map(name => name.replace(/^DNS:/, '')),
				serial: serialNumber,
			});
		});
		socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')));
		socket.on('error', error => resolve({ok: false, reason: error.message}));
	});
