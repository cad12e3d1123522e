import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {disciplines, parseAnswers} from '../../source/model/answers.js';
import {guidedSetup, nextPart, partNames, partsInTotal, readProgress} from '../../source/model/institution.js';

const museum = {
	name: 'Naturhistoriska riksmuseet',
	code: 'NRM',
	division: 'Zoologi',
	discipline: {type: 'fish' as const, name: 'Fiskar'},
	collection: {name: 'Fiskar, våta', code: 'FV'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
};

describe("the body of Specify's guided set-up", () => {
	const body = guidedSetup(museum, 'secret');

	it('holds what the answers say, by the names of the API, and no other field Specify would choke on', () => {
		expect(body).toMatchObject({
			institution: {name: museum.name, code: 'NRM', isAccessionsGlobal: false},
			division: {name: 'Zoologi', abbrev: 'Zoologi'},
			discipline: {type: 'fish', name: 'Fiskar'},
			collection: {collectionName: 'Fiskar, våta', code: 'FV', catalogNumFormatName: 'CatalogNumberNumeric'},
			specifyUser: {lastname: 'Lovelace', name: 'ada', password: 'secret'},
		});
		expect(Object.keys(body)).toEqual([
			'institution',
			'storageTreeDef',
			'division',
			'discipline',
			'geographyTreeDef',
			'taxonTreeDef',
			'collection',
			'specifyUser',
		]);
		expect(Object.keys(body.specifyUser)).toEqual(['lastname', 'name', 'password']);
	});

	it('fetches nothing from the internet', () => {
		expect(body.taxonTreeDef).toEqual({preload: false});
		expect(body.geographyTreeDef.preload).toBe(false);
	});

	it('says of every rank whether it is wanted, and enforces only wanted ones, the root always', () => {
		const {ranks: storage} = body.storageTreeDef;
		expect(Object.keys(storage)).toEqual([
			...['site', 'building', 'collection', 'room', 'aisle', 'cabinet', 'shelf', 'box', 'rack', 'vial'],
		]);
		const {ranks: geography} = body.geographyTreeDef;
		expect(Object.keys(geography)).toEqual(['earth', 'continent', 'country', 'state', 'county']);
		expect([storage.site, geography.earth].every(({include, enforced}) => include && enforced)).toBe(true);
		for (const rank of [...Object.values(storage), ...Object.values(geography)]) {
			expect(Object.keys(rank)).toEqual(['include', 'enforced', 'infullname', 'fullnameseparator']);
			if (rank.enforced) expect(rank.include).toBe(true);
		}
	});

	it("cuts the division's name to the 64 characters an abbreviation may have", () => {
		const division = `${'Vertebrate '.repeat(6)}Zoology`;
		expect(guidedSetup({...museum, division}, 'x').division).toEqual({
			name: division,
			abbrev: 'Vertebrate '.repeat(6).slice(0, 64).trimEnd(),
		});
	});

	it('carries every accepted text unchanged through JSON', () => {
		// Every character that validation lets through: those of the basic plane that are no controls, separators or halves.
		const character = fc
			.integer({min: 0x20, max: 0xffff})
			.map(code => String.fromCharCode(code))
			.filter(value => !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(value));
		const unit = fc.oneof(character, fc.constantFrom('"', "'", '\\', '&', '<', '$', '`', ' ', '%', '#'));
		const text = (max: number) => fc.string({maxLength: max - 1, unit}).map(value => `a${value}`);
		fc.assert(
			fc.property(
				fc.record({
					name: text(80),
					code: text(20),
					division: text(80),
					discipline: fc.record({type: fc.constantFrom(...disciplines), name: text(20)}),
					collection: fc.record({name: text(20), code: text(20)}),
					administrator: fc.record({name: fc.stringMatching(/^[a-zåäöß0-9._@+-]{1,20}$/), lastname: text(20)}),
				}),
				given => {
					const {answers, problems} = parseAnswers({institution: given});
					expect(problems).toEqual([]);
					const sent = JSON.parse(JSON.stringify(guidedSetup(answers!.institution!, 'secret')));
					expect(sent.institution).toMatchObject({name: given.name.trim(), code: given.code.trim()});
					expect(sent.division.name).toBe(given.division.trim());
					expect(sent.collection.collectionName).toBe(given.collection.name.trim());
					expect(sent.specifyUser.lastname).toBe(given.administrator.lastname.trim());
					for (const value of Object.values(sent.institution).concat(sent.division.abbrev))
						expect(Buffer.from(String(value)).toString()).toBe(String(value));
				},
			),
			{numRuns: 300},
		);
	});
});

describe('answers about an institution', () => {
	const refused = (given: object) => {
		const {problems} = parseAnswers({institution: {...museum, ...given}});
		return problems.map(({key, reason}) => `${key}: ${reason}`);
	};

	it('are accepted for an empty start, and refused beside a dump', () => {
		expect(parseAnswers({institution: museum}).answers?.institution).toEqual(museum);
		const {problems} = parseAnswers({institution: museum, database: {start: 'dump', dump: '/srv/museum.sql'}});
		expect(problems.map(({key}) => key)).toEqual(['institution']);
	});

	it.each([
		['a line break', {name: 'Museum\nof'}, 'institution.name: must be one line without control characters'],
		['a line separator', {code: 'M\u2028'.concat('x')}, 'institution.code: must be one line'],
		['an escape sequence', {division: '\u001b[31mred'}, 'institution.division: must be one line'],
		['an emoji', {name: 'Butterflies 🦋'}, 'institution.name: must not hold emoji'],
		['half a character', {name: 'broken \ud83e'}, 'institution.name: must not hold emoji'],
		['a number', {code: 7}, 'institution.code: must be text; a number needs quotes'],
	])('that hold %s are refused with the reason', (_, given, reason) => {
		expect(refused(given)).toEqual([expect.stringContaining(reason)]);
	});

	it.each(['ada', 'Åsa.Öst', 'a', 'ada@museum.example', 'o-brien_2', '李雷', 'x'.repeat(64)])(
		'let the administrator be called %s',
		name => {
			expect(refused({administrator: {name, lastname: 'L'}})).toEqual([]);
		},
	);

	it.each(['ada lovelace', 'ada\tl', "o'brien", 'ada;', '<ada>', 'a/b', 'a\\b', '"ada"', 'ada:', 'x'.repeat(65)])(
		'do not let the administrator be called %j',
		name => {
			expect(refused({administrator: {name, lastname: 'L'}})[0]).toMatch(/^institution\.administrator\.name: must/);
		},
	);

	it('keep the login name composed, as browsers send it', () => {
		const {answers} = parseAnswers({institution: {...museum, administrator: {name: 'a\u030asa', lastname: 'L'}}});
		expect(answers?.institution?.administrator.name).toBe('\u00e5sa');
	});
});

describe('the progress of the guided set-up', () => {
	const resources = {
		institution: true,
		storageTreeDef: true,
		division: true,
		discipline: false,
		geographyTreeDef: false,
		taxonTreeDef: false,
		collection: false,
		specifyUser: false,
	};

	it('is read from what Specify answers', () => {
		const progress = readProgress(JSON.stringify({resources, last_error: null, busy: true}))!;
		expect(progress).toEqual({made: ['institution', 'storageTreeDef', 'division'], busy: true, lastError: null});
		expect(partNames(progress.made)).toEqual(['institution', 'storage tree', 'division']);
		expect(nextPart(progress)).toBe('geography tree');
	});

	it('has eight parts, and none is next when all are there', () => {
		const all = Object.fromEntries(Object.keys(resources).map(name => [name, true]));
		const progress = readProgress(JSON.stringify({resources: all, busy: false}))!;
		expect(progress.made.length).toBe(partsInTotal);
		expect(partsInTotal).toBe(8);
		expect(nextPart(progress)).toBeNull();
	});

	it("keeps Specify's last error in its words; an empty one is none", () => {
		expect(readProgress(JSON.stringify({resources, last_error: 'no', busy: false}))?.lastError).toBe('no');
		expect(readProgress(JSON.stringify({resources, last_error: '', busy: false}))?.lastError).toBeNull();
	});

	it.each(['', 'Bad Gateway', '[]', 'null', '{}', '{"resources":null}'])('is not read from %j', text => {
		expect(readProgress(text)).toBeNull();
	});
});
