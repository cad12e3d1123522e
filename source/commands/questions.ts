import {exitCodes} from '../errors.js';
import {currentValue} from '../model/wizard.js';
import {askAll, type QuestionServices} from '../plain/questions.js';
import {planLines} from '../plain/reporter.js';
import {refusalOf} from '../steps/preflight.js';
import {beginRun} from './begin.js';
import {gatherFacts, withoutSecrets} from './facts.js';
import {absolute, consider, DumpReader, findAttachments, findNames} from './guide.js';
import {print, show} from './output.js';
import {openPreferences} from './preferences.js';

const left = () => {
	print('Nothing has been installed. Your answers are kept; run specify-setup again to go on.');
	return exitCodes.cancelled;
};

/** The guided installation as plain questions, then the run as plain lines. Returns the exit code. */
export const questions = async ({
	directory,
	settings,
}: {
	directory: string;
	settings: readonly string[];
}): Promise<number> => {
	const preferences = openPreferences();
	const facts = await gatherFacts(directory, settings);
	const reader = new DumpReader();
	const {signal} = new AbortController();
	const kept = await preferences.draft(directory);
	const services: QuestionServices = {
		save: (draft, screen) => void preferences.keepDraft(directory, withoutSecrets(draft), screen),
		async find(key, draft) {
			if (key === 'domain') return findNames(currentValue(draft, facts, key), signal);
			if (key === 'database.attachments' && currentValue(draft, facts, key) !== '')
				return findAttachments(currentValue(draft, facts, key), signal);
			if (key === 'database.dump') return reader.read(currentValue(draft, facts, key), signal, () => {});
			return null;
		},
		async plan(answers) {
			const {steps, checks} = await consider(directory, absolute(answers), reader.known, signal);
			const troubles = checks
				.filter(({result}) => result !== 'ok')
				.map(({name, detail, hint}) => `${name}: ${detail}. ${hint}`);
			return [...troubles, 'What will be done:', ...planLines(steps)];
		},
		print,
	};
	const asked = askAll(facts, kept?.draft ?? {}, services, {from: kept?.screen});
	const result = await asked.catch((error: unknown) => {
		if (error instanceof Error && error.name === 'ExitPromptError') return null;
		throw error;
	});
	if (!result) return left();
	const answers = absolute(result.answers);
	const {checks} = await consider(directory, answers, reader.known, signal);
	const refused = refusalOf(checks);
	if (refused) throw refused;
	const {entries, stop} = await beginRun({
		command: 'install',
		directory,
		answers,
		dump: reader.known,
		secrets: result.secrets,
	});
	await preferences.addInstallation(directory);
	await preferences.forgetDraft(directory);
	for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
	return show(entries(), 'plain');
};
