import {mkdirSync, writeFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import type {SetupError} from '../../source/errors.js';
import {attachments, bytesToCopy} from '../../source/steps/attachments.js';
import {offlineAnswers} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drainToError} from '../_helpers/generators.js';
import {nothingThere, serviceSeen} from '../_helpers/observation.js';

const {fresh} = temporaryFolder();
const files = new Map([
	['a.jpg', 1000],
	['b.jpg', 2000],
]);

/** A run that copies two attachments into a volume with so much room (kibibytes), where these are already. */
const copying = (roomKiB: number, there: Record<string, number> = {}) => {
	const source = fresh('assets');
	mkdirSync(source);
	for (const [name, size] of files) writeFileSync(`${source}/${name}`, 'x'.repeat(size));
	const context = contextWith({answers: offlineAnswers({database: {start: 'dump', dump: 'x', attachments: source}})});
	context.host.folders.set(source, 0o755);
	const rows = (found: Iterable<[string, number]>) => [...found].map(([name, size]) => `${size}\t${name}`);
	context.host
		.on('df -Pk', {stdout: `/dev/vda 1 1 ${roomKiB} 1% /x\n`})
		.on('exec find', {stdout: rows(Object.entries(there)).join('\n')});
	// The fake waits where a followed log would; a list ends.
	context.host.lines = async function* () {
		for (const line of rows(files)) yield {source: 'stdout' as const, line};
		return 0;
	};
	return context;
};

describe('attachments', () => {
	it('that do not fit are not begun, and what is missing is told', async () => {
		const context = copying(1);
		const {error} = await drainToError(attachments(context));
		expect(error.message).toMatch(/^There is not enough space for the attachments: 1\.0 kB are free .* are missing\.$/);
		expect(context.host.ran('tar --extract')).toEqual([]);
	});

	it('that came before are not counted again', async () => {
		const context = copying(1, {'b.jpg': 2000});
		context.host.on('tar --extract', {exitCode: 2, stderr: 'tar: a.jpg: Cannot write: No space left on device\n'});
		const {error} = await drainToError(attachments(context));
		expect(context.host.ran('tar --extract')).toHaveLength(1);
		expect((error as SetupError).details).toEqual([
			'The attachments could not be copied: tar: a.jpg: Cannot write: No space left on device',
		]);
		expect((error as SetupError).hint).toContain('goes on with what is missing');
	});

	it('are counted before a run: all, those that are missing, or none while nobody can tell', async () => {
		const context = copying(1, {'a.jpg': 1000, 'b.jpg': 5});
		const seen = (services: object) => ({...context, observation: nothingThere({services})});
		expect(await bytesToCopy(seen({}), files)).toBe(3000);
		expect(await bytesToCopy(seen({media: serviceSeen()}), files)).toBe(2000);
		expect(await bytesToCopy(seen({media: serviceSeen({state: 'exited'})}), files)).toBe(0);
	});
});
