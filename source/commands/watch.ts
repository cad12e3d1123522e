import {type BegunRun} from './begin.js';
import {show} from './output.js';

export const watch = async ({entries}: {directory: string} & BegunRun): Promise<number> => show(entries(), 'plain');
