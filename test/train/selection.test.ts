import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClassSelection } from '../../src/data/class-selection.ts';
import type { Dataset } from '../../src/data/contents.ts';
import { choosePreset, parseRunConfig } from '../../src/run/config.ts';
import { type PlannedRun, planConfigs, planRun, reopenSplits } from '../../src/train/plan.ts';
import type { TrainingRequest } from '../../src/train/request.ts';
import { imageFolder, writeFolder } from '../data/archives.ts';

const CLASSES = ['n01', 'n02', 'n03', 'n04', 'n05'];

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'selection-'));
  data = await writeFolder(folder, await imageFolder(CLASSES, 8));
});
afterAll(() => rm(folder, { recursive: true }));

/** The plan of a run, and its data as a resumed run finds it. */
async function plan(request: Omit<TrainingRequest, 'data' | 'width'>, spec = data) {
  const planned = await planRun({ data: spec, width: 2, ...request });
  const stored = parseRunConfig(JSON.parse(JSON.stringify(planned.config)), 'config.json');
  const reopened = await reopenSplits(stored);
  const images = summary(planned.splits);
  expect(summary(reopened)).toEqual(images);
  for (const { train, test } of [planned.splits, reopened]) await Promise.all([train.close(), test.close()]);
  return { config: planned.config, ...images };
}

const summary = ({ train, test }: PlannedRun['splits']) => ({ train: paths(train), test: paths(test) });
const paths = (dataset: Dataset) =>
  Array.from({ length: dataset.length }, (_, i) => [
    dataset.label(i),
    path.relative(folder, dataset.describe(i)),
  ]);
const counts = (images: readonly (readonly unknown[])[], classes: number) =>
  Array.from({ length: classes }, (_, label) => images.filter(([of]) => of === label).length);

describe('a part of the classes', () => {
  const list: ClassSelection = { kind: 'names', names: ['n04 words', 'n02'], from: '/list.txt' };

  it('is in the configuration, and the same when the run is resumed', async () => {
    const { config, train, test } = await plan({ classes: list });
    expect(config.data).toMatchObject({
      name: `${path.basename(folder)} (2 of 5 classes)`,
      classes: ['n02', 'n04'],
      selection: { kind: 'file', file: '/list.txt' },
      trainImages: 16,
      testImages: 16,
    });
    expect(config.model.classes).toBe(2);
    expect(
      train.every(([label, file]) => String(file).startsWith(`train/${['n02', 'n04'][label as number]}/`)),
    ).toBe(true);
    expect(counts(test, 2)).toEqual([8, 8]);
  });

  it('is drawn by a seed of its own', async () => {
    const draw = (seed: number, count = 3): ClassSelection => ({ kind: 'draw', count, seed });
    const first = await plan({ classes: draw(1) });
    expect(first.config.data.selection).toEqual({ kind: 'draw', count: 3, seed: 1 });
    expect(first.config.data.classes).toHaveLength(3);
    expect((await plan({ classes: draw(1), seed: 9 })).config.data.classes).toEqual(
      first.config.data.classes,
    );
    const spec = await plan({}, `imagenet3:${data}?seed=1`);
    expect(spec.config.data).toMatchObject({
      spec: `imagenet3:${data}?seed=1`,
      name: 'ImageNet-3',
      classes: first.config.data.classes,
    });
    await expect(plan({ classes: draw(0, 6) })).rejects.toThrow(
      'expected 6 classes to draw, found 5; draw fewer',
    );
  });

  it('must be there', async () => {
    const names = ['n02', 'n9', 'n8'];
    await expect(plan({ classes: { kind: 'names', names, from: '/list.txt' } })).rejects.toThrow(
      `/list.txt: expected classes of ${data}, found 2 that it lacks (n9, n8); its classes are called n01, n02, n03`,
    );
    await expect(plan({ classes: { kind: 'names', names: ['n02'], from: '/list.txt' } })).rejects.toThrow(
      'expected two classes or more, found 1',
    );
  });
});

describe('a fraction of the training images', () => {
  it('keeps the shares of the classes, and the test images', async () => {
    const quarter = await plan({ fraction: 0.25, seed: 3 });
    expect(quarter.config.data).toMatchObject({ fraction: 0.25, trainImages: 10, testImages: 40 });
    expect(counts(quarter.train, 5)).toEqual([2, 2, 2, 2, 2]);
    const half = await plan({ fraction: 0.5, seed: 3 });
    expect(half.train).toEqual(expect.arrayContaining(quarter.train));
    expect((await plan({ fraction: 0.25, seed: 4 })).train).not.toEqual(quarter.train);
    await expect(plan({ fraction: 0.05 })).rejects.toThrow('leaves no training image of 3 of 5 classes');
  });

  it('leaves what is held out as it is', async () => {
    const whole = await plan({ validation: 0.25 });
    const half = await plan({ validation: 0.25, fraction: 0.5 });
    expect(half.test).toEqual(whole.test);
    expect([whole.train.length, half.train.length]).toEqual([30, 15]);
    expect(whole.train).toEqual(expect.arrayContaining(half.train));
    const all = await plan({
      validation: 0.25,
      fraction: 0.5,
      limit: 4,
      classes: { kind: 'draw', count: 2, seed: 0 },
    });
    expect([counts(all.train, 2), counts(all.test, 2)]).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });
});

describe('a limit', () => {
  it('holds for both splits, or for each by itself', async () => {
    const both = await plan({ limit: 10, seed: 3 });
    const apart = await plan({ limit: { train: 20, test: 10 }, seed: 3 });
    expect([both.train.length, both.test.length, apart.train.length]).toEqual([10, 10, 20]);
    expect(apart.test).toEqual(both.test);
    expect(apart.train).toEqual(expect.arrayContaining(both.train));
    const test = await plan({ limit: { test: 5 } });
    expect(test.config.data).toMatchObject({ limit: { test: 5 }, trainImages: 40, testImages: 5 });
  });
});

it('several runs are planned as each of them would be', async () => {
  const requests: TrainingRequest[] = [
    { data, width: 2, seed: 1 },
    { data, width: 4, seed: 1, limit: 10, augment: 'augmix' },
    { data, width: 2, seed: 1, model: 'resnet50', epochs: 7 },
  ];
  const alone: unknown[] = [];
  for (const request of requests) {
    const { config, splits } = await planRun(request);
    await Promise.all([splits.train.close(), splits.test.close()]);
    alone.push(config);
  }
  expect(await planConfigs(requests)).toEqual(alone);
  await expect(planConfigs([requests[0], { ...requests[0], model: 'vgg' }])).rejects.toThrow('--model vgg');
});

it('the preset of ImageNet goes by the number of classes', () => {
  const preset = (classes: number, kind = 'imagenet', side = 300) => choosePreset({ kind, classes, side });
  expect([100, 200, 1000, 50].map((classes) => preset(classes))).toEqual([
    'imagenet100',
    'imagenet200',
    'imagenet',
    'large',
  ]);
  expect([preset(100, 'folder'), preset(100, 'imagenet', 64)]).toEqual(['large', 'small']);
});
