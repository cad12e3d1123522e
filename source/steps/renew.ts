import {exec} from '../engine/compose.js';
import {SetupError} from '../errors.js';
import {namesOf} from '../model/addresses.js';
import {acmeAuthorityOf} from '../model/authority.js';
import type {StepEvent} from '../model/events.js';
import {writeAuthorities} from './authorities.js';
import {storageName, waitForCertificates} from './certificates.js';
import type {Context} from './context.js';
import {takeOwnCertificate} from './own-certificate.js';
import {privateFiles, readPrivate, reloadProxy, writePrivate} from './proxy.js';
import {siteOf} from './site.js';

/** Caddy's folder of the authority inside the proxy's storage. */
const issuerFolder = (context: Context) => {
	const authority = acmeAuthorityOf(context.answers);
	return `/data/caddy/certificates/${authority ? storageName(authority.directory) : 'local'}`;
};

const inProxy = async ({host, directory, signal}: Context, ...command: string[]) => {
	const {exitCode, stderr} = await host.run(exec(directory, 'proxy', ...command), {signal});
	if (exitCode !== 0)
		throw new SetupError(`The proxy's certificates could not be moved: ${stderr.trim()}`, {
			hint: 'Check that the proxy runs ("specify-setup status"), then run this again.',
		});
};

/** Takes the files of an own certificate anew; visitors notice nothing else. */
async function* takeFiles(context: Context): AsyncGenerator<StepEvent, boolean> {
	yield* takeOwnCertificate(context);
	const files = await privateFiles(context);
	const before = await readPrivate(context, Object.keys(files));
	if (Object.entries(files).every(([name, text]) => before[name] === text)) {
		yield {
			type: 'note',
			level: 'info',
			message: `The certificate in ${context.answers.own.certificate} is the one in use.`,
		};
		return false;
	}
	await writePrivate(context, files);
	try {
		await reloadProxy(context, {force: true});
	} catch (error) {
		await writePrivate(context, before);
		throw error;
	}
	await writeAuthorities(context);
	return true;
}

/**
 * Gets new certificates for these host names now, whatever time is left of the old ones, which come back when it fails.
 * Returns whether there are new ones.
 */
export async function* renew(context: Context, names: readonly string[]): AsyncGenerator<StepEvent, boolean> {
	const {answers} = context;
	for (const name of names)
		if (!namesOf(answers).includes(name))
			throw new SetupError(`${name} is not a host name of this installation.`, {
				hint: `It has: ${namesOf(answers).join(', ')}.`,
				exitCode: 2,
			});
	if (answers.proxy === 'behind')
		throw new SetupError('The certificates are those of your own web server, in front of Specify.', {
			hint: 'Renew them there.',
			exitCode: 2,
		});
	const site = await siteOf(context);
	const before = new Map(
		await Promise.all(
			names.map(async name => {
				const shown = await site.certificate(name);
				return [name, shown.ok ? shown.serial : null] as const;
			}),
		),
	);
	const wanted = {
		since: new Date().toISOString(),
		isNew: (name: string, serial: string) => serial !== before.get(name),
	};
	if (answers.certificates === 'own') {
		if (!(yield* takeFiles(context))) return false;
		yield* waitForCertificates(context, names, wanted);
		return true;
	}
	const folder = issuerFolder(context);
	const aside = '/data/replaced';
	await inProxy(context, 'mkdir', '-p', aside, ...names.map(name => `${folder}/${name}`));
	await inProxy(context, 'rm', '-rf', ...names.map(name => `${aside}/${name}`));
	// Not to be stopped halfway: what was put aside is brought back whatever happens.
	const calm = {...context, signal: new AbortController().signal};
	const moved: string[] = [];
	try {
		for (const name of names) {
			await inProxy(calm, 'mv', `${folder}/${name}`, `${aside}/${name}`);
			moved.push(name);
		}
		await reloadProxy(context, {force: true});
		yield* waitForCertificates(context, names, wanted);
	} catch (error) {
		for (const name of moved) {
			await inProxy(calm, 'rm', '-rf', `${folder}/${name}`);
			await inProxy(calm, 'mv', `${aside}/${name}`, `${folder}/${name}`);
		}
		await reloadProxy(calm, {force: true});
		throw error;
	}
	await inProxy(context, 'rm', '-rf', ...names.map(name => `${aside}/${name}`));
	return true;
}
