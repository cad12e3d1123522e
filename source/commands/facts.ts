import {machineFacts} from '../host/facts.js';
import {completeSecrets, type Secrets} from '../model/secrets.js';
import type {Draft, Existing, Facts} from '../model/wizard.js';

/** What is loaded before the first screen is kept small: the rest comes when it is needed. */
const proposeDomain = async (): Promise<string> => {
	if (!process.env.SSH_CONNECTION) return 'specify.localhost';
	const [{hostNames}, {proposedDomain}] = await Promise.all([import('../host/dns.js'), import('../model/names.js')]);
	return proposedDomain({...(await hostNames()), overSsh: true});
};

const readPresets = async (settings: readonly string[]): Promise<Facts['presets']> => {
	if (settings.length === 0 && !Object.keys(process.env).some(name => name.startsWith('SPECIFY_SETUP_'))) return {};
	const {presetsOf, settingsOf} = await import('./settings.js');
	return presetsOf(settingsOf(process.env, settings));
};

/** Secrets of the environment, which are taken out of it. */
const readSecrets = async (): Promise<Partial<Secrets>> => {
	if (!Object.keys(process.env).some(name => name.startsWith('SPECIFY_SETUP_SECRET_'))) return {};
	const [{takeSecrets}, {localHost}] = await Promise.all([import('./secrets.js'), import('../host/local.js')]);
	return takeSecrets({host: localHost, environment: process.env});
};

/** Defaults and advice for this machine. What the first screen does not show is found out when it is read. */
export const gatherFacts = async (
	directory: string,
	settings: readonly string[],
	existing?: Existing,
): Promise<Facts> => {
	const [machine, domain, presets, given] = await Promise.all([
		machineFacts(),
		existing ? existing.answers.domain : proposeDomain(),
		// The answers of an installation have them already.
		existing ? {} : readPresets(settings),
		readSecrets(),
	]);
	const {memory, swap, processors} = machine;
	let secrets: Facts['secrets'] | undefined;
	return {
		directory,
		domain,
		get timezone() {
			return machine.timezone;
		},
		memory,
		swap,
		processors,
		get secrets() {
			secrets ??= completeSecrets(given);
			return secrets;
		},
		presets,
		given,
		...(existing ? {existing} : {}),
	};
};

/** Secrets are told from answers by their names, which are those of `.env`. */
const secretKey = /^[A-Z_]+$/;

/** A draft as it may be kept on disk. */
export const withoutSecrets = (draft: Draft): Draft =>
	Object.fromEntries(Object.entries(draft).filter(([key]) => !secretKey.test(key)));
