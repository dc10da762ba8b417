/**
 * Changes of colour as Pillow's `ImageOps` and `ImageEnhance` make them, to the bit; torchvision calls those for
 * pictures. Inputs are left alone.
 */
import { createImage, type Image } from '../image/image.ts';
import { beginFilter, bytesAt, intsAt, kernels, placeBytes, placeInts, take } from '../image/kernels.ts';

/** Every level replaced by a table's entry: one table of 256 levels for all channels, or three, red first. */
function replaceLevels(image: Image, table: Uint8Array): Image {
  const tables = new Uint8Array(768);
  for (let channel = 0; channel < 768; channel += 256) {
    tables.set(table.length === 256 ? table : table.subarray(channel, channel + 256), channel);
  }
  return change(image, (from, to) =>
    kernels.replaceLevels(from, to, image.width * image.height, placeBytes(tables)),
  );
}

/** Another image of the same size, which kernels write from this one. */
function change({ data, width, height }: Image, write: (from: number, to: number) => void): Image {
  beginFilter();
  const from = placeBytes(data);
  const to = take(data.length);
  write(from, to);
  return createImage(width, height, bytesAt(to, data.length).slice());
}

function tableOf(level: (input: number) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < 256; i++) table[i] = level(i);
  return table;
}

/** Pixels of each level: 256 numbers a channel, red first. */
function histogramsOf({ data, width, height }: Image): Int32Array {
  beginFilter();
  const from = placeBytes(data);
  // Those of pixels at even places, then those at odd ones.
  const parts = placeInts(new Int32Array(2 * 768));
  kernels.countLevels(from, parts, width * height);
  const [even, odd] = [intsAt(parts, 768), intsAt(parts + 768 * 4, 768)];
  return even.map((count, i) => count + odd[i]);
}

const clip = (level: number): number => (level <= 0 ? 0 : level >= 255 ? 255 : level | 0);

const { fround } = Math;

/** From one level to another, or beyond, as Pillow's `blend` goes: `from + factor · (to - from)` in float32, clipped. */
class Blend {
  /** `factor · difference` for differences from -255 to 255. */
  readonly #steps: Float32Array;

  constructor(factor: number) {
    const single = fround(factor);
    this.#steps = new Float32Array(511);
    for (let i = 0; i < 511; i++) this.#steps[i] = single * (i - 255);
  }

  level(from: number, to: number): number {
    return clip(fround(from + this.#steps[to - from + 255]));
  }
}

/** Luma of ITU-R 601, rounded. */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** @param factor 0 gives black, 1 the image itself. */
export function adjustBrightness(image: Image, factor: number): Image {
  const blend = new Blend(factor);
  return replaceLevels(
    image,
    tableOf((level) => blend.level(0, level)),
  );
}

/** @param factor 0 gives the image's mean luma everywhere, 1 the image itself. */
export function adjustContrast(image: Image, factor: number): Image {
  const mean = Math.trunc(sumOfLuma(image) / (image.width * image.height) + 0.5);
  const blend = new Blend(factor);
  return replaceLevels(
    image,
    tableOf((level) => blend.level(mean, level)),
  );
}

/** Pixels whose lumas are added up in 32 bits. */
const MOST_PIXELS = 2 ** 22;

function sumOfLuma({ data }: Image): number {
  let sum = 0;
  const step = MOST_PIXELS * 3;
  for (let start = 0; start < data.length; start += step) {
    const some = data.subarray(start, start + step);
    beginFilter();
    const pixels = some.length / 3;
    sum += kernels.sumLuma(placeBytes(some), pixels);
    for (let i = (pixels & ~3) * 3; i < some.length; i += 3) sum += luma(some[i], some[i + 1], some[i + 2]);
  }
  return sum;
}

/** @param factor 0 gives a grey image, 1 the image itself. */
export function adjustSaturation(image: Image, factor: number): Image {
  return change(image, (from, to) =>
    kernels.blendWithLuma(from, to, image.width * image.height, fround(factor)),
  );
}

/**
 * Between the image and a smoothed one (3×3, the middle weighs 5 of 13); the outermost pixels stay.
 *
 * @param factor 0 gives the smoothed image, 1 the image itself.
 */
export function adjustSharpness(image: Image, factor: number): Image {
  const { data, width, height } = image;
  const row = width * 3;
  return change(image, (from, to) => {
    const out = bytesAt(to, data.length);
    out.set(data);
    for (let y = 1; y < height - 1; y++) {
      const start = y * row + 3;
      const length = row - 6;
      if (length > 0) kernels.sharpenRow(from + start, row, to + start, length, fround(factor));
      // The kernel works on whole vectors, whose last one reaches beyond.
      const end = start + Math.max(0, length);
      out.set(data.subarray(end, end + VECTOR), end);
    }
  });
}

/** Values that a kernel writes at once. */
const VECTOR = 8;

/** @param bits Of every level, the highest are kept; 1 to 8. */
export function posterize(image: Image, bits: number): Image {
  const mask = ~(2 ** (8 - bits) - 1);
  return replaceLevels(
    image,
    tableOf((level) => level & mask),
  );
}

/** Levels from `threshold` on are inverted. */
export function solarize(image: Image, threshold: number): Image {
  return replaceLevels(
    image,
    tableOf((level) => (level < threshold ? level : 255 - level)),
  );
}

export function invert(image: Image): Image {
  return replaceLevels(
    image,
    tableOf((level) => 255 - level),
  );
}

/** Each channel is stretched so that its darkest level becomes 0 and its brightest 255. */
export function autocontrast(image: Image): Image {
  const histograms = histogramsOf(image);
  const table = new Uint8Array(768);
  for (let channel = 0; channel < 768; channel += 256) {
    const counts = histograms.subarray(channel, channel + 256);
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    const scale = 255 / (high - low);
    const offset = -low * scale;
    table.set(
      tableOf((level) => (high <= low ? level : clip(level * scale + offset))),
      channel,
    );
  }
  return replaceLevels(image, table);
}

/** The levels of each channel are spread so that all are about equally frequent. */
export function equalize(image: Image): Image {
  const histograms = histogramsOf(image);
  const table = new Uint8Array(768);
  for (let channel = 0; channel < 768; channel += 256) {
    const counts = histograms.subarray(channel, channel + 256);
    const brightest = counts.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((image.width * image.height - brightest) / 255);
    let sum = Math.floor(step / 2);
    for (let level = 0; level < 256; level++) {
      table[channel + level] = step === 0 ? level : clip(Math.floor(sum / step));
      sum += counts[level];
    }
  }
  return replaceLevels(image, table);
}
