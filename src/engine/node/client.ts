/** The caller's side of a runtime that lives in a thread or a process of its own: requests out, replies in. */
import { OutOfMemoryError, UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { DeviceState, Feeds, ModelSession, Program, ProgramOptions, TensorSpec } from '../engine.ts';
import type { Answer, Envelope, LoadedSession, Reply, Request } from './protocol.ts';

/** A thread or a process to talk to. */
export interface Port<Code> {
  post(envelope: Envelope<Code>): void;
  /** Whether it keeps this process alive. */
  hold(on: boolean): void;
  /** End it at once. */
  end(): Promise<void>;
}

/** What a port tells. */
export interface PortListener {
  reply(reply: Reply): void;
  /** It is gone; nothing more will be answered. */
  gone(why: Error): void;
}

/** Requests and their answers, whatever order they come in; every request settles, also when the other side dies. */
export class RuntimeClient<Code> {
  readonly #port: Port<Code>;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #nextId = 0;
  #dead: Error | undefined;

  constructor(open: (listener: PortListener) => Port<Code>) {
    this.#port = open({
      reply: (reply) => this.#settle(reply),
      gone: (why) => this.#fail(why),
    });
    // Only pending work keeps the process alive.
    this.#port.hold(false);
  }

  ask<R extends Request<Code>>(request: R): Promise<Answer<R>> {
    return new Promise<Answer<R>>((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as Answer<R>), reject });
      this.#port.hold(true);
      try {
        this.#port.post({ id, request });
      } catch (error) {
        // What cannot be sent is never answered.
        this.#settle({ id, error: (error as Error).message, code: 'other' });
      }
    });
  }

  async loadModel(code: Code): Promise<RemoteModel> {
    return new RemoteModel(this, await this.ask({ kind: 'loadModel', code }));
  }

  async createState(tensors: ReadonlyMap<string, Tensor>): Promise<DeviceState> {
    return new RemoteState(this, await this.ask({ kind: 'createState', tensors }));
  }

  async loadProgram(
    code: Code,
    { state, bindings }: Pick<ProgramOptions, 'state' | 'bindings'>,
  ): Promise<Program> {
    if (!(state instanceof RemoteState) || state.client !== this) {
      throw new Error('internal: the state belongs to another engine');
    }
    return new RemoteProgram(this, await this.ask({ kind: 'loadProgram', code, state: state.id, bindings }));
  }

  /** Give something back; what is gone has nothing left. */
  async release(request: Extract<Request<Code>, { kind: 'disposeSession' | 'disposeState' }>): Promise<void> {
    if (!this.#dead) await this.ask(request);
  }

  async close(): Promise<void> {
    if (this.#dead) return;
    await this.ask({ kind: 'close' });
    this.#dead = new Error('the engine is closed');
    await this.#port.end();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    // Once it is ending, the port itself keeps the process alive until that is done.
    if (this.#waiting.size === 0 && !this.#dead) this.#port.hold(false);
    if ('error' in reply) waiting?.reject(errorOf(reply));
    else waiting?.resolve(reply.answer);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}

function errorOf({ error, code }: Extract<Reply, { error: string }>): Error {
  if (code === 'memory') return new OutOfMemoryError(error);
  return code === 'user' ? new UserError(error) : new Error(error);
}

type AnyClient = Pick<RuntimeClient<never>, 'ask' | 'release'>;

class RemoteModel implements ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #client: AnyClient;
  readonly #session: number;

  constructor(client: AnyClient, loaded: LoadedSession) {
    this.#client = client;
    ({ inputs: this.inputs, outputs: this.outputs } = loaded);
    this.#session = loaded.session;
  }

  run(feeds: Feeds, fetches?: readonly string[]): Promise<Record<string, Tensor>> {
    return this.#client.ask({ kind: 'runModel', session: this.#session, feeds, fetches });
  }

  dispose(): Promise<void> {
    return this.#client.release({ kind: 'disposeSession', session: this.#session });
  }
}

class RemoteState implements DeviceState {
  constructor(
    readonly client: AnyClient,
    readonly id: number,
  ) {}

  read(keys?: readonly string[]): Promise<Map<string, Tensor>> {
    return this.client.ask({ kind: 'readState', state: this.id, keys });
  }

  write(tensors: ReadonlyMap<string, Tensor>): Promise<void> {
    return this.client.ask({ kind: 'writeState', state: this.id, tensors });
  }

  dispose(): Promise<void> {
    return this.client.release({ kind: 'disposeState', state: this.id });
  }
}

class RemoteProgram implements Program {
  readonly #client: AnyClient;
  readonly #session: number;

  constructor(client: AnyClient, { session }: LoadedSession) {
    this.#client = client;
    this.#session = session;
  }

  run(feeds: Feeds): Promise<Record<string, Tensor>> {
    return this.#client.ask({ kind: 'runProgram', session: this.#session, feeds });
  }

  dispose(): Promise<void> {
    return this.#client.release({ kind: 'disposeSession', session: this.#session });
  }
}
