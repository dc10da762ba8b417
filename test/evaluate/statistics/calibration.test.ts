import { describe, expect, it } from 'vitest';
import type { Answers } from '../../../src/evaluate/grid/answers.ts';
import { PredictionsRecord } from '../../../src/evaluate/result/predictions.ts';
import {
  calibrationOf,
  expectedCalibrationError,
  reliability,
} from '../../../src/evaluate/statistics/calibration.ts';
import { answersOf, CELLS, judge } from './fixture.ts';

const LABELS = Int32Array.of(0, 0, 0, 0, 0);
const answers = (predicted: number[], confidence: number[]): Answers => ({
  predicted: Int32Array.from(predicted),
  confidence: Float32Array.from(confidence),
});

describe('expectedCalibrationError', () => {
  it.each(Object.entries(judge.calibration))('agrees with torchmetrics on %s', (key, wanted) => {
    const predictions = answersOf('model');
    const [corruption, severity] = key.split('.');
    const cell = CELLS.find((one) =>
      one === 'clean' ? key === one : one.corruption === corruption && one.severity === Number(severity),
    )!;
    expect(expectedCalibrationError(predictions.labels, predictions.cell(cell)!)).toBeCloseTo(wanted, 6);
  });

  it('is the distance of accuracy and confidence, weighted by bins', () => {
    // Bins (.5, .75] with 3 images and (.75, 1] with 2: |2/3 - .65| · 3/5 + |1/2 - .9| · 2/5.
    const some = answers([0, 1, 0, 0, 1], [0.6, 0.75, 0.6, 0.8, 1]);
    expect(expectedCalibrationError(LABELS, some, 4)).toBeCloseTo(
      (3 / 5) * (2 / 3 - 0.65) + (2 / 5) * 0.4,
      7,
    );
    expect(expectedCalibrationError(LABELS, answers([0, 0, 0, 0, 0], [1, 1, 1, 1, 1]))).toBe(0);
    expect(expectedCalibrationError(LABELS, answers([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]))).toBe(1);
  });

  it('leaves out images that could not be read', () => {
    const some = answers([0, 1, -1, -1, -1], [0.75, 0.75, Number.NaN, Number.NaN, Number.NaN]);
    expect(expectedCalibrationError(LABELS, some)).toBe(0.25);
  });
});

describe('reliability', () => {
  it('puts the upper end of a bin into it, and confidence 0 into the first', () => {
    const bins = reliability(LABELS, answers([0, -1, 0, 1, 0], [0.5, 0, 0.25, 0.5, 1]), 4);
    expect(bins.map(({ images }) => images)).toEqual([2, 2, 0, 1]);
    expect(bins[1]).toEqual({ images: 2, accuracy: 0.5, confidence: 0.5 });
    expect(bins[2]!.accuracy).toBeNaN();
  });
});

describe('calibrationOf', () => {
  it('averages severities for a corruption, and cells of the benchmark for all', () => {
    const cells = [
      'clean',
      { corruption: 'fog', severity: 1 },
      { corruption: 'fog', severity: 2 },
      { corruption: 'snow', severity: 1 },
      { corruption: 'spatter', severity: 1 },
    ] as const;
    const record = new PredictionsRecord({ classes: ['a', 'b'], labels: LABELS });
    for (const [index, cell] of cells.entries()) {
      // All wrong: ECE is the confidence.
      record.add(cell, answers([1, 1, 1, 1, 1], Array<number>(5).fill(0.125 * (index + 1))));
    }
    expect(calibrationOf(record, cells)).toEqual({
      bins: 15,
      clean: 0.125,
      corrupted: (0.25 + 0.375 + 0.5) / 3,
      corruptions: { fog: 0.3125, snow: 0.5, spatter: 0.625 },
    });
    expect(calibrationOf(new PredictionsRecord({ classes: [], labels: LABELS }), cells)).toBeUndefined();
  });
});
