import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ask, LabError, logFile, readState, runLogged, writeState} from './home.js';

/** One place packages come from, as the machine's own apt has it. `signedBy` is what apt's option of that name holds. */
export type Source = {uri: string; suites: string[]; components: string[]; signedBy?: string; trusted: boolean};

const aptEnvironment = {DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C'};

/** The sources of a one-line style file (`/etc/apt/sources.list`). */
export const parseList = (text: string): Source[] =>
	text.split('\n').flatMap(line => {
		const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
		if (!match) return [];
		const [, options = '', uri = '', suite = '', components = ''] = match;
		const option = (name: string): string | undefined => new RegExp(`(?:^|\\s)${name}=(\\S+)`, 'i').exec(options)?.[1];
		const signedBy = option('signed-by');
		return [
			{
				uri,
				suites: [suite],
				components: components.split(/\s+/).filter(Boolean),
				...(signedBy ? {signedBy} : {}),
				trusted: option('trusted') === 'yes',
			},
		];
	});

/** The sources of a deb822 style file (`*.sources`); a disabled stanza gives none. */
export const parseSources = (text: string): Source[] =>
	text.split(/\n\s*\n/).flatMap(stanza => {
		const fields = new Map<string, string>();
		let current = '';
		for (const line of stanza.split('\n')) {
			if (line.startsWith('#')) continue;
			const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
			if (field) {
				current = (field[1] ?? '').toLowerCase();
				fields.set(current, field[2] ?? '');
			} else if (current && /^\s/.test(line)) fields.set(current, `${fields.get(current)}\n${line}`);
		}
		const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
		if (fields.get('enabled')?.trim() === 'no' || !words('types').includes('deb')) return [];
		const signedBy = fields.get('signed-by');
		return words('uris').map(uri => ({
			uri,
			suites: words('suites'),
			components: words('components'),
			...(signedBy ? {signedBy} : {}),
			trusted: fields.get('trusted')?.trim() === 'yes',
		}));
	});

const readSources = (): Source[] => {
	const folder = '/etc/apt/sources.list.d';
	const parts = existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : [];
	return ['/etc/apt/sources.list', ...parts.sort()]
		.filter(file => existsSync(file))
		.flatMap(file => {
			if (file.endsWith('.sources')) return parseSources(readFileSync(file, 'utf8'));
			return file.endsWith('.list') ? parseList(readFileSync(file, 'utf8')) : [];
		});
};

/** This machine's Debian release by its code name, such as `bookworm`. Throws a LabError elsewhere. */
export const codename = (): string => {
	const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
	const name = /^VERSION_CODENAME="?(\w+)/m.exec(release)?.[1];
	if (!/^ID="?debian/m.test(release) || !name) {
		throw new LabError('The laboratory installs what it needs from Debian packages: run it on Debian 12 or 13.');
	}
	return name;
};

/** Debian's main archive as this machine reaches it. Throws a LabError when apt has no such source. */
export const debianSource = (): Source => {
	const suite = codename();
	const source = readSources().find(
		({suites, components, uri}) =>
			suites.includes(suite) && components.includes('main') && !uri.startsWith('cdrom:') && !uri.startsWith('file:'),
	);
	if (!source) throw new LabError(`apt has no source of Debian ${suite} (component main) in /etc/apt.`);
	return {...source, uri: resolveMirror(source.uri)};
};

/** Cloud images name a file of mirrors instead of a mirror: the first in it. */
const resolveMirror = (uri: string): string => {
	const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
	if (!file) return uri;
	const first = readFileSync(file, 'utf8')
		.split('\n')
		.map(line => line.trim().split(/\s+/)[0] ?? '')
		.find(word => word && !word.startsWith('#'));
	if (!first) throw new LabError(`${file} names no mirror.`);
	return first;
};

/**
 * apt's own settings for reaching the archive (proxy, authorities, tolerance of a wrong clock), as lines of an apt.conf.
 * With an HTTPS mirror the machine's authorities go along; `caBundle` is where the image keeps them.
 */
export const transportSettings = async (caBundle: string): Promise<{lines: string; http?: string; https?: string}> => {
	const dump = (await ask(['apt-config', 'dump'])) ?? '';
	const kept = dump
		.split('\n')
		.filter(line => /^Acquire::(https?::|Check-|Force|Retries|Allow)/i.test(line))
		.filter(line => !/::(Proxy-Auto-Detect|ProxyAutoDetect|CAInfo)\b/i.test(line));
	const proxyOf = (scheme: string): string | undefined =>
		new RegExp(`^Acquire::${scheme}::proxy "([^"]+)"`, 'im').exec(dump)?.[1];
	const authorities = debianSource().uri.startsWith('https:') ? [`Acquire::https::CAInfo "${caBundle}";`] : [];
	const [http, https] = [proxyOf('http'), proxyOf('https')];
	return {lines: `${[...kept, ...authorities].join('\n')}\n`, ...(http ? {http} : {}), ...(https ? {https} : {})};
};

const candidateOf = async (name: string): Promise<string | undefined> => {
	const policy = (await ask(['apt-cache', 'policy', name])) ?? '';
	const version = /^\s*Candidate:\s*(\S+)/m.exec(policy)?.[1];
	return version === '(none)' ? undefined : version;
};

const updated = new Set<string>();

const updateOnce = async (log: string, options: readonly string[] = []): Promise<void> => {
	const key = options.join(' ');
	if (updated.has(key)) return;
	await runLogged(['apt-get', ...options, 'update'], {log, env: aptEnvironment});
	updated.add(key);
};

/** The version apt would install of a package, after an update of its lists; undefined when there is none. */
export const candidateVersion = async (home: string, name: string): Promise<string | undefined> => {
	await updateOnce(logFile(home, 'apt'));
	return candidateOf(name);
};

/** Installs packages, those of `optional` only where the release has them. Needs root. */
export const install = async (
	home: string,
	packages: readonly string[],
	optional: readonly string[] = [],
): Promise<void> => {
	if (process.getuid?.() !== 0) {
		throw new LabError(`The laboratory needs the packages ${packages.join(', ')}: run it as root, or install them.`);
	}
	const log = logFile(home, 'apt');
	await updateOnce(log);
	const wanted = [...packages];
	for (const name of optional) if (await candidateOf(name)) wanted.push(name);
	const fresh: string[] = [];
	for (const name of wanted) if (!(await isInstalled(name))) fresh.push(name);
	await runLogged(['apt-get', 'install', '-y', '--no-install-recommends', ...wanted], {log, env: aptEnvironment});
	writeState(home, 'packages', [...installedHere(home), ...fresh]);
};

const isInstalled = async (name: string): Promise<boolean> =>
	/^Status: install ok installed$/m.test((await ask(['dpkg-query', '--status', name])) ?? '');

/** The Debian packages the laboratory installed on this machine. */
export const installedHere = (home: string): string[] => readState<string[]>(home, 'packages', []);

/**
 * Unpacks one package of any Debian suite into a folder, without installing it and without touching apt's configuration:
 * lists and cache are private to the lab home. The mirror and its key are those of the machine.
 */
export const unpack = async (
	home: string,
	{name, suite, into}: {name: string; suite: string; into: string},
): Promise<void> => {
	const log = logFile(home, 'apt');
	const own = join(home, 'apt', suite);
	mkdirSync(join(own, 'lists', 'partial'), {recursive: true});
	mkdirSync(join(own, 'cache', 'archives', 'partial'), {recursive: true});
	const {uri, signedBy, trusted} = debianSource();
	const stanza = [`Types: deb`, `URIs: ${uri}`, `Suites: ${suite}`, 'Components: main'];
	if (signedBy) stanza.push(`Signed-By: ${signedBy}`);
	if (trusted) stanza.push('Trusted: yes');
	writeFileSync(join(own, 'lab.sources'), `${stanza.join('\n')}\n`);
	const options = Object.entries({
		'Dir::Etc::sourcelist': join(own, 'lab.sources'),
		'Dir::Etc::sourceparts': '/dev/null',
		'Dir::Etc::preferences': '/dev/null',
		'Dir::Etc::preferencesparts': '/dev/null',
		'Dir::State::lists': join(own, 'lists'),
		'Dir::Cache': join(own, 'cache'),
		'APT::Sandbox::User': 'root',
	}).flatMap(([option, value]) => ['-o', `${option}=${value}`]);
	await updateOnce(log, options);
	const debs = join(own, 'debs');
	rmSync(debs, {recursive: true, force: true});
	mkdirSync(debs, {recursive: true});
	await runLogged(['apt-get', ...options, 'download', name], {log, env: aptEnvironment, cwd: debs});
	const archive = readdirSync(debs).find(file => file.endsWith('.deb'));
	if (!archive) throw new LabError(`apt-get download ${name} left no package in ${debs}.`);
	mkdirSync(into, {recursive: true});
	await runLogged(['dpkg', '-x', join(debs, archive), into], {log});
	rmSync(own, {recursive: true, force: true});
	updated.delete(options.join(' '));
};
