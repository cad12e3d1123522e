import {describe, expect, it} from 'vitest';
import {type Status, statusLines} from '../../source/model/status.js';

const now = Date.parse('2026-08-01T12:00:00Z');

const good: Status = {
	directory: '/opt/specify',
	specify7: 'v7.12.0.7',
	healthy: true,
	services: [
		{
			service: 'proxy',
			state: 'healthy',
			startedAt: '2026-08-01T10:30:00Z',
			restarts: 0,
			image: 'caddy:2.11',
			current: true,
			problem: '',
		},
		{
			service: 'specify7',
			state: 'healthy',
			startedAt: '2026-08-01T11:59:18Z',
			restarts: 0,
			image: 'specifyconsortium/specify7-service:v7.12.0.7',
			current: true,
			problem: '',
		},
	],
	addresses: [
		{
			name: 'Specify 7',
			url: 'https://specify7.specify.localhost/',
			status: 200,
			certificate: {validTo: '2026-09-20T00:00:00Z', daysLeft: 50},
			problem: '',
		},
	],
	disk: {folder: '/var/lib/docker', freeBytes: 120e9},
	lastRun: {run: '20260801T102900-abcd', at: '2026-08-01T10:29:00Z', outcome: 'done', message: null},
	gate: 'open',
	drift: [],
	reconfigure: [],
};

describe('the status of an installation', () => {
	it('reads as one screen of lines', () => {
		expect(statusLines(good, now)).toEqual([
			'Specify 7 v7.12.0.7 in /opt/specify: healthy',
			'',
			'  proxy     healthy     up 1 h 30 min     caddy:2.11',
			'  specify7  healthy     up 42 s           specifyconsortium/specify7-service:v7.12.0.7',
			'',
			'  Specify 7: https://specify7.specify.localhost/ answers 200, certificate valid 50 days',
			'',
			'  Disk: 120 GB free at /var/lib/docker',
			'  Last run: 2026-08-01 10:29 UTC, done',
		]);
	});

	const lines = (over: Partial<Status>) => statusLines({...good, ...over}, now).join('\n');
	const service = (over: Partial<Status['services'][number]>) => lines({services: [{...good.services[0]!, ...over}]});
	const address = (over: Partial<Status['addresses'][number]>) =>
		lines({addresses: [{...good.addresses[0]!, ...over}]});

	it('says in its first line that something is not healthy', () => {
		expect(lines({healthy: false})).toMatch(/^Specify 7 .*: NOT healthy\n/);
	});

	it('tells of a service that does not run, was restarted, or runs with old settings', () => {
		expect(service({state: 'exited', startedAt: null})).toMatch(/proxy {2}exited {6}not running/);
		expect(service({restarts: 3})).toContain('(3 restarts)');
		expect(service({current: false})).toContain('(settings have changed since it started)');
	});

	it('says of a container that does not exist neither that it stands still nor that it is out of date', () => {
		const text = service({state: 'missing', startedAt: null, image: null, current: false});
		expect(text).toMatch(/proxy {2}missing {5}no container/);
		expect(text).not.toMatch(/not running|since it started/);
	});

	it('tells the first line of what a health check said', () => {
		const text = service({state: 'unhealthy', problem: 'connection refused\nTraceback'});
		expect(text).toContain('connection refused');
		expect(text).not.toContain('Traceback');
	});

	it('tells of an address that does not answer, and of one without a valid certificate', () => {
		expect(address({status: null, problem: 'connect ECONNREFUSED'})).toContain('does not answer: connect ECONNREFUSED');
		expect(address({certificate: null})).toContain('answers 200, no valid certificate');
	});

	it('tells the hour when a certificate ends within two days, and that it is renewed', () => {
		expect(address({certificate: {validTo: '2026-08-02T00:30:00.000Z', daysLeft: 0}})).toContain(
			'valid until 2026-08-02 00:30 UTC, renewed by itself',
		);
	});

	it('tells why the last run failed', () => {
		expect(lines({lastRun: {...good.lastRun!, outcome: 'failed', message: 'The disk is full.'}})).toContain(
			'failed: The disk is full.',
		);
		expect(lines({lastRun: null})).not.toContain('Last run');
	});

	it('tells what differs, what to do about it, and what a reconfigure would do', () => {
		const drift = [{kind: 'stopped', what: 'stopped: redis', remedy: 'Start it.'}] as const;
		expect(lines({drift: [...drift], reconfigure: ['start redis']})).toMatch(
			/^ {2}One thing differs from your answers:\n {4}stopped: redis\n {6}Start it\.\n.*reconfigure" would:\n {4}start redis$/m,
		);
		expect(lines({})).not.toMatch(/differ|reconfigure/);
	});
});
