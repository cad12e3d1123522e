import {describe, expect, it} from 'vitest';
import {
	adviceOf,
	type FolderFacts,
	type FoundContainer,
	glanceOf,
	type Installation,
	installationLines,
	installationsOf,
	nextFolder,
} from '../../source/model/installations.js';

const facts = (project: string): FolderFacts => ({
	project,
	version: 'v7.12.0.7',
	address: `https://specify7.${project}.example/`,
});

const container = (over: Partial<FoundContainer> = {}): FoundContainer => ({
	project: 'museum',
	folder: '/srv/museum',
	service: 'db',
	state: 'running',
	status: 'Up 3 minutes (healthy)',
	...over,
});

/** Kind and name of each, in their order. */
const told = (installations: readonly Installation[]) =>
	installations.map(one => `${one.kind} ${one.kind === 'data' ? one.project : one.directory}`);

describe('the installations that are known', () => {
	it('are those of the list, of the usual folder and of the engine, each once', () => {
		const found = installationsOf({
			folders: new Map([
				['/opt/specify', facts('specify')],
				['/srv/listed', facts('listed')],
				['/srv/museum', facts('museum')],
			]),
			remembered: ['/srv/listed'],
			engine: {
				containers: [container(), container({service: 'redis', state: 'exited', status: 'Exited (0)'})],
				projectsOfVolumes: ['museum', 'listed'],
			},
		});
		expect(told(found)).toEqual(['here /opt/specify', 'here /srv/listed', 'here /srv/museum']);
		expect(found.map(one => one.kind === 'here' && [one.remembered, one.glance])).toEqual([
			[false, 'no containers'],
			[true, 'no containers'],
			[false, '1 of 2 services healthy'],
		]);
		expect(installationLines(found)[2]).toBe(
			'/srv/museum: 1 of 2 services healthy, https://specify7.museum.example/, v7.12.0.7',
		);
	});

	it('follow a folder that was moved, by its project', () => {
		const found = installationsOf({
			folders: new Map([
				['/srv/new', facts('museum')],
				['/srv/museum', null],
			]),
			remembered: ['/srv/museum', '/srv/new'],
			engine: {containers: [container()], projectsOfVolumes: ['museum']},
		});
		expect(told(found)).toEqual(['here /srv/new']);
		expect(found[0]).toMatchObject({glance: 'healthy'});
	});

	it('tell of folders that are gone, listed or with containers alone, and say what to do', () => {
		const found = installationsOf({
			folders: new Map([
				['/opt/specify', null],
				['/srv/listed', null],
				['/srv/museum', null],
			]),
			remembered: ['/srv/listed'],
			engine: {containers: [container()], projectsOfVolumes: ['museum']},
		});
		expect(told(found)).toEqual(['gone /srv/listed', 'gone /srv/museum']);
		expect(found.map(one => one.kind === 'gone' && one.remembered)).toEqual([true, false]);
		expect(adviceOf(found[0]!)).toContain('changes nothing on disk');
		expect(adviceOf(found[1]!)).toMatch(/Containers of museum were made from \/srv\/museum/);
	});

	it('tell of data whose folder nobody knows', () => {
		const found = installationsOf({
			folders: new Map(),
			remembered: [],
			engine: {containers: [], projectsOfVolumes: ['zoo', 'herbarium', 'zoo']},
		});
		expect(told(found)).toEqual(['data herbarium', 'data zoo']);
		expect(adviceOf(found[0]!)).toContain('label=specify-setup.project=herbarium');
	});

	it('are those of the folders where the engine does not answer', () => {
		const found = installationsOf({
			folders: new Map([['/opt/specify', facts('specify')]]),
			remembered: [],
			engine: null,
		});
		expect(found).toMatchObject([{kind: 'here', glance: 'Docker does not answer'}]);
	});

	it('say so where specify.yaml is not right', () => {
		const folders = new Map([['/opt/specify', {project: 'specify', version: null, address: null}]]);
		expect(installationLines(installationsOf({folders, remembered: [], engine: null}))).toEqual([
			'/opt/specify: Docker does not answer, specify.yaml is not right',
		]);
	});
});

describe('how containers are doing', () => {
	it.each<[string, Partial<FoundContainer>[]]>([
		['no containers', []],
		['healthy', [{}, {status: 'Up 2 hours'}]],
		['stopped', [{state: 'exited', status: 'Exited (137)'}]],
		['0 of 1 services healthy', [{status: 'Up 1 second (health: starting)'}]],
		['1 of 2 services healthy', [{}, {status: 'Up 3 minutes (unhealthy)'}]],
	])('is %s', (glance, containers) => {
		expect(glanceOf(containers.map(container))).toBe(glance);
	});
});

describe('the folder of one more installation', () => {
	it('is the usual one, or the first number behind it that is free', () => {
		const taken = new Set(['/opt/specify', '/opt/specify-2']);
		expect(nextFolder('/opt/specify', () => false)).toBe('/opt/specify');
		expect(nextFolder('/opt/specify', directory => taken.has(directory))).toBe('/opt/specify-3');
	});
});
