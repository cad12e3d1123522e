import type {Host} from './host.js';

/** A record of our own, kept as JSON. What cannot be read counts as empty: a record only saves work, it is made anew. */
export const readRecord = async <T = string>(host: Pick<Host, 'read'>, path: string): Promise<Record<string, T>> => {
	try {
		return JSON.parse((await host.read(path)) ?? '{}') as Record<string, T>;
	} catch (error) {
		if (error instanceof SyntaxError) return {};
		throw error;
	}
};
