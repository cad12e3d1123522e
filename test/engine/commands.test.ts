import {describe, expect, it} from 'vitest';
import * as compose from '../../source/engine/compose.js';
import * as docker from '../../source/engine/docker.js';
import {asRoot, identifier, loadAs, quoted} from '../../source/engine/mariadb.js';

const directory = '/opt/specify';
const inFolder = (...args: string[]) => ({
	file: 'docker',
	args: ['compose', '--project-directory', directory, ...args],
	cwd: directory,
	env: expect.objectContaining({MASTER_PASSWORD: undefined, SECRET_KEY: undefined}),
});

describe('commands of Compose', () => {
	it('run in the folder of the installation', () => {
		expect(compose.config(directory)).toEqual(inFolder('config', '--quiet'));
		expect(compose.configHashes(directory)).toEqual(inFolder('config', '--hash', '*'));
		expect(compose.configHashesOf(directory, ['compose.override.yaml'])).toEqual(
			inFolder('--file', '-', '--file', 'compose.override.yaml', 'config', '--hash', '*'),
		);
		expect(compose.up(directory, ['db', 'redis'])).toEqual(
			inFolder('up', '--detach', '--pull', 'never', 'db', 'redis'),
		);
		expect(compose.stop(directory, ['specify7'])).toEqual(inFolder('stop', 'specify7'));
		expect(compose.exec(directory, 'proxy', 'cat', '/a b')).toEqual(
			inFolder('exec', '--no-TTY', 'proxy', 'cat', '/a b'),
		);
	});

	it('are known again among those of other programs', () => {
		const args = (command: {args: readonly string[]}) => ['docker-compose', ...command.args];
		expect(compose.isUp(directory, args(compose.up(directory, ['db'])))).toBe(true);
		expect(compose.isUp('/opt', args(compose.up(directory, ['db'])))).toBe(false);
		expect(compose.isUp(directory, args(compose.stop(directory, ['specify7'])))).toBe(false);
		expect(compose.isUp(directory, ['vim', '--project-directory'])).toBe(false);
	});

	it("are told from somebody's own by the folder that these work in", () => {
		const own = (folder: string | null, ...args: string[]) => compose.mayReplace(directory, {args, folder});
		expect(own(directory, 'docker', 'compose', 'up', '-d')).toBe(true);
		expect(own(`${directory}/proxy`, '/usr/libexec/docker/cli-plugins/docker-compose', 'compose', 'up')).toBe(true);
		expect(own('/', 'docker-compose', '--project-directory', directory, 'create')).toBe(true);
		expect(own('/srv/other', 'docker', 'compose', 'up')).toBe(false);
		expect(own(directory, 'docker', 'compose', 'logs')).toBe(false);
		expect(own(directory, 'vim', 'compose.yaml', 'up')).toBe(false);
		expect(own(null, 'docker', 'compose', 'up')).toBe(false);
	});

	it('ask for its version anywhere', () => {
		expect(compose.version()).toEqual({file: 'docker', args: ['compose', 'version', '--short']});
	});
});

describe('commands of Docker', () => {
	it.each([
		['endpoint', docker.endpoint(), ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']],
		['manifest', docker.manifest('redis:8.0', {insecure: false}), ['manifest', 'inspect', 'redis:8.0']],
		[
			'manifest of an insecure registry',
			docker.manifest('localhost:5000/library/redis:8.0', {insecure: true}),
			['manifest', 'inspect', '--insecure', 'localhost:5000/library/redis:8.0'],
		],
		[
			'createVolume',
			docker.createVolume('specify_database', 'specify-setup.project=specify'),
			['volume', 'create', '--label', 'specify-setup.project=specify', 'specify_database'],
		],
		[
			'followLog',
			docker.followLog('c0ffee', '2026-08-01T10:00:00Z'),
			['logs', '--follow', '--since', '2026-08-01T10:00:00Z', 'c0ffee'],
		],
		['logTail', docker.logTail('c0ffee', 12), ['logs', '--tail', '12', 'c0ffee']],
	])('%s', (_, command, args) => {
		expect(command).toEqual({file: 'docker', args});
	});
});

describe('commands of MariaDB', () => {
	it('as root read the password inside the container', () => {
		expect(asRoot(directory, '--force')).toEqual(
			inFolder(
				'exec',
				'--no-TTY',
				'db',
				'sh',
				'-c',
				'MYSQL_PWD="$(cat /run/secrets/database-root-password)" exec mariadb --user=root --batch --skip-column-names "$@"',
				'mariadb',
				'--force',
			),
		);
	});

	it('load a dump byte by byte under a user whose password is in no argument', () => {
		const {args} = loadAs(directory, 'master', 'specify');
		expect(args.slice(-3)).toEqual(['mariadb', 'master', 'specify']);
		expect(args.join(' ')).toContain('--binary-mode --max-allowed-packet=1G');
	});
});

describe('SQL', () => {
	it.each([
		['specify', "'specify'"],
		["O'Hara", "'O''Hara'"],
		['a\\', "'a\\\\'"],
		["\\'; DROP TABLE x; --", "'\\\\''; DROP TABLE x; --'"],
	])('quotes %j', (value, text) => {
		expect(quoted(value)).toBe(text);
	});

	it('takes only names that need no escaping', () => {
		expect(identifier('collectionobject')).toBe('`collectionobject`');
		for (const name of ['a`b', 'a b', 'a;b', '']) expect(() => identifier(name)).toThrow('not a database identifier');
	});
});
