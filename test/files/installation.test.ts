import {execFileSync} from 'node:child_process';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {healthTests} from '../../source/files/health.js';
import {installationFiles} from '../../source/files/installation.js';
import {projectName, volumesOf} from '../../source/files/names.js';
import {localSettings} from '../../source/files/specify7-settings.js';
import type {Answers} from '../../source/model/answers.js';
import {completeSecrets, type Secrets} from '../../source/model/secrets.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const filesWith = ({
	answers = answersWith(),
	secrets = knownSecrets,
	memory = 8 * GiB,
}: {
	answers?: Answers;
	secrets?: Secrets;
	memory?: number;
} = {}) => installationFiles({project: 'specify', answers, secrets, memory});

const labelsOf = (files: ReturnType<typeof filesWith>) => {
	const {services} = parse(files.find(({path}) => path === 'compose.yaml')!.text);
	return Object.fromEntries(
		Object.entries<{labels: Record<string, string>}>(services).map(([name, {labels}]) => [
			name,
			labels['specify-setup.content'],
		]),
	);
};

describe('the files of an installation', () => {
	it('are the same for the same answers', () => {
		expect(filesWith()).toEqual(filesWith());
	});

	it('have the modes that keep secrets from others and settings readable for containers', () => {
		expect(Object.fromEntries(filesWith().map(({path, mode}) => [path, mode.toString(8)]))).toEqual({
			'specify.yaml': '644',
			'.env': '600',
			'.specify-setup/environment': '600',
			'.specify-setup/project': '600',
			'.specify-setup/secrets/database-root-password': '444',
			'proxy/Caddyfile': '644',
			'media/web_asset_store.xml': '644',
			'specify7/local_settings.py': '644',
			'compose.yaml': '644',
		});
	});

	it('that others may read hold no secret', () => {
		fc.assert(
			fc.property(
				fc.constant(null).map(() => completeSecrets({})),
				secrets => {
					for (const {path, text, mode} of filesWith({secrets})) {
						if ((mode & 0o044) === 0 || path.startsWith('.specify-setup/')) continue;
						for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
					}
				},
			),
			{numRuns: 20},
		);
	});

	it('begin by saying who made them', () => {
		for (const {path, text} of filesWith())
			if (!/\.xml$|password$|^specify\.yaml$/.test(path)) expect(text).toMatch(/^# Made by specify-setup/);
	});
});

describe('a change of the answers', () => {
	const before = labelsOf(filesWith());
	const recreated = (files: ReturnType<typeof filesWith>) =>
		Object.entries(labelsOf(files)).flatMap(([service, label]) => (label === before[service] ? [] : [service]));

	it('of telemetry recreates Specify 7 and its worker', () => {
		expect(recreated(filesWith({answers: answersWith({privacy: {telemetry: true}})}))).toEqual(['specify7', 'worker']);
	});

	it('of the domain recreates the proxy, whose file it changes', () => {
		expect(recreated(filesWith({answers: answersWith({domain: 'nrm.example'})}))).toEqual(['proxy']);
	});

	it("of the database's root password recreates the database server", () => {
		expect(recreated(filesWith({secrets: {...knownSecrets, DATABASE_ROOT_PASSWORD: 'another'}}))).toEqual(['db']);
	});
});

describe('the settings of Specify 7', () => {
	it('send no statistics unless somebody wants them to', () => {
		expect(localSettings({privacy: {telemetry: false, publicAttachments: true}})).toMatch(
			/^STATS_URL = None\nSTATS_2_URL = None$/m,
		);
		expect(localSettings({privacy: {telemetry: true, publicAttachments: true}})).not.toContain('STATS');
	});

	it("run the user's own files after them", () => {
		const text = localSettings({privacy: {telemetry: false, publicAttachments: true}});
		expect(text.indexOf('/opt/local_settings.d')).toBeGreaterThan(text.indexOf('STATS_2_URL'));
	});
});

describe('health checks', () => {
	const tests = healthTests(answersWith({domain: 'nrm.example'}));

	it('ask Specify 7 under its own name, as its proxy would', () => {
		expect(tests.specify7.join(' ')).toContain("'Host': 'specify7.nrm.example'");
	});

	it('in shell are sound', () => {
		for (const [program, flag, script] of Object.values(tests))
			if (program === 'bash') execFileSync('bash', ['-n', flag!, script!]);
	});
});

describe('names', () => {
	it.each([
		['/opt/specify', 'specify'],
		['/opt/specify/', 'specify'],
		['/srv/NRM Specify', 'nrm-specify'],
		['/home/ada/.specify', 'specify'],
		['/srv/specify_2026-08', 'specify_2026-08'],
		['/srv/__x', 'x'],
		['/srv/Kärlväxter', 'k-rlv-xter'],
		['/srv/魚', 'specify'],
		['/', 'specify'],
	])('of a project in %s: %s', (directory, project) => {
		expect(projectName(directory)).toBe(project);
	});

	it('are always ones that Compose takes', () => {
		fc.assert(
			fc.property(fc.string({unit: 'grapheme'}), name => {
				expect(projectName(`/srv/${name}`)).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
			}),
		);
	});

	it('of volumes begin with the project', () => {
		expect(Object.values(volumesOf('nrm')).every(volume => volume.startsWith('nrm_'))).toBe(true);
	});
});
