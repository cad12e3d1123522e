import {describe, expect, it} from 'vitest';
import {JournalWriter, journalPath} from '../../source/run/journal.js';
import {lock} from '../../source/run/lock.js';
import {statusOf} from '../../source/run/status.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {finished, started} from '../_helpers/events.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {allThere, serviceSeen} from '../_helpers/observation.js';

const {fresh} = temporaryFolder();
/** Ports where nothing answers. */
const answers = offlineAnswers({ports: {http: 1, https: 2}});
const context = (directory: string, over = {}) =>
	contextWith({directory, answers, observation: allThere(over, answers)});

describe('the status', () => {
	it('is not healthy while an address does not answer, and says why', async () => {
		const status = await statusOf(context(fresh()));
		expect(status.healthy).toBe(false);
		expect(status.services.every(({state, current}) => state === 'healthy' && current)).toBe(true);
		expect(status.addresses).toMatchObject([
			{name: 'Specify 7', url: 'https://specify7.specify.localhost:2/', status: null, certificate: null},
			{name: 'Attachments', url: 'https://media.specify.localhost:2/', status: null},
		]);
		expect(status.addresses[0]!.problem).toContain('ECONNREFUSED');
	});

	it('tells services that are missing, have ended or are ill', async () => {
		const {services} = await statusOf(
			context(fresh(), {
				services: {
					db: serviceSeen({state: 'unhealthy', healthOutput: 'no answer', restarts: 2}),
					redis: serviceSeen({state: 'exited'}),
				},
			}),
		);
		const of = (name: string) => services.find(({service}) => service === name);
		expect(of('db')).toMatchObject({state: 'unhealthy', problem: 'no answer', restarts: 2});
		expect(of('redis')).toMatchObject({state: 'exited', startedAt: null});
		expect(of('proxy')).toMatchObject({state: 'missing', current: false, image: null});
	});

	it('tells what differs, and what a reconfigure would do', async () => {
		expect(await statusOf(context(fresh()))).toMatchObject({drift: [], reconfigure: []});
		const files = {...allThere().files, 'compose.yaml': 'edited', '.env': 'missing'};
		const {drift, reconfigure} = await statusOf(context(fresh(), {files}));
		expect(drift.map(({kind}) => kind)).toEqual(['files', 'edits']);
		expect(reconfigure).toContain('write .env');
	});

	it('tells the last run, also one that did not finish', async () => {
		const directory = fresh();
		expect((await statusOf(context(directory))).lastRun).toBeNull();
		const journal = await JournalWriter.create(journalPath(directory, '20260801T100000-abcd'), []);
		journal.append(started(), Date.parse('2026-08-01T10:00:00Z'));
		expect((await statusOf(context(directory))).lastRun).toEqual({
			run: '20260801T100000-abcd',
			at: '2026-08-01T10:00:00.000Z',
			outcome: 'interrupted',
			message: null,
		});
		const unlock = await lock(directory, '20260801T100000-abcd');
		expect((await statusOf(context(directory))).lastRun!.outcome).toBe('under way');
		await unlock();
		const otherUnlock = await lock(directory, 'doctor');
		expect((await statusOf(context(directory))).lastRun!.outcome).toBe('interrupted');
		await otherUnlock();
		journal.append(finished({outcome: 'failed', exitCode: 1, message: 'The disk is full.'}));
		journal.close();
		expect((await statusOf(context(directory))).lastRun).toMatchObject({
			outcome: 'failed',
			message: 'The disk is full.',
		});
	});
});
