import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {installationFiles} from '../../source/files/installation.js';
import {driftOf} from '../../source/model/drift.js';
import {serviceNames} from '../../source/model/releases.js';
import {fingerprintOf, lookAtDrift} from '../../source/run/drift.js';
import {recordInstalled} from '../../source/run/history.js';
import {compareFiles} from '../../source/steps/files.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {allThere, GiB, knownSecrets} from '../_helpers/observation.js';

const directory = '/opt/specify';
const answers = answersWith();
const filesWith = (settings: string[], changed = answers) =>
	installationFiles({project: 'specify', answers: changed, secrets: knownSecrets, memory: 8 * GiB, settings});

/** An installation whose files were written with some settings of the user's own, looked at with others. */
const installed = async ({before = [], now = before}: {before?: string[]; now?: string[]} = {}) => {
	const context = contextWith({answers, files: filesWith(now), observation: allThere({}, answers)});
	for (const {path, text, mode} of filesWith(before)) await context.host.write(join(directory, path), text, mode);
	for (const service of serviceNames)
		context.engine.service(
			service,
			{},
			{labels: {'com.docker.compose.service': service, 'com.docker.compose.project.working_dir': directory}},
		);
	const observe = async () => {
		context.observation.files = await compareFiles(context);
	};
	await observe();
	return {context, observe};
};

describe('what an installation is compared with', () => {
	it('is in order after an installation', async () => {
		const {context} = await installed({before: ['a.py', 'X = 1']});
		await recordInstalled(context, answers);
		const seen = await lookAtDrift(context, null);
		expect(seen.installed).toEqual(answers);
		expect(seen).toMatchObject({settings: false, consequences: [], madeFrom: null, strangers: [], underWay: false});
		expect(driftOf(seen)).toEqual([]);
	});

	it.each([
		['changed', ['a.py', 'X = 2']],
		['renamed', ['b.py', 'X = 1']],
		['removed', []],
		['one more', ['a.py', 'X = 1', 'b.py', '']],
	])("notices the user's own settings for Specify 7: %s", async (_, now) => {
		const {context} = await installed({before: ['a.py', 'X = 1'], now});
		const seen = await lookAtDrift(context, null);
		expect(seen).toMatchObject({settings: true, consequences: ['compose.yaml']});
		expect(driftOf(seen).map(({kind}) => kind)).toEqual(['settings']);
	});

	it('tells a hand edit of compose.yaml beside changed settings', async () => {
		const {context, observe} = await installed({now: ['a.py', 'X = 1']});
		const path = join(directory, 'compose.yaml');
		await context.host.write(path, `${await context.host.read(path)}# mine\n`, 0o644);
		await observe();
		const kinds = driftOf(await lookAtDrift(context, null)).map(({kind}) => kind);
		expect(kinds).toEqual(['edits', 'settings']);
	});

	it('takes no changed answer for changed settings', async () => {
		const {context} = await installed();
		const changed = answersWith({privacy: {telemetry: true, publicAttachments: true}});
		context.files = filesWith([], changed);
		context.observation.files = await compareFiles(context);
		expect(await lookAtDrift({...context, answers: changed}, null)).toMatchObject({settings: false});
	});

	it('finds containers that belong to no service, but leaves alone those of compose.override.yaml', async () => {
		const {context} = await installed();
		const labels = {'com.docker.compose.project.working_dir': directory};
		context.engine.service('backup', {}, {labels});
		context.engine.service('left-behind', {}, {labels});
		context.engine.service(
			'db',
			{},
			{id: 'once', name: 'once', labels: {...labels, 'com.docker.compose.oneoff': 'True'}},
		);
		context.host.on('config --hash', {stdout: 'db 1\nbackup 2\n'});
		expect((await lookAtDrift(context, null)).strangers).toEqual(['specify-left-behind-1']);
		// A composition that Compose cannot read says nothing of who belongs to it.
		context.host.on('config --hash', {exitCode: 15, stderr: 'yaml: line 1'});
		expect((await lookAtDrift(context, null)).strangers).toEqual([]);
	});

	it('finds a container that never took the place of another, which no run works on', async () => {
		const {context} = await installed();
		const id = '0123456789ab';
		context.engine.service('db', {}, {id, labels: {'com.docker.compose.project.working_dir': directory}});
		context.engine.remove('id-of-db');
		context.engine.service('db', {}, {id: 'new', name: `${id}_specify-db-1`, state: 'created'});
		const seen = await lookAtDrift(context, null);
		expect(seen).toMatchObject({strangers: [], leftovers: [`${id}_specify-db-1`]});
		expect(driftOf(seen).map(({kind}) => kind)).toEqual(['leftovers']);
		expect(driftOf({...seen, underWay: true})).toEqual([]);
	});

	it('finds the folder that the containers were made from', async () => {
		const {context} = await installed();
		context.engine.service('db', {}, {labels: {'com.docker.compose.project.working_dir': '/srv/old'}});
		expect((await lookAtDrift(context, null)).madeFrom).toBe('/srv/old');
	});
});

describe('the fingerprint of a folder', () => {
	it.each([
		'specify.yaml',
		'.env',
		'compose.yaml',
		'local_settings.d/a.py',
		'Caddyfile.d/a.caddy',
		'compose.override.yaml',
	])('becomes another one with %s', async path => {
		const {context} = await installed();
		const before = await fingerprintOf(context);
		expect(await fingerprintOf(context)).toBe(before);
		await context.host.write(join(directory, path), 'something else\n', 0o644);
		expect(await fingerprintOf(context)).not.toBe(before);
	});
});
