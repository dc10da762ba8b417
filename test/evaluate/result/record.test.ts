import { describe, expect, it } from 'vitest';
import { gridCells } from '../../../src/evaluate/grid/grid.ts';
import { Progress } from '../../../src/evaluate/grid/progress.ts';
import { IMAGENET_CLASSES } from '../../../src/evaluate/model/labels/imagenet-classes.ts';
import { EvaluationRecord } from '../../../src/evaluate/result/record.ts';
import { formatResult } from '../../../src/evaluate/result/result.ts';
import { exampleResult } from '../results.ts';

const { model, data, environment } = exampleResult();
const classes = ['a', 'b', 'c'];
const cells = gridCells(['fog', 'gaussian_noise'], [1, 5]);
const now = { ...environment, date: '2026-11-23T00:00:00.000Z', seconds: 0 };

/** Measures what remains, up to `count` cells; the error depends on the cell alone. */
function work(record: EvaluationRecord, count = Number.POSITIVE_INFINITY) {
  for (const cell of record.remaining().slice(0, count)) {
    const top1 = cell === 'clean' ? 0.1 : cell.severity / 10 + (cell.corruption === 'fog' ? 0.05 : 0);
    record.add({ cell, top1, top5: 0, images: 10 });
  }
  return record;
}

describe('EvaluationRecord', () => {
  it('gives the same file in one go and in parts, apart from times', () => {
    const whole = work(new EvaluationRecord({ model, data, classes, environment, cells })).result(7);
    const part = work(new EvaluationRecord({ model, data, classes, environment, cells }), 2).result(3);
    expect(part).toMatchObject({
      complete: false,
      errors: { fog: [expect.closeTo(0.15, 12), null, null, null, null] },
    });
    const rest = new EvaluationRecord({ model, data, classes, environment: now, cells, earlier: part });
    expect(rest.remaining()).toEqual(cells.slice(1));
    const joined = work(rest).result(4);
    expect(formatResult(joined)).toBe(formatResult(whole));
    expect(joined.complete).toBe(true);
  });

  it('writes corruptions in the order of the benchmark, whatever the order of measuring', () => {
    const { errors } = work(new EvaluationRecord({ model, data, classes, environment, cells })).result(1);
    expect(Object.keys(errors)).toEqual(['gaussian_noise', 'fog']);
  });

  it('continues an evaluation with more cells than it was begun with', () => {
    const earlier = work(new EvaluationRecord({ model, data, classes, environment, cells })).result(1);
    const more = gridCells(['fog'], [1, 2, 3, 4, 5]);
    const record = new EvaluationRecord({ model, data, classes, environment, cells: more, earlier });
    expect(record.remaining()).toEqual(gridCells(['fog'], [2, 3, 4]));
    expect(work(record).result(1).ce.fog).toBeCloseTo(0.35, 12);
  });

  it('doubts a model from elsewhere that is right by chance only', () => {
    const reading = {
      input: { name: 'x', dtype: 'float32', shape: [1, 3, 8, 8], batch: 1, channels: 'rgb' },
      output: { name: 'y', dtype: 'float32', count: 10 },
      scores: { kind: 'logits', why: '' },
      classes: { from: 'data order', why: 'assumed', unused: 0, shared: 0, mapping: '' },
    } as const;
    const notes = (top1: number, images: number, from: 'data order' | 'card' = 'data order') => {
      const read = { ...reading, input: { ...reading.input, shape: [1, 3, 8, 8] } };
      const foreign = { ...model, reading: { ...read, classes: { ...read.classes, from } } };
      const ten = { ...data, classes: 10, images };
      const record = new EvaluationRecord({ model: foreign, data: ten, classes, environment, cells: [] });
      record.add({ cell: 'clean', top1, top5: 0, images });
      return record.result(1).notes.filter((note) => note.includes('chance'));
    };
    expect(notes(0.9, 100)).toEqual([
      'the model is right on 10.0 % of the clean images, no more than by chance; check the classes of its outputs ' +
        '(assumed) and how it wants its images: --dry-run tells both',
    ]);
    // Chance gives 10 ± 3 of 100.
    expect(notes(0.85, 100)).toHaveLength(1);
    expect(notes(0.83, 100)).toEqual([]);
    expect(notes(0.9, 10)).toEqual([]);
    expect(notes(0.9, 100, 'card')).toEqual([]);
  });

  it('says how many images were left out', () => {
    const record = new EvaluationRecord({
      model,
      data: { ...data, images: 12 },
      classes,
      environment,
      cells,
    });
    expect(work(record).result(1).notes[0]).toBe('2 of 12 images could not be read and were left out');
  });

  it('says where clean images are others than those that were corrupted, or were cropped otherwise', () => {
    const notes = (images: number, resize: number | null, format: 'cifar10-c' | 'imagenet-c') => {
      const clean = { name: 'CIFAR-10.1', images, fingerprint: 'f' };
      const corrupted = { format, fingerprints: {} };
      const preprocessing = { ...data.preprocessing, width: 224, height: 224, resize };
      const set = { ...data, clean, corrupted, preprocessing };
      return work(new EvaluationRecord({ model, data: set, classes, environment, cells }))
        .result(1)
        .notes.slice(0, -1);
    };
    expect(notes(10, 256, 'imagenet-c')).toEqual([]);
    expect(notes(10, null, 'cifar10-c')).toEqual([]);
    expect(notes(12, 256, 'imagenet-c')).toEqual([
      '2 of 12 images could not be read and were left out',
      'the clean error is over 12 images of CIFAR-10.1, each corrupted one over 10 of Ten',
    ]);
    expect(notes(10, 224, 'imagenet-c')).toEqual([
      'clean images are resized to 224 and cropped, those of ImageNet-C were resized to 256 before the crop; --resize 256 crops both alike',
    ]);
  });

  it("applies AlexNet's errors to ImageNet's 1,000 classes with ImageNet's strengths only", () => {
    const earlier = exampleResult();
    const metrics = (corruptionSet: 'cifar' | 'imagenet', classes: readonly string[]) =>
      new EvaluationRecord({
        ...{ model, classes, environment, cells, earlier },
        data: { ...data, corruptionSet, classes: classes.length },
      }).result(0).metrics;
    const others = IMAGENET_CLASSES.map((_, index) => `class ${index}`);
    expect(metrics('imagenet', IMAGENET_CLASSES)).toHaveProperty(['mce.alexnet']);
    expect(metrics('imagenet', [...IMAGENET_CLASSES].reverse())).toHaveProperty(['mce.alexnet']);
    expect(metrics('imagenet', IMAGENET_CLASSES.slice(0, 100))).not.toHaveProperty(['mce.alexnet']);
    expect(metrics('imagenet', others)).not.toHaveProperty(['mce.alexnet']);
    expect(metrics('cifar', IMAGENET_CLASSES)).not.toHaveProperty(['mce.alexnet']);
  });
});

describe('Progress', () => {
  it('counts cells of an earlier part as done, but not for speed', () => {
    let clock = 0;
    const progress = new Progress(5, 2, 300, () => clock);
    clock = 2000;
    expect(progress.advance('clean', 50)).toMatchObject({
      cells: 5,
      finished: 2,
      images: 50,
      totalImages: 300,
      imagesPerSecond: 25,
      remainingSeconds: 10,
    });
    progress.finishCell();
    expect(progress.advance('clean', 50).finished).toBe(3);
    expect(progress.seconds).toBe(2);
  });
});
