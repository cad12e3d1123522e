import {exitCodes, SetupError} from '../errors.js';
import {checkCertificateFiles} from '../host/certificate/own-certificate.js';
import type {CertificateCheck} from '../host/certificate/remark.js';
import {namesOf} from '../model/addresses.js';
import type {StepEvent} from '../model/events.js';
import type {PreflightCheck} from '../model/preflight.js';
import type {Context} from './context.js';
import {readPrivate} from './proxy.js';

type Given = Pick<Context, 'host' | 'directory' | 'answers'>;

/** What is found in the files of an own certificate; null where none is asked for, or its files are gone and our copies serve. */
const look = async ({host, directory, answers}: Given): Promise<CertificateCheck | null> => {
	const {own, certificates, proxy} = answers;
	if (certificates !== 'own' || proxy === 'behind') return null;
	const {certificate, key, authority} = own;
	const sources = await Promise.all([certificate!, key!].map(path => host.stat(path).catch(() => undefined)));
	const copies = await readPrivate({host, directory}, ['own.crt', 'own.key']);
	if (sources.every(source => source === null) && Object.keys(copies).length === 2) return null;
	return checkCertificateFiles({
		host,
		own: {certificate: certificate!, key: key!, authority},
		names: namesOf(answers),
		now: Date.now(),
	});
};

/** The files as checks of the machine. */
export const ownCertificateChecks = async (given: Given): Promise<PreflightCheck[]> => {
	const checked = await look(given);
	if (checked === null) return [];
	const {problems, warnings, facts} = checked;
	const name = 'certificate';
	if (problems.length > 0)
		return problems.map(({problem, remedy}) => ({
			name,
			result: 'refused',
			detail: problem.replace(/\.$/, ''),
			hint: remedy,
		}));
	return [
		...warnings.map(
			({problem, remedy}): PreflightCheck => ({
				name,
				result: 'advice',
				detail: problem.replace(/\.$/, ''),
				hint: remedy,
			}),
		),
		{
			name,
			result: 'ok',
			detail: facts ? `by ${facts.issuer}, valid until ${facts.validTo.slice(0, 10)}` : 'read',
			hint: '',
		},
	];
};

/** Makes sure that the files of an own certificate can serve. @throws SetupError (exit code 3) with everything that is wrong */
export async function* takeOwnCertificate(given: Given): AsyncGenerator<StepEvent> {
	const checked = await look(given);
	if (checked === null) {
		if (given.answers.certificates === 'own')
			yield {
				type: 'note',
				level: 'warning',
				message: `${given.answers.own.certificate} is gone; the copy of it made earlier is used.`,
				hint: 'Put the files back before the certificate ends, then run "specify-setup certs renew".',
			};
		return;
	}
	for (const {problem, remedy} of checked.warnings)
		yield {type: 'note', level: 'warning', message: problem, hint: remedy};
	if (checked.problems.length > 0)
		throw new SetupError('The certificate cannot be used.', {
			details: checked.problems.map(({problem, remedy}) => `${problem} ${remedy}`),
			hint: 'Correct its files, then run this again. What is served now stays.',
			exitCode: exitCodes.refused,
		});
}
