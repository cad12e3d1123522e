import {type Kind, Material} from './museum.js';
import {randomOf} from './random.js';
import {type Fault, makeReference, type Reference, type Result, type Slot, tryFault} from './trial.js';

/** Ports of one installation for each that may be at work at the same time. */
const slots: readonly Slot[] = Array.from({length: 6}, (_, index) => ({http: 18100 + index, https: 18200 + index}));

/** What trials share: what is installed, and the undisturbed installations that the others are compared with. */
export class Laboratory {
	private readonly material = new Material();
	private readonly references = new Map<Kind, Reference>();

	constructor(private readonly seed: number) {}

	/** Makes the undisturbed installations of these kinds. */
	async begin(kinds: Iterable<Kind>) {
		await this.material.make();
		await Promise.all(
			[...new Set(kinds)].map(async (kind, index) =>
				this.references.set(kind, await makeReference(slots[index]!, this.material, kind)),
			),
		);
	}

	/**
	 * Tries faults, `jobs` at a time; those that must be alone come last. Those with a registry of their own come first,
	 * because there is one of them at a time; the others as chance has it, so that a run that is broken off has seen some
	 * of each kind. Results come as they are ready.
	 */
	async *tryAll(faults: readonly Fault[], jobs: number): AsyncGenerator<Result> {
		yield* this.pool(
			faults.filter(({alone}) => !alone),
			jobs,
		);
		yield* this.pool(
			faults.filter(({alone}) => alone),
			1,
		);
	}

	end() {
		this.material.remove();
	}

	private async *pool(faults: readonly Fault[], jobs: number): AsyncGenerator<Result> {
		const rank = ({name, registry}: Fault) => (registry ? 0 : 1) + randomOf(`order ${this.seed} ${name}`)();
		const waiting = [...faults].sort((a, b) => rank(a) - rank(b));
		const free = slots.slice(0, jobs);
		const running = new Map<Slot, {fault: Fault; result: Promise<{slot: Slot; result: Result}>}>();
		while (waiting.length > 0 || running.size > 0) {
			while (free.length > 0) {
				const isBusy = [...running.values()].some(({fault}) => fault.registry);
				const index = waiting.findIndex(({registry}) => !(registry && isBusy));
				if (index < 0) break;
				const [fault] = waiting.splice(index, 1);
				const slot = free.shift()!;
				const {seed, material} = this;
				const result = tryFault(fault!, {seed, slot, material, reference: this.references.get(fault!.start)!});
				running.set(slot, {fault: fault!, result: result.then(done => ({slot, result: done}))});
			}
			const {slot, result} = await Promise.race([...running.values()].map(one => one.result));
			running.delete(slot);
			free.push(slot);
			yield result;
		}
	}
}
