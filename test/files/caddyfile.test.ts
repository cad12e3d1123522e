import {describe, expect, it} from 'vitest';
import {assetStoreXml} from '../../source/files/asset-store.js';
import {caddyfile} from '../../source/files/caddyfile.js';
import {answersWith} from '../_helpers/answers.js';

type Block = {head: string; lines: string[]; blocks: Block[]};

/** A Caddyfile as a tree of blocks; enough for those made here. */
const read = (text: string): Block => {
	const root: Block = {head: '', lines: [], blocks: []};
	const open = [root];
	for (const raw of text.split('\n')) {
		const line = raw.trim();
		const current = open.at(-1)!;
		if (line === '}') open.pop();
		else if (line === '{' || line.endsWith(' {')) {
			const block: Block = {head: line.slice(0, -1).trim(), lines: [], blocks: []};
			current.blocks.push(block);
			open.push(block);
		} else if (line !== '' && !line.startsWith('#')) current.lines.push(line);
	}
	expect(open).toEqual([root]);
	return root;
};

const find = (block: Block, head: string): Block => {
	const found = block.blocks.find(candidate => candidate.head === head);
	if (!found) throw new Error(`no "${head}" among: ${block.blocks.map(({head}) => head).join(' | ')}`);
	return found;
};

const answers = answersWith({domain: 'nrm.example', email: 'it@nrm.example'});
const config = read(caddyfile(answers));
const snippet = (name: string, within = config) => find(within, `(${name})`);
const sitesOf = ({blocks}: Block) =>
	blocks.map(({head}) => head).filter(head => /^https?:/.test(head) && !head.includes('127.0.0.1'));

describe('the Caddyfile', () => {
	it('says who made it and where own sites belong, and imports them last', () => {
		const text = caddyfile(answers);
		expect(text.split('\n')[0]).toMatch(/^# Made by specify-setup.*Caddyfile\.d/);
		expect(text.trimEnd().split('\n').at(-1)).toBe('import /etc/caddy.d/*.caddy');
	});

	it('listens on the ports of the answers', () => {
		expect(find(config, '').lines).toEqual(
			expect.arrayContaining(['http_port 80', 'https_port 443', 'email it@nrm.example']),
		);
		const other = read(caddyfile(answersWith({ports: {http: 8080, https: 8443}})));
		expect(find(other, '').lines).toEqual(expect.arrayContaining(['http_port 8080', 'https_port 8443']));
	});

	it.each([
		['specify7.nrm.example', 'specify7'],
		['media.nrm.example', 'attachments'],
		['nrm.example', 'landing'],
	])(
		'serves %s with the routes of %s, and its certificate in the way the private file of that name says',
		(name, what) => {
			const site = find(config, `https://${name}`);
			expect(site.lines).toEqual([`import /etc/caddy.private/tls-${name}.caddy`, 'import common']);
			expect(site.blocks.map(({head}) => head)).toEqual(['route']);
			expect(find(site, 'route').lines).toEqual([`import ${what}`]);
		},
	);

	it('answers to those names and no others', () => {
		expect(sitesOf(config)).toEqual([
			'https://specify7.nrm.example',
			'https://media.nrm.example',
			'https://nrm.example',
			'http://specify7.nrm.example, http://media.nrm.example, http://nrm.example',
		]);
	});

	it('imports no snippet that it does not define', () => {
		for (const given of [{}, {proxy: 'behind'}, {privacy: {publicAttachments: false}}] as const) {
			const text = caddyfile(answersWith(given));
			const defined = read(text).blocks.flatMap(({head}) => /^\((\w+)\)$/.exec(head)?.[1] ?? []);
			const imported = [...text.matchAll(/^\s*import (\w+)$/gm)].map(([, name]) => name);
			expect(new Set(imported)).toEqual(new Set(defined));
		}
	});

	it('shows a page at the bare domain that leads to Specify 7, whatever path is asked for', () => {
		expect(snippet('landing').lines).toEqual(['root * /srv/landing', 'try_files {path} /index.html', 'file_server']);
	});

	it('serves Specify 7 at the domain itself when that is its name, without a page in its place', () => {
		const own = read(caddyfile(answersWith({domain: 'nrm.example', hostnames: {specify7: 'nrm.example'}})));
		expect(sitesOf(own).filter(head => head === 'https://nrm.example')).toHaveLength(1);
		expect(find(find(own, 'https://nrm.example'), 'route').lines).toEqual(['import specify7']);
	});

	it('serves Specify 7 and the attachments under one name when they share it', () => {
		const name = 'specify.nrm.example';
		const shared = read(caddyfile(answersWith({domain: 'nrm.example', hostnames: {specify7: name, media: name}})));
		expect(sitesOf(shared)).toEqual([`https://${name}`, 'https://nrm.example', `http://${name}, http://nrm.example`]);
		expect(find(find(shared, `https://${name}`), 'route').lines).toEqual(['import specify7']);
	});

	it('tells every visitor as little as needed, and to stay with https only where the answers say so', () => {
		expect(find(snippet('common'), 'header').lines).toEqual([
			'-Server',
			'X-Content-Type-Options nosniff',
			'Referrer-Policy same-origin',
		]);
		const strict = read(caddyfile(answersWith({hsts: true})));
		expect(find(find(strict, '(common)'), 'header').lines).toContain('Strict-Transport-Security max-age=31536000');
	});

	it('leads plain http to https, with the port when it is not the usual one', () => {
		const names = 'http://specify7.nrm.example, http://media.nrm.example, http://nrm.example';
		expect(find(config, names).lines).toEqual(['redir https://{host}{uri} permanent']);
		const other = read(caddyfile(answersWith({domain: 'nrm.example', ports: {https: 8443}})));
		expect(find(other, names).lines).toEqual(['redir https://{host}:8443{uri} permanent']);
	});

	it('behind another web server serves the same sites in plain http too, and redirects nobody', () => {
		const text = caddyfile(answersWith({domain: 'nrm.example', proxy: 'behind'}));
		const behind = read(text);
		expect(sitesOf(behind)).toEqual([
			'https://specify7.nrm.example',
			'https://media.nrm.example',
			'https://nrm.example',
			'http://specify7.nrm.example',
			'http://media.nrm.example',
			'http://nrm.example',
		]);
		for (const name of ['specify7.nrm.example', 'media.nrm.example', 'nrm.example']) {
			const plain = find(behind, `http://${name}`);
			expect(plain.lines).toEqual(['import common']);
			expect(plain.blocks).toEqual(find(behind, `https://${name}`).blocks);
		}
		expect(text).not.toMatch(/^\s*redir\b/m);
	});

	it('answers its health check inside the container only', () => {
		expect(find(config, 'http://127.0.0.1:2020').lines).toEqual(['bind 127.0.0.1', 'respond "ok"']);
	});
});

describe('the site of Specify 7', () => {
	const site = snippet('specify7');
	const route = find(find(site, 'handle'), 'route');
	const order = route.blocks.map(({head}) => head);

	it('asks Specify who is there before it hands out the depository', () => {
		const depository = find(route, 'handle_path /static/depository/*');
		expect(find(depository, 'forward_auth specify7:8000').lines).toEqual(['uri /context/user.json']);
		expect(depository.lines).toContain('root * /srv/static-files/depository');
	});

	it('leaves Darwin Core archives public', () => {
		const feed = find(route, 'handle_path /static/depository/export_feed/*');
		expect(feed.blocks).toEqual([]);
		expect(feed.lines).toEqual(['root * /srv/static-files/depository/export_feed', 'file_server']);
	});

	it('comes to the narrower path first', () => {
		expect(site.blocks.map(({head}) => head)).toEqual(['handle @attachments', 'handle']);
		expect(order).toEqual([
			'handle_path /static/config/*',
			'handle_path /static/depository/export_feed/*',
			'handle_path /static/depository/*',
			'handle_path /static/*',
			'handle',
		]);
	});

	it('passes the gate before anything else of it, static files and all', () => {
		expect(route.lines).toEqual(['import /etc/caddy.private/gate.caddy']);
		const text = caddyfile(answers);
		const handled = text.indexOf('handle {\n\t\troute {');
		expect(handled).toBeGreaterThan(0);
		expect(text.slice(handled).split('\n')[2]!.trim()).toBe('import /etc/caddy.private/gate.caddy');
	});

	it('serves no folder of the shared volume but those three', () => {
		const roots = [...caddyfile(answers).matchAll(/root \* (\S+)/g)].map(([, root]) => root);
		expect(new Set(roots)).toEqual(
			new Set([
				'/srv/static-files/specify-config/config',
				'/srv/static-files/depository/export_feed',
				'/srv/static-files/depository',
				'/srv/static-files/frontend-static',
				'/srv/media',
				'/srv/landing',
			]),
		);
	});

	it('takes uploads of 400 MiB, and waits ten minutes for a slow answer', () => {
		const rest = find(route, 'handle');
		expect(find(rest, 'request_body').lines).toEqual(['max_size 400MiB']);
		expect(find(find(rest, 'reverse_proxy specify7:8000'), 'transport http').lines).toEqual([
			'read_timeout 600s',
			'write_timeout 600s',
		]);
	});

	it('hands the paths of the asset server on, outside the gate', () => {
		expect(site.lines).toEqual([
			'@attachments path /fileget /fileupload /filedelete /getmetadata /testkey /web_asset_store.xml',
		]);
		expect(find(find(site, 'handle @attachments'), 'route').lines).toEqual(['import attachments']);
	});

	it('says https and the address of the visitor whom another web server passed on', () => {
		const behind = read(caddyfile(answersWith({domain: 'nrm.example', proxy: 'behind'})));
		const inner = find(find(snippet('specify7', behind), 'handle'), 'route');
		expect(find(find(inner, 'handle'), 'reverse_proxy specify7:8000').lines).toEqual([
			'trusted_proxies private_ranges',
			'header_up X-Forwarded-Proto https',
		]);
		expect(find(find(route, 'handle'), 'reverse_proxy specify7:8000').lines).toEqual([]);
	});
});

describe('the attachments', () => {
	const closed = snippet('attachments', read(caddyfile(answersWith({privacy: {publicAttachments: false}}))));

	it('are handed on without a limit, and the XML is the generated one', () => {
		const open = snippet('attachments');
		expect(open.lines).toEqual(['@assets path /fileget /fileupload /filedelete /getmetadata /testkey']);
		expect(open.blocks.map(({head}) => head)).toEqual([
			'handle /web_asset_store.xml',
			'handle @assets',
			'handle /',
			'handle',
		]);
		expect(find(open, 'handle').lines).toEqual(['respond 404']);
		expect(find(open, 'handle /web_asset_store.xml').lines).toEqual([
			'root * /srv/media',
			'header Content-Type "text/xml; charset=utf-8"',
			'file_server',
		]);
		expect(find(open, 'handle @assets').lines).toEqual(['reverse_proxy media:8080']);
		expect(JSON.stringify(open)).not.toContain('max_size');
	});

	it('that are closed are read only with a token that the asset server finds right for that file', () => {
		expect(closed.blocks.map(({head}) => head)).toEqual([
			'handle /web_asset_store.xml',
			'handle @read',
			'handle @assets',
			'handle /',
			'handle',
		]);
		expect(closed.lines).toContain('@read path /fileget /getmetadata');
		const reading = find(closed, 'handle @read');
		expect(reading.lines.slice(1)).toEqual(['respond @unclear 403', 'reverse_proxy media:8080']);
		expect(find(reading, 'forward_auth media:8080').lines).toEqual([
			'uri /testkey?random={http.request.uri.query.filename}&token={http.request.uri.query.token}',
		]);
	});

	const [, condition] = /^@unclear expression `(.*)`$/.exec(find(closed, 'handle @read').lines[0]!)!;
	/** The condition as Caddy evaluates it; its patterns mean the same in RE2 and here. */
	const isUnclear = (query: string) =>
		condition!.split(' || ').some(part => {
			const [, negated, pattern] = /^(!?)\{http\.request\.uri\.query\}\.matches\('(.*)'\)$/.exec(part)!;
			return new RegExp(pattern!).test(query) !== (negated === '!');
		});

	it.each([
		['coll=specify&type=O&filename=a.jpg&token=abc', false],
		['type=T&scale=123&coll=specify&filename=a.jpg&downloadname=b.jpg&token=abc%3A1', false],
		['coll=specify&type=O&filename=a.jpg', false],
		// The asset server takes another one of two than the one whose token was asked about.
		['filename=a.jpg&token=abc&filename=b.jpg', true],
		['token=abc&filename=a.jpg&token=def', true],
		['filename=a.jpg&token=abc;filename=b.jpg', true],
		['file%6Eame=b.jpg&filename=a.jpg&token=abc', true],
		['%66ilename=b.jpg', true],
		['filename', true],
		['x=1&filename=a.jpg&token=abc', true],
	])('that are closed: whether "%s" may mean two things is %s', (query, unclear) => {
		expect(isUnclear(query)).toBe(unclear);
	});
});

describe('web_asset_store.xml', () => {
	it('names public https addresses only, with the port when it is not the usual one', () => {
		const addresses = (xml: string) =>
			Object.fromEntries([...xml.matchAll(/type="(\w+)"><!\[CDATA\[(.*?)\]\]>/g)].map(([, type, url]) => [type, url]));
		expect(addresses(assetStoreXml(answers))).toEqual({
			read: 'https://media.nrm.example/fileget',
			write: 'https://media.nrm.example/fileupload',
			delete: 'https://media.nrm.example/filedelete',
			getmetadata: 'https://media.nrm.example/getmetadata',
			testkey: 'https://media.nrm.example/testkey',
		});
		const other = assetStoreXml(answersWith({domain: 'nrm.example', ports: {https: 8443}}));
		expect(addresses(other).read).toBe('https://media.nrm.example:8443/fileget');
		expect(other).not.toContain('http://');
	});
});
