import {describe, expect, it} from 'vitest';
import {apacheSnippet, nginxSnippet, type OuterSite} from '../../source/files/outer-web-server.js';

const site: OuterSite = {names: ['specify7.museum.example', 'media.museum.example', 'museum.example'], port: 8080};

/** The directives of a configuration without comments and indentation; runs of blanks are one. */
const directives = (text: string) =>
	text
		.split('\n')
		.map(line => line.replace(/^\s*#.*/, '').trim())
		.filter(Boolean)
		.map(line => line.replace(/\s+/g, ' '));

/** The directives between a line and the one that ends its block, at any depth. */
const within = (text: string, head: string, isOpen: RegExp, isEnd: RegExp, nth = 0) => {
	const lines = directives(text);
	const start = lines.flatMap((line, index) => (line === head ? [index] : []))[nth];
	if (start === undefined) throw new Error(`no "${head}" number ${nth} in:\n${lines.join('\n')}`);
	const inside: string[] = [];
	let depth = 1;
	for (const line of lines.slice(start + 1)) {
		if (isEnd.test(line)) depth -= 1;
		else if (isOpen.test(line)) depth += 1;
		if (depth === 0) return inside;
		inside.push(line);
	}
	throw new Error(`"${head}" does not end`);
};
const block = (text: string, head: string, nth = 0) => within(text, head, /\{$/, /^\}$/, nth);
const section = (text: string, head: string) => within(text, head, /^<[^/]/, /^<\//);

const head = (text: string) => text.split('\n\n')[0]!;

describe.each([
	['nginx', nginxSnippet],
	['Apache', apacheSnippet],
] as const)('the site for %s', (server, snippet) => {
	it('begins with what it is, where it belongs, how to test it and how to load it', () => {
		const lines = head(snippet(site)).split('\n');
		expect(lines[0]).toBe(`# Specify behind ${server}: specify7.museum.example, media.museum.example, museum.example.`);
		expect(lines.every(line => line === '#' || line.startsWith('# '))).toBe(true);
		const places = {
			nginx: ['/etc/nginx/sites-available/specify.conf', '/etc/nginx/conf.d/specify.conf', 'nginx -t', 'reload nginx'],
			Apache: [
				...['/etc/apache2/sites-available/specify.conf', '/etc/httpd/conf.d/specify.conf', 'apachectl configtest'],
				...['reload apache2', 'a2enmod ssl headers rewrite proxy proxy_http', 'a2ensite specify'],
			],
		}[server];
		for (const place of [...places, 'CHANGE-ME', 'setsebool -P httpd_can_network_connect 1', 'unofficial'])
			expect(lines.join('\n')).toContain(place);
	});

	it('leaves exactly the two paths of the certificate to fill in', () => {
		expect(directives(snippet(site)).filter(line => line.includes('CHANGE-ME'))).toEqual(
			server === 'nginx'
				? ['ssl_certificate /etc/ssl/CHANGE-ME/fullchain.pem;', 'ssl_certificate_key /etc/ssl/CHANGE-ME/privkey.pem;']
				: [
						'SSLCertificateFile /etc/ssl/CHANGE-ME/fullchain.pem',
						'SSLCertificateKeyFile /etc/ssl/CHANGE-ME/privkey.pem',
					],
		);
	});

	it('reaches the proxy on loopback only, at the port it is given', () => {
		const found = snippet({...site, port: 18_080}).match(/(http|ws):\/\/\d[^\s/";]*/g);
		expect(new Set(found)).toEqual(new Set(['http://127.0.0.1:18080']));
	});
});

describe('nginx', () => {
	const text = nginxSnippet(site);
	const plain = block(text, 'server {', 0);
	const secure = block(text, 'server {', 1);
	const proxied = block(text, 'location / {', 1);
	const names = 'server_name specify7.museum.example media.museum.example museum.example;';

	it('answers all the names, and leads plain http to https except for proofs', () => {
		expect(plain).toEqual(expect.arrayContaining(['listen 80;', 'listen [::]:80;', names]));
		expect(block(text, 'location /.well-known/acme-challenge/ {')).toEqual(['root /var/www/html;']);
		expect(block(text, 'location / {', 0)).toEqual(['return 301 https://$host$request_uri;']);
		expect(secure).toEqual(expect.arrayContaining(['listen 443 ssl;', 'listen [::]:443 ssl;', names]));
	});

	it('hands on the name asked for, https, and the address of the visitor, whatever the visitor claims', () => {
		expect(proxied).toEqual(
			expect.arrayContaining([
				'proxy_set_header Host $host;',
				'proxy_set_header X-Forwarded-Host $host;',
				'proxy_set_header X-Forwarded-Proto https;',
				'proxy_set_header X-Forwarded-For $remote_addr;',
				'proxy_set_header Forwarded "";',
			]),
		);
		expect(text).not.toContain('$proxy_add_x_forwarded_for');
	});

	it('passes websockets on, with a variable that no other site has', () => {
		expect(block(text, 'map $http_upgrade $specify_connection {')).toEqual(['default upgrade;', "'' close;"]);
		expect(proxied).toEqual(
			expect.arrayContaining([
				'proxy_http_version 1.1;',
				'proxy_set_header Upgrade $http_upgrade;',
				'proxy_set_header Connection $specify_connection;',
			]),
		);
	});

	it('limits, buffers and keeps nothing, and waits ten minutes', () => {
		expect(secure).toEqual(
			expect.arrayContaining(['client_max_body_size 0;', 'client_body_timeout 600s;', 'send_timeout 600s;']),
		);
		for (const directive of ['proxy_request_buffering', 'proxy_buffering', 'proxy_cache'])
			expect(proxied).toContain(`${directive} off;`);
		expect(proxied).toEqual(expect.arrayContaining(['proxy_send_timeout 600s;', 'proxy_read_timeout 600s;']));
	});

	it('names another port of https wherever visitors see it', () => {
		const other = nginxSnippet({...site, httpsPort: 8443});
		expect(block(other, 'server {', 1)).toEqual(expect.arrayContaining(['listen 8443 ssl;', 'listen [::]:8443 ssl;']));
		expect(block(other, 'location / {', 0)).toEqual(['return 301 https://$host:8443$request_uri;']);
		expect(block(other, 'location / {', 1)).toContain('proxy_set_header Host $host:8443;');
	});

	// Found with nginx 1.26: with half of it, and another site beside, nginx refuses to start.
	it.each([
		[46, null],
		[47, 128],
		[110, 128],
		[111, 256],
		[238, 256],
		[239, 512],
		[253, 512],
	])('tells what a name of %i characters needs', (length, bytes) => {
		const name = 'a.'.repeat(127).slice(0, length - 1);
		const advice = head(nginxSnippet({names: [`${name}z`], port: 8080})).match(/server_names_hash_bucket_size (\d+)/);
		expect(advice && Number(advice[1])).toBe(bytes);
	});
});

describe('Apache', () => {
	const text = apacheSnippet(site);
	const plain = section(text, '<VirtualHost *:80>');
	const secure = section(text, '<VirtualHost *:443>');
	const names = [
		'ServerName specify7.museum.example',
		'ServerAlias media.museum.example',
		'ServerAlias museum.example',
	] as const;

	it('answers all the names, and leads plain http to https except for proofs', () => {
		expect(plain.slice(0, 3)).toEqual(names);
		expect(secure.slice(0, 3)).toEqual(names);
		expect(plain).toEqual(
			expect.arrayContaining([
				'Alias "/.well-known/acme-challenge/" "/var/www/html/.well-known/acme-challenge/"',
				'RewriteCond %{REQUEST_URI} !^/\\.well-known/acme-challenge/',
				'RewriteRule ^/?(.*)$ https://%{SERVER_NAME}/$1 [R=301,L]',
			]),
		);
		expect(text).not.toMatch(/^Listen/m);
	});

	it('has no alias when there is one name', () => {
		const one = apacheSnippet({names: ['museum.example'], port: 8080});
		expect(one.match(/Server(Name|Alias) .*/g)).toEqual(['ServerName museum.example', 'ServerName museum.example']);
	});

	it('hands on the name asked for, https, and the address of the visitor, whatever the visitor claims', () => {
		expect(secure).toEqual(
			expect.arrayContaining([
				'ProxyPreserveHost On',
				'RequestHeader set X-Forwarded-Proto https',
				'RequestHeader unset X-Forwarded-For',
				'RequestHeader unset X-Forwarded-Host',
				'RequestHeader unset Forwarded',
			]),
		);
	});

	it('passes websockets and addresses on as they came, and is no open proxy', () => {
		expect(secure).toEqual(
			expect.arrayContaining([
				'ProxyRequests Off',
				'AllowEncodedSlashes NoDecode',
				'ProxyPass "/" "http://127.0.0.1:8080/" nocanon upgrade=websocket flushpackets=on timeout=600',
			]),
		);
	});

	it('limits and keeps nothing, and waits ten minutes', () => {
		expect(secure).toEqual(
			expect.arrayContaining([
				...['LimitRequestBody 0', 'Timeout 600', 'ProxyTimeout 600', 'CacheDisable "/"'],
				'RequestReadTimeout header=20-40,MinRate=500 body=600,MinRate=500',
			]),
		);
	});

	it('names another port of https wherever visitors see it', () => {
		const other = apacheSnippet({...site, httpsPort: 8443});
		expect(directives(other)[0]).toBe('Listen 8443');
		expect(section(other, '<VirtualHost *:8443>').slice(0, 3)).toEqual(names);
		expect(other).toContain('https://%{SERVER_NAME}:8443/$1');
	});
});
