/** The made-up answers of test/fixtures/evaluate/make_statistics.py, and what other packages say of them. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../../../src/corrupt/index.ts';
import { gridCells } from '../../../src/evaluate/grid/grid.ts';
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import { errorOf, PredictionsRecord } from '../../../src/evaluate/result/predictions.ts';
import { formatResult } from '../../../src/evaluate/result/result.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { readPack } from '../../pack.ts';
import { exampleResult } from '../results.ts';

export interface Judged {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
}

export const judge = JSON.parse(
  readFileSync(new URL('../../fixtures/evaluate/statistics.json', import.meta.url), 'utf8'),
) as {
  images: number;
  classes: number;
  resamples: number;
  bootstrap: Record<string, Judged>;
  signFlip: Record<string, { p: number; resamples: number }>;
  signFlipExact: { differences: number[]; p: number }[];
  mcnemar: { onlyThis: number; onlyBaseline: number; p: number };
  binomial: { pair: [number, number]; p: number }[];
  holm: { p: number[]; adjusted: number[] };
  calibration: Record<string, number>;
};

export const CELLS = ['clean' as const, ...gridCells(BENCHMARK_CORRUPTIONS, SEVERITIES)];

const pack = readPack('evaluate/statistics.pack.gz');

/** @param changes what to do to each cell's answers before they are entered */
export function answersOf(
  model: 'model' | 'baseline',
  changes: (key: string, confidence: Float32Array) => void = () => {},
): PredictionsRecord {
  const { data: labels } = pack.get('labels')!;
  const record = new PredictionsRecord({
    classes: Array.from({ length: judge.classes }, (_, index) => String(index)),
    labels: Int32Array.from(labels),
  });
  for (const cell of CELLS) {
    const key = cell === 'clean' ? cell : `${cell.corruption}.${cell.severity}`;
    const stored = model === 'model' ? pack.get(`${key}.confidence`)?.data : undefined;
    const confidence = Float32Array.from(stored ?? new Float32Array(judge.images).fill(0.5));
    changes(key, confidence);
    record.add(cell, { predicted: Int32Array.from(pack.get(`${model}.${key}.predicted`)!.data), confidence });
  }
  return record;
}

/** A result with these answers' errors. */
export function resultOf(model: 'model' | 'baseline'): Result {
  const answers = answersOf(model);
  const errors: Result['errors'] = {};
  const images: Result['images'] = {};
  let clean: Result['clean'];
  for (const cell of CELLS) {
    const { top1 } = errorOf(answers.labels, answers.cell(cell)!);
    if (cell === 'clean') clean = { top1, top5: 0, images: judge.images };
    else {
      errors[cell.corruption] = [...(errors[cell.corruption] ?? []), top1];
      images[cell.corruption] = [...(images[cell.corruption] ?? []), judge.images];
    }
  }
  const example = exampleResult({ images: judge.images, classes: judge.classes });
  return {
    ...example,
    model: {
      ...example.model,
      variant: model === 'model' ? 'push-pull avg3' : 'baseline',
      file: model === 'model' ? 'runs/pushpull' : 'runs/plain',
      sha256: (model === 'model' ? 'b' : 'a').repeat(64),
    },
    errors,
    images,
    clean,
    ...computeMetrics({ clean, errors }),
  };
}

/** Writes result and predictions. */
export async function writeResult(model: 'model' | 'baseline', file: string): Promise<void> {
  const result = resultOf(model);
  await answersOf(model).save(file, result);
  await writeFile(file, formatResult(result));
}
