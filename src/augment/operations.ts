import type { Image } from '../image/image.ts';
import type { Affine } from '../image/warp.ts';
import { affine, type Fill, type Interpolation } from './affine.ts';
import {
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  adjustSharpness,
  autocontrast,
  equalize,
  invert,
  posterize,
  solarize,
} from './color.ts';

export interface OperationOptions {
  /** How geometric operations read between pixels; nearest when left out. */
  readonly interpolation?: Interpolation;
  /** What geometric operations bring in from outside; black when left out. */
  readonly fill?: Fill;
}

type Operation = (image: Image, magnitude: number, options: Required<OperationOptions>) => Image;

const move =
  (map: (image: Image, magnitude: number) => Affine): Operation =>
  (image, magnitude, { interpolation, fill }) =>
    affine(image, map(image, magnitude), interpolation, fill);

/** The operations that augmentations are made of, and what their magnitude is. */
const OPERATIONS = {
  Identity: (image) => image,
  /** Tangent of the angle; the top edge stays. */
  ShearX: move((_, tangent) => [1, tangent, 0, 0, 1, 0]),
  /** Tangent of the angle; the left edge stays. */
  ShearY: move((_, tangent) => [1, 0, 0, tangent, 1, 0]),
  /** Pixels to the right, cut to a whole number. */
  TranslateX: move((_, pixels) => [1, 0, -Math.trunc(pixels), 0, 1, 0]),
  /** Pixels down, cut to a whole number. */
  TranslateY: move((_, pixels) => [1, 0, 0, 0, 1, -Math.trunc(pixels)]),
  /** Degrees counter-clockwise, about the middle. */
  Rotate: move(rotation),
  /** The factor less one: -1 is black, 0 the image itself; likewise for the three that follow. */
  Brightness: (image, magnitude) => adjustBrightness(image, 1 + magnitude),
  Color: (image, magnitude) => adjustSaturation(image, 1 + magnitude),
  Contrast: (image, magnitude) => adjustContrast(image, 1 + magnitude),
  Sharpness: (image, magnitude) => adjustSharpness(image, 1 + magnitude),
  /** Bits that are kept. */
  Posterize: (image, bits) => posterize(image, Math.trunc(bits)),
  /** The level from which levels are inverted. */
  Solarize: (image, threshold) => solarize(image, threshold),
  AutoContrast: (image) => autocontrast(image),
  Equalize: (image) => equalize(image),
  Invert: (image) => invert(image),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

/**
 * One operation on an image. The pixels equal those of torchvision (0.14) on a Pillow picture; with bilinear
 * interpolation they equal those on a tensor within one grey level.
 *
 * @param magnitude In the operation's own unit; operations without one ignore it.
 * @returns Another image, or the same where nothing changes.
 */
export function applyOperation(
  image: Image,
  name: OperationName,
  magnitude: number,
  { interpolation = 'nearest', fill = [0, 0, 0] }: OperationOptions = {},
): Image {
  const operation: Operation = OPERATIONS[name];
  return operation(image, magnitude, { interpolation, fill });
}

/** Where Pillow's `rotate` reads each pixel. */
function rotation({ width, height }: Image, degrees: number): Affine {
  const angle = (-degrees * Math.PI) / 180;
  // Rounded so that quarter turns are exact.
  const cos = Math.round(Math.cos(angle) * 1e15) / 1e15;
  const sin = Math.round(Math.sin(angle) * 1e15) / 1e15;
  const [x, y] = [width / 2, height / 2];
  return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
}
