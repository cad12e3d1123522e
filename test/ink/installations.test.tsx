import {afterEach, describe, expect, it} from 'vitest';
import {type InstallationsLeft, InstallationsScreen} from '../../source/ink/screens/installations.js';
import {columnsOf} from '../../source/ink/spans.js';
import type {Installation} from '../../source/model/installations.js';
import {draw, keys} from '../_helpers/screen.js';
import {until} from '../_helpers/until.js';

const here = (directory: string, over: Partial<Extract<Installation, {kind: 'here'}>> = {}): Installation => ({
	kind: 'here',
	directory,
	project: 'museum',
	remembered: true,
	glance: 'healthy',
	version: 'v7.12.0.7',
	address: 'https://specify7.museum.example/',
	...over,
});
const gone = (over: Partial<Extract<Installation, {kind: 'gone'}>> = {}): Installation => ({
	kind: 'gone',
	directory: '/srv/gone',
	remembered: true,
	glance: 'nothing there',
	project: null,
	...over,
});
const data: Installation = {kind: 'data', project: 'herbarium'};
const some = [here('/opt/specify'), here('/srv/zoo', {glance: '6 of 7 services healthy'}), gone(), data];

const open: {unmount(): void}[] = [];
afterEach(() => {
	for (const screen of open.splice(0)) screen.unmount();
});

const show = (installations: readonly Installation[], size = {columns: 80, rows: 24}) => {
	const left: InstallationsLeft[] = [];
	const dropped: string[] = [];
	const screen = draw(
		<InstallationsScreen
			installations={installations}
			onDrop={directory => dropped.push(directory)}
			onLeave={how => left.push(how)}
		/>,
		size,
	);
	open.push(screen);
	return {...screen, left, dropped};
};

describe('the list of installations', () => {
	it('tells folder, address, state and version of each, with a symbol and in words', async () => {
		const screen = show(some);
		for (const row of [
			/❯ \/opt\/specify\n +✔ healthy, https:\/\/specify7\.museum\.example\/, v7\.12\.0\.7/,
			/ {2}\/srv\/zoo\n +! 6 of 7 services healthy/,
			/\/srv\/gone\n +! the folder is gone/,
			/data of herbarium\n +! are in Docker/,
			/ {2}Install another one/,
		])
			await screen.shows(row);
	});

	it.each([
		[[], {open: '/opt/specify'}],
		[[keys.down], {open: '/srv/zoo'}],
		[[keys.end], {another: true}],
	])('opens what is chosen (%j)', async (before, expected) => {
		const screen = show(some);
		await screen.shows('❯ /opt/specify');
		await screen.press(...before, keys.enter);
		await until(() => screen.left.length === 1);
		expect(screen.left).toEqual([expected]);
	});

	it.each([
		['n', {another: true}],
		['q', null],
		[keys.escape, null],
		[keys.ctrlC, null],
	])('is left with %j', async (key, expected) => {
		const screen = show(some);
		await screen.shows('❯ /opt/specify');
		await screen.press(key);
		await until(() => screen.left.length === 1);
		expect(screen.left).toEqual([expected]);
	});

	it('says what to do about those that cannot be opened, and does not open them', async () => {
		const screen = show(some);
		await screen.shows('❯ /opt/specify');
		await screen.press(keys.down, keys.down);
		await screen.shows(/There is no specify\.yaml in \/srv\/gone/);
		await screen.press(keys.enter, keys.down, keys.enter);
		await screen.shows(/volumes of herbarium/);
		expect(screen.left).toEqual([]);
	});

	it('drops a folder that is gone, and no other', async () => {
		const screen = show([...some, gone({directory: '/srv/unlisted', remembered: false, project: 'unlisted'})]);
		await screen.shows('❯ /opt/specify');
		await screen.press('x', keys.down, keys.down);
		expect(screen.dropped).toEqual([]);
		await screen.shows('x drop it from this list');
		await screen.press('x');
		expect(screen.dropped).toEqual(['/srv/gone']);
		expect(screen.frame()).not.toContain('/srv/gone');
		await screen.press(keys.down, 'x');
		expect(screen.dropped).toEqual(['/srv/gone']);
	});

	it.each([
		{columns: 32, rows: 10},
		{columns: 60, rows: 20},
		{columns: 80, rows: 24},
		{columns: 140, rows: 45},
	])('is never larger than the terminal ($columns×$rows)', async size => {
		const many = Array.from({length: 30}, (_, index) =>
			index % 3 === 0 ? gone({directory: `/srv/${'long-'.repeat(30)}${index}`}) : here(`/srv/${index}`),
		);
		const screen = show(many, size);
		await screen.shows('Installations of Specify');
		for (const key of [keys.down, keys.end, keys.up, keys.home, keys.down, keys.down, keys.down]) {
			await screen.press(key);
			const lines = screen.frame().split('\n');
			expect(lines.length, screen.frame()).toBeLessThan(size.rows);
			for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(size.columns);
		}
	});
});
