import {chmod, mkdir, readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {hashOf, installationFiles} from '../../source/files/installation.js';
import {localHost} from '../../source/host/local.js';
import type {StepEvent} from '../../source/model/events.js';
import type {Context} from '../../source/steps/context.js';
import {compareFiles, completeHashes, writeFiles} from '../../source/steps/files.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import type {FakeHost} from '../_helpers/fake-host.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain} from '../_helpers/generators.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const {fresh} = temporaryFolder();

/** Looks at the files and writes them, as a run does. */
const write = async (context: Context) => {
	const files = await compareFiles(context);
	return drain(writeFiles({...context, observation: {...context.observation, files}}));
};

const notes = (events: readonly StepEvent[]) => events.flatMap(event => (event.type === 'note' ? [event] : []));

const written = async () => {
	const context = contextWith();
	await write(context);
	return context;
};

const previous = (host: FakeHost) =>
	[...host.files]
		.filter(([path]) => path.includes('/.specify-setup/previous/'))
		.map(([path, file]) => ({path, ...file}));

describe('the files of an installation', () => {
	it('are all written the first time, with their modes', async () => {
		const context = contextWith();
		const {result, yielded} = await write(context);
		expect(result).toEqual({
			changed: true,
			summary: `${context.files.length} files written in /opt/specify.`,
		});
		expect(yielded).toEqual([]);
		for (const {path, text, mode} of context.files)
			expect(context.host.files.get(`/opt/specify/${path}`)).toEqual({text, mode});
	});

	it('come with the folders of the user, and the own folder closed to others', async () => {
		const {host} = await written();
		expect(Object.fromEntries(host.folders)).toMatchObject({
			'/opt/specify': 0o755,
			'/opt/specify/.specify-setup': 0o700,
			'/opt/specify/backups': 0o700,
			'/opt/specify/Caddyfile.d': 0o755,
			'/opt/specify/local_settings.d': 0o755,
		});
	});

	it('are not written again when nothing changed', async () => {
		const context = await written();
		const before = new Map(context.host.files);
		const {result, yielded} = await write(context);
		expect(result).toEqual({changed: false, summary: 'The files in /opt/specify are as they should be.'});
		expect(yielded).toEqual([]);
		expect(context.host.files).toEqual(before);
	});

	it('that the answers change are rewritten, and the version before is kept', async () => {
		const context = await written();
		const old = context.host.files.get('/opt/specify/proxy/Caddyfile')!.text;
		const answers = answersWith({...context.answers, domain: 'nrm.example', hostnames: {}});
		const files = installationFiles({project: 'specify', answers, secrets: knownSecrets, memory: 8 * GiB});
		const {result, yielded} = await write({...context, answers, files});
		expect(result.changed).toBe(true);
		expect(notes(yielded)).toEqual([]);
		expect(context.host.files.get('/opt/specify/proxy/Caddyfile')!.text).toContain('nrm.example');
		const kept = previous(context.host).find(({path}) => path.endsWith('/proxy/Caddyfile'))!;
		expect(kept).toMatchObject({text: old, mode: 0o600});
	});

	it('that lost their mode get it back', async () => {
		const context = await written();
		const environment = context.host.files.get('/opt/specify/.env')!;
		context.host.files.set('/opt/specify/.env', {...environment, mode: 0o644});
		expect((await compareFiles(context))['.env']).toBe('different');
		expect((await write(context)).result.changed).toBe(true);
		expect(context.host.files.get('/opt/specify/.env')).toEqual({...environment, mode: 0o600});
	});

	it('whose record is lost are recorded again, so that nobody takes them for hand edits', async () => {
		const context = contextWith();
		await drain(writeFiles(context));
		const record = '/opt/specify/.specify-setup/hashes.json';
		const before = context.host.files.get(record)!.text;
		for (const text of ['', undefined]) {
			if (text === undefined) context.host.files.delete(record);
			else context.host.files.set(record, {text, mode: 0o600});
			await completeHashes(context);
			expect(context.host.files.get(record)!.text).toBe(before);
		}
		context.host.files.delete(record);
		const [edited] = context.files;
		context.host.files.set(`/opt/specify/${edited!.path}`, {text: 'by hand', mode: 0o644});
		await completeHashes(context);
		expect((await compareFiles(context))[edited!.path]).toBe('edited');
	});

	it('that are lost come back', async () => {
		const context = await written();
		context.host.files.delete('/opt/specify/compose.yaml');
		const {result} = await write(context);
		expect(result.summary).toBe('1 files written in /opt/specify.');
		expect(context.host.files.has('/opt/specify/compose.yaml')).toBe(true);
	});
});

describe('a hand edit', () => {
	const edited = async (path: string) => {
		const context = await written();
		const full = `/opt/specify/${path}`;
		const mode = context.host.files.get(full)!.mode;
		context.host.files.set(full, {text: 'mine\n', mode});
		return {context, full, ...(await write(context))};
	};

	it('is told, kept as a copy that only the owner reads, and replaced', async () => {
		const {context, full, yielded} = await edited('compose.yaml');
		expect(context.host.files.get(full)!.text).not.toBe('mine\n');
		const [copy] = previous(context.host);
		expect(copy).toMatchObject({text: 'mine\n', mode: 0o600});
		expect(notes(yielded)).toEqual([
			{
				type: 'note',
				level: 'warning',
				message: `compose.yaml was edited by hand; your version is kept as ${copy!.path}.`,
				hint: expect.stringContaining('compose.override.yaml'),
			},
		]);
	});

	it('of specify.yaml is told in its own words', async () => {
		const {yielded} = await edited('specify.yaml');
		expect(notes(yielded)[0]!.hint).toBe('specify.yaml now holds the answers of this run.');
	});

	it('that happens to be what is to be written is none', async () => {
		const context = await written();
		const [file] = context.files;
		await context.host.write(
			`/opt/specify/.specify-setup/hashes.json`,
			JSON.stringify({[file!.path]: hashOf('old')}),
			0o600,
		);
		expect((await compareFiles(context))[file!.path]).toBe('same');
	});

	it("does not touch what is the user's own", async () => {
		const context = await written();
		const own = ['compose.override.yaml', 'Caddyfile.d/mine.caddy', 'local_settings.d/ldap.py'];
		for (const path of own) await context.host.write(`/opt/specify/${path}`, 'mine', 0o640);
		context.host.files.delete('/opt/specify/compose.yaml');
		await write(context);
		for (const path of own) expect(context.host.files.get(`/opt/specify/${path}`)).toEqual({text: 'mine', mode: 0o640});
	});
});

describe('a file that was there before the first run', () => {
	it('is kept as a copy, and that is told', async () => {
		const context = contextWith();
		await context.host.write('/opt/specify/compose.yaml', "services: {web: {image: 'nginx'}}\n", 0o644);
		const {yielded} = await write(context);
		const [copy] = previous(context.host);
		expect(copy).toMatchObject({text: "services: {web: {image: 'nginx'}}\n"});
		expect(notes(yielded).map(({message}) => message)).toEqual([expect.stringContaining(copy!.path)]);
	});
});

describe('on a real disk', () => {
	const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
	const context = (directory: string) => ({...contextWith({directory}), host: localHost});

	it('writes everything, secrets for the owner alone', async () => {
		const directory = fresh('specify');
		await write(context(directory));
		expect((await readdir(directory)).sort()).toEqual([
			'.env',
			'.specify-setup',
			'Caddyfile.d',
			'backups',
			'compose.yaml',
			'landing',
			'local_settings.d',
			'media',
			'proxy',
			'specify.yaml',
			'specify7',
		]);
		expect(await modeOf(join(directory, '.env'))).toBe('600');
		expect(await modeOf(join(directory, '.specify-setup'))).toBe('700');
		expect((await write(context(directory))).result.changed).toBe(false);
	});

	it('closes the own folder again when it was opened: the secrets in it are readable', async () => {
		const directory = fresh('specify');
		await mkdir(join(directory, '.specify-setup'), {recursive: true});
		await chmod(join(directory, '.specify-setup'), 0o755);
		await write(context(directory));
		expect(await modeOf(join(directory, '.specify-setup'))).toBe('700');
	});

	it('leaves the mode of a folder that the user made for it', async () => {
		const directory = fresh('specify');
		await mkdir(directory, {mode: 0o750});
		await write(context(directory));
		expect(await modeOf(directory)).toBe('750');
	});
});
