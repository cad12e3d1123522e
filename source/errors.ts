/** What the process reports to its caller; documented in the readme and tested. */
export const exitCodes = {done: 0, failed: 1, usage: 2, refused: 3, locked: 4, cancelled: 130} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type SetupErrorOptions = {
	/** The next step, in the user's words. */
	hint: string;
	exitCode?: ExitCode;
	/** Lines that explain more, shown indented below the message. */
	details?: string[];
	cause?: unknown;
};

/** An error made for the user: what happened (message) and what to do (hint). Everything else that is thrown is a defect. */
export class SetupError extends Error {
	override name = 'SetupError';
	readonly hint: string;
	readonly exitCode: ExitCode;
	readonly details: string[];

	constructor(message: string, {hint, exitCode = exitCodes.failed, details = [], cause}: SetupErrorOptions) {
		super(message, {cause});
		this.hint = hint;
		this.exitCode = exitCode;
		this.details = details;
	}
}

/** The run was cancelled by the user (SIGINT or SIGTERM). */
export class Cancelled extends SetupError {
	override name = 'Cancelled';

	/** @param again the command that continues; where it is not known, people know what they had run */
	constructor(again = '') {
		super('Stopped, as you asked.', {
			hint: `Nothing is lost. Run ${again === '' ? 'the same command' : `"${again}"`} again to continue where it stopped.`,
			exitCode: exitCodes.cancelled,
		});
	}
}

/** What people are told of a file or a folder that is kept from them: it is there, but not for this user. */
export const mayNotRead = (path: string, cause: unknown) =>
	new SetupError(`You may not read ${path}.`, {
		hint: 'It belongs to the user who made the installation: run this as that user, or with sudo.',
		exitCode: exitCodes.refused,
		cause,
	});

/** Whether something is kept from this user, which is another thing than not being there. */
export const isForbidden = (error: unknown) => /^(EACCES|EPERM)$/.test((error as NodeJS.ErrnoException)?.code ?? '');

/** Text of anything that was thrown. */
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
