/** Messages between an engine and the thread or process in which its runtime lives. */
import type { Tensor } from '../../graph/tensor.ts';
import type { StateBinding, TensorSpec } from '../engine.ts';

/**
 * What every runtime is asked.
 *
 * @typeParam Code what a compiled graph is written in: the bytes of an ONNX model, or a list of libtorch's calls
 */
export type Request<Code> =
  | { readonly kind: 'describe' }
  | { readonly kind: 'loadModel'; readonly code: Code }
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
      readonly code: Code;
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
  /** Version of the runtime. */
  describe: string;
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

export type Answer<R extends Request<unknown>> = Answers[R['kind']];

export interface Envelope<Code> {
  readonly id: number;
  readonly request: Request<Code>;
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string; readonly code: ErrorCode };

/** What kind of error a runtime met: one that the user can mend, want of memory, or another. */
export type ErrorCode = 'user' | 'memory' | 'other';
