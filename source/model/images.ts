import type {Answers} from './answers.js';
import {repositories, type ServiceName, tags} from './releases.js';

/** The image reference of a service, with the mirror's name in front when there is one. */
export const imageOf = ({specify7, images}: Pick<Answers, 'specify7' | 'images'>, service: ServiceName) => {
	const kind = service === 'worker' ? 'specify7' : service;
	const tag = kind === 'specify7' ? specify7 : tags[kind];
	const repository = images.registry
		? `${images.registry}/${repositories[kind]}`
		: repositories[kind].replace(/^library\//, '');
	return `${repository}:${tag}`;
};
