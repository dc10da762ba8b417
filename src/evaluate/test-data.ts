/** The images that are measured: clean ones that are corrupted on the fly, or a corrupted set and clean ones beside it. */
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../corrupt/index.ts';
import type { ClassSelection } from '../data/class-selection.ts';
import { type CorruptedSet, openCorruptedSet } from '../data/corrupted-set.ts';
import { type CorruptedSpec, parseCorruptedSpec } from '../data/corrupted-spec.ts';
import { type Dataset, openDataset } from '../data/dataset.ts';
import { DataLoader, type LoaderPool } from '../data/loader.ts';
import { preparedDataset } from '../data/prepared.ts';
import { UserError } from '../errors.ts';
import type { Preprocessing } from '../models/card.ts';
import type { EvaluateOptions } from './evaluate.ts';
import { type Cell, gridCells } from './grid.ts';
import type { Predictions, PredictionsSubject } from './predictions.ts';
import { imageTransforms, sizeTransforms } from './preprocessing.ts';
import type { ResultData } from './result.ts';
import { checkCorruptedSize, checkGeometry, sampleCorrupted, sampleData } from './selection.ts';

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
 * @param modelClasses names of the classes that the model's card tells, if it has one
 * @throws UserError if there is no such data, or if a corrupted set lacks what is asked for
 */
export async function openTestData(
  options: EvaluateOptions,
  modelClasses: readonly string[] | undefined,
): Promise<TestData> {
  const spec = parseCorruptedSpec(options.data);
  if (spec) return await openSet(spec, options, modelClasses);
  if (options.clean !== undefined) {
    throw new UserError(
      '--clean: stands beside a corrupted set (cifar10-c:PATH or imagenet-c:PATH); for other data leave it out',
    );
  }
  const clean = await openClean(options, modelClasses);
  return {
    cells: askedCells(options),
    classes: clean.classes,
    clean,
    images: () => clean.length,
    close: () => clean.close(),
  };
}

/** All classes but where some are asked for, or where the model's card tells that it knows only some of them. */
async function openClean(
  { data, classes, model, limit, seed = 0, cacheDir }: EvaluateOptions,
  modelClasses: readonly string[] | undefined,
): Promise<Dataset> {
  const open = (selection?: ClassSelection) =>
    openDataset(data, 'test', { classes: selection, limit, seed, cacheDir });
  const dataset = await open(classes);
  if (classes || !modelClasses || modelClasses.length >= dataset.classes.length) return dataset;
  const there = new Set(dataset.classes);
  if (!modelClasses.every((name) => there.has(name))) return dataset;
  await dataset.close();
  return await open({ kind: 'names', names: modelClasses, from: model });
}

async function openSet(
  spec: CorruptedSpec,
  options: EvaluateOptions,
  modelClasses: readonly string[] | undefined,
): Promise<TestData> {
  for (const option of ['set', 'frostDir'] as const) {
    if (options[option] === undefined) continue;
    throw new UserError(
      `--${option === 'set' ? 'set' : 'frost-dir'}: is for images that are corrupted here, ${options.data} holds corrupted ones; leave it out`,
    );
  }
  const { corruptions, severities, limit, seed = 0, cacheDir } = options;
  const classes = classSelection(spec, options, modelClasses);
  const set = await openCorruptedSet(spec, { corruptions, severities, classes, limit, seed, cacheDir });
  try {
    const clean =
      options.clean === undefined
        ? undefined
        : await openDataset(options.clean, 'test', {
            classes: classes && { kind: 'names', names: set.classes, from: options.data },
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

/** Of ImageNet-C, the classes that are asked for or those of the model's card; all where there is neither. */
function classSelection(
  { format }: CorruptedSpec,
  { model, classes }: EvaluateOptions,
  modelClasses: readonly string[] | undefined,
): ClassSelection | undefined {
  if (format !== 'imagenet-c') {
    if (classes === undefined) return undefined;
    const option = classes.kind === 'draw' ? '--classes' : '--classes-file';
    throw new UserError(`${option}: CIFAR-10-C has ten classes, which are measured together; leave it out`);
  }
  if (classes) return classes;
  return modelClasses && { kind: 'names', names: modelClasses, from: model };
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
  preprocessing: Preprocessing,
  options: EvaluateOptions,
): Promise<ResultData> {
  const { clean, set } = test;
  const sample = clean && (await describeClean(clean, preprocessing, options));
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
      preprocessing,
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
    preprocessing: clean ? preprocessing : { ...preprocessing, resize: null },
    corrupted: { format: set.format, fingerprints: { ...fingerprints } },
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

async function describeClean(clean: Dataset, preprocessing: Preprocessing, { data }: EvaluateOptions) {
  if (clean.length === 0) {
    throw new UserError(`${data}: expected test images, found none; check --data and --limit`);
  }
  const sample = await sampleData(clean);
  checkGeometry(sample, preprocessing);
  const { source, displayName, length } = clean;
  return { name: displayName, path: source.path, images: length, fingerprint: sample.fingerprint };
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
    const preprocessing = prepared ? { ...data.preprocessing, resize: null } : data.preprocessing;
    const clean = prepared ?? test.clean!;
    if (cell === 'clean') return { dataset: clean, transforms: imageTransforms(preprocessing) };
    if (test.set) {
      const dataset = test.set.cell(cell.corruption, cell.severity);
      return { dataset, transforms: imageTransforms({ ...preprocessing, resize: null }) };
    }
    const { corruptionSet: set, seed } = data;
    const corruption = { kind: 'corrupt', ...cell, set, seed, frostDir } as const;
    return { dataset: clean, transforms: imageTransforms(preprocessing, corruption) };
  }
}
