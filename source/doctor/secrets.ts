import {join} from 'node:path';
import {parse} from 'yaml';
import {environmentCopy, proxyFolder, secretsFolder, stateFolder} from '../files/names.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import {redactor, valuesOf} from '../model/redact.js';

type Place = {host: Pick<Host, 'read' | 'list'>; directory: string};

/** What cannot be read is none of ours to tell. */
const readOrNothing = ({host}: Place, path: string) => host.read(path).catch(() => null);

/** Files that hold variables: `.env`, its copy, and the earlier versions of both. */
const environments = async ({host, directory}: Place): Promise<string[]> => {
	const previous = join(directory, stateFolder, 'previous');
	const versions = await host.list(previous).catch(() => []);
	return [directory, ...versions.map(version => join(previous, version))].flatMap(folder => [
		join(folder, '.env'),
		join(folder, environmentCopy),
	]);
};

/** Literal values of variables in a composition of the user's own: which of them are secret cannot be known. */
const literalsOf = (text: string): string[] => {
	let services: Record<string, {environment?: unknown} | null> = {};
	try {
		services = (parse(text) as {services?: typeof services} | null)?.services ?? {};
	} catch {
		// Compose says what is wrong with it.
	}
	return Object.values(services).flatMap(service => {
		const variables = service?.environment ?? {};
		const values = Array.isArray(variables)
			? variables.map(row => String(row).replace(/^[^=]*=?/, ''))
			: Object.values(variables as object).map(String);
		return values.filter(value => !value.includes('${')).flatMap(value => [value, ...value.split('\n')]);
	});
};

/** The names Compose looks for. */
const overrides = ['compose', 'docker-compose'].flatMap(name => [`${name}.override.yaml`, `${name}.override.yml`]);

/**
 * Takes every secret of an installation out of a text, also those it had earlier and those the user added to `.env`.
 * @param answers null when they could not be read; then the key of an external account is known by our copy alone
 */
export const redactorOf = async (place: Place, answers: Answers | null): Promise<(text: string) => string> => {
	const {directory} = place;
	const whole = [
		join(directory, secretsFolder, 'database-root-password'),
		join(directory, proxyFolder, 'eab.key'),
		...(answers?.acme.eab ? [answers.acme.eab.keyFile] : []),
	];
	const read = async (paths: readonly string[]) =>
		(await Promise.all(paths.map(path => readOrNothing(place, path)))).map(text => text ?? '');
	const [values, keys, pem, own] = await Promise.all([
		environments(place).then(read),
		read(whole),
		read([join(directory, proxyFolder, 'own.key'), ...(answers?.own.key ? [answers.own.key] : [])]),
		read(overrides.map(name => join(directory, name))),
	]);
	const rows = pem.flatMap(text => text.split(/\r?\n/)).filter(row => !row.startsWith('-----'));
	return redactor([
		...values.flatMap(valuesOf),
		...own.flatMap(literalsOf),
		...[...keys, ...rows].map(text => text.trim()),
	]);
};
