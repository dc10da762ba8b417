/**
 * Evaluating a classifier: clean error, the grid of corruptions and severities, and how that compares with a baseline.
 */

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { LoaderPool } from '../data/loader/loader.ts';
import { checkLimits } from '../engine/limits.ts';
import { withBatchAdvice } from '../engine/memory.ts';
import { checkEngineOptions } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import { checkWritable, writeFileAtomic } from '../files/files.ts';
import { statIfThere } from '../files/fs.ts';
import { fileLock, withLock } from '../files/lock.ts';
import { type GatheredAnswers, gatherAnswers } from './gather.ts';
import { measureCells } from './grid/measure.ts';
import { Progress } from './grid/progress.ts';
import { badImagesOf } from './images/left-out.ts';
import { checkBaseline, checkBaselineCells, checkResume } from './images/selection.ts';
import { askedCells, openPass, prepareRepeated } from './images/test-data.ts';
import type { EvaluateOptions } from './options.ts';
import { describeEnvironment } from './result/environment.ts';
import { measuredCells, predictionsPath } from './result/predictions.ts';
import { EvaluationRecord, hasAlexnetErrors } from './result/record.ts';
import { formatResult, readResult } from './result/result.ts';
import type { Result, ResultData } from './result/schema.ts';
import { describeStatistics } from './statistics/describe.ts';
import { openSubject, readSubject } from './subject.ts';

const DEFAULT_BATCH = 64;

/**
 * Measures a classifier on clean and corrupted images.
 *
 * Unless a corrupted set is given, corruptions are made on the fly by the loader's workers and depend on (seed,
 * corruption, severity, image) only, so that the figures are the same for every number of workers and every batch
 * size.
 *
 * @throws UserError before the first image is classified, if model, data, baseline and options do not fit together
 */
export async function evaluate(options: EvaluateOptions): Promise<Result> {
  const { out, signal } = options;
  if (out === undefined) return await measure(options);
  return await withLock(fileLock(out), (stop) => measure({ ...options, signal: stop }), signal);
}

async function measure(options: EvaluateOptions): Promise<Result> {
  const asked = askedCells(options);
  checkEngineOptions(options);
  checkLimits(options);
  // What costs nothing is checked first: nobody wants to wait for a download to hear that a file is missing.
  const baseline = options.baseline ? await readResult(options.baseline) : undefined;
  if (baseline) checkBaselineCells(baseline, options.baseline!, asked);
  if (options.out !== undefined) {
    await checkWritable(options.out, 'file');
    if (options.predictions !== false) await checkWritable(predictionsPath(options.out), 'file');
  }
  const earlier = options.out ? await readEarlier(options.out, options.baseline) : undefined;
  if (!baseline && earlier?.baseline) checkBaselineCells(earlier.baseline, earlier.baseline.file, asked);
  const source = await readSubject(options);

  const kept: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(resource: T): T => {
    kept.unshift(resource);
    return resource;
  };
  try {
    const { test, engine, data: now, classifier } = await openSubject(options, source, keep);
    const { cells } = test;
    if (baseline) checkBaseline(baseline, options.baseline!, now, cells);
    const workers = options.workers ?? availableParallelism();
    const environment = describeEnvironment(engine, options, workers);
    if (earlier) {
      checkResume(earlier, options.out!, { model: classifier.model, data: now, ...environment });
      if (!baseline && earlier.baseline) {
        checkBaselineCells(earlier.baseline, earlier.baseline.file, cells);
      }
    }
    const data = earlier ? withEarlierData(now, earlier.data) : now;
    options.signal?.throwIfAborted();

    const reference = baseline ? summarise(baseline, options.baseline!) : earlier?.baseline;
    const answers = await gatherAnswers({ options, test, earlier, reference, baseline });
    const { predictions } = answers;

    const clean = test.clean !== undefined;
    const notes = [...answers.notes, ...(test.clean?.reading.leftOut ?? [])];
    const record = new EvaluationRecord({
      model: classifier.model,
      data,
      classes: test.classes,
      environment,
      cells,
      clean,
      earlier: answers.earlier,
      notes,
      baseline: reference,
    });
    const remaining = record.remaining();
    const total = cells.length + (clean ? 1 : 0);
    const finished = total - remaining.length;
    const { model } = classifier;
    const reading = test.clean?.reading;
    options.onEvent?.({ kind: 'start', model, data, environment, reading, cells: total, clean, finished });

    const totalImages = remaining.reduce((sum, cell) => sum + test.images(cell), 0);
    const progress = new Progress(total, finished, totalImages);
    const save = async () => {
      const measured = record.result(Math.round(progress.seconds * 1000) / 1000);
      const result = measured.complete ? withStatistics(measured, answers) : measured;
      // Before the result: of cells that the result has, the predictions are never missing.
      if (options.out && options.predictions !== false && predictions.size > 0) {
        await predictions.save(options.out, result);
      }
      if (options.out) await writeFileAtomic(options.out, formatResult(result));
      return result;
    };
    // Nothing left to measure: the metrics may still change, with another baseline.
    if (remaining.length === 0) return await save();

    const pool = keep(new LoaderPool(workers));
    const batchSize = options.batchSize ?? DEFAULT_BATCH;
    const fixed = model.reading.input.batch;
    const limit = { batch: fixed ?? batchSize, fixed: fixed !== null };
    const { leaveOut, tellBad } = await badImagesOf(options, test, finished > 0);
    const prepared = prepareRepeated(test, data.preprocessing, remaining.length);
    const measured = measureCells({
      cells: remaining,
      open: (cell) =>
        leaveOut(
          openPass(cell, { test, prepared, data, batchSize, pool, frostDir: options.frostDir }),
          notes,
        ),
      classify: (batch) => withBatchAdvice(limit, () => classifier.classify(batch)),
      classes: classifier.classes,
      answers: { images: test.images },
      batches: Math.ceil(test.images(remaining.at(-1)!) / batchSize),
      // One a thread, and two so that none waits for the network.
      ahead: workers + 2,
      signal: options.signal,
      onBatch: (cell, images) => options.onEvent?.(progress.advance(cell, images)),
    });
    let result: Result | undefined;
    for await (const cell of measured) {
      record.add(cell);
      predictions.add(cell.cell, cell.answers!);
      progress.finishCell();
      result = await save();
      options.onEvent?.({ kind: 'cell', ...cell });
    }
    await tellBad();
    return result!;
  } finally {
    for (const resource of kept) await resource.close();
  }
}

/** The result that `--out` holds already, if there is one. */
async function readEarlier(out: string, baseline: string | undefined): Promise<Result | undefined> {
  if (baseline && path.resolve(out) === path.resolve(baseline)) {
    throw new UserError(`--out ${out}: is the baseline's file as well; choose another --out`);
  }
  if (!(await statIfThere(out))) return undefined;
  try {
    return await readResult(out);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `--out would overwrite a file that is no result: ${error.message}, or choose another --out`,
    );
  }
}

function withStatistics(result: Result, { predictions, baseline }: GatheredAnswers): Result {
  const { data } = result;
  const options = { seed: data.seed, baseline, alexnet: hasAlexnetErrors(predictions.classes, data) };
  return { ...result, ...describeStatistics(predictions, measuredCells(result), options) };
}

/** What an earlier part measured stays in the result, and so do the facts of it. */
function withEarlierData(now: ResultData, earlier: ResultData): ResultData {
  if (!now.corrupted) return now;
  const fingerprints = { ...earlier.corrupted?.fingerprints, ...now.corrupted.fingerprints };
  return { ...now, corrupted: { ...now.corrupted, fingerprints }, clean: now.clean ?? earlier.clean };
}

function summarise({ model, clean, errors, ce }: Result, file: string): Result['baseline'] {
  return { file, model, clean, errors, ce };
}
