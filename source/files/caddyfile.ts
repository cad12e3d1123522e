import {namesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';

/** Port of the proxy's health answer, inside its container only. */
export const proxyHealthPort = 2020;

/** Where the proxy finds what only this machine may know: the gate, the ways to each certificate, keys. */
export const privateMount = '/etc/caddy.private';

const indent = (block: string) => block.replace(/^(?=.)/gm, '\t');

const block = (head: string, body: string) => `${head} {\n${indent(body)}\n}\n`;

const folder = (path: string) => `root * /srv/static-files/${path}
file_server`;

/** The XML is ours (https addresses); the paths people and Specify use are the asset server's, without a body limit; it has no others. */
const assets = ({privacy}: Pick<Answers, 'privacy'>) => `handle /web_asset_store.xml {
	root * /srv/media
	header Content-Type "text/xml; charset=utf-8"
	file_server
}
${
	privacy.publicAttachments
		? ''
		: `# Attachments are for those whom Specify 7 gave a token: the asset server itself is asked whether it is right for this file.
@read path /fileget /getmetadata
handle @read {
	@unclear expression \`!{http.request.uri.query}.matches('^(?:(?:coll|type|scale|downloadname|dt|filename|token)=[^&;]*(?:&|$))*$') || {http.request.uri.query}.matches('(?:^|&)filename=.*&filename=') || {http.request.uri.query}.matches('(?:^|&)token=.*&token=')\`
	respond @unclear 403
	forward_auth media:8080 {
		uri /testkey?random={http.request.uri.query.filename}&token={http.request.uri.query.token}
	}
	reverse_proxy media:8080
}
`
}@assets path /fileget /fileupload /filedelete /getmetadata /testkey
handle @assets {
	reverse_proxy media:8080
}
handle / {
	respond "Attachments of Specify are kept here; there is nothing to browse."
}
handle {
	respond 404
}`;

/**
 * Routes of Specify 7: its static files are served from the volume it fills. The depository holds exports and whole database
 * dumps, so Specify 7 is asked with the visitor's cookie whether they are logged in; Darwin Core archives in `export_feed` are
 * public. Until Specify has its first user the gate lets in only who knows the set-up password.
 */
const specify7 = (answers: Answers) => {
	// Another web server in front has ended TLS and knows the visitor's address.
	const forwarded =
		answers.proxy === 'behind' ? '\n\t\ttrusted_proxies private_ranges\n\t\theader_up X-Forwarded-Proto https' : '';
	return `@attachments path /fileget /fileupload /filedelete /getmetadata /testkey /web_asset_store.xml
handle @attachments {
	route {
		import attachments
	}
}
handle {
	route {
		import ${privateMount}/gate.caddy
		handle_path /static/config/* {
${indent(indent(indent(folder('specify-config/config'))))}
		}
		handle_path /static/depository/export_feed/* {
${indent(indent(indent(folder('depository/export_feed'))))}
		}
		handle_path /static/depository/* {
			forward_auth specify7:8000 {
				uri /context/user.json
			}
${indent(indent(indent(folder('depository'))))}
		}
		handle_path /static/* {
${indent(indent(indent(folder('frontend-static'))))}
		}
		handle {
			request_body {
				max_size 400MiB
			}
			reverse_proxy specify7:8000 {
				transport http {
					read_timeout 600s
					write_timeout 600s
				}${indent(forwarded)}
			}
		}
	}
}`;
};

const landing = `root * /srv/landing
try_files {path} /index.html
file_server`;

/** A year, in seconds: what browsers ask of a site to keep to https. */
const year = 31_536_000;

/** The file that says how a host name gets its certificate. */
export const tlsFile = (name: string) => `tls-${name}.caddy`;
export const isTlsFile = (file: string) => /^tls-.+\.caddy$/.test(file);

/** The proxy's configuration; directives that Caddy 2.6 and later know. */
export const caddyfile = (answers: Answers) => {
	const {hostnames, ports, hsts} = answers;
	const behind = answers.proxy === 'behind';
	const names = namesOf(answers);
	const routes = (name: string) =>
		`import common\nroute {\n\timport ${name === hostnames.specify7 ? 'specify7' : name === hostnames.media ? 'attachments' : 'landing'}\n}`;
	const port = ports.https === 443 ? '' : `:${ports.https}`;
	const blocks = [
		block(
			'',
			[
				`http_port ${ports.http}`,
				`https_port ${ports.https}`,
				`email ${answers.email}`,
				'skip_install_trust',
				'auto_https disable_redirects',
			].join('\n'),
		).trimStart(),
		block(
			'(common)',
			[
				'encode gzip',
				'header {',
				'\t-Server',
				'\tX-Content-Type-Options nosniff',
				'\tReferrer-Policy same-origin',
				...(hsts ? [`\tStrict-Transport-Security max-age=${year}`] : []),
				'}',
			].join('\n'),
		),
		block('(attachments)', assets(answers)),
		block('(specify7)', specify7(answers)),
		block('(landing)', landing),
		block(`http://127.0.0.1:${proxyHealthPort}`, 'bind 127.0.0.1\nrespond "ok"'),
		// Behind another web server these are for Specify's own containers: the attachments have one address, inside and outside.
		...names.map(name => block(`https://${name}`, `import ${privateMount}/${tlsFile(name)}\n${routes(name)}`)),
		...(behind
			? names.map(name => block(`http://${name}`, routes(name)))
			: // Caddy's own redirects leave out a port that is not 443.
				[block(names.map(name => `http://${name}`).join(', '), `redir https://{host}${port}{uri} permanent`)]),
	];
	return `# Made by specify-setup from specify.yaml. Put sites and options of your own into Caddyfile.d/ (files ending in .caddy).\n${blocks.join('\n')}\nimport /etc/caddy.d/*.caddy\n`;
};
