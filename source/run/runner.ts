import {join} from 'node:path';
import {Cancelled, exitCodes, messageOf, SetupError} from '../errors.js';
import {setupUser} from '../files/proxy-private.js';
import {addressesOf} from '../model/addresses.js';
import {hasOwnAuthority} from '../model/authority.js';
import {type Event, journalFormat, type PlannedStep, type StepId, type StepResult, stepIds} from '../model/events.js';
import type {ObservedProxy} from '../model/observation.js';
import {isDone} from '../model/plan.js';
import {versionCheck} from '../model/preflight.js';
import type {SecretName} from '../model/secrets.js';
import {attachments} from '../steps/attachments.js';
import {rootPath} from '../steps/authorities.js';
import {certificates} from '../steps/certificates.js';
import type {Context, Step} from '../steps/context.js';
import {database} from '../steps/database.js';
import {standsInTheWay, writeFiles} from '../steps/files.js';
import {gate} from '../steps/gate.js';
import {institution} from '../steps/institution.js';
import {passwords, writePending} from '../steps/passwords.js';
import {preflight} from '../steps/preflight.js';
import {gateOf} from '../steps/proxy.js';
import {pull} from '../steps/pull.js';
import {specify} from '../steps/specify.js';
import {worldError} from '../steps/trouble.js';
import {up} from '../steps/up.js';
import {verify} from '../steps/verify.js';

const steps: Record<Exclude<StepId, 'rollback'>, Step> = {
	preflight,
	passwords,
	files: writeFiles,
	pull,
	certificates,
	up,
	database,
	attachments,
	specify,
	institution,
	gate,
	verify,
};

/** The world's troubles in our words; all else is a defect, which has no hint of its own. */
const asSetupError = async (thrown: unknown, context: Context) => {
	const {host, directory, observation} = context;
	const engineFolder = observation.engine.reachable ? observation.engine.dataFolder : null;
	const error = await worldError(thrown, {host, directory, engineFolder});
	return error instanceof SetupError
		? error
		: new SetupError(`Something unexpected happened: ${messageOf(error)}`, {
				hint: 'Run this again; it continues where it stopped. If it happens again, report it with the journal (specify-setup attach shows where).',
				cause: error,
			});
};

/** The addresses people use. */
export const addressList = ({answers}: Pick<Context, 'answers'>) => {
	const {specify7, media} = addressesOf(answers);
	return [
		{name: 'Specify 7', url: `${specify7}/`},
		{name: 'Attachments', url: `${media}/`},
	];
};

/** How people get in for the first time; nothing when somebody could before this run. */
const firstLogin = ({answers, directory}: Context, changed: ReadonlySet<StepId>, gate: ObservedProxy['gate']) => {
	if (changed.has('institution'))
		return [
			`Log in to Specify 7 as ${answers.institution!.administrator.name}. The password is ADMINISTRATOR_PASSWORD in ${directory}/.env; change it in Specify.`,
		];
	if (gate !== 'closed') return [];
	return [
		`Open ${addressesOf(answers).specify7}/ and go through Specify's guided set-up; whoever does becomes the administrator. Until then the proxy wants a password: user ${setupUser}, password SETUP_PASSWORD in ${directory}/.env. Afterwards run "specify-setup status": it opens Specify to everybody.`,
	];
};

/** The root browsers must be told to trust; undefined where they trust the certificates already. */
const authorityOf = ({answers, directory}: Context) => (hasOwnAuthority(answers) ? rootPath(directory) : undefined);

/** What people must do so that browsers do not warn. */
const trustNext = (context: Context) => {
	const {answers, directory} = context;
	if (answers.proxy === 'behind')
		return [
			`Let your web server pass these names on to 127.0.0.1:${answers.ports.http}: ready configurations are ${directory}/web-server/nginx.conf and ${directory}/web-server/apache.conf.`,
		];
	if (answers.certificates === 'letsencrypt-staging')
		return [
			'The certificates are of a test environment, so browsers warn. When all is well: specify-setup reconfigure --set certificates=letsencrypt',
		];
	const authority = authorityOf(context);
	return authority === undefined
		? []
		: [
				`Let your browser trust this installation: import ${authority} as a certificate authority. Until then browsers warn; "specify-setup certs trust" says how.`,
			];
};

/** Whether the answers are written down: a run for those of the folder then continues this one. */
const isWritten = async ({host, directory, files}: Context) =>
	(await host.read(join(directory, 'specify.yaml'))) === files.find(({path}) => path === 'specify.yaml')?.text;

/** What to do after a run that went well. */
const nextSteps = (context: Context, changed: ReadonlySet<StepId>, gate: ObservedProxy['gate']) => [
	...trustNext(context),
	...firstLogin(context, changed, gate),
	`Keep a copy of ${context.directory}/.env in a safe place: it holds the passwords of the database.`,
	'There is no backup yet.',
];

/** Does one step; its events as they come. @throws what the step throws */
async function* doStep(id: StepId, context: Context): AsyncGenerator<Event, StepResult> {
	const began = Date.now();
	yield {type: 'step.started', step: id};
	if (context.signal.aborted) throw new Cancelled();
	const work = steps[id as keyof typeof steps](context);
	let next = await work.next();
	while (!next.done) {
		yield {...next.value, step: id};
		next = await work.next();
	}
	yield {type: 'step.finished', step: id, ...next.value, ms: Date.now() - began};
	return next.value;
}

/** How to return to the configuration that ran before this run. */
export type WayBack = {
	/** The earlier configuration and the plan to it, from what is there now; looked at after a failure. */
	open(): Promise<{context: Context; plan: PlannedStep[]}>;
	/** Keeps the answers that failed; returns where, or null where they are those that were installed. */
	keepAnswers(): Promise<string | null>;
	/** Secrets that were to become others. They are kept nowhere. */
	newSecrets: readonly SecretName[];
};

/** How the same change is tried again: new secrets must be given again. @param reconfigure the command for this installation */
const takesAgain = (reconfigure: string, kept: string | null, newSecrets: readonly SecretName[]) => {
	const command = [
		reconfigure,
		...(kept === null ? [] : [`--answers ${kept}`]),
		...(newSecrets.length === 0 ? [] : ['--secrets FILE']),
	].join(' ');
	const given = `${newSecrets.join(', ')}, as rows NAME=value in FILE`;
	if (newSecrets.length === 0) return `To run this again with your new answers, which are kept: ${command}`;
	if (kept === null) return `To run this again, give your new secrets again (${given}): ${command}`;
	return `To run this again with your new answers, which are kept, and your new secrets, which are not (${given}): ${command}`;
};

/** Whether the failed step may have changed the database to what an older Specify cannot read. */
const mayHaveMigrated = (failed: StepId, {answers}: Context, before: Context) =>
	before.answers.specify7 !== answers.specify7 &&
	(stepIds.indexOf(failed) >= stepIds.indexOf('specify') ||
		// An earlier run that was cut off may have come further than this one.
		versionCheck(before.answers, before.observation).some(({result}) => result === 'refused'));

/** The new configuration may be why the database does not run: it is started with the earlier one before it gets passwords. */
const filesFirst = (plan: readonly PlannedStep[]) => {
	const rank = ({id}: PlannedStep) => (id === 'passwords' ? stepIds.indexOf('files') + 0.5 : stepIds.indexOf(id));
	return [...plan].sort((one, other) => rank(one) - rank(other));
};

/** Puts the earlier configuration back, as one step; returns what is to be said of it. */
async function* goBack(
	context: Context,
	failed: StepId,
	way: WayBack,
	reconfigure: string,
): AsyncGenerator<Event, {said: string; hint: string}> {
	const step = 'rollback';
	const began = Date.now();
	const title = 'Put the previous configuration back';
	let again = '';
	try {
		const {context: before, plan} = await way.open();
		if (isDone(plan)) return {said: 'The previous configuration goes on; nothing was changed.', hint: ''};
		yield {type: 'step.started', step, title};
		// What the database has and what runs is not known then: files alone would not fit them.
		if (!before.observation.engine.reachable)
			throw new SetupError('The Docker engine does not answer; nothing was put back.', {
				hint: 'When it answers, run this again: it goes on with the new answers.',
			});
		if (mayHaveMigrated(failed, context, before))
			throw new SetupError(
				`${context.answers.specify7} may have changed the database already, and ${before.answers.specify7} could not read it then.`,
				{hint: 'Running this again goes on with the new version.'},
			);
		again = takesAgain(reconfigure, await way.keepAnswers(), way.newSecrets);
		// The files come first: whoever is cut off after them must know that the database has other passwords.
		if (plan.some(({id, done}) => id === 'passwords' && !done)) await writePending(before);
		for (const {id, title: doing, done} of filesFirst(plan)) {
			if (done || id === 'preflight') continue;
			yield {type: 'note', step, level: 'info', message: `${doing} …`};
			for await (const event of doStep(id, before)) {
				if (event.type === 'step.started' || event.type === 'step.finished') continue;
				// Edits come back with the configuration they belong to.
				if (event.type === 'note' && event.hint === standsInTheWay) continue;
				yield {...event, step} as Event;
			}
		}
		yield {
			type: 'step.finished',
			step,
			changed: true,
			summary: 'The previous configuration runs again.',
			ms: Date.now() - began,
		};
		return {
			said: 'The previous configuration runs again.',
			hint: again,
		};
	} catch (thrown) {
		const {message, hint, details} = await asSetupError(thrown, context);
		yield {type: 'step.failed', step, message, hint, details};
		return {
			said: `The previous configuration could not be put back: ${message}`,
			hint: [hint, again].filter(Boolean).join(' '),
		};
	}
}

/**
 * Runs the steps of a plan that are not done, in order, and yields everything that happens.
 * The first failing step ends the run. Without a way back, finished steps stay as they are and the next run recognises them.
 */
export async function* runPlan(
	context: Context,
	plan: readonly PlannedStep[],
	{
		run,
		version,
		command,
		wayBack,
		reconfigure = `specify-setup reconfigure --dir ${context.directory}`,
	}: {
		run: string;
		version: string;
		command: string;
		wayBack?: WayBack;
		/** What changes this installation, as it is typed. */
		reconfigure?: string;
	},
): AsyncGenerator<Event> {
	const {directory, signal} = context;
	const began = Date.now();
	yield {
		type: 'run.started',
		format: journalFormat,
		run,
		version,
		command,
		directory,
		pid: process.pid,
		steps: [...plan],
	};
	const changed = new Set<StepId>();
	for (const {id, done} of plan) {
		if (done) continue;
		try {
			const result = yield* doStep(id, context);
			if (result.changed) changed.add(id);
		} catch (thrown) {
			const error = signal.aborted
				? new Cancelled((await isWritten(context)) ? `specify-setup --dir ${directory}` : '')
				: await asSetupError(thrown, context);
			const {message, hint, details, exitCode} = error;
			yield {type: 'step.failed', step: id, message, hint, details};
			const isCancelled = exitCode === exitCodes.cancelled;
			const back =
				wayBack && !isCancelled && id !== 'preflight'
					? yield* goBack(context, id, wayBack, reconfigure)
					: {said: '', hint: ''};
			yield {
				type: 'run.finished',
				outcome: isCancelled ? 'cancelled' : 'failed',
				exitCode,
				ms: Date.now() - began,
				addresses: [],
				message: [message, back.said].filter(Boolean).join(' '),
				hint: [hint, back.hint].filter(Boolean).join(' '),
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
		next: changed.size > 0 ? nextSteps(context, changed, await gateOf(context)) : [],
		...(authorityOf(context) ? {authority: authorityOf(context)!} : {}),
	};
}
