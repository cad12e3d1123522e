/**
 * The readme's picture of a composition, as Mermaid text made from the composition itself: services, networks, what is
 * published and what is kept. Run: npm run diagram (writes it into the readme; a test tells when it is out of date).
 */
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parse} from 'yaml';
import {installationFiles} from '../source/files/installation.js';
import {complete} from '../source/model/answers.js';
import {completeSecrets} from '../source/model/secrets.js';

type Composition = {
	services: Record<
		string,
		{
			image: string;
			ports?: string[];
			volumes?: string[];
			networks: string[] | Record<string, unknown>;
			depends_on?: Record<string, unknown>;
		}
	>;
	networks: Record<string, {internal?: boolean}>;
	volumes: Record<string, unknown>;
};

const what: Record<string, string> = {
	proxy: 'web server, certificates',
	db: 'MariaDB',
	redis: 'task queue',
	media: 'asset server: attachments',
	report: 'report runner',
	specify7: 'Specify 7',
	worker: 'background work',
};

/** Mermaid text of the default composition. */
export const diagram = (): string => {
	const files = installationFiles({
		project: 'specify',
		answers: complete({}),
		secrets: completeSecrets({}),
		memory: 8 * 2 ** 30,
	});
	const {services, networks, volumes} = parse(files.find(({path}) => path === 'compose.yaml')!.text) as Composition;
	const networksOf = (name: string) => {
		const given = services[name]!.networks;
		return Array.isArray(given) ? given : Object.keys(given);
	};
	const inside = (network: string) =>
		Object.keys(services)
			.filter(name => networksOf(name).join() === network)
			.map(name => `    ${name}["${name}<br/>${what[name] ?? ''}"]`);
	const both = Object.keys(services).filter(name => networksOf(name).length > 1);
	const lines = ['flowchart LR', '  people((people))'];
	for (const [network, {internal}] of Object.entries(networks)) {
		lines.push(
			`  subgraph ${network}["network ${network}${internal ? ': no way out' : ''}"]`,
			...inside(network),
			'  end',
		);
	}
	for (const name of both) lines.push(`  ${name}["${name}<br/>${what[name] ?? ''}<br/>in both networks"]`);
	for (const [name, {ports = [], depends_on: needs = {}}] of Object.entries(services)) {
		for (const port of ports) lines.push(`  people -->|${port.split(':')[0]}| ${name}`);
		for (const need of Object.keys(needs)) lines.push(`  ${name} --> ${need}`);
	}
	for (const volume of Object.keys(volumes)) {
		lines.push(`  ${volume}_volume[(${volume})]`);
		for (const [name, {volumes: mounts = []}] of Object.entries(services))
			for (const mount of mounts)
				if (mount.split(':')[0] === volume)
					lines.push(`  ${name} ${mount.endsWith(':ro') ? '-.->|reads|' : '-.->'} ${volume}_volume`);
	}
	return lines.join('\n');
};

const marks = ['<!-- diagram: made by npm run diagram -->', '<!-- /diagram -->'] as const;

/** A readme with the diagram of today between its marks. */
export const withDiagram = (readme: string): string => {
	const [before, rest] = readme.split(marks[0]);
	const after = rest?.split(marks[1])[1];
	if (after === undefined) throw new Error('The readme has no marks for the diagram.');
	return `${before}${marks[0]}\n\n\`\`\`mermaid\n${diagram()}\n\`\`\`\n\n${marks[1]}${after}`;
};

const readme = fileURLToPath(new URL('../readme.md', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url))
	writeFileSync(readme, withDiagram(readFileSync(readme, 'utf8')));
