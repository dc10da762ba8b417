/** What a first layer makes of a picture, with push alone and with push-pull. */
import type { FirstLayerKernels } from './first-layer.ts';
import { range } from './kernels.ts';
import { dilated, type Inhibition } from './spectrum.ts';

type Layer = Pick<FirstLayerKernels, 'kernels' | 'groups' | 'dilation' | 'normalization'>;

/** Responses to one picture, worked out as they are asked for, filter by filter. */
export interface Responses {
  /** `relu(x * w)`, `[size, size]` */
  push(filter: number): Float64Array;
  /** `relu(relu(x * w) - alpha · relu(avg(x * w_pull)))`, `[size, size]` */
  pushPull(filter: number, inhibition: Inhibition): Float64Array;
}

/**
 * Applies the filters of a layer to pictures, in double precision: at every pixel (stride 1), without bias, and only where
 * kernels and pooling lie inside the picture, so that no padding enters.
 */
export class FirstLayerResponses {
  /** Pixels beyond the square of responses that kernels and pooling reach. */
  readonly reach: number;
  /** Of the pictures, pixels. */
  readonly side: number;
  readonly channels: number;
  readonly #layer: Layer;
  readonly #size: number;
  /** Pixels that the widest pooling reaches. */
  readonly #pooling: number;
  /** Extent of a kernel, dilation included. */
  readonly #kernel: { readonly height: number; readonly width: number };

  /**
   * @param inhibitions that will be asked for; the widest pooling decides how far beyond the responses a picture reaches
   * @param size side of the square of responses
   */
  constructor(layer: Layer, inhibitions: readonly Inhibition[], size: number) {
    const [, channels, height, width] = layer.kernels.shape;
    const { dilation, groups } = layer;
    this.#layer = layer;
    this.#size = size;
    this.#kernel = { height: (height - 1) * dilation[0] + 1, width: (width - 1) * dilation[1] + 1 };
    this.#pooling = Math.max(0, ...inhibitions.map(({ avg }) => (avg > 1 ? (avg - 1) / 2 : 0)));
    this.reach = Math.ceil((Math.max(this.#kernel.height, this.#kernel.width) - 1) / 2) + this.#pooling;
    this.side = size + 2 * this.reach;
    this.channels = channels * groups;
  }

  /** The first channel of a picture where responses are taken. */
  inside(picture: Float64Array): Float64Array {
    return crop(picture, this.side, this.reach, this.#size);
  }

  /** @param picture `[channels, side, side]`, values as images have them, in [0, 1]; it is normalised here */
  respond(picture: Float64Array): Responses {
    const { kernels, normalization } = this.#layer;
    const area = this.side * this.side;
    const normalized = picture.map(
      (value, i) =>
        (value - normalization.mean[Math.floor(i / area)]) / normalization.std[Math.floor(i / area)],
    );
    const extended = this.#size + 2 * this.#pooling;
    const [filters, ...filterShape] = kernels.shape;
    const filterSize = filterShape.reduce((product, length) => product * length, 1);
    const ones = new Float32Array(filterSize).fill(1);
    const boxes = new Map<number, Float64Array>();
    /** x * w_pull = (w_max + w_min) · (x * 1) - x * w: the box sum serves all filters of a group. */
    const convolve = (filter: number) => {
      const group = Math.floor(filter / (filters / this.#layer.groups));
      const box = boxes.get(group) ?? this.#correlate(normalized, ones, group);
      boxes.set(group, box);
      const w = kernels.push.subarray(filter * filterSize, (filter + 1) * filterSize);
      const push = this.#correlate(normalized, w, group);
      const [low, high] = range(w);
      return { push, pull: box.map((sum, i) => (high + low) * sum - push[i]) };
    };
    let known: { filter: number; push: Float64Array; pull: Float64Array; pooled: Map<number, Float64Array> };
    const responses = (filter: number) => {
      if (known?.filter !== filter) {
        const { push, pull } = convolve(filter);
        known = { filter, push: crop(push, extended, this.#pooling, this.#size), pull, pooled: new Map() };
      }
      return known;
    };
    return {
      push: (filter: number): Float64Array => responses(filter).push.map(rectify),
      pushPull: (filter: number, { alpha, avg }: Inhibition): Float64Array => {
        const { push, pull, pooled } = responses(filter);
        const inhibition =
          pooled.get(avg) ?? crop(boxMean(pull, extended, avg), extended, this.#pooling, this.#size);
        pooled.set(avg, inhibition);
        const strength = typeof alpha === 'number' ? alpha : alpha[filter];
        const out = new Float64Array(push.length);
        for (let i = 0; i < out.length; i++) {
          out[i] = rectify(rectify(push[i]) - strength * rectify(inhibition[i]));
        }
        return out;
      },
    };
  }

  /** `x * w` as networks mean it (no kernel is turned round), at all places that pooling reads. */
  #correlate(picture: Float64Array, filter: Float32Array, group: number): Float64Array {
    const { kernels, dilation } = this.#layer;
    const [, channels, height, width] = kernels.shape;
    const { height: kernelHeight, width: kernelWidth } = this.#kernel;
    const { side } = this;
    const extended = this.#size + 2 * this.#pooling;
    // A kernel of even size lies one pixel further to the top and the left.
    const top = this.reach - this.#pooling - Math.floor((kernelHeight - 1) / 2);
    const left = this.reach - this.#pooling - Math.floor((kernelWidth - 1) / 2);
    const out = new Float64Array(extended * extended);
    for (let channel = 0; channel < channels; channel++) {
      const plane = (group * channels + channel) * side * side;
      const at = channel * height * width;
      const kernel = dilated(filter.subarray(at, at + height * width), kernels.shape, dilation);
      for (let tap = 0; tap < kernel.length; tap++) {
        const weight = kernel[tap];
        if (weight === 0) continue;
        const from = plane + (top + Math.floor(tap / kernelWidth)) * side + left + (tap % kernelWidth);
        for (let y = 0; y < extended; y++) {
          const source = from + y * side;
          const target = y * extended;
          for (let x = 0; x < extended; x++) out[target + x] += weight * picture[source + x];
        }
      }
    }
    return out;
  }
}

const rectify = (value: number): number => Math.max(value, 0);

/** Mean over the `avg` × `avg` neighbourhood, where that lies inside; 0 elsewhere. */
function boxMean(map: Float64Array, side: number, avg: number): Float64Array {
  if (avg <= 1) return map;
  const reach = (avg - 1) / 2;
  const rows = new Float64Array(map.length);
  const out = new Float64Array(map.length);
  for (let y = 0; y < side; y++) {
    for (let x = reach; x < side - reach; x++) {
      for (let dx = -reach; dx <= reach; dx++) rows[y * side + x] += map[y * side + x + dx];
    }
  }
  for (let y = reach; y < side - reach; y++) {
    for (let x = reach; x < side - reach; x++) {
      for (let dy = -reach; dy <= reach; dy++) out[y * side + x] += rows[(y + dy) * side + x] / (avg * avg);
    }
  }
  return out;
}

function crop(map: Float64Array, side: number, margin: number, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    out.set(map.subarray((y + margin) * side + margin, (y + margin) * side + margin + size), y * size);
  }
  return out;
}
