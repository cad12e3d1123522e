/** Unpacked layers take about this many times their compressed size (measured over the images of the composition). */
const unpackedFactor = 3.2;
/** A loaded InnoDB table takes about this many times its SQL text, with its indexes. */
const loadedFactor = 2.5;
/** The files of many tables grow some megabytes ahead of what they hold. */
const tablesAhead = 64 * 2 ** 20;

/** What shall be left when everything is there: logs, temporary files, the first weeks of work. Bytes. */
export const spareBytes = 2 * 2 ** 30;

/** What a database server takes before anything is loaded (measured: 330 MB). Bytes. */
export const serverBytes = 400 * 2 ** 20;

/** Generated files, their earlier versions, journals. Bytes. */
export const folderBytes = 64 * 2 ** 20;

/** With less than this free a database server waits for more instead of answering. Bytes. */
export const scarceBytes = 32 * 2 ** 20;

/** What images take while they are fetched and unpacked. @param bytes of their layers, compressed */
export const imageSpace = (bytes: number) => bytes * (1 + unpackedFactor);

/** What a dump takes once it is loaded. @param sqlBytes of its text, unpacked */
export const loadedSpace = (sqlBytes: number) => (sqlBytes === 0 ? 0 : sqlBytes * loadedFactor + tablesAhead);
