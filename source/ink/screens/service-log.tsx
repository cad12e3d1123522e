import {memo, useEffect, useRef, useState} from 'react';
import wrapAnsi from 'wrap-ansi';
import {bodyRows, Frame} from '../components/frame.js';
import type {Press} from '../hooks/use-keys.js';
import {usePageKeys} from '../hooks/use-page-keys.js';
import {useScroll} from '../hooks/use-scroll.js';
import {useSize} from '../hooks/use-size.js';
import {columnsOf, type Line, Spans} from '../spans.js';
import {useTheme} from '../theme.js';

const drawEveryMs = 250;
/** Lines kept on the screen; all of them are the engine's (`docker compose logs`). */
const linesKept = 2000;
const indent = '  ';

/** A line as rows that fit a width; the later ones are indented. */
export const wrapLine = (line: string, width: number): string[] => {
	if (columnsOf(line) <= width) return [line];
	return wrapAnsi(line, Math.max(10, width - indent.length), {hard: true, trim: false})
		.split('\n')
		.map((row, index) => (index === 0 ? row : indent + row.trimStart()));
};

/** A log's last lines as rows of a width. Keeps a bounded number of lines and tells how many rows it has let go. */
export class LogTail {
	rows: string[] = [];
	gone = 0;
	private lines: {text: string; rows: number}[] = [];

	constructor(readonly width: number) {}

	add(texts: readonly string[]) {
		for (const text of texts.slice(-linesKept)) {
			const rows = wrapLine(text, this.width);
			this.lines.push({text, rows: rows.length});
			for (const row of rows) this.rows.push(row);
		}
		const surplus = this.lines.splice(0, Math.max(0, this.lines.length - linesKept));
		const rows = surplus.reduce((sum, line) => sum + line.rows, 0);
		this.rows.splice(0, rows);
		this.gone += rows;
	}

	/** The same lines at another width. */
	resized(width: number) {
		const other = new LogTail(width);
		other.add(this.lines.map(({text}) => text));
		return other;
	}
}

/** Reads a log while the screen is there; what comes is drawn together a few times a second. */
const useLog = (open: (signal: AbortSignal) => AsyncIterable<string>, width: number) => {
	const tail = useRef(new LogTail(width));
	const [seen, setSeen] = useState({begun: false, problem: ''});
	if (tail.current.width !== width) tail.current = tail.current.resized(width);
	useEffect(() => {
		const controller = new AbortController();
		let waiting: string[] = [];
		let timer: NodeJS.Timeout | undefined;
		const draw = (problem = '') => {
			timer = undefined;
			tail.current.add(waiting);
			waiting = [];
			if (!controller.signal.aborted) setSeen({begun: true, problem});
		};
		const read = async () => {
			// Nothing said yet is something to say.
			timer = setTimeout(draw, drawEveryMs);
			for await (const line of open(controller.signal)) {
				waiting.push(line);
				if (waiting.length > linesKept) waiting = waiting.slice(-linesKept);
				timer ??= setTimeout(draw, drawEveryMs);
			}
		};
		read().catch(error => {
			clearTimeout(timer);
			draw(error instanceof Error ? error.message : String(error));
		});
		return () => {
			controller.abort();
			clearTimeout(timer);
		};
	}, [open]);
	return {tail: tail.current, ...seen};
};

export type ServiceLogProps = {
	service: string;
	/** Opens the log: its last lines, then each as it is written. */
	open: (signal: AbortSignal) => AsyncIterable<string>;
	/** Keys that do not scroll. */
	onPress(press: Press): void;
};

/** A service's log: its end, followed while it grows, or wherever one has scrolled. */
export const ServiceLog = memo(({service, open, onPress}: ServiceLogProps) => {
	const {columns, rows: terminalRows} = useSize();
	const {symbols} = useTheme();
	const height = bodyRows(terminalRows);
	const {tail, begun, problem} = useLog(open, columns - 1);
	const {rows, gone} = tail;
	const scroll = useScroll(rows.length, height, {gone, follow: true});
	usePageKeys(press => {
		if (!scroll.press(press)) onPress(press);
	});
	const first: Line = problem
		? [{text: `${symbols.cross} ${problem}`, role: 'bad'}]
		: [{text: begun ? 'This service has written nothing yet.' : `Reading the log${symbols.ellipsis}`, dim: true}];
	const lines: Line[] = rows.length === 0 ? [first] : rows.slice(scroll.from, scroll.to).map(row => [row]);
	return (
		<Frame
			title={`Log of ${service}`}
			position={
				rows.length === 0
					? ''
					: problem
						? 'ended'
						: scroll.following
							? 'the end, following'
							: `${scroll.below} rows below`
			}
			keys={['Esc back', 'Up/Down PgUp/PgDn scroll', ...(scroll.following ? [] : ['End follow'])]}
			rows={lines.map((line, index) => <Spans key={index} line={line} columns={columns - 1} />)}
		/>
	);
});
