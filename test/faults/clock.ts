import {existsSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {codename, unpack} from '../lab/apt.js';
import {labHome} from '../lab/home.js';

const folder = () => join(labHome(), 'faketime');
const library = () => {
	const libraries = join(folder(), 'usr/lib');
	const names = existsSync(libraries) ? readdirSync(libraries) : [];
	return names.map(name => join(libraries, name, 'faketime/libfaketime.so.1')).find(existsSync);
};

/** A clock that only the processes see which are started with its environment; how long something takes is not changed. */
export const clock = {
	/** Fetches Debian's libfaketime. */
	provide: async () => {
		if (!library()) await unpack(labHome(), {name: 'libfaketime', suite: codename(), into: folder()});
		if (!library()) throw new Error('libfaketime is not in its package.');
	},
	environment: (file: string): Record<string, string> => {
		clock.set(file, '+0');
		return {LD_PRELOAD: library()!, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1'};
	},
	/** Moves it by this much: "+2h", "-3d". */
	set: (file: string, by: string) => writeFileSync(file, `${by}\n`),
};
