import {afterEach, describe, expect, it, vi} from 'vitest';
import {errorLines, show} from '../../source/commands/output.js';
import {exitCodes, SetupError} from '../../source/errors.js';
import {readFlags} from '../../source/flags.js';
import type {Event} from '../../source/model/events.js';
import {entries, finished, started} from '../_helpers/events.js';

afterEach(() => vi.restoreAllMocks());

/** Shows events; the exit code and what was written. */
const shown = async (output: 'plain' | 'json', ...events: Event[]) => {
	let text = '';
	vi.spyOn(process.stdout, 'write').mockImplementation(part => {
		text += part;
		return true;
	});
	const stream = (async function* () {
		yield* entries(...events);
	})();
	const exitCode = await show(stream, output);
	vi.restoreAllMocks();
	return {exitCode, text};
};

describe('showing a run', () => {
	it.each([
		['done', 0],
		['failed', 3],
		['cancelled', 130],
	] as const)('that ended %s gives its exit code %i', async (outcome, exitCode) => {
		expect((await shown('plain', started(), finished({outcome, exitCode}))).exitCode).toBe(exitCode);
	});

	it('that ended without a word fails and says what to do', async () => {
		const early = await shown('plain', started());
		expect(early.exitCode).toBe(1);
		expect(early.text).toContain('What to do: Run the same command again;');
		// Once the answers are written down, no flags are needed any more. As root it is the usual folder.
		const {text} = await shown('plain', started(), {
			type: 'step.finished',
			step: 'files',
			changed: true,
			summary: '',
			ms: 1,
		});
		expect(text).toMatch(/What to do: Run "specify-setup( --dir \/opt\/specify)?" again;/);
	});

	it('that ended without a word is told as JSON by a last line as of every run', async () => {
		const {exitCode, text} = await shown('json', started(), {type: 'step.started', step: 'files'});
		const lines = text
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line));
		expect(exitCode).toBe(1);
		expect(lines.map(({type}) => type)).toEqual(['run.started', 'step.started', 'run.finished']);
		expect(lines.at(-1)).toEqual({
			type: 'run.finished',
			outcome: 'interrupted',
			exitCode: 1,
			at: lines[1].at,
			ms: 1000,
			addresses: [],
			next: [],
			message: 'The run ended without finishing.',
			hint: expect.stringContaining('it continues where this one stopped'),
		});
		// Whoever keeps that and shows it again is told the same.
		expect((await shown('plain', ...lines)).text).toContain('The run ended without finishing.');
	});

	it('as JSON is one object a line, as the journal has them, and nothing else', async () => {
		const events = [started(), finished()];
		const {text} = await shown('json', ...events);
		expect(
			text
				.trimEnd()
				.split('\n')
				.map(line => JSON.parse(line)),
		).toEqual(entries(...events));
	});
});

describe('an error', () => {
	const error = new SetupError('Port 443 is used.', {hint: 'Stop nginx.', details: ['nginx'], cause: new Error('why')});

	it('is what happened, details, and what to do', () => {
		expect(errorLines(error)).toEqual(['Port 443 is used.', '  nginx', 'What to do: Stop nginx.']);
	});

	it('has its causes where they are asked for', () => {
		expect(errorLines(error, {verbose: true}).join('\n')).toContain('Error: why');
	});
});

describe('flags', () => {
	const options = {dir: {type: 'string'}, set: {type: 'string', multiple: true}, yes: {type: 'boolean'}} as const;

	it('are read, repeated ones too', () => {
		const {values} = readFlags('install', ['--dir', '/srv/x', '--set', 'a=1', '--set=b=2', '--yes'], options);
		expect(values).toMatchObject({dir: '/srv/x', set: ['a=1', 'b=2'], yes: true});
	});

	it.each([[['--colour']], [['--dir']], [['--yes=maybe']], [['surplus']]])('refuse %j as wrong use', argv => {
		const read = () => readFlags('install', argv, options);
		expect(read).toThrow(SetupError);
		expect(read).toThrow(
			expect.objectContaining({exitCode: exitCodes.usage, hint: expect.stringContaining('install --help')}),
		);
	});

	it('leave as many words as a command takes', () => {
		expect(readFlags('replay', ['a.jsonl'], {}, {positionals: 1}).positionals).toEqual(['a.jsonl']);
		expect(() => readFlags('replay', ['a', 'b'], {}, {positionals: 1})).toThrow("Unexpected argument 'b'");
	});
});
