import {createHash} from 'node:crypto';
import type {Answers} from '../model/answers.js';
import type {Secrets} from '../model/secrets.js';
import {profileFor} from '../model/sizing.js';
import {assetStoreXml} from './asset-store.js';
import {caddyfile} from './caddyfile.js';
import {compose} from './compose.js';
import {environment} from './environment.js';
import {environmentCopy, projectFile, secretsFolder} from './names.js';
import {specifyYaml} from './specify-yaml.js';
import {localSettings} from './specify7-settings.js';

/** A file specify-setup writes. `path` is relative to the installation's folder. */
export type GeneratedFile = {path: string; text: string; mode: number};

export const hashOf = (...parts: string[]) => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part).update('\0');
	return hash.digest('hex');
};

/**
 * Every generated file of an installation, as a pure function.
 * @param memory of the machine, bytes; decides the limits
 */
export const installationFiles = ({
	project,
	answers,
	secrets,
	memory,
	own = [],
}: {
	project: string;
	answers: Answers;
	secrets: Secrets;
	memory: number;
	/** Rows of `.env` that are the user's own. */
	own?: readonly string[];
}): GeneratedFile[] => {
	const proxy: GeneratedFile[] = [
		{path: 'proxy/Caddyfile', text: caddyfile(answers), mode: 0o644},
		{path: 'media/web_asset_store.xml', text: assetStoreXml(answers), mode: 0o644},
	];
	const settings: GeneratedFile = {path: 'specify7/local_settings.py', text: localSettings(answers), mode: 0o644};
	const rootPassword: GeneratedFile = {
		path: `${secretsFolder}/database-root-password`,
		text: secrets.DATABASE_ROOT_PASSWORD,
		mode: 0o444,
	};
	const hashes = {
		proxy: hashOf(...proxy.map(({text}) => text)),
		db: hashOf(rootPassword.text),
		specify7: hashOf(settings.text),
		worker: hashOf(settings.text),
	};
	const text = environment(secrets, own);
	return [
		{path: 'specify.yaml', text: specifyYaml(answers), mode: 0o644},
		{path: '.env', text, mode: 0o600},
		{path: environmentCopy, text, mode: 0o600},
		{
			path: projectFile,
			text: `# Made by specify-setup: the Compose project whose data belong to this folder.\n${project}\n`,
			mode: 0o600,
		},
		rootPassword,
		...proxy,
		settings,
		{path: 'compose.yaml', text: compose({project, answers, profile: profileFor(memory), hashes}), mode: 0o644},
	];
};
