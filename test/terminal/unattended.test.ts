import {spawnSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {stepIds} from '../../source/model/events.js';
import {temporaryFolder} from '../_helpers/folder.js';
import {programEnvironment} from '../_helpers/terminal.js';
import {program} from './program.js';

/** The built program as scripts call it: no terminal, and no engine that answers. */

const {fresh} = temporaryFolder();
const canary = 'Canary1234567890';

const run = (
	args: readonly string[],
	{env = {}, input = '', home = fresh('home')}: {env?: Record<string, string>; input?: string; home?: string} = {},
): {status: number | null; stdout: string; stderr: string} => {
	mkdirSync(home, {recursive: true});
	const {status, stdout, stderr} = spawnSync(process.execPath, [program, ...args], {
		encoding: 'utf8',
		input,
		cwd: home,
		env: programEnvironment({
			HOME: home,
			XDG_CONFIG_HOME: join(home, '.config'),
			DOCKER_HOST: 'unix:///nowhere/docker.sock',
			TZ: 'Europe/Stockholm',
			...env,
		}),
	});
	return {status, stdout, stderr};
};

/** Every file and folder below a path: text, permissions and when it was changed last. */
const snapshot = (folder: string) =>
	Object.fromEntries(
		['.', ...(readdirSync(folder, {recursive: true}) as string[])].map(name => {
			const path = join(folder, name);
			const {mode, mtimeMs, ctimeMs} = statSync(path);
			const text = statSync(path).isFile() ? readFileSync(path, 'utf8') : null;
			return [name, {mode, mtimeMs, ctimeMs, text}];
		}),
	);

const installed = (...args: string[]) => {
	const directory = join(fresh('museums'), 'museum');
	expect(run(['install', '--dir', directory, '--files-only', ...args]).status).toBe(0);
	return directory;
};

describe('install --plan --json', () => {
	test('has the shape the readme promises, and nothing else', () => {
		const directory = join(fresh('museums'), 'museum');
		const {status, stdout} = run(['install', '--dir', directory, '--plan', '--json', '--set', 'domain=nrm.example']);
		expect(status).toBe(0);
		expect(stdout.trimEnd().split('\n')).toHaveLength(1);
		const plan = JSON.parse(stdout);
		expect(plan).toEqual({
			type: 'plan',
			version: expect.stringMatching(/^\d+\.\d+\.\d+/),
			directory,
			installed: false,
			engineReachable: false,
			done: false,
			answers: expect.objectContaining({version: 1, domain: 'nrm.example', timezone: 'Europe/Stockholm'}),
			steps: expect.any(Array),
		});
		expect(plan.steps.length).toBeGreaterThan(5);
		for (const step of plan.steps) {
			expect(Object.keys(step).sort()).toEqual(['changes', 'done', 'id', 'title']);
			expect(stepIds).toContain(step.id);
			expect(typeof step.title).toBe('string');
			expect(typeof step.done).toBe('boolean');
			for (const change of step.changes) expect(typeof change).toBe('string');
		}
		const files = plan.steps.find(({id}: {id: string}) => id === 'files');
		expect(files).toMatchObject({done: false});
		expect(files.changes).toContain('write compose.yaml');
	});

	test('of an installation says so, and of its files only what is new', () => {
		const directory = installed();
		const {stdout} = run(['reconfigure', '--dir', directory, '--plan', '--json', '--set', 'privacy.telemetry=true']);
		const plan = JSON.parse(stdout);
		expect(plan).toMatchObject({installed: true, done: false, answers: {privacy: {telemetry: true}}});
		const files = plan.steps.find(({id}: {id: string}) => id === 'files');
		expect(files.changes).toContain('rewrite specify.yaml');
		expect(files.changes).not.toContain('write specify.yaml');
		expect(files.changes.join()).not.toContain('Caddyfile');
	});
});

describe('a generated file that was edited by hand', () => {
	const path = 'landing/index.html';
	const edited = () => {
		const directory = installed();
		const file = join(directory, path);
		const generated = readFileSync(file, 'utf8');
		writeFileSync(file, `${generated}<!-- mine -->\n`);
		return {directory, generated, text: () => readFileSync(file, 'utf8')};
	};

	test('stays with --keep, which the plan tells from then on, and gives way with --take', {timeout: 60_000}, () => {
		const {directory, generated, text} = edited();
		const reconfigure = (...args: string[]) => run(['reconfigure', '--dir', directory, ...args]);
		expect(reconfigure('--files-only', '--keep', path).status).toBe(0);
		expect(reconfigure('--files-only').status).toBe(0);
		expect(text()).toContain('<!-- mine -->');
		const edits = (...args: string[]) => JSON.parse(reconfigure('--plan', '--json', ...args).stdout).edits;
		expect(edits()).toEqual([{path, state: 'kept', meaning: `${path} stays as it was edited by hand.`}]);
		const other = ['--set', 'domain=nrm.example', '--keep', path];
		expect(edits(...other)).toMatchObject([{path, state: 'behind'}]);
		expect(reconfigure('--plan', ...other).stdout).toMatch(/Edited by hand:\n {2}landing.* not as the answers want it/);
		expect(edits('--take', path)).toEqual([]);
		const taken = reconfigure('--files-only', '--take', path);
		expect(taken.stdout).toMatch(/your version is kept as .*\/previous\//);
		expect(text()).toBe(generated);
	});

	test.each([
		[['--take', 'compose.yaml'], /nothing to take anew of compose\.yaml/],
		[['--take', 'specify.yaml', '--take', 'own.txt'], /nothing to take anew of specify\.yaml, own\.txt/],
		[['--keep', 'compose.yaml'], /nothing to keep of compose\.yaml/],
		[['--keep', path, '--take', path], /--keep and --take cannot both be right for landing/],
	])('%j is refused, and nothing is written', (args, message) => {
		const {directory} = edited();
		const before = snapshot(directory);
		const {status, stderr} = run(['reconfigure', '--dir', directory, '--files-only', ...args]);
		expect(status).toBe(2);
		expect(stderr).toMatch(message);
		expect(snapshot(directory)).toEqual(before);
	});
});

/** An installation with data, as a run that went well leaves it: without an engine. */
const inUse = () => {
	const directory = installed();
	const answers = join(directory, '.specify-setup/answers');
	mkdirSync(answers, {recursive: true});
	copyFileSync(join(directory, 'specify.yaml'), join(answers, '20260801T100000.yaml'));
	return directory;
};

describe('what cannot be changed in an installation in use', () => {
	const other = ['--set', 'database.name=other'];
	const reason = 'The name of the database cannot be changed once there are data in it.';

	test('is refused by --files-only too, and nothing is written', () => {
		const directory = inUse();
		const before = snapshot(directory);
		const {status, stdout, stderr} = run(['install', '--dir', directory, '--files-only', ...other]);
		expect({status, stdout}).toEqual({status: 3, stdout: ''});
		expect(stderr).toBe(`This cannot be changed: database.name.\nWhat to do: ${reason} Set it back to specify.\n`);
		expect(snapshot(directory)).toEqual(before);
	});

	test('is told by --plan, in the shape the readme promises', () => {
		const directory = inUse();
		const plan = ['reconfigure', '--dir', directory, '--plan', ...other, '--set', 'timezone=UTC'];
		const said = run(plan);
		expect(said.status).toBe(0);
		expect(said.stdout).toContain(`\nThis would be refused: database.name cannot be changed. ${reason} Set it back`);
		expect(said.stdout).not.toContain('refused: timezone');
		const told = JSON.parse(run([...plan, '--json']).stdout);
		expect(Object.keys(told)).toEqual([
			'type',
			'version',
			'directory',
			'installed',
			'engineReachable',
			'done',
			'answers',
			'consequences',
			'edits',
			'steps',
		]);
		expect(told.consequences).toEqual([
			{
				key: 'timezone',
				before: 'Europe/Stockholm',
				after: 'UTC',
				meaning: expect.any(Array),
				restarts: ['db', 'specify7', 'worker'],
			},
			{key: 'database.name', before: 'specify', after: 'other', meaning: [reason], restarts: [], fixed: reason},
		]);
	});
});

describe('an installation whose answers got lost', () => {
	const lostIn = (how: 'missing' | 'empty', directory = inUse()) => {
		if (how === 'missing') rmSync(join(directory, 'specify.yaml'));
		else writeFileSync(join(directory, 'specify.yaml'), '# mine\n');
		return directory;
	};

	test.each([
		...['reconfigure --plan', 'reconfigure --yes --set timezone=UTC', 'install --yes --set timezone=UTC'],
		...['install --plan', 'install --files-only', 'status', 'certs', ''],
	])('is not taken for one of the defaults, nor for none: %s', line => {
		for (const how of ['missing', 'empty'] as const) {
			const directory = lostIn(how);
			const before = snapshot(directory);
			const {status, stdout, stderr} = run([...line.split(' ').filter(Boolean), '--dir', directory]);
			expect({status, stdout}).toEqual({status: 2, stdout: ''});
			expect(stderr).toBe(
				`There is an installation in ${directory}, but its answers are lost: specify.yaml is ${how}.\n` +
					`What to do: "specify-setup doctor --fix --dir ${directory}" brings back those that were installed last, from ${directory}/.specify-setup/answers/20260801T100000.yaml.\n`,
			);
			expect(snapshot(directory)).toEqual(before);
		}
	});

	test('takes earlier answers, or those of a file', () => {
		const directory = lostIn('missing', inUse());
		const kept = join(directory, '.specify-setup/answers/20260801T100000.yaml');
		for (const args of [['--previous'], ['--answers', kept]]) {
			const {status, stdout} = run(['reconfigure', '--plan', '--json', '--dir', directory, ...args]);
			expect(status).toBe(0);
			expect(JSON.parse(stdout)).toMatchObject({installed: true, answers: {domain: 'specify.localhost'}});
		}
	});

	test('gets them back from the doctor', () => {
		const directory = lostIn('missing');
		const path = join(directory, 'specify.yaml');
		const {status, stdout} = run(['doctor', '--fix', '--dir', directory]);
		expect(status).toBe(1);
		expect(stdout).toContain(`Mended: bring specify.yaml back as it was installed last: ${path}`);
		expect(readFileSync(path, 'utf8')).toContain('domain: specify.localhost');
		expect(statSync(path).mode & 0o777).toBe(0o644);
	});

	test('is begun from the answers given again, where it was never finished', () => {
		const directory = lostIn('missing', installed());
		const {status, stdout} = run(['install', '--plan', '--json', '--dir', directory, '--set', 'domain=nrm.example']);
		expect(status).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({answers: {domain: 'nrm.example'}});
		const {stderr, ...told} = run(['reconfigure', '--plan', '--dir', directory, '--set', 'domain=nrm.example']);
		expect(told).toMatchObject({status: 2, stdout: ''});
		expect(stderr).toContain('Put specify.yaml back from a copy of yours, or give all answers again');
	});
});

describe('without a command', () => {
	test('answers for an installation that exists are not dropped in silence', () => {
		const directory = installed();
		const {status, stdout, stderr} = run(['--dir', directory, '--set', 'timezone=UTC']);
		expect({status, stdout}).toEqual({status: 2, stdout: ''});
		expect(stderr).toContain(`specify-setup reconfigure --dir ${directory} --set …`);
	});

	test.each([
		'--plain --plan --dir DIR',
		'--dir=DIR --plan',
		'--set=hsts=false --plan --dir DIR',
		'--dir DIR --plain --plan',
	])('flags may stand in any order: %s', line => {
		const directory = join(fresh('museums'), 'museum');
		expect(run(line.replace('DIR', directory).split(' '))).toMatchObject({
			status: 0,
			stdout: expect.stringContaining(`Plan for ${directory}:`),
			stderr: '',
		});
	});

	test('help is asked for after other flags too', () => {
		expect(run(['--plain', '--help'])).toMatchObject({
			status: 0,
			stdout: expect.stringMatching(/^specify-setup install /),
		});
	});
});

describe('--plan writes nothing', () => {
	test.each([[['--plan']], [['--plan', '--json']], [['--plan', '--files-only']]])('%j, where nothing is', how => {
		const museums = fresh('museums');
		mkdirSync(museums);
		const before = snapshot(museums);
		expect(run(['install', '--dir', join(museums, 'museum'), '--yes', ...how]).status).toBe(0);
		expect(snapshot(museums)).toEqual(before);
	});

	test('where something is', () => {
		const directory = installed();
		const before = snapshot(directory);
		const {status, stdout} = run(['install', '--dir', directory, '--plan', '--set', 'domain=nrm.example'], {
			env: {SPECIFY_SETUP_SECRET_MASTER_PASSWORD: canary},
		});
		expect({status, stdout}).toMatchObject({status: 0, stdout: expect.stringContaining('rewrite compose.yaml')});
		expect(stdout).toContain(`There is an installation in ${directory} already. Plan for it:`);
		expect(stdout).not.toContain(canary);
		expect(snapshot(directory)).toEqual(before);
	});
});

describe('refused with exit code 2, and nothing is written', () => {
	const refused = (args: readonly string[], how?: Parameters<typeof run>[1]) => {
		const museums = fresh('museums');
		const {status, stdout, stderr} = run([...args, '--dir', join(museums, 'museum')], how);
		expect({status, stdout}).toEqual({status: 2, stdout: ''});
		expect(() => statSync(museums)).toThrow('ENOENT');
		expect(stderr).toMatch(/^What to do: /m);
		expect(stderr).not.toContain(canary);
		return stderr;
	};

	test('reconfigure where nothing is installed', () => {
		expect(refused(['reconfigure', '--yes'])).toMatch(/^Nothing is installed in .*museum\.\nWhat to do: Install with /);
	});

	test('answers and secrets that both come from standard input', () => {
		expect(refused(['install', '--yes', '--answers', '-', '--secrets', '-'])).toContain(
			'--answers and --secrets cannot both read standard input.',
		);
	});

	test('wrong answers from standard input and the environment, with their places', () => {
		const said = refused(['install', '--yes', '--answers', '-', '--set', 'hsts=maybe'], {
			input: 'version: 1\nports: {http: no}\n',
			env: {SPECIFY_SETUP_DOMAIN: 'museum', SPECIFY_SETUP_DOMIAN: 'a.example'},
		});
		expect(said).toContain('4 answers are not right (standard input, environment, --set):');
		expect(said).toContain('  line 2, column 9: ports.http must be a whole number');
		expect(said).toContain('  SPECIFY_SETUP_DOMAIN: domain must be a host name');
		expect(said).toContain('  SPECIFY_SETUP_DOMIAN is not known; the nearest that is: SPECIFY_SETUP_DOMAIN');
		expect(said).toContain('  --set: hsts must be true or false');
	});

	test('a secret as an argument, as a variable of another name, and one that cannot be used', () => {
		refused(['install', '--yes', '--set', `MASTER_PASSWORD=${canary}`]);
		refused(['install', '--yes'], {env: {SPECIFY_SETUP_MASTER_PASSWORD: canary}});
		refused(['install', '--yes'], {env: {SPECIFY_SETUP_SECRET_MASTER_PASSWORD: `${canary}-`}});
		refused(['install', '--yes', '--secrets', '-'], {input: `MASTER_PASSWORD=${canary} ${canary}\n`});
	});

	test('yes from the environment', () => {
		expect(refused(['install'], {env: {SPECIFY_SETUP_YES: '1'}})).toContain('needs --yes on the command line');
	});

	test('wrong answers as JSON are one object', () => {
		const {status, stdout, stderr} = run(['install', '--json', '--yes', '--dir', fresh()], {
			env: {SPECIFY_SETUP_PORTS_HTTP: '0'},
		});
		expect({status, stderr}).toEqual({status: 2, stderr: ''});
		expect(JSON.parse(stdout)).toEqual({
			type: 'error',
			message: 'One answer is not right (environment):',
			details: ['SPECIFY_SETUP_PORTS_HTTP: ports.http must be 1 or more'],
			hint: expect.any(String),
			exitCode: 2,
		});
	});
});

describe('an installation is known afterwards without its folder', () => {
	const namedIn = (home: string) => JSON.parse(run(['install', '--plan', '--json'], {home}).stdout).directory;
	const remembered = (home: string) =>
		JSON.parse(readFileSync(join(home, '.config/specify-setup/config.json'), 'utf8')).installations;

	test('when it was made unattended', () => {
		const [home, directory] = [fresh('home'), join(fresh('museums'), 'museum')];
		expect(run(['install', '--plan', '--dir', directory], {home}).status).toBe(0);
		expect(() => remembered(home)).toThrow('ENOENT');
		expect(run(['install', '--files-only', '--dir', directory], {home}).status).toBe(0);
		expect(remembered(home)).toEqual([directory]);
		expect(namedIn(home)).toBe(directory);
	});

	test('when it was opened, once', () => {
		const [home, directory] = [fresh('home'), installed()];
		for (const args of [
			['--dir', directory],
			['--dir', directory, '--plain'],
		])
			run(args, {home});
		expect(remembered(home)).toEqual([directory]);
		expect(namedIn(home)).toBe(directory);
	});

	test('where nothing can be remembered, it is made all the same', () => {
		const directory = join(fresh('museums'), 'museum');
		const env = {XDG_CONFIG_HOME: '/dev/null'};
		expect(run(['install', '--files-only', '--dir', directory], {env})).toMatchObject({status: 0, stderr: ''});
	});
});

describe('what is given counts', () => {
	test('the folder of SPECIFY_SETUP_DIR, unless --dir names another', () => {
		const [one, other] = [join(fresh('museums'), 'one'), join(fresh('museums'), 'other')];
		const env = {SPECIFY_SETUP_DIR: one};
		expect(JSON.parse(run(['install', '--plan', '--json'], {env}).stdout).directory).toBe(one);
		expect(JSON.parse(run(['install', '--plan', '--json', '--dir', other], {env}).stdout).directory).toBe(other);
	});

	test('secrets from standard input, a file and the environment are the ones installed; only secret files hold them', () => {
		const directory = join(fresh('museums'), 'museum');
		const file = fresh('password');
		writeFileSync(file, `${canary}3\n`, {mode: 0o600});
		const {status, stdout, stderr} = run(['install', '--dir', directory, '--files-only', '--secrets', '-'], {
			input: `DATABASE_ROOT_PASSWORD=${canary}1\nMASTER_PASSWORD=overridden1234\n`,
			env: {
				SPECIFY_SETUP_SECRET_MASTER_PASSWORD: `${canary}2`,
				SPECIFY_SETUP_SECRET_SECRET_KEY_FILE: file,
			},
		});
		expect({status, stderr}).toEqual({status: 0, stderr: ''});
		expect(stdout).not.toContain(canary);
		const environment = readFileSync(join(directory, '.env'), 'utf8');
		expect(environment).toContain(`DATABASE_ROOT_PASSWORD='${canary}1'`);
		expect(environment).toContain(`MASTER_PASSWORD='${canary}2'`);
		expect(environment).toContain(`SECRET_KEY='${canary}3'`);
		const holding = Object.entries(snapshot(directory)).filter(([, {text}]) => text?.includes(canary));
		expect(holding.map(([name]) => name).sort()).toEqual([
			'.env',
			'.specify-setup/environment',
			'.specify-setup/secrets/database-root-password',
		]);
	});

	test('the schema lies where the first line of specify.yaml says, and is that of the package', () => {
		const directory = installed('--set', 'domain=nrm.example');
		const text = readFileSync(join(directory, 'specify.yaml'), 'utf8');
		const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)!;
		const schema = readFileSync(join(directory, path!), 'utf8');
		expect(schema).toBe(readFileSync(join(program, '../specify.schema.json'), 'utf8'));
		expect(JSON.parse(schema).properties.domain.type).toBe('string');
		expect(parse(text).domain).toBe('nrm.example');
	});
});
