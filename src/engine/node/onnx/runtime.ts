/**
 * The one module that talks to ONNX Runtime. It runs inside the engine's worker thread, because
 * `run()` blocks the thread that calls it.
 */
import type * as Ort from 'onnxruntime-common';
import { UserError } from '../../../errors.ts';
import { Graph } from '../../../graph/graph.ts';
import type { Tensor, TensorData } from '../../../graph/tensor.ts';
import { formatShape } from '../../../graph/tensor.ts';
import type { Value } from '../../../graph/value.ts';
import { lowerGraph } from '../../../onnx/lower/index.ts';
import { decodeModel, encodeModel } from '../../../onnx/model.ts';
import { splitWrongConvolutions } from '../../../onnx/webgpu-convolution.ts';
import type { Device, StateBinding, TensorSpec } from '../../engine.ts';
import { checkFeeds } from '../feeds.ts';
import type { LoadedSession } from '../protocol.ts';
import type { Runtime } from '../serve.ts';
import { type LoadedOrt, loadOrt } from './ort.ts';

/** What the thread is started with; see {@link OnnxEngineOptions}. */
export interface OnnxOptions {
  readonly device: Device;
  readonly threads: number;
  readonly strict?: boolean;
  readonly profile?: string;
}

interface Session {
  readonly session: Ort.InferenceSession;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly program?: { readonly state: StateStore; readonly bindings: readonly StateBinding[] };
}

/**
 * Tensors that stay on the device. On the CPU each has a spare buffer of its size: a run writes the
 * new value there and the two change places, so that steps allocate nothing.
 */
interface StateStore {
  readonly values: Map<string, Ort.Tensor>;
  readonly spares: Map<string, Ort.Tensor>;
  /**
   * Disposed programs whose outputs may still be the state's values. A GPU buffer belongs to the
   * session that made it: released before its buffers, ONNX Runtime 1.30 aborts the process.
   */
  readonly retired: Ort.InferenceSession[];
}

const HOW_TO_GET: Readonly<Record<string, string>> = {
  cuda:
    'Install it on Linux x64 with: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node ' +
    '(needs CUDA 12 and cuDNN 9), or use --device webgpu or --device cpu.',
  webgpu:
    'It needs a Vulkan, Metal or Direct3D 12 driver; without a GPU, SwiftShader serves (see `pushpull doctor`). ' +
    'Or use --device cpu.',
};

export class OnnxRuntime implements Runtime<Uint8Array> {
  readonly version: string;
  /** Seconds spent inside ONNX Runtime's `run` so far. */
  runSeconds = 0;
  private readonly options: OnnxOptions;
  private readonly loaded: LoadedOrt;
  private readonly sessions = new Map<number, Session>();
  private readonly states = new Map<number, StateStore>();
  private nextId = 0;

  private constructor(options: OnnxOptions, loaded: LoadedOrt) {
    this.options = options;
    this.loaded = loaded;
    this.version = loaded.version;
  }

  /** @throws UserError where the native library is there and does not load */
  static async start(options: OnnxOptions): Promise<OnnxRuntime> {
    return new OnnxRuntime(options, await loadOrt(options.threads));
  }

  private get ort(): typeof Ort {
    return this.loaded.ort;
  }

  async load(
    bytes: Uint8Array,
    program?: { state: number; bindings: readonly StateBinding[] },
  ): Promise<LoadedSession> {
    const bound = program && { state: this.state(program.state), bindings: program.bindings };
    const onDevice = new Set(program?.bindings.flatMap(({ output }) => output ?? []));
    const session = await this.createSession(this.adapted(bytes), {
      onDevice: [...onDevice],
      trained: !!program,
    });
    const id = this.nextId++;
    const inputs = session.inputMetadata.map(spec);
    const outputs = session.outputMetadata.map(spec);
    this.sessions.set(id, { session, inputs, outputs, program: bound });
    return { session: id, inputs, outputs };
  }

  /** Run a model on host tensors. */
  async run(
    id: number,
    feeds: Record<string, Tensor>,
    fetches?: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const { session, inputs } = this.session(id);
    checkFeeds(feeds, inputs);
    const hosted = mapValues(feeds, (tensor) => hostTensor(this.ort, tensor));
    const results = await this.timed(() =>
      fetches ? session.run(hosted, [...fetches]) : session.run(hosted),
    );
    return mapValues(results, (tensor) => plainTensor(tensor));
  }

  /** Run a program: state in, state out, the rest to the host. */
  async step(id: number, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const { session, inputs, outputs, program } = this.session(id);
    if (!program) throw new Error('internal: the session is no program');
    const { state, bindings } = program;
    const bound = new Set(bindings.map(({ input }) => input));
    checkFeeds(
      feeds,
      inputs.filter(({ name }) => !bound.has(name)),
    );
    const allFeeds: Record<string, Ort.Tensor> = mapValues(feeds, (tensor) => hostTensor(this.ort, tensor));
    const allFetches: Record<string, Ort.Tensor | null> = {};
    for (const { name } of outputs) allFetches[name] = null;
    for (const { key, input, output } of bindings) {
      allFeeds[input] = state.values.get(key)!;
      if (output) allFetches[output] = state.spares.get(key) ?? null;
    }
    const results = await this.timed(() => session.run(allFeeds, allFetches));
    const fetched: Record<string, Tensor> = {};
    const written = new Set<string>();
    for (const { key, output } of bindings) {
      if (!output) continue;
      written.add(output);
      const old = state.values.get(key)!;
      state.values.set(key, results[output]);
      if (state.spares.has(key)) state.spares.set(key, old);
      else old.dispose();
    }
    for (const [name, tensor] of Object.entries(results)) {
      if (!written.has(name)) fetched[name] = plainTensor(tensor);
    }
    return fetched;
  }

  createState(tensors: ReadonlyMap<string, Tensor>): number {
    const store: StateStore = { values: new Map(), spares: new Map(), retired: [] };
    for (const [key, tensor] of tensors) {
      store.values.set(key, ownTensor(this.ort, tensor));
      // Where outputs stay on the device, each run makes them anew and the old ones are released. WebAssembly has a memory
      // of its own, out of which results are copied anyway.
      if (this.options.device === 'cpu' && !this.loaded.isWasm)
        store.spares.set(key, ownTensor(this.ort, tensor));
    }
    this.states.set(this.nextId, store);
    return this.nextId++;
  }

  /** Copies of a state's tensors on the host. */
  async readState(id: number, keys?: readonly string[]): Promise<Map<string, Tensor>> {
    const { values } = this.state(id);
    const wanted = [...(keys ?? values.keys())].map((key) => {
      const tensor = values.get(key);
      if (!tensor) throw new Error(`internal: the state has no "${key}"`);
      return [key, tensor] as const;
    });
    const fetched = await this.download(new Map(wanted.filter(([, tensor]) => tensor.location !== 'cpu')));
    // A message copies what it carries, so the live buffers are safe to send.
    return new Map(wanted.map(([key, tensor]) => [key, fetched.get(key) ?? plainTensor(tensor)]));
  }

  /**
   * Fetch tensors from the device by running a graph that hands them on: in Node, asking a GPU tensor
   * for its data aborts the process (ONNX Runtime 1.30).
   */
  private async download(tensors: ReadonlyMap<string, Ort.Tensor>): Promise<Map<string, Tensor>> {
    if (tensors.size === 0) return new Map();
    const graph = new Graph();
    const outputs = new Map<string, Value>();
    const feeds: Record<string, Ort.Tensor> = {};
    for (const [key, tensor] of tensors) {
      outputs.set(`host/${key}`, graph.input(key, tensor.type as Tensor['dtype'], [...tensor.dims]));
      feeds[key] = tensor;
    }
    const { device } = this.options;
    const bytes = encodeModel(lowerGraph(outputs, { target: { device }, name: 'download' }));
    const session = await this.createSession(bytes, { onDevice: [], trained: false });
    try {
      const results = await session.run(feeds);
      return new Map([...tensors.keys()].map((key) => [key, plainTensor(results[`host/${key}`])]));
    } finally {
      await session.release();
    }
  }

  writeState(id: number, tensors: ReadonlyMap<string, Tensor>): void {
    const { values } = this.state(id);
    for (const [key, tensor] of tensors) {
      const old = values.get(key);
      if (!old) throw new Error(`internal: the state has no "${key}"`);
      if (formatShape(old.dims) !== formatShape(tensor.shape) || old.type !== tensor.dtype) {
        throw new Error(
          `internal: "${key}" is ${old.type}${formatShape(old.dims)}, not ${tensor.dtype}${formatShape(tensor.shape)}`,
        );
      }
      old.dispose();
      values.set(key, ownTensor(this.ort, tensor));
    }
  }

  async disposeState(id: number): Promise<void> {
    const { values, spares, retired } = this.state(id);
    for (const tensor of [...values.values(), ...spares.values()]) tensor.dispose();
    this.states.delete(id);
    for (const session of retired) await session.release();
  }

  async disposeSession(id: number): Promise<void> {
    const { session, program } = this.session(id);
    if (this.options.profile) session.endProfiling();
    this.sessions.delete(id);
    if (program && this.options.device !== 'cpu') program.state.retired.push(session);
    else await session.release();
  }

  async close(): Promise<void> {
    for (const id of [...this.sessions.keys()]) await this.disposeSession(id);
    for (const id of [...this.states.keys()]) await this.disposeState(id);
  }

  /** @param how which outputs stay on the device, and whether the weights are inputs that change from run to run */
  private async createSession(
    bytes: Uint8Array,
    { onDevice, trained }: { readonly onDevice: readonly string[]; readonly trained: boolean },
  ): Promise<Ort.InferenceSession> {
    const { device, threads, strict, profile } = this.options;
    requireProvider(device, this.loaded);
    const options: Ort.InferenceSession.SessionOptions = {
      executionProviders: [this.loaded.isWasm ? 'wasm' : device],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // From the second run on, patterns take one block for everything beside the arena that the first run filled:
      // twice the memory, and no faster.
      enableMemPattern: false,
      // Optimisations are about constant weights. Where the weights are inputs they find nothing on the CPU, and take
      // ten times as long as the rest of loading a large network.
      graphOptimizationLevel: trained && device === 'cpu' ? 'disabled' : 'all',
      // What fails is thrown, and told once by whoever catches it.
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: strict && device !== 'cpu' ? '1' : '0' } },
    };
    if (profile) Object.assign(options, { enableProfiling: true, profileFilePrefix: profile });
    if (device === 'webgpu') {
      options.preferredOutputLocation = Object.fromEntries(
        onDevice.map((name) => [name, 'gpu-buffer'] as const),
      );
    }
    try {
      return await this.ort.InferenceSession.create(bytes, options);
    } catch (error) {
      const reason = (error as Error).message;
      if (
        /Failed to get a WebGPU|no (suitable )?adapter|wgpu::RequestAdapter|CUDA.*(driver|version|device)|load shared library/i.test(
          reason,
        )
      ) {
        throw new UserError(
          `--device ${device}: no usable device was found (${reason}). ${HOW_TO_GET[device] ?? ''}`,
        );
      }
      throw error;
    }
  }

  /** The model in a form that the device computes rightly. */
  private adapted(bytes: Uint8Array): Uint8Array {
    if (this.options.device !== 'webgpu') return bytes;
    const changed = splitWrongConvolutions(decodeModel(bytes, 'the model'));
    return changed ? encodeModel(changed) : bytes;
  }

  private async timed<T>(run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const results = await run();
    this.runSeconds += (performance.now() - start) / 1000;
    return results;
  }

  private session(id: number): Session {
    const found = this.sessions.get(id);
    if (!found) throw new Error('internal: the session is disposed');
    return found;
  }

  private state(id: number): StateStore {
    const found = this.states.get(id);
    if (!found) throw new Error('internal: the state is disposed');
    return found;
  }
}

function requireProvider(device: string, { providers, isWasm }: LoadedOrt): void {
  if (providers.includes(device)) return;
  if (isWasm) {
    throw new UserError(
      `--device ${device}: expected ONNX Runtime's native library, found its WebAssembly build, which has the CPU only; ` +
        "'pushpull doctor' says why, and the cure. Or use --device cpu.",
    );
  }
  throw new UserError(
    `--device ${device}: expected the ONNX Runtime provider "${device}", found only ${providers.join(', ')}. ${HOW_TO_GET[device] ?? ''}`,
  );
}

function spec(metadata: Ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'float32', shape: ['not a tensor'] };
  return { name: metadata.name, dtype: metadata.type as Tensor['dtype'], shape: metadata.shape };
}

/** ONNX Runtime's binding reads plain buffers only, so shared memory is copied once here. */
function hostTensor(ort: typeof Ort, { dtype, data, shape }: Tensor): Ort.Tensor {
  const plain = data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
  return new ort.Tensor(dtype as 'float32', plain as Float32Array, shape);
}

/** A tensor with a buffer of its own, which the store may hand out for writing. */
function ownTensor(ort: typeof Ort, { dtype, data, shape }: Tensor): Ort.Tensor {
  return new ort.Tensor(dtype as 'float32', data.slice() as Float32Array, shape);
}

function plainTensor(tensor: Ort.Tensor): Tensor {
  return { dtype: tensor.type as Tensor['dtype'], shape: [...tensor.dims], data: tensor.data as TensorData };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
