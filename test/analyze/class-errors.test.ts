import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classErrors, confusions } from '../../src/analyze/class-errors.ts';
import { errorOf } from '../../src/evaluate/result/predictions.ts';
import { predictionsOf, type Said } from './answers.ts';

const CLASSES = ['cat', 'dog', 'fish'];
const LABELS = [0, 0, 1, 1, 1];
const sure = (...predicted: (number | null)[]): Said =>
  predicted.map((answer) => (answer === null ? null : ([answer, 0.9] as const)));

describe('classErrors', () => {
  const errors = classErrors(
    predictionsOf(CLASSES, LABELS, {
      clean: sure(0, 0, 1, 1, 0),
      'fog.1': sure(0, 1, 1, 1, 1),
      'fog.3': sure(1, 1, 1, 0, 0),
      'snow.5': sure(0, null, null, -1, 1),
      // Not of the benchmark: it has errors of its own, and counts in no mean.
      'saturate.1': sure(1, 1, 0, 0, 0),
    }),
  );

  it('counts the images of each class, clean and by corruption', () => {
    expect([...errors.images]).toEqual([2, 3, 0]);
    expect([...errors.clean!]).toEqual([0, 1 / 3, Number.NaN]);
    // Severity 1: 1 of 2 cats, no dog; severity 3: both cats, 2 of 3 dogs.
    expect([...errors.byCorruption.get('fog')!]).toEqual([0.75, 1 / 3, Number.NaN]);
    // One cat and two dogs were read; an answer that is no class of the data is wrong.
    expect([...errors.byCorruption.get('snow')!]).toEqual([0, 0.5, Number.NaN]);
    expect([...errors.byCorruption.get('saturate')!]).toEqual([1, 1, Number.NaN]);
  });

  it('takes the mean over the corruptions of the benchmark', () => {
    expect(errors.corrupted![0]).toBeCloseTo(0.375, 12);
    expect(errors.corrupted![1]).toBeCloseTo((1 / 3 + 0.5) / 2, 12);
  });

  it('leaves out what was not measured', () => {
    const clean = classErrors(predictionsOf(CLASSES, LABELS, { clean: sure(0, 0, 1, 1, 1) }));
    expect(clean.corrupted).toBeUndefined();
    expect(clean.byCorruption.size).toBe(0);
    const fog = classErrors(predictionsOf(CLASSES, LABELS, { 'fog.1': sure(0, 0, 1, 1, 1) }));
    expect(fog.clean).toBeUndefined();
  });

  it('weighed by images gives the error of the cell', () => {
    const image = fc.record({ label: fc.nat(4), predicted: fc.integer({ min: -1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 40 }), (images) => {
        const labels = images.map(({ label }) => label);
        const predictions = predictionsOf(['a', 'b', 'c', 'd', 'e'], labels, {
          'fog.2': sure(...images.map(({ predicted }) => predicted)),
        });
        const { byCorruption, images: counts } = classErrors(predictions);
        const wrong = byCorruption
          .get('fog')!
          .reduce((sum, error, label) => sum + (counts[label] === 0 ? 0 : error * counts[label]!), 0);
        const cell = predictions.cell({ corruption: 'fog', severity: 2 })!;
        expect(wrong / labels.length).toBeCloseTo(errorOf(predictions.labels, cell).top1, 10);
      }),
    );
  });
});

describe('confusions', () => {
  it('lists who is taken for whom, most often first', () => {
    const list = confusions(
      predictionsOf(CLASSES, LABELS, {
        clean: sure(0, 0, 1, 1, 0),
        'fog.1': sure(0, 1, 1, 1, 2),
        'fog.3': sure(1, 1, 1, 0, 0),
        'snow.5': sure(1, null, -1, 1, 1),
        'saturate.1': sure(2, 2, 2, 2, 2),
      }),
    );
    expect(list).toEqual([
      // 4 of 5 cats that were read; none of the clean ones.
      { label: 0, predicted: 1, corrupted: 4 / 5, clean: 0 },
      { label: 1, predicted: 0, corrupted: 2 / 9, clean: 1 / 3 },
      { label: 1, predicted: 2, corrupted: 1 / 9, clean: 0 },
    ]);
  });

  it('says nothing of clean images where there are none', () => {
    const [first] = confusions(predictionsOf(CLASSES, LABELS, { 'fog.1': sure(1, 0, 1, 1, 1) }));
    expect(first).toEqual({ label: 0, predicted: 1, corrupted: 0.5 });
  });
});
