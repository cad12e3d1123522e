import {chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {codename, install, unpack} from './apt.js';
import {LabError, labHome, say, withLock} from './home.js';
import {launch, started} from './program.js';

const loopback = '127.0.0.1';
/** A path that the reader of a snippet is to replace by the certificate's or the key's. */
const placeholder = String.raw`\S*CHANGE-ME\S*`;

export type WebServerOptions = {
	/** A site as the museum's administrator gets it: `server` blocks of nginx, virtual hosts of Apache. */
	snippet: string;
	/** Paths of PEM files that take the place of the snippet's. */
	certificate: string;
	key: string;
	/** Ports of 127.0.0.1 in place of 80 and of the snippet's port for TLS. */
	ports: {http: number; https: number};
};

/** A museum's own web server; its logs are `error.log` and `access.log` of its folder, until it is stopped. */
export type WebServer = {folder: string; stop(): Promise<void>};

/** What a kind of server needs: its program, its configuration as files by name, and its arguments. */
type Kind = {
	title: string;
	program(home: string): Promise<string>;
	files(options: WebServerOptions, folder: string): Record<string, string>;
	args(folder: string): [string, ...string[]];
};

/** Debian's, or taken out of its package: installing that would start a service. */
const nginxProgram = async (home: string): Promise<string> => {
	if (existsSync('/usr/sbin/nginx')) return '/usr/sbin/nginx';
	const folder = join(home, 'nginx');
	const program = join(folder, 'usr/sbin/nginx');
	if (!existsSync(program)) {
		say('fetching nginx from Debian …');
		await unpack(home, {name: 'nginx', suite: codename(), into: folder});
	}
	return program;
};

/** Debian's package of the program alone, which has no service. */
const apacheProgram = async (home: string): Promise<string> => {
	const program = '/usr/sbin/apache2';
	if (!existsSync(program)) {
		say('installing Apache from Debian packages …');
		await install(home, ['apache2-bin']);
	}
	return program;
};

/** The site with its ports on loopback (a machine may lack IPv6) and its certificate; nothing else of it changes. */
const fitNginx = ({snippet, certificate, key, ports}: WebServerOptions): string =>
	snippet
		.replace(/^\s*listen \[::\].*\n/gm, '')
		.replace(/^(\s*listen )80;/gm, `$1${loopback}:${ports.http};`)
		.replace(/^(\s*listen )\d+ ssl\b/gm, `$1${loopback}:${ports.https} ssl`)
		.replace(new RegExp(`^(\\s*ssl_certificate\\s+)${placeholder};`, 'gm'), `$1${certificate};`)
		.replace(new RegExp(`^(\\s*ssl_certificate_key\\s+)${placeholder};`, 'gm'), `$1${key};`);

/** As Debian's nginx.conf includes a site, with files below the folder. */
const nginx: Kind = {
	title: 'nginx',
	program: nginxProgram,
	files: (options, folder) => ({
		'site.conf': fitNginx(options),
		'server.conf': `user www-data;
worker_processes 1;
daemon off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
	sendfile on;
	gzip on;
	access_log ${folder}/access.log;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `\t${name}_temp_path ${folder}/${name};\n`).join('')}
	include ${folder}/site.conf;
}
`,
	}),
	args: folder => ['-c', `${folder}/server.conf`, '-e', `${folder}/error.log`],
};

const fitApache = ({snippet, certificate, key, ports}: WebServerOptions): string =>
	snippet
		.replace(/^Listen .*\n/gm, '')
		.replace(/^<VirtualHost \*:(\d+)>/gm, (_, port) => `<VirtualHost *:${port === '80' ? ports.http : ports.https}>`)
		.replace(new RegExp(`^(\\s*SSLCertificateFile\\s+)${placeholder}`, 'gm'), `$1${certificate}`)
		.replace(new RegExp(`^(\\s*SSLCertificateKeyFile\\s+)${placeholder}`, 'gm'), `$1${key}`);

/** What Debian enables on a fresh Apache, as far as it changes how a site behaves. */
const usualModules = [
	'mpm_event',
	'authn_core',
	'authz_core',
	'authz_host',
	'alias',
	'deflate',
	'dir',
	'env',
	'filter',
].concat(['mime', 'negotiation', 'reqtimeout', 'setenvif', 'status']);
const neededBy: Record<string, readonly string[]> = {ssl: ['socache_shmcb'], proxy_http: ['proxy']};

/** The modules that the snippet tells its reader to enable (`a2enmod …`), with those that a2enmod adds by itself. */
const modulesOf = (snippet: string): string[] => {
	const named = /a2enmod ([\w ]+)/.exec(snippet)?.[1]?.trim().split(/\s+/) ?? [];
	return [...new Set([...usualModules, ...named.flatMap(name => [...(neededBy[name] ?? []), name])])];
};

const apache: Kind = {
	title: 'Apache',
	program: apacheProgram,
	files: (options, folder) => ({
		'site.conf': fitApache(options),
		'mime.types': 'text/html html\n',
		'server.conf': `${modulesOf(options.snippet)
			.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
			.join('')}ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
Mutex file:${folder} default
User www-data
Group www-data
Listen ${loopback}:${options.ports.http}
Listen ${loopback}:${options.ports.https}
ErrorLog ${folder}/error.log
LogFormat "%h %{Host}i \\"%r\\" %>s %b" common
CustomLog ${folder}/access.log common
TypesConfig ${folder}/mime.types
Include ${folder}/site.conf
`,
	}),
	args: folder => ['-D', 'FOREGROUND', '-f', `${folder}/server.conf`],
};

/** Writes the configuration into a folder of its own, which the server's unprivileged processes may enter. */
const prepare = async (kind: Kind, options: WebServerOptions) => {
	const program = await withLock(labHome(), () => kind.program(labHome()));
	const folder = mkdtempSync(join(tmpdir(), `specify-${kind.title.toLowerCase()}-`));
	chmodSync(folder, 0o755);
	for (const [name, text] of Object.entries(kind.files(options, folder))) writeFileSync(join(folder, name), text);
	return {folder, program, remove: () => rmSync(folder, {recursive: true, force: true})};
};

/** The server's own syntax check (`-t`): what it says, and whether it is content. */
type Checked = {valid: boolean; said: string};

const test = async (kind: Kind, program: string, folder: string): Promise<Checked> => {
	const {failed, all} = await execa(program, ['-t', ...kind.args(folder)], {reject: false, all: true, stdin: 'ignore'});
	return {valid: !failed, said: String(all)};
};

const check = async (kind: Kind, options: WebServerOptions): Promise<Checked> => {
	const {folder, program, remove} = await prepare(kind, options);
	try {
		return await test(kind, program, folder);
	} finally {
		remove();
	}
};

/** Resolves when something listens on a port, rejects when nothing does. */
const accepts = (port: number): Promise<void> =>
	new Promise((resolve, reject) => {
		const socket = connect(port, loopback, () => {
			socket.destroy();
			resolve();
		});
		socket.on('error', reject);
	});

const isTaken = (port: number): Promise<boolean> =>
	accepts(port).then(
		() => true,
		() => false,
	);

const start = async (kind: Kind, options: WebServerOptions): Promise<WebServer> => {
	const ports = Object.values(options.ports);
	for (const port of ports) {
		if (await isTaken(port)) throw new LabError(`Port ${port} of ${loopback} is taken already.`);
	}
	const {folder, program, remove} = await prepare(kind, options);
	const {valid, said} = await test(kind, program, folder);
	if (!valid) {
		remove();
		throw new LabError(`${kind.title} refuses the site:\n${said}`);
	}
	const log = join(folder, 'error.log');
	const server = launch([program, ...kind.args(folder)], {log});
	const stop = async () => {
		await server.stop();
		remove();
	};
	try {
		await started(kind.title, () => Promise.all(ports.map(accepts)), {programs: [server], logs: [log]});
	} catch (error) {
		await stop();
		throw error;
	}
	return {folder, stop};
};

/** Checks a site with Debian's nginx; nothing is started. */
export const checkNginx = (options: WebServerOptions): Promise<Checked> => check(nginx, options);

/** Checks a site with Debian's Apache and the modules that the snippet asks for; nothing is started. */
export const checkApache = (options: WebServerOptions): Promise<Checked> => check(apache, options);

/** Runs Debian's nginx with this one site on 127.0.0.1. Throws a LabError when it refuses the site or does not start. */
export const startNginx = (options: WebServerOptions): Promise<WebServer> => start(nginx, options);

/** Runs Debian's Apache with this one site on 127.0.0.1. Throws a LabError when it refuses the site or does not start. */
export const startApache = (options: WebServerOptions): Promise<WebServer> => start(apache, options);
