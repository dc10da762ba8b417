import path from 'node:path';
import { augment } from '../../augment/augment.ts';
import { centerCrop, drawCorner, randomCrop } from '../../augment/crop.ts';
import { horizontalFlip } from '../../augment/flip.ts';
import { type Planes, PRIME_PARAMETERS, prime, toPlanes } from '../../augment/prime/index.ts';
import { corrupt } from '../../corrupt/index.ts';
import { UserError } from '../../errors.ts';
import { isMissing, readdir } from '../../files/fs.ts';
import type { Image } from '../../image/image.ts';
import { beginFilter, floatsAt, kernels, placeBytes, placeFloats, take } from '../../image/kernels.ts';
import { resize } from '../../image/resize.ts';
import { type Random, randomStream } from '../../random/random.ts';
import { decodingReason } from '../pictures/decode.ts';
import { fitImage } from '../pictures/fit.ts';
import { resizeAndCrop, resizeShortSide } from '../pictures/short-side.ts';
import { ImageReader } from '../storage.ts';
import type { Transform, Triple } from '../transform.ts';

/** By what the random draws for one image are keyed. */
export interface ImageKey {
  readonly seed: number;
  readonly epoch: number;
  /** Number of the image in its data set. */
  readonly index: number;
}

export type PixelType = 'float32' | 'uint8';

/** Transforms made ready: what happens to an image, and how it is written into a batch. */
export interface Pipeline {
  readonly layout: 'NCHW' | 'NHWC';
  readonly dtype: PixelType;
  /** All steps that make an image of an image. The input is left alone. */
  apply(image: Image, key: ImageKey): Image;
  /** Write an image's values in the layout of the batch, after what varies them as numbers in [0, 1]. */
  write(image: Image, out: Float32Array | Uint8Array, key: ImageKey): void;
}

type Step = (image: Image, key: ImageKey) => Image;
type Output = Extract<Transform, { kind: 'prime' | 'normalize' | 'layout' }>;
type Geometry = Exclude<Transform, Output>;

/**
 * Make transforms ready to run; loads frost textures where a folder is given.
 *
 * @throws UserError when such a folder has no readable images
 */
export async function createPipeline(transforms: readonly Transform[]): Promise<Pipeline> {
  const firstOutput = transforms.findIndex(isOutput);
  const outputs = (firstOutput < 0 ? [] : transforms.slice(firstOutput)) as Output[];
  const geometry = (firstOutput < 0 ? transforms : transforms.slice(0, firstOutput)) as Geometry[];
  if (!outputs.every(isOutput)) {
    throw new RangeError('prime, normalize and layout are expected after all transforms of the image');
  }
  const varied = outputs.find((step) => step.kind === 'prime');
  const normalize = outputs.find((step) => step.kind === 'normalize');
  const { layout = 'NCHW', dtype = 'float32' } = outputs.find((step) => step.kind === 'layout') ?? {};
  if ((varied ?? normalize) && dtype === 'uint8')
    throw new RangeError(`${(varied ?? normalize)?.kind} needs a layout of float32, found uint8`);

  const steps = await createSteps(geometry);
  const table = dtype === 'float32' ? levelTable(normalize?.mean, normalize?.std) : undefined;
  return {
    layout,
    dtype,
    apply: (image, key) => steps.reduce((current, step) => step(current, key), image),
    write: (image, out, key) => {
      if (!varied) return writeImage(image, out, layout, table);
      const { seed, epoch, index } = key;
      const random = randomStream('prime', seed, epoch, index);
      writePlanes(prime(toPlanes(image), PRIME_PARAMETERS[varied.set], random), out, layout, normalize);
    },
  };
}

function isOutput(transform: Transform): boolean {
  return ['prime', 'normalize', 'layout'].includes(transform.kind);
}

/** A step for each transform, but one for a resize and the crop behind it: what is cut off is not computed. */
async function createSteps(transforms: readonly Geometry[]): Promise<Step[]> {
  const steps: Step[] = [];
  for (let position = 0; position < transforms.length; position++) {
    const transform = transforms[position];
    const next = transforms[position + 1];
    if (transform.kind === 'resize' && (next?.kind === 'randomCrop' || next?.kind === 'centerCrop')) {
      steps.push(createResizeAndCrop(transform.shortSide, next, ++position));
    } else {
      steps.push(await createStep(transform, position));
    }
  }
  return steps;
}

/** By what the random draws of a transform are keyed. Its position keeps two of one kind from drawing the same. */
function drawFor({ kind }: Geometry, position: number): (key: ImageKey, ...more: number[]) => Random {
  return ({ seed, epoch, index }, ...more) => randomStream(kind, seed, epoch, index, position, ...more);
}

function createResizeAndCrop(
  shortSide: number,
  cut: Extract<Transform, { kind: 'randomCrop' | 'centerCrop' }>,
  position: number,
): Step {
  if (cut.kind === 'centerCrop') return (image) => resizeAndCrop(image, shortSide, cut.size);
  const random = drawFor(cut, position);
  return (image, key) =>
    resizeAndCrop(image, shortSide, cut.size, (scaled) => drawCorner(scaled, cut, random(key)));
}

async function createStep(transform: Geometry, position: number): Promise<Step> {
  const random = drawFor(transform, position);
  switch (transform.kind) {
    case 'augment': {
      const { name, view } = transform;
      return (image, key) => augment(image, name, view === undefined ? random(key) : random(key, view));
    }
    case 'resize':
      return (image) => resizeShortSide(image, transform.shortSide);
    case 'resizeTo':
      return (image) => resize(image, transform.width, transform.height, 'bilinear');
    case 'centerCrop':
      return (image) => centerCrop(image, transform.size);
    case 'fit':
      return (image) => fitImage(image, transform);
    case 'randomCrop':
      return (image, key) => randomCrop(image, transform, random(key));
    case 'randomHorizontalFlip':
      return (image, key) => (random(key).bernoulli(0.5) ? horizontalFlip(image) : image);
    case 'corrupt': {
      const { frostDir, kind: _, ...options } = transform;
      const wantsFrost = frostDir !== undefined && options.corruption === 'frost';
      const frost = wantsFrost ? await loadTextures(frostDir) : undefined;
      return (image, { index }) => corrupt(image, { ...options, index, frost });
    }
  }
}

const TEXTURE_NAME = /\.(jpe?g|png|webp|tiff?)$/i;
const textures = new Map<string, Promise<readonly Image[]>>();

/** The textures of a folder in the order of their names; read once a thread. */
export function loadTextures(folder: string): Promise<readonly Image[]> {
  const loaded = textures.get(folder) ?? readTextures(folder);
  textures.set(folder, loaded);
  return loaded;
}

async function readTextures(folder: string): Promise<readonly Image[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new UserError(
      `--frost-dir ${folder}: expected a folder of frost textures, found none; check the path`,
    );
  });
  const paths = names
    .filter((name) => TEXTURE_NAME.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => path.join(folder, name));
  if (paths.length === 0) {
    throw new UserError(`--frost-dir ${folder}: expected frost textures as jpg or png files, found none`);
  }
  const reader = new ImageReader({ kind: 'files', paths });
  return await Promise.all(
    paths.map(async (file, index) => {
      try {
        return await reader.read(index);
      } catch (error) {
        throw new UserError(
          `${file}: expected a frost texture, found no readable image (${decodingReason(error)}); replace or remove it`,
        );
      }
    }),
  );
}

const LEVELS = 256;

/** What a level becomes, 256 values for each channel, reckoned in float32 as torchvision does. */
function levelTable(mean: Triple = [0, 0, 0], std: Triple = [1, 1, 1]): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: 3 * LEVELS }, (_, entry) => {
    const channel = Math.floor(entry / LEVELS);
    return fround(fround((entry % LEVELS) / 255) - fround(mean[channel])) / fround(std[channel]);
  });
}

function writeImage(
  { data, width, height }: Image,
  out: Float32Array | Uint8Array,
  layout: 'NCHW' | 'NHWC',
  table: Float32Array | undefined,
): void {
  const pixels = width * height;
  if (layout === 'NCHW' && table) {
    beginFilter();
    const to = take(out.byteLength);
    kernels.toNumbers(placeBytes(data), to, pixels, placeFloats(table));
    out.set(floatsAt(to, out.length));
    return;
  }
  const [pixelStride, channelStride] = layout === 'NCHW' ? [1, pixels] : [3, 1];
  for (let channel = 0; channel < 3; channel++) {
    const levels = table?.subarray(channel * LEVELS, (channel + 1) * LEVELS);
    let to = channel * channelStride;
    if (levels) {
      for (let from = channel; from < data.length; from += 3, to += pixelStride) out[to] = levels[data[from]];
    } else {
      for (let from = channel; from < data.length; from += 3, to += pixelStride) out[to] = data[from];
    }
  }
}

/** Planes of values in [0, 1], normalised if wanted. */
function writePlanes(
  { data, width, height }: Planes,
  out: Float32Array | Uint8Array,
  layout: 'NCHW' | 'NHWC',
  { mean = [0, 0, 0], std = [1, 1, 1] }: { readonly mean?: Triple; readonly std?: Triple } = {},
): void {
  const pixels = width * height;
  const [pixelStride, channelStride] = layout === 'NCHW' ? [1, pixels] : [3, 1];
  for (let channel = 0; channel < 3; channel++) {
    const scale = 1 / std[channel];
    const shift = -mean[channel] * scale;
    let to = channel * channelStride;
    for (let from = channel * pixels; from < (channel + 1) * pixels; from++, to += pixelStride) {
      out[to] = data[from] * scale + shift;
    }
  }
}
