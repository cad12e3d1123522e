/** What a folder says of the installation in it. */
export type FolderFacts = {
	project: string;
	/** Null where its specify.yaml cannot be read as answers. */
	version: string | null;
	address: string | null;
	/** Its specify.yaml is missing or empty. */
	lost?: true;
};

/** A container as the engine lists it, of a composition of ours. `folder` is the one it was made from. */
export type FoundContainer = {
	project: string;
	folder: string | null;
	service: string | null;
	/** As the engine says: "running", "exited". */
	state: string;
	/** As the engine says: "Up 3 minutes (healthy)". */
	status: string;
};

/** What the engine has; null when it could not be asked. */
export type EngineFacts = {containers: readonly FoundContainer[]; projectsOfVolumes: readonly string[]} | null;

export type Installation =
	| ({
			kind: 'here';
			directory: string;
			/** It is in this person's list. */
			remembered: boolean;
			/** How it is doing, in few words. */
			glance: string;
	  } & FolderFacts)
	| {
			/** Nothing of an installation is in the folder any more. */
			kind: 'gone';
			directory: string;
			remembered: boolean;
			glance: string;
			/** Of the containers that were made from it; null without any. */
			project: string | null;
	  }
	| {
			/** Volumes alone; whose folder is not known. */
			kind: 'data';
			project: string;
	  };

/** How the containers of a project are doing, in few words. */
export const glanceOf = (containers: readonly FoundContainer[] | null): string => {
	if (containers === null) return 'Docker does not answer';
	if (containers.length === 0) return 'no containers';
	const running = containers.filter(({state}) => state === 'running');
	if (running.length === 0) return 'stopped';
	const well = running.filter(({status}) => !/\((unhealthy|health: starting)\)/.test(status)).length;
	return well === containers.length ? 'healthy' : `${well} of ${containers.length} services healthy`;
};

/**
 * All installations that are known: those with a folder first, in the order the folders are given.
 * @param folders that may hold one, by path; null where there is none
 * @param remembered folders of this person's list
 */
export const installationsOf = ({
	folders,
	remembered,
	engine,
}: {
	folders: ReadonlyMap<string, FolderFacts | null>;
	remembered: readonly string[];
	engine: EngineFacts;
}): Installation[] => {
	const containers = engine?.containers ?? [];
	const ofProject = (project: string) => engine && containers.filter(container => container.project === project);
	const here = [...folders].flatMap(([directory, facts]): Installation[] =>
		facts
			? [
					{
						kind: 'here',
						directory,
						remembered: remembered.includes(directory),
						glance: glanceOf(ofProject(facts.project)),
						...facts,
					},
				]
			: [],
	);
	// A folder that was moved is found by its project.
	const known = new Set(here.map(({project}) => project));
	const gone = [...folders].flatMap(([directory, facts]): Installation[] => {
		const project = containers.find(({folder}) => folder === directory)?.project ?? null;
		if (facts || (project !== null && known.has(project))) return [];
		const isRemembered = remembered.includes(directory);
		if (!isRemembered && project === null) return [];
		const glance = project === null ? 'nothing there' : glanceOf(ofProject(project));
		return [{kind: 'gone', directory, remembered: isRemembered, glance, project}];
	});
	for (const {project} of gone) if (project !== null) known.add(project);
	const data = [...new Set(engine?.projectsOfVolumes ?? [])]
		.filter(project => !known.has(project))
		.sort()
		.map((project): Installation => ({kind: 'data', project}));
	return [...here, ...gone, ...data];
};

/** The name an installation goes by in a list. */
export const nameOf = (installation: Installation) =>
	installation.kind === 'data' ? `data of ${installation.project}` : installation.directory;

/** One line about it. */
export const summaryOf = (installation: Installation): string => {
	if (installation.kind === 'data') return 'are in Docker, but their folder is not known';
	if (installation.kind === 'gone') return `the folder is gone; ${installation.glance}`;
	const {glance, address, version, lost} = installation;
	return [
		glance,
		address ?? (lost ? 'specify.yaml is lost' : 'specify.yaml is not right'),
		...(version ? [version] : []),
	].join(', ');
};

/** What to do about one that cannot simply be opened; empty for those that can. */
export const adviceOf = (installation: Installation): string => {
	if (installation.kind === 'here') return '';
	if (installation.kind === 'data')
		return `The volumes of ${installation.project} (database, attachments) are in Docker; no folder says that they are its own. Where you know the folder, or have a copy of it with its .env and .specify-setup, put it in place and run "specify-setup --dir FOLDER". Nothing new is ever started on them. "docker volume ls --filter label=specify-setup.project=${installation.project}" lists them.`;
	return installation.project === null
		? `There is no specify.yaml in ${installation.directory}. If it was moved: "specify-setup --dir NEW". To drop it from this list changes nothing on disk.`
		: `Containers of ${installation.project} were made from ${installation.directory}, where there is no specify.yaml any more. If it was moved: "specify-setup --dir NEW"; else put a copy of the folder back, with its .env and .specify-setup.`;
};

/** Lines for people who cannot be asked. */
export const installationLines = (installations: readonly Installation[]): string[] =>
	installations.map(installation => `${nameOf(installation)}: ${summaryOf(installation)}`);

/**
 * A folder for one more installation: beside the usual one, with the first number that is free.
 * @param isTaken tells whether a folder or its name as a project is in use
 */
export const nextFolder = (usual: string, isTaken: (directory: string) => boolean): string => {
	for (let number = 1; ; number += 1) {
		const directory = number === 1 ? usual : `${usual}-${number}`;
		if (!isTaken(directory)) return directory;
	}
};
