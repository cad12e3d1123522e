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

	it('serves Specify 7, the attachments and the domain, each with a certificate of its own authority', () => {
		for (const name of ['specify7.nrm.example', 'media.nrm.example', 'nrm.example'])
			expect(find(config, `https://${name}`).lines).toContain('tls internal');
	});

	it('leads the bare domain to Specify 7', () => {
		expect(find(config, 'https://nrm.example').lines).toContain('redir https://specify7.nrm.example{uri}');
	});

	it('leaves the domain alone when it is itself a name of a service', () => {
		const own = read(caddyfile(answersWith({domain: 'nrm.example', hostnames: {specify7: 'nrm.example'}})));
		expect(own.blocks.filter(({head}) => head === 'https://nrm.example')).toHaveLength(1);
		expect(find(own, 'https://nrm.example').lines).not.toContainEqual(expect.stringMatching(/^redir/));
	});

	it('leads plain http to https, with the port when it is not the usual one', () => {
		const names = 'http://specify7.nrm.example, http://media.nrm.example, http://nrm.example';
		expect(find(config, names).lines).toEqual(['redir https://{host}{uri} permanent']);
		const other = read(caddyfile(answersWith({domain: 'nrm.example', ports: {https: 8443}})));
		expect(find(other, names).lines).toEqual(['redir https://{host}:8443{uri} permanent']);
	});

	it('answers its health check inside the container only', () => {
		expect(find(config, 'http://127.0.0.1:2020').lines).toEqual(['bind 127.0.0.1', 'respond "ok"']);
	});
});

describe('the site of Specify 7', () => {
	const route = find(find(config, 'https://specify7.nrm.example'), 'route');
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
		expect(order).toEqual([
			'handle_path /static/config/*',
			'handle_path /static/depository/export_feed/*',
			'handle_path /static/depository/*',
			'handle_path /static/*',
			'handle @assets',
			'handle',
		]);
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

	it('hands the paths of the asset server on without a limit', () => {
		expect(route.lines).toEqual([
			'@assets path /fileget /fileupload /filedelete /getmetadata /testkey /web_asset_store.xml',
		]);
		expect(JSON.stringify(find(route, 'handle @assets'))).not.toContain('max_size');
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
