import {describe, expect, it} from 'vitest';
import {SetupError} from '../../source/errors.js';
import type {Event, PlannedStep, StepId} from '../../source/model/events.js';
import {planOf} from '../../source/model/plan.js';
import {runPlan, type WayBack} from '../../source/run/runner.js';
import {compareFiles} from '../../source/steps/files.js';
import {imagesOf} from '../../source/steps/pull.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {planned} from '../_helpers/events.js';
import {drain} from '../_helpers/generators.js';
import {allThere, nothingThere, serviceSeen} from '../_helpers/observation.js';

const about = {run: '20260801T100000-abcd', version: '0.1.0', command: 'install'};
type FakeContext = ReturnType<typeof contextWith>;

/** A plan of the eight steps in which only those that are named are left to do. */
const planWith = (...todo: StepId[]): PlannedStep[] =>
	planOf(offlineAnswers(), nothingThere()).map(step => ({...step, done: !todo.includes(step.id)}));

const run = async (context: FakeContext, plan: readonly PlannedStep[]) =>
	(await drain(runPlan(context, plan, about) as AsyncGenerator<Event, void>)).yielded;

const last = (events: readonly Event[]) => events.at(-1) as Extract<Event, {type: 'run.finished'}>;
const ofType = <T extends Event['type']>(events: readonly Event[], type: T) =>
	events.filter((event): event is Extract<Event, {type: T}> => event.type === type);

/** Fails unless the events are those of one run: begun once, ended once, each step begun and ended in turn. */
const expectWellFormed = (events: readonly Event[]) => {
	expect(events[0]?.type).toBe('run.started');
	expect(ofType(events, 'run.started')).toHaveLength(1);
	expect(ofType(events, 'run.finished')).toHaveLength(1);
	expect(events.at(-1)?.type).toBe('run.finished');
	let current: StepId | null = null;
	for (const event of events.slice(1, -1)) {
		if (event.type === 'step.started') {
			expect(current).toBeNull();
			current = event.step;
		} else {
			expect('step' in event && event.step).toBe(current);
			if (event.type === 'step.finished' || event.type === 'step.failed') current = null;
		}
	}
	expect(current).toBeNull();
	for (const event of events) expect(JSON.parse(JSON.stringify(event))).toEqual(event);
};

/** A context where all is well and every image is here. */
const good = () => {
	const context = contextWith({observation: allThere()});
	for (const reference of imagesOf(context.answers))
		context.engine.images.set(reference, {id: 'sha256:1', digests: ['sha256:2']});
	return context;
};

describe('a run', () => {
	it('does the steps that are not done, in order, and skips the others', async () => {
		const context = good();
		const files = await compareFiles(context);
		const events = await run(
			{...context, observation: {...context.observation, files}},
			planWith('preflight', 'files', 'pull'),
		);
		expectWellFormed(events);
		expect(ofType(events, 'step.started').map(({step}) => step)).toEqual(['preflight', 'files', 'pull']);
		expect(ofType(events, 'step.finished').map(({step, changed}) => [step, changed])).toEqual([
			['preflight', false],
			['files', true],
			['pull', false],
		]);
	});

	it('begins with the whole plan, and who does it', async () => {
		const plan = planWith('files');
		const [first] = await run(good(), plan);
		expect(first).toEqual({
			type: 'run.started',
			format: 1,
			...about,
			directory: '/opt/specify',
			pid: process.pid,
			steps: plan,
		});
	});

	it('that changed something ends with addresses and what to do next', async () => {
		const context = good();
		const files = await compareFiles(context);
		const end = last(await run({...context, observation: {...context.observation, files}}, planWith('files')));
		expect(end).toMatchObject({
			outcome: 'done',
			exitCode: 0,
			addresses: [
				{name: 'Specify 7', url: 'https://specify7.specify.localhost/'},
				{name: 'Attachments', url: 'https://media.specify.localhost/'},
			],
		});
		expect(end.next.join()).toContain('/opt/specify/certificates/root.crt');
		expect(end.next.join()).toContain('.env');
	});

	it('that changed nothing says so', async () => {
		const events = await run(good(), planWith('files'));
		expectWellFormed(events);
		expect(last(events)).toMatchObject({outcome: 'unchanged', exitCode: 0, next: []});
	});

	it('of nothing to do is a run all the same', async () => {
		const events = await run(good(), planWith());
		expect(events.map(({type}) => type)).toEqual(['run.started', 'run.finished']);
	});
});

describe('a step that fails', () => {
	it('ends the run with its message, hint and details; later steps do not begin', async () => {
		const context = contextWith();
		context.host.on('manifest inspect', {exitCode: 1, stderr: 'manifest unknown\n'});
		const events = await run(context, planWith('pull', 'certificates', 'verify'));
		expectWellFormed(events);
		expect(ofType(events, 'step.started').map(({step}) => step)).toEqual(['pull']);
		const [failed] = ofType(events, 'step.failed');
		expect(failed).toMatchObject({step: 'pull', message: expect.stringContaining('manifest unknown'), details: []});
		expect(last(events)).toMatchObject({
			outcome: 'failed',
			exitCode: 1,
			addresses: [],
			next: [],
			message: failed!.message,
			hint: failed!.hint,
		});
	});

	it('keeps the exit code of a refusal', async () => {
		const context = contextWith({observation: allThere({memory: 1})});
		expect(last(await run(context, planWith('preflight')))).toMatchObject({outcome: 'failed', exitCode: 3});
	});

	it('because the world is in the way is told as that, with what to do', async () => {
		const context = good();
		context.host.free = 1e6;
		context.host.write = async path => {
			throw Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC', path});
		};
		const ending = last(await run(context, planWith('files')));
		expect(ending).toMatchObject({outcome: 'failed', exitCode: 1});
		expect(ending.message).toMatch(/^The disk that holds \/opt\/specify\/\S+ is full: 66\.1 MB are missing there\.$/);
		expect(ending.hint).toMatch(/^Free 66\.1 MB .*What was to be replaced is as it was\.$/);
	});

	it('for a reason nobody thought of is told as such, with a way to report it', async () => {
		const context = good();
		context.host.makeFolder = async () => {
			throw new TypeError('x is not a function');
		};
		const end = last(await run(context, planWith('files')));
		expect(end).toMatchObject({
			outcome: 'failed',
			exitCode: 1,
			message: 'Something unexpected happened: x is not a function',
		});
		expect(end.hint).toContain('report it');
	});
});

describe('a change that fails', () => {
	/** A run whose pull fails, of an installation to which there is a way back. */
	const failing = async (wayBack: WayBack, failed: StepId = 'pull') => {
		const context = contextWith();
		context.host.on(/manifest inspect|volume create/, {exitCode: 1, stderr: 'manifest unknown\n'});
		const plan = planWith(failed);
		return (await drain(runPlan(context, plan, {...about, wayBack}) as AsyncGenerator<Event, void>)).yielded;
	};
	/** The earlier configuration, with one file to write. */
	const earlier = async () => {
		const context = good();
		const files = await compareFiles(context);
		return {context: {...context, observation: {...context.observation, files}}, plan: planWith('files')};
	};
	const keepAnswers = async () => '/opt/specify/.specify-setup/refused.yaml';

	it('puts the earlier configuration back as a step of its own, and says where the new answers are', async () => {
		const before = await earlier();
		const events = await failing({open: async () => before, keepAnswers, newSecrets: []});
		expectWellFormed(events);
		expect(ofType(events, 'step.started')).toEqual([
			{type: 'step.started', step: 'pull'},
			{type: 'step.started', step: 'rollback', title: 'Put the previous configuration back'},
		]);
		expect(before.context.host.files.get('/opt/specify/compose.yaml')).toBeDefined();
		const end = last(events);
		expect(end).toMatchObject({outcome: 'failed', exitCode: 1});
		expect(end.message).toMatch(/manifest unknown.*The previous configuration runs again\.$/s);
		expect(end.hint).toContain('--answers /opt/specify/.specify-setup/refused.yaml');
	});

	it.each<[string, WayBack['keepAnswers'], RegExp]>([
		[
			'answers and passwords',
			keepAnswers,
			/your new answers, which are kept, and your new secrets, which are not \(SECRET_KEY, MASTER_PASSWORD, .*\): specify-setup reconfigure --dir \/opt\/specify --answers \S+refused\.yaml --secrets FILE$/,
		],
		[
			'passwords alone',
			async () => null,
			/give your new secrets again \(SECRET_KEY, MASTER_PASSWORD, .*\): specify-setup reconfigure --dir \/opt\/specify --secrets FILE$/,
		],
	])('says what of it is to be given again: %s', async (_, keep, says) => {
		const before = await earlier();
		const newSecrets = ['SECRET_KEY', 'MASTER_PASSWORD'] as const;
		expect(last(await failing({open: async () => before, keepAnswers: keep, newSecrets})).hint).toMatch(says);
	});

	it('tells the command as it is typed for this installation', async () => {
		const before = await earlier();
		const context = contextWith();
		context.host.on(/manifest inspect|volume create/, {exitCode: 1, stderr: 'manifest unknown\n'});
		const wayBack = {open: async () => before, keepAnswers, newSecrets: []};
		const given = {...about, wayBack, reconfigure: 'specify-setup reconfigure'};
		const {yielded} = await drain(runPlan(context, planWith('pull'), given) as AsyncGenerator<Event, void>);
		expect(last(yielded).hint).toContain(': specify-setup reconfigure --answers /opt/specify/');
	});

	it('before anything was changed leaves all as it is, and says so', async () => {
		const {context} = await earlier();
		const events = await failing({open: async () => ({context, plan: planWith()}), keepAnswers, newSecrets: []});
		expectWellFormed(events);
		expect(ofType(events, 'step.started').map(({step}) => step)).toEqual(['pull']);
		expect(last(events).message).toMatch(/The previous configuration goes on; nothing was changed\.$/);
	});

	it('and cannot be undone tells both reasons', async () => {
		const {context} = await earlier();
		context.host.write = async () => {
			throw new SetupError('The disk is full.', {hint: 'Free 3 MB.'});
		};
		const events = await failing({open: async () => ({context, plan: planWith('files')}), keepAnswers, newSecrets: []});
		expectWellFormed(events);
		expect(ofType(events, 'step.failed').map(({step}) => step)).toEqual(['pull', 'rollback']);
		expect(last(events)).toMatchObject({outcome: 'failed', exitCode: 1});
		expect(last(events).message).toMatch(/manifest unknown.*could not be put back: The disk is full\./s);
		expect(last(events).hint).toContain('Free 3 MB.');
	});

	it('after a new version may have changed the database is not undone', async () => {
		const {context} = await earlier();
		const {answers, observation} = context;
		const ran = (image: string) => ({
			...observation,
			services: {...observation.services, specify7: serviceSeen({image: `specify7-service:${image}`})},
		});
		const old = {...context, answers: {...answers, specify7: 'v7.12.0.1'}, observation: ran('v7.12.0.1')};
		const wayTo = (context: typeof old): WayBack => ({
			open: async () => ({context, plan: planWith('files')}),
			keepAnswers,
			newSecrets: [],
		});
		expect(last(await failing(wayTo(old))).message).toContain('runs again');
		const migrated = await failing(wayTo(old), 'specify');
		expect(last(migrated).message).toContain('could not read it');
		expect(ofType(migrated, 'step.finished')).toEqual([]);
		// An earlier run that was cut off had come to the new version already.
		const cutOff = await failing(wayTo({...old, observation: ran(answers.specify7)}));
		expect(last(cutOff).message).toContain('could not read it');
	});

	it('is not undone while the engine is away: what the database has is not known', async () => {
		const {context} = await earlier();
		const engine = {reachable: false as const, reason: 'stopped' as const, detail: ''};
		const away = {...context, observation: {...context.observation, engine}};
		const before = context.host.files.size;
		const events = await failing({
			open: async () => ({context: away, plan: planWith('files')}),
			keepAnswers,
			newSecrets: [],
		});
		expect(last(events).message).toContain('nothing was put back');
		expect(context.host.files.size).toBe(before);
	});

	it('writes down the earlier passwords before the files that name them', async () => {
		const {context} = await earlier();
		context.engine.service('db');
		const writes: string[] = [];
		const {write} = context.host;
		context.host.write = async (path, ...rest) => {
			writes.push(path.slice('/opt/specify/'.length));
			return write.call(context.host, path, ...rest);
		};
		const [step] = planOf(offlineAnswers(), {...nothingThere(), passwords: ['root']}).filter(
			({id}) => id === 'passwords',
		);
		await failing({open: async () => ({context, plan: [step!, ...planWith('files')]}), keepAnswers, newSecrets: []});
		expect(writes.indexOf('.specify-setup/environment.next')).toBe(0);
		expect(writes.indexOf('.env')).toBeGreaterThan(0);
	});
});

describe('a run that is stopped', () => {
	it('does not go back: the next run goes on', async () => {
		const context = good();
		context.controller.abort();
		const wayBack: WayBack = {
			open: () => Promise.reject(new Error('nobody goes back')),
			keepAnswers: () => Promise.reject(new Error('nothing is kept')),
			newSecrets: [],
		};
		const {yielded} = await drain(
			runPlan(context, planWith('files'), {...about, wayBack}) as AsyncGenerator<Event, void>,
		);
		expect(last(yielded as Event[])).toMatchObject({outcome: 'cancelled', message: 'Stopped, as you asked.'});
	});

	it('before a step begins is cancelled there', async () => {
		const context = good();
		context.controller.abort();
		const events = await run(context, planWith('files', 'pull'));
		expectWellFormed(events);
		expect(context.host.files.size).toBe(0);
		expect(last(events)).toMatchObject({outcome: 'cancelled', exitCode: 130});
	});

	it('within a step is cancelled, whatever error that brings', async () => {
		const context = good();
		context.engine.image = async () => {
			context.controller.abort();
			throw new Error('socket hang up');
		};
		const events = await run(context, planWith('pull', 'verify'));
		expectWellFormed(events);
		expect(ofType(events, 'step.failed')).toMatchObject([{step: 'pull', message: 'Stopped, as you asked.'}]);
		expect(last(events)).toMatchObject({outcome: 'cancelled', exitCode: 130});
	});
});

it('a plan of one step needs nothing else', async () => {
	expectWellFormed(await run(good(), [planned()]));
});
