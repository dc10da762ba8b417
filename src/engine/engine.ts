import type { DType, Tensor } from '../graph/tensor.ts';

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
}

/** What one device and its thread pool offer. Everything else in the project runs graphs through this. */
export interface Engine {
  readonly device: Device;
  readonly threads: number;
  /** Load an ONNX model for inference. */
  loadModel(bytes: Uint8Array): Promise<ModelSession>;
  createState(tensors: ReadonlyMap<string, Tensor>): Promise<DeviceState>;
  /** Load an ONNX graph whose bound inputs and outputs are kept in a state. */
  loadProgram(bytes: Uint8Array, options: ProgramOptions): Promise<Program>;
  /** Seconds spent in the runtime's own `run` since the engine was made; the rest of a run is ours. */
  runSeconds(): Promise<number>;
  close(): Promise<void>;
}
