import {chmodSync} from 'node:fs';

const nobody = 65534;

/** How somebody else sees a folder that its owner alone may look into: as root this process becomes another user meanwhile. */
export const asSomebodyElse = async <T>(folder: string, look: () => Promise<T>): Promise<T> => {
	const isRoot = process.getuid?.() === 0;
	chmodSync(folder, isRoot ? 0o700 : 0);
	if (isRoot) process.seteuid!(nobody);
	try {
		return await look();
	} finally {
		if (isRoot) process.seteuid!(0);
		chmodSync(folder, 0o700);
	}
};
