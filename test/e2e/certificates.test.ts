import {randomBytes} from 'node:crypto';
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Authority, startAuthority} from '../lab/authority.js';
import {makeRoot, makeServerCertificate} from '../lab/certificates.js';
import {docker, Installation} from './installation.js';

const ports = {http: 18700, https: 18743};
const nobodyListens = 18799;
const domain = 'nrm.test';
const hosts = [`specify7.${domain}`, `media.${domain}`, domain] as const;

const installation = new Installation(ports, [
	`domain=${domain}`,
	`email=it@${domain}`,
	'institution={name: Museum, code: M, division: Collections, discipline: {type: fish, name: Fish}, collection: {name: Fish, code: F}, administrator: {name: admin, lastname: Admin}}',
]);
const folder = mkdtempSync(join(tmpdir(), 'specify-certificates-'));
const roots = join(folder, 'roots.pem');
/** The external account without which neither authority issues. */
const account = {keyId: 'museum-1', macKey: randomBytes(32).toString('base64url')};
const keyFile = join(folder, 'account.key');

/** Only TLS-ALPN-01 reaches the installation from here. */
let staging: Authority;
/** Only HTTP-01 does. */
let production: Authority;

/** The certificate a visitor is shown, verified against these roots. */
const shown = (name: string, ca: string) =>
	new Promise<{issuer: string; serial: string; problem: string | null}>((resolve, reject) => {
		const socket = connect(
			{host: '127.0.0.1', port: ports.https, servername: name, ca, rejectUnauthorized: false},
			() => {
				const {issuer, serialNumber} = socket.getPeerCertificate();
				const problem = socket.authorized ? null : String(socket.authorizationError);
				socket.end();
				resolve({issuer: String(issuer.CN), serial: serialNumber, problem});
			},
		);
		socket.on('error', reject);
	});

const acme = () => [
	'--set=certificates=letsencrypt',
	`--set=acme.directory=${production.directory}`,
	`--set=acme.staging=${staging.directory}`,
	`--set=acme.ca=${roots}`,
	`--set=acme.eab={kid: ${account.keyId}, keyFile: ${keyFile}}`,
];

beforeAll(async () => {
	staging = await startAuthority({httpPort: nobodyListens, tlsPort: ports.https, eab: account});
	production = await startAuthority({httpPort: ports.http, tlsPort: nobodyListens, eab: account});
	const parts = [
		readFileSync(staging.ca),
		readFileSync(production.ca),
		await staging.roots(),
		await production.roots(),
	];
	writeFileSync(roots, parts.join('\n'));
	writeFileSync(keyFile, `${account.macKey}\n`, {mode: 0o600});
});

afterAll(async () => {
	await installation.remove();
	await staging?.stop();
	await production?.stop();
	rmSync(folder, {recursive: true, force: true});
});

describe('certificates', () => {
	it('names the wrong record, and does not ask the real authority, when the rehearsal fails', async () => {
		await staging.setAddress(`media.${domain}`, null);
		const {exitCode, stderr, stdout} = await installation.install(...acme());
		expect(exitCode, stderr).toBe(1);
		expect(`${stdout}${stderr}`).toMatch(/no address for media\.nrm\.test/);
		expect(`${stdout}${stderr}`).toMatch(/A record .*media\.nrm\.test/);
		expect(production.requests()).toEqual([]);
	});

	it('goes on when the record is right: rehearsed over TLS-ALPN-01, issued over HTTP-01, trusted from inside', async () => {
		await staging.setAddress(`media.${domain}`, '127.0.0.1');
		const {exitCode, stderr, stdout} = await installation.install(...acme());
		expect(exitCode, `${stdout}${stderr}`).toBe(0);
		expect(staging.orders().issued).toBeGreaterThanOrEqual(hosts.length);
		expect(production.orders().issued).toBe(hosts.length);
		const ca = await production.roots();
		for (const host of hosts) expect((await shown(host, ca)).problem, host).toBeNull();
		expect(stdout).toContain('asset server from inside: Specify 7 reaches and trusts it');
		expect(stdout).not.toMatch(/Until then browsers warn/);
	});

	it('shows the key of the external account to nobody', async () => {
		for (const {environment, id} of await installation.containers()) {
			expect(environment.join('\n')).not.toContain(account.macKey);
			expect(await docker('logs', id)).not.toContain(account.macKey);
		}
		expect(readFileSync(installation.journal().path, 'utf8')).not.toContain(account.macKey);
		expect(installation.read('specify.yaml')).not.toContain(account.macKey);
	});

	it('has nothing to do when it is run again, and asks nobody', async () => {
		const asked = [staging.orders().created, production.orders().created];
		const {exitCode, stdout} = await installation.run('reconfigure', '--yes');
		expect(exitCode).toBe(0);
		expect(stdout).toContain('Nothing was changed');
		expect([staging.orders().created, production.orders().created]).toEqual(asked);
	});

	it('lists them, and renews one on demand', async () => {
		const ca = await production.roots();
		const {exitCode, stdout} = await installation.run('certs', '--json');
		expect(exitCode).toBe(0);
		const {certificates} = JSON.parse(stdout) as {certificates: {host: string; daysLeft: number; names: string[]}[]};
		expect(certificates.map(({host}) => host)).toEqual(hosts);
		for (const {host, daysLeft, names} of certificates) {
			expect(names).toEqual([host]);
			expect(daysLeft).toBeGreaterThan(80);
		}
		const before = await Promise.all(hosts.map(host => shown(host, ca)));
		const renewed = await installation.run('certs', 'renew', hosts[0]);
		expect(renewed.exitCode, renewed.stderr).toBe(0);
		const after = await Promise.all(hosts.map(host => shown(host, ca)));
		expect(after.map(({problem}) => problem)).toEqual([null, null, null]);
		expect(after.map(({serial}, index) => serial === before[index]!.serial)).toEqual([false, true, true]);
	});

	it('keeps the certificate it has when a renewal fails', async () => {
		const ca = await production.roots();
		const before = await shown(hosts[1], ca);
		await production.setAddress(hosts[1], null);
		const {exitCode, stderr} = await installation.run('certs', 'renew', hosts[1]);
		expect(exitCode).toBe(1);
		expect(stderr).toContain(hosts[1]);
		expect(await shown(hosts[1], ca)).toEqual(before);
		await production.setAddress(hosts[1], '127.0.0.1');
	});

	describe('of one’s own', () => {
		const paths = {certificate: join(folder, 'chain.pem'), key: join(folder, 'key.pem')};
		/** A certificate for all host names by an authority of its own. */
		const issue = async (name: string) => {
			const place = join(folder, name);
			mkdirSync(place);
			await makeRoot(place);
			return makeServerCertificate(place, hosts);
		};
		const place = ({certificate, key}: {certificate: string; key: string}) => {
			copyFileSync(certificate, paths.certificate);
			writeFileSync(paths.key, readFileSync(key), {mode: 0o600});
		};
		let ca: string;
		const own = () => [
			'--set=certificates=own',
			'--set=acme={}',
			`--set=own.certificate=${paths.certificate}`,
			`--set=own.key=${paths.key}`,
			`--set=own.authority=${join(folder, 'own-root.pem')}`,
		];

		it('are refused when key and certificate do not belong together; what is served stays', async () => {
			const good = await issue('good');
			const other = await issue('other');
			ca = readFileSync(good.root, 'utf8');
			copyFileSync(good.root, join(folder, 'own-root.pem'));
			place({certificate: good.certificate, key: other.key});
			const {exitCode, stdout, stderr} = await installation.run('reconfigure', '--yes', ...own());
			expect(exitCode).toBe(3);
			expect(`${stdout}${stderr}`).toMatch(/key/);
			expect((await shown(hosts[0], await production.roots())).problem).toBeNull();
			place(good);
		});

		it('are served, and trusted from inside', async () => {
			const {exitCode, stdout, stderr} = await installation.run('reconfigure', '--yes', ...own());
			expect(exitCode, `${stdout}${stderr}`).toBe(0);
			for (const host of hosts) expect((await shown(host, ca)).problem, host).toBeNull();
			expect(installation.mode('.specify-setup')).toBe('700');
		});

		it('are taken anew by a run, too', async () => {
			const other = await issue('again');
			const otherCa = readFileSync(other.root, 'utf8');
			copyFileSync(other.root, join(folder, 'own-root.pem'));
			place(other);
			const {exitCode, stdout, stderr} = await installation.run('reconfigure', '--yes');
			expect(exitCode, `${stdout}${stderr}`).toBe(0);
			for (const host of hosts) expect((await shown(host, otherCa)).problem, host).toBeNull();
			expect((await installation.run('reconfigure', '--yes')).stdout).toContain('Nothing was changed');
			ca = otherCa;
		});

		it('are replaced without a request lost', async () => {
			const next = await issue('next');
			const nextCa = readFileSync(next.root, 'utf8');
			copyFileSync(next.root, join(folder, 'own-root.pem'));
			place(next);
			let asking = true;
			let answered = 0;
			const failures: unknown[] = [];
			const visitor = (async () => {
				while (asking) {
					// What the kernel has taken for a listener that closes is reset: who asks again is answered.
					await shown(hosts[0], ca)
						.catch(() => shown(hosts[0], ca))
						.then(
							() => {
								answered += 1;
							},
							error => failures.push(error),
						);
				}
			})();
			const {exitCode, stderr} = await installation.run('certs', 'renew');
			asking = false;
			await visitor;
			expect(exitCode, stderr).toBe(0);
			expect(failures).toEqual([]);
			expect(answered).toBeGreaterThan(10);
			for (const host of hosts) expect((await shown(host, nextCa)).problem, host).toBeNull();
		});
	});
});
