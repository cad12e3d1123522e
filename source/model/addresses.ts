/** What of the answers decides addresses. */
type Named = {hostnames: {specify7: string; media: string; landing: string | null}};
type Listening = {ports: {http: number; https: number}; proxy: 'public' | 'behind'};

/** The addresses of an installation, without a slash at the end. */
export const addressesOf = ({hostnames, ports}: Named & Pick<Listening, 'ports'>) => {
	const origin = (name: string) => `https://${name}${ports.https === 443 ? '' : `:${ports.https}`}`;
	return {specify7: origin(hostnames.specify7), media: origin(hostnames.media)};
};

/** The host names the proxy answers to, each once; the landing page's last. */
export const namesOf = ({hostnames: {specify7, media, landing}}: Named) => [
	...new Set([specify7, media, ...(landing === null ? [] : [landing])]),
];

/** The ports of this machine the proxy takes: another web server in front needs only the plain one. */
export const publishedPorts = ({ports, proxy}: Listening) =>
	proxy === 'behind' ? [ports.http] : [ports.http, ports.https];
