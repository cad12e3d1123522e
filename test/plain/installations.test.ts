import {describe, expect, it} from 'vitest';
import type {Installation} from '../../source/model/installations.js';
import {chooseInstallation} from '../../source/plain/installations.js';

const list: Installation[] = [
	{
		kind: 'here',
		directory: '/opt/specify',
		project: 'specify',
		remembered: true,
		glance: 'healthy',
		version: 'v7.12.0.7',
		address: 'https://specify7.museum.example/',
	},
	{kind: 'gone', directory: '/srv/gone', remembered: true, glance: 'nothing there', project: null},
	{kind: 'data', project: 'herbarium'},
];

/** Answers each question with the choice whose name holds the next of these words. */
const answering = async (...words: string[]) => {
	const printed: string[] = [];
	const dropped: string[] = [];
	const offered: string[][] = [];
	const result = await chooseInstallation(
		list,
		{
			drop: async directory => {
				dropped.push(directory);
			},
			print: (...lines) => printed.push(...lines),
		},
		async ({choices}) => {
			offered.push(choices.map(({name}) => name));
			const word = words.shift()!;
			return choices.find(({name}) => name.includes(word))!.value;
		},
	);
	return {result, printed: printed.join('\n'), dropped, offered};
};

describe('the plain question which installation is meant', () => {
	it('offers each with its state, another one, and to leave', async () => {
		const {result, offered} = await answering('/opt/specify');
		expect(result).toEqual({open: '/opt/specify'});
		expect(offered[0]).toEqual([
			'/opt/specify: healthy, https://specify7.museum.example/, v7.12.0.7',
			'/srv/gone: the folder is gone; nothing there',
			'data of herbarium: are in Docker, but their folder is not known',
			'Install another one',
			'Leave',
		]);
		expect((await answering('another')).result).toEqual({another: true});
		expect((await answering('Leave')).result).toBeNull();
	});

	it('says what to do about data without a folder, and asks again', async () => {
		const {result, printed} = await answering('herbarium', 'Leave');
		expect(printed).toContain('The volumes of herbarium');
		expect(result).toBeNull();
	});

	it('drops a folder that is gone only when that is wanted', async () => {
		expect((await answering('/srv/gone', 'No', 'Leave')).dropped).toEqual([]);
		const {dropped, offered} = await answering('/srv/gone', 'Yes', 'Leave');
		expect(dropped).toEqual(['/srv/gone']);
		expect(offered.at(-1)!.join()).not.toContain('/srv/gone');
	});
});
