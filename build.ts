import {readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {build, type Plugin} from 'esbuild';
import {specifySchema} from './source/files/specify-yaml.js';
import {narrow} from './source/ink/characters.js';

const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};
const define = {__VERSION__: JSON.stringify(version), 'process.env.NODE_ENV': '"production"'};
const common = {
	bundle: true,
	format: 'esm',
	platform: 'node',
	outdir: 'dist',
	define,
	legalComments: 'none',
	logLevel: 'warning',
} as const;

/** Ink's developer tools are not for users. */
const withoutDevtools: Plugin = {
	name: 'without-devtools',
	setup({onResolve, onLoad}) {
		onResolve({filter: /^(react-devtools-core|\.\/devtools\.js)$/}, ({path}) => ({path, namespace: 'empty'}));
		onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default {}'}));
	},
};

/**
 * Changes places in a package's file.
 * @param file its path below node_modules
 * @param changes what stands there once, and what shall stand there
 * @throws when it does not stand there once, because the package has changed, or when the program does not use the file
 */
const mended = (file: string, ...changes: [before: string, after: string][]): Plugin => ({
	name: `mended ${file}`,
	setup({onLoad, onEnd}) {
		const path = realpathSync(resolve('node_modules', file));
		let used = false;
		onEnd(() => {
			if (!used) throw new Error(`${file} is not used: look at it in build.ts again.`);
		});
		onLoad({filter: new RegExp(`^${path.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)}, () => {
			used = true;
			let contents = readFileSync(path, 'utf8');
			for (const [before, after] of changes) {
				const parts = contents.split(before);
				if (parts.length !== 2) throw new Error(`${file} has changed: look at it in build.ts again.`);
				contents = parts.join(after);
			}
			return {contents, loader: 'js'};
		});
	},
});

/**
 * Ink 6.8's incremental rendering goes up one row too few when a frame does not shrink: it leaves out the newline that
 * ends a frame. Ink 7 counts it; Ink 7 needs Node 22.
 */
const mendedLogUpdate = mended('ink/build/log-update.js', [
	'ansiEscapes.cursorUp(previousVisible - 1)',
	"ansiEscapes.cursorUp(previousOutput.endsWith('\\n') ? previousVisible : previousVisible - 1)",
]);

/** Ink 6.8 throws at a sequence with Ctrl that it has no name for, such as a colour in a paste. */
const mendedInput = mended('ink/build/hooks/use-input.js', [
	"if (input.startsWith('\\u001B'))",
	"input ??= '';\nif (input.startsWith('\\u001B'))",
]);

/** What conf brings sends every signal once more, so that one Ctrl-C counts as two where the program listens itself. */
const mendedSignals = mended('when-exit/dist/node/interceptor.js', [
	'for (const signal of Signals)',
	'for (const signal of [])',
]);

/** The frames, bars and symbols of the theme are measured like ASCII, by counting; the list of emojis is made when it is needed. */
const quickWidth = mended(
	'string-width/index.js',
	['/^[\\u0020-\\u007E]*$/', String(narrow)],
	[
		'const rgiEmojiRegex = /^\\p{RGI_Emoji}$/v;',
		'let emoji;\nconst rgiEmojiRegex = {test: text => (emoji ??= /^\\p{RGI_Emoji}$/v).test(text)};',
	],
);

/** wrap-ansi has an older string-width of its own, which takes a tick for two columns. */
const withOneWidth: Plugin = {
	name: 'with-one-width',
	setup({onResolve}) {
		const path = realpathSync('node_modules/string-width/index.js');
		onResolve({filter: /^string-width$/}, ({kind}) => (kind === 'import-statement' ? {path} : undefined));
	},
};

/** Functions of Node that the first picture does without, by their module: it is loaded when one is called. */
const later: Record<string, string[]> = {child_process: ['execFileSync'], crypto: ['randomInt']};
const withNodeLater: Plugin = {
	name: 'with-node-later',
	setup({onResolve, onLoad}) {
		onResolve({filter: /^node:(child_process|crypto)$/}, ({path, importer}) =>
			/[/\\](terminal-size[/\\]index\.js|model[/\\]secrets\.ts)$/.test(importer)
				? {path: path.replace('node:', ''), namespace: 'later'}
				: undefined,
		);
		onLoad({filter: /.*/, namespace: 'later'}, ({path}) => ({
			contents: later[path]!.map(
				name => `export const ${name} = (...args) => require('node:${path}').${name}(...args);`,
			).join('\n'),
		}));
	},
};

/** Yoga fetches its program from a data: address, and Node then loads all of its HTTP client: 30 ms before the first frame. */
const withYogaInPlace: Plugin = {
	name: 'with-yoga-in-place',
	setup({onLoad}) {
		onLoad({filter: /yoga-wasm-base64-esm\.js$/}, ({path}) => {
			const source = readFileSync(path, 'utf8');
			const contents = source.replace(
				/H="data:application\/octet-stream;base64,[A-Za-z0-9+/=]+";/,
				'$&w||(w=Buffer.from(H.slice(H.indexOf(",")+1),"base64"));',
			);
			if (contents === source) throw new Error('Yoga has changed: look at withYogaInPlace in build.ts again.');
			return {contents, loader: 'js'};
		});
	},
};

rmSync('dist', {recursive: true, force: true});
// The entry alone must parse on old Nodes; it leaves everything else to main.js.
await build({...common, entryPoints: ['source/cli.ts'], target: 'node12.20', external: ['./main.js']});
const result = await build({
	...common,
	entryPoints: ['source/main.ts'],
	target: 'node20.19',
	splitting: true,
	minify: true,
	metafile: true,
	plugins: [
		withoutDevtools,
		mendedLogUpdate,
		mendedInput,
		mendedSignals,
		quickWidth,
		withOneWidth,
		withNodeLater,
		withYogaInPlace,
	],
	define: {...define, 'Intl.Segmenter': 'Segmenter'},
	inject: ['source/ink/segmenter.ts'],
	chunkNames: 'chunks/[name]-[hash]',
	banner: {
		js: "import {createRequire as __createRequire} from 'node:module'; const require = __createRequire(import.meta.url);",
	},
});

/** The licences of what is bundled, as their packages state them. */
const packages = new Set(
	Object.keys(result.metafile.inputs).flatMap(path => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
);
const licences = [...packages].sort().map(folder => {
	const facts = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
		name: string;
		version: string;
		license: string;
	};
	const file = ['LICENSE', 'license', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'License'].find(name => {
		try {
			return readFileSync(`${folder}/${name}`);
		} catch {
			return false;
		}
	});
	return `${facts.name} ${facts.version} (${facts.license})\n\n${file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : ''}\n`;
});
writeFileSync('dist/licences.txt', licences.join(`\n${'-'.repeat(72)}\n\n`));
writeFileSync('dist/specify.schema.json', specifySchema());
