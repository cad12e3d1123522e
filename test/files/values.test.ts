import {domainToASCII} from 'node:url';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {environment, secretsOf} from '../../source/files/environment.js';
import {healthChecks} from '../../source/files/health.js';
import {installationFiles} from '../../source/files/installation.js';
import {readYaml} from '../../source/files/specify-yaml.js';
import {addressesOf, namesOf} from '../../source/model/addresses.js';
import {type Answers, parseAnswers} from '../../source/model/answers.js';
import {imageOf} from '../../source/model/images.js';
import {type ServiceName, serviceNames} from '../../source/model/releases.js';
import {completeSecrets, type Secrets, secretNames} from '../../source/model/secrets.js';
import {privateFiles} from '../../source/steps/proxy.js';
import {answersWith} from '../_helpers/answers.js';
import {FakeHost} from '../_helpers/fake-host.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';
import {givenAnswers, passwords} from '../_helpers/values.js';

/** Whatever validation accepts is read again, as it was given, out of every generated text. What needs programs is in test/e2e/values.test.ts. */

const accepted = givenAnswers.map(given => parseAnswers(given).answers).filter(answers => answers !== null);

const textsOf = (answers: Answers, secrets: Secrets = knownSecrets) =>
	Object.fromEntries(
		installationFiles({project: 'museum', answers, secrets, memory: 8 * GiB}).map(({path, text}) => [path, text]),
	);

const survives = (check: (answers: Answers, texts: Record<string, string>) => void) =>
	fc.assert(
		fc.property(accepted, answers => check(answers, textsOf(answers))),
		{numRuns: 150},
	);

/** A `.env` as Compose reads what is in single quotes: no escapes, no variables. */
const readEnvironment = (text: string) =>
	Object.fromEntries([...text.matchAll(/^([A-Z_]+)='([^']*)'$/gm)].map(([, name, value]) => [name!, value!]));

/** Compose's variables in a text: `$$` is a dollar sign, `${NAME:?}` a value that must be there. */
const interpolate = (text: string, values: Record<string, string>) =>
	text.replace(/\$\$|\$\{(\w+):\?\}|\$/g, (all, name?: string) => {
		if (all === '$$') return '$';
		if (name !== undefined && values[name]) return values[name];
		throw new Error(`Compose would not know ${text}`);
	});

/** Words of a line of a Caddyfile, as its lexer takes them apart; fails where it would begin something else. */
const caddyWords = (line: string) => {
	expect(line).not.toMatch(/\{[$%]/);
	const words = line.trim().split(/\s+/);
	for (const word of words) expect(word).not.toMatch(/^[#"`]|^<<|\\$/);
	return words;
};

const unescaped = (html: string) =>
	html
		.replaceAll('&lt;', '<')
		.replaceAll('&gt;', '>')
		.replaceAll('&quot;', '"')
		.replaceAll('&#39;', "'")
		.replaceAll('&amp;', '&');

describe('what validation accepts', () => {
	it('is in specify.yaml', () => {
		survives((answers, texts) => {
			const {value, problems} = readYaml(texts['specify.yaml']!);
			expect(problems).toEqual([]);
			expect(parseAnswers(value)).toEqual({answers, problems: []});
		});
	}, 60_000);

	it('of passwords is in .env, and Compose and we read the same', () => {
		const given = fc.tuple(...secretNames.map(() => passwords)).map(values => {
			const known = Object.fromEntries(secretNames.map((name, index) => [name, values[index]]));
			return completeSecrets(known);
		});
		fc.assert(
			fc.property(given, secrets => {
				const text = environment(secrets);
				expect(secretsOf(text)).toEqual(secrets);
				expect(readEnvironment(text)).toEqual(secrets);
				const {services} = parse(textsOf(answersWith(), secrets)['compose.yaml']!);
				const seen = (service: string, name: string) =>
					interpolate(services[service].environment[name], readEnvironment(text));
				expect(seen('specify7', 'MASTER_PASSWORD')).toBe(secrets.MASTER_PASSWORD);
				expect(seen('worker', 'APP_USER_PASSWORD')).toBe(secrets.APP_USER_PASSWORD);
				expect(seen('specify7', 'SECRET_KEY')).toBe(secrets.SECRET_KEY);
				expect(seen('media', 'ATTACHMENT_KEY')).toBe(secrets.ASSET_SERVER_KEY);
			}),
			{numRuns: 20},
		);
	}, 60_000);

	it('is in compose.yaml, after Compose has put its variables in', () => {
		survives((answers, texts) => {
			const {services} = parse(texts['compose.yaml']!) as {
				services: Record<
					ServiceName,
					{image: string; environment: Record<string, string>; healthcheck: {test: string[]}}
				>;
			};
			const value = (text: string) => interpolate(text, knownSecrets);
			const {specify7, media} = addressesOf(answers);
			const {environment: set} = services.specify7;
			expect(Object.fromEntries(Object.entries(set).map(([name, text]) => [name, value(text)]))).toMatchObject({
				DATABASE_NAME: answers.database.name,
				TIME_ZONE: answers.timezone,
				ALLOWED_HOSTS: answers.hostnames.specify7,
				CSRF_TRUSTED_ORIGINS: specify7,
				ASSET_SERVER_URL: `${media}/web_asset_store.xml`,
			});
			for (const service of serviceNames) {
				expect(value(services[service].image)).toBe(imageOf(answers, service));
				expect(services[service].healthcheck.test.slice(1).map(value)).toEqual([...healthChecks(answers)[service]]);
			}
		});
	}, 60_000);

	it('is in the Caddyfile', () => {
		survives((answers, texts) => {
			const lines = texts['proxy/Caddyfile']!.split('\n');
			const email = lines.find(line => line.startsWith('\temail '))!;
			expect(caddyWords(email)).toEqual(['email', answers.email]);
			const sites = lines.filter(line => line.startsWith('https://')).map(caddyWords);
			expect(sites).toEqual(namesOf(answers).map(name => [`https://${name}`, '{']));
		});
	}, 60_000);

	it('is in the way to each certificate', async () => {
		await fc.assert(
			fc.asyncProperty(accepted, async answers => {
				const host = new FakeHost();
				host.read = async () => 'c2VjcmV0';
				const files = await privateFiles({host, directory: '/opt/specify', answers});
				const {acme} = answers;
				for (const [name, text] of Object.entries(files)) {
					if (!name.startsWith('tls-')) continue;
					expect(Buffer.byteLength(name)).toBeLessThan(240);
					const words = text
						.split('\n')
						.filter(line => line && !line.startsWith('#'))
						.map(caddyWords);
					const said = (key: string) => words.find(([first]) => first === key)?.slice(1);
					if (answers.certificates !== 'letsencrypt') continue;
					expect(said('email')).toEqual([answers.email]);
					if (acme.directory) expect(said('dir')).toEqual([acme.directory]);
					expect(said('eab')).toEqual(acme.eab ? [acme.eab.kid, 'c2VjcmV0'] : undefined);
				}
			}),
			{numRuns: 150},
		);
	}, 60_000);

	it('is in web_asset_store.xml', () => {
		survives((answers, texts) => {
			const xml = texts['media/web_asset_store.xml']!;
			const found = [...xml.matchAll(/<url type="(\w+)"><!\[CDATA\[([^\]]*)\]\]><\/url>/g)];
			const {media} = addressesOf(answers);
			expect(found.map(([, , url]) => url)).toEqual(
				['fileget', 'fileupload', 'filedelete', 'getmetadata', 'testkey'].map(action => `${media}/${action}`),
			);
			for (const [, , url] of found) expect(new URL(url!).hostname).toBe(answers.hostnames.media);
		});
	}, 60_000);

	it('is in the page for visitors, where it is text and never anything else', () => {
		survives((answers, texts) => {
			const page = texts['landing/index.html']!;
			const [, heading] = /<h1><bdi>([^<]*)<\/bdi><\/h1>/.exec(page)!;
			const owner = unescaped(heading!);
			if (answers.institution) expect(owner).toBe(answers.institution.name);
			else expect(domainToASCII(owner)).toBe(answers.domain);
			const {specify7} = addressesOf(answers);
			expect(/class="open" href="([^"]*)"/.exec(page)?.[1]).toBe(specify7);
			const tags = (text: string) => [...text.matchAll(/<[!/a-z][^>]*>/gi)].map(([tag]) => tag.split(/[\s>]/)[0]);
			expect(tags(page)).toEqual(tags(textsOf(answersWith())['landing/index.html']!));
		});
	}, 60_000);

	it('is in the configurations for another web server', () => {
		survives((answers, texts) => {
			if (answers.proxy !== 'behind') return;
			const names = namesOf(answers);
			const nginx = [...texts['web-server/nginx.conf']!.matchAll(/^\tserver_name (.*);$/gm)];
			expect(nginx.map(([, list]) => list!.split(' '))).toEqual([names, names]);
			const apache = [...texts['web-server/apache.conf']!.matchAll(/^\tServer(?:Name|Alias) (.*)$/gm)];
			expect(apache.map(([, name]) => name)).toEqual([...names, ...names]);
		});
	}, 60_000);

	it('is often what awkward people give: the tests above are about something', () => {
		const given = fc.sample(givenAnswers, {numRuns: 400, seed: 1});
		const answers = given.flatMap(value => parseAnswers(value).answers ?? []);
		expect(answers.length).toBeGreaterThan(100);
		expect(new Set(answers.map(({certificates}) => certificates)).size).toBeGreaterThan(2);
		expect(answers.filter(({proxy}) => proxy === 'behind').length).toBeGreaterThan(5);
		expect(answers.filter(({institution}) => /[<$'"]/.test(institution?.name ?? '')).length).toBeGreaterThan(5);
		expect(answers.filter(({acme}) => acme.eab).length).toBeGreaterThan(2);
	});
});
