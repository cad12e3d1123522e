import {mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {dirname, join} from 'node:path';
import {PassThrough, Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {execa} from 'execa';
import {afterEach, describe, expect, it} from 'vitest';
import {Cancelled} from '../../source/errors.js';
import type {Command} from '../../source/host/host.js';
import {listenersOn, parseListeners} from '../../source/host/listeners.js';
import {localHost} from '../../source/host/local.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {drain, drainToError} from '../_helpers/generators.js';
import {isAlive} from '../_helpers/processes.js';
import {until} from '../_helpers/until.js';

const {folder, fresh} = temporaryFolder();

const sh = (script: string, ...args: string[]): Command => ({file: 'sh', args: ['-c', script, 'sh', ...args]});

/** A program that starts another one and waits for it; the other's process number comes into a file. */
const withChild = (path: string) => sh('sleep 60 & echo $! > "$1.new" && mv "$1.new" "$1"; wait', path);
const pidIn = (path: string) =>
	until(() =>
		readFile(path, 'utf8').then(
			text => Number(text.trim()),
			() => 0,
		),
	);

describe('running a program', () => {
	it('gives its exit code and both outputs as they were', async () => {
		expect(await localHost.run(sh('echo out; echo err >&2; exit 3'))).toEqual({
			exitCode: 3,
			stdout: 'out\n',
			stderr: 'err\n',
		});
	});

	it('hands arguments, input, folder and environment over untouched', async () => {
		const command = {...sh('pwd; echo "$1"; echo "$COLOUR"; cat', 'a "b" $c'), cwd: folder, env: {COLOUR: 'green'}};
		expect((await localHost.run(command, {input: 'line\n'})).stdout).toBe(`${folder}\na "b" $c\ngreen\nline\n`);
	});

	it('that reads its input without being given any finds its end', async () => {
		expect(await localHost.run(sh('cat; echo done'))).toMatchObject({stdout: 'done\n'});
	});

	it('that does not exist is a result like any other', async () => {
		const {exitCode, stderr} = await localHost.run({file: 'no-such-program', args: []});
		expect(exitCode).toBe(127);
		expect(stderr).not.toBe('');
	});

	it('that is killed is a failure', async () => {
		expect((await localHost.run(sh('kill -9 $$'))).exitCode).not.toBe(0);
	});

	it('does not even begin when it was stopped before', async () => {
		const path = fresh();
		await expect(localHost.run(sh('touch "$1"', path), {signal: AbortSignal.abort()})).rejects.toThrow(Cancelled);
		expect(await localHost.stat(path)).toBeNull();
	});

	it('ends with everything it started when it is stopped', async () => {
		const controller = new AbortController();
		const path = fresh('pid');
		const running = localHost.run(withChild(path), {signal: controller.signal});
		const pid = await pidIn(path);
		controller.abort();
		await expect(running).rejects.toThrow(Cancelled);
		await until(() => !isAlive(pid));
	});

	it('ends with everything it started when its time is over', async () => {
		const path = fresh('pid');
		const began = Date.now();
		const running = localHost.run(withChild(path), {timeoutMs: 500});
		const pid = await pidIn(path);
		try {
			const result = await Promise.race([running, until(() => Date.now() > began + 4000).then(() => null)]);
			expect(result?.exitCode).not.toBe(0);
			expect(result).not.toBeNull();
			await until(() => !isAlive(pid), {timeoutMs: 2000});
		} finally {
			if (isAlive(pid)) process.kill(pid);
			await running;
		}
	});
});

describe('following a program', () => {
	it('gives each line with its source, the last one without an end too, then the exit code', async () => {
		const {yielded, result} = await drain(localHost.lines(sh('echo one; echo two >&2; printf three; exit 4')));
		expect(yielded).toHaveLength(3);
		expect(yielded).toEqual(
			expect.arrayContaining([
				{source: 'stdout', line: 'one'},
				{source: 'stderr', line: 'two'},
				{source: 'stdout', line: 'three'},
			]),
		);
		expect(result).toBe(4);
	});

	it('gives lines while it runs', async () => {
		const path = fresh('go');
		const lines = localHost.lines(sh('echo ready; until [ -e "$1" ]; do sleep 0.02; done; echo went', path));
		expect((await lines.next()).value).toEqual({source: 'stdout', line: 'ready'});
		await writeFile(path, '');
		expect((await lines.next()).value).toEqual({source: 'stdout', line: 'went'});
		expect(await lines.next()).toEqual({done: true, value: 0});
	});

	it('leaves colours and cursor movements out', async () => {
		const {yielded} = await drain(localHost.lines(sh("printf '\\033[32mgreen\\033[0m\\033[2K\\n'")));
		expect(yielded).toEqual([{source: 'stdout', line: 'green'}]);
	});

	it('keeps thousands of lines in order', async () => {
		const {yielded} = await drain(localHost.lines({file: 'seq', args: ['5000']}));
		expect(yielded.map(({line}) => Number(line))).toEqual(Array.from({length: 5000}, (_, index) => index + 1));
	});

	it('ends the program when nobody follows any more', async () => {
		const path = fresh('pid');
		const lines = localHost.lines(sh('echo $$ > "$1"; echo ready; exec sleep 60', path));
		await lines.next();
		const pid = await pidIn(path);
		await lines.return(0);
		await until(() => !isAlive(pid));
	});

	it('ends with everything it started when it is stopped', async () => {
		const controller = new AbortController();
		const path = fresh('pid');
		const ending = drainToError(localHost.lines(withChild(path), {signal: controller.signal}));
		const pid = await pidIn(path);
		controller.abort();
		expect((await ending).error).toBeInstanceOf(Cancelled);
		await until(() => !isAlive(pid));
	});

	it('that does not exist fails', async () => {
		const {yielded, result} = await drain(localHost.lines({file: 'no-such-program', args: []}));
		expect(yielded).toEqual([]);
		expect(result).not.toBe(0);
	});
});

describe('feeding a program', () => {
	it('gives it every byte and waits for its end', async () => {
		const bytes = Buffer.alloc(3_000_000, 'abc\n');
		const input = Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]);
		expect(await localHost.feed(sh('wc -c; echo err >&2; exit 2'), input)).toEqual({
			exitCode: 2,
			stdout: expect.stringMatching(/^\s*3000000\n$/),
			stderr: 'err\n',
		});
	});

	it('that stops reading ends with what it said, and the input is let go', async () => {
		const endless = new Readable({
			read() {
				this.push(Buffer.alloc(65_536, 'x'));
			},
		});
		const result = await localHost.feed(sh('head -c 10 >/dev/null; echo "ERROR 1064" >&2; exit 1'), endless);
		expect(result).toMatchObject({exitCode: 1, stderr: 'ERROR 1064\n'});
		expect(endless.destroyed).toBe(true);
	});

	it('that is cut off ends with what it said, also where the input comes through others', async () => {
		const source = new Readable({
			read() {
				this.push(Buffer.alloc(65_536, 'x'));
			},
		});
		const input = new PassThrough();
		const passed = pipeline(source, input).catch(error => error.code);
		const result = await localHost.feed(sh('head -c 10 >/dev/null; echo "engine is gone" >&2; exit 1'), input);
		expect(result).toMatchObject({exitCode: 1, stderr: 'engine is gone\n'});
		expect(await passed).toBe('ERR_STREAM_PREMATURE_CLOSE');
	});

	it('fails with the error of its input, even if the program then ends well', async () => {
		const input = Readable.from(
			(async function* () {
				yield Buffer.from('half');
				throw new Error('the dump is damaged');
			})(),
		);
		await expect(localHost.feed(sh('cat >/dev/null'), input)).rejects.toThrow('the dump is damaged');
	});

	it('ends when it is stopped', async () => {
		const controller = new AbortController();
		const path = fresh('pid');
		const input = new PassThrough();
		const running = localHost.feed(withChild(path), input, {signal: controller.signal});
		const pid = await pidIn(path);
		controller.abort();
		await expect(running).rejects.toThrow(Cancelled);
		await until(() => !isAlive(pid));
		expect(input.destroyed).toBe(true);
	});
});

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

describe('writing a file', () => {
	const umask = process.umask();
	afterEach(() => process.umask(umask));

	it('makes it with its mode, and the folders above it', async () => {
		const path = join(fresh(), 'deep', '.env');
		await localHost.write(path, 'one', 0o600);
		expect(await readFile(path, 'utf8')).toBe('one');
		expect(await modeOf(path)).toBe('600');
		await localHost.write(path, 'two', 0o444);
		expect(await readFile(path, 'utf8')).toBe('two');
		expect(await modeOf(path)).toBe('444');
	});

	it.each(['002', '027', '077'])('gives files and folders their modes under the umask %s', async mask => {
		const top = fresh();
		process.umask(Number.parseInt(mask, 8));
		await localHost.makeFolder(join(top, 'shared', 'inner'), 0o755);
		await localHost.makeFolder(join(top, 'own'), 0o700);
		await localHost.write(join(top, 'proxy', 'Caddyfile'), 'text', 0o644);
		const modes = await Promise.all(
			['shared', 'shared/inner', 'own', 'proxy', 'proxy/Caddyfile'].map(name => modeOf(join(top, name))),
		);
		// Containers read these under users of their own.
		expect(modes).toEqual(['755', '755', '700', '755', '644']);
	});

	it('that cannot take its place leaves no trace of it', async () => {
		const path = fresh();
		await mkdir(join(path, 'inside'), {recursive: true});
		await expect(localHost.write(path, 'text', 0o644)).rejects.toMatchObject({path});
		expect(await readdir(path)).toEqual(['inside']);
		expect((await readdir(folder)).filter(name => name.endsWith('.tmp'))).toEqual([]);
	});

	it('takes away what a process that was killed in the middle of it has left, and nothing else', async () => {
		const path = fresh();
		const place = dirname(path);
		const module = JSON.stringify(new URL('../../source/host/local.ts', import.meta.url));
		const program = `const {localHost} = await import(${module});
			await localHost.write(${JSON.stringify(path)}, 'half'.repeat(50_000_000), 0o644);`;
		const child = execa(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
			reject: false,
		});
		const unfinished = async () => (await readdir(place)).filter(name => name.endsWith('.tmp'));
		await until(async () => (await unfinished()).length > 0);
		child.kill('SIGKILL');
		expect(await child).toMatchObject({signal: 'SIGKILL'});
		const left = await unfinished();
		expect(left).toHaveLength(1);
		await localHost.write(join(place, 'another'), 'text', 0o644);
		expect(await readdir(place)).toContain(left[0]);
		await localHost.write(path, 'whole', 0o644);
		expect(await unfinished()).toEqual([]);
		expect(await readFile(path, 'utf8')).toBe('whole');
	});

	it('that fails keeps what was there', async () => {
		const path = fresh();
		await localHost.write(path, 'old', 0o644);
		await expect(localHost.write(join(path, 'below'), 'new', 0o644)).rejects.toThrow();
		expect(await readFile(path, 'utf8')).toBe('old');
	});

	it('is seen whole or not at all by whoever reads meanwhile', async () => {
		const path = fresh();
		const texts = ['a', 'b'].map(letter => letter.repeat(300_000));
		await localHost.write(path, texts[0]!, 0o644);
		const writing = (async () => {
			for (let round = 0; round < 20; round += 1) await localHost.write(path, texts[round % 2]!, 0o644);
		})();
		for (let round = 0; round < 50; round += 1) expect(texts).toContain(await localHost.read(path));
		await writing;
	});
});

describe('looking', () => {
	it('at what is not there finds nothing', async () => {
		const path = fresh();
		expect(await localHost.read(path)).toBeNull();
		expect(await localHost.stat(path)).toBeNull();
		expect(await localHost.list(path)).toEqual([]);
	});

	it('through a file as if it were a folder finds nothing', async () => {
		const path = fresh();
		await writeFile(path, '');
		expect(await localHost.read(join(path, 'below'))).toBeNull();
		expect(await localHost.list(path)).toEqual([]);
	});

	it('at files and folders tells mode, size and kind', async () => {
		const path = fresh();
		await localHost.makeFolder(path, 0o755);
		await localHost.write(join(path, 'a'), 'ä', 0o640);
		expect(await localHost.stat(join(path, 'a'))).toEqual({mode: 0o640, bytes: 2, isFolder: false});
		expect(await localHost.stat(path)).toMatchObject({isFolder: true});
		await symlink('a', join(path, 'b'));
		expect((await localHost.list(path)).sort()).toEqual(['a', 'b']);
	});

	it('at what it may not read fails instead of finding nothing', async () => {
		await expect(localHost.read(folder)).rejects.toThrow('EISDIR');
	});

	it('for space asks the nearest folder there is', async () => {
		const here = await localHost.freeBytes(folder);
		expect(here).toBeGreaterThan(0);
		expect(Math.abs((await localHost.freeBytes(join(folder, 'not', 'yet', 'there'))) - here)).toBeLessThan(1e9);
	});

	it('at the machine gives what limits are made of', async () => {
		const {memory, swap, processors, user, timezone} = await localHost.facts();
		expect(memory).toBeGreaterThan(2 ** 28);
		expect(swap).toBeGreaterThanOrEqual(0);
		expect(processors).toBeGreaterThanOrEqual(1);
		expect(user).not.toBe('');
		expect(timezone).not.toBe('');
	});
});

describe('listeners', () => {
	it.each(['127.0.0.1', '0.0.0.0', '::1'])('at %s are found with the program', async address => {
		const server = createServer();
		await new Promise<void>(resolve => server.listen(0, address, resolve));
		const {port} = server.address() as {port: number};
		expect(await listenersOn([port, 1])).toEqual([{port, program: expect.any(String)}]);
		await new Promise(resolve => server.close(resolve));
		expect(await listenersOn([port])).toEqual([]);
	});

	it('are read from the tables of Linux: those that listen, of both families', () => {
		const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
`;
		const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
`;
		expect(parseListeners(tcp)).toEqual([{port: 80, inode: '4711'}]);
		expect(parseListeners(tcp6)).toEqual([{port: 443, inode: '4713'}]);
		expect(parseListeners('')).toEqual([]);
	});
});
