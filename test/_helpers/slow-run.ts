/** A process that is the run of an installation: it holds the lock and notes that it works, until it is stopped. */
import {setTimeout as sleep} from 'node:timers/promises';
import {JournalWriter, journalPath} from '../../source/run/journal.js';
import {lock} from '../../source/run/lock.js';
import {finished, started} from './events.js';

const directory = process.argv[2]!;
const run = '20260801T100000-abcd';
let stopped = false;
process.on('SIGTERM', () => {
	stopped = true;
});
await lock(directory, run);
const journal = await JournalWriter.create(journalPath(directory, run), []);
journal.append(started({run, directory, pid: process.pid}));
journal.append({type: 'step.started', step: 'files'});
process.send?.('ready');
for (let beat = 1; !stopped; beat += 1) {
	journal.append({type: 'note', step: 'files', level: 'info', message: `beat ${beat}`});
	await sleep(100);
}
journal.append(
	finished({outcome: 'cancelled', exitCode: 130, message: 'Stopped, as you asked.', addresses: [], next: []}),
);
process.exit(0);
