import {domainToUnicode} from 'node:url';

/** A name as DNS compares it: lower case, without the dot at its end. */
export const tidy = (name: string) => name.trim().toLowerCase().replace(/\.$/, '');

/** Whether a name leads to this machine by definition and is never asked for: localhost and what is below it (RFC 6761). */
export const isLocalDomain = (name: string) => /(^|\.)localhost$/.test(tidy(name));

/** Whether a name can only exist inside a network: mDNS (RFC 6762, with its appendix G), home.arpa, and what routers invent. */
export const isNetworkDomain = (name: string) =>
	/\.(local|localdomain|intranet|internal|private|corp|home|lan|home\.arpa)$/.test(tidy(name));

/** Whether a public certificate authority can issue for a name: not for those of RFC 6761 and of single networks. */
export const isPublicDomain = (name: string) =>
	!isLocalDomain(name) && !isNetworkDomain(name) && !/\.(test|invalid|example|onion|alt)$/.test(tidy(name));

/** A name as people write it, internationalised ones in their own letters. */
export const readableName = (name: string) => domainToUnicode(name) || name;
