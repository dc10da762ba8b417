/**
 * The strengths of the 19 corruptions, severities 1 to 5, for the two published sets: CIFAR-10-C (made for
 * 32 × 32) and ImageNet-C (224 × 224). Lengths are pixels and do not grow with the image, except where a
 * field says so. Source: Hendrycks & Dietterich 2019, constants of the reference implementation.
 */

import type { CorruptionName, ParameterSet } from './names.ts';

/** What the strength of each corruption is made of. Values of the image are in [0, 1] unless said otherwise. */
export interface CorruptionParameters {
  /** Standard deviation of the noise. */
  gaussian_noise: { std: number };
  /** Photons at full brightness. */
  shot_noise: { photons: number };
  /** Share of values (a value a channel) that turn black or white. */
  impulse_noise: { amount: number };
  /** Standard deviation relative to the value. */
  speckle_noise: { std: number };
  gaussian_blur: { sigma: number };
  /** Blur before and after, largest shift of a pixel, number of scans. */
  glass_blur: { sigma: number; maxShift: number; passes: number };
  /** Radius of the disk, sigma of its smoothing. */
  defocus_blur: { radius: number; aliasBlur: number };
  /** Length of the one-sided line kernel (2·radius + 1 taps) and its sigma. */
  motion_blur: { radius: number; sigma: number };
  /** Zoom factors 1, 1 + step, ... below `end`. */
  zoom_blur: { end: number; step: number };
  /** Normal layer, zoomed, cut below the threshold, motion-blurred; `mix` is the picture's own share. */
  snow: {
    mean: number;
    std: number;
    zoom: number;
    threshold: number;
    radius: number;
    sigma: number;
    mix: number;
  };
  /** Weights of picture and texture, on 0..255; `textureScale` resizes the texture first. */
  frost: { image: number; texture: number; textureScale: number };
  /** Strength and fall-off of the plasma's detail. */
  fog: { amount: number; wibbleDecay: number };
  /** Added to V of HSV. */
  brightness: { add: number };
  /** Scaling about the mean of each channel. */
  contrast: { scale: number };
  /** S of HSV becomes S·scale + add. */
  saturate: { scale: number; add: number };
  /** Displacement, its smoothing sigma and the affine jitter, each in units of `unit` pixels. */
  elastic_transform: { displacement: number; sigma: number; jitter: number; unit: number };
  /** Side of the shrunken picture relative to the original. */
  pixelate: { scale: number };
  /** JPEG quality, 1 to 100. */
  jpeg_compression: { quality: number };
  /** Liquid layer: normal noise (mean, std) smoothed by sigma, cut at threshold; strength; water or mud. */
  spatter: {
    mean: number;
    std: number;
    sigma: number;
    threshold: number;
    amount: number;
    liquid: 'water' | 'mud';
  };
}

/** Five strengths, severity 1 first. */
export type BySeverity<T> = readonly [T, T, T, T, T];

type Table = { readonly [N in CorruptionName]: BySeverity<Readonly<CorruptionParameters[N]>> };

/** Rows of numbers with names for their columns. */
function rows<const K extends string>(
  fields: readonly K[],
  values: readonly [number[], number[], number[], number[], number[]],
): BySeverity<Record<K, number>> {
  const named = (row: number[]) =>
    Object.fromEntries(fields.map((field, i) => [field, row[i]])) as Record<K, number>;
  const [a, b, c, d, e] = values;
  return [named(a), named(b), named(c), named(d), named(e)];
}

/** One number a severity. */
function column<const K extends string>(
  field: K,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): BySeverity<Record<K, number>> {
  return rows([field], [[a], [b], [c], [d], [e]]);
}

function spatter(
  values: readonly [number[], number[], number[], number[], number[]],
): BySeverity<CorruptionParameters['spatter']> {
  const named = rows(['mean', 'std', 'sigma', 'threshold', 'amount', 'mud'], values);
  const [a, b, c, d, e] = named.map(({ mud, ...rest }) => ({
    ...rest,
    liquid: mud ? ('mud' as const) : ('water' as const),
  }));
  return [a, b, c, d, e];
}

const GLASS = ['sigma', 'maxShift', 'passes'] as const;
const SNOW = ['mean', 'std', 'zoom', 'threshold', 'radius', 'sigma', 'mix'] as const;
const ELASTIC = ['displacement', 'sigma', 'jitter', 'unit'] as const;

const cifar: Table = {
  gaussian_noise: column('std', 0.04, 0.06, 0.08, 0.09, 0.1),
  shot_noise: column('photons', 500, 250, 100, 75, 50),
  impulse_noise: column('amount', 0.01, 0.02, 0.03, 0.05, 0.07),
  speckle_noise: column('std', 0.06, 0.1, 0.12, 0.16, 0.2),
  gaussian_blur: column('sigma', 0.4, 0.6, 0.7, 0.8, 1),
  glass_blur: rows(GLASS, [
    [0.05, 1, 1],
    [0.25, 1, 1],
    [0.4, 1, 1],
    [0.25, 1, 2],
    [0.4, 1, 2],
  ]),
  defocus_blur: rows(
    ['radius', 'aliasBlur'],
    [
      [0.3, 0.4],
      [0.4, 0.5],
      [0.5, 0.6],
      [1, 0.2],
      [1.5, 0.1],
    ],
  ),
  motion_blur: rows(
    ['radius', 'sigma'],
    [
      [6, 1],
      [6, 1.5],
      [6, 2],
      [8, 2],
      [9, 2.5],
    ],
  ),
  zoom_blur: rows(
    ['end', 'step'],
    [
      [1.06, 0.01],
      [1.11, 0.01],
      [1.16, 0.01],
      [1.21, 0.01],
      [1.26, 0.01],
    ],
  ),
  snow: rows(SNOW, [
    [0.1, 0.2, 1, 0.6, 8, 3, 0.95],
    [0.1, 0.2, 1, 0.5, 10, 4, 0.9],
    [0.15, 0.3, 1.75, 0.55, 10, 4, 0.9],
    [0.25, 0.3, 2.25, 0.6, 12, 6, 0.85],
    [0.3, 0.3, 1.25, 0.65, 14, 12, 0.8],
  ]),
  frost: rows(
    ['image', 'texture', 'textureScale'],
    [
      [1, 0.2, 0.2],
      [1, 0.3, 0.2],
      [0.9, 0.4, 0.2],
      [0.85, 0.4, 0.2],
      [0.75, 0.45, 0.2],
    ],
  ),
  fog: rows(
    ['amount', 'wibbleDecay'],
    [
      [0.2, 3],
      [0.5, 3],
      [0.75, 2.5],
      [1, 2],
      [1.5, 1.75],
    ],
  ),
  brightness: column('add', 0.05, 0.1, 0.15, 0.2, 0.3),
  contrast: column('scale', 0.75, 0.5, 0.4, 0.3, 0.15),
  saturate: rows(
    ['scale', 'add'],
    [
      [0.3, 0],
      [0.1, 0],
      [1.5, 0],
      [2, 0.1],
      [2.5, 0.2],
    ],
  ),
  elastic_transform: rows(ELASTIC, [
    [0, 0, 0.08, 32],
    [0.05, 0.2, 0.07, 32],
    [0.08, 0.06, 0.06, 32],
    [0.1, 0.04, 0.05, 32],
    [0.1, 0.03, 0.03, 32],
  ]),
  pixelate: column('scale', 0.95, 0.9, 0.85, 0.75, 0.65),
  jpeg_compression: column('quality', 80, 65, 58, 50, 40),
  spatter: spatter([
    [0.62, 0.1, 0.7, 0.7, 0.5, 0],
    [0.65, 0.1, 0.8, 0.7, 0.5, 0],
    [0.65, 0.3, 1, 0.69, 0.5, 0],
    [0.65, 0.1, 0.7, 0.69, 0.6, 1],
    [0.65, 0.1, 0.5, 0.68, 0.6, 1],
  ]),
};

const imagenet: Table = {
  gaussian_noise: column('std', 0.08, 0.12, 0.18, 0.26, 0.38),
  shot_noise: column('photons', 60, 25, 12, 5, 3),
  impulse_noise: column('amount', 0.03, 0.06, 0.09, 0.17, 0.27),
  speckle_noise: column('std', 0.15, 0.2, 0.35, 0.45, 0.6),
  gaussian_blur: column('sigma', 1, 2, 3, 4, 6),
  glass_blur: rows(GLASS, [
    [0.7, 1, 2],
    [0.9, 2, 1],
    [1, 2, 3],
    [1.1, 3, 2],
    [1.5, 4, 2],
  ]),
  defocus_blur: rows(
    ['radius', 'aliasBlur'],
    [
      [3, 0.1],
      [4, 0.5],
      [6, 0.5],
      [8, 0.5],
      [10, 0.5],
    ],
  ),
  motion_blur: rows(
    ['radius', 'sigma'],
    [
      [10, 3],
      [15, 5],
      [15, 8],
      [15, 12],
      [20, 15],
    ],
  ),
  zoom_blur: rows(
    ['end', 'step'],
    [
      [1.11, 0.01],
      [1.16, 0.01],
      [1.21, 0.02],
      [1.26, 0.02],
      [1.31, 0.03],
    ],
  ),
  snow: rows(SNOW, [
    [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
    [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
    [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
    [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
    [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
  ]),
  frost: rows(
    ['image', 'texture', 'textureScale'],
    [
      [1, 0.4, 1],
      [0.8, 0.6, 1],
      [0.7, 0.7, 1],
      [0.65, 0.7, 1],
      [0.6, 0.75, 1],
    ],
  ),
  fog: rows(
    ['amount', 'wibbleDecay'],
    [
      [1.5, 2],
      [2, 2],
      [2.5, 1.7],
      [2.5, 1.5],
      [3, 1.4],
    ],
  ),
  brightness: column('add', 0.1, 0.2, 0.3, 0.4, 0.5),
  contrast: column('scale', 0.4, 0.3, 0.2, 0.1, 0.05),
  saturate: rows(
    ['scale', 'add'],
    [
      [0.3, 0],
      [0.1, 0],
      [2, 0],
      [5, 0.1],
      [20, 0.2],
    ],
  ),
  elastic_transform: rows(ELASTIC, [
    [2, 0.7, 0.1, 244],
    [2, 0.08, 0.2, 244],
    [0.05, 0.01, 0.02, 244],
    [0.07, 0.01, 0.02, 244],
    [0.12, 0.01, 0.02, 244],
  ]),
  pixelate: column('scale', 0.6, 0.5, 0.4, 0.3, 0.25),
  jpeg_compression: column('quality', 25, 18, 15, 10, 7),
  spatter: spatter([
    [0.65, 0.3, 4, 0.69, 0.6, 0],
    [0.65, 0.3, 3, 0.68, 0.6, 0],
    [0.65, 0.3, 2, 0.68, 0.5, 0],
    [0.65, 0.3, 1, 0.65, 1.5, 1],
    [0.67, 0.4, 1, 0.65, 1.5, 1],
  ]),
};

/** Both tables: set, corruption, severity - 1. */
export const PARAMETERS: { readonly [S in ParameterSet]: Table } = { cifar, imagenet };
