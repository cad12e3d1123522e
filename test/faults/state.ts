import {createHash} from 'node:crypto';
import {existsSync, lstatSync, readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {secretNames} from '../../source/model/secrets.js';
import type {Museum} from './museum.js';
import {processesNaming} from './museum.js';

/** Everything that is compared, a fact a line: "files compose.yaml" → what it is. */
export type State = Map<string, string>;

const healthyWithinMs = 120_000;

const hashOf = (text: string | Buffer) => createHash('sha256').update(text).digest('hex').slice(0, 24);

/** Secrets by their names, from an installation's `.env`. */
export const secretsIn = (museum: Museum) => {
	const text = ['.env', '.specify-setup/environment']
		.filter(path => existsSync(museum.path(path)))
		.map(path => museum.read(path))
		.join('\n');
	return secretNames.flatMap(name => {
		const value = new RegExp(`^${name}='(.+)'$`, 'm').exec(text)?.[1];
		return value ? [{name, value}] : [];
	});
};

/** Takes out of a text what no two installations share: secrets, folder, project, ports, mirror, hashes and keys. */
export const generalOf = (museum: Museum) => {
	const secrets = secretsIn(museum);
	const ports = Object.entries(museum.ports);
	return (text: string) => {
		let general = text;
		for (const {name, value} of secrets) general = general.replaceAll(value, `<${name}>`);
		general = general.replaceAll(museum.directory, '<folder>').replaceAll(museum.project, '<project>');
		for (const [name, port] of ports) general = general.replaceAll(String(port), `<port ${name}>`);
		return general
			.replace(/(localhost|127\.0\.0\.1):50\d\d/g, '<registry>')
			.replace(/10\.213\.\d+\.\d+/g, '<network>')
			.replace(/[0-9a-f]{40,64}/g, '<hash>')
			.replace(/(-----BEGIN [A-Z ]+-----)[\s\S]+?(-----END)/g, '$1…$2');
	};
};

/** Journals are each run's own; what was replaced, and the answers of each run, are kept on purpose. */
const isOwn = (path: string) => /^\.specify-setup\/(journals|previous|answers)(\/|$)/.test(path);

const filesOf = (museum: Museum): State => {
	const general = generalOf(museum);
	const state: State = new Map();
	for (const entry of readdirSync(museum.directory, {recursive: true, withFileTypes: true})) {
		const full = join(entry.parentPath, entry.name);
		const path = relative(museum.directory, full);
		if (isOwn(path)) continue;
		const {mode} = lstatSync(full);
		const kind = `${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`;
		state.set(`files ${path}`, entry.isFile() ? `${kind} ${hashOf(general(readFileSync(full, 'utf8')))}` : kind);
	}
	return state;
};

/** Tables that migrations fill in a database that came from Specify 6. */
const filledByMigrations = new Set(['collectionobjecttype', 'tectonicunittreedef', 'tectonicunittreedefitem']);

/**
 * Columns whose values depend on the moment or on chance. Rows that Specify makes carry the moment they were made and a
 * random GUID; those of a dump are the same each time.
 */
const isVolatile = (table: string, column: string, start: string) =>
	`${table}.${column}` === 'django_migrations.applied' ||
	`${table}.${column}` === 'specifyuser.Password' ||
	(/^(timestamp(created|modified)|guid)$/i.test(column) && (start === 'empty' || filledByMigrations.has(table)));

/**
 * Numbers that the server gave out, and references to them, as SQL for their place in the order: what was rolled back in between
 * uses numbers up.
 */
const numbersOf = (columns: readonly string[][], foreignKeys: readonly string[][]) => {
	const given = columns.flatMap(([table, column, , , , extra]) =>
		extra?.includes('auto_increment') ? [`${table}.${column}`] : [],
	);
	const place = (column: string, [table, of]: readonly string[]) =>
		`(SELECT COUNT(*) FROM specify.\`${table}\` other WHERE other.\`${of}\` <= own.\`${column}\`)`;
	return new Map([
		...given.map(key => [key, place(key.split('.')[1]!, key.split('.'))] as const),
		...foreignKeys.flatMap(([table, , column, ...referenced]) =>
			given.includes(referenced.join('.')) ? [[`${table}.${column}`, place(column!, referenced)] as const] : [],
		),
	]);
};

const databaseOf = async (museum: Museum, start: string): Promise<State> => {
	const state: State = new Map();
	const schema = "WHERE TABLE_SCHEMA = 'specify'";
	const keep = (name: string, rows: string[][]) =>
		state.set(`database ${name}`, rows.map(row => row.join(' ')).join('\n'));
	keep('databases', await museum.sql('SHOW DATABASES'));
	keep('starts', await museum.sql('SELECT database_name, kind, finished_at IS NOT NULL FROM specify_setup.starts'));
	const columns = await museum.sql(
		`SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLLATION_NAME
		FROM information_schema.COLUMNS ${schema} ORDER BY TABLE_NAME, ORDINAL_POSITION`,
	);
	const tables = new Map<string, string[][]>();
	for (const column of columns) tables.set(column[0]!, [...(tables.get(column[0]!) ?? []), column]);
	for (const [table, list] of tables)
		keep(
			`columns of ${table}`,
			list.map(([, ...facts]) => facts),
		);
	const foreignKeys = await museum.sql(
		`SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
		FROM information_schema.KEY_COLUMN_USAGE ${schema} AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1, 2, 3`,
	);
	keep('foreign keys', foreignKeys);
	for (const [name, query] of [
		[
			'indexes',
			`SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE FROM information_schema.STATISTICS ${schema} ORDER BY 1, 2, 3`,
		],
		[
			'triggers',
			"SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, MD5(ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'specify' ORDER BY 1",
		],
		[
			'routines',
			"SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'specify' ORDER BY 1",
		],
		['views', `SELECT TABLE_NAME FROM information_schema.VIEWS ${schema} ORDER BY 1`],
		['accounts', 'SELECT User, Host FROM mysql.global_priv ORDER BY 1, 2'],
	] as const)
		keep(name, await museum.sql(query));
	for (const account of ['master', 'migrator', 'specify']) {
		const grants = await museum.sql(`SHOW GRANTS FOR '${account}'@'%'`);
		keep(`grants of ${account}`, grants.map(row => [row.join(' ').replace(/ IDENTIFIED BY .*/, '')]).sort());
	}
	const numbers = start === 'empty' ? numbersOf(columns, foreignKeys) : new Map<string, string>();
	const statements = [...tables].map(([table, list]) => {
		const bytes = list
			.filter(([, column]) => !isVolatile(table, column!, start))
			.map(([, column]) => {
				const value = numbers.get(`${table}.${column}`) ?? `HEX(CAST(own.\`${column}\` AS BINARY))`;
				return `IF(own.\`${column}\` IS NULL, '-', ${value})`;
			});
		const digest = `CAST(CONV(LEFT(SHA1(CONCAT_WS(',', ${bytes.join(', ')})), 16), 16, 10) AS UNSIGNED)`;
		return `SELECT '${table}', COUNT(*), BIT_XOR(${digest}) FROM specify.\`${table}\` own;`;
	});
	for (const [table, ...sums] of await museum.sql(statements.join('\n'))) state.set(`rows of ${table}`, sums.join(' '));
	return state;
};

/** Files in a volume as a service sees it, with owner, mode and content. */
const volumeOf = async (museum: Museum, role: string, service: string, folder: string): Promise<State> => {
	const script = `cd "$1" && find . ! -type f -printf '%P\\t%y %U %m\\n' && find . -type f -exec sh -c 'for file; do
		printf "%s\\t%s %s\\n" "\${file#./}" "$(stat -c "%u %a" "$file")" "$(sha256sum < "$file")"; done' sh {} +`;
	const {exitCode, stdout, stderr} = await museum.compose('exec', '-T', service, 'sh', '-c', script, 'sh', folder);
	if (exitCode !== 0) throw new Error(`The volume ${role} cannot be read: ${stderr}`);
	return new Map(
		stdout
			.split('\n')
			.filter(Boolean)
			.map(row => {
				const [path, facts] = row.split('\t');
				return [`volume ${role} ${path}`, facts!];
			}),
	);
};

const servicesOf = async (museum: Museum): Promise<State> => {
	const general = generalOf(museum);
	const isHealthy = ({state, health}: {state: string; health: string}) => state === 'running' && health === 'healthy';
	let containers = await museum.containers();
	for (
		const since = Date.now();
		!containers.every(isHealthy) && Date.now() - since < healthyWithinMs;
		await sleep(1000)
	)
		containers = await museum.containers();
	const state: State = new Map();
	for (const {service, state: is, health, networks, mounts, environment} of containers) {
		const key = `services ${service}`;
		const facts = [
			is,
			health,
			...networks.sort(),
			...mounts.map(({Destination}) => Destination),
			...environment.sort(),
		];
		// A second container of a service would be what a run left behind.
		state.set(state.has(key) ? `${key}, once more` : key, general(facts.join('\n')));
	}
	return state;
};

/** What processes are still at work on an installation although no run is under way. */
const leftOf = (museum: Museum): State =>
	new Map(processesNaming(museum.directory).map(({line}) => [`process ${generalOf(museum)(line)}`, 'runs']));

/** Everything an installation is, in a form in which two can be compared. */
export const stateOf = async (museum: Museum, start: 'empty' | 'dump'): Promise<State> => {
	const services = await servicesOf(museum);
	const [database, attachments, statics, status] = [
		await databaseOf(museum, start),
		await volumeOf(museum, 'attachments', 'media', '/home/specify/attachments'),
		await volumeOf(museum, 'static', 'specify7', '/volumes/static-files'),
		JSON.parse((await museum.run('status', '--json')).stdout) as {
			gate: string;
			healthy: boolean;
			drift: {kind: string; what: string}[];
		},
	];
	return new Map([
		...filesOf(museum),
		...services,
		...database,
		...attachments,
		...statics,
		['gate', status.gate],
		['healthy', String(status.healthy)],
		['drift', status.drift.map(({kind, what}) => `${kind}: ${what}`).join(', ')],
		...leftOf(museum),
	]);
};

/** What is different, a line each. */
export const differences = (expected: State, found: State): string[] =>
	[...new Set([...expected.keys(), ...found.keys()])].flatMap(key => {
		const [wanted, is] = [expected.get(key), found.get(key)];
		if (wanted === is) return [];
		if (wanted === undefined) return [`${key}: should not be there (${is})`];
		if (is === undefined) return [`${key}: is missing`];
		return [`${key}: ${is} instead of ${wanted}`];
	});
