import {parse} from 'yaml';
import {type Answers, parseAnswers, setAnswer} from '../../source/model/answers.js';

/** What an installation of a test is started with, as `--set` takes it. */
export type Start = {ports: {http: number; https: number}; settings: readonly string[]};

export const institution =
	'institution={name: Museum, code: M, division: Collections, discipline: {type: fish, name: Fish}, collection: {name: Fishes, code: F}, administrator: {name: admin, lastname: Admin}}';

/** Starts of tests whose combination of answers matters. */
export const starts = {
	gate: {
		ports: {http: 18820, https: 18821},
		settings: [
			...['domain=specify.localhost', 'database.start=empty', 'privacy.publicAttachments=false'],
			...['hostnames.specify7=collections.specify.localhost', 'hostnames.media=collections.specify.localhost'],
		],
	},
	behind: {
		ports: {http: 18830, https: 443},
		settings: ['proxy=behind', 'domain=nrm.test', 'hostnames.specify7=nrm.test', institution],
	},
	visitor: {
		ports: {http: 18840, https: 18841},
		settings: ['domain=specify.localhost', 'privacy.publicAttachments=false', institution],
	},
} as const satisfies Record<string, Start>;

/** The answers that a start leads to; `later` are settings of runs after it. */
export const answersOf = ({ports, settings}: Start, later: readonly string[] = []): Answers => {
	const tree: Record<string, unknown> = {};
	const given = [`ports.http=${ports.http}`, `ports.https=${ports.https}`, ...settings, ...later];
	for (const setting of given) {
		const [, key, value] = /^([^=]+)=(.*)$/s.exec(setting)!;
		setAnswer(tree, key!, parse(value!));
	}
	const {answers, problems} = parseAnswers(tree);
	if (!answers) throw new Error(problems.map(({key, reason}) => `${key} ${reason}`).join('; '));
	return answers;
};

/** What of an installation is combined in pairs. */
export type Combination = Record<'certificates' | 'names' | 'ports' | 'attachments' | 'start' | 'proxy', string>;

export const combinationOf = ({
	certificates,
	hostnames,
	domain,
	ports,
	privacy,
	database,
	...rest
}: Answers): Combination => ({
	certificates: certificates === 'letsencrypt' ? 'acme' : certificates,
	names: hostnames.specify7 === domain ? 'bare' : hostnames.specify7 === hostnames.media ? 'one' : 'four',
	ports: ports.https === 443 ? 'default' : 'other',
	attachments: privacy.publicAttachments ? 'open' : 'closed',
	start: database.start === 'dump' ? 'dump' : rest.institution ? 'institution' : 'nothing',
	proxy: rest.proxy,
});
