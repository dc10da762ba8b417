/** The runtime's side: requests are carried out one at a time, in order, as a device runs one graph at a time anyway. */
import { OutOfMemoryError, UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { explainError } from '../../system-errors.ts';
import type { StateBinding } from '../engine.ts';
import type { Envelope, ErrorCode, LoadedSession, Reply, Request } from './protocol.ts';

type Awaitable<T> = T | Promise<T>;

/** What loads and runs compiled graphs. */
export interface Runtime<Code> {
  readonly version: string;
  /** Seconds spent in kernels so far. */
  readonly runSeconds: number;
  load(
    code: Code,
    program?: { readonly state: number; readonly bindings: readonly StateBinding[] },
  ): Awaitable<LoadedSession>;
  /** Run a model on host tensors. */
  run(
    session: number,
    feeds: Record<string, Tensor>,
    fetches?: readonly string[],
  ): Awaitable<Record<string, Tensor>>;
  /** Run a program: state in, state out, the rest to the host. */
  step(session: number, feeds: Record<string, Tensor>): Awaitable<Record<string, Tensor>>;
  createState(tensors: ReadonlyMap<string, Tensor>): number;
  readState(state: number, keys?: readonly string[]): Awaitable<Map<string, Tensor>>;
  writeState(state: number, tensors: ReadonlyMap<string, Tensor>): void;
  disposeState(state: number): Awaitable<void>;
  disposeSession(session: number): Awaitable<void>;
  close(): Awaitable<void>;
}

async function handle<Code>(runtime: Runtime<Code>, request: Request<Code>): Promise<unknown> {
  switch (request.kind) {
    case 'describe':
      return runtime.version;
    case 'loadModel':
      return runtime.load(request.code);
    case 'loadProgram':
      return runtime.load(request.code, request);
    case 'runModel':
      return runtime.run(request.session, request.feeds, request.fetches);
    case 'runProgram':
      return runtime.step(request.session, request.feeds);
    case 'disposeSession':
      return runtime.disposeSession(request.session);
    case 'createState':
      return runtime.createState(request.tensors);
    case 'readState':
      return runtime.readState(request.state, request.keys);
    case 'writeState':
      return runtime.writeState(request.state, request.tensors);
    case 'disposeState':
      return runtime.disposeState(request.state);
    case 'runSeconds':
      return runtime.runSeconds;
    case 'close':
      return runtime.close();
  }
}

/**
 * Answer what is asked.
 *
 * @param start makes the runtime at the first request; what it throws answers every request
 * @param post sends a reply
 * @returns what takes a message; its promise is fulfilled when that message is answered
 */
export function serve<Code>(
  start: () => Awaitable<Runtime<Code>>,
  post: (reply: Reply) => void,
): (envelope: Envelope<Code>) => Promise<void> {
  let runtime: Runtime<Code> | undefined;
  let queue = Promise.resolve();
  return ({ id, request }) => {
    queue = queue.then(async () => {
      let reply: Reply;
      try {
        if (request.kind !== 'close') runtime ??= await start();
        reply = { id, answer: runtime && (await handle(runtime, request)) };
      } catch (error) {
        reply = failureOf(id, explainError(error));
      }
      post(reply);
    });
    return queue;
  };
}

function failureOf(id: number, error: unknown): Reply {
  return { id, error: (error as Error).message, code: codeOf(error) };
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof OutOfMemoryError) return 'memory';
  return error instanceof UserError ? 'user' : 'other';
}
