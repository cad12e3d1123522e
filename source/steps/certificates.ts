import {join} from 'node:path';
import {rootCertificates} from 'node:tls';
import {exec} from '../engine/compose.js';
import {SetupError} from '../errors.js';
import {certificateOf} from '../host/https.js';
import type {Context, Step} from './context.js';
import {makeVolumes, startServices, waitHealthy} from './services.js';
import {pause} from './wait.js';

/** Where Caddy keeps the root of its own authority, in its container. */
const rootInProxy = '/data/caddy/pki/authorities/local/root.crt';
const certificateTimeoutMs = 60_000;

/** The exported root, for browsers and for our own checks. */
export const rootPath = (directory: string) => join(directory, 'certificates', 'root.crt');
/** What Specify 7 trusts: the public authorities and our own. */
export const bundlePath = (directory: string) => join(directory, 'specify7', 'authorities', 'bundle.pem');

const readRoot = async ({host, directory, signal}: Context) => {
	for (const deadline = Date.now() + certificateTimeoutMs; Date.now() < deadline; await pause(500, signal)) {
		const {exitCode, stdout} = await host.run(exec(directory, 'proxy', 'cat', rootInProxy), {signal});
		if (exitCode === 0 && stdout.includes('END CERTIFICATE')) return stdout;
	}
	throw new SetupError('The proxy did not make its own certificate authority.', {
		hint: 'Read "docker compose logs proxy"; after mending the cause run this again.',
	});
};

/** The host names that need a certificate. */
const names = ({answers}: Pick<Context, 'answers'>) => [
	...new Set([answers.hostnames.specify7, answers.hostnames.media, answers.domain]),
];

/** Starts the proxy, exports its root, and waits until every host name has a certificate that verifies. */
export const certificates: Step = async function* (context) {
	const {host, directory, answers, observation, signal} = context;
	await makeVolumes(context);
	const started = await startServices(context, ['proxy']);
	yield* waitHealthy(context, ['proxy']);
	const root = await readRoot(context);
	await host.write(rootPath(directory), root, 0o644);
	await host.write(bundlePath(directory), `${root.trim()}\n${rootCertificates.join('\n')}\n`, 0o644);
	for (const name of names(context)) {
		const deadline = Date.now() + certificateTimeoutMs;
		for (;;) {
			const result = await certificateOf({name, port: answers.ports.https, authorities: [root]});
			if (result.ok) {
				yield {
					type: 'check',
					name: `certificate of ${name}`,
					ok: true,
					detail: `valid until ${result.validTo.slice(0, 10)}`,
				};
				break;
			}
			if (Date.now() > deadline)
				throw new SetupError(`There is no valid certificate for ${name}: ${result.reason}`, {
					hint: 'Read "docker compose logs proxy"; after mending the cause run this again.',
				});
			await pause(500, signal);
		}
	}
	return {
		changed: started || !observation.authorities,
		summary: `The proxy serves ${names(context).join(', ')}; its root certificate is ${rootPath(directory)}.`,
	};
};
