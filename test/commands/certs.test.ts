import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {certs, help} from '../../source/commands/certs.js';
import {failureOf} from '../_helpers/failure.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {fresh} = temporaryFolder();

describe('certs', () => {
	let said: string[];
	let listeners: NodeJS.SignalsListener[];
	beforeEach(() => {
		said = [];
		listeners = process.listeners('SIGINT');
		vi.spyOn(process.stdout, 'write').mockImplementation(text => {
			said.push(String(text));
			return true;
		});
	});
	afterEach(() => {
		vi.restoreAllMocks();
		for (const signal of ['SIGINT', 'SIGTERM'] as const)
			for (const listener of process.listeners(signal))
				if (!listeners.includes(listener)) process.off(signal, listener);
	});

	const installed = (yaml: string) => {
		const directory = fresh('specify');
		mkdirSync(directory);
		writeFileSync(join(directory, 'specify.yaml'), yaml);
		return directory;
	};

	it.each<[argv: string[], message: RegExp]>([
		[['show'], /^certs does not know "show"\.$/],
		[['Renew'], /^certs does not know "Renew"\.$/],
		[['trust', 'specify7.nrm.example'], /^certs does not know "trust specify7\.nrm\.example"\.$/],
		[['--force'], /--force/],
		[['--dir'], /--dir/],
		[['--json=yes'], /--json/],
		[['--dir', '/nowhere/at/all'], /^Nothing is installed in \/nowhere\/at\/all\.$/],
		[['renew', '--dir', '/nowhere/at/all'], /^Nothing is installed/],
	])('%j is wrong use (2), and the message says what to do', async (argv, message) => {
		const failure = await failureOf(certs(argv));
		expect(failure.message).toMatch(message);
		expect(failure.exitCode).toBe(2);
		expect(failure.hint).not.toBe('');
		expect(said).toEqual([]);
	});

	it('of answers that are wrong (2) names the key', async () => {
		const directory = installed('domain: museum\n');
		const failure = await failureOf(certs(['--dir', directory]));
		expect(failure.exitCode).toBe(2);
		expect(`${failure.message} ${failure.details.join(' ')}`).toContain('domain');
	});

	it('trust tells every system how, with the root of this installation, and needs no engine', async () => {
		const directory = installed('domain: nrm.example\n');
		expect(await certs(['trust', '--dir', directory])).toBe(0);
		const root = join(directory, 'certificates/root.crt');
		expect(said.join('')).toContain(root);
		said.length = 0;
		await certs(['trust', '--json', '--dir', directory]);
		const told = JSON.parse(said.join(''));
		expect(told.root).toBe(root);
		expect(told.recipes.length).toBeGreaterThan(2);
		for (const {system, steps, commands} of told.recipes) {
			expect(system).not.toBe('');
			expect(steps.length + commands.length).toBeGreaterThan(0);
		}
	});

	it.each([
		['domain: museum.org\ncertificates: letsencrypt\n', 'acme-v02.api.letsencrypt.org'],
		['domain: nrm.example\nproxy: behind\n', 'your web server in front'],
	])('trust of certificates from elsewhere says that nothing needs to be done', async (yaml, source) => {
		const directory = installed(yaml);
		expect(await certs(['trust', '--dir', directory])).toBe(0);
		expect(said.join('')).toBe(`Nothing needs to be done here: the certificates come from ${source}.\n`);
		said.length = 0;
		await certs(['trust', '--json', '--dir', directory]);
		expect(JSON.parse(said.join(''))).toEqual({root: null, recipes: []});
	});

	it('renew of a name of somebody else is wrong use (2), and lets the next run go', async () => {
		const directory = installed('domain: nrm.example\n');
		for (let time = 0; time < 2; time += 1) {
			const failure = await failureOf(certs(['renew', 'www.example.org', '--dir', directory]));
			expect(failure.message).toContain('www.example.org is not a host name of this installation');
			expect(failure.hint).toContain('specify7.nrm.example, media.nrm.example, nrm.example');
			expect(failure.exitCode).toBe(2);
		}
	});

	it('documents what it takes and how it ends', () => {
		for (const part of ['renew', 'trust', '--dir', '--json', 'Exit codes: 0 ', 'Examples'])
			expect(help).toContain(part);
	});
});
