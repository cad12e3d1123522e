/** A process that tries to lock each folder it is told of and says what came of it; it gives nothing back. */
import {lock} from '../../source/run/lock.js';

process.send?.('ready');
process.on('message', (directory: string) => {
	lock(directory, `run of ${process.pid}`).then(
		() => process.send?.('taken'),
		error => process.send?.(`refused ${error.exitCode}`),
	);
});
