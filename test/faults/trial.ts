import {setTimeout as sleep} from 'node:timers/promises';
import type {ResultPromise} from 'execa';
import type {StepId} from '../../source/model/events.js';
import {defaultAnswers, type Kind, type Material, type Moment, Museum, type Words} from './museum.js';
import {randomOf} from './random.js';
import {ownRegistry, Registry} from './registry.js';
import {differences, generalOf, type State, secretsIn, stateOf} from './state.js';

/** What a run's last words mean. */
export type Ending = 'finished' | 'unchanged' | 'failed' | 'refused' | 'locked' | 'stopped' | 'cut' | 'unclear';

/** What a fault acts on before the first run. */
export type Setting = {
	museum: Museum;
	/** Open when the fault wants one of its own. */
	registry: Registry;
	random: () => number;
};

/** What a fault acts on from then on. */
export type Trial = Setting & {view: ResultPromise};

/** One thing that goes wrong, and what may honestly be said of it. */
export type Fault = {
	name: string;
	/** What is done, for people. */
	what: string;
	start: Kind;
	/** Where in the first run; absent: from the beginning, or after it. `within` is a share that chance chooses. */
	at?: {step: StepId; within: boolean};
	/** What is disturbed is a change of what is installed, at the moment when Compose has made a new container for a service. */
	change?: {service: string};
	/** Pulls come from a registry of its own, with layers that are really transferred. */
	registry?: boolean;
	/** It stops what others use too, so that nothing may run beside it. */
	alone?: boolean;
	/** The environment of the first run. */
	environment?(setting: Setting): Record<string, string>;
	/** Before the first run. */
	prepare?(setting: Setting): Promise<void> | void;
	/** At its moment. */
	strike?(trial: Trial): Promise<void> | void;
	/** How the first run may end. */
	ends: readonly Ending[];
	/** What its last words must contain when it did not finish. */
	says?: RegExp;
	/** Between the runs: the cause is mended, or more goes wrong. */
	between?(trial: Trial): Promise<void> | void;
	/** How the second run may end, when not well; then `mend` and another run follow. */
	again?: {ends: readonly Ending[]; says: RegExp; mend(trial: Trial): Promise<void> | void};
	/** What the last run must contain. */
	tells?: RegExp;
	/** What it does to the installation is there still when the first run has finished. */
	outlasts?: boolean;
	/** Another install that begins in the same moment as the first. */
	twin?: boolean;
};

export type Result = {
	fault: Fault;
	/** Where it struck: "database, 40 % in". */
	when: string;
	said: string;
	next: string;
	/** What is not as promised; empty when all is well. */
	problems: string[];
	seconds: number;
};

/** An installation that nothing happened to. */
export type Reference = {state: State; times: Partial<Record<StepId, number>>};

export type Slot = {http: number; https: number};

const latestAttempt = 3;
const whatToDo = /^What to do: .+/m;

/** Reads last words as a person would. */
export const endingOf = ({exitCode, text}: Words): Ending => {
	const is = (code: number, ...sentences: RegExp[]) => exitCode === code && sentences.every(one => one.test(text));
	if (is(0, /^(Specify is installed|The change is made and Specify answers)\./m)) return 'finished';
	if (is(0, /^(Everything is as the answers say\. Nothing was changed\.|Nothing had to be changed\.)/m))
		return 'unchanged';
	if (is(1, /^The run ended without finishing\.$/m, whatToDo)) return 'cut';
	if (is(130, /^Stopped, as you asked\.$/m, whatToDo)) return 'stopped';
	if (is(4, /^Another run is changing /m, whatToDo)) return 'locked';
	if (is(3, whatToDo)) return 'refused';
	if (is(1, whatToDo) && !/Something unexpected happened/.test(text)) return 'failed';
	return 'unclear';
};

const sentence =
	/^(Specify is installed|The change is made|Everything is as|Nothing had to|The run ended without|Stopped, as|Another run is)/;

/** The sentence that says how it ended, with its exit code. */
const summaryOf = (museum: Museum, {exitCode, text}: Words) => {
	const lines = generalOf(museum)(text)
		.split('\n')
		.filter(line => line.trim() !== '');
	const advice = lines.findIndex(line => line.startsWith('What to do:'));
	const said =
		lines.findLast(line => sentence.test(line)) ?? lines.slice(0, advice < 0 ? undefined : advice).at(-1) ?? '';
	return `${exitCode}: ${said.trim().replace(/ \([\d hmins]+\)$/, '')}`;
};

/** What a person reads last: the details, what happened, and what to do; not what was said while all went well. */
const reasonIn = ({text}: Words) =>
	text
		.split(/^(?: {6}\S.*|\[\d+\/\d+\] .*)$/m)
		.at(-1)!
		.trim();

/** Whether what was said is what was the case, as the journal and the processes have it. */
const untruths = async (museum: Museum, words: Words, ends: readonly Ending[]): Promise<string[]> => {
	const ending = endingOf(words);
	const problems: string[] = [];
	if (!ends.includes(ending))
		problems.push(`the first run said "${summaryOf(museum, words)}" (${ending}), not one of: ${ends.join(', ')}`);
	if (ending === 'locked' || ending === 'refused') return problems;
	// It says that nothing could be begun: there is no journal it could contradict.
	if (ending === 'failed' && museum.journalPath === null) return problems;
	const last = museum.events().at(-1);
	const finished = last?.type === 'run.finished' ? last : null;
	if (ending === 'cut' && finished) problems.push('the run is said to have been cut, but it finished');
	if (ending !== 'cut' && ending !== 'unclear' && finished?.exitCode !== words.exitCode)
		problems.push(`the exit code is ${words.exitCode}, the journal has ${finished?.exitCode ?? 'no end'}`);
	if (!(await museum.hasEnded())) problems.push('the run is said to be over and its process works on');
	return problems;
};

const leaks = (museum: Museum, texts: readonly string[]) =>
	secretsIn(museum).flatMap(({name, value}) => (texts.some(text => text.includes(value)) ? [`${name} was shown`] : []));

/** Waits until the run that no view shows any more has ended, and returns what somebody who looks then reads. */
const lookAgain = async (museum: Museum): Promise<Words> => (await museum.wordsOf(museum.startView('attach')))!;

const placeOf = ({registry}: Fault, {step, share}: Moment) => {
	if (registry) return 'while layers come';
	return share > 0 ? `after ${Math.round(share * 100)} % of the usual time of ${step}` : 'at its begin';
};

const installs = async (museum: Museum) => (await museum.wordsOf(museum.startView('install')))!;

/** Changes an answer that every container knows. */
const changes = (museum: Museum, timezone: string, environment = {}) =>
	museum.startView('reconfigure', environment, `--set=timezone=${timezone}`);

const otherTimezone = 'Asia/Tokyo';

/** Installs what a change is disturbed in. */
const installBefore = async (museum: Museum) => {
	const words = await installs(museum);
	if (endingOf(words) !== 'finished') throw new Error(`The installation before the change failed:\n${words.text}`);
};

/** Begins what is disturbed. */
const begin = ({change, environment}: Fault, setting: Setting) =>
	change
		? changes(setting.museum, otherTimezone, environment?.(setting))
		: setting.museum.startView('install', environment?.(setting));

/** An undisturbed installation. */
export const makeReference = async (slot: Slot, material: Material, start: Kind): Promise<Reference> => {
	const museum = new Museum(slot, material.settings(start));
	try {
		museum.begin();
		const words = await installs(museum);
		if (endingOf(words) !== 'finished') throw new Error(`The undisturbed installation failed:\n${words.text}`);
		const times = museum.stepTimes();
		const again = await installs(museum);
		if (endingOf(again) !== 'unchanged')
			throw new Error(`The undisturbed installation was changed again:\n${again.text}`);
		return {state: await stateOf(museum, start), times};
	} finally {
		await museum.remove();
	}
};

/** The first run with its twin; of two that begin together, the words of the one that was kept out come second. */
const firstWords = async (fault: Fault, trial: Trial, struck: Promise<boolean>) => {
	const {museum, view} = trial;
	const twin = fault.twin ? museum.wordsOf(museum.startView('install')) : undefined;
	const words = await museum.wordsOf(view);
	await struck;
	const other = (await twin) ?? undefined;
	const own = words ?? (await lookAgain(museum));
	return other && endingOf(own) === 'locked' ? [other, own] : [own, other];
};

type Given = {seed: number; slot: Slot; material: Material; reference: Reference};

/** Installs, lets a fault happen, runs again until all is well, and compares with an installation that nothing happened to. */
const tryOnce = async (
	fault: Fault,
	{seed, slot, material, reference}: Given,
	attempt: number,
): Promise<Result & {isLate: boolean}> => {
	const began = Date.now();
	const random = randomOf(`${seed} ${fault.name}`);
	const settings = [...material.settings(fault.start), ...(fault.registry ? [`images.registry=${ownRegistry}`] : [])];
	const museum = new Museum(slot, settings);
	const registry = new Registry();
	const moment: Moment | undefined = fault.at && {
		step: fault.at.step,
		share: fault.at.within ? (0.1 + 0.75 * random()) / 2 ** attempt : 0,
	};
	const result = {fault, when: '', said: '', next: '', problems: [] as string[], seconds: 0, isLate: false};
	const {problems} = result;
	const texts: string[] = [];
	const heard = (words: Words) => {
		texts.push(words.text);
		return summaryOf(museum, words);
	};
	try {
		museum.begin();
		const setting = {museum, registry, random};
		if (fault.registry) await registry.open();
		await fault.prepare?.(setting);
		if (fault.change) await installBefore(museum);
		const trial = {...setting, view: begin(fault, setting)};
		const strikeInChange = async (service: string) => {
			if (!(await museum.replaces(service, trial.view))) return false;
			result.when = `a change, ${museum.lastStep()}, while ${service} is replaced`;
			await fault.strike?.(trial);
			return true;
		};
		const struck = fault.change
			? strikeInChange(fault.change.service)
			: moment
				? museum.reach(moment, reference.times[moment.step] ?? 0, trial.view).then(async reached => {
						if (!reached) return false;
						result.when = `${museum.lastStep()}, ${placeOf(fault, moment)}`;
						await fault.strike?.(trial);
						return true;
					})
				: Promise.resolve(true);
		// It is awaited when the run has ended.
		struck.catch(() => {});
		const [first, other] = await firstWords(fault, trial, struck);
		result.said = heard(first!);
		if (!(await struck)) {
			result.isLate = true;
			problems.push(`the fault came too late: ${result.said}`);
			return result;
		}
		problems.push(...(await untruths(museum, first!, fault.ends)));
		const reason = reasonIn(first!);
		if (fault.says && endingOf(first!) !== 'finished' && !fault.says.test(reason))
			problems.push(`the first run did not say ${fault.says}: ${reason}`);
		if (other) {
			result.said += `; the other ${heard(other)}`;
			if (endingOf(other) !== 'locked') problems.push(`the other one was not kept out: ${summaryOf(museum, other)}`);
		}

		await fault.between?.(trial);
		let last = await installs(museum);
		result.next = heard(last);
		const isSettled = !fault.between && !fault.outlasts;
		if (isSettled && endingOf(first!) === 'finished' && endingOf(last) !== 'unchanged')
			problems.push('the first run is said to have finished, and the second found something to do');
		if (fault.again) {
			if (!fault.again.ends.includes(endingOf(last)) || !fault.again.says.test(last.text))
				problems.push(`the second run said "${result.next}", not ${fault.again.says}`);
			await fault.again.mend(trial);
			last = await installs(museum);
			result.next += `; then ${heard(last)}`;
		}
		const isWell = endingOf(last) === 'finished' || endingOf(last) === 'unchanged';
		if (!isWell) {
			problems.push(`the last run did not finish: ${last.text.split('\n').slice(-12).join(' | ')}`);
			return result;
		}
		if (fault.tells && !fault.tells.test(last.text)) problems.push(`the last run did not tell ${fault.tells}`);
		if (fault.change) {
			if (!museum.read('specify.yaml').includes(otherTimezone)) problems.push('the change was taken back');
			const back = (await museum.wordsOf(changes(museum, defaultAnswers.timezone)))!;
			if (endingOf(back) !== 'finished') problems.push(`changing it back failed: ${heard(back)}`);
		}
		const idle = await installs(museum);
		if (endingOf(idle) !== 'unchanged') problems.push(`one more run found something to do: ${heard(idle)}`);
		problems.push(...differences(reference.state, await stateOf(museum, fault.start)));
		problems.push(...leaks(museum, [...texts, museum.allJournals()]));
		return result;
	} catch (error) {
		problems.push(error instanceof Error ? error.message : String(error));
		return result;
	} finally {
		result.when ||= fault.at ? 'never' : 'from the beginning';
		result.seconds = Math.round((Date.now() - began) / 1000);
		if (process.env.SPECIFY_FAULTS_KEEP !== '1' || problems.length === 0) {
			await museum
				.remove()
				// Who was killed may hold something for a moment.
				.catch(() => sleep(2000).then(() => museum.remove()))
				.then(() => (fault.registry ? registry.close() : undefined))
				.catch(error => problems.push(`it could not be removed: ${error}`));
		}
	}
};

/** Tries a fault; again and earlier when the step was over before its moment, because the machine was quicker than usual. */
export const tryFault = async (fault: Fault, given: Given): Promise<Result> => {
	for (let attempt = 0; ; attempt++) {
		const result = await tryOnce(fault, given, attempt);
		if (!result.isLate || attempt === latestAttempt) return result;
	}
};
