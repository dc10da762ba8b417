/** How strongly filters respond to images, and what brings one layer's responses to the statistics of another's. */

/** Mean and standard deviation of each channel's responses over all images and positions, in double precision. */
export class ChannelMoments {
  readonly #mean: Float64Array;
  /** Sum of squared distances from the mean. */
  readonly #scatter: Float64Array;
  #count = 0;

  constructor(channels: number) {
    this.#mean = new Float64Array(channels);
    this.#scatter = new Float64Array(channels);
  }

  /**
   * @param responses `[N, C, H, W]`, row-major
   * @param images how many of the N count, from the first on
   * @param plane H · W
   */
  add(responses: Float32Array, images: number, plane: number): void {
    const channels = this.#mean.length;
    const added = images * plane;
    const total = this.#count + added;
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let image = 0; image < images; image++) {
        const start = (image * channels + channel) * plane;
        for (let at = start; at < start + plane; at++) sum += responses[at];
      }
      const mean = sum / added;
      // Distances are taken from the batch's own mean: E[x²] - E[x]² loses digits where the mean is large.
      let scatter = 0;
      for (let image = 0; image < images; image++) {
        const start = (image * channels + channel) * plane;
        for (let at = start; at < start + plane; at++) scatter += (responses[at] - mean) ** 2;
      }
      const step = mean - this.#mean[channel];
      this.#mean[channel] += (step * added) / total;
      this.#scatter[channel] += scatter + (step * step * this.#count * added) / total;
    }
    this.#count = total;
  }

  /** `[C]` */
  get mean(): Float64Array {
    return this.#mean;
  }

  /** `[C]`, of the responses themselves, not of a sample of them. */
  get deviation(): Float64Array {
    return this.#scatter.map((scatter) => Math.sqrt(scatter / this.#count));
  }
}

export interface Matching {
  /** `[C]`, above 0. */
  readonly scale: Float64Array;
  /** `[C]` */
  readonly shift: Float64Array;
  /** Channels whose scale was left at 1, because one of the layers hardly responds there. */
  readonly unscaled: number;
}

/** Below this share of the other layer's deviation a response counts as constant. */
const NEARLY_CONSTANT = 1e-4;

/**
 * Scale and shift of each channel that give the responses of one layer the mean and the standard deviation of
 * another's: `scale · found + shift`. A channel that is (nearly) constant in either is not scaled, lest rounding
 * errors grow to a response; its mean is matched all the same.
 */
export function matchMoments(found: ChannelMoments, wanted: ChannelMoments): Matching {
  const [from, to] = [found.deviation, wanted.deviation];
  const scalable = (channel: number): boolean =>
    Math.min(from[channel], to[channel]) > NEARLY_CONSTANT * Math.max(from[channel], to[channel]);
  const scale = from.map((deviation, channel) => (scalable(channel) ? to[channel] / deviation : 1));
  const shift = wanted.mean.map((mean, channel) => mean - scale[channel] * found.mean[channel]);
  const unscaled = [...scale.keys()].filter((channel) => !scalable(channel)).length;
  return { scale, shift, unscaled };
}
