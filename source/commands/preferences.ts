import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type Conf from 'conf';
import envPaths from 'env-paths';
import type {Draft} from '../model/wizard.js';

type Stored = {
	/** Answers begun and not finished, by the installation's folder; never a secret. */
	drafts: Record<string, {draft: Draft; screen: string}>;
	/** Folders of the installations this person has made or opened. */
	installations: string[];
};

const configFolder = () => envPaths('specify-setup', {suffix: ''}).config;

/** Folders of the installations this person has made or chosen; none where nothing can be read. Loads no store. */
export const rememberedFolders = (): string[] => {
	try {
		const {installations} = JSON.parse(readFileSync(join(configFolder(), 'config.json'), 'utf8')) as Partial<Stored>;
		return (installations ?? []).filter(folder => typeof folder === 'string');
	} catch {
		return [];
	}
};

/** Remembers an installation that is made or opened; the store is loaded only for one that is not known yet. */
export const rememberInstallation = async (directory: string) => {
	if (!rememberedFolders().includes(directory)) await openPreferences().addInstallation(directory);
};

/**
 * What is remembered for this person between calls (mode 0600, in their configuration folder).
 * The store is opened when there is something to read or write: a first start need not wait for it.
 */
export const openPreferences = () => {
	const folder = configFolder();
	let opened: Promise<Conf<Stored>> | undefined;
	const load = () => import('conf');
	const store = () => {
		opened ??= load().then(
			({default: Store}) =>
				new Store<Stored>({
					cwd: folder,
					configFileMode: 0o600,
					accessPropertiesByDotNotation: false,
					clearInvalidConfig: true,
					defaults: {drafts: {}, installations: []},
				}),
		);
		return opened;
	};
	/** Where nothing can be kept (a read-only home), the guide works without remembering. */
	const trying = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await work();
		} catch {
			return undefined;
		}
	};
	const drafts = async (change: (drafts: Stored['drafts']) => Stored['drafts']) => {
		await trying(async () => {
			const preferences = await store();
			preferences.set('drafts', change(preferences.get('drafts')));
		});
	};
	const installations = async (change: (known: string[]) => string[]) => {
		await trying(async () => {
			const preferences = await store();
			preferences.set('installations', change(preferences.get('installations')));
		});
	};
	return {
		/** Loads what is needed to keep something, so that it is kept at once. Nothing is written. */
		prepare: async () => void (await trying(load)),
		draft: async (directory: string) =>
			existsSync(join(folder, 'config.json'))
				? trying(async () => (await store()).get('drafts')[directory])
				: undefined,
		keepDraft: (directory: string, draft: Draft, screen: string) =>
			drafts(others => ({...others, [directory]: {draft, screen}})),
		forgetDraft: (directory: string) => drafts(({[directory]: _, ...others}) => others),
		addInstallation: (directory: string) => installations(known => [...new Set([...known, directory])]),
		/** Drops a folder from the list; nothing else is touched. */
		dropInstallation: (directory: string) => installations(known => known.filter(other => other !== directory)),
	};
};
