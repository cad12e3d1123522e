import {join} from 'node:path';
import {volumesOf} from '../files/names.js';
import type {Needs, OtherDisk} from '../model/preflight.js';
import type {ServiceName} from '../model/releases.js';
import {folderBytes, loadedSpace, serverBytes, spareBytes} from '../model/space.js';
import type {Context} from './context.js';
import {freeIn} from './space.js';

type Given = Pick<Context, 'host' | 'engine' | 'directory' | 'project' | 'observation'>;

/** Where a volume is or will be; null where that is known only while it is in use. */
const pathOf = async (engine: Context['engine'], dataFolder: string, volume: string) => {
	const found = await engine.volume(volume);
	return found ? found.path : join(dataFolder, 'volumes');
};

/** Whether a volume is on the engine's own disk, which must hold everything else too. */
const isWithEngine = async ({host, engine, observation}: Given, volume: string) => {
	if (!observation.engine.reachable) return false;
	const {dataFolder} = observation.engine;
	const path = await pathOf(engine, dataFolder, volume);
	return path !== null && (await host.fileSystem(path)) === (await host.fileSystem(dataFolder));
};

/** What something needs in a volume, and what is free there: asked in the service, whatever kind of volume it is. */
export const lackIn = async (
	context: Given & Pick<Context, 'signal'>,
	{
		what,
		service,
		path,
		volume,
		needBytes,
	}: {what: string; service: ServiceName; path: string; volume: string; needBytes: number},
) => ({
	what,
	where: `the volume ${volume}`,
	needBytes,
	spareBytes: (await isWithEngine(context, volume)) ? spareBytes : 0,
	freeBytes: await freeIn(context, service, path),
});

/**
 * Takes what goes onto other disks than the engine's out of the needs, and tells it apart: the installation's folder, and
 * volumes that are kept elsewhere. A volume whose disk is known only while it is in use is looked at before it is filled.
 */
export const placeNeeds = async (
	{host, engine, directory, project, observation}: Given,
	needs: Needs,
): Promise<Needs> => {
	if (!observation.engine.reachable) return needs;
	const {dataFolder} = observation.engine;
	const main = await host.fileSystem(dataFolder);
	const disks = new Map<number, OtherDisk>();
	/** Notes what a path must hold; returns the bytes of it that are on the engine's disk. */
	const place = async (what: string, path: string | null, bytes: number, needBytes: number) => {
		const disk = path === null ? null : await host.fileSystem(path);
		if (disk === main) return bytes;
		if (path === null || disk === null || needBytes === 0) return 0;
		const known = disks.get(disk) ?? {path, what: '', freeBytes: await host.freeBytes(path), needBytes: 0};
		disks.set(disk, {
			...known,
			what: [known.what, what].filter(Boolean).join(', '),
			needBytes: known.needBytes + needBytes,
		});
		return 0;
	};
	const volumes = volumesOf(project);
	const server = observation.services.db ? 0 : serverBytes;
	const {sqlBytes, attachmentBytes} = needs;
	const isThere = Object.values(observation.files).some(state => state !== 'missing');
	await place('the files of the installation', directory, 0, isThere ? 0 : folderBytes);
	return {
		...needs,
		sqlBytes: await place(
			'the database',
			await pathOf(engine, dataFolder, volumes.database),
			sqlBytes,
			loadedSpace(sqlBytes) + server,
		),
		attachmentBytes: await place(
			'the attachments',
			await pathOf(engine, dataFolder, volumes.attachments),
			attachmentBytes,
			attachmentBytes,
		),
		elsewhere: [...disks.values()],
	};
};
