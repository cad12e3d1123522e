/** The package's version, put in by the build. */
declare const __VERSION__: string;
export const version: string = typeof __VERSION__ === 'string' ? __VERSION__ : 'development';
