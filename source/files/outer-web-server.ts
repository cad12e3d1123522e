/**
 * Sites for another web server of the museum, which ends TLS on the same machine and hands everything to Specify's proxy.
 * `port` is where that proxy listens at 127.0.0.1, plain http; `httpsPort` is the outer server's own.
 * The inner proxy limits bodies (400 MiB, attachments without limit), so nothing is limited, buffered or kept here.
 */
export type OuterSite = {names: readonly [string, ...string[]]; port: number; httpsPort?: number};

const timeoutSeconds = 600;
const usualBucketBytes = 64;

const comment = (lines: readonly string[]) => lines.map(line => `# ${line}`.trimEnd()).join('\n');
const portSuffix = (port: number) => (port === 443 ? '' : `:${port}`);

const intro = ({names, port}: OuterSite, server: string) => [
	`Specify behind ${server}: ${names.join(', ')}.`,
	'Made by specify-setup, an unofficial installer of Specify.',
	'',
	`${server} has the certificate and answers visitors; Specify's own proxy listens for it at 127.0.0.1:${port}.`,
	'',
	"1. Replace both CHANGE-ME paths by your certificate's: first the file with the server's certificate and those of the",
	'   authorities between it and the root ("full chain"), then its private key.',
	`   It must be valid for ${names.length === 1 ? 'this name' : 'all these names'}.`,
];

/** What nginx's table of names needs for the longest of them: the name and two pointers, to the next power of two. */
const bucketBytes = (names: readonly string[]) => {
	const longest = Math.max(...names.map(name => name.length));
	return 2 ** Math.ceil(Math.log2(16 + 8 * Math.ceil((longest + 2) / 8)));
};

const selinux = 'On Red Hat, allow it to reach Specify: setsebool -P httpd_can_network_connect 1';

/** A site of nginx 1.18 or newer, for the level `http`, where Debian and Red Hat include such files. */
export const nginxSnippet = (site: OuterSite) => {
	const {names, port, httpsPort = 443} = site;
	const suffix = portSuffix(httpsPort);
	const bucket = bucketBytes(names);
	return `${comment([
		...intro(site, 'nginx'),
		'2. Save it as',
		'     Debian, Ubuntu:  /etc/nginx/sites-available/specify.conf, and',
		'                      ln -s ../sites-available/specify.conf /etc/nginx/sites-enabled/',
		'     Red Hat, Fedora: /etc/nginx/conf.d/specify.conf',
		`   ${selinux}`,
		'3. Test it: nginx -t    Then: systemctl reload nginx',
		...(bucket > usualBucketBytes
			? [`   If the test asks for it, write into nginx.conf, in http: server_names_hash_bucket_size ${bucket};`]
			: []),
	])}

map $http_upgrade $specify_connection {
	default upgrade;
	''      close;
}

server {
	listen 80;
	listen [::]:80;
	server_name ${names.join(' ')};

	# Proofs for certificate authorities, such as "certbot certonly --webroot -w /var/www/html".
	location /.well-known/acme-challenge/ {
		root /var/www/html;
	}

	location / {
		return 301 https://$host${suffix}$request_uri;
	}
}

server {
	listen ${httpsPort} ssl;
	listen [::]:${httpsPort} ssl;
	# With nginx 1.25.1 or newer: http2 on;
	server_name ${names.join(' ')};

	ssl_certificate     /etc/ssl/CHANGE-ME/fullchain.pem;
	ssl_certificate_key /etc/ssl/CHANGE-ME/privkey.pem;
	ssl_protocols       TLSv1.2 TLSv1.3;
	# When all works, and for good: add_header Strict-Transport-Security "max-age=31536000" always;

	# 0 is no limit: Specify's own proxy sets the limits.
	client_max_body_size 0;
	client_body_timeout  ${timeoutSeconds}s;
	send_timeout         ${timeoutSeconds}s;

	location / {
		proxy_pass http://127.0.0.1:${port};
		proxy_http_version 1.1;

		proxy_set_header Host              $host${suffix};
		proxy_set_header X-Forwarded-Host  $host${suffix};
		proxy_set_header X-Forwarded-Proto https;
		# The visitor's address alone: what a visitor claims in this header is not believed.
		proxy_set_header X-Forwarded-For   $remote_addr;
		proxy_set_header Forwarded         "";

		proxy_set_header Upgrade    $http_upgrade;
		proxy_set_header Connection $specify_connection;

		proxy_request_buffering off;
		proxy_buffering off;
		proxy_cache off;
		proxy_redirect off;

		proxy_connect_timeout 60s;
		proxy_send_timeout    ${timeoutSeconds}s;
		proxy_read_timeout    ${timeoutSeconds}s;
	}
}
`;
};

/** A site of Apache 2.4.47 or newer, whose mod_proxy_http passes websockets on. */
export const apacheSnippet = (site: OuterSite) => {
	const {names, port, httpsPort = 443} = site;
	const [name, ...aliases] = names;
	const serverNames = [`ServerName ${name}`, ...aliases.map(alias => `ServerAlias ${alias}`)].join('\n\t');
	return `${comment([
		...intro(site, 'Apache'),
		'2. Save it as',
		'     Debian, Ubuntu:  /etc/apache2/sites-available/specify.conf',
		'     Red Hat, Fedora: /etc/httpd/conf.d/specify.conf',
		'3. Enable it and what it needs (Apache 2.4.47 or newer):',
		'     Debian, Ubuntu:  a2enmod ssl headers rewrite proxy proxy_http && a2ensite specify',
		'     Red Hat, Fedora: dnf install mod_ssl',
		`   ${selinux}`,
		'4. Test it: apachectl configtest    Then: systemctl reload apache2 (Red Hat: httpd)',
	])}
${httpsPort === 443 ? '' : `\nListen ${httpsPort}\n`}
<VirtualHost *:80>
	${serverNames}
	UseCanonicalName Off

	# Proofs for certificate authorities, such as "certbot certonly --webroot -w /var/www/html".
	Alias "/.well-known/acme-challenge/" "/var/www/html/.well-known/acme-challenge/"
	<Directory "/var/www/html/.well-known/acme-challenge/">
		Require all granted
	</Directory>

	RewriteEngine On
	RewriteCond %{REQUEST_URI} !^/\\.well-known/acme-challenge/
	RewriteRule ^/?(.*)$ https://%{SERVER_NAME}${portSuffix(httpsPort)}/$1 [R=301,L]
</VirtualHost>

<VirtualHost *:${httpsPort}>
	${serverNames}

	SSLEngine On
	SSLCertificateFile    /etc/ssl/CHANGE-ME/fullchain.pem
	SSLCertificateKeyFile /etc/ssl/CHANGE-ME/privkey.pem
	SSLProtocol           -all +TLSv1.2 +TLSv1.3
	# When all works, and for good: Header always set Strict-Transport-Security "max-age=31536000"

	# 0 is no limit: Specify's own proxy sets the limits.
	LimitRequestBody 0
	Timeout ${timeoutSeconds}
	<IfModule mod_reqtimeout.c>
		RequestReadTimeout header=20-40,MinRate=500 body=${timeoutSeconds},MinRate=500
	</IfModule>

	# What visitors claim in these headers is not believed; mod_proxy writes them anew.
	RequestHeader unset X-Forwarded-For
	RequestHeader unset X-Forwarded-Host
	RequestHeader unset X-Forwarded-Server
	RequestHeader unset Forwarded
	RequestHeader set X-Forwarded-Proto https

	ProxyRequests Off
	ProxyPreserveHost On
	ProxyTimeout ${timeoutSeconds}
	# Addresses go on as they came, %2F included.
	AllowEncodedSlashes NoDecode
	ProxyPass "/" "http://127.0.0.1:${port}/" nocanon upgrade=websocket flushpackets=on timeout=${timeoutSeconds}
	ProxyPassReverse "/" "http://127.0.0.1:${port}/"
	<IfModule mod_cache.c>
		CacheDisable "/"
	</IfModule>
</VirtualHost>
`;
};
