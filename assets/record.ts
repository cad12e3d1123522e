import {writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {openTerminal, type Terminal} from '../test/_helpers/terminal.js';

const usage = `Usage: tsx assets/record.ts --out FILE.svg [options] -- COMMAND [ARGUMENTS]

Runs a command in a terminal and draws what it shows as one animated SVG, without scripts, fonts or other files.

  --out FILE       where to
  --cols N         width of the terminal (default 80)
  --rows N         height of the terminal (default 24)
  --speed N        play N times as fast as it was (default 1)
  --fps N          frames a second at most (default 8)
  --hold SECONDS   how long the last frame stays (default 4)
  --limit BYTES    drop frames until the file is as small as this (default 300000)
  --until TEXT     end when the screen shows this, for a command that waits for a key then
  --still SECONDS  draw only this moment of the replay
  --title TEXT     what it shows, for those who cannot see it (default the command)

Example
  tsx assets/record.ts --out assets/install.svg -- node dist/cli.js replay test/fixtures/install.jsonl --speed 8
`;

type Style = {
	ink: string;
	paper: string | null;
	bold: boolean;
	dim: boolean;
	italic: boolean;
	underline: boolean;
	strike: boolean;
};
/** Text of one style, from a column on. */
type Run = {column: number; columns: number; text: string; style: Style};
/** The screen at a moment of the replay, in milliseconds; each row is a key of the rows that were seen. */
type Frame = {at: number; rows: string[]};

const cell = {width: 9, height: 20, font: 15, baseline: 15};
const margin = 16;
const longestMs = 3_600_000;
const afterEndMs = 500;
const defaultInk = '#d5d9e2';
const defaultPaper = '#15181e';
const border = '#5b6270';
const palette = [
	...['#4a505c', '#f0717b', '#8fc772', '#e3b65f', '#6cb0f5', '#c98fe6', '#59bfc6', '#c3c8d2'],
	...['#7d8594', '#ff8b94', '#a8dd8c', '#f5cd7c', '#8cc4ff', '#dcaaf5', '#7ad5dc', '#ffffff'],
];

const hex = (red: number, green: number, blue: number) =>
	`#${[red, green, blue].map(part => part.toString(16).padStart(2, '0')).join('')}`;

/** A colour of the 256: sixteen of the theme, a cube of 6×6×6, 24 greys. */
const colourAt = (index: number): string => {
	if (index < 16) return palette[index]!;
	if (index >= 232) {
		const grey = 8 + 10 * (index - 232);
		return hex(grey, grey, grey);
	}
	const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
	const place = index - 16;
	return hex(level(Math.floor(place / 36)), level(Math.floor(place / 6) % 6), level(place % 6));
};

type Cell = NonNullable<
	ReturnType<NonNullable<ReturnType<Terminal['xterm']['buffer']['active']['getLine']>>['getCell']>
>;

const inkOf = (from: Cell): string | null => {
	if (from.isFgDefault()) return null;
	const colour = from.getFgColor();
	return from.isFgRGB() ? hex(colour >> 16, (colour >> 8) & 255, colour & 255) : colourAt(colour);
};

const paperOf = (from: Cell): string | null => {
	if (from.isBgDefault()) return null;
	const colour = from.getBgColor();
	return from.isBgRGB() ? hex(colour >> 16, (colour >> 8) & 255, colour & 255) : colourAt(colour);
};

const styleOf = (from: Cell, underCursor: boolean): Style => {
	const inverse = (from.isInverse() !== 0) !== underCursor;
	const ink = inkOf(from);
	const paper = paperOf(from);
	return {
		ink: from.isInvisible() ? (paper ?? defaultPaper) : inverse ? (paper ?? defaultPaper) : (ink ?? defaultInk),
		paper: inverse ? (ink ?? defaultInk) : paper,
		bold: from.isBold() !== 0,
		dim: from.isDim() !== 0,
		italic: from.isItalic() !== 0,
		underline: from.isUnderline() !== 0,
		strike: from.isStrikethrough() !== 0,
	};
};

/** The runs of a row; a change between plain and other characters also begins one, as their widths differ by font. */
const runsOf = (terminal: Terminal, row: number): Run[] => {
	const {active} = terminal.xterm.buffer;
	const line = active.getLine(active.baseY + row);
	const runs: (Run & {key: string})[] = [];
	for (let column = 0; column < terminal.xterm.cols; column++) {
		const from = line?.getCell(column);
		if (!from || from.getWidth() === 0) continue;
		const underCursor = terminal.showsCursor && row === active.cursorY && column === active.cursorX;
		const style = styleOf(from, underCursor);
		const text = from.getChars() || ' ';
		const key = JSON.stringify(style) + (text.charCodeAt(0) < 128 ? '' : from.getWidth());
		const last = runs.at(-1);
		if (last?.key === key) {
			last.text += text;
			last.columns += from.getWidth();
		} else {
			runs.push({column, columns: from.getWidth(), text, style, key});
		}
	}
	return runs.flatMap(({key, ...run}) => {
		if (run.style.paper !== null || run.style.underline || run.style.strike) return [run];
		const text = run.text.trimStart();
		const skipped = run.text.length - text.length;
		const kept = text.trimEnd();
		if (kept === '') return [];
		return [{...run, text: kept, column: run.column + skipped, columns: run.columns - (run.text.length - kept.length)}];
	});
};

/** Runs a command and gives its frames, times in milliseconds of the replay, with the runs of every distinct row. */
const record = async (
	command: readonly string[],
	{cols, rows, speed, fps, until}: {cols: number; rows: number; speed: number; fps: number; until?: string},
) => {
	const [program = '', ...args] = command;
	const terminal = openTerminal({command: program, args, cols, rows});
	const frames: Frame[] = [];
	const seen = new Map<string, Run[]>();
	const gapMs = (1000 / fps) * speed;
	let begun: number | undefined;
	let looked = Number.NEGATIVE_INFINITY;
	let timer: NodeJS.Timeout | undefined;
	const look = () => {
		timer = undefined;
		looked = Date.now();
		const keys = Array.from({length: rows}, (_, row) => {
			const runs = runsOf(terminal, row);
			const key = runs.length === 0 ? '' : JSON.stringify(runs);
			seen.set(key, runs);
			return key;
		});
		// The recording begins with the first thing to be seen.
		if (begun === undefined && keys.every(key => key === '')) return;
		begun ??= looked;
		const before = frames.at(-1);
		if (before?.rows.every((key, row) => key === keys[row])) return;
		frames.push({at: (looked - begun) / speed, rows: keys});
	};
	const forget = terminal.onChange(() => {
		if (terminal.xterm.modes.synchronizedOutputMode || timer) return;
		const wait = looked + gapMs - Date.now();
		if (wait <= 0) look();
		else timer = setTimeout(lookWhenWhole, wait);
	});
	// In the midst of a frame: the next output is near.
	const lookWhenWhole = () => {
		timer = undefined;
		if (!terminal.xterm.modes.synchronizedOutputMode) look();
	};
	const shown = until === undefined ? terminal.exit : terminal.waitFor(until, {timeoutMs: longestMs});
	const exit = await shown.then(
		end => (typeof end === 'string' ? null : end),
		() => terminal.exit,
	);
	if (!exit) await sleep(afterEndMs);
	clearTimeout(timer);
	forget();
	look();
	await terminal.close();
	// A program that leaves the alternate screen leaves an empty one.
	const hasText = ({rows: keys}: Frame) => keys.some(key => seen.get(key)?.some(({text}) => text.trim() !== ''));
	return {frames: frames.slice(0, frames.findLastIndex(hasText) + 1), seen, exit};
};

/** Leaves out frames that follow another within less than the gap, except the last. */
const thinned = (frames: readonly Frame[], gapMs: number): Frame[] => {
	const kept: Frame[] = [];
	for (const [index, frame] of frames.entries()) {
		const isLast = index === frames.length - 1;
		if (isLast || frame.at - (kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= gapMs) kept.push(frame);
	}
	return kept;
};

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const nameAt = (index: number) => index.toString(36);
const short = (number: number, digits: number) => String(Number(number.toFixed(digits)));

/** One SVG that shows the frames for ever; without animation, also for people who prefer less motion, the last one. */
const draw = (
	frames: readonly Frame[],
	seen: ReadonlyMap<string, Run[]>,
	{cols, rows, holdMs, title}: {cols: number; rows: number; holdMs: number; title: string},
): string => {
	const styles = new Map<string, string>();
	const symbols = new Map<string, {name: string; markup: string}>();
	const totalMs = (frames.at(-1)?.at ?? 0) + holdMs;

	const classFor = ({ink, bold, dim, italic, underline, strike}: Style): string => {
		const lines = [underline && 'underline', strike && 'line-through'].filter(Boolean).join(' ');
		const rules = [
			ink !== defaultInk && `fill:${ink}`,
			dim && 'fill-opacity:.62',
			bold && 'font-weight:700',
			italic && 'font-style:italic',
			lines && `text-decoration:${lines}`,
		]
			.filter(Boolean)
			.join(';');
		if (rules === '') return '';
		if (!styles.has(rules)) styles.set(rules, `c${nameAt(styles.size)}`);
		return ` class="${styles.get(rules)}"`;
	};

	const symbolFor = (key: string): string => {
		const known = symbols.get(key);
		if (known) return known.name;
		const runs = seen.get(key) ?? [];
		const papers = runs.flatMap(({column, columns, style}) =>
			style.paper === null
				? []
				: [
						`<path fill="${style.paper}" d="M${column * cell.width} ${-cell.baseline}h${columns * cell.width}v${cell.height}h${-columns * cell.width}z"/>`,
					],
		);
		const texts = runs.flatMap(({column, columns, text, style}) => {
			if (text.trim() === '' && !style.underline && !style.strike) return [];
			const place = column === 0 ? '' : ` x="${column * cell.width}"`;
			const others = text.charCodeAt(0) < 128 ? '' : ' lengthAdjust="spacingAndGlyphs"';
			const length = [...text].length === 1 ? '' : ` textLength="${columns * cell.width}"${others}`;
			return [`<text${place}${length}${classFor(style)}>${escaped(text)}</text>`];
		});
		const name = nameAt(symbols.size);
		symbols.set(key, {name, markup: `<g id="${name}">${[...papers, ...texts].join('')}</g>`});
		return name;
	};

	const keyframes: string[] = [];
	const width = cols * cell.width;
	// Rows are drawn around their base line, which spares every text a coordinate.
	const boxOf = (height: number) =>
		`width="${width}" height="${height}" viewBox="0 ${-cell.baseline} ${width} ${height}"`;
	const body = Array.from({length: rows}, (_, row) => {
		const changes = frames.flatMap(({at, rows: keys}, index) => {
			const key = keys[row] ?? '';
			return index > 0 && frames[index - 1]?.rows[row] === key ? [] : [{at, key}];
		});
		const top = row * cell.height;
		const states = [...new Set(changes.map(({key}) => key))];
		const uses = states.flatMap((key, place) => {
			if (key === '') return [];
			const y = (states.length === 1 ? top : 0) + place * cell.height;
			return [`<use href="#${symbolFor(key)}"${y === 0 ? '' : ` y="${y}"`}/>`];
		});
		if (states.length <= 1) return uses.join('');
		const shift = (key: string) => -states.indexOf(key) * cell.height;
		const steps = changes.map(({at, key}, index) => {
			const percent = index === 0 ? 0 : (100 * at) / totalMs;
			const pixels = shift(key);
			return `${short(percent, 2)}%{transform:translateY(${pixels}${pixels === 0 ? '' : 'px'})}`;
		});
		keyframes.push(`@keyframes r${row}{${steps.join('')}}`);
		return [
			`<svg y="${top - cell.baseline}" ${boxOf(cell.height)}>`,
			`<g class="r" style="animation-name:r${row}" transform="translate(0 ${shift(changes.at(-1)!.key)})">`,
			...uses,
			'</g></svg>',
		].join('');
	}).join('\n');

	const whole = {width: width + 2 * margin, height: rows * cell.height + 2 * margin};
	const rules = [
		`text{font:${cell.font}px ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono","Liberation Mono",Consolas,monospace;white-space:pre;fill:${defaultInk}}`,
		...[...styles].map(([rule, name]) => `text.${name}{${rule}}`),
		...(keyframes.length === 0
			? []
			: [
					`.r{animation:${short(totalMs / 1000, 2)}s step-end infinite}`,
					'@media(prefers-reduced-motion:reduce){.r{animation:none!important}}',
					...keyframes,
				]),
	];
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}" viewBox="0 0 ${whole.width} ${whole.height}" role="img" xml:space="preserve">`,
		`<title>${escaped(title)}</title>`,
		`<style>${rules.join('\n')}</style>`,
		'<defs>',
		...[...symbols.values()].map(({markup}) => markup),
		'</defs>',
		`<rect x=".5" y=".5" width="${whole.width - 1}" height="${whole.height - 1}" rx="9" fill="${defaultPaper}" stroke="${border}"/>`,
		`<svg x="${margin}" y="${margin}" ${boxOf(rows * cell.height)}>`,
		body,
		'</svg>',
		'</svg>',
		'',
	].join('\n');
};

const options = {
	out: {type: 'string'},
	cols: {type: 'string', default: '80'},
	rows: {type: 'string', default: '24'},
	speed: {type: 'string', default: '1'},
	fps: {type: 'string', default: '8'},
	hold: {type: 'string', default: '4'},
	limit: {type: 'string', default: '300000'},
	still: {type: 'string'},
	until: {type: 'string'},
	title: {type: 'string'},
} as const;
const refuse = (message: string): never => {
	process.stderr.write(`${message}\n\n${usage}`);
	process.exit(2);
};
const {values, positionals} = (() => {
	try {
		return parseArgs({options, allowPositionals: true});
	} catch (error) {
		return refuse(error instanceof Error ? error.message : String(error));
	}
})();
const out = values.out ?? refuse('Where to? --out FILE.svg');
if (positionals.length === 0) refuse('Which command shall be recorded?');
const numberOf = (name: 'cols' | 'rows' | 'speed' | 'fps' | 'hold' | 'limit' | 'still') => {
	const number = Number(values[name]);
	return number > 0 || (number === 0 && (name === 'still' || name === 'hold'))
		? number
		: refuse(`--${name} ${values[name]} is not a number above 0.`);
};
const size = {cols: numberOf('cols'), rows: numberOf('rows')};
const fps = numberOf('fps');
const limit = numberOf('limit');
const picture = {...size, holdMs: numberOf('hold') * 1000, title: values.title ?? positionals.join(' ')};
const stillMs = values.still === undefined ? undefined : numberOf('still') * 1000;

const {frames, seen, exit} = await record(positionals, {...size, speed: numberOf('speed'), fps, until: values.until});
if (frames.length === 0) {
	process.stderr.write('The command showed nothing.\n');
	process.exit(1);
}
let gapMs = 1000 / fps;
let kept = stillMs === undefined ? frames : [frames.findLast(({at}) => at <= stillMs) ?? frames[0]!];
let svg = draw(kept, seen, picture);
while (Buffer.byteLength(svg) > limit && kept.length > 2) {
	gapMs *= 1.2;
	kept = thinned(frames, gapMs);
	svg = draw(kept, seen, picture);
}
writeFileSync(out, svg);
const seconds = short((frames.at(-1)?.at ?? 0) / 1000, 1);
process.stderr.write(
	`${out}: ${kept.length} of ${frames.length} frames, ${seconds} s, ${Math.ceil(Buffer.byteLength(svg) / 1000)} kB; ` +
		`${exit ? `the command ended with ${exit.signal ?? exit.exitCode}` : 'the command was left'}.\n`,
);
process.exitCode = Buffer.byteLength(svg) > limit ? 1 : 0;
