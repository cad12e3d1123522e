import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {otherVariables, presetsOf, settingsOf, variableOf} from '../../source/commands/settings.js';
import {SetupError} from '../../source/errors.js';
import {answerKeys} from '../../source/model/answers.js';
import {secretNames} from '../../source/model/secrets.js';

const refused = (environment: NodeJS.ProcessEnv, flags: readonly string[] = []) => {
	try {
		settingsOf(environment, flags);
	} catch (error) {
		if (error instanceof SetupError) return error;
		throw error;
	}
	throw new Error('expected a refusal');
};

describe('variables of the environment', () => {
	it.each([
		['domain', 'SPECIFY_SETUP_DOMAIN'],
		['ports.http', 'SPECIFY_SETUP_PORTS_HTTP'],
		['hostnames.specify7', 'SPECIFY_SETUP_HOSTNAMES_SPECIFY7'],
		['database.dump', 'SPECIFY_SETUP_DATABASE_DUMP'],
		['acme.eab.keyFile', 'SPECIFY_SETUP_ACME_EAB_KEY_FILE'],
		['privacy.publicAttachments', 'SPECIFY_SETUP_PRIVACY_PUBLIC_ATTACHMENTS'],
		['institution.discipline.type', 'SPECIFY_SETUP_INSTITUTION_DISCIPLINE_TYPE'],
	])('for %s is %s', (key, name) => {
		expect(variableOf(key)).toBe(name);
		expect(answerKeys()).toContain(key);
	});

	it('are one for each key, and none is that of something else', () => {
		const names = [...answerKeys().map(variableOf), ...otherVariables];
		expect(new Set(names).size).toBe(names.length);
		expect(names.length).toBeGreaterThan(50 + 2 * secretNames.length);
	});

	it('for a section do not hide those for what is in it', () => {
		const environment = {SPECIFY_SETUP_PORTS_HTTP: '8080', SPECIFY_SETUP_PORTS: '{http: 1, https: 2}'};
		expect(settingsOf(environment, []).map(({key}) => key)).toEqual(['ports', 'ports.http']);
	});

	it('that are not known are refused with the nearest that is', () => {
		const {exitCode, details} = refused({
			SPECIFY_SETUP_DOMIAN: 'a.example',
			SPECIFY_SETUP_MASTER_PASSWORD: 'Canary1234567890',
			SPECIFY_SETUP_SECRET_MASTR_PASSWORD: 'Canary1234567890',
		});
		expect(exitCode).toBe(2);
		expect(details).toEqual([
			'SPECIFY_SETUP_DOMIAN is not known; the nearest that is: SPECIFY_SETUP_DOMAIN',
			'SPECIFY_SETUP_MASTER_PASSWORD is not known; the nearest that is: SPECIFY_SETUP_SECRET_MASTER_PASSWORD',
			'SPECIFY_SETUP_SECRET_MASTR_PASSWORD is not known; the nearest that is: SPECIFY_SETUP_SECRET_MASTER_PASSWORD',
		]);
	});

	it('do not say yes', () => {
		expect(refused({SPECIFY_SETUP_YES: '1'}).details).toEqual([
			'SPECIFY_SETUP_YES is not read: what changes something needs --yes on the command line',
		]);
	});

	it('of other programs and other purposes are left alone', () => {
		expect(
			settingsOf({SPECIFY_DOMAIN: 'a', SPECIFY_SETUP_ASCII: '1', SPECIFY_SETUP_DIR: '/srv', HOME: '/'}, []),
		).toEqual([]);
	});
});

describe('secrets as arguments are refused, and their values are not repeated', () => {
	const canary = 'Canary1234567890';

	it.each([
		...secretNames,
		'MASTERPASSWORD',
		'masterPassword',
		'database.password',
		'institution.administrator.password',
		'secretKey',
	])('--set %s', key => {
		const {details, message, hint, exitCode} = refused({}, [`${key}=${canary}`]);
		expect(exitCode).toBe(2);
		expect(details).toHaveLength(1);
		expect(details[0]).toContain(`--set ${key} is refused`);
		expect(details[0]).toContain('--secrets FILE');
		expect(`${message} ${details} ${hint}`).not.toContain(canary);
	});

	it('whatever stands around them', () => {
		fc.assert(
			fc.property(fc.constantFrom(...secretNames), fc.string(), fc.string(), (name, before, after) => {
				const {details} = refused({}, [`${before.replaceAll('=', '')}${name}=${canary}${after}`]);
				expect(details.join('\n')).not.toContain(canary);
			}),
		);
	});

	it('no answer is taken for one', () => {
		for (const key of answerKeys()) expect(settingsOf({}, [`${key}=x`]), key).toHaveLength(1);
	});
});

describe('answers that the guide proposes', () => {
	const presets = (environment: NodeJS.ProcessEnv, ...flags: string[]) => presetsOf(settingsOf(environment, flags));

	it('are those of sections one by one, the more exact and the later ones before others', () => {
		const environment = {SPECIFY_SETUP_PORTS_HTTP: '8080', SPECIFY_SETUP_PORTS: '{http: 1, https: 2}'};
		expect(presets(environment)).toEqual({'ports.http': 8080, 'ports.https': 2});
		expect(presets(environment, 'ports={https: 3}')).toEqual({'ports.https': 3});
		expect(presets({SPECIFY_SETUP_INSTITUTION: '{name: A, collection: {code: B}}'})).toEqual({
			'institution.name': 'A',
			'institution.collection.code': 'B',
		});
	});

	it('are none where a section is none, until something in it is given', () => {
		expect(presets({SPECIFY_SETUP_INSTITUTION: 'null'})).toEqual({institution: null});
		expect(presets({SPECIFY_SETUP_INSTITUTION: '{name: A}'}, 'institution=null')).toEqual({institution: null});
		expect(presets({SPECIFY_SETUP_INSTITUTION: 'null', SPECIFY_SETUP_INSTITUTION_NAME: 'A'})).toEqual({
			'institution.name': 'A',
		});
	});
});
