import {installationFiles} from '../../source/files/installation.js';
import {volumesOf} from '../../source/files/names.js';
import type {Answers} from '../../source/model/answers.js';
import {imageOf} from '../../source/model/images.js';
import type {Observation, ObservedDatabase, ObservedEngine, ObservedService} from '../../source/model/observation.js';
import {serviceNames} from '../../source/model/releases.js';
import {type Secrets, secretNames} from '../../source/model/secrets.js';
import {answersWith} from './answers.js';

export const GiB = 2 ** 30;

export const reachableEngine: Extract<ObservedEngine, {reachable: true}> = {
	reachable: true,
	version: '28.3.0',
	compose: '2.38.1',
	dataFolder: '/var/lib/docker',
	freeBytes: 100 * GiB,
	architecture: 'x86_64',
	insecureRegistries: [],
};

/** Secrets that are easy to tell apart in a text. */
export const knownSecrets = Object.fromEntries(
	secretNames.map((name, index) => [name, `${name.replaceAll('_', '')}${index}`.padEnd(40, 'x')]),
) as Secrets;

export const serviceSeen = (over: Partial<ObservedService> = {}): ObservedService => ({
	state: 'healthy',
	current: true,
	container: 'c0ffee',
	image: 'image',
	startedAt: '2026-08-01T10:00:00Z',
	restarts: 0,
	healthOutput: '',
	...over,
});

export const databaseSeen = (over: Partial<ObservedDatabase> = {}): ObservedDatabase => ({
	tables: 220,
	start: {kind: 'empty', source: null, begunAt: Date.parse('2026-08-01T09:00:00Z'), finished: true},
	others: [],
	migrator: true,
	users: 1,
	...over,
});

const filesOf = (answers: Answers, state: Observation['files'][string]) =>
	Object.fromEntries(
		installationFiles({project: 'specify', answers, secrets: knownSecrets, memory: 8 * GiB}).map(({path}) => [
			path,
			state,
		]),
	);

/** A good machine with nothing of Specify on it. */
export const nothingThere = (over: Partial<Observation> = {}, answers = answersWith()): Observation => ({
	memory: 16 * GiB,
	swap: 0,
	processors: 4,
	user: 'curator',
	freeBytes: 100 * GiB,
	engine: reachableEngine,
	ports: [],
	files: filesOf(answers, 'missing'),
	edits: {},
	keeping: [],
	images: Object.fromEntries(serviceNames.map(service => [service, false])),
	volumes: [],
	services: {},
	authorities: false,
	proxy: {gate: 'missing', certificates: 'other', loaded: false},
	database: null,
	newSecrets: [],
	passwords: [],
	verified: false,
	accounts: false,
	attachments: null,
	otherFolder: null,
	...over,
});

/** A machine where everything is as the answers say. */
export const allThere = (over: Partial<Observation> = {}, answers = answersWith()): Observation => ({
	...nothingThere({}, answers),
	verified: true,
	accounts: true,
	ports: [
		{port: answers.ports.http, holder: 'the container specify-proxy-1', own: true},
		{port: answers.ports.https, holder: 'the container specify-proxy-1', own: true},
	],
	files: filesOf(answers, 'same'),
	images: Object.fromEntries(serviceNames.map(service => [service, true])),
	volumes: Object.values(volumesOf('specify')),
	services: Object.fromEntries(serviceNames.map(service => [service, serviceSeen({image: imageOf(answers, service)})])),
	authorities: true,
	proxy: {gate: 'open', certificates: 'final', loaded: true},
	database: databaseSeen(),
	...over,
});
