import {addressesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';

/** Port of the proxy's health answer, inside its container only. */
export const proxyHealthPort = 2020;

const indent = (block: string) => block.replace(/^(?=.)/gm, '\t');

const site = (address: string, body: string) => `${address} {\n${indent(body)}\n}\n`;

const assetPaths = '/fileget /fileupload /filedelete /getmetadata /testkey /web_asset_store.xml';

/** The XML is ours (https addresses); everything else is the asset server's, without a body limit. */
const assets = `handle /web_asset_store.xml {
	root * /srv/media
	header Content-Type "text/xml; charset=utf-8"
	file_server
}
handle {
	reverse_proxy media:8080
}`;

const folder = (path: string) => `root * /srv/static-files/${path}
file_server`;

/**
 * The proxy's configuration; directives that Caddy 2.6 and later know.
 * Routes of Specify 7: its static files are served from the volume it fills. The depository holds exports and whole database
 * dumps, so Specify 7 is asked with the visitor's cookie whether they are logged in; Darwin Core archives in `export_feed` are public.
 */
export const caddyfile = (answers: Answers) => {
	const {hostnames, ports, domain} = answers;
	const {specify7} = addressesOf(answers);
	const common = `tls internal
encode gzip
header {
	-Server
	X-Content-Type-Options nosniff
	Referrer-Policy same-origin
}`;
	const specify7Site = `${common}
route {
	handle_path /static/config/* {
${indent(indent(folder('specify-config/config')))}
	}
	handle_path /static/depository/export_feed/* {
${indent(indent(folder('depository/export_feed')))}
	}
	handle_path /static/depository/* {
		forward_auth specify7:8000 {
			uri /context/user.json
		}
${indent(indent(folder('depository')))}
	}
	handle_path /static/* {
${indent(indent(folder('frontend-static')))}
	}
	@assets path ${assetPaths}
	handle @assets {
		route {
${indent(indent(indent(assets)))}
		}
	}
	handle {
		request_body {
			max_size 400MiB
		}
		reverse_proxy specify7:8000 {
			transport http {
				read_timeout 600s
				write_timeout 600s
			}
		}
	}
}`;
	const names = [...new Set([hostnames.specify7, hostnames.media, domain])];
	const port = ports.https === 443 ? '' : `:${ports.https}`;
	const blocks = [
		`{
	http_port ${ports.http}
	https_port ${ports.https}
	email ${answers.email}
	skip_install_trust
	auto_https disable_redirects
}
`,
		site(`http://127.0.0.1:${proxyHealthPort}`, 'bind 127.0.0.1\nrespond "ok"'),
		site(`https://${hostnames.specify7}`, specify7Site),
		site(`https://${hostnames.media}`, `${common}\nroute {\n${indent(assets)}\n}`),
		...(domain === hostnames.specify7 || domain === hostnames.media
			? []
			: [site(`https://${domain}`, `tls internal\nredir ${specify7}{uri}`)]),
		// Caddy's own redirects leave out a port that is not 443.
		site(names.map(name => `http://${name}`).join(', '), `redir https://{host}${port}{uri} permanent`),
	];
	return `# Made by specify-setup from specify.yaml. Put sites and options of your own into Caddyfile.d/ (files ending in .caddy).\n${blocks.join('\n')}\nimport /etc/caddy.d/*.caddy\n`;
};
