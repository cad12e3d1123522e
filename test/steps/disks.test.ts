import {describe, expect, it} from 'vitest';
import {placeNeeds} from '../../source/steps/disks.js';
import {freeIn} from '../../source/steps/space.js';
import {contextWith} from '../_helpers/context.js';
import {nothingThere, serviceSeen} from '../_helpers/observation.js';

const MiB = 2 ** 20;
const needs = {imageBytes: 1e9, sqlBytes: 1e9, attachmentBytes: 3e9, clockOffsetMs: null};

/** A machine on which these volumes are kept at these paths. */
const machine = (volumes: Record<string, string | null> = {}) => {
	const context = contextWith();
	context.engine.volume = async name => (name in volumes ? {path: volumes[name]!} : null);
	return context;
};

describe('what a run needs', () => {
	it("is all on the engine's disk where there is no other", async () => {
		expect(await placeNeeds(machine(), needs)).toEqual({...needs, elsewhere: []});
	});

	it('of the folder is apart where that is on another disk', async () => {
		const context = machine();
		context.host.disks.set('/opt/specify', {id: 2, free: 5e9});
		const files = {path: '/opt/specify', what: 'the files of the installation', freeBytes: 5e9, needBytes: 64 * MiB};
		expect(await placeNeeds(context, needs)).toEqual({...needs, elsewhere: [files]});
	});

	it('of volumes that are kept elsewhere is added up by disk', async () => {
		const context = machine({specify_database: '/srv/db', specify_attachments: '/srv/files'});
		for (const path of ['/srv/db', '/srv/files']) context.host.disks.set(path, {id: 7, free: 5e9});
		expect(await placeNeeds(context, needs)).toEqual({
			...needs,
			sqlBytes: 0,
			attachmentBytes: 0,
			elsewhere: [
				{path: '/srv/db', what: 'the database, the attachments', freeBytes: 5e9, needBytes: 2.5e9 + 464 * MiB + 3e9},
			],
		});
	});

	it('of a disk of all volumes is found before there is any', async () => {
		const context = machine();
		context.host.disks.set('/var/lib/docker/volumes', {id: 3, free: 9e9});
		context.observation = nothingThere({services: {db: serviceSeen()}});
		const {sqlBytes, elsewhere} = await placeNeeds(context, {...needs, attachmentBytes: 0});
		expect(sqlBytes).toBe(0);
		expect(elsewhere).toMatchObject([{path: '/var/lib/docker/volumes', needBytes: 2.5e9 + 64 * MiB}]);
	});

	it('of a volume that is known only while it is in use is seen when it is filled', async () => {
		const context = machine({specify_database: null});
		expect(await placeNeeds(context, needs)).toEqual({...needs, sqlBytes: 0, elsewhere: []});
	});
});

describe('room in a volume', () => {
	it('is asked of the service that has it', async () => {
		const context = contextWith();
		context.host.on('df -Pk /var/lib/mysql', {
			stdout:
				'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 263112772 17000000 78000000 18% /var/lib/mysql\n',
		});
		expect(await freeIn(context, 'db', '/var/lib/mysql')).toBe(78_000_000 * 1024);
	});

	it('is unknown where nobody answers', async () => {
		const context = contextWith();
		context.host.on('df -Pk', {exitCode: 1, stderr: 'no such service'});
		expect(await freeIn(context, 'db', '/var/lib/mysql')).toBeNull();
	});
});
