import {join} from 'node:path';
import {execa} from 'execa';
import {LabError} from './home.js';

/** Paths of PEM files; `root` is the certificate of the authority that signed. */
export type Certificate = {certificate: string; key: string; root: string};

const request = async (options: readonly string[]): Promise<void> => {
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	const {failed, stderr} = await execa('openssl', ['req', '-x509', ...key, ...options], {reject: false});
	if (failed) throw new LabError(`openssl made no certificate:\n${stderr}`);
};

/** Makes an authority of its own in a folder: `root.pem`, whose key is `root.key`. Valid for a month. */
export const makeRoot = async (folder: string): Promise<string> => {
	const root = join(folder, 'root.pem');
	await request([
		...['-keyout', join(folder, 'root.key'), '-out', root, '-days', '30', '-subj', '/CN=Laboratory root'],
		...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
	]);
	return root;
};

/** Has the authority of `makeRoot` in this folder sign a server certificate for host names and IPv4 addresses. */
export const makeServerCertificate = async (folder: string, hosts: readonly [string, ...string[]]) => {
	const [certificate, key, root] = [`${hosts[0]}.pem`, `${hosts[0]}.key`, 'root.pem'].map(name => join(folder, name));
	const names = hosts.map(host => `${/^[\d.]+$/.test(host) ? 'IP' : 'DNS'}:${host}`);
	await request([
		...['-CA', root!, '-CAkey', join(folder, 'root.key'), '-keyout', key!, '-out', certificate!, '-days', '30'],
		...['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${names.join(',')}`],
		...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth'],
	]);
	return {certificate, key, root} as Certificate;
};
