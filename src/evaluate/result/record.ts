/** The result of an evaluation while it grows, cell by cell. */

import { CORRUPTIONS } from '../../corrupt/index.ts';
import { percent, plural } from '../../words.ts';
import type { Cell } from '../grid/grid.ts';
import type { MeasuredCell } from '../grid/measure.ts';
import { NotFiniteRecord, withoutTallies } from '../grid/not-finite.ts';
import { describeGeometry, needsExactSize } from '../model/geometry.ts';
import { IMAGENET_CLASSES } from '../model/labels/imagenet-classes.ts';
import { computeMetrics } from './metrics.ts';
import { RESULT_SCHEMA, type Result } from './schema.ts';

export interface RecordOptions {
  readonly model: Result['model'];
  readonly data: Result['data'];
  /** Names of the data's classes. */
  readonly classes: readonly string[];
  readonly environment: Result['environment'];
  /** The grid that makes the result complete. */
  readonly cells: readonly Cell[];
  /** Whether there are clean images to measure. Default: yes. */
  readonly clean?: boolean;
  /** A part of the same evaluation that was finished before. */
  readonly earlier?: Result;
  readonly baseline?: Result['baseline'];
  /** What else a person should know. */
  readonly notes?: readonly string[];
}

export class EvaluationRecord {
  readonly #options: RecordOptions;
  readonly #errors: Result['errors'];
  readonly #images: Result['images'];
  readonly #notFinite: NotFiniteRecord;
  #clean: Result['clean'] | undefined;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#errors = structuredClone(options.earlier?.errors ?? {});
    this.#images = structuredClone(options.earlier?.images ?? {});
    this.#notFinite = new NotFiniteRecord(options.earlier?.notFinite);
    this.#clean = options.earlier?.clean;
  }

  /** What is still to be measured, clean data first. */
  remaining(): (Cell | 'clean')[] {
    const missing = this.#options.cells.filter(
      ({ corruption, severity }) => (this.#errors[corruption]?.[severity - 1] ?? null) === null,
    );
    return this.#clean || this.#options.clean === false ? missing : ['clean', ...missing];
  }

  add(measured: MeasuredCell): void {
    const { cell, top1, top5, images } = measured;
    this.#notFinite.add(measured);
    if (cell === 'clean') {
      this.#clean = { top1, top5, images };
      return;
    }
    const empty = () => Array<number | null>(5).fill(null);
    this.#errors[cell.corruption] ??= empty();
    this.#images[cell.corruption] ??= empty();
    this.#errors[cell.corruption][cell.severity - 1] = top1;
    this.#images[cell.corruption][cell.severity - 1] = images;
  }

  /**
   * The result as far as it goes; clean data must have been measured, where there are any.
   *
   * @param seconds time that this part has taken so far
   */
  result(seconds: number): Result {
    const { model, data, classes, environment, earlier, baseline, notes: more = [] } = this.#options;
    const { adopted = [], doubts = [] } = model.reading ?? {};
    if (!this.#clean && this.#options.clean !== false)
      throw new Error('a result needs the clean error first');
    const errors = inBenchmarkOrder(this.#errors);
    const { ce, metrics, frequency, notes } = computeMetrics(
      { clean: this.#clean, errors },
      { baseline, alexnet: hasAlexnetErrors(classes, data) },
    );
    notes.unshift(
      ...(data.assumedGeometry === undefined ? [] : [`assumed: ${data.assumedGeometry}`]),
      ...adopted.map((text) => `read otherwise than assumed: ${text}`),
      ...this.#likeChance(),
      ...this.#notFinite.notes({ clean: this.#clean?.images, cells: this.#images }),
      ...this.#leftOut(),
      ...this.#otherImages(),
      ...this.#otherCrop(),
      ...doubts,
      ...more,
    );
    return {
      schema: RESULT_SCHEMA,
      complete: this.remaining().length === 0,
      model,
      data,
      clean: this.#clean,
      errors,
      images: inBenchmarkOrder(this.#images),
      notFinite: this.#notFinite.result(),
      ce,
      metrics,
      frequency,
      baseline,
      notes,
      environment: {
        ...environment,
        date: earlier?.environment.date ?? environment.date,
        seconds: (earlier?.environment.seconds ?? 0) + seconds,
      },
    };
  }

  /** What a wrong order of classes, or a wrong mean, looks like: two standard deviations above chance, or less. */
  #likeChance(): string[] {
    const { model, data } = this.#options;
    if (!this.#clean || !model.reading || model.reading.classes.from === 'card') return [];
    // Something more to the point was found before the start.
    if (model.reading.doubts?.length) return [];
    const { top1, images } = this.#clean;
    const chance = 1 / data.classes;
    if (images < FEWEST_TO_JUDGE || 1 - top1 > chance + 2 * Math.sqrt((chance * (1 - chance)) / images))
      return [];
    return [
      `the model is right on ${percent(1 - top1)} of the clean images, no more than by chance; check the ` +
        `classes of its outputs (${model.reading.classes.why}) and how it wants its images: --dry-run tells both`,
    ];
  }

  #otherImages(): string[] {
    const { clean, images, name, corrupted } = this.#options.data;
    // What could not be read when the set was made is told apart.
    const before = images + (corrupted?.leftOut ?? 0);
    if (!clean || !this.#clean || clean.images === before) return [];
    return [
      `the clean error is over ${plural(clean.images, 'image')} of ${clean.name}, each corrupted one over ${images} of ${name}`,
    ];
  }

  /** ImageNet-C was cut out of images whose short side is 8/7 of the cut; clean ones are often cut otherwise. */
  #otherCrop(): string[] {
    const { corrupted, clean, preprocessing } = this.#options.data;
    const made = Math.round((preprocessing.width * 8) / 7);
    const alike = preprocessing.fit === undefined && preprocessing.resize === made;
    if (corrupted?.format !== 'imagenet-c' || !clean || !this.#clean || alike) return [];
    const how = needsExactSize(preprocessing)
      ? 'taken as they are'
      : preprocessing.fit === undefined && typeof preprocessing.resize === 'number'
        ? `resized to ${preprocessing.resize} and cropped`
        : `prepared otherwise (${describeGeometry(preprocessing)})`;
    return [
      `clean images are ${how}, those of ImageNet-C were resized to ${made} before the crop; ` +
        `--resize ${made}${preprocessing.fit ? ' --fit crop' : ''} crops both alike`,
    ];
  }

  /** What was left out by `--skip-bad`, in words. */
  #leftOut(): string[] {
    const { data } = this.#options;
    const tell = (bad: number, images: number, where = '') =>
      bad > 0 ? [`${bad} of ${plural(images, 'image')}${where} could not be read and were left out`] : [];
    const { images: cleanImages } = data.clean ?? data;
    const clean = this.#clean ? tell(cleanImages - this.#clean.images, cleanImages) : [];
    // Images that are corrupted in memory are the clean ones.
    if (!data.corrupted) return clean;
    const fewest = Math.min(...Object.values(this.#images).flatMap((row) => row.filter((n) => n !== null)));
    const { leftOut = 0 } = data.corrupted;
    return [
      ...clean,
      ...tell(data.images - fewest, data.images, ' of some corrupted cell'),
      ...(leftOut > 0
        ? [
            `${data.name} lacks ${plural(leftOut, 'image')} that could not be read when it was made; its manifest.json lists what is missing`,
          ]
        : []),
    ];
  }
}

/** Of fewer images, chance alone says little. */
const FEWEST_TO_JUDGE = 50;

const IMAGENET: ReadonlySet<string> = new Set(IMAGENET_CLASSES);

/**
 * Whether AlexNet's published errors are on the same task: the 1,000 classes of ImageNet, by their WordNet ids, with
 * ImageNet's strengths.
 *
 * @param classes names of the data's classes
 */
export function hasAlexnetErrors(
  classes: readonly string[],
  { corruptionSet }: Pick<Result['data'], 'corruptionSet'>,
): boolean {
  const same = classes.length === IMAGENET.size && classes.every((name) => IMAGENET.has(name));
  return corruptionSet === 'imagenet' && same;
}

/** A result as it was before some cells were measured. */
export function withoutCells(result: Result, cells: readonly (Cell | 'clean')[]): Result {
  const { errors, images } = structuredClone({ errors: result.errors, images: result.images });
  for (const cell of cells) {
    if (cell === 'clean') continue;
    for (const rows of [errors, images]) {
      if (rows[cell.corruption]) rows[cell.corruption][cell.severity - 1] = null;
    }
  }
  const notFinite = withoutTallies(result.notFinite, cells);
  return { ...result, errors, images, notFinite, ...(cells.includes('clean') && { clean: undefined }) };
}

/** The same rows, whatever the order they were measured in. */
function inBenchmarkOrder<T>(rows: Record<string, T>): Record<string, T> {
  return Object.fromEntries(CORRUPTIONS.filter((name) => name in rows).map((name) => [name, rows[name]]));
}
