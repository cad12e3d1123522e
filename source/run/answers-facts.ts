import {parse, YAMLParseError} from 'yaml';
import {addressesOf} from '../model/addresses.js';
import {parseAnswers} from '../model/answers.js';
import type {FolderFacts} from '../model/installations.js';

const treeOf = (text: string): unknown => {
	try {
		return parse(text);
	} catch (error) {
		if (error instanceof YAMLParseError) return null;
		throw error;
	}
};

/** Version and address in the text of a specify.yaml; null where it is not right. */
export const answersFacts = (text: string): Pick<FolderFacts, 'version' | 'address'> => {
	const {answers} = parseAnswers(treeOf(text));
	return answers
		? {version: answers.specify7, address: `${addressesOf(answers).specify7}/`}
		: {version: null, address: null};
};
