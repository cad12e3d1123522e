import select from '@inquirer/select';
import {adviceOf, type Installation, nameOf, summaryOf} from '../model/installations.js';

export type InstallationServices = {
	/** Drops a folder from this person's list; nothing else is touched. */
	drop(directory: string): Promise<void>;
	print(...lines: string[]): void;
};

type Choice = {kind: 'open' | 'about'; installation: Installation} | {kind: 'another'} | {kind: 'leave'};
type Ask = (question: {message: string; choices: {value: Choice; name: string}[]}) => Promise<Choice>;

/** Ctrl-C leaves. */
const ask: Ask = question =>
	select(question).catch((error: unknown): Choice => {
		if (error instanceof Error && error.name === 'ExitPromptError') return {kind: 'leave'};
		throw error;
	});

/**
 * Asks which installation is meant, as a plain question. Of those that cannot be opened it tells what to do, and asks again.
 * @returns the folder of the one that was chosen, "another" to install one more, null to leave
 */
export const chooseInstallation = async (
	installations: readonly Installation[],
	{drop, print}: InstallationServices,
	put: Ask = ask,
): Promise<{open: string} | {another: true} | null> => {
	for (let list = installations; ; ) {
		const choice = await put({
			message: 'Which installation?',
			choices: [
				...list.map(installation => ({
					value: {kind: installation.kind === 'here' ? 'open' : 'about', installation} as Choice,
					name: `${nameOf(installation)}: ${summaryOf(installation)}`,
				})),
				{value: {kind: 'another'}, name: 'Install another one'},
				{value: {kind: 'leave'}, name: 'Leave'},
			],
		});
		if (choice.kind === 'leave') return null;
		if (choice.kind === 'another') return {another: true};
		const {installation} = choice;
		if (installation.kind === 'here') return {open: installation.directory};
		print(adviceOf(installation));
		if (installation.kind === 'gone' && installation.remembered) {
			const answer = await put({
				message: `Drop ${installation.directory} from this list? Nothing on disk is touched.`,
				choices: [
					{value: {kind: 'leave'}, name: 'No'},
					{value: choice, name: 'Yes, drop it'},
				],
			});
			if (answer.kind === 'leave') continue;
			await drop(installation.directory);
			list = list.filter(other => other !== installation);
		}
	}
};
