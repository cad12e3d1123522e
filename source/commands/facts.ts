import {machineFacts} from '../host/facts.js';
import {completeSecrets} from '../model/secrets.js';
import type {Draft, Facts} from '../model/wizard.js';

/** What is loaded before the first screen is kept small: the rest comes when it is needed. */
const proposeDomain = async (): Promise<string> => {
	if (!process.env.SSH_CONNECTION) return 'specify.localhost';
	const [{hostNames}, {proposedDomain}] = await Promise.all([import('../host/dns.js'), import('../model/names.js')]);
	return proposedDomain({...(await hostNames()), overSsh: true});
};

const readPresets = async (settings: readonly string[]): Promise<Facts['presets']> => {
	if (settings.length === 0) return {};
	const {readSetting} = await import('./answers.js');
	return Object.fromEntries(settings.map(readSetting));
};

/** Defaults and advice for this machine. What the first screen does not show is found out when it is read. */
export const gatherFacts = async (directory: string, settings: readonly string[]): Promise<Facts> => {
	const [machine, domain, presets] = await Promise.all([machineFacts(), proposeDomain(), readPresets(settings)]);
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
			secrets ??= completeSecrets({});
			return secrets;
		},
		presets,
	};
};

/** Secrets are told from answers by their names, which are those of `.env`. */
const secretKey = /^[A-Z_]+$/;

/** A draft as it may be kept on disk. */
export const withoutSecrets = (draft: Draft): Draft =>
	Object.fromEntries(Object.entries(draft).filter(([key]) => !secretKey.test(key)));
