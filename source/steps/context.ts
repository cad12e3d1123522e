import type {DumpFacts} from '../database/inspect.js';
import type {Engine} from '../engine/api.js';
import type {GeneratedFile} from '../files/installation.js';
import type {Host} from '../host/host.js';
import type {Answers} from '../model/answers.js';
import type {StepEvent, StepResult} from '../model/events.js';
import type {Observation} from '../model/observation.js';
import type {Secrets} from '../model/secrets.js';

/** What a step may use. */
export type Context = {
	host: Host;
	engine: Engine;
	/** The installation's folder, absolute. */
	directory: string;
	project: string;
	answers: Answers;
	secrets: Secrets;
	files: GeneratedFile[];
	/** The secrets as they were installed before this run; what was edited in `.env` since is not among them. */
	former: Partial<Secrets>;
	observation: Observation;
	/** Edits of an earlier configuration that do not come back with it, with the paths of their copies. */
	outdated?: readonly {path: string; copy: string}[];
	/** What is noted of edits that stay, where it is put back with them; else it is made of the files. */
	kept?: Readonly<Record<string, string>>;
	/** What the dump to be loaded was found to hold, when it has been read already. */
	dump: DumpFacts | null;
	signal: AbortSignal;
	/** Fires when a stop is asked for once more: then nothing is brought to its end first. */
	hurry?: AbortSignal;
};

/** A step changes the world and tells what happens; it throws a `SetupError` when it cannot go on. */
export type Step = (context: Context) => AsyncGenerator<StepEvent, StepResult>;
