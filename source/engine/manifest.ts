import type {Host} from '../host/host.js';
import {manifest} from './docker.js';

/** A layer as its registry has it: compressed bytes. */
export type Layer = {digest: string; bytes: number};

type Manifest = {
	layers?: {digest: string; size: number}[];
	manifests?: {digest: string; platform?: {architecture: string; os: string}}[];
};

const architectures: Record<string, string> = {x86_64: 'amd64', aarch64: 'arm64'};

const timeoutMs = 30_000;

/** Docker's last line. Of an image whose configuration it did not get it speaks of a format, and prints all it has. */
const lastWords = (stderr: string) => {
	const last = stderr.trim().split('\n').pop() ?? '';
	return last.includes('unsupported manifest format') ? 'the registry answered in part only' : last;
};

/**
 * The layers of an image for this machine's architecture.
 * Two requests at most, because registries count them against a pull limit.
 * @throws Error with the registry's words when there is no such image or it cannot be reached
 */
export const layersOf = async (
	host: Host,
	image: string,
	{architecture, insecure, signal}: {architecture: string; insecure: boolean; signal?: AbortSignal},
): Promise<Layer[]> => {
	const ask = async (reference: string): Promise<Manifest> => {
		const began = Date.now();
		const {exitCode, stdout, stderr} = await host.run(manifest(reference, {insecure}), {signal, timeoutMs});
		if (exitCode !== 0 && Date.now() - began >= timeoutMs) throw new Error('the registry did not answer: i/o timeout');
		if (exitCode !== 0) throw new Error(lastWords(stderr) || 'the registry did not answer');
		return JSON.parse(stdout) as Manifest;
	};
	let found = await ask(image);
	if (found.manifests) {
		const wanted = architectures[architecture] ?? architecture;
		const own = found.manifests.find(({platform}) => platform?.os === 'linux' && platform.architecture === wanted);
		if (!own) throw new Error(`${image} is not made for ${wanted} processors`);
		found = await ask(`${image.replace(/:[^:/]+$/, '')}@${own.digest}`);
	}
	return (found.layers ?? []).map(({digest, size}) => ({digest, bytes: size}));
};
