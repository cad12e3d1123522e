import {installationFiles} from '../../source/files/installation.js';
import type {Context} from '../../source/steps/context.js';
import {offlineAnswers} from './answers.js';
import {FakeEngine} from './fake-engine.js';
import {FakeHost} from './fake-host.js';
import {GiB, knownSecrets, nothingThere} from './observation.js';

type FakeContext = Context & {host: FakeHost; engine: FakeEngine; controller: AbortController};

/** All that a step may use, in memory. */
export const contextWith = (over: Partial<FakeContext> = {}): FakeContext => {
	const answers = over.answers ?? offlineAnswers();
	const directory = over.directory ?? '/opt/specify';
	const controller = over.controller ?? new AbortController();
	return {
		host: new FakeHost(),
		engine: new FakeEngine(),
		directory,
		project: 'specify',
		answers,
		secrets: knownSecrets,
		files: installationFiles({project: 'specify', answers, secrets: knownSecrets, memory: 8 * GiB}),
		observation: nothingThere({}, answers),
		dump: null,
		former: knownSecrets,
		signal: controller.signal,
		controller,
		...over,
	};
};
