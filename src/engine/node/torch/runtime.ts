/** Carries out plans on libtorch. Lives in a process of its own: its calls block the thread that makes them. */
import { OutOfMemoryError } from '../../../errors.ts';
import type { DType, Tensor, TensorData } from '../../../graph/tensor.ts';
import { BYTES_PER_ELEMENT, formatShape, numElements } from '../../../graph/tensor.ts';
import type { Plan } from '../../../torch/plan.ts';
import type { StateBinding, TensorSpec } from '../../engine.ts';
import { checkFeeds } from '../feeds.ts';
import type { LoadedSession } from '../protocol.ts';
import type { Runtime } from '../serve.ts';
import { compileCall, type Frame, type Step } from './calls.ts';
import { type Handle, TorchLibrary } from './library.ts';

export interface TorchRuntimeOptions {
  /** Folder of libtorch's files. */
  readonly folder: string;
  readonly version: string;
  readonly device: 'cpu' | 'cuda';
  readonly gpu: number;
  readonly threads: number;
}

/** Tensors that stay on the device, with their types on the host. */
type StateStore = Map<
  string,
  { readonly handle: Handle; readonly dtype: DType; readonly shape: readonly number[] }
>;

interface Session {
  readonly plan: Plan;
  readonly inputs: readonly TensorSpec[];
  readonly frame: Frame & { readonly scalars: Map<string, number> };
  readonly steps: readonly Step[];
  /** Slots that a run leaves as they are. */
  readonly fixed: ReadonlySet<number>;
  readonly program?: { readonly state: StateStore; readonly bindings: readonly StateBinding[] };
}

const ARRAYS: { readonly [K in DType]: new (buffer: ArrayBuffer) => TensorData } = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
};

export class TorchRuntime implements Runtime<Plan> {
  readonly version: string;
  readonly #library: TorchLibrary;
  readonly #sessions = new Map<number, Session>();
  readonly #states = new Map<number, StateStore>();
  #nextId = 0;

  constructor({ folder, version, device, gpu, threads }: TorchRuntimeOptions) {
    this.version = version;
    this.#library = new TorchLibrary(folder, device, gpu);
    this.#library.setThreads(threads);
  }

  get runSeconds(): number {
    return this.#library.seconds;
  }

  /** Tensors of libtorch's that are held. */
  get liveHandles(): number {
    return this.#library.live;
  }

  load(plan: Plan, program?: { state: number; bindings: readonly StateBinding[] }): LoadedSession {
    const bound = program && { state: this.#state(program.state), bindings: program.bindings };
    const scalars = new Map<string, number>();
    const frame = {
      handles: new BigUint64Array(plan.slots),
      scalars,
      scalar: (input: string) => scalars.get(input)!,
    };
    const fixed = new Set(plan.constants.map(({ slot }) => slot));
    for (const { slot, tensor } of plan.constants) frame.handles[slot] = this.#upload(tensor);
    for (const call of plan.preparation) {
      compileCall(this.#library, call, frame)();
      for (const slot of call.results) if (slot !== undefined) fixed.add(slot);
    }
    const own = new Set(bound?.bindings.map(({ input }) => input));
    const session: Session = {
      plan,
      inputs: plan.inputs.filter(({ name }) => !own.has(name)),
      frame,
      steps: plan.calls.map((call) => compileCall(this.#library, call, frame)),
      fixed: new Set([...fixed, ...plan.inputs.map(({ slot }) => slot)]),
      program: bound,
    };
    this.#sessions.set(this.#nextId, session);
    const outputs = plan.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
    return { session: this.#nextId++, inputs: session.inputs, outputs };
  }

  run(id: number, feeds: Record<string, Tensor>, fetches?: readonly string[]): Record<string, Tensor> {
    return this.#carryOut(this.#session(id), feeds, fetches && new Set(fetches));
  }

  step(id: number, feeds: Record<string, Tensor>): Record<string, Tensor> {
    const session = this.#session(id);
    if (!session.program) throw new Error('internal: the session is no program');
    return this.#carryOut(session, feeds);
  }

  createState(tensors: ReadonlyMap<string, Tensor>): number {
    const store: StateStore = new Map();
    for (const [key, tensor] of tensors) {
      store.set(key, { handle: this.#upload(tensor), dtype: tensor.dtype, shape: tensor.shape });
    }
    this.#states.set(this.#nextId, store);
    return this.#nextId++;
  }

  readState(id: number, keys?: readonly string[]): Map<string, Tensor> {
    const state = this.#state(id);
    return new Map(
      [...(keys ?? state.keys())].map((key) => {
        const held = state.get(key);
        if (!held) throw new Error(`internal: the state has no "${key}"`);
        return [key, this.#download(held.handle, held.dtype, held.shape)];
      }),
    );
  }

  writeState(id: number, tensors: ReadonlyMap<string, Tensor>): void {
    const state = this.#state(id);
    for (const [key, tensor] of tensors) {
      const old = state.get(key);
      if (!old) throw new Error(`internal: the state has no "${key}"`);
      if (formatShape(old.shape) !== formatShape(tensor.shape) || old.dtype !== tensor.dtype) {
        throw new Error(
          `internal: "${key}" is ${old.dtype}${formatShape(old.shape)}, not ${tensor.dtype}${formatShape(tensor.shape)}`,
        );
      }
      const handle = this.#upload(tensor);
      this.#library.drop(old.handle);
      state.set(key, { ...old, handle });
    }
  }

  disposeState(id: number): void {
    for (const { handle } of this.#state(id).values()) this.#library.drop(handle);
    this.#states.delete(id);
  }

  disposeSession(id: number): void {
    const { plan, frame, fixed } = this.#session(id);
    const inputs = new Set(plan.inputs.map(({ slot }) => slot));
    for (const slot of fixed) if (!inputs.has(slot)) this.#library.drop(frame.handles[slot]);
    this.#sessions.delete(id);
  }

  close(): void {
    for (const id of [...this.#sessions.keys()]) this.disposeSession(id);
    for (const id of [...this.#states.keys()]) this.disposeState(id);
  }

  #carryOut(
    session: Session,
    feeds: Record<string, Tensor>,
    wanted?: ReadonlySet<string>,
  ): Record<string, Tensor> {
    checkFeeds(feeds, session.inputs);
    const { plan, frame, steps, program } = session;
    const { handles, scalars } = frame;
    const fed: number[] = [];
    let at: number | undefined;
    try {
      for (const { name, slot } of plan.inputs) {
        const feed = feeds[name];
        if (!feed) continue;
        handles[slot] = this.#upload(feed);
        fed.push(slot);
        if (feed.shape.length === 0) scalars.set(name, Number(feed.data[0]));
      }
      this.#bindState(session);
      for (at = 0; at < steps.length; at++) steps[at]();
      at = undefined;
      const results = this.#fetch(session, wanted);
      if (program) this.#updateState(session);
      return results;
    } catch (error) {
      throw at === undefined ? error : explained(error as Error, plan.calls[at].purpose);
    } finally {
      for (const slot of fed) {
        this.#library.drop(handles[slot]);
        handles[slot] = 0n;
      }
      this.#letGo(session);
    }
  }

  #bindState({ plan, frame, program }: Session): void {
    if (!program) return;
    const keys = new Map(program.bindings.map(({ key, input }) => [input, key]));
    for (const { name, slot } of plan.inputs) {
      const key = keys.get(name);
      if (key !== undefined) frame.handles[slot] = program.state.get(key)!.handle;
    }
  }

  #fetch({ plan, frame, program }: Session, wanted?: ReadonlySet<string>): Record<string, Tensor> {
    const kept = new Set(program?.bindings.map(({ output }) => output));
    const results: Record<string, Tensor> = {};
    for (const { name, slot, dtype, shape } of plan.outputs) {
      if (kept.has(name) || (wanted && !wanted.has(name))) continue;
      results[name] = this.#download(frame.handles[slot], dtype, shape);
    }
    return results;
  }

  /** Outputs that are not written over the state already take its places. */
  #updateState({ plan, frame, fixed, program }: Session): void {
    const { state, bindings } = program!;
    const slots = new Map(plan.outputs.map(({ name, slot }) => [name, slot]));
    const inputs = new Map(plan.inputs.map(({ name, slot }) => [name, slot]));
    const taken = new Set<number>();
    const next = new Map<string, Handle>();
    for (const { key, input, output } of bindings) {
      if (output === undefined) continue;
      const slot = slots.get(output)!;
      if (slot === inputs.get(input)) continue;
      const made = frame.handles[slot];
      // A copy, where the tensor goes on to live elsewhere.
      next.set(key, fixed.has(slot) || taken.has(slot) ? this.#clone(made) : this.#library.share(made));
      taken.add(slot);
    }
    // Only now, as one value's old tensor may be another's new one.
    for (const [key, handle] of next) {
      const held = state.get(key)!;
      this.#library.drop(held.handle);
      state.set(key, { ...held, handle });
    }
  }

  /** Whatever a run has left: its outputs, or after an error everything that was there. */
  #letGo({ plan, frame, fixed }: Session): void {
    const { handles } = frame;
    const inputs = new Set(plan.inputs.map(({ slot }) => slot));
    for (let slot = 0; slot < handles.length; slot++) {
      if (handles[slot] === 0n) continue;
      if (inputs.has(slot)) handles[slot] = 0n;
      else if (!fixed.has(slot)) {
        this.#library.drop(handles[slot]);
        handles[slot] = 0n;
      }
    }
  }

  /** A tensor of the device's own with these values; of images the channels lie innermost. */
  #upload({ data, dtype, shape }: Tensor): Handle {
    const lent = this.#library.borrow(data, dtype, shape);
    try {
      const own = this.#library.empty(shape, dtype, shape.length === 4 && dtype === 'float32');
      this.#library.copy(own, lent);
      return own;
    } finally {
      this.#library.drop(lent);
    }
  }

  #download(handle: Handle, dtype: DType, shape: readonly number[]): Tensor {
    const data = new ARRAYS[dtype](new ArrayBuffer(numElements(shape) * BYTES_PER_ELEMENT[dtype]));
    const lent = this.#library.borrow(data, dtype, shape);
    try {
      this.#library.copy(lent, handle);
      return { dtype, shape: [...shape], data };
    } finally {
      this.#library.drop(lent);
    }
  }

  /** A copy on the device. */
  #clone(handle: Handle): Handle {
    const tensor = this.#library.share(handle);
    this.#library.live--;
    return this.#library.dispatch('aten::clone', '', [tensor, 0n], 1)[0];
  }

  #session(id: number): Session {
    const found = this.#sessions.get(id);
    if (!found) throw new Error('internal: the session is disposed');
    return found;
  }

  #state(id: number): StateStore {
    const found = this.#states.get(id);
    if (!found) throw new Error('internal: the state is disposed');
    return found;
  }
}

/** What libtorch said, and for which part of the graph. */
function explained(error: Error, purpose: string): Error {
  const message = `libtorch failed at ${purpose}: ${error.message}`;
  return error instanceof OutOfMemoryError
    ? new OutOfMemoryError(message)
    : new Error(message, { cause: error });
}
