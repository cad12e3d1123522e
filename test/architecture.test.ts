import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'source');

/** What the files of each folder may import of this project; every arrow of the design, and no other. */
const arrows: Record<string, readonly string[]> = {
	model: ['model'],
	host: ['host', 'model', 'errors'],
	engine: ['engine', 'host', 'model', 'errors'],
	files: ['files', 'model', 'errors'],
	database: ['database', 'model', 'errors'],
	steps: ['steps', 'engine', 'files', 'database', 'host', 'model', 'errors'],
	run: ['run', 'steps', 'engine', 'files', 'database', 'host', 'model', 'errors'],
	doctor: ['doctor', 'run', 'steps', 'engine', 'files', 'database', 'host', 'model', 'errors'],
	plain: ['plain', 'model'],
	ink: ['ink', 'model'],
	commands: [
		...['commands', 'doctor', 'run', 'plain', 'ink', 'steps', 'engine', 'files', 'database', 'host', 'model'],
		...['errors', 'flags', 'version'],
	],
	main: ['commands', 'run', 'errors'],
	cli: ['main', 'version'],
	flags: ['errors'],
	errors: [],
	version: [],
};

/** Packages and parts of Node by folder: the model computes, views show, and the world is reached through few doors. */
const outside: Record<string, readonly RegExp[]> = {
	// Of node:net the model takes isIP alone, of node:crypto random numbers.
	model: [/^zod$/, /^node:(url|path|util|crypto|net)$/],
	plain: [/^@inquirer\//],
	ink: [/^(ink|react|ink-[a-z-]+|is-unicode-supported|string-width|[a-z]+-ansi|cli-[a-z]+)$/, /^node:util$/],
	files: [/^yaml$/, /^node:crypto$/],
	steps: [/^node:(path|crypto|stream|tls|util|timers\/promises)$/],
	errors: [],
	version: [],
};

const files = readdirSync(source, {recursive: true, encoding: 'utf8'})
	.filter(name => /\.tsx?$/.test(name))
	.map(name => join(source, name));

/** The folder below source/ a file is in; for those directly in it, the file's own name. */
const partOf = (file: string) =>
	relative(source, file)
		.split('/')[0]!
		.replace(/\.tsx?$/, '');
const nameOf = (file: string) => relative(root, file);

/** What a file imports, types and lazy imports included. */
const importsOf = (file: string): string[] =>
	ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles.map(({fileName}) => fileName);

const fileOf = (importer: string, specifier: string) => {
	const path = resolve(dirname(importer), specifier);
	const found = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')].find(candidate =>
		files.includes(candidate),
	);
	return found ?? path;
};

const graph = new Map(
	files.map(file => [
		file,
		importsOf(file)
			.filter(specifier => specifier.startsWith('.'))
			.map(specifier => fileOf(file, specifier)),
	]),
);

describe('the architecture', () => {
	it('knows every folder of the source', () => {
		expect(files.length).toBeGreaterThan(50);
		expect(files.map(partOf).filter(part => !(part in arrows))).toEqual([]);
	});

	it('has arrows that point one way: nothing imports what is above it, and views import the model alone', () => {
		const wrong = [...graph].flatMap(([file, imported]) =>
			imported
				.filter(other => !other.startsWith(source) || !arrows[partOf(file)]!.includes(partOf(other)))
				.map(other => `${nameOf(file)} imports ${nameOf(other)}`),
		);
		expect(wrong).toEqual([]);
	});

	it('imports only files that exist', () => {
		const missing = [...graph].flatMap(([file, imported]) =>
			imported.filter(other => !files.includes(other)).map(other => `${nameOf(file)} imports ${nameOf(other)}`),
		);
		expect(missing).toEqual([]);
	});

	it('has no cycles', () => {
		const done = new Set<string>();
		const cycles: string[] = [];
		const visit = (file: string, path: readonly string[]) => {
			if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].map(nameOf).join(' → '));
			if (path.includes(file) || done.has(file)) return;
			for (const other of graph.get(file) ?? []) visit(other, [...path, file]);
			done.add(file);
		};
		for (const file of files) visit(file, []);
		expect(cycles).toEqual([]);
	});

	it('keeps the world out of what computes and what shows', () => {
		const wrong = files.flatMap(file => {
			const allowed = outside[partOf(file)];
			if (!allowed) return [];
			return importsOf(file)
				.filter(specifier => !specifier.startsWith('.') && !allowed.some(pattern => pattern.test(specifier)))
				.map(specifier => `${nameOf(file)} imports ${specifier}`);
		});
		expect(wrong).toEqual([]);
	});

	it('writes to the console from nowhere', () => {
		expect(files.filter(file => /\bconsole\.\w+\(/.test(readFileSync(file, 'utf8'))).map(nameOf)).toEqual([]);
	});

	it('sets the exit code in one place, besides the check of the Node version', () => {
		const setters = files.filter(file => /process\.exitCode\s*=/.test(readFileSync(file, 'utf8'))).map(nameOf);
		expect(setters.sort()).toEqual(['source/cli.ts', 'source/main.ts']);
	});
});
