import {createCipheriv, createHash} from 'node:crypto';

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/** A sequence of numbers from 0 to below 1 that a text determines, so that what a seed began can be done again. */
export const randomOf = (text: string) => {
	let count = 0;
	return () => digestOf(`${text}:${count++}`).readUIntBE(0, 6) / 2 ** 48;
};

/** Bytes that a text determines and that do not compress. */
export const bytesOf = (text: string, length: number) =>
	createCipheriv('aes-256-ctr', digestOf(text), Buffer.alloc(16)).update(Buffer.alloc(length));
