import {planOf} from '../../source/model/plan.js';
import {JournalWriter} from '../../source/run/journal.js';
import {runPlan} from '../../source/run/runner.js';
import {imagesOf} from '../../source/steps/pull.js';
import {offlineAnswers} from './answers.js';
import {contextWith} from './context.js';
import {knownSecrets, nothingThere} from './observation.js';

/** A program: a run whose pull tells of many layers, written into the journal that its first argument names. */

const layers = 5000;
const context = contextWith({observation: nothingThere()});
const manifest = JSON.stringify({
	layers: [{digest: `sha256:${'0'.repeat(64)}`, size: 1}],
	config: {digest: `sha256:${'1'.repeat(64)}`},
});
context.host.on('manifest inspect', {stdout: manifest});
const [first, ...others] = imagesOf(context.answers);
for (const reference of others) context.engine.images.set(reference, {id: 'sha256:1', digests: ['sha256:2']});
context.engine.pulls.set(first!, {
	messages: Array.from({length: layers}, (_, index) => ({
		id: index.toString(16).padStart(12, '0'),
		status: 'Pull complete',
	})),
});

const journal = await JournalWriter.create(process.argv[2]!, Object.values(knownSecrets));
const plan = planOf(offlineAnswers(), nothingThere()).map(step => ({...step, done: step.id !== 'pull'}));
const about = {run: '20260801T100000-abcd', version: '0.1.0', command: 'install'};
for await (const event of runPlan(context, plan, about)) journal.append(event);
journal.close();
process.stdout.write(String(process.resourceUsage().maxRSS));
