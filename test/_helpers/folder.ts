import {mkdtempSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll} from 'vitest';

/** A folder of this test file's own, removed after its tests; call it at the top of the file. */
export const temporaryFolder = () => {
	const folder = mkdtempSync(join(tmpdir(), 'specify-setup-test-'));
	afterAll(() => rm(folder, {recursive: true, force: true}));
	let count = 0;
	return {
		folder,
		/** A path in it that nothing has yet. */
		fresh: (name = 'item') => join(folder, `${name}-${count++}`),
	};
};
