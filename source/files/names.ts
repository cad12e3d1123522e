/** The tool's own folder inside an installation (mode 0700). */
export const stateFolder = '.specify-setup';
export const secretsFolder = `${stateFolder}/secrets`;
/** What the proxy alone may know: gate, keys, ways to certificates. */
export const proxyFolder = `${stateFolder}/proxy`;
/** A copy of `.env`, to restore it when it was lost. */
export const environmentCopy = `${stateFolder}/environment`;

/** Holds the Compose project's name, so that a moved folder finds its data. */
export const projectFile = `${stateFolder}/project`;

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
