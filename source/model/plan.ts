import {basename} from 'node:path';
import {namesOf} from './addresses.js';
import type {Answers} from './answers.js';
import {acmeAuthorityOf, hasOwnAuthority} from './authority.js';
import {decideStart} from './database-start.js';
import type {PlannedStep, StepId} from './events.js';
import {gateFor} from './gate.js';
import {imageOf} from './images.js';
import type {Observation, ObservedDatabase} from './observation.js';
import {type ServiceName, serviceNames} from './releases.js';

const editedEnvironment = 'rewrite .env (values you edited are taken over; your version is kept as a copy)';

const verbs = {
	missing: 'write',
	different: 'rewrite',
	edited: 'rewrite (your edits are kept as a copy)',
	stale: 'remove (a copy is kept)',
} as const;

/** Whether a service runs, healthy, as its files say. */
const isUp = (observation: Observation, service: ServiceName) => {
	const seen = observation.services[service];
	return seen?.state === 'healthy' && seen.current;
};

const startOf = (observation: Observation, services: readonly ServiceName[]) =>
	services
		.filter(service => !isUp(observation, service))
		.map(service => {
			const seen = observation.services[service];
			if (!seen || ['missing', 'created', 'exited'].includes(seen.state)) return `start ${service}`;
			return seen.current
				? `wait for ${service}, which is ${seen.state}`
				: `start ${service} again, where its settings changed`;
		});

const databaseChanges = ({database}: Answers, observation: Observation): string[] => {
	const seen = observation.database;
	const {accounts, passwords} = observation;
	const users = accounts && passwords.length === 0 ? [] : ["bring the database's users in line with .env"];
	if (seen === null) {
		const volumeThere = observation.volumes.some(volume => volume.endsWith('_database'));
		if (observation.services.db?.current || volumeThere) return ['look whether the database is as it should be'];
	} else {
		const startedAt = observation.services.specify7?.startedAt;
		const decision = decideStart(database, seen, startedAt ? Date.parse(startedAt) : null);
		if (decision.kind === 'refuse') return [`refuse to go on: ${decision.message}`];
		if (decision.kind === 'keep') return decision.finish ? ['record that the database is in use', ...users] : users;
		if (decision.clear === 'nothing' && seen.start && database.start === 'empty') return users;
		const afresh = decision.clear === 'nothing' ? '' : ' afresh, because an earlier start was interrupted';
		if (database.start === 'dump')
			return [`load ${basename(database.dump!)} into the database ${database.name}${afresh}`];
	}
	if (database.start === 'dump') return [`load ${basename(database.dump!)} into the database ${database.name}`];
	return [`prepare the database server; Specify will make the database ${database.name} itself`];
};

const institutionChanges = (
	{name, administrator}: NonNullable<Answers['institution']>,
	database: ObservedDatabase | null,
	volumes: readonly string[],
): string[] => {
	if ((database?.users ?? 0) > 0) return [];
	if (database === null && volumes.length > 0) return ['look whether Specify has its first user'];
	return [`let Specify create ${name}, its collection and the first administrator ${administrator.name}`];
};

const certificateChanges = (answers: Answers, {proxy, authorities, files}: Observation): string[] => {
	const authority = acmeAuthorityOf(answers);
	const names = namesOf(answers).join(', ');
	const ways: string[] = [];
	if (proxy.certificates === 'other') {
		if (authority?.staging) ways.push(`ask ${new URL(authority.staging).host} whether it would issue for ${names}`);
		if (authority) ways.push(`let ${new URL(authority.directory).host} issue certificates for ${names}`);
		else if (answers.certificates === 'own' && answers.proxy === 'public')
			ways.push(`take the certificate in ${answers.own.certificate}`);
	}
	if (!authorities && hasOwnAuthority(answers))
		ways.push('make a certificate authority of its own and export its root');
	else if (!authorities) ways.push('write down which authorities Specify trusts');
	if (
		ways.length === 0 &&
		(!proxy.loaded || proxy.gate === 'missing' || proxy.certificates === 'other' || files['proxy/Caddyfile'] !== 'same')
	)
		ways.push('let the proxy load its configuration');
	return ways;
};

/** The database as Specify will find it when it starts: what is cleared before has no users. */
const databaseAtStart = (answers: Answers, {database, services}: Observation) => {
	if (database === null) return null;
	const startedAt = services.specify7?.startedAt;
	const decision = decideStart(answers.database, database, startedAt ? Date.parse(startedAt) : null);
	const isCleared = decision.kind === 'make' && decision.clear !== 'nothing';
	return isCleared ? {...database, users: 0, start: null} : database;
};

const gateChanges = (answers: Answers, observation: Observation): string[] => {
	const {proxy, volumes} = observation;
	const {institution, database} = answers;
	const seen = databaseAtStart(answers, observation);
	const wanted = gateFor(seen);
	if (wanted === 'open') return proxy.gate === 'open' ? [] : ['open Specify 7 to visitors: it has users'];
	// Users come with this very run, or are looked for.
	const users = institution !== null || (database.start === 'dump' && !seen?.start?.finished);
	if (proxy.gate !== 'open' && users) return ['open Specify 7 to visitors once it has its first user'];
	if (proxy.gate === 'missing') return ['put a password before Specify 7 until it has its first user'];
	if (proxy.gate === 'open' && wanted === 'closed') return ['put a password before Specify 7, which has no user'];
	return seen === null && volumes.length > 0 ? ['look whether Specify has its first user'] : [];
};

/** Some, but not all. */
const isMixed = (values: readonly boolean[]) => values.includes(true) && values.includes(false);

/** Whether a step that is not done was begun: what is there tells, not what a run said. */
const hasBegun = (id: StepId, observation: Observation): boolean => {
	const {files, images, services, database, authorities} = observation;
	const up = (...names: ServiceName[]) => names.map(name => isUp(observation, name) === true);
	switch (id) {
		case 'files':
			return isMixed(Object.values(files).map(state => state === 'missing'));
		case 'pull':
			return isMixed(Object.values(images).map(present => present === true));
		case 'certificates':
			return services.proxy !== undefined && !authorities;
		case 'up':
			return isMixed(up('db', 'redis', 'media', 'report'));
		case 'database':
			return database?.start?.finished === false;
		case 'specify':
			return isMixed(up('specify7', 'worker')) || services.specify7?.state === 'starting';
		default:
			return false;
	}
};

const passwordStep = ({passwords}: Observation): Omit<PlannedStep, 'done'>[] =>
	passwords.length === 0
		? []
		: [
				{
					id: 'passwords',
					title: 'Change passwords in the database',
					changes: passwords.map(user => `give the database user ${user} its new password`),
				},
			];

/**
 * The steps to what the answers say, from what was observed: a first install, a change and a repair are the same.
 * A step without changes is done.
 */
export const planOf = (answers: Answers, observation: Observation): PlannedStep[] => {
	const images = [
		...new Set(serviceNames.filter(service => !observation.images[service]).map(service => imageOf(answers, service))),
	];
	const returns = (path: string) => observation.edits[path] === 'returns';
	const steps: Omit<PlannedStep, 'done'>[] = [
		...passwordStep(observation),
		{
			id: 'files',
			title: 'Write the files of the installation',
			changes: [
				...Object.entries(observation.files).flatMap(([path, state]) =>
					state === 'same'
						? []
						: path === '.env' && state === 'edited'
							? [editedEnvironment]
							: [`${verbs[state]} ${path}${returns(path) ? ', as you had edited it before' : ''}`],
				),
				...observation.keeping.map(path => `keep ${path} as you edited it, from now on`),
			],
		},
		{id: 'pull', title: 'Fetch the images', changes: images.map(image => `fetch ${image}`)},
		{
			id: 'certificates',
			title: 'Start the proxy and get certificates',
			changes: [...startOf(observation, ['proxy']), ...certificateChanges(answers, observation)],
		},
		{
			id: 'up',
			title: 'Start database, Redis, asset server and report runner',
			changes: startOf(observation, ['db', 'redis', 'media', 'report']),
		},
		{
			id: 'database',
			title: answers.database.start === 'dump' ? 'Load the database' : 'Prepare the database',
			changes: databaseChanges(answers, observation),
		},
	];
	const {attachments} = answers.database;
	if (attachments)
		steps.push({
			id: 'attachments',
			title: 'Copy the attachments',
			changes: observation.attachments === attachments ? [] : [`copy the attachments in ${attachments}`],
		});
	steps.push({
		id: 'specify',
		title: 'Start Specify 7 and its worker',
		changes: startOf(observation, ['specify7', 'worker']),
	});
	if (answers.institution)
		steps.push({
			id: 'institution',
			title: 'Create institution, collection and first administrator',
			changes: institutionChanges(answers.institution, databaseAtStart(answers, observation), observation.volumes),
		});
	steps.push({
		id: 'gate',
		title: 'Decide who may reach Specify 7',
		changes: gateChanges(answers, observation),
	});
	const changing = steps.some(({changes}) => changes.length > 0) || !observation.verified;
	const planned = steps.map(step => {
		const done = step.changes.length === 0;
		return {...step, done, ...(!done && hasBegun(step.id, observation) ? {begun: true as const} : {})};
	});
	return [
		{id: 'preflight', title: 'Check this machine', changes: [], done: !changing},
		...planned,
		{id: 'verify', title: 'Check that everything answers', changes: [], done: !changing},
	];
};

/** Nothing in the plan is left to do. */
export const isDone = (steps: readonly PlannedStep[]) => steps.every(({done}) => done);
