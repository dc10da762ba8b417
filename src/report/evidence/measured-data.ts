/** The very images that a result was measured on, clean and corrupted, made again or read where they lie. */
import { CORRUPTIONS, type CorruptionName, corrupt, SEVERITIES, type Severity } from '../../corrupt/index.ts';
import type { Dataset } from '../../data/contents.ts';
import { type CorruptedSet, openCorruptedSet } from '../../data/corrupted/set.ts';
import { parseCorruptedSpec } from '../../data/corrupted/spec.ts';
import { openDataset } from '../../data/dataset.ts';
import { MNIST_PART } from '../../data/formats/mnist.ts';
import { createPipeline, loadTextures } from '../../data/loader/pipeline.ts';
import { UserError } from '../../errors.ts';
import { sampleCorrupted, sampleData } from '../../evaluate/images/selection.ts';
import { sizeTransforms } from '../../evaluate/model/geometry.ts';
import type { Result, ResultData } from '../../evaluate/result/schema.ts';
import type { Image } from '../../image/image.ts';

export interface DataSearch {
  /** `--data`: where to look in place of what the result says. */
  readonly data?: string;
  readonly cacheDir?: string;
  /** What the run was trained on, as given to its `--data`. */
  readonly trainedOn?: string;
}

/** An image of the measured selection, by its place in it. */
export interface MeasuredData {
  readonly classes: readonly string[];
  /** Images of the selection. */
  readonly length: number;
  label(image: number): number;
  /** Where the image is from, for people. */
  describe(image: number): string;
  /** Whether the clean images are at hand; of a corrupted set, those that were measured beside it. */
  readonly hasClean: boolean;
  /** At the network's size, as it was shown to the network. */
  clean(image: number): Promise<Image>;
  corrupted(image: number, corruption: CorruptionName, severity: Severity): Promise<Image>;
  close(): Promise<void>;
}

/**
 * Opens the data of a result and checks that it is the same.
 *
 * @throws UserError when it is not found, or is not what was measured
 */
export async function openMeasuredData(
  result: Pick<Result, 'data' | 'errors'>,
  search: DataSearch = {},
): Promise<MeasuredData> {
  return result.data.corrupted ? await openSet(result, search) : await openCorruptible(result.data, search);
}

/** Clean images that are corrupted here, as the evaluation did. */
async function openCorruptible(data: ResultData, search: DataSearch): Promise<MeasuredData> {
  const spec = search.data ?? data.path ?? search.trainedOn ?? byName(data.name);
  if (!spec) throw new UserError('the result does not say where its data is; say it with --data');
  const dataset = await openClean(spec, data, data.fingerprint, search.cacheDir);
  try {
    const clean = await cleanReader(dataset, data);
    const frost = data.frost === 'generated' ? undefined : await loadTextures(data.frost);
    return {
      classes: dataset.classes,
      length: dataset.length,
      label: (image) => dataset.label(image),
      describe: (image) => dataset.describe(image),
      hasClean: true,
      clean,
      corrupted: async (index, corruption, severity) =>
        corrupt(await clean(index), {
          corruption,
          severity,
          set: data.corruptionSet,
          seed: data.seed,
          index,
          frost,
        }),
      close: () => dataset.close(),
    };
  } catch (error) {
    await dataset.close();
    throw error;
  }
}

/** A published set, and the clean images beside it where they can be found. */
async function openSet(
  { data, errors }: Pick<Result, 'data' | 'errors'>,
  search: DataSearch,
): Promise<MeasuredData> {
  const { format, fingerprints } = data.corrupted!;
  const given = search.data === undefined ? undefined : parseCorruptedSpec(search.data);
  if (search.data !== undefined && given?.format !== format) {
    throw new UserError(
      `--data ${search.data}: expected ${format}:PATH, as the corrupted images came from there`,
    );
  }
  const { selection, limit, seed, path } = data;
  const set = await openCorruptedSet(
    { format, path: given?.path ?? path ?? '' },
    {
      ...(selection && { classes: { kind: 'names', names: selection.classes, from: 'the result' } as const }),
      ...(limit !== null && { limit }),
      seed,
      cacheDir: search.cacheDir,
      corruptions: CORRUPTIONS.filter((corruption) => errors[corruption]),
      severities: SEVERITIES.filter((severity) =>
        Object.values(errors).some((row) => typeof row[severity - 1] === 'number'),
      ),
    },
  );
  let dataset: Dataset | undefined;
  try {
    const sample = await sampleCorrupted(set);
    const other = Object.keys(sample.fingerprints).some(
      (corruption) =>
        (fingerprints[corruption] ?? sample.fingerprints[corruption]) !== sample.fingerprints[corruption],
    );
    if (sample.fingerprint !== data.fingerprint || other) {
      throw new UserError(`${set.path} holds other images than the ones that were measured`);
    }
    dataset = data.clean && (await openCleanBeside(data, set, search.cacheDir));
    const clean = dataset && (await cleanReader(dataset, data));
    return {
      classes: set.classes,
      length: set.labels.length,
      label: (image) => set.labels[image]!,
      describe: (image) =>
        dataset ? dataset.describe(image) : set.cell(set.corruptions[0]!, set.severities[0]!).describe(image),
      hasClean: clean !== undefined,
      clean: async (image) => {
        if (!clean) throw new UserError('no clean images were measured beside the corrupted set');
        return await clean(image);
      },
      corrupted: async (image, corruption, severity) => {
        const cell = set.cell(corruption, severity);
        try {
          return await cell.read(image);
        } finally {
          await cell.close();
        }
      },
      close: async () => {
        await dataset?.close();
        await set.close();
      },
    };
  } catch (error) {
    await dataset?.close();
    await set.close();
    throw error;
  }
}

/** The clean images of a set, when they are the same pictures in the same order; undefined when they are gone. */
async function openCleanBeside(
  data: ResultData,
  set: CorruptedSet,
  cacheDir: string | undefined,
): Promise<Dataset | undefined> {
  const { name, path, fingerprint } = data.clean!;
  const spec = path ?? byName(name);
  if (!spec) return undefined;
  const dataset = await openClean(spec, data, fingerprint, cacheDir).catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (!dataset) return undefined;
  const same =
    dataset.length === set.labels.length &&
    set.labels.every((label, image) => label === dataset.label(image));
  if (same) return dataset;
  await dataset.close();
  return undefined;
}

async function openClean(
  spec: string,
  { split, selection, limit, seed }: ResultData,
  fingerprint: string,
  cacheDir: string | undefined,
): Promise<Dataset> {
  const dataset = await openDataset(spec, split, {
    ...(selection && { classes: { kind: 'names', names: selection.classes, from: 'the result' } as const }),
    ...(limit !== null && { limit }),
    seed,
    cacheDir,
  });
  if ((await sampleData(dataset)).fingerprint === fingerprint) return dataset;
  await dataset.close();
  throw new UserError(
    `${spec} holds other images than the ones that were measured; say where those are with --data`,
  );
}

/** What a data set is called on the command line, when the result has only its name. */
function byName(name: string): string | undefined {
  return name === 'MNIST' || name === MNIST_PART ? 'mnist' : undefined;
}

/** Reads clean images at the network's size, which is what the evaluation does before it corrupts. */
async function cleanReader(dataset: Dataset, { preprocessing, seed }: ResultData) {
  const pipeline = await createPipeline(sizeTransforms(preprocessing));
  return async (index: number): Promise<Image> =>
    pipeline.apply(await dataset.read(index), { seed, epoch: 0, index });
}
