import {describe, expect, it} from 'vitest';
import {attemptsInAll, delayMs, reasonOf, retryAfterMs, retryOf} from '../../source/model/retry.js';

it('an image whose configuration did not come is asked for again', () => {
	expect(retryOf('the registry answered in part only')).toBe('retry');
	expect(reasonOf('the registry answered in part only')).toBe('answered in part only');
});

describe('trouble that passes', () => {
	// As engines (20.10 to 28), their client, containerd and registries say it.
	it.each([
		[
			'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.2.3:53: server misbehaving',
			'name not found',
		],
		[
			'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.53:53: no such host',
			'name not found',
		],
		['dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution', 'name not found'],
		[
			'Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io on 192.168.65.1:53: read udp 192.168.65.2:45941->192.168.65.1:53: i/o timeout',
			'name not found',
		],
		[
			'dial tcp: lookup registry-1.docker.io on [::1]:53: read udp [::1]:50843->[::1]:53: read: connection refused',
			'name not found',
		],
		['Get "http://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', 'connection refused'],
		[
			'failed to configure transport: error pinging v2 registry: Get "https://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused',
			'connection refused',
		],
		['read tcp 10.0.2.15:45118->104.18.124.25:443: read: connection reset by peer', 'connection reset'],
		['write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe', 'connection reset'],
		['Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout', 'TLS handshake timeout'],
		[
			'error pulling image configuration: Get https://production.cloudflare.docker.com/registry-v2/x: dial tcp 218.248.255.164:443: i/o timeout',
			'no answer in time',
		],
		[
			'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
			'no answer in time',
		],
		['Get "https://registry-1.docker.io/v2/": context deadline exceeded', 'no answer in time'],
		['dial tcp 104.18.124.25:443: connect: network is unreachable', 'network unreachable'],
		['dial tcp 10.0.0.1:443: connect: no route to host', 'network unreachable'],
		['received unexpected HTTP status: 503 Service Unavailable', 'registry error 503'],
		['received unexpected HTTP status: 500 Internal Server Error', 'registry error 500'],
		[
			'error parsing HTTP 502 response body: invalid character \'<\' looking for beginning of value: "<html>"',
			'registry error 502',
		],
		[
			'unexpected status from HEAD request to https://registry-1.docker.io/v2/library/redis/manifests/8.0: 504 Gateway Timeout',
			'registry error 504',
		],
		[
			'failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/x/blobs/sha256:40: 502 Bad Gateway',
			'registry error 502',
		],
		['unknown: Service Unavailable', 'registry error'],
		['toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute', 'too many requests'],
		['error parsing HTTP 429 response body: no error details found in HTTP response body: "{}"', 'too many requests'],
		['unexpected EOF', 'connection lost'],
		['Get "https://registry-1.docker.io/v2/": EOF', 'connection lost'],
		['http2: server sent GOAWAY and closed the connection', 'connection lost'],
		['filesystem layer verification failed for digest sha256:f4', 'damaged on the way'],
		[
			'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
			'engine does not answer',
		],
		['The Docker engine at /var/run/docker.sock does not answer (ECONNREFUSED).', 'engine does not answer'],
	])('%s', (message, reason) => {
		expect([retryOf(message), reasonOf(message)]).toEqual(['retry', reason]);
	});
});

describe('trouble that stays', () => {
	it.each([
		'manifest for localhost:5000/library/redis:99 not found: manifest unknown: manifest unknown',
		'no such manifest: localhost:5000/library/redis:99',
		"pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
		'unauthorized: authentication required',
		'Head "https://r.example/v2/x/manifests/1": no basic auth credentials',
		'error parsing HTTP 403 response body: no error details found in HTTP response body: ""',
		'error parsing HTTP 404 response body: invalid character \'p\' after top-level value: "404 page not found"',
		'unexpected status from HEAD request to https://r.example/v2/x/manifests/1: 403 Forbidden',
		'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
		'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
		'toomanyrequests: retry-after: 3h2m',
		'failed to register layer: Error processing tar file(exit status 1): write /usr/lib/x.so: no space left on device',
		'failed to register layer: write /usr/lib/x.so: disk quota exceeded',
		'failed to register layer: write /usr/lib/x.so: input/output error',
		'no matching manifest for linux/arm64/v8 in the manifest list entries',
		'redis:8.0 is not made for s390x processors',
		'Get "https://r.example/v2/": x509: certificate signed by unknown authority',
		'Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client',
		'Unexpected end of JSON input',
		'something nobody has seen before',
		'',
	])('%s', message => {
		expect(retryOf(message)).toBe('final');
	});

	it('is not mistaken for a status where digits of a digest or port look like one', () => {
		expect(retryOf('bad thing with sha256:503 at localhost:5000')).toBe('final');
	});
});

describe('the wait a registry asks for', () => {
	it.each([
		['toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute', 0],
		['429 Too Many Requests, Retry-After: 30', 30_000],
		['retry after 1m30s', 90_000],
		['retry-after: 250ms', 250],
		['unexpected EOF', null],
		['please retry afterwards', null],
	])('%s', (message, ms) => {
		expect(retryAfterMs(message)).toBe(ms);
	});

	it('is kept, where it is longer than ours', () => {
		expect(delayMs(2, 'too many requests, retry-after: 30s', 0.5)).toBe(30_000);
		expect(delayMs(6, 'too many requests, retry-after: 30s', 0.5)).toBe(64_000);
	});
});

describe('the wait before an attempt', () => {
	it('doubles, with a quarter more or less', () => {
		expect([2, 3, 4, 5, 6].map(attempt => delayMs(attempt, '', 0.5))).toEqual([4000, 8000, 16_000, 32_000, 64_000]);
		expect([delayMs(2, '', 0), delayMs(2, '', 1)]).toEqual([3000, 5000]);
	});

	it('adds up to two or three minutes at most', () => {
		const waits = Array.from({length: attemptsInAll - 1}, (_, index) => delayMs(index + 2, '', 1));
		expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(180_000);
	});
});
