/** Making the tensors of a file the weights of a network: what may differ, and how the rest is told. */
import { UserError } from '../errors.ts';
import { floats, numElements, sameShape, type Tensor } from '../graph/tensor.ts';
import { type StemConfig, variantName } from '../models/config.ts';
import { findModel, type ImageModel } from '../models/registry.ts';
import type { Weights } from '../nn/index.ts';
import { plural } from '../words.ts';
import { batchNormAfter } from './batch-norm.ts';
import { type Mismatch, mismatchText } from './mismatch.ts';

export interface FitOptions {
  /** How messages name the file. */
  readonly file: string;
  /** Whose names it had, for messages. */
  readonly names: string;
  /** The first layer that the file's network had, as far as is known beside its tensors. */
  readonly stem?: StemConfig | 'inhibiting';
  /** Start the classifier anew, from the model's own first weights. Left out where that is not on offer. */
  readonly newClassifier?: boolean;
}

export interface FittedWeights {
  readonly weights: Map<string, Tensor>;
  /** What was adapted, a line each. */
  readonly notes: readonly string[];
  /** The first layer is another one than the file's, so that the batch norms behind it expect something else. */
  readonly stemAdapted: boolean;
}

/**
 * Weights for a network out of tensors that have the network's names.
 *
 * Four things may differ, and each is told: a plain convolution becomes the kernels of a push-pull layer (an alpha to
 * train starts at 1, with which the layer is the plain convolution wherever a filter's extremes cancel out); a bias of
 * the first layer that is missing is zero; one too many goes into the running mean of the batch norm behind it, which
 * leaves the function as it is; and the classifier may be started anew.
 *
 * @throws UserError that lists all that is missing, too much or of another shape
 */
export function fitWeights(tensors: Weights, model: ImageModel, options: FitOptions): FittedWeights {
  const found = new Map(tensors);
  const notes: string[] = [];
  const stemAdapted = adaptStem(found, model, options, notes);
  if (options.newClassifier) renewClassifier(found, model, notes);
  const weights = new Map<string, Tensor>();
  const problems: Mismatch[] = [];
  for (const [name, { shape }] of model.parameters) {
    const tensor = found.get(name);
    if (tensor === undefined) problems.push({ kind: 'missing', name, expected: shape });
    else if (tensor.dtype !== 'float32') problems.push({ kind: 'type', name, found: tensor.dtype });
    else if (!sameButForOnes(tensor.shape, shape)) {
      problems.push({ kind: 'shape', name, expected: shape, found: tensor.shape });
    } else weights.set(name, { ...tensor, shape });
  }
  for (const [name, { shape }] of found) {
    if (!model.parameters.has(name)) problems.push({ kind: 'extra', name, found: shape });
  }
  if (problems.length > 0) throw new UserError(mismatchText(problems, found, model, options));
  return { weights, notes, stemAdapted };
}

/** A value a filter may be stored as `[C]` or `[1, C, 1, 1]`, the weights of a linear layer as those of a 1×1 convolution. */
function sameButForOnes(a: readonly number[], b: readonly number[]): boolean {
  const [x, y] = [a, b].map((shape) => shape.filter((size) => size !== 1));
  return sameShape(x, y) && numElements(a) === numElements(b);
}

/** Whether the first layer is another one than the file's. */
function adaptStem(
  found: Map<string, Tensor>,
  model: ImageModel,
  { stem: stored }: FitOptions,
  notes: string[],
): boolean {
  const { stem } = model.config;
  const { stemPath } = findModel(model.config.model);
  const [alpha, bias] = [`${stemPath}.alpha`, `${stemPath}.bias`];
  // A file that lacks the kernels themselves has another mistake than a missing alpha or bias.
  if (!found.has(`${stemPath}.weight`)) return false;
  const inhibited =
    stored === undefined ? found.has(alpha) : stored === 'inhibiting' || stored.kind !== 'conv';
  const adapted = typeof stored === 'object' ? !sameStem(stored, stem) : inhibited !== (stem.kind !== 'conv');
  if (adapted) {
    const before = inhibited ? 'a push-pull layer with other settings' : 'a plain convolution';
    const after = stem.kind === 'conv' ? 'those of a plain convolution' : 'the push kernels';
    notes.push(`${stemPath}: ${before} in the file; its kernels are ${after} now`);
  }
  const expectedAlpha = model.parameters.get(alpha);
  if (expectedAlpha !== undefined && !found.has(alpha)) {
    found.set(alpha, { ...expectedAlpha, data: floats(expectedAlpha).map(() => 1) });
    notes.push(`${alpha}: the file has none; starts at 1 for every filter`);
  }
  const expectedBias = model.parameters.get(bias);
  const ownBias = found.get(bias);
  if (expectedBias !== undefined && ownBias === undefined) {
    found.set(bias, { ...expectedBias, data: new Float32Array(numElements(expectedBias.shape)) });
    notes.push(`${bias}: the file has none; starts at 0, which changes nothing`);
  } else if (expectedBias === undefined && ownBias !== undefined && stem.kind !== 'pushpull2020') {
    const folded = foldBias(found, bias, model);
    if (folded !== undefined)
      notes.push(`${bias}: the network has none; taken into ${folded}, which is the same`);
  }
  return adapted;
}

/**
 * Take a bias in front of a batch norm into its running mean: (x + b - mean) = (x - (mean - b)), exact but for rounding.
 *
 * @returns the running mean's name; undefined when no batch norm follows, and then nothing is changed
 */
export function foldBias(weights: Map<string, Tensor>, bias: string, model: ImageModel): string | undefined {
  const norm = batchNormAfter(model.module, findModel(model.config.model).stemPath);
  const name = `${norm}.running_mean`;
  const [mean, added] = [weights.get(name), weights.get(bias)];
  if (norm === undefined || mean === undefined || added === undefined) return undefined;
  if (mean.dtype !== 'float32' || added.dtype !== 'float32' || mean.data.length !== added.data.length) {
    return undefined;
  }
  const values = floats(added);
  weights.set(name, { ...mean, data: floats(mean).map((value, channel) => value - values[channel]) });
  weights.delete(bias);
  return name;
}

function sameStem(a: StemConfig, b: StemConfig): boolean {
  return variantName({ stem: a }) === variantName({ stem: b });
}

function renewClassifier(found: Map<string, Tensor>, model: ImageModel, notes: string[]): void {
  const { classifierPath } = findModel(model.config.model);
  const stored = found.get(`${classifierPath}.weight`)?.shape[0];
  for (const name of found.keys()) if (name.startsWith(`${classifierPath}.`)) found.delete(name);
  for (const [name, tensor] of model.parameters) {
    if (name.startsWith(`${classifierPath}.`)) found.set(name, tensor);
  }
  const before = stored === undefined ? 'the file has none' : `the file's is for ${stored}`;
  notes.push(`${classifierPath}: started anew for ${plural(model.config.classes, 'class')} (${before})`);
}
