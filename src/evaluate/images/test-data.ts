/** The images that are measured: clean ones that are corrupted on the fly, or a corrupted set and clean ones beside it. */
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../../corrupt/index.ts';
import type { Dataset } from '../../data/contents.ts';
import { type CorruptedSet, openCorruptedSet } from '../../data/corrupted/set.ts';
import { type CorruptedSpec, parseCorruptedSpec } from '../../data/corrupted/spec.ts';
import { openDataset } from '../../data/dataset.ts';
import { DataLoader, type LoaderPool } from '../../data/loader/loader.ts';
import { preparedDataset } from '../../data/loader/prepared.ts';
import { UserError } from '../../errors.ts';
import type { Preprocessing } from '../../models/card.ts';
import { type Cell, gridCells } from '../grid/grid.ts';
import { fittingGeometry } from '../model/assumed-geometry.ts';
import { asTheyAre, sizeTransforms } from '../model/geometry.ts';
import { knownClasses } from '../model/labels/class-outputs.ts';
import type { OutputNames } from '../model/labels/output-names.ts';
import type { OpenedModel } from '../model/model.ts';
import { imageTransforms } from '../model/preprocessing.ts';
import type { EvaluateOptions } from '../options.ts';
import type { Predictions, PredictionsSubject } from '../result/predictions.ts';
import type { ResultData } from '../result/schema.ts';
import { checkCorruptedSize, sampleCorrupted, sampleData } from './selection.ts';

export interface TestData {
  readonly cells: readonly Cell[];
  readonly classes: readonly string[];
  /** Absent where a corrupted set is measured alone. */
  readonly clean?: Dataset;
  readonly set?: CorruptedSet;
  /** Images of a pass. */
  images(cell: Cell | 'clean'): number;
  close(): Promise<void>;
}

/** Largest side that counts as a small picture, for which CIFAR's strengths are meant. */
const SMALL_IMAGE = 64;

/** The cells that the options ask for, as far as that is known before the data is opened. */
export function askedCells({ data, corruptions, severities = SEVERITIES }: EvaluateOptions): Cell[] {
  const others = parseCorruptedSpec(data) ? [] : BENCHMARK_CORRUPTIONS;
  return gridCells(corruptions ?? others, severities);
}

/**
 * @param names what the model's outputs are called, where that is known
 * @throws UserError if there is no such data, or if a corrupted set lacks what is asked for
 */
export async function openTestData(
  options: EvaluateOptions,
  names: OutputNames | undefined,
): Promise<TestData> {
  const spec = parseCorruptedSpec(options.data);
  if (spec) return await openSet(spec, options, names);
  if (options.clean !== undefined) {
    throw new UserError(
      '--clean: stands beside a corrupted set (cifar10-c:PATH, cifar100-c:PATH or imagenet-c:PATH); for other data leave it out',
    );
  }
  const clean = await openClean(options, names);
  return {
    cells: askedCells(options),
    classes: clean.classes,
    clean,
    images: () => clean.length,
    close: () => clean.close(),
  };
}

/** All classes but where some are asked for, or where the model is known to know only some of them. */
async function openClean(
  { data, classes, limit, seed = 0, cacheDir }: EvaluateOptions,
  names: OutputNames | undefined,
): Promise<Dataset> {
  const known = (all: readonly string[]) => knownClasses(all, names);
  return await openDataset(data, 'test', { classes: classes ?? known, limit, seed, cacheDir });
}

async function openSet(
  spec: CorruptedSpec,
  options: EvaluateOptions,
  names: OutputNames | undefined,
): Promise<TestData> {
  for (const option of ['set', 'frostDir'] as const) {
    if (options[option] === undefined) continue;
    throw new UserError(
      `--${option === 'set' ? 'set' : 'frost-dir'}: is for images that are corrupted here, ${options.data} holds corrupted ones; leave it out`,
    );
  }
  const { corruptions, severities, limit, seed = 0, cacheDir } = options;
  checkClassOptions(spec, options);
  let narrowed = options.classes !== undefined;
  const known = (all: readonly string[]) => {
    const some = knownClasses(all, names);
    narrowed = some !== undefined;
    return some;
  };
  const classes = options.classes ?? known;
  const set = await openCorruptedSet(spec, { corruptions, severities, classes, limit, seed, cacheDir });
  try {
    const clean =
      options.clean === undefined
        ? undefined
        : await openDataset(options.clean, 'test', {
            classes: narrowed ? { kind: 'names', names: set.classes, from: options.data } : undefined,
            ...{ limit, seed, cacheDir },
          });
    if (clean) checkSameClasses(clean, set, options.clean!);
    return {
      cells: gridCells(set.corruptions, set.severities),
      classes: set.classes,
      clean,
      set,
      images: (cell) => (cell === 'clean' ? clean!.length : set.labels.length),
      close: async () => {
        await clean?.close();
        await set.close();
      },
    };
  } catch (error) {
    await set.close();
    throw error;
  }
}

function checkClassOptions({ format }: CorruptedSpec, { classes }: EvaluateOptions): void {
  if (format === 'imagenet-c' || classes === undefined) return;
  const option = classes.kind === 'draw' ? '--classes' : '--classes-file';
  const name = format === 'cifar10-c' ? 'CIFAR-10-C has ten classes, which' : 'the classes of CIFAR-100-C';
  throw new UserError(`${option}: ${name} are measured together; leave it out`);
}

function checkSameClasses(clean: Dataset, set: CorruptedSet, spec: string): void {
  const { classes } = clean;
  if (classes.length === set.classes.length && classes.every((name, label) => name === set.classes[label])) {
    return;
  }
  const list = (names: readonly string[]) =>
    `${names.slice(0, 3).join(', ')}${names.length > 3 ? `, … (${names.length})` : ''}`;
  throw new UserError(
    `--clean ${spec}: expected the classes of ${set.path}, ${list(set.classes)}, found ${list(classes)}; ` +
      'give the clean images of that set',
  );
}

/**
 * The facts of the measured images, for the result.
 *
 * @throws UserError if they do not have the size that the model takes
 */
export async function describeData(
  test: TestData,
  model: Pick<OpenedModel, 'preprocessing' | 'geometryTold'>,
  options: EvaluateOptions,
): Promise<ResultData> {
  const { clean, set } = test;
  const described = clean && (await describeClean(clean, model, options));
  const { sample, preprocessing, assumed } = described ?? { preprocessing: model.preprocessing };
  const way = { preprocessing, ...(assumed !== undefined && { assumedGeometry: assumed }) };
  const { seed = 0, skipBad = false } = options;
  if (!set) {
    const { width, height } = preprocessing;
    return {
      ...sample!,
      split: clean!.source.split,
      classes: clean!.classes.length,
      ...selectedClasses(clean!.source.classes, options),
      limit: clean!.source.limit ?? null,
      corruptionSet: options.set ?? (Math.max(width, height) <= SMALL_IMAGE ? 'cifar' : 'imagenet'),
      seed,
      frost: options.frostDir ?? 'generated',
      skipBad,
      ...way,
    };
  }
  const { fingerprint, fingerprints, images } = await sampleCorrupted(set);
  checkCorruptedSize({ fingerprint, fingerprints, images }, preprocessing);
  return {
    name: set.displayName,
    path: set.path,
    split: 'test',
    images: set.labels.length,
    classes: set.classes.length,
    ...selectedClasses(options.classes && set.classes, options),
    limit: set.limit ?? null,
    fingerprint,
    corruptionSet: set.strengths,
    seed,
    frost: set.frost,
    skipBad,
    ...(clean ? way : { preprocessing: asTheyAre(preprocessing) }),
    corrupted: {
      ...{ format: set.format, fingerprints: { ...fingerprints } },
      ...(set.leftOut !== undefined && { leftOut: set.leftOut }),
    },
    clean: sample,
  };
}

/** Which classes were measured, where they were a selection, and how to ask for them again. */
function selectedClasses(
  classes: readonly string[] | undefined,
  { classes: asked }: EvaluateOptions,
): Pick<ResultData, 'selection'> {
  if (!classes) return {};
  return {
    selection: {
      classes: [...classes],
      ...(asked?.kind === 'draw' && { draw: `${asked.count}:${asked.seed}` }),
      ...(asked?.kind === 'names' && { file: asked.from }),
    },
  };
}

/**
 * The right answers to the measured images.
 *
 * @param earlier of an earlier part, which may have measured clean images that are not given now
 */
export function predictionsSubject(
  { classes, clean, set }: TestData,
  earlier: Predictions | undefined,
): PredictionsSubject {
  const cleanLabels = clean && Int32Array.from({ length: clean.length }, (_, index) => clean.label(index));
  if (!set) return { classes, labels: cleanLabels! };
  return { classes, labels: Int32Array.from(set.labels), cleanLabels: cleanLabels ?? earlier?.cleanLabels };
}

async function describeClean(
  clean: Dataset,
  { preprocessing, geometryTold }: Pick<OpenedModel, 'preprocessing' | 'geometryTold'>,
  { data }: EvaluateOptions,
) {
  if (clean.length === 0) {
    throw new UserError(`${data}: expected test images, found none; check --data and --limit`);
  }
  const looked = await sampleData(clean);
  const { source, displayName, length } = clean;
  const sample = { name: displayName, path: source.path, images: length, fingerprint: looked.fingerprint };
  return { sample, ...fittingGeometry(looked, preprocessing, geometryTold) };
}

/**
 * The clean images at the network's size, which threads keep: an evaluation that corrupts in memory passes over them
 * once a cell, and decoding and resizing take longer than most corruptions. Undefined where nothing would be saved.
 */
export function prepareRepeated(
  { clean, set }: TestData,
  preprocessing: Preprocessing,
  passes: number,
): Dataset | undefined {
  if (!clean || set || passes < 2) return undefined;
  const steps = sizeTransforms(preprocessing);
  const { cache, storage } = clean.images;
  if (steps.length === 0 && (cache || storage.kind === 'pixels')) return undefined;
  return preparedDataset(clean, steps, preprocessing);
}

export interface PassOptions {
  readonly test: TestData;
  /** Of {@link prepareRepeated}. */
  readonly prepared?: Dataset;
  readonly data: ResultData;
  readonly batchSize: number;
  readonly pool: LoaderPool;
  readonly frostDir?: string;
}

/** One pass over the test images, clean or corrupted. */
export function openPass(cell: Cell | 'clean', options: PassOptions): DataLoader {
  const { test, prepared, data, batchSize, pool, frostDir } = options;
  return new DataLoader({
    ...source(cell),
    batchSize,
    shuffle: false,
    seed: data.seed,
    epoch: 0,
    pool,
    onBadImage: data.skipBad ? 'skip' : 'fail',
  });

  function source(cell: Cell | 'clean') {
    const preprocessing = prepared ? asTheyAre(data.preprocessing) : data.preprocessing;
    const clean = prepared ?? test.clean!;
    if (cell === 'clean') return { dataset: clean, transforms: imageTransforms(preprocessing) };
    if (test.set) {
      const dataset = test.set.cell(cell.corruption, cell.severity);
      return { dataset, transforms: imageTransforms(asTheyAre(preprocessing)) };
    }
    const { corruptionSet: set, seed } = data;
    const corruption = { kind: 'corrupt', ...cell, set, seed, frostDir } as const;
    return { dataset: clean, transforms: imageTransforms(preprocessing, corruption) };
  }
}
