import { readFileSync } from 'node:fs';
import {
  type CorruptionName,
  type CorruptOptions,
  corrupt,
  type ParameterSet,
  type Severity,
} from '../../src/corrupt/index.ts';
import type { Image } from '../../src/image/image.ts';
import { generated } from './generated.ts';
import { EDGES, spectrum } from './spectrum.ts';

export const RANDOM_CORRUPTIONS = [
  'gaussian_noise',
  'shot_noise',
  'impulse_noise',
  'speckle_noise',
  'glass_blur',
  'motion_blur',
  'snow',
  'frost',
  'fog',
  'elastic_transform',
  'spatter',
] as const satisfies readonly CorruptionName[];

export const SIDES = { cifar: 32, imagenet: 224 };
const FIRST_TEXTURE = 9000;

/** Names of the statistics of {@link summary}, in their order. */
export function statisticNames(set: ParameterSet): string[] {
  return ['mean', 'deviation', 'mean absolute', 'PSNR', ...EDGES[set].map((edge) => `power from ${edge}`)];
}

let madeTextures: readonly Image[] | undefined;

/** Six pictures in place of frosted panes, those of make_statistics.py. */
export function textures(): readonly Image[] {
  madeTextures ??= Array.from({ length: 6 }, (_, i) => generated(512, 384, FIRST_TEXTURE + i));
  return madeTextures;
}

/** What `corrupt` adds to a picture, without the JPEG of the published ImageNet files. */
function change(picture: Image, options: Omit<CorruptOptions, 'frost' | 'quirks'>): Int16Array {
  const { data } = corrupt(picture, { ...options, frost: textures(), quirks: { jpeg85: false } });
  const difference = new Int16Array(data.length);
  for (let i = 0; i < data.length; i++) difference[i] = data[i] - picture.data[i];
  return difference;
}

/**
 * What one draw of a corruption does to each picture: mean, mean square and mean absolute change, PSNR in dB, power of
 * each band; an entry a picture.
 */
export function measurements(
  corruption: CorruptionName,
  pictures: readonly Image[],
  set: ParameterSet,
  severity: Severity,
  seed = 0,
): number[][] {
  return pictures.map((picture, index) => {
    const difference = change(picture, { corruption, set, severity, seed, index });
    let [sum, squares, sizes] = [0, 0, 0];
    for (let i = 0; i < difference.length; i++) {
      const d = difference[i];
      sum += d;
      squares += d * d;
      sizes += Math.abs(d);
    }
    const n = difference.length;
    const psnr = 10 * Math.log10(255 ** 2 / Math.max(squares / n, 1e-3));
    return [sum / n, squares / n, sizes / n, psnr, ...spectrum(difference, picture.width, set)];
  });
}

/** Statistics of pictures' measurements, named by {@link statisticNames}. */
export function summary(rows: readonly (readonly number[])[]): number[] {
  const means = rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
  const [mean, square, ...others] = means;
  return [mean, Math.sqrt(square - mean ** 2), ...others];
}

/** How far statistics are from others, each relative to the other's; the mean relative to the mean absolute. */
export function deviations(found: readonly number[], expected: readonly number[]): number[] {
  return found.map((value, i) => Math.abs(value - expected[i]) / Math.abs(expected[i === 0 ? 2 : i]));
}

/** What the original did to the pictures with one seed. */
export interface StoredStatistics {
  /** `all` is of so many pictures, each corrupted `draws` times. */
  images: number;
  draws: number;
  all: number[];
  /** Of the first pictures, {@link FIRST} of them, corrupted once. */
  first: number[];
}

export const FIRST = { cifar: 500, imagenet: 20 };

const stored: Record<string, StoredStatistics> = JSON.parse(
  readFileSync(new URL('../fixtures/corrupt/statistics.json', import.meta.url), 'utf8'),
);

/** The original's statistics of two seeds. Made by make_statistics.py. */
export function storedStatistics(
  set: ParameterSet,
  corruption: CorruptionName,
  severity: Severity,
): [StoredStatistics, StoredStatistics] {
  const [one, two] = [1, 2].map((seed) => stored[`${set} ${corruption} ${severity} seed ${seed}`]);
  return [one, two];
}
