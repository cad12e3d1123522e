import {createHash} from 'node:crypto';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
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
			'.specify-setup/specify.schema.json': '600',
			'.specify-setup/environment': '600',
			'.specify-setup/project': '600',
			'.specify-setup/secrets/database-root-password': '444',
			'proxy/Caddyfile': '644',
			'media/web_asset_store.xml': '644',
			'landing/index.html': '644',
			'specify7/local_settings.py': '644',
			'specify7/health.py': '644',
			'compose.yaml': '644',
		});
	});

	it('behind another web server come with configurations for it, of the names and the ports of the answers', () => {
		const added = (given: Parameters<typeof answersWith>[0]) =>
			filesWith({answers: answersWith(given)}).filter(({path}) => path.startsWith('web-server/'));
		expect(added({})).toEqual([]);
		const behind = added({domain: 'nrm.example', proxy: 'behind', ports: {http: 8123, https: 8443}});
		expect(behind.map(({path, mode}) => [path, mode.toString(8)])).toEqual([
			['web-server/nginx.conf', '644'],
			['web-server/apache.conf', '644'],
		]);
		for (const {text} of behind)
			for (const part of ['specify7.nrm.example', 'media.nrm.example', 'http://127.0.0.1:8123', ':8443'])
				expect(text).toContain(part);
	});

	it("that others may read let nobody try a guess at the database's password, and change with it alone", () => {
		const secrets = {...knownSecrets, DATABASE_ROOT_PASSWORD: 'museum123456'};
		const {db} = labelsOf(filesWith({secrets}));
		const {DATABASE_ROOT_PASSWORD: guess} = secrets;
		const digest = (text: string) => createHash('sha256').update(text).digest('hex');
		expect([digest(guess), digest(`${guess}\0`), digest(`${guess}\n`)]).not.toContain(db);
		expect(labelsOf(filesWith({secrets: {...secrets, SECRET_KEY: 'Another1234567890'}})).db).not.toBe(db);
		expect(labelsOf(filesWith({secrets: {...secrets, MASTER_PASSWORD: 'Another1234567890'}})).db).toBe(db);
		expect(labelsOf(filesWith({secrets, answers: answersWith({timezone: 'Europe/Berlin'})})).db).toBe(db);
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
			if (!/\.xml$|\.html$|\.json$|password$|^specify\.yaml$/.test(path))
				expect(text).toMatch(/^# Made by specify-setup/);
	});

	it('say in the page for visitors who installed it, and that nobody endorses it', () => {
		const page = filesWith().find(({path}) => path === 'landing/index.html')!.text;
		expect(page).toMatch(/Installed with specify-setup, an unofficial tool.*not made or endorsed/);
	});
});

describe('a change of the answers', () => {
	const before = labelsOf(filesWith());
	const recreated = (files: ReturnType<typeof filesWith>) =>
		Object.entries(labelsOf(files)).flatMap(([service, label]) => (label === before[service] ? [] : [service]));

	it('of telemetry recreates Specify 7 and its worker', () => {
		expect(recreated(filesWith({answers: answersWith({privacy: {telemetry: true}})}))).toEqual(['specify7', 'worker']);
	});

	it('of what is in the files of the proxy recreates nothing: it is told to load them', () => {
		for (const given of [{domain: 'nrm.example'}, {hsts: true}, {certificates: 'letsencrypt'}] as const)
			expect(recreated(filesWith({answers: answersWith(given)}))).toEqual([]);
		expect(labelsOf(filesWith())).toMatchObject({proxy: undefined});
		expect(filesWith({answers: answersWith({hsts: true})}).find(({path}) => path === 'proxy/Caddyfile')!.text).not.toBe(
			filesWith().find(({path}) => path === 'proxy/Caddyfile')!.text,
		);
	});

	it('of who may read attachments recreates Specify 7 and its worker', () => {
		expect(recreated(filesWith({answers: answersWith({privacy: {publicAttachments: false}})}))).toEqual([
			'specify7',
			'worker',
		]);
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

	it('want a token for attachments when these are closed', () => {
		const closed = /^WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET = True$/m;
		expect(localSettings({privacy: {telemetry: false, publicAttachments: false}})).toMatch(closed);
		expect(localSettings({privacy: {telemetry: false, publicAttachments: true}})).not.toMatch(closed);
	});

	it("run the user's own files after them", () => {
		const text = localSettings({privacy: {telemetry: false, publicAttachments: false}});
		const own = text.indexOf('/opt/local_settings.d');
		for (const setting of ['STATS_2_URL', 'WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET']) {
			expect(text).toContain(setting);
			expect(own).toBeGreaterThan(text.indexOf(setting));
		}
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
