import {readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import {describe, expect, it} from 'vitest';
import {closedGate} from '../../source/files/proxy-private.js';
import {parseAnswers} from '../../source/model/answers.js';
import {privateFiles} from '../../source/steps/proxy.js';
import {contextWith} from '../_helpers/context.js';
import {knownSecrets} from '../_helpers/observation.js';

/** Every text an installation gets, for answers that differ in what matters: a change of it is seen in review. */

const golden = join(import.meta.dirname, 'golden');
const renewal =
	'is not what test/files/golden holds. If that is meant: npx vitest run test/files/golden.test.ts -u, and read the difference';

const institution = {
	name: "Musée d'histoire naturelle « Ørsted »",
	code: 'MHN',
	division: 'Botany & Zoology',
	discipline: {type: 'botany', name: 'Botany'},
	collection: {name: 'Herbarium', code: 'H'},
	administrator: {name: 'ada', lastname: 'Lovelace'},
};

const cases: Record<string, object> = {
	defaults: {},
	'lets-encrypt-other-names-hsts': {
		domain: 'museum.org',
		hostnames: {specify7: 'specify.museum.org', media: 'images.museum.org', landing: 'collections.museum.org'},
		certificates: 'letsencrypt',
		hsts: true,
		email: 'it+specify@museum.org',
		institution,
	},
	'own-one-name': {
		domain: 'nrm.example',
		hostnames: {specify7: 'specify.nrm.example', media: 'specify.nrm.example', landing: null},
		certificates: 'own',
		own: {certificate: '/etc/ssl/nrm.crt', key: '/etc/ssl/nrm.key', authority: '/etc/ssl/root.pem'},
		database: {name: 'herbarium', start: 'dump', dump: '/srv/dumps/nrm.sql.gz', attachments: '/srv/attachments'},
	},
	behind: {domain: 'nrm.example', proxy: 'behind', privacy: {telemetry: true}},
	'acme-account-closed-attachments': {
		domain: 'nrm.lan',
		ports: {http: 8080, https: 8443},
		certificates: 'letsencrypt',
		acme: {
			directory: 'https://acme.nrm.lan/directory',
			staging: 'https://acme.nrm.lan/test',
			ca: '/etc/ssl/root.pem',
			eab: {kid: 'kid-1', keyFile: '/root/eab.key'},
		},
		privacy: {publicAttachments: false},
		images: {registry: 'mirror.nrm.lan/hub'},
	},
	'other-alphabet': {domain: 'sammlung-münchen.example', timezone: 'Europe/Berlin'},
};

const sources = {
	'/etc/ssl/nrm.crt': 'the certificate\n',
	'/etc/ssl/nrm.key': 'its key\n',
	'/etc/ssl/root.pem': 'the root\n',
	'/root/eab.key': 'c2VjcmV0\n',
};

/** Texts by path, `.env` and its copy apart; what the proxy alone may know is below `private`. */
const textsOf = async (given: object): Promise<Record<string, string>> => {
	const {answers, problems} = parseAnswers(given, {timezone: 'Europe/Stockholm'});
	expect(problems).toEqual([]);
	const context = contextWith({answers: answers!});
	for (const [path, text] of Object.entries(sources)) context.host.files.set(path, {text, mode: 0o600});
	const files = context.files.filter(({path}) => !['.env', '.specify-setup/environment'].includes(path));
	const own = {...(await privateFiles(context)), 'gate.caddy': closedGate(knownSecrets.SETUP_PASSWORD)};
	return Object.fromEntries([
		...files.map(({path, text}) => [path.replace(/^\.specify-setup\//, 'state/'), text] as const),
		...Object.entries(own).map(([name, text]) => [`private/${name}`, text] as const),
	]);
};

describe.each(Object.entries(cases))('the files for %s', (name, given) => {
	/** The texts that are not those of the defaults; of these there is no second copy. */
	const own = async () => {
		const texts = await textsOf(given);
		const usual = name === 'defaults' ? {} : ((await textsOf({})) as Record<string, string | undefined>);
		return Object.fromEntries(Object.entries(texts).filter(([path, text]) => usual[path] !== text));
	};

	it('are, byte for byte, what they were', async () => {
		for (const [path, text] of Object.entries(await own()))
			await expect(text, `${name}/${path} ${renewal}`).toMatchFileSnapshot(join(golden, name, path));
	});

	it('are these and no others', async () => {
		const folder = join(golden, name);
		const kept = readdirSync(folder, {recursive: true, withFileTypes: true})
			.filter(entry => entry.isFile())
			.map(entry => relative(folder, join(entry.parentPath, entry.name)));
		const texts = await own();
		expect(
			kept.filter(path => texts[path] === undefined),
			`no longer made for ${name}, or the same as with the defaults: remove them from test/files/golden`,
		).toEqual([]);
	});
});
