import {describe, expect, it} from 'vitest';
import {layersOf} from '../../source/engine/manifest.js';
import {FakeHost} from '../_helpers/fake-host.js';

const json = (value: unknown) => ({stdout: JSON.stringify(value)});
const single = {
	layers: [
		{digest: 'sha256:aaa', size: 30},
		{digest: 'sha256:bbb', size: 12},
	],
};
const list = {
	manifests: [
		{digest: 'sha256:win', platform: {architecture: 'amd64', os: 'windows'}},
		{digest: 'sha256:x86', platform: {architecture: 'amd64', os: 'linux'}},
		{digest: 'sha256:arm', platform: {architecture: 'arm64', os: 'linux'}},
		{digest: 'sha256:att', platform: {architecture: 'unknown', os: 'unknown'}},
	],
};
const layers = [
	{digest: 'sha256:aaa', bytes: 30},
	{digest: 'sha256:bbb', bytes: 12},
];
const here = {architecture: 'x86_64', insecure: false};

describe('the layers of an image', () => {
	it('are asked for once where there is one manifest', async () => {
		const host = new FakeHost().on('manifest inspect', json(single));
		expect(await layersOf(host, 'redis:8.0', here)).toEqual(layers);
		expect(host.commands).toEqual(['docker manifest inspect redis:8.0']);
	});

	it.each([
		['x86_64', 'sha256:x86'],
		['amd64', 'sha256:x86'],
		['aarch64', 'sha256:arm'],
		['arm64', 'sha256:arm'],
	])('are those for the processor %s, with one request more', async (architecture, digest) => {
		const host = new FakeHost().on('manifest inspect', json(list)).on(`@${digest}`, json(single));
		expect(await layersOf(host, 'localhost:5000/library/redis:8.0', {architecture, insecure: true})).toEqual(layers);
		expect(host.commands).toEqual([
			'docker manifest inspect --insecure localhost:5000/library/redis:8.0',
			`docker manifest inspect --insecure localhost:5000/library/redis@${digest}`,
		]);
	});

	it('of an image that is not made for this processor are an error that says so', async () => {
		const host = new FakeHost().on('manifest inspect', json(list));
		await expect(layersOf(host, 'redis:8.0', {...here, architecture: 's390x'})).rejects.toThrow(
			'redis:8.0 is not made for s390x processors',
		);
	});

	it("that cannot be had are an error with the registry's last words", async () => {
		const host = new FakeHost().on('manifest inspect', {
			exitCode: 1,
			stderr: 'WARNING: something\nno such manifest: docker.io/library/redis:9\n',
		});
		await expect(layersOf(host, 'redis:9', here)).rejects.toThrow('no such manifest: docker.io/library/redis:9');
	});

	it('whose configuration did not come are not told in the words of a format', async () => {
		const host = new FakeHost().on('manifest inspect', {
			exitCode: 1,
			stderr: 'unsupported manifest format: {"schemaVersion":2,"config":{"size":1}}\n',
		});
		await expect(layersOf(host, 'redis:8.0', here)).rejects.toThrow(/^the registry answered in part only$/);
	});

	it('that nobody answers for are an error all the same', async () => {
		const host = new FakeHost().on('manifest inspect', {exitCode: 1});
		await expect(layersOf(host, 'redis:9', here)).rejects.toThrow('the registry did not answer');
	});
});
