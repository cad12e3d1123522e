import {useEffect, useState} from 'react';

/**
 * The newest value of a stream, null before the first. The stream is read as fast as it comes; whoever made it ends it.
 * @param onError called when the stream ends with an error
 */
export const useLatest = <T>(source: AsyncIterable<T>, onError: (error: unknown) => void): T | null => {
	const [latest, setLatest] = useState<T | null>(null);
	useEffect(() => {
		let wanted = true;
		const read = async () => {
			for await (const value of source) {
				if (!wanted) return;
				setLatest(() => value);
			}
		};
		read().catch(error => {
			if (wanted) onError(error);
		});
		return () => {
			wanted = false;
		};
	}, [source]);
	return latest;
};
