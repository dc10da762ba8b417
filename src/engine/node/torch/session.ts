/** A plan that is loaded: its constants on the device, its calls as closures. */
import { OutOfMemoryError } from '../../../errors.ts';
import type { DType, Shape, Tensor } from '../../../graph/tensor.ts';
import type { Call, Plan, Slot } from '../../../torch/plan.ts';
import type { StateBinding, TensorSpec } from '../../engine.ts';
import { checkFeeds } from '../feeds.ts';
import { compileCall, type Step } from './calls.ts';
import type { Handle, TorchLibrary } from './library.ts';
import { Recording } from './recording.ts';
import { download, duplicate, StaticInput, upload } from './transfer.ts';

/** Tensors that stay on the device, with their types on the host. */
export type StateStore = Map<
  string,
  { readonly handle: Handle; readonly dtype: DType; readonly shape: Shape }
>;

export interface SessionOptions {
  readonly program?: { readonly state: StateStore; readonly bindings: readonly StateBinding[] };
  /** Told of every call when it is done, with its time. */
  readonly onCall?: (call: Call, seconds: number) => void;
  /** Changes whenever a tensor was placed on the device that stays. */
  readonly placed: () => number;
}

export class TorchSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #library: TorchLibrary;
  readonly #plan: Plan;
  readonly #program: SessionOptions['program'];
  readonly #handles: BigUint64Array;
  readonly #scalars = new Map<string, number>();
  readonly #steps: readonly Step[];
  /** Slots of constants and what is computed from them, which every run leaves as they are. */
  readonly #fixed: ReadonlySet<Slot>;
  readonly #inputSlots: ReadonlySet<Slot>;
  /** Slots of the state's values, and their keys. */
  readonly #bound: readonly (readonly [slot: Slot, key: string])[];
  readonly #updates: readonly Update[];
  readonly #statics = new Map<string, StaticInput>();
  readonly #recording: Recording | undefined;
  /** The call at which a run is, for messages. */
  #at: number | undefined;

  constructor(library: TorchLibrary, plan: Plan, { program, onCall, placed }: SessionOptions) {
    this.#library = library;
    this.#plan = plan;
    this.#program = program;
    this.#handles = new BigUint64Array(plan.slots);
    const frame = { handles: this.#handles, scalar: (input: string) => this.#scalars.get(input)! };
    const fixed = new Set(plan.constants.map(({ slot }) => slot));
    for (const { slot, tensor } of plan.constants) this.#handles[slot] = upload(library, tensor);
    for (const call of plan.preparation) {
      compileCall(library, call, frame)();
      for (const slot of call.results) if (slot !== undefined) fixed.add(slot);
    }
    this.#fixed = fixed;
    this.#inputSlots = new Set(plan.inputs.map(({ slot }) => slot));
    const bound = new Set(program?.bindings.map(({ input }) => input));
    const keys = new Map(program?.bindings.map(({ key, input }) => [input, key]));
    this.#bound = plan.inputs.flatMap(({ name, slot }) => {
      const key = keys.get(name);
      return key === undefined ? [] : [[slot, key] as const];
    });
    this.#updates = updatesOf(plan, program?.bindings ?? []);
    this.inputs = plan.inputs.filter(({ name }) => !bound.has(name));
    this.outputs = plan.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
    this.#steps = plan.calls.map((call) => told(call, compileCall(library, call, frame), onCall));
    if (library.cuda && program && this.#updates.every(({ inPlace }) => inPlace)) {
      this.#recording = new Recording(library.cuda, placed);
      for (const { name, dtype, shape } of plan.inputs) {
        if (!bound.has(name)) this.#statics.set(name, new StaticInput(library, { dtype, shape }));
      }
    }
  }

  /** Why a GPU is sent this program call by call, where it cannot be recorded. */
  get note(): string | undefined {
    return this.#recording?.refused;
  }

  /** @param wanted names of the outputs to bring to the host; those that are no part of the state when left out */
  run(feeds: Record<string, Tensor>, wanted?: ReadonlySet<string>): Record<string, Tensor> {
    checkFeeds(feeds, this.inputs);
    const fed = new Set<Slot>();
    try {
      this.#feed(feeds, fed);
      this.#bindState();
      if (this.#recording) {
        this.#recording.run(
          () => this.#carryOut(),
          () => this.#letGo(),
        );
      } else this.#carryOut();
      const results = this.#fetch(wanted);
      this.#updateState();
      return results;
    } catch (error) {
      const at = this.#at;
      throw at === undefined ? error : explained(error as Error, this.#plan.calls[at].purpose);
    } finally {
      this.#at = undefined;
      for (const slot of fed) this.#library.drop(this.#handles[slot]);
      for (const slot of this.#inputSlots) this.#handles[slot] = 0n;
      if (!this.#recording?.holds) this.#letGo();
    }
  }

  dispose(): void {
    this.#recording?.destroy();
    this.#letGo();
    for (const input of this.#statics.values()) input.dispose();
    for (const slot of this.#fixed) this.#library.drop(this.#handles[slot]);
  }

  #feed(feeds: Record<string, Tensor>, fed: Set<Slot>): void {
    for (const { name, slot } of this.#plan.inputs) {
      const feed = feeds[name];
      if (!feed) continue;
      if (feed.shape.length === 0) this.#scalars.set(name, Number(feed.data[0]));
      const place = this.#statics.get(name);
      if (place) {
        place.write(feed);
        this.#handles[slot] = place.handle;
      } else {
        this.#handles[slot] = upload(this.#library, feed);
        fed.add(slot);
      }
    }
  }

  #bindState(): void {
    for (const [slot, key] of this.#bound) this.#handles[slot] = this.#program!.state.get(key)!.handle;
  }

  #carryOut(): void {
    for (let at = 0; at < this.#steps.length; at++) {
      this.#at = at;
      this.#steps[at]();
    }
    this.#at = undefined;
  }

  #fetch(wanted?: ReadonlySet<string>): Record<string, Tensor> {
    const kept = new Set(this.#program?.bindings.map(({ output }) => output));
    const results: Record<string, Tensor> = {};
    for (const { name, slot, dtype, shape } of this.#plan.outputs) {
      if (kept.has(name) || (wanted && !wanted.has(name))) continue;
      results[name] = download(this.#library, this.#handles[slot], dtype, shape);
    }
    return results;
  }

  /** Outputs that are not written over the state already take its places. */
  #updateState(): void {
    if (!this.#program) return;
    const { state } = this.#program;
    const taken = new Set<Slot>();
    const next = new Map<string, Handle>();
    for (const { key, slot, inPlace } of this.#updates) {
      if (inPlace) continue;
      const made = this.#handles[slot];
      // A copy, where the tensor goes on to live elsewhere.
      const lives = this.#fixed.has(slot) || this.#inputSlots.has(slot) || taken.has(slot);
      next.set(key, lives ? duplicate(this.#library, made) : this.#library.share(made));
      taken.add(slot);
    }
    // Only now, as one value's old tensor may be another's new one.
    for (const [key, handle] of next) {
      const held = state.get(key)!;
      this.#library.drop(held.handle);
      state.set(key, { ...held, handle });
    }
  }

  /** Drop what a run has left: its outputs, or after an error everything that was there. */
  #letGo(): void {
    for (let slot = 0; slot < this.#handles.length; slot++) {
      if (this.#handles[slot] === 0n || this.#fixed.has(slot) || this.#inputSlots.has(slot)) continue;
      this.#library.drop(this.#handles[slot]);
      this.#handles[slot] = 0n;
    }
  }
}

/** Where a new value of the state is, and whether it is written over the old one. */
interface Update {
  readonly key: string;
  readonly slot: Slot;
  readonly inPlace: boolean;
}

function updatesOf(plan: Plan, bindings: readonly StateBinding[]): Update[] {
  const slots = new Map(plan.outputs.map(({ name, slot }) => [name, slot]));
  const inputs = new Map(plan.inputs.map(({ name, slot }) => [name, slot]));
  return bindings.flatMap(({ key, input, output }) => {
    if (output === undefined) return [];
    const slot = slots.get(output)!;
    return [{ key, slot, inPlace: slot === inputs.get(input) }];
  });
}

function told(call: Call, step: Step, onCall: SessionOptions['onCall']): Step {
  if (!onCall) return step;
  return () => {
    const start = performance.now();
    step();
    onCall(call, (performance.now() - start) / 1000);
  };
}

/** What libtorch said, and for which part of the graph. */
function explained(error: Error, purpose: string): Error {
  const message = `libtorch failed at ${purpose}: ${error.message}`;
  return error instanceof OutOfMemoryError
    ? new OutOfMemoryError(message)
    : new Error(message, { cause: error });
}
