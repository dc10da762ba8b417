import type { DType, Tensor } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';

/** What computes: ONNX Runtime, which is always there, or the libtorch of an installed PyTorch. */
export const ENGINES = ['onnxruntime', 'torch'] as const;
export type EngineName = (typeof ENGINES)[number];

/**
 * What convolutions and activations are computed in. Weights, the batch norms' statistics, the loss and the optimiser are
 * float32 in any case, as under PyTorch's autocast.
 */
export const PRECISIONS = ['float32', 'bfloat16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Where a graph is computed. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

/** Name, element type and axes of a model's input or output; a free axis has a name. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

export type Feeds = Readonly<Record<string, Tensor>>;

/** A loaded model: named tensors in, named tensors out. */
export interface ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /**
   * Run the model once. Rejects, naming input, expectation and finding, when the feeds do not fit.
   *
   * @param fetches names of the outputs wanted; all when left out
   */
  run(feeds: Feeds, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** One value that lives on the device between runs: read as `input`, replaced by `output`. */
export interface StateBinding {
  readonly key: string;
  readonly input: string;
  /** Left out where a program only reads the value. */
  readonly output?: string;
}

/** Tensors that stay on the device between runs, by key. */
export interface DeviceState {
  /** Copy all tensors, or those named, to the host. */
  read(keys?: readonly string[]): Promise<Map<string, Tensor>>;
  /** Replace tensors; keys, types and shapes must be those it was made with. */
  write(tensors: ReadonlyMap<string, Tensor>): Promise<void>;
  dispose(): Promise<void>;
}

/** A compiled graph bound to a state. */
export interface Program {
  /** Run once; returns the outputs that are not part of the state. */
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface ProgramOptions {
  readonly state: DeviceState;
  readonly bindings: readonly StateBinding[];
  /** What the graph does, for messages and traces. */
  readonly name: string;
}

/** Values of one graph by the names under which they are wanted. */
export type GraphOutputs = ReadonlyMap<string, Value>;

/** A graph for any number of images: `build(n)` makes it for batches of n, and differs from `build(m)` in nothing else. */
export type BatchGraph = (count: number) => GraphOutputs;

/** Which engine, and where and how it computes. */
export interface EngineOptions {
  /** Default: ONNX Runtime. */
  readonly engine?: EngineName;
  readonly device: Device;
  /** Threads that compute; one a core when left out. */
  readonly threads?: number;
  /** Default: float32. Another one needs the torch engine. */
  readonly precision?: Precision;
  /** Which of several NVIDIA GPUs, counted from 0; the torch engine's. */
  readonly gpu?: number;
  /** Let NVIDIA's matrix units round float32 operands to 10 bits (TF32), as PyTorch's `allow_tf32`. Default: no. */
  readonly tf32?: boolean;
  /** Where libtorch is: a Python environment, a site-packages folder, the `torch` in it, or an unpacked libtorch. */
  readonly torch?: string;
}

/** What one device and its thread pool offer. Everything else in the project runs graphs through this. */
export interface Engine {
  readonly name: EngineName;
  /** Of ONNX Runtime or PyTorch. */
  readonly version: string;
  readonly device: Device;
  readonly threads: number;
  readonly precision: Precision;
  /** Compile a graph without any state. Inputs and outputs have its shapes. */
  loadGraph(outputs: GraphOutputs, options: { readonly name: string }): Promise<ModelSession>;
  /** Compile a graph for inference on batches of any length. */
  loadNetwork(build: BatchGraph, options: { readonly name: string }): Promise<ModelSession>;
  createState(tensors: ReadonlyMap<string, Tensor>): Promise<DeviceState>;
  /** Compile a graph whose bound inputs and outputs are kept in a state. */
  loadProgram(outputs: GraphOutputs, options: ProgramOptions): Promise<Program>;
  /** Seconds spent in the runtime's own kernels since the engine was made; the rest of a run is ours. */
  runSeconds(): Promise<number>;
  close(): Promise<void>;
}

/** What a model of somebody else's may take of the machine. */
export interface ModelLimits {
  /** How messages name the model. */
  readonly model: string;
  /** Seconds in which it must be loaded, and again in which it must give its first answer; later ones by their images. */
  readonly seconds: number;
  /** Memory of the process that it runs in, in bytes. */
  readonly bytes: number;
}

/** The engine that also runs models of other makers. */
export interface OnnxEngine extends Engine {
  readonly name: 'onnxruntime';
  /** Within which models are run, where they are somebody else's. */
  readonly limits?: ModelLimits;
  /** Load an ONNX model for inference. */
  loadModel(bytes: Uint8Array): Promise<ModelSession>;
}
