import {useEffect, useState} from 'react';
import {mount, suspend} from './mount.js';
import {type ProgressProps, type ProgressResult, ProgressScreen} from './screens/progress.js';

export type ViewResult = ProgressResult | {how: 'retry'};

type ViewProps = Pick<ProgressProps, 'entries' | 'stop' | 'live'> & {canRetry?: boolean};

/** The last picture is taken off the screen before the view ends, so that lines can follow what was there before it. */
const View = ({leave, canRetry, ...props}: ViewProps & {leave(result: ViewResult): void}) => {
	const [result, setResult] = useState<ViewResult | null>(null);
	// biome-ignore lint/correctness/useExhaustiveDependencies: it is left once
	useEffect(() => {
		if (result) leave(result);
	}, [result]);
	if (result) return null;
	return (
		<ProgressScreen
			{...props}
			suspend={suspend}
			retry={canRetry ? () => setResult({how: 'retry'}) : undefined}
			onLeave={setResult}
		/>
	);
};

/** Shows a run on the live screen until it is left, and tells how. */
export const view = (props: ViewProps): Promise<ViewResult> =>
	mount<ViewResult>(leave => <View {...props} leave={leave} />);
