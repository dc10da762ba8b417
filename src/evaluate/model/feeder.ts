import type { ModelSession, TensorSpec } from '../../engine/engine.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Preprocessing } from '../../models/card.ts';
import { isFixed, loadedType } from './preprocessing.ts';

/** Prepared images: `[count, 3, H, W]` or `[count, H, W, 3]`, as `preprocessing.layout` says. */
export interface ImageBatch {
  readonly images: Float32Array | Uint8Array;
  readonly count: number;
}

/** What a model says about some images of a batch. */
export interface FedPart {
  /** `[size, ...]`; images after the first `count` only fill the batch up. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly count: number;
  /** Images that were fed, those that fill up included. */
  readonly size: number;
}

/** Feeds batches of any size to a session, whatever batch size it was exported for. */
export class Feeder {
  readonly #session: ModelSession;
  readonly #input: string;
  readonly #preprocessing: Preprocessing;
  /** Images a run; undefined when the model takes any number. */
  readonly batchSize: number | undefined;

  /**
   * @param input the session's image input, of three channels and of the type that the loader hands over
   * @param oneByOne for a model that takes one image at a time although its file says otherwise
   */
  constructor(session: ModelSession, input: TensorSpec, preprocessing: Preprocessing, oneByOne = false) {
    this.#session = session;
    this.#input = input.name;
    this.#preprocessing = preprocessing;
    this.batchSize = isFixed(input.shape[0]) ? input.shape[0] : oneByOne ? 1 : undefined;
  }

  /**
   * The images of a batch through the model: at once, or in parts of the model's own batch size.
   *
   * @param names the outputs wanted
   */
  async *run({ images, count }: ImageBatch, names: readonly string[]): AsyncGenerator<FedPart> {
    const size = this.batchSize ?? count;
    if (size === count) {
      yield { outputs: await this.#outputs(images, count, names), count, size };
      return;
    }
    const imageLength = images.length / count;
    for (let start = 0; start < count; start += size) {
      const taken = Math.min(size, count - start);
      // A copy of its own: a view would carry the whole batch to the engine's thread each time.
      let part = images.slice(start * imageLength, (start + taken) * imageLength);
      if (taken < size) {
        // Zeros fill the last batch up; what the network says about them is dropped.
        const values = size * imageLength;
        const padded = part instanceof Uint8Array ? new Uint8Array(values) : new Float32Array(values);
        padded.set(part);
        part = padded;
      }
      yield { outputs: await this.#outputs(part, size, names), count: taken, size };
    }
  }

  #outputs(images: Float32Array | Uint8Array, count: number, names: readonly string[]) {
    return this.#session.run({ [this.#input]: this.#tensor(images, count) }, names);
  }

  #tensor(data: Float32Array | Uint8Array, count: number): Tensor {
    const { layout, width, height } = this.#preprocessing;
    const shape = layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
    return { dtype: loadedType(this.#preprocessing), shape, data };
  }
}
