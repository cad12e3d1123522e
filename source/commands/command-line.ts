import {knownFolders, usualFolder} from './folder.js';

/**
 * A command of this program for the installation in a folder, which is named unless it is the one that is meant anyway.
 * @param command with its flags, such as "attach"; empty for the program alone
 */
export const commandLine = (command: string, directory: string): string => {
	const isMeant = directory === usualFolder() && knownFolders().every(folder => folder === directory);
	return ['specify-setup', command, ...(isMeant ? [] : [`--dir ${directory}`])].filter(Boolean).join(' ');
};
