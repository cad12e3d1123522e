import {type ChildProcess, spawn as start} from 'node:child_process';
import {closeSync, constants as files, openSync, writeSync} from 'node:fs';
import {constants} from 'node:os';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {spawn} from '@lydell/node-pty';
import headless from '@xterm/headless';
import stringWidth from 'string-width';

export type TerminalOptions = {
	command: string;
	args?: readonly string[];
	/** Default 80. */
	cols?: number;
	/** Default 24. */
	rows?: number;
	/** Added to `programEnvironment()`; undefined takes a variable away. */
	env?: Readonly<Record<string, string | undefined>>;
	cwd?: string;
	/** `lines` for a program that reads whole lines; otherwise input waits until the program reads keys. */
	reads?: 'keys' | 'lines';
};

export type Exit = {
	/** Null when the program was ended by a signal, or when the terminal was closed before it ended. */
	exitCode: number | null;
	signal: NodeJS.Signals | null;
};

/** What a program may leave changed in a terminal when it ends or is put aside. */
export type Modes = {
	cursorVisible: boolean;
	/** No line editing and no signals from Ctrl-C. */
	rawMode: boolean;
	echo: boolean;
	bracketedPaste: boolean;
	alternateScreen: boolean;
	mouse: boolean;
	focusEvents: boolean;
	applicationCursorKeys: boolean;
	kittyKeyboard: boolean;
	synchronizedOutput: boolean;
	/** What `stty -a` says otherwise than before the program began. */
	changedSettings: string[];
};

/** The modes of a terminal that was handed back as it was: `expect(await terminal.restored()).toEqual(handedBack)`. */
export const handedBack: Modes = {
	cursorVisible: true,
	rawMode: false,
	echo: true,
	bracketedPaste: false,
	alternateScreen: false,
	mouse: false,
	focusEvents: false,
	applicationCursorKeys: false,
	kittyKeyboard: false,
	synchronizedOutput: false,
	changedSettings: [],
};

const keys = {
	enter: '\r',
	escape: '\u001b',
	tab: '\t',
	'shift-tab': '\u001b[Z',
	space: ' ',
	backspace: '\u007f',
	delete: '\u001b[3~',
	insert: '\u001b[2~',
	pageup: '\u001b[5~',
	pagedown: '\u001b[6~',
	'ctrl-left': '\u001b[1;5D',
	'ctrl-right': '\u001b[1;5C',
	'ctrl-space': '\u0000',
};
/** Keys whose sequence depends on the mode that the program chose. */
const cursorKeys = {up: 'A', down: 'B', right: 'C', left: 'D', end: 'F', home: 'H'};
type Letter =
	| ('a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm')
	| ('n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z');
export type Key = keyof typeof keys | keyof typeof cursorKeys | `ctrl-${Letter}` | `alt-${Letter}`;

/** All named keys except those with Ctrl or Alt and a letter; for tests that press keys by chance. */
export const namedKeys = [...Object.keys(keys), ...Object.keys(cursorKeys)] as Key[];

const arrivalTimeoutMs = 20;
const keyPauseMs = 5;
/** What comes before a busy program has looked again is the rest of a sequence that began with Escape. */
const escapePauseMs = 60;
const unreadTimeoutMs = 1000;
const waitTimeoutMs = 5000;
const hangUpTimeoutMs = 1000;
const scrollbackRows = 100_000;
const alternateScreenModes = [47, 1047, 1049];

/** Answers each line with what the terminal holds for the program: bytes not read yet, and how it reads. */
const lookAtInput = `
use strict;
use POSIX ();
open my $tty, '<&=', 3 or die;
my $count = $^O eq 'darwin' ? 0x4004667f : 0x541b;
$| = 1;
while (<STDIN>) {
	my $unread = pack 'L', 0;
	ioctl $tty, $count, $unread;
	my $settings = POSIX::Termios->new;
	$settings->getattr(3);
	print unpack('L', $unread), ' ', $settings->getlflag & POSIX::ICANON ? 'lines' : 'keys', "\\n";
}
`;

/** What a shell does for a program: a job of its own, told about its end and about Ctrl-Z. Reports through a private OSC. */
const reportCode = 7777;
const jobControl = `
use strict;
use POSIX qw(WUNTRACED setpgid tcsetpgrp ttyname);
my $go = 0;
$SIG{USR1} = sub { $go = 1 };
$SIG{TTOU} = 'IGNORE';
sub report {
	my $settings = \`stty -a\`;
	$settings =~ tr/\\n/ /;
	syswrite STDOUT, "\\e]${reportCode};@_;$settings\\a";
}
my $settings = \`stty -a\`;
my $job = fork;
if ($job == 0) {
	setpgid(0, 0);
	tcsetpgrp(0, $$);
	$SIG{$_} = 'DEFAULT' for qw(TTOU USR1);
	exec { $ARGV[0] } @ARGV;
	print STDERR "$ARGV[0]: $!\\n";
	POSIX::_exit(127);
}
# The window is closed: a shell tells its jobs, and here still waits for their end.
$SIG{HUP} = sub { kill HUP => -$job; kill CONT => -$job; };
setpgid($job, $job);
$settings =~ tr/\\n/ /;
syswrite STDOUT, "\\e]${reportCode};started $job @{[POSIX::ttyname(0)]};$settings\\a";
while (1) {
	next if waitpid($job, WUNTRACED) != $job;
	my $status = $?;
	tcsetpgrp(0, getpgrp);
	# Perl hides a stopped child's status; one that ended is gone after waitpid.
	if (kill 0 => $job) {
		$go = 0;
		report('stopped');
		select undef, undef, undef, 0.1 until $go;
		tcsetpgrp(0, $job);
		kill CONT => -$job;
		next;
	}
	report('ended', $status >> 8, $status & 127);
	last;
}
`;

const ofThisRun =
	/^(CI|CI_.*|CONTINUOUS_INTEGRATION|BUILD_NUMBER|GITHUB_.*|NO_COLOR|FORCE_COLOR|COLORTERM|COLUMNS|LINES|TERM_.*|TMUX.*|STY|SSH_.*|WT_SESSION|INK_.*|DEV|NODE_ENV|NODE_OPTIONS|TEST|VITEST.*|VITE.*|npm_.*)$/;

/** The environment of a person's plain terminal: no trace of CI, of the test runner or of how this process was started. */
export const programEnvironment = (
	given: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> => {
	const own = Object.entries(process.env).filter(([name]) => !ofThisRun.test(name) && !/^LC_/.test(name));
	const all = {...Object.fromEntries(own), TERM: 'xterm-256color', LANG: 'C.UTF-8', ...given};
	return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
};

const signalNamed = (number: number) =>
	(Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null) as NodeJS.Signals | null;

const settingsOf = (text: string) =>
	new Set(
		text
			.replace(/\b(rows|columns) \d+;/g, '')
			.split(/;|\s+(?=-?[a-z0-9]+(?:\s|$))/)
			.map(setting => setting.trim())
			.filter(Boolean),
	);

/** Widths of today's terminals, where emoji take two cells; xterm's own table is that of Unicode 6. */
const useCurrentWidths = (xterm: InstanceType<typeof headless.Terminal>) => {
	const known = new Map<number, 0 | 1 | 2>();
	const wcwidth = (codepoint: number): 0 | 1 | 2 => {
		if (codepoint < 0x300) return codepoint < 32 || (codepoint >= 0x7f && codepoint < 0xa0) ? 0 : 1;
		let width = known.get(codepoint);
		if (width === undefined) {
			width = Math.min(2, stringWidth(String.fromCodePoint(codepoint))) as 0 | 1 | 2;
			known.set(codepoint, width);
		}
		return width;
	};
	// A character's properties as xterm packs them: bit 0 joins the one before, bits 1 and 2 are the width.
	const widthIn = (properties: number) => (properties >> 1) & 3;
	xterm.unicode.register({
		version: 'current',
		wcwidth,
		charProperties: (codepoint, preceding) => {
			const width = wcwidth(codepoint);
			const before = preceding === 0 ? 0 : widthIn(preceding);
			const joins = width === 0 && before > 0;
			return ((joins ? before : width) << 1) | (joins ? 1 : 0);
		},
	});
	xterm.unicode.activeVersion = 'current';
};

type Expected = string | RegExp | ((screen: string) => boolean);

/** A terminal window with one program in it, as a person would have it: a real pty, and an xterm that nobody sees. */
export class Terminal {
	/** The emulator, for what the methods here do not tell: cells with their colours, modes, title. */
	readonly xterm: InstanceType<typeof headless.Terminal>;
	/** Resolves when the program has ended and everything it wrote is on the screen. */
	readonly exit: Promise<Exit>;
	/** Bytes the program has written so far. */
	bytes = 0;
	/** Synchronized updates so far; Ink wraps each frame in one. */
	frames = 0;
	/**
	 * Rows of the tallest frame so far, as the program's own way back up tells (so lines of `<Static>` do not count); a
	 * frame is measured when the next one replaces it, one that fills the screen at once.
	 */
	tallestFrame = 0;
	/** Whether a frame had as many rows as the terminal, when it was drawn, or more. */
	overflowed = false;
	/** Whether the whole screen or the scrollback was ever wiped, as Ink does after a frame that is too tall. */
	clearedScrollback = false;
	/** The process group of the program, as soon as it runs. */
	readonly job: Promise<number>;

	private readonly pty;
	private readonly listeners = new Set<() => void>();
	private cursorVisible = true;
	private kittyDepth = 0;
	private settingsBefore = new Set<string>();
	private modesAtEnd: Modes | undefined;
	private modesWhenStopped: Modes | undefined;
	private ended: Exit | undefined;
	private way: {from: number; top: number; textAtStart: boolean; rows: number} | undefined;
	private rowsOfFrame: number;
	private ptyEnded = false;
	private readonly reads: 'keys' | 'lines';
	private device = '';
	private look: {child: ChildProcess; answers: AsyncIterator<string>} | undefined;
	private readsKeys = false;

	constructor({command, args = [], cols = 80, rows = 24, env, cwd, reads = 'keys'}: TerminalOptions) {
		this.reads = reads;
		this.rowsOfFrame = rows;
		this.xterm = new headless.Terminal({cols, rows, scrollback: scrollbackRows, allowProposedApi: true});
		useCurrentWidths(this.xterm);
		let begin: (job: number) => void;
		let finish: (exit: Exit) => void;
		this.job = new Promise(resolve => {
			begin = resolve;
		});
		this.exit = new Promise(resolve => {
			finish = resolve;
		});
		const end = (exit: Exit) => {
			if (this.ended) return;
			this.ended = exit;
			this.lookNoMore();
			finish(exit);
		};
		this.watch();
		this.xterm.parser.registerOscHandler(reportCode, text => {
			this.bytes -= Buffer.byteLength(`\u001b]${reportCode};${text}\u0007`);
			const [report = '', ...rest] = text.split(';');
			const settings = settingsOf(rest.join(';'));
			const [what, ...numbers] = report.split(' ');
			if (what === 'started') {
				this.settingsBefore = settings;
				this.device = numbers[1] ?? '';
				begin(Number(numbers[0]));
			} else if (what === 'stopped') {
				this.modesWhenStopped = this.modes(settings);
			} else if (what === 'ended') {
				this.modesWhenStopped = undefined;
				this.modesAtEnd = this.modes(settings);
				const signal = signalNamed(Number(numbers[1]));
				end({exitCode: signal ? null : Number(numbers[0]), signal});
			}
			return true;
		});
		this.pty = spawn('perl', ['-e', jobControl, command, ...args], {
			name: env?.TERM ?? 'xterm-256color',
			cols,
			rows,
			cwd: cwd ?? process.cwd(),
			env: programEnvironment(env),
			encoding: null,
		});
		this.xterm.onData(answer => this.pty.write(answer));
		// With no encoding the pty gives buffers, whatever its type says.
		this.pty.onData(data => {
			const chunk = data as unknown as Buffer;
			this.bytes += chunk.length;
			this.xterm.write(chunk, () => this.tell());
		});
		this.pty.onExit(async () => {
			this.ptyEnded = true;
			await this.flushed();
			end({exitCode: null, signal: null});
			this.tell();
		});
	}

	/** The visible rows without trailing blanks. */
	screen(): string {
		const {baseY} = this.xterm.buffer.active;
		return this.text(baseY, baseY + this.xterm.rows).replace(/\n+$/, '');
	}

	/** The rows that were pushed off the top of the screen. */
	scrollback(): string {
		return this.text(0, this.xterm.buffer.active.baseY);
	}

	/** Rows of the screen down to the last one with text. */
	get rowsUsed(): number {
		const screen = this.screen();
		return screen === '' ? 0 : screen.split('\n').length;
	}

	/**
	 * Waits until the screen holds the text, matches the expression or satisfies the predicate, and gives the screen.
	 * Frames half drawn are not looked at. Fails after `timeoutMs` (default 5000), or when the program has ended without
	 * it, with the screen in the message.
	 */
	async waitFor(expected: Expected, {timeoutMs = waitTimeoutMs} = {}): Promise<string> {
		const holds = (screen: string) =>
			typeof expected === 'string'
				? screen.includes(expected)
				: expected instanceof RegExp
					? screen.search(expected) >= 0
					: expected(screen);
		const name = typeof expected === 'string' ? JSON.stringify(expected) : String(expected);
		return this.until(
			() => {
				if (this.xterm.modes.synchronizedOutputMode && !this.ended) return;
				const screen = this.screen();
				return holds(screen) ? screen : undefined;
			},
			timeoutMs,
			`${name} did not appear`,
		);
	}

	/** Waits until the program has written nothing for `quietMs` (default 150). */
	async settled({quietMs = 150, timeoutMs = waitTimeoutMs} = {}): Promise<string> {
		for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
			const before = this.bytes;
			await sleep(quietMs);
			await this.flushed();
			if (this.bytes === before) return this.screen();
		}
		throw new Error(`The program never stopped writing for ${quietMs} ms.\n${this.picture()}`);
	}

	/** Types a text key by key; each is written when the program has read the one before. */
	async type(text: string, {pauseMs = keyPauseMs} = {}): Promise<void> {
		for (const {segment} of new Intl.Segmenter().segment(text)) {
			await this.write(segment === '\n' ? '\r' : segment, pauseMs);
		}
	}

	/** Presses keys one after the other; each is sent when the program has read the one before. */
	async press(...names: Key[]): Promise<void> {
		for (const name of names) await this.write(this.sequenceOf(name), name === 'escape' ? escapePauseMs : keyPauseMs);
	}

	/** Pastes a text in one write, line ends as CR; in brackets when the program asked for them or it is said here. */
	async paste(text: string, {bracketed = this.xterm.modes.bracketedPasteMode} = {}): Promise<void> {
		const content = text.replace(/\r?\n/g, '\r');
		await this.write(bracketed ? `\u001b[200~${content}\u001b[201~` : content, keyPauseMs);
	}

	/** Changes the window's size; the program gets SIGWINCH. */
	async resize(cols: number, rows: number): Promise<void> {
		await this.flushed();
		this.xterm.resize(cols, rows);
		this.way = undefined;
		if (!this.ptyEnded) this.pty.resize(cols, rows);
	}

	/** Sends a signal to the program alone, as `kill` does. */
	async signal(name: NodeJS.Signals): Promise<void> {
		process.kill(await this.job, name);
	}

	/** Waits until the program was stopped (Ctrl-Z, SIGTSTP) and tells the modes it left to the shell. */
	async stopped({timeoutMs = waitTimeoutMs} = {}): Promise<Modes> {
		return this.until(() => this.modesWhenStopped, timeoutMs, 'The program was not stopped');
	}

	/** Brings a stopped program back, as `fg` does. */
	async resume(): Promise<void> {
		if (!this.modesWhenStopped) throw new Error(`The program is not stopped.\n${this.picture()}`);
		this.modesWhenStopped = undefined;
		this.readsKeys = false;
		process.kill(this.pty.pid, 'SIGUSR1');
	}

	/** Waits for the program's end and tells the modes of the terminal then; compare with `handedBack`. */
	async restored({timeoutMs = waitTimeoutMs} = {}): Promise<Modes> {
		await this.until(() => this.ended, timeoutMs, 'The program did not end');
		if (!this.modesAtEnd) throw new Error('The terminal was closed before the program ended.');
		return this.modesAtEnd;
	}

	/** Closes the window: SIGHUP to the program, SIGKILL to its process group when it has not ended a second later. */
	async close(): Promise<void> {
		if (!this.ptyEnded) {
			const gone = new Promise<void>(resolve => this.pty.onExit(() => resolve()));
			const job = await Promise.race([this.job, gone]);
			// Its type does not tell that this closes the terminal's own side.
			(this.pty as typeof this.pty & {destroy(): void}).destroy();
			const kill = setTimeout(() => job && signalIfAlive(-job, 'SIGKILL'), hangUpTimeoutMs);
			await gone;
			clearTimeout(kill);
			if (job) signalIfAlive(-job, 'SIGKILL');
		}
		await this.exit;
		this.xterm.dispose();
	}

	/** Calls a listener after every piece of output; gives a function that ends that. */
	onChange(listener: () => void): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	/** Whether the program shows the cursor now. */
	get showsCursor(): boolean {
		return this.cursorVisible;
	}

	/** The screen in a frame with its size and how the program does, for messages. */
	picture(): string {
		const {cols, rows} = this.xterm;
		const state = this.ended
			? `ended with ${this.ended.signal ?? this.ended.exitCode}`
			: this.modesWhenStopped
				? 'stopped'
				: 'running';
		const lines = this.screen().split('\n');
		return [`┌── ${cols}×${rows}, ${state}`, ...lines.map(line => `│${line}`), '└──'].join('\n');
	}

	private text(from: number, to: number): string {
		const {active} = this.xterm.buffer;
		const rows: string[] = [];
		for (let row = from; row < to; row++)
			rows.push(active.getLine(row)?.translateToString(true, 0, this.xterm.cols).trimEnd() ?? '');
		return rows.join('\n');
	}

	/**
	 * Writes input and waits until the program has read it, so that keys do not arrive together. Before that, a program
	 * that has just begun or come back gets a second to begin reading keys: Ink does so only after its first frame.
	 */
	private async write(input: string, pauseMs: number): Promise<void> {
		await this.job;
		if (this.reads === 'keys' && !this.readsKeys) {
			await this.inputBecomes(({how}) => how === 'keys');
			this.readsKeys = true;
		}
		const {bytes} = this;
		await this.hand(Buffer.from(input));
		// What was handed over reaches the program's side a moment later; an answer tells as well that it did.
		await this.inputBecomes(({unread}) => unread > 0 || this.bytes !== bytes, arrivalTimeoutMs);
		await this.inputBecomes(({unread}) => unread === 0);
		await sleep(pauseMs);
	}

	/** Puts bytes into the pty at once, where the pty's own `write` does it later. */
	private async hand(bytes: Buffer): Promise<void> {
		const {fd} = this.pty as typeof this.pty & {fd: number};
		for (let at = 0; at < bytes.length && !this.ended && !this.ptyEnded; ) {
			try {
				at += writeSync(fd, bytes, at);
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
				await sleep(1);
			}
		}
	}

	/** Gives up in silence after its time: what then does not appear on the screen tells more. */
	private async inputBecomes(
		holds: (input: {unread: number; how: string}) => boolean,
		timeoutMs = unreadTimeoutMs,
	): Promise<void> {
		for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(1)) {
			if (this.ended) return;
			this.look ??= this.beginLooking();
			this.look.child.stdin?.write('\n');
			const {value, done} = await this.look.answers.next();
			if (done) return;
			const [unread, how = ''] = value.split(' ');
			if (holds({unread: Number(unread), how})) return;
		}
	}

	private beginLooking() {
		const tty = openSync(this.device, files.O_RDONLY | files.O_NOCTTY);
		const child = start('perl', ['-e', lookAtInput], {stdio: ['pipe', 'pipe', 'ignore', tty]});
		closeSync(tty);
		child.stdin?.on('error', () => {});
		return {child, answers: createInterface({input: child.stdout!})[Symbol.asyncIterator]()};
	}

	private lookNoMore() {
		this.look?.child.stdin?.end();
	}

	private tell() {
		for (const listener of [...this.listeners]) listener();
	}

	private flushed(): Promise<void> {
		return new Promise(resolve => this.xterm.write('', resolve));
	}

	private async until<T>(look: () => T | undefined, timeoutMs: number, failure: string): Promise<T> {
		const seen = look();
		if (seen !== undefined) return seen;
		return new Promise((resolve, reject) => {
			const fail = (reason: string) => {
				finish();
				reject(new Error(`${failure} ${reason}.\n${this.picture()}`));
			};
			const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
			const finish = this.onChange(() => {
				const found = look();
				if (found === undefined && !this.ended) return;
				clearTimeout(timer);
				if (found === undefined) return fail('before the program ended');
				finish();
				resolve(found);
			});
			if (this.ended) {
				clearTimeout(timer);
				fail('before the program ended');
			}
		});
	}

	private sequenceOf(name: Key): string {
		if (name in cursorKeys) {
			const application = this.xterm.modes.applicationCursorKeysMode;
			return `\u001b${application ? 'O' : '['}${cursorKeys[name as keyof typeof cursorKeys]}`;
		}
		if (name in keys) return keys[name as keyof typeof keys];
		const letter = name.at(-1)!;
		return name.startsWith('alt-') ? `\u001b${letter}` : String.fromCharCode(letter.charCodeAt(0) - 96);
	}

	private modes(settings: ReadonlySet<string>): Modes {
		const {modes, buffer} = this.xterm;
		return {
			cursorVisible: this.cursorVisible,
			rawMode: settings.has('-icanon') || settings.has('-isig'),
			echo: settings.has('echo'),
			bracketedPaste: modes.bracketedPasteMode,
			alternateScreen: buffer.active.type === 'alternate',
			mouse: modes.mouseTrackingMode !== 'none',
			focusEvents: modes.sendFocusMode,
			applicationCursorKeys: modes.applicationCursorKeysMode,
			kittyKeyboard: this.kittyDepth > 0,
			synchronizedOutput: modes.synchronizedOutputMode,
			changedSettings: [...settings].filter(setting => !this.settingsBefore.has(setting)),
		};
	}

	/** Follows the sequences that matter; each handler runs before the emulator acts on its sequence. */
	private watch() {
		const {parser, buffer} = this.xterm;
		const on = (id: {prefix?: string; final: string}, act: (parameters: number[]) => void) =>
			parser.registerCsiHandler(id, parameters => {
				act(parameters.map(parameter => (typeof parameter === 'number' ? parameter : (parameter[0] ?? 0))));
				return false;
			});
		let switching = false;
		const row = () => buffer.active.baseY + buffer.active.cursorY;
		const hasText = () => (buffer.active.getLine(row())?.translateToString(true).trim() ?? '') !== '';
		const goBack = () => {
			const from = row();
			this.way ??= {from, top: from, textAtStart: hasText(), rows: this.rowsOfFrame};
			return this.way;
		};
		const arrived = () => {
			if (this.way) {
				const {from, top, textAtStart, rows} = this.way;
				this.measured(from - top + (textAtStart && top < from ? 1 : 0), rows);
			}
			this.way = undefined;
		};
		const goUp = ([count]: number[]) => {
			goBack().top -= Math.max(1, count ?? 1);
		};

		on({final: 'K'}, goBack);
		on({final: 'A'}, goUp);
		on({final: 'F'}, goUp);
		on({final: 'B'}, arrived);
		on({final: 'E'}, arrived);
		on({final: 'H'}, arrived);
		on({final: 'J'}, ([what]) => {
			if (what === 2 || what === 3) this.clearedScrollback = true;
		});
		on({prefix: '?', final: 'h'}, modes => {
			if (modes.includes(25)) this.cursorVisible = true;
			if (modes.some(mode => alternateScreenModes.includes(mode))) switching = true;
		});
		on({prefix: '?', final: 'l'}, modes => {
			if (modes.includes(25)) this.cursorVisible = false;
			if (!modes.includes(2026)) return;
			arrived();
			this.frames++;
			this.rowsOfFrame = this.xterm.rows;
			// Ink ends a frame with a new line, except one that fills the terminal.
			if (buffer.active.cursorY === this.xterm.rows - 1 && hasText()) this.measured(this.xterm.rows, this.xterm.rows);
		});
		on({prefix: '>', final: 'u'}, () => {
			this.kittyDepth++;
		});
		on({prefix: '<', final: 'u'}, ([count]) => {
			this.kittyDepth = Math.max(0, this.kittyDepth - Math.max(1, count ?? 1));
		});
		this.xterm.onLineFeed(arrived);
		this.xterm.onScroll(() => {
			// The emulator tells the change to the alternate screen as a scroll, too.
			if (buffer.active.type === 'alternate' && !switching) this.measured(this.xterm.rows + 1, this.xterm.rows);
			switching = false;
		});
	}

	private measured(height: number, rows: number) {
		this.tallestFrame = Math.max(this.tallestFrame, height);
		if (height >= rows) this.overflowed = true;
	}
}

const signalIfAlive = (target: number, signal: NodeJS.Signals | 0): boolean => {
	try {
		return process.kill(target, signal);
	} catch {
		return false;
	}
};

/** Opens a terminal of the given size and starts a program in it. Needs perl and stty, which Debian always has. */
export const openTerminal = (options: TerminalOptions): Terminal => new Terminal(options);
