import type {ServiceState} from './events.js';
import type {ServiceName} from './releases.js';
import type {SecretName} from './secrets.js';

/** What was seen of a service's container. */
export type ObservedService = {
	state: ServiceState;
	/** Runs with the configuration of `compose.yaml` as it is (or will be) written. */
	current: boolean;
	container: string | null;
	image: string | null;
	startedAt: string | null;
	restarts: number;
	healthOutput: string;
	/** A folder that it mounts has been moved or removed: only made anew does it see the one that is there. */
	lost?: true;
};

/** How the database stands; null fields could not be asked because it does not run. */
export type ObservedDatabase = {
	/** Tables in the database of the answers; null: there is no such database. */
	tables: number | null;
	/** Our own record of how it was filled; `begunAt` is milliseconds since 1970. */
	start: {kind: 'empty' | 'dump'; source: string | null; begunAt: number; finished: boolean} | null;
	/** Other databases that were filled and are in use: the data are there. */
	others: string[];
	/** Specify has made its own user, so it was started at some time. */
	migrator: boolean;
	/** Specify users; 0 where there is no such table yet, null when they could not be counted. */
	users: number | null;
};

/** How a generated file stands: `edited` differs from what was written last, `different` from what is wanted now, `stale` is not wanted any more. */
export type FileState = 'missing' | 'same' | 'different' | 'edited' | 'stale';

/** An edit by hand in place of a generated file: `behind` was made before the answers changed the file, `returns` is yet to be written. */
export type EditState = 'kept' | 'behind' | 'returns';

export type ObservedEngine =
	| {
			reachable: true;
			version: string;
			compose: string | null;
			dataFolder: string;
			freeBytes: number;
			architecture: string;
			insecureRegistries: string[];
	  }
	| {reachable: false; reason: 'missing' | 'denied' | 'stopped' | 'other'; detail: string};

/** The proxy's own affairs, which change without the generated files. */
export type ObservedProxy = {
	/** Whether visitors need the set-up password for Specify 7. */
	gate: 'open' | 'closed' | 'missing';
	/** The ways to the certificates are as the answers say; `other`: not yet, or the authority's test environment is asked. */
	certificates: 'final' | 'other';
	/** It was told to load its configuration as it is. */
	loaded: boolean;
};

/** Who holds a port the proxy needs. */
export type PortHolder = {port: number; holder: string | null; own: boolean};

/** What was seen on the host before planning; everything a plan may depend on besides the answers. */
export type Observation = {
	memory: number;
	swap: number;
	processors: number;
	user: string;
	freeBytes: number;
	engine: ObservedEngine;
	/** Ports of the answers that something listens on. */
	ports: PortHolder[];
	/** Generated files by path: is it there, as it will be written, edited by hand since. */
	files: Record<string, FileState>;
	/** Generated files that stay or become again as somebody edited them, by path; `files` counts these as they should be. */
	edits: Record<string, EditState>;
	/** Those of them that are to stay from now on: nobody had decided so before. */
	keeping: readonly string[];
	/** Images by service: there with the recorded digest. */
	images: Partial<Record<ServiceName, boolean>>;
	volumes: string[];
	services: Partial<Record<ServiceName, ObservedService>>;
	/** The authorities Specify 7 trusts are written. */
	authorities: boolean;
	proxy: ObservedProxy;
	database: ObservedDatabase | null;
	/** Secrets that become others than those installed. */
	newSecrets: readonly SecretName[];
	/** Users of the database whose passwords are to become others before files and services learn of them. */
	passwords: readonly string[];
	/** The database's users were last brought in line with the secrets of today. */
	accounts: boolean;
	/** A run with these answers has come to its end: everything was seen to answer. */
	verified: boolean;
	/** The folder whose attachments have been copied. */
	attachments: string | null;
	/** A Compose project of this name that runs from another folder. */
	otherFolder: string | null;
};
