import {existsSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {labels} from '../../source/files/compose.js';
import {installedHere} from './apt.js';
import {engineAnswers, removeCompose, stopEngine} from './engine.js';
import {ask, labHome, logFile, readState, runLogged, say, withLock, writeState} from './home.js';
import {evict, forgetPulled} from './images.js';
import {registryNames, stopRegistry} from './registry.js';

/** An installation made with the laboratory's images, by its Compose project. */
type Installation = {project: string; folder: string; volumes: string[]};

const projectLabel = 'com.docker.compose.project';
const folderLabel = 'com.docker.compose.project.working_dir';

const lines = async (command: readonly [string, ...string[]]): Promise<string[]> =>
	((await ask(command)) ?? '').split('\n').filter(Boolean);

type Container = {
	name: string;
	image: string;
	project: string;
	folder: string;
	isInstalled: boolean;
	volumes: string[];
};

/** Every container of the engine. The image is the reference it was made from, which a later pull does not change. */
const allContainers = async (): Promise<Container[]> => {
	const ids = await lines(['docker', 'ps', '--all', '--quiet', '--no-trunc']);
	if (ids.length === 0) return [];
	const label = (key: string): string => `{{index .Config.Labels "${key}"}}`;
	const mounts = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}';
	const format = [
		'{{.Name}}',
		'{{.Config.Image}}',
		label(projectLabel),
		label(folderLabel),
		label(labels.project),
		mounts,
	].join('\t');
	return (await lines(['docker', 'inspect', '--type', 'container', '--format', format, ...ids])).map(line => {
		const [name = '', image = '', project = '', folder = '', installed = '', volumes = ''] = line.split('\t');
		return {
			name: name.replace(/^\//, ''),
			image,
			project,
			folder,
			isInstalled: installed !== '',
			volumes: volumes.split(' ').filter(Boolean),
		};
	});
};

const isOurs = ({image, project, isInstalled}: Container): boolean =>
	project !== '' && isInstalled && registryNames.some(name => image.startsWith(`${name}/`));

/** The installations whose containers run images of the laboratory's registry, as the engine shows them now. */
const installationsNow = async (): Promise<Installation[]> => {
	const found = new Map<string, Installation>();
	for (const {project, folder, volumes} of (await allContainers()).filter(isOurs)) {
		const known = found.get(project)?.volumes ?? [];
		found.set(project, {project, folder, volumes: [...new Set([...known, ...volumes])]});
	}
	return [...found.values()];
};

/** Notes the installations that exist now, so that `--down` finds them after their containers are gone too. */
export const rememberInstallations = async (): Promise<void> => {
	const home = labHome();
	const known = new Map(readState<Installation[]>(home, 'installations', []).map(one => [one.project, one]));
	for (const one of await installationsNow()) known.set(one.project, one);
	writeState(home, 'installations', [...known.values()]);
};

const removeAll = async (
	kind: string,
	command: readonly [string, ...string[]],
	names: string[],
	log: string,
): Promise<void> => {
	if (names.length === 0) return;
	say(`removing ${kind}: ${names.join(', ')}`);
	await runLogged([...command, ...names] as [string, ...string[]], {log});
};

const usesOurs = (compose: string): boolean => {
	const text = readFileSync(compose, 'utf8');
	return registryNames.some(name => text.includes(`${name}/`));
};

/** Only a folder that the product wrote, for the laboratory's registry, goes. */
const isOurFolder = (folder: string): boolean =>
	folder.startsWith('/') &&
	existsSync(join(folder, '.specify-setup')) &&
	existsSync(join(folder, 'compose.yaml')) &&
	usesOurs(join(folder, 'compose.yaml'));

const removeInstallation = async ({project, folder, volumes}: Installation, log: string): Promise<void> => {
	const members = (await allContainers()).filter(container => container.project === project);
	const compose = join(folder, 'compose.yaml');
	const isTakenOver = (members.length > 0 && !members.some(isOurs)) || (existsSync(compose) && !usesOurs(compose));
	if (isTakenOver) {
		say(`left ${project} alone: it no longer uses the laboratory's images`);
		return;
	}
	const filter = `label=${projectLabel}=${project}`;
	const containers = members.map(({name}) => name);
	await removeAll(`containers of ${project}`, ['docker', 'rm', '--force', '--volumes'], containers, log);
	const networks = await lines(['docker', 'network', 'ls', '--filter', filter, '--format', '{{.Name}}']);
	await removeAll(`networks of ${project}`, ['docker', 'network', 'rm'], networks, log);
	const own = new Set<string>();
	for (const label of [projectLabel, labels.project]) {
		const owned = `label=${label}=${project}`;
		for (const name of await lines(['docker', 'volume', 'ls', '--filter', owned, '--format', '{{.Name}}']))
			own.add(name);
	}
	const present = await lines(['docker', 'volume', 'ls', '--format', '{{.Name}}']);
	for (const name of volumes) if (present.includes(name)) own.add(name);
	await removeAll(`volumes of ${project}`, ['docker', 'volume', 'rm'], [...own], log);
	if (isOurFolder(folder)) {
		say(`removing the folder ${folder}`);
		rmSync(folder, {recursive: true, force: true});
	}
};

/**
 * Stops and removes what the laboratory made: installations with its images (containers, networks, volumes, folder), its
 * images, its registry, and its engine if it started one. The registry's storage stays for the next time unless `purge`.
 * Asks nothing, and says what it removes. Throws a LabError when something does not go away.
 */
export const down = async ({purge}: {purge: boolean}): Promise<void> => {
	const home = labHome();
	if (!existsSync(home)) {
		say(`nothing to remove: ${home} does not exist`);
		return;
	}
	await withLock(home, async () => {
		if (await engineAnswers()) {
			const log = logFile(home, 'down');
			await rememberInstallations();
			for (const installation of readState<Installation[]>(home, 'installations', []))
				await removeInstallation(installation, log);
			writeState(home, 'installations', []);
			const images = [...(await forgetPulled()), ...(await evict(home))];
			if (images.length > 0) say(`removed images: ${images.join(', ')}`);
		}
		if (await stopRegistry(home)) say('stopped the registry');
		if (await stopEngine(home)) say('stopped the engine');
	});
	if (!purge) {
		say(`kept ${home} (images for the next time); --down --purge removes it too`);
		return;
	}
	const plugin = removeCompose(home);
	if (plugin !== undefined) say(`removed ${plugin}`);
	const packages = installedHere(home);
	rmSync(home, {recursive: true, force: true});
	say(`removed ${home}`);
	if (packages.length > 0)
		say(`Debian packages installed for the laboratory stay: apt-get purge ${packages.join(' ')}`);
};
