import type {Observation, ObservedDatabase} from './observation.js';

/**
 * Whether visitors may reach Specify 7: not before it has a user, because its guided set-up makes whoever comes first its
 * administrator. Null: not known, so that it stays as it is; the users of a dump count once it is loaded whole.
 */
export const gateFor = (database: Pick<ObservedDatabase, 'users' | 'start'> | null): 'open' | 'closed' | null => {
	if (database === null || database.users === null) return null;
	if (database.users === 0) return 'closed';
	return database.start?.kind === 'dump' && !database.start.finished ? null : 'open';
};

/** Whether Specify has users of its own; while the database cannot be asked, the gate tells, which opened for them. */
export const hasUsers = ({database, proxy}: Pick<Observation, 'database' | 'proxy'>) =>
	(gateFor(database) ?? proxy.gate) === 'open';
