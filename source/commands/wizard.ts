import {createElement} from 'react';
import {exitCodes} from '../errors.js';
import {completePath} from '../host/complete-path.js';
import {localHost} from '../host/local.js';
import {mount, suspend} from '../ink/mount.js';
import {type WizardResult, WizardScreen, type WizardServices} from '../ink/screens/wizard.js';
import {currentValue} from '../model/wizard.js';
import {openInstallation} from '../run/installation.js';
import {refusalOf} from '../steps/preflight.js';
import {beginRun} from './begin.js';
import {absolute, consider, DumpReader, findNames, gatherFacts, withoutSecrets} from './guide.js';
import {openPreferences} from './preferences.js';
import {viewRun} from './view.js';

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
	const reader = new DumpReader();
	const services: WizardServices = {
		save: (draft, screen) => preferences.keepDraft(directory, withoutSecrets(draft), screen),
		lookUpNames: (draft, signal) => findNames(currentValue(draft, facts, 'domain'), signal),
		readDump: (path, signal, tell) => reader.read(path, signal, tell),
		completePath: text => completePath(text),
		async plan(answers, signal) {
			const {checks, steps} = await consider(directory, absolute(answers), reader.known, signal);
			return {checks, steps};
		},
		async files(answers) {
			const {signal} = new AbortController();
			const {files, observation} = await openInstallation({
				host: localHost,
				directory,
				answers: absolute(answers),
				signal,
			});
			return files
				.filter(({mode}) => mode === 0o644)
				.map(({path, text}) => ({path, text, state: observation.files[path] ?? 'missing'}));
		},
		suspend,
	};
	const kept = preferences.draft(directory);
	const result = await mount<WizardResult>(onLeave =>
		createElement(WizardScreen, {facts, initial: kept ?? {draft: {}}, services, onLeave}),
	);
	if (result.kind === 'left') {
		process.stdout.write('Nothing has been installed. Your answers are kept; run specify-setup again to go on.\n');
		return exitCodes.cancelled;
	}
	const answers = absolute(result.answers);
	const {checks} = await consider(directory, answers, reader.known, new AbortController().signal);
	const refused = refusalOf(checks);
	if (refused) throw refused;
	const request = {command: 'install', directory, answers, dump: reader.known, secrets: result.secrets};
	let exitCode: number | 'retry' = 'retry';
	while (exitCode === 'retry') {
		const {entries, stop} = await beginRun(request);
		preferences.addInstallation(directory);
		preferences.forgetDraft(directory);
		exitCode = await viewRun({directory, entries, stop, canRetry: true});
	}
	return exitCode;
};
