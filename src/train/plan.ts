import { resolve } from 'node:path';
import { resolveAugmentation } from '../augment/augment.ts';
import type { ClassSelection } from '../data/class-selection.ts';
import type { Dataset, HeldOut } from '../data/contents.ts';
import { parseCorruptedSpec } from '../data/corrupted/spec.ts';
import { BUILT_IN_DATASETS, type OpenOptions, openDataset } from '../data/dataset.ts';
import { parseWishes, withWishes } from '../data/formats/spec.ts';
import { absoluteImageNetSpec } from '../data/imagenet/source.ts';
import { isNpyPair } from '../data/npy/pair.ts';
import { storedChoice } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import type { Form } from '../models/config.ts';
import { checkModel } from '../models/cost.ts';
import { findModel, PYTORCH_BATCH_NORM } from '../models/registry.ts';
import { choosePreset, PRESETS, RUN_SCHEMA, type RunConfig } from '../run/config.ts';
import { withPeak } from '../run/schedule.ts';
import { planInitial } from '../weights/initial.ts';
import { type SettledNetwork, settleNetwork } from '../weights/settle.ts';
import { openWeights, type WeightsSource } from '../weights/source.ts';
import { checkRequest } from './check-request.ts';
import type { ImageLimit, TrainingRequest } from './request.ts';

export interface PlannedRun {
  readonly config: RunConfig;
  /** `test` is the held-out part of the training images where the run validates on one. */
  readonly splits: { readonly train: Dataset; readonly test: Dataset };
}

/** The network of the paper's main experiments. */
export const DEFAULT_MODEL = 'resnet18';

/** Images looked at to find out whether all have one size. */
const SAMPLED_IMAGES = 32;

/**
 * Open the data of a request and decide everything that was left open. Nothing is written.
 *
 * @throws UserError when the data cannot be opened, or its splits have different classes
 */
export async function planRun(request: TrainingRequest): Promise<PlannedRun> {
  checkRequest(request);
  const spec = absoluteSpec(request.data);
  const splits = await openSplits(spec, splitOptions(request));
  try {
    return { config: await decide(request, spec, splits), splits };
  } catch (error) {
    await Promise.all([splits.train.close(), splits.test.close()]);
    throw error;
  }
}

/**
 * The settings of several runs, in order, as `planRun` decides them. Data is opened once for all runs that select their
 * images alike; nothing stays open.
 *
 * @param nameOf What a complaint about a request begins with.
 * @throws UserError as `planRun`
 */
export async function planConfigs(
  requests: readonly TrainingRequest[],
  nameOf: (index: number) => string = () => '',
): Promise<RunConfig[]> {
  const groups = new Map<string, number[]>();
  for (const [index, request] of requests.entries()) naming(nameOf(index), () => checkRequest(request));
  for (const [index, request] of requests.entries()) {
    const key = JSON.stringify([absoluteSpec(request.data), splitOptions(request)]);
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  const configs: RunConfig[] = [];
  for (const indices of groups.values()) {
    const [first] = indices.map((index) => requests[index]);
    const spec = absoluteSpec(first.data);
    const splits = await openSplits(spec, splitOptions(first));
    try {
      for (const index of indices) {
        configs[index] = await decide(requests[index], spec, splits).catch((error: unknown) => {
          throw error instanceof UserError ? new UserError(`${nameOf(index)}${error.message}`) : error;
        });
      }
    } finally {
      await Promise.all([splits.train.close(), splits.test.close()]);
    }
  }
  return configs;
}

/** What work complains of, with a name before it. */
function naming(name: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${name}${error.message}`) : error;
  }
}

/** The splits of a stored run, checked against what it was started with. */
export async function reopenSplits(config: RunConfig, cacheDir?: string): Promise<PlannedRun['splits']> {
  const { spec, name, validation, selection, fraction, limit, trainImages, testImages, classes } =
    config.data;
  const splits = await openSplits(spec, {
    validation: validation ?? undefined,
    classes: selection ? { kind: 'names', names: classes, from: 'the run' } : undefined,
    fraction: fraction ?? undefined,
    limit: limit ?? undefined,
    seed: config.seed,
    cacheDir,
  });
  const { train, test } = splits;
  const sameCounts = train.length === trainImages && test.length === testImages;
  // A built-in set may have been replaced by a larger one of which as many images were taken.
  const sameData = !(BUILT_IN_DATASETS as readonly string[]).includes(spec) || train.displayName === name;
  if (sameCounts && sameData && sameClasses(train.classes, classes)) {
    return splits;
  }
  await Promise.all([train.close(), test.close()]);
  throw new UserError(
    `${spec}: the run was started on ${trainImages} + ${testImages} images of ${classes.length} classes of ${name}, ` +
      `now there are ${train.length} + ${test.length} of ${train.classes.length} of ${train.displayName}. Restore the data, or start a new run.`,
  );
}

/** What decides which images a run sees. */
interface SplitOptions extends Omit<OpenOptions, 'heldOut' | 'limit'> {
  readonly validation?: number;
  readonly limit?: ImageLimit;
}

function splitOptions(request: TrainingRequest): SplitOptions {
  const { validation, classes, fraction, limit, seed = 0, cacheDir } = request;
  return { validation, classes, fraction, limit, seed, cacheDir };
}

async function openSplits(
  spec: string,
  { validation, fraction, limit, ...options }: SplitOptions,
): Promise<PlannedRun['splits']> {
  const limits = typeof limit === 'object' ? limit : { train: limit, test: limit };
  const heldOut = (side: HeldOut['side']) =>
    validation === undefined ? undefined : { fraction: validation, side };
  const train = await openDataset(spec, 'train', {
    ...options,
    limit: limits.train,
    fraction,
    heldOut: heldOut('training'),
  });
  try {
    const test = heldOut('validation');
    const more = { limit: limits.test, heldOut: test };
    checkTrainable(spec, train, test !== undefined);
    return { train, test: await openDataset(spec, test ? 'train' : 'test', { ...options, ...more }) };
  } catch (error) {
    await train.close();
    throw error;
  }
}

/** @throws UserError when a network would be scored on what it learns from, or on a class that it never sees */
function checkTrainable(spec: string, { classes, reading }: Dataset, validated: boolean): void {
  if (reading.unsplit && !validated) {
    throw new UserError(
      `${spec}: expected training and test images, found one set of images without splits; ` +
        'hold out a share of them with --validation 0.1, or sort them into train/ and test/',
    );
  }
  const lacking = reading.lacking?.filter((name) => classes.includes(name)) ?? [];
  if (lacking.length === 0) return;
  const listed = lacking.slice(0, 3).join(', ') + (lacking.length > 3 ? ', ...' : '');
  throw new UserError(
    `${spec}: expected training images of every class, found none of ${listed}, which only the test images have; ` +
      'add training images, or choose the other classes with --classes-file',
  );
}

async function decide(
  request: TrainingRequest,
  spec: string,
  splits: PlannedRun['splits'],
): Promise<RunConfig> {
  const { train, test } = splits;
  const { side, uniform } = await imageSize(train);
  const presetName =
    request.preset ?? choosePreset({ kind: train.source.kind, classes: train.classes.length, side });
  const preset = PRESETS[presetName];
  const size = preset.size === 'image' ? side : preset.size;
  const rates = withPeak(preset.recipe.rates, request.maxRate ?? preset.recipe.rates.max);
  const resize = preset.size === 'image' ? (uniform ? null : size) : preset.size;
  const source = request.weights === undefined ? undefined : await openWeights(request.weights);
  const { config: model, notes } = decideNetwork(request, source, preset.form, train.classes.length);
  checkModel(model, { width: size, height: size });
  const augment = resolveAugmentation(request.augment ?? 'none', preset.form);
  if (request.jsd !== undefined && augment !== 'augmix') {
    throw new UserError(
      `--jsd: expected --augment augmix with it, found ${augment}; add that, or leave --jsd out`,
    );
  }
  const config: RunConfig = {
    schema: RUN_SCHEMA,
    model,
    data: {
      spec,
      name: train.displayName,
      validation: request.validation ?? null,
      ...(request.classes && { selection: describeSelection(request.classes) }),
      ...(request.fraction !== undefined && { fraction: request.fraction }),
      limit: request.limit ?? null,
      classes: [...train.classes],
      trainImages: train.length,
      testImages: test.length,
    },
    preprocessing: {
      width: size,
      height: size,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [...preset.mean],
      std: [...preset.std],
      resize,
    },
    trainingImages: {
      ...preset.trainingImages,
      resize: preset.trainingImages.resize ?? resize,
      ...(augment === 'none' ? {} : { augment }),
    },
    preset: presetName,
    recipe: {
      epochs: request.epochs ?? preset.recipe.epochs,
      batchSize: request.batchSize ?? preset.recipe.batchSize,
      rates,
      momentum: request.momentum ?? preset.recipe.momentum,
      weightDecay: request.weightDecay ?? preset.recipe.weightDecay,
      ...(request.jsd !== undefined && { jsd: request.jsd }),
    },
    seed: request.seed ?? 0,
    device: request.device ?? 'cpu',
    ...storedChoice(request),
    workers: request.workers ?? 1,
  };
  return source === undefined ? config : { ...config, initial: planInitial(source, config, request, notes) };
}

/** What was asked for, else what the weights to start from say, else the usual. */
function decideNetwork(
  request: TrainingRequest,
  source: WeightsSource | undefined,
  usualForm: Form,
  classes: number,
): SettledNetwork {
  const { form, width, stem, antialias, stemBias, batchNorm } = request;
  if (source !== undefined) {
    return settleNetwork(source, {
      model: request.model,
      form,
      width,
      classes,
      stem,
      antialias,
      stemBias,
      batchNorm,
      usualForm,
    });
  }
  const entry = findModel(request.model ?? DEFAULT_MODEL);
  return {
    config: {
      model: entry.name,
      form: form ?? usualForm,
      width: width ?? entry.width,
      classes,
      stem: stem ?? { kind: 'conv' },
      antialias: antialias ?? 'none',
      ...(stemBias === undefined ? {} : { stemBias }),
      ...(batchNorm === undefined
        ? {}
        : { batchNorm: { ...(entry.batchNorm ?? PYTORCH_BATCH_NORM), ...batchNorm } }),
    },
    notes: [],
  };
}

/** What the configuration says of a selection beside the classes themselves. */
function describeSelection(selection: ClassSelection): RunConfig['data']['selection'] {
  return selection.kind === 'draw' ? selection : { kind: 'file', file: selection.from };
}

/** Paths are made absolute, so that a run can be resumed from another folder. */
export function absoluteSpec(spec: string): string {
  if ((BUILT_IN_DATASETS as readonly string[]).includes(spec)) return spec;
  // Nothing to train on: whoever opens it says so.
  if (parseCorruptedSpec(spec) || isNpyPair(spec)) return spec;
  const { path, wishes } = parseWishes(spec);
  return withWishes(absoluteImageNetSpec(path) ?? resolve(path), wishes);
}

/** The shorter side of the first readable image, and whether a sample of the others are squares of that size. */
async function imageSize(dataset: Dataset): Promise<{ side: number; uniform: boolean }> {
  const step = Math.max(1, Math.floor(dataset.length / SAMPLED_IMAGES));
  let side: number | undefined;
  let uniform = true;
  let failure: unknown;
  for (let index = 0; index < dataset.length; index += step) {
    try {
      const { width, height } = await dataset.read(index);
      side ??= Math.min(width, height);
      uniform &&= width === side && height === side;
    } catch (error) {
      failure ??= error;
    }
  }
  if (side === undefined) throw failure;
  return { side, uniform };
}

function sameClasses(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
