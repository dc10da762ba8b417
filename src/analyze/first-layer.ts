/** The first layer of a run or of any ONNX model, with all that its figures need. */
import path from 'node:path';
import { UserError } from '../errors.ts';
import { readModelFile } from '../evaluate/model/model.ts';
import type { ModelFile } from '../evaluate/model/model-file.ts';
import type { Preprocessing } from '../models/card.ts';
import { type ModelConfig, type StemConfig, variantName } from '../models/config.ts';
import { MODELS, type ModelEntry } from '../models/registry.ts';
import { Conv2d } from '../nn/index.ts';
import { findFirstLayer } from '../onnx/first-layer.ts';
import { decodeModel } from '../onnx/model.ts';
import { isOwnRun, openRun, type Run } from '../run/run.ts';
import { readSafetensors } from '../tensor-files/safetensors.ts';
import { type PushPullKernels, pullKernels, readKernels } from './kernels.ts';

/** Mean and standard deviation of each channel that the convolution reads, on values in [0, 1]. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface FirstLayerKernels {
  /** The model as it was named. */
  readonly source: string;
  /** For people: `resnet18 push-pull avg3`. */
  readonly label: string;
  /** Name of the convolution. */
  readonly layer: string;
  /** Kernels, their pull kernels, and alpha of a push-pull layer, also where it is one number for all filters. */
  readonly kernels: PushPullKernels;
  readonly groups: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** The push-pull unit that the layer is; undefined for a plain convolution. */
  readonly unit?: { readonly avg: number; readonly alphaIs: 'learned' | 'fixed' };
  readonly normalization: Normalization;
  /** What was taken for granted, in plain words. */
  readonly assumptions: readonly string[];
}

export interface FirstLayerOptions {
  /** Where the model's card does not tell, or to overrule it. Default: ImageNet's, and an assumption that says so. */
  readonly normalization?: Partial<Normalization>;
}

const IMAGENET: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * Kernels of the first layer. Of a run the weights of its last checkpoint are read, as they were trained; of an ONNX
 * file those that it holds, into which a batch norm may have been folded.
 *
 * @param modelOrRun an ONNX file, or the folder of a run, which need not be finished
 * @throws UserError when there is no model, or its first layer is no convolution
 */
export async function readFirstLayer(
  modelOrRun: string,
  options: FirstLayerOptions = {},
): Promise<FirstLayerKernels> {
  const run = (await isOwnRun(modelOrRun)) ? await openRun(modelOrRun) : undefined;
  if (run?.checkpoint) return fromCheckpoint(run, run.checkpoint, options);
  return fromModel(await readModelFile(modelOrRun), options);
}

async function fromCheckpoint(
  { path: source, config }: Run,
  checkpoint: string,
  options: FirstLayerOptions,
): Promise<FirstLayerKernels> {
  const { model, preprocessing } = config;
  const entry = MODELS.find(({ name }) => name === model.model);
  if (!entry) {
    throw new UserError(
      `${source}: expected a network that this version knows, found "${model.model}"; give its model.onnx instead`,
    );
  }
  const file = path.join(checkpoint, 'weights.safetensors');
  const { tensors } = await readSafetensors(file);
  const kernels = readKernels(tensors, file, entry.stemPath);
  const { stem } = model;
  const assumptions = stem.kind === 'pushpull2020' ? [EARLIER_LAYER] : [];
  const stride = stemStride(entry, model);
  return {
    source,
    label: `${model.model} ${variantName(model)}`,
    layer: entry.stemPath,
    kernels: withAlpha(kernels, stem),
    groups: 1,
    stride: [stride, stride],
    dilation: [1, 1],
    ...(stem.kind === 'pushpull' && {
      unit: { avg: stem.avg, alphaIs: stem.alpha === 'trainable' ? 'learned' : 'fixed' },
    }),
    normalization: normalizationFor(kernels.shape[1], options, preprocessing, assumptions),
    assumptions,
  };
}

/** Builds the network around a first layer that tells how it is called for. */
function stemStride(entry: ModelEntry, config: ModelConfig): number {
  let stride = 1;
  entry.build(config, (inChannels, outChannels, kernelSize, geometry) => {
    stride = geometry.stride;
    return new Conv2d(inChannels, outChannels, kernelSize, geometry);
  });
  return stride;
}

/** The kernels with alpha where the configuration fixes it; without where it belongs to another kind of layer. */
function withAlpha({ alpha, ...kernels }: PushPullKernels, stem: StemConfig): PushPullKernels {
  if (stem.kind !== 'pushpull') return kernels;
  const strengths = stem.alpha === 'trainable' ? alpha : new Float32Array(kernels.shape[0]).fill(stem.alpha);
  return { ...kernels, ...(strengths && { alpha: strengths }) };
}

function fromModel(
  { path: file, bytes, model, card }: ModelFile,
  options: FirstLayerOptions,
): FirstLayerKernels {
  const { convolution, dilation, unit, isPushPull2020 } = findFirstLayer(decodeModel(bytes, file), file);
  const { weight, groups, stride, name } = convolution;
  const shape = weight.dims as unknown as PushPullKernels['shape'];
  const push = Float32Array.from(weight.values);
  const assumptions: string[] = [];
  if (isPushPull2020) assumptions.push(EARLIER_LAYER);
  else if (!unit) {
    assumptions.push(
      'The kernels are those of the file: if a batch norm was folded into the convolution, each is scaled by it, and turned ' +
        'round where its factor is negative.',
    );
  }
  if (convolution.disjoint) {
    assumptions.push(
      'The windows of the convolution share no pixel, as those of a patch embedding; push-pull is modelled for overlapping ones.',
    );
  }
  return {
    source: model.file,
    label: card ? `${model.name} ${model.variant}` : model.name,
    layer: name,
    kernels: {
      shape,
      push,
      pull: pullKernels(push, shape[0]),
      ...(unit && { alpha: Float32Array.from(unit.alpha) }),
    },
    groups,
    stride,
    dilation,
    ...(unit && {
      unit: {
        avg: unit.avg,
        alphaIs: unit.alpha.every((value) => value === unit.alpha[0]) ? 'fixed' : 'learned',
      },
    }),
    normalization: normalizationFor(shape[1] * groups, options, card?.preprocessing, assumptions),
    assumptions,
  };
}

const EARLIER_LAYER =
  'The first layer is the push-pull layer of 2020, whose pull kernels are its push kernels, negated and enlarged; what is ' +
  'shown is what the unit of 2024 would do to the same push kernels.';

function normalizationFor(
  channels: number,
  { normalization: given }: FirstLayerOptions,
  card: Preprocessing | undefined,
  assumptions: string[],
): Normalization {
  const known = card ?? IMAGENET;
  const mean = given?.mean ?? known.mean;
  const std = given?.std ?? known.std;
  if (!card && !(given?.mean && given.std)) {
    assumptions.push(
      `The file does not tell how its images are normalised: mean ${mean.join(', ')} and standard deviation ` +
        `${std.join(', ')} of values in [0, 1] are taken for granted (--mean and --std say otherwise).`,
    );
  }
  // A convolution of grey images has one channel, for which the three are averaged.
  const perChannel = (values: readonly number[]): readonly number[] =>
    channels === values.length
      ? values
      : new Array<number>(channels).fill(values.reduce((sum, value) => sum + value, 0) / values.length);
  return { mean: perChannel(mean), std: perChannel(std) };
}
