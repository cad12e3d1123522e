import {createHash} from 'node:crypto';
import {cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {repositories, serviceNames, tags} from '../../source/model/releases.js';
import {debianSource, install, transportSettings} from './apt.js';
import {ask, LabError, logFile, readState, runLogged, say, timed, writeState} from './home.js';
import {layerSizes, manifestDigest, registryName, registryNames} from './registry.js';

/** An image the product uses, by its name on Docker Hub. `standIn` is its folder under `test/lab/images/`. */
export type Image = {repository: string; tag: string; standIn: string};

/** What the registry holds: from which content, and the manifest that was pushed. */
type Held = Record<string, {hash: string; digest: string}>;

const suite = 'trixie';
const baseImage = `specify-lab/debian:${suite}`;
const caBundleInImage = '/etc/apt/authorities.pem';
const contexts = fileURLToPath(new URL('images/', import.meta.url));
const hub = 'https://registry-1.docker.io/v2/';
const hubTimeoutMs = 4000;
const buildsAtOnce = 2;
const caddyVersion = 'v2.11.1';
const caddyModule = 'github.com/caddyserver/caddy/v2';

/** The images of the product's composition, each once. */
export const productImages = (): Image[] => {
	const images = serviceNames.flatMap(service =>
		service in repositories
			? [service as keyof typeof repositories].map(name => ({
					repository: repositories[name],
					tag: tags[name],
					standIn: basename(repositories[name]),
				}))
			: [],
	);
	return [...new Map(images.map(image => [`${image.repository}:${image.tag}`, image])).values()];
};

const nameOf = ({repository, tag}: Image): string => `${repository}:${tag}`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Whether Docker Hub answers this machine, asked for at most four seconds. */
const hubAnswers = async (): Promise<boolean> => {
	try {
		const {status} = await fetch(hub, {signal: AbortSignal.timeout(hubTimeoutMs)});
		return status === 200 || status === 401;
	} catch {
		return false;
	}
};

const wantsRealImages = async (): Promise<boolean> => {
	const choice = process.env.SPECIFY_LAB_IMAGES;
	if (choice === 'stand-ins') return false;
	if (choice === 'hub') return true;
	if (choice) throw new LabError(`SPECIFY_LAB_IMAGES is ${choice}: it can be hub or stand-ins.`);
	return hubAnswers();
};

/** A hash of everything below a folder: names, executable bits, contents. Python's caches do not count. */
export const hashFolder = (folder: string): string => {
	const hash = createHash('sha256');
	const visit = (path: string, name: string): void => {
		const stats = statSync(path);
		if (stats.isDirectory()) {
			for (const child of readdirSync(path).sort()) {
				if (child !== '__pycache__') visit(join(path, child), `${name}/${child}`);
			}
			return;
		}
		const content = readFileSync(path);
		hash.update(`${name}\0${stats.mode & 0o100 ? 'x' : '-'}\0${content.length}\0`).update(content);
	};
	visit(folder, '');
	return hash.digest('hex');
};

const sha256 = (...parts: string[]): string => createHash('sha256').update(parts.join('\0')).digest('hex');

const wantsCurrentCaddy = ({standIn}: Image): boolean =>
	standIn === 'caddy' && process.env.SPECIFY_LAB_CADDY === 'current';

const standInHash = (image: Image): string => {
	const folder = join(contexts, image.standIn);
	if (!existsSync(join(folder, 'Dockerfile'))) {
		throw new LabError(`There is no stand-in of ${nameOf(image)}: ${join(folder, 'Dockerfile')} is missing.`);
	}
	const variant = wantsCurrentCaddy(image) ? caddyVersion : '';
	return sha256(hashFolder(join(contexts, 'base')), suite, process.arch, hashFolder(folder), variant);
};

/**
 * Makes sure that the laboratory's registry holds the images of the product: the real ones where Docker Hub answers (or
 * `SPECIFY_LAB_IMAGES=hub`), stand-ins otherwise (or `SPECIFY_LAB_IMAGES=stand-ins`). What the registry holds already is
 * not made again. Afterwards the engine has none of them, so that a pull transfers every layer.
 * Throws a LabError that quotes the end of the failing build's log.
 */
export const provideImages = async (home: string, images: readonly Image[] = productImages()): Promise<void> => {
	const real = await wantsRealImages();
	const held = readState<Held>(home, 'images', {});
	const missing: {image: Image; hash: string}[] = [];
	for (const image of images) {
		const hash = real ? 'hub' : standInHash(image);
		const entry = held[nameOf(image)];
		const present = entry?.hash === hash && entry.digest === (await manifestDigest(image.repository, image.tag));
		if (!present) missing.push({image, hash});
	}
	if (missing.length === 0) return;

	if (!real) await provideBase(home);
	const failures: unknown[] = [];
	// The composition lists its largest image last; begun first, it ends with the others.
	const queue = missing.reverse();
	const work = async (): Promise<void> => {
		for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
			const {image, hash} = next;
			try {
				await (real ? mirror(home, image) : buildStandIn(home, image));
				const digest = await manifestDigest(image.repository, image.tag);
				if (digest === undefined) throw new LabError(`The registry does not have ${nameOf(image)} after its push.`);
				held[nameOf(image)] = {hash, digest};
				writeState(home, 'images', held);
			} catch (error) {
				failures.push(error);
			}
		}
	};
	await Promise.all(Array.from({length: buildsAtOnce}, work));
	if (failures.length > 0) throw failures[0];
	await evict(home);
};

const push = async (image: Image, local: string, log: string): Promise<void> => {
	const target = `${registryName}/${nameOf(image)}`;
	await runLogged(['docker', 'tag', local, target], {log});
	await runLogged(['docker', 'push', target], {log});
	await runLogged(['docker', 'image', 'rm', target], {log});
};

const sizesInWords = async ({repository, tag}: Image): Promise<string> => {
	const sizes = await layerSizes(repository, tag);
	return `${sizes.length} layers, ${megabytes(sizes.reduce((sum, size) => sum + size, 0))}`;
};

const mirror = async (home: string, image: Image): Promise<void> => {
	const log = logFile(home, `mirror-${image.standIn}`);
	rmSync(log, {force: true});
	say(`mirroring ${nameOf(image)} …`);
	const {took} = await timed(async () => {
		const wasThere = (await ask(['docker', 'image', 'inspect', '--format', '{{.Id}}', nameOf(image)])) !== undefined;
		await runLogged(['docker', 'pull', nameOf(image)], {log});
		await push(image, nameOf(image), log);
		if (!wasThere) await runLogged(['docker', 'image', 'rm', nameOf(image)], {log});
	});
	say(`mirrored ${nameOf(image)} in ${took} (${await sizesInWords(image)})`);
};

const buildStandIn = async (home: string, image: Image): Promise<void> => {
	const log = logFile(home, `build-${image.standIn}`);
	rmSync(log, {force: true});
	say(`building ${image.standIn} stand-in …`);
	const local = `specify-lab/${image.standIn}:${image.tag}`;
	const {took} = await timed(async () => {
		const context = wantsCurrentCaddy(image) ? await currentCaddyContext(home, log) : join(contexts, image.standIn);
		// The build shares the machine's network, so that whatever reaches the package mirror here does so there.
		await runLogged(['docker', 'build', '--network', 'host', '--force-rm', '--tag', local, context], {
			log,
			env: {DOCKER_BUILDKIT: '0'},
		});
		await push(image, local, log);
	});
	say(`built ${image.standIn} stand-in in ${took} (${await sizesInWords(image)})`);
};

/** A copy of Caddy's context with a current Caddy in it, compiled by this machine's Go. */
const currentCaddyContext = async (home: string, log: string): Promise<string> => {
	const context = join(home, 'caddy-current');
	rmSync(context, {recursive: true, force: true});
	cpSync(join(contexts, 'caddy'), context, {recursive: true});
	const stamp = `-s -w -X ${caddyModule}.CustomVersion=${caddyVersion}`;
	await runLogged(['go', 'install', '-ldflags', stamp, `${caddyModule}/cmd/caddy@${caddyVersion}`], {
		log,
		env: {GOBIN: join(context, 'bin'), CGO_ENABLED: '0'},
	});
	cpSync(join(context, 'bin', 'caddy'), join(context, 'caddy-current'));
	rmSync(join(context, 'bin'), {recursive: true});
	return context;
};

/** Makes sure that the engine has the stand-ins' base image: from the archive in the lab home, or bootstrapped. */
const provideBase = async (home: string): Promise<void> => {
	const {uri, signedBy} = debianSource();
	const {lines, http, https} = await transportSettings(caBundleInImage);
	const key = sha256(hashFolder(join(contexts, 'base')), suite, process.arch, uri, lines);
	const held = await ask([
		'docker',
		'image',
		'inspect',
		'--format',
		'{{index .Config.Labels "specify-lab.base"}}',
		baseImage,
	]);
	if (held === key) return;
	const archive = join(home, `base-${key.slice(0, 16)}.tar`);
	const log = logFile(home, 'build-base');
	if (!existsSync(archive)) {
		say(`bootstrapping Debian ${suite} …`);
		const {took} = await timed(async () => {
			rmSync(log, {force: true});
			for (const old of readdirSync(home)) if (/^base-.*\.tar/.test(old)) rmSync(join(home, old), {recursive: true});
			if ((await ask(['sh', '-c', 'command -v debootstrap'])) === undefined) await install(home, ['debootstrap']);
			const settings = join(home, 'apt-settings.conf');
			writeFileSync(settings, lines);
			await runLogged([join(contexts, 'base', 'build.sh'), archive], {
				log,
				env: {
					SUITE: suite,
					MIRROR: uri,
					COMPONENTS: 'main',
					KEYRING: keyringFor(signedBy),
					APT_SETTINGS: settings,
					CA_BUNDLE: uri.startsWith('https:') ? '/etc/ssl/certs/ca-certificates.crt' : '',
					...(http ? {http_proxy: http} : {}),
					...(https ? {https_proxy: https} : {}),
				},
			});
		});
		say(`bootstrapped Debian ${suite} in ${took}`);
	}
	await runLogged(['docker', 'import', '--change', `LABEL specify-lab.base=${key}`, archive, baseImage], {log});
};

/** apt may name a key ring by its path, or not at all; debootstrap knows the default by itself. */
const keyringFor = (signedBy: string | undefined): string =>
	signedBy?.startsWith('/') ? (signedBy.split(/[\s,]+/)[0] ?? '') : '';

/** Images by repository pattern: their names, or the id of one whose tag has moved on. */
const imagesNamed = async (reference: string): Promise<string[]> => {
	const format = '{{.Repository}}:{{.Tag}} {{.ID}}';
	const listed = (await ask(['docker', 'images', '--filter', `reference=${reference}`, '--format', format])) ?? '';
	return listed
		.split('\n')
		.filter(line => line !== '')
		.map(line => (line.includes(':<none>') ? line.replace(/^\S+ /, '') : line.replace(/ \S+$/, '')));
};

const removeImages = async (names: readonly string[]): Promise<string[]> => {
	const removed: string[] = [];
	for (const name of names) if ((await ask(['docker', 'image', 'rm', name])) !== undefined) removed.push(name);
	return removed;
};

/**
 * Removes from the engine the images the laboratory built, with the steps between them; the registry keeps them.
 * Images that a container uses stay. Gives the names that were removed.
 */
export const evict = async (home: string): Promise<string[]> => {
	const log = logFile(home, 'evict');
	const layer = '{{index .RootFS.Layers 0}}';
	const baseLayer = await ask(['docker', 'image', 'inspect', '--format', layer, baseImage]);
	const names = await imagesNamed('specify-lab/*');
	const removed = await removeImages([
		...names.filter(name => name !== baseImage),
		...names.filter(name => name === baseImage),
	]);
	if (baseLayer !== undefined) {
		const dangling = (await ask(['docker', 'images', '--quiet', '--filter', 'dangling=true'])) ?? '';
		for (const id of new Set(dangling.split('\n').filter(Boolean))) {
			const found = await ask(['docker', 'image', 'inspect', '--format', `${layer} {{len .RepoDigests}}`, id]);
			if (found === `${baseLayer} 0`) await removeImages([id]);
		}
	}
	writeFileSync(log, `${removed.join('\n')}\n`);
	return removed;
};

/**
 * Removes what was pulled from the laboratory's registry from the engine, so that the next pull transfers it again.
 * Images that a container uses stay. Gives the names that were removed.
 */
export const forgetPulled = async (): Promise<string[]> =>
	removeImages((await Promise.all(registryNames.map(name => imagesNamed(`${name}/*/*`)))).flat());
