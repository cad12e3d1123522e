import {describe, expect, it} from 'vitest';
import {isInstallation, lostAnswers} from '../../source/run/lost-answers.js';
import {FakeHost} from '../_helpers/fake-host.js';

const directory = '/opt/specify';
const history = (day: number) => `.specify-setup/answers/2026-08-0${day}T10-00-00-000Z.yaml`;
const project = {'.specify-setup/project': '# Made by\nspecify\n'};
const compose = {'compose.yaml': 'services: {db: {labels: {specify-setup.project: specify}}}\n'};

const placeWith = async (files: Record<string, string>) => {
	const host = new FakeHost();
	for (const [path, text] of Object.entries(files)) await host.write(`${directory}/${path}`, text, 0o644);
	return {host, directory};
};

describe('answers of an installation', () => {
	it.each([
		['the earlier answers', {[history(1)]: 'version: 1\n'}],
		['the project', project],
		['the composition', compose],
	])('are lost where specify.yaml is missing and %s tell of it', async (_, files) => {
		const place = await placeWith(files);
		expect(await lostAnswers(place)).toMatchObject({directory, how: 'missing'});
		expect(await isInstallation(place)).toBe(true);
	});

	it.each(['', '\n\n', '# a comment\n', '---\n', '{}\n', 'null\n'])('are lost where all it says is %j', async text => {
		expect(await lostAnswers(await placeWith({...project, 'specify.yaml': text}))).toMatchObject({how: 'empty'});
	});

	it('are kept as they were installed last', async () => {
		const kept = {[history(2)]: 'version: 1\n', [history(1)]: 'version: 1\n', '.specify-setup/answers/a.txt': ''};
		expect((await lostAnswers(await placeWith(kept)))!.newest).toBe(`${directory}/${history(2)}`);
		expect((await lostAnswers(await placeWith(project)))!.newest).toBeNull();
	});

	it.each(['version: 1\n', 'domain: [\n', '- a\n', '"domain": a.example'])(
		'are not lost where it says something, right or wrong: %j',
		async text => {
			expect(await lostAnswers(await placeWith({...project, ...compose, 'specify.yaml': text}))).toBeNull();
		},
	);

	it('are not lost where none were: in no folder, with passwords alone, beside another composition or runs that never began', async () => {
		for (const files of [
			{},
			{'.env': 'MASTER_PASSWORD=a\n'},
			{'compose.yaml': 'services: {web: {image: nginx}}\n', '.env': 'A=b\n'},
			{'.specify-setup/journals/20260801T100000-abcd.jsonl': '', '.specify-setup/lock': '{}'},
		]) {
			const place = await placeWith(files as Record<string, string>);
			expect(await lostAnswers(place), JSON.stringify(files)).toBeNull();
			expect(await isInstallation(place), JSON.stringify(files)).toBe(false);
		}
	});

	it('that may not be read are told where they are read', async () => {
		const place = await placeWith(project);
		const {host} = place;
		const read = host.read;
		host.read = path => (path.endsWith('specify.yaml') ? Promise.reject(new Error('EACCES')) : read(path));
		expect(await lostAnswers(place)).toBeNull();
		expect(await isInstallation(place)).toBe(true);
	});
});
