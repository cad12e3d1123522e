import type {Answers} from './answers.js';

const inUse = {
	where: 'An installation stays on its machine. To move it, install on the other one, from a dump of this one.',
	edition: 'The editions keep their data differently. Install the other one into a folder of its own, from a dump.',
	name: 'The name of the database cannot be changed once there are data in it.',
	start:
		'What the database began with cannot be changed once it is in use. Another dump goes into a folder of another name.',
	institution:
		'Specify has created it. Names are changed in Specify itself, where more divisions and collections are added too.',
} as const;

/**
 * Why an answer cannot be changed in an installation that is in use; null where it can.
 * @param installed what the installation was made with: without an institution one can still be created
 */
export const fixedReason = (key: string, installed: Answers): string | null => {
	const [section] = key.split('.');
	if (section === 'where' || section === 'edition') return inUse[section];
	if (key === 'database.name') return inUse.name;
	if (key === 'database.start' || key === 'database.dump') return inUse.start;
	if (section === 'institution' && (installed.institution !== null || installed.database.start === 'dump'))
		return inUse.institution;
	return null;
};
