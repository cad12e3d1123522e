/**
 * Whether live screens can be drawn: a person's terminal on both sides, no CI, no dumb terminal, no screen reader
 * (INK_SCREEN_READER=true). Elsewhere plain lines and questions serve.
 */
export const canDraw = ({
	stdin,
	stdout,
	env,
}: {
	stdin: {isTTY?: boolean};
	stdout: {isTTY?: boolean};
	env: NodeJS.ProcessEnv;
} = process) =>
	Boolean(stdin.isTTY && stdout.isTTY) && !env.CI && env.TERM !== 'dumb' && env.INK_SCREEN_READER !== 'true';
