import type {Answers} from '../model/answers.js';
import type {ServiceName} from '../model/releases.js';
import {proxyHealthPort} from './caddyfile.js';

/** Bash alone, for images without curl: the page must answer 200. */
const pageAnswers = (port: number) => [
	'bash',
	'-c',
	`exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r _ code _ <&3 && [ "$code" = 200 ]`,
];

/** Where the program of `health-program.ts` is mounted. */
export const healthProgramPath = '/opt/specify-setup/health.py';

const program = (...args: string[]) => ['ve/bin/python', healthProgramPath, ...args];

/**
 * What each service is asked to prove that it does its work: an argument list to run in its container, exit code 0 is yes.
 * Asking changes nothing.
 */
export const healthTests = ({hostnames}: Pick<Answers, 'hostnames'>): Record<ServiceName, string[]> => ({
	proxy: ['wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${proxyHealthPort}/`],
	db: ['healthcheck.sh', '--connect', '--innodb_initialized'],
	redis: ['redis-cli', 'ping'],
	media: pageAnswers(8080),
	report: pageAnswers(8080),
	// As the proxy would; the page touches database and Redis.
	specify7: program('web', hostnames.specify7),
	worker: program('worker'),
});

/** The same as the check Docker runs for ever: it ends a hung web server or worker, which then starts again. */
export const healthChecks = (answers: Pick<Answers, 'hostnames'>): Record<ServiceName, string[]> => {
	const tests = healthTests(answers);
	return {...tests, specify7: [...tests.specify7, '--heal'], worker: [...tests.worker, '--heal']};
};
