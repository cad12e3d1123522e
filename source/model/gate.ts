import type {ObservedDatabase} from './observation.js';

/**
 * Whether visitors may reach Specify 7: not before it has a user, because its guided set-up makes whoever comes first its
 * administrator. Null: not known, so that it stays as it is; the users of a dump count once it is loaded whole.
 */
export const gateFor = (database: Pick<ObservedDatabase, 'users' | 'start'> | null): 'open' | 'closed' | null => {
	if (database === null || database.users === null) return null;
	if (database.users === 0) return 'closed';
	return database.start?.kind === 'dump' && !database.start.finished ? null : 'open';
};
