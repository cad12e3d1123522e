import {describe, expect, it} from 'vitest';
import type {Container} from '../../source/engine/api.js';
import {leftoversAmong, misnamedAmong, withoutLeftovers} from '../../source/engine/leftovers.js';

const ids = {a: 'a'.repeat(64), b: 'b'.repeat(64), c: 'c'.repeat(64)};
const short = (id: string) => id.slice(0, 12);
const seen = (id: string, name: string, state: string, over: Partial<Container> = {}): Container => ({
	id,
	name,
	state,
	project: 'specify',
	service: 'db',
	image: 'mariadb',
	ports: [],
	labels: {},
	status: '',
	...over,
});
const own = 'specify-db-1';
const namesOf = (containers: readonly {name: string}[]) => containers.map(({name}) => name);

describe('a container that Compose was cut off from giving its place', () => {
	const left = seen(ids.b, `${short(ids.a)}_${own}`, 'created');

	it.each(['running', 'exited', 'restarting'])('is a leftover beside the %s one it was to replace', state => {
		const both = [left, seen(ids.a, own, state)];
		expect(leftoversAmong(both)).toEqual([left]);
		expect(namesOf(withoutLeftovers(both))).toEqual([own]);
		expect(misnamedAmong(both)).toEqual([]);
	});

	it.each(['created', 'exited', 'running'])(
		'is the container of its service when it is alone and %s, with a wrong name',
		state => {
			const alone = [{...left, state}];
			expect(leftoversAmong(alone)).toEqual([]);
			expect(misnamedAmong(alone)).toEqual([{id: ids.b, name: own}]);
		},
	);

	it('is one as well where the one to be replaced had such a name itself', () => {
		const next = seen(ids.c, `${short(ids.b)}_${own}`, 'created');
		expect(leftoversAmong([left, next])).toEqual([next]);
		expect(misnamedAmong([left, next])).toEqual([{id: ids.b, name: own}]);
	});

	it('is none when it ever ran, belongs to another service, or replaces nobody who is there', () => {
		const other = seen(ids.a, own, 'exited');
		for (const container of [
			{...left, state: 'exited'},
			{...left, state: 'running'},
			{...left, service: 'redis'},
			{...left, name: `${short(ids.c)}_${own}`},
			{...left, name: own},
			{...left, labels: {'com.docker.compose.oneoff': 'True'}},
		])
			expect(leftoversAmong([container, other])).toEqual([]);
	});

	it('gets its name only where nobody has it', () => {
		expect(misnamedAmong([{...left, state: 'exited'}, seen(ids.c, own, 'running')])).toEqual([]);
	});
});
