import {createElement} from 'react';
import {exitCodes} from '../errors.js';
import {mount, suspend} from '../ink/mount.js';
import {type WizardResult, WizardScreen, type WizardServices} from '../ink/screens/wizard.js';
import {commandLine} from './command-line.js';
import {gatherFacts, withoutSecrets} from './facts.js';
import type {DumpReader} from './guide.js';
import {openPreferences} from './preferences.js';

/** Everything that acts; loaded behind the first screen. */
const work = () => import('./guide.js');

const left = {
	install: (directory: string) =>
		`Nothing has been installed. Your answers are kept; run ${commandLine('', directory)} again to go on.`,
	reconfigure: () => 'Nothing has been changed.',
};

/**
 * The guided installation, or with `reconfigure` the guided change of one that is there: screens, then the run.
 * Returns the exit code.
 * @throws SetupError when what shall be changed cannot be, as in `readExisting`
 */
export const wizard = async ({
	directory,
	settings,
	reconfigure = false,
}: {
	directory: string;
	settings: readonly string[];
	reconfigure?: boolean;
}): Promise<number> => {
	const command = reconfigure ? 'reconfigure' : 'install';
	const preferences = openPreferences();
	const existing = reconfigure ? await (await import('./existing.js')).readExisting(directory, settings) : undefined;
	const facts = await gatherFacts(directory, settings, existing);
	let reading: Promise<DumpReader> | undefined;
	const reader = () => {
		reading ??= work().then(({DumpReader}) => new DumpReader());
		return reading;
	};
	const services: WizardServices = {
		save(draft, screen) {
			if (!existing) void preferences.keepDraft(directory, withoutSecrets(draft), screen);
		},
		lookUpNames: async (draft, signal) => (await work()).findDraftNames(draft, facts, signal),
		readDump: async (path, signal, tell) => (await reader()).read(path, signal, tell),
		readAttachments: async (path, signal) => (await work()).findAttachments(path, signal),
		completePath: async text => (await import('../host/complete-path.js')).completePath(text),
		async plan(wanted, signal) {
			const {absolute, consider} = await work();
			const answers = absolute(wanted.answers);
			return consider({...wanted, directory, answers, existing}, (await reader()).known, signal);
		},
		files: async answers => (await work()).previewFiles(directory, answers),
		async differences(wanted) {
			const {absolute, showDifferences} = await work();
			return showDifferences({...wanted, directory, answers: absolute(wanted.answers), existing});
		},
		suspend,
	};
	const kept = existing ? undefined : await preferences.draft(directory);
	const shown = mount<WizardResult>(onLeave =>
		createElement(WizardScreen, {facts, initial: kept ?? {draft: {}}, services, onLeave}),
	);
	// The first picture is drawn; the first answer shall be on disk as soon as it is given.
	void preferences.prepare();
	const result = await shown;
	if (result.kind === 'left') {
		process.stdout.write(`${left[command](directory)}\n`);
		return exitCodes.cancelled;
	}
	if (result.kind === 'unchanged') {
		process.stdout.write('Everything is as the answers say. Nothing was changed.\n');
		return exitCodes.done;
	}
	const [{absolute}, {beginRun}, {viewRun}] = await Promise.all([work(), import('./begin.js'), import('./view.js')]);
	const answers = absolute(result.answers);
	const dump = (await reader()).known;
	const {secrets, keep, take} = result;
	const request = {command, directory, answers, dump, secrets, keep, take};
	let exitCode: number | 'retry' = 'retry';
	while (exitCode === 'retry') {
		const {entries, stop} = await beginRun(request);
		await preferences.addInstallation(directory);
		await preferences.forgetDraft(directory);
		exitCode = await viewRun({directory, entries, stop, canRetry: true});
	}
	return exitCode;
};
