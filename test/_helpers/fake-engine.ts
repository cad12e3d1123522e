import type {Container, ContainerDetails, Engine, EngineInfo, PullMessage} from '../../source/engine/api.js';

type FakeContainer = {container: Container; details: ContainerDetails};

/** An engine in memory: images by reference with their digests, containers whose details may change at each look. */
export class FakeEngine implements Engine {
	facts: EngineInfo = {
		version: '28.3.0',
		dataFolder: '/var/lib/docker',
		memory: 8 * 2 ** 30,
		processors: 4,
		rootless: false,
		insecureRegistries: [],
		architecture: 'x86_64',
	};
	readonly images = new Map<string, {id: string; digests: string[]}>();
	readonly volumeNames: string[] = [];
	readonly pulled: string[] = [];
	readonly tagged: [reference: string, as: string][] = [];
	/** Messages of a pull, by what is pulled, and the image it leaves. */
	readonly pulls = new Map<string, {messages: PullMessage[]; image?: {id: string; digests: string[]}}>();
	/** Called before each look at the containers. */
	onLook = () => {};

	private readonly running = new Map<string, FakeContainer>();

	/** Puts a service's container there, or replaces it. */
	service(service: string, details: Partial<ContainerDetails> = {}, container: Partial<Container> = {}): FakeContainer {
		const made: FakeContainer = {
			container: {
				id: `id-of-${service}`,
				name: `specify-${service}-1`,
				project: 'specify',
				service,
				image: service,
				state: 'running',
				ports: [],
				labels: {'com.docker.compose.project': 'specify', 'com.docker.compose.service': service},
				status: 'Up',
				...container,
			},
			details: {
				startedAt: '2026-08-01T10:00:00Z',
				restarts: 0,
				exitCode: 0,
				health: 'healthy',
				state: 'running',
				healthOutput: '',
				imageId: 'sha256:1',
				...details,
			},
		};
		this.running.set(made.container.id, made);
		return made;
	}

	/** Takes a container away. */
	remove(id: string) {
		this.running.delete(id);
	}

	info = async () => this.facts;

	async containers(project?: string) {
		this.onLook();
		return [...this.running.values()]
			.map(({container}) => container)
			.filter(container => project === undefined || container.project === project);
	}

	container = async (id: string) => this.running.get(id)?.details ?? null;
	image = async (reference: string) => this.images.get(reference) ?? null;
	volumes = async () => this.volumeNames;
	volumeLabels = async (_label: string): Promise<string[]> => [];
	volume = async (name: string): Promise<{path: string | null} | null> =>
		this.volumeNames.includes(name) ? {path: `/var/lib/docker/volumes/${name}/_data`} : null;

	async *pull(reference: string) {
		this.pulled.push(reference);
		const known = this.pulls.get(reference) ?? {messages: []};
		yield* known.messages;
		this.images.set(reference, known.image ?? {id: 'sha256:1', digests: [`sha256:digest-of-${reference}`]});
	}

	async tag(reference: string, as: string) {
		this.tagged.push([reference, as]);
		const image = this.images.get(reference);
		if (image) this.images.set(as, image);
	}
}
