/** The tool's own folder inside an installation (mode 0700). */
export const stateFolder = '.specify-setup';
export const secretsFolder = `${stateFolder}/secrets`;
/** What the proxy alone may know: gate, keys, ways to certificates. */
export const proxyFolder = `${stateFolder}/proxy`;
/** A copy of `.env`, to restore it when it was lost. */
export const environmentCopy = `${stateFolder}/environment`;

/** The secrets a run is changing the database to; there only while it does. */
export const environmentNext = `${stateFolder}/environment.next`;

/** The answers of every configuration that was installed well, one file each, the newest last. */
export const answersFolder = `${stateFolder}/answers`;

/** Earlier versions of generated files, one folder for each run that replaced some. */
export const previousFolder = `${stateFolder}/previous`;

/** The moment as a name that sorts by time. */
export const stampOf = (now = new Date()) => now.toISOString().replace(/[:.]/g, '-');

/** What is noted of files edited by hand that are kept, by path. */
export const keptFile = `${stateFolder}/kept.json`;

/** Holds the Compose project's name, so that a moved folder finds its data. */
export const projectFile = `${stateFolder}/project`;

/** The label by which volumes and containers say whose project they are of. */
export const projectLabel = 'specify-setup.project';

/** JSON Schema of `specify.yaml`, for editors. */
export const schemaFile = `${stateFolder}/specify.schema.json`;

/** Folders of the user's own that containers mount; made empty, never touched again. */
export const userFolders = ['Caddyfile.d', 'local_settings.d'] as const;

/** A Compose project's name, made of the folder's: lower case letters, digits, - and _. */
export const projectName = (directory: string) => {
	const base = directory.replace(/\/+$/, '').split('/').pop() ?? '';
	return (
		base
			.toLowerCase()
			.replace(/[^a-z0-9_-]+/g, '-')
			.replace(/^[-_]+/, '') || 'specify'
	);
};

/** The external volumes, by the role they have in the composition. */
export const volumesOf = (project: string) => ({
	database: `${project}_database`,
	redis: `${project}_redis`,
	attachments: `${project}_attachments`,
	static: `${project}_static`,
	certificates: `${project}_certificates`,
});
