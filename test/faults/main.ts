import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {labHome, readState, removeState, writeState} from '../lab/home.js';
import {prepare} from '../lab/prepare.js';
import {faults, mayRestartEngine, representative} from './faults.js';
import {Laboratory} from './laboratory.js';
import {type Row, reliability, rowOf} from './table.js';
import type {Result} from './trial.js';

const usage = `Usage: npm run test:faults -- [options]

Installs Specify in the laboratory, lets one thing go wrong, runs again and compares. Needs Debian and root.

  --all            every fault, and the table docs/reliability.md
  --only NAME      one fault, or all whose names begin so; may be repeated
  --table          with --only: their rows of the table are replaced
  --list           the names of all
  --seed N         other moments (default 1)
  --jobs N         so many at the same time (default 2, at most 6)

SPECIFY_LAB_MAY_RESTART_ENGINE=1 adds restarts of the engine, which stop every container of this machine.
SPECIFY_FAULTS_KEEP=1 leaves an installation that is not as promised.
`;

const {values} = parseArgs({
	options: {
		all: {type: 'boolean'},
		only: {type: 'string', multiple: true},
		table: {type: 'boolean'},
		list: {type: 'boolean'},
		seed: {type: 'string', default: '1'},
		jobs: {type: 'string', default: '2'},
		help: {type: 'boolean'},
	},
});

const chosen = () => {
	if (values.all) return faults;
	const {only} = values;
	if (only) return faults.filter(({name}) => only.some(given => name.startsWith(given)));
	return faults.filter(({name}) => (representative as readonly string[]).includes(name));
};

const say = (line: string) => process.stdout.write(`${line}\n`);

const tell = ({fault, when, said, next, problems, seconds}: Result) => {
	say(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${fault.name} (${seconds} s): ${fault.what}`);
	say(`       ${when}; said ${said}; then ${next}`);
	for (const problem of problems) say(`       ! ${problem.slice(0, 1500)}`);
};

const recordName = 'faults';

/** Written anew with each result, so that a run that is broken off leaves what it has. The record is in the lab home. */
const writeTable = (row: Row, seed: number) => {
	const rows = {...readState<Record<string, Row>>(labHome(), recordName, {}), [row.name]: row};
	writeState(labHome(), recordName, rows);
	const folder = fileURLToPath(new URL('../../docs', import.meta.url));
	mkdirSync(folder, {recursive: true});
	const inOrder = faults.flatMap(({name}) => rows[name] ?? []);
	writeFileSync(join(folder, 'reliability.md'), reliability(inOrder, seed));
};

const run = async (): Promise<number> => {
	const list = chosen();
	if (values.help || list.length === 0) {
		process.stderr.write(usage);
		return values.help ? 0 : 2;
	}
	if (values.list) {
		for (const {name, what} of faults) say(`${name}: ${what}`);
		return 0;
	}
	const [seed, jobs] = [Number(values.seed), Number(values.jobs)];
	await prepare();
	// What is installed here is nothing to remember.
	const configuration = mkdtempSync(join(tmpdir(), 'specify-faults-configuration-'));
	process.env.XDG_CONFIG_HOME = configuration;
	if (values.all) removeState(labHome(), recordName);
	const laboratory = new Laboratory(seed);
	const results: Result[] = [];
	try {
		await laboratory.begin(list.map(({start}) => start));
		for await (const result of laboratory.tryAll(list, jobs)) {
			results.push(result);
			tell(result);
			if (values.all || values.table) writeTable(rowOf(result), seed);
		}
	} finally {
		laboratory.end();
		rmSync(configuration, {recursive: true, force: true});
	}
	if (values.all && !mayRestartEngine)
		say('Restarts of the engine were left out: SPECIFY_LAB_MAY_RESTART_ENGINE is not 1.');
	const failed = results.filter(({problems}) => problems.length > 0).length;
	say(`${results.length - failed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
};

process.exitCode = await run();
