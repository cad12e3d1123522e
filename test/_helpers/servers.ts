import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import type {AddressInfo, Server} from 'node:net';
import {join} from 'node:path';
import {afterAll} from 'vitest';

const ended: Server[] = [];
afterAll(() => {
	for (const server of ended.splice(0)) server.close();
});

const listening = async <T extends Server>(server: T, ...where: [string] | [number, string]): Promise<T> => {
	ended.push(server);
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(...(where as [number, string]), resolve);
	});
	return server;
};

/** An HTTP server at a Unix socket, closed after the tests of this file. */
export const serveAtSocket = (socket: string, handler: RequestListener) => listening(createServer(handler), socket);

/** An HTTP server on 127.0.0.1; returns its port. */
export const serve = async (handler: RequestListener) =>
	((await listening(createServer(handler), 0, '127.0.0.1')).address() as AddressInfo).port;

/** A self-made certificate for a name, valid for so many days. */
export const makeCertificate = (folder: string, name: string, days = 2) => {
	const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
	execFileSync(
		'openssl',
		['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', `${days}`]
			.concat(['-keyout', key, '-out', cert, '-subj', `/CN=${name}`])
			.concat(['-addext', `subjectAltName=DNS:${name}`]),
		{stdio: 'ignore'},
	);
	return {key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8')};
};

/** Whether this machine can make certificates. */
export const hasOpenssl = (() => {
	try {
		execFileSync('openssl', ['version'], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	}
})();

/** An HTTPS server on 127.0.0.1; returns its port. */
export const serveSecurely = async (keys: {key: string; cert: string}, handler: RequestListener) =>
	((await listening(createSecureServer(keys, handler), 0, '127.0.0.1')).address() as AddressInfo).port;
