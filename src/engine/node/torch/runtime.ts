/** Carries out plans on libtorch. Lives in a process of its own: its calls block the thread that makes them. */
import type { Tensor } from '../../../graph/tensor.ts';
import { formatShape } from '../../../graph/tensor.ts';
import type { Call, Plan } from '../../../torch/plan.ts';
import type { StateBinding } from '../../engine.ts';
import type { LoadedSession } from '../protocol.ts';
import type { Runtime } from '../serve.ts';
import { TorchLibrary } from './library.ts';
import { type StateStore, TorchSession } from './session.ts';
import { download, overwrite, upload } from './transfer.ts';

export interface TorchRuntimeOptions {
  /** Folder of libtorch's files. */
  readonly folder: string;
  readonly version: string;
  readonly device: 'cpu' | 'cuda';
  readonly gpu: number;
  readonly threads: number;
  /** Told of every call when it is done, with its time: for finding out where a step spends it. */
  readonly onCall?: (call: Call, seconds: number) => void;
  /** Told what does not go as it should, and yet goes. */
  readonly onNote?: (note: string) => void;
}

export class TorchRuntime implements Runtime<Plan> {
  readonly version: string;
  readonly #library: TorchLibrary;
  readonly #options: TorchRuntimeOptions;
  readonly #sessions = new Map<number, TorchSession>();
  readonly #states = new Map<number, StateStore>();
  readonly #noted = new Set<string>();
  #nextId = 0;
  /** Tensors placed so far that stay. */
  #placed = 0;

  constructor(options: TorchRuntimeOptions) {
    const { folder, version, device, gpu, threads } = options;
    this.#options = options;
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
    const { onCall } = this.#options;
    this.#placed++;
    const session = new TorchSession(this.#library, plan, {
      program: bound,
      onCall,
      placed: () => this.#placed,
    });
    this.#sessions.set(this.#nextId, session);
    return { session: this.#nextId++, inputs: session.inputs, outputs: session.outputs };
  }

  run(id: number, feeds: Record<string, Tensor>, fetches?: readonly string[]): Record<string, Tensor> {
    return this.#session(id).run(feeds, fetches && new Set(fetches));
  }

  step(id: number, feeds: Record<string, Tensor>): Record<string, Tensor> {
    const session = this.#session(id);
    const results = session.run(feeds);
    const { note } = session;
    if (note !== undefined && !this.#noted.has(note)) {
      this.#noted.add(note);
      this.#options.onNote?.(
        `the step cannot be recorded as a CUDA graph, and is launched call by call (${note})`,
      );
    }
    return results;
  }

  createState(tensors: ReadonlyMap<string, Tensor>): number {
    const store: StateStore = new Map();
    this.#placed++;
    for (const [key, tensor] of tensors) {
      const { dtype, shape } = tensor;
      store.set(key, { handle: upload(this.#library, tensor), dtype, shape });
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
        return [key, download(this.#library, held.handle, held.dtype, held.shape)];
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
      overwrite(this.#library, old.handle, tensor);
    }
  }

  disposeState(id: number): void {
    for (const { handle } of this.#state(id).values()) this.#library.drop(handle);
    this.#states.delete(id);
  }

  disposeSession(id: number): void {
    this.#session(id).dispose();
    this.#sessions.delete(id);
  }

  close(): void {
    for (const id of [...this.#sessions.keys()]) this.disposeSession(id);
    for (const id of [...this.#states.keys()]) this.disposeState(id);
  }

  #session(id: number): TorchSession {
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
