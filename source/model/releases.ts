/** A service of the composition, by the name it has in `compose.yaml`. */
export const serviceNames = ['proxy', 'db', 'redis', 'media', 'report', 'specify7', 'worker'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The images of edition `current`, as they are named on Docker Hub, without registry. `specify7` takes its tag from the answers. */
export const repositories = {
	proxy: 'library/caddy',
	db: 'library/mariadb',
	redis: 'library/redis',
	media: 'specifyconsortium/specify-asset-service',
	report: 'specifyconsortium/report-runner',
	specify7: 'specifyconsortium/specify7-service',
} as const;

/** The tags this version of specify-setup was made for. */
export const tags = {
	proxy: '2.11',
	db: '11.8',
	redis: '8.0',
	media: 'latest',
	report: 'latest',
	specify7: 'v7.12.0.7',
} as const;
