import type { ModelSession, TensorSpec } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Preprocessing } from '../models/card.ts';
import { isFixed } from './preprocessing.ts';

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
}

/** Feeds batches of any size to a session, whatever batch size it was exported for. */
export class Feeder {
  readonly #session: ModelSession;
  readonly #input: string;
  readonly #preprocessing: Preprocessing;
  /** Undefined when the model takes any batch size. */
  readonly #batchSize: number | undefined;

  /** @param input the session's image input */
  constructor(session: ModelSession, input: TensorSpec, preprocessing: Preprocessing) {
    this.#session = session;
    this.#input = input.name;
    this.#preprocessing = preprocessing;
    this.#batchSize = isFixed(input.shape[0]) ? input.shape[0] : undefined;
  }

  /**
   * All outputs for one batch of zeros.
   *
   * @param file how messages name the model
   * @throws UserError when the model fails on images of that size
   */
  async probe(file: string): Promise<Record<string, Tensor>> {
    const count = this.#batchSize ?? 1;
    const { dtype, width, height } = this.#preprocessing;
    const values = count * 3 * width * height;
    const zeros = dtype === 'uint8' ? new Uint8Array(values) : new Float32Array(values);
    try {
      return await this.#session.run({ [this.#input]: this.#tensor(zeros, count) });
    } catch (error) {
      throw new UserError(
        `${file}: fails on an image of ${width}×${height} pixels (${(error as Error).message}); ` +
          'check --input-size and --layout',
      );
    }
  }

  /**
   * The images of a batch through the model: at once, or in parts of the model's own batch size.
   *
   * @param names the outputs wanted
   */
  async *run({ images, count }: ImageBatch, names: readonly string[]): AsyncGenerator<FedPart> {
    const size = this.#batchSize ?? count;
    if (size === count) {
      yield { outputs: await this.#outputs(images, count, names), count };
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
      yield { outputs: await this.#outputs(part, size, names), count: taken };
    }
  }

  #outputs(images: Float32Array | Uint8Array, count: number, names: readonly string[]) {
    return this.#session.run({ [this.#input]: this.#tensor(images, count) }, names);
  }

  #tensor(data: Float32Array | Uint8Array, count: number): Tensor {
    const { layout, dtype, width, height } = this.#preprocessing;
    const shape = layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
    return { dtype, shape, data };
  }
}
