import {describe, expect, it} from 'vitest';
import {specifyYaml} from '../../source/files/specify-yaml.js';
import {installationLines} from '../../source/model/installations.js';
import {findInstallations} from '../../source/run/installations.js';
import {answersWith} from '../_helpers/answers.js';
import {FakeEngine} from '../_helpers/fake-engine.js';
import {FakeHost} from '../_helpers/fake-host.js';

const answers = answersWith({domain: 'museum.example'});

const place = (host: FakeHost, directory: string, project?: string) =>
	Promise.all([
		host.write(`${directory}/specify.yaml`, specifyYaml(answers), 0o644),
		...(project ? [host.write(`${directory}/.specify-setup/project`, `# Made by\n${project}\n`, 0o600)] : []),
	]);

/** A container of a composition of ours, as the engine lists it. */
const run = (engine: FakeEngine, project: string, folder: string, labels: Record<string, string> = {}) =>
	engine.service(
		'db',
		{},
		{
			id: `${project}-db`,
			project,
			status: 'Up 3 minutes (healthy)',
			labels: {
				'specify-setup.project': project,
				'com.docker.compose.project': project,
				'com.docker.compose.project.working_dir': folder,
				...labels,
			},
		},
	);

const find = (host: FakeHost, engine: FakeEngine, remembered: string[] = []) =>
	findInstallations({host, engine, remembered, usual: '/opt/specify'});

describe('finding installations', () => {
	it('reads list, usual folder and labels, and what each is', async () => {
		const host = new FakeHost();
		const engine = new FakeEngine();
		await place(host, '/opt/specify');
		await place(host, '/srv/listed');
		await place(host, '/srv/forgotten');
		run(engine, 'forgotten', '/srv/forgotten');
		expect(await find(host, engine, ['/srv/listed'])).toEqual([
			expect.objectContaining({kind: 'here', directory: '/opt/specify', remembered: false, glance: 'no containers'}),
			expect.objectContaining({kind: 'here', directory: '/srv/listed', remembered: true}),
			{
				kind: 'here',
				directory: '/srv/forgotten',
				remembered: false,
				glance: 'healthy',
				project: 'forgotten',
				version: answers.specify7,
				address: 'https://specify7.museum.example/',
			},
		]);
	});

	it('knows a folder that was moved by the project in it', async () => {
		const host = new FakeHost();
		const engine = new FakeEngine();
		await place(host, '/srv/new', 'museum');
		run(engine, 'museum', '/srv/museum');
		expect(await find(host, engine, ['/srv/new'])).toMatchObject([
			{kind: 'here', directory: '/srv/new', project: 'museum', glance: 'healthy'},
		]);
		expect(await find(host, engine)).toMatchObject([{kind: 'gone', directory: '/srv/museum', project: 'museum'}]);
	});

	it('finds volumes that nobody claims, and leaves what is not ours', async () => {
		const host = new FakeHost();
		const engine = new FakeEngine();
		engine.volumeLabels = async label => (label === 'specify-setup.project' ? ['herbarium'] : []);
		run(engine, 'wiki', '/srv/wiki', {'specify-setup.project': ''});
		run(engine, 'once', '/srv/once', {'com.docker.compose.oneoff': 'True'});
		expect(await find(host, engine)).toEqual([{kind: 'data', project: 'herbarium'}]);
	});

	it.each([null, '# nothing\n'])('shows an installation whose answers got lost: %j', async text => {
		const host = new FakeHost();
		await place(host, '/opt/specify', 'museum');
		await host.remove('/opt/specify/specify.yaml');
		if (text !== null) await host.write('/opt/specify/specify.yaml', text, 0o644);
		const found = await find(host, new FakeEngine());
		expect(found).toMatchObject([{kind: 'here', project: 'museum', version: null, address: null}]);
		expect(installationLines(found)).toEqual(['/opt/specify: no containers, specify.yaml is lost']);
	});

	it('shows an installation whose specify.yaml is not right', async () => {
		const host = new FakeHost();
		for (const text of ['certificates: perhaps\n', ': {', '']) {
			await host.write('/opt/specify/specify.yaml', text, 0o644);
			expect(await find(host, new FakeEngine())).toMatchObject([{kind: 'here', version: null, address: null}]);
		}
	});

	it('makes do with the folders when the engine does not answer', async () => {
		const host = new FakeHost();
		const engine = new FakeEngine();
		engine.containers = () => Promise.reject(new Error('ECONNREFUSED'));
		await place(host, '/opt/specify');
		expect(await find(host, engine)).toMatchObject([{kind: 'here', glance: 'Docker does not answer'}]);
	});
});
