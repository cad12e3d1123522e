import {paragraph} from './components/frame.js';
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

/** Lines for the terminal after a screen, broken between words; an indent or a list's mark stays in front. */
export const brokenLines = (lines: readonly string[], columns: number): string[] =>
	lines.flatMap(line => {
		const [mark] = /^\s*(?:- )?/.exec(line)!;
		return paragraph(line.slice(mark.length), columns - mark.length).map(
			(row, index) => (index === 0 ? mark : ' '.repeat(mark.length)) + row,
		);
	});
