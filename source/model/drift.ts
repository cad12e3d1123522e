import type {Answers} from './answers.js';
import {changedInSpecify, consequencesOf, newSecrets} from './consequences.js';
import {gateFor, hasUsers} from './gate.js';
import {isUnfinished, type LastRun} from './last-run.js';
import type {EditState, Observation, ObservedService} from './observation.js';
import {isDone, planOf} from './plan.js';
import {serviceNames} from './releases.js';

/** One way in which answers, files and what runs disagree. */
export type Difference = {
	/** Stable, for scripts and for the doctor. */
	kind:
		| 'answers'
		| 'edits'
		| 'kept'
		| 'files'
		| 'settings'
		| 'passwords'
		| 'secrets'
		| 'folder'
		| 'services'
		| 'stopped'
		| 'images'
		| 'containers'
		| 'leftovers'
		| 'proxy'
		| 'certificates'
		| 'gate'
		| 'run';
	what: string;
	remedy: string;
};

/** What is compared. */
export type DriftSeen = {
	directory: string;
	/** Of specify.yaml as it is on disk. */
	answers: Answers;
	/** Of the last run that went well; null when there is no record of it. */
	installed: Answers | null;
	observation: Observation;
	/** Generated files that differ only in what they say of other files. */
	consequences: readonly string[];
	/** Files in local_settings.d have changed since Specify 7 was made with them. */
	settings: boolean;
	/** The containers were made from this folder, which is another one. */
	madeFrom: string | null;
	/** Containers of the project that belong to no service, by name. */
	strangers: readonly string[];
	/** Containers that were to replace another one when Docker Compose was cut off, by name. */
	leftovers: readonly string[];
	lastRun: LastRun | null;
	/** A run changes the installation at the moment. */
	underWay: boolean;
};

export type Drift = {
	drift: Difference[];
	/** What "reconfigure" would do about it; empty when nothing differs. */
	reconfigure: string[];
};

const reconfigures = '"specify-setup reconfigure" brings it in line.';

const listed = (names: readonly string[], most = 4) =>
	names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

const answersDiffer = ({answers, installed}: DriftSeen): Difference[] => {
	const changes = installed === null ? [] : consequencesOf(installed, answers);
	if (changes.length === 0) return [];
	const told = changes.map(({key, before, after}) => `${key} is ${after}, installed is ${before}`);
	return [
		{
			kind: 'answers',
			what: `specify.yaml has changed since it was installed: ${listed(told, 3)}`,
			remedy: '"specify-setup reconfigure" installs what it says now.',
		},
	];
};

/** A part of the tool's own: it follows from the others. */
const isInternal = (path: string) => path.startsWith('.specify-setup/');

const filesDiffer = (seen: DriftSeen, answersChanged: boolean): Difference[] => {
	const {observation, consequences} = seen;
	const inState = (state: string) =>
		Object.entries(observation.files).flatMap(([path, found]) =>
			found === state && !consequences.includes(path) ? [path] : [],
		);
	const missing = inState('missing');
	const edited = inState('edited').filter(path => !(path === 'specify.yaml' && answersChanged));
	// What the changed answers lead to is told by them.
	const older = answersChanged ? [] : inState('different').filter(path => !isInternal(path));
	const keepable = edited.filter(path => path !== 'specify.yaml' && path !== '.env' && !isInternal(path));
	return [
		...(missing.length > 0
			? [
					{
						kind: 'files' as const,
						what: `missing: ${listed(missing)}`,
						remedy: '"specify-setup reconfigure" writes it.',
					},
				]
			: []),
		...(edited.length > 0
			? [
					{
						kind: 'edits' as const,
						what: `edited by hand: ${listed(edited)}`,
						remedy: `${
							keepable.length > 0
								? `"specify-setup reconfigure" writes it anew and keeps a copy of yours; to keep yours: ${keepable.map(path => `--keep ${path}`).join(' ')}. Lasting changes belong into compose.override.yaml, Caddyfile.d/ or local_settings.d/.`
								: '"specify-setup reconfigure" writes it anew and keeps a copy of yours.'
						}${edited.includes('.env') ? ' The values you put into .env are taken over.' : ''}`,
					},
				]
			: []),
		...(older.length > 0
			? [{kind: 'files' as const, what: `not as they would be written now: ${listed(older)}`, remedy: reconfigures}]
			: []),
	];
};

/** Edits that stay: a person's own decision, so that nothing is to be done, but nobody shall have to remember it. */
const filesKept = ({observation: {edits}}: DriftSeen): Difference[] => {
	const inState = (state: EditState) => Object.keys(edits).filter(path => edits[path] === state);
	const [kept, behind] = [inState('kept'), inState('behind')];
	const taking = (paths: readonly string[]) => paths.map(path => `--take ${path}`).join(' ');
	return [
		...(behind.length > 0
			? [
					{
						kind: 'kept' as const,
						what: `kept as edited by hand, without what the answers have changed in it since: ${listed(behind)}`,
						remedy: `Put in what is missing ("specify-setup reconfigure" shows it, d), or take the generated one, with a copy of yours kept: specify-setup reconfigure ${taking(behind)}.`,
					},
				]
			: []),
		...(kept.length > 0
			? [
					{
						kind: 'kept' as const,
						what: `kept as edited by hand, other than the answers would have it: ${listed(kept)}`,
						remedy: `It stays. For the generated one, with a copy of yours kept: specify-setup reconfigure ${taking(kept)}.`,
					},
				]
			: []),
	];
};

const passwordsDiffer = ({observation: {accounts, passwords, volumes}}: DriftSeen): Difference[] => {
	if (passwords.length === 0 && (accounts || volumes.length === 0)) return [];
	return [
		{
			kind: 'passwords',
			what:
				passwords.length > 0
					? `the database has other passwords than .env, for ${passwords.join(', ')}`
					: '.env has changed since the passwords of the database were brought in line with it',
			remedy: '"specify-setup reconfigure" gives the database those of .env; nothing is lost.',
		},
	];
};

/** Secrets edited in `.env`, those of the database apart. */
const secretsDiffer = ({observation}: DriftSeen): Difference[] => {
	const names = newSecrets(observation.newSecrets, hasUsers(observation)).map(({key}) => key);
	const login = 'ADMINISTRATOR_PASSWORD';
	const isLogin = hasUsers(observation) && names.includes(login);
	const others = names.filter(name => !(isLogin && name === login));
	return [
		...(others.length > 0
			? [
					{
						kind: 'secrets' as const,
						what: `${others.join(', ')} in .env: not as installed`,
						remedy: '"specify-setup reconfigure" gives it to what uses it; with --plan it tells what follows.',
					},
				]
			: []),
		...(isLogin
			? [
					{
						kind: 'secrets' as const,
						what: `${login} in .env was changed, which changes no login`,
						remedy: `${changedInSpecify} "specify-setup reconfigure" leaves it in .env as a note.`,
					},
				]
			: []),
	];
};

const isStopped = (seen: ObservedService | undefined) => seen?.state === 'exited' || seen?.state === 'created';

const containersDiffer = (seen: DriftSeen): Difference[] => {
	const {observation, madeFrom, strangers, leftovers, underWay} = seen;
	const {services, files} = observation;
	// Compose reads these two: only when they are as they should be its hashes say something.
	const comparable = madeFrom === null && ['compose.yaml', '.env'].every(path => files[path] === 'same');
	const names = (holds: (seen: ObservedService | undefined) => boolean) =>
		serviceNames.filter(service => holds(services[service]));
	const missing = names(service => service === undefined);
	const stopped = names(isStopped);
	const older = comparable ? names(service => service?.current === false && !isStopped(service)) : [];
	const differences: (Difference | false)[] = [
		madeFrom !== null && {
			kind: 'folder',
			what: `the containers were made from ${madeFrom}`,
			remedy: observation.otherFolder
				? `That folder is there too: use it with --dir ${madeFrom}, or remove the one that is wrong.`
				: '"specify-setup reconfigure" makes them anew from here; the data are kept. Until then some may not survive a restart.',
		},
		missing.length > 0 && {
			kind: 'stopped',
			what:
				missing.length === serviceNames.length
					? 'there are no containers'
					: `without a container: ${listed(missing, serviceNames.length)}`,
			remedy: '"specify-setup reconfigure" makes what is missing; the data are kept.',
		},
		stopped.length > 0 && {
			kind: 'stopped',
			what: `stopped: ${listed(stopped, serviceNames.length)}`,
			remedy: '"specify-setup doctor --fix" or "specify-setup reconfigure" starts it.',
		},
		older.length > 0 && {
			kind: 'services',
			what: `running with earlier settings than the files have: ${listed(older, serviceNames.length)}`,
			remedy: '"specify-setup reconfigure" starts it with those of today.',
		},
		strangers.length > 0 && {
			kind: 'containers',
			what: `containers of this project that belong to no service: ${listed(strangers)}`,
			remedy:
				'What shall stay belongs into compose.override.yaml; "docker compose up --detach --remove-orphans" in the folder removes the others.',
		},
		leftovers.length > 0 &&
			!underWay && {
				kind: 'leftovers',
				what: `containers left by a run that was cut off; they never ran and hold nothing: ${listed(leftovers)}`,
				remedy: '"specify-setup doctor --fix" removes them; so does the next run that changes something.',
			},
	];
	return differences.filter(difference => difference !== false);
};

const imagesDiffer = ({observation: {images}}: DriftSeen, answersChanged: boolean): Difference[] => {
	const other = serviceNames.filter(service => images[service] === false);
	return other.length === 0 || answersChanged
		? []
		: [
				{
					kind: 'images',
					what: `images that are missing, or not those that were installed: ${listed(other, serviceNames.length)}`,
					remedy: '"specify-setup reconfigure" fetches the recorded ones again.',
				},
			];
};

const proxyDiffers = ({observation, answers}: DriftSeen, answersChanged: boolean): Difference[] => {
	const {proxy, database, services} = observation;
	const differences: (Difference | false)[] = [
		!proxy.loaded &&
			services.proxy?.state === 'healthy' && {
				kind: 'proxy',
				what: "the proxy's files have changed since it loaded them: Caddyfile.d/, proxy/Caddyfile or certificates",
				remedy:
					'"specify-setup reconfigure" or "specify-setup doctor --fix" lets the proxy load them, without a pause.',
			},
		proxy.certificates === 'other' &&
			!answersChanged && {
				kind: 'certificates',
				what:
					answers.certificates === 'own'
						? 'own.certificate and own.key are others than the proxy has'
						: 'the proxy gets its certificates in another way than the answers say',
				remedy: answers.certificates === 'own' ? '"specify-setup certs renew" takes them anew.' : reconfigures,
			},
		proxy.gate === 'missing' && {
			kind: 'gate',
			what: 'the file that keeps strangers out of the guided set-up is missing or not as it was made',
			remedy: reconfigures,
		},
		proxy.gate === 'open' &&
			gateFor(database) === 'closed' && {
				kind: 'gate',
				what: 'Specify 7 is open to everybody and has no user: whoever comes first becomes its administrator',
				remedy: '"specify-setup reconfigure" puts a password before it; do it now.',
			},
	];
	return differences.filter(difference => difference !== false);
};

/** All that differs, in words for people. Without an engine, what it would know counts as in order. */
export const driftOf = (seen: DriftSeen): Difference[] => {
	const {observation, lastRun, underWay, settings} = seen;
	const answers = answersDiffer(seen);
	const changed = answers.length > 0;
	return [
		...answers,
		...filesDiffer(seen, changed),
		...filesKept(seen),
		...(settings
			? [
					{
						kind: 'settings' as const,
						what: 'local_settings.d/ has changed since Specify 7 and its worker were made',
						remedy: '"specify-setup reconfigure" starts them with it.',
					},
				]
			: []),
		...passwordsDiffer(seen),
		...secretsDiffer(seen),
		...(observation.engine.reachable
			? [...containersDiffer(seen), ...imagesDiffer(seen, changed), ...proxyDiffers(seen, changed)]
			: []),
		...(isUnfinished(lastRun) && !underWay && !isDone(planOf(seen.answers, observation))
			? [
					{
						kind: 'run' as const,
						what: `the last run did not finish (${lastRun.message ?? lastRun.outcome})`,
						remedy: '"specify-setup install --yes" continues it.',
					},
				]
			: []),
	];
};

/** What "reconfigure" would do. What is starting needs nothing but time. */
export const changesFor = (answers: Answers, observation: Observation): string[] => {
	const settled = Object.entries(observation.services).map(([service, seen]) => [
		service,
		seen.state === 'starting' ? {...seen, state: 'healthy' as const} : seen,
	]);
	const services = Object.fromEntries(settled) as Observation['services'];
	return planOf(answers, {...observation, services}).flatMap(({changes}) => changes);
};

/** What differs, and what "reconfigure" would do about it. */
export const driftAndPlan = (seen: DriftSeen): Drift => {
	const drift = driftOf(seen);
	return {
		drift,
		reconfigure: drift.length === 0 ? [] : changesFor(seen.answers, seen.observation),
	};
};

/** Lines for people: each difference with what to do, then what "reconfigure" would do; none when nothing differs. */
export const driftLines = ({drift, reconfigure}: Drift): string[] =>
	drift.length === 0
		? []
		: [
				drift.length === 1
					? 'One thing differs from your answers:'
					: `${drift.length} things differ from your answers:`,
				...drift.flatMap(({what, remedy}) => [`  ${what}`, `    ${remedy}`]),
				...(reconfigure.length > 0
					? ['"specify-setup reconfigure" would:', ...reconfigure.map(change => `  ${change}`)]
					: ['"specify-setup reconfigure" would change nothing.']),
			];
