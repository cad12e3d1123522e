/**
 * Texts whose characters all take one column and stand alone: ASCII, and the arrows, frames, bars and symbols of the theme.
 * They are measured by counting, without Node's tables of Unicode: loading those takes 26 ms.
 */
export const narrow =
	/^[\u0020-\u007e\u2022\u2026\u2190-\u2193\u2500-\u259f\u25cb\u25cf\u2714\u2716\u276f\u2800-\u28ff]*$/;

/** Characters that a terminal takes for commands. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: names of files and pastes may hold them
export const control = /[\u0000-\u001f\u007f-\u009f]/g;
