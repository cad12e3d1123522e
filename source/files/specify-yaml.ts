import {type ErrorCode, isMap, isScalar, LineCounter, parseDocument, stringify, visit} from 'yaml';
import type {Answers} from '../model/answers.js';
import {answersSchema} from '../model/answers-schema.js';
import {schemaFile} from './names.js';

/** Text of `specify.yaml`: the answers and no secrets. Editors find the schema by its first line. */
export const specifyYaml = (answers: Answers) =>
	[
		`# yaml-language-server: $schema=${schemaFile}`,
		'# The answers of this installation. Edit them, then run: specify-setup reconfigure',
		stringify(answers, {lineWidth: 0}),
	].join('\n');

/** Text of the schema, with which editors complete and check `specify.yaml`. */
export const specifySchema = () => `${JSON.stringify(answersSchema(), null, '\t')}\n`;

/** A place in a file, from 1. */
export type YamlPlace = {line: number; column: number};
export type YamlProblem = YamlPlace & {message: string};

/** What people are told where the parser speaks of its own affairs. */
const messages: Partial<Record<ErrorCode, string>> = {
	DUPLICATE_KEY: 'this key stands here a second time',
	MULTIPLE_DOCS: 'a second set of answers begins here (---); a file holds one',
	TAB_AS_INDENT: 'a tab stands here; YAML wants spaces at the beginning of a line',
};

/** A parsed YAML file that still knows where each key stood. */
export type LocatedYaml = {
	value: unknown;
	problems: YamlProblem[];
	/** Line and column (from 1) of a dotted key, or of its nearest parent that the file has. */
	locate(key: string): {line: number; column: number} | undefined;
};

/** Parses YAML and reports every syntax error with its place. */
export const readYaml = (text: string): LocatedYaml => {
	const lineCounter = new LineCounter();
	const document = parseDocument(text, {lineCounter, prettyErrors: false, uniqueKeys: true});
	const problems = document.errors.map(error => {
		const {line, col} = lineCounter.linePos(error.pos[0]);
		return {message: messages[error.code] ?? error.message, line, column: col};
	});
	const placeAt = (offset: number) => {
		const {line, col} = lineCounter.linePos(offset);
		return {line, column: col};
	};
	let value: unknown = null;
	if (problems.length === 0) {
		try {
			value = document.toJS() ?? {};
		} catch (error) {
			// An alias that leads nowhere or to too much.
			let offset = 0;
			visit(document, {
				Alias(_, alias) {
					if (alias.resolve(document)) return undefined;
					offset = alias.range?.[0] ?? 0;
					return visit.BREAK;
				},
			});
			problems.push({message: error instanceof Error ? error.message : String(error), ...placeAt(offset)});
		}
	}
	return {
		value,
		problems,
		locate(key) {
			let found: {line: number; column: number} | undefined;
			let level: unknown = document.contents;
			for (const part of key.split('.')) {
				if (!isMap(level)) break;
				const pair = level.items.find(item => isScalar(item.key) && String(item.key.value) === part);
				if (!pair || !isScalar(pair.key) || !pair.key.range) break;
				found = placeAt(pair.key.range[0]);
				level = pair.value;
			}
			return found;
		},
	};
};
