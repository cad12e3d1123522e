import type {ServiceName} from './releases.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** What the whole composition needs. Memory counts with swap. Bytes. */
export const requirements = {
	memory: {refusedBelow: 2 * GiB, advisedFrom: 4 * GiB, recommended: 8 * GiB},
	processors: {advisedFrom: 2, recommended: 4},
	/** Images unpacked (measured with the stand-ins and upstream's published sizes), logs and room for a backup. */
	disk: {advisedFrom: 25 * GiB},
} as const;

export type Profile = {
	/** Hard memory limits, bytes. */
	memory: Record<ServiceName, number>;
	/** MariaDB's innodb_buffer_pool_size, bytes. */
	bufferPool: number;
};

const profile = (bufferPool: number, memory: Record<ServiceName, number>): Profile => ({
	bufferPool: bufferPool * MiB,
	memory: Object.fromEntries(Object.entries(memory).map(([name, size]) => [name, size * MiB])) as Profile['memory'],
});

export const profileNames = ['minimal', 'small', 'medium', 'large'] as const;
export type ProfileName = (typeof profileNames)[number];

/** Limits, and the memory (bytes) of the machines they are made for. They are ceilings: together they may exceed the machine. */
export const profiles: Readonly<Record<ProfileName, Profile & {from: number}>> = {
	minimal: {
		from: 0,
		...profile(128, {proxy: 96, db: 512, redis: 128, media: 192, report: 384, specify7: 768, worker: 512}),
	},
	small: {
		from: 3.5 * GiB,
		...profile(384, {proxy: 128, db: 1024, redis: 256, media: 384, report: 640, specify7: 1280, worker: 768}),
	},
	medium: {
		from: 7 * GiB,
		...profile(1024, {proxy: 128, db: 2048, redis: 512, media: 512, report: 1024, specify7: 2048, worker: 1024}),
	},
	large: {
		from: 14 * GiB,
		...profile(4096, {proxy: 256, db: 6144, redis: 1024, media: 1024, report: 1024, specify7: 4096, worker: 2048}),
	},
};

/** The profile that is wanted; `auto` is the largest made for a machine of this much memory (bytes). */
export const profileFor = (memory: number, wanted: 'auto' | ProfileName = 'auto'): Profile =>
	profiles[wanted === 'auto' ? profileNames.findLast(name => memory >= profiles[name].from)! : wanted];
