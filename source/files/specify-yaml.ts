import {isNode, LineCounter, parseDocument, stringify} from 'yaml';
import type {Answers} from '../model/answers.js';

/** Text of `specify.yaml`: the answers and no secrets. */
export const specifyYaml = (answers: Answers) =>
	`# The answers of this installation. Edit them, then run: specify-setup reconfigure\n${stringify(answers, {lineWidth: 0})}`;

export type YamlProblem = {message: string; line: number; column: number};

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
		return {message: error.message, line, column: col};
	});
	return {
		value: problems.length === 0 ? (document.toJS() ?? {}) : null,
		problems,
		locate(key) {
			for (let path = key.split('.'); path.length > 0; path = path.slice(0, -1)) {
				const node = document.getIn(path, true);
				if (!isNode(node) || !node.range) continue;
				const {line, col} = lineCounter.linePos(node.range[0]);
				return {line, column: col};
			}
			return undefined;
		},
	};
};
