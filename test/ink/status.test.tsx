import fc from 'fast-check';
import {afterEach, describe, expect, it} from 'vitest';
import {LogTail, wrapLine} from '../../source/ink/screens/service-log.js';
import {columnsFor, type HomeLeft, StatusScreen, type StatusScreenProps} from '../../source/ink/screens/status.js';
import {columnsOf} from '../../source/ink/spans.js';
import type {Difference} from '../../source/model/drift.js';
import type {ServiceState} from '../../source/model/events.js';
import {serviceNames} from '../../source/model/releases.js';
import type {LiveService, LiveStatus} from '../../source/model/status.js';
import {draw, keys} from '../_helpers/screen.js';
import {until} from '../_helpers/until.js';

const sizes = [
	{columns: 60, rows: 20},
	{columns: 80, rows: 24},
	{columns: 140, rows: 45},
	{columns: 32, rows: 10},
];
const [small, usual, large] = sizes as [(typeof sizes)[0], (typeof sizes)[0], (typeof sizes)[0]];

const MiB = 2 ** 20;
const hourMs = 3_600_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

const serviceWith = (over: Partial<LiveService> = {}): LiveService => ({
	service: 'db',
	state: 'healthy',
	startedAt: ago(3.2 * hourMs),
	restarts: 0,
	image: 'mariadb:11.8',
	current: true,
	problem: '',
	container: 'c0ffee',
	usage: {cpuPercent: 1.5, memoryBytes: 220 * MiB, limitBytes: 2048 * MiB},
	...over,
});

const statusWith = (over: Partial<LiveStatus> = {}): LiveStatus => ({
	directory: '/opt/specify',
	specify7: 'v7.12.0.7',
	healthy: true,
	services: serviceNames.map(service => serviceWith({service, container: `id-of-${service}`})),
	addresses: ['specify7', 'media'].map(name => ({
		name: name === 'media' ? 'Attachments' : 'Specify 7',
		url: `https://${name}.museum.example/`,
		status: 200,
		certificate: {validTo: new Date(Date.now() + 11.5 * hourMs).toISOString(), daysLeft: 0},
		problem: '',
	})),
	disk: {folder: '/var/lib/docker', freeBytes: 80e9},
	lastRun: {run: '20260801T102900-abcd', at: '2026-08-01T10:29:00Z', outcome: 'done', message: null},
	drift: [],
	reconfigure: [],
	gate: 'open',
	engine: {connected: true},
	underWay: null,
	problem: '',
	renewed: true,
	...over,
});

/** One service as given, the others well. */
const oneWith = (over: Partial<LiveService>, more: Partial<LiveStatus> = {}) => {
	const status = statusWith(more);
	return {
		...status,
		services: status.services.map(service =>
			service.service === (over.service ?? 'db') ? {...service, ...over} : service,
		),
	};
};

/** So many differences, in long words. */
const differing = (count: number): Difference[] =>
	Array.from({length: count}, (_, index) => ({
		kind: 'files',
		what: `file-${index} is not as it should be, ${'in so many words '.repeat(8)}`,
		remedy: `${'Do something about it. '.repeat(8)}`,
	}));

/** Everything is wrong at once, in long words. */
const worst = () =>
	statusWith({
		healthy: false,
		services: serviceNames.map(service =>
			serviceWith({
				service,
				state: 'unhealthy',
				restarts: 120,
				current: false,
				problem: `${'the check said something long '.repeat(8)}\nTraceback`,
				image: `registry.museum.example:5000/${'specifyconsortium/'.repeat(4)}specify7-service:v7.12.0.7`,
				usage: {cpuPercent: 1234, memoryBytes: 1000 * MiB, limitBytes: 12_345 * MiB},
			}),
		),
		addresses: [
			{
				name: 'Specify 7',
				url: `https://${'long.'.repeat(20)}example/`,
				status: null,
				certificate: null,
				problem: 'x'.repeat(200),
			},
			{name: 'Attachments', url: 'https://media.museum.example/', status: 502, certificate: null, problem: ''},
		],
		lastRun: {run: 'r', at: '2026-08-01T10:29:00Z', outcome: 'failed', message: '猫'.repeat(150)},
		drift: differing(9),
		reconfigure: Array.from({length: 9}, (_, index) => `rewrite file-${index} ${'and so on '.repeat(20)}`),
		problem: 'One answer is not right (specify.yaml).',
		underWay: {run: 'r', at: '2026-08-01T10:29:00Z'},
	});

/** A stream that a test writes to. */
const channel = <T,>() => {
	const waiting: T[] = [];
	let wake = () => {};
	let failure: Error | undefined;
	return {
		say(...values: T[]) {
			waiting.push(...values);
			wake();
		},
		fail(error: Error) {
			failure = error;
			wake();
		},
		async *read(signal?: AbortSignal): AsyncGenerator<T> {
			signal?.addEventListener('abort', () => wake());
			while (!signal?.aborted) {
				while (waiting.length > 0) yield waiting.shift()!;
				if (failure) throw failure;
				await new Promise<void>(resolve => {
					wake = resolve;
				});
			}
		},
	};
};

const open: {unmount(): void}[] = [];
afterEach(() => {
	for (const screen of open.splice(0)) screen.unmount();
});

const show = (
	status: LiveStatus | null,
	{props = {}, size = usual}: {props?: Partial<StatusScreenProps>; size?: typeof small} = {},
) => {
	const statuses = channel<LiveStatus>();
	const log = channel<string>();
	const left: HomeLeft[] = [];
	const restarted: string[] = [];
	const opened: string[] = [];
	const closed: string[] = [];
	if (status) statuses.say(status);
	const screen = draw(
		<StatusScreen
			statuses={statuses.read()}
			logOf={(service, signal) => {
				opened.push(service);
				signal.addEventListener('abort', () => closed.push(service));
				return log.read(signal);
			}}
			restart={async service => {
				restarted.push(service);
			}}
			onLeave={how => left.push(how)}
			{...props}
		/>,
		size,
	);
	open.push(screen);
	return {...screen, statuses, log, left, restarted, opened, closed};
};

const fits = (frame: string, {columns, rows}: typeof small) => {
	const lines = frame.split('\n');
	expect(lines.length, frame).toBeLessThan(rows);
	for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
};

describe('the status screen', () => {
	it('says what it does before anything is known', async () => {
		const screen = show(null);
		await screen.shows('Looking at the installation');
	});

	it('shows everything of a healthy installation at once where the terminal is usual', async () => {
		for (const size of [small, usual, large]) {
			const frame = await show(statusWith(), {size}).shows('Last run');
			for (const service of serviceNames)
				expect(frame).toMatch(new RegExp(`${service} +✔ healthy +1\\.5%  220 MiB of 2 GiB`));
			expect(frame).toContain('https://specify7.museum.example/');
			expect(frame).toContain('answers 200  certificate 11 hours');
			expect(frame).toContain('80.0 GB free at /var/lib/docker');
			expect(frame.split('\n')[0]).toMatch(/^Specify 7 v7\.12\.0\.7 in \/opt\/specify +✔ healthy$/);
			fits(frame, size);
		}
	});

	it('has the columns a terminal has room for', () => {
		const titles = (width: number) => columnsFor(width).map(({title}) => title);
		expect(titles(31)).toEqual(['Service', 'State']);
		expect(titles(59)).toEqual(['Service', 'State', 'CPU', 'Memory']);
		expect(titles(79)).toEqual(['Service', 'State', 'CPU', 'Memory', 'Uptime', 'Restarts']);
		expect(titles(139)).toEqual(['Service', 'State', 'CPU', 'Memory', 'Uptime', 'Restarts', 'Image']);
	});

	it('shows the end of an image that is too long, because its version is there', async () => {
		const frame = await show(worst(), {size: {columns: 120, rows: 60}}).shows('Image');
		expect(frame).toMatch(/…\S*specify7-service:v7\.12\.0\.7$/m);
	});

	it.each(sizes)('is never larger than the terminal ($columns×$rows), whatever is wrong', async size => {
		const screen = show(worst(), {size});
		await screen.shows('not healthy');
		fits(screen.frame(), size);
		for (const key of [
			keys.end,
			'r',
			'n',
			keys.home,
			'r',
			'y',
			'd',
			keys.end,
			'q',
			'm',
			keys.end,
			'q',
			'?',
			keys.end,
		]) {
			await screen.press(key);
			fits(screen.frame(), size);
		}
	});

	it.each<[ServiceState, string]>([
		['healthy', '✔'],
		['starting', '●'],
		['unhealthy', '✖'],
		['restarting', '!'],
		['exited', '✖'],
		['missing', '✖'],
		['created', '○'],
	])('says %s in a word and with a symbol, not with a colour alone', async (state, symbol) => {
		await show(oneWith({state})).shows(new RegExp(`db +${symbol} ${state} `));
	});

	it('says why a service is unhealthy, and how often one was started again', async () => {
		const frame = await show(
			oneWith({state: 'unhealthy', problem: 'connection refused\nTraceback', restarts: 3}),
		).shows('connection refused');
		expect(frame).not.toContain('Traceback');
		expect(frame).toMatch(/db .* 3$/m);
	});

	it('says that Specify 7 waits behind a password, as long as it has no user', async () => {
		expect(await show(statusWith()).shows('Last run')).not.toContain('Gate');
		await show(statusWith({gate: 'closed'})).shows(/Gate +\S+ closed: Specify 7 waits.*SETUP_PASSWORD in\s+\.env/s);
	});

	it('says of addresses behind another web server that this one has the certificate', async () => {
		const [address] = statusWith().addresses;
		const frame = await show(
			statusWith({addresses: [{...address!, certificate: null, behind: true}], renewed: false}),
		).shows('behind your web server');
		expect(frame).not.toContain('no valid certificate');
	});

	it('says what is not as it should be, and what brings it in line', async () => {
		await show(statusWith({drift: differing(1)})).shows('one thing differs from your answers: d shows it.');
		await show(statusWith({drift: differing(2)})).shows('2 things differ from your answers: d shows them.');
		expect(await show(statusWith()).shows('Last run')).not.toContain('differ');
		await show(statusWith({problem: 'One answer is not right.'})).shows('One answer is not right.');
		const underWay = {run: 'r', at: null};
		const frame = await show(statusWith({drift: differing(2), underWay})).shows('press w to watch it');
		// What differs while something is changed says nothing.
		expect(frame).not.toContain('differ');
		const renewal = {run: 'r', at: null, work: 'certs renew'};
		expect(await show(statusWith({underWay: renewal})).shows('"specify-setup certs renew" is at work.')).not.toContain(
			'press w',
		);
	});

	it('claims nothing of services while the engine is not heard', async () => {
		const engine = {connected: false, problem: 'The connection was lost.', since: '2026-08-01T10:00:00Z'} as const;
		const frame = await show(statusWith({engine, healthy: false})).shows('No word from Docker since 10:00:00 UTC');
		expect(frame).toMatch(/db +\? unknown/);
		expect(frame.split('\n')[0]).toContain('? unknown');
		expect(frame).not.toContain('✔ healthy');
	});

	it.each([
		[{status: null, problem: 'connect ECONNREFUSED'}, '✖ does not answer: connect ECONNREFUSED'],
		[{status: 502}, '✖ answers 502'],
		[{certificate: null}, '✔ answers 200  no valid certificate'],
		[
			{certificate: {validTo: new Date(Date.now() + 60.5 * 24 * hourMs).toISOString(), daysLeft: 60}},
			'certificate 60 days',
		],
		[{certificate: {validTo: new Date(Date.now() - hourMs).toISOString(), daysLeft: -1}}, 'certificate expired'],
		[
			{certificate: {validTo: new Date(Date.now() + hourMs / 2).toISOString(), daysLeft: 0}},
			'certificate less than 1 hour',
		],
	])('tells of an address (%o): %s', async (over, text) => {
		const status = statusWith();
		await show({...status, addresses: status.addresses.map(address => ({...address, ...over}))}).shows(text);
	});

	it('says which certificates renew by themselves', async () => {
		await show(statusWith()).shows('certificate 11 hours, renews by itself');
		const own = await show(statusWith({renewed: false})).shows('certificate 11 hours left');
		expect(own).not.toContain('renews');
	});

	it('draws nothing when nothing changed', async () => {
		const status = statusWith();
		const screen = show(status);
		await screen.shows('Last run');
		const pictures = new Set(screen.frames);
		for (let time = 0; time < 5; time += 1) screen.statuses.say(structuredClone(status));
		await new Promise(resolve => setTimeout(resolve, 60));
		expect(new Set(screen.frames)).toEqual(pictures);
	});

	it('reaches what does not fit below the last service', async () => {
		const screen = show({...worst(), underWay: null}, {size: {columns: 60, rows: 14}});
		await screen.shows('rows)');
		await screen.press(...Array<string>(serviceNames.length).fill(keys.down));
		await screen.shows('9 things differ');
		await screen.press(keys.up);
		await screen.shows(/❯ worker/);
	});
});

describe('the keys of the status screen', () => {
	it.each([
		['q', 'q'],
		['Esc', keys.escape],
		['Ctrl-C', keys.ctrlC],
	])('leave with %s', async (_, key) => {
		const screen = show(statusWith());
		await screen.shows('Last run');
		await screen.press(key);
		await until(() => screen.left.length === 1);
		expect(screen.left).toEqual([{}]);
	});

	it('leave with the error when the statuses end with one', async () => {
		const screen = show(null);
		const error = new Error('specify.yaml is not right');
		screen.statuses.fail(error);
		await until(() => screen.left.length > 0);
		expect(screen.left).toEqual([{error}]);
	});

	it('open the log of the chosen service, and close it on the way back', async () => {
		const screen = show(statusWith());
		await screen.shows('❯ proxy');
		await screen.press(keys.down, keys.down, keys.enter);
		await screen.shows('Log of redis');
		await screen.shows('Reading the log');
		await screen.shows('has written nothing yet');
		screen.log.say('Ready to accept connections');
		await screen.shows('Ready to accept connections');
		await screen.press(keys.escape);
		await screen.shows('❯ redis');
		expect(screen.opened).toEqual(['redis']);
		await until(() => screen.closed.length === 1);
	});

	it('say why a log cannot be read', async () => {
		const screen = show(statusWith());
		await screen.shows('❯ proxy');
		await screen.press(keys.enter);
		screen.log.fail(new Error('The service proxy has no container.'));
		await screen.shows('✖ The service proxy has no container.');
	});

	it('restart only after asking, and tell until the service is healthy again', async () => {
		const screen = show(statusWith());
		await screen.shows('❯ proxy');
		await screen.press(keys.down, 'r');
		await screen.shows(/Restart db\?.*cannot be used until the database is ready/s);
		await screen.press('n');
		expect(screen.frame()).not.toContain('Restart db?');
		await screen.press('R', keys.escape, 'r', keys.enter);
		expect(screen.restarted).toEqual([]);
		expect(screen.left).toEqual([]);
		await screen.press('r', 'y');
		await screen.shows('db was started again; it is ready when it is healthy');
		expect(screen.restarted).toEqual(['db']);
		screen.statuses.say(oneWith({state: 'starting', startedAt: new Date().toISOString()}));
		await screen.shows(/❯ db +● starting/);
		screen.statuses.say(oneWith({startedAt: new Date().toISOString()}));
		await screen.shows(/✔ db is healthy again after \d+ s/);
	});

	it('say why a restart failed', async () => {
		const restart = async () => {
			throw new Error('port is already allocated');
		};
		const screen = show(statusWith(), {props: {restart}});
		await screen.shows('❯ proxy');
		await screen.press('r', 'y');
		await screen.shows('✖ proxy could not be restarted: port is already allocated');
	});

	it('show what differs with what to do, scrolled where it is long, and lead back', async () => {
		const drift = differing(9);
		const screen = show(statusWith({drift, reconfigure: ['start redis again']}));
		await screen.shows('9 things differ');
		await screen.press('d');
		await screen.shows(/What differs.*file-0 is not as it should be/s);
		await screen.press(keys.end);
		await screen.shows(/would:\n +start redis again/);
		await screen.press(keys.escape);
		await screen.shows('❯ proxy');
		screen.statuses.say(statusWith());
		await screen.press('d');
		await screen.shows('nothing differs');
	});

	it.each([
		['reconfigure', 'c'],
		['doctor', 'o'],
		['certificates', 't'],
		['watch', 'w'],
		['bundle', 'b'],
		['others', 'i'],
	])('lead to %s by its letter, and by the list', async (next, key) => {
		const lettered = show(statusWith());
		await lettered.shows('❯ proxy');
		await lettered.press('m');
		const list = await lettered.shows('What can be done');
		await lettered.press(key);
		await until(() => lettered.left.length === 1);
		expect(lettered.left).toEqual([{next}]);
		const chosen = show(statusWith());
		await chosen.shows('❯ proxy');
		const row = list.split('\n').findIndex(line => line.startsWith(`  ${key}  `) || line.startsWith(`❯ ${key}  `));
		await chosen.press('m', ...Array<string>(row - 2).fill(keys.down), keys.enter);
		await until(() => chosen.left.length === 1);
		expect(chosen.left).toEqual([{next}]);
	});

	it('explain every column and every state', async () => {
		const screen = show(statusWith(), {size: {columns: 100, rows: 120}});
		await screen.shows('❯ proxy');
		await screen.press('?');
		const help = await screen.shows('What this shows');
		const words = [
			'State',
			'CPU',
			'Memory',
			'Uptime',
			'Restarts',
			'Image',
			'Addresses',
			'Certificate',
			'Disk',
			'Last run',
		];
		const states = ['healthy', 'starting', 'unhealthy', 'restarting', 'exited', 'created', 'missing', 'unknown'];
		for (const word of [...words, ...states, ...serviceNames])
			expect(help).toMatch(new RegExp(`^${word} {2,}\\S`, 'm'));
		await screen.press('?');
		await screen.shows('❯ proxy');
	});

	it('do no harm in any order: always smaller than the terminal, always a way out', async () => {
		const all = [
			...Object.values(keys).filter(key => key !== keys.ctrlC && key !== keys.ctrlZ),
			'r',
			'y',
			'n',
			'?',
			'q',
			'x',
			'd',
			'm',
			' ',
			'\u001b[200~paste\u001b[201~',
		];
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(...sizes),
				fc.array(fc.oneof(fc.constantFrom(...all), fc.constantFrom('status', 'log', 'lost')), {maxLength: 30}),
				async (size, pressed) => {
					const screen = show(statusWith(), {size});
					await until(() => columnsOf(screen.frame().split('\n')[1] ?? '') === size.columns - 1);
					for (const key of pressed) {
						if (key === 'status') screen.statuses.say(worst());
						else if (key === 'lost')
							screen.statuses.say(statusWith({engine: {connected: false, problem: 'Gone.', since: ago(0)}}));
						else if (key === 'log') screen.log.say('a line of the log '.repeat(9));
						else await screen.press(key);
						fits(screen.frame(), size);
					}
					const before = screen.left.length;
					await screen.press(keys.ctrlC);
					expect(screen.left.length).toBe(before + 1);
					screen.unmount();
				},
			),
			{numRuns: 15},
		);
	}, 60_000);
});

describe("a service's log on the screen", () => {
	const lines = (from: number, to: number) => Array.from({length: to - from}, (_, index) => `line ${from + index}.`);
	const opened = async (...said: string[]) => {
		const screen = show(statusWith());
		await screen.shows('❯ proxy');
		screen.log.say(...said);
		await screen.press(keys.enter);
		return screen;
	};

	it('follows its end until one scrolls up, and then stays where one reads', async () => {
		const screen = await opened(...lines(0, 100));
		await screen.shows('line 99.');
		screen.log.say(...lines(100, 103));
		await screen.shows('line 102.');
		expect(screen.frame()).toContain('following');
		await screen.press(keys.up, keys.up);
		await screen.shows('2 rows below');
		screen.log.say(...lines(103, 113));
		await screen.shows('12 rows below');
		expect(screen.frame()).toContain('line 100.');
		expect(screen.frame()).not.toContain('line 101.');
		await screen.press(keys.end);
		await screen.shows('line 112.');
		await screen.press(keys.home);
		await screen.shows('line 0.');
	});

	it('keeps a bounded number of lines, however many come', async () => {
		const tail = new LogTail(80);
		for (let time = 0; time < 50; time += 1) tail.add(lines(time * 1000, (time + 1) * 1000));
		expect(tail.rows).toHaveLength(2000);
		expect(tail.rows.at(-1)).toBe('line 49999.');
		expect(tail.gone).toBe(48_000);
	});

	it('is wrapped anew for another width, nothing lost', () => {
		const tail = new LogTail(80);
		tail.add(['a long line '.repeat(20).trim()]);
		const narrow = tail.resized(30);
		expect(narrow.rows.length).toBeGreaterThan(tail.rows.length);
		expect(narrow.rows.map(row => row.trim()).join(' ')).toBe(tail.rows.map(row => row.trim()).join(' '));
	});

	it('wraps every text into rows that fit', () => {
		fc.assert(
			fc.property(fc.string({unit: 'grapheme', maxLength: 300}), fc.integer({min: 20, max: 120}), (text, width) => {
				const printable = text.replace(/\p{C}/gu, '');
				for (const row of wrapLine(printable, width)) expect(columnsOf(row)).toBeLessThanOrEqual(width);
			}),
		);
	});
});
