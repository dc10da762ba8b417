/**
 * Images a second of each corruption on one thread, at the sizes that the two parameter sets were made for.
 *
 * Run alone: npx tsx bench/corrupt.ts
 */
import { cpus } from 'node:os';
import { pathToFileURL } from 'node:url';
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTIONS,
  type CorruptionName,
  corrupt,
  type ParameterSet,
  SEVERITIES,
} from '../src/corrupt/index.ts';
import { createImage, type Image } from '../src/image/image.ts';
import { jpegRoundTrip } from '../src/image/jpeg.ts';
import { randomStream } from '../src/random/random.ts';

interface Setting {
  readonly set: ParameterSet;
  readonly size: number;
  /** Timed calls of each severity. */
  readonly repeats: number;
  /**
   * Milliseconds of processor time for the 15 × 5 grid of one image with the original Python code, one thread,
   * on a 2-core Xeon: Python 3.11, NumPy 2.4.6, SciPy 1.17.1, scikit-image 0.26, OpenCV 5.0, ImageMagick 6.9.11.
   */
  readonly pythonGrid: number;
}

const SETTINGS: readonly Setting[] = [
  { set: 'cifar', size: 32, repeats: 60, pythonGrid: 98 },
  { set: 'imagenet', size: 224, repeats: 9, pythonGrid: 3780 },
];

export interface CorruptionSpeed {
  readonly corruption: CorruptionName;
  readonly set: ParameterSet;
  readonly size: number;
  /** Median milliseconds an image, severities 1 to 5. */
  readonly milliseconds: readonly number[];
  /** Over all five severities. */
  readonly imagesPerSecond: number;
}

/**
 * Print a table of both settings and return its figures. Results are timed as they leave the corruption,
 * without the JPEG storage of the ImageNet set (quirk `jpeg85`), which is the same for all and stands
 * below the table.
 */
export function benchCorrupt(): CorruptionSpeed[] {
  const all: CorruptionSpeed[] = [];
  for (const setting of SETTINGS) {
    const image = photoLike(setting.size);
    const speeds = CORRUPTIONS.map((corruption) => measure(image, corruption, setting));
    print(setting, speeds, image);
    all.push(...speeds);
  }
  return all;
}

function measure(image: Image, corruption: CorruptionName, { set, size, repeats }: Setting): CorruptionSpeed {
  const milliseconds = SEVERITIES.map((severity) => {
    const call = (index: number) =>
      corrupt(image, { corruption, severity, set, seed: 0, index, quirks: { jpeg85: false } });
    return medianTime(call, repeats);
  });
  const mean = milliseconds.reduce((sum, time) => sum + time, 0) / milliseconds.length;
  return { corruption, set, size, milliseconds, imagesPerSecond: 1000 / mean };
}

function medianTime(call: (index: number) => void, repeats: number): number {
  for (let i = 0; i < Math.ceil(repeats / 3); i++) call(i);
  const times = Array.from({ length: repeats }, (_, i) => {
    const start = performance.now();
    call(i);
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)];
}

function print({ set, size, pythonGrid }: Setting, speeds: readonly CorruptionSpeed[], image: Image): void {
  console.log(`\n${size} × ${size}, strengths of ${set}, one thread of ${cpus()[0].model}`);
  console.log(`${'corruption'.padEnd(20)}${'images/s'.padStart(10)}    ms at severity 1 to 5`);
  for (const { corruption, imagesPerSecond, milliseconds } of speeds) {
    const times = milliseconds.map((time) => time.toFixed(size < 100 ? 3 : 1).padStart(8)).join('');
    console.log(`${corruption.padEnd(20)}${imagesPerSecond.toFixed(0).padStart(10)}  ${times}`);
  }
  const benchmark: readonly CorruptionName[] = BENCHMARK_CORRUPTIONS;
  const grid = speeds
    .filter(({ corruption }) => benchmark.includes(corruption))
    .reduce((sum, { milliseconds }) => sum + milliseconds.reduce((a, b) => a + b), 0);
  const ratio = (pythonGrid / grid).toFixed(1);
  console.log(
    `15 × 5 grid of one image: ${grid.toFixed(1)} ms; the original took ${pythonGrid} ms: ${ratio} times as fast`,
  );
  if (set === 'imagenet') {
    const jpeg = medianTime(() => jpegRoundTrip(image, 85), 9);
    console.log(`storage as JPEG 85 (quirk jpeg85): ${jpeg.toFixed(1)} ms an image more`);
  }
}

/** Waves, edges and a little grain: a picture whose levels are spread as a photo's are. */
function photoLike(size: number): Image {
  const random = randomStream('bench', size);
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const x = (Math.floor(i / 3) % size) / size;
    const y = Math.floor(i / (3 * size)) / size;
    const edge = (x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.06 ? 60 : 0;
    return 110 + 50 * Math.sin(9 * x + (i % 3)) * Math.cos(7 * y) + edge + random.normal(0, 6);
  });
  return createImage(size, size, data);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) benchCorrupt();
