import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {build, type Plugin} from 'esbuild';

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
 * Ink 6.8's incremental rendering goes up one row too few when a frame does not shrink: it leaves out the newline that
 * ends a frame. Ink 7 counts it; Ink 7 needs Node 22.
 */
const withMendedLogUpdate: Plugin = {
	name: 'with-mended-log-update',
	setup({onLoad}) {
		onLoad({filter: /ink[/\\]build[/\\]log-update\.js$/}, ({path}) => {
			const before = 'ansiEscapes.cursorUp(previousVisible - 1)';
			const source = readFileSync(path, 'utf8');
			if (source.split(before).length !== 2)
				throw new Error('Ink has changed: look at withMendedLogUpdate in build.ts again.');
			const after = "ansiEscapes.cursorUp(previousOutput.endsWith('\\n') ? previousVisible : previousVisible - 1)";
			return {contents: source.replace(before, after), loader: 'js'};
		});
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

/** Ink 6.8 throws at a sequence with Ctrl that it has no name for, such as a colour in a paste. */
const withMendedInput: Plugin = {
	name: 'with-mended-input',
	setup({onLoad}) {
		onLoad({filter: /ink[/\\]build[/\\]hooks[/\\]use-input\.js$/}, ({path}) => {
			const before = "if (input.startsWith('\\u001B'))";
			const source = readFileSync(path, 'utf8');
			if (source.split(before).length !== 2)
				throw new Error('Ink has changed: look at withMendedInput in build.ts again.');
			return {contents: source.replace(before, `input ??= '';\n${before}`), loader: 'js'};
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
	plugins: [withoutDevtools, withMendedLogUpdate, withMendedInput, withYogaInPlace],
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
