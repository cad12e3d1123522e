import {describe, expect, it} from 'vitest';
import {EngineUnreachable} from '../../source/engine/api.js';
import {Cancelled, SetupError} from '../../source/errors.js';
import {spaceError} from '../../source/steps/space.js';
import {worldError} from '../../source/steps/trouble.js';
import {contextWith} from '../_helpers/context.js';

const system = (code: string, words: string, path?: string) =>
	Object.assign(new Error(`${code}: ${words}`), {code, ...(path ? {path} : {})});

const told = async (error: unknown, free = 1e6) => {
	const {host, directory} = contextWith();
	host.free = free;
	const result = await worldError(error, {host, directory, engineFolder: '/var/lib/docker'});
	expect(result).toBeInstanceOf(SetupError);
	return result as SetupError;
};

describe('an engine that went away', () => {
	it.each([
		new EngineUnreachable('/run/docker.sock', 'ECONNRESET'),
		new Error('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'),
		new SetupError('Docker could not start db: Is the docker daemon running?', {hint: 'Read the lines above.'}),
		new SetupError('Docker could not start db: exit', {
			hint: 'Read the lines above.',
			details: ['error during connect: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.41/containers/json": EOF'],
		}),
	])('is told as that: %s', async error => {
		const {message, hint, details} = await told(error);
		expect(message).toBe('The Docker engine stopped answering.');
		expect(hint).toMatch(/systemctl start docker.*run this again: it continues/);
		if (error instanceof SetupError) expect(details[0]).toBe(error.message);
	});
});

describe('a full disk', () => {
	it('is told with the path, what is missing, and that the old file is whole', async () => {
		const {message, hint} = await told(system('ENOSPC', 'no space left on device, write', '/opt/specify/.env'));
		expect(message).toBe('The disk that holds /opt/specify/.env is full: 66.1 MB are missing there.');
		expect(hint).toMatch(/^Free 66\.1 MB .*What was to be replaced is as it was\.$/);
	});

	it('of which the error names no path is the folder of the installation', async () => {
		expect((await told(system('ENOSPC', 'no space left on device, write'))).message).toContain('/opt/specify is full');
	});

	it('may be a quota, or too many files, where there is room', async () => {
		const {message, hint} = await told(system('EDQUOT', 'disk quota exceeded, write', '/opt/specify/x'), 1e10);
		expect(message).toBe('The disk that holds /opt/specify/x is full, or a quota is used up.');
		expect(hint).toContain('df -i');
	});

	it("is the engine's where a command of ours said so, whose words are kept", async () => {
		const error = new SetupError('Docker could not start db: mkdir /var/lib/docker/x: no space left on device', {
			hint: 'Read the lines above; after mending the cause run this again.',
		});
		const {message, hint, details} = await told(error);
		expect(message).toContain('The disk that holds /var/lib/docker is full');
		expect(hint).toMatch(/^Free 66\.1 MB/);
		expect(details).toEqual([error.message]);
	});

	it('that is told already stays as it is told', async () => {
		const lack = {
			what: 'the images',
			where: '/x',
			needBytes: 5e9,
			spareBytes: 0,
			freeBytes: 1e9,
			kept: 'it continues.',
		};
		const error = spaceError({
			...lack,
			cause: new SetupError('write /x: no space left on device', {hint: 'Look at it.'}),
		});
		expect(await told(error)).toBe(error);
	});
});

describe('an installation that stops answering', () => {
	it.each([
		system('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:443'),
		system('ECONNRESET', 'read ECONNRESET'),
		new Error('socket hang up'),
		new Error('no answer in 30 seconds'),
	])('is told as that: %s', async error => {
		const {message, hint} = await told(error);
		expect(message).toBe(`Specify stopped answering: ${error.message}.`);
		expect(hint).toContain('docker info');
	});
});

describe('other troubles of the world', () => {
	it.each([
		[
			system('EROFS', 'read-only file system, open', '/opt/specify/.env'),
			/^\/opt\/specify\/\.env is read-only/,
			/remount/,
		],
		[system('EACCES', 'permission denied, open', '/opt/specify/.env'), /^You may not write to \/opt/, /sudo/],
		[
			{...system('EACCES', 'permission denied, scandir', '/opt/specify/x'), syscall: 'scandir'},
			/^You may not read \/opt/,
			/sudo/,
		],
		[system('EIO', 'i/o error, write', '/opt/specify/.env'), /gave an error at \/opt/, /dmesg/],
	])('%s', async (error, message, hint) => {
		const result = await told(error);
		expect(result.message).toMatch(message);
		expect(result.hint).toMatch(hint);
	});

	it.each([
		new Cancelled(),
		new SetupError('No.', {hint: 'Do it.'}),
		new TypeError('x is undefined'),
		'thrown text',
		null,
	])('is none: %s', async error => {
		expect(await worldError(error, {...contextWith(), engineFolder: null})).toBe(error);
	});
});

describe('too little room', () => {
	const lack = {
		what: 'the images',
		where: '/var/lib/docker',
		needBytes: 5e9,
		spareBytes: 0,
		freeBytes: 1e9,
		kept: 'it continues.',
	};

	it('is told with how much is missing', () => {
		expect(spaceError(lack)).toMatchObject({
			message:
				'There is not enough space for the images: 1.0 GB are free at /var/lib/docker, 5.0 GB are needed: 4.0 GB are missing.',
			hint: expect.stringMatching(/^Free 4\.0 GB there .*, then run this again: it continues\.$/),
		});
		expect(spaceError({...lack, spareBytes: 1e9}).message).toContain(
			'with a little room 6.0 GB are needed: 5.0 GB are missing',
		);
	});

	it('where there is room by all that is known may be a quota', () => {
		expect(spaceError({...lack, freeBytes: 9e9})).toMatchObject({
			message: 'There is no space left for the images, though 9.0 GB are free at /var/lib/docker.',
			hint: expect.stringContaining('df -i'),
		});
	});

	it('where nothing can be measured says what is needed', () => {
		expect(spaceError({...lack, freeBytes: null}).message).toBe(
			'There is not enough space for the images: /var/lib/docker is full, 5.0 GB are needed: 5.0 GB are missing.',
		);
	});
});
