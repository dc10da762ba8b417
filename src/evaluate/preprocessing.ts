/** How images must be prepared for a model: read off its input and its card, or told by flags. */
import type { Preparation } from '../data/prepared.ts';
import type { Transform } from '../data/transform.ts';
import type { ModelSession, TensorSpec } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { Preprocessing } from '../models/card.ts';

/** What the command line may say about a model's input; each field overrides the model's card. */
export interface PreprocessingFlags {
  readonly inputSize?: { readonly width: number; readonly height: number };
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  readonly layout?: 'NCHW' | 'NHWC';
  /** Short side before the centre crop, in pixels. */
  readonly resize?: number;
  /** Range of the pixel values that `mean` and `std` refer to. */
  readonly scale?: '0-1' | '0-255';
  /** Name of the output with the logits, where there are several. */
  readonly output?: string;
}

/** What is known of a model's input besides its shape. */
interface Known {
  /** How to call the model in messages. */
  readonly file: string;
  /** From the model's card, where this project wrote the file. */
  readonly card: Preprocessing | undefined;
  readonly flags: PreprocessingFlags;
}

/** The one image input of a model. */
export function imageInput(session: ModelSession, file: string): TensorSpec {
  const describe = (spec: TensorSpec) => `${spec.name}: ${spec.dtype} [${spec.shape.join(', ')}]`;
  const [input, ...others] = session.inputs;
  const found = session.inputs.map(describe).join('; ') || 'none';
  if (!input || others.length > 0) {
    throw new UserError(
      `${file}: expected one input, a batch of images, found ${session.inputs.length} (${found}); give an image classifier`,
    );
  }
  const isImage = input.shape.length === 4 && (input.dtype === 'float32' || input.dtype === 'uint8');
  const channelsFit = [input.shape[1], input.shape[3]].some((size) => size === 3 || !isFixed(size));
  if (!isImage || !channelsFit) {
    throw new UserError(
      `${file}: expected an RGB image input, float32 or uint8 [N, 3, H, W] or [N, H, W, 3], found ${found}; ` +
        'give a classifier of colour images',
    );
  }
  return input;
}

/** Whether an axis has a length of its own; a free one has a name, or none. */
export function isFixed(size: number | string | undefined): size is number {
  return typeof size === 'number' && size > 0;
}

function resolveLayout(input: TensorSpec, { file, card, flags }: Known): 'NCHW' | 'NHWC' {
  const [, second, , last] = input.shape;
  const possible = { NCHW: second === 3 || !isFixed(second), NHWC: last === 3 || !isFixed(last) };
  const wanted = flags.layout ?? card?.layout;
  if (wanted) {
    if (possible[wanted]) return wanted;
    throw new UserError(
      `${file}: --layout ${wanted} does not fit its input [${input.shape.join(', ')}]; leave --layout out`,
    );
  }
  if (second === 3 && last !== 3) return 'NCHW';
  if (last === 3 && second !== 3) return 'NHWC';
  if (possible.NCHW !== possible.NHWC) return possible.NCHW ? 'NCHW' : 'NHWC';
  throw new UserError(
    `${file}: cannot tell where the channels of its input [${input.shape.join(', ')}] are; ` +
      'pass --layout NCHW (PyTorch) or --layout NHWC (TensorFlow)',
  );
}

/**
 * Card, flags and session brought together.
 *
 * @throws UserError for every gap and contradiction, with what to pass
 */
export function resolvePreprocessing(input: TensorSpec, known: Known): Preprocessing {
  const { file, card, flags } = known;
  const layout = resolveLayout(input, known);
  const [fixedHeight, fixedWidth] = layout === 'NCHW' ? input.shape.slice(2) : input.shape.slice(1, 3);
  const width = resolveSize('width', fixedWidth, flags.inputSize?.width, card?.width, file);
  const height = resolveSize('height', fixedHeight, flags.inputSize?.height, card?.height, file);
  const resize = flags.resize ?? card?.resize ?? null;
  if (resize !== null && resize < Math.max(width, height)) {
    throw new UserError(
      `--resize: expected at least the model's input size ${Math.max(width, height)}, found ${resize}; ` +
        'the short side is resized to it before the centre crop',
    );
  }
  if (input.dtype === 'uint8') {
    if (flags.mean || flags.std || flags.scale) {
      throw new UserError(
        `${file}: takes uint8 pixels and normalises them itself; leave --mean, --std and --scale out`,
      );
    }
    return { width, height, layout, dtype: 'uint8', mean: [0, 0, 0], std: [1, 1, 1], resize };
  }
  const { mean, std } = resolveNormalisation(card, flags, file);
  return { width, height, layout, dtype: 'float32', mean, std, resize };
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

function resolveNormalisation(
  card: Preprocessing | undefined,
  flags: PreprocessingFlags,
  file: string,
): Pick<Preprocessing, 'mean' | 'std'> {
  if ((!flags.mean || !flags.std) && (!card || flags.scale)) {
    const missing = [!flags.mean && '--mean', !flags.std && '--std'].filter(Boolean).join(' and ');
    throw new UserError(
      `${file}: does not say how its input is normalised, and ${missing} ${missing.includes('and') ? 'are' : 'is'} missing; ` +
        'pass what it was trained with: --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 (torchvision), ' +
        '--mean 0.5 --std 0.5 (values in [-1, 1]), --mean 0 --std 1 (values in [0, 1]) ' +
        'or --scale 0-255 --mean 0 --std 1 (plain pixel values)',
    );
  }
  const unit = flags.scale === '0-255' ? 255 : 1;
  const divide = (values: readonly [number, number, number]): [number, number, number] => [
    values[0] / unit,
    values[1] / unit,
    values[2] / unit,
  ];
  return {
    mean: flags.mean ? divide(flags.mean) : [...card!.mean],
    std: flags.std ? divide(flags.std) : [...card!.std],
  };
}

/** How images get the size that the network sees. */
export function sizeTransforms({ width, resize }: Preprocessing): Preparation[] {
  if (resize === null) return [];
  return [
    { kind: 'resize', shortSide: resize },
    { kind: 'centerCrop', size: width },
  ];
}

/** What images go through on the way to the network; a corruption meets them at the size that the network sees. */
export function imageTransforms(
  preprocessing: Preprocessing,
  corruption?: Transform & { kind: 'corrupt' },
): Transform[] {
  const { mean, std, layout, dtype } = preprocessing;
  const transforms: Transform[] = sizeTransforms(preprocessing);
  if (corruption) transforms.push(corruption);
  if (dtype === 'float32') transforms.push({ kind: 'normalize', mean, std });
  transforms.push({ kind: 'layout', layout, dtype });
  return transforms;
}
