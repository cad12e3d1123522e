import {X509Certificate} from 'node:crypto';
import {exec} from '../engine/compose.js';
import {exitCodes, SetupError} from '../errors.js';
import {namesOf} from '../model/addresses.js';
import type {StepEvent} from '../model/events.js';
import {readAuthorities, writeAuthorities} from './authorities.js';
import {certificatePathsIn, copyToShow, forgetShown, issuerFolder} from './certificate-storage.js';
import {waitForCertificates, waitForIssue} from './certificates.js';
import type {Context} from './context.js';
import {takeOwnCertificate} from './own-certificate.js';
import {hasPrivate, privateFiles, readPrivate, reloadMeanwhile, reloadProxy, writePrivate} from './proxy.js';
import {siteOf} from './site.js';

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
	if (context.observation.proxy.loaded && (await hasPrivate(context, files))) {
		yield {
			type: 'note',
			level: 'info',
			message: `The certificate in ${context.answers.own.certificate} is the one in use.`,
		};
		return false;
	}
	const before = await readPrivate(context, Object.keys(files));
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
				exitCode: exitCodes.usage,
			});
	if (answers.proxy === 'behind')
		throw new SetupError('The certificates are those of your own web server, in front of Specify.', {
			hint: 'Renew them there.',
			exitCode: exitCodes.usage,
		});
	const site = await siteOf(context);
	const serialOf = async (name: string) => {
		const shown = await site.certificate(name);
		return shown.ok ? shown.serial : null;
	};
	if (answers.certificates === 'own') {
		const since = new Date().toISOString();
		if (!(yield* takeFiles(context))) return false;
		const {'own.crt': text} = await readPrivate(context, ['own.crt']);
		const {serialNumber} = new X509Certificate(text!);
		yield* waitForCertificates(context, names, {since, isNew: (_, serial) => serial === serialNumber});
		return true;
	}
	// One after the other: what one has got stays when another fails.
	for (const name of names) yield* replace(context, name, await serialOf(name));
	return true;
}

/** Gets a new certificate for one host name; the old one is put back when none comes. */
async function* replace(context: Context, name: string, before: string | null): AsyncGenerator<StepEvent> {
	const place = `${issuerFolder(context)}/${name}`;
	const aside = `/data/replaced/${name}`;
	const calm = {...context, signal: new AbortController().signal};
	await putBack(context, place, aside);
	await inProxy(context, 'mkdir', '-p', '/data/replaced', place);
	const since = new Date().toISOString();
	try {
		await inProxy(calm, 'mv', place, aside);
		const [certificate] = await certificatePathsIn(calm, aside);
		if (certificate) {
			const shown = [await copyToShow(context, name, certificate)];
			await reloadMeanwhile(context, {shown, wanted: [name]});
			yield* waitForIssue(context, [name], {since, authorities: await readAuthorities(context)});
		}
		await reloadProxy(context, {force: true});
		yield* waitForCertificates(context, [name], {since, isNew: (_, serial) => serial !== before});
	} catch (error) {
		await putBack(calm, place, aside);
		await reloadProxy(calm, {force: true});
		throw error;
	} finally {
		await forgetShown(calm);
	}
	await inProxy(calm, 'rm', '-rf', aside);
}

/** Takes back the certificate that was put aside, unless a new one has come meanwhile. */
const putBack = async (context: Context, place: string, aside: string) => {
	const has = async (folder: string) => (await certificatePathsIn(context, folder)).length > 0;
	if (!(await has(aside))) return;
	if (await has(place)) return inProxy(context, 'rm', '-rf', aside);
	await inProxy(context, 'rm', '-rf', place);
	await inProxy(context, 'mv', aside, place);
};
