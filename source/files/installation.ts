import {createHash, createHmac} from 'node:crypto';
import {namesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import type {Secrets} from '../model/secrets.js';
import {profileFor} from '../model/sizing.js';
import {assetStoreXml} from './asset-store.js';
import {caddyfile} from './caddyfile.js';
import {compose} from './compose.js';
import {environment} from './environment.js';
import {healthProgram} from './health-program.js';
import {landingPage} from './landing.js';
import {environmentCopy, projectFile, schemaFile, secretsFolder, stateFolder} from './names.js';
import {apacheSnippet, nginxSnippet} from './outer-web-server.js';
import {specifySchema, specifyYaml} from './specify-yaml.js';
import {localSettings} from './specify7-settings.js';

/** A file specify-setup writes. `path` is relative to the installation's folder. */
export type GeneratedFile = {
	path: string;
	text: string;
	mode: number;
	/** What was generated, where `text` is the user's own edit that is kept instead. */
	generated?: string;
};

/** Whether a hand edit of this file may be kept: answers and secrets have keys of their own instead. */
export const isKeepable = (path: string) =>
	path !== 'specify.yaml' && path !== '.env' && !path.startsWith(`${stateFolder}/`);

export const hashOf = (...parts: string[]) => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part).update('\0');
	return hash.digest('hex');
};

/**
 * One value for texts that secrets are part of, for places that others may read: whoever does not have the key can try no
 * guess on it. The same as long as texts and key are.
 */
export const sealOf = (key: string, ...parts: string[]) =>
	createHmac('sha256', key)
		.update(hashOf(...parts))
		.digest('hex');

/** What a web server in front must know. */
const outerSite = (answers: Answers) => {
	const [first, ...others] = namesOf(answers);
	return {names: [first!, ...others] as const, port: answers.ports.http, httpsPort: answers.ports.https};
};

/**
 * Every generated file of an installation, as a pure function.
 * @param memory of the machine, bytes; decides the limits where the answers do not
 */
export const installationFiles = ({
	project,
	answers,
	secrets,
	memory,
	own = [],
	settings = [],
	mine = {},
}: {
	project: string;
	answers: Answers;
	secrets: Secrets;
	memory: number;
	/** Rows of `.env` that are the user's own. */
	own?: readonly string[];
	/** Names and texts of the user's own settings for Specify 7, which it reads when it starts. */
	settings?: readonly string[];
	/** Texts of files edited by hand that are kept, by path. */
	mine?: Readonly<Record<string, string>>;
}): GeneratedFile[] => {
	const readable = (path: string, text: string): GeneratedFile =>
		mine[path] === undefined || mine[path] === text
			? {path, text, mode: 0o644}
			: {path, text: mine[path], mode: 0o644, generated: text};
	const proxy = [
		readable('proxy/Caddyfile', caddyfile(answers)),
		readable('media/web_asset_store.xml', assetStoreXml(answers)),
		readable('landing/index.html', landingPage(answers)),
	];
	const outer: GeneratedFile[] =
		answers.proxy === 'behind'
			? [
					readable('web-server/nginx.conf', nginxSnippet(outerSite(answers))),
					readable('web-server/apache.conf', apacheSnippet(outerSite(answers))),
				]
			: [];
	const localPython = readable('specify7/local_settings.py', localSettings(answers));
	const health = readable('specify7/health.py', healthProgram());
	const rootPassword: GeneratedFile = {
		path: `${secretsFolder}/database-root-password`,
		text: secrets.DATABASE_ROOT_PASSWORD,
		mode: 0o444,
	};
	const specify = sealOf(secrets.SECRET_KEY, localPython.text, health.text, ...settings);
	const hashes = {db: sealOf(secrets.SECRET_KEY, rootPassword.text), specify7: specify, worker: specify};
	const text = environment(secrets, own);
	return [
		{path: 'specify.yaml', text: specifyYaml(answers), mode: 0o644},
		{path: schemaFile, text: specifySchema(), mode: 0o600},
		{path: '.env', text, mode: 0o600},
		{path: environmentCopy, text, mode: 0o600},
		{
			path: projectFile,
			text: `# Made by specify-setup: the Compose project whose data belong to this folder.\n${project}\n`,
			mode: 0o600,
		},
		rootPassword,
		...proxy,
		...outer,
		localPython,
		health,
		readable('compose.yaml', compose({project, answers, profile: profileFor(memory, answers.memory), hashes})),
	];
};
