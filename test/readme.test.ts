import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {withDiagram} from '../assets/diagram.js';
import {help as attachHelp} from '../source/commands/attach.js';
import {help as bundleHelp} from '../source/commands/bundle.js';
import {help as certsHelp} from '../source/commands/certs.js';
import {help as doctorHelp} from '../source/commands/doctor.js';
import {help as installHelp} from '../source/commands/install.js';
import {help as replayHelp} from '../source/commands/replay.js';
import {help as statusHelp} from '../source/commands/status.js';
import {exitCodes} from '../source/errors.js';
import {complete} from '../source/model/answers.js';

const readme = readFileSync('readme.md', 'utf8');

describe('the readme', () => {
	it('shows the composition as it is', () => {
		expect(withDiagram(readme)).toBe(readme);
	});

	it('names every key of specify.yaml', () => {
		for (const key of Object.keys(complete({}))) expect(readme, key).toMatch(new RegExp(`^${key}: `, 'm'));
	});

	it('names every exit code', () => {
		for (const code of Object.values(exitCodes))
			expect(readme).toMatch(new RegExp(`\\b${code} (done|failed|wrong|this|another|stopped)`));
	});

	it('names every flag that a command has', () => {
		for (const help of [installHelp, attachHelp, replayHelp, statusHelp, certsHelp, doctorHelp, bundleHelp])
			for (const [flag] of help.matchAll(/--[a-z-]+/g)) expect(readme, flag).toContain(flag);
	});
});

describe.each([installHelp, attachHelp, replayHelp, statusHelp, certsHelp, doctorHelp, bundleHelp])(
	'every command',
	help => {
		it('explains itself with an example', () => {
			expect(help).toMatch(/^specify-setup /);
			expect(help).toMatch(/Examples?\n {2}specify-setup/);
		});

		it('explains itself in 80 columns', () => {
			expect(help.split('\n').filter(line => line.length > 80)).toEqual([]);
		});
	},
);
