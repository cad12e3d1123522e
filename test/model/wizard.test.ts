import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
	answersOf,
	charactersOf,
	currentValue,
	type Draft,
	type Facts,
	fieldAt,
	type Press,
	pressWizard,
	reviewRows,
	screenOf,
	screens,
	secretsOf,
	shownScreens,
	startWizard,
	strengthOf,
	type WizardState,
	withFinding,
} from '../../source/model/wizard.js';

const facts: Facts = {
	directory: '/opt/specify',
	domain: 'specify.localhost',
	timezone: 'Europe/Stockholm',
	memory: 8 * 2 ** 30,
	swap: 0,
	processors: 4,
	secrets: {ADMINISTRATOR_PASSWORD: 'Abcdefgh12345678', MASTER_PASSWORD: 'Zyxwvuts87654321Zyxwvuts'},
	presets: {},
};

const key = (name: Press['name'], text = ''): Press => ({name, text});
const press = (state: WizardState, ...presses: Press[]) =>
	presses.reduce((current, next) => pressWizard(current, next, facts)[0], state);
const type = (text: string) => charactersOf(text).map(character => key('text', character));
const enter = key('enter');

describe('pressing Enter alone', () => {
	test('goes through every screen to the review and begins', () => {
		let state = startWizard({}, facts);
		const seen = new Set<string>();
		for (let step = 0; step < 60; step += 1) {
			seen.add(state.screen);
			const [next, ...effects] = pressWizard(state, enter, facts);
			if (effects.includes('begin')) break;
			state = next;
		}
		expect([...seen]).toEqual(shownScreens({}, facts).map(({id}) => id));
		const {answers, problems} = answersOf(state.draft, facts);
		expect(problems).toEqual([]);
		expect(answers).toMatchObject({
			domain: 'specify.localhost',
			institution: {code: 'NHM', administrator: {name: 'admin'}},
		});
	});

	test('uses the generated passwords', () => {
		expect(secretsOf({}, facts)).toEqual(facts.secrets);
	});
});

describe('a text', () => {
	const atDomain = press(startWizard({}, facts), enter);

	test('replaces the default as soon as something is typed', () => {
		const state = press(atDomain, ...type('museum.example'));
		expect(currentValue(state.draft, facts, 'domain')).toBe('museum.example');
	});

	test('that is emptied again gives the default back', () => {
		const state = press(atDomain, ...type('ab'), key('backspace'), key('backspace'));
		expect(currentValue(state.draft, facts, 'domain')).toBe('specify.localhost');
	});

	test('that is not right is not left, and the reason is known', () => {
		const state = press(atDomain, ...type('not a name'), enter);
		expect(state).toMatchObject({screen: 'domain', tried: true});
	});

	test('is edited by what people see as characters', () => {
		const family = '👩‍👩‍👧';
		const state = press(
			startWizard({}, facts, 'institution'),
			...type(`Musée${family}`),
			key('backspace'),
			key('left'),
			key('text', 'x'),
		);
		expect(state.draft['institution.name']).toBe('Musxée'.replace('xé', 'éx'));
	});

	test('takes a paste as one, and Tab takes the default in to be changed', () => {
		const pasted = press(atDomain, key('text', 'specify.museum.example'));
		expect(pasted.draft.domain).toBe('specify.museum.example');
		const taken = press(atDomain, key('tab'), key('text', 'x'));
		expect(taken.draft.domain).toBe('specify.localhostx');
	});
});

describe('going back', () => {
	test('keeps every answer, also those of screens no longer shown', () => {
		const state = press(startWizard({'institution.name': 'Riksmuseet', data: 'dump'}, facts, 'data'), key('up'), enter);
		expect(state.screen).toBe('institution');
		expect(currentValue(state.draft, facts, 'institution.name')).toBe('Riksmuseet');
	});

	test('from the first screen asks whether to leave, and any key but Enter stays', () => {
		const asked = press(startWizard({}, facts), key('escape'));
		expect(asked.overlay).toBe('leave');
		expect(press(asked, key('escape')).overlay).toBe('none');
		expect(pressWizard(asked, enter, facts).slice(1)).toContain('leave');
	});

	test('from a row of the review leads to the review again', () => {
		const review = startWizard({}, facts, 'review');
		const row = reviewRows({}, facts).findIndex(({label}) => label === 'E-mail') + 1;
		const chosen = press(review, ...Array.from({length: row}, () => key('down')), enter);
		expect(chosen).toMatchObject({screen: 'contact', field: 0, fromReview: true});
		expect(press(chosen, key('escape')).screen).toBe('review');
		expect(press(chosen, enter, enter).screen).toBe('review');
	});
});

describe('what is found out about a value', () => {
	test('keeps a dump that cannot be used from being chosen', () => {
		const draft: Draft = {data: 'dump', 'database.dump': '/tmp/x.sql'};
		const finding = {value: '/tmp/x.sql', state: 'bad', soft: false, reason: 'cannot be used'} as const;
		const state = withFinding(startWizard(draft, facts, 'dump'), 'database.dump', finding);
		expect(press(state, enter, enter, enter).screen).toBe('dump');
	});

	test('lets a name that does not lead here be used on purpose, with a second Enter', () => {
		const draft: Draft = {domain: 'specify.museum.example'};
		const finding = {value: 'specify.museum.example', state: 'bad', soft: true, reason: 'leads elsewhere'} as const;
		const state = withFinding(startWizard(draft, facts, 'domain'), 'domain', finding);
		expect(press(state, enter)).toMatchObject({screen: 'domain', tried: true});
		expect(press(state, enter, enter).screen).toBe('certificates');
	});

	test('about another value is forgotten', () => {
		const finding = {value: 'old.museum.example', state: 'bad', soft: true, reason: 'leads elsewhere'} as const;
		const state = withFinding(startWizard({domain: 'new.museum.example'}, facts, 'domain'), 'domain', finding);
		expect(press(state, enter).screen).toBe('certificates');
	});
});

describe('who vouches for the addresses', () => {
	const given = (draft: Draft, presets: Facts['presets'] = {}) =>
		answersOf({domain: 'specify.museum.example', ...draft}, {...facts, presets});
	const asked = (draft: Draft) => shownScreens(draft, facts).map(({id}) => id);

	test('is not asked for a trial on this machine, which has an authority of its own', () => {
		expect(asked({})).not.toContain('certificates');
		expect(answersOf({}, facts).answers).toMatchObject({certificates: 'internal', proxy: 'public'});
		// What was chosen for a name that is no more does not come back.
		expect(answersOf({tls: 'letsencrypt'}, facts).answers).toMatchObject({certificates: 'internal'});
	});

	test("is Let's Encrypt for a public name, and an own authority for one of a single network", () => {
		expect(given({domain: 'specify.museum.org'}).answers).toMatchObject({certificates: 'letsencrypt'});
		expect(given({domain: 'specify.museum.lan'}).answers).toMatchObject({certificates: 'internal'});
	});

	test('may be files, which are asked for then, or a web server that runs already', () => {
		expect(asked({domain: 'specify.museum.org', tls: 'letsencrypt'})).not.toContain('own');
		expect(asked({domain: 'specify.museum.org', tls: 'own'})).toContain('own');
		const files = {tls: 'own', 'own.certificate': '/etc/ssl/a.crt', 'own.key': '/etc/ssl/a.key'};
		expect(given(files).answers).toMatchObject({
			certificates: 'own',
			proxy: 'public',
			own: {certificate: '/etc/ssl/a.crt', key: '/etc/ssl/a.key', authority: null},
		});
		expect(given({tls: 'own'}).problems.map(({key}) => key)).toEqual(['own.certificate', 'own.key']);
		expect(given({tls: 'behind'}).answers).toMatchObject({certificates: 'internal', proxy: 'behind'});
	});

	test('keeps what the command line says as its default', () => {
		expect(given({}, {proxy: 'behind'}).answers).toMatchObject({certificates: 'internal', proxy: 'behind'});
		expect(given({}, {certificates: 'internal'}).answers).toMatchObject({certificates: 'internal'});
	});
});

test('a question mark asks for help, unless it is part of what is being typed', () => {
	const atPath = startWizard({data: 'dump'}, facts, 'dump');
	expect(press(atPath, key('text', '?')).overlay).toBe('help');
	expect(press(atPath, ...type('a?')).draft['database.dump']).toBe('a?');
});

test('presets of the command line are defaults of what is asked and fixed for what is not', () => {
	const preset: Facts = {
		...facts,
		presets: {domain: 'given.example', 'ports.https': 8443, 'images.registry': 'localhost:5000'},
	};
	expect(answersOf({}, preset).answers).toMatchObject({
		domain: 'given.example',
		ports: {https: 8443},
		images: {registry: 'localhost:5000'},
	});
});

describe('what the database begins with', () => {
	const given = (presets: Facts['presets'], draft: Draft = {}) => {
		const {answers} = answersOf(draft, {...facts, presets});
		return {data: currentValue(draft, {...facts, presets}, 'data'), answers};
	};

	test('is what was given with the call', () => {
		expect(given({}).data).toBe('new');
		expect(given({'database.start': 'dump'}).data).toBe('dump');
		expect(given({'database.dump': '/srv/a.sql'})).toMatchObject({
			data: 'dump',
			answers: {database: {start: 'dump', dump: '/srv/a.sql'}, institution: null},
		});
		expect(given({institution: null})).toMatchObject({data: 'later', answers: {institution: null}});
		expect(given({'institution.name': 'Riksmuseet'})).toMatchObject({
			data: 'new',
			answers: {institution: {name: 'Riksmuseet', code: 'NHM'}},
		});
	});

	test('may be chosen otherwise, and then what does not go with it is left out', () => {
		const presets = {'database.dump': '/srv/a.sql', 'database.attachments': '/srv/a', 'institution.name': 'Riksmuseet'};
		expect(given(presets, {data: 'new'}).answers).toMatchObject({
			database: {start: 'empty', dump: null, attachments: null},
			institution: {name: 'Riksmuseet'},
		});
		expect(given(presets, {data: 'dump'}).answers).toMatchObject({database: {start: 'dump'}, institution: null});
		expect(given({institution: null}, {data: 'new'}).answers).toMatchObject({institution: {code: 'NHM'}});
	});
});

test('strength grows with length and kinds of characters', () => {
	expect(['aaaaaaaaaaaaaaaa', 'abcdefghijkl', 'Abcdefgh1234567', 'kD83jfmQ02lsPwYtB5zXeR7u'].map(strengthOf)).toEqual([
		'weak',
		'weak',
		'good',
		'strong',
	]);
});

test('every field says why it is asked, and every screen explains its terms', () => {
	for (const {id, fields, terms} of screens) {
		expect(terms.length, id).toBeGreaterThan(0);
		for (const {why} of fields) expect(why, id).toMatch(/\.$/);
	}
});

const anyPress = fc.oneof(
	{weight: 3, arbitrary: fc.string({unit: 'grapheme', minLength: 1, maxLength: 8}).map(text => key('text', text))},
	{weight: 1, arbitrary: fc.constantFrom('?', 'd', 'y', ' ', 'q').map(text => key('text', text))},
	{
		weight: 6,
		arbitrary: fc
			.constantFrom<Press['name']>(
				'enter',
				'escape',
				'tab',
				'shift-tab',
				'up',
				'down',
				'left',
				'right',
				'home',
				'end',
				'page-up',
				'page-down',
				'backspace',
			)
			.map(name => key(name)),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom('u', 'k', 'a', 'e', 'w', 'r', 'l', 'c', 'z').map(text => key('control', text)),
	},
);

describe('thousands of random keys', () => {
	test('never lead to a state without a screen, a field in range, or a way out', () => {
		fc.assert(
			fc.property(fc.array(anyPress, {minLength: 1, maxLength: 120}), presses => {
				let state = startWizard({}, facts);
				for (const next of presses) {
					const before = state;
					[state] = pressWizard(state, next, facts);
					const shown = shownScreens(state.draft, facts).map(({id}) => id);
					expect(shown).toContain(state.screen);
					const last =
						state.screen === 'review' ? reviewRows(state.draft, facts).length : screenOf(state).fields.length - 1;
					expect(state.field).toBeGreaterThanOrEqual(0);
					expect(state.field).toBeLessThanOrEqual(last);
					// No answer is lost: a key changes at most the value that is being typed or chosen.
					const typed = fieldAt(before)?.key;
					for (const [name, value] of Object.entries(before.draft))
						if (name !== typed) expect(state.draft[name]).toBe(value);
				}
				const [asked] = pressWizard(state, key('control', 'c'), facts);
				const [, ...effects] = pressWizard(asked, key('control', 'c'), facts);
				expect([...effects, ...pressWizard(state, key('control', 'c'), facts).slice(1)]).toContain('leave');
			}),
			{numRuns: 60},
		);
	}, 60_000);

	test('never begin with answers that are not right', () => {
		fc.assert(
			fc.property(fc.array(anyPress, {minLength: 1, maxLength: 120}), presses => {
				let state = startWizard({}, facts, 'review');
				for (const next of presses) {
					const [after, ...effects] = pressWizard(state, next, facts);
					if (effects.includes('begin')) expect(answersOf(after.draft, facts).problems).toEqual([]);
					state = after;
				}
			}),
			{numRuns: 60},
		);
	}, 60_000);
});
