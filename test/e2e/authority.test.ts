import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {until} from '../_helpers/until.js';
import {type Authority, type AuthorityOptions, startAuthority} from '../lab/authority.js';
import {docker} from './installation.js';

const ports = {httpPort: 18480, tlsPort: 18443};
const eab = {keyId: 'museum-1', macKey: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'};
const folder = mkdtempSync(join(tmpdir(), 'specify-lab-caddy-'));
const container = `specify-lab-caddy-${process.pid}`;
const authorities: Authority[] = [];

const start = async (options: Partial<AuthorityOptions> = {}) => {
	const authority = await startAuthority({...ports, ...options});
	authorities.push(authority);
	return authority;
};

/** Starts the laboratory's Caddy with one site for each name and the lines of its ACME issuer. */
const serve = async (authority: Authority, sites: Record<string, string>) => {
	await execa('docker', ['rm', '--force', '--volumes', container], {reject: false});
	const blocks = Object.entries(sites).map(
		([name, lines]) =>
			`https://${name} {\n\ttls {\n\t\tissuer acme {\n\t\t\tdir ${authority.directory}\n\t\t\ttrusted_roots /ca/root.pem\n${lines}\n\t\t}\n\t}\n\trespond ${name}\n}\n`,
	);
	const global = `{\n\thttp_port ${ports.httpPort}\n\thttps_port ${ports.tlsPort}\n\temail admin@museum.example\n\tskip_install_trust\n}\n`;
	mkdirSync(join(folder, 'etc'), {recursive: true});
	writeFileSync(join(folder, 'etc', 'Caddyfile'), global + blocks.join(''));
	const publish = Object.values(ports).flatMap(port => ['--publish', `${port}:${port}`]);
	const mounts = [`${join(folder, 'etc')}:/etc/caddy:ro`, `${authority.ca}:/ca/root.pem:ro`];
	await docker(
		...['run', '--detach', '--name', container, '--network', container, ...publish],
		...mounts.flatMap(mount => ['--volume', mount]),
		'localhost:5000/library/caddy:2.11',
	);
};

const log = async () => {
	const {stdout, stderr} = await execa('docker', ['logs', container]);
	return `${stdout}\n${stderr}`;
};

/** The issuer's common name when the certificate of a name verifies against these roots; else the reason. */
const verified = (name: string, ca: string) =>
	new Promise<string>(resolve => {
		const socket = connect({host: '127.0.0.1', port: ports.tlsPort, servername: name, ca}, () => {
			resolve(String(socket.getPeerCertificate().issuer.CN));
			socket.destroy();
		});
		socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
	});

beforeAll(() => docker('network', 'create', container));

afterAll(async () => {
	await execa('docker', ['rm', '--force', '--volumes', container], {reject: false});
	await execa('docker', ['network', 'rm', container], {reject: false});
	for (const authority of authorities) await authority.stop();
	rmSync(folder, {recursive: true, force: true});
});

describe("the laboratory's certificate authority", () => {
	it('issues over HTTP-01 and over TLS-ALPN-01 to a container on a network of its own', async () => {
		const authority = await start();
		await serve(authority, {
			'http.museum.example': 'disable_tlsalpn_challenge',
			'alpn.museum.example': 'disable_http_challenge',
		});
		await until(async () => authority.orders().issued === 2, {timeoutMs: 20_000});
		const roots = await authority.roots();
		for (const name of ['http.museum.example', 'alpn.museum.example'])
			await until(async () => /^Pebble Intermediate/.test(await verified(name, roots)));
		expect(authority.orders().validated.sort()).toEqual(['alpn.museum.example', 'http.museum.example']);
		expect(authority.requests().filter(({path}) => path === '/order-plz')).toHaveLength(2);
		expect(await log()).toMatch(/served key authentication".*"challenge":"http-01"/);
		expect(await log()).toMatch(/served key authentication certificate".*"challenge":"tls-alpn-01"/);
	});

	it('refuses a name whose record is missing, fails, or belongs to another machine', async () => {
		const authority = await start();
		await authority.setAddress('gone.museum.example', null);
		await authority.setAddress('away.museum.example', authority.nowhere);
		await serve(authority, {'gone.museum.example': '', 'away.museum.example': 'disable_tlsalpn_challenge'});
		await until(async () => (await log()).split('"msg":"will retry"').length === 3, {timeoutMs: 30_000});
		expect(await log()).toContain('Could not resolve URL \\"gone.museum.example\\"');
		expect(await log()).toMatch(/away\.museum\.example.*no route to host/);
		expect(authority.orders().issued).toBe(0);
		expect(await verified('gone.museum.example', await authority.roots())).not.toMatch(/Pebble/);
	});

	it('knows no name when told so, and one that is set afterwards', async () => {
		const authority = await start({unknown: 'nothing'});
		await authority.setAddress('known.museum.example', '127.0.0.1');
		await serve(authority, {'known.museum.example': '', 'unknown.museum.example': ''});
		await until(async () => authority.orders().issued === 1, {timeoutMs: 20_000});
		await until(async () => (await log()).includes('Could not resolve URL \\"unknown.museum.example\\"'));
	});

	it('wants the external account, while a second authority beside it does not', async () => {
		const strict = await start({eab});
		const open = await start();
		expect(strict.directory).not.toBe(open.directory);
		await serve(strict, {
			'member.museum.example': `eab ${eab.keyId} ${eab.macKey}`,
			'stranger.museum.example': 'email stranger@museum.example',
		});
		await until(async () => strict.orders().issued === 1, {timeoutMs: 20_000});
		await until(async () => (await log()).includes('"msg":"will retry","error":"[stranger.museum.example]'));
		expect(await log()).toMatch(/stranger.*acme:error:externalAccountRequired/);
		expect(open.requests()).toEqual([]);
	});
});
