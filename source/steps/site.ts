import {setupAuthorization} from '../files/proxy-private.js';
import {type Answer, type AskOptions, ask, type CertificateResult, certificateOf} from '../host/https.js';
import {addressesOf} from '../model/addresses.js';
import {readAuthorities} from './authorities.js';
import type {Context} from './context.js';

type Given = Pick<Context, 'host' | 'directory' | 'answers' | 'secrets'>;

/** An installation's addresses as this machine reaches them. */
export type Site = {
	/** Asks an address through the proxy; knows the set-up password where one is wanted. */
	ask(address: string, options?: Omit<AskOptions, 'authorities' | 'through'>): Promise<Answer>;
	/** The certificate visitors are shown for a host name. */
	certificate(name: string): Promise<CertificateResult>;
};

/** Trusts what Specify trusts: the public authorities and the installation's own. */
export const siteOf = async ({host, directory, answers, secrets}: Given): Promise<Site> => {
	const authorities = await readAuthorities({host, directory});
	const {ports, proxy, hostnames} = answers;
	// Another web server in front ends TLS; the proxy itself is asked as that one would ask it.
	const through = proxy === 'behind' ? {port: ports.http} : undefined;
	return {
		ask: (address, {headers = {}, ...options} = {}) => {
			const gated = new URL(address).hostname === hostnames.specify7;
			return ask(address, {
				...options,
				authorities,
				...(through ? {through} : {}),
				headers: {...(gated ? {Authorization: setupAuthorization(secrets.SETUP_PASSWORD)} : {}), ...headers},
			});
		},
		certificate: name => certificateOf({name, port: ports.https, authorities}),
	};
};

/** A visitor of Specify 7: keeps cookies, and proves with Django's token that its requests are its own. `content` is sent as JSON, text as a form. */
export type Visitor = (path: string, method?: 'GET' | 'POST' | 'PUT', content?: unknown) => Promise<Answer>;

export const visitSpecify7 = async (context: Given & Pick<Context, 'signal'>): Promise<Visitor> => {
	const {specify7} = addressesOf(context.answers);
	const site = await siteOf(context);
	const {signal} = context;
	const cookies = new Map<string, string>();
	return async (path, method = 'GET', content) => {
		const isForm = typeof content === 'string';
		const answer = await site.ask(`${specify7}${path}`, {
			method,
			signal,
			headers: {
				Accept: 'application/json',
				...(cookies.size > 0 ? {Cookie: [...cookies].map(pair => pair.join('=')).join('; ')} : {}),
				...(method === 'GET'
					? {}
					: {
							'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
							Origin: specify7,
							Referer: `${specify7}/`,
							'X-CSRFToken': cookies.get('csrftoken') ?? '',
						}),
			},
			...(content === undefined ? {} : {body: isForm ? content : JSON.stringify(content)}),
		});
		for (const cookie of answer.headers['set-cookie'] ?? []) {
			const [, name, value] = /^\s*([^=;]+)=([^;]*)/.exec(cookie) ?? [];
			if (name) cookies.set(name, value ?? '');
		}
		return answer;
	};
};
