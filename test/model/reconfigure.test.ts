import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {
	answersOf,
	changeOf,
	type DifferentFile,
	type Draft,
	type Facts,
	type Press,
	pressFiles,
	reviewRows,
	secretsOf,
	shownScreens,
	startWizard,
	unchanged,
	type WizardState,
	withoutChange,
} from '../../source/model/wizard.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';
import {domains, givenAnswers} from '../_helpers/values.js';

const factsOf = (answers: Answers, over: Partial<Facts['existing']> = {}): Facts => ({
	directory: '/opt/specify',
	domain: answers.domain,
	timezone: 'Europe/Stockholm',
	memory: 8 * GiB,
	swap: 0,
	processors: 4,
	secrets: knownSecrets,
	presets: {},
	existing: {answers, installed: answers, inUse: true, ...over},
});

const sound = givenAnswers
	.map(given => parseAnswers(given, {timezone: 'Europe/Stockholm'}).answers)
	.filter(answers => answers !== null);

describe('what is asked of an installation', () => {
	test('is what it has: who changes nothing gets the same answers, and nothing is marked', () => {
		fc.assert(
			fc.property(sound, fc.boolean(), (answers, inUse) => {
				const facts = factsOf(answers, {inUse});
				expect(answersOf({}, facts)).toEqual({answers, problems: []});
				expect(reviewRows({}, facts).filter(({was}) => was !== null)).toEqual([]);
			}),
			{numRuns: 300},
		);
	});

	test('comes back whatever was typed before it was all undone, whatever specify.yaml says', () => {
		fc.assert(
			fc.property(sound, sound, (installed, answers) => {
				const facts = factsOf(answers, {installed});
				expect(answersOf(unchanged, facts).answers).toEqual(installed);
				expect(reviewRows(unchanged, facts).filter(({was}) => was !== null)).toEqual([]);
			}),
			{numRuns: 200},
		);
	});

	test('one change undone is the answer that is installed, and the other changes stay', () => {
		fc.assert(
			fc.property(sound, domains, (answers, domain) => {
				const facts = factsOf(answers);
				const draft: Draft = {domain, timezone: 'UTC'};
				for (const {key} of reviewRows(draft, facts).filter(({was}) => was !== null && was !== '')) {
					const undone = withoutChange(draft, facts, key);
					expect(changeOf(undone, facts, key), key).toBeNull();
					if (key !== 'timezone') expect(changeOf(undone, facts, 'timezone')).toBe(changeOf(draft, facts, 'timezone'));
				}
			}),
			{numRuns: 200},
		);
	});

	test('follows the domain where it was made of it, and stays where somebody gave it', () => {
		const answers = answersWith({
			domain: 'museum.se',
			certificates: 'letsencrypt',
			hostnames: {media: 'pictures.other.se'},
			email: 'it@other.se',
		});
		const {answers: now} = answersOf({domain: 'flora.se'}, factsOf(answers));
		expect(now).toMatchObject({
			email: 'it@other.se',
			hostnames: {
				specify7: 'specify7.flora.se',
				specify6: 'specify6.flora.se',
				reports: 'reports.flora.se',
				media: 'pictures.other.se',
				landing: 'flora.se',
			},
		});
	});

	test('takes the ports along to another web server and back, as long as they are the usual ones', () => {
		const answers = answersWith({domain: 'museum.se'});
		expect(answersOf({tls: 'behind'}, factsOf(answers)).answers).toMatchObject({proxy: 'behind', ports: {http: 8080}});
		const own = answersWith({domain: 'museum.se', ports: {http: 81}});
		expect(answersOf({tls: 'behind'}, factsOf(own)).answers).toMatchObject({ports: {http: 81}});
	});

	test('below localhost needs nobody who vouches for it', () => {
		const answers = answersWith({domain: 'museum.se', certificates: 'letsencrypt', hsts: true});
		expect(answersOf({domain: 'specify.localhost'}, factsOf(answers)).answers).toMatchObject({
			certificates: 'internal',
			hsts: false,
		});
	});

	test('never holds what an installation in use keeps', () => {
		fc.assert(
			fc.property(sound, answers => {
				const asked = shownScreens({}, factsOf(answers)).flatMap(({fields}) => fields.map(({key}) => key));
				const isBegun = answers.institution !== null || answers.database.start === 'dump';
				const fixed = asked.filter(key => /^(where|database\.|institution\.|data$)/.test(key));
				expect(fixed).toEqual(isBegun ? [] : ['data']);
			}),
			{numRuns: 100},
		);
	});
});

describe('passwords', () => {
	const facts = factsOf(answersWith());

	test('of a running installation are given only when there shall be new ones', () => {
		expect(secretsOf({MASTER_PASSWORD: 'TypedByThePerson1'}, facts)).toEqual({});
		expect(secretsOf({passwords: 'new', MASTER_PASSWORD: 'TypedByThePerson1'}, facts)).toMatchObject({
			MASTER_PASSWORD: 'TypedByThePerson1',
			DATABASE_ROOT_PASSWORD: knownSecrets.DATABASE_ROOT_PASSWORD,
		});
	});

	test('of the first administrator are given when Specify is yet to create them', () => {
		expect(secretsOf({data: 'new'}, facts)).toEqual({ADMINISTRATOR_PASSWORD: knownSecrets.ADMINISTRATOR_PASSWORD});
	});
});

describe('keys among the differences of files', () => {
	const files: DifferentFile[] = [
		{path: 'proxy/Caddyfile', keepable: true, hasOwn: true},
		{path: 'compose.yaml', keepable: false, hasOwn: false},
	];
	const start: WizardState = {...startWizard({}, factsOf(answersWith())), overlay: 'files'};
	const press = (...texts: string[]) =>
		texts.reduce((state, text) => {
			const named = ['left', 'right', 'escape', 'down'].includes(text);
			const key: Press = named ? {name: text as Press['name'], text: ''} : {name: 'text', text};
			return pressFiles(state, key, files);
		}, start);

	test('go from file to file, around, from the top of each', () => {
		expect(press('down', 'right')).toMatchObject({file: 1, scroll: 0});
		expect(press('right', 'right')).toMatchObject({file: 0});
		expect(press('left')).toMatchObject({file: 1});
	});

	test('keep an edit once, give it up, and leave other files alone', () => {
		expect(press('k', 'k').keep).toEqual(['proxy/Caddyfile']);
		expect(press('k', 'n').keep).toEqual([]);
		expect(press('right', 'k').keep).toEqual([]);
		expect(press('right', 'n').take).toEqual([]);
		expect(press('k', 'n')).toMatchObject({keep: [], take: ['proxy/Caddyfile']});
		expect(press('n', 'n', 'k')).toMatchObject({keep: ['proxy/Caddyfile'], take: []});
		expect(press('right', 'm').own).toBe(false);
		expect(press('m').own).toBe(true);
	});

	test('leave with Escape or the key that opened it, and with no other', () => {
		expect(press('escape').overlay).toBe('none');
		expect(press('d').overlay).toBe('none');
		expect(press('x').overlay).toBe('files');
	});

	test('do nothing while the files are still looked at', () => {
		const key = {name: 'text', text: 'k'} as const;
		expect(pressFiles(start, key, [])).toEqual(start);
	});
});
