/**
 * Changes of colour as Pillow's `ImageOps` and `ImageEnhance` make them, to the bit; torchvision calls those for
 * pictures. Inputs are left alone.
 */
import { createImage, type Image } from '../image/image.ts';

/** Every level replaced by a table's entry: one table of 256 levels for all channels, or three, red first. */
function replaceLevels({ data, width, height }: Image, table: Uint8Array): Image {
  const out = createImage(width, height);
  const [red, green, blue] = table.length === 256 ? [0, 0, 0] : [0, 256, 512];
  for (let i = 0; i < data.length; i += 3) {
    out.data[i] = table[red + data[i]];
    out.data[i + 1] = table[green + data[i + 1]];
    out.data[i + 2] = table[blue + data[i + 2]];
  }
  return out;
}

const tableOf = (level: (input: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, i) => level(i));

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

const clip = (level: number): number => (level <= 0 ? 0 : level >= 255 ? 255 : Math.trunc(level));

const { fround } = Math;

/** `from + factor · (to - from)` in float32, clipped and truncated: Pillow's `blend`. */
const blendLevel = (from: number, to: number, factor: number): number =>
  clip(fround(from + fround(factor * (to - from))));

/** Luma of ITU-R 601, rounded. */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** @param factor 0 gives black, 1 the image itself. */
export function adjustBrightness(image: Image, factor: number): Image {
  const single = fround(factor);
  return replaceLevels(
    image,
    tableOf((level) => blendLevel(0, level, single)),
  );
}

/** @param factor 0 gives the image's mean luma everywhere, 1 the image itself. */
export function adjustContrast(image: Image, factor: number): Image {
  const { data } = image;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data[i], data[i + 1], data[i + 2]);
  const mean = Math.trunc(sum / (data.length / 3) + 0.5);
  const single = fround(factor);
  return replaceLevels(
    image,
    tableOf((level) => blendLevel(mean, level, single)),
  );
}

/** @param factor 0 gives a grey image, 1 the image itself. */
export function adjustSaturation({ data, width, height }: Image, factor: number): Image {
  const out = createImage(width, height);
  const single = fround(factor);
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data[i], data[i + 1], data[i + 2]);
    out.data[i] = blendLevel(grey, data[i], single);
    out.data[i + 1] = blendLevel(grey, data[i + 1], single);
    out.data[i + 2] = blendLevel(grey, data[i + 2], single);
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
  const single = fround(factor);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3, end = (y + 1) * row - 3; i < end; i++) {
      const sum =
        data[i - row - 3] +
        data[i - row] +
        data[i - row + 3] +
        data[i - 3] +
        5 * data[i] +
        data[i + 3] +
        data[i + row - 3] +
        data[i + row] +
        data[i + row + 3];
      // Rounded; with 13 parts there are no halves.
      const smooth = ((2 * sum + 13) / 26) | 0;
      out.data[i] = blendLevel(smooth, data[i], single);
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
