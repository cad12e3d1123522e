import {
	appendFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {isUp} from '../../source/engine/compose.js';
import type {StepId} from '../../source/model/events.js';
import {provideEngine, stopEngine} from '../lab/engine.js';
import {labHome} from '../lab/home.js';
import {clock} from './clock.js';
import {type Kind, processesNaming} from './museum.js';
import type {Fault, Setting, Trial} from './trial.js';

const stepsOf: Record<Kind, readonly StepId[]> = {
	dump: ['preflight', 'files', 'pull', 'certificates', 'up', 'database', 'attachments', 'specify', 'gate', 'verify'],
	empty: ['preflight', 'files', 'pull', 'certificates', 'up', 'database', 'specify', 'institution', 'gate', 'verify'],
};
const allSteps: readonly StepId[] = [...stepsOf.dump.slice(0, 8), 'institution', 'gate', 'verify'];

/** The kind of installation that has a step; where both have it, they take turns. */
const startFor = (step: StepId, turn: number): Kind =>
	stepsOf.dump.includes(step) && (turn % 2 === 0 || !stepsOf.empty.includes(step)) ? 'dump' : 'empty';

const mebibyte = 2 ** 20;
const plenty = 2 ** 33;

const end = (pid: number | undefined, signal: NodeJS.Signals) => {
	if (pid !== undefined) process.kill(pid, signal);
};

/** What is done to the processes of a run and of its view. */
const processFaults = {
	'kill-run': {
		what: 'the run is killed (SIGKILL)',
		strike: ({museum}: Trial) => end(museum.pid, 'SIGKILL'),
		ends: ['cut'],
	},
	'kill-both': {
		what: 'run and view are killed (SIGKILL)',
		strike: ({museum, view}: Trial) => {
			end(view.pid, 'SIGKILL');
			end(museum.pid, 'SIGKILL');
		},
		ends: ['cut'],
	},
	'kill-view': {
		what: 'the view is killed (SIGKILL); the run goes on',
		strike: ({view}: Trial) => end(view.pid, 'SIGKILL'),
		ends: ['finished'],
	},
	'hang-up': {
		what: 'the terminal goes away (SIGHUP to run and view); the run goes on',
		strike: ({museum, view}: Trial) => {
			end(museum.pid, 'SIGHUP');
			end(view.pid, 'SIGHUP');
		},
		ends: ['finished'],
	},
	'ctrl-c': {
		what: 'Ctrl-C (SIGINT to the view)',
		strike: ({view}: Trial) => end(view.pid, 'SIGINT'),
		ends: ['stopped'],
	},
	terminate: {
		what: 'the run is asked to end (SIGTERM)',
		strike: ({museum}: Trial) => end(museum.pid, 'SIGTERM'),
		ends: ['stopped'],
	},
} as const satisfies Record<string, Pick<Fault, 'what' | 'strike' | 'ends'>>;

/** A fault of a run's processes, at a border or within a step. Where images are fetched, they really are, and slowly. */
const processFault = (kind: keyof typeof processFaults, step: StepId, within: boolean, turn: number): Fault => {
	const isPull = step === 'pull';
	return {
		...processFaults[kind],
		name: `${kind}-${within ? 'in' : 'at'}-${step}`,
		start: startFor(step, turn),
		at: {step, within},
		...(isPull && within
			? {
					registry: true,
					prepare: ({registry}) => registry.behave({kind: 'slow', bytesPerSecond: 8_000_000}),
					// The reference fetched nothing, so its time says nothing.
					strike: async trial => {
						await sleep(500 + 1500 * trial.random());
						await processFaults[kind].strike(trial);
					},
				}
			: {}),
	};
};

const withEach = (
	kind: keyof typeof processFaults,
	steps: readonly StepId[],
	{within, turn = 0}: {within: boolean; turn?: number},
) => steps.map((step, index) => processFault(kind, step, within, index + turn));

const killRun = (trial: Trial) => processFaults['kill-run'].strike(trial);

const registryFaults: readonly Fault[] = [
	{
		name: 'registry-down-before',
		what: 'the registry does not answer from the beginning',
		start: 'empty',
		registry: true,
		prepare: ({registry}) => registry.behave({kind: 'down'}),
		ends: ['refused'],
		says: /could not be fetched/,
		between: ({registry}) => registry.behave({kind: 'fair'}),
	},
	{
		name: 'registry-down-while-fetching',
		what: 'the registry goes away while layers come, and stays away',
		start: 'dump',
		registry: true,
		at: {step: 'pull', within: false},
		prepare: ({registry}) => registry.behave({kind: 'slow', bytesPerSecond: 4_000_000}),
		strike: async ({registry, random}) => {
			await sleep(300 + 2000 * random());
			await registry.behave({kind: 'down'});
		},
		ends: ['failed'],
		says: /could not be fetched/,
		between: ({registry}) => registry.behave({kind: 'fair'}),
	},
	{
		name: 'registry-away-for-a-moment',
		what: 'the registry goes away while layers come, and is back after four seconds',
		start: 'empty',
		registry: true,
		at: {step: 'pull', within: false},
		prepare: ({registry}) => registry.behave({kind: 'slow', bytesPerSecond: 4_000_000}),
		strike: async ({registry, random}) => {
			await sleep(300 + 2000 * random());
			await registry.behave({kind: 'down'});
			await sleep(4000);
			await registry.behave({kind: 'fair'});
		},
		ends: ['finished', 'failed'],
		says: /could not be fetched/,
	},
	{
		name: 'registry-slow',
		what: 'layers come at 1.5 MB a second',
		start: 'dump',
		registry: true,
		prepare: ({registry}) => registry.behave({kind: 'slow', bytesPerSecond: 1_500_000}),
		ends: ['finished'],
	},
	{
		name: 'registry-resets-once',
		what: 'the connection is reset in the middle of two layers',
		start: 'empty',
		registry: true,
		prepare: ({registry}) => registry.behave({kind: 'reset', afterBytes: 3_000_000, times: 2}),
		ends: ['finished'],
	},
	{
		name: 'registry-resets-often',
		what: 'the connection is reset in the middle of a layer, twelve times',
		start: 'dump',
		registry: true,
		prepare: ({registry}) => registry.behave({kind: 'reset', afterBytes: 1_000_000, times: 12}),
		ends: ['finished', 'failed'],
		says: /could not be fetched/,
	},
	...([503, 500, 429] as const).map(
		(status): Fault => ({
			name: `registry-answers-${status}`,
			what: `three layers are answered with status ${status}`,
			start: 'empty',
			registry: true,
			prepare: ({registry}) => registry.behave({kind: 'status', status, times: 3}),
			ends: ['finished', 'failed'],
			says: /could not be fetched/,
		}),
	),
	{
		name: 'registry-refuses-layers',
		what: 'every layer is answered with status 404',
		start: 'dump',
		registry: true,
		prepare: ({registry}) => registry.behave({kind: 'status', status: 404, times: Number.POSITIVE_INFINITY}),
		// Docker's client wants the image's configuration before anything is begun; it is kept like a layer.
		ends: ['refused'],
		says: /could not be fetched: the registry answered in part only/,
		between: ({registry}) => registry.behave({kind: 'fair'}),
	},
];

const crash = (service: string, step: StepId, start: Kind, ends: Fault['ends'], more: Partial<Fault> = {}): Fault => ({
	name: `${service}-crashes-in-${step}`,
	what: `the process of ${service} is killed`,
	start,
	at: {step, within: true},
	strike: ({museum}) => museum.crash(service),
	ends,
	...more,
});

const crashFaults: readonly Fault[] = [
	crash('db', 'database', 'dump', ['failed'], {says: /database server/i}),
	crash('db', 'database', 'dump', ['failed'], {name: 'db-crashes-in-database-2', says: /database server/i}),
	crash('db', 'database', 'dump', ['failed'], {name: 'db-crashes-in-database-3', says: /database server/i}),
	crash('db', 'specify', 'dump', ['failed', 'finished']),
	crash('db', 'specify', 'empty', ['failed', 'finished'], {name: 'db-crashes-in-specify-2'}),
	crash('db', 'institution', 'empty', ['failed', 'finished']),
	crash('redis', 'specify', 'empty', ['failed', 'finished']),
	crash('redis', 'institution', 'empty', ['failed', 'finished']),
	crash('worker', 'institution', 'empty', ['failed', 'finished']),
	crash('specify7', 'specify', 'dump', ['failed', 'finished'], {
		// Its container is made some time after the step has begun.
		strike: async ({museum}) => {
			for (;;) {
				if ((await museum.containers()).some(({service, state}) => service === 'specify7' && state === 'running'))
					break;
				await sleep(200);
			}
			await museum.crash('specify7');
		},
	}),
	crash('specify7', 'institution', 'empty', ['failed', 'finished']),
	crash('media', 'attachments', 'dump', ['failed', 'finished']),
	crash('proxy', 'verify', 'dump', ['failed', 'finished']),
	crash('report', 'database', 'dump', ['failed', 'finished']),
];

const folderDisk = ({museum}: Setting) => museum.directory;
const dataDisk = ({museum}: Setting) => museum.beside('disk');

/** The installation's folder on a disk of its own, which fills up. */
const folderFull = (step: StepId, start: Kind, ends: Fault['ends'] = ['failed']): Fault => ({
	name: `folder-full-at-${step}`,
	what: "the disk with the installation's folder is full",
	start,
	at: {step, within: false},
	prepare: trial => {
		trial.museum.mountMemory(folderDisk(trial), plenty);
		trial.museum.begin();
	},
	strike: trial => trial.museum.leave(folderDisk(trial), 0),
	ends,
	says: /disk|space|full/i,
	between: trial => trial.museum.resize(folderDisk(trial), plenty),
});

/** A data volume on a disk of its own, which has this much left when a step begins. */
const volumeFull = (role: 'database' | 'attachments', step: StepId, start: Kind, left: number): Fault => ({
	name: `${role}-volume-full-in-${step}`,
	what: `the disk with the volume ${role} has ${left / mebibyte} MiB left`,
	start,
	at: {step, within: false},
	prepare: async trial => {
		const {museum} = trial;
		museum.mountMemory(dataDisk(trial), plenty);
		mkdirSync(join(dataDisk(trial), 'data'));
		const written = await museum.run('install', '--files-only', '--yes', ...museum.given);
		if (written.exitCode !== 0) throw new Error(written.stderr);
		await museum.makeVolume(role, join(dataDisk(trial), 'data'));
	},
	strike: trial => trial.museum.leave(dataDisk(trial), left),
	ends: ['failed'],
	says: /(disk|space|full)[\s\S]*\d (bytes|kB|MB|GB)/i,
	between: trial => trial.museum.resize(dataDisk(trial), plenty),
});

const readOnlyAt = (step: StepId, start: Kind): Fault => ({
	name: `folder-read-only-at-${step}`,
	what: "the installation's folder can only be read",
	start,
	at: {step, within: false},
	strike: ({museum}) => museum.makeReadOnly(),
	ends: ['failed'],
	says: /read-only|write|written/i,
	between: ({museum}) => museum.makeWritable(),
});

const diskFaults: readonly Fault[] = [
	folderFull('files', 'empty'),
	folderFull('pull', 'dump'),
	folderFull('database', 'dump'),
	// Nothing but journal and records is written from here on, and the journal has room set aside.
	folderFull('specify', 'empty', ['failed', 'finished']),
	volumeFull('database', 'database', 'dump', 2 * mebibyte),
	volumeFull('database', 'specify', 'empty', mebibyte),
	volumeFull('attachments', 'attachments', 'dump', 3 * mebibyte),
	{
		name: 'folder-read-only-from-the-beginning',
		what: "the installation's folder can only be read",
		start: 'empty',
		prepare: ({museum}) => museum.makeReadOnly(),
		ends: ['failed', 'refused'],
		says: /read-only|write|written/i,
		between: ({museum}) => museum.makeWritable(),
	},
	readOnlyAt('files', 'dump'),
	readOnlyAt('certificates', 'empty'),
	readOnlyAt('database', 'dump'),
	readOnlyAt('gate', 'empty'),
];

/** The run is killed where a step begins, and a file is not as it was when the next one looks. */
const killedAnd = (
	name: string,
	what: string,
	step: StepId,
	change: Fault['between'],
	more: Partial<Fault> = {},
): Fault => ({
	name,
	what: `the run is killed (SIGKILL), and before the next one ${what}`,
	start: startFor(step, name.length),
	at: {step, within: false},
	strike: killRun,
	ends: ['cut'],
	between: change,
	...more,
});

/** All went well, and a file is not as it was when the next run looks. */
const finishedAnd = (
	name: string,
	what: string,
	start: Kind,
	change: Fault['between'],
	more: Partial<Fault> = {},
): Fault => ({
	name,
	what: `after a run that went well ${what}`,
	start,
	ends: ['finished'],
	between: change,
	...more,
});

const without =
	(...parts: string[]) =>
	({museum}: Trial) =>
		rmSync(museum.path(...parts), {recursive: true});
const appended =
	(text: string, ...parts: string[]) =>
	({museum}: Trial) =>
		appendFileSync(museum.path(...parts), text);
const state = '.specify-setup';
const edit = '\n# edited by hand\n';
const wasEdited = /was edited by hand; your version is kept/;

/** Both copies of the secrets are lost, so the database cannot be opened; the owner brings them back. */
const secretsGone = {
	between: ({museum}: Trial) => {
		mkdirSync(museum.beside('safe'));
		renameSync(museum.path('.env'), join(museum.beside('safe'), 'env'));
		rmSync(museum.path(state, 'environment'));
	},
	again: {
		ends: ['refused'],
		says: /its passwords are lost/,
		mend: ({museum}: Trial) => renameSync(join(museum.beside('safe'), 'env'), museum.path('.env')),
	},
} satisfies Partial<Fault>;

const fileFaults: readonly Fault[] = [
	killedAnd('environment-deleted-after-files', '.env is deleted', 'pull', without('.env')),
	killedAnd('environment-deleted-after-up', '.env is deleted', 'database', without('.env')),
	killedAnd('environment-deleted-after-specify', '.env is deleted', 'gate', without('.env')),
	finishedAnd('environment-deleted-at-the-end', '.env is deleted', 'empty', without('.env')),
	{
		name: 'environment-deleted-while-loading',
		what: '.env is deleted under the run',
		start: 'dump',
		at: {step: 'database', within: false},
		strike: ({museum}) => rmSync(museum.path('.env')),
		outlasts: true,
		ends: ['finished', 'failed'],
	},
	{
		name: 'environment-deleted-before-up',
		what: '.env is deleted under the run',
		start: 'empty',
		at: {step: 'up', within: false},
		strike: ({museum}) => rmSync(museum.path('.env')),
		outlasts: true,
		ends: ['finished', 'failed'],
	},
	killedAnd(
		'environment-and-copy-deleted',
		'.env and its copy are lost, until their owner puts .env back',
		'specify',
		secretsGone.between,
		{again: secretsGone.again},
	),
	killedAnd('composition-edited', 'compose.yaml is edited', 'up', appended(edit, 'compose.yaml'), {tells: wasEdited}),
	killedAnd(
		'proxy-configuration-edited',
		'proxy/Caddyfile is edited',
		'specify',
		appended(edit, 'proxy', 'Caddyfile'),
		{tells: wasEdited},
	),
	killedAnd(
		'settings-edited',
		'specify7/local_settings.py is edited',
		'database',
		appended(edit, 'specify7', 'local_settings.py'),
		{tells: wasEdited},
	),
	finishedAnd('composition-edited-at-the-end', 'compose.yaml is edited', 'empty', appended(edit, 'compose.yaml'), {
		tells: wasEdited,
	}),
	finishedAnd('answers-edited-at-the-end', 'specify.yaml gets a comment', 'dump', appended(edit, 'specify.yaml'), {
		tells: wasEdited,
	}),
	killedAnd('answers-deleted', 'specify.yaml is deleted', 'pull', without('specify.yaml')),
	killedAnd('generated-folders-deleted', 'proxy/, media/ and landing/ are deleted', 'database', trial => {
		for (const folder of ['proxy', 'media', 'landing']) without(folder)(trial);
	}),
	killedAnd('secret-files-deleted', 'the secret files are deleted', 'specify', without(state, 'secrets')),
	killedAnd('hashes-deleted', 'the record of what was written is deleted', 'up', without(state, 'hashes.json')),
	killedAnd('hashes-cut', 'the record of what was written is cut', 'up', ({museum}) =>
		truncateSync(museum.path(state, 'hashes.json'), 40),
	),
	finishedAnd(
		'digests-deleted',
		"the record of the images' digests is deleted",
		'empty',
		without(state, 'digests.json'),
	),
	finishedAnd('digests-cut', "the record of the images' digests is cut", 'dump', ({museum}) =>
		truncateSync(museum.path(state, 'digests.json'), 40),
	),
	finishedAnd(
		'attachments-record-deleted',
		'the record of the attachments is deleted',
		'dump',
		without(state, 'attachments.json'),
	),
	finishedAnd('attachments-record-cut', 'the record of the attachments is empty', 'dump', ({museum}) =>
		truncateSync(museum.path(state, 'attachments.json')),
	),
	killedAnd('journal-cut', "the journal's last line is cut", 'database', ({museum}) => {
		const text = readFileSync(museum.journalPath!, 'utf8');
		writeFileSync(museum.journalPath!, text.slice(0, -Math.ceil(text.trimEnd().split('\n').at(-1)!.length / 2)));
	}),
	killedAnd('journal-empty', 'the journal is empty', 'certificates', ({museum}) => truncateSync(museum.journalPath!)),
	killedAnd('journals-deleted', 'the journals are deleted', 'specify', without(state, 'journals')),
	killedAnd('lock-of-the-dead', 'its lock is still there', 'database', ({museum}) => {
		if (!existsSync(museum.path(state, 'lock'))) throw new Error('A killed run should leave its lock.');
	}),
	killedAnd('lock-with-a-new-process', 'its number belongs to another process', 'certificates', ({museum}) => {
		const lock = JSON.parse(museum.read(state, 'lock')) as object;
		writeFileSync(museum.path(state, 'lock'), JSON.stringify({...lock, pid: process.pid}));
	}),
	killedAnd('lock-cut', 'its lock is cut', 'up', ({museum}) => truncateSync(museum.path(state, 'lock'), 9)),
	killedAnd('lock-gate-left', 'the gate of its lock is still there', 'pull', appended('{}', state, 'lock.gate')),
];

/** Compose has just made the new container of a service and stops the old one. */
const changeFault = (
	name: string,
	service: string,
	what: string,
	ends: Fault['ends'],
	strike: NonNullable<Fault['strike']>,
): Fault => ({name: `${name}-while-${service}-is-replaced`, what, start: 'empty', change: {service}, strike, ends});

const stopTwice = async ({museum}: Trial) => {
	end(museum.pid, 'SIGTERM');
	await sleep(100);
	end(museum.pid, 'SIGUSR2');
};

/** As a power cut would: neither the run nor the Compose that outlives it goes on. */
const killAll = ({museum}: Trial) => {
	end(museum.pid, 'SIGKILL');
	const composes = processesNaming(museum.directory).filter(({line}) => isUp(museum.directory, line.split(' ')));
	if (composes.length === 0) throw new Error('Compose was not at work.');
	for (const {pid} of composes) end(pid, 'SIGKILL');
};

const changeFaults: readonly Fault[] = ['db', 'specify7', 'worker'].flatMap(service => [
	changeFault('terminate', service, 'the run is asked to end (SIGTERM)', ['stopped'], ({museum}) =>
		end(museum.pid, 'SIGTERM'),
	),
	changeFault(
		'terminate-twice',
		service,
		'the run is asked to end, then at once (SIGTERM, SIGUSR2)',
		['stopped'],
		stopTwice,
	),
	changeFault('kill-run', service, 'the run is killed (SIGKILL), Compose works on', ['cut'], killRun),
	changeFault('kill-all', service, 'the run and its Compose are killed (SIGKILL)', ['cut'], killAll),
]);

const twins: readonly Fault[] = [
	{
		name: 'two-at-once',
		what: 'two installs begin in the same moment',
		start: 'empty',
		twin: true,
		ends: ['finished'],
	},
	{
		name: 'two-at-once-with-a-dump',
		what: 'two installs begin in the same moment',
		start: 'dump',
		twin: true,
		ends: ['finished'],
	},
	{
		name: 'one-more-while-loading',
		what: 'another install begins while the dump is loaded',
		start: 'dump',
		at: {step: 'database', within: true},
		strike: async ({museum}) => {
			const words = await museum.wordsOf(museum.startView('install'));
			if (words?.exitCode !== 4) throw new Error(`The other one was not kept out: ${words?.text}`);
		},
		ends: ['finished'],
	},
];

const clockFault = (step: StepId, start: Kind, jump: string): Fault => ({
	name: `clock-${jump.startsWith('-') ? 'back' : 'ahead'}-at-${step}`,
	what: `the clock of the run and its commands jumps by ${jump}`,
	start,
	at: {step, within: false},
	prepare: clock.provide,
	environment: trial => clock.environment(trial.museum.beside('clock')),
	strike: ({museum}) => clock.set(museum.beside('clock'), jump),
	ends: ['finished', 'failed'],
});

const clockFaults: readonly Fault[] = [
	clockFault('certificates', 'empty', '+2h'),
	clockFault('database', 'dump', '+3d'),
	clockFault('specify', 'empty', '-1h'),
	clockFault('attachments', 'dump', '-2d'),
];

const restart = (step: StepId, start: Kind, ends: Fault['ends'] = ['failed', 'finished']): Fault => ({
	name: `engine-restarts-in-${step}`,
	what: 'the Docker engine is stopped and started again',
	start,
	at: {step, within: true},
	alone: true,
	strike: async () => {
		if (!(await stopEngine(labHome()))) throw new Error('Only an engine that the laboratory started can be restarted.');
		await provideEngine(labHome());
	},
	ends,
});

/** They stop every container of the engine, so only who has it alone may ask for them. */
export const mayRestartEngine = process.env.SPECIFY_LAB_MAY_RESTART_ENGINE === '1';

const engineFaults: readonly Fault[] = [
	restart('certificates', 'empty'),
	restart('up', 'dump'),
	restart('database', 'dump'),
	restart('specify', 'empty'),
	restart('institution', 'empty'),
];

const withinSteps: readonly StepId[] = [
	'pull',
	'certificates',
	'up',
	'database',
	'attachments',
	'specify',
	'institution',
];

/** Every fault there is, in the order of the table. */
export const faults: readonly Fault[] = [
	...withEach('kill-run', allSteps, {within: false}),
	...withEach('kill-run', allSteps, {within: true, turn: 1}),
	...withEach('kill-both', withinSteps, {within: true}),
	...withEach('kill-view', ['preflight', 'files', 'certificates', 'up', 'gate', 'verify'], {within: false}),
	...withEach('kill-view', ['pull', 'database', 'specify', 'institution'], {within: true, turn: 1}),
	...withEach('hang-up', ['preflight', 'certificates', 'database', 'verify'], {within: false, turn: 1}),
	...withEach('hang-up', ['pull', 'attachments', 'specify'], {within: true}),
	...withEach('ctrl-c', ['preflight', 'files', 'pull', 'up', 'gate', 'verify'], {within: false}),
	...withEach('ctrl-c', ['pull', 'certificates', 'database', 'attachments', 'specify', 'institution'], {within: true}),
	...withEach('terminate', ['certificates', 'database', 'specify', 'institution'], {within: true, turn: 1}),
	...registryFaults,
	...crashFaults,
	...diskFaults,
	...fileFaults,
	...changeFaults,
	...twins,
	...clockFaults,
	...(mayRestartEngine ? engineFaults : []),
];

/** About ten that stand for the others. */
export const representative = [
	'kill-run-in-specify',
	'kill-both-in-database',
	'kill-view-in-institution',
	'ctrl-c-in-attachments',
	'registry-resets-once',
	'db-crashes-in-database',
	'database-volume-full-in-database',
	'folder-read-only-at-certificates',
	'environment-deleted-after-up',
	'composition-edited',
	'kill-all-while-db-is-replaced',
	'two-at-once',
] as const;
