/**
 * Changes of colour as Pillow's `ImageOps` and `ImageEnhance` make them, to the bit; torchvision calls those for
 * pictures. Inputs are left alone.
 */
import { createImage, type Image } from '../image/image.ts';

/** Every level replaced by a table's entry: one table of 256 levels for all channels, or three, red first. */
function replaceLevels({ data, width, height }: Image, table: Uint8Array): Image {
  const out = createImage(width, height);
  const to = out.data;
  const [green, blue] = table.length === 256 ? [0, 0] : [256, 512];
  const length = data.length;
  for (let i = 0; i < length; i += 3) {
    to[i] = table[data[i]];
    to[i + 1] = table[green + data[i + 1]];
    to[i + 2] = table[blue + data[i + 2]];
  }
  return out;
}

function tableOf(level: (input: number) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < 256; i++) table[i] = level(i);
  return table;
}

/** Pixels of each level: 256 numbers a channel, red first. */
function histogramsOf({ data }: Image): Int32Array {
  const counts = new Int32Array(768);
  for (let i = 0; i < data.length; i += 3) {
    counts[data[i]]++;
    counts[256 + data[i + 1]]++;
    counts[512 + data[i + 2]]++;
  }
  return counts;
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
  const { data } = image;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data[i], data[i + 1], data[i + 2]);
  const mean = Math.trunc(sum / (data.length / 3) + 0.5);
  const blend = new Blend(factor);
  return replaceLevels(
    image,
    tableOf((level) => blend.level(mean, level)),
  );
}

/** @param factor 0 gives a grey image, 1 the image itself. */
export function adjustSaturation({ data, width, height }: Image, factor: number): Image {
  const out = createImage(width, height);
  const blend = new Blend(factor);
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data[i], data[i + 1], data[i + 2]);
    out.data[i] = blend.level(grey, data[i]);
    out.data[i + 1] = blend.level(grey, data[i + 1]);
    out.data[i + 2] = blend.level(grey, data[i + 2]);
  }
  return out;
}

/**
 * Between the image and a smoothed one (3×3, the middle weighs 5 of 13); the outermost pixels stay.
 *
 * @param factor 0 gives the smoothed image, 1 the image itself.
 */
export function adjustSharpness({ data, width, height }: Image, factor: number): Image {
  const out = createImage(width, height, data.slice());
  const blend = new Blend(factor);
  const row = width * 3;
  // Sums of three above one another.
  const sums = new Int32Array(row);
  for (let y = 1; y < height - 1; y++) {
    const start = y * row;
    for (let i = 0, at = start; i < row; i++, at++) sums[i] = data[at - row] + data[at] + data[at + row];
    for (let i = 3, at = start + 3; i < row - 3; i++, at++) {
      const sum = sums[i - 3] + sums[i] + sums[i + 3] + 4 * data[at];
      // Rounded; with 13 parts there are no halves.
      out.data[at] = blend.level(((2 * sum + 13) / 26) | 0, data[at]);
    }
  }
  return out;
}

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
