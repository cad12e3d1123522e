import {createWriteStream, writeFileSync} from 'node:fs';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {parseArgs} from 'node:util';
import {createGzip} from 'node:zlib';
import {type DumpOptions, dump, planDump} from './dump.js';

const usage = `Usage: tsx test/lab/dump/main.ts --size 100MB --out FILE.sql[.gz] [options]

  --size SIZE              uncompressed size: bytes, or with kB, MB, GB
  --out FILE               where to; FILE.json beside it gets the expected rows by table
  --seed N                 other data (default 1)
  --schema NAME            specify6 (default) or specify7
  --app-version V          what spversion says (default 6.8.03)
  --schema-version V       what spversion says (default 2.10)
  --dialect NAME           mariadb (default) or mysql
  --database NAME          the name in the header (default specify)
  --with-create-database   CREATE DATABASE and USE
  --sandbox-line           the first line of newer versions of mariadb-dump
  --cut                    leave out the end
`;

const bytesFrom = (text: string): number => {
	const [, number, unit] = /^([\d.]+)\s*(k|M|G)?B?$/i.exec(text) ?? [];
	const factor = {k: 1e3, m: 1e6, g: 1e9}[unit?.toLowerCase() ?? ''] ?? 1;
	return Math.round(Number(number) * factor);
};

const {values} = parseArgs({
	options: {
		size: {type: 'string'},
		out: {type: 'string'},
		seed: {type: 'string'},
		schema: {type: 'string'},
		'app-version': {type: 'string'},
		'schema-version': {type: 'string'},
		dialect: {type: 'string'},
		database: {type: 'string'},
		'with-create-database': {type: 'boolean'},
		'sandbox-line': {type: 'boolean'},
		cut: {type: 'boolean'},
	},
});
const size = bytesFrom(values.size ?? '');
const schema = values.schema ?? 'specify6';
const dialect = values.dialect ?? 'mariadb';
if (!(size > 0) || !values.out || !/^specify[67]$/.test(schema) || !/^(mariadb|mysql)$/.test(dialect)) {
	process.stderr.write(usage);
	process.exit(2);
}

const options: DumpOptions = {
	size,
	schema: schema as 'specify6' | 'specify7',
	dialect: dialect as 'mariadb' | 'mysql',
	seed: Number(values.seed ?? 1),
	...(values['app-version'] ? {appVersion: values['app-version']} : {}),
	...(values['schema-version'] ? {schemaVersion: values['schema-version']} : {}),
	...(values.database ? {database: values.database} : {}),
	withCreateDatabase: values['with-create-database'] ?? false,
	sandboxLine: values['sandbox-line'] ?? false,
	cut: values.cut ?? false,
};
const target = createWriteStream(values.out);
const source = Readable.from(dump(options), {objectMode: true, highWaterMark: 4});
await (values.out.endsWith('.gz') ? pipeline(source, createGzip({level: 3}), target) : pipeline(source, target));
writeFileSync(`${values.out}.json`, `${JSON.stringify(planDump(options), null, '\t')}\n`);
