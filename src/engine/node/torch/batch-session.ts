import type { Tensor } from '../../../graph/tensor.ts';
import type { BatchGraph, Feeds, GraphOutputs, ModelSession, TensorSpec } from '../../engine.ts';

/** Sessions that are kept: one for full batches, one for the last of a set. */
const KEPT = 2;

/** Batch length of the graph that tells names and shapes. */
const OUTLINE_BATCH = 2;

/** A network for batches of any length, compiled for each length when it first comes. */
export class BatchSession implements ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #build: BatchGraph;
  readonly #load: (outputs: GraphOutputs) => Promise<ModelSession>;
  /** By batch length, the one used last at the end. */
  readonly #sessions = new Map<number, Promise<ModelSession>>();

  constructor(build: BatchGraph, load: (outputs: GraphOutputs) => Promise<ModelSession>) {
    this.#build = build;
    this.#load = load;
    const outline = build(OUTLINE_BATCH);
    const [first] = outline.values();
    this.inputs = first.graph.inputs.map(({ source, dtype, shape }) =>
      freeBatch(source.kind === 'input' ? source.name : '', dtype, shape),
    );
    this.outputs = [...outline].map(([name, { dtype, shape }]) => freeBatch(name, dtype, shape));
  }

  async run(feeds: Feeds, fetches?: readonly string[]): Promise<Record<string, Tensor>> {
    const first = feeds[this.inputs[0].name];
    if (!first) throw new Error(`input "${this.inputs[0].name}" was not fed`);
    const session = await this.#session(first.shape[0]);
    return session.run(feeds, fetches);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).dispose();
  }

  #session(count: number): Promise<ModelSession> {
    const known = this.#sessions.get(count);
    const session = known ?? this.#load(this.#build(count));
    this.#sessions.delete(count);
    this.#sessions.set(count, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > KEPT) {
      const old = this.#sessions.get(oldest)!;
      this.#sessions.delete(oldest);
      // What is asked for already is answered first: requests are carried out in order.
      void old.then((one) => one.dispose()).catch(() => {});
    }
    return session;
  }
}

function freeBatch(name: string, dtype: TensorSpec['dtype'], [, ...rest]: readonly number[]): TensorSpec {
  return { name, dtype, shape: ['N', ...rest] };
}
