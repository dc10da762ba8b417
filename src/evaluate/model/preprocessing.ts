/** How images must be prepared for a model: read off its input and its card, or told by flags. */
import type { Transform } from '../../data/transform.ts';
import { UserError } from '../../errors.ts';
import type { Geometry, Preprocessing, Size, Triple } from '../../models/card.ts';
import { feedType, isPixelType } from '../../onnx/adapt.ts';
import { describePort, type Port, requiredInputs } from '../../onnx/interface.ts';
import type { ModelProto } from '../../onnx/model.ts';
import { type DeclaredPreprocessing, refuseGaps } from './declared/declared.ts';
import { type GeometryFlags, resolveGeometry, sizeTransforms } from './geometry.ts';
import type { ClassOrder } from './labels/class-order.ts';

/** What the command line may say about how a model is read; each field overrides the model's card. */
export interface PreprocessingFlags extends GeometryFlags {
  readonly inputSize?: Size;
  /** Of each channel, in the order in which the model takes them. */
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  readonly layout?: 'NCHW' | 'NHWC';
  /** Order of the channels: red first, or blue first as Caffe and OpenCV have them; or brightness alone. */
  readonly channels?: Channels;
  /** Range of the pixel values that `mean` and `std` refer to. */
  readonly scale?: '0-1' | '0-255';
  /** Name of the output with the scores, where there are several. */
  readonly output?: string;
  /** What the scores are, where that cannot be seen from them. */
  readonly scores?: ScoreKind;
  /** A file that names the classes of the outputs. */
  readonly labels?: string;
  /** Order of the classes of outputs that nothing names. */
  readonly classOrder?: ClassOrder;
}

export const CHANNELS = ['rgb', 'bgr', 'grey'] as const;
export type Channels = (typeof CHANNELS)[number];
export const SCORE_KINDS = ['logits', 'probabilities'] as const;
export type ScoreKind = (typeof SCORE_KINDS)[number];

/** What is known of a model's input besides its shape. */
interface Known {
  /** How to call the model in messages. */
  readonly file: string;
  /** From the model's card, where this project wrote the file. */
  readonly card?: Preprocessing;
  /** From the metadata of a file of somebody else's, or from a configuration beside it. */
  readonly declared?: DeclaredPreprocessing;
  readonly flags: PreprocessingFlags;
}

/** An image input, whose shape is told. */
export type ImagePort = Port & { readonly shape: NonNullable<Port['shape']> };

/**
 * The one input of a model that has to be fed, a batch of images.
 *
 * @throws UserError when there are others, or when it takes no images
 */
export function imageInput({ graph }: ModelProto, file: string): ImagePort {
  const inputs = requiredInputs(graph);
  const found = inputs.map(describePort).join('; ') || 'none';
  const images = inputs.filter(isImage);
  if (images.length === 1 && inputs.length > 1) {
    const others = inputs.filter((input) => input !== images[0]).map(({ name }) => name);
    throw new UserError(
      `${file}: expected one input, a batch of images, found ${inputs.length} (${found}); ` +
        `${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} no default value in the file: ` +
        'export the model with a constant there, or give another',
    );
  }
  if (inputs.length !== 1) {
    throw new UserError(
      `${file}: expected one input, a batch of images, found ${inputs.length} (${found}); give an image classifier`,
    );
  }
  if (images.length === 0) {
    throw new UserError(
      `${file}: expected an image input, [N, 3, H, W] or [N, H, W, 3] of colours or with 1 in place of 3 of grey, ` +
        `found ${found}; give an image classifier`,
    );
  }
  return images[0];
}

function isImage(port: Port): port is ImagePort {
  const { dtype, shape } = port;
  return shape?.length === 4 && isPixelType(dtype) && [shape[1], shape[3]].some(mayBeChannels);
}

/** Whether an axis has a length of its own; a free one has a name, or none. */
export function isFixed(size: number | string | undefined): size is number {
  return typeof size === 'number' && size > 0;
}

function mayBeChannels(size: number | string): boolean {
  return size === 3 || size === 1 || !isFixed(size);
}

function resolveLayout({ shape }: ImagePort, { file, card, flags }: Known): 'NCHW' | 'NHWC' {
  const axes = { NCHW: shape[1], NHWC: shape[3] };
  const layouts = ['NCHW', 'NHWC'] as const;
  const wanted = flags.layout ?? card?.layout;
  if (wanted) {
    if (mayBeChannels(axes[wanted])) return wanted;
    throw new UserError(
      `${file}: --layout ${wanted} does not fit its input [${shape.join(', ')}]; leave --layout out`,
    );
  }
  // Three channels tell more than one, which an image of one row has too; and a free axis is rarely the channels.
  for (const tells of [
    (size: number | string) => size === 3,
    (size: number | string) => size === 1,
    (size: number | string) => !isFixed(size),
  ]) {
    const fitting = layouts.filter((layout) => tells(axes[layout]));
    if (fitting.length === 1) return fitting[0];
    if (fitting.length > 1) break;
  }
  throw new UserError(
    `${file}: cannot tell where the channels of its input [${shape.join(', ')}] are; ` +
      'pass --layout NCHW (PyTorch) or --layout NHWC (TensorFlow)',
  );
}

function resolveChannels(
  { shape }: ImagePort,
  layout: 'NCHW' | 'NHWC',
  { file, card, declared, flags }: Known,
) {
  const size = layout === 'NCHW' ? shape[1] : shape[3];
  const told = card?.channels ?? declared?.known.channels;
  // The order of channels says nothing of a single one.
  const fitting = size === 1 && told !== 'grey' ? undefined : told;
  const wanted = flags.channels ?? fitting ?? (size === 1 ? 'grey' : 'rgb');
  if (!isFixed(size) || (size === 1) === (wanted === 'grey')) return wanted;
  throw new UserError(
    `${file}: ${flags.channels ? `--channels ${wanted}` : `"${wanted}", which its metadata say,`} does not fit its input ` +
      `[${shape.join(', ')}], which has ${size === 1 ? 'one channel' : 'three channels'}; ` +
      `${flags.channels ? 'leave --channels out' : 'pass --channels'}`,
  );
}

/**
 * Card, flags and the model's input brought together.
 *
 * @throws UserError for every gap and contradiction, with what to pass
 */
export function resolvePreprocessing(input: ImagePort, known: Known): Preprocessing {
  const { file, card, declared, flags } = known;
  const layout = resolveLayout(input, known);
  const pixels = takesPixels(input);
  if (declared) refuseGaps(file, declared, flags, pixels);
  const channels = resolveChannels(input, layout, known);
  const size = resolveInputSize(input, layout, known);
  const { width, height, ...way } = resolveGeometry(size, knownWay(size, known), flags);
  const geometry = { width, height, layout, ...way, ...(channels !== 'rgb' && { channels }) };
  if (pixels) {
    if (flags.mean || flags.std || flags.scale) {
      throw new UserError(
        `${file}: takes ${input.dtype} pixels and normalises them itself; leave --mean, --std and --scale out`,
      );
    }
    return { ...geometry, dtype: 'uint8', mean: [0, 0, 0], std: [1, 1, 1] };
  }
  const { mean, std } = resolveNormalisation(card ?? declared?.known, flags, channels === 'bgr', file);
  if (channels === 'grey' && [mean, std].some((values) => new Set(values).size > 1)) {
    throw new UserError(
      `${file}: takes grey images, which have one channel; pass one number each as --mean and --std`,
    );
  }
  return { ...geometry, dtype: 'float32', mean, std };
}

/** Whether a model takes whole numbers, and so normalises pixels itself. */
export function takesPixels(input: ImagePort): boolean {
  return feedType({ input, channels: 'rgb' }) === 'uint8';
}

function resolveInputSize(
  { shape }: ImagePort,
  layout: 'NCHW' | 'NHWC',
  { file, card, declared, flags }: Known,
): Size {
  const [fixedHeight, fixedWidth] = layout === 'NCHW' ? shape.slice(2) : shape.slice(1, 3);
  const told = card ?? declared?.known;
  return {
    width: resolveSize('width', fixedWidth, flags.inputSize?.width, told?.width, file),
    height: resolveSize('height', fixedHeight, flags.inputSize?.height, told?.height, file),
  };
}

/** What a card or a configuration says of the way to the model's size, which may be another than theirs. */
function knownWay(size: Size, { file, card, declared, flags }: Known): Partial<Geometry> {
  if (card) return mayBeCropped(size, card) ? card : {};
  if (!declared) return {};
  const { known, at, source } = declared;
  if (known.width === undefined || (known.width === size.width && known.height === size.height)) return known;
  if (at) return at(size);
  // A filter is the same for every size; what else is said is of another model.
  if (flags.fit !== undefined || flags.resize !== undefined) {
    const { resample, cropRounding, fill } = known;
    return { resample, cropRounding, fill };
  }
  const [theirs, own] = [`${known.width}×${known.height}`, `${size.width}×${size.height}`];
  throw new UserError(
    `${file}: ${source} prepares images of ${theirs}, the model takes ${own}; pass how they are prepared for it, ` +
      `such as --fit squeeze or --resize ${Math.max(size.width, size.height)}, or --fit none for images of that size`,
  );
}

/** A model may have been exported for larger images than its card tells. */
function mayBeCropped({ width, height }: Size, { resize, fit }: Preprocessing): boolean {
  return fit !== undefined || typeof resize !== 'number' || resize >= Math.max(width, height);
}

function resolveSize(
  side: 'width' | 'height',
  fixed: number | string | undefined,
  flag: number | undefined,
  card: number | undefined,
  file: string,
): number {
  if (isFixed(fixed)) {
    if (flag === undefined || flag === fixed) return fixed;
    throw new UserError(
      `${file}: --input-size asks for a ${side} of ${flag}, the model takes ${fixed} only; leave it out`,
    );
  }
  const size = flag ?? card;
  if (size === undefined) {
    throw new UserError(
      `${file}: takes images of any ${side} and does not say which it was trained on; pass --input-size, for example --input-size 224`,
    );
  }
  return size;
}

/** @param blueFirst whether the model takes blue first, and so do the flags; what is stored has red first */
function resolveNormalisation(
  card: Partial<Pick<Preprocessing, 'mean' | 'std'>> | undefined,
  flags: PreprocessingFlags,
  blueFirst: boolean,
  file: string,
): Pick<Preprocessing, 'mean' | 'std'> {
  const known = flags.scale ? undefined : card;
  const [mean, std] = [flags.mean ?? known?.mean, flags.std ?? known?.std];
  if (!mean || !std) {
    const missing = [!mean && '--mean', !std && '--std'].filter(Boolean).join(' and ');
    throw new UserError(
      `${file}: does not say how its input is normalised, and ${missing} ${missing.includes('and') ? 'are' : 'is'} missing; ` +
        'pass what it was trained with: --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 (torchvision), ' +
        '--mean 0.5 --std 0.5 (values in [-1, 1]), --mean 0 --std 1 (values in [0, 1]) ' +
        'or --scale 0-255 --mean 0 --std 1 (plain pixel values)',
    );
  }
  const unit = flags.scale === '0-255' ? 255 : 1;
  const told = ([first, second, third]: Triple): Triple =>
    blueFirst ? [third / unit, second / unit, first / unit] : [first / unit, second / unit, third / unit];
  return {
    mean: flags.mean ? told(flags.mean) : mean,
    std: flags.std ? told(flags.std) : std,
  };
}

/** What the loader hands over: pixels where the model, or the conversion to grey before it, normalises them. */
export function loadedType({ dtype, channels }: Preprocessing): 'float32' | 'uint8' {
  return channels === 'grey' ? 'uint8' : dtype;
}

/** What images go through on the way to the network; a corruption meets them at the size that the network sees. */
export function imageTransforms(
  preprocessing: Preprocessing,
  corruption?: Transform & { kind: 'corrupt' },
): Transform[] {
  const { mean, std, layout } = preprocessing;
  const dtype = loadedType(preprocessing);
  const transforms: Transform[] = sizeTransforms(preprocessing);
  if (corruption) transforms.push(corruption);
  if (dtype === 'float32') transforms.push({ kind: 'normalize', mean, std });
  transforms.push({ kind: 'layout', layout, dtype });
  return transforms;
}
