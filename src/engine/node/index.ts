import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type {
  Device,
  DeviceState,
  Engine,
  Feeds,
  ModelSession,
  Program,
  ProgramOptions,
  TensorSpec,
} from '../engine.ts';
import type { Answers, EngineOptions, Envelope, LoadedSession, Reply, Request } from './protocol.ts';
import { silenceTelemetry } from './telemetry.ts';
import { spawnWorker } from './worker-threads.ts';

export type { EngineOptions } from './protocol.ts';

type Answer<R extends Request> = Answers[R['kind']];
type Ask = <R extends Request>(request: R) => Promise<Answer<R>>;

/**
 * Start ONNX Runtime on a worker thread of its own, so that no run ever blocks the caller.
 *
 * @throws UserError on the first graph, when the device's provider is missing
 */
export async function createEngine(
  options: Partial<EngineOptions> & { readonly device: Device },
): Promise<Engine> {
  silenceTelemetry();
  const threads = options.threads ?? availableParallelism();
  return new ThreadEngine({ ...options, threads });
}

class ThreadEngine implements Engine {
  readonly device: Device;
  readonly threads: number;
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve(answer: unknown): void; reject(error: Error): void }
  >();
  private nextId = 0;
  private dead: Error | undefined;

  constructor(options: EngineOptions) {
    this.device = options.device;
    this.threads = options.threads;
    this.worker = spawnWorker(new URL('./engine-worker.ts', import.meta.url), options);
    this.worker.on('message', (reply: Reply) => this.settle(reply));
    this.worker.on('error', (error) => this.fail(error as Error));
    this.worker.on('exit', () => this.fail(new Error('the engine is closed')));
    // Only pending work keeps the process alive.
    this.worker.unref();
  }

  async loadModel(bytes: Uint8Array): Promise<ModelSession> {
    return new ThreadModel(this.ask, await this.ask({ kind: 'loadModel', bytes }));
  }

  async createState(tensors: ReadonlyMap<string, Tensor>): Promise<DeviceState> {
    return new ThreadState(this.ask, await this.ask({ kind: 'createState', tensors }));
  }

  async loadProgram(bytes: Uint8Array, { state, bindings }: ProgramOptions): Promise<Program> {
    if (!(state instanceof ThreadState)) throw new Error('internal: the state belongs to another engine');
    return new ThreadProgram(
      this.ask,
      await this.ask({ kind: 'loadProgram', bytes, state: state.id, bindings }),
    );
  }

  runSeconds(): Promise<number> {
    return this.ask({ kind: 'runSeconds' });
  }

  async close(): Promise<void> {
    if (this.dead) return;
    await this.ask({ kind: 'close' });
    await this.worker.terminate();
  }

  private readonly ask: Ask = <R extends Request>(request: R) =>
    new Promise<Answer<R>>((resolve, reject) => {
      if (this.dead) return reject(this.dead);
      const id = this.nextId++;
      this.waiting.set(id, { resolve: (answer) => resolve(answer as Answer<R>), reject });
      this.worker.ref();
      this.worker.postMessage({ id, request } satisfies Envelope);
    });

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (this.waiting.size === 0) this.worker.unref();
    if ('error' in reply) waiting?.reject(reply.user ? new UserError(reply.error) : new Error(reply.error));
    else waiting?.resolve(reply.answer);
  }

  private fail(error: Error): void {
    this.dead ??= error;
    for (const { reject } of this.waiting.values()) reject(this.dead);
    this.waiting.clear();
  }
}

class ThreadModel implements ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  private readonly session: number;

  constructor(
    private readonly ask: Ask,
    loaded: LoadedSession,
  ) {
    ({ session: this.session, inputs: this.inputs, outputs: this.outputs } = loaded);
  }

  run(feeds: Feeds, fetches?: readonly string[]): Promise<Record<string, Tensor>> {
    return this.ask({ kind: 'runModel', session: this.session, feeds, fetches });
  }

  dispose(): Promise<void> {
    return this.ask({ kind: 'disposeSession', session: this.session });
  }
}

class ThreadState implements DeviceState {
  constructor(
    private readonly ask: Ask,
    readonly id: number,
  ) {}

  read(keys?: readonly string[]): Promise<Map<string, Tensor>> {
    return this.ask({ kind: 'readState', state: this.id, keys });
  }

  write(tensors: ReadonlyMap<string, Tensor>): Promise<void> {
    return this.ask({ kind: 'writeState', state: this.id, tensors });
  }

  dispose(): Promise<void> {
    return this.ask({ kind: 'disposeState', state: this.id });
  }
}

class ThreadProgram implements Program {
  private readonly session: number;

  constructor(
    private readonly ask: Ask,
    loaded: LoadedSession,
  ) {
    this.session = loaded.session;
  }

  run(feeds: Feeds): Promise<Record<string, Tensor>> {
    return this.ask({ kind: 'runProgram', session: this.session, feeds });
  }

  dispose(): Promise<void> {
    return this.ask({ kind: 'disposeSession', session: this.session });
  }
}
