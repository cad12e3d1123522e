/** The hidden subcommand under which a run is a process of its own. */
export const runCommand = 'run-detached';
