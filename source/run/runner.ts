import {Cancelled, exitCodes, messageOf, SetupError} from '../errors.js';
import {addressesOf} from '../model/addresses.js';
import type {Event, PlannedStep, StepId} from '../model/events.js';
import {attachments} from '../steps/attachments.js';
import {certificates, rootPath} from '../steps/certificates.js';
import type {Context, Step} from '../steps/context.js';
import {database} from '../steps/database.js';
import {writeFiles} from '../steps/files.js';
import {institution} from '../steps/institution.js';
import {preflight} from '../steps/preflight.js';
import {pull} from '../steps/pull.js';
import {specify} from '../steps/specify.js';
import {up} from '../steps/up.js';
import {verify} from '../steps/verify.js';

const steps: Record<StepId, Step> = {
	preflight,
	files: writeFiles,
	pull,
	certificates,
	up,
	database,
	attachments,
	specify,
	institution,
	verify,
};

/** A defect rather than a failure of the world: it has no hint of its own. */
const asSetupError = (error: unknown) =>
	error instanceof SetupError
		? error
		: new SetupError(`Something unexpected happened: ${messageOf(error)}`, {
				hint: 'Run this again; it continues where it stopped. If it happens again, report it with the journal (specify-setup attach shows where).',
				cause: error,
			});

/** The addresses people use. */
export const addressList = ({answers}: Pick<Context, 'answers'>) => {
	const {specify7, media} = addressesOf(answers);
	return [
		{name: 'Specify 7', url: `${specify7}/`},
		{name: 'Attachments', url: `${media}/`},
	];
};

/** How people get in for the first time; nothing when somebody could before this run, or when that is not known. */
const firstLogin = ({answers, directory, observation}: Context, changed: ReadonlySet<StepId>) => {
	if (changed.has('institution'))
		return [
			`Log in to Specify 7 as ${answers.institution!.administrator.name}. The password is ADMINISTRATOR_PASSWORD in ${directory}/.env; change it in Specify.`,
		];
	const {database, volumes} = observation;
	const unused = database ? !database.users : volumes.length === 0;
	if (answers.institution || answers.database.start === 'dump' || !unused) return [];
	return [
		`Open ${addressesOf(answers).specify7}/ soon: Specify's guided set-up waits there, and whoever goes through it becomes the administrator.`,
	];
};

/** What to do after a run that went well. */
const nextSteps = (context: Context, changed: ReadonlySet<StepId>) => [
	`Let your browser trust this installation: import ${rootPath(context.directory)} as a certificate authority. Until then browsers warn.`,
	...firstLogin(context, changed),
	`Keep a copy of ${context.directory}/.env in a safe place: it holds the passwords of the database.`,
	'There is no backup yet.',
];

/**
 * Runs the steps of a plan that are not done, in order, and yields everything that happens.
 * The first failing step ends the run; finished steps stay as they are and the next run recognises them.
 */
export async function* runPlan(
	context: Context,
	plan: readonly PlannedStep[],
	{run, version, command}: {run: string; version: string; command: string},
): AsyncGenerator<Event> {
	const {directory, signal} = context;
	const began = Date.now();
	yield {type: 'run.started', run, version, command, directory, pid: process.pid, steps: [...plan]};
	const changed = new Set<StepId>();
	for (const {id, done} of plan) {
		if (done) continue;
		const stepBegan = Date.now();
		yield {type: 'step.started', step: id};
		try {
			if (signal.aborted) throw new Cancelled();
			const work = steps[id](context);
			let next = await work.next();
			while (!next.done) {
				yield {...next.value, step: id};
				next = await work.next();
			}
			if (next.value.changed) changed.add(id);
			yield {type: 'step.finished', step: id, ...next.value, ms: Date.now() - stepBegan};
		} catch (thrown) {
			const error = signal.aborted ? new Cancelled() : asSetupError(thrown);
			const {message, hint, details, exitCode} = error;
			yield {type: 'step.failed', step: id, message, hint, details};
			yield {
				type: 'run.finished',
				outcome: exitCode === exitCodes.cancelled ? 'cancelled' : 'failed',
				exitCode,
				ms: Date.now() - began,
				addresses: [],
				message,
				hint,
				next: [],
			};
			return;
		}
	}
	yield {
		type: 'run.finished',
		outcome: changed.size > 0 ? 'done' : 'unchanged',
		exitCode: exitCodes.done,
		ms: Date.now() - began,
		addresses: addressList(context),
		next: changed.size > 0 ? nextSteps(context, changed) : [],
		authority: rootPath(context.directory),
	};
}
