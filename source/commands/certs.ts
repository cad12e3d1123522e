import {exitCodes, SetupError} from '../errors.js';
import {readFlags} from '../flags.js';
import {localHost} from '../host/local.js';
import {namesOf} from '../model/addresses.js';
import {acmeAuthorityOf, hasOwnAuthority, renewsByItself} from '../model/authority.js';
import {certificateTime} from '../model/status.js';
import {trustRecipes} from '../model/trust.js';
import {PlainReporter} from '../plain/reporter.js';
import {openInstallation} from '../run/installation.js';
import {newRunName} from '../run/journal.js';
import {lock} from '../run/lock.js';
import {rootPath} from '../steps/authorities.js';
import type {Context} from '../steps/context.js';
import {renew} from '../steps/renew.js';
import {siteOf} from '../steps/site.js';
import {gatherAnswers} from './answers.js';
import {folderOf, requireInstallation} from './folder.js';
import {print, tell} from './output.js';

export const help = `specify-setup certs [renew [HOST…] | trust] [--dir DIR] [--json]

Shows the certificate of every host name: who issued it, for which names, how
long it is valid.

  renew [HOST…]      gets new ones now, for all host names or some; with an own
                     certificate it takes its files anew
  trust              how browsers and systems are told to trust this
                     installation's own authority
  --json             one JSON object

Certificates of Let's Encrypt, of another authority (acme) and of the
installation's own authority renew by themselves. A public authority issues only
a few times a week for the same names: renew only what needs it.

Exit codes: 0 every certificate is valid, 1 one is not, 2 wrong use, 4 a run is
under way.

Examples
  specify-setup certs
  specify-setup certs renew specify7.museum.example`;

const dayMs = 86_400_000;

/** Where an installation's certificates come from. */
const sourceOf = ({answers}: Pick<Context, 'answers'>) => {
	const authority = acmeAuthorityOf(answers);
	if (answers.proxy === 'behind') return 'your web server in front';
	if (authority) return new URL(authority.directory).host;
	return answers.certificates === 'own' ? answers.own.certificate! : "the installation's own authority";
};

/** What visitors are shown, host by host. */
const listed = async (context: Context) => {
	const site = await siteOf(context);
	const source = sourceOf(context);
	return Promise.all(
		namesOf(context.answers).map(async host => {
			const shown = await site.certificate(host);
			if (!shown.ok) return {host, source, valid: false as const, problem: shown.reason};
			const {issuer, names, validFrom, validTo} = shown;
			const daysLeft = Math.floor((Date.parse(validTo) - Date.now()) / dayMs);
			return {host, source, valid: true as const, issuer, names, validFrom, validTo, daysLeft};
		}),
	);
};

const list = async (context: Context, json: boolean) => {
	const certificates = await listed(context);
	if (json) print(JSON.stringify({certificates}));
	else
		for (const seen of certificates)
			tell(
				seen.host,
				...(seen.valid
					? [
							`  valid until ${seen.validTo.slice(0, 16).replace('T', ' ')} UTC, ${certificateTime(seen, Date.now())} left${renewsByItself(context.answers) ? ', renews by itself' : ''}`,
							`  issued by ${seen.issuer}, for ${seen.names.join(', ')}`,
						]
					: [`  no valid certificate: ${seen.problem}`]),
				`  from ${seen.source}`,
			);
	return certificates.every(({valid}) => valid) ? exitCodes.done : exitCodes.failed;
};

const renewNow = async (directory: string, open: () => Promise<Context>, names: readonly string[], json: boolean) => {
	const unlock = await lock(directory, newRunName(), 'certs renew');
	try {
		const context = await open();
		const reporter = new PlainReporter();
		const work = renew(context, names.length > 0 ? names : namesOf(context.answers));
		let next = await work.next();
		while (!next.done) {
			if (json) print(JSON.stringify(next.value));
			else tell(...reporter.take({...next.value, step: 'certificates', at: Date.now()}));
			next = await work.next();
		}
		return await list(context, json);
	} finally {
		await unlock();
	}
};

const trust = ({answers, directory}: Context, json: boolean) => {
	const own = hasOwnAuthority(answers);
	const recipes = own ? trustRecipes(rootPath(directory)) : [];
	if (json) print(JSON.stringify({root: own ? rootPath(directory) : null, recipes}));
	else if (!own) tell(`Nothing needs to be done here: the certificates come from ${sourceOf({answers})}.`);
	else
		for (const {system, steps, commands} of recipes) {
			tell(system, ...steps.map(step => `  ${step}`));
			print(...commands.map(command => `    ${command}`), '');
		}
	return exitCodes.done;
};

export const certs = async (argv: readonly string[]): Promise<number> => {
	const {values, positionals} = readFlags(
		'certs',
		argv,
		{dir: {type: 'string'}, json: {type: 'boolean'}, plain: {type: 'boolean'}, verbose: {type: 'boolean'}},
		{positionals: Number.POSITIVE_INFINITY},
	);
	const [action, ...hosts] = positionals;
	if ((action !== undefined && action !== 'renew' && action !== 'trust') || (action === 'trust' && hosts.length > 0))
		throw new SetupError(`certs does not know "${positionals.join(' ')}".`, {
			hint: 'It knows: renew, trust; alone it shows the certificates.',
			exitCode: exitCodes.usage,
		});
	const directory = folderOf(values.dir);
	await requireInstallation(directory);
	const controller = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
	const open = async () => {
		const answers = await gatherAnswers({host: localHost, directory, file: undefined, settings: []});
		return openInstallation({host: localHost, directory, answers, signal: controller.signal});
	};
	const json = values.json === true;
	if (action === 'renew') return renewNow(directory, open, hosts, json);
	return action === 'trust' ? trust(await open(), json) : list(await open(), json);
};
