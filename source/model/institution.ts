import type {Answers} from './answers.js';

type Institution = NonNullable<Answers['institution']>;

/** What Specify's guided set-up makes, by the names of its API, in the order in which it makes them. */
const parts = {
	institution: 'institution',
	storageTreeDef: 'storage tree',
	division: 'division',
	geographyTreeDef: 'geography tree',
	discipline: 'discipline',
	taxonTreeDef: 'taxon tree',
	collection: 'collection',
	specifyUser: 'first user',
} as const;
type Part = keyof typeof parts;

/** What Specify says of its guided set-up. `lastError` is in Specify's words. */
export type SetupProgress = {made: Part[]; busy: boolean; lastError: string | null};

export const partsInTotal = Object.keys(parts).length;

/** The parts in a person's words. */
export const partNames = (made: readonly Part[]) => made.map(part => parts[part]);

/** The first part that is not there yet, in a person's words; null when all are. */
export const nextPart = ({made}: Pick<SetupProgress, 'made'>) => {
	const next = (Object.keys(parts) as Part[]).find(part => !made.includes(part));
	return next ? parts[next] : null;
};

/** Reads the answer of `/setup_tool/setup_progress/`; null when it is something else. */
export const readProgress = (text: string): SetupProgress | null => {
	let answer: {resources?: Partial<Record<string, unknown>>; busy?: unknown; last_error?: unknown};
	try {
		answer = JSON.parse(text);
	} catch {
		return null;
	}
	const resources = answer?.resources;
	if (typeof resources !== 'object' || resources === null) return null;
	return {
		made: (Object.keys(parts) as Part[]).filter(part => resources[part] === true),
		busy: answer.busy === true,
		lastError: typeof answer.last_error === 'string' && answer.last_error !== '' ? answer.last_error : null,
	};
};

const separator = ', ';
type Rank = {include: boolean; enforced: boolean; infullname: boolean; fullnameseparator: string};
const rank = (use: {enforced?: boolean; inFullName?: boolean} | false): Rank => ({
	include: use !== false,
	enforced: use !== false && (use.enforced ?? false),
	infullname: use !== false && (use.inFullName ?? true),
	fullnameseparator: separator,
});
const top = rank({enforced: true, inFullName: false});

/** The ranks that Specify's own pages propose. Only the root is enforced: a cabinet may stand in a building without rooms. */
const storageRanks = {
	site: top,
	building: rank({}),
	collection: rank({}),
	room: rank({}),
	aisle: rank({}),
	cabinet: rank({}),
	shelf: rank(false),
	box: rank(false),
	rack: rank(false),
	vial: rank(false),
};

/** Country and below name a place. Neither is enforced, because islands and seas have no county, and some no country. */
const geographyRanks = {
	earth: top,
	continent: rank({enforced: true, inFullName: false}),
	country: rank({}),
	state: rank({}),
	county: rank({}),
};

const highestFirst = 1;
const abbreviationLength = 64;

/**
 * The body of `POST /setup_tool/setup_database/create/`. The division's abbreviation, which Specify requires, is its name, cut to 64 characters.
 * Nothing is preloaded: Specify would fetch it from the internet, and it can be done later in Specify.
 */
export const guidedSetup = (institution: Institution, password: string) => ({
	institution: {name: institution.name, code: institution.code, isAccessionsGlobal: false},
	storageTreeDef: {ranks: storageRanks, fullNameDirection: highestFirst},
	division: {name: institution.division, abbrev: institution.division.slice(0, abbreviationLength).trimEnd()},
	discipline: {type: institution.discipline.type, name: institution.discipline.name},
	geographyTreeDef: {ranks: geographyRanks, fullNameDirection: highestFirst, preload: false},
	taxonTreeDef: {preload: false},
	collection: {
		collectionName: institution.collection.name,
		code: institution.collection.code,
		catalogNumFormatName: 'CatalogNumberNumeric',
	},
	specifyUser: {lastname: institution.administrator.lastname, name: institution.administrator.name, password},
});
