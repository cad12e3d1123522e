import type {Answers} from '../model/answers.js';
import type {ServiceName} from '../model/releases.js';
import {proxyHealthPort} from './caddyfile.js';

/** Bash alone, for images without curl: the page must answer 200. */
const pageAnswers = (port: number) => [
	'bash',
	'-c',
	`exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r _ code _ <&3 && [ "$code" = 200 ]`,
];

/** Asks Specify 7 for the page that touches database and Redis, as the proxy would. */
const specify7Answers = (host: string) =>
	[
		'import urllib.request as r',
		`q = r.Request('http://127.0.0.1:8000/setup_tool/setup_progress/', headers={'Host': '${host}', 'X-Forwarded-Proto': 'https'})`,
		'r.urlopen(q, timeout=10).read()',
	].join('\n');

/** What each service is asked to prove that it does its work: an argument list to run in its container, exit code 0 is yes. */
export const healthTests = ({hostnames}: Pick<Answers, 'hostnames'>): Record<ServiceName, string[]> => ({
	proxy: ['wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${proxyHealthPort}/`],
	db: ['healthcheck.sh', '--connect', '--innodb_initialized'],
	redis: ['redis-cli', 'ping'],
	media: pageAnswers(8080),
	report: pageAnswers(8080),
	specify7: ['ve/bin/python', '-c', specify7Answers(hostnames.specify7)],
	worker: ['bash', '-c', 've/bin/celery -A specifyweb inspect ping -d "celery@$HOSTNAME" -t 10'],
});
