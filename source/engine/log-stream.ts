import type {Readable} from 'node:stream';
import {StringDecoder} from 'node:string_decoder';

/** A line of a container's log. `at` is ISO 8601 with nanoseconds, as the engine gives it; it sorts as text. */
export type LogLine = {source: 'stdout' | 'stderr'; at: string; line: string};

const headerBytes = 8;
/** What a line has beyond this is left out, so that a service that never ends one costs no more memory. */
const longestLine = 64 * 1024;

/** Frames of a multiplexed log: source (byte 0), length (bytes 4 to 7, big endian), content. Parts may be cut anywhere. */
async function* frames(body: Readable): AsyncGenerator<{source: LogLine['source']; text: string}> {
	let parts: Buffer[] = [];
	let bytes = 0;
	for await (const part of body) {
		parts.push(part as Buffer);
		bytes += (part as Buffer).length;
		while (bytes >= headerBytes) {
			const whole = Buffer.concat(parts);
			const end = headerBytes + whole.readUInt32BE(4);
			parts = [whole];
			if (bytes < end) break;
			yield {source: whole[0] === 2 ? 'stderr' : 'stdout', text: whole.toString('utf8', headerBytes, end)};
			parts = [whole.subarray(end)];
			bytes -= end;
		}
	}
}

/** Takes the engine's timestamp off a text. */
const dated = (text: string): {at: string; rest: string} => {
	const space = text.indexOf(' ');
	return space < 0 ? {at: text.trimEnd(), rest: ''} : {at: text.slice(0, space), rest: text.slice(space + 1)};
};

const ended = (line: string) => line.replace(/\r$/, '').slice(0, longestLine);

/** Every frame is a line, or with a timestamp of its own the next piece of a long one. */
async function* framedLines(body: Readable): AsyncGenerator<LogLine> {
	const open: Partial<Record<LogLine['source'], {at: string; line: string}>> = {};
	for await (const {source, text} of frames(body)) {
		const {at, rest} = dated(text);
		const begun = open[source] ?? {at, line: ''};
		const lines = (begun.line + rest).split('\n');
		const last = lines.pop() ?? '';
		for (const line of lines) yield {source, at: begun.at, line: ended(line)};
		open[source] = last === '' ? undefined : {at: begun.at, line: last.slice(0, longestLine)};
	}
	for (const source of ['stdout', 'stderr'] as const) {
		const begun = open[source];
		if (begun) yield {source, at: begun.at, line: ended(begun.line)};
	}
}

/** A terminal's log has no frames and one source. */
async function* terminalLines(body: Readable): AsyncGenerator<LogLine> {
	const decoder = new StringDecoder('utf8');
	const parse = (text: string): LogLine => {
		const {at, rest} = dated(text);
		return {source: 'stdout', at, line: ended(rest)};
	};
	let rest = '';
	for await (const part of body) {
		const lines = (rest + decoder.write(part as Buffer)).split('\n');
		rest = (lines.pop() ?? '').slice(0, longestLine);
		for (const line of lines) yield parse(line);
	}
	if (rest) yield parse(rest);
}

/** The lines of a log that was asked for with timestamps. @param tty whether the container has a terminal */
export const logLines = (body: Readable, {tty}: {tty: boolean}): AsyncGenerator<LogLine> =>
	tty ? terminalLines(body) : framedLines(body);
