/**
 * Whether visitors may reach Specify 7: not before it has a user, because its guided set-up makes whoever comes first its
 * administrator. Null: not known, so that it stays as it is. @param users null when they could not be counted
 */
export const gateFor = (users: number | null): 'open' | 'closed' | null =>
	users === null ? null : users > 0 ? 'open' : 'closed';
