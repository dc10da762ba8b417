import { createImage, type Image, TRUNCATION_GUARD } from '../../image/image.ts';
import { beginFilter, bytesAt, floatsAt, kernels, placeBytes, take } from '../../image/kernels.ts';
import { affineFromPoints, type Point, warpAffine } from '../../image/warp.ts';
import type { Random } from '../../random/random.ts';
import type { CorruptionFunction } from '../types.ts';
import { placeSmoothed } from './smooth-reflected.ts';

/** The random numbers behind one elastic transform, all uniform in [-1, 1). */
export interface ElasticFields {
  /** x and y of three corners: `[3, 2]`. */
  readonly corners: Float32Array;
  /** `[height, width]`. */
  readonly dx: Float32Array;
  /** `[height, width]`. */
  readonly dy: Float32Array;
}

/** Strengths in pixels. */
export interface ElasticStrength {
  readonly displacement: number;
  readonly sigma: number;
  readonly jitter: number;
}

function drawFields(width: number, height: number, random: Random): ElasticFields {
  return {
    corners: random.fillUniform(new Float32Array(6), -1, 1),
    dx: random.fillUniform(new Float32Array(width * height), -1, 1),
    dy: random.fillUniform(new Float32Array(width * height), -1, 1),
  };
}

/**
 * Stretches the image as if it were printed on rubber (Simard, Steinkraus & Platt 2003): a random affine map,
 * given by what happens to three points, then a smooth random displacement of every pixel.
 */
export function stretch(
  image: Image,
  { displacement, sigma, jitter }: ElasticStrength,
  fields: ElasticFields,
): Image {
  const { width, height } = image;
  const centreX = Math.floor(width / 2);
  const centreY = Math.floor(height / 2);
  const reach = Math.floor(Math.min(width, height) / 3);
  const from: [Point, Point, Point] = [
    [centreX + reach, centreY + reach],
    [centreX + reach, centreY - reach],
    [centreX - reach, centreY - reach],
  ];
  const moved = (i: 0 | 1 | 2): Point => [
    from[i][0] + Math.fround(fields.corners[2 * i] * jitter),
    from[i][1] + Math.fround(fields.corners[2 * i + 1] * jitter),
  ];
  const forward = affineFromPoints(from, [moved(0), moved(1), moved(2)]);

  const pixels = width * height;
  beginFilter();
  const levels = placeBytes(image.data);
  const picture = take(pixels * 16);
  const warped = take(pixels * 16);
  kernels.widenPixels(levels, picture, pixels);
  warpAffine(picture, warped, width, height, forward);
  // Without displacement the second sampling would copy every pixel.
  const result = displacement === 0 ? warped : picture;
  if (displacement !== 0) {
    const dx = placeSmoothed(fields.dx, width, height, sigma);
    const dy = placeSmoothed(fields.dy, width, height, sigma);
    for (const field of [floatsAt(dx, pixels), floatsAt(dy, pixels)]) {
      for (let i = 0; i < pixels; i++) field[i] *= displacement;
    }
    kernels.displace(warped, picture, width, height, dx, dy);
  }
  kernels.truncatePixels(result, levels, pixels, 1, TRUNCATION_GUARD);
  return createImage(width, height, bytesAt(levels, image.data.length).slice());
}

/** Pixels that the ImageNet set's strengths were meant to be fractions of. */
const INTENDED_UNIT = 224;

export const elasticTransform: CorruptionFunction<'elastic_transform'> = (image, context) => {
  const { parameters, quirks, random, set } = context;
  const unit = set === 'imagenet' && !quirks.elastic244 ? INTENDED_UNIT : parameters.unit;
  const strength = {
    displacement: parameters.displacement * unit,
    sigma: parameters.sigma * unit,
    jitter: parameters.jitter * unit,
  };
  return stretch(image, strength, drawFields(image.width, image.height, random));
};
