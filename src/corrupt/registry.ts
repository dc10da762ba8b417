import { defocusBlur } from './blur/defocus-blur.ts';
import { gaussianBlur } from './blur/gaussian-blur.ts';
import { glassBlur } from './blur/glass-blur.ts';
import { motionBlur } from './blur/motion-blur.ts';
import { zoomBlur } from './blur/zoom-blur.ts';
import { contrast } from './digital/contrast.ts';
import { elasticTransform } from './digital/elastic-transform.ts';
import { jpegCompression } from './digital/jpeg-compression.ts';
import { pixelate } from './digital/pixelate.ts';
import { saturate } from './digital/saturate.ts';
import type { CorruptionName } from './names.ts';
import { gaussianNoise } from './noise/gaussian-noise.ts';
import { impulseNoise } from './noise/impulse-noise.ts';
import { shotNoise } from './noise/shot-noise.ts';
import { speckleNoise } from './noise/speckle-noise.ts';
import type { CorruptionFunction } from './types.ts';
import { brightness } from './weather/brightness.ts';
import { fog } from './weather/fog.ts';
import { frost } from './weather/frost.ts';
import { snow } from './weather/snow.ts';
import { spatter } from './weather/spatter.ts';

/** Every corruption by its name; each lives in the file of its name. */
export const REGISTRY: { readonly [N in CorruptionName]: CorruptionFunction<N> } = {
  gaussian_noise: gaussianNoise,
  shot_noise: shotNoise,
  impulse_noise: impulseNoise,
  defocus_blur: defocusBlur,
  glass_blur: glassBlur,
  motion_blur: motionBlur,
  zoom_blur: zoomBlur,
  snow,
  frost,
  fog,
  brightness,
  contrast,
  elastic_transform: elasticTransform,
  pixelate,
  jpeg_compression: jpegCompression,
  speckle_noise: speckleNoise,
  gaussian_blur: gaussianBlur,
  spatter,
  saturate,
};
