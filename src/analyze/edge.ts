/** How well an edge stands out of noise behind the first layer, with push alone and with push-pull (paper Fig. 4). */
import { randomStream } from '../random/random.ts';
import type { FirstLayerKernels } from './first-layer.ts';
import { FirstLayerResponses } from './responses.ts';
import type { Inhibition } from './spectrum.ts';

/** The picture: dark at the left, bright at the right, half-way between in its middle column, noise on all. */
export interface EdgeSettings {
  /** Side of the square of responses, odd. The picture is larger by what the kernels and the pooling reach. */
  readonly size: number;
  /** Columns about the middle one that count as the edge, odd. */
  readonly band: number;
  /** Levels at the left and the right, in [0, 1]. */
  readonly dark: number;
  readonly bright: number;
  /** Standard deviation of the Gaussian noise, independent for each pixel and channel; values are not clipped. */
  readonly sigma: number;
  /** Pictures that means are taken over, with the noise of seed 0, 1, … */
  readonly seeds: number;
}

export const EDGE: EdgeSettings = { size: 65, band: 5, dark: 0.25, bright: 0.75, sigma: 0.1, seeds: 4 };

/** Mean responses, and how they relate. */
export interface Snr {
  /** `A_s`, on the columns of the edge. */
  readonly signal: number;
  /** `A_n`, in the background: where no kernel and no pooling reaches the edge. */
  readonly background: number;
  /** `20 · log10(A_s / A_n)` in dB; null where one of them is 0. */
  readonly snr: number | null;
}

export interface InhibitionSnr {
  /** Each filter by itself. */
  readonly filters: readonly Snr[];
  /** `A_s` and `A_n` averaged over all filters first. */
  readonly all: Snr;
}

export interface EdgeAnalysis {
  readonly settings: EdgeSettings;
  /** Columns on either side of the band that count neither as edge nor as background. */
  readonly guard: number;
  /** The filter whose push response rises most from the background to the edge, on the picture without noise. */
  readonly strongest: number;
  readonly push: InhibitionSnr;
  /** In the order of what was asked for. */
  readonly pushPull: readonly InhibitionSnr[];
  /** Of seed 0, for the strongest filter: the picture `[size, size]` (its first channel, in [0, 1] but for noise). */
  readonly picture: Float64Array;
  /** Responses `[size, size]` of the strongest filter to it. */
  readonly pushResponse: Float64Array;
  /** With the first inhibition asked for. */
  readonly pushPullResponse: Float64Array;
}

/**
 * Filters noisy pictures of a vertical edge by push alone, `relu(x * w)`, and by push-pull,
 * `relu(relu(x * w) - alpha · relu(avg(x * w_pull)))` (Eq. 5 without its bias, then the rectification that follows it in
 * a network), and compares mean responses on the edge with those in the background.
 *
 * Pictures are normalised as the network's images are. Responses are taken at every pixel (stride 1), and only where
 * kernels and pooling lie inside the picture, so that no padding enters.
 *
 * @param inhibitions the first is also shown as a picture of responses
 */
export function analyzeEdge(
  layer: Pick<FirstLayerKernels, 'kernels' | 'groups' | 'dilation' | 'normalization'>,
  inhibitions: readonly Inhibition[],
  settings: EdgeSettings = EDGE,
): EdgeAnalysis {
  const { size, band, seeds } = settings;
  const [filters] = layer.kernels.shape;
  const responder = new FirstLayerResponses(layer, inhibitions, size);
  const columns = regions(size, band, responder.reach);
  const noiseless = responder.respond(edgePicture(responder, settings, undefined));
  const strongest = strongestOf(
    Array.from({ length: filters }, (_, filter) => noiseless.push(filter)),
    columns,
  );

  const sums = [undefined, ...inhibitions].map(() =>
    Array.from({ length: filters }, () => ({ signal: 0, background: 0 })),
  );
  let shown: Pick<EdgeAnalysis, 'picture' | 'pushResponse' | 'pushPullResponse'> | undefined;
  for (let seed = 0; seed < seeds; seed++) {
    const picture = edgePicture(responder, settings, seed);
    const responses = responder.respond(picture);
    for (let filter = 0; filter < filters; filter++) {
      const push = responses.push(filter);
      const maps = [push, ...inhibitions.map((inhibition) => responses.pushPull(filter, inhibition))];
      for (const [which, map] of maps.entries()) {
        const { signal, background } = means(map, columns);
        sums[which][filter].signal += signal / seeds;
        sums[which][filter].background += background / seeds;
      }
      if (seed === 0 && filter === strongest) {
        shown = { picture: responder.inside(picture), pushResponse: push, pushPullResponse: maps[1] ?? push };
      }
    }
  }
  const [push, ...pushPull] = sums.map(toSnr);
  return { settings, guard: responder.reach, strongest, push, pushPull, ...shown! };
}

/**
 * The picture `[channels, side, side]` on the scale of images, [0, 1], with the margin that the responses need.
 *
 * @param seed of the noise; none without
 */
function edgePicture(
  { channels, side, reach }: FirstLayerResponses,
  { size, dark, bright, sigma }: EdgeSettings,
  seed: number | undefined,
): Float64Array {
  const middle = reach + (size - 1) / 2;
  const picture = new Float64Array(channels * side * side);
  const random = seed === undefined ? undefined : randomStream('edge', seed);
  for (let i = 0; i < picture.length; i++) {
    const x = i % side;
    const level = x < middle ? dark : x > middle ? bright : (dark + bright) / 2;
    picture[i] = level + (random ? random.normal(0, sigma) : 0);
  }
  return picture;
}

/** First and last column of the parts of the responses that are compared. */
interface Columns {
  readonly edge: readonly [number, number];
  readonly left: readonly [number, number];
  readonly right: readonly [number, number];
}

function regions(size: number, band: number, guard: number): Columns {
  const middle = (size - 1) / 2;
  const half = (band - 1) / 2;
  const left = middle - half - guard - 1;
  if (left < 0) {
    throw new RangeError(
      `size: expected responses wide enough for a background, found ${size} columns, of which ${band} + 2 × ${guard} ` +
        'are near the edge',
    );
  }
  return { edge: [middle - half, middle + half], left: [0, left], right: [size - 1 - left, size - 1] };
}

function means(map: Float64Array, { edge, left, right }: Columns): { signal: number; background: number } {
  const size = Math.sqrt(map.length);
  const columns = new Float64Array(size);
  for (let y = 0, at = 0; y < size; y++) for (let x = 0; x < size; x++) columns[x] += map[at++];
  const sum = ([first, last]: readonly [number, number]) => {
    let total = 0;
    for (let x = first; x <= last; x++) total += columns[x];
    return total;
  };
  return {
    signal: sum(edge) / ((edge[1] - edge[0] + 1) * size),
    background: (sum(left) + sum(right)) / (2 * (left[1] + 1) * size),
  };
}

function strongestOf(maps: readonly Float64Array[], columns: Columns): number {
  const rises = maps.map((map) => {
    const { signal, background } = means(map, columns);
    return signal - background;
  });
  return rises.indexOf(Math.max(...rises));
}

function toSnr(sums: readonly { signal: number; background: number }[]): InhibitionSnr {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const signal = mean(sums.map((each) => each.signal));
  const background = mean(sums.map((each) => each.background));
  return { filters: sums.map(snrOf), all: snrOf({ signal, background }) };
}

function snrOf({ signal, background }: { signal: number; background: number }): Snr {
  return {
    signal,
    background,
    snr: signal > 0 && background > 0 ? 20 * Math.log10(signal / background) : null,
  };
}
