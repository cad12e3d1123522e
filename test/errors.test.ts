import {readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'source');

/** A place in the source where an error of the product is made. */
type Made = {place: string; file: ts.SourceFile; call: ts.NewExpression};

const files = readdirSync(source, {recursive: true, encoding: 'utf8'})
	.filter(name => /\.tsx?$/.test(name))
	.map(name => {
		const path = join(source, name);
		return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
	});

const errorsIn = (file: ts.SourceFile): Made[] => {
	const found: Made[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isNewExpression(node) && node.expression.getText(file) === 'SetupError') {
			const {line} = file.getLineAndCharacterOfPosition(node.getStart(file));
			found.push({place: `${relative(root, file.fileName)}:${line + 1}`, file, call: node});
		}
		ts.forEachChild(node, visit);
	};
	visit(file);
	return found;
};

const made = files.flatMap(errorsIn);

/** What an expression may turn out to be, as text; parts that are known only when it runs are …, and undefined: nothing is known. */
const textsOf = (node: ts.Expression): (string | undefined)[] => {
	if (ts.isStringLiteralLike(node)) return [node.text];
	if (ts.isTemplateExpression(node))
		return [node.head.text + node.templateSpans.map(({literal}) => `…${literal.text}`).join('')];
	if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
	if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
	return [undefined];
};

const property = (call: ts.NewExpression, name: string) => {
	const options = call.arguments?.[1];
	if (!options || !ts.isObjectLiteralExpression(options)) return undefined;
	return options.properties.find(given => given.name?.getText() === name);
};

/** What is given as the hint, `undefined` where nothing is. A name alone (`hint`) stands for itself. */
const hintOf = (call: ts.NewExpression): ts.Expression | undefined => {
	const hint = property(call, 'hint');
	if (hint && ts.isPropertyAssignment(hint)) return hint.initializer;
	return hint && ts.isShorthandPropertyAssignment(hint) ? hint.name : undefined;
};

/** Errors told again as they were, from another process: hint and message are what that one said. */
const isRetold = ({call}: Made) => {
	const options = call.arguments?.[1];
	return options !== undefined && ts.isIdentifier(options);
};

const own = made.filter(error => !isRetold(error));
const messages = own.flatMap(({place, call}) => textsOf(call.arguments![0]!).map(text => ({place, text})));
const hints = own.flatMap(({place, call}) => {
	const hint = hintOf(call);
	return hint ? textsOf(hint).map(text => ({place, text})) : [{place, text: ''}];
});

describe('every error of the product', () => {
	it('is found in the source', () => {
		expect(files.length).toBeGreaterThan(80);
		expect(made.length).toBeGreaterThan(60);
		expect(made.filter(isRetold).map(({place}) => place.replace(/:\d+$/, ''))).toEqual(['source/run/process.ts']);
	});

	it('says what to do', () => {
		const without = own.filter(({call}) => hintOf(call) === undefined).map(({place}) => place);
		expect(without).toEqual([]);
		expect(hints.filter(({text}) => text !== undefined && text.trim().length < 10)).toEqual([]);
	});

	it('says what to do in whole sentences, or ends with a command behind a colon', () => {
		const known = hints.filter(({text}) => text !== undefined);
		expect(known.length).toBeGreaterThan(50);
		expect(known.filter(({text}) => !/^["…\p{Lu}]/u.test(text!))).toEqual([]);
		expect(known.filter(({text}) => !/([.?!]( …)?|: \S[^:]*)$/.test(text!))).toEqual([]);
	});

	it('says what happened in a whole sentence, or in the words of others behind a colon', () => {
		const known = messages.filter(({text}) => text !== undefined);
		expect(known.length).toBeGreaterThan(60);
		expect(known.filter(({text}) => !/([.:?]|: …)$/.test(text!))).toEqual([]);
	});

	it('shows no stack trace to people who did not ask for one', () => {
		const traced = made.filter(({call}) => /\.stack\b|\binspect\(/.test(call.getText())).map(({place}) => place);
		expect(traced).toEqual([]);
	});

	it('is made by steps, commands and what they use, never by a view', () => {
		expect(made.filter(({place}) => /^source\/(ink|model|plain)\//.test(place)).map(({place}) => place)).toEqual([]);
	});
});
