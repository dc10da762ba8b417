import { describe, expect, it } from 'vitest';
import { checkLimits } from '../../src/engine/limits.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { retrofitModel } from '../../src/evaluate/retrofit/retrofit.ts';
import { previewModel } from '../../src/evaluate/subject.ts';
import { planExperiment } from '../../src/experiment/plan.ts';
import { buildModule } from '../../src/models/registry.ts';
import { startSearch } from '../../src/train/search/search.ts';
import { startRun } from '../../src/train/start.ts';

const NOWHERE = '/nowhere/at/all';

it.each([
  [{ batchSize: 65_536 }, undefined],
  [{ batchSize: 65_537 }, '--batch: expected a whole number from 1 to 65536, found 65537'],
  [{ threads: Number.NaN }, '--threads: expected a whole number from 1 to 1024, found NaN'],
  [{ workers: 1.5 }, '--workers: expected a whole number from 0 to 512, found 1.5'],
  [{ workers: '4' }, '--workers: expected a whole number from 0 to 512, found "4"'],
  [{ seed: -1 }, '--seed: expected a whole number, 0 or more, found -1'],
] as const)('%j', (asked, message) => {
  if (message === undefined) expect(() => checkLimits(asked)).not.toThrow();
  else expect(() => checkLimits(asked)).toThrow(message);
});

describe('the library refuses numbers before it looks for files', () => {
  const training = (more: object) => startRun({ data: NOWHERE, ...more }, { out: NOWHERE });
  const session = (threads: number) => startRun({ data: NOWHERE }, { out: NOWHERE, threads });
  const evaluation = (more: object) => evaluate({ model: NOWHERE, data: NOWHERE, ...more });
  it.each([
    ['--batch', () => training({ batchSize: 2 ** 31 })],
    ['--width', () => training({ width: 100_000 })],
    ['--epochs', () => training({ epochs: 1e11 })],
    ['--limit', () => training({ limit: { train: 0 } })],
    ['--max-lr', () => training({ maxRate: Number.NaN })],
    ['--weight-decay', () => training({ weightDecay: Number.POSITIVE_INFINITY })],
    ['--validation', () => training({ validation: 1 })],
    ['--momentum', () => training({ momentum: -0.1 })],
    ['--threads', () => session(100_000)],
    ['--batch', () => evaluation({ batchSize: 0 })],
    ['--workers', () => evaluation({ workers: 100_000 })],
    ['--threads', () => evaluation({ threads: 100_000 })],
    ['--seed', () => evaluation({ seed: 0.5 })],
    ['--workers', () => previewModel({ model: NOWHERE, data: NOWHERE, workers: -1 })],
    ['--batch', () => retrofitModel({ model: NOWHERE, out: NOWHERE, avg: 3, alpha: 1, batchSize: 1e9 })],
    ['--jobs', () => planExperiment({ out: 'x', experiment: NOWHERE, jobs: 100_000 })],
    [
      '--batch',
      () => startSearch({ training: { data: NOWHERE }, grid: { batchSize: [2 ** 31] } }, { out: NOWHERE }),
    ],
  ])('%s', async (flag, work) => {
    await expect(work()).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(new RegExp(`^${flag}: expected .*, found `)),
    });
  });
});

it('refuses networks that no ONNX file holds, by their parameters', () => {
  const config = {
    model: 'resnet18',
    form: 'cifar',
    width: 1024,
    classes: 10,
    stem: { kind: 'conv' },
  } as const;
  expect(() => buildModule(config)).toThrow(
    /^--width 1024: expected a network of 500,000,000 parameters or fewer, as ONNX files end at 2 GB, found resnet18 with 2,[\d,]+; choose a smaller --width$/,
  );
});
