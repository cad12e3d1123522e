/**
 * Milliseconds this machine's clock is ahead of a registry's, by the Date header of its answer; null when it does not say.
 * @param registry null for Docker Hub
 */
export const clockOffset = async (registry: string | null, {timeoutMs = 4000} = {}): Promise<number | null> => {
	const host = registry?.split('/')[0];
	const addresses = host ? [`https://${host}/v2/`, `http://${host}/v2/`] : ['https://registry-1.docker.io/v2/'];
	for (const address of addresses) {
		try {
			const before = Date.now();
			const {headers} = await fetch(address, {
				method: 'HEAD',
				signal: AbortSignal.timeout(timeoutMs),
				redirect: 'manual',
			});
			const date = Date.parse(headers.get('date') ?? '');
			if (!Number.isNaN(date)) return (before + Date.now()) / 2 - (date + 500);
		} catch {
			// the next address, or no comparison
		}
	}
	return null;
};
