import Conf from 'conf';
import type {Draft} from '../model/wizard.js';

type Stored = {
	/** Answers begun and not finished, by the installation's folder; never a secret. */
	drafts: Record<string, {draft: Draft; screen: string}>;
	/** Folders of the installations this person has made or opened. */
	installations: string[];
};

/** What is remembered for this person between calls (mode 0600, in their configuration folder). */
export const openPreferences = () => {
	const store = new Conf<Stored>({
		projectName: 'specify-setup',
		projectSuffix: '',
		configFileMode: 0o600,
		accessPropertiesByDotNotation: false,
		clearInvalidConfig: true,
		defaults: {drafts: {}, installations: []},
	});
	return {
		draft: (directory: string) => store.get('drafts')[directory],
		keepDraft: (directory: string, draft: Draft, screen: string) =>
			store.set('drafts', {...store.get('drafts'), [directory]: {draft, screen}}),
		forgetDraft(directory: string) {
			const {[directory]: _, ...others} = store.get('drafts');
			store.set('drafts', others);
		},
		installations: () => store.get('installations'),
		addInstallation: (directory: string) =>
			store.set('installations', [...new Set([...store.get('installations'), directory])]),
	};
};
export type Preferences = ReturnType<typeof openPreferences>;
