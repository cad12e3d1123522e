import {resolve} from 'node:path';
import {describe, expect, it} from 'vitest';
import {gatherAnswers} from '../../source/commands/answers.js';
import {hashOf} from '../../source/files/installation.js';
import {specifyYaml} from '../../source/files/specify-yaml.js';
import {localHost} from '../../source/host/local.js';
import {answersOf, type Draft, type Facts} from '../../source/model/wizard.js';
import {answersWith} from '../_helpers/answers.js';
import {failureOf} from '../_helpers/failure.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {folder} = temporaryFolder();
const directory = '/opt/specify';

const gather = async ({
	installed,
	applied,
	given,
	settings = [],
	written = false,
	environment,
}: {
	/** Text of the installation's own specify.yaml. */
	installed?: string;
	/** A run has written it, and nobody has edited it since. */
	written?: boolean;
	/** Text of the answers that were installed last. */
	applied?: string;
	/** Text of the file given with --answers. */
	given?: string;
	settings?: readonly string[];
	environment?: Record<string, string>;
} = {}) => {
	const host = new FakeHost();
	if (installed !== undefined) await host.write(`${directory}/specify.yaml`, installed, 0o644);
	if (written)
		await host.write(
			`${directory}/.specify-setup/hashes.json`,
			JSON.stringify({'specify.yaml': hashOf(installed!)}),
			0o600,
		);
	if (applied !== undefined) {
		const history = `${directory}/.specify-setup/answers/2026-08-01T10-00-00-000Z.yaml`;
		await host.write(history, applied, 0o600);
	}
	if (given !== undefined) await host.write('/home/ada/answers.yaml', given, 0o644);
	const file = given === undefined ? undefined : '/home/ada/answers.yaml';
	return gatherAnswers({host, directory, file, settings, environment});
};

describe('answers', () => {
	it('are the defaults where there is nothing, with the time zone of the machine', async () => {
		expect(await gather()).toMatchObject({domain: 'specify.localhost', timezone: 'Europe/Stockholm'});
	});

	it("are the installation's own where no file is given", async () => {
		expect(await gather({installed: 'domain: nrm.example\n'})).toMatchObject({domain: 'nrm.example'});
	});

	it('are those of the file alone where one is given', async () => {
		const answers = await gather({
			installed: 'domain: nrm.example\nspecify7: v7.12.1\n',
			given: 'timezone: Asia/Tokyo\n',
		});
		expect(answers).toMatchObject({domain: 'specify.localhost', specify7: 'v7.12.0.7', timezone: 'Asia/Tokyo'});
	});

	it('of --set come before those of a file, and leave the rest of a section', async () => {
		const answers = await gather({
			given: 'domain: nrm.example\nports:\n  http: 8080\n  https: 8443\n',
			settings: ['ports.https=9443', 'domain=gnm.example'],
		});
		expect(answers).toMatchObject({domain: 'gnm.example', ports: {http: 8080, https: 9443}});
	});

	it('of --set given twice are the last', async () => {
		expect(await gather({settings: ['domain=a.example', 'domain=b.example']})).toMatchObject({domain: 'b.example'});
	});

	it('of --set are read as in the file: numbers, yes and no, nothing', async () => {
		const answers = await gather({
			given: 'images: {registry: "localhost:5000"}\n',
			settings: ['ports.http=8080', 'privacy.telemetry=true', 'images.registry=null', 'specify7=v7.12.1'],
		});
		expect(answers).toMatchObject({
			ports: {http: 8080},
			privacy: {telemetry: true},
			images: {registry: null},
			specify7: 'v7.12.1',
		});
	});

	it('come from --set, then the environment, then the file, then what is installed, then the defaults', async () => {
		const installed = 'ports: {http: 8004}\n';
		const given = 'ports: {http: 8003}\n';
		const environment = {SPECIFY_SETUP_PORTS_HTTP: '8002'};
		const settings = ['ports.http=8001'];
		const ports = [
			await gather({installed, given, environment, settings}),
			await gather({installed, given, environment}),
			await gather({installed, given}),
			await gather({installed}),
			await gather(),
		].map(answers => answers.ports.http);
		expect(ports).toEqual([8001, 8002, 8003, 8004, 80]);
		expect((await gather({installed, environment})).ports.http).toBe(8002);
	});

	it('of the environment are read as in the file, and leave the rest of a section', async () => {
		const answers = await gather({
			given: 'domain: nrm.example\nports: {https: 8443}\n',
			environment: {
				SPECIFY_SETUP_PORTS_HTTP: '8080',
				SPECIFY_SETUP_PRIVACY_PUBLIC_ATTACHMENTS: 'false',
				SPECIFY_SETUP_HOSTNAMES_LANDING: 'null',
				SPECIFY_SETUP_ASCII: '1',
				PATH: '/bin',
			},
		});
		expect(answers).toMatchObject({
			domain: 'nrm.example',
			ports: {http: 8080, https: 8443},
			privacy: {publicAttachments: false},
			hostnames: {landing: null},
		});
	});

	it('may set a whole section', async () => {
		expect((await gather({settings: ['ports={http: 8080, https: 8443}']})).ports).toEqual({http: 8080, https: 8443});
	});

	it('hold paths from the current folder', async () => {
		const settings = ['database.start=dump', 'database.dump=dumps/nrm.sql.gz'];
		expect((await gather({settings})).database.dump).toBe(resolve('dumps/nrm.sql.gz'));
	});

	it.each(['/srv/nrm #2.sql', '/srv/nrm: final.sql', '/srv/[old].sql'])('of --set may be any path: %s', async path => {
		const settings = ['database.start=dump', `database.dump=${path}`];
		expect((await gather({settings})).database.dump).toBe(path);
	});
});

describe('names and e-mail that were made of the domain', () => {
	/** Every name is written down there, as a run leaves it. */
	const nrm = specifyYaml(answersWith({domain: 'nrm.localhost'}));
	const below = (domain: string) => ({
		domain,
		email: `admin@${domain}`,
		hostnames: {
			specify7: `specify7.${domain}`,
			specify6: `specify6.${domain}`,
			media: `media.${domain}`,
			reports: `reports.${domain}`,
			landing: domain,
		},
	});

	it('follow a new one of --set or the environment', async () => {
		const given = {installed: nrm, applied: nrm};
		expect(await gather({...given, settings: ['domain=gnm.localhost']})).toMatchObject(below('gnm.localhost'));
		const environment = {SPECIFY_SETUP_DOMAIN: 'gnm.localhost'};
		expect(await gather({...given, environment})).toMatchObject(below('gnm.localhost'));
	});

	it('follow the one that was written into specify.yaml since it was installed, and another on top of it', async () => {
		const installed = nrm.replace('domain: nrm.localhost', 'domain: gnm.localhost');
		expect(await gather({installed, applied: nrm})).toMatchObject(below('gnm.localhost'));
		const settings = ['domain=smns.localhost'];
		expect(await gather({installed, applied: nrm, settings})).toMatchObject(below('smns.localhost'));
	});

	it('follow it back from a change that was cut off when it was written down', async () => {
		const installed = specifyYaml(answersWith({domain: 'gnm.localhost'}));
		const settings = ['domain=nrm.localhost'];
		expect(await gather({installed, applied: nrm, settings})).toMatchObject(below('nrm.localhost'));
	});

	it('stay as they were given when the run that wrote them was cut off', async () => {
		const wanted = {domain: 'gnm.localhost', hostnames: {specify7: 'specify7.nrm.localhost'}};
		const given = {installed: specifyYaml(answersWith(wanted)), applied: nrm};
		expect((await gather({...given, written: true})).hostnames.specify7).toBe('specify7.nrm.localhost');
		expect((await gather(given)).hostnames.specify7).toBe('specify7.gnm.localhost');
	});

	it('follow in an installation that was never finished', async () => {
		expect(await gather({installed: nrm, settings: ['domain=gnm.localhost']})).toMatchObject(below('gnm.localhost'));
	});

	it('stay when they are given with the call, and where they were others all along', async () => {
		const text = specifyYaml(
			answersWith({
				domain: 'nrm.localhost',
				email: 'it@nrm.example',
				hostnames: {media: 'pictures.localhost', landing: null},
			}),
		);
		const settings = ['hostnames.specify7=specify7.nrm.localhost', 'domain=gnm.localhost'];
		expect(await gather({installed: text, applied: text, settings})).toMatchObject({
			email: 'it@nrm.example',
			hostnames: {
				specify7: 'specify7.nrm.localhost',
				media: 'pictures.localhost',
				landing: null,
				reports: 'reports.gnm.localhost',
			},
		});
	});

	it('stay what they are when the domain stays', async () => {
		const text = specifyYaml(answersWith({domain: 'nrm.localhost', hostnames: {media: 'pictures.localhost'}}));
		const expected = answersWith({domain: 'nrm.localhost', hostnames: {media: 'pictures.localhost'}});
		expect(await gather({installed: text, applied: text})).toEqual(expected);
		expect(await gather({installed: text, applied: text, settings: ['domain=nrm.localhost']})).toEqual(expected);
	});

	it('of a file of answers follow another domain on top of it, and say the same whatever is installed', async () => {
		const file = {given: nrm, settings: ['domain=gnm.localhost']};
		expect(await gather(file)).toMatchObject(below('gnm.localhost'));
		const given = nrm.replace('domain: nrm.localhost', 'domain: gnm.localhost');
		const kept = {domain: 'gnm.localhost', hostnames: {specify7: 'specify7.nrm.localhost'}};
		expect(await gather({given})).toMatchObject(kept);
		expect(await gather({given, installed: nrm, applied: nrm})).toMatchObject(kept);
	});

	it('are no obstacle for certificates of a public authority', async () => {
		const settings = ['certificates=letsencrypt', 'domain=museum.example.org'];
		expect(await gather({installed: nrm, applied: nrm, settings})).toMatchObject({
			certificates: 'letsencrypt',
			...below('museum.example.org'),
		});
	});

	it('are the same as the guide asks for', async () => {
		const installed = answersWith({domain: 'nrm.localhost', hostnames: {media: 'pictures.localhost'}});
		const text = specifyYaml(installed);
		const facts = {domain: '', timezone: 'UTC', presets: {}, existing: {answers: installed, installed, inUse: true}};
		const drafts: Draft[] = [{domain: 'gnm.localhost'}, {domain: 'gnm.example', tls: 'behind'}];
		for (const draft of drafts) {
			const settings = [`domain=${draft.domain}`, ...(draft.tls ? [`proxy=${draft.tls}`] : [])];
			expect(await gather({installed: text, applied: text, settings})).toEqual(
				answersOf(draft, facts as unknown as Facts).answers,
			);
		}
	});
});

describe('problems', () => {
	const failing = (...given: Parameters<typeof gather>) => failureOf(gather(...given));

	it('are all told at once, with their lines, and nothing is changed', async () => {
		const error = await failing({
			given: 'domain: museum\nports:\n  http: 0\n  https: 443\ncolour: green\n',
			settings: ['specify6=maybe'],
		});
		expect(error.exitCode).toBe(2);
		expect(error.message).toBe('4 answers are not right (/home/ada/answers.yaml, --set):');
		expect(error.hint).toContain('Nothing has been changed.');
		const lines = [...error.details].sort();
		expect(lines).toHaveLength(4);
		expect(lines[0]).toBe('--set: specify6 must be true or false');
		expect(lines[1]).toMatch(/^line 1, column 1: domain must be a host name/);
		expect(lines[2]).toMatch(/^line 3, column 3: ports\.http must be 1 or more/);
		expect(lines[3]).toMatch(/^line 5, column 1: colour is not known; the nearest that is: \w+$/);
	});

	it('of --set alone are told as such', async () => {
		const error = await failing({settings: ['ports.http=0']});
		expect(error.message).toBe('One answer is not right (--set):');
		expect(error.details).toEqual(['--set: ports.http must be 1 or more']);
	});

	it('of the environment name the variable, also where the file says something else', async () => {
		const error = await failing({
			given: 'domain: museum\nports: {http: 80}\n',
			environment: {SPECIFY_SETUP_PORTS_HTTP: '0', SPECIFY_SETUP_PORT_HTTPS: '443'},
		});
		expect(error.exitCode).toBe(2);
		expect(error.message).toBe('3 answers are not right (/home/ada/answers.yaml, environment):');
		expect(error.details).toEqual([
			'line 1, column 1: domain must be a host name such as specify.museum.example',
			'SPECIFY_SETUP_PORTS_HTTP: ports.http must be 1 or more',
			'SPECIFY_SETUP_PORT_HTTPS is not known; the nearest that is: SPECIFY_SETUP_PORTS_HTTPS',
		]);
	});

	it('name the source that counts', async () => {
		const said = async (given: Parameters<typeof gather>[0]) => (await failing(given)).details;
		const given = 'ports: {http: 0}\n';
		const environment = {SPECIFY_SETUP_PORTS: '{http: 0}'};
		expect(await said({given, environment, settings: ['ports.http=0']})).toEqual([
			'--set: ports.http must be 1 or more',
		]);
		expect(await said({given, environment})).toEqual(['SPECIFY_SETUP_PORTS: ports.http must be 1 or more']);
		expect(await said({given})).toEqual(['line 1, column 9: ports.http must be 1 or more']);
	});

	it('of a file that is no YAML come with those of flags and environment', async () => {
		const {details} = await failing({
			given: 'domain: a.example\n\tports: 1\n',
			environment: {SPECIFY_SETUP_COLOUR: 'green'},
			settings: ['domain'],
		});
		expect(details.some(line => /^line 2, column \d+: /.test(line))).toBe(true);
		expect(details).toContainEqual(expect.stringMatching(/^SPECIFY_SETUP_COLOUR is not known/));
		expect(details).toContainEqual(expect.stringMatching(/^--set domain is not of the form/));
	});

	it('of what is left out where it is wanted say that it is missing', async () => {
		const {details} = await failing({given: 'institution:\n  name: Riksmuseet\n  discipline: {type: fish}\n'});
		expect(details).toEqual([
			'line 1, column 1: institution.code is missing',
			'line 1, column 1: institution.division is missing',
			'line 1, column 1: institution.collection is missing',
			'line 1, column 1: institution.administrator is missing',
			'line 3, column 3: institution.discipline.name is missing',
		]);
	});

	it("of the installation's own file name that file", async () => {
		expect((await failing({installed: 'specify6: true\n'})).message).toContain('(/opt/specify/specify.yaml)');
	});

	it('of the syntax are told with their places', async () => {
		const error = await failing({given: 'domain: a.example\nports: {http: 80\n'});
		expect(error.exitCode).toBe(2);
		expect(error.details.length).toBeGreaterThan(0);
		for (const line of error.details) expect(line).toMatch(/^line \d+, column \d+: /);
	});

	it.each([
		'domain: *museum\n',
		'hostnames: &h {specify7: *h, media: *h}\n',
		'ports.https: 8443\n',
		'- domain: a.example\n',
		'just words\n',
	])('of a file that is hardly answers are told like any other: %j', async given => {
		expect((await failing({given})).exitCode).toBe(2);
	});

	it.each(['domain', '=a.example', '.http=80', 'ports.=80', '__proto__.domain=a.example', 'ports.__proto__.http=1'])(
		'of the form of --set %s are told with an example',
		async setting => {
			const error = await failing({settings: [setting]});
			expect(error.exitCode).toBe(2);
			expect(error.details).toEqual([
				`--set ${setting.replace(/=.*/, '=…')} is not of the form key=value, such as --set ports.https=8443`,
			]);
		},
	);

	it('of a key that does not exist are told for --set too', async () => {
		expect((await failing({settings: ['timezon=UTC', 'port.http=80']})).details).toEqual([
			'--set: timezon is not known; the nearest that is: timezone',
			'--set: port is not known; the nearest that is: ports',
		]);
	});

	it('of a file that is not there name it', async () => {
		const error = await failureOf(
			gatherAnswers({host: new FakeHost(), directory, file: '/no/such.yaml', settings: []}),
		);
		expect(error.message).toBe('There is no file /no/such.yaml.');
		expect(error.exitCode).toBe(2);
	});

	it('of a file that cannot be read are wrong use, not a defect', async () => {
		const error = await failureOf(gatherAnswers({host: localHost, directory, file: folder, settings: []}));
		expect(error.message).toContain(folder);
		expect(error.exitCode).toBe(2);
	});
});
