/** Messages between an engine and its worker thread. */
import type { Tensor } from '../../graph/tensor.ts';
import type { Device, StateBinding, TensorSpec } from '../engine.ts';

/** What the thread is started with. */
export interface EngineOptions {
  readonly device: Device;
  /** Threads of ONNX Runtime's pool. */
  readonly threads: number;
  /** Refuse to load a graph of which any node would run on the CPU instead of the device. */
  readonly strict?: boolean;
  /** Where to write a trace of every node's time, one file a session. */
  readonly profile?: string;
}

export type Request =
  | { readonly kind: 'loadModel'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'runModel';
      readonly session: number;
      readonly feeds: Record<string, Tensor>;
      readonly fetches: readonly string[] | undefined;
    }
  | { readonly kind: 'disposeSession'; readonly session: number }
  | { readonly kind: 'createState'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'readState'; readonly state: number; readonly keys: readonly string[] | undefined }
  | { readonly kind: 'writeState'; readonly state: number; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'disposeState'; readonly state: number }
  | {
      readonly kind: 'loadProgram';
      readonly bytes: Uint8Array;
      readonly state: number;
      readonly bindings: readonly StateBinding[];
    }
  | { readonly kind: 'runProgram'; readonly session: number; readonly feeds: Record<string, Tensor> }
  | { readonly kind: 'runSeconds' }
  | { readonly kind: 'close' };

export interface LoadedSession {
  readonly session: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** What each request is answered with. */
export interface Answers {
  loadModel: LoadedSession;
  runModel: Record<string, Tensor>;
  disposeSession: undefined;
  createState: number;
  readState: Map<string, Tensor>;
  writeState: undefined;
  disposeState: undefined;
  loadProgram: LoadedSession;
  runProgram: Record<string, Tensor>;
  runSeconds: number;
  close: undefined;
}

export interface Envelope {
  readonly id: number;
  readonly request: Request;
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string; readonly user: boolean };
