import {readFileSync} from 'node:fs';

/** A column as its CREATE TABLE line defines it. */
export type Column = {name: string; type: string; nullable: boolean; definition: string};

/** A table of the laboratory's schema, with the lines that follow its columns (keys and constraints). */
export type Table = {name: string; columns: Column[]; keys: string[]; ending: string};

const imageFolder = new URL('../images/specify7-service/', import.meta.url);

const columnFrom = (definition: string): Column => {
	const [, name, type] = /^`([^`]+)` (\S+)/.exec(definition) as unknown as [string, string, string];
	return {name, type, nullable: !definition.includes('NOT NULL'), definition};
};

const tableFrom = (statement: string): Table => {
	const [, name, body, ending] =
		/^CREATE TABLE (?:IF NOT EXISTS )?`([^`]+)` \(\n([\s\S]*)\n\) ([^;]*)/.exec(statement) ?? [];
	if (name === undefined || body === undefined || ending === undefined) {
		throw new Error(`Not a CREATE TABLE statement: ${statement.slice(0, 80)}`);
	}
	const lines = body.split(/,\n/).map(line => line.trim());
	return {
		name,
		columns: lines.filter(line => line.startsWith('`')).map(columnFrom),
		keys: lines.filter(line => !line.startsWith('`')),
		ending,
	};
};

const statementsOf = (text: string): string[] =>
	text
		.split('\n')
		.filter(line => !line.startsWith('--'))
		.join('\n')
		.split(/;\s*\n/)
		.map(statement => statement.trim())
		.filter(statement => statement !== '');

/** The migrations of the specify7 stand-in in their order: name and statements. */
export const migrations = (): {name: string; statements: string[]}[] => {
	const text = readFileSync(new URL('migrations.sql', imageFolder), 'utf8');
	const parts = text.split(/^-- ([a-z_]+\.\d{4}_\w+)$/m).slice(1);
	return Array.from({length: parts.length / 2}, (_, index) => ({
		name: parts[2 * index] as string,
		statements: statementsOf(parts[2 * index + 1] as string),
	}));
};

const alter = (tables: Map<string, Table>, statement: string): void => {
	const [, name, change] = /^ALTER TABLE `([^`]+)` (.*)$/s.exec(statement) ?? [];
	const table = tables.get(name as string);
	if (!table || change === undefined) throw new Error(`Cannot follow: ${statement}`);
	const [, added] = /^ADD COLUMN IF NOT EXISTS (.*)$/.exec(change) ?? [];
	const [, changed] = /^MODIFY (.*)$/.exec(change) ?? [];
	const [, dropped] = /^DROP COLUMN IF EXISTS `([^`]+)`$/.exec(change) ?? [];
	const [, index] = /^ADD INDEX IF NOT EXISTS (.*)$/.exec(change) ?? [];
	if (added) {
		table.columns.push(columnFrom(added));
	} else if (changed) {
		const column = columnFrom(changed);
		table.columns = table.columns.map(old => (old.name === column.name ? column : old));
	} else if (dropped) {
		table.columns = table.columns.filter(column => column.name !== dropped);
	} else if (index) {
		table.keys.push(`KEY ${index}`);
	} else {
		throw new Error(`Cannot follow: ${statement}`);
	}
};

/**
 * The tables of a Specify database by name, in the alphabetical order of a dump: those of Specify 6, or, given the name
 * of a migration, those of Specify 7 after that migration.
 */
export const tablesOf = (lastMigration?: string): Table[] => {
	const text = readFileSync(new URL('schema.sql', imageFolder), 'utf8');
	const tables = new Map(
		statementsOf(text)
			.filter(statement => statement.startsWith('CREATE'))
			.map(tableFrom)
			.map(table => [table.name, table]),
	);
	if (lastMigration !== undefined) {
		for (const {name, statements} of migrations()) {
			for (const statement of statements) {
				if (statement.startsWith('CREATE')) {
					const table = tableFrom(statement);
					tables.set(table.name, table);
				} else if (statement.startsWith('ALTER')) {
					alter(tables, statement);
				}
			}
			if (name === lastMigration) break;
		}
		const id = 'CREATE TABLE `django_migrations` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT';
		const rest = ['app', 'name'].map(name => `  \`${name}\` varchar(255) NOT NULL`);
		const ending = '  `applied` datetime(6) NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';
		tables.set('django_migrations', tableFrom([id, ...rest, ending].join(',\n')));
	}
	return [...tables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** The CREATE TABLE statement as a dump prints it. */
export const createStatement = ({name, columns, keys, ending}: Table, nextId: number): string => {
	const lines = [...columns.map(column => column.definition), ...keys].map(line => `  ${line}`);
	const counted = columns[0]?.definition.includes('AUTO_INCREMENT') && nextId > 1;
	const options = counted ? ending.replace('ENGINE=InnoDB', `ENGINE=InnoDB AUTO_INCREMENT=${nextId}`) : ending;
	return `CREATE TABLE \`${name}\` (\n${lines.join(',\n')}\n) ${options};`;
};
