import {writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {inspectDump} from '../../source/database/inspect.js';
import type {FixedCheck} from '../../source/model/consequences.js';
import type {PreflightCheck} from '../../source/model/preflight.js';
import {examine, preflight, refusalOf} from '../../source/steps/preflight.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {allThere, databaseSeen, GiB, nothingThere} from '../_helpers/observation.js';
import {wholeDump} from '../database/dumps.js';

const {fresh} = temporaryFolder();
const layer = {stdout: JSON.stringify({layers: [{digest: `sha256:${'a'.repeat(64)}`, size: 5_000_000}]})};
const one = {images: {proxy: true, db: true, redis: false, media: true, report: true, specify7: true, worker: true}};

const dumpAt = async (text = wholeDump) => {
	const path = fresh('dump');
	await writeFile(path, text);
	return path;
};

const loading = (dump: string) => offlineAnswers({database: {start: 'dump', dump}});

const named = (checks: readonly PreflightCheck[], name: string) => checks.find(check => check.name === name);

describe('looking at a machine', () => {
	it('adds what the registry has to what was observed', async () => {
		const context = contextWith({observation: nothingThere(one)});
		context.host.on('manifest inspect', layer);
		const {result} = await drain(examine(context));
		expect(named(result.checks, 'images')).toMatchObject({result: 'ok', detail: '5.0 MB to fetch'});
		expect(named(result.checks, 'clock')).toMatchObject({
			result: 'advice',
			detail: expect.stringContaining('compared'),
		});
		expect(result.dump).toBeNull();
		expect(context.host.files.size).toBe(0);
	});

	it('says that all images are here without asking the registry', async () => {
		const context = contextWith({observation: allThere()});
		const {result} = await drain(examine(context));
		expect(named(result.checks, 'images')).toMatchObject({detail: 'all here'});
		expect(context.host.commands).toEqual([]);
	});

	it('refuses what the registry does not have, together with everything else', async () => {
		const context = contextWith({observation: nothingThere({...one, memory: GiB})});
		context.host.on('manifest inspect', {exitCode: 1, stderr: 'manifest unknown\n'});
		const {result} = await drain(examine(context));
		const refused = result.checks.filter(check => check.result === 'refused').map(({name}) => name);
		expect(refused).toEqual(['memory', 'images']);
	});

	it('asks nothing further where no engine answers', async () => {
		const engine = {reachable: false, reason: 'stopped', detail: ''} as const;
		const context = contextWith({observation: nothingThere({engine}), answers: loading('/no/such/dump')});
		const {result} = await drain(examine(context));
		expect(result.checks.filter(check => check.result === 'refused').map(({name}) => name)).toEqual(['Docker engine']);
		expect(context.host.commands).toEqual([]);
	});

	it('ends as cancelled when it is stopped', async () => {
		const context = contextWith({observation: nothingThere(one)});
		context.controller.abort();
		expect((await drainToError(examine(context))).error).toMatchObject({exitCode: 130});
	});
});

describe('a dump', () => {
	it('is read to its end, with what it holds', async () => {
		const path = await dumpAt();
		const context = contextWith({answers: loading(path), observation: allThere({database: null, services: {}})});
		const {result} = await drain(examine(context));
		expect(named(result.checks, 'dump')).toMatchObject({
			result: 'ok',
			detail: expect.stringContaining('Specify 6.8.03'),
		});
		expect(result.dump).toMatchObject({path, rows: expect.any(Number)});
	});

	it('that was read before is not read again while it is the same', async () => {
		const path = await dumpAt();
		const known = await inspectDump(path);
		const context = contextWith({answers: loading(path), observation: allThere({database: null, services: {}})});
		await context.host.write(path, 'x'.repeat(known.bytes), 0o600);
		expect((await drain(examine(context, known))).result.dump).toBe(known);
		await context.host.write(path, 'x'.repeat(known.bytes + 1), 0o600);
		expect((await drain(examine(context, known))).result.dump).not.toBe(known);
	});

	it('that was loaded already is left alone, even if it is gone', async () => {
		const context = contextWith({answers: loading('/no/such/dump'), observation: allThere({database: databaseSeen()})});
		const {result} = await drain(examine(context));
		expect(named(result.checks, 'dump')).toBeUndefined();
	});

	it('that is not there is refused', async () => {
		const context = contextWith({answers: loading(fresh('nothing')), observation: allThere({database: null})});
		expect((await drainToError(examine(context))).error).toMatchObject({exitCode: 3});
	});

	it('that is cut is refused', async () => {
		const whole = wholeDump;
		const path = await dumpAt(whole.slice(0, Math.floor(whole.length / 2)));
		const context = contextWith({answers: loading(path), observation: allThere({database: null})});
		expect((await drainToError(examine(context))).error).toMatchObject({
			exitCode: 3,
			message: expect.stringContaining(path),
		});
	});
});

describe('a refusal', () => {
	const check = (name: string, result: PreflightCheck['result']): PreflightCheck => ({
		name,
		result,
		detail: `${name} is wrong`,
		hint: `Mend ${name}.`,
	});

	it('is none where nothing was refused', () => {
		expect(refusalOf([check('a', 'ok'), check('b', 'advice')])).toBeNull();
	});

	it('of one thing is about that thing', () => {
		expect(refusalOf([check('a', 'ok'), check('memory', 'refused')])).toMatchObject({
			message: 'This machine is not ready: memory: memory is wrong.',
			hint: 'Mend memory.',
			exitCode: 3,
		});
	});

	it('of several names each, with what to do', () => {
		expect(refusalOf([check('memory', 'refused'), check('disk', 'refused')])).toMatchObject({
			message: 'This machine is not ready, for 2 reasons:',
			details: ['memory: memory is wrong. Mend memory.', 'disk: disk is wrong. Mend disk.'],
			exitCode: 3,
		});
	});
});

describe('a refusal of answers that are fixed', () => {
	const fixed = (name: string): FixedCheck => ({
		name,
		result: 'refused',
		detail: 'cannot be changed',
		hint: `Set ${name} back.`,
		fixed: true,
	});
	const memory: PreflightCheck = {name: 'memory', result: 'refused', detail: 'too little', hint: 'Add some.'};

	it('is not about the machine', () => {
		expect(refusalOf([fixed('database.name')])).toMatchObject({
			message: 'This cannot be changed: database.name.',
			hint: 'Set database.name back.',
			exitCode: 3,
		});
		expect(refusalOf([fixed('database.name'), fixed('edition')])!.message).toBe(
			'This cannot be changed, for 2 reasons:',
		);
		expect(refusalOf([fixed('database.name'), memory])!.message).toBe('This machine is not ready, for 2 reasons:');
	});
});

describe('the first step of a run', () => {
	it('tells every check and all advice, and passes', async () => {
		const context = contextWith({observation: allThere({memory: 3 * GiB})});
		const {result, yielded} = await drain(preflight(context));
		expect(result).toMatchObject({changed: false});
		const checks = yielded.filter(event => event.type === 'check');
		expect(checks.map(({name}) => name)).toEqual(expect.arrayContaining(['Docker engine', 'memory', 'images']));
		expect(checks.every(({ok}) => ok)).toBe(true);
		expect(yielded.filter(event => event.type === 'note')).toMatchObject([
			{level: 'warning', message: expect.stringContaining('3.0 GiB'), hint: expect.stringContaining('8.0 GiB')},
			{level: 'warning', message: expect.stringContaining('clock'), hint: expect.stringContaining('"date"')},
		]);
	});

	it('tells every check before it refuses', async () => {
		const context = contextWith({observation: allThere({memory: GiB})});
		const {yielded, error} = await drainToError(preflight(context));
		expect(yielded.filter(event => event.type === 'check' && !event.ok)).toMatchObject([{name: 'memory'}]);
		expect((await failureOf(Promise.reject(error))).exitCode).toBe(3);
	});
});
