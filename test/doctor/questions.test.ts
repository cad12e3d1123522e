import {describe, expect, it} from 'vitest';
import * as questions from '../../source/doctor/questions.js';
import {composition} from '../../source/engine/compose.js';
import {containersAt, inspect, startContainer} from '../../source/engine/docker.js';

const commands = {...questions, composition, containersAt, inspect, startContainer};

const compose = (...args: string[]) => ['docker', 'compose', '--project-directory', '/opt/specify', ...args].join(' ');
const line = ({file, args}: {file: string; args: readonly string[]}) => [file, ...args].join(' ');

describe('what the doctor and the bundle run', () => {
	it('shows the composition with variables as names, not their values', () => {
		expect(line(commands.composition('/opt/specify'))).toBe(compose('config', '--no-interpolate'));
	});

	it('asks Redis and the worker without changing anything', () => {
		expect(line(commands.persistence('/opt/specify'))).toBe(
			compose('exec', '--no-TTY', 'redis', 'redis-cli', 'INFO', 'persistence'),
		);
		expect(line(commands.queues('/opt/specify'))).toContain('inspect active_queues -j');
	});

	it('asks the database server by questions alone', () => {
		const statements = commands
			.databaseQuestions('museum_db')
			.split(';')
			.map(text => text.trim())
			.filter(Boolean);
		expect(statements.length).toBeGreaterThan(5);
		expect(statements.filter(text => !text.startsWith('SELECT '))).toEqual([]);
		expect(statements.at(-1)).toContain('`museum_db`.spversion');
		expect(() => commands.databaseQuestions('a`b')).toThrow(/identifier/);
	});

	it('starts a container as it was made, and looks at containers by id, network or volume', () => {
		expect(line(commands.startContainer('c0ffee'))).toBe('docker start c0ffee');
		expect(line(commands.inspect(['a', 'b']))).toBe('docker inspect a b');
		expect(line(commands.containersAt('volume', 'specify_redis'))).toContain('ps --all --filter volume=specify_redis');
		expect(line(commands.freeSpace(['/a b']))).toBe('df -P -k /a b');
	});
});
