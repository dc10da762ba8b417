import { canny } from '../../image/filters/canny.ts';
import { chamferDistance } from '../../image/filters/distance.ts';
import { gaussianBlur } from '../../image/filters/gaussian.ts';
import { boxBlur3, correlate3x3, equalizeHistogram } from '../../image/grey.ts';
import { createImage, type Image, truncateLevel } from '../../image/image.ts';
import type { CorruptionParameters } from '../parameters.ts';
import type { CorruptionFunction } from '../types.ts';

type Strength = CorruptionParameters['spatter'];

/** Pale turquoise. */
const WATER = [175, 238, 238] as const;
const MUD = [63, 42, 20] as const;

/** Light from the top left, on a surface whose height is the distance to the drops' rims. */
const EMBOSS = [-2, -1, 0, -1, 1, 1, 0, 1, 2];
/** Canny's thresholds. */
const FAINT_EDGE = 50;
const STRONG_EDGE = 150;
/** The drops' light changes within this many pixels of their rims. */
const RIM = 20;
/** Mud thinner than this is none. */
const THINNEST_MUD = 0.8;

/** The noise smoothed and cut off below the threshold: islands of liquid. */
export function liquidLayer(
  noise: Float32Array,
  width: number,
  height: number,
  { mean, std, sigma, threshold }: Strength,
): Float32Array {
  const scaled = new Float32Array(noise.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = noise[i] * std + mean;
  const layer = gaussianBlur(scaled, width, height, 1, sigma);
  for (let i = 0; i < layer.length; i++) if (layer[i] < threshold) layer[i] = 0;
  return layer;
}

/** How strongly water shows at each pixel, largest value 1; nothing but zeros where there is no water. */
export function waterMask(layer: Float32Array, width: number, height: number): Float32Array {
  const size = layer.length;
  const drops = new Uint8Array(size);
  // Liquid above 1 wraps around in the conversion to bytes, as it does in the original.
  for (let i = 0; i < size; i++) drops[i] = (layer[i] * 255) | 0;
  const dry = canny(drops, width, height, FAINT_EDGE, STRONG_EDGE).map((edge) => 255 - edge);
  const distance = chamferDistance(dry, width, height);
  for (let i = 0; i < size; i++) if (distance[i] > RIM) distance[i] = RIM;
  const blurred = boxBlur3(distance, width, height, new Float32Array(size));
  const softened = new Uint8Array(size);
  for (let i = 0; i < size; i++) softened[i] = blurred[i] | 0;
  const embossed = correlate3x3(equalizeHistogram(softened), width, height, EMBOSS);
  const light = boxBlur3(embossed, width, height, new Uint8ClampedArray(size));
  const mask = new Float32Array(size);
  let strongest = 0;
  for (let i = 0; i < size; i++) {
    const level = drops[i] * light[i];
    mask[i] = level;
    if (level > strongest) strongest = level;
  }
  // Without a drop the original divides by 0 and returns a black image; here it stays dry.
  if (strongest > 0) for (let i = 0; i < size; i++) mask[i] /= strongest;
  return mask;
}

/** How much of each pixel mud covers, 0 to 1. */
export function mudMask(
  layer: Float32Array,
  width: number,
  height: number,
  { threshold, amount }: Strength,
): Float32Array {
  const blots = new Uint8Array(layer.length);
  for (let i = 0; i < blots.length; i++) blots[i] = layer[i] > threshold ? 1 : 0;
  const mask = gaussianBlur(blots, width, height, 1, amount);
  for (let i = 0; i < mask.length; i++) if (mask[i] < THINNEST_MUD) mask[i] = 0;
  return mask;
}

/** The image behind the splashes that a noise `[height, width]` (mean 0, deviation 1) makes. */
export function splash(image: Image, strength: Strength, noise: Float32Array): Image {
  const { width, height } = image;
  const layer = liquidLayer(noise, width, height, strength);
  const levels = image.data.slice();
  const water = strength.liquid === 'water';
  const mask = water ? waterMask(layer, width, height) : mudMask(layer, width, height, strength);
  const [red, green, blue] = water ? WATER : MUD;
  for (let i = 0, at = 0; i < mask.length; i++, at += 3) {
    // Most pixels stay as they are. Water adds its light, mud hides what is behind it.
    if (mask[i] === 0) continue;
    const behind = water ? 1 : 1 - mask[i];
    const liquid = water ? mask[i] * strength.amount : mask[i];
    levels[at] = truncateLevel(levels[at] * behind + red * liquid);
    levels[at + 1] = truncateLevel(levels[at + 1] * behind + green * liquid);
    levels[at + 2] = truncateLevel(levels[at + 2] * behind + blue * liquid);
  }
  return createImage(width, height, levels);
}

/** Drops of water (severities 1 to 3) or blots of mud (4 and 5) on the lens. */
export const spatter: CorruptionFunction<'spatter'> = (image, { parameters, random }) =>
  splash(image, parameters, random.fillNormal(new Float32Array(image.width * image.height)));
