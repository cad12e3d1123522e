import type {Result} from './trial.js';

/** What the table tells of a fault. */
export type Row = {name: string; what: string; when: string; said: string; next: string; problem: string};

export const rowOf = ({fault: {name, what}, when, said, next, problems}: Result): Row => {
	const problem = problems[0] ?? '';
	return {name, what, when, said, next, problem: problem.slice(0, 200)};
};

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');

/** The table of docs/reliability.md: one row a fault, in their order. */
export const reliability = (rows: readonly Row[], seed: number) => `# Reliability

Made by \`npm run test:faults -- --all\` (seed ${seed}; the same seed strikes at the same moments). Each row is one installation with the built program on a real Docker engine, in the laboratory with its stand-ins for Specify's own images (\`test/lab/README.md\`). One thing goes wrong; what the screen says is held against what is the case (exit code, journal, processes); the cause is mended where it does not mend itself; the same command is run again, and once more, when it must find nothing to do. Then everything is compared with an installation that nothing happened to:

- every file of the folder with its mode, and its text with secrets, folder, project, ports, mirror, hashes and keys taken out; journals, copies of replaced files and the kept answers of each run are left out
- the rows of every table by count and checksum, columns, indexes, foreign keys, triggers, views, accounts and rights; no database that should not be there. Left out: \`django_migrations.applied\`, \`specifyuser.Password\` (salted), and creation times and random GUIDs of rows that Specify itself makes; numbers that the server gives to those are compared by their order
- every file in the volumes of attachments and of Specify's static files, with owner, mode and hash. The contents of Redis and of the certificates' volume are not compared
- every service running and healthy, with the same environment, networks and mounts; no container too many; no process left at work
- the gate, and that \`status\` finds all healthy and no file changed
- no secret in any output or journal

Not tried: a power cut (nothing here loses what the kernel has not yet written), a jump of the machine's own clock (only the run and the commands it starts see the jump; the containers do not), a full disk under the engine itself. Restarts of the engine stop every container of the machine; they are tried only with \`SPECIFY_LAB_MAY_RESTART_ENGINE=1\`.

A row is made anew by \`--only NAME --table\`. Half of them install a dump with attachments, the others an empty start with an institution.

**${rows.filter(({problem}) => problem === '').length} of ${rows.length} as promised.**

| fault | what happens | when | what the screen said (exit code) | the next run | equal |
| --- | --- | --- | --- | --- | --- |
${rows
	.map(({name, what, when, said, next, problem}) =>
		['', name, what, when, said, next, problem === '' ? 'yes' : `no: ${problem}`, ''].map(cell).join(' | ').trim(),
	)
	.join('\n')}
`;
