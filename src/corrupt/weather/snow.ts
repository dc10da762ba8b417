import { motionBlur, motionKernel } from '../../image/filters/motion.ts';
import { createImage, type Image, truncateLevel } from '../../image/image.ts';
import { zoomPlane } from '../../image/zoom.ts';
import type { CorruptionParameters } from '../parameters.ts';
import type { CorruptionFunction } from '../types.ts';

type SnowParameters = Readonly<CorruptionParameters['snow']>;

/**
 * Grey levels [height, width] of falling snow, from a field of standard normal noise: scaled, zoomed,
 * cut below the threshold, smeared at `angle` degrees.
 */
export function snowLayer(
  field: Float32Array,
  width: number,
  height: number,
  parameters: SnowParameters,
  angle: number,
): Uint8Array {
  const { mean, std, zoom, threshold, radius, sigma } = parameters;
  const zoomed = zoomPlane(field, width, height, zoom);
  const flakes = new Uint8Array(field.length);
  for (let i = 0; i < flakes.length; i++) {
    // Zooming interpolates linearly, so mean and deviation may come after it.
    const value = mean + std * zoomed[i];
    if (value >= threshold) flakes[i] = Math.min(255, value * 255);
  }
  return motionBlur(flakes, width, height, 1, motionKernel(radius, sigma, angle));
}

/** Whiten a picture and lay snow over it: the layer and, on top, the layer turned by 180°. */
export function addSnow({ data, width, height }: Image, layer: Uint8Array, mix: number): Image {
  const out = new Uint8Array(data.length);
  const last = layer.length - 1;
  for (let p = 0, i = 0; p <= last; p++, i += 3) {
    const red = data[i];
    const green = data[i + 1];
    const blue = data[i + 2];
    const white = (0.299 * red + 0.587 * green + 0.114 * blue) * 1.5 + 127.5;
    const snow = layer[p] + layer[last - p];
    out[i] = truncateLevel(mix * red + (1 - mix) * Math.max(red, white) + snow);
    out[i + 1] = truncateLevel(mix * green + (1 - mix) * Math.max(green, white) + snow);
    out[i + 2] = truncateLevel(mix * blue + (1 - mix) * Math.max(blue, white) + snow);
  }
  return createImage(width, height, out);
}

/** Snowfall, driven by wind within 45° of straight down. */
export const snow: CorruptionFunction<'snow'> = (image, { parameters, random }) => {
  const { width, height } = image;
  const field = random.fillNormal(new Float32Array(width * height));
  const angle = -135 + 90 * random.uniform();
  return addSnow(image, snowLayer(field, width, height, parameters, angle), parameters.mix);
};
