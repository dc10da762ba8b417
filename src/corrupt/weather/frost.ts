import { UserError } from '../../errors.ts';
import { createImage, type Image } from '../../image/image.ts';
import { interpolate } from '../../image/interpolate.ts';
import type { CorruptionParameters } from '../parameters.ts';
import type { CorruptionFunction } from '../types.ts';
import { frostTexture, TEXTURE_COUNT } from './frost-textures.ts';

/** Room for the crop to wander in a texture that had to be enlarged for the image. */
const ENLARGEMENT_MARGIN = 1.1;

/** The benchmark's own number of textures, of which its code draws all but the last. */
const ORIGINAL_COUNT = 6;

const resized = new WeakMap<Image, Map<number, Image>>();

/** A texture in another size, kept under the factor that led to it. */
function kept(texture: Image, factor: number, make: () => Image): Image {
  const sizes = resized.get(texture) ?? new Map<number, Image>();
  resized.set(texture, sizes);
  const result = sizes.get(factor) ?? make();
  sizes.set(factor, result);
  return result;
}

/**
 * The texture at the set's scale; where the image is as large as that or larger, at the least scale at which it fits
 * with a tenth to spare, whole pixels rounded up (the rule of the `imagecorruptions` package).
 */
export function fitTexture(texture: Image, width: number, height: number, scale: number): Image {
  if (Math.round(texture.width * scale) > width && Math.round(texture.height * scale) > height) {
    return scale === 1 ? texture : kept(texture, scale, () => interpolate(texture, scale, 'linear'));
  }
  const needed = ENLARGEMENT_MARGIN * Math.max(width / texture.width, height / texture.height);
  const size = { width: Math.ceil(texture.width * needed), height: Math.ceil(texture.height * needed) };
  return kept(texture, needed, () => interpolate(texture, size, needed > 1 ? 'cubic' : 'linear'));
}

/** The weighted sum of the image and a texture's part with its top left corner at (left, top), clipped. */
export function overlay(
  image: Image,
  texture: Image,
  left: number,
  top: number,
  weights: Pick<CorruptionParameters['frost'], 'image' | 'texture'>,
): Image {
  const { data, width, height } = image;
  const out = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    let from = ((top + y) * texture.width + left) * 3;
    for (const end = i + width * 3; i < end; i++, from++) {
      const level = weights.image * data[i] + weights.texture * texture.data[from];
      out[i] = Math.min(level, 255);
    }
  }
  return createImage(width, height, out);
}

/** Lays a random part of a frosted pane over the image. */
export const frost: CorruptionFunction<'frost'> = (image, { parameters, quirks, random, frost: given }) => {
  const available = given?.length ?? TEXTURE_COUNT;
  if (available === 0) {
    throw new UserError('frost: expected at least one texture, found none; give a folder that holds images');
  }
  const skipped = quirks.frostSkipsSixth && available === ORIGINAL_COUNT ? 1 : 0;
  const drawn = random.int(0, available - skipped);
  const { width, height } = image;
  const texture = fitTexture(given?.[drawn] ?? frostTexture(drawn), width, height, parameters.textureScale);
  const top = random.int(0, texture.height - height);
  const left = random.int(0, texture.width - width);
  return overlay(image, texture, left, top, parameters);
};
