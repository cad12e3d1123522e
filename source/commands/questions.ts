import {exitCodes} from '../errors.js';
import {consequenceLines} from '../model/consequences.js';
import {differenceText} from '../model/differences.js';
import {currentValue} from '../model/wizard.js';
import {askAll, type QuestionServices} from '../plain/questions.js';
import {planLines} from '../plain/reporter.js';
import {refusalOf} from '../steps/preflight.js';
import {beginRun} from './begin.js';
import {commandLine} from './command-line.js';
import {gatherFacts, withoutSecrets} from './facts.js';
import {
	absolute,
	consider,
	DumpReader,
	findAttachments,
	findDraftNames,
	showDifferences,
	type Wanted,
} from './guide.js';
import {print, tell, watch} from './output.js';
import {openPreferences} from './preferences.js';

const indented = (lines: readonly string[]) => lines.map(line => `  ${line}`);

const left = {
	install: (directory: string) =>
		`Nothing has been installed. Your answers are kept; run ${commandLine('', directory)} again to go on.`,
	reconfigure: () => 'Nothing has been changed.',
};

/**
 * The guided installation, or with `reconfigure` the guided change of one that is there, as plain questions, then the run
 * as plain lines. Returns the exit code.
 * @throws SetupError when what shall be changed cannot be, as in `readExisting`
 */
export const questions = async ({
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
	const reader = new DumpReader();
	const {signal} = new AbortController();
	const kept = existing ? undefined : await preferences.draft(directory);
	const wantedOf = (wanted: Pick<Wanted, 'answers' | 'secrets' | 'keep' | 'take'>): Wanted => ({
		...wanted,
		directory,
		existing,
		answers: absolute(wanted.answers),
	});
	const services: QuestionServices = {
		save(draft, screen) {
			if (!existing) void preferences.keepDraft(directory, withoutSecrets(draft), screen);
		},
		async find(key, draft) {
			if (key === 'domain') return findDraftNames(draft, facts, signal);
			if (key === 'database.attachments' && currentValue(draft, facts, key) !== '')
				return findAttachments(currentValue(draft, facts, key), signal);
			if (key === 'database.dump') return reader.read(currentValue(draft, facts, key), signal, () => {});
			return null;
		},
		async plan(wanted) {
			const {steps, checks, consequences, edited, kept, done} = await consider(wantedOf(wanted), reader.known, signal);
			const troubles = checks
				.filter(({result}) => result !== 'ok')
				.map(({name, detail, hint}) => `${name}: ${detail}. ${hint}`);
			if (!existing)
				return {lines: [...troubles, 'What will be done:', ...planLines(steps)], edited: [], kept: [], done: false};
			if (done) return {lines: ['Everything is as the answers say.'], edited, kept, done};
			return {
				lines: [
					...troubles,
					...(consequences.length > 0 ? ['What follows:', ...indented(consequenceLines(consequences))] : []),
					'What will be done:',
					...planLines(steps.filter(step => !step.done)),
				],
				edited,
				kept,
				done,
			};
		},
		differences: async wanted =>
			(await showDifferences(wantedOf(wanted))).flatMap(file => [...differenceText(file), '']),
		print: tell,
		printAsIs: print,
	};
	const asked = askAll(facts, kept?.draft ?? {}, services, {from: kept?.screen});
	const result = await asked.catch((error: unknown) => {
		if (error instanceof Error && error.name === 'ExitPromptError') return null;
		throw error;
	});
	if (!result) {
		tell(left[command](directory));
		return exitCodes.cancelled;
	}
	const {secrets, keep, take} = result;
	const wanted = wantedOf(result);
	const {checks, done} = await consider(wanted, reader.known, signal);
	if (existing && done) {
		print('Everything is as the answers say. Nothing was changed.');
		return exitCodes.done;
	}
	const refused = refusalOf(checks);
	if (refused) throw refused;
	const {answers} = wanted;
	const {entries, stop} = await beginRun({command, directory, answers, dump: reader.known, secrets, keep, take});
	await preferences.addInstallation(directory);
	await preferences.forgetDraft(directory);
	process.on('SIGTERM', stop);
	return watch({directory, entries, stop}, 'plain');
};
