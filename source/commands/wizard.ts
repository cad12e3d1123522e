import {createElement} from 'react';
import {exitCodes} from '../errors.js';
import {mount, suspend} from '../ink/mount.js';
import {type WizardResult, WizardScreen, type WizardServices} from '../ink/screens/wizard.js';
import {currentValue} from '../model/wizard.js';
import {gatherFacts, withoutSecrets} from './facts.js';
import type {DumpReader} from './guide.js';
import {openPreferences} from './preferences.js';

/** Everything that acts; loaded behind the first screen. */
const work = () => import('./guide.js');

/** The guided installation: screens, then the run. Returns the exit code. */
export const wizard = async ({
	directory,
	settings,
}: {
	directory: string;
	settings: readonly string[];
}): Promise<number> => {
	const preferences = openPreferences();
	const facts = await gatherFacts(directory, settings);
	let reading: Promise<DumpReader> | undefined;
	const reader = () => {
		reading ??= work().then(({DumpReader}) => new DumpReader());
		return reading;
	};
	const services: WizardServices = {
		save: (draft, screen) => void preferences.keepDraft(directory, withoutSecrets(draft), screen),
		lookUpNames: async (draft, signal) => (await work()).findNames(currentValue(draft, facts, 'domain'), signal),
		readDump: async (path, signal, tell) => (await reader()).read(path, signal, tell),
		readAttachments: async (path, signal) => (await work()).findAttachments(path, signal),
		completePath: async text => (await import('../host/complete-path.js')).completePath(text),
		async plan(answers, signal) {
			const {absolute, consider} = await work();
			const {checks, steps} = await consider(directory, absolute(answers), (await reader()).known, signal);
			return {checks, steps};
		},
		files: async answers => (await work()).previewFiles(directory, answers),
		suspend,
	};
	const kept = await preferences.draft(directory);
	const shown = mount<WizardResult>(onLeave =>
		createElement(WizardScreen, {facts, initial: kept ?? {draft: {}}, services, onLeave}),
	);
	// The first picture is drawn; the first answer shall be on disk as soon as it is given.
	void preferences.prepare();
	const result = await shown;
	if (result.kind === 'left') {
		process.stdout.write('Nothing has been installed. Your answers are kept; run specify-setup again to go on.\n');
		return exitCodes.cancelled;
	}
	const [{absolute}, {beginRun}, {viewRun}] = await Promise.all([work(), import('./begin.js'), import('./view.js')]);
	const answers = absolute(result.answers);
	const dump = (await reader()).known;
	const request = {command: 'install', directory, answers, dump, secrets: result.secrets};
	let exitCode: number | 'retry' = 'retry';
	while (exitCode === 'retry') {
		const {entries, stop} = await beginRun(request);
		await preferences.addInstallation(directory);
		await preferences.forgetDraft(directory);
		exitCode = await viewRun({directory, entries, stop, canRetry: true});
	}
	return exitCode;
};
