/**
 * What the bootstrap intervals of an evaluation are worth, and what they cost. Not part of `npm run bench`:
 *
 *     npx tsx bench/intervals.ts coverage 200 1000   how often an interval holds the true figure: made-up models on 200
 *                                                    images, 1000 times
 *     npx tsx bench/intervals.ts speed               CPU seconds for 10,000 and 50,000 images, beside NumPy
 *     npx tsx bench/intervals.ts width A.json        width of the interval, and if the cells of an image were independent
 */
import { spawnSync } from 'node:child_process';
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../src/corrupt/index.ts';
import { gridCells } from '../src/evaluate/grid/grid.ts';
import { computeMetrics } from '../src/evaluate/result/metrics.ts';
import { measuredCells, PredictionsRecord, readPredictions } from '../src/evaluate/result/predictions.ts';
import { readResult } from '../src/evaluate/result/result.ts';
import { bootstrapErrors } from '../src/evaluate/statistics/bootstrap.ts';
import { describeStatistics } from '../src/evaluate/statistics/describe.ts';
import { errorsOfAll, type ImageErrors, imageErrors } from '../src/evaluate/statistics/image-errors.ts';
import { randomStream } from '../src/random/random.ts';

const CELLS = ['clean' as const, ...gridCells(BENCHMARK_CORRUPTIONS, SEVERITIES)];
const NAMES = ['error.clean', 'mce.absolute', 'mce.baseline'] as const;

/** Answers of two models to the same images, whose difficulty both share, as real ones do. */
function twoModels(images: number, key: string): [PredictionsRecord, PredictionsRecord] {
  const random = randomStream('intervals', key);
  const difficulty = Float64Array.from({ length: images }, () => random.normal());
  const labels = new Int32Array(images);
  const make = (gain: number) => {
    const record = new PredictionsRecord({ classes: ['right', 'wrong'], labels });
    for (const cell of CELLS) {
      const severity = cell === 'clean' ? -1 : cell.severity;
      const level = 0.3 * severity - 1.6 - gain * (severity > 0 ? 0.15 : 0);
      record.add(cell, {
        predicted: Int32Array.from(difficulty, (hard) => Number(hard + 0.7 * random.normal() < level)),
        confidence: new Float32Array(images).fill(1),
      });
    }
    return record;
  };
  return [make(1), make(0)];
}

function figures(model: ImageErrors, baseline: ImageErrors) {
  return computeMetrics(errorsOfAll(model), { baseline: errorsOfAll(baseline) }).metrics;
}

function coverage(images: number, trials: number): void {
  const [model, baseline] = twoModels(200_000, 'truth').map((record) => imageErrors(record, CELLS)!);
  const truth = figures(model!, baseline!);
  const held = { 'error.clean': 0, 'mce.absolute': 0, 'mce.baseline': 0 };
  for (let trial = 0; trial < trials; trial++) {
    const [one, other] = twoModels(images, `${images} ${trial}`).map((record) => imageErrors(record, CELLS)!);
    const { metrics } = bootstrapErrors(one!, other!, { resamples: 500, seed: trial });
    for (const name of NAMES) {
      const [low, high] = metrics[name]!;
      if (low <= truth[name]! && truth[name]! <= high) held[name]++;
    }
  }
  const shares = NAMES.map((name) => `${name} ${((100 * held[name]) / trials).toFixed(1)} %`);
  console.log(`${images} images, ${trials} trials: ${shares.join(', ')}`);
}

/** The same resampling by NumPy: counts of a multinomial draw, times the table of errors. */
const NUMPY = `
import sys, time
import numpy as np
n = int(sys.argv[1])
rng = np.random.default_rng(0)
a, b = (rng.integers(0, 6, (n, 16)).astype(np.float32) for _ in "ab")
start = time.process_time()
out = np.empty((2000, 2))
for k in range(2000):
    counts = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float32)
    x, y = counts @ a, counts @ b
    out[k] = x.mean(), (x / y).mean()
np.percentile(out, [2.5, 97.5], axis=0)
print(time.process_time() - start)
`;

function speed(): void {
  for (const images of [10_000, 50_000]) {
    const [model, baseline] = twoModels(images, 'speed');
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < 3; round++) {
      const start = process.cpuUsage();
      describeStatistics(model, CELLS, { baseline });
      ours.push(process.cpuUsage(start).user / 1e6);
      const { stdout } = spawnSync(process.env.PYTHON ?? 'python3', ['-c', NUMPY, String(images)], {
        encoding: 'utf8',
      });
      theirs.push(Number(stdout));
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    console.log(
      `${images} images, 2,000 resamples of two models, with tests and calibration: ${median(ours).toFixed(2)} CPU s ` +
        `(the resampling alone by NumPy: ${median(theirs).toFixed(2)} CPU s)`,
    );
  }
}

async function width(file: string): Promise<void> {
  const result = await readResult(file);
  const predictions = await readPredictions(file, result);
  if (!predictions) throw new Error(`${file}: no predictions`);
  const errors = imageErrors(predictions, measuredCells(result))!;
  const { metrics } = bootstrapErrors(errors, undefined);
  const [low, high] = (metrics['mce.absolute'] ?? metrics['partial.error'])!;
  // Standard error of the mean of as many independent cells.
  const cells = Object.values(result.errors).flatMap((row) => row.filter((error) => error !== null));
  const variance = cells.reduce((sum, error) => sum + (error * (1 - error)) / predictions.images, 0);
  const independent = (2 * 1.96 * Math.sqrt(variance)) / cells.length;
  console.log(
    `mean error of ${cells.length} cells in ${file}: interval ${(100 * (high - low)).toFixed(2)} points wide; ` +
      `${(100 * independent).toFixed(2)} if cells were independent, ${((high - low) / independent).toFixed(1)} times less`,
  );
}

const [what, ...words] = process.argv.slice(2);
if (what === 'coverage') coverage(Number(words[0] ?? 200), Number(words[1] ?? 1000));
else if (what === 'speed') speed();
else if (what === 'width' && words.length > 0) for (const file of words) await width(file);
else throw new Error('expected coverage, speed, or width RESULT.json');
