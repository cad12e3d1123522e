import {mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {commandLine} from '../../source/commands/command-line.js';
import {folderAround, folderOf} from '../../source/commands/folder.js';
import {exitCodes, SetupError} from '../../source/errors.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {fresh} = temporaryFolder();

let home = '';

/** A folder with an installation in it. */
const installation = (path: string) => {
	const directory = join(home, path);
	mkdirSync(join(directory, '.specify-setup'), {recursive: true});
	writeFileSync(join(directory, 'specify.yaml'), 'version: 1\n');
	return realpathSync(directory);
};

const remember = (...installations: string[]) => {
	const folder = join(home, '.config/specify-setup');
	mkdirSync(folder, {recursive: true});
	writeFileSync(join(folder, 'config.json'), JSON.stringify({drafts: {}, installations}));
};

beforeEach(() => {
	home = fresh('home');
	mkdirSync(home);
	vi.stubEnv('HOME', home);
	vi.stubEnv('XDG_CONFIG_HOME', join(home, '.config'));
	// Not root, whose usual folder is one of this machine.
	vi.spyOn(process, 'getuid').mockReturnValue(1000);
	vi.spyOn(process, 'cwd').mockReturnValue(home);
});
afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

describe('the folder that is meant', () => {
	it('is the one that is named, by its real name', () => {
		const directory = installation('museum');
		symlinkSync(directory, join(home, 'link'));
		expect(folderOf(join(home, 'link'))).toBe(directory);
		expect(folderOf('/nowhere/at/all')).toBe('/nowhere/at/all');
	});

	it('is else the one that the current folder is in', () => {
		const directory = installation('museum');
		installation('specify');
		mkdirSync(join(directory, 'proxy/deep'), {recursive: true});
		vi.spyOn(process, 'cwd').mockReturnValue(join(directory, 'proxy/deep'));
		expect(folderAround()).toBe(directory);
		expect(folderOf(undefined)).toBe(directory);
	});

	it('is not one with answers that nothing was installed from', () => {
		writeFileSync(join(home, 'specify.yaml'), 'version: 1\n');
		expect(folderAround()).toBeNull();
	});

	it.each([
		['.specify-setup/project', '# Made by\nmuseum\n'],
		['compose.yaml', 'labels: {specify-setup.project: museum}\n'],
	])('is also one whose answers got lost, as %s tells', (path, text) => {
		const directory = installation('srv/museum');
		remember(directory);
		rmSync(join(directory, 'specify.yaml'));
		expect(folderOf(undefined)).toBe(join(home, 'specify'));
		writeFileSync(join(directory, path), text);
		expect(folderOf(undefined)).toBe(directory);
		expect(folderAround(directory)).toBe(directory);
	});

	it('is else the only one that is known, else the usual one', () => {
		expect(folderOf(undefined)).toBe(join(home, 'specify'));
		const directory = installation('srv/museum');
		remember(directory, join(home, 'gone'));
		expect(folderOf(undefined)).toBe(directory);
	});

	it('is the usual one for the answers of a new installation, but for those given in the folder of another', () => {
		const directory = installation('srv/museum');
		remember(directory);
		expect(folderOf(undefined, {isNew: true})).toBe(join(home, 'specify'));
		vi.spyOn(process, 'cwd').mockReturnValue(directory);
		expect(folderOf(undefined, {isNew: true})).toBe(directory);
	});

	it.each([
		['srv/zoo', {isNew: false}],
		['specify', {isNew: false}],
		['specify', {isNew: true}],
	])('is asked for when several are known and none is meant: one in %s, %j', (other, how) => {
		const museum = installation('srv/museum');
		const known = other === 'specify' ? [installation(other), museum] : [museum, installation(other)];
		remember(...known);
		let thrown: unknown;
		try {
			folderOf(undefined, how);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(SetupError);
		expect(thrown).toMatchObject({exitCode: exitCodes.usage, details: known, hint: expect.stringContaining('--dir')});
	});

	it('is found where the list cannot be read', () => {
		mkdirSync(join(home, '.config/specify-setup'), {recursive: true});
		writeFileSync(join(home, '.config/specify-setup/config.json'), '{broken');
		expect(folderOf(undefined)).toBe(join(home, 'specify'));
	});
});

describe('a command that is told', () => {
	it('names the folder, unless it is the usual one and no other is known', () => {
		const usual = installation('specify');
		expect(commandLine('attach', usual)).toBe('specify-setup attach');
		expect(commandLine('', usual)).toBe('specify-setup');
		expect(commandLine('attach', '/srv/museum')).toBe('specify-setup attach --dir /srv/museum');
		remember(installation('srv/museum'));
		expect(commandLine('', usual)).toBe(`specify-setup --dir ${usual}`);
	});
});
