import {describe, expect, it} from 'vitest';
import {readYaml} from '../../source/files/specify-yaml.js';

const text = `# the answers
version: 1
ports:
  http: 80
  https: 8443
hostnames: {specify7: a.example, media: b.example}
email:
`;

describe('a place in specify.yaml', () => {
	const {locate} = readYaml(text);

	it.each([
		['version', 2],
		['ports', 3],
		['ports.http', 4],
		['ports.https', 5],
		['hostnames.media', 6],
		['email', 7],
	])('of %s is line %i', (key, line) => {
		expect(locate(key)).toMatchObject({line});
	});

	it('has the column where the key begins', () => {
		const columns = ['version', 'ports.http', 'hostnames.media'].map(key => locate(key)?.column);
		expect(columns).toEqual([1, 3, 34]);
	});

	it('of a key that is not there is that of its nearest parent', () => {
		expect(locate('ports.ssl')).toMatchObject({line: 3});
		expect(locate('hostnames.reports.deep')).toMatchObject({line: 6});
	});

	it('of a key without any parent there is none', () => {
		expect(locate('database.dump')).toBeUndefined();
	});
});

describe('reading', () => {
	it('gives the values', () => {
		expect(readYaml(text)).toMatchObject({
			value: {ports: {http: 80, https: 8443}, hostnames: {media: 'b.example'}, email: null},
			problems: [],
		});
	});

	it.each(['', '# nothing but a comment\n'])('of nothing gives no answers: %j', nothing => {
		expect(readYaml(nothing)).toMatchObject({value: {}, problems: []});
	});

	it('reports every syntax error with its place, and no values', () => {
		const {value, problems} = readYaml('domain: "a.example\nports:\n\thttp: 80\n');
		expect(value).toBeNull();
		expect(problems.length).toBeGreaterThan(0);
		for (const {message, line, column} of problems) {
			expect(message).not.toBe('');
			expect(line).toBeGreaterThanOrEqual(1);
			expect(column).toBeGreaterThanOrEqual(1);
		}
	});

	it('reports a key that stands twice, where it stands the second time', () => {
		expect(readYaml('domain: a.example\nspecify6: false\ndomain: b.example\n').problems).toMatchObject([
			{line: 3, column: 1},
		]);
	});

	it('reports an alias that leads nowhere instead of failing', () => {
		expect(readYaml('version: 1\ndomain: *museum\n').problems).toMatchObject([{line: 2}]);
	});
});

describe('what is wrong with the YAML is told in plain words', () => {
	it.each([
		['domain: a.example\n---\ndomain: b.example\n', 'a second set of answers', {line: 2, column: 1}],
		['domain: a.example\ndomain: b.example\n', 'this key stands here a second time', {line: 2, column: 1}],
		['ports:\n\thttp: 80\n', 'a tab stands here', {line: 2, column: 1}],
	])('%j', (given, words, place) => {
		const [first] = readYaml(given).problems;
		expect(first?.message).toContain(words);
		expect(first).toMatchObject(place);
	});
});
