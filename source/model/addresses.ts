import type {Answers} from './answers.js';

/** The addresses of an installation, without a slash at the end. */
export const addressesOf = ({hostnames, ports}: Pick<Answers, 'hostnames' | 'ports'>) => {
	const origin = (name: string) => `https://${name}${ports.https === 443 ? '' : `:${ports.https}`}`;
	return {specify7: origin(hostnames.specify7), media: origin(hostnames.media)};
};
