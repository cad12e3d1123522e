import {mount, suspend} from './mount.js';
import {type ProgressProps, type ProgressResult, ProgressScreen} from './screens/progress.js';

export type ViewResult = ProgressResult | {how: 'retry'};

/** Shows a run on the live screen until it is left, and tells how. */
export const view = ({
	canRetry,
	...props
}: Pick<ProgressProps, 'entries' | 'stop' | 'live'> & {canRetry?: boolean}): Promise<ViewResult> =>
	mount<ViewResult>(leave => (
		<ProgressScreen
			{...props}
			suspend={suspend}
			retry={canRetry ? () => leave({how: 'retry'}) : undefined}
			onLeave={leave}
		/>
	));
