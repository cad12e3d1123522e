import {describe, expect, it} from 'vitest';
import type {Answers} from '../../source/model/answers.js';
import type {Observation} from '../../source/model/observation.js';
import {type Needs, type PreflightCheck, preflightChecks} from '../../source/model/preflight.js';
import {answersWith} from '../_helpers/answers.js';
import {allThere, GiB, nothingThere, reachableEngine} from '../_helpers/observation.js';

const noNeeds: Needs = {imageBytes: 0, sqlBytes: 0, attachmentBytes: 0, clockOffsetMs: 0};

const checksOf = (
	observation: Partial<Observation>,
	{answers = answersWith(), needs = noNeeds}: {answers?: Answers; needs?: Partial<Needs>} = {},
) => preflightChecks(answers, nothingThere(observation), {...noNeeds, ...needs});

const check = (name: string, ...given: Parameters<typeof checksOf>): PreflightCheck => {
	const found = checksOf(...given).find(candidate => candidate.name === name);
	if (!found) throw new Error(`there is no check "${name}"`);
	return found;
};

const engine = (over: Partial<typeof reachableEngine>) => ({engine: {...reachableEngine, ...over}});

describe('a good machine', () => {
	it('passes every check', () => {
		const checks = checksOf({});
		expect(checks.map(({name}) => name)).toEqual([
			'Docker engine',
			'Docker Compose',
			'port 80',
			'port 443',
			'memory',
			'processors',
			'disk',
			'clock',
			'existing installation',
		]);
		expect(checks.filter(({result}) => result !== 'ok')).toEqual([]);
	});

	it('passes again where the installation runs already', () => {
		const checks = preflightChecks(answersWith(), allThere(), noNeeds);
		expect(checks.filter(({result}) => result !== 'ok')).toEqual([]);
	});
});

const refusals: [name: string, observation: Partial<Observation>, needs?: Partial<Needs>][] = [
	['Docker engine', {engine: {reachable: false, reason: 'missing', detail: ''}}],
	['Docker engine', {engine: {reachable: false, reason: 'denied', detail: ''}}],
	['Docker engine', {engine: {reachable: false, reason: 'stopped', detail: ''}}],
	['Docker engine', {engine: {reachable: false, reason: 'other', detail: 'ETIMEDOUT'}}],
	['Docker Compose', engine({compose: null})],
	['Docker Compose', engine({compose: '1.29.2'})],
	['port 80', {ports: [{port: 80, holder: 'nginx', own: false}]}],
	['port 443', {ports: [{port: 443, holder: null, own: false}]}],
	['memory', {memory: GiB}],
	['disk', engine({freeBytes: GiB})],
	['clock', {}, {clockOffsetMs: 400_000}],
	['existing installation', {otherFolder: '/home/ada/specify'}],
];

describe('a refusal', () => {
	it.each(refusals)('of %s says what is the matter and what to do: %j', (name, observation, needs) => {
		const {result, detail, hint} = check(name, observation, {needs});
		expect(result).toBe('refused');
		expect(detail).not.toBe('');
		expect(detail).not.toMatch(/undefined|null|NaN|\.$/);
		expect(hint).toMatch(/^[A-Z].*\.$/s);
		expect(hint).not.toMatch(/undefined|null|NaN/);
	});

	it('never hides another', () => {
		const all = Object.assign({}, ...refusals.filter(([name]) => name !== 'Docker engine').map(([, seen]) => seen));
		const refused = checksOf({
			...all,
			engine: {...reachableEngine, compose: null, freeBytes: 0},
			ports: [
				{port: 80, holder: 'nginx', own: false},
				{port: 443, holder: 'nginx', own: false},
			],
		}).filter(({result}) => result === 'refused');
		expect(refused.map(({name}) => name)).toEqual([
			'Docker Compose',
			'port 80',
			'port 443',
			'memory',
			'disk',
			'existing installation',
		]);
	});
});

describe('the engine', () => {
	it('that the user may not use is told with the user and the group', () => {
		const {detail, hint} = check('Docker engine', {engine: {reachable: false, reason: 'denied', detail: ''}});
		expect(detail).toContain('curator');
		expect(hint).toContain('sudo usermod -aG docker curator');
	});

	it.each([
		['2.23.1', 'ok'],
		['2.23.1-desktop.1', 'ok'],
		['v2.23.2', 'ok'],
		['2.24.0', 'ok'],
		['2.26.1-4', 'ok'],
		['3.0.0', 'ok'],
		['10.0.0', 'ok'],
		['2.23.0', 'refused'],
		['2.22.9', 'refused'],
		['1.29.2', 'refused'],
		['dev', 'refused'],
	])('with Compose %s is %s', (compose, result) => {
		expect(check('Docker Compose', engine({compose})).result).toBe(result);
	});

	it('that does not answer leaves the disk unjudged', () => {
		expect(check('disk', {engine: {reachable: false, reason: 'stopped', detail: ''}}).result).toBe('ok');
	});
});

describe('a port', () => {
	it('held by this installation is fine', () => {
		expect(check('port 80', {ports: [{port: 80, holder: 'the container specify-proxy-1', own: true}]}).result).toBe(
			'ok',
		);
	});

	it('held by a program is told with its name and the answer that chooses another', () => {
		const {detail, hint} = check('port 443', {ports: [{port: 443, holder: 'nginx', own: false}]});
		expect(detail).toBe('used by nginx');
		expect(hint).toBe(
			'Stop nginx, or choose another port with --set ports.https=8443. If it is a web server you need, let it pass Specify on: --set proxy=behind.',
		);
	});

	it('that is no usual one, or for another web server, is not proposed to be passed on', () => {
		const high = check(
			'port 8443',
			{ports: [{port: 8443, holder: 'java', own: false}]},
			{
				answers: answersWith({ports: {https: 8443}}),
			},
		);
		expect(high.hint).toBe('Stop java, or choose another port with --set ports.https=8444.');
		const behind = check(
			'port 8080',
			{ports: [{port: 8080, holder: 'java', own: false}]},
			{
				answers: answersWith({proxy: 'behind'}),
			},
		);
		expect(behind.hint).toBe('Stop java, or choose another port with --set ports.http=8081.');
	});

	it('that only the other web server needs is not asked about', () => {
		const answers = answersWith({proxy: 'behind'});
		const seen = nothingThere({ports: [{port: 443, holder: 'nginx', own: false}]});
		const names = preflightChecks(answers, seen, noNeeds).map(({name}) => name);
		expect(names).toContain('port 8080');
		expect(names).not.toContain('port 443');
	});

	it.each([
		['http', {http: 8080}, 8080],
		['https', {https: 8443}, 8443],
	] as const)('for %s that is taken is not the one that is proposed', (key, ports, port) => {
		const answers = answersWith({ports});
		const {hint} = check(`port ${port}`, {ports: [{port, holder: 'java', own: false}]}, {answers});
		expect(hint).toContain(`ports.${key}=`);
		expect(hint).not.toContain(`=${port}.`);
	});
});

describe('memory', () => {
	it.each([
		[2 * GiB - 1, 0, 'refused'],
		[2 * GiB, 0, 'advice'],
		[GiB, GiB, 'advice'],
		[GiB, GiB - 1, 'refused'],
		[4 * GiB - 1, 0, 'advice'],
		[4 * GiB, 0, 'ok'],
		[2 * GiB, 2 * GiB, 'ok'],
	])('of %d bytes and %d of swap is %s', (memory, swap, result) => {
		expect(check('memory', {memory, swap}).result).toBe(result);
	});

	it.each([
		['auto', 2 * GiB, 'advice'],
		['large', 14 * GiB, 'ok'],
		['large', 14 * GiB - 1, 'refused'],
		['small', 8 * GiB, 'ok'],
	] as const)('of limits %s on a machine with %d bytes is %s', (memory, has, result) => {
		expect(check('memory', {memory: has}, {answers: answersWith({memory})}).result).toBe(result);
	});

	it('is told with its swap, and what is recommended', () => {
		expect(check('memory', {memory: 2 * GiB, swap: GiB})).toMatchObject({
			detail: '2.0 GiB and 1.0 GiB swap: enough for a small collection and few users',
			hint: '8.0 GiB are recommended; add swap at least.',
		});
	});
});

describe('processors', () => {
	it.each([
		[1, 'advice'],
		[2, 'ok'],
	])('%d: %s', (processors, result) => {
		expect(check('processors', {processors}).result).toBe(result);
	});
});

describe('the disk', () => {
	const dumped = answersWith({database: {start: 'dump', dump: 'a.sql'}});

	it('must hold the images, packed and unpacked, the loaded dump and some room', () => {
		const needs = {imageBytes: GiB, sqlBytes: 4 * GiB};
		const least = Math.ceil(4.2 * GiB + (10 + 1 / 16) * GiB + 2 * GiB);
		expect(check('disk', engine({freeBytes: least}), {answers: dumped, needs}).result).toBe('advice');
		expect(check('disk', engine({freeBytes: least - GiB}), {answers: dumped, needs})).toMatchObject({
			result: 'refused',
			detail: '16.4 GB free at /var/lib/docker; the images, the loaded dump and a little room need 17.5 GB',
		});
	});

	it('of the folder, or of volumes that are elsewhere, is judged by itself', () => {
		const elsewhere = (freeBytes: number) => [
			{path: '/srv/specify', what: 'the files of the installation', freeBytes, needBytes: 64 * 2 ** 20},
		];
		expect(check('disk of /srv/specify', {}, {needs: {elsewhere: elsewhere(64 * 2 ** 20)}}).result).toBe('ok');
		expect(check('disk of /srv/specify', {}, {needs: {elsewhere: elsewhere(1e6)}})).toEqual({
			name: 'disk of /srv/specify',
			result: 'refused',
			detail: '1.0 MB free; the files of the installation need 67.1 MB',
			hint: 'Free 66.1 MB there ("df -h" shows the disks), then run this again.',
		});
	});

	it.each([
		[25 * GiB, 'ok'],
		[25 * GiB - 1, 'advice'],
		[2 * GiB, 'advice'],
		[2 * GiB - 1, 'refused'],
	])('with %d bytes free and nothing to fetch is %s', (freeBytes, result) => {
		expect(check('disk', engine({freeBytes})).result).toBe(result);
	});
});

describe('the clock', () => {
	it.each([
		[150_000, 'ok'],
		[-150_000, 'ok'],
		[150_001, 'refused'],
		[-150_001, 'refused'],
		[null, 'advice'],
	])('%d ms off is %s: the tokens of attachments live 150 seconds', (clockOffsetMs, result) => {
		expect(check('clock', {}, {needs: {clockOffsetMs}}).result).toBe(result);
	});

	it('is told in which direction it is wrong', () => {
		expect(check('clock', {}, {needs: {clockOffsetMs: 200_000}}).detail).toBe("200 seconds ahead of the registry's");
		expect(check('clock', {}, {needs: {clockOffsetMs: -200_000}}).detail).toBe("200 seconds behind the registry's");
	});
});

describe('an existing installation', () => {
	it('that runs from another folder is named', () => {
		const {detail, hint} = check('existing installation', {otherFolder: '/home/ada/specify'});
		expect(detail).toContain('/home/ada/specify');
		expect(hint).toContain('--dir /home/ada/specify');
	});

	it('whose volumes are found is kept', () => {
		expect(check('existing installation', {volumes: ['specify_database']}).detail).toBe(
			'data volumes found and kept: specify_database',
		);
	});
});
