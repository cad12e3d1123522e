import {readFlags} from '../flags.js';
import {canDraw} from '../ink/can-draw.js';
import {folderOf} from './folder.js';

/** `specify-setup reconfigure` of somebody who can be asked: live screens where they can be drawn, else plain questions. */
export const reconfigure = async (argv: readonly string[]): Promise<number> => {
	const {values} = readFlags('reconfigure', argv, {dir: {type: 'string'}, plain: {type: 'boolean'}});
	const given = {directory: folderOf(values.dir), settings: [], reconfigure: true};
	if (canDraw() && !values.plain) return (await import('./wizard.js')).wizard(given);
	return (await import('./questions.js')).questions(given);
};
